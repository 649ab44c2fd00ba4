"""What a reviewer may do with a review, and who sees whose. Pure."""

from challenge.foundation.i18n import Text, _
from challenge.proposals.models import Proposal, ProposalState
from challenge.reviews.models import Review, ReviewState

REVIEW_MOVES = {
    (ReviewState.DRAFT, "submit"): ReviewState.SUBMITTED,
    (ReviewState.SUBMITTED, "reopen"): ReviewState.DRAFT,
}
CONFIDENCE: dict[str, Text] = {
    "high": _("I know this subject well"),
    "medium": _("I know it in part"),
    "low": _("I am an informed outsider"),
}


def why_not_score(
    state: ReviewState, proposal: Proposal, *, is_assigned: bool, is_ranking_frozen: bool
) -> Text | None:
    """The reason why this review cannot be changed now, or nothing."""
    if not is_assigned:
        return _("This proposal is no longer yours to review.")
    if proposal.state != ProposalState.SUBMITTED:
        return _("The applicant has withdrawn this proposal. What you wrote is kept.")
    if state == ReviewState.SUBMITTED:
        return _("Your review is submitted. The chair of the panel can reopen it.")
    if is_ranking_frozen:
        return _("The ranking is frozen; no review can change any more.")
    return None


def why_not_reopen(review: Review, *, is_ranking_frozen: bool) -> Text | None:
    if review.state != ReviewState.SUBMITTED:
        return _("This review is open already.")
    return _("The ranking is frozen; no review can change any more.") if is_ranking_frozen else None
