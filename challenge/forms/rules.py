"""What may be asked and what is still missing: pure decisions over a definition and the answers to it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from challenge.calls.vocabularies import vocabulary_ids
from challenge.forms.definition import (
    Answers,
    Declaration,
    FormDefinition,
    Json,
    OptionalPart,
    Question,
    Section,
    canonical_digest,
)
from challenge.forms.kinds import BY_CODE, kind_of
from challenge.foundation.i18n import Text, _

_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_CODE = 60


@dataclass(frozen=True)
class Progress:
    """How far a section is. `asked` counts the questions whose conditions hold."""

    section: str
    asked: int
    answered: int
    required: int
    required_answered: int

    @cached_property
    def is_begun(self) -> bool:
        return self.answered > 0

    @cached_property
    def is_complete(self) -> bool:
        return self.required_answered == self.required and (self.required > 0 or self.answered > 0)


def is_asked(question: Question, answers: Answers) -> bool:
    """Whether its condition holds. A hidden answer is kept, but neither missing, shown nor hashed."""
    condition = question.show_if
    if condition is None:
        return True
    given = answers.get(condition.question)
    if isinstance(given, list):
        return any(each in given for each in condition.wanted)
    return any(
        given == each and isinstance(given, bool) == isinstance(each, bool) for each in condition.wanted
    )


def asked_questions(definition: FormDefinition, answers: Answers) -> Iterator[Question]:
    return (question for question in definition.asked if is_asked(question, answers))


def is_answered(question: Question, answers: Answers) -> bool:
    return not kind_of(question).is_blank(answers.get(question.code))


def missing_answers(definition: FormDefinition, answers: Answers) -> list[tuple[Question, Text]]:
    """The required questions without an answer, in the order of the form, each with what to do."""
    return [
        (question, kind_of(question).why_missing(question))
        for question in asked_questions(definition, answers)
        if question.required and not is_answered(question, answers)
    ]


def problems_of(definition: FormDefinition, answers: Answers, *, final: bool) -> dict[str, list[Text]]:
    """What stands in the way, by code of the question, in the order of the form; nothing for a clean one."""
    found = (
        (question.code, problems_of_answer(question, answers.get(question.code), final=final))
        for question in asked_questions(definition, answers)
    )
    return {code: problems for code, problems in found if problems}


def problems_of_answer(question: Question, value: Json, *, final: bool) -> list[Text]:
    return kind_of(question).problems(value, question, final=final)


def progress(definition: FormDefinition, answers: Answers) -> dict[str, Progress]:
    """By code of the section, in the order of the form; the declarations are a section of their own."""
    return {code: _progress(code, questions, answers) for code, questions in definition.by_section.items()}


def _progress(section: str, questions: Sequence[Question], answers: Answers) -> Progress:
    asked = [
        (question, is_answered(question, answers)) for question in questions if is_asked(question, answers)
    ]
    return Progress(
        section=section,
        asked=len(asked),
        answered=sum(done for _question, done in asked),
        required=sum(question.required for question, _done in asked),
        required_answered=sum(done for question, done in asked if question.required),
    )


@dataclass(frozen=True)
class AnswersDigest:
    """SHA-256 of every answer that was asked and given, and of all of them together."""

    answers: dict[str, str]
    overall: str


def answers_digest(definition: FormDefinition, answers: Answers) -> AnswersDigest:
    """The digests on a receipt. The overall one is that of the RFC 8785 form of {code: digest}."""
    by_code = {}
    for question in asked_questions(definition, answers):
        canonical = kind_of(question).canonical(answers.get(question.code))
        if canonical is not None:
            by_code[question.code] = canonical_digest(canonical)
    return AnswersDigest(by_code, canonical_digest(by_code))


def live(definition: FormDefinition, answers: Answers) -> dict[str, Json]:
    """What the page says about values while one types, by code: the rules of a budget and its sums."""
    found = ((q.code, kind_of(q).live(answers[q.code], q)) for q in definition.asked if q.code in answers)
    return {code: said for code, said in found if said is not None}


def word_count(definition: FormDefinition, answers: Answers) -> int:
    return sum(kind_of(q).words(answers.get(q.code)) for q in asked_questions(definition, answers))


def search_text(definition: FormDefinition, answers: Answers) -> str:
    """The person's own words in all answers, for the full-text index."""
    texts = (kind_of(q).text_for_search(answers.get(q.code)) for q in asked_questions(definition, answers))
    return "\n".join(text for text in texts if text)


Path = tuple[str | int, ...]
Coded = Section | Question | OptionalPart | Declaration


def faults_of(definition: FormDefinition) -> list[tuple[Path, Text]]:
    """What makes a form impossible to ask, each with its place in the file: ("questions", 3, "section")."""
    return [
        *_faults_of_codes(definition),
        *(
            (("questions", n, *path), text)
            for n, question in enumerate(definition.questions)
            for path, text in _faults_of_question(question, definition, n)
        ),
        *(
            (("optional_parts", n, "code"), _("There is no optional part “{found}”.", found=part.code))
            for n, part in enumerate(definition.optional_parts)
            if part.code not in ("problem-tree", "logical-framework")
        ),
    ]


def _faults_of_codes(definition: FormDefinition) -> Iterator[tuple[Path, Text]]:
    seen: set[str] = set()
    if not definition.sections:
        yield ("sections",), _("A form has at least one section.")
    lists: tuple[tuple[str, Sequence[Coded]], ...] = (
        ("sections", definition.sections),
        ("questions", definition.questions),
        ("optional_parts", definition.optional_parts),
        ("declarations", definition.declarations),
    )
    for name, parts in lists:
        if name == "questions":
            seen = set()
        for n, part in enumerate(parts):
            if not _CODE.fullmatch(part.code) or len(part.code) > _LONGEST_CODE:
                yield (
                    (name, n, "code"),
                    _(
                        "A code has small letters, digits and hyphens, {most} at most. Found “{found}”.",
                        most=_LONGEST_CODE,
                        found=part.code,
                    ),
                )
            if part.code in seen:
                yield (name, n, "code"), _("The code “{found}” is used twice.", found=part.code)
            seen.add(part.code)


def _faults_of_question(
    question: Question, definition: FormDefinition, n: int
) -> Iterator[tuple[Path, Text]]:
    if question.section not in {section.code for section in definition.sections}:
        yield ("section",), _("There is no section “{found}”.", found=question.section)
    if question.kind not in BY_CODE:
        yield ("kind",), _("There is no kind of question “{found}”.", found=question.kind)
        return
    for path, vocabulary_id in _vocabularies_in(question):
        if vocabulary_id not in vocabulary_ids():
            yield path, _("There is no vocabulary “{found}”.", found=vocabulary_id)
    if (
        question.kind in ("choice", "choices", "checklist")
        and not question.options
        and not question.vocabulary
    ):
        yield ("options",), _("Give a vocabulary or options to choose from.")
    if question.kind == "vocabularies" and not question.vocabularies:
        yield ("vocabularies",), _("Name at least one vocabulary.")
    if question.kind == "table" and not question.columns:
        yield ("columns",), _("Give at least one column.")
    if question.kind == "budget" and not question.currency:
        yield ("currency",), _("Name the currency of the budget.")
    yield from _faults_of_limits(question)
    known = {option.code for option in question.budget_categories}
    for nth, rule in enumerate(question.budget_rules):
        if rule.category is not None and rule.category not in known:
            yield (
                ("budget_rules", nth, "category"),
                _("There is no budget category “{found}”.", found=rule.category),
            )
        if "category" in rule.kind and rule.category is None:
            yield ("budget_rules", nth), _("Name the category this rule is about.")
        if (rule.percent if "share" in rule.kind else rule.amount) is None:
            yield ("budget_rules", nth), _("Give the amount or the share this rule allows.")
    if question.show_if is not None:
        earlier = {each.code for each in definition.questions[:n]}
        if question.show_if.question not in earlier:
            yield (
                ("show_if", "question"),
                _(
                    "A condition asks an earlier question; “{found}” is none.",
                    found=question.show_if.question,
                ),
            )
        if not question.show_if.wanted:
            yield ("show_if",), _("Say which answer the condition waits for.")


def _vocabularies_in(question: Question) -> Iterator[tuple[Path, str]]:
    if question.vocabulary:
        yield ("vocabulary",), question.vocabulary
    for n, each in enumerate(question.vocabularies):
        yield ("vocabularies", n, "vocabulary"), each.vocabulary
    for n, column in enumerate(question.columns):
        if column.vocabulary:
            yield ("columns", n, "vocabulary"), column.vocabulary


def _faults_of_limits(question: Question) -> Iterator[tuple[Path, Text]]:
    for low, high in (
        ("min_words", "max_words"),
        ("min_choices", "max_choices"),
        ("min_rows", "max_rows"),
        ("minimum", "maximum"),
        ("earliest", "latest"),
    ):
        least, most = getattr(question, low), getattr(question, high)
        if least is not None and most is not None and least > most:
            yield (
                (low,),
                _("The lower limit {least} is above the upper limit {most}.", least=least, most=most),
            )
