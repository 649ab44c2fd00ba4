"""What the pages of this room are made of: values for templates, nothing decided."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import Any

from challenge.foundation.i18n import Text, _, _n, format_number
from challenge.rubrics.aggregate import plain
from challenge.rubrics.definition import AtLine, Join, Overall, Prefer, Quorum, Quota, Rubric, Selection
from challenge.rubrics.rules import Label, highest_score, scale_of
from challenge.scoring.explanation import explain, explain_excluded, explain_list, reason
from challenge.scoring.queries import Listed
from challenge.scoring.ranking import RankingResult, Row, Standing, Status

PAGE = 200


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale of the plot: from a little below the lowest review to a little above the highest."""

    lo: float
    hi: float
    ticks: list[int]


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal in the table that is the chart."""

    row: Row
    proposal: Listed
    low: Decimal | None
    high: Decimal | None
    state: str

    @property
    def band(self) -> str:
        if self.low is None or self.high is None:
            return ""
        low, high = (format_number(round(value)) for value in (self.low, self.high))
        return low if low == high else f"{low}–{high}"

    @property
    def why(self) -> list[Text]:
        return explain(self.row)


@dataclass(frozen=True, slots=True)
class Group:
    title: Text
    small: Text | None
    lines: list[Line]


def chart(
    rubric: Rubric, result: RankingResult, listed: Mapping[str, Listed], *, awards: int | None, first: int = 0
) -> dict[str, Any]:
    """The rows of one page, in groups, with the axis on which they lie and who is not ranked."""
    threshold = rubric.aggregation.overall_threshold
    rows = result.rows[first : first + PAGE]
    return {
        "groups": _groups([_line(row, listed[row.key], threshold) for row in rows], awards),
        "axis": _axis(rubric, result),
        "threshold": threshold,
        "excluded": [
            (listed[one.key], explain_excluded(one)) for one in result.excluded if one.key in listed
        ],
        "ranked": len(result.ranked),
        "count": len(result.rows),
        "first": first,
        "step": PAGE,
        "rubric": rubric,
        "method": method_in_words(rubric),
        "join": join_in_words(rubric),
        "thresholds": thresholds_in_words(rubric),
        "tie_breaks": tie_breaks(rubric),
        "rest": rest_in_words(rubric, result),
        "list": explain_list(result.chosen) if result.chosen else [],
        "labels": {criterion.code: criterion.label for criterion in rubric.criteria},
    }


def _line(row: Row, proposal: Listed, threshold: Decimal | None) -> Line:
    values = [value for value in row.review_scores.values() if value is not None]
    low, high = (min(values), max(values)) if values else (None, None)
    state = "sure"
    if row.standing != Standing.RANKED:
        state = "out"
    elif threshold is not None and low is not None and low < threshold:
        state = "close"
    return Line(row, proposal, low, high, state)


def _groups(lines: list[Line], awards: int | None) -> list[Group]:
    below = [one for one in lines if one.row.standing == Standing.BELOW_THRESHOLD]
    out = [one for one in lines if one.row.standing == Standing.KNOCKED_OUT]
    unscored = [one for one in lines if one.row.standing == Standing.NOT_SCORED]
    groups = [
        *(_by_list(lines) if any(one.row.listing for one in lines) else _by_awards(lines, awards)),
        Group(_("Below a threshold"), _("no place; in order"), below),
        Group(_("Knocked out"), _("no place; in order"), out),
        Group(_("Not scored"), _("no review is in"), unscored),
    ]
    return [group for group in groups if group.lines]


def _by_awards(lines: list[Line], awards: int | None) -> list[Group]:
    within = [one for one in lines if one.row.place is not None and awards and one.row.place <= awards]
    placed = [one for one in lines if one.row.place is not None and one not in within]
    return [
        Group(
            _("Within the number of awards"),
            _n("the call gives one award", "the call gives {n} awards", awards or 0),
            within,
        ),
        Group(_("Next in order") if within else _("In order"), _("every threshold is reached"), placed),
    ]


def _by_list(lines: list[Line]) -> list[Group]:
    names = {
        Status.SELECTED: (_("Selected"), _("by the rules of the list")),
        Status.TIED: (_("Tied at the line"), _("somebody has to decide")),
        Status.RESERVE: (_("Reserve list"), _("in order, when somebody falls away")),
        Status.NOT_SELECTED: (_("Not selected"), _("every threshold is reached")),
    }
    return [
        Group(title, small, [one for one in lines if one.row.listing and one.row.listing.status == status])
        for status, (title, small) in names.items()
    ]


def _axis(rubric: Rubric, result: RankingResult) -> Axis:
    highest = float(highest_score(rubric))
    step = _step(highest)
    values = [float(v) for row in result.rows for v in row.review_scores.values() if v is not None]
    if rubric.aggregation.overall_threshold is not None:
        values.append(float(rubric.aggregation.overall_threshold))
    low: float = floor(min(values, default=0) / step) * step
    high = min(ceil(max(values, default=highest) / step) * step, highest)
    if low >= high:
        low = max(0, high - step)
    ticks = [tick for tick in range(int(low), int(high) + 1, step)]
    return Axis(low - step / 2, high + step / 2, ticks)


def _step(highest: float) -> int:
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if highest / step <= 11:
            return step
    return 1000


def method_in_words(rubric: Rubric) -> Text:
    if rubric.aggregation.overall == Overall.SUM:
        return _("Points added up, {most} at most", most=highest_score(rubric))
    return _("Weighted mean, in per cent of the maximum")


def join_in_words(rubric: Rubric) -> Text:
    rule = rubric.aggregation
    if rule.groups:
        return _("voter groups with fixed shares")
    if rule.consensus:
        return _("the score agreed on, and the reviews until there is one")
    return {
        Join.MEAN: _("the mean of the reviews"),
        Join.MEDIAN: _("the median of the reviews"),
        Join.TRIMMED: _("the mean of the reviews without the highest and the lowest"),
    }[rule.panel]


def rest_in_words(rubric: Rubric, result: RankingResult | None = None) -> list[Text]:
    """How it is counted beyond method, thresholds and tie-breaks."""
    found = [
        _(
            "{group}: {share} per cent of the score",
            group=Label(group.label),
            share=round(100 * group.share / sum(each.share for each in rubric.aggregation.groups), 1),
        )
        for group in rubric.aggregation.groups
    ]
    for criterion in rubric.criteria:
        rule = criterion.knock_out
        if rule is not None:
            found.append(_KNOCK_OUTS[rule.by](Label(criterion.label), rule.below))
    if result is not None and result.seed:
        found.append(_("Lots are drawn with the seed {seed}.", seed=result.seed))
    elif rubric.lot:
        found.append(_("Who is still equal is parted by lot when the ranking is frozen."))
    return found + (selection_in_words(rubric.selection) if rubric.selection else [])


def selection_in_words(selection: Selection) -> list[Text]:
    """Who comes through, one limit after the other."""
    found = []
    if selection.top is not None:
        found.append(_n("One proposal comes in.", "The first {n} in order come in.", selection.top))
    if selection.share is not None:
        found.append(_("{share} per cent of the ranked come in, rounded up.", share=selection.share))
    if selection.mark is not None:
        found.append(_("Nobody comes in with less than {mark}.", mark=selection.mark))
    if selection.budget is not None:
        most = plain(selection.budget * selection.multiple)
        found.append(
            _("Those who come in ask for {most} {currency} at most.", most=most, currency=selection.currency)
        )
    found.append(
        {
            AtLine.OPEN: _("Equals of whom only some fit are left open, for somebody to decide."),
            AtLine.IN: _("Equals of whom only some fit all come in, but never beyond the money or a quota."),
            AtLine.OUT: _("Equals of whom only some fit all stay out."),
        }[selection.ties]
    )
    for quota in selection.quotas:
        found += list(_quota_in_words(quota))
    if selection.reserve:
        found.append(
            _n(
                "The next in order stands in reserve.",
                "The next {n} in order stand in reserve.",
                selection.reserve,
            )
        )
    return found


def _quota_in_words(quota: Quota) -> Iterator[Text]:
    is_each = quota.each or not quota.values
    name = _("{quota} (each by itself)", quota=Label(quota.label)) if is_each else Label(quota.label)
    if quota.most is not None:
        yield _("{quota}: {n} at most.", quota=name, n=quota.most)
    if quota.least is not None:
        yield _("{quota}: {n} at least.", quota=name, n=quota.least)
    if quota.most_share is not None:
        yield _("{quota}: {share} per cent of the money at most.", quota=name, share=quota.most_share)
    if quota.least_share is not None:
        yield _("{quota}: {share} per cent of the money at least.", quota=name, share=quota.least_share)


_KNOCK_OUTS: dict[Quorum, Callable[[Label, Decimal], Text]] = {
    Quorum.ANY: lambda by, level: _(
        "“{by}” knocks out when one score is worse than {level}.", by=by, level=level
    ),
    Quorum.ALL: lambda by, level: _(
        "“{by}” knocks out when every score is worse than {level}.", by=by, level=level
    ),
    Quorum.MAJORITY: lambda by, level: _(
        "“{by}” knocks out when most scores are worse than {level}.", by=by, level=level
    ),
    Quorum.PANEL: lambda by, level: _(
        "“{by}” knocks out when the panel's score is worse than {level}.", by=by, level=level
    ),
}


def thresholds_in_words(rubric: Rubric) -> list[Text]:
    found = []
    if rubric.aggregation.overall_threshold is not None:
        found.append(_("Overall: at least {asked}", asked=rubric.aggregation.overall_threshold))
    for criterion in rubric.criteria:
        if criterion.threshold is not None:
            values = {"criterion": Label(criterion.label), "asked": criterion.threshold}
            is_ceiling = scale_of(rubric, criterion).best == Prefer.LOW
            found.append(
                _("{criterion}: at most {asked}", **values)
                if is_ceiling
                else _("{criterion}: at least {asked}", **values)
            )
    return found + [
        _("{criterion}: at least {asked}", criterion=Label(section.label), asked=section.threshold)
        for section in rubric.sections
        if section.threshold is not None
    ]


def tie_breaks(rubric: Rubric) -> list[Label]:
    labels = {criterion.code: criterion.label for criterion in rubric.criteria}
    return [
        Label(labels.get(item, item)) if isinstance(item, str) else Label(item.label)
        for item in rubric.tie_break
    ]


def headline(rubric: Rubric, result: RankingResult) -> Text:
    """The news of a ranking."""
    placed = len(result.ranked)
    if not placed:
        return _("No proposal has a place yet")
    if shared := sum(1 for row in result.ranked if row.shared_with):
        return _n(
            "{n} proposal has a place, {shared} share one",
            "{n} proposals have a place, {shared} share one",
            placed,
            shared=shared,
        )
    if thresholds_in_words(rubric):
        return _n("{n} proposal reaches every threshold", "{n} proposals reach every threshold", placed)
    return _n("{n} proposal has a place", "{n} proposals have a place", placed)


def as_json(rubric: Rubric, result: RankingResult, listed: Mapping[str, Listed]) -> dict[str, Any]:
    """A ranking for programs, and for `challenge ranking show --json`."""
    return {
        "method": rubric.aggregation.overall.value,
        "panel": rubric.aggregation.panel.value,
        "rows": [
            {
                "proposal": row.key,
                "title": listed[row.key].title if row.key in listed else "",
                "standing": row.standing.value,
                "status": row.status,
                "reason": str(reason(row)),
                "place": row.place,
                "sharedWith": list(row.shared_with),
                "score": _text(row.score),
                "rankingScore": _text(row.ranking_score),
                "reviews": row.review_count,
                "range": _text(row.range),
                "spread": _text(row.spread),
                "criteria": {code: _text(mean) for code, mean in row.criterion_means.items()},
                "why": [str(sentence) for sentence in explain(row)],
            }
            for row in result.rows
        ],
        "excluded": [{"proposal": one.key, "reason": str(explain_excluded(one))} for one in result.excluded],
        "seed": result.seed,
        "list": [str(sentence) for sentence in explain_list(result.chosen)] if result.chosen else [],
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
