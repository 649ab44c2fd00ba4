"""The shape every kind of question has. A kind knows values; its template knows looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.typed import Form
from challenge.foundation.i18n import Text, Texts, _, digits, format_amount, format_number, language, pick
from challenge.foundation.text import count_words

Shown = dict[str, Any]
"""A value made readable, in one of five forms, so that pages, letters and tables need not know the kinds:
{"form": "none"}, {"form": "text", "text"}, {"form": "list", "items"},
{"form": "pairs", "pairs": [[name, text]]} and {"form": "table", "head", "rows", "foot"}.
All leaves are text in the language asked for."""

NOTHING: Shown = {"form": "none"}

Fields = dict[str, str | list[str]]


@dataclass(frozen=True)
class Label:
    """Texts of the organizer inside a sentence, picked when the sentence is said."""

    texts: Texts

    def __str__(self) -> str:
        return pick(self.texts)


@dataclass(frozen=True)
class Amount:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return format_amount(self.amount, self.currency)


@dataclass(frozen=True)
class Percent:
    percent: Decimal

    def __str__(self) -> str:
        rounded = self.percent.quantize(Decimal("0.1")).normalize()
        number = format_number(rounded if rounded % 1 else int(rounded))
        return number + {"fr": "\u202f%", "es": "\u00a0%", "ar": "٪"}.get(language(), "%")


class Kind:
    """Answers of one kind: plain JSON values, `blank` where nothing was given."""

    code: ClassVar[str]
    shape: ClassVar[Any] = str  # the type of a value, as msgspec checks it
    blank: ClassVar[Json] = None

    def parse(self, form: Form, question: Question) -> Json:
        """The value a person typed. Nothing typed is thrown away: what cannot be read is kept as text."""
        raise NotImplementedError

    def fields(self, value: Json, question: Question) -> Fields:
        """The inputs that hold this value, by name: what `parse` reads back as the same value."""
        return {} if self.is_blank(value) else {question.code: str(value)}

    def is_blank(self, value: Json) -> bool:
        return value is None or value == "" or value == [] or value == {}

    def problems(self, value: Json, question: Question, *, final: bool) -> list[Text]:
        """What stands in the way. A draft (`final=False`) is told what is wrong, not what is missing."""
        if not self.fits(value):
            return [_("This answer cannot be read. Answer the question again.")]
        if self.is_blank(value):
            return [self.why_missing(question)] if final and question.required else []
        wrong = self.faults(value, question)
        return [*wrong, *self.shortfalls(value, question)] if final else wrong

    def fits(self, value: Json) -> bool:
        if value is None:
            return True
        try:
            msgspec.convert(value, self.shape)
        except msgspec.ValidationError:
            return False
        return True

    def why_missing(self, question: Question) -> Text:
        return _("Write an answer to “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        """What is wrong with what is there, for drafts too."""
        return []

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        """What is there but not yet enough to be submitted."""
        return []

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        return NOTHING if self.is_blank(value) else {"form": "text", "text": str(value)}

    def words(self, value: Json) -> int:
        return count_words(self.text_for_search(value))

    def export(self, value: Json, question: Question) -> str | list[str]:
        """For tables: codes and numbers, not labels, so that they stay the same in every language."""
        return "" if self.is_blank(value) else str(value)

    def live(self, value: Json, question: Question) -> dict[str, Any] | None:
        """What the page says about the value while one types, for the answer to an autosave."""
        return None

    def canonical(self, value: Json) -> Json:
        """The form that is hashed; every blank is null."""
        return None if self.is_blank(value) else value

    def text_for_search(self, value: Json) -> str:
        """The words of the person in it, without codes."""
        return ""


def named(prefix: str, row: Mapping[str, Any]) -> Fields:
    """The fields of one row: text as it is, ticks as "yes", what is empty left out."""
    return {
        f"{prefix}.{part}": "yes" if cell is True else str(cell)
        for part, cell in row.items()
        if cell is not None and cell is not False and cell != ""
    }


def cells(row: Sequence[object]) -> str:
    """One row of a repeating answer in one cell of a table."""
    return " | ".join("" if cell is None else str(cell) for cell in row)


def line(n: int) -> str:
    return digits(str(n))
