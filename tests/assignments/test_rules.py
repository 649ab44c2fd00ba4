from dataclasses import replace

import pytest

from challenge.assignments import rules
from challenge.assignments.rules import Pair

FREE = Pair(
    is_seated=True,
    has_conflict=False,
    is_on_team=False,
    is_assigned=False,
    is_submitted=True,
    load=2,
    max_load=3,
)
CONFLICT = "A conflict of interest stands between this person and this proposal."


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, None),
        ({"max_load": None}, None),
        ({"load": 9, "max_load": 3}, None),
        ({"has_conflict": True}, CONFLICT),
        ({"is_on_team": True}, CONFLICT),
        ({"is_seated": False}, "This person has no accepted seat on a panel of this call."),
        ({"is_submitted": False}, "Only a submitted proposal can be assigned."),
        ({"is_in_stage": False}, "This panel judges another stage than the one the proposal is in."),
        ({"is_ruled_out": True}, "This proposal was ruled not eligible; it is not reviewed."),
        ({"is_assigned": True}, "This person already reviews this proposal."),
        # a conflict is the first thing said, whatever else stands in the way
        ({"has_conflict": True, "is_seated": False, "is_assigned": True, "is_submitted": False}, CONFLICT),
        ({"is_on_team": True, "is_ruled_out": True}, CONFLICT),
    ],
)
def test_why_not_assign(change: dict[str, object], refusal: str | None) -> None:
    found = rules.why_not_assign(replace(FREE, **change))  # type: ignore[arg-type]
    assert (found and str(found)) == refusal


@pytest.mark.parametrize(
    ("load", "most", "is_over"), [(2, 3, False), (3, 3, True), (9, None, False), (0, 1, False)]
)
def test_one_more_than_offered_is_a_warning(load: int, most: int | None, is_over: bool) -> None:
    assert rules.is_overloaded(replace(FREE, load=load, max_load=most)) is is_over


def test_taking_away_needs_a_reason_and_happens_once() -> None:
    assert (
        str(rules.why_not_remove(is_removed=False, reason=""))
        == "Say in a few words why; it stays in the record."
    )
    assert (
        str(rules.why_not_remove(is_removed=True, reason="ill")) == "This assignment was taken back before."
    )
    assert rules.why_not_remove(is_removed=False, reason="ill") is None
