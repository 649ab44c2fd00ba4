"""From scores to one number: a review's overall score, a panel's score.

Everything is computed in whole numbers and exact fractions and rounded once, for the number that is shown and
kept: to six places, half to even, zeros behind the point dropped. Comparisons (thresholds, order, ties) use
the exact values, so the order of the reviews never matters and no rounding decides a place. Scores have at
most six decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import isqrt, lcm

from challenge.rubrics import definition
from challenge.rubrics.definition import Join, NotApplicable, Rubric, Score
from challenge.rubrics.rules import missing_scores, scale_of

# One whole point, in the unit in which scores are counted and numbers are kept.
MICRO = 10**6


@dataclass(frozen=True, slots=True)
class Term:
    """What one criterion adds to an overall score: `score` times `counts` is `adds`, in its unit."""

    criterion: str
    score: Score
    maximum: Decimal
    counts: Decimal
    adds: Decimal


@dataclass(frozen=True, slots=True)
class Exact:
    """One review as a quotient of whole numbers; `parts` is 0 when every criterion was not applicable."""

    points: int
    parts: int
    # The same with the ranking weights.
    points_for_ranking: int
    parts_for_ranking: int
    # Per criterion that has a number, in millionths.
    scores: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overall:
    """One review's score; `value` is None when every criterion was left out as not applicable."""

    value: Decimal | None
    terms: tuple[Term, ...]
    exact: Exact = field(repr=False)


@dataclass(frozen=True, slots=True)
class Panel:
    """What the reviews of one proposal amount to together.

    value: mean or median of the overall scores, as the rubric says; None without any.
    for_ranking: the same with the ranking weights.
    criterion_means: per criterion the scores given, joined by the same rule; None where nobody gave one.
    spread: sample standard deviation of the overall scores (n - 1), None below two.
    range: the highest overall score minus the lowest, None below two.
    count: the reviews that have an overall score.
    terms: the overall score of every review, in the order given.
    """

    value: Decimal | None
    for_ranking: Decimal | None
    criterion_means: Mapping[str, Decimal | None]
    spread: Decimal | None
    range: Decimal | None
    count: int
    terms: tuple[Decimal | None, ...]
    exact: Fraction | None = field(repr=False)
    exact_for_ranking: Fraction | None = field(repr=False)
    exact_criteria: Mapping[str, Fraction | None] = field(repr=False)


def overall_score(rubric: Rubric, scores: Mapping[str, Score]) -> Overall:
    """The overall score of one complete review.

    A criterion answered "not applicable" leaves the mean; from a sum it leaves the points and the points to
    be had, and the rest is scaled up to the full number of points. Raises ValueError when a criterion has no
    score or a score names no criterion.
    """
    plan = _plan(rubric)
    exact = _exact(rubric, plan, scores)
    # Where something was left out, points and parts stand multiplied (`_quotient`).
    scaling = 1 if len(exact.scores) == len(plan.counts) else sum(plan.full.values())
    terms = []
    for code, counts in plan.counts.items():
        given = exact.scores.get(code)
        adds = _decimal(given * counts * scaling, exact.parts) if given is not None else Decimal(0)
        share = _decimal(MICRO * counts * scaling, exact.parts) if given is not None else Decimal(0)
        terms.append(Term(code, scores[code], plan.highest[code], share, adds))
    return Overall(_decimal(exact.points, exact.parts) if exact.parts else None, tuple(terms), exact)


def panel_score(rubric: Rubric, reviews: Sequence[Overall | Mapping[str, Score]]) -> Panel:
    """What the reviews of one proposal amount to; each an `Overall` or its scores per criterion."""
    plan = _plan(rubric)
    join = rubric.aggregation.panel
    exacts = [one.exact if isinstance(one, Overall) else _exact(rubric, plan, one) for one in reviews]
    counted = [one for one in exacts if one.parts]
    values, parts = _common([(one.points, one.parts) for one in counted])
    exact = _joined(join, values, parts)
    weighted = exact
    if plan.has_ranking_weights:
        pairs = [(one.points_for_ranking, one.parts_for_ranking) for one in counted]
        weighted = _joined(join, *_common(pairs))
    criteria = {
        code: _joined(join, [one.scores[code] for one in counted if code in one.scores], MICRO)
        for code in plan.counts
    }
    return Panel(
        value=rounded(exact) if exact is not None else None,
        for_ranking=rounded(weighted) if weighted is not None else None,
        criterion_means={code: None if mean is None else rounded(mean) for code, mean in criteria.items()},
        spread=_deviation(values, parts) if len(values) > 1 else None,
        range=_decimal(max(values) - min(values), parts) if len(values) > 1 else None,
        count=len(counted),
        terms=tuple(_decimal(one.points, one.parts) if one.parts else None for one in exacts),
        exact=exact,
        exact_for_ranking=weighted,
        exact_criteria=criteria,
    )


def rounded(exact: Fraction) -> Decimal:
    """A fraction as the number that is shown and kept."""
    return _decimal(exact.numerator, exact.denominator)


def plain(number: Decimal) -> Decimal:
    """Without zeros behind the point and without exponent: 70, 84.333333."""
    return Decimal(format(number.normalize(), "f")) if number else Decimal(0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A rubric in whole numbers: what a point of each criterion, and its highest level, is worth.

    With scores in millionths the overall score is the sum of score times `counts`, divided by `parts`.
    """

    highest: dict[str, Decimal]
    counts: dict[str, int]
    full: dict[str, int]
    parts: int
    counts_in_ranking: dict[str, int]
    full_in_ranking: dict[str, int]
    parts_in_ranking: int
    has_ranking_weights: bool


def _plan(rubric: Rubric) -> _Plan:
    rows = tuple(
        (c.code, c.weight, c.counted, c.ranking_weight, scale_of(rubric, c).max) for c in rubric.criteria
    )
    return _plan_of(rows, rubric.aggregation.overall)


@lru_cache(maxsize=64)
def _plan_of(
    rows: tuple[tuple[str, Decimal, Decimal, Decimal, Decimal], ...], overall: definition.Overall
) -> _Plan:
    is_mean = overall == definition.Overall.WEIGHTED_MEAN
    highest = {code: maximum for code, _w, _c, _r, maximum in rows}
    shares, in_ranking = {}, {}
    for code, weight, counted, ranking_weight, maximum in rows:
        shares[code] = Fraction(counted) * (Fraction(weight) / Fraction(maximum) if is_mean else 1)
        in_ranking[code] = shares[code] * Fraction(ranking_weight)
    counts, full, parts = _whole(shares, highest, is_mean)
    counts_in_ranking, full_in_ranking, parts_in_ranking = _whole(in_ranking, highest, is_mean)
    return _Plan(
        highest,
        counts,
        full,
        parts,
        counts_in_ranking,
        full_in_ranking,
        parts_in_ranking,
        in_ranking != shares,
    )


def _whole(
    shares: Mapping[str, Fraction], highest: Mapping[str, Decimal], is_mean: bool
) -> tuple[dict[str, int], dict[str, int], int]:
    """Shares, their worth at the highest level, and the parts of one unit, all over the same denominator."""
    top = {code: share * Fraction(highest[code]) for code, share in shares.items()}
    # What is added up is divided by this to give per cent, or points.
    unit = sum(top.values(), Fraction(0)) / 100 if is_mean else Fraction(1)
    denominator = lcm(unit.denominator, *(f.denominator for f in (*shares.values(), *top.values())))
    return (
        {code: int(share * denominator) for code, share in shares.items()},
        {code: int(worth * denominator) for code, worth in top.items()},
        int(unit * denominator) * MICRO,
    )


def _exact(rubric: Rubric, plan: _Plan, scores: Mapping[str, Score]) -> Exact:
    if scores.keys() != plan.counts.keys() or any(score is None for score in scores.values()):
        missing = [criterion.code for criterion in missing_scores(rubric, scores)]
        raise ValueError(f"scores missing: {missing}, unknown: {sorted(scores.keys() - plan.counts.keys())}")
    given = {code: _micro(score) for code, score in scores.items() if not isinstance(score, NotApplicable)}
    points, parts = _quotient(plan.counts, plan.full, plan.parts, given)
    if not plan.has_ranking_weights:
        return Exact(points, parts, points, parts, given)
    weighted = _quotient(plan.counts_in_ranking, plan.full_in_ranking, plan.parts_in_ranking, given)
    return Exact(points, parts, *weighted, given)


def _quotient(
    counts: Mapping[str, int], full: Mapping[str, int], parts: int, given: Mapping[str, int]
) -> tuple[int, int]:
    """Points and parts of a review; what was left out is scaled away."""
    points = sum([counts[code] * score for code, score in given.items()])
    if len(given) == len(counts):
        return points, parts
    return points * sum(full.values()), parts * sum(full[code] for code in given)


@lru_cache(maxsize=4096)
def _micro(score: Decimal) -> int:
    points, parts = score.as_integer_ratio()
    if MICRO % parts:
        raise ValueError(f"a score has at most six decimals: {score}")
    return points * (MICRO // parts)


def _common(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], int]:
    """Quotients over one denominator."""
    parts = {denominator for _points, denominator in pairs}
    if len(parts) == 1:
        return [points for points, _denominator in pairs], parts.pop()
    whole = lcm(*parts)
    return [points * (whole // denominator) for points, denominator in pairs], whole


def _joined(join: Join, values: Sequence[int], parts: int) -> Fraction | None:
    if not values:
        return None
    if join == Join.MEAN:
        return Fraction(sum(values), parts * len(values))
    ordered = sorted(values)
    middle = len(ordered) // 2
    return Fraction(ordered[middle] + ordered[-middle - 1], 2 * parts)


def _deviation(values: Sequence[int], parts: int) -> Decimal:
    """The root of (n * sum of squares - square of the sum) / (n * (n - 1)), to six places."""
    n, total = len(values), sum(values)
    variance, below = (
        n * sum([value * value for value in values]) - total * total,
        n * (n - 1) * parts * parts,
    )
    doubled = isqrt(4 * variance * MICRO * MICRO // below)
    return _written((doubled + 1) // 2)


def _decimal(points: int, parts: int) -> Decimal:
    """A quotient, rounded to six places, half to even."""
    whole, rest = divmod(points * MICRO, parts)
    if 2 * rest > parts or (2 * rest == parts and whole % 2):
        whole += 1
    return _written(whole)


@lru_cache(maxsize=65536)
def _written(millionths: int) -> Decimal:
    return plain(Decimal(millionths).scaleb(-6))
