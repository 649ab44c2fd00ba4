"""`challenge assignment solve` as people meet it."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from challenge import cli

GOOD = {
    "proposals.csv": "proposal,demand,language\nP1,2,en\nP2,1,fr\n",
    "reviewers.csv": "reviewer,min_load,max_load,gender,languages\nA,0,2,f,en;fr\nB,0,2,f,en\nC,1,1,m,en;fr\n",
    "affinities.csv": "proposal,reviewer,affinity,bid\nP1,A,0.9,1\nP1,B,0.8,\nP1,C,0.1,\nP2,A,0.5,\nP2,B,0.9,\nP2,C,0.2,-1\n",
    "conflicts.csv": "proposal,reviewer\nP2,A\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *more: str) -> int:
    return cli.main(["assignment", "solve", str(folder), "--out", str(folder / "pairs.csv"), *more])


def pairs(folder: Path) -> list[tuple[str, ...]]:
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def test_the_best_pairs_stand_in_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--json") == 0
    assert pairs(folder) == [
        ("proposal", "reviewer", "affinity"), ("P1", "A", "0.9"), ("P1", "B", "0.8"), ("P2", "C", "0.2")
    ]  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert told.pop("seconds") >= 0
    assert told == {
        "complete": True, "proved": True, "pairs": 3, "total": 1.9, "bound": 1.9, "gap": 0.0,
        "worst": {"proposal": "P2", "score": 0.2}, "shortfalls": [], "languageLeftOut": 1, "rounds": 1,
    }  # fmt: skip


def test_rows_in_another_order_give_the_same_file(folder: Path) -> None:
    run(folder)
    before = pairs(folder)
    for name, text in GOOD.items():
        head, *rows = text.splitlines()
        (folder / name).write_text("\n".join([head, *reversed(rows)]) + "\n", encoding="utf-8")
    run(folder)
    assert pairs(folder) == before


def test_balance_and_what_it_leaves_short(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--balance", "gender") == 0
    assert [row[:2] for row in pairs(folder)[1:]] in ([("P1", "A"), ("P1", "C")], [("P1", "A"), ("P2", "C")])
    assert "SHORT: 1 proposals lack 1 reviews" in capsys.readouterr().out


def test_a_time_limit_marks_the_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--time-limit", "0.000001") == 0
    assert capsys.readouterr().out.startswith("PARTIAL: the time limit came before the proof")
    assert ("P2", "A") not in [row[:2] for row in pairs(folder)]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("proposals.csv", None, "proposals.csv: the file is not there"),
        ("proposals.csv", "", "proposals.csv, row 1: the column proposal is missing"),
        ("proposals.csv", "proposal,demand\n", "proposals.csv: the file lists no proposal"),
        ("proposals.csv", "proposal,demand\nP1,two\n", "proposals.csv, row 2: demand must be a whole number, not 'two'"),
        ("proposals.csv", "proposal,demand\nP1,-1\n", "proposals.csv, row 2: demand must be between 0 and 100,000"),
        ("proposals.csv", "proposal,demand\nP1,1\nP1,2\n", "proposals.csv, row 3: proposal P1 stands in row 2 already"),
        ("proposals.csv", "proposal,demand\nP1,1,9\n", "proposals.csv, row 2: 3 cells where the head has 2"),
        ("proposals.csv", 'proposal,demand\n"P1,1\n', "a quotation mark does not close"),
        ("reviewers.csv", "reviewer,min_load,max_load\nA,3,2\n", "reviewers.csv, row 2: min_load 3 is above max_load 2 of A"),
        ("reviewers.csv", "reviewer,min_load\nA,3\n", "reviewers.csv, row 1: the column max_load is missing"),
        ("affinities.csv", "proposal,reviewer,affinity\n", "affinities.csv: the file lists no pair"),
        ("affinities.csv", "proposal,reviewer,affinity\nP1,A,nan\n", "affinities.csv, row 2: affinity must be a number between"),
        ("affinities.csv", "proposal,reviewer,affinity\nP1,A,high\n", "affinities.csv, row 2: affinity must be a number, not 'high'"),
        ("affinities.csv", "proposal,reviewer,affinity\nP9,A,1\n", "affinities.csv, row 2: there is no proposal P9 in proposals.csv"),
        ("affinities.csv", "proposal,reviewer,affinity\nP1,Z,1\n", "affinities.csv, row 2: there is no reviewer Z in reviewers.csv"),
        ("affinities.csv", "proposal,reviewer,affinity\nP1,A,1\nP2,A,1\nP1,A,0\n", "affinities.csv, row 4: this pair stands in row 2 already"),
        ("conflicts.csv", "proposal,reviewer\nP1,Z\n", "conflicts.csv, row 2: there is no reviewer Z"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | None, says: str
) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, encoding="utf-8")
    assert run(folder) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (folder / "pairs.csv").exists()


def test_a_folder_or_attribute_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder / "nowhere") == 1
    assert "is no folder" in capsys.readouterr().err
    assert run(folder, "--balance", "height") == 1
    assert "not over 'height'" in capsys.readouterr().err
    assert run(folder, "--balance", "region") == 1
    assert "the column region is missing or empty" in capsys.readouterr().err


def test_the_site_starts_without_the_solver() -> None:
    look = "import sys; import challenge.cli, challenge.app; print([n for n in ('ortools', 'scipy') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
