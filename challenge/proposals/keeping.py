"""How long files are kept that were taken out and never sent: as long as one writes, then seven days more.

Of each question the newest ten stay so; those before them go after seven days.
"""

from sqlmodel import col, exists, func, or_, select

from challenge.audit import actions as audit
from challenge.calls.models import Stage
from challenge.files import states
from challenge.files.models import Document, DocumentState, SealedCopy
from challenge.files.purging import BATCH, KEPT_FOR, TAKEN_OUT, purge_all
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.proposals.models import Attachment, Proposal, ProposalState, Revision

MOST_VERSIONS = 10  # of a question


async def purge_taken_out(database: Database, by: audit.Actor | None = None) -> int:
    """Files that were removed more than seven days ago and are part of no submission, however old."""
    was_sent = exists().where(
        col(Revision.proposal_id) == Attachment.proposal_id,
        col(Revision.submitted_at) >= Attachment.added_at,
        col(Revision.submitted_at) <= Attachment.removed_at,
    )
    moment = clock.now() - KEPT_FOR
    place = (
        func.row_number()
        .over(
            partition_by=(col(Attachment.proposal_id), col(Attachment.question)),
            order_by=col(Attachment.removed_at).desc(),
        )
        .label("place")
    )
    removed = select(Attachment.id, place).where(col(Attachment.removed_at).is_not(None)).subquery()
    is_over = or_(
        Proposal.state != ProposalState.DRAFT, col(Stage.closes_at) < moment, removed.c.place > MOST_VERSIONS
    )
    is_sealed = exists().where(col(SealedCopy.document_id) == Document.id)
    async with database.reading() as db:
        found = await db.exec(
            select(Document.id)
            .join(Attachment, col(Attachment.document_id) == Document.id)
            .join(removed, removed.c.id == Attachment.id)
            .join(Proposal, col(Proposal.id) == Attachment.proposal_id)
            .join(Stage, col(Stage.id) == Proposal.stage_id)
            .where(
                is_over,
                col(Attachment.removed_at) < moment,
                col(Document.state).not_in({DocumentState.PURGED, *states.OPEN}),
                ~was_sent,
                ~is_sealed,
            )
            .order_by(col(Attachment.removed_at))
            .limit(BATCH)
        )
        ids = list(found.all())
    return await purge_all(database, ids, TAKEN_OUT, by)
