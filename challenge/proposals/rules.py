"""What may happen to a proposal, and which sides of it a role shows. Pure."""

from datetime import datetime

from challenge.accounts.models import RoleName as R
from challenge.calls import rules as call_rules
from challenge.calls.models import Call, Stage
from challenge.foundation.i18n import Text, _
from challenge.proposals.models import Facet, Proposal, ProposalState

PROPOSAL_MOVES = {
    (ProposalState.DRAFT, "submit"): ProposalState.SUBMITTED,
    (ProposalState.SUBMITTED, "withdraw"): ProposalState.WITHDRAWN,
    (ProposalState.SUBMITTED, "reopen"): ProposalState.DRAFT,
    (ProposalState.WITHDRAWN, "reopen"): ProposalState.DRAFT,
}

CONTENT = Facet.EXISTS | Facet.BODY | Facet.IDENTITY | Facet.FILES
EVERYTHING = Facet(1023)
TEAM_FACETS = CONTENT | Facet.DECISION
# Roles held for the site, a programme or a call. Reviewers and chairs see by assignment, one proposal at a time.
ROLE_FACETS: dict[R, Facet] = {
    R.MANAGER: EVERYTHING,
    R.ADMINISTRATOR: EVERYTHING,
    R.AUDITOR: EVERYTHING,
    R.OBSERVER: CONTENT | Facet.SCORES | Facet.RANKING | Facet.DECISION,
}


def why_not_edit(proposal: Proposal, call: Call, stage: Stage, moment: datetime) -> Text | None:
    """The reason why no answer of this proposal can be saved now, or nothing."""
    if proposal.state == ProposalState.SUBMITTED:
        return _(
            "This proposal is submitted. Reopen it first; until the deadline you can change and send it again."
        )
    if proposal.state == ProposalState.WITHDRAWN:
        return _("This proposal is withdrawn. Reopen it to go on writing.")
    return call_rules.why_not_apply(call, stage, moment)


def why_not_withdraw(proposal: Proposal, is_decided: bool) -> Text | None:
    if proposal.state != ProposalState.SUBMITTED:
        return _("Only a submitted proposal can be withdrawn.")
    return _("The decision on this proposal is out; write to the organizer.") if is_decided else None


def why_not_reopen(proposal: Proposal, call: Call, stage: Stage, moment: datetime) -> Text | None:
    if proposal.state == ProposalState.DRAFT:
        return _("This proposal is open already.")
    return call_rules.why_not_apply(call, stage, moment)
