from uuid import UUID

from sqlmodel import col, select

from challenge.accounts.viewer import Viewer
from challenge.eligibility.models import Ruling, RulingResult
from challenge.foundation.db import Db
from challenge.proposals.models import Facet, Proposal
from challenge.proposals.queries import seen_by


async def rulings_of(db: Db, viewer: Viewer, call_id: UUID) -> dict[UUID, Ruling]:
    """The newest ruling of every proposal of a call whose inside the viewer sees."""
    found = await db.exec(
        select(Ruling)
        .join(Proposal, col(Proposal.id) == Ruling.proposal_id)
        .where(Proposal.call_id == call_id, col(Proposal.id).in_(seen_by(viewer, Facet.DECISION)))
        .order_by(col(Ruling.ruled_at))
    )
    return {ruling.proposal_id: ruling for ruling in found.all()}


async def excluded(db: Db, viewer: Viewer, call_id: UUID) -> dict[UUID, str]:
    """The proposals that are not ranked because they are not eligible, with the reason of the ruling."""
    rulings = await rulings_of(db, viewer, call_id)
    return {
        proposal_id: ruling.note
        for proposal_id, ruling in rulings.items()
        if ruling.result == RulingResult.NOT_ELIGIBLE
    }
