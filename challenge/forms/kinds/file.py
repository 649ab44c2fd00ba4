from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, all_typed
from challenge.foundation.i18n import Text, _, _n


class File(Kind):
    """The ids of the documents that were attached. Bytes, names and states live in the room `files`."""

    code = "file"
    shape: ClassVar[Any] = list[str]
    blank: ClassVar[Json] = []

    def parse(self, form: Form, question: Question) -> Json:
        removed = set(all_typed(form, "_remove"))
        ids = dict.fromkeys(all_typed(form, question.code))
        return [each for each in ids if f"{question.code}.{each}" not in removed]

    def accepted(self, question: Question) -> str:
        """For the attribute `accept` of the input: ".pdf,.docx"."""
        return ",".join(f".{ending}" for ending in question.types)

    def places_left(self, value: Json, question: Question) -> int:
        return max(0, question.max_files - len(value or []))

    def fields(self, value: Json, question: Question) -> Fields:
        return {question.code: list(value)} if value else {}

    def why_missing(self, question: Question) -> Text:
        return _("Attach a file for “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        over = len(value) - question.max_files
        if over <= 0:
            return []
        return [
            _n(
                "Remove {n} file: at most {most} can be sent here.",
                "Remove {n} files: at most {most} can be sent here.",
                over,
                most=question.max_files,
            )
        ]

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        """The ids: whoever shows them knows the names of the documents."""
        return {"form": "list", "items": list(value)} if value else NOTHING

    def export(self, value: Json, question: Question) -> str | list[str]:
        return list(value or [])
