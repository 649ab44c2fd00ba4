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


WIDE = {
    "proposals.csv": "proposal,demand\n" + "".join(f"P{n},2\n" for n in range(8)),
    "reviewers.csv": "reviewer,min_load,max_load,gender,region\n"
    + "".join(f"R{n},1,4,{'fm'[n % 2]},{('north', 'south', '')[n % 3]}\n" for n in range(7)),
    "affinities.csv": "proposal,reviewer,affinity,bid,by_text,by_bid\n"
    + "".join(
        f"P{p},R{r},{(p * 37 + r * 53) % 97 / 100},{'-1' if (p, r) == (0, 1) else ''},0.1,0\n"
        for p in range(8)
        for r in range(7)
        if (p + r) % 5
    ),
    "conflicts.csv": "proposal,reviewer\nP0,R4\n",
}


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    for name, text in WIDE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def told(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    assert run(folder, "--json", *more) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_floor_says_what_it_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "proposals.csv": "proposal,demand\nP1,1\nP2,1\nP3,1\n",
        "reviewers.csv": "reviewer,min_load,max_load\nA,0,1\nB,0,1\nC,0,1\n",
        "affinities.csv": "proposal,reviewer,affinity\nP1,C,0.6\nP2,A,0.2\nP2,B,0.5\nP3,A,0.55\nP3,B,0.95\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    fair = told(tmp_path, capsys, "--fairness", "floor")
    assert (fair["proved"], fair["total"], fair["bound"], fair["gap"]) == (True, 1.65, 1.75, 0.1)
    assert fair["floor"] == {
        "level": 0.5, "before": 0.2, "bound": pytest.approx(0.5, abs=1e-5), "reached": True, "costs": 0.1
    }  # fmt: skip
    assert fair["worst"] == {"proposal": "P2", "score": 0.5}
    assert run(tmp_path, "--fairness", "floor") == 0
    assert "which is reached; it costs 0.1000 in total" in capsys.readouterr().out


def test_several_attributes_are_counted(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    balance = told(wide, capsys, "--balance", "gender", "--balance", "region")["balance"]
    assert [(x["attribute"], x["exact"]) for x in balance] == [("gender", True), ("region", False)]  # type: ignore[attr-defined]
    assert balance[0]["singleGroup"] == 0  # type: ignore[index]
    assert balance[1]["singleGroup"] <= balance[1]["singleGroupBefore"]  # type: ignore[index]
    assert told(wide, capsys, "--balance", "gender,region")["balance"] == balance


def test_a_drop_out_is_repaired_and_reviews_are_added(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(wide, capsys)
    before = {row[:2] for row in pairs(wide)[1:]}
    (wide / "pairs.csv").replace(wide / "old.csv")
    done = told(wide, capsys, "--previous", str(wide / "old.csv"), "--dropped", "R3")["repair"]
    after = {row[:2] for row in pairs(wide)[1:]}
    assert not [pair for pair in after if pair[1] == "R3"]
    assert done["proved"] is True  # type: ignore[index]
    assert done["removed"] == len(before - after) == done["leastRemoved"]  # type: ignore[index]
    assert {tuple(pair) for pair in done["addedPairs"]} == after - before  # type: ignore[index]
    (wide / "pairs.csv").replace(wide / "old.csv")
    (wide / "more.csv").write_text("proposal,reviews\nP1,1\nP5,2\n", encoding="utf-8")
    more = told(wide, capsys, "--previous", str(wide / "old.csv"), "--top-up", str(wide / "more.csv"))
    assert more["topUp"] == {"asked": 3, "missing": 0}
    topped = {row[:2] for row in pairs(wide)[1:]}
    assert after < topped
    assert sorted(pair[0] for pair in topped - after) == ["P1", "P5", "P5"]


def test_a_draw_can_be_repeated(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = told(wide, capsys, "--randomise", "0.5,0.3", "--marginals", str(wide / "m.csv"))
    drawn, seed = pairs(wide), first["randomised"]["seed"]  # type: ignore[index]
    told(wide, capsys, "--randomise", "0.5,0.3", "--seed", str(seed))
    assert pairs(wide) == drawn
    with (wide / "m.csv").open(encoding="utf-8", newline="") as file:
        chances = {(p, r): float(q) for p, r, q in list(csv.reader(file))[1:]}
    assert max(chances.values()) <= 0.5
    assert sum(chances.values()) == pytest.approx(16)
    assert {row[:2] for row in drawn[1:]} <= set(chances)
    assert ("P0", "R4") not in chances


def test_it_explains_with_the_terms(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = told(wide, capsys, "--explain", "P0")["explained"]  # type: ignore[misc]
    assert one["proposal"] == "P0"
    assert one["candidates"] == 5
    by_name = {each["reviewer"]: each for each in one["reviewers"]}
    assert by_name["R4"]["why"] == "in conflict"
    assert by_name["R4"]["loss"] is None
    assert [each["place"] for each in one["reviewers"]] == list(range(1, len(one["reviewers"]) + 1))
    chosen = {each["reviewer"] for each in one["reviewers"] if each["why"] == "chosen"}
    assert chosen == {row[1] for row in pairs(wide) if row[0] == "P0"}
    assert by_name["R2"]["terms"] == {"text": 0.1, "bid": 0.0}
    assert run(wide, "--explain", "P0") == 0
    assert "P0: 5 candidates\n  1. " in capsys.readouterr().out


def test_affinities_are_worked_out_and_solved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "proposals.csv": "proposal,demand,text,themes,keywords,country,region,language\n"
        "P1,1,Green skills for welders,skills;energy,welding,ke,africa,en\nP2,1,Le travail des femmes,care,,sn,africa,fr\n",
        "reviewers.csv": "reviewer,min_load,max_load,text,themes,keywords,country,region,languages\n"
        "A,0,1,Skills of welders and miners,Skills,Welding,KE,africa,en\nB,0,1,Travail et femmes,care,,ci,africa,fr;en\n",
        "bids.csv": "proposal,reviewer,bid\nP1,A,1\nP1,B,-1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    out = tmp_path / "affinities.csv"
    assert cli.main(["assignment", "affinities", str(tmp_path), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == 3  # A does not read French
    with out.open(encoding="utf-8", newline="") as file:
        rows = {(row["proposal"], row["reviewer"]): row for row in csv.DictReader(file)}
    for row in rows.values():
        terms = [float(value) for name, value in row.items() if name.startswith("by_")]
        assert sum(terms) == pytest.approx(float(row["affinity"]), abs=1e-3)
    assert float(rows["P1", "A"]["affinity"]) == pytest.approx(0.4 + 0.125 + 0.1 + 0.1 + 0.15, abs=0.2)
    assert rows["P1", "B"]["bid"] == "-1"
    (one,) = told(tmp_path, capsys, "--explain", "P1")["explained"]  # type: ignore[misc]
    assert [each["why"] for each in one["reviewers"]] == ["chosen", "would rather not"]
    assert one["reviewers"][0]["terms"]["bid"] == 0.15


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--fairness", "floor", "--randomise", "0.5"], "--fairness and --randomise are two ways to solve"),
        (["--fairness", "floor", "--balance", "gender,region"], "balanced over one attribute; leave region out"),
        (["--balance", "gender,gender"], "Each attribute of balance is named once"),
        (["--dropped", "R1"], "--dropped needs --previous"),
        (["--top-up", "x.csv"], "--top-up needs --previous"),
        (["--marginals", "x.csv"], "--marginals needs --randomise"),
        (["--seed", "4"], "--seed is a whole number from 0 and needs --randomise"),
        (["--randomise", "0.33"], "must be a multiple of 0.05 up to 1, not 0.33"),
        (["--randomise", "0.5,2"], "The perturbation must lie between 0 and 1"),
        (["--randomise", "half"], "--randomise takes a probability"),
        (["--randomise", "0.5", "--time-limit", "1"], "leave --time-limit out"),
        (["--previous", "nowhere.csv"], "nowhere.csv: the file is not there"),
        (["--explain", "P99"], "There is no proposal P99"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_sentence(
    wide: Path, capsys: pytest.CaptureFixture[str], more: list[str], says: str
) -> None:
    assert run(wide, *more) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (wide / "pairs.csv").exists()


@pytest.mark.parametrize(
    ("name", "text", "more", "says"),
    [
        ("old.csv", "proposal,reviewer\nP1,R9\n", ["--previous", "old.csv"], "old.csv, row 2: there is no reviewer R9"),
        ("old.csv", "proposal,reviewer\nP1,R1\nP1,R1\n", ["--previous", "old.csv"], "old.csv, row 3: this pair stands in row 2"),
        ("old.csv", "proposal,reviewer\nP1,R1\n", ["--previous", "old.csv", "--dropped", "R77"], "There is no reviewer R77"),
        ("old.csv", "proposal,reviewer,reviews\nP9,R1,1\n", ["--previous", "old.csv"], "there is no proposal P9"),
    ],
)  # fmt: skip
def test_bad_files_of_before(
    wide: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, more: list[str], says: str
) -> None:
    (wide / name).write_text(text, encoding="utf-8")
    assert run(wide, *[str(wide / each) if each == name else each for each in more]) == 1
    assert says in capsys.readouterr().err


def test_a_reviewer_in_conflict_with_everything_and_too_little_room(
    wide: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = "".join(f"P{p},R6\n" for p in range(8))
    (wide / "conflicts.csv").write_text("proposal,reviewer\n" + every, encoding="utf-8")
    text = (wide / "reviewers.csv").read_text(encoding="utf-8").replace(",1,4,", ",1,2,")
    (wide / "reviewers.csv").write_text(text, encoding="utf-8")
    for more in ([], ["--fairness", "floor"], ["--balance", "gender,region"], ["--randomise", "0.5"]):
        found = told(wide, capsys, *more)
        lacks = found["shortfalls"]
        assert {
            "kind": "reviewer",
            "name": "R6",
            "missing": 1,
            "reason": "conflicts leave too few reviewers",
        } in lacks  # type: ignore[operator]
        assert sum(lack["missing"] for lack in lacks if lack["kind"] == "proposal") >= 4  # type: ignore[attr-defined, misc]


@pytest.mark.parametrize("more", [["--fairness", "floor"], ["--balance", "gender,region"], []])
def test_every_way_gives_a_partial_answer_in_no_time(
    wide: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    found = told(wide, capsys, *more, "--time-limit", "0.000001")
    assert found["complete"] is False
    assert found["proved"] is False
    assert len(pairs(wide)) > 1


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("bids.csv", "proposal,reviewer,bid\nP1,R1,2\n", "bids.csv, row 2: bid must be between -1 and 1"),
        ("bids.csv", "proposal,reviewer,bid\nP1,R1,1\nP1,R1,0\n", "bids.csv, row 3: this pair stands there already"),
        ("bids.csv", "proposal,reviewer,bid\nP1,R9,1\n", "bids.csv, row 2: there is no reviewer R9"),
        ("proposals.csv", "proposal\n", "proposals.csv: the file lists no proposal"),
    ],
)  # fmt: skip
def test_bad_profiles_are_one_sentence(
    wide: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    (wide / name).write_text(text, encoding="utf-8")
    assert cli.main(["assignment", "affinities", str(wide), "--out", str(wide / "a.csv")]) == 1
    assert says in capsys.readouterr().err
    assert not (wide / "a.csv").exists()


def test_a_place_that_cannot_be_written_is_told_first(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out, says in (
        (wide, "is a folder; give the name of a file"),
        (wide / "no" / "x.csv", "there is no folder"),
    ):
        for verb in ("solve", "affinities"):
            assert cli.main(["assignment", verb, str(wide), "--out", str(out)]) == 1
            told_error = capsys.readouterr().err
            assert says in told_error
            assert len(told_error.splitlines()) == 1
    assert not list(wide.glob("*.part"))
