from typing import Any

from challenge.calls.vocabularies import label, vocabulary
from challenge.forms.definition import Column, Json, Question
from challenge.forms.kinds.choice import Choice, vocabulary_choices
from challenge.forms.kinds.kind import NOTHING, Fields, Label, Shown, cells, line, named
from challenge.forms.kinds.number import as_decimal, read_number, written
from challenge.forms.kinds.place import countries, country_codes
from challenge.forms.kinds.rows import Row, Rows
from challenge.forms.kinds.typed import Form, is_ticked, line_typed, typed
from challenge.forms.kinds.yes_no import yes_or_no
from challenge.foundation.i18n import Text, _, country_name, format_number, language, pick


class Table(Rows):
    """Rows with columns that the organizer made: the members of a consortium, a plan of work."""

    code = "table"

    def read_row(self, form: Form, prefix: str, question: Question) -> Row:
        return {
            column.code: self._read(form, f"{prefix}.{column.code}", column) for column in question.columns
        }

    def _read(self, form: Form, name: str, column: Column) -> Json:
        if column.kind == "yes-no":
            return is_ticked(form, name)
        if column.kind == "number":
            text = line_typed(form, name)
            return read_number(text) if text else None
        return typed(form, name) if column.kind in ("choice", "country") else line_typed(form, name)

    def row_fields(self, row: Row, prefix: str, question: Question) -> Fields:
        numbers = {column.code for column in question.columns if column.kind == "number"}
        return named(prefix, {part: written(cell) if part in numbers else cell for part, cell in row.items()})

    def written(self, value: Json) -> str:
        return written(value)

    def is_blank_row(self, row: Row) -> bool:
        return all(cell is None or cell is False or cell == "" for cell in row.values())

    def choices(self, column: Column, lang: str | None = None) -> tuple[Choice, ...]:
        lang = lang or language()
        if column.kind == "country":
            return countries(lang)
        if column.vocabulary:
            groups = vocabulary_choices(column.vocabulary, lang)
            return tuple(choice for _group, choices in groups for choice in choices)
        return tuple(Choice(option.code, pick(option.label, lang)) for option in column.options)

    def row_faults(self, row: Row, n: int, question: Question) -> list[Text]:
        return [
            text
            for column in question.columns
            if (cell := row.get(column.code)) not in (None, "")
            if (text := self._fault(cell, column, n))
        ]

    def _fault(self, cell: Json, column: Column, n: int) -> Text | None:
        where = {"line": line(n), "column": Label(column.label), "found": str(cell)}
        if column.kind == "number" and as_decimal(cell) is None:
            return _("Line {line}, {column}: use a number. You wrote “{found}”.", **where)
        if column.kind == "country" and cell not in country_codes():
            return _("Line {line}, {column}: “{found}” is not in the list of countries.", **where)
        if column.kind == "choice" and cell not in self._codes(column):
            return _("Line {line}, {column}: “{found}” is not in the list.", **where)
        return None

    def _codes(self, column: Column) -> frozenset[str]:
        if column.vocabulary:
            return vocabulary(column.vocabulary).codes
        return frozenset(option.code for option in column.options)

    def row_shortfalls(self, row: Row, n: int, question: Question) -> list[Text]:
        return [
            _("Line {line}: fill in “{column}”.", line=line(n), column=Label(column.label))
            for column in question.columns
            if column.required and row.get(column.code) in (None, "", False)
        ]

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if not value:
            return NOTHING
        return {
            "form": "table",
            "head": [pick(column.label, lang) for column in question.columns],
            "rows": [[self._said(row.get(c.code), c, lang) for c in question.columns] for row in value],
            "foot": [],
        }

    def _said(self, cell: Any, column: Column, lang: str | None) -> str:
        if cell in (None, ""):
            return ""
        if column.kind == "yes-no":
            return yes_or_no(bool(cell), lang)
        if column.kind == "number" and (number := as_decimal(cell)) is not None:
            return format_number(number, lang)
        if column.kind == "country":
            return country_name(str(cell), lang)
        if column.kind == "choice":
            if column.vocabulary:
                return label(column.vocabulary, str(cell), lang)
            return next(
                (pick(option.label, lang) for option in column.options if option.code == cell), str(cell)
            )
        return str(cell)

    def export(self, value: Json, question: Question) -> str | list[str]:
        return [cells([row.get(column.code) for column in question.columns]) for row in value or []]

    def text_for_search(self, value: Json) -> str:
        return "\n".join(
            cell for row in value or [] for cell in row.values() if isinstance(cell, str) and cell
        )
