"""Whom a decision on everybody at once takes first: the list that was drawn, else the ranking."""

from dataclasses import dataclass

import pytest

from challenge.decisions.models import Outcome
from challenge.decisions.rules import bulk_groups


@dataclass(frozen=True)
class One:
    key: str
    standing: str = "ranked"
    status: str = ""


RANKED = [One("A"), One("B"), One("C"), One("D")]
LISTED = [
    One("A", status="selected"), One("B", status="not-selected"), One("C", status="selected"), One("D", status="reserve")
]  # fmt: skip
BESIDE = [One("X", "below-threshold"), One("Y", "excluded")]


@pytest.mark.parametrize(
    ("placed", "awards", "reserves", "expected"),
    [
        (RANKED, 2, 1, {"award": "AB", "reserve": "C", "decline": "D"}),
        (LISTED, 2, 1, {"award": "AC", "reserve": "D", "decline": "B"}),
        (LISTED, 1, 0, {"award": "A", "decline": "CDB"}),
        ([*RANKED, *BESIDE], 4, 1, {"award": "ABCD", "decline": "X", "not-eligible": "Y"}),
        ([One("A", status="selected"), One("B", status="reserve"), One("C", status="tied-at-the-line")], 2, 1,
         {"award": "AC", "reserve": "B"}),
        ([], 3, 1, {}),
    ],
)  # fmt: skip
def test_who_comes_first(placed: list[One], awards: int, reserves: int, expected: dict[str, str]) -> None:
    groups = bulk_groups(placed, awards, reserves)
    assert {outcome.value: "".join(one.key for one in some) for outcome, some in groups.items()} == expected
    assert all(isinstance(outcome, Outcome) for outcome in groups)
