from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from challenge.calls.vocabularies import vocabulary
from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, typed
from challenge.foundation.i18n import Text, _, language, pick


@dataclass(frozen=True)
class Choice:
    code: str
    label: str
    help: str = ""


Groups = tuple[tuple[str, tuple[Choice, ...]], ...]  # (name of the group or "", its choices)


def choices_of(question: Question, lang: str | None = None) -> Groups:
    """What may be chosen, group by group, in the reader's language: own options or a vocabulary."""
    lang = lang or language()
    if question.vocabulary:
        return vocabulary_choices(question.vocabulary, lang)
    return (("", tuple(Choice(o.code, pick(o.label, lang), pick(o.help, lang)) for o in question.options)),)


@lru_cache(maxsize=256)
def vocabulary_choices(vocabulary_id: str, lang: str) -> Groups:
    words = vocabulary(vocabulary_id)
    return tuple(
        (
            words.label(group.code, lang) if group else "",
            tuple(Choice(term.code, words.label(term.code, lang), pick(term.help, lang)) for term in terms),
        )
        for group, terms in words.groups
    )


def codes_of(question: Question) -> frozenset[str]:
    if question.vocabulary:
        return vocabulary(question.vocabulary).codes
    return frozenset(option.code for option in question.options)


def label_of(question: Question, code: str, lang: str | None = None) -> str:
    if question.vocabulary:
        return vocabulary(question.vocabulary).label(code, lang)
    return next((pick(option.label, lang) for option in question.options if option.code == code), code)


def unknown(values: Iterable[str], known: frozenset[str]) -> list[Text]:
    return [
        _("“{found}” is not in the list. Choose from the list.", found=value)
        for value in values
        if value not in known
    ]


class OneOf(Kind):
    """The code of one choice."""

    code = "choice"
    blank = ""

    def parse(self, form: Form, question: Question) -> Json:
        return typed(form, question.code)

    def choices(self, question: Question, lang: str | None = None) -> Groups:
        return choices_of(question, lang)

    def why_missing(self, question: Question) -> Text:
        return _("Choose an answer to “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        return unknown([value], codes_of(question))

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        return NOTHING if self.is_blank(value) else {"form": "text", "text": label_of(question, value, lang)}
