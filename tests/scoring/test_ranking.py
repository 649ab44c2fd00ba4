import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.foundation.i18n import speaking
from challenge.rubrics.definition import NOT_APPLICABLE, Aggregation, Prefer, Rubric, TieBreak
from challenge.scoring.explanation import explain, explain_excluded
from challenge.scoring.ranking import Entry, Outcome, RankingResult, Standing, rank
from challenge.scoring.records import digest, is_reproduced, recompute, record_of, result_as_json
from tests.scoring.grids import CULTURE, HORIZON, ILO, TOO_YOUNG, demonstration, entry


def places(result: RankingResult) -> list[tuple[int | None, str]]:
    return [(row.place, row.key) for row in result.rows]


def words(result: RankingResult, key: str) -> list[str]:
    row = result.row(key)
    assert row is not None
    return [str(text) for text in explain(row)]


def test_the_demonstration_ranks_as_its_decisions_say() -> None:
    result = rank(ILO, demonstration())
    assert places(result) == [
        (1, "P02"),
        (2, "P01"),
        (3, "P04"),
        (4, "P07"),
        (5, "P05"),
        (6, "P08"),
        (7, "P03"),
        (8, "P06"),
        (9, "P09"),
        (None, "P12"),
        (None, "P10"),
    ]
    assert [str(row.score) for row in result.rows] == [
        "87",
        "86.666667",
        "84.333333",
        "79",
        "76.666667",
        "75.333333",
        "69.666667",
        "68",
        "66.333333",
        "63.333333",
        "59",
    ]
    assert [row.key for row in result.rows if row.standing == Standing.BELOW_THRESHOLD] == ["P12", "P10"]
    assert [(one.key, one.reason) for one in result.excluded] == [("P11", TOO_YOUNG)]
    assert len(result.ranked) == 9


def test_a_place_is_explained_in_words() -> None:
    result = rank(ILO, demonstration())
    assert words(result, "P05") == [
        "Place 5 of 9.",
        "Panel score 76.667: the mean of 3 reviews (44, 97, 89).",
        "The reviews lie 53 apart; their standard deviation is 28.572.",
        "The overall threshold of 65 is reached.",
        "Decent work: 3.667, at least 2.5 is asked. Reached.",
    ]
    assert words(result, "P12")[0] == "Below a threshold, so it has no place."
    assert "The overall threshold of 65 is not reached." in words(result, "P12")
    assert str(explain_excluded(result.excluded[0])) == f"Not ranked. {TOO_YOUNG['en']}"


def test_labels_are_said_in_the_language_of_the_reader() -> None:
    result = rank(ILO, demonstration())
    row = result.row("P05")
    assert row is not None
    texts = explain(row)
    with speaking("fr"):
        assert "Travail décent" in str(texts[4])


def test_a_missed_criterion_threshold_bars_the_best_score() -> None:
    result = rank(ILO, [entry(ILO, "A", "55255", "55255"), entry(ILO, "B", "44444", "44444")])
    assert places(result) == [(1, "B"), (None, "A")]
    row = result.rows[1]
    assert not row.passes
    assert [(one.criterion, one.asked, one.reached) for one in row.failed] == [
        ("decent-work", Decimal("2.5"), Decimal(2))
    ]
    assert "Decent work: 2, at least 2.5 is asked. Not reached." in words(result, "A")


def test_a_threshold_exactly_reached_is_reached() -> None:
    assert rank(CULTURE, [entry(CULTURE, "A", "22 15 14 17 7")]).rows[0].place == 1
    assert rank(CULTURE, [entry(CULTURE, "A", "22 15 14 17 6")]).rows[0].place is None


def test_thresholds_act_before_ranking_weights() -> None:
    entries = [entry(HORIZON, "A", "3 3.5 3"), entry(HORIZON, "B", "3 4 3")]
    result = rank(HORIZON, entries)
    assert places(result) == [(1, "B"), (None, "A")]
    assert result.rows[1].ranking_score == Decimal("11.25")
    later = msgspec.structs.replace(
        HORIZON, aggregation=msgspec.structs.replace(HORIZON.aggregation, thresholds_before_weights=False)
    )
    assert places(rank(later, entries)) == [(1, "B"), (2, "A")]


def test_ranking_weights_order_equal_scores() -> None:
    result = rank(HORIZON, [entry(HORIZON, "A", "5 4 3"), entry(HORIZON, "B", "4 5 3")])
    assert places(result) == [(1, "B"), (2, "A")]
    assert {row.score for row in result.rows} == {Decimal(12)}
    assert "With the weights for the ranking it is 14.5." in words(result, "B")


def test_ties_are_broken_in_the_order_of_the_rubric() -> None:
    # 80 each; inclusion parts C from the others, feasibility parts A from B.
    result = rank(
        ILO,
        [
            entry(ILO, "B", "44453"),
            entry(ILO, "A", "43454"),
            entry(ILO, "C", "44444"),
            entry(ILO, "D", "33333"),
        ],
    )
    assert [(row.place, row.key, str(row.score)) for row in result.rows] == [
        (1, "C", "80"),
        (2, "A", "79"),
        (3, "B", "79"),
        (None, "D", "60"),
    ]
    assert words(result, "A")[-3:] == [
        "Equal with B, also in “Inclusion” (5).",
        "Equal with B, also in “Decent work” (4).",
        "Equal with B; parted by “Feasibility”, where it has 4.",
    ]


def test_who_cannot_be_parted_shares_the_place_and_the_next_is_left_out() -> None:
    same = [entry(ILO, key, "44444") for key in ("C", "A", "B")]
    result = rank(ILO, [*same, entry(ILO, "D", "44443")])
    assert places(result) == [(1, "A"), (1, "B"), (1, "C"), (4, "D")]
    assert result.rows[0].shared_with == ("B", "C")
    assert words(result, "A")[-1] == "Nothing parts it from B, C, so they share the place."


def test_a_recorded_number_breaks_a_tie_and_is_passed_over_where_one_lacks_it() -> None:
    both = [
        entry(HORIZON, "A", "4 4 4", tie_break={"uncovered-aspects": "0", "gender-balance": "0.4"}),
        entry(HORIZON, "B", "4 4 4", tie_break={"uncovered-aspects": "1", "gender-balance": "0.5"}),
    ]
    assert places(rank(HORIZON, both)) == [(1, "B"), (2, "A")]
    one = [
        entry(HORIZON, "A", "4 4 4", tie_break={"uncovered-aspects": "3", "gender-balance": "0.4"}),
        both[1],
    ]
    lacking = [entry(HORIZON, "A", "4 4 4", tie_break={"gender-balance": "0.4"}), both[1]]
    assert places(rank(HORIZON, one)) == [(1, "A"), (2, "B")]
    result = rank(HORIZON, lacking)
    assert places(result) == [(1, "B"), (2, "A")]
    assert [step.outcome for step in result.rows[0].ties] == [
        Outcome.NOT_RECORDED,
        Outcome.EQUAL,
        Outcome.EQUAL,
        Outcome.PARTED,
    ]
    assert words(result, "B")[-4] == (
        "Equal with A; “Aspects not covered by better proposals” is not recorded for all of them."
    )


def test_a_tie_break_may_prefer_the_lower_number() -> None:
    rubric = msgspec.structs.replace(
        ILO, tie_break=(TieBreak(code="cost", label={"en": "Cost"}, prefer=Prefer.LOW),)
    )
    entries = [
        entry(rubric, "A", "44444", tie_break={"cost": "500"}),
        entry(rubric, "B", "44444", tie_break={"cost": "400"}),
    ]
    assert places(rank(rubric, entries)) == [(1, "B"), (2, "A")]


def test_a_proposal_nobody_scored_stands_last_without_a_place() -> None:
    nothing: dict[str, Any] = {c.code: NOT_APPLICABLE for c in ILO.criteria}
    result = rank(ILO, [Entry("A", {}), entry(ILO, "B", "11111"), Entry("C", {"r": nothing})])
    assert places(result) == [(None, "B"), (None, "A"), (None, "C")]
    assert [row.standing for row in result.rows[1:]] == [Standing.NOT_SCORED] * 2
    assert words(result, "A") == ["No review has been scored, so it has no place."]


def test_a_criterion_nobody_could_score_misses_its_threshold() -> None:
    lacking = {c.code: Decimal(5) for c in ILO.criteria} | {"decent-work": NOT_APPLICABLE}
    result = rank(ILO, [Entry("A", {"r": lacking})])
    assert places(result) == [(None, "A")]
    assert "Decent work: at least 2.5 is asked, and nobody scored it." in words(result, "A")


def test_two_entries_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        rank(ILO, [entry(ILO, "A", "44444"), entry(ILO, "A", "44444")])


def test_an_empty_call_has_an_empty_ranking() -> None:
    assert rank(ILO, []) == RankingResult((), ())


def test_a_record_travels_as_json_and_gives_the_same_numbers() -> None:
    record = json.loads(json.dumps(record_of(ILO, demonstration())))
    assert recompute(record) == rank(ILO, demonstration())
    assert is_reproduced(record)
    assert record["result"]["rows"][0]["score"] == "87"
    assert record["result"]["excluded"] == [{"key": "P11", "reason": TOO_YOUNG}]


def test_a_record_is_told_by_its_digest() -> None:
    record = record_of(ILO, demonstration())
    assert len(digest(record)) == 64
    assert digest(record) == digest(record_of(ILO, list(reversed(demonstration()))))
    record["inputs"][0]["reviews"]["R2"]["relevance"] = "5"
    assert digest(record) != digest(record_of(ILO, demonstration()))
    assert not is_reproduced(record)


def test_a_record_of_another_procedure_is_not_guessed_at() -> None:
    record = record_of(ILO, [])
    record["method"]["procedure"] = "drawing-lots/1"
    with pytest.raises(ValueError, match="drawing-lots/1"):
        recompute(record)


def test_numbers_written_differently_make_the_same_record() -> None:
    one = [Entry("A", {"r": {c.code: Decimal("4.0") for c in ILO.criteria}})]
    other = [Entry("A", {"r": {c.code: Decimal("4") for c in ILO.criteria}})]
    assert digest(record_of(ILO, one)) == digest(record_of(ILO, other))


review = st.lists(st.sampled_from("12345"), min_size=5, max_size=5).map("".join)
calls = st.lists(st.lists(review, max_size=3), max_size=7).map(
    lambda panels: [entry(ILO, f"P{n}", *panel) for n, panel in enumerate(panels)]
)
rubrics = st.sampled_from(
    [ILO, msgspec.structs.replace(ILO, tie_break=()), msgspec.structs.replace(ILO, aggregation=Aggregation())]
)


@settings(deadline=None)
@given(rubrics, calls, st.randoms())
def test_the_order_of_the_input_does_not_matter(rubric: Rubric, entries: list[Entry], random: Any) -> None:
    shuffled = [Entry(e.key, dict(sorted(e.reviews.items(), reverse=True)), e.excluded) for e in entries]
    random.shuffle(shuffled)
    assert rank(rubric, entries) == rank(rubric, shuffled)
    assert digest(record_of(rubric, entries)) == digest(record_of(rubric, shuffled))


@settings(deadline=None)
@given(rubrics, calls)
def test_places_follow_scores_and_leave_gaps_for_ties(rubric: Rubric, entries: Sequence[Entry]) -> None:
    result = rank(rubric, entries)
    assert sorted(row.key for row in result.rows) == sorted(e.key for e in entries)
    for above, below in zip(result.ranked, result.ranked[1:], strict=False):
        assert (above.ranking_score or 0) >= (below.ranking_score or 0)
    for position, row in enumerate(result.ranked, start=1):
        assert row.place is not None
        assert row.place <= position
        assert row.passes
        assert len(row.shared_with) + 1 == sum(other.place == row.place for other in result.ranked)
        assert explain(row)
    assert all(row.failed for row in result.rows if row.standing == Standing.BELOW_THRESHOLD)


@settings(deadline=None)
@given(calls, st.integers(0, 6))
def test_excluding_one_never_reorders_the_others(entries: list[Entry], index: int) -> None:
    before = [row.key for row in rank(ILO, entries).rows]
    out = f"P{index}"
    after = rank(ILO, [Entry(e.key, e.reviews, "withdrawn" if e.key == out else None) for e in entries])
    assert [row.key for row in after.rows] == [key for key in before if key != out]


@settings(deadline=None)
@given(rubrics, calls)
def test_a_record_always_gives_its_result_again(rubric: Rubric, entries: list[Entry]) -> None:
    record = json.loads(json.dumps(record_of(rubric, entries)))
    assert result_as_json(recompute(record)) == record["result"]
