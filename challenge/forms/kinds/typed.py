"""What a person typed, read out of a submitted form. Names: `code`, `code.part`, `code.0.part` for rows.

Any multi-dictionary of a web framework serves, and a plain mapping in tests. Files in it are passed over.
"""

import re
from typing import Any, Protocol

from challenge.foundation.text import tidy

MOST_ROWS = 400  # of one question in one request; the limits that people see are far below


class Form(Protocol):
    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Any: ...
    def __getitem__(self, name: str, /) -> Any: ...


def all_typed(form: Form, name: str) -> list[str]:
    """Every value under a name, tidied, without empty ones."""
    if name not in form:
        return []
    several = getattr(form, "getall", None)
    found = several(name) if several else form[name]
    if isinstance(found, str) or not isinstance(found, list | tuple):
        found = [found]
    return [text for text in (tidy(each).strip() for each in found if isinstance(each, str)) if text]


def typed(form: Form, name: str) -> str:
    """The text under a name, of several lines perhaps; "" where there is none."""
    found = all_typed(form, name)
    return found[-1] if found else ""


def line_typed(form: Form, name: str) -> str:
    """The text under a name on one line. No-break spaces stay: French needs them."""
    return re.sub(r"\s*\n\s*", " ", typed(form, name))


def is_ticked(form: Form, name: str) -> bool:
    return typed(form, name) in ("1", "yes", "true", "on")


def row_prefixes(form: Form, prefix: str) -> list[str]:
    """`code.0`, `code.2`, ... for the rows of a question, in order, without the one to be removed."""
    start = f"{prefix}."
    numbers = set()
    for name in form:
        if name.startswith(start):
            number = name[len(start) :].split(".", 1)[0]
            if number.isascii() and number.isdigit() and len(number) <= 4:
                numbers.add(int(number))
    removed = set(all_typed(form, "_remove"))
    return [row for n in sorted(numbers)[:MOST_ROWS] if (row := f"{prefix}.{n}") not in removed]
