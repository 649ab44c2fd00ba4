"""What a person typed or a program sent -> values. Nothing is thrown away; `rules` say what is wrong."""

import msgspec

from challenge.forms.definition import FormDefinition, Json, Question
from challenge.forms.kinds import kind_of
from challenge.forms.kinds.kind import Fields
from challenge.forms.kinds.typed import Form, all_typed
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import _

VERSION = "version:"  # before the code: which version of an answer the page shows; autosave sends it
ASKED = "_asked"  # a hidden field beside every question: it was on the page, so an empty field is an answer


def read_one(form: Form, question: Question) -> Json:
    """The value a form holds for one question."""
    return kind_of(question).parse(form, question)


def read_section(form: Form, section: str, definition: FormDefinition) -> dict[str, Json]:
    """The values of the questions of a section that were on the page, by code.

    A question that was not there (hidden by a condition, saved elsewhere) is left out, so that saving a page
    never empties an answer the page did not show.
    """
    return _read(form, definition.questions_of(section))


def read_asked(form: Form, definition: FormDefinition) -> dict[str, Json]:
    """The values of all questions that were on the page, of whichever section: for autosave."""
    return _read(form, definition.asked)


def _read(form: Form, questions: tuple[Question, ...]) -> dict[str, Json]:
    asked = set(all_typed(form, ASKED))
    return {q.code: read_one(form, q) for q in questions if q.code in asked or f"{VERSION}{q.code}" in form}


def fields_of(question: Question, value: Json) -> Fields:
    """The inputs that hold a value, by name: for a page that takes over what another window saved."""
    return kind_of(question).fields(value, question)


def wants_more(form: Form) -> str | None:
    """The code of the question for which "Add a line" was pressed, as `ask` takes it back in `more`."""
    pressed = all_typed(form, "_more")
    return pressed[-1] if pressed else None


def wants_less(form: Form) -> str | None:
    """The row that was to be removed, "budget.2"; the values that were read are already without it."""
    pressed = all_typed(form, "_remove")
    return pressed[-1] if pressed else None


def read_value(question: Question, value: Json) -> Json:
    """A value from JSON. Raises Unprocessable when its shape is not that of the kind."""
    if value is None:
        return kind_of(question).blank
    try:
        read: Json = msgspec.to_builtins(msgspec.convert(value, kind_of(question).shape))
    except msgspec.ValidationError as fault:
        text = _("The value of “{code}” has another form: {fault}", code=question.code, fault=str(fault))
        raise Unprocessable(text) from fault
    return read
