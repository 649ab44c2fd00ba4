from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, typed
from challenge.foundation.i18n import Text, _, language, speaking


class YesNo(Kind):
    """True, false, or not yet answered."""

    code = "yes-no"
    shape: ClassVar[Any] = bool

    def parse(self, form: Form, question: Question) -> Json:
        return {"yes": True, "no": False}.get(typed(form, question.code))

    def fields(self, value: Json, question: Question) -> Fields:
        return {} if value is None else {question.code: "yes" if value else "no"}

    def why_missing(self, question: Question) -> Text:
        return _("Choose yes or no for “{label}”.", label=Label(question.label))

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if value is None:
            return NOTHING
        return {"form": "text", "text": yes_or_no(value, lang)}

    def export(self, value: Json, question: Question) -> str | list[str]:
        return {True: "yes", False: "no"}.get(value, "")


def yes_or_no(value: bool, lang: str | None = None) -> str:
    with speaking(lang or language()):
        return str(_("Yes") if value else _("No"))
