import msgspec
import pytest

from challenge.forms.definition import DECLARATIONS, Question, as_json, canonical_digest, decode, digest
from challenge.foundation.i18n import LANGUAGES
from tests.builders.forms import a_form, a_form_as_json
from tests.forms.demonstration import demo_form


def test_the_demonstration_form_decodes_with_all_its_kinds() -> None:
    form = demo_form()
    assert [section.code for section in form.sections] == [
        "idea",
        "people",
        "place-and-partners",
        "making-it-happen",
    ]
    assert {question.kind for question in form.asked} == {
        "short-text", "text", "long-text", "choices", "checklist", "place", "partners", "budget", "vocabularies",
        "problem-tree", "logical-framework", "declaration",
    }  # fmt: skip
    assert all(set(question.label) == set(LANGUAGES) for question in form.asked)
    assert form.question("budget").budget_rules[1].percent == 15
    assert form.question("summary").audience == "public"
    assert form.question("decent-work-checklist").scored is False


def test_questions_stand_section_by_section_then_parts_then_declarations() -> None:
    form = a_form(
        {"code": "b", "kind": "text", "section": "people"},
        {"code": "a", "kind": "text"},
        {"code": "c", "kind": "text", "section": "people"},
        optional_parts=[{"code": "problem-tree", "label": {"en": "Tree"}, "section": "idea"}],
        declarations=[{"code": "true", "label": {"en": "True"}, "required": True}],
    )
    assert [question.code for question in form.asked] == ["a", "problem-tree", "b", "c", "true"]
    assert form.numbers == {"a": (1, 1), "problem-tree": (1, 2), "b": (2, 1), "c": (2, 2), "true": (3, 1)}
    assert [question.code for question in form.questions_of(DECLARATIONS)] == ["true"]
    assert form.questions_of("nowhere") == ()
    assert form.question("problem-tree").kind == "problem-tree"
    with pytest.raises(LookupError):
        form.question("z")


def test_a_definition_is_decoded_once_for_the_same_content() -> None:
    raw = a_form_as_json({"code": "a", "kind": "text"})
    assert decode(raw) is decode(dict(raw))
    assert decode(msgspec.json.encode(raw)) is decode(msgspec.json.encode(raw).decode())
    kept = decode(raw, "f" * 64)
    assert decode({}, "f" * 64) is kept


def test_a_definition_survives_its_json_and_keeps_its_digest() -> None:
    form = demo_form()
    again = decode(as_json(form))
    assert again == form
    assert digest(again) == digest(form) == digest(decode(msgspec.json.encode(as_json(form))))


def test_the_digest_sees_every_change_and_no_order_of_keys() -> None:
    one = a_form({"code": "a", "kind": "text", "max_words": 10})
    other = a_form({"code": "a", "kind": "text", "max_words": 11})
    assert digest(one) != digest(other)
    assert canonical_digest({"b": 1, "a": "é"}) == canonical_digest({"a": "é", "b": 1})
    assert canonical_digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_exact_numbers_may_be_numbers_or_text() -> None:
    rule = {"code": "r", "kind": "category-share-at-most", "category": "c"}
    budgets = [
        a_form({"code": "b", "kind": "budget", "budget_rules": [rule | {"percent": percent}]})
        for percent in (6.5, "6.5")
    ]
    assert budgets[0] == budgets[1]
    assert digest(budgets[0]) == digest(budgets[1])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"questions": [{"code": "a"}]}, "`$.questions[0]`"),
        ({"sections": [{"code": "a", "label": {"en": "A"}, "colour": "red"}]}, "`$.sections[0]`"),
        (
            {"questions": [{"code": "a", "section": "s", "kind": "text", "label": {}, "max_words": "x"}]},
            "max_words",
        ),
    ],
)
def test_a_fault_names_its_place(change, where: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=where.replace("$", r"\$").replace("[", r"\[")):
        decode(a_form_as_json() | change)


def test_a_definition_cannot_be_changed() -> None:
    question = Question(code="a", section="s", kind="text", label={})
    with pytest.raises(AttributeError):
        question.code = "b"
