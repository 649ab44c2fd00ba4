"""Passwords that are tried first. The list is our own: what everybody writes, in the languages of the site.

One entry stands for its family: with digits and signs around it, with 0 for o and $ for s, and written twice.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("common_passwords.txt")
_SIGNS = str.maketrans({"@": "a", "$": "s"})
_DIGITS = str.maketrans("013457", "oieast")


@cache
def listed() -> frozenset[str]:
    return frozenset(LIST.read_text("utf-8").split())


def is_common(password: str) -> bool:
    return any(_is_listed(form) for form in _forms(password))


def _forms(password: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", password).casefold()
    for part in dict.fromkeys(
        (plain, re.sub(r"[\W\d_]+$", "", plain), re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain))
    ):
        letters = plain_letters(part.translate(_SIGNS))
        yield from dict.fromkeys((letters, plain_letters(part), letters.translate(_DIGITS)))


def plain_letters(text: str) -> str:
    """What counts when two texts are compared: letters and digits alone."""
    return "".join(c for c in text if c.isalnum())


def _is_listed(form: str) -> bool:
    known, length = listed(), len(form)
    return any(
        length % times == 0 and form == form[: length // times] * times and form[: length // times] in known
        for times in range(1, length // 3 + 1)
    )
