from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, is_ticked
from challenge.forms.kinds.yes_no import yes_or_no
from challenge.foundation.i18n import Text, _


class Declaration(Kind):
    """A sentence to stand by, or a consent to give. Not ticked means not given."""

    code = "declaration"
    shape: ClassVar[Any] = bool
    blank: ClassVar[Json] = False

    def parse(self, form: Form, question: Question) -> Json:
        return is_ticked(form, question.code)

    def fields(self, value: Json, question: Question) -> Fields:
        return {question.code: "yes"} if value else {}

    def is_blank(self, value: Json) -> bool:
        return not value

    def why_missing(self, question: Question) -> Text:
        return _("Tick the sentence “{label}” before you submit.", label=Label(question.label))

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        return NOTHING if value is None else {"form": "text", "text": yes_or_no(bool(value), lang)}

    def export(self, value: Json, question: Question) -> str | list[str]:
        return {True: "yes", False: "no"}.get(value, "")

    def canonical(self, value: Json) -> Json:
        """A refused consent is an answer and is hashed as one."""
        return value
