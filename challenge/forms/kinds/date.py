from datetime import date

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, line_typed
from challenge.foundation.i18n import Text, _, format_date


def as_date(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


class Day(Kind):
    """A day as 2026-11-25. Something else that was typed is kept as text and flagged."""

    code = "date"
    blank = ""

    def parse(self, form: Form, question: Question) -> Json:
        return line_typed(form, question.code)

    def is_day_or_blank(self, value: Json) -> bool:
        return not value or as_date(value) is not None

    def why_missing(self, question: Question) -> Text:
        return _("Give a date for “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        day = as_date(value)
        if day is None:
            return [
                _(
                    "Write the date as year-month-day, for example 2026-11-25. You wrote “{found}”.",
                    found=value,
                )
            ]
        earliest, latest = as_date(question.earliest), as_date(question.latest)
        if earliest and day < earliest:
            return [_("Choose {earliest} or later. You chose {found}.", earliest=earliest, found=day)]
        if latest and day > latest:
            return [_("Choose {latest} or earlier. You chose {found}.", latest=latest, found=day)]
        return []

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        day = as_date(value)
        return {"form": "text", "text": format_date(day, lang) if day else value}
