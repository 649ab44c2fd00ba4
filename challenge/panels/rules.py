"""Who may sit, and who stands in conflict with what. Pure."""

from collections.abc import Collection
from uuid import UUID

from challenge.foundation.i18n import Text, _
from challenge.panels.models import Seat, SeatState

SEAT_MOVES = {
    (SeatState.INVITED, "accept"): SeatState.ACCEPTED,
    (SeatState.INVITED, "decline"): SeatState.DECLINED,
    (SeatState.DECLINED, "accept"): SeatState.ACCEPTED,
    (SeatState.ACCEPTED, "withdraw"): SeatState.WITHDRAWN,
    (SeatState.INVITED, "withdraw"): SeatState.WITHDRAWN,
    (SeatState.DECLINED, "invite"): SeatState.INVITED,
    (SeatState.WITHDRAWN, "invite"): SeatState.INVITED,
}

CONFLICT_KINDS: dict[str, Text] = {
    "employment": _("I work or worked for the applicant or a partner"),
    "advisory-board": _("I sit or sat on a board of the applicant or a partner"),
    "family": _("Family or close friendship"),
    "finance": _("Money: funding, contracts, shares"),
    "rivalry": _("I compete with the applicant for the same support"),
    "other": _("Something else that could be seen as taking sides"),
}


NAME_LENGTH = 200


def because(panel_id: UUID) -> str:
    """Why a reviewer sees a proposal: as it stands in Sight for every assignment of a panel."""
    return f"panel:{panel_id}"


def why_not_panel(name: str, taken: Collection[str]) -> Text | None:
    if not name:
        return _("Give the panel a name.")
    if len(name) > NAME_LENGTH:
        return _("Use a name of at most {n} characters.", n=NAME_LENGTH)
    if name.casefold() in {other.casefold() for other in taken}:
        return _("This call already has a panel of that name.")
    return None


def why_not_invite(state: SeatState | None) -> Text | None:
    """The reason why nobody needs to be asked again, or nothing."""
    return _("This person already sits on this panel.") if state == SeatState.ACCEPTED else None


def why_not_answer(seat: Seat, verb: str) -> Text | None:
    """The reason why an invitation cannot be answered so now, or nothing."""
    if (seat.state, verb) in SEAT_MOVES:
        return None
    if seat.state == SeatState.WITHDRAWN:
        return _("This invitation was taken back by the organizer.")
    return _("You have answered this invitation before.")


def why_not_withdraw(state: SeatState) -> Text | None:
    if (state, "withdraw") in SEAT_MOVES:
        return None
    if state == SeatState.DECLINED:
        return _("This person declined; there is no seat to take back.")
    return _("This seat was taken back before.")


def why_not_load(max_load: int | None) -> Text | None:
    if max_load is not None and not 1 <= max_load <= 999:
        return _("Use a whole number from 1 to 999, or leave it empty for no limit.")
    return None


def why_not_declare(kind: str, reason: str, *, is_on_team: bool) -> Text | None:
    """The reason why no conflict can be declared so, or nothing."""
    if is_on_team:
        return _("You are on the team of this proposal. Nothing of its judging is shown to the team anyway.")
    if kind not in CONFLICT_KINDS:
        return _("Choose what kind of conflict it is.")
    if kind == "other" and not reason:
        return _("Say in a few words what stands between you and this proposal.")
    return None
