"""From scores to one number: a review's overall score, a panel's score.

Everything is computed in whole numbers and exact fractions and rounded once, for the number that is shown and
kept: to six places, half to even, zeros behind the point dropped. Comparisons (thresholds, order, ties) use
the exact values, so the order of the reviews never matters and no rounding decides a place. Scores have at
most six decimals.

On a scale whose lowest level is the best, scores are mirrored (lowest + highest - score) when they come in and
mirrored back when they are shown. A bonus adds points and no maximum; what is uncounted adds nothing. The weight
of a section is shared out among its criteria by their own weights. Time: O(reviews x criteria).
"""

from collections.abc import Callable, Mapping, Sequence
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
    """What one criterion adds to an overall score: `score` times `counts` is `adds`, in its unit.

    mirrored: the score that is counted in place of the one given, where the lowest level is the best.
    """

    criterion: str
    score: Score
    maximum: Decimal
    counts: Decimal
    adds: Decimal
    mirrored: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Exact:
    """One review as a quotient of whole numbers; `parts` is 0 when every criterion was not applicable."""

    points: int
    parts: int
    # The same with the ranking weights.
    points_for_ranking: int
    parts_for_ranking: int
    # Per criterion that has a number, in millionths; mirrored where the lowest is the best.
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
    groups: per voter group what its reviews amount to.
    sections: per section its score, in points or per cent.
    exact_criteria: mirrored where the lowest is the best, so that more is better everywhere.
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
    groups: Mapping[str, Decimal | None] = field(default_factory=dict)
    sections: Mapping[str, Decimal | None] = field(default_factory=dict)
    exact_sections: Mapping[str, Fraction | None] = field(default_factory=dict, repr=False)


def overall_score(rubric: Rubric, scores: Mapping[str, Score]) -> Overall:
    """The overall score of one complete review.

    A criterion answered "not applicable" leaves the mean; from a sum it leaves the points and the points to
    be had, and the rest is scaled up to the full number of points. Raises ValueError when a criterion has no
    score or a score names no criterion.
    """
    plan = _plan(rubric)
    exact = _exact(rubric, plan, scores)
    # Where something was left out, points and parts stand multiplied (`_quotient`).
    is_whole = len(exact.scores) == len(plan.counts)
    whole, there = sum(plan.full.values()), sum(plan.full[code] for code in exact.scores)
    terms = []
    for code, counts in plan.counts.items():
        given = exact.scores.get(code) if exact.parts else None
        scaling = 1 if is_whole else whole if plan.full[code] else there
        adds = _decimal(given * counts * scaling, exact.parts) if given is not None else Decimal(0)
        share = _decimal(MICRO * counts * scaling, exact.parts) if given is not None else Decimal(0)
        mirrored = _written(given) if given is not None and code in plan.mirrors else None
        terms.append(Term(code, scores[code], plan.highest[code], share, adds, mirrored))
    return Overall(_decimal(exact.points, exact.parts) if exact.parts else None, tuple(terms), exact)


def panel_score(
    rubric: Rubric,
    reviews: Sequence[Overall | Mapping[str, Score]],
    groups: Sequence[str] = (),
    consensus: Mapping[str, Score] | None = None,
) -> Panel:
    """What the reviews of one proposal amount to; each an `Overall` or its scores per criterion.

    groups: the voter group of each review, where the rubric has groups; a review of none counts nowhere. consensus: the scores agreed on, which
    count in place of the reviews; spread and range stay those of the reviews.
    """
    plan = _plan(rubric)
    exacts = [one.exact if isinstance(one, Overall) else _exact(rubric, plan, one) for one in reviews]
    values, parts = _common([(one.points, one.parts) for one in exacts if one.parts])
    joining = _Joining(rubric.aggregation, exacts, groups, plan.shares)
    if consensus is not None:
        joining = _Joining(definition.Aggregation(), [_exact(rubric, plan, consensus)], (), {})
    exact = joining.of(lambda one: (one.points, one.parts) if one.parts else None)
    weighted = exact
    if plan.has_ranking_weights:
        weighted = joining.of(
            lambda one: (one.points_for_ranking, one.parts_for_ranking) if one.parts else None
        )
    criteria = {code: joining.of_criterion(code) for code in plan.counts}
    sections = {one.code: joining.of(_section_of(plan, one.code)) for one in rubric.sections}
    return Panel(
        value=rounded(exact) if exact is not None else None,
        for_ranking=rounded(weighted) if weighted is not None else None,
        criterion_means={
            code: None if mean is None else rounded(_given(plan, code, mean) if plan.mirrors else mean)
            for code, mean in criteria.items()
        },
        spread=_deviation(values, parts) if len(values) > 1 else None,
        range=_decimal(max(values) - min(values), parts) if len(values) > 1 else None,
        count=len(values),
        terms=tuple(_decimal(one.points, one.parts) if one.parts else None for one in exacts),
        exact=exact,
        exact_for_ranking=weighted,
        exact_criteria=criteria,
        groups={
            code: None if joined is None else rounded(joined)
            for code, joined in joining.by_group(lambda one: (one.points, one.parts) if one.parts else None)
        },
        sections={code: None if found is None else rounded(found) for code, found in sections.items()},
        exact_sections=sections,
    )


Quotient = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Joining:
    """Reviews of one proposal, to be joined: all together, or per voter group and then by the shares."""

    rule: definition.Aggregation
    exacts: Sequence[Exact]
    codes: Sequence[str]
    shares: Mapping[str, int]

    def of(self, read: Callable[[Exact], Quotient]) -> Fraction | None:
        if not self.rule.groups:
            return self._joined(self.exacts, read)
        joined = dict(self.by_group(read))
        if any(value is None for value in joined.values()):
            return None
        return self._shared(joined)

    def of_criterion(self, code: str) -> Fraction | None:
        """A group in which nobody scored it leaves the mean of the criterion."""
        if not self.rule.groups:
            return _joined(
                self.rule.panel, [one.scores[code] for one in self.exacts if code in one.scores], MICRO
            )
        joined = dict(self.by_group(lambda one: (one.scores[code], MICRO) if code in one.scores else None))
        return self._shared({group: value for group, value in joined.items() if value is not None})

    def by_group(self, read: Callable[[Exact], Quotient]) -> list[tuple[str, Fraction | None]]:
        found = []
        for group in self.rule.groups:
            mine = [one for one, code in zip(self.exacts, self.codes, strict=True) if code == group.code]
            found.append((group.code, self._joined(mine, read)))
        return found

    def _joined(self, exacts: Sequence[Exact], read: Callable[[Exact], Quotient]) -> Fraction | None:
        pairs = [pair for pair in map(read, exacts) if pair is not None]
        return _joined(self.rule.panel, *_common(pairs))

    def _shared(self, joined: Mapping[str, Fraction | None]) -> Fraction | None:
        """The mean by shares, in one quotient."""
        if not joined:
            return None
        parts = {code: value or Fraction(0) for code, value in joined.items()}
        whole = lcm(*(value.denominator for value in parts.values()))
        points = sum(
            self.shares[code] * value.numerator * (whole // value.denominator)
            for code, value in parts.items()
        )
        return Fraction(points, whole * sum(self.shares[code] for code in parts))


def _section_of(plan: "_Plan", section: str) -> Callable[[Exact], Quotient]:
    inside = [code for code, where in plan.sections.items() if where == section]
    full = sum(plan.full[code] for code in inside)

    def read(one: Exact) -> Quotient:
        given = [code for code in inside if code in one.scores]
        there = sum(plan.full[code] for code in given)
        if not there:
            return None
        points = sum(plan.counts[code] * one.scores[code] for code in given)
        bonus = sum(plan.counts[code] * one.scores[code] for code in given if not plan.full[code])
        # per cent of the section's maximum, or the points of the whole section
        if plan.is_mean:
            return (100 * ((points - bonus) * full + bonus * there), full * there * MICRO)
        return ((points - bonus) * full + bonus * there, plan.parts * there)

    return read


def points_so_far(rubric: Rubric, scores: Mapping[str, Score]) -> Decimal:
    """What the scores of an incomplete review add up to, in a rubric that adds up points."""
    plan = _plan(rubric)
    given = _numbers(plan, scores)
    return _decimal(sum(plan.counts[code] * score for code, score in given.items()), plan.parts)


def best_adds(rubric: Rubric, criterion: definition.Criterion) -> Decimal:
    """What the best level of a criterion adds to an overall score: points, or per cent."""
    plan = _plan(rubric)
    return _decimal(plan.counts[criterion.code] * _micro(plan.highest[criterion.code]), plan.parts)


def as_given(rubric: Rubric, code: str, value: Fraction) -> Fraction:
    """A score of a criterion as reviewers write it; mirrors, and mirrors back, where the lowest is the best."""
    return _given(_plan(rubric), code, value)


def _given(plan: "_Plan", code: str, value: Fraction) -> Fraction:
    mirror = plan.mirrors.get(code)
    return value if mirror is None else Fraction(mirror, MICRO) - value


def rounded(exact: Fraction) -> Decimal:
    """A fraction as the number that is shown and kept."""
    return _decimal(*exact.as_integer_ratio())


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
    is_mean: bool
    # Lowest and highest level added up, in millionths, where the lowest is the best.
    mirrors: dict[str, int]
    sections: dict[str, str]
    # The shares of voter groups, in whole numbers.
    shares: dict[str, int]
    # Reviews with the same scores are counted once.
    known: dict[tuple[Score, ...], Exact]


def _plan(rubric: Rubric) -> _Plan:
    plan = _PLANS.get(id(rubric))
    if plan is None or plan[0] is not rubric:
        if len(_PLANS) >= 64:
            _PLANS.clear()
        plan = _PLANS[id(rubric)] = (rubric, _plan_of(rubric))
    return plan[1]


_PLANS: dict[int, tuple[Rubric, _Plan]] = {}


def _plan_of(rubric: Rubric) -> _Plan:
    is_mean = rubric.aggregation.overall == definition.Overall.WEIGHTED_MEAN
    scales = {criterion.code: scale_of(rubric, criterion) for criterion in rubric.criteria}
    highest = {code: scale.max for code, scale in scales.items()}
    adding = {c.code for c in rubric.criteria if not c.bonus and not c.uncounted}
    shares, in_ranking = {}, {}
    for criterion in rubric.criteria:
        code = criterion.code
        share = Fraction(0 if criterion.uncounted else criterion.counted)
        if is_mean:
            share *= _weight(rubric, criterion) / Fraction(highest[code])
        shares[code] = share
        in_ranking[code] = share * Fraction(criterion.ranking_weight)
    counts, full, parts = _whole(shares, highest, is_mean, adding)
    counts_in_ranking, full_in_ranking, parts_in_ranking = _whole(in_ranking, highest, is_mean, adding)
    mirrors = {
        code: _micro(scale.min + scale.max)
        for code, scale in scales.items()
        if scale.best == definition.Prefer.LOW
    }
    return _Plan(
        highest,
        counts,
        full,
        parts,
        counts_in_ranking,
        full_in_ranking,
        parts_in_ranking,
        in_ranking != shares,
        is_mean,
        mirrors,
        {criterion.code: criterion.section for criterion in rubric.criteria},
        _shares(rubric),
        {},
    )


def _shares(rubric: Rubric) -> dict[str, int]:
    shares = {group.code: Fraction(group.share) for group in rubric.aggregation.groups}
    whole = lcm(*(share.denominator for share in shares.values()))
    return {code: int(share * whole) for code, share in shares.items()}


def _weight(rubric: Rubric, criterion: definition.Criterion) -> Fraction:
    """Its own weight, or its part of the weight of its section."""
    weight = Fraction(criterion.weight)
    section = next((one for one in rubric.sections if one.code == criterion.section), None)
    if section is None or section.weight is None:
        return weight
    inside = [c for c in rubric.criteria if c.section == section.code and not c.uncounted and not c.bonus]
    whole = sum((Fraction(c.weight) * Fraction(c.counted) for c in inside), Fraction(0))
    return weight * Fraction(section.weight) / whole if whole else weight


def _whole(
    shares: Mapping[str, Fraction], highest: Mapping[str, Decimal], is_mean: bool, adding: set[str]
) -> tuple[dict[str, int], dict[str, int], int]:
    """Shares, their worth at the highest level, and the parts of one unit, all over the same denominator."""
    top = {
        code: share * Fraction(highest[code]) if code in adding else Fraction(0)
        for code, share in shares.items()
    }
    # What is added up is divided by this to give per cent, or points.
    unit = sum(top.values(), Fraction(0)) / 100 if is_mean else Fraction(1)
    denominator = lcm(unit.denominator, *(f.denominator for f in (*shares.values(), *top.values())))
    return (
        {code: int(share * denominator) for code, share in shares.items()},
        {code: int(worth * denominator) for code, worth in top.items()},
        int(unit * denominator) * MICRO,
    )


def _exact(rubric: Rubric, plan: _Plan, scores: Mapping[str, Score]) -> Exact:
    try:
        key = tuple([scores[code] for code in plan.counts])
        found = plan.known.get(key) if len(scores) == len(key) else None
    except (KeyError, TypeError):
        key, found = (), None
    if found is None:
        found = _counted(rubric, plan, scores)
        if len(plan.known) >= 65536:
            plan.known.clear()
        plan.known[key] = found
    return found


def _counted(rubric: Rubric, plan: _Plan, scores: Mapping[str, Score]) -> Exact:
    if scores.keys() != plan.counts.keys() or any(score is None for score in scores.values()):
        missing = [criterion.code for criterion in missing_scores(rubric, scores)]
        raise ValueError(f"scores missing: {missing}, unknown: {sorted(scores.keys() - plan.counts.keys())}")
    given = _numbers(plan, scores)
    points, parts = _quotient(plan.counts, plan.full, plan.parts, given)
    if not plan.has_ranking_weights:
        return Exact(points, parts, points, parts, given)
    weighted = _quotient(plan.counts_in_ranking, plan.full_in_ranking, plan.parts_in_ranking, given)
    return Exact(points, parts, *weighted, given)


def _numbers(plan: _Plan, scores: Mapping[str, Score]) -> dict[str, int]:
    return {
        code: plan.mirrors[code] - _micro(score) if code in plan.mirrors else _micro(score)
        for code, score in scores.items()
        if not isinstance(score, NotApplicable)
    }


def _quotient(
    counts: Mapping[str, int], full: Mapping[str, int], parts: int, given: Mapping[str, int]
) -> tuple[int, int]:
    """Points and parts of a review; what was left out is scaled away, and a bonus is never scaled."""
    points = sum([counts[code] * score for code, score in given.items()])
    if len(given) == len(counts):
        return points, parts
    whole, there = sum(full.values()), sum(full[code] for code in given)
    bonus = sum(counts[code] * score for code, score in given.items() if not full[code])
    return (points - bonus) * whole + bonus * there, parts * there


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
    if join == Join.TRIMMED:
        kept = ordered[1:-1] or ordered
        return Fraction(sum(kept), parts * len(kept))
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
