"""Mirrors, bonuses, sections, voter groups, agreed scores and trimmed means, each against a plain sum."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.reviews.looks import weight_in_words
from challenge.reviews.rules import running_total
from challenge.rubrics.aggregate import best_adds, overall_score, panel_score
from challenge.rubrics.definition import (
    NOT_APPLICABLE,
    Aggregation,
    Criterion,
    Join,
    KnockOut,
    Overall,
    Prefer,
    Quota,
    Rubric,
    Scale,
    Section,
    Selection,
    VoterGroup,
    from_builtins,
    to_builtins,
)
from challenge.rubrics.rules import faults, highest_score, scale_of
from tests.scoring.grids import scores

FIVE = Scale(min=Decimal(1), max=Decimal(5))
MARKS = Scale(min=Decimal(1), max=Decimal(6), best=Prefer.LOW)
SUM = Aggregation(overall=Overall.SUM)


def one(code: str, **more: Any) -> Criterion:
    return msgspec.structs.replace(Criterion(code=code, label={"en": code.upper()}), **more)


def rubric(*criteria: Criterion, **more: Any) -> Rubric:
    return msgspec.structs.replace(Rubric(scale=FIVE, criteria=criteria), **more)


def test_on_a_reversed_scale_the_lowest_is_the_best() -> None:
    marks = rubric(one("a"), one("b"), scale=MARKS, aggregation=SUM)
    assert overall_score(marks, scores(marks, "11")).value == Decimal(12)
    assert overall_score(marks, scores(marks, "61")).value == Decimal(7)
    term = overall_score(marks, scores(marks, "21")).terms[0]
    assert (term.score, term.mirrored, term.adds) == (Decimal(2), Decimal(5), Decimal(5))
    panel = panel_score(marks, [scores(marks, "21"), scores(marks, "41")])
    assert panel.criterion_means == {"a": Decimal(3), "b": Decimal(1)}


def test_a_reversed_scale_stays_reversed_where_a_criterion_has_its_own_end() -> None:
    marks = rubric(one("a", max_points=Decimal(4)), scale=MARKS, aggregation=SUM)
    assert scale_of(marks, marks.criteria[0]).best == Prefer.LOW
    assert overall_score(marks, {"a": Decimal(1)}).value == Decimal(4)


def test_a_bonus_adds_points_and_no_maximum() -> None:
    plain = rubric(
        one("a", max_points=Decimal(100)),
        one("extra", max_points=Decimal(5), bonus=True),
        scale=Scale(min=Decimal(0), max=Decimal(100)),
        aggregation=SUM,
    )
    assert highest_score(plain) == Decimal(100)
    assert overall_score(plain, scores(plain, "100 5")).value == Decimal(105)
    assert overall_score(plain, {"a": Decimal(80), "extra": NOT_APPLICABLE}).value == Decimal(80)
    more = msgspec.structs.replace(plain, criteria=(*plain.criteria, one("b", max_points=Decimal(100))))
    left_out = {"a": Decimal(80), "extra": Decimal(5), "b": NOT_APPLICABLE}
    assert overall_score(more, left_out).value == Decimal(165)
    assert sum(term.adds for term in overall_score(more, left_out).terms) == Decimal(165)
    mean = msgspec.structs.replace(plain, aggregation=Aggregation())
    # the bonus of 5 points weighs like the other criterion: all of it is a second hundred
    assert overall_score(mean, scores(mean, "50 5")).value == Decimal(150)


def test_what_is_not_counted_changes_nothing() -> None:
    asked = rubric(one("a"), one("gate", uncounted=True))
    assert overall_score(asked, scores(asked, "41")).value == Decimal(80)
    left = {"a": NOT_APPLICABLE, "gate": Decimal(1)}
    assert overall_score(asked, left).value is None
    assert [term.adds for term in overall_score(asked, left).terms] == [0, 0]
    assert str(weight_in_words(asked, asked.criteria[1])) == "asked, and not added up"


def test_a_section_has_its_share_however_many_criteria_it_has() -> None:
    parts = rubric(
        one("a", section="one"),
        one("b", section="two"),
        one("c", section="two", counted=Decimal(2)),
        sections=(
            Section(code="one", label={"en": "One"}, weight=Decimal(60)),
            Section(code="two", label={"en": "Two"}, weight=Decimal(40)),
        ),
    )
    # 60 * 5/5 + 40 * (1/5 * 1/3 + 4/5 * 2/3)
    expected = 60 + 40 * (Fraction(1, 5) / 3 + Fraction(4, 5) * 2 / 3)
    found = overall_score(parts, scores(parts, "514"))
    assert Fraction(found.exact.points, found.exact.parts) == expected
    panel = panel_score(parts, [scores(parts, "514")])
    assert panel.sections == {"one": Decimal(100), "two": Decimal(60)}
    assert [best_adds(parts, criterion) for criterion in parts.criteria] == [
        Decimal(60),
        Decimal("13.333333"),
        Decimal("26.666667"),
    ]
    assert str(weight_in_words(parts, parts.criteria[2])) == "weight 26.7 %"


def test_a_section_of_points_is_their_sum_and_scaled_up_where_one_is_left_out() -> None:
    points = rubric(
        one("a", section="one", max_points=Decimal(10)),
        one("b", section="one", max_points=Decimal(30)),
        scale=Scale(min=Decimal(0), max=Decimal(30)),
        aggregation=SUM,
        sections=(Section(code="one", label={"en": "One"}),),
    )
    assert panel_score(points, [scores(points, "7 21")]).sections == {"one": Decimal(28)}
    left = {"a": NOT_APPLICABLE, "b": Decimal(15)}
    assert panel_score(points, [left]).sections == {"one": Decimal(20)}


def test_voter_groups_have_fixed_shares_however_many_vote() -> None:
    judged = rubric(
        one("a"),
        aggregation=Aggregation(
            groups=(
                VoterGroup(code="judges", label={"en": "Judges"}, share=Decimal(70)),
                VoterGroup(code="users", label={"en": "Users"}, share=Decimal(30)),
            )
        ),
    )
    reviews = [{"a": Decimal(n)} for n in (5, 1, 2, 3)]
    panel = panel_score(judged, reviews, ["judges", "users", "users", "users"])
    assert panel.groups == {"judges": Decimal(100), "users": Decimal(40)}
    assert panel.value == Decimal(82)
    assert panel.criterion_means == {"a": Decimal("4.1")}
    assert panel_score(judged, reviews[:1], ["judges"]).value is None


def test_an_agreed_score_takes_the_place_of_the_mean_and_the_spread_stays() -> None:
    agreeing = rubric(one("a"), aggregation=Aggregation(consensus=True))
    reviews = [{"a": Decimal(2)}, {"a": Decimal(5)}]
    panel = panel_score(agreeing, reviews, consensus={"a": Decimal(3)})
    assert (panel.value, panel.range, panel.terms) == (Decimal(60), Decimal(60), (Decimal(40), Decimal(100)))
    assert panel.criterion_means == {"a": Decimal(3)}
    assert panel_score(agreeing, reviews).value == Decimal(70)


@pytest.mark.parametrize(("numbers", "value"), [("1", 20), ("15", 60), ("145", 80), ("1145", 50)])
def test_a_trimmed_mean_leaves_out_the_highest_and_the_lowest(numbers: str, value: int) -> None:
    trimmed = rubric(one("a"), aggregation=Aggregation(panel=Join.TRIMMED))
    assert panel_score(trimmed, [{"a": Decimal(n)} for n in numbers]).value == Decimal(value)


def test_the_running_total_of_points_counts_mirrors_and_leaves_out_what_is_only_asked() -> None:
    points = rubric(
        one("a", counted=Decimal(2)),
        one("mark", scale=MARKS),
        one("gate", uncounted=True),
        one("last"),
        aggregation=SUM,
    )
    assert running_total(points, {"a": Decimal(3), "mark": Decimal(1), "gate": Decimal(5)}) == Decimal(12)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(list(Join)),
)
def test_mirroring_by_hand_gives_the_same_panel_score(numbers: list[list[int]], join: Join) -> None:
    reversed_ = rubric(
        one("a"), one("b"), scale=MARKS, aggregation=Aggregation(overall=Overall.SUM, panel=join)
    )
    upright = msgspec.structs.replace(reversed_, scale=Scale(min=Decimal(1), max=Decimal(6)))

    def given_as(mirrored: bool) -> Sequence[dict[str, Any]]:
        return [
            {c: Decimal(7 - n if mirrored else n) for c, n in zip("ab", pair, strict=True)}
            for pair in numbers
        ]

    assert panel_score(reversed_, given_as(False)).exact == panel_score(upright, given_as(True)).exact


SECTION = Section(code="one", label={"en": "One"})


@pytest.mark.parametrize(
    ("wrong", "path", "sentence"),
    [
        (rubric(one("a", section="two")), ("criteria", 0, "section"), "No section has the code two."),
        (rubric(one("a"), sections=(SECTION,)), ("sections", 0), "No criterion that counts stands in this section."),
        (
            rubric(one("a", section="one"), sections=(SECTION, SECTION)),
            ("sections", 1, "code"),
            "The code one is used twice.",
        ),
        (
            rubric(
                one("a", section="one"),
                sections=(msgspec.structs.replace(SECTION, weight=Decimal(0)),),
            ),
            ("sections", 0, "weight"),
            "Use a number above zero. You wrote 0.",
        ),
        (
            rubric(
                one("a", section="one"),
                aggregation=SUM,
                sections=(msgspec.structs.replace(SECTION, weight=Decimal(3)),),
            ),
            ("sections", 0, "weight"),
            "Points that are added up have no weights of sections.",
        ),
        (
            rubric(
                one("a", section="one"),
                aggregation=SUM,
                sections=(msgspec.structs.replace(SECTION, threshold=Decimal(6)),),
            ),
            ("sections", 0, "threshold"),
            "The threshold of this section lies between 0 and 5.",
        ),
        (
            rubric(one("a", knock_out=KnockOut(below=Decimal(7)))),
            ("criteria", 0, "knock_out", "below"),
            "A level that knocks out lies on the scale, from 1 to 5.",
        ),
        (
            rubric(one("a"), one("b", bonus=True, uncounted=True)),
            ("criteria", 1, "bonus"),
            "A criterion is a bonus or not counted, not both.",
        ),
        (
            rubric(one("a", bonus=True)),
            ("criteria",),
            "At least one criterion must count, and not only as a bonus.",
        ),
        (
            rubric(
                one("a"),
                aggregation=Aggregation(groups=(VoterGroup(code="x", label={"en": "X"}, share=Decimal(-1)),)),
            ),
            ("aggregation", "groups", 0, "share"),
            "Use a number above zero. You wrote -1.",
        ),
        (
            rubric(
                one("a"),
                aggregation=Aggregation(groups=(VoterGroup(code="x", label={"en": "X"}, share=Decimal(1)),) * 2),
            ),
            ("aggregation", "groups", 1, "code"),
            "The code x is used twice.",
        ),
        (
            rubric(one("a"), selection=Selection()),
            ("selection",),
            "A selection needs a limit: top, share, mark, budget or a quota.",
        ),
        (
            rubric(one("a"), selection=Selection(top=0)),
            ("selection", "top"),
            "Use a number above zero. You wrote 0.",
        ),
        (
            rubric(one("a"), selection=Selection(share=Decimal(120))),
            ("selection", "share"),
            "A share lies above 0 and up to 100 per cent. You wrote 120.",
        ),
        (
            rubric(one("a"), selection=Selection(budget=Decimal(0))),
            ("selection", "budget"),
            "Use a number above zero. You wrote 0.",
        ),
        (
            rubric(
                one("a"),
                selection=Selection(budget=Decimal(5), multiple=Decimal(2), least_multiple=Decimal(3)),
            ),
            ("selection", "least_multiple"),
            "The least multiple of the budget is above the most.",
        ),
        (
            rubric(one("a"), selection=Selection(top=1, reserve=-1)),
            ("selection", "reserve"),
            "Use zero or a number above. You wrote -1.",
        ),
        *(
            (
                rubric(one("a"), selection=Selection(quotas=(Quota(code="q", label={"en": "Q"}, column="x", **given),))),
                ("selection", "quotas", 0, *place),
                sentence,
            )
            for given, place, sentence in (
                ({}, (), "A quota needs a limit: most, least, most_share or least_share."),
                ({"most": -1}, ("most",), "Use zero or a number above. You wrote -1."),
                ({"most": 1, "least": 2}, ("most",), "The most must not be fewer than the least."),
                (
                    {"most_share": Decimal(10), "least_share": Decimal(20)},
                    ("most_share",),
                    "The most must not be fewer than the least.",
                ),
                (
                    {"least_share": Decimal(0)},
                    ("least_share",),
                    "A share lies above 0 and up to 100 per cent. You wrote 0.",
                ),
                ({"most": 1, "values": ("v", "v")}, ("values", 1), "“v” stands twice."),
                ({"most": 1, "each": True}, ("each",), "Name the values that count each by itself."),
            )
        ),
    ],
)  # fmt: skip
def test_a_fault_of_the_mechanics_has_its_place_and_its_sentence(
    wrong: Rubric, path: tuple[object, ...], sentence: str
) -> None:
    assert [(where, str(text)) for where, text in faults(wrong)] == [(path, sentence)]


def test_everything_is_kept_as_json_and_read_again() -> None:
    full = rubric(
        one("a", section="one", knock_out=KnockOut(below=Decimal(2), zeroes=True)),
        one("b", bonus=True),
        scale=MARKS,
        aggregation=Aggregation(
            consensus=True, groups=(VoterGroup(code="x", label={"en": "X"}, share=Decimal(1)),)
        ),
        sections=(SECTION,),
        lot=True,
        selection=Selection(
            budget=Decimal(10),
            least_multiple=Decimal("0.5"),
            currency="EUR",
            quotas=(Quota(code="q", label={"en": "Q"}, column="track", values=("v",), each=True, most=1),),
        ),
    )
    assert faults(full) == []
    assert from_builtins(to_builtins(full)) == full
