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


def why_not_assign(pair: Pair) -> Text | None:
    """The reason why this person cannot be given this proposal, or nothing. A conflict is never overruled here."""
    if pair.has_conflict or pair.is_on_team:
        return _("A conflict of interest stands between this person and this proposal.")
    if not pair.is_seated:
        return _("This person has no accepted seat on a panel of this call.")
    if not pair.is_submitted:
        return _("Only a submitted proposal can be assigned.")
    if pair.is_assigned:
        return _("This person already reviews this proposal.")
    return None


def is_overloaded(pair: Pair) -> bool:
    """Whether one more goes beyond what the person offered; a warning, not a refusal."""
    return pair.max_load is not None and pair.load >= pair.max_load
