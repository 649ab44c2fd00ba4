"""Rule whether a proposal meets the conditions of its call."""

from datetime import datetime

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.eligibility.models import Ruling, RulingResult
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import _
from challenge.proposals.models import Proposal


async def rule(
    db: Db,
    proposal: Proposal,
    result: RulingResult,
    *,
    note: str,
    check: str = "",
    at: datetime | None = None,
    by: Viewer,
) -> Ruling:
    """Record a ruling. The reason is compulsory: somebody will ask for it years later."""
    if not note.strip():
        raise Unprocessable(errors={"note": _("Write the reason; it stays in the record.")})
    ruling = Ruling(
        proposal_id=proposal.id,
        result=result,
        check=check,
        note=note,
        ruled_at=at or clock.now(),
        ruled_by_id=by.person_id,
    )
    proposal.is_eligible = result != RulingResult.NOT_ELIGIBLE
    db.add(ruling)
    db.add(proposal)
    await db.flush()
    await audit.record(
        db,
        by,
        "eligibility.ruled",
        ruling,
        chain=proposal.call_id,
        proposal=str(proposal.id),
        result=result.value,
    )
    return ruling
