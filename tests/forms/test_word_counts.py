import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from challenge.foundation.text import WHITE, count_words

# The browser's counter (templates/static/js/limit.js) is held against the same table in tests/journeys.
CASES = json.loads((Path(__file__).parent / "word_counts.json").read_text("utf-8"))
SPACES = [c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case["text"]))
def test_words_are_counted_as_in_the_table(case) -> None:
    assert count_words(case["text"]) == case["words"]


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "N", "P", "M"])), max_size=20))
def test_words_are_the_pieces_between_white_space_that_hold_a_letter_or_digit(pieces: list[str]) -> None:
    expected = sum(any(unicodedata.category(c)[0] in "LN" for c in piece) for piece in pieces)
    for space in (" ", "\n\n", "\u00a0", "\u202f\t"):
        assert count_words(space.join(pieces)) == expected


@given(st.text(), st.text())
def test_the_count_of_two_texts_is_the_sum_of_both(first: str, second: str) -> None:
    assert count_words(f"{first}\n{second}") == count_words(first) + count_words(second)


@given(st.text(alphabet=st.characters(categories=["P", "S", "M", "Cf", "Zs"])))
def test_signs_alone_are_no_words(signs: str) -> None:
    assert count_words(signs) == 0


def test_white_space_is_that_of_unicode() -> None:
    assert all(count_words(f"a{space}b") == 2 for space in SPACES)
    assert all(count_words(f"a{c}b") == 1 for c in "\u200b\u200c\u200d\u2060\ufeff\u00ad")
    assert WHITE
