from decimal import Decimal

from litestar.datastructures import FormMultiDict

from challenge.reviews.inputs import Recusal, Typed
from challenge.reviews.models import RemarkReader
from challenge.rubrics.definition import NOT_APPLICABLE, from_builtins
from tests.builders.calls import RUBRIC

MADE = from_builtins(RUBRIC)


def read(**fields: str) -> Typed:
    return Typed.read(
        FormMultiDict([(name.replace("__", ":"), value) for name, value in fields.items()]), MADE
    )


def test_only_what_the_request_is_about_is_read() -> None:
    typed = read(score__relevance="4", version__relevance="2")
    assert (typed.scores, typed.remarks, typed.confidence) == ({"relevance": Decimal(4)}, {}, None)
    assert typed.known["relevance"] == 2


def test_a_version_alone_says_that_nothing_is_chosen() -> None:
    typed = read(version__relevance="0", version__confidence="0")
    assert (typed.scores, typed.confidence) == ({"relevance": None}, "")


def test_a_score_is_read_in_every_way_people_write_numbers() -> None:
    for text in ("4.5", "4,5", " 4.5 ", "٤٫٥"):
        assert read(score__relevance=text).scores == {"relevance": Decimal("4.5")}
    assert read(score__relevance="na").scores == {"relevance": NOT_APPLICABLE}


def test_what_is_no_number_is_named_and_given_back() -> None:
    for text in ("four", "1e9", "NaN", "0x4", "4.0000001"):
        typed = read(score__relevance=text)
        assert (typed.scores, typed.texts["relevance"]) == ({}, text)
        assert str(typed.errors["relevance"]) == f"Use a number from 1 to 5. You wrote {text}."


def test_a_remark_loses_what_turns_other_text_around_and_nothing_else() -> None:
    typed = read(remark__applicant=" Good\r\n\r\n\u202eidea ")
    assert typed.remarks == {RemarkReader.APPLICANT: "Good\n\nidea"}


def test_standing_aside_asks_for_a_kind_and_for_the_other_kind_a_reason() -> None:
    assert list(Recusal.read(FormMultiDict([])).errors) == ["kind"]
    assert list(Recusal.read(FormMultiDict([("kind", "other")])).errors) == ["reason"]
    assert Recusal.read(FormMultiDict([("kind", "family")])).errors == {}
