from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.rubrics.definition import (
    Aggregation,
    AtLine,
    Criterion,
    Overall,
    Quota,
    Rubric,
    Scale,
    Selection,
)
from challenge.scoring.explanation import explain, explain_list, reason
from challenge.scoring.ranking import Cause, Entry, RankingResult, Standing, Status
from challenge.scoring.records import is_reproduced, record_of
from challenge.scoring.selection import rank_and_list

RUBRIC = Rubric(
    scale=Scale(min=Decimal(0), max=Decimal(100)),
    criteria=(Criterion(code="a", label={"en": "A"}),),
    aggregation=Aggregation(overall=Overall.SUM, overall_threshold=Decimal(10)),
)


def one(key: str, score: int, **more: Any) -> Entry:
    return Entry(key, {f"{key}-r": {"a": Decimal(score)}}, **more)


def drawn(entries: Sequence[Entry], **limits: Any) -> RankingResult:
    return rank_and_list(msgspec.structs.replace(RUBRIC, selection=Selection(**limits)), entries)


def told(result: RankingResult) -> dict[str, str]:
    return {row.key: row.status for row in result.rows}


def keys(result: RankingResult, status: Status = Status.SELECTED) -> str:
    return "".join(row.key for row in result.with_status(status))


def quota(**more: Any) -> Quota:
    return Quota(code="q", label={"en": "Quota"}, **{"column": "country", **more})


LINE = [one(key, score) for key, score in zip("ABCDEF", (90, 80, 70, 60, 50, 5), strict=True)]


def test_the_first_so_many_come_in_the_next_stand_in_reserve_and_everybody_has_a_reason() -> None:
    result = drawn(LINE, top=2, reserve=2)
    assert told(result) == {
        "A": "selected",
        "B": "selected",
        "C": "reserve",
        "D": "reserve",
        "E": "not-selected",
        "F": "below-threshold",
    }
    assert [str(reason(row)) for row in result.rows] == [
        "It is among the 2 that come in.",
        "It is among the 2 that come in.",
        "2 come in, and others stand above it.",
        "2 come in, and others stand above it.",
        "2 come in, and others stand above it.",
        "The overall threshold of 10 is not reached.",
    ]
    assert [str(text) for text in explain(result.rows[2])][-2:] == [
        "Reserve list, number 1.",
        "2 come in, and others stand above it.",
    ]
    assert result.chosen is not None and result.chosen.count == 2


@pytest.mark.parametrize(("share", "selected"), [("20", "A"), ("21", "AB"), ("40", "AB"), ("100", "ABCDE")])
def test_a_share_is_of_the_ranked_and_rounded_up(share: str, selected: str) -> None:
    assert keys(drawn(LINE, share=Decimal(share))) == selected


def test_the_narrower_of_number_and_share_holds() -> None:
    assert keys(drawn(LINE, share=Decimal(60), top=2)) == "AB"
    assert keys(drawn(LINE, share=Decimal(20), top=2)) == "A"


def test_a_mark_is_held_against_the_exact_score() -> None:
    result = drawn(LINE, mark=Decimal(70), reserve=3)
    assert keys(result) == "ABC"
    assert keys(result, Status.RESERVE) == ""
    assert str(reason(result.rows[3])) == "60 is below the mark of 70."
    third = Entry("T", {f"r{n}": {"a": Decimal(score)} for n, score in enumerate((70, 70, 69))})
    assert keys(drawn([third], mark=Decimal("69.666667"))) == ""
    assert keys(drawn([third], mark=Decimal("69.666666"))) == "T"


def asking(*amounts: int | None, scores: str = "987654", **more: Any) -> list[Entry]:
    return [
        one(key, 10 * int(score), amount=None if amount is None else Decimal(amount), currency="EUR", **more)
        for key, score, amount in zip("ABCDEF", scores, amounts, strict=False)
    ]


def test_the_money_draws_a_line_at_the_first_that_does_not_fit() -> None:
    result = drawn(asking(40, 30, 40, 10), budget=Decimal(50), multiple=Decimal(2), reserve=1)
    assert told(result) == {"A": "selected", "B": "selected", "C": "reserve", "D": "not-selected"}
    assert [str(reason(row)) for row in result.rows] == [
        "With those before it, 40 of 100 is asked for.",
        "With those before it, 70 of 100 is asked for.",
        "With it 110 would be asked for, and 100 is the most.",
        "The line that the money draws lies above it.",
    ]
    assert result.chosen is not None
    assert [str(text) for text in explain_list(result.chosen)] == [
        "2 proposals are selected.",
        "They ask for 70 EUR.",
    ]


def test_money_exactly_used_up_is_within_the_budget() -> None:
    assert keys(drawn(asking(60, 40, 1), budget=Decimal(100))) == "AB"


def test_below_the_least_multiple_the_one_across_the_line_comes_in() -> None:
    limits = {"budget": Decimal(10), "multiple": Decimal(3), "least_multiple": Decimal("2.5")}
    result = drawn(asking(20, 15, 1), **limits)
    assert keys(result) == "AB"
    assert result.rows[1].listing is not None
    assert result.rows[1].listing.cause == Cause.LEAST_MULTIPLE
    assert keys(drawn(asking(25, 15, 1), **limits)) == "A"
    equal = drawn(asking(20, 15, 15, 1, scores="9776"), **limits)
    assert told(equal) == {
        "A": "selected",
        "B": "tied-at-the-line",
        "C": "tied-at-the-line",
        "D": "not-selected",
    }


def test_who_names_no_amount_or_another_currency_is_told_so() -> None:
    entries = asking(10, None, 10)
    entries.append(one("X", 60, amount=Decimal(10), currency="USD"))
    result = drawn(entries, budget=Decimal(100), currency="EUR", reserve=4)
    assert keys(result) == "AC"
    assert keys(result, Status.RESERVE) == ""
    assert str(reason(result.rows[1])) == "No amount is recorded that could be held against the money."
    assert str(reason(result.rows[3])) == "It asks in USD; amounts in two currencies are not added up."
    several = drawn(entries, budget=Decimal(100))
    assert keys(several) == ""


EQUAL = [one("A", 90), one("B", 70), one("C", 70), one("D", 60)]


@pytest.mark.parametrize(
    ("ties", "statuses"),
    [
        (AtLine.OPEN, ["selected", "tied-at-the-line", "tied-at-the-line", "not-selected"]),
        (AtLine.IN, ["selected", "selected", "selected", "not-selected"]),
        (AtLine.OUT, ["selected", "not-selected", "not-selected", "not-selected"]),
    ],
)
def test_equals_across_the_line_are_left_open_taken_or_left_out(ties: AtLine, statuses: list[str]) -> None:
    result = drawn(EQUAL, top=2, ties=ties)
    assert [row.status for row in result.rows] == statuses
    assert {
        AtLine.OPEN: "It ties with C, and not all of them fit; somebody has to decide.",
        AtLine.IN: "It ties with C at the line, and all of them come in.",
        AtLine.OUT: "It ties with C at the line, and all of them stay out.",
    }[ties] == str(reason(result.rows[1]))


def test_equals_never_come_in_beyond_the_money() -> None:
    result = drawn(asking(50, 40, 40, 5, scores="9775"), budget=Decimal(100), ties=AtLine.IN)
    assert [row.status for row in result.rows] == [
        "selected", "tied-at-the-line", "tied-at-the-line", "not-selected",
    ]  # fmt: skip


def test_equals_who_fit_together_all_come_in() -> None:
    assert keys(drawn(EQUAL, top=3)) == "ABC"


def test_equals_at_the_end_of_the_reserve_list() -> None:
    for ties, expected in (
        (AtLine.OPEN, ["tied-at-the-line"] * 2),
        (AtLine.IN, ["reserve"] * 2),
        (AtLine.OUT, ["not-selected"] * 2),
    ):
        assert [row.status for row in drawn(EQUAL, top=1, reserve=1, ties=ties).rows[1:3]] == expected


def test_a_lot_leaves_nothing_open() -> None:
    rubric = msgspec.structs.replace(RUBRIC, lot=True, selection=Selection(top=2))
    result = rank_and_list(rubric, EQUAL, seed="7")
    assert sorted(row.status for row in result.rows) == [
        "not-selected",
        "not-selected",
        "selected",
        "selected",
    ]
    assert [row.status for row in rank_and_list(rubric, EQUAL).rows].count("tied-at-the-line") == 2


def placed(countries: str, **more: Any) -> list[Entry]:
    return [
        one(key, 90 - 5 * n, country=country, **more)
        for n, (key, country) in enumerate(zip("ABCDEFGH", countries, strict=False))
    ]


def test_a_full_quota_is_passed_over_and_may_stand_in_reserve() -> None:
    result = drawn(placed("NNNOO"), top=3, reserve=1, quotas=(quota(most=2),))
    assert told(result) == {
        "A": "selected", "B": "selected", "C": "reserve", "D": "selected", "E": "not-selected",
    }  # fmt: skip
    assert str(reason(result.rows[2])) == "“Quota: N” allows 2, and others stand above it."


def test_equals_before_a_quota_with_one_room_are_open_and_the_others_go_on() -> None:
    entries = [
        one("A", 90, country="N"),
        one("B", 80, country="N"),
        one("C", 80, country="N"),
        one("D", 80, country="O"),
        one("E", 70, country="P"),
    ]
    result = drawn(entries, top=4, quotas=(quota(most=2),))
    assert told(result) == {
        "A": "selected", "B": "tied-at-the-line", "C": "tied-at-the-line", "D": "selected", "E": "selected",
    }  # fmt: skip
    assert "has no room for all" in str(reason(result.rows[1]))
    assert told(drawn(entries, top=3, quotas=(quota(most=2),)))["E"] == "not-selected"


def test_one_winner_per_track_and_a_track_that_stays_empty() -> None:
    tracks = {"A": "solar", "B": "solar", "C": "wind", "F": "water"}
    entries = [
        one(e.key, int(e.reviews[f"{e.key}-r"]["a"]), track=tracks[e.key]) for e in LINE if e.key in tracks
    ]  # type: ignore[arg-type]
    result = drawn(
        entries, quotas=(quota(column="track", most=1, each=True, values=("solar", "wind", "water", "heat")),)
    )
    assert told(result) == {"A": "selected", "C": "selected", "B": "not-selected", "F": "below-threshold"}
    assert result.chosen is not None
    assert [(one.value, one.count) for one in result.chosen.quotas] == [
        ("solar", 1), ("wind", 1), ("water", 0), ("heat", 0),
    ]  # fmt: skip
    assert [str(text) for text in explain_list(result.chosen)][1:] == [
        "Quota: solar: 1 selected. Kept.",
        "Quota: wind: 1 selected. Kept.",
        "Quota: water: nobody is selected; it stays empty.",
        "Quota: heat: nobody is selected; it stays empty.",
    ]


def test_a_proposal_in_two_categories_takes_a_place_in_both() -> None:
    both = one("A", 90, columns={"category": ("x", "y")})
    rest = [one("B", 80, columns={"category": "x"}), one("C", 70, columns={"category": "z"})]
    assert keys(drawn([both, *rest], quotas=(quota(column="category", most=1),))) == "AC"


def test_at_least_so_many_come_in_and_the_lowest_others_give_way() -> None:
    result = drawn(placed("OOONN"), top=3, quotas=(quota(values=("N",), least=2),))
    assert told(result) == {
        "A": "selected", "B": "not-selected", "C": "not-selected", "D": "selected", "E": "selected",
    }  # fmt: skip
    assert str(reason(result.rows[1])) == "It gives way so that “Quota” is kept."
    assert str(reason(result.rows[3])) == "It comes in because “Quota” asks for it."


def test_a_quota_nobody_can_meet_is_told() -> None:
    result = drawn(placed("OON"), top=3, quotas=(quota(values=("N",), least=2),))
    assert keys(result) == "ABC"
    assert result.chosen is not None and result.chosen.quotas[0].is_met is False
    assert "Not kept" in str(explain_list(result.chosen)[1])


def money(countries: str, *amounts: int) -> list[Entry]:
    return [
        one(key, 90 - 5 * n, country=country, amount=Decimal(amount), currency="USD")
        for n, (key, country, amount) in enumerate(zip("ABCDEFGH", countries, amounts, strict=False))
    ]


def test_half_of_the_money_to_some_countries() -> None:
    # by order A, B, C: 20 of 100 to N; D comes in for C, and 60 of 100 are for N
    result = drawn(
        money("OONNN", 40, 40, 20, 40, 10),
        budget=Decimal(100),
        quotas=(quota(values=("N",), least_share=Decimal(50)),),
    )
    assert keys(result) == "ACD"
    assert [row.listing.reached for row in result.rows if row.status == "selected" and row.listing] == [
        40,
        60,
        100,
    ]
    assert result.chosen is not None
    assert (result.chosen.amount, result.chosen.quotas[0].amount, result.chosen.quotas[0].is_met) == (
        Decimal(100), Decimal(60), True,
    )  # fmt: skip


def test_a_share_of_the_money_that_nobody_can_fill_is_kept_by_giving_way() -> None:
    result = drawn(money("OON", 40, 40, 40), top=3, quotas=(quota(values=("N",), least_share=Decimal(50)),))
    assert keys(result) == "AC"
    assert str(reason(result.rows[1])) == "It gives way so that “Quota” is kept."


def test_at_most_a_share_of_the_money_to_one_country() -> None:
    result = drawn(
        money("NNOO", 50, 50, 40, 30), top=3, quotas=(quota(values=("N",), most_share=Decimal(60)),)
    )
    # A, B, C give N 100 of 140; B gives way and D comes in: 50 of 120
    assert keys(result) == "ACD"


def test_equals_parted_by_a_quota_alone_are_left_open() -> None:
    entries = [
        one("A", 90, country="O"),
        one("B", 80, country="O"),
        one("C", 80, country="O"),
        one("D", 70, country="N"),
    ]
    result = drawn(entries, top=3, quotas=(quota(values=("N",), least=1),))
    assert told(result) == {
        "A": "selected",
        "B": "tied-at-the-line",
        "C": "tied-at-the-line",
        "D": "selected",
    }


def test_the_list_is_in_the_record_and_comes_out_again() -> None:
    rubric = msgspec.structs.replace(
        RUBRIC,
        selection=Selection(
            budget=Decimal(100), reserve=1, quotas=(quota(values=("N",), least_share=Decimal(50)),)
        ),
    )
    record = record_of(rubric, money("OONNN", 40, 40, 20, 40, 10))
    assert [row["listing"]["status"] for row in record["result"]["rows"]] == [
        "selected", "reserve", "selected", "selected", "not-selected",
    ]  # fmt: skip
    assert is_reproduced(record)
    record["inputs"][0]["amount"] = "70"
    assert not is_reproduced(record)


# ---------- laws ----------

proposals = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from("NOP"), st.integers(1, 5)), min_size=1, max_size=7
).map(
    lambda rows: [
        one(f"P{n}", 8 * score, country=country, amount=Decimal(amount), currency="EUR")
        for n, (score, country, amount) in enumerate(rows)
    ]
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "top": st.integers(1, 5),
        "share": st.sampled_from([Decimal(20), Decimal(50), Decimal(100)]),
        "mark": st.sampled_from([Decimal(24), Decimal(64)]),
        "budget": st.integers(1, 15).map(Decimal),
        "reserve": st.integers(0, 3),
        "ties": st.sampled_from(list(AtLine)),
    },
)
quotas = st.fixed_dictionaries(
    {"values": st.sampled_from([(), ("N",), ("N", "O")])},
    optional={
        "most": st.integers(0, 3),
        "least": st.integers(0, 3),
        "least_share": st.sampled_from([Decimal(30), Decimal(50)]),
        "most_share": st.sampled_from([Decimal(60), Decimal(90)]),
    },
)


@settings(deadline=None, max_examples=300)
@given(proposals, limits, st.lists(quotas, max_size=2), st.randoms())
def test_no_limit_is_broken_and_everybody_is_told_why(
    entries: list[Entry], given_limits: dict[str, Any], given_quotas: list[dict[str, Any]], random: Any
) -> None:
    made = tuple(
        Quota(code=f"q{n}", label={"en": "Q"}, column="country", **each)
        for n, each in enumerate(given_quotas)
    )
    result = drawn(entries, **given_limits, quotas=made)
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert drawn(shuffled, **given_limits, quotas=made) == result
    known = {entry.key: entry for entry in entries}
    chosen = [known[row.key] for row in result.with_status(Status.SELECTED)]
    for row in result.rows:
        assert (row.listing is not None) == (row.standing == Standing.RANKED)
        assert all(str(text) for text in explain(row))
        assert str(reason(row))
        if row.status == "selected" and "mark" in given_limits:
            assert (row.score or 0) >= given_limits["mark"]
    by_place: dict[int | None, set[str]] = {}
    for row in result.ranked:
        by_place.setdefault(row.place, set()).add(row.status)
    if "budget" in given_limits:
        assert sum(one.amount or 0 for one in chosen) <= given_limits["budget"]
    elif not made:
        # who is equal in everything the list looks at is listed alike
        assert all(len(statuses) == 1 for statuses in by_place.values())
    if "top" in given_limits and given_limits.get("ties") != AtLine.IN:
        assert len(chosen) <= given_limits["top"]
    for each in made:
        if each.most is None:
            continue
        for value in "NOP":
            inside = [one for one in chosen if one.country in (each.values or (value,))]
            assert len(inside) <= each.most


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(2, 99), st.booleans()), min_size=1, max_size=8, unique_by=lambda pair: pair[0]),
    st.integers(1, 5), st.integers(0, 4), st.integers(0, 4),
)  # fmt: skip
def test_with_a_number_and_one_quota_the_list_is_the_best_there_is(
    rows: list[tuple[int, bool]], top: int, least: int, room: int
) -> None:
    """Against every set of the ranked: of those allowed, the one that holds the higher places."""
    entries = [one(f"P{n}", score, country="N" if inside else "O") for n, (score, inside) in enumerate(rows)]
    result = drawn(entries, top=top, quotas=(quota(values=("N",), least=least, most=least + room),))
    order = [row.key for row in result.ranked]
    inside = {entry.key for entry in entries if entry.country == "N"}
    wanted = min(least, len(inside & set(order)), top)
    allowed = [
        group
        for size in range(top + 1)
        for group in combinations(range(len(order)), size)
        if wanted <= sum(order[index] in inside for index in group) <= least + room
    ]
    best = min(allowed, key=lambda group: [*group, *[len(order)] * (top - len(group))])
    assert [row.key for row in result.with_status(Status.SELECTED)] == [order[index] for index in best]


@settings(deadline=None)
@given(proposals, st.integers(1, 5))
def test_a_longer_list_holds_the_shorter_one(entries: list[Entry], top: int) -> None:
    shorter, longer = drawn(entries, top=top), drawn(entries, top=top + 1)
    assert set(keys(shorter)) <= set(keys(longer))
