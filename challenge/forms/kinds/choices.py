from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.choice import Groups, choices_of, codes_of, label_of, unknown
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, all_typed
from challenge.foundation.i18n import Text, _, _n


def too_many(count: int, most: int | None) -> list[Text]:
    if most is None or count <= most:
        return []
    return [
        _n(
            "Choose at most {most}; {n} is ticked.",
            "Choose at most {most}; {n} are ticked.",
            count,
            most=most,
        )
    ]


def too_few(count: int, least: int | None) -> list[Text]:
    if least is None or count >= least:
        return []
    return [
        _n(
            "Choose at least {least}; {n} is ticked so far.",
            "Choose at least {least}; {n} are ticked so far.",
            count,
            least=least,
        )
    ]


class SeveralOf(Kind):
    """The codes of several choices, in the order of the list."""

    code = "choices"
    shape: ClassVar[Any] = list[str]
    blank: ClassVar[Json] = []

    def parse(self, form: Form, question: Question) -> Json:
        return list(dict.fromkeys(all_typed(form, question.code)))

    def choices(self, question: Question, lang: str | None = None) -> Groups:
        return choices_of(question, lang)

    def fields(self, value: Json, question: Question) -> Fields:
        return {question.code: list(value)} if value else {}

    def why_missing(self, question: Question) -> Text:
        return _("Choose an answer to “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        return [*unknown(value, codes_of(question)), *too_many(len(value), question.max_choices)]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        return too_few(len(value), question.min_choices)

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if not value:
            return NOTHING
        return {"form": "list", "items": [label_of(question, code, lang) for code in value]}

    def export(self, value: Json, question: Question) -> str | list[str]:
        return list(value or [])

    def canonical(self, value: Json) -> Json:
        """The order of ticks is the order of the page and says nothing."""
        return sorted(value) if value else None
