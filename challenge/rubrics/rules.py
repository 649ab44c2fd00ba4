"""What a score may be, what is missing, and what a rubric must not say."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from challenge.foundation.i18n import Text, Texts, _, pick
from challenge.rubrics.definition import (
    Criterion,
    NotApplicable,
    Overall,
    Quota,
    Rubric,
    Scale,
    Score,
    Section,
    Selection,
    level_key,
)

# More levels than this is a field to type a number into, not a row of buttons.
MOST_BUTTONS = 11
MOST_LEVELS = 1001

Path = tuple[str | int, ...]


class Label:
    """A text of the organizer inside a sentence, in the language the sentence is said in."""

    __slots__ = ("texts",)

    def __init__(self, texts: Texts | str) -> None:
        self.texts = texts

    def __str__(self) -> str:
        return pick(self.texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Label) and self.texts == other.texts

    def __hash__(self) -> int:
        return hash(str(self.texts))


def scale_of(rubric: Rubric, criterion: Criterion) -> Scale:
    """The scale of a criterion: its own or the rubric's, ending at `max_points` where there is one."""
    own = criterion.scale or rubric.scale
    if criterion.max_points is None:
        return own
    return msgspec.structs.replace(own, max=criterion.max_points)


def levels(rubric: Rubric, criterion: Criterion) -> list[Decimal]:
    """Every level a score may take, lowest first."""
    scale = scale_of(rubric, criterion)
    count = int((scale.max - scale.min) / scale.step)
    return [scale.min + scale.step * index for index in range(count + 1)]


def has_buttons(rubric: Rubric, criterion: Criterion) -> bool:
    """Whether the levels are few enough to show side by side."""
    scale = scale_of(rubric, criterion)
    return (scale.max - scale.min) / scale.step < MOST_BUTTONS


def level_label(rubric: Rubric, criterion: Criterion, level: Decimal) -> Texts:
    return scale_of(rubric, criterion).labels.get(level_key(level), {})


def anchor(criterion: Criterion, level: Decimal) -> Texts:
    return criterion.anchors.get(level_key(level), {})


def highest_score(rubric: Rubric) -> Decimal:
    """The overall score of a review with the best level everywhere, a bonus left out: 100, or all points."""
    if rubric.aggregation.overall == Overall.WEIGHTED_MEAN:
        return Decimal(100)
    return _points(rubric, [c for c in rubric.criteria if is_counted(c)])


def is_counted(criterion: Criterion) -> bool:
    """Whether it belongs to the maximum: no bonus, and no question that is only asked."""
    return not criterion.bonus and not criterion.uncounted


def _points(rubric: Rubric, criteria: list[Criterion]) -> Decimal:
    return sum((c.counted * scale_of(rubric, c).max for c in criteria), Decimal(0))


def highest_section_score(rubric: Rubric, section: Section) -> Decimal:
    """100 in a weighted mean, or the points of its criteria."""
    if rubric.aggregation.overall == Overall.WEIGHTED_MEAN:
        return Decimal(100)
    return _points(rubric, [c for c in rubric.criteria if is_counted(c) and c.section == section.code])


def why_not_score(rubric: Rubric, criterion: Criterion, value: Score) -> Text | None:
    """The reason this value cannot be the score of this criterion, or nothing."""
    scale = scale_of(rubric, criterion)
    if isinstance(value, NotApplicable):
        return None if scale.na_allowed else _("This criterion needs a score; it cannot be left out.")
    if not value.is_finite():
        return _("Use a number from {lowest} to {highest}.", lowest=scale.min, highest=scale.max)
    if not scale.min <= value <= scale.max:
        return _(
            "Use a number from {lowest} to {highest}. You wrote {value}.",
            lowest=scale.min,
            highest=scale.max,
            value=value,
        )
    if (value - scale.min) % scale.step:
        return _(
            "Use steps of {step} from {lowest} to {highest}. You wrote {value}.",
            step=scale.step,
            lowest=scale.min,
            highest=scale.max,
            value=value,
        )
    return None


def missing_scores(rubric: Rubric, scores: Mapping[str, Score | None]) -> list[Criterion]:
    """The criteria that still have no score, in the order of the rubric."""
    return [criterion for criterion in rubric.criteria if scores.get(criterion.code) is None]


def has_inclusion(rubric: Rubric) -> bool:
    """Whether some criterion asks who is usually forgotten; organizers are warned when none does."""
    return any(criterion.inclusion for criterion in rubric.criteria)


def faults(rubric: Rubric) -> list[tuple[Path, Text]]:
    """Everything a rubric must not say, each with the place inside it; nothing when it can be used."""
    return list(_faults(rubric))


def _faults(rubric: Rubric) -> Iterator[tuple[Path, Text]]:
    sound = list(_faults_of_scale(rubric.scale, ("scale",)))
    yield from sound
    if not rubric.criteria:
        yield ("criteria",), _("A rubric needs at least one criterion.")
    seen: set[str] = set()
    for index, criterion in enumerate(rubric.criteria):
        where: Path = ("criteria", index)
        if criterion.code in seen:
            yield (*where, "code"), _("The code {code} is used twice.", code=criterion.code)
        seen.add(criterion.code)
        for name in ("weight", "counted", "ranking_weight"):
            number: Decimal = getattr(criterion, name)
            if not number.is_finite() or number <= 0:
                yield (*where, name), _("Use a number above zero. You wrote {value}.", value=str(number))
        own = list(_faults_of_scale(criterion.scale, (*where, "scale"))) if criterion.scale else []
        yield from own
        if criterion.bonus and criterion.uncounted:
            yield (*where, "bonus"), _("A criterion is a bonus or not counted, not both.")
        if not sound and not own:
            yield from _faults_of_levels(rubric, criterion, where)
    if rubric.criteria and not any(is_counted(criterion) for criterion in rubric.criteria):
        yield ("criteria",), _("At least one criterion must count, and not only as a bonus.")
    yield from _faults_of_sections(rubric)
    if not sound:
        yield from _faults_of_threshold(rubric)
    yield from _faults_of_groups(rubric)
    yield from _faults_of_tie_break(rubric)
    if rubric.selection is not None:
        yield from _faults_of_selection(rubric.selection)
    if rubric.remark.max_words is not None and rubric.remark.max_words < max(rubric.remark.min_words, 1):
        yield ("remark", "max_words"), _("The most words must not be fewer than the least.")


def _faults_of_scale(scale: Scale, where: Path) -> Iterator[tuple[Path, Text]]:
    if not all(number.is_finite() for number in (scale.min, scale.max, scale.step)):
        yield where, _("A scale needs plain numbers.")
    elif scale.min < 0:
        yield (*where, "min"), _("A scale cannot begin below zero.")
    elif scale.min >= scale.max:
        yield (*where, "max"), _("The highest level must be above the lowest.")
    elif scale.step <= 0:
        yield (*where, "step"), _("Use a number above zero. You wrote {value}.", value=str(scale.step))
    elif (scale.max - scale.min) / scale.step >= MOST_LEVELS:
        yield (*where, "step"), _("A scale has at most {most} levels.", most=MOST_LEVELS)
    elif (scale.max - scale.min) % scale.step:
        yield (
            (*where, "step"),
            _(
                "Steps of {step} do not lead from {lowest} to {highest}.",
                step=scale.step,
                lowest=scale.min,
                highest=scale.max,
            ),
        )
    else:
        count = int((scale.max - scale.min) / scale.step)
        known = {level_key(scale.min + scale.step * index) for index in range(count + 1)}
        for level in scale.labels:
            if level not in known:
                yield (*where, "labels", level), _("{level} is not a level of the scale.", level=level)


def _faults_of_levels(rubric: Rubric, criterion: Criterion, where: Path) -> Iterator[tuple[Path, Text]]:
    scale = scale_of(rubric, criterion)
    if criterion.max_points is not None:
        bare = Scale(min=scale.min, max=scale.max, step=scale.step)
        for _place, text in _faults_of_scale(bare, where):
            yield (*where, "max_points"), text
            return
    known = {level_key(level) for level in levels(rubric, criterion)}
    for level in criterion.anchors:
        if level not in known:
            yield (*where, "anchors", level), _("{level} is not a level of the scale.", level=level)
    threshold = criterion.threshold
    if threshold is not None and not (threshold.is_finite() and scale.min <= threshold <= scale.max):
        yield (
            (*where, "threshold"),
            _(
                "A threshold lies on the scale, from {lowest} to {highest}.",
                lowest=scale.min,
                highest=scale.max,
            ),
        )
    below = criterion.knock_out.below if criterion.knock_out else None
    if below is not None and not (below.is_finite() and scale.min <= below <= scale.max):
        yield (
            (*where, "knock_out", "below"),
            _(
                "A level that knocks out lies on the scale, from {lowest} to {highest}.",
                lowest=scale.min,
                highest=scale.max,
            ),
        )


def _faults_of_sections(rubric: Rubric) -> Iterator[tuple[Path, Text]]:
    known = [section.code for section in rubric.sections]
    for index, criterion in enumerate(rubric.criteria):
        if criterion.section and criterion.section not in known:
            yield (
                ("criteria", index, "section"),
                _("No section has the code {code}.", code=criterion.section),
            )
    for index, section in enumerate(rubric.sections):
        where: Path = ("sections", index)
        if section.code in known[:index]:
            yield (*where, "code"), _("The code {code} is used twice.", code=section.code)
        if not any(c.section == section.code and is_counted(c) for c in rubric.criteria):
            yield where, _("No criterion that counts stands in this section.")
            continue
        if section.weight is not None:
            yield from _faults_of_number(section.weight, (*where, "weight"))
            if rubric.aggregation.overall == Overall.SUM:
                yield (*where, "weight"), _("Points that are added up have no weights of sections.")
        highest = highest_section_score(rubric, section)
        if section.threshold is not None and not (
            section.threshold.is_finite() and 0 <= section.threshold <= highest
        ):
            yield (
                (*where, "threshold"),
                _(
                    "The threshold of this section lies between {lowest} and {highest}.",
                    lowest=0,
                    highest=highest,
                ),
            )


def _faults_of_number(number: Decimal, where: Path) -> Iterator[tuple[Path, Text]]:
    if not number.is_finite() or number <= 0:
        yield where, _("Use a number above zero. You wrote {value}.", value=str(number))


def _faults_of_share(share: Decimal, where: Path) -> Iterator[tuple[Path, Text]]:
    if not share.is_finite() or not 0 < share <= 100:
        yield where, _("A share lies above 0 and up to 100 per cent. You wrote {value}.", value=str(share))


def _faults_of_groups(rubric: Rubric) -> Iterator[tuple[Path, Text]]:
    codes = [group.code for group in rubric.aggregation.groups]
    for index, group in enumerate(rubric.aggregation.groups):
        where: Path = ("aggregation", "groups", index)
        if group.code in codes[:index]:
            yield (*where, "code"), _("The code {code} is used twice.", code=group.code)
        yield from _faults_of_number(group.share, (*where, "share"))


def _faults_of_selection(selection: Selection) -> Iterator[tuple[Path, Text]]:
    where: Path = ("selection",)
    limits = (selection.top, selection.share, selection.mark, selection.budget)
    if all(limit is None for limit in limits) and not selection.quotas:
        yield where, _("A selection needs a limit: top, share, mark, budget or a quota.")
    if selection.top is not None and selection.top < 1:
        yield (*where, "top"), _("Use a number above zero. You wrote {value}.", value=str(selection.top))
    if selection.share is not None:
        yield from _faults_of_share(selection.share, (*where, "share"))
    if selection.budget is not None:
        yield from _faults_of_number(selection.budget, (*where, "budget"))
    yield from _faults_of_number(selection.multiple, (*where, "multiple"))
    if selection.least_multiple is not None and selection.least_multiple > selection.multiple:
        yield (*where, "least_multiple"), _("The least multiple of the budget is above the most.")
    if selection.reserve < 0:
        yield (
            (*where, "reserve"),
            _("Use zero or a number above. You wrote {value}.", value=str(selection.reserve)),
        )
    codes = [quota.code for quota in selection.quotas]
    for index, quota in enumerate(selection.quotas):
        here: Path = (*where, "quotas", index)
        if quota.code in codes[:index]:
            yield (*here, "code"), _("The code {code} is used twice.", code=quota.code)
        yield from _faults_of_quota(quota, here)


def _faults_of_quota(quota: Quota, where: Path) -> Iterator[tuple[Path, Text]]:
    if all(limit is None for limit in (quota.most, quota.least, quota.most_share, quota.least_share)):
        yield where, _("A quota needs a limit: most, least, most_share or least_share.")
    for index, value in enumerate(quota.values):
        if value in quota.values[:index]:
            yield (*where, "values", index), _("“{value}” stands twice.", value=value)
    if quota.each and not quota.values:
        yield (*where, "each"), _("Name the values that count each by itself.")
    for name in ("most", "least"):
        number: int | None = getattr(quota, name)
        if number is not None and number < 0:
            yield (*where, name), _("Use zero or a number above. You wrote {value}.", value=str(number))
    for name in ("most_share", "least_share"):
        share: Decimal | None = getattr(quota, name)
        if share is not None:
            yield from _faults_of_share(share, (*where, name))
    if quota.most is not None and quota.least is not None and quota.most < quota.least:
        yield (*where, "most"), _("The most must not be fewer than the least.")
    if (
        quota.most_share is not None
        and quota.least_share is not None
        and quota.most_share < quota.least_share
    ):
        yield (*where, "most_share"), _("The most must not be fewer than the least.")


def _faults_of_threshold(rubric: Rubric) -> Iterator[tuple[Path, Text]]:
    threshold = rubric.aggregation.overall_threshold
    if threshold is None:
        return
    highest = highest_score(rubric)
    if not threshold.is_finite() or not 0 <= threshold <= highest:
        yield (
            ("aggregation", "overall_threshold"),
            _("The overall threshold lies between {lowest} and {highest}.", lowest=0, highest=highest),
        )


def _faults_of_tie_break(rubric: Rubric) -> Iterator[tuple[Path, Text]]:
    codes = [criterion.code for criterion in rubric.criteria]
    seen: set[str] = set()
    for index, item in enumerate(rubric.tie_break):
        code = item if isinstance(item, str) else item.code
        if code in seen:
            yield ("tie_break", index), _("The code {code} is used twice.", code=code)
        seen.add(code)
        if isinstance(item, str) and code not in codes:
            yield ("tie_break", index), _("No criterion has the code {code}.", code=code)
        elif not isinstance(item, str) and code in codes:
            yield ("tie_break", index, "code"), _("A criterion already has the code {code}.", code=code)
