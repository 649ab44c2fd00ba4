"""A row of a ranking and the list drawn from it, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from challenge.foundation.i18n import Text, _, _n, said
from challenge.rubrics.definition import Join, Quorum
from challenge.rubrics.rules import Label
from challenge.scoring.ranking import (
    Cause,
    Chosen,
    Excluded,
    Filled,
    KnockedOut,
    Listing,
    Outcome,
    Row,
    Standing,
    Status,
    Threshold,
    TieStep,
)


def explain(row: Row) -> list[Text]:
    """How this row came about, one sentence after the other, said in the language of the reader."""
    sentences = [standing_in_words(row)]
    sentences += [knock_out_in_words(one) for one in row.knock_outs]
    if row.score is not None:
        sentences += score_in_words(row)
        if row.ranking_score != row.score:
            sentences.append(_("With the weights for the ranking it is {score}.", score=row.ranking_score))
        if row.range:
            sentences.append(
                _(
                    "The reviews lie {range} apart; their standard deviation is {spread}.",
                    range=row.range,
                    spread=row.spread,
                )
            )
    if row.uncounted:
        sentences.append(
            _n(
                "One review belongs to no voter group and does not count.",
                "{n} reviews belong to no voter group and do not count.",
                len(row.uncounted),
            )
        )
    sentences += [threshold_in_words(threshold) for threshold in row.thresholds if row.score is not None]
    sentences += [tie_in_words(row, step) for step in row.ties]
    if row.shared_with:
        sentences.append(
            _("Nothing parts it from {others}, so they share the place.", others=Listed(row.shared_with))
            if row.place
            else _("Nothing parts it from {others}.", others=Listed(row.shared_with))
        )
    if row.listing is not None:
        sentences += [status_in_words(row.listing), cause_in_words(row.listing)]
    return sentences


def reason(row: Row) -> Text:
    """The one thing that decided where it stands: on the list, where there is one, else in the ranking."""
    if row.listing is not None:
        return cause_in_words(row.listing)
    if row.knock_outs:
        return knock_out_in_words(row.knock_outs[0])
    if row.standing == Standing.BELOW_THRESHOLD and row.failed:
        return threshold_in_words(row.failed[0])
    return standing_in_words(row)


def explain_excluded(excluded: Excluded) -> Text:
    return _("Not ranked. {reason}", reason=Label(excluded.reason))


class Listed:
    """Numbers or codes in a sentence, said in the form of the language: 93, 43, 68."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = tuple(values)

    def __str__(self) -> str:
        return str(_(", ")).join(said(value) for value in self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listed) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)


def standing_in_words(row: Row) -> Text:
    if row.standing == Standing.RANKED:
        return _("Place {place} of {places}.", place=row.place, places=row.places)
    if row.standing == Standing.BELOW_THRESHOLD:
        return _("Below a threshold, so it has no place.")
    if row.standing == Standing.KNOCKED_OUT:
        return _("Knocked out, so it has no place.")
    missing = [Label(group.label or group.code) for group in row.groups if group.score is None]
    if row.review_scores and missing:
        return _("Nobody of {groups} has scored it, so it has no place.", groups=Listed(missing))
    return _("No review has been scored, so it has no place.")


def score_in_words(row: Row) -> list[Text]:
    values = Listed(value for value in row.review_scores.values() if value is not None)
    if row.is_zeroed:
        return [_("All its scores count as 0.")]
    if row.agreed and row.review_count:
        return [
            _n(
                "Panel score {score}, agreed on in place of the one review ({values}).",
                "Panel score {score}, agreed on in place of {n} reviews ({values}).",
                row.review_count,
                score=row.score,
                values=values,
            )
        ]
    if row.agreed:
        return [_("Panel score {score}, agreed on.", score=row.score)]
    said_score = _joined_in_words(row, values)
    if row.agreed is None:
        return [said_score]
    return [said_score, _("No score is agreed on yet; until then the reviews stand.")]


def _joined_in_words(row: Row, values: Listed) -> Text:
    if row.groups:
        groups = (
            _(
                "{group} {score} with a share of {share}",
                group=Label(group.label or group.code),
                score=group.score,
                share=group.share,
            )
            for group in row.groups
        )
        return _("Panel score {score}: {groups}.", score=row.score, groups=Listed(groups))
    if row.join == Join.MEDIAN:
        return _n(
            "Panel score {score}, from one review.",
            "Panel score {score}: the median of {n} reviews ({values}).",
            row.review_count,
            score=row.score,
            values=values,
        )
    if row.join == Join.TRIMMED and row.review_count > 2:
        return _(
            "Panel score {score}: the mean of {n} reviews without the highest and the lowest ({values}).",
            n=row.review_count,
            score=row.score,
            values=values,
        )
    return _n(
        "Panel score {score}, from one review.",
        "Panel score {score}: the mean of {n} reviews ({values}).",
        row.review_count,
        score=row.score,
        values=values,
    )


def knock_out_in_words(one: KnockedOut) -> Text:
    values = {"by": Label(one.label or one.criterion), "level": one.level, "scores": Listed(one.scores)}
    if one.by == Quorum.PANEL and one.is_ceiling:
        return _("“{by}” knocks it out: the panel's {scores} lies above {level}.", **values)
    if one.by == Quorum.PANEL:
        return _("“{by}” knocks it out: the panel's {scores} lies below {level}.", **values)
    if one.by == Quorum.ALL and one.is_ceiling:
        return _("“{by}” knocks it out: every score lies above {level} ({scores}).", **values)
    if one.by == Quorum.ALL:
        return _("“{by}” knocks it out: every score lies below {level} ({scores}).", **values)
    if one.by == Quorum.MAJORITY and one.is_ceiling:
        return _("“{by}” knocks it out: most scores lie above {level} ({scores}).", **values)
    if one.by == Quorum.MAJORITY:
        return _("“{by}” knocks it out: most scores lie below {level} ({scores}).", **values)
    if one.is_ceiling:
        return _("“{by}” knocks it out: one score above {level} is enough ({scores}).", **values)
    return _("“{by}” knocks it out: one score below {level} is enough ({scores}).", **values)


def threshold_in_words(threshold: Threshold) -> Text:
    named = threshold.criterion or threshold.section
    label: Any = Label(threshold.label or named)
    values = {"criterion": label, "asked": threshold.asked, "reached": threshold.reached}
    if threshold.is_ceiling:
        return _ceiling_in_words(threshold, values)
    if named and threshold.reached is None:
        return _("{criterion}: at least {asked} is asked, and nobody scored it.", **values)
    if named and threshold.passed:
        return _("{criterion}: {reached}, at least {asked} is asked. Reached.", **values)
    if named:
        return _("{criterion}: {reached}, at least {asked} is asked. Not reached.", **values)
    if threshold.passed:
        return _("The overall threshold of {asked} is reached.", **values)
    return _("The overall threshold of {asked} is not reached.", **values)


def _ceiling_in_words(threshold: Threshold, values: Mapping[str, Any]) -> Text:
    if threshold.reached is None:
        return _("{criterion}: at most {asked} is allowed, and nobody scored it.", **values)
    if threshold.passed:
        return _("{criterion}: {reached}, at most {asked} is allowed. Kept.", **values)
    return _("{criterion}: {reached}, at most {asked} is allowed. Not kept.", **values)


def tie_in_words(row: Row, step: TieStep) -> Text:
    others = Listed(key for key in step.equals if key != row.key)
    label = Label(step.label or step.code)
    if step.outcome == Outcome.DRAWN:
        return _(
            "Equal with {others}; parted by lot, where it was drawn as number {turn}.",
            others=others,
            turn=step.value,
        )
    if step.outcome == Outcome.PARTED:
        return _(
            "Equal with {others}; parted by “{by}”, where it has {value}.",
            others=others,
            by=label,
            value=step.value,
        )
    if step.outcome == Outcome.EQUAL:
        return _("Equal with {others}, also in “{by}” ({value}).", others=others, by=label, value=step.value)
    return _("Equal with {others}; “{by}” is not recorded for all of them.", others=others, by=label)


# ---------- the list ----------


def status_in_words(listing: Listing) -> Text:
    if listing.status == Status.RESERVE:
        return _("Reserve list, number {number}.", number=listing.number)
    return {
        Status.SELECTED: _("Selected."),
        Status.TIED: _("Tied at the line."),
        Status.NOT_SELECTED: _("Not selected."),
    }[listing.status]


def cause_in_words(listing: Listing) -> Text:
    if listing.status == Status.SELECTED:
        return _selected_in_words(listing)
    if listing.equals:
        return _equals_in_words(listing)
    values = {"limit": listing.limit, "reached": listing.reached, "currency": listing.currency}
    if listing.cause in (Cause.QUOTA_FULL, Cause.GAVE_WAY):
        return _quota_in_words(listing)
    if listing.cause == Cause.MONEY and (listing.reached or 0) > (listing.limit or 0):
        return _("With it {reached} would be asked for, and {limit} is the most.", **values)
    return {
        Cause.TOP: _("{limit} come in, and others stand above it.", **values),
        Cause.SHARE: _("The share that comes in is {limit}, and others stand above it.", **values),
        Cause.MONEY: _("The line that the money draws lies above it.", **values),
        Cause.MARK: _("{reached} is below the mark of {limit}.", **values),
        Cause.NO_AMOUNT: _("No amount is recorded that could be held against the money."),
        Cause.OTHER_CURRENCY: _(
            "It asks in {currency}; amounts in two currencies are not added up.", **values
        ),
    }[listing.cause]


def _selected_in_words(listing: Listing) -> Text:
    values = {"limit": listing.limit, "reached": listing.reached, "others": Listed(listing.equals)}
    if listing.cause == Cause.WITH_EQUALS:
        return _("It ties with {others} at the line, and all of them come in.", **values)
    if listing.cause == Cause.LEAST_MULTIPLE:
        return _("It stands across the line, and comes in because too little money would be asked for.")
    if listing.cause == Cause.FOR_QUOTA:
        return _("It comes in because “{quota}” asks for it.", quota=_quota(listing.label, listing.value))
    if listing.reached is not None:
        return _("With those before it, {reached} of {limit} is asked for.", **values)
    if listing.limit is not None:
        return _("It is among the {limit} that come in.", **values)
    return _("It keeps every limit of the list.")


def _equals_in_words(listing: Listing) -> Text:
    others = Listed(listing.equals)
    if listing.cause == Cause.RESERVE_FULL and listing.status == Status.TIED:
        return _(
            "It ties with {others} at the end of the reserve list; somebody has to decide.", others=others
        )
    if listing.cause == Cause.RESERVE_FULL:
        return _(
            "It ties with {others} at the end of the reserve list, and all of them stay out.", others=others
        )
    if listing.status != Status.TIED:
        return _("It ties with {others} at the line, and all of them stay out.", others=others)
    if listing.label:
        return _(
            "It ties with {others}, and “{quota}” has no room for all; somebody has to decide.",
            others=others,
            quota=_quota(listing.label, listing.value),
        )
    return _("It ties with {others}, and not all of them fit; somebody has to decide.", others=others)


def _quota_in_words(listing: Listing) -> Text:
    quota = _quota(listing.label, listing.value)
    if listing.cause == Cause.GAVE_WAY:
        return _("It gives way so that “{quota}” is kept.", quota=quota)
    return _("“{quota}” allows {limit}, and others stand above it.", quota=quota, limit=listing.limit)


def _quota(label: Mapping[str, str], value: str) -> Any:
    return _("{quota}: {value}", quota=Label(dict(label)), value=value) if value else Label(dict(label))


def explain_list(chosen: Chosen) -> list[Text]:
    """The list as a whole: how many, for how much, and each quota."""
    found = [_n("One proposal is selected.", "{n} proposals are selected.", chosen.count)]
    if chosen.amount and chosen.currency:
        found.append(_("They ask for {amount} {currency}.", amount=chosen.amount, currency=chosen.currency))
    return found + [_filled_in_words(one) for one in chosen.quotas]


def _filled_in_words(one: Filled) -> Text:
    values = {"quota": _quota(one.label, one.value), "n": one.count}
    if not one.count and one.value:
        return _("{quota}: nobody is selected; it stays empty.", **values)
    if one.is_met is None:
        return _("{quota}: open until the tie is decided; {n} so far.", **values)
    if one.is_met:
        return _("{quota}: {n} selected. Kept.", **values)
    return _("{quota}: {n} selected. Not kept; there is nobody left who could come in.", **values)
