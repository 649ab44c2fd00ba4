"""Which task follows which recorded event, as one table; and what lower rooms get from higher ones."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from challenge.accounts import actions as accounts
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.decisions import queries as decisions
from challenge.decisions.models import Outcome
from challenge.files import queries as files
from challenge.foundation.db import Database, Db
from challenge.foundation.i18n import _
from challenge.mail import outside
from challenge.proposals import outside as proposals
from challenge.proposals.models import Proposal

# outcome -> term of the vocabulary proposal-statuses
STATUS_OF = {
    Outcome.AWARD: "awarded",
    Outcome.RESERVE: "reserve",
    Outcome.DECLINE: "declined",
    Outcome.NOT_ELIGIBLE: "not-eligible",
}

# event -> tasks; each task gets `thing_id`, in the transaction that recorded the event
REACTIONS: dict[str, tuple[str, ...]] = {
    "decisions.released": ("notices.issue",),
    "document.quarantined": ("proposals.reopen_slot",),
}


def connect() -> None:
    """Called by whoever starts a process: the web application, the worker, a command, the tests."""
    audit.react_with(REACTIONS)
    outside.hand_in(links=accounts.link_secret, attachments=attached)
    proposals.hand_in(decisions=announced)


async def announced(db: Db, viewer: Viewer, proposal: Proposal) -> Mapping[str, Any] | None:
    """The released decision on a proposal, as its page shows it; nothing before the instant of release."""
    decision = await decisions.announced_decision(db, viewer, proposal.id)
    if decision is None:
        return None
    return {
        "code": STATUS_OF[decision.outcome],
        "href": f"/proposals/{proposal.id}/decision",
        "link": _("Read the decision"),
    }


async def attached(database: Database, attachment: Mapping[str, Any]) -> bytes:
    """The bytes of a mail's attachment, which is a document."""
    async with database.reading() as db:
        document = await files.the_document(db, UUID(str(attachment["document"])))
    return await files.content(document)
