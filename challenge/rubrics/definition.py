"""What a rubric says, as plain values: read from a call file, kept as JSON, frozen into every ranking.

Numbers are Decimals: exact in memory, text in JSON. A level of a scale is written as text ("3", "0.5") where
it is the key of a mapping. New mechanics are new optional fields with a default, so that every rubric kept
before still reads and still gives the same numbers. `filled_in` marks what the source of a real call does not
say: all of it, or the fields named.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from challenge.foundation.i18n import Texts


class Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """A piece of a rubric. Fields at their default are left out when written."""


class NotApplicable(StrEnum):
    """What a reviewer answers, where the scale allows it, in place of a number. It never lowers a score."""

    NOT_APPLICABLE = "not-applicable"


NOT_APPLICABLE = NotApplicable.NOT_APPLICABLE
Score = Decimal | NotApplicable


class Overall(StrEnum):
    """How the scores of one review become its overall score.

    weighted-mean: per cent of the maximum, 100 * sum(weight * score / highest level) / sum(weight).
    sum: the points added up, each criterion as often as it is `counted`.
    """

    WEIGHTED_MEAN = "weighted-mean"
    SUM = "sum"


class Join(StrEnum):
    """How the overall scores of the reviews of one proposal become its panel score.

    trimmed: the mean without the highest and the lowest, where at least three reviews are left to choose from.
    """

    MEAN = "mean"
    MEDIAN = "median"
    TRIMMED = "trimmed"


class Quorum(StrEnum):
    """Whose scores knock a proposal out; `panel` is their mean or median."""

    ANY = "any"
    ALL = "all"
    MAJORITY = "majority"
    PANEL = "panel"


class AtLine(StrEnum):
    """What happens to equals of which only some fit above the line."""

    OPEN = "open"
    IN = "in"
    OUT = "out"


class Prefer(StrEnum):
    HIGH = "high"
    LOW = "low"


class Scale(Part, frozen=True, kw_only=True):
    """The levels a score may take: from `min` to `max` in equal steps."""

    min: Decimal
    max: Decimal
    step: Decimal = Decimal(1)
    labels: dict[str, Texts] = {}
    na_allowed: bool = False
    # "low": 1 is the best. Such scores are mirrored (lowest + highest - score) before anything is counted.
    best: Prefer = Prefer.HIGH


class KnockOut(Part, frozen=True, kw_only=True):
    """A proposal is out when its scores of this criterion lie below a level (above it where the lowest is best).

    Whoever answered "not applicable" has no voice. With an agreed score, that score alone decides.
    """

    below: Decimal
    by: Quorum = Quorum.ANY
    # All its scores become 0, besides being out.
    zeroes: bool = False


class Criterion(Part, frozen=True, kw_only=True):
    """One thing to judge."""

    code: str
    label: Texts
    asks: Texts = {}
    # Share in a weighted mean; shares need not add up to 100.
    weight: Decimal = Decimal(1)
    # How many times it counts, in the mean and in the sum (2 = twice).
    counted: Decimal = Decimal(1)
    # Counts so many times more when places are given, after the thresholds (Horizon Europe: Impact 1.5).
    ranking_weight: Decimal = Decimal(1)
    # The panel's score of this criterion must reach it.
    threshold: Decimal | None = None
    anchors: dict[str, Texts] = {}
    # The highest level, where it differs from the rubric's scale (30 points of 100).
    max_points: Decimal | None = None
    # A scale of its own, in place of the rubric's.
    scale: Scale | None = None
    # The code of the section it stands in.
    section: str = ""
    # Adds to the score and never to the maximum (5 points on top of 100).
    bonus: bool = False
    # Asked and kept, never added up: a gate, or a question that is no selection criterion.
    uncounted: bool = False
    knock_out: KnockOut | None = None
    # Asks who is usually forgotten; a rubric without one is worth a warning.
    inclusion: bool = False
    filled_in: bool | tuple[str, ...] = False


class TieBreak(Part, frozen=True, kw_only=True):
    """What parts equal proposals and is no criterion: a number that staff record per proposal."""

    code: str
    label: Texts
    prefer: Prefer = Prefer.HIGH
    filled_in: bool | tuple[str, ...] = False


class Section(Part, frozen=True, kw_only=True):
    """Criteria that belong together.

    weight: the share of the whole section in a weighted mean, however many criteria it has.
    threshold: what the panel's score of the section must reach: points in a sum, per cent of the section's
    maximum in a weighted mean.
    """

    code: str
    label: Texts
    weight: Decimal | None = None
    threshold: Decimal | None = None
    filled_in: bool | tuple[str, ...] = False


class VoterGroup(Part, frozen=True, kw_only=True):
    """Reviewers whose joined score has a fixed share in the panel score, however many they are.

    In a call they are the panel whose name is the code or a label of the group.
    """

    code: str
    label: Texts
    share: Decimal


class Quota(Part, frozen=True, kw_only=True):
    """A rule on the set that is selected. `column` is what a proposal says of itself: track, country, ...

    values: whom it is about, taken together; none: every value by itself ("at most five per state").
    each: the values listed, every one by itself, also one that no proposal bears ("one winner per track").
    Shares are per cent of the money that the selected ask for.
    """

    code: str
    label: Texts
    column: str
    values: tuple[str, ...] = ()
    each: bool = False
    most: int | None = None
    least: int | None = None
    most_share: Decimal | None = None
    least_share: Decimal | None = None
    filled_in: bool | tuple[str, ...] = False


class Selection(Part, frozen=True, kw_only=True):
    """Who of the ranked comes through. Every limit given holds.

    top: so many. share: so many per cent of the ranked, rounded up. mark: the panel score that is asked.
    budget: money in `currency`; those selected ask for at most `multiple` times as much, and for at least
    `least_multiple` times as much while some are left. The line lies above the first that does not fit.
    ties: whether equals of which only some fit are left open, all come in, or all stay out. Nobody comes in
    beyond the money or a quota.
    reserve: how many come next in order when somebody falls away.
    """

    top: int | None = None
    share: Decimal | None = None
    mark: Decimal | None = None
    budget: Decimal | None = None
    currency: str = ""
    multiple: Decimal = Decimal(1)
    least_multiple: Decimal | None = None
    ties: AtLine = AtLine.OPEN
    reserve: int = 0
    quotas: tuple[Quota, ...] = ()
    filled_in: bool | tuple[str, ...] = False


class Aggregation(Part, frozen=True, kw_only=True):
    overall: Overall = Overall.WEIGHTED_MEAN
    panel: Join = Join.MEAN
    # In the unit of the overall score: per cent for a weighted mean, points for a sum.
    overall_threshold: Decimal | None = None
    # True: `overall_threshold` is held against the score before `ranking_weight` acts.
    thresholds_before_weights: bool = True
    # Of every group somebody must have scored, or the proposal has no score yet.
    groups: tuple[VoterGroup, ...] = ()
    # A score that the reviewers agree on takes the place of their mean, which stands until there is one.
    consensus: bool = False
    filled_in: bool | tuple[str, ...] = False


class Remark(Part, frozen=True, kw_only=True):
    """The written judgement that goes with the scores."""

    required: bool = True
    min_words: int = 0
    max_words: int | None = None
    visible_to_applicant: bool = True


class Rubric(Part, frozen=True, kw_only=True):
    """How to judge. Its code is the key it is kept under, in the call file and beside its versions."""

    scale: Scale
    criteria: tuple[Criterion, ...]
    title: Texts = {}
    aggregation: Aggregation = Aggregation()
    # In order: the code of a criterion (the higher panel score wins), or a TieBreak.
    tie_break: tuple[str | TieBreak, ...] = ()
    sections: tuple[Section, ...] = ()
    # Who is still equal is parted by a lot with a seed that is made known.
    lot: bool = False
    selection: Selection | None = None
    remark: Remark = Remark()
    filled_in: bool | tuple[str, ...] = False

    def criterion(self, code: str) -> Criterion | None:
        return next((criterion for criterion in self.criteria if criterion.code == code), None)


def from_builtins(plain: Any) -> Rubric:
    """A rubric from what JSON gave. Raises `msgspec.ValidationError` when it is none."""
    return msgspec.convert(plain, Rubric)


def to_builtins(rubric: Rubric) -> dict[str, Any]:
    """A rubric as JSON can keep it; Decimals are text."""
    # Read once more first: whether a default is left out must not depend on where the value came from.
    same = msgspec.json.decode(msgspec.json.encode(rubric), type=Rubric)
    plain: dict[str, Any] = msgspec.to_builtins(same)
    return plain


def level_key(level: Decimal) -> str:
    """A level as it stands in `labels` and `anchors`: "3", "0.5"; no zeros behind, no exponent."""
    return format(level.normalize() if level else Decimal(0), "f")
