from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from statistics import stdev

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.rubrics.aggregate import overall_score, panel_score, plain, rounded
from challenge.rubrics.definition import NOT_APPLICABLE, Aggregation, Criterion, Join, Rubric, Scale
from challenge.rubrics.rules import highest_score, levels
from tests.scoring.grids import CULTURE, DEMONSTRATION, HORIZON, ILO, scores


@pytest.mark.parametrize(
    ("rubric", "numbers", "value"),
    [
        (ILO, "11111", "20"),
        (ILO, "55555", "100"),
        (ILO, "44344", "76"),
        (ILO, "23222", "44"),
        (CULTURE, "30 20 20 20 10", "100"),
        (CULTURE, "22 15 14 17 7", "75"),
        (CULTURE, "0 0 0 0 0", "0"),
        (HORIZON, "4.5 4 3.5", "12"),
        (HORIZON, "5 5 5", "15"),
    ],
)
def test_overall_score_is_what_the_call_says(rubric: Rubric, numbers: str, value: str) -> None:
    assert overall_score(rubric, scores(rubric, numbers)).value == Decimal(value)


def test_terms_say_what_each_criterion_adds() -> None:
    terms = overall_score(ILO, scores(ILO, "44344")).terms
    assert [(t.criterion, t.score, t.maximum, t.counts, t.adds) for t in terms] == [
        ("relevance", Decimal(4), Decimal(5), Decimal(5), Decimal(20)),
        ("innovation", Decimal(4), Decimal(5), Decimal(4), Decimal(16)),
        ("decent-work", Decimal(3), Decimal(5), Decimal(4), Decimal(12)),
        ("inclusion", Decimal(4), Decimal(5), Decimal(3), Decimal(12)),
        ("feasibility", Decimal(4), Decimal(5), Decimal(4), Decimal(16)),
    ]


def test_weights_need_not_add_up_to_a_hundred() -> None:
    thirds = Rubric(
        scale=Scale(min=Decimal(0), max=Decimal(3)),
        criteria=tuple(Criterion(code=code, label={"en": code}) for code in "abc"),
    )
    overall = overall_score(thirds, scores(thirds, "100"))
    assert overall.value == Decimal("11.111111")
    assert Fraction(overall.exact.points, overall.exact.parts) == Fraction(100, 9)


def test_counted_twice_weighs_double_in_mean_and_sum() -> None:
    twice = msgspec.structs.replace(
        HORIZON,
        criteria=(msgspec.structs.replace(HORIZON.criteria[0], counted=Decimal(2)), *HORIZON.criteria[1:]),
    )
    assert overall_score(twice, scores(twice, "5 1 2")).value == Decimal(13)
    assert highest_score(twice) == Decimal(20)
    mean = msgspec.structs.replace(twice, aggregation=Aggregation())
    assert overall_score(mean, scores(mean, "5 0 0")).value == Decimal(50)


@pytest.mark.parametrize(("rubric", "value"), [(ILO, "80"), (CULTURE, "80"), (HORIZON, "12")])
def test_not_applicable_leaves_the_score_unharmed(rubric: Rubric, value: str) -> None:
    given_scores = {c.code: levels(rubric, c)[-1] * Decimal("0.8") for c in rubric.criteria}
    left_out = given_scores | {rubric.criteria[0].code: NOT_APPLICABLE}
    assert overall_score(rubric, given_scores).value == Decimal(value)
    overall = overall_score(rubric, left_out)
    assert overall.value == Decimal(value)
    assert sum(term.adds for term in overall.terms) == pytest.approx(Decimal(value), abs=Decimal("0.00001"))
    assert overall.terms[0].adds == 0


def test_a_review_without_any_number_has_no_score_and_lowers_none() -> None:
    nothing = {c.code: NOT_APPLICABLE for c in ILO.criteria}
    assert overall_score(ILO, nothing).value is None
    panel = panel_score(ILO, [nothing, scores(ILO, "44444")])
    assert (panel.value, panel.count, panel.terms) == (Decimal(80), 1, (None, Decimal(80)))
    assert panel_score(ILO, [nothing]).value is None


@pytest.mark.parametrize("code", ["relevance", "unheard-of"])
def test_incomplete_or_foreign_scores_are_refused(code: str) -> None:
    wrong = scores(ILO, "44444")
    if code in wrong:
        del wrong[code]
    else:
        wrong[code] = Decimal(1)
    with pytest.raises(ValueError, match=code):
        overall_score(ILO, wrong)


@pytest.mark.parametrize(
    ("key", "value", "range_", "work"),
    [
        ("P02", "87", "20", "4.666667"),
        ("P01", "86.666667", "20", "4"),
        ("P04", "84.333333", "4", "4"),
        ("P05", "76.666667", "53", "3.666667"),
        ("P10", "59", "28", "2.666667"),
    ],
)
def test_panel_scores_of_the_demonstration(key: str, value: str, range_: str, work: str) -> None:
    panel = panel_score(ILO, [scores(ILO, digits) for digits in DEMONSTRATION[key].values()])
    assert panel.value == panel.for_ranking == Decimal(value)
    assert panel.range == Decimal(range_)
    assert panel.criterion_means["decent-work"] == Decimal(work)
    assert panel.count == 3


def test_spread_is_the_sample_standard_deviation() -> None:
    panel = panel_score(ILO, [scores(ILO, digits) for digits in DEMONSTRATION["P05"].values()])
    assert panel.terms == (Decimal(44), Decimal(97), Decimal(89))
    assert float(panel.spread or 0) == pytest.approx(stdev([44, 97, 89]), abs=1e-6)


def test_one_review_has_no_spread_and_none_has_nothing() -> None:
    one = panel_score(ILO, [scores(ILO, "44444")])
    assert (one.value, one.spread, one.range) == (Decimal(80), None, None)
    none = panel_score(ILO, [])
    assert (none.value, none.spread, none.count) == (None, None, 0)
    assert set(none.criterion_means.values()) == {None}


def test_median_joins_reviews_and_criteria() -> None:
    rubric = msgspec.structs.replace(ILO, aggregation=Aggregation(panel=Join.MEDIAN))
    odd = [scores(rubric, digits) for digits in ("11111", "44444", "55555")]
    assert panel_score(rubric, odd).value == Decimal(80)
    assert panel_score(rubric, odd[:2]).value == Decimal(50)
    assert panel_score(rubric, odd).criterion_means["inclusion"] == Decimal(4)


def test_ranking_weights_do_not_touch_the_score() -> None:
    panel = panel_score(HORIZON, [scores(HORIZON, "4 5 3")])
    assert (panel.value, panel.for_ranking) == (Decimal(12), Decimal("14.5"))


def test_panel_takes_overall_scores_and_plain_scores_alike() -> None:
    given_scores = [scores(ILO, digits) for digits in DEMONSTRATION["P08"].values()]
    mixed = [overall_score(ILO, given_scores[0]), *given_scores[1:]]
    assert panel_score(ILO, mixed) == panel_score(ILO, given_scores)


@pytest.mark.parametrize(
    ("number", "written"), [("70.000000", "70"), ("0.500", "0.5"), ("1E+2", "100"), ("-0.0", "0"), ("0", "0")]
)
def test_numbers_are_written_plainly(number: str, written: str) -> None:
    assert str(plain(Decimal(number))) == written


def test_rounding_is_to_six_places_half_to_even() -> None:
    assert str(rounded(Fraction(1, 3))) == "0.333333"
    assert str(rounded(Fraction(5, 10**7))) == "0"
    assert str(rounded(Fraction(15, 10**7))) == "0.000002"


one_review = st.lists(st.sampled_from("12345"), min_size=5, max_size=5).map("".join)
panels = st.lists(one_review, min_size=1, max_size=6)


@settings(deadline=None)
@given(panels, st.randoms())
def test_the_order_of_reviews_does_not_matter(reviews: list[str], random: object) -> None:
    shuffled = list(reviews)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = panel_score(ILO, [scores(ILO, digits) for digits in reviews])
    other = panel_score(ILO, [scores(ILO, digits) for digits in shuffled])
    assert replace(one, terms=()) == replace(other, terms=())


@settings(deadline=None)
@given(panels)
def test_a_panel_score_lies_among_its_reviews(reviews: list[str]) -> None:
    panel = panel_score(ILO, [scores(ILO, digits) for digits in reviews])
    assert panel.value is not None
    given_scores = [term for term in panel.terms if term is not None]
    assert min(given_scores) <= panel.value <= max(given_scores)


@settings(deadline=None)
@given(one_review, st.integers(0, 4))
def test_a_higher_score_never_lowers_the_overall_score(digits: str, place: int) -> None:
    higher = digits[:place] + str(min(int(digits[place]) + 1, 5)) + digits[place + 1 :]
    low, high = overall_score(ILO, scores(ILO, digits)), overall_score(ILO, scores(ILO, higher))
    assert (low.value or 0) <= (high.value or 0)
