"""The mails about a review. A subject names the number of a proposal, never its title."""

from uuid import UUID

from challenge.calls.models import Call
from challenge.foundation.i18n import _, verbatim
from challenge.mail.letters import Letter
from challenge.proposals.letters import Title
from challenge.proposals.models import Proposal


def reopened(call: Call, proposal: Proposal, review_id: UUID, reason: str) -> Letter:
    return Letter(
        "reviews.reopened",
        _("Your review of {number} is open again", number=proposal.number),
        _("Your review is open again"),
        [
            _(
                "The chair of the panel has reopened your review of {number} in the call “{call}”.",
                number=proposal.number,
                call=Title(call.title),
            ),
            verbatim(reason),
            _("Everything you wrote is still there. Change what is needed and submit the review again."),
        ],
        button=(_("Open the review"), f"/reviews/{review_id}"),
        demonstration=call.is_demonstration,
    )
