"""`challenge call …` on a database of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from challenge import settings as settings_module
from challenge.cli import main
from challenge.exchange.call_files.importing import rubric_library
from challenge.exchange.call_files.reading import check, check_rubrics
from challenge.exchange.call_files.schema import CallFile, RubricFile, digest
from tests.exchange.small_call import SMALL, broken

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("CHALLENGE_DATABASE_URL", database_url)
    settings_module.settings.cache_clear()
    monkeypatch.setattr("challenge.accounts.commanding.settings", settings_module.Settings)

    def ran(*words: str) -> tuple[int, str, str]:
        code = main(["call", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    yield ran  # type: ignore[misc]
    settings_module.settings.cache_clear()


def test_faults_stand_one_a_line_as_editors_read_them(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "call.yaml"
    file.write_text(broken("kind: short-text", "kind: short"), encoding="utf-8")
    line = file.read_text(encoding="utf-8").split("\n").index("      kind: short") + 1
    for command in ("check", "import"):
        code, out, err = run(command, str(file))
        assert (code, err) == (1, "")
        assert out.startswith(f"{file}:{line}:13: ")
        assert out.count("\n") == 1
    assert run("list")[1] == "No call yet.\n"


def test_a_call_goes_in_and_out_and_stays_the_same(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "call.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert run("check", str(file))[0] == 0
    assert run("import", str(file), "--slug", "small-2027")[:2] == (0, "small-2027 is a draft now.\n")
    code, out, _err = run("export", "small-2027")
    again, given = check(out), check(SMALL)
    assert isinstance(again, CallFile)
    assert isinstance(given, CallFile)
    assert (code, digest(again)) == (0, digest(given))


def test_a_library_call_is_copied_and_published(run: Run) -> None:
    code, out, err = run("copy", "ilo-just-energy-transition", "--slug", "jet-2090", "--opens", "2090-01-09")
    assert (code, out, err) == (0, "jet-2090 is a draft now.\n", "")
    assert run("publish", "jet-2090")[:2] == (0, "jet-2090 is published.\n")
    listed = json.loads(run("list", "--json")[1])
    assert [(c["slug"], c["phase"]) for c in listed] == [("jet-2090", "announced")]
    code, _out, err = run("publish", "jet-2090")
    assert (code, err) == (1, "This call is published already.\n")


def test_what_is_not_there_is_a_sentence_and_exit_1(run: Run, tmp_path: Path) -> None:
    assert run("export", "nothing")[0] == 1
    assert run("check", str(tmp_path / "nothing.yaml"))[0] == 1


def test_the_schema_is_json(run: Run) -> None:
    code, out, _err = run("schema")
    assert code == 0
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_rubric_of_a_published_call_is_printed_as_it_stands_in_a_call_file(run: Run) -> None:
    code, out, _err = run("rubrics")
    assert (code, len(out.splitlines())) == (0, 12)
    assert "undp-ocean-innovation-challenge: concept, call-4" in out
    code, out, _err = run("rubrics", "us-ed-rural-tech-2020")
    assert code == 0
    file = check_rubrics(f"id: x\ntitle: {{en: X}}\nlanguages: [en]\n{out}")
    assert isinstance(file, RubricFile)
    assert file.rubrics == rubric_library()["us-ed-rural-tech-2020"]
