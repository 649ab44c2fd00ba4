import pytest

from challenge.forms import rules
from challenge.forms.definition import canonical_digest
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_form, a_question

FORM = a_form(
    {"code": "name", "kind": "short-text", "required": True},
    {"code": "again", "kind": "yes-no", "required": True},
    {"code": "when", "kind": "text", "required": True, "show_if": {"question": "again", "equals": True}},
    {"code": "note", "kind": "text", "section": "people", "max_words": 2},
    declarations=[
        {"code": "true", "label": {"en": "It is true."}, "required": True},
        {"code": "publish", "label": {"en": "You may publish it."}},
    ],
)


def said(found) -> list[tuple[str, str]]:
    with speaking("en"):
        return [(question.code, str(text)) for question, text in found]


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        ({"equals": True}, {"x": True}, True),
        ({"equals": True}, {"x": False}, False),
        ({"equals": True}, {"x": 1}, False),
        ({"equals": True}, {}, False),
        ({"equals": "a"}, {"x": "a"}, True),
        ({"any_of": ["a", "b"]}, {"x": "b"}, True),
        ({"any_of": ["a", "b"]}, {"x": ["c", "b"]}, True),
        ({"any_of": ["a", "b"]}, {"x": ["c"]}, False),
        ({"any_of": ["a", "b"]}, {"x": None}, False),
        ({"equals": 3}, {"x": 3}, True),
    ],
)
def test_a_question_is_asked_when_its_condition_holds(condition, answers, expected) -> None:
    assert rules.is_asked(a_question(show_if={"question": "x", **condition}), answers) is expected


def test_missing_answers_come_in_the_order_of_the_form_and_only_where_asked() -> None:
    assert said(rules.missing_answers(FORM, {})) == [
        ("name", "Write an answer to “Label of name”."),
        ("again", "Choose yes or no for “Label of again”."),
        ("true", "Tick the sentence “It is true.” before you submit."),
    ]
    assert said(rules.missing_answers(FORM, {"name": "x", "again": True, "true": True})) == [
        ("when", "Write an answer to “Label of when”.")
    ]
    assert rules.missing_answers(FORM, {"name": "x", "again": False, "true": True}) == []


def test_problems_are_those_of_a_draft_or_of_a_submission() -> None:
    answers = {"name": "x", "again": False, "note": "one two three"}
    assert list(rules.problems_of(FORM, answers, final=False)) == ["note"]
    assert list(rules.problems_of(FORM, answers, final=True)) == ["note", "true"]
    assert rules.problems_of(FORM, {"name": "x", "again": False, "true": True}, final=True) == {}


def test_progress_counts_what_is_asked() -> None:
    found = rules.progress(FORM, {"name": "x", "again": True, "publish": False})
    assert list(found) == ["idea", "people", "declarations"]
    assert found["idea"] == rules.Progress("idea", asked=3, answered=2, required=3, required_answered=2)
    assert (found["idea"].is_begun, found["idea"].is_complete) == (True, False)
    assert found["declarations"] == rules.Progress("declarations", 2, 0, 1, 0)
    assert rules.progress(FORM, {"name": "x", "again": False})["idea"].is_complete
    assert not found["people"].is_complete


def test_the_digest_holds_what_was_asked_and_given() -> None:
    answers = {"name": "x", "again": False, "when": "kept but not asked", "note": "", "publish": False}
    found = rules.answers_digest(FORM, answers)
    assert found.answers == {
        "name": canonical_digest("x"),
        "again": canonical_digest(False),
        "publish": canonical_digest(False),
    }
    assert found.overall == canonical_digest(found.answers)
    assert found == rules.answers_digest(FORM, dict(reversed(answers.items())))
    assert found.overall != rules.answers_digest(FORM, answers | {"name": "y"}).overall


def test_a_hidden_answer_counts_for_nothing() -> None:
    answers = {"name": "two words", "again": False, "when": "three more words"}
    assert rules.word_count(FORM, answers) == 2
    assert rules.search_text(FORM, answers) == "two words"
    assert rules.search_text(FORM, answers | {"again": True}) == "two words\nthree more words"


def places(*questions, **more) -> list[tuple[tuple[str | int, ...], str]]:
    with speaking("en"):
        return [(path, str(text)) for path, text in rules.faults_of(a_form(*questions, **more))]


@pytest.mark.parametrize(
    ("question", "path", "sentence"),
    [
        ({"kind": "text", "section": "x"}, ("section",), "There is no section “x”."),
        ({"kind": "poem"}, ("kind",), "There is no kind of question “poem”."),
        ({"kind": "choices", "vocabulary": "stars"}, ("vocabulary",), "There is no vocabulary “stars”."),
        ({"kind": "choice"}, ("options",), "Give a vocabulary or options to choose from."),
        ({"kind": "vocabularies"}, ("vocabularies",), "Name at least one vocabulary."),
        (
            {"kind": "vocabularies", "vocabularies": [{"vocabulary": "stars"}]},
            ("vocabularies", 0, "vocabulary"),
            "There is no vocabulary “stars”.",
        ),
        ({"kind": "table"}, ("columns",), "Give at least one column."),
        ({"kind": "budget"}, ("currency",), "Name the currency of the budget."),
        (
            {"kind": "text", "min_words": 5, "max_words": 4},
            ("min_words",),
            "The lower limit 5 is above the upper limit 4.",
        ),
        (
            {
                "kind": "budget",
                "currency": "EUR",
                "budget_rules": [{"code": "r", "kind": "category-at-most", "category": "x", "amount": 1}],
            },
            ("budget_rules", 0, "category"),
            "There is no budget category “x”.",
        ),
        (
            {
                "kind": "budget",
                "currency": "EUR",
                "budget_rules": [{"code": "r", "kind": "own-share-at-least"}],
            },
            ("budget_rules", 0),
            "Give the amount or the share this rule allows.",
        ),
        (
            {"kind": "text", "show_if": {"question": "later", "equals": True}},
            ("show_if", "question"),
            "A condition asks an earlier question; “later” is none.",
        ),
        (
            {"kind": "text", "show_if": {"question": "first"}},
            ("show_if",),
            "Say which answer the condition waits for.",
        ),
    ],
)
def test_faults_of_a_form_are_found_with_their_place(question, path, sentence) -> None:
    found = places(
        {"code": "first", "kind": "text"}, {"code": "q", **question}, {"code": "later", "kind": "text"}
    )
    assert found == [(("questions", 1, *path), sentence)]


def test_codes_are_plain_and_used_once() -> None:
    assert places(
        {"code": "Q 1", "kind": "text"},
        {"code": "a", "kind": "text"},
        optional_parts=[{"code": "budget", "label": {}}],
        declarations=[{"code": "a", "label": {}}],
    ) == [
        (("questions", 0, "code"), "A code has small letters, digits and hyphens, 60 at most. Found “Q 1”."),
        (("declarations", 0, "code"), "The code “a” is used twice."),
        (("optional_parts", 0, "code"), "There is no optional part “budget”."),
    ]
