"""The command line as people meet it: its words and its exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from challenge import cli
from challenge.foundation import observe
from challenge.migrations.run import newest
from challenge.settings import settings

ROOT = Path(__file__).parents[2]


class House:
    """Commands run in this process, each time with settings read anew."""

    def __init__(self, patch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]) -> None:
        self.patch, self.said = patch, said

    def set(self, **more: str) -> None:
        for name, value in more.items():
            self.patch.setenv(name, value)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        settings.cache_clear()
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = int(str(ended.code or 0))
        out, err = self.said.readouterr()
        return code, out.strip(), err.strip()


@pytest.fixture
def house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[House]:
    for name in list(os.environ):
        if name.startswith("CHALLENGE_"):
            monkeypatch.delenv(name)
    made = House(monkeypatch, capsys)
    made.set(CHALLENGE_VAR_DIR=str(tmp_path / "var"))
    yield made
    monkeypatch.undo()
    settings.cache_clear()
    observe.configure("CRITICAL")


def test_it_is_a_program_that_starts(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHALLENGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "challenge.cli", "doctor"],
        env={**kept, "CHALLENGE_VAR_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    new = "ok    database     SQLite is new: challenge serve and challenge migrate make its tables"
    assert new in done.stdout.splitlines()


def test_a_fresh_machine_from_nothing_to_a_signed_in_administrator(house: House) -> None:
    code, out, _err = house("doctor", "--json")
    assert code == 0
    assert "SQLite is new" in next(part["says"] for part in json.loads(out) if part["part"] == "database")
    assert house("migrate")[:2] == (0, f"The database stands at {newest()}, before at nothing.")
    assert house("migrate")[:2] == (0, f"The database stands at {newest()}.")
    assert house("doctor")[0] == 0
    added = house("person", "add", "--email", "Ada@Example.org", "--name", "Ada", "--role", "administrator")
    assert added == (0, "Ada <ada@example.org> added, administrator", "")
    code, out, _err = house("person", "link", "ada@example.org")
    assert code == 0
    assert out.startswith("http://127.0.0.1:8000/links/")
    code, out, _err = house("verify", "--json")
    assert code == 0
    assert json.loads(out)[0] == {"name": "audit entries", "count": 2, "findings": []}
    assert house("worker", "--once")[:2] == (0, "0 done, 0 failed")


def test_refusals_are_one_sentence_and_exit_1(house: House) -> None:
    empty = house("person", "link", "ada@example.org")
    assert empty == (1, "", "The database has not all its tables: run challenge migrate.")
    house("migrate")
    assert house("person", "link", "ada@example.org") == (
        1, "", "There is no account with the address ada@example.org.",
    )  # fmt: skip
    code, _out, err = house("person", "add", "--email", "ada", "--name", "Ada")
    assert (code, err) == (1, "Write an e-mail address, for example name@example.org. You wrote ada.")
    house("person", "add", "--email", "ada@example.org", "--name", "Ada")
    assert house("person", "role", "ada@example.org", "chair", "--call", "nowhere") == (
        1, "", "Nothing here has the address nowhere.",
    )  # fmt: skip


def test_what_is_not_understood_exits_2(house: House) -> None:
    assert house("dance")[0] == 2
    assert house("person", "role", "ada@example.org", "emperor")[0] == 2
    assert house("person", "add", "--help")[0] == 0


def test_an_assignment_is_solved_without_a_database(house: House, tmp_path: Path) -> None:
    (tmp_path / "proposals.csv").write_text("proposal,demand\nP1,1\n")
    (tmp_path / "reviewers.csv").write_text("reviewer,min_load,max_load\nA,0,1\n")
    command = ("assignment", "solve", str(tmp_path), "--out", str(tmp_path / "pairs.csv"))
    code, _out, err = house(*command)
    assert (code, err) == (
        1, "affinities.csv: the file is not there; it holds the columns proposal, reviewer, affinity",
    )  # fmt: skip
    (tmp_path / "affinities.csv").write_text("proposal,reviewer,affinity\nP1,A,0.5\n")
    code, out, _err = house(*command)
    assert (code, out.splitlines()[0]) == (0, "1 pairs, total affinity 0.5000")
    assert (tmp_path / "pairs.csv").read_text() == "proposal,reviewer,affinity\nP1,A,0.5\n"
    assert house(*command, "--time-limit", "0")[0] == 2


def test_production_says_what_it_lacks(house: House) -> None:
    house.set(CHALLENGE_ENVIRONMENT="production")
    words = (
        "CHALLENGE_SECRET_KEY must have at least 32 characters in production; "
        "CHALLENGE_BASE_URL must begin with https:// in production; "
        "set CHALLENGE_SCANNER_URL, or CHALLENGE_ACCEPT_UNSCANNED=true"
    )
    assert house("serve") == (1, "", words)
    assert house("doctor")[:2] == (1, f"FAIL  settings     {words}")


def test_a_database_that_is_away_is_told_without_its_password(house: House) -> None:
    house.set(CHALLENGE_DATABASE_URL="postgresql://challenge:canary@127.0.0.1:1/challenge")
    assert house("person", "roles")[0] == 0
    code, out, err = house("person", "link", "ada@example.org")
    assert (code, out, err) == (1, "", "The database does not answer (OperationalError).")
