"""When a call is open, and what may happen to it. Pure: the moment is an argument."""

from collections.abc import Collection, Sequence
from datetime import datetime

from challenge.calls.models import Call, CallState, Stage
from challenge.foundation.i18n import Text, _, format_datetime

CALL_MOVES = {
    (CallState.DRAFT, "publish"): CallState.PUBLISHED,
    (CallState.PUBLISHED, "withdraw"): CallState.DRAFT,
    (CallState.PUBLISHED, "archive"): CallState.ARCHIVED,
}


def is_open(stage: Stage, moment: datetime) -> bool:
    """Open from the first to the last instant, the closing instant itself excluded."""
    return stage.opens_at <= moment < stage.closes_at


def why_not_apply(call: Call, stage: Stage | None, moment: datetime) -> Text | None:
    if call.state != CallState.PUBLISHED or stage is None:
        return _("This call is not published.")
    if moment < stage.opens_at:
        return _("This call opens on {moment}.", moment=stage.opens_at)
    if moment >= stage.closes_at:
        return why_closed(stage, moment)
    return None


def why_closed(stage: Stage, moment: datetime) -> Text:
    """A closed stage, said with both times, as a latecomer must be able to read it."""
    return _(
        "This call closed on {closed}; your request reached us on {moment}. Nothing you saved is lost.",
        closed=Local(stage.closes_at),
        moment=Local(moment),
    )


class Local:
    """A moment inside a sentence about a deadline: to the second, in UTC."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Local) and other.moment == self.moment

    def __hash__(self) -> int:
        return hash(self.moment)

    def __str__(self) -> str:
        return format_datetime(self.moment, "UTC", seconds=True)


def why_not_publish(
    call: Call, stages: Sequence[Stage], moment: datetime, *, forms: Collection[str], rubrics: Collection[str]
) -> Text | None:
    """The first thing that keeps a draft from being published, or nothing.

    `forms` and `rubrics` are the codes of those that the call has.
    """
    if call.state != CallState.DRAFT:
        return _("This call is published already.")
    if not stages:
        return _("The call has no stage yet.")
    missing = [code for code in call.languages if not call.title.get(code) or not call.summary.get(code)]
    if missing:
        return _("Title or summary is missing in these languages: {codes}.", codes=", ".join(missing))
    if all(stage.closes_at <= moment for stage in stages):
        return _("All closing dates lie in the past. Move the deadline first.")
    if any(stage.form_code not in forms for stage in stages):
        return _("There is no form for this stage.")
    if any(stage.rubric_code not in rubrics for stage in stages):
        return _("There is no rubric for this stage.")
    return None


def why_not_withdraw(*, has_proposals: bool) -> Text | None:
    if has_proposals:
        return _("People have begun to answer this call; it stays published. You can move the deadline.")
    return None


def why_not_move_deadline(stage: Stage, closes_at: datetime, moment: datetime) -> Text | None:
    if closes_at <= stage.opens_at:
        return _("The call would close before it opens.")
    if closes_at < stage.closes_at and stage.opens_at <= moment:
        return _("The call is open; its deadline can be moved later, not earlier.")
    return None


def current_stage(stages: Sequence[Stage], moment: datetime) -> Stage | None:
    """The stage that is open, else the next to open, else the last."""
    ordered = sorted(stages, key=lambda stage: (stage.opens_at, stage.position))
    for stage in ordered:
        if is_open(stage, moment):
            return stage
    return next((s for s in ordered if moment < s.opens_at), ordered[-1] if ordered else None)


def phase(call: Call, stage: Stage | None, moment: datetime) -> str:
    """draft, announced, open, closed, decided or archived: the word under which a call is listed."""
    if call.state == CallState.DRAFT:
        return "draft"
    if call.state == CallState.ARCHIVED:
        return "archived"
    if call.results_at is not None and call.results_at <= moment:
        return "decided"
    if stage is None or moment < stage.opens_at:
        return "announced"
    return "open" if moment < stage.closes_at else "closed"
