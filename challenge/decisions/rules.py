"""What may be decided, signed and released, and why not. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from challenge.calls.models import Stage
from challenge.decisions.models import Award, Decision, Outcome, Release, SignOff
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text, _, _n


def why_not_decide(*, is_released: bool, is_ranked: bool, has_reason: bool) -> Text | None:
    if is_released:
        return _("The decisions of this stage are released; they stay as they are.")
    if not is_ranked:
        return _("Freeze the ranking first; a decision rests on a ranking that cannot move.")
    if not has_reason:
        return _("Write the reason; it stays in the record and explains the decision years later.")
    return None


CONFLICTED = _(
    "You have a conflict of interest with at least one of these proposals. Somebody who sees all of them does this."
)


def why_not_sign(
    decisions: Sequence[Decision], *, undecided: int, signer: UUID | None, is_released: bool, hidden: int = 0
) -> Text | None:
    """The reason why this person cannot sign under the decisions now, or nothing. Two people, always."""
    if is_released:
        return _("The decisions of this stage are released; they stay as they are.")
    if hidden:
        return CONFLICTED
    if not decisions:
        return _("There is nothing to sign yet.")
    if undecided:
        return _n(
            "One submitted proposal has no decision yet.",
            "{n} submitted proposals have no decision yet.",
            undecided,
        )
    if any(decision.decided_by_id == signer for decision in decisions):
        return _("You made at least one of these decisions. Somebody else signs.")
    return None


def why_not_release(
    sign_off: SignOff | None, *, is_current: bool, release: Release | None, hidden: int = 0
) -> Text | None:
    if release is not None:
        return _("These decisions are released already.")
    if hidden:
        return CONFLICTED
    if sign_off is None:
        return _("A second person has to sign the decisions before they can be released.")
    if not is_current:
        return _("A decision was changed after it was signed. It has to be signed again.")
    return None


def record_of(decisions: Iterable[tuple[Decision, Award | None, str]]) -> dict[str, Any]:
    """What a signature stands under: every decision by proposal number, as JSON."""
    return {
        "format": "challenge-decisions-1",
        "decisions": [
            {
                "proposal": number,
                "outcome": decision.outcome.value,
                "place": decision.place,
                "reserve_place": decision.reserve_place,
                "reason": decision.reason,
                "feedback": decision.feedback,
                "award": {
                    "types": list(award.types),
                    "amount": format(award.amount.normalize(), "f") if award.amount is not None else None,
                    "currency": award.currency,
                }
                if award is not None
                else None,
            }
            for decision, award, number in sorted(decisions, key=lambda one: one[2])
        ],
    }


def decision_stage(stages: Sequence[Stage]) -> Stage:
    """The stage about which staff decide: the last one whose ranking is frozen, else the first."""
    frozen = [stage for stage in stages if stage.reviews_closed_at is not None]
    if not stages:
        raise NotFound
    return frozen[-1] if frozen else stages[0]


def is_out(release: Release | None, moment: datetime) -> bool:
    """Whether the decisions may be seen: one instant, compared with the clock."""
    return release is not None and release.released_at <= moment


def counts_of(outcomes: Iterable[Outcome | None]) -> dict[Outcome | None, int]:
    """How many of each outcome, and under None how many are open."""
    counted = Counter(outcomes)
    return {outcome: counted[outcome] for outcome in (*Outcome, None) if counted[outcome]}


class Ranked(Protocol):
    @property
    def standing(self) -> str: ...
    @property
    def status(self) -> str: ...


ON_THE_LIST = ("selected", "tied-at-the-line", "reserve")


R = TypeVar("R", bound=Ranked)


def bulk_groups(placed: Sequence[R], award: int, reserve: int) -> dict[Outcome, list[R]]:
    """The first so many, the next, the rest; what was not admitted to the ranking stays apart. No empty group.

    First is whom the list selects, where one was drawn: a quota may have brought somebody in. Else the ranking decides.
    """
    ranked = sorted((one for one in placed if one.standing == "ranked"), key=_turn)
    groups = {
        Outcome.AWARD: ranked[:award],
        Outcome.RESERVE: ranked[award : award + reserve],
        Outcome.DECLINE: [
            *ranked[award + reserve :],
            *(one for one in placed if one.standing not in ("ranked", "excluded")),
        ],
        Outcome.NOT_ELIGIBLE: [one for one in placed if one.standing == "excluded"],
    }
    return {outcome: members for outcome, members in groups.items() if members}


def _turn(one: Ranked) -> int:
    return ON_THE_LIST.index(one.status) if one.status in ON_THE_LIST else len(ON_THE_LIST)


OUTCOME_WORDS: dict[Outcome, Text] = {
    Outcome.AWARD: _("Award"),
    Outcome.RESERVE: _("Reserve list"),
    Outcome.DECLINE: _("Not selected"),
    Outcome.NOT_ELIGIBLE: _("Not eligible"),
}
