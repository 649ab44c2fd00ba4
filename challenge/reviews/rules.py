"""What a reviewer may do with a review, and what its scores amount to so far. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from challenge.foundation.i18n import Text, _, _n
from challenge.proposals.models import Proposal, ProposalState
from challenge.reviews.models import ReviewState
from challenge.rubrics.aggregate import overall_score, points_so_far
from challenge.rubrics.definition import NOT_APPLICABLE, Overall, Rubric, Score

REVIEW_MOVES = {
    (ReviewState.DRAFT, "submit"): ReviewState.SUBMITTED,
    (ReviewState.SUBMITTED, "reopen"): ReviewState.DRAFT,
}
CONFIDENCE: dict[str, Text] = {
    "high": _("I know this subject well"),
    "medium": _("I know it in part"),
    "low": _("I am an informed outsider"),
}
REMARK_LENGTH = 20_000
REASON_LENGTH = 1_000


def why_closed(state: ProposalState, *, is_eligible: bool | None, is_ranking_frozen: bool) -> Text | None:
    """The reason why nobody reviews this proposal any more, or nothing."""
    if state != ProposalState.SUBMITTED:
        return _("The applicant has withdrawn this proposal. What you wrote is kept.")
    if is_eligible is False:
        return _("This proposal was ruled not eligible; it is not reviewed. What you wrote is kept.")
    if is_ranking_frozen:
        return _("The ranking is frozen; no review can change any more.")
    return None


def why_not_score(
    state: ReviewState, proposal: Proposal, *, is_assigned: bool, is_ranking_frozen: bool
) -> Text | None:
    """The reason why this review cannot be changed now, or nothing."""
    if not is_assigned:
        return _("This proposal is no longer yours to review.")
    if proposal.state == ProposalState.SUBMITTED and state == ReviewState.SUBMITTED:
        return _("Your review is submitted. The chair of the panel can reopen it.")
    return why_closed(proposal.state, is_eligible=proposal.is_eligible, is_ranking_frozen=is_ranking_frozen)


def why_not_reopen(state: ReviewState | None, *, is_ranking_frozen: bool) -> Text | None:
    if state != ReviewState.SUBMITTED:
        return _("This review is open already.")
    return _("The ranking is frozen; no review can change any more.") if is_ranking_frozen else None


def why_not_reason(reason: str) -> Text | None:
    if not reason:
        return _("Say in a few words why; it stays in the record.")
    if len(reason) > REASON_LENGTH:
        return _("Use at most {n} characters.", n=REASON_LENGTH)
    return None


def running_total(rubric: Rubric, given: Mapping[str, Score | None]) -> Decimal | None:
    """What the scores given so far amount to; nothing before the first. Complete, it is the overall score.

    In a mean what is not scored yet stays out; in a sum it has added nothing yet.
    """
    scored = {code: score for code, score in given.items() if score is not None}
    if len(scored) == len(rubric.criteria):
        return overall_score(rubric, scored).value
    numbers = {code: score for code, score in scored.items() if isinstance(score, Decimal)}
    if not numbers:
        return None
    if rubric.aggregation.overall == Overall.SUM:
        return points_so_far(rubric, numbers)
    return overall_score(rubric, {c.code: scored.get(c.code, NOT_APPLICABLE) for c in rubric.criteria}).value


def days_left(due: date, zone: str, moment: datetime) -> int:
    """Whole days until the last day, as the call's place counts them: 0 today, below zero afterwards."""
    return (due - moment.astimezone(ZoneInfo(zone)).date()) // timedelta(days=1)


def due_in_words(left: int) -> Text:
    if left < 0:
        return _n("{n} day over", "{n} days over", -left)
    if left == 0:
        return _("today is the last day")
    return _n("{n} day left", "{n} days left", left)
