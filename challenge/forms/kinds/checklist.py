from typing import Any, ClassVar

from challenge.calls.vocabularies import Vocabulary, vocabulary
from challenge.forms.definition import Json, Question
from challenge.forms.kinds.choice import Groups, choices_of
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, typed
from challenge.foundation.i18n import Text, _, _n, pick


class Checklist(Kind):
    """One answer to each line of a list: {"equal-pay": "met", ...}.

    A vocabulary with `answers` gives both; else `options` are the lines and the answers are those of the
    decent-work checklist.
    """

    code = "checklist"
    shape: ClassVar[Any] = dict[str, str]
    blank: ClassVar[Json] = {}

    def parse(self, form: Form, question: Question) -> Json:
        lines = ((line, typed(form, f"{question.code}.{line}")) for line in self.lines(question))
        return {line: answer for line, answer in lines if answer}

    def fields(self, value: Json, question: Question) -> Fields:
        return {f"{question.code}.{name}": answer for name, answer in (value or {}).items()}

    def lines(self, question: Question) -> tuple[str, ...]:
        if question.vocabulary:
            return tuple(
                term.code for _group, terms in vocabulary(question.vocabulary).groups for term in terms
            )
        return tuple(option.code for option in question.options)

    def choices(self, question: Question, lang: str | None = None) -> Groups:
        """The lines, group by group."""
        return choices_of(question, lang)

    def answers(self, question: Question, lang: str | None = None) -> tuple[tuple[str, str], ...]:
        return tuple((term.code, pick(term.labels, lang)) for term in self._list(question).answers)

    def _list(self, question: Question) -> Vocabulary:
        own = vocabulary(question.vocabulary) if question.vocabulary else None
        return own if own and own.answers else vocabulary("decent-work-checklist")

    def why_missing(self, question: Question) -> Text:
        return _("Answer the lines of “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        known, lines = {answer.code for answer in self._list(question).answers}, set(self.lines(question))
        return [
            _("“{found}” is not in the list. Choose from the list.", found=answer if line in lines else line)
            for line, answer in value.items()
            if answer not in known or line not in lines
        ]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        still = sum(line not in value for line in self.lines(question))
        if not still or not question.required:
            return []
        return [
            _n(
                "{n} line of the list has no answer yet.",
                "{n} lines of the list have no answer yet.",
                still,
            )
        ]

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        said = dict(self.answers(question, lang))
        return {
            "form": "pairs",
            "pairs": [
                [choice.label, said.get(value[choice.code], value[choice.code])]
                for _group, choices in self.choices(question, lang)
                for choice in choices
                if choice.code in value
            ],
        }

    def export(self, value: Json, question: Question) -> str | list[str]:
        return [f"{line}: {answer}" for line, answer in (value or {}).items()]
