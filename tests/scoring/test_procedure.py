"""Knock-outs, sections, voter groups, agreed scores, reversed scales and lots in a ranking; records of old."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.rubrics.definition import (
    NOT_APPLICABLE,
    Aggregation,
    Criterion,
    Join,
    KnockOut,
    Overall,
    Prefer,
    Quorum,
    Rubric,
    Scale,
    Section,
    VoterGroup,
)
from challenge.scoring.explanation import explain, reason
from challenge.scoring.ranking import PROCEDURE, Entry, Outcome, RankingResult, Standing, rank
from challenge.scoring.records import FIRST, digest, is_reproduced, recompute, record_of, result_as_json
from challenge.scoring.selection import rank_and_list
from challenge.scoring.unfolding import Step, unfold
from tests.scoring.grids import ILO, demonstration, entry, scores

KEPT = sorted((Path(__file__).parent / "kept").glob("procedure-1-*.json"))
SUM = Aggregation(overall=Overall.SUM)


def one(code: str, **more: Any) -> Criterion:
    return msgspec.structs.replace(Criterion(code=code, label={"en": code.upper()}), **more)


def rubric(*criteria: Criterion, **more: Any) -> Rubric:
    plain = Rubric(scale=Scale(min=Decimal(0), max=Decimal(10)), criteria=criteria, aggregation=SUM)
    return msgspec.structs.replace(plain, **more)


def words(result: RankingResult, key: str) -> list[str]:
    row = result.row(key)
    assert row is not None
    return [str(text) for text in explain(row)]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_record_of_the_first_procedure_still_gives_its_numbers(path: Path) -> None:
    record = json.loads(path.read_text("utf-8"))
    assert record["method"]["procedure"] == FIRST
    assert is_reproduced(record)
    record["result"]["rows"][0]["score"] = "1"
    assert not is_reproduced(record)


def test_two_kept_records_were_looked_at() -> None:
    assert [path.stem for path in KEPT] == ["procedure-1-horizon", "procedure-1-ilo"]


@pytest.mark.parametrize(
    ("quorum", "numbers", "is_out"),
    [
        (Quorum.ANY, "5 4 9", True),
        (Quorum.ANY, "5 5 9", False),
        (Quorum.ALL, "4 4 5", False),
        (Quorum.ALL, "4 4 4", True),
        (Quorum.MAJORITY, "4 4 9", True),
        (Quorum.MAJORITY, "4 9", False),
        (Quorum.MAJORITY, "4 4 9 9", False),
        (Quorum.PANEL, "4 4 6", True),
        (Quorum.PANEL, "4 5 6", False),
    ],
)
@pytest.mark.parametrize("low_is_best", [False, True])
def test_who_knocks_out(quorum: Quorum, numbers: str, is_out: bool, low_is_best: bool) -> None:
    scale = Scale(min=Decimal(0), max=Decimal(10), best=Prefer.LOW if low_is_best else Prefer.HIGH)
    gated = rubric(one("a", knock_out=KnockOut(below=Decimal(5), by=quorum)), scale=scale)
    given_scores = [10 - int(n) if low_is_best else int(n) for n in numbers.split()]
    reviews = {f"r{n}": {"a": Decimal(score)} for n, score in enumerate(given_scores)}
    row = rank(gated, [Entry("A", reviews)]).rows[0]
    assert row.standing == (Standing.KNOCKED_OUT if is_out else Standing.RANKED)
    assert row.place == (None if is_out else 1)
    if is_out:
        assert ("above 5" if low_is_best else "below 5") in str(reason(row))


def test_not_applicable_has_no_voice_in_a_knock_out() -> None:
    gated = rubric(one("a", knock_out=KnockOut(below=Decimal(5), by=Quorum.ALL)), one("b"))
    silent = {"a": NOT_APPLICABLE, "b": Decimal(3)}
    assert rank(gated, [Entry("A", {"r": silent})]).rows[0].place == 1
    assert (
        rank(gated, [Entry("A", {"r": silent, "s": {"a": Decimal(4), "b": Decimal(3)}})]).rows[0].place
        is None
    )


def test_a_gate_makes_every_score_zero() -> None:
    gated = rubric(
        one("eligible", uncounted=True, knock_out=KnockOut(below=Decimal(1), zeroes=True)), one("a")
    )
    result = rank(
        gated, [entry(gated, "A", "0 9"), entry(gated, "B", "1 2"), entry(gated, "C", "1 9", "0 9")]
    )
    assert [(row.key, row.status, row.score) for row in result.rows] == [
        ("B", "ranked", Decimal(2)),
        ("A", "knocked-out", Decimal(0)),
        ("C", "knocked-out", Decimal(0)),
    ]
    assert words(result, "A")[:3] == [
        "Knocked out, so it has no place.",
        "“ELIGIBLE” knocks it out: one score below 1 is enough (0).",
        "All its scores count as 0.",
    ]
    assert result.rows[1].criterion_means == {"eligible": Decimal(0), "a": Decimal(0)}
    assert result.rows[1].review_scores == {"A-1": Decimal(9)}


def test_a_knock_out_without_zeroing_keeps_the_score_for_all_to_see() -> None:
    gated = rubric(one("a", knock_out=KnockOut(below=Decimal(5))), one("b"))
    row = rank(gated, [entry(gated, "A", "4 9")]).rows[0]
    assert (row.status, row.score, row.passes) == ("knocked-out", Decimal(13), False)


def test_the_threshold_of_a_section_is_held_against_its_points() -> None:
    parts = rubric(
        one("a", section="one"),
        one("b", section="one"),
        one("c"),
        sections=(Section(code="one", label={"en": "One"}, threshold=Decimal(12)),),
    )
    result = rank(
        parts, [entry(parts, "A", "6 6 0"), entry(parts, "B", "5 6 9"), entry(parts, "C", "9 2 9", "9 4 9")]
    )
    assert [(row.key, row.place) for row in result.rows] == [("C", 1), ("A", 2), ("B", None)]
    assert "One: 11, at least 12 is asked. Not reached." in words(result, "B")


def test_on_a_reversed_scale_a_threshold_is_a_ceiling_and_ties_are_told_as_given() -> None:
    marks = rubric(
        one("a", threshold=Decimal(3)),
        one("b"),
        scale=Scale(min=Decimal(1), max=Decimal(6), best=Prefer.LOW),
        tie_break=("a",),
    )
    result = rank(marks, [entry(marks, "A", "31"), entry(marks, "B", "22"), entry(marks, "C", "41", "31")])
    assert [(row.key, row.place) for row in result.rows] == [("B", 1), ("A", 2), ("C", None)]
    assert words(result, "B")[-1] == "Equal with A; parted by “A”, where it has 2."
    assert "A: 3.5, at most 3 is allowed. Not kept." in words(result, "C")
    assert "A: 3, at most 3 is allowed. Kept." in words(result, "A")


GROUPS = Aggregation(
    overall=Overall.SUM,
    groups=(
        VoterGroup(code="judges", label={"en": "Judges"}, share=Decimal(50)),
        VoterGroup(code="users", label={"en": "Users"}, share=Decimal(50)),
    ),
)


def test_every_voter_group_must_have_scored_and_strangers_do_not_count() -> None:
    voted = rubric(one("a"), aggregation=GROUPS)
    reviews = {key: {"a": Decimal(n)} for key, n in (("j1", 8), ("u1", 2), ("u2", 4), ("x", 10))}
    groups = {"j1": "judges", "u1": "users", "u2": "users", "x": "guests"}
    result = rank(
        voted, [Entry("A", reviews, groups=groups), Entry("B", {"j": reviews["j1"]}, groups={"j": "judges"})]
    )
    row = result.rows[0]
    assert (row.score, row.uncounted, row.review_count) == (Decimal("5.5"), ("x",), 3)
    assert [(one.code, one.score, one.reviews) for one in row.groups] == [
        ("judges", Decimal(8), ("j1",)),
        ("users", Decimal(3), ("u1", "u2")),
    ]
    assert words(result, "A")[1:] == [
        "Panel score 5.5: Judges 8 with a share of 50, Users 3 with a share of 50.",
        "The reviews lie 6 apart; their standard deviation is 3.055.",
        "One review belongs to no voter group and does not count.",
    ]
    assert words(result, "B") == ["Nobody of Users has scored it, so it has no place."]


def test_an_agreed_score_counts_in_place_of_the_reviews_in_everything() -> None:
    agreeing = rubric(
        one("a", threshold=Decimal(5)),
        one("b", knock_out=KnockOut(below=Decimal(3))),
        aggregation=Aggregation(overall=Overall.SUM, consensus=True),
    )
    before = entry(agreeing, "A", "4 2", "4 9")
    agreed = replace(before, consensus=scores(agreeing, "5 3"))
    assert rank(agreeing, [before]).rows[0].standing == Standing.KNOCKED_OUT
    result = rank(agreeing, [agreed])
    row = result.rows[0]
    assert (row.place, row.score, row.agreed, row.range) == (1, Decimal(8), True, Decimal(7))
    assert words(result, "A")[1] == "Panel score 8, agreed on in place of 2 reviews (6, 13)."
    waiting = rank(agreeing, [entry(agreeing, "A", "6 6")])
    assert words(waiting, "A")[1:3] == [
        "Panel score 12, from one review.",
        "No score is agreed on yet; until then the reviews stand.",
    ]
    with pytest.raises(ValueError, match="knows no agreed scores"):
        rank(rubric(one("a"), one("b")), [agreed])


def test_a_trimmed_mean_is_told_as_one() -> None:
    trimmed = rubric(one("a"), aggregation=Aggregation(overall=Overall.SUM, panel=Join.TRIMMED))
    result = rank(trimmed, [entry(trimmed, "A", "1", "5", "6", "7")])
    assert words(result, "A")[1] == (
        "Panel score 5.5: the mean of 4 reviews without the highest and the lowest (1, 5, 6, 7)."
    )


LOTS = rubric(one("a"), lot=True)
EQUALS = [entry(LOTS, key, "7") for key in ("A", "B", "C", "D")]


def test_a_lot_parts_the_last_equals_and_anybody_can_draw_it_again() -> None:
    by_hand = sorted("ABCD", key=lambda key: hashlib.sha256(f"1848\n{key}".encode()).hexdigest())
    result = rank(LOTS, EQUALS, seed="1848")
    assert [(row.place, row.key) for row in result.rows] == list(enumerate(by_hand, start=1))
    assert result.seed == "1848"
    assert [row.ties[-1].outcome for row in result.rows] == [Outcome.DRAWN] * 4
    assert words(result, by_hand[1])[-1] == (
        f"Equal with {', '.join(sorted(set('ABCD') - {by_hand[1]}))}; parted by lot, where it was drawn as number 2."
    )
    assert rank(LOTS, list(reversed(EQUALS)), seed="1848") == result
    assert [row.key for row in rank(LOTS, EQUALS, seed="1849").rows] != by_hand


def test_without_a_seed_or_without_a_lot_equals_share_the_place() -> None:
    for result in (rank(LOTS, EQUALS), rank(msgspec.structs.replace(LOTS, lot=False), EQUALS, seed="1848")):
        assert [row.place for row in result.rows] == [1, 1, 1, 1]
        assert result.seed == ""


def test_the_draw_among_some_keeps_the_order_of_the_draw_among_all() -> None:
    order = [row.key for row in rank(LOTS, EQUALS, seed="x").rows]
    assert [row.key for row in rank(LOTS, EQUALS[1:], seed="x").rows] == [key for key in order if key != "A"]


def test_a_record_keeps_seed_groups_and_agreed_scores() -> None:
    everything = rubric(
        one("a", knock_out=KnockOut(below=Decimal(1))), aggregation=msgspec.structs.replace(GROUPS, consensus=True),
        lot=True,
    )  # fmt: skip
    entries = [
        Entry(key, {"j": {"a": Decimal(3)}, "u": {"a": Decimal(3)}}, groups={"j": "judges", "u": "users"})
        for key in "AB"
    ]
    entries.append(replace(entries[0], key="C", consensus={"a": Decimal(0)}))
    result = rank_and_list(everything, entries, seed="7")
    record = json.loads(json.dumps(record_of(everything, entries, result)))
    assert record["method"]["procedure"] == PROCEDURE
    assert record["method"]["seed"] == "7"
    assert recompute(record) == result
    assert is_reproduced(record)
    record["method"]["seed"] = "9"
    assert [row.key for row in recompute(record).rows] != [row.key for row in result.rows]


def told(steps: Sequence[Step], depth: int = 0) -> list[str]:
    return [line for step in steps for line in (f"{'  ' * depth}{step.text}", *told(step.parts, depth + 1))]


def test_a_number_unfolds_to_the_scores_it_came_from() -> None:
    unfolding = rubric(
        one("a", counted=Decimal(2), section="s"),
        one("m", scale=Scale(min=Decimal(1), max=Decimal(6), best=Prefer.LOW)),
        one("n", scale=Scale(min=Decimal(0), max=Decimal(3), na_allowed=True)),
        one("x", bonus=True),
        one("g", uncounted=True),
        sections=(Section(code="s", label={"en": "S"}, threshold=Decimal(5)),),
    )
    given_scores = scores(unfolding, "4 2 0 1 1") | {"n": NOT_APPLICABLE}
    proposal = Entry("A", {"r1": given_scores})
    row = rank(unfolding, [proposal]).rows[0]
    assert told(unfold(unfolding, proposal, row)) == [
        "Place 1 of 1.",
        "Panel score 15.5, from one review.",
        "  Review r1: 15.5 points",
        "    A: 4 of 10; times 2.231 it adds 8.923",
        "    M: 2 counts as 5, because the lowest is the best; times 1.115 it adds 5.577",
        "    N: not applicable, so it is left out",
        "    X: 1, a bonus; times 1 it adds 1",
        "    G: 1, asked and not added up",
        "Section “S”: 8.",
        "A: 4.",
        "  Review r1: 4",
        "M: 2.",
        "  Review r1: 2",
        "N: nobody scored it.",
        "  Review r1: not applicable",
        "X: 1.",
        "  Review r1: 1",
        "G: 1.",
        "  Review r1: 1",
        "S: 8, at least 5 is asked. Reached.",
    ]


def test_the_share_of_a_voter_group_unfolds_to_its_reviews() -> None:
    voted = rubric(one("a"), aggregation=GROUPS)
    proposal = Entry(
        "A", {"j": {"a": Decimal(8)}, "u": {"a": Decimal(2)}}, groups={"j": "judges", "u": "users"}
    )
    assert told(unfold(voted, proposal, rank(voted, [proposal]).rows[0]))[1:6] == [
        "Panel score 5: Judges 8 with a share of 50, Users 2 with a share of 50.",
        "  Judges: 8 from one review, with a share of 50",
        "    Review j: 8 points",
        "      A: 8 of 10; times 1 it adds 8",
        "  Users: 2 from one review, with a share of 50",
    ]


# ---------- laws ----------

review = st.lists(st.sampled_from("12345"), min_size=5, max_size=5).map("".join)
calls = st.lists(st.lists(review, min_size=1, max_size=4), min_size=1, max_size=6).map(
    lambda panels: [entry(ILO, f"P{n}", *panel) for n, panel in enumerate(panels)]
)
plain = msgspec.structs.replace(
    ILO,
    aggregation=Aggregation(),
    tie_break=(),
    criteria=tuple(msgspec.structs.replace(c, threshold=None) for c in ILO.criteria),
)
joins = st.sampled_from(list(Join))


def order(result: RankingResult) -> list[tuple[int | None, str]]:
    return [(row.place, row.key) for row in result.rows]


@settings(deadline=None)
@given(calls, st.decimals(min_value="0.01", max_value="50", places=2), joins)
def test_scaling_all_weights_changes_nothing(entries: list[Entry], factor: Decimal, join: Join) -> None:
    rule = msgspec.structs.replace(ILO.aggregation, panel=join)
    base = msgspec.structs.replace(ILO, aggregation=rule)
    scaled = msgspec.structs.replace(
        base, criteria=tuple(msgspec.structs.replace(c, weight=c.weight * factor) for c in base.criteria)
    )
    assert rank(base, entries).rows == rank(scaled, entries).rows


@settings(deadline=None)
@given(st.lists(st.lists(review, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from("12345"))
def test_a_reviewer_who_gives_everybody_the_same_changes_no_order_of_means(
    panels: list[list[str]], digit: str
) -> None:
    before = [entry(plain, f"P{n}", *panel) for n, panel in enumerate(panels)]
    after = [entry(plain, f"P{n}", *panel, digit * 5) for n, panel in enumerate(panels)]
    assert order(rank(plain, before)) == order(rank(plain, after))


@settings(deadline=None)
@given(calls, st.integers(0, 5), st.integers(0, 4), joins)
def test_a_higher_score_never_costs_a_place(entries: list[Entry], who: int, where: int, join: Join) -> None:
    base = msgspec.structs.replace(plain, aggregation=Aggregation(panel=join))
    better = entries[who % len(entries)]
    key, given_scores = next(iter(better.reviews.items()))
    code = base.criteria[where].code
    raised = {**given_scores, code: min(Decimal(str(given_scores[code])) + 1, Decimal(5))}
    changed = [
        replace(one, reviews={**one.reviews, key: raised}) if one is better else one for one in entries
    ]
    first, second = rank(base, entries).row(better.key), rank(base, changed).row(better.key)
    assert first is not None and second is not None
    assert first.place is not None and second.place is not None
    assert second.place <= first.place


@settings(deadline=None)
@given(calls, st.randoms(), st.text(max_size=5))
def test_neither_lots_nor_gates_hang_on_the_order_of_the_input(
    entries: list[Entry], random: Any, seed: str
) -> None:
    gate = msgspec.structs.replace(ILO.criteria[0], knock_out=KnockOut(below=Decimal(2), by=Quorum.MAJORITY))
    gated = msgspec.structs.replace(ILO, criteria=(gate, *ILO.criteria[1:]), lot=True, tie_break=())
    shuffled = list(entries)
    random.shuffle(shuffled)
    one_way, other = rank(gated, entries, seed=seed), rank(gated, shuffled, seed=seed)
    assert one_way == other
    record = json.loads(json.dumps(record_of(gated, shuffled, other)))
    assert result_as_json(recompute(record)) == record["result"]
    assert digest(record) == digest(record_of(gated, entries, one_way))


def test_the_demonstration_has_the_same_numbers_under_both_procedures() -> None:
    kept = next(json.loads(path.read_text("utf-8")) for path in KEPT if path.stem.endswith("ilo"))
    now = record_of(ILO, demonstration())
    for before, after in zip(kept["result"]["rows"], now["result"]["rows"], strict=True):
        assert {name: after[name] for name in ("key", "place", "score", "spread")} == {
            name: before[name] for name in ("key", "place", "score", "spread")
        }
