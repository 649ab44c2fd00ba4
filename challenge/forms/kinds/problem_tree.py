import re
from typing import Any, ClassVar, TypedDict

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown, cells, named
from challenge.forms.kinds.rows import rows_typed, too_many_rows
from challenge.forms.kinds.typed import Form, all_typed, line_typed
from challenge.foundation.i18n import Text, _, language, speaking

CORE = "MP"


class Cause(TypedDict, total=False):
    id: str
    cause_of: str
    text: str


class Solution(TypedDict, total=False):
    id: str
    addresses: list[str]
    text: str


class Tree(TypedDict, total=False):
    main_problem: str
    causes: list[Cause]
    effects: list[str]
    solutions: list[Solution]
    outcome: str
    impact: str
    inputs: list[str]


class ProblemTree(Kind):
    """From a problem to its causes, and back up over solutions to an outcome and an impact.

    Causes have ids (C1, C2, ...) and say what they are a cause of: the main problem (MP) or another cause.
    Solutions have ids (O1, ...) and say which causes they address.
    """

    code = "problem-tree"
    shape: ClassVar[Any] = Tree
    blank: ClassVar[Json] = {}

    def parse(self, form: Form, question: Question) -> Json:
        code = question.code
        causes = rows_typed(form, f"{code}.causes", self._read_cause, lambda row: not row["text"])
        solutions = rows_typed(form, f"{code}.solutions", self._read_solution, lambda row: not row["text"])
        name_rows(causes, "C")
        name_rows(solutions, "O")
        value = {
            "main_problem": line_typed(form, f"{code}.main_problem"),
            "causes": causes,
            "effects": all_typed(form, f"{code}.effects"),
            "solutions": solutions,
            "outcome": line_typed(form, f"{code}.outcome"),
            "impact": line_typed(form, f"{code}.impact"),
            "inputs": all_typed(form, f"{code}.inputs"),
        }
        return {} if self.is_blank(value) else value

    def _read_cause(self, form: Form, prefix: str) -> dict[str, Any]:
        return {
            "id": line_typed(form, f"{prefix}.id"),
            "cause_of": line_typed(form, f"{prefix}.cause_of") or CORE,
            "text": line_typed(form, f"{prefix}.text"),
        }

    def _read_solution(self, form: Form, prefix: str) -> dict[str, Any]:
        return {
            "id": line_typed(form, f"{prefix}.id"),
            "addresses": list(
                dict.fromkeys(re.findall(r"[^\s,;،؛]+", line_typed(form, f"{prefix}.addresses")))
            ),
            "text": line_typed(form, f"{prefix}.text"),
        }

    def fields(self, value: Json, question: Question) -> Fields:
        if self.is_blank(value):
            return {}
        code = question.code
        found = named(code, {part: value.get(part) for part in ("main_problem", "outcome", "impact")})
        found |= {f"{code}.{part}": list(value[part]) for part in ("effects", "inputs") if value.get(part)}
        for n, row in enumerate(value.get("causes") or []):
            found |= named(f"{code}.causes.{n}", row)
        for n, row in enumerate(value.get("solutions") or []):
            found |= named(
                f"{code}.solutions.{n}", {**row, "addresses": ", ".join(row.get("addresses") or [])}
            )
        return found

    def is_blank(self, value: Json) -> bool:
        return not value or not any(value.values())

    def branches(self, value: Json) -> list[dict[str, Any]]:
        """The causes as a tree of {"id", "text", "causes"}; what hangs on nothing known hangs on the core."""
        return nested(value.get("causes") or [], "cause_of", CORE, "causes") if value else []

    def why_missing(self, question: Question) -> Text:
        return _("Begin “{label}” with the main problem.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        causes = {row["id"]: row for row in value.get("causes") or []}
        found = [
            _(
                "{id} says it comes from {found}, which is not in the tree.",
                id=row["id"],
                found=row.get("cause_of"),
            )
            for row in causes.values()
            if row.get("cause_of", CORE) != CORE and row["cause_of"] not in causes
        ]
        found += [
            _("{id} leads back to itself. Choose another place in the tree.", id=code)
            for code in causes
            if _is_its_own_parent(code, causes, "cause_of")
        ]
        found += [
            _("{id} names {found}, which is not among the causes.", id=row.get("id"), found=each)
            for row in value.get("solutions") or []
            for each in row.get("addresses") or []
            if each not in causes
        ]
        return [*found, *too_many_rows(len(causes), question.max_rows)]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        return [] if value.get("main_problem") else [_("Write the main problem.")]

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        with speaking(lang or language()):
            pairs = [[str(_("Main problem")), value.get("main_problem", "")]]
            pairs += [[str(_("Leads to")), text] for text in value.get("effects") or []]
            pairs += [
                [
                    str(_("{id}, comes from {cause}", id=row.get("id"), cause=row.get("cause_of"))),
                    row.get("text", ""),
                ]
                for row in value.get("causes") or []
            ]
            pairs += [
                [
                    str(
                        _(
                            "{id}, answers {causes}",
                            id=row.get("id"),
                            causes=" ".join(row.get("addresses") or []),
                        )
                    ),
                    row.get("text", ""),
                ]
                for row in value.get("solutions") or []
            ]
            pairs += [
                [str(_("Outcome")), value.get("outcome", "")],
                [str(_("Impact")), value.get("impact", "")],
            ]
            pairs += [[str(_("Input")), text] for text in value.get("inputs") or []]
        return {"form": "pairs", "pairs": [pair for pair in pairs if pair[1]]}

    def export(self, value: Json, question: Question) -> str | list[str]:
        if self.is_blank(value):
            return []
        return [
            cells([CORE, value.get("main_problem")]),
            *(
                cells([row.get("id"), row.get("cause_of"), row.get("text")])
                for row in value.get("causes") or []
            ),
            *(
                cells([row.get("id"), " ".join(row.get("addresses") or []), row.get("text")])
                for row in value.get("solutions") or []
            ),
        ]

    def text_for_search(self, value: Json) -> str:
        if self.is_blank(value):
            return ""
        rows = [*(value.get("causes") or []), *(value.get("solutions") or [])]
        texts = [value.get("main_problem"), *(row.get("text") for row in rows), *(value.get("effects") or [])]
        texts += [value.get("outcome"), value.get("impact"), *(value.get("inputs") or [])]
        return "\n".join(filter(None, texts))


def name_rows(rows: list[dict[str, Any]], letter: str) -> None:
    """Gives an id to every row that has none, or has one that an earlier row holds."""
    taken: set[str] = set()
    wanted = {row["id"] for row in rows}
    for row in rows:
        if not row["id"] or row["id"] in taken:
            n = 1
            while f"{letter}{n}" in wanted or f"{letter}{n}" in taken:
                n += 1
            row["id"] = f"{letter}{n}"
        taken.add(row["id"])


def nested(rows: list[dict[str, Any]], parent: str, root: str, under: str) -> list[dict[str, Any]]:
    """Rows as a tree; a row whose parent is unknown, or which leads back to itself, stands at the top."""
    by_id = {row.get("id"): row for row in rows}

    def below(code: str) -> list[dict[str, Any]]:
        return [{**row, under: below(row["id"])} for row in rows if _above(row) == code]

    def _above(row: dict[str, Any]) -> str:
        above = row.get(parent) or root
        return root if above not in by_id or _is_its_own_parent(row["id"], by_id, parent) else str(above)

    return below(root)


def _is_its_own_parent(code: Any, by_id: dict[Any, dict[str, Any]], parent: str) -> bool:
    seen, above = {code}, by_id[code].get(parent)
    while above in by_id:
        if above == code:
            return True
        if above in seen:
            return False
        seen.add(above)
        above = by_id[above].get(parent)
    return False
