import pytest
from litestar.datastructures import FormMultiDict

from challenge.forms import inputs
from challenge.forms.kinds import KINDS
from challenge.foundation.errors import Unprocessable
from tests.builders.forms import a_form, a_question

FORM = a_form(
    {"code": "name", "kind": "short-text"},
    {"code": "tags", "kind": "choices", "vocabulary": "sdgs"},
    {"code": "note", "kind": "text", "section": "people"},
    declarations=[{"code": "true", "label": {"en": "True"}}],
)


def test_a_section_is_read_and_what_was_not_on_the_page_is_left_alone() -> None:
    form = FormMultiDict([("_asked", "name"), ("_asked", "tags"), ("name", "A"), ("note", "elsewhere")])
    assert inputs.read_section(form, "idea", FORM) == {"name": "A", "tags": []}
    assert inputs.read_section(FormMultiDict([("name", "A")]), "idea", FORM) == {}
    assert inputs.read_section(form, "people", FORM) == {}


def test_an_autosave_names_its_answers_by_their_versions() -> None:
    form = FormMultiDict(
        [("version:tags", "3"), ("tags", "sdg-07"), ("tags", "sdg-08"), ("version:true", "0")]
    )
    assert inputs.read_asked(form, FORM) == {"tags": ["sdg-07", "sdg-08"], "true": False}


def test_buttons_that_ask_for_more_or_fewer_rows() -> None:
    form = FormMultiDict([("_more", "budget"), ("_remove", "budget.2")])
    assert (inputs.wants_more(form), inputs.wants_less(form)) == ("budget", "budget.2")
    assert inputs.wants_more(FormMultiDict([])) is None


@pytest.mark.parametrize("kind", [kind.code for kind in KINDS])
def test_an_empty_form_gives_the_blank_value_which_is_blank_everywhere(kind: str) -> None:
    question = a_question(kind)
    own = next(each for each in KINDS if each.code == kind)
    value = inputs.read_one(FormMultiDict([]), question)
    assert value == own.blank
    assert own.is_blank(value)
    assert own.fits(value)
    assert inputs.fields_of(question, value) == {}
    assert own.problems(value, question, final=True) == []
    assert own.problems(None, question, final=True) == []
    assert len(own.problems(value, a_question(kind, required=True), final=True)) == 1
    assert own.words(value) == 0
    assert own.export(value, question) in ("", [], "no")
    assert own.shown(None, question, "en") == {"form": "none"}


def test_values_of_a_program_have_the_shape_of_their_kind() -> None:
    assert inputs.read_value(a_question("number"), "12.5") == "12.5"
    assert inputs.read_value(a_question("choices"), None) == []
    assert inputs.read_value(a_question("partners"), [{"name": "A", "confirmed": True}]) == [{"name": "A"}]
    for kind, value in (("text", 3), ("choices", "sdg-07"), ("budget", []), ("yes-no", "yes")):
        with pytest.raises(Unprocessable):
            inputs.read_value(a_question(kind), value)
