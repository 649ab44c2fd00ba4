"""Every kind can be asked and shown, without JavaScript, by people who read with their ears too."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar.datastructures import FormMultiDict

from challenge.forms.definition import Question
from challenge.forms.inputs import read_one, read_section
from challenge.forms.kinds import KINDS, kind_of
from challenge.forms.rules import problems_of_answer
from challenge.foundation import templates, web
from challenge.foundation.i18n import LANGUAGES, speaking
from tests.builders.forms import a_budget, a_budget_question, a_form, a_question
from tests.forms.demonstration import answers_of, demo_form, demo_proposals

PAGE = """{% import "forms/kinds/" ~ question.kind ~ ".html" as kind with context %}
{%- if mode == "ask" %}{{ kind.ask(question, value, problems, "2.4") }}{% else %}{{ kind.show(question, value) }}{% endif %}"""
OPTIONS = [
    {"code": "a", "label": {"en": "A & B"}},
    {"code": "b", "label": {"en": "B"}, "help": {"en": "Help"}},
]
COLUMNS = [
    {"code": "name", "label": {"en": "Name"}},
    {"code": "number", "label": {"en": "Number"}, "kind": "number"},
    {"code": "country", "label": {"en": "Country"}, "kind": "country"},
    {"code": "lot", "label": {"en": "Lot"}, "kind": "choice", "options": OPTIONS},
    {"code": "small", "label": {"en": "Small"}, "kind": "yes-no"},
]
BUDGET = a_budget_question({"code": "most", "kind": "requested-at-most", "amount": 100})
WRONG = '<b>"wrong"</b>'
# Per kind: a question, a value, and a value with something wrong in it.
CASES: dict[str, tuple[Question, Any, Any]] = {
    "short-text": (a_question("short-text", max_words=1), "title", f"two {WRONG}"),
    "text": (a_question("text", max_chars=5), "a\n\nd", f"{WRONG}\n\nx"),
    "long-text": (a_question("long-text", max_words=2), "One\n\nTwo", f"{WRONG} two three"),
    "number": (a_question("number", unit={"en": "months"}), "12.5", WRONG),
    "date": (a_question("date", earliest="2026-01-01"), "2026-11-25", WRONG),
    "yes-no": (a_question("yes-no"), False, None),
    "choice": (a_question("choice", options=OPTIONS), "a", WRONG),
    "choices": (a_question("choices", vocabulary="sdgs", max_choices=1), ["sdg-07"], ["sdg-01", WRONG]),
    "vocabularies": (
        a_question("vocabularies", vocabularies=[{"vocabulary": "sdgs"}, {"vocabulary": "intervention-types"}]),
        {"sdgs": ["sdg-07"], "intervention-types": ["programmatic"]},
        {"sdgs": [WRONG]},
    ),
    "checklist": (
        a_question("checklist", vocabulary="decent-work-checklist"),
        {"equal-pay": "met", "working-time": "not-applicable"},
        {"equal-pay": WRONG},
    ),
    "place": (
        a_question("place"),
        {"country": "BA", "region": "R", "locality": "L", "affected": True},
        {"country": WRONG, "region": WRONG, "locality": "", "affected": False},
    ),
    "partners": (
        a_question("partners"),
        [{"name": "N", "organization_type": "academia", "country": "KE", "role": "R", "email": "",
          "letter_of_support": True}],
        [{"name": WRONG, "organization_type": WRONG, "country": WRONG, "role": "", "email": WRONG,
          "letter_of_support": False}],
    ),
    "table": (
        a_question("table", columns=COLUMNS),
        [{"name": "N", "number": 1250, "country": "KE", "lot": "b", "small": True}],
        [{"name": WRONG, "number": WRONG, "country": WRONG, "lot": WRONG, "small": False}],
    ),
    "budget": (
        BUDGET,
        a_budget(("expertise", "requested", 50), ("travel", "own", "1234.5")),
        a_budget((WRONG, WRONG, WRONG), ("travel", "requested", 500)),
    ),
    "declaration": (a_question("declaration"), True, False),
    "file": (a_question("file", max_files=2, types=["pdf"], max_mb=10), ["one"], ["one", "two", "three"]),
    "problem-tree": (
        a_question("problem-tree"),
        {"main_problem": "M", "causes": [{"id": "C1", "cause_of": "MP", "text": "c"}], "effects": ["e"],
         "solutions": [{"id": "O1", "addresses": ["C1"], "text": "s"}], "outcome": "o", "impact": "i", "inputs": ["x"]},
        {"main_problem": WRONG, "causes": [{"id": "C1", "cause_of": "C9", "text": WRONG}], "effects": [WRONG],
         "solutions": [{"id": "O1", "addresses": ["C7"], "text": WRONG}], "outcome": "", "impact": "", "inputs": []},
    ),
    "logical-framework": (
        a_question("logical-framework"),
        [{"id": "IM1", "level": "impact", "parent": None, "text": "i\n\nj",
          "indicators": [{"text": "t", "baseline": "b", "target": "g"}], "means": "m", "assumptions": "a"},
         {"id": "OC1", "level": "outcome", "parent": "IM1", "text": "o"}],
        [{"id": "IM1", "level": "impact", "parent": "X", "text": WRONG}],
    ),
}  # fmt: skip


def draw(question: Question, value: Any, problems: Any = (), mode: str = "ask", **more: Any) -> str:
    env = templates.environment()
    env.globals["kind_of"] = kind_of
    return env.from_string(PAGE).render(
        **web.frame_values(), question=question, value=value, problems=list(problems), mode=mode, **more
    )


class Read(HTMLParser):
    """The parts of a page a browser would send, and the parts a screen reader would follow."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: dict[str, Any] | None = None
        self.labels = 0  # depth of label elements
        self.unnamed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.tags.append((tag, own))
        name, value = own.get("name"), own.get("value") or ""
        if tag == "label":
            self.labels += 1
        is_control = tag in ("input", "select", "textarea") and own.get("type") != "hidden"
        if is_control and not own.keys() & {"aria-label", "aria-labelledby", "id"} and not self.labels:
            self.unnamed.append(str(name))
        if tag == "input" and name and own.get("type") not in ("file",):
            if own.get("type") not in ("checkbox", "radio") or "checked" in own:
                self.fields.append((name, value))
        elif tag == "textarea":
            self.open = {"name": name, "text": ""}
        elif tag == "select":
            self.open = {"name": name, "options": []}
        elif tag == "option" and self.open is not None:
            self.open["options"].append((value, "selected" in own))

    def handle_data(self, data: str) -> None:
        if self.open is not None and "text" in self.open:
            self.open["text"] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.labels -= 1
        if tag == "textarea" and self.open:
            self.fields.append((self.open["name"], self.open["text"].removeprefix("\n")))
            self.open = None
        elif tag == "select" and self.open:
            chosen = [value for value, is_selected in self.open["options"] if is_selected]
            first = self.open["options"][0][0] if self.open["options"] else ""
            self.fields.append((self.open["name"], chosen[-1] if chosen else first))
            self.open = None

    @property
    def form(self) -> FormMultiDict:
        return FormMultiDict(self.fields)


def test_there_is_a_case_for_every_kind_and_a_template() -> None:
    assert list(CASES) == [kind.code for kind in KINDS] or set(CASES) == {kind.code for kind in KINDS}
    for kind in KINDS:
        assert (templates.TEMPLATES / "forms" / "kinds" / f"{kind.code}.html").is_file()


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("code", CASES)
def test_a_page_sends_back_the_value_it_was_drawn_with(code: str, lang: str) -> None:
    question, right, wrong = CASES[code]
    with speaking(lang):
        for value in (kind_of(question).blank, right, wrong):
            page = Read(draw(question, value, problems_of_answer(question, value, final=True)))
            assert read_one(page.form, question) == (kind_of(question).blank if value is None else value)
            assert (question.code, "0") in [(n.removeprefix("version:"), v) for n, v in page.fields]
            assert ("_asked", question.code) in page.fields


@pytest.mark.parametrize("code", CASES)
def test_every_control_has_a_name_and_every_reference_an_end(code: str) -> None:
    question, right, wrong = CASES[code]
    with speaking("en"):
        for value in (right, wrong):
            problems = problems_of_answer(question, value, final=True)
            page = Read(draw(question, value, problems))
            ids = Counter(own["id"] for _tag, own in page.tags if own.get("id"))
            assert [each for each, count in ids.items() if count > 1] == []
            assert page.unnamed == []
            labelled = {own["for"] for tag, own in page.tags if tag == "label" and own.get("for")}
            assert labelled <= set(ids)
            for tag, own in page.tags:
                for name in ("aria-labelledby", "aria-describedby"):
                    assert set((own.get(name) or "").split()) <= set(ids), (tag, own)
                assert "style" not in own
                assert not any(attribute.startswith("on") for attribute in own)
            assert question.code in ids  # the summary of errors links to it
            (wrap,) = [own for _tag, own in page.tags if own.get("data-question") == question.code]
            assert ("has-error" in (wrap["class"] or "")) is bool(problems)


@pytest.mark.parametrize("code", CASES)
def test_what_people_typed_is_escaped_where_it_is_asked_and_shown(code: str) -> None:
    question, _right, wrong = CASES[code]
    with speaking("en"):
        for html in (draw(question, wrong, problems_of_answer(question, wrong, final=True)),
                     draw(question, wrong, mode="show")):  # fmt: skip
            assert "<b>" not in re.sub(r"<b>[0-9]+</b>", "", html)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", CASES)
def test_every_kind_is_shown_in_every_language(code: str, lang: str) -> None:
    question, right, _wrong = CASES[code]
    with speaking(lang):
        html = draw(question, right, mode="show", documents={"one": {"name": "one.pdf", "id": "one"}})
        assert "name=" not in html
        assert len(re.sub(r"<[^>]+>|\s", "", html)) > 0
        assert _nothing() in draw(question, None, mode="show")


def _nothing() -> str:
    return str(templates.environment().from_string('{{ _("Not answered") }}').render())


@pytest.mark.parametrize("name", ["P02", "P04", "P07", "P09"])
def test_the_demonstration_passes_through_whole_pages(name: str) -> None:
    form, answers = demo_form(), answers_of(demo_proposals()[name])
    for section in form.sections:
        questions = form.questions_of(section.code)
        with speaking("ar"):
            html = "".join(draw(question, answers.get(question.code)) for question in questions)
            read = read_section(Read(html).form, section.code, form)
        assert set(read) == {question.code for question in questions}
        for code in ("title", "problem", "place", "budget", "classification", "decent-work-checklist"):
            if code in read:
                kind = kind_of(form.question(code))
                assert kind.canonical(read[code]) == kind.canonical(answers[code])


def test_add_a_line_draws_one_more_blank_row() -> None:
    question, value, _wrong = CASES["budget"]
    with speaking("en"):
        rows = [draw(question, value, **more).count("data-row=") for more in ({}, {"more": "budget"})]
    assert rows == [3, 4]


def test_a_condition_is_written_for_the_browser() -> None:
    form = a_form(
        {"code": "again", "kind": "yes-no"},
        {"code": "when", "kind": "text", "show_if": {"question": "again", "equals": True}},
        {"code": "lot", "kind": "text", "show_if": {"question": "again", "any_of": ["a", "b"]}},
    )
    with speaking("en"):
        assert 'data-show-if="again" data-show-when="yes"' in draw(form.question("when"), "")
        assert 'data-show-if="again" data-show-when="a|b"' in draw(form.question("lot"), "")


def test_the_state_of_saving_and_the_version_are_drawn() -> None:
    saves = {"q": {"version": 14, "time": "12:46", "history_href": "/history"}}
    with speaking("en"):
        html = draw(a_question("text", max_words=5), "a b", saves=saves)
    assert "Saved 12:46, version 14" in html
    assert 'data-version="14"' in html
    assert "<b>2</b> of 5 words" in html
