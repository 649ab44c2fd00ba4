"""What was typed, read, written into inputs again and read again, is the same, for every kind and any text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import FormMultiDict

from challenge.forms.inputs import fields_of, read_one
from challenge.forms.kinds import KINDS, kind_of
from challenge.forms.kinds.typed import typed
from challenge.foundation.i18n import LANGUAGES, speaking
from tests.builders.forms import a_budget_question, a_question

OPTIONS = [{"code": code, "label": {"en": code}} for code in ("a", "b")]
COLUMNS = [
    {"code": "name", "label": {"en": "Name"}},
    {"code": "number", "label": {"en": "Number"}, "kind": "number"},
    {"code": "small", "label": {"en": "Small"}, "kind": "yes-no"},
]
QUESTIONS = {
    "choice": a_question("choice", options=OPTIONS),
    "choices": a_question("choices", options=OPTIONS),
    "vocabularies": a_question("vocabularies", vocabularies=[{"vocabulary": "sdgs"}]),
    "checklist": a_question("checklist", options=OPTIONS),
    "table": a_question("table", columns=COLUMNS),
    "budget": a_budget_question(),
}
NAMES = {
    "vocabularies": ["q.sdgs"],
    "checklist": ["q.a", "q.b"],
    "place": ["q.country", "q.region", "q.locality", "q.affected"],
    "partners": [f"q.{n}.{part}" for n in (0, 1, 5) for part in ("name", "role", "country", "email", "organization_type")],
    "table": [f"q.{n}.{part}" for n in (0, 3) for part in ("name", "number", "small")],
    "budget": [f"budget.{n}.{part}" for n in (0, 1) for part in ("item", "category", "source", "amount")],
    "problem-tree": ["q.main_problem", "q.effects", "q.outcome", "q.impact", "q.inputs"]
    + [f"q.causes.{n}.{part}" for n in (0, 1) for part in ("id", "cause_of", "text")]
    + [f"q.solutions.{n}.{part}" for n in (0, 1) for part in ("id", "addresses", "text")],
    "logical-framework": [
        f"q.{level}.{n}.{part}"
        for level in ("impact", "output")
        for n in (0, 2)
        for part in ("id", "parent", "text", "means", "assumptions", "indicators.0.text", "indicators.1.target")
    ],
}  # fmt: skip

TYPED = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["yes", "no", "a", "b", "1,234.5", "16 000", "٣", "2026-11-25", "C1, C2", "é", "e\u0301\u0301"]
    ),
)


def form_of(fields: dict[str, Any]) -> FormMultiDict:
    pairs = [
        (name, one)
        for name, value in fields.items()
        for one in ([value] if isinstance(value, str) else value)
    ]
    return FormMultiDict(pairs)


@pytest.mark.parametrize("code", [kind.code for kind in KINDS])
@given(data=st.data())
def test_reading_writing_and_reading_again_changes_nothing(code: str, data: st.DataObject) -> None:
    question = QUESTIONS.get(code) or a_question(code)
    names = NAMES.get(code, [question.code])
    form = form_of({name: data.draw(st.lists(TYPED, max_size=2)) for name in names})
    with speaking(data.draw(st.sampled_from(LANGUAGES))):
        value = read_one(form, question)
        assert read_one(form_of(fields_of(question, value)), question) == value
        assert kind_of(question).fits(value)
        for final in (False, True):
            assert all(str(text) for text in kind_of(question).problems(value, question, final=final))
        assert kind_of(question).shown(value, question)["form"] in ("none", "text", "list", "pairs", "table")
        kind_of(question).export(value, question)
        assert kind_of(question).words(value) >= 0


@given(st.text(), st.sampled_from(["short-text", "text", "long-text"]))
def test_no_letter_of_a_text_is_lost(text: str, code: str) -> None:
    question = a_question(code)
    letters = "".join(c for c in typed({"q": text}, "q") if c.isalnum())
    assert "".join(c for c in read_one(form_of({"q": text}), question) if c.isalnum()) == letters
