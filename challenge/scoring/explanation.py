"""A row of a ranking in words."""

from collections.abc import Iterable
from typing import Any

from challenge.foundation.i18n import Text, _, _n, said
from challenge.rubrics.definition import Join
from challenge.rubrics.rules import Label
from challenge.scoring.ranking import Excluded, Outcome, Row, Standing, Threshold, TieStep


def explain(row: Row) -> list[Text]:
    """How this row came about, one sentence after the other, said in the language of the reader."""
    sentences = [_standing_in_words(row)]
    if row.score is not None:
        sentences.append(_score_in_words(row))
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
    sentences += [_threshold_in_words(threshold) for threshold in row.thresholds if row.score is not None]
    sentences += [_tie_in_words(row, step) for step in row.ties]
    if row.shared_with:
        sentences.append(
            _("Nothing parts it from {others}, so they share the place.", others=Listed(row.shared_with))
            if row.place
            else _("Nothing parts it from {others}.", others=Listed(row.shared_with))
        )
    return sentences


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


def _standing_in_words(row: Row) -> Text:
    if row.standing == Standing.RANKED:
        return _("Place {place} of {places}.", place=row.place, places=row.places)
    if row.standing == Standing.BELOW_THRESHOLD:
        return _("Below a threshold, so it has no place.")
    return _("No review has been scored, so it has no place.")


def _score_in_words(row: Row) -> Text:
    values = Listed(value for value in row.review_scores.values() if value is not None)
    if row.join == Join.MEDIAN:
        return _n(
            "Panel score {score}, from one review.",
            "Panel score {score}: the median of {n} reviews ({values}).",
            row.review_count,
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


def _threshold_in_words(threshold: Threshold) -> Text:
    label: Any = Label(threshold.label or threshold.criterion)
    if threshold.criterion and threshold.reached is None:
        return _(
            "{criterion}: at least {asked} is asked, and nobody scored it.",
            criterion=label,
            asked=threshold.asked,
        )
    values = {"asked": threshold.asked, "reached": threshold.reached}
    if threshold.criterion and threshold.passed:
        return _("{criterion}: {reached}, at least {asked} is asked. Reached.", criterion=label, **values)
    if threshold.criterion:
        return _("{criterion}: {reached}, at least {asked} is asked. Not reached.", criterion=label, **values)
    if threshold.passed:
        return _("The overall threshold of {asked} is reached.", **values)
    return _("The overall threshold of {asked} is not reached.", **values)


def _tie_in_words(row: Row, step: TieStep) -> Text:
    others = Listed(key for key in step.equals if key != row.key)
    label = Label(step.label or step.code)
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
