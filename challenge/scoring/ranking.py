"""A ranking: who stands where, and why, from scores alone.

Procedure "thresholds-then-score/2":
1. Excluded proposals (not eligible, withdrawn) stand apart with their reason; their scores do not count.
2. The panel score of every other proposal is computed (`aggregate`): reviews joined all together or per voter
   group, or the score agreed on. Without a review, or without one of every voter group, there is no place.
3. Knock-outs are held against the scores as given. Who is knocked out has no place; a gate that zeroes makes
   all its scores 0 besides.
4. Thresholds (overall, criteria, sections) are held against the panel score, before the ranking weights unless
   the rubric says otherwise. Who misses one has no place and is listed, in order, below.
5. The others are ordered by panel score, with the ranking weights; equals are parted by the tie-breaks in
   their order. A tie-break for which one of the equals has no value is passed over for all of them.
6. Who is still equal is drawn by lot, where the rubric says so and a seed is given: in the order of
   SHA-256(seed, line feed, key). Otherwise they share the place, and the next place is left out (1, 2, 2, 4).

"thresholds-then-score/1" is the same without knock-outs, sections, voter groups, agreed scores and lots.
`selection` draws the list from a ranking, `explanation` says a row in words, `records` keeps a ranking as JSON
and computes it again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from challenge.foundation.i18n import Texts
from challenge.rubrics.aggregate import Panel, as_given, panel_score, rounded
from challenge.rubrics.definition import Criterion, Join, Prefer, Quorum, Rubric, Score, TieBreak
from challenge.rubrics.rules import scale_of

PROCEDURE = "thresholds-then-score/2"
LOT = "lot"


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal and what counts for it.

    reviews: per review its key and its scores; the key (a seat, never a name) only tells the reviews apart.
    excluded: why it is not ranked, in words.
    tie_break: numbers for the tie-breaks that are not criteria, by their code.
    groups: per review the voter group it belongs to, where the rubric has groups.
    consensus: the scores agreed on, where the rubric provides for them.
    track, country, amount, currency, columns: what selections and quotas look at. A column may hold several
    values; one named "track" or "country" takes the place of the field.
    """

    key: str
    reviews: Mapping[str, Mapping[str, Score]]
    excluded: Texts | str | None = None
    tie_break: Mapping[str, Decimal] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    consensus: Mapping[str, Score] | None = None
    track: str = ""
    country: str = ""
    amount: Decimal | None = None
    currency: str = ""
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def values(self, column: str) -> tuple[str, ...]:
        """What the proposal says of itself in a column; nothing when it says nothing."""
        plain = {"track": self.track, "country": self.country}.get(column, "")
        found = self.columns.get(column, plain)
        return found if isinstance(found, tuple) else (found,) if found else ()


class Standing(StrEnum):
    RANKED = "ranked"
    BELOW_THRESHOLD = "below-threshold"
    KNOCKED_OUT = "knocked-out"
    NOT_SCORED = "not-scored"


class Status(StrEnum):
    """Where a proposal stands on the list that is drawn from a ranking."""

    SELECTED = "selected"
    TIED = "tied-at-the-line"
    RESERVE = "reserve"
    NOT_SELECTED = "not-selected"


class Cause(StrEnum):
    """What decided it, on the list."""

    IN_ORDER = "in-order"
    WITH_EQUALS = "with-equals"
    LEAST_MULTIPLE = "least-multiple"
    FOR_QUOTA = "for-quota"
    TOP = "top"
    SHARE = "share"
    MARK = "mark"
    MONEY = "money"
    QUOTA_FULL = "quota-full"
    GAVE_WAY = "gave-way"
    NO_AMOUNT = "no-amount"
    OTHER_CURRENCY = "other-currency"
    RESERVE_FULL = "reserve-full"


@dataclass(frozen=True, slots=True)
class Listing:
    """A row's place on the list.

    limit: what the cause compares with (a number of places, a mark, an amount); reached: what stood against it.
    label and value name the quota; equals are those it ties with; number is its place on the reserve list.
    """

    status: Status
    cause: Cause
    limit: Decimal | None = None
    reached: Decimal | None = None
    currency: str = ""
    label: Texts = field(default_factory=dict)
    value: str = ""
    equals: tuple[str, ...] = ()
    number: int | None = None


class Outcome(StrEnum):
    """What a tie-break did among proposals with equal scores."""

    PARTED = "parted"
    EQUAL = "equal"
    NOT_RECORDED = "not-recorded"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold and what was reached; without a criterion or a section it is the overall one.

    is_ceiling: on a scale whose lowest level is the best, `asked` must not be exceeded.
    """

    criterion: str
    label: Texts
    asked: Decimal
    reached: Decimal | None
    passed: bool
    section: str = ""
    is_ceiling: bool = False


@dataclass(frozen=True, slots=True)
class KnockedOut:
    """A criterion that bars a proposal: by whose scores, given in the order of the reviews.

    is_ceiling: the scores lie above `level` instead of below.
    """

    criterion: str
    label: Texts
    level: Decimal
    by: Quorum
    scores: tuple[Decimal, ...]
    zeroes: bool = False
    is_ceiling: bool = False


@dataclass(frozen=True, slots=True)
class GroupScore:
    """What a voter group's reviews amount to, and which they are."""

    code: str
    label: Texts
    share: Decimal
    score: Decimal | None
    reviews: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SectionScore:
    code: str
    label: Texts
    score: Decimal | None


@dataclass(frozen=True, slots=True)
class TieStep:
    """One tie-break applied to the proposals in `equals` (this one among them); `value` is this one's.

    Of a lot `value` is the turn at which it was drawn.
    """

    code: str
    label: Texts
    equals: tuple[str, ...]
    value: Decimal | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One proposal in the ranking, with all that is needed to explain its place.

    uncounted: reviews that belong to no voter group. agreed: the score is the one agreed on; None where the
    rubric knows none. exact: the panel score before it was rounded. listing: its place on the list, once there
    is one (`selection`).
    """

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
    groups: tuple[GroupScore, ...] = ()
    uncounted: tuple[str, ...] = ()
    sections: tuple[SectionScore, ...] = ()
    knock_outs: tuple[KnockedOut, ...] = ()
    agreed: bool | None = None
    exact: Fraction | None = field(default=None, compare=False, repr=False)
    listing: Listing | None = None

    @property
    def passes(self) -> bool:
        return not self.knock_outs and all(threshold.passed for threshold in self.thresholds)

    @property
    def failed(self) -> tuple[Threshold, ...]:
        return tuple(threshold for threshold in self.thresholds if not threshold.passed)

    @property
    def is_zeroed(self) -> bool:
        return any(one.zeroes for one in self.knock_outs)

    @property
    def status(self) -> str:
        """selected, tied-at-the-line, reserve or not-selected where there is a list; else its standing."""
        return self.standing.value if self.listing is None else self.listing.status.value


@dataclass(frozen=True, slots=True)
class Excluded:
    key: str
    reason: Texts | str

    @property
    def status(self) -> str:
        return "excluded"


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a quota, for one value where it holds for every value by itself.

    `amount` is the money that those selected under it ask for; `is_met` is None while a tie is open.
    """

    code: str
    label: Texts
    value: str
    count: int
    amount: Decimal
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The list as a whole: how many, for how much, and what became of the quotas.

    amount: None where an amount is not recorded or the currencies differ.
    """

    count: int
    amount: Decimal | None
    currency: str
    quotas: tuple[Filled, ...] = ()


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Rows in order: placed, below a threshold, knocked out, not scored. `excluded` by key.

    seed: with which lots were drawn; empty when there were none. chosen: the list, once it is drawn.
    """

    rows: tuple[Row, ...]
    excluded: tuple[Excluded, ...]
    seed: str = ""
    chosen: Chosen | None = None

    def row(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)

    @property
    def ranked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.standing == Standing.RANKED)

    def with_status(self, status: Status) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.listing is not None and row.listing.status == status)


def rank(rubric: Rubric, proposals: Sequence[Entry], *, seed: str = "") -> RankingResult:
    """The ranking; the order of proposals and of reviews in the input makes no difference.

    seed: any text, made known beforehand or drawn in public, for the lot where the rubric has one; without it
    equals share the place. Raises ValueError when two entries have one key, a review is incomplete, or a score is
    agreed on under a rubric that knows none.
    """
    if len({entry.key for entry in proposals}) != len(proposals):
        raise ValueError("two entries have the same key")
    counted = sorted((entry for entry in proposals if entry.excluded is None), key=lambda entry: entry.key)
    knocks = [criterion for criterion in rubric.criteria if criterion.knock_out is not None]
    scored = [_scored(rubric, entry, knocks) for entry in counted]
    drawn = seed if rubric.lot else ""
    ranked = [one for one in scored if one.standing == Standing.RANKED]
    rows = list(_placed(rubric, ranked, drawn))
    for standing in (Standing.BELOW_THRESHOLD, Standing.KNOCKED_OUT):
        rows += _listed(rubric, [one for one in scored if one.standing == standing])
    rows += [one.row() for one in scored if one.standing == Standing.NOT_SCORED]
    excluded = sorted(
        (Excluded(entry.key, entry.excluded) for entry in proposals if entry.excluded is not None),
        key=lambda one: one.key,
    )
    return RankingResult(tuple(rows), tuple(excluded), drawn)


def lot_of(seed: str, key: str) -> bytes:
    """A proposal's lot; the lower is drawn first. `printf 'SEED\\nKEY' | sha256sum` gives the same."""
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()


@dataclass(slots=True)
class _Scored:
    entry: Entry
    panel: Panel
    review_keys: tuple[str, ...]
    join: Join
    thresholds: tuple[Threshold, ...]
    groups: tuple[GroupScore, ...]
    uncounted: tuple[str, ...]
    sections: tuple[SectionScore, ...]
    knock_outs: tuple[KnockedOut, ...]
    agreed: bool | None
    standing: Standing = Standing.NOT_SCORED
    ties: list[TieStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.panel.exact is None:
            self.standing = Standing.NOT_SCORED
        elif self.knock_outs:
            self.standing = Standing.KNOCKED_OUT
        else:
            passes = all([threshold.passed for threshold in self.thresholds])
            self.standing = Standing.RANKED if passes else Standing.BELOW_THRESHOLD

    @property
    def is_zeroed(self) -> bool:
        return any(one.zeroes for one in self.knock_outs)

    @property
    def order(self) -> Fraction:
        return Fraction(0) if self.is_zeroed else self.panel.exact_for_ranking or Fraction(0)

    def row(self, equals: Sequence["_Scored"] = (), place: int | None = None, places: int = 0) -> Row:
        score, ranking_score, means = self.panel.value, self.panel.for_ranking, self.panel.criterion_means
        exact, sections = self.panel.exact, self.sections
        if self.is_zeroed and exact is not None:
            score = ranking_score = Decimal(0)
            exact, means = Fraction(0), dict.fromkeys(means, Decimal(0))
            sections = tuple(replace(one, score=Decimal(0)) for one in sections)
        return Row(
            key=self.entry.key,
            standing=self.standing,
            place=place,
            places=places,
            shared_with=tuple([one.entry.key for one in equals if one is not self]),
            score=score,
            ranking_score=ranking_score,
            criterion_means=means,
            spread=self.panel.spread,
            range=self.panel.range,
            review_count=self.panel.count,
            review_scores=dict(zip(self.review_keys, self.panel.terms, strict=True)),
            join=self.join,
            thresholds=self.thresholds,
            ties=tuple(self.ties),
            groups=self.groups,
            uncounted=self.uncounted,
            sections=sections,
            knock_outs=self.knock_outs,
            agreed=self.agreed,
            exact=exact,
        )


def _scored(rubric: Rubric, entry: Entry, knocks: Sequence[Criterion]) -> _Scored:
    rule = rubric.aggregation
    if entry.consensus is not None and not rule.consensus:
        raise ValueError(f"{entry.key}: scores are agreed on, and the rubric knows no agreed scores")
    keys = tuple(sorted(entry.reviews))
    known = {group.code for group in rule.groups}
    uncounted = tuple(key for key in keys if entry.groups.get(key, "") not in known) if known else ()
    keys = tuple(key for key in keys if key not in uncounted)
    codes = [entry.groups[key] for key in keys] if known else []
    panel = panel_score(rubric, [entry.reviews[key] for key in keys], codes, entry.consensus)
    knock_outs = tuple(_knocked_out(rubric, entry, knocks, keys, panel)) if knocks else ()
    zeroed = any(one.zeroes for one in knock_outs)
    return _Scored(
        entry=entry,
        panel=panel,
        review_keys=keys,
        join=rule.panel,
        thresholds=() if zeroed else tuple(_thresholds(rubric, panel)),
        groups=tuple(
            GroupScore(
                group.code, group.label, group.share, panel.groups.get(group.code),
                tuple(key for key, code in zip(keys, codes, strict=True) if code == group.code),
            )
            for group in rule.groups
        ),
        uncounted=uncounted,
        sections=tuple(SectionScore(one.code, one.label, panel.sections[one.code]) for one in rubric.sections),
        knock_outs=knock_outs,
        agreed=(entry.consensus is not None) if rule.consensus else None,
    )  # fmt: skip


def _knocked_out(
    rubric: Rubric, entry: Entry, knocks: Sequence[Criterion], keys: Sequence[str], panel: Panel
) -> Iterable[KnockedOut]:
    agreed = [entry.consensus] if entry.consensus is not None else None
    for criterion in knocks:
        rule = criterion.knock_out
        if rule is None:
            continue
        low_is_best = scale_of(rubric, criterion).best == Prefer.LOW
        given = [scores.get(criterion.code) for scores in agreed or [entry.reviews[key] for key in keys]]
        scores = [score for score in given if isinstance(score, Decimal)]
        if rule.by == Quorum.PANEL:
            joined = panel.exact_criteria[criterion.code]
            if joined is None:
                continue
            level = as_given(rubric, criterion.code, Fraction(rule.below))
            is_out, scores = joined < level, [rounded(as_given(rubric, criterion.code, joined))]
        else:
            against = sum(score > rule.below if low_is_best else score < rule.below for score in scores)
            is_out = {
                Quorum.ANY: against > 0,
                Quorum.ALL: against == len(scores) > 0,
                Quorum.MAJORITY: 2 * against > len(scores),
            }[rule.by]
        if is_out:
            yield KnockedOut(
                criterion.code, criterion.label, rule.below, rule.by, tuple(scores), rule.zeroes, low_is_best
            )


def _thresholds(rubric: Rubric, panel: Panel) -> Iterable[Threshold]:
    asked = rubric.aggregation.overall_threshold
    if asked is not None:
        before = rubric.aggregation.thresholds_before_weights
        yield _threshold("", {}, asked, panel.exact if before else panel.exact_for_ranking)
    for criterion in rubric.criteria:
        if criterion.threshold is not None:
            yield _criterion_threshold(rubric, criterion, criterion.threshold, panel)
    for section in rubric.sections:
        if section.threshold is not None:
            exact = panel.exact_sections[section.code]
            yield replace(_threshold("", section.label, section.threshold, exact), section=section.code)


def _threshold(criterion: str, label: Texts, asked: Decimal, exact: Fraction | None) -> Threshold:
    reached = None if exact is None else rounded(exact)
    return Threshold(criterion, label, asked, reached, exact is not None and exact >= Fraction(asked))


def _criterion_threshold(rubric: Rubric, criterion: Criterion, asked: Decimal, panel: Panel) -> Threshold:
    exact = panel.exact_criteria[criterion.code]
    if scale_of(rubric, criterion).best == Prefer.HIGH:
        return _threshold(criterion.code, criterion.label, asked, exact)
    given = None if exact is None else as_given(rubric, criterion.code, exact)
    return Threshold(
        criterion.code,
        criterion.label,
        asked,
        None if given is None else rounded(given),
        given is not None and given <= Fraction(asked),
        is_ceiling=True,
    )


def _placed(rubric: Rubric, passed: Sequence[_Scored], seed: str) -> Iterable[Row]:
    place = 1
    for group in _groups(rubric, passed, seed):
        for one in group:
            yield one.row(group, place, len(passed))
        place += len(group)


def _listed(rubric: Rubric, below: Sequence[_Scored]) -> Iterable[Row]:
    for group in _groups(rubric, below, ""):
        for one in group:
            yield one.row(group)


def _groups(rubric: Rubric, scored: Sequence[_Scored], seed: str) -> Iterable[list[_Scored]]:
    """Proposals best first; those that nothing parts stand in one group, in the order of their keys."""
    by_score: dict[Fraction, list[_Scored]] = {}
    for one in scored:
        by_score.setdefault(one.order, []).append(one)
    for score in sorted(by_score, reverse=True):
        for group in _parted(rubric, by_score[score], 0):
            yield from _drawn(group, seed)


def _drawn(equals: list[_Scored], seed: str) -> Iterable[list[_Scored]]:
    if len(equals) == 1 or not seed:
        yield equals
        return
    keys = tuple(one.entry.key for one in equals)
    for turn, one in enumerate(sorted(equals, key=lambda one: lot_of(seed, one.entry.key)), start=1):
        one.ties.append(TieStep(LOT, {}, keys, Decimal(turn), Outcome.DRAWN))
        yield [one]


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
        shown = value if value is None or not isinstance(item, str) else as_given(rubric, code, value)
        one.ties.append(TieStep(code, label, keys, None if shown is None else rounded(shown), outcome))
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
