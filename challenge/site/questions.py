"""The question sheet of a call: every question with its limits and what it serves, readable before starting. Pure."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from challenge.calls.models import Call
from challenge.calls.vocabularies import vocabulary
from challenge.forms.definition import DECLARATIONS, FormDefinition, Question
from challenge.forms.kinds.choice import choices_of
from challenge.forms.kinds.date import as_date
from challenge.forms.kinds.kind import Percent
from challenge.foundation.i18n import Text, Texts, _, _n, format_amount, format_number, pick
from challenge.notices import documents
from challenge.rubrics.aggregate import best_adds
from challenge.rubrics.definition import Rubric
from challenge.rubrics.rules import is_counted
from challenge.site.queries import About

# Longer lists are named instead of printed: nobody reads 190 countries on paper.
MOST_OPTIONS = 30

KINDS: dict[str, Text] = {
    "short-text": _("One line"),
    "text": _("Short text"),
    "long-text": _("Long text"),
    "number": _("Number"),
    "date": _("Date"),
    "yes-no": _("Yes or no"),
    "choice": _("One of a list"),
    "choices": _("Several of a list"),
    "vocabularies": _("Several of several lists"),
    "checklist": _("Checklist"),
    "place": _("Place"),
    "partners": _("Partners"),
    "table": _("Table"),
    "budget": _("Budget"),
    "declaration": _("Declaration"),
    "file": _("File"),
    "problem-tree": _("Problem tree"),
    "logical-framework": _("Logical framework"),
}


def sections_of(form: FormDefinition, rubric: Rubric | None) -> tuple[documents.QuestionSection, ...]:
    """In the current language, section by section as the applicant meets them."""
    labels = {section.code: (section.label, section.help) for section in form.sections}
    found: list[documents.QuestionSection] = []
    for code, questions in form.by_section.items():
        label, intro = labels.get(code, ({}, {}))
        if questions:
            found.append(
                documents.QuestionSection(
                    label=str(_("Declarations")) if code == DECLARATIONS else pick(label),
                    intro=pick(intro),
                    questions=tuple(_question(question, form, rubric) for question in questions),
                )
            )
    return tuple(found)


def _question(question: Question, form: FormDefinition, rubric: Rubric | None) -> documents.Question:
    place, nth = form.numbers[question.code]
    return documents.Question(
        number=f"{place}.{nth}",
        label=pick(question.label),
        help=pick(question.help),
        kind=str(KINDS.get(question.kind, question.kind)),
        required=question.required,
        limits=tuple(str(limit) for limit in _limits(question, form)),
        options=tuple(_options(question)),
        judged_by=tuple(_served(question, rubric)),
        public=question.public,
    )


def _served(question: Question, rubric: Rubric | None) -> Iterator[str]:
    for code in question.criteria if rubric else ():
        criterion = rubric.criterion(code) if rubric else None
        if criterion is not None:
            yield pick(criterion.label)


def _limits(question: Question, form: FormDefinition) -> Iterator[Text | str]:
    yield from _amounts_of_words(question)
    if question.min_choices or question.max_choices:
        yield _between(question.min_choices, question.max_choices, "choices")
    if question.min_rows or question.max_rows:
        yield _between(question.min_rows, question.max_rows, "rows")
    unit = f" {pick(question.unit)}" if question.unit else ""
    if question.minimum is not None:
        yield _("Not below {number}", number=format_number(question.minimum) + unit)
    if question.maximum is not None:
        yield _("Not above {number}", number=format_number(question.maximum) + unit)
    earliest, latest = as_date(question.earliest), as_date(question.latest)
    if earliest:
        yield _("{day} or later", day=earliest)
    if latest:
        yield _("{day} or earlier", day=latest)
    if question.kind == "file":
        yield from _file_limits(question)
    for rule in question.budget_rules:
        if rule.text:
            yield pick(rule.text)
        elif rule.amount is not None and rule.currency:
            yield format_amount(rule.amount, rule.currency)
    if question.show_if is not None:
        number = form.numbers.get(question.show_if.question)
        if number:
            yield _("Asked only for some answers to {number}", number=f"{number[0]}.{number[1]}")
    if question.seen_by == "staff" and question.kind != "declaration":
        yield _("Only the organizer reads this answer")
    elif question.seen_by == "team":
        yield _("Only your team reads this answer")


def _amounts_of_words(question: Question) -> Iterator[Text]:
    least, most = question.min_words, question.max_words
    if least and most:
        yield _("Between {least} and {most} words", least=least, most=most)
    elif most:
        yield _n("At most {n} word", "At most {n} words", most)
    elif least:
        yield _n("At least {n} word", "At least {n} words", least)
    if question.max_chars:
        yield _n("At most {n} character", "At most {n} characters", question.max_chars)


def _between(least: int | None, most: int | None, what: str) -> Text:
    if what == "choices":
        if least and most and least != most:
            return _("Choose {least} to {most}", least=least, most=most)
        if most:
            return _("Choose at most {most}", most=most)
        return _("Choose at least {least}", least=least)
    if least and most:
        return _("{least} to {most} lines", least=least, most=most)
    return (
        _n("At most {n} line", "At most {n} lines", most)
        if most
        else _n("At least {n} line", "At least {n} lines", least or 0)
    )


def _file_limits(question: Question) -> Iterator[Text]:
    if question.types:
        yield _("{types}", types=", ".join(ending.upper() for ending in question.types))
    if question.max_mb is not None:
        yield _("At most {n} MB each", n=question.max_mb)
    if question.max_files > 1:
        yield _("At most {n} files", n=question.max_files)
    if question.max_pages:
        yield _n("At most {n} page", "At most {n} pages", question.max_pages)


def _options(question: Question) -> Iterator[str]:
    if question.kind in ("choice", "choices", "checklist") and (question.options or question.vocabulary):
        choices = [choice for _group, group in choices_of(question) for choice in group]
        if len(choices) <= MOST_OPTIONS:
            yield from (choice.label for choice in choices)
        elif question.vocabulary:
            yield str(
                _(
                    "{n} terms of the list “{title}”",
                    n=len(choices),
                    title=pick(vocabulary(question.vocabulary).title),
                )
            )
    elif question.kind == "vocabularies":
        yield from (pick(each.label or vocabulary(each.vocabulary).title) for each in question.vocabularies)
    elif question.kind == "budget":
        yield from (pick(option.label) for option in question.budget_categories)
    elif question.kind == "table":
        yield from (pick(column.label) for column in question.columns)


def criteria_of(rubric: Rubric) -> tuple[documents.Criterion, ...]:
    """Criteria with their share of the whole in per cent, as reviewers weigh them."""
    shares = {c.code: _worth(rubric, c.code) for c in rubric.criteria}
    total = sum(shares.values(), Decimal(0))
    return tuple(
        documents.Criterion(
            label=pick(criterion.label),
            text=pick(criterion.asks),
            weight=(100 * shares[criterion.code] / total).quantize(Decimal("0.1")).normalize()
            if total
            else None,
        )
        for criterion in rubric.criteria
    )


def per_cent(share: Decimal | None) -> str:
    return "" if share is None else str(Percent(share))


def _worth(rubric: Rubric, code: str) -> Decimal:
    criterion = rubric.criterion(code)
    return best_adds(rubric, criterion) if criterion and is_counted(criterion) else Decimal(0)


def sheet(
    call: Call, title: Texts, about: About, closes_at: datetime | None, address: str, moment: datetime
) -> documents.QuestionSheet:
    return documents.QuestionSheet(
        call_title=pick(title),
        intro=pick(call.guidance),
        closes_at=closes_at,
        zone=call.zone,
        address=address,
        sections=sections_of(about.form, about.rubric) if about.form else (),
        criteria=criteria_of(about.rubric) if about.rubric else (),
        printed_at=moment,
        identifier=f"questions {call.slug} {about.form_digest[:12]}",
        demonstration_line=pick(call.facts.get("demonstration_line")) if call.is_demonstration else "",
    )
