from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from challenge.forms.kinds import kind_of
from challenge.forms.kinds.number import as_amount, as_decimal, read_number, written
from challenge.foundation.i18n import LANGUAGES, speaking
from tests.builders.forms import a_question


@pytest.mark.parametrize(
    ("lang", "typed", "value"),
    [
        ("en", "140", 140),
        ("en", "-3", -3),
        ("en", "+3", 3),
        ("en", "\u22123", -3),
        ("en", "16,000", 16000),
        ("en", "1,234,567", 1234567),
        ("en", "1,234.50", "1234.5"),
        ("en", "12.5", "12.5"),
        ("en", "12.50", "12.5"),
        ("en", "0.125", "0.125"),
        ("en", "12.0", 12),
        ("en", "007", 7),
        ("fr", "16 000", 16000),
        ("fr", "16\u202f000,5", "16000.5"),
        ("fr", "1,5", "1.5"),
        ("fr", "0,125", "0.125"),
        ("es", "16.000", 16000),
        ("es", "1.234,5", "1234.5"),
        ("ar", "١٤٠", 140),
        ("ar", "١٦٬٠٠٠", 16000),
        ("ar", "١٢٫٥", "12.5"),
        ("ar", "16,000", 16000),
        ("en", "about a hundred", "about a hundred"),
        ("en", "12 - 14", "12 - 14"),
        ("en", "USD 500", "USD 500"),
        ("en", "1,23,4", "1,23,4"),
        ("en", "1.2.3", "1.2.3"),
        ("en", "1e5", "1e5"),
        ("en", str(2**53), str(2**53)),
    ],
)
def test_numbers_are_read_as_people_write_them(lang: str, typed: str, value: object) -> None:
    read = read_number(typed, lang)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("lang", "typed", "whole", "money"),
    [
        ("en", "16,000", 16000, 16000),
        ("en", "16.000", 16000, "16.000"),
        ("fr", "16,000", 16000, "16,000"),
        ("fr", "16.000", 16000, "16.000"),
        ("es", "16,000", 16000, "16,000"),
        ("es", "16.000", 16000, 16000),
        ("fr", "16,00", 16, 16),
        ("en", "0.500", "0.5", "0.5"),
    ],
)
def test_an_amount_that_may_mean_two_things_is_not_guessed(lang, typed, whole, money) -> None:
    assert read_number(typed, lang, whole=True) == whole
    assert read_number(typed, lang, money=True) == money


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.sampled_from(LANGUAGES))
def test_an_amount_reads_back_from_its_input_in_every_language(number: Decimal, lang: str) -> None:
    value = read_number(str(number), "en")
    assert as_decimal(value) == number
    assert read_number(written(value, lang), lang) == value
    assert read_number(written(value, lang, money=True), lang, money=True) == value
    assert as_amount(value) == number


@given(st.text(), st.sampled_from(LANGUAGES))
def test_nothing_typed_is_lost_when_it_is_no_number(typed: str, lang: str) -> None:
    value = read_number(typed, lang)
    assert value == typed or as_decimal(value) is not None


@pytest.mark.parametrize(
    ("limits", "value", "problems"),
    [
        ({}, 120, []),
        ({}, "about a hundred", ["Use a number, for example 120. You wrote “about a hundred”."]),
        ({"whole": True}, "1.5", ["Use a whole number. You wrote 1.5."]),
        ({"minimum": 12}, 11, ["Use 12 or more. You wrote 11."]),
        ({"maximum": 18}, 19, ["Use 18 or less. You wrote 19."]),
        ({"minimum": 12, "maximum": 18}, 12, []),
        ({}, True, ["This answer cannot be read. Answer the question again."]),
    ],
)
def test_problems_of_numbers(limits, value, problems) -> None:
    question = a_question("number", **limits)
    with speaking("en"):
        assert [str(text) for text in kind_of(question).problems(value, question, final=False)] == problems


def test_a_number_is_shown_with_its_unit_in_the_readers_form() -> None:
    question = a_question("number", unit={"en": "months", "fr": "mois"})
    kind = kind_of(question)
    assert kind.shown(12000, question, "fr") == {"form": "text", "text": "12\u202f000 mois"}
    assert kind.shown("many", question, "en") == {"form": "text", "text": "many months"}
    assert kind.shown(None, question, "en") == {"form": "none"}
    assert kind.is_blank(0) is False


@pytest.mark.parametrize(
    ("limits", "value", "problems"),
    [
        ({}, "2026-11-25", []),
        (
            {},
            "25/11/2026",
            ["Write the date as year-month-day, for example 2026-11-25. You wrote “25/11/2026”."],
        ),
        (
            {},
            "2026-02-30",
            ["Write the date as year-month-day, for example 2026-11-25. You wrote “2026-02-30”."],
        ),
        (
            {"earliest": "2018-11-15"},
            "2018-11-14",
            ["Choose 15 November 2018 or later. You chose 14 November 2018."],
        ),
        ({"latest": "2020-05-15"}, "2020-05-16", ["Choose 15 May 2020 or earlier. You chose 16 May 2020."]),
    ],
)
def test_problems_of_dates(limits, value, problems) -> None:
    question = a_question("date", **limits)
    with speaking("en"):
        assert [str(text) for text in kind_of(question).problems(value, question, final=False)] == problems
        assert kind_of(question).parse({"q": value}, question) == value


def test_a_date_is_shown_in_words() -> None:
    question = a_question("date")
    assert kind_of(question).shown("2026-11-25", question, "fr") == {
        "form": "text",
        "text": "25 novembre 2026",
    }
    assert kind_of(question).shown("soon", question, "en") == {"form": "text", "text": "soon"}
