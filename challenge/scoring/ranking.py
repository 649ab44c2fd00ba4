"""A ranking: who stands where, and why, from scores alone.

Procedure "thresholds-then-score/1":
1. Excluded proposals (not eligible, withdrawn) stand apart with their reason; their scores do not count.
2. The panel score of every other proposal is computed (`aggregate`). Without a review there is no place.
3. Thresholds are held against it, before the ranking weights unless the rubric says otherwise. Who misses one
   has no place and is listed, in order, below.
4. The others are ordered by panel score, with the ranking weights; equals are parted by the tie-breaks in
   their order. A tie-break for which one of the equals has no value is passed over for all of them.
5. Who is still equal shares the place, and the next place is left out (1, 2, 2, 4).

`explanation` says a row in words, `records` keeps a ranking as JSON and computes it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from challenge.foundation.i18n import Texts
from challenge.rubrics.aggregate import Panel, panel_score, rounded
from challenge.rubrics.definition import Join, Prefer, Rubric, Score, TieBreak

PROCEDURE = "thresholds-then-score/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal and what counts for it.

    reviews: per review its key and its scores; the key (a seat, never a name) only tells the reviews apart.
    excluded: why it is not ranked, in words.
    tie_break: numbers for the tie-breaks that are not criteria, by their code.
    """

    key: str
    reviews: Mapping[str, Mapping[str, Score]]
    excluded: Texts | str | None = None
    tie_break: Mapping[str, Decimal] = field(default_factory=dict)


class Standing(StrEnum):
    RANKED = "ranked"
    BELOW_THRESHOLD = "below-threshold"
    NOT_SCORED = "not-scored"


class Outcome(StrEnum):
    """What a tie-break did among proposals with equal scores."""

    PARTED = "parted"
    EQUAL = "equal"
    NOT_RECORDED = "not-recorded"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold and what was reached; `criterion` is empty for the overall one."""

    criterion: str
    label: Texts
    asked: Decimal
    reached: Decimal | None
    passed: bool


@dataclass(frozen=True, slots=True)
class TieStep:
    """One tie-break applied to the proposals in `equals` (this one among them); `value` is this one's."""

    code: str
    label: Texts
    equals: tuple[str, ...]
    value: Decimal | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One proposal in the ranking, with all that is needed to explain its place."""

    key: str
    standing: Standing
    place: int | None
    places: int
    shared_with: tuple[str, ...]
    score: Decimal | None
    ranking_score: Decimal | None
    criterion_means: Mapping[str, Decimal | None]
    spread: Decimal | None
    range: Decimal | None
    review_count: int
    review_scores: Mapping[str, Decimal | None]
    join: Join
    thresholds: tuple[Threshold, ...]
    ties: tuple[TieStep, ...]

    @property
    def passes(self) -> bool:
        return all(threshold.passed for threshold in self.thresholds)

    @property
    def failed(self) -> tuple[Threshold, ...]:
        return tuple(threshold for threshold in self.thresholds if not threshold.passed)


@dataclass(frozen=True, slots=True)
class Excluded:
    key: str
    reason: Texts | str


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Rows in order: placed, below a threshold, not scored. `excluded` by key."""

    rows: tuple[Row, ...]
    excluded: tuple[Excluded, ...]

    def row(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)

    @property
    def ranked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.standing == Standing.RANKED)


def rank(rubric: Rubric, proposals: Sequence[Entry]) -> RankingResult:
    """The ranking; the order of proposals and of reviews in the input makes no difference.

    Raises ValueError when two entries have one key or a review is incomplete.
    """
    if len({entry.key for entry in proposals}) != len(proposals):
        raise ValueError("two entries have the same key")
    counted = sorted((entry for entry in proposals if entry.excluded is None), key=lambda entry: entry.key)
    scored = [_scored(rubric, entry) for entry in counted]
    passed = [one for one in scored if one.has_score and one.passes]
    below = [one for one in scored if one.has_score and not one.passes]
    rows = [*_placed(rubric, passed), *_listed(rubric, below)]
    rows += [one.row(Standing.NOT_SCORED) for one in scored if not one.has_score]
    excluded = sorted(
        (Excluded(entry.key, entry.excluded) for entry in proposals if entry.excluded is not None),
        key=lambda one: one.key,
    )
    return RankingResult(tuple(rows), tuple(excluded))


@dataclass(slots=True)
class _Scored:
    entry: Entry
    panel: Panel
    review_keys: tuple[str, ...]
    join: Join
    thresholds: tuple[Threshold, ...]
    ties: list[TieStep] = field(default_factory=list)

    @property
    def has_score(self) -> bool:
        return self.panel.exact is not None

    @property
    def passes(self) -> bool:
        return all(threshold.passed for threshold in self.thresholds)

    @property
    def order(self) -> Fraction:
        return self.panel.exact_for_ranking or Fraction(0)

    def row(self, standing: Standing, equals: Sequence["_Scored"] = ()) -> Row:
        return Row(
            key=self.entry.key,
            standing=standing,
            place=None,
            places=0,
            shared_with=tuple(one.entry.key for one in equals if one is not self),
            score=self.panel.value,
            ranking_score=self.panel.for_ranking,
            criterion_means=self.panel.criterion_means,
            spread=self.panel.spread,
            range=self.panel.range,
            review_count=self.panel.count,
            review_scores=dict(zip(self.review_keys, self.panel.terms, strict=True)),
            join=self.join,
            thresholds=self.thresholds,
            ties=tuple(self.ties),
        )


def _scored(rubric: Rubric, entry: Entry) -> _Scored:
    keys = tuple(sorted(entry.reviews))
    panel = panel_score(rubric, [entry.reviews[key] for key in keys])
    return _Scored(entry, panel, keys, rubric.aggregation.panel, tuple(_thresholds(rubric, panel)))


def _thresholds(rubric: Rubric, panel: Panel) -> Iterable[Threshold]:
    asked = rubric.aggregation.overall_threshold
    if asked is not None:
        before = rubric.aggregation.thresholds_before_weights
        exact = panel.exact if before else panel.exact_for_ranking
        yield _threshold("", {}, asked, exact)
    for criterion in rubric.criteria:
        if criterion.threshold is not None:
            yield _threshold(
                criterion.code, criterion.label, criterion.threshold, panel.exact_criteria[criterion.code]
            )


def _threshold(criterion: str, label: Texts, asked: Decimal, exact: Fraction | None) -> Threshold:
    reached = None if exact is None else rounded(exact)
    return Threshold(criterion, label, asked, reached, exact is not None and exact >= Fraction(asked))


def _placed(rubric: Rubric, passed: Sequence[_Scored]) -> Iterable[Row]:
    place = 1
    for group in _groups(rubric, passed):
        for one in group:
            row = one.row(Standing.RANKED, group)
            yield replace(row, place=place, places=len(passed))
        place += len(group)


def _listed(rubric: Rubric, below: Sequence[_Scored]) -> Iterable[Row]:
    for group in _groups(rubric, below):
        for one in group:
            yield one.row(Standing.BELOW_THRESHOLD, group)


def _groups(rubric: Rubric, scored: Sequence[_Scored]) -> Iterable[list[_Scored]]:
    """Proposals best first; those that nothing parts stand in one group, in the order of their keys."""
    by_score: dict[Fraction, list[_Scored]] = {}
    for one in scored:
        by_score.setdefault(one.order, []).append(one)
    for score in sorted(by_score, reverse=True):
        yield from _parted(rubric, by_score[score], 0)


def _parted(rubric: Rubric, equals: list[_Scored], index: int) -> Iterable[list[_Scored]]:
    if len(equals) == 1 or index == len(rubric.tie_break):
        yield equals
        return
    item = rubric.tie_break[index]
    code, label, high = _tie_break(rubric, item)
    by_value: dict[Fraction, list[_Scored]] = {}
    values = [_tie_value(one, code, isinstance(item, str)) for one in equals]
    keys = tuple(one.entry.key for one in equals)
    known = [value for value in values if value is not None]
    outcome = Outcome.EQUAL if len(set(known)) == 1 else Outcome.PARTED
    if len(known) < len(values):
        outcome = Outcome.NOT_RECORDED
    for one, value in zip(equals, values, strict=True):
        one.ties.append(TieStep(code, label, keys, None if value is None else rounded(value), outcome))
        by_value.setdefault(
            value if value is not None and outcome == Outcome.PARTED else Fraction(0), []
        ).append(one)
    for value in sorted(by_value, reverse=high):
        yield from _parted(rubric, by_value[value], index + 1)


def _tie_break(rubric: Rubric, item: str | TieBreak) -> tuple[str, Texts, bool]:
    if isinstance(item, str):
        criterion = rubric.criterion(item)
        return item, criterion.label if criterion else {}, True
    return item.code, item.label, item.prefer == Prefer.HIGH


def _tie_value(one: _Scored, code: str, is_criterion: bool) -> Fraction | None:
    if is_criterion:
        return one.panel.exact_criteria.get(code)
    recorded = one.entry.tie_break.get(code)
    return None if recorded is None else Fraction(recorded)
