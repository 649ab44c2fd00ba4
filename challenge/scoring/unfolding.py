"""Every number of a ranking in words, down to the single scores it came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from challenge.foundation.i18n import Text, _, _n
from challenge.rubrics.aggregate import Term, overall_score
from challenge.rubrics.definition import Overall, Rubric, Score
from challenge.rubrics.rules import Label
from challenge.scoring.explanation import (
    cause_in_words,
    explain,
    knock_out_in_words,
    score_in_words,
    standing_in_words,
    status_in_words,
    threshold_in_words,
    tie_in_words,
)
from challenge.scoring.ranking import Entry, Row


@dataclass(frozen=True, slots=True)
class Step:
    """A number in words, and what it was made of."""

    text: Text
    parts: tuple["Step", ...] = ()


def unfold(rubric: Rubric, entry: Entry, row: Row) -> list[Step]:
    """Everything that a row says, each sentence with what stands behind it, down to every single score."""
    if row.score is None:
        return [Step(one) for one in explain(row)]
    first, *rest = score_in_words(row)
    return [
        Step(standing_in_words(row)),
        *(Step(knock_out_in_words(one)) for one in row.knock_outs),
        Step(first, tuple(_behind_the_score(rubric, entry, row))),
        *map(Step, rest),
        *(Step(one) for one in _sections_in_words(row)),
        *(
            Step(
                _criterion_in_words(rubric, row, criterion.code),
                tuple(_scores_of(entry, row, criterion.code)),
            )
            for criterion in rubric.criteria
        ),
        *(Step(threshold_in_words(one)) for one in row.thresholds),
        *(Step(tie_in_words(row, one)) for one in row.ties),
        *((Step(status_in_words(row.listing), (Step(cause_in_words(row.listing)),)),) if row.listing else ()),
    ]


def _behind_the_score(rubric: Rubric, entry: Entry, row: Row) -> Iterable[Step]:
    if entry.consensus is not None:
        yield _review_step(rubric, _("The scores agreed on"), entry.consensus)
    if not row.groups:
        yield from (_named_review(rubric, entry, key) for key in row.review_scores)
    for group in row.groups:
        text = _n(
            "{group}: {score} from one review, with a share of {share}",
            "{group}: {score} from {n} reviews, with a share of {share}",
            len(group.reviews), group=Label(group.label or group.code), score=group.score, share=group.share,
        )  # fmt: skip
        yield Step(text, tuple(_named_review(rubric, entry, key) for key in group.reviews))


def _named_review(rubric: Rubric, entry: Entry, key: str) -> Step:
    return _review_step(rubric, _("Review {key}", key=key), entry.reviews[key])


def _review_step(rubric: Rubric, name: Text, scores: Mapping[str, Score]) -> Step:
    overall = overall_score(rubric, scores)
    parts = tuple(Step(_term_in_words(rubric, term)) for term in overall.terms)
    if overall.value is None:
        return Step(_("{review}: nothing in it was applicable", review=name), parts)
    if rubric.aggregation.overall == Overall.SUM:
        return Step(_("{review}: {score} points", review=name, score=overall.value), parts)
    return Step(_("{review}: {score} per cent of the maximum", review=name, score=overall.value), parts)


def _term_in_words(rubric: Rubric, term: Term) -> Text:
    criterion = rubric.criterion(term.criterion)
    label = Label(criterion.label if criterion else term.criterion)
    values: dict[str, Any] = {
        "criterion": label, "score": term.score, "counts": term.counts, "adds": term.adds, "most": term.maximum,
        "mirrored": term.mirrored,
    }  # fmt: skip
    if not isinstance(term.score, Decimal):
        return _("{criterion}: not applicable, so it is left out", criterion=label)
    if criterion is not None and criterion.uncounted:
        return _("{criterion}: {score}, asked and not added up", **values)
    if criterion is not None and criterion.bonus:
        return _("{criterion}: {score}, a bonus; times {counts} it adds {adds}", **values)
    if term.mirrored is not None:
        return _(
            "{criterion}: {score} counts as {mirrored}, because the lowest is the best; times {counts} it adds {adds}",
            **values,
        )
    return _("{criterion}: {score} of {most}; times {counts} it adds {adds}", **values)


def _sections_in_words(row: Row) -> Iterable[Text]:
    for section in row.sections:
        if section.score is not None:
            yield _(
                "Section “{section}”: {score}.",
                section=Label(section.label or section.code),
                score=section.score,
            )


def _criterion_in_words(rubric: Rubric, row: Row, code: str) -> Text:
    criterion = rubric.criterion(code)
    label = Label(criterion.label if criterion else code)
    mean = row.criterion_means.get(code)
    if mean is None:
        return _("{criterion}: nobody scored it.", criterion=label)
    return _("{criterion}: {mean}.", criterion=label, mean=mean)


def _scores_of(entry: Entry, row: Row, code: str) -> Iterable[Step]:
    for key in row.review_scores:
        score = entry.reviews[key][code]
        if isinstance(score, Decimal):
            yield Step(_("Review {key}: {score}", key=key, score=score))
        else:
            yield Step(_("Review {key}: not applicable", key=key))
    if entry.consensus is not None:
        agreed = entry.consensus[code]
        if isinstance(agreed, Decimal):
            yield Step(_("Agreed: {score}", score=agreed))
