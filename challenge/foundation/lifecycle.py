"""Tables of moves: which verb leads from which state to which."""

from collections.abc import Mapping
from typing import TypeVar

from challenge.foundation.errors import NotNow

S = TypeVar("S")


def may_move(table: Mapping[tuple[S, str], S], state: S, verb: str) -> bool:
    return (state, verb) in table


def move(table: Mapping[tuple[S, str], S], state: S, verb: str) -> S:
    try:
        return table[(state, verb)]
    except KeyError:
        raise NotNow from None
