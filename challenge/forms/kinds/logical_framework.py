from typing import Any, ClassVar, TypedDict

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Label, Shown, cells, named
from challenge.forms.kinds.problem_tree import name_rows
from challenge.forms.kinds.rows import Row, Rows, rows_typed
from challenge.forms.kinds.typed import Form, line_typed, typed
from challenge.foundation.i18n import Text, _, language, speaking

LEVELS = ("impact", "outcome", "output", "activity", "input")
_LETTERS = {"impact": "IM", "outcome": "OC", "output": "O", "activity": "A", "input": "I"}


class Indicator(TypedDict, total=False):
    text: str
    baseline: str
    target: str


class Step(TypedDict, total=False):
    id: str
    level: str
    parent: str | None
    text: str
    indicators: list[Indicator]
    means: str
    assumptions: str


def level_texts() -> dict[str, Text]:
    return {
        "impact": _("Impact"),
        "outcome": _("Outcomes"),
        "output": _("Outputs"),
        "activity": _("Activities"),
        "input": _("Inputs"),
    }


def then_texts() -> dict[str, Text]:
    """How one step leads to the next, read from below."""
    return {
        "impact": _("the lasting change"),
        "outcome": _("if they are used, the impact follows"),
        "output": _("if they are produced, outcomes can follow"),
        "activity": _("what is done to produce them"),
        "input": _("with these means"),
    }


class LogicalFramework(Rows):
    """Steps from inputs to impact.

    Rows of {"id", "level", "parent", "text", "indicators", "means", "assumptions"}, from the impact down. An
    indicator is {"text", "baseline", "target"}. `parent` is the id of a step one level up, or null.
    """

    code = "logical-framework"
    shape: ClassVar[Any] = list[Step]

    def parse(self, form: Form, question: Question) -> Json:
        rows: list[Row] = []
        for level in LEVELS:
            found = rows_typed(
                form,
                f"{question.code}.{level}",
                lambda f, p, at=level: self._read(f, p, at),
                self.is_blank_row,
            )
            name_rows(found, _LETTERS[level])
            rows += found
        return rows

    def read_row(self, form: Form, prefix: str, question: Question) -> Row:
        return self._read(form, prefix, prefix.split(".")[1])

    def _read(self, form: Form, prefix: str, level: str) -> Row:
        row: Row = {
            "id": line_typed(form, f"{prefix}.id"),
            "level": level,
            "parent": line_typed(form, f"{prefix}.parent") or None,
            "text": typed(form, f"{prefix}.text"),
        }
        parts = {
            "indicators": rows_typed(
                form, f"{prefix}.indicators", self._read_indicator, lambda r: not any(r.values())
            ),
            "means": line_typed(form, f"{prefix}.means"),
            "assumptions": line_typed(form, f"{prefix}.assumptions"),
        }
        return {**row, **{name: part for name, part in parts.items() if part}}

    def _read_indicator(self, form: Form, prefix: str) -> dict[str, str]:
        return {part: line_typed(form, f"{prefix}.{part}") for part in ("text", "baseline", "target")}

    def fields(self, value: Json, question: Question) -> Fields:
        found: Fields = {}
        for level, rows in self.by_level(value).items():
            for n, row in enumerate(rows):
                prefix = f"{question.code}.{level}.{n}"
                plain = {part: cell for part, cell in row.items() if part not in ("level", "indicators")}
                found |= named(prefix, plain)
                for nth, each in enumerate(row.get("indicators") or []):
                    found |= named(f"{prefix}.indicators.{nth}", each)
        return found

    def is_blank_row(self, row: Row) -> bool:
        return not any(row.get(part) for part in ("text", "indicators", "means", "assumptions"))

    def by_level(self, value: Json) -> dict[str, list[Row]]:
        """The steps of every level; a step of a level nobody knows stands with the inputs."""
        found: dict[str, list[Row]] = {level: [] for level in LEVELS}
        for row in value or []:
            found[row.get("level") if row.get("level") in found else "input"].append(row)
        return found

    def above(self, value: Json, level: str) -> list[Row]:
        """The steps a step of this level can lead to."""
        place = LEVELS.index(level)
        return [row for row in value or [] if place and row.get("level") == LEVELS[place - 1]]

    def has_indicators(self, level: str) -> bool:
        return level in ("impact", "outcome", "output")

    def levels(self, lang: str | None = None) -> list[tuple[str, str, str]]:
        """(code, name, how it leads to the next), from the impact down."""
        with speaking(lang or language()):
            names, thens = level_texts(), then_texts()
            return [(level, str(names[level]), str(thens[level])) for level in LEVELS]

    def why_missing(self, question: Question) -> Text:
        return _("Begin “{label}” with one step.", label=Label(question.label))

    def row_faults(self, row: Row, n: int, question: Question) -> list[Text]:
        if row.get("level") in LEVELS:
            return []
        return [
            _(
                "{id} stands on a level that does not exist: {found}.",
                id=row.get("id"),
                found=row.get("level"),
            )
        ]

    def faults(self, value: Json, question: Question) -> list[Text]:
        known = {row.get("id") for row in value}
        lost = [
            _("{id} leads to {found}, which is not in the framework.", id=row.get("id"), found=row["parent"])
            for row in value
            if row.get("parent") and row["parent"] not in known
        ]
        return [*lost, *super().faults(value, question)]

    def row_shortfalls(self, row: Row, n: int, question: Question) -> list[Text]:
        return [] if row.get("text") else [_("{id}: write what it is.", id=row.get("id"))]

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if not value:
            return NOTHING
        with speaking(lang or language()):
            names = {level: str(text) for level, text in level_texts().items()}
            head = [
                _("Level"),
                _("What"),
                _("How we would know"),
                _("Where the number comes from"),
                _("Assumptions"),
            ]
            return {
                "form": "table",
                "head": [str(cell) for cell in head],
                "rows": [
                    [
                        f"{names.get(row.get('level', ''), row.get('level', ''))} · {row.get('id', '')}",
                        row.get("text", ""),
                        "\n".join(self._indicator(each) for each in row.get("indicators") or []),
                        row.get("means", ""),
                        row.get("assumptions", ""),
                    ]
                    for row in value
                ],
                "foot": [],
            }

    def _indicator(self, each: dict[str, str]) -> str:
        change = " → ".join(filter(None, (each.get("baseline"), each.get("target"))))
        return ": ".join(filter(None, (each.get("text"), change)))

    def export(self, value: Json, question: Question) -> str | list[str]:
        return [
            cells([row.get("level"), row.get("id"), row.get("parent"), row.get("text")])
            for row in value or []
        ]

    def text_for_search(self, value: Json) -> str:
        texts = []
        for row in value or []:
            texts += [row.get("text"), row.get("means"), row.get("assumptions")]
            texts += [each.get("text") for each in row.get("indicators") or []]
        return "\n".join(filter(None, texts))
