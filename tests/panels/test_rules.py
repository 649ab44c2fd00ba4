import pytest

from challenge.panels import rules
from challenge.panels.models import Seat, SeatState


@pytest.mark.parametrize(
    ("state", "verb", "refusal"),
    [
        (SeatState.INVITED, "accept", None),
        (SeatState.INVITED, "decline", None),
        (SeatState.DECLINED, "accept", None),
        (SeatState.DECLINED, "decline", "You have answered this invitation before."),
        (SeatState.ACCEPTED, "accept", "You have answered this invitation before."),
        (SeatState.ACCEPTED, "decline", "You have answered this invitation before."),
        (SeatState.WITHDRAWN, "accept", "This invitation was taken back by the organizer."),
        (SeatState.WITHDRAWN, "decline", "This invitation was taken back by the organizer."),
    ],
)
def test_an_invitation_is_answered_only_while_it_is_open(
    state: SeatState, verb: str, refusal: str | None
) -> None:
    found = rules.why_not_answer(Seat(state=state), verb)
    assert (found and str(found)) == refusal


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (SeatState.INVITED, None),
        (SeatState.ACCEPTED, None),
        (SeatState.DECLINED, "This person declined; there is no seat to take back."),
        (SeatState.WITHDRAWN, "This seat was taken back before."),
    ],
)
def test_a_seat_is_taken_back_once(state: SeatState, refusal: str | None) -> None:
    found = rules.why_not_withdraw(state)
    assert (found and str(found)) == refusal


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("Energy", None),
        ("", "Give the panel a name."),
        ("x" * 201, "Use a name of at most 200 characters."),
        ("WATER", "This call already has a panel of that name."),
    ],
)
def test_a_panel_has_a_name_of_its_own(name: str, refusal: str | None) -> None:
    found = rules.why_not_panel(name, ["Water"])
    assert (found and str(found)) == refusal


@pytest.mark.parametrize(
    ("kind", "reason", "is_on_team", "refusal"),
    [
        ("family", "", False, None),
        ("other", "We founded it together.", False, None),
        ("other", "", False, "Say in a few words what stands between you and this proposal."),
        ("envy", "", False, "Choose what kind of conflict it is."),
        (
            "family",
            "",
            True,
            "You are on the team of this proposal. Nothing of its judging is shown to the team anyway.",
        ),
    ],
)
def test_a_conflict_says_what_it_is(kind: str, reason: str, is_on_team: bool, refusal: str | None) -> None:
    found = rules.why_not_declare(kind, reason, is_on_team=is_on_team)
    assert (found and str(found)) == refusal


@pytest.mark.parametrize(
    ("most", "is_good"), [(None, True), (1, True), (999, True), (0, False), (1000, False)]
)
def test_a_limit_is_a_sensible_number(most: int | None, is_good: bool) -> None:
    assert (rules.why_not_load(most) is None) is is_good
