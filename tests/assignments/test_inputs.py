import pytest

from challenge.assignments import inputs
from challenge.assignments.plans import Line
from challenge.foundation.errors import Unprocessable

LINES = [Line(1, "AC-WIND2", "amina@example.org"), Line(2, "AC-SUNN3", "bruno@example.org")]
HEADED = [Line(line.n + 1, line.proposal, line.reviewer) for line in LINES]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("AC-WIND2,amina@example.org\nAC-SUNN3,bruno@example.org", LINES),
        (b"AC-WIND2;amina@example.org\r\nAC-SUNN3;bruno@example.org\r\n", LINES),
        ("AC-WIND2\tamina@example.org\nAC-SUNN3\tbruno@example.org\n", LINES),
        (
            b"\xef\xbb\xbfproposal,reviewer\r\nac-wind2,Amina@Example.org\r\n AC-SUNN3 , bruno@example.org \r\n",
            HEADED,
        ),
        ("reviewer,proposal\namina@example.org,AC-WIND2\nbruno@example.org,AC-SUNN3\n", HEADED),
        ('Number,"E-mail"\n"AC-WIND2","amina@example.org"\n"AC-SUNN3","bruno@example.org"', HEADED),
        (
            "proposal,reviewer\nAC-WIND2,amina@example.org\nAC-SUNN3,bruno@example.org".encode("utf-16"),
            HEADED,
        ),
    ],
)
def test_lists_as_spreadsheets_and_people_write_them(content: bytes | str, lines: list[Line]) -> None:
    assert inputs.read_list(content).lines == lines


def test_blank_lines_are_passed_over_and_line_numbers_stay() -> None:
    read = inputs.read_list("\n\nAC-WIND2,amina@example.org\n,\n\nAC-SUNN3,bruno@example.org,Energy")
    assert [(line.n, line.proposal, line.panel) for line in read.lines] == [
        (1, "AC-WIND2", ""),
        (4, "AC-SUNN3", "Energy"),
    ]


def test_a_mark_against_formulas_is_taken_off() -> None:
    assert inputs.read_list("AC-WIND2,'=odd@example.org").lines == [Line(1, "AC-WIND2", "=odd@example.org")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The list is empty. Each line holds the number of a proposal and the e-mail of a reviewer."),
        (
            b"  \n,\n",
            "The list is empty. Each line holds the number of a proposal and the e-mail of a reviewer.",
        ),
        (
            "AC-WIND2,élise@example.org".encode("latin-1"),
            "The file is not written in UTF-8. In a spreadsheet, save it as “CSV UTF-8” and upload it again.",
        ),
        (
            b"PK\x03\x04\x00\x00sheet",
            "The file is not a list in plain text. In a spreadsheet, save it as “CSV UTF-8” and upload it again.",
        ),
        (
            "proposal,name\nAC-WIND2,Amina",
            "The head of the list needs the columns “proposal” and “reviewer”.",
        ),
        (
            'AC-WIND2,amina@example.org\n"AC-SUNN3,bruno@example.org',
            "Line 2 cannot be read; a quotation mark does not close. Correct it and upload again.",
        ),
        ("AC-WIND2,a@example.org\n" * 5001, "The list has more than 5,000 lines. Split it into two."),
        (b"x" * ((1 << 20) + 1), "The list is larger than 1 MB. Split it into two."),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(content: bytes | str, sentence: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        inputs.read_list(content)
    assert str(refusal.value.errors["file"]) == sentence
