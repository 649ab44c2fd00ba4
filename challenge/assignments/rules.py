"""Whether a person may be given a proposal to review. Pure."""

from dataclasses import dataclass

from challenge.foundation.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known of one reviewer and one proposal."""

    is_seated: bool
    has_conflict: bool
    is_on_team: bool
    is_assigned: bool
    is_submitted: bool
    load: int = 0
    max_load: int | None = None
    is_ruled_out: bool = False
    is_in_stage: bool = True


def why_not_assign(pair: Pair) -> Text | None:
    """The reason why this person cannot be given this proposal, or nothing. A conflict is never overruled here."""
    if pair.has_conflict or pair.is_on_team:
        return _("A conflict of interest stands between this person and this proposal.")
    if not pair.is_seated:
        return _("This person has no accepted seat on a panel of this call.")
    if not pair.is_submitted:
        return _("Only a submitted proposal can be assigned.")
    if not pair.is_in_stage:
        return _("This panel judges another stage than the one the proposal is in.")
    if pair.is_ruled_out:
        return _("This proposal was ruled not eligible; it is not reviewed.")
    if pair.is_assigned:
        return _("This person already reviews this proposal.")
    return None


def is_overloaded(pair: Pair) -> bool:
    """Whether one more goes beyond what the person offered; a warning, not a refusal."""
    return is_over(pair.load + 1, pair.max_load)


def is_over(load: int, max_load: int | None) -> bool:
    return max_load is not None and load > max_load


def why_not_remove(*, is_removed: bool, reason: str) -> Text | None:
    if is_removed:
        return _("This assignment was taken back before.")
    return None if reason else _("Say in a few words why; it stays in the record.")
