import pytest

from challenge.forms.kinds import kind_of
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_question


def said(problems) -> list[str]:
    with speaking("en"):
        return [str(text) for text in problems]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("short-text", "  A title \r\n on two lines ", "A title on two lines"),
        ("short-text", "Quel\u00a0problème\u00a0?", "Quel\u00a0problème\u00a0?"),
        ("text", "One\r\n\r\nTwo\x00\u202e", "One\n\nTwo"),
        ("long-text", "cafe\u0301", "café"),
        ("long-text", "   ", ""),
    ],
)
def test_text_is_kept_as_typed_and_tidied(kind: str, typed: str, value: str) -> None:
    question = a_question(kind)
    assert kind_of(question).parse({"q": typed}, question) == value


def test_a_text_over_its_limit_is_kept_whole_and_flagged_in_a_draft() -> None:
    question = a_question("long-text", max_words=3)
    value = kind_of(question).parse({"q": "one two three four five"}, question)
    assert value == "one two three four five"
    for final in (False, True):
        assert said(kind_of(question).problems(value, question, final=final)) == [
            "2 words over the limit of 3. Shorten it; what you wrote is kept."
        ]


@pytest.mark.parametrize(
    ("limits", "value", "draft", "final"),
    [
        ({"required": True}, "", [], ["Write an answer to “Label of q”."]),
        ({}, "", [], []),
        ({"min_words": 3}, "one", [], ["Write at least 3 words; there is 1 so far."]),
        ({"min_words": 3}, "one two", [], ["Write at least 3 words; there are 2 so far."]),
        ({"min_words": 3}, "one two three", [], []),
        ({"max_words": 1}, "a b", ["1 word over the limit of 1. Shorten it; what you wrote is kept."], None),
        (
            {"max_chars": 4},
            "abcdef",
            ["2 characters over the limit of 4. Shorten it; what you wrote is kept."],
            None,
        ),
        ({"max_chars": 4}, "abcd", [], []),
    ],
)
def test_problems_of_texts(limits, value, draft, final) -> None:
    question = a_question("text", **limits)
    kind = kind_of(question)
    assert said(kind.problems(value, question, final=False)) == draft
    assert said(kind.problems(value, question, final=True)) == (draft if final is None else final)


def test_a_value_of_another_shape_is_refused_and_not_fatal() -> None:
    question = a_question("text")
    assert said(kind_of(question).problems(["a"], question, final=False)) == [
        "This answer cannot be read. Answer the question again."
    ]


def test_what_a_text_gives_to_others() -> None:
    question = a_question("text")
    kind = kind_of(question)
    assert kind.words("two words") == 2
    assert kind.shown("Hello", question, "en") == {"form": "text", "text": "Hello"}
    assert kind.shown("", question, "en") == {"form": "none"}
    assert kind.export("Hello", question) == "Hello"
    assert (kind.canonical(""), kind.canonical("x")) == (None, "x")
    assert kind.text_for_search("x") == "x"
