"""What repeating answers share: partners, tables, lines of a budget."""

from abc import abstractmethod
from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import Fields, Kind, Label, named
from challenge.forms.kinds.typed import Form, row_prefixes
from challenge.foundation.i18n import Text, _, _n

Row = dict[str, Any]


def rows_typed(form: Form, prefix: str, read: Any, is_blank: Any) -> list[Row]:
    """The rows under a prefix that hold anything at all."""
    return [row for row in (read(form, each) for each in row_prefixes(form, prefix)) if not is_blank(row)]


def is_blank_row(row: Row) -> bool:
    return not any(row.values())


def too_many_rows(count: int, most: int | None) -> list[Text]:
    if most is None or count <= most:
        return []
    return [
        _n(
            "At most {most} lines are allowed; there is {n}. None of them is lost.",
            "At most {most} lines are allowed; there are {n}. None of them is lost.",
            count,
            most=most,
        )
    ]


def too_few_rows(count: int, least: int | None) -> list[Text]:
    if least is None or count >= least:
        return []
    return [
        _n(
            "At least {least} lines are asked for; there is {n} so far.",
            "At least {least} lines are asked for; there are {n} so far.",
            count,
            least=least,
        )
    ]


class Rows(Kind):
    """A list of rows. Blank rows are not kept."""

    shape: ClassVar[Any] = list[dict[str, Any]]
    blank: ClassVar[Json] = []

    def parse(self, form: Form, question: Question) -> Json:
        return rows_typed(form, question.code, lambda f, p: self.read_row(f, p, question), self.is_blank_row)

    def fields(self, value: Json, question: Question) -> Fields:
        found: Fields = {}
        for n, row in enumerate(value or []):
            found |= self.row_fields(row, f"{question.code}.{n}", question)
        return found

    def row_fields(self, row: Row, prefix: str, question: Question) -> Fields:
        return named(prefix, row)

    @abstractmethod
    def read_row(self, form: Form, prefix: str, question: Question) -> Row: ...

    def is_blank_row(self, row: Row) -> bool:
        return is_blank_row(row)

    def why_missing(self, question: Question) -> Text:
        return _("Fill in a line of “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        found = [text for n, row in enumerate(value, 1) for text in self.row_faults(row, n, question)]
        return [*found, *too_many_rows(len(value), question.max_rows)]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        found = [text for n, row in enumerate(value, 1) for text in self.row_shortfalls(row, n, question)]
        return [*found, *too_few_rows(len(value), question.min_rows)]

    def row_faults(self, row: Row, n: int, question: Question) -> list[Text]:
        return []

    def row_shortfalls(self, row: Row, n: int, question: Question) -> list[Text]:
        return []
