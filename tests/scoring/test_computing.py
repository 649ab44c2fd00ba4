"""`challenge ranking compute` as people meet it."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from challenge import cli
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile
from challenge.rubrics.definition import to_builtins
from challenge.scoring import folders, standings
from tests.scoring.simulated import world

LIBRARY = Path(folders.__file__).parents[1] / "exchange" / "library"
CRITERIA = "criterion,weight,min,max,step,threshold\nmerit,60,1,5,1,\nreach,40,1,5,1,\n"
SCORES = (
    "proposal,reviewer,criterion,score\n"
    "P1,A,merit,5\nP1,A,reach,4\nP1,B,merit,4\nP1,B,reach,4\n"
    "P2,A,merit,3\nP2,A,reach,2\nP2,B,merit,4\nP2,B,reach,3\n"
    "P3,A,merit,2\nP3,A,reach,2\nP3,B,merit,1\nP3,B,reach,3\n"
)
RUBRIC = """
scale: {min: 1, max: 5}
criteria:
- {code: merit, label: {en: Merit}, weight: 60}
- {code: reach, label: {en: Reach}, weight: 40}
"""
PROPOSALS = "proposal,track,country,amount,currency\nP1,x,KE,50,EUR\nP2,y,NO,20,EUR\nP3,x,KE,30,EUR\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"scores.csv": SCORES, "criteria.csv": CRITERIA})
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def run(folder: Path, *more: str) -> int:
    return cli.main(["ranking", "compute", str(folder), "--out", str(folder / "ranking.csv"), *more])


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "ranking.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def told(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert run(folder, "--json", *more) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def simulated(folder: Path, regime: str, proposals: int = 80, reviewers: int = 20) -> list[float]:
    """One criterion from 0 to 100; the true quality of the proposals, by their name."""
    made = world(proposals, reviewers, 4, regime, 3)
    has_panels = len(made.reviews.panel) > 0
    lines = ["proposal,reviewer,criterion,score" + (",panel" if has_panels else "")]
    for p, r, y in zip(made.reviews.proposal, made.reviews.reviewer, made.reviews.score, strict=True):
        lines.append(f"P{p:03},R{r:02},merit,{y:.2f}" + (f",T{made.reviews.panel[p]}" if has_panels else ""))
    write(
        folder, {"scores.csv": "\n".join(lines), "criteria.csv": "criterion,weight,min,max\nmerit,1,0,100\n"}
    )
    return made.truth.tolist()


# ---------- the file ----------


def test_the_columns_and_the_raw_numbers(folder: Path) -> None:
    assert run(folder) == 0
    found = rows(folder)
    assert list(found[0]) == [
        "proposal", "rank", "estimate", "rank_lo", "rank_hi", "p_top", "raw", "raw_rank", "status", "reason",
    ]  # fmt: skip
    # 100 * (60 * 5 + 40 * 4) / (5 * 100) = 92 and 80 for P1, 52 and 72 for P2, 40 and 36 for P3
    assert [(row["proposal"], row["rank"], row["raw"], row["raw_rank"], row["status"]) for row in found] == [
        ("P1", "1", "86", "1", "ranked"), ("P2", "2", "62", "2", "ranked"), ("P3", "3", "38", "3", "ranked"),
    ]  # fmt: skip
    assert all(int(row["rank_lo"]) <= int(row["rank"]) <= int(row["rank_hi"]) for row in found)
    assert sum(float(row["p_top"]) for row in found) == pytest.approx(1)


def test_leniency_moves_places_and_the_words_say_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = simulated(folder, "B", 300, 60)
    data = told(folder, capsys, "--top", "30", "--explain", "P005")
    model = data["models"][0]
    assert data["calibrated"] and not data["partial"]
    assert [(gate["name"], gate["open"]) for gate in model["gates"][:3]] == [
        ("connected", True), ("reviews-per-reviewer", True), ("leniency", True),
    ]  # fmt: skip
    assert model["variances"]["reviewer"] > 0
    assert len(model["reviewers"]) == 60
    assert all(one["low"] < one["leniency"] < one["high"] for one in model["reviewers"])
    by_rank = {row["proposal"]: row for row in data["proposals"]}
    order = sorted(by_rank, key=lambda key: -truth[int(key[1:])])

    def misplaced(column: str) -> int:
        return sum(abs(by_rank[key][column] - place) for place, key in enumerate(order, start=1))

    assert misplaced("rank") < 0.95 * misplaced("raw_rank")
    assert sum(row["p_top"] for row in data["proposals"]) == pytest.approx(30, abs=0.02)
    assert [row["status"] for row in data["proposals"]] == ["selected"] * 30 + ["not-selected"] * 270
    assert any("calibrated" in sentence for sentence in data["explanation"])
    assert any("With 90 % probability its place is from" in sentence for sentence in data["explanation"])
    assert len(data["neighbours"]) == 299
    line = data["line"]
    assert len(line["above"]) + line["places"] == 30
    assert len(line["above"]) + len(line["between"]) + len(line["below"]) == 300
    assert [one["proposal"] for one in line["lot"]] == sorted(
        line["between"], key=lambda key: hashlib.sha256(f"{data['seed']}\n{key}".encode()).hexdigest()
    )


def test_where_nothing_shows_leniency_the_ranking_is_the_raw_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated(folder, "A", 120, 30)
    data = told(folder, capsys)
    assert not data["calibrated"]
    assert [gate["name"] for gate in data["models"][0]["gates"] if not gate["open"]] == ["leniency"]
    assert all(row["rank"] == row["raw_rank"] for row in data["proposals"])


def test_raw_asks_no_gate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(folder, "B")
    data = told(folder, capsys, "--method", "raw")
    assert data["models"][0]["gates"] == []
    assert all(
        row["rank"] == row["raw_rank"] and row["estimate"] == float(row["raw"]) for row in data["proposals"]
    )
    assert all(row["rank_lo"] <= row["rank_hi"] for row in data["proposals"])


def test_panels_that_share_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(folder, "E", 120, 36)
    assert told(folder, capsys)["calibrated"]
    text = (folder / "scores.csv").read_text()
    (folder / "scores.csv").write_text("\n".join(line.rpartition(",")[0] for line in text.splitlines()))
    data = told(folder, capsys)
    assert not data["calibrated"]
    assert data["models"][0]["gates"][0]["says"].startswith("The reviews fall into 3 parts")


def test_the_seed_is_told_and_gives_the_same_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(folder, "B")
    one, same = told(folder, capsys, "--seed", "a b"), told(folder, capsys, "--seed", "a b")
    other = told(folder, capsys, "--seed", "c")
    assert one["seed"] == "a b"
    assert one["proposals"] == same["proposals"] and one["line"] == same["line"]
    assert one["line"]["lot"] != other["line"]["lot"]
    assert len(told(folder, capsys)["seed"]) == 64


# ---------- the rubric ----------


def with_rubric(folder: Path, more: str = "", proposals: str | None = PROPOSALS) -> tuple[str, str]:
    write(folder, {"rubric.yaml": RUBRIC + more})
    if proposals:
        write(folder, {"proposals.csv": proposals})
    return "--rubric", str(folder / "rubric.yaml")


def test_money_and_quotas_make_a_list_and_a_best_set(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = with_rubric(
        folder,
        "selection: {budget: 80, quotas: [{code: norway, label: {en: Norway}, column: country, values: [NO], most: 0}]}",
    )
    data = told(folder, capsys, *asked)
    assert {row["proposal"]: row["status"] for row in data["proposals"]} == {
        "P1": "selected", "P2": "not-selected", "P3": "selected",
    }  # fmt: skip
    assert data["bestSet"]["chosen"] == ["P1", "P3"]
    assert data["bestSet"]["proved"]
    # without the quota 86 + 62 in place of 86 + 38; without the budget nobody else may come in
    assert [(one["rule"], one["price"]) for one in data["bestSet"]["prices"]] == [
        ("budget", 0),
        ("norway", 24),
    ]


def test_money_without_a_file_that_says_how_much(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = with_rubric(folder, "selection: {budget: 80, mark: 70}", None)
    data = told(folder, capsys, *asked)
    assert data["lacks"] == ["proposals.csv is not there, so money and quotas (amount) are not looked at."]
    assert data["bestSet"] is None
    assert [row["status"] for row in data["proposals"]] == ["selected", "not-selected", "not-selected"]


def test_quotas_that_cannot_be_met(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = with_rubric(
        folder,
        "selection: {top: 1, quotas: [{code: ke, label: {en: KE}, column: country, values: [KE], least: 1},"
        " {code: north, label: {en: NO}, column: country, values: [NO], least: 1},"
        " {code: x, label: {en: x}, column: track, values: [x], most: 3}]}",
    )
    assert run(folder, *asked) == 0
    assert capsys.readouterr().out.startswith(
        "PARTIAL: No set keeps these rules together: top (at most 1 proposals); "
        "ke (at least 1 with country KE); north (at least 1 with country NO)."
    )
    data = told(folder, capsys, *asked)
    assert data["partial"]
    assert [one["rule"] for one in data["bestSet"]["contradiction"]] == ["top", "ke", "north"]
    assert data["bestSet"]["chosen"] == []


def test_thresholds_and_knock_outs_hold_the_scores_as_given(folder: Path) -> None:
    write(folder, {"rubric.yaml": RUBRIC.replace("weight: 60", "weight: 60, threshold: 3")})
    assert run(folder, "--rubric", str(folder / "rubric.yaml")) == 0
    assert [(row["proposal"], row["rank"], row["status"], row["reason"]) for row in rows(folder)[2:]] == [
        ("P3", "", "below-threshold", "Merit: 1.5, at least 3 is asked. Not reached.")
    ]
    write(folder, {"rubric.yaml": RUBRIC.replace("weight: 60", "weight: 60, knock_out: {below: 4}")})
    assert run(folder, "--rubric", str(folder / "rubric.yaml")) == 0
    assert [row["status"] for row in rows(folder)] == ["ranked", "knocked-out", "knocked-out"]


def test_voter_groups_are_calibrated_each_by_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = SCORES.splitlines()
    grouped = [head + ",group", *(f"{line},{'jury' if ',A,' in line else 'users'}" for line in lines)]
    write(folder, {"scores.csv": "\n".join(grouped)})
    asked = with_rubric(
        folder,
        "aggregation: {groups: [{code: jury, label: {en: J}, share: 75}, {code: users, label: {en: U}, share: 25}]}",
    )
    data = told(folder, capsys, *asked)
    assert [(model["group"], model["share"]) for model in data["models"]] == [("jury", 0.75), ("users", 0.25)]
    assert [row["raw"] for row in data["proposals"]] == ["89", "57", "39"]


def test_ties_across_the_line(folder: Path) -> None:
    even = "".join(f"{p},{r},{c},3\n" for p in ("P1", "P2", "P3") for r in "AB" for c in ("merit", "reach"))
    write(folder, {"scores.csv": "proposal,reviewer,criterion,score\n" + even})
    assert run(folder, "--top", "2") == 0
    assert [(row["rank"], row["status"]) for row in rows(folder)] == [("1", "tied-at-the-line")] * 3
    for ties, status in (("in", "selected"), ("out", "not-selected")):
        asked = with_rubric(folder, f"selection: {{top: 2, ties: {ties}}}")
        assert run(folder, *asked) == 0
        assert [row["status"] for row in rows(folder)] == [status] * 3


def test_who_is_excluded_does_not_count(folder: Path) -> None:
    asked = with_rubric(folder, proposals="proposal,excluded\nP1,withdrawn\nP2,\nP3,\n")
    assert run(folder, *asked) == 0
    assert [(row["proposal"], row["rank"], row["status"]) for row in rows(folder)] == [
        ("P2", "1", "ranked"), ("P3", "2", "ranked"), ("P1", "", "excluded")
    ]  # fmt: skip


def test_a_rubric_of_a_whole_call_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = LIBRARY / "horizon-europe-ria.yaml"
    lines = ["proposal,reviewer,criterion,score"]
    for p, marks in {"P1": ("4.5", "3", "4"), "P2": ("4", "4", "3.5"), "P3": ("2.5", "5", "5")}.items():
        for r in "AB":
            lines += [
                f"{p},{r},{c},{m}"
                for c, m in zip(("excellence", "impact", "implementation"), marks, strict=True)
            ]
    write(folder, {"scores.csv": "\n".join(lines)})
    (folder / "criteria.csv").unlink()
    write(folder, {"proposals.csv": "proposal,amount,currency\nP1,1,EUR\nP2,1,EUR\nP3,1,EUR\n"})
    assert run(folder, "--rubric", str(library)) == 1
    assert "rubrics; say which, as horizon-europe-ria.yaml#full-proposal" in capsys.readouterr().err
    assert run(folder, "--rubric", f"{library}#full-proposal") == 0
    assert [(row["proposal"], row["rank"], row["raw"], row["status"]) for row in rows(folder)] == [
        ("P1", "1", "11.5", "selected"), ("P2", "2", "11.5", "selected"), ("P3", "", "12.5", "below-threshold"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_rubric_of_the_library_reads_as_its_call_does(path: Path) -> None:
    call = check(path.read_text(encoding="utf-8"), path.name)
    assert isinstance(call, CallFile)
    assert call.rubrics
    for code, rubric in call.rubrics.items():
        assert to_builtins(folders.rubric_from(f"{path}#{code}")) == to_builtins(rubric)


# ---------- what is not right ----------


def fewer(text: str, *drop: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(drop)) + "\n"


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (fewer(SCORES, "P1,A,reach"), "1 score missing; what is missing leaves the mean of its review. First: scores.csv, row 2 (P1, A, reach)."),
        (SCORES.replace("P1,A,reach,4", "P1,A,reach,"), "1 score missing; what is missing leaves the mean of its review. First: scores.csv, row 3 (P1, A, reach)."),
        (SCORES.replace("P1,A,reach,4", "P1,A,reach,NA"), '1 score "not applicable" where the scale has no such answer'),
        (fewer(SCORES, "P1,A,reach", "P1,B,reach", "P2,A,reach", "P2,B,reach", "P3,A,reach", "P3,B,reach"), "Nobody scored reach, so it does not count."),
        (fewer(SCORES, "P1,B", "P2,B", "P3,B"), "How sure a place is cannot be computed"),
        (fewer(SCORES, "P2", "P3", "P1,B"), "How sure a place is cannot be computed"),
    ],
)  # fmt: skip
def test_what_is_missing_makes_the_answer_partial(
    folder: Path, capsys: pytest.CaptureFixture[str], scores: str, says: str
) -> None:
    write(folder, {"scores.csv": scores})
    assert run(folder) == 0
    out, err = capsys.readouterr()
    assert f"PARTIAL: {says}" in out
    assert err == ""
    data = told(folder, capsys)
    assert data["partial"]
    assert any(lack.startswith(says) for lack in data["lacks"])


def test_without_a_second_review_every_place_is_possible(folder: Path) -> None:
    write(folder, {"scores.csv": fewer(SCORES, "P1,B", "P2,B", "P3,B")})
    assert run(folder) == 0
    assert [(row["rank"], row["rank_lo"], row["rank_hi"], row["p_top"]) for row in rows(folder)] == [
        (str(n), "1", "3", "0.3333") for n in (1, 2, 3)
    ]
    assert all("cannot be computed" in row["reason"] for row in rows(folder))


def test_a_proposal_nobody_reviewed_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"proposals.csv": "proposal\nP1\nP2\nP3\nP4\n"})
    assert run(folder) == 0
    assert "PARTIAL: 1 proposal without a review: P4." in capsys.readouterr().out
    assert rows(folder)[3]["status"] == "not-scored"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("scores.csv", None, "scores.csv: the file is not there"),
        ("scores.csv", "proposal,reviewer,criterion,score\n", "scores.csv: the file lists no score"),
        ("scores.csv", SCORES.replace("P1,A,merit,5", "P1,A,merit,NaN"), "scores.csv, row 2: score must be a number between"),
        ("scores.csv", SCORES.replace("P1,A,merit,5", "P1,A,merit,five"), "scores.csv, row 2: score must be a number, not 'five'"),
        ("scores.csv", SCORES.replace("P1,A,merit,5", "P1,A,merit,6"), "scores.csv, row 2: the score 6 of merit is not on the scale. Use a number from 1 to 5"),
        ("scores.csv", SCORES.replace("P1,A,merit,5", "P1,A,merit,4.5"), "scores.csv, row 2: the score 4.5 of merit is not on the scale. Use steps of 1"),
        ("scores.csv", SCORES + "P3,B,reach,3\n", "scores.csv, row 14: this score stands in row 13 already (P3, B, reach)"),
        ("scores.csv", SCORES + "P3,B,price,3\n", "scores.csv, row 14: there is no criterion price; known are merit, reach"),
        ("scores.csv", SCORES + "P3,,merit,3\n", "scores.csv, row 14: the reviewer has no name"),
        ("scores.csv", SCORES + "P3,B\n", "scores.csv, row 14: 2 cells where the head has 4"),
        ("scores.csv", "proposal,reviewer,criterion,score,panel\nP1,A,merit,3,X\nP1,B,merit,3,Y\n", "scores.csv, row 3: proposal P1 is in panel Y here and in X in row 2"),
        ("scores.csv", "proposal,reviewer,criterion,score,panel\nP1,A,merit,3,\n", "scores.csv, row 2: the panel is missing"),
        ("criteria.csv", "criterion,weight\nmerit,0\nreach,0\n", "criteria.csv, row 2: all weights are 0"),
        ("criteria.csv", "criterion,weight\nmerit,-1\n", "criteria.csv, row 2: weight must be 0 or more, not -1"),
        ("criteria.csv", "criterion,weight\nmerit,\n", "criteria.csv, row 2: weight is missing"),
        ("criteria.csv", "criterion,weight\n", "criteria.csv: the file lists no criterion"),
        ("criteria.csv", "criterion,weight\nmerit,1\nmerit,2\n", "criteria.csv, row 3: criterion merit stands in row 2 already"),
        ("criteria.csv", "criterion,weight,min,max\nmerit,1,5,1\n", "criteria.csv, row 2: min 5 must be below max 1"),
        ("criteria.csv", "criterion,weight,max\nmerit,1,5\nreach,1,\n", "criteria.csv, row 3: reach has no max while others have one"),
        ("criteria.csv", "criterion,weight,max,threshold\nmerit,1,5,9\n", "criteria.csv, row 2: threshold 9 is not on the scale from 0 to 5"),
        ("proposals.csv", "proposal\nP1\nP2\n", "scores.csv, row 10: there is no proposal P3 in proposals.csv"),
        ("proposals.csv", "proposal\nP1\nP1\n", "proposals.csv, row 3: proposal P1 stands in row 2 already"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | None, says: str
) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        write(folder, {name: text})
    assert run(folder) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (folder / "ranking.csv").exists()


@pytest.mark.parametrize(
    ("more", "proposals", "says"),
    [
        ("selection: {budget: 80}", PROPOSALS.replace("20,EUR", "20,USD"), "proposals.csv, row 3: the amount is in USD and that of row 2 in EUR"),
        ("selection: {budget: 80, currency: USD}", PROPOSALS, "proposals.csv, row 2: the amount is in EUR and the budget in USD"),
        ("selection: {budget: 80}", PROPOSALS.replace("20,EUR", ",EUR"), "proposals.csv, row 3: proposal P2 has no amount"),
        ("selection: {budget: 80}", PROPOSALS.replace("20,EUR", "-4,EUR"), "proposals.csv, row 3: amount must be 0 or more"),
        ("selection: {top: 1, quotas: [{code: r, label: {en: R}, column: region, most: 1}]}", PROPOSALS, "proposals.csv, row 1: the column region is missing"),
        ("aggregation: {groups: [{code: j, label: {en: J}, share: 100}]}", None, "scores.csv, row 1: the column group is missing"),
        ("frobnicate: 1", None, "this is no rubric: Object contains unknown field `frobnicate`"),
        ("tie_break: [price]", None, "tie_break.0: No criterion has the code price."),
        ("selection: [", None, "cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_rubric_and_what_it_needs(
    folder: Path, capsys: pytest.CaptureFixture[str], more: str, proposals: str | None, says: str
) -> None:
    assert run(folder, *with_rubric(folder, more, proposals)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1


def test_places_that_are_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder / "nowhere") == 1
    assert "is no folder" in capsys.readouterr().err
    assert cli.main(["ranking", "compute", str(folder), "--out", str(folder / "no" / "x.csv")]) == 1
    assert "is no folder, so the ranking cannot be written there" in capsys.readouterr().err
    assert cli.main(["ranking", "compute", str(folder), "--out", str(folder)]) == 1
    assert "is a folder; give the name of a file" in capsys.readouterr().err
    assert run(folder, "--explain", "P9") == 1
    assert "There is no proposal P9" in capsys.readouterr().err
    assert run(folder, "--rubric", str(folder / "none.yaml")) == 1
    assert "none.yaml" in capsys.readouterr().err


# ---------- properties ----------


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_rows_in_another_order_give_the_same_file(folder: Path, random: Any) -> None:
    simulated(folder, "B", 40, 12)
    run(folder)
    before = (folder / "ranking.csv").read_bytes()
    head, *lines = (folder / "scores.csv").read_text().splitlines()
    random.shuffle(lines)
    write(folder, {"scores.csv": "\n".join([head, *lines])})
    run(folder)
    assert (folder / "ranking.csv").read_bytes() == before


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 500))
def test_weights_times_a_number_change_nothing(folder: Path, times: int) -> None:
    before = standings.compute(folders.read(folder), draws=50)
    write(
        folder,
        {"criteria.csv": CRITERIA.replace(",60,", f",{60 * times},").replace(",40,", f",{40 * times},")},
    )
    after = standings.compute(folders.read(folder), draws=50)
    write(folder, {"criteria.csv": CRITERIA})
    assert before.estimate == after.estimate
    assert [(row.key, row.place, row.score) for row in before.result.rows] == [
        (row.key, row.place, row.score) for row in after.result.rows
    ]


def test_the_command_line_starts_without_the_arrays() -> None:
    look = "import sys; import challenge.cli; print([n for n in ('scipy', 'numpy') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert "scipy" not in done.stdout
