"""How long files are kept: what was taken out of a draft and never sent goes after seven days."""

from sqlmodel import col, exists, select

from challenge.audit import actions as audit
from challenge.files import states
from challenge.files.models import Document, DocumentState, SealedCopy
from challenge.files.purging import BATCH, KEPT_FOR, TAKEN_OUT, purge_all
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.proposals.models import Attachment, Revision


async def purge_taken_out(database: Database, by: audit.Actor | None = None) -> int:
    """Files that were removed more than seven days ago and are part of no submission, however old."""
    was_sent = exists().where(
        col(Revision.proposal_id) == Attachment.proposal_id,
        col(Revision.submitted_at) >= Attachment.added_at,
        col(Revision.submitted_at) <= Attachment.removed_at,
    )
    is_sealed = exists().where(col(SealedCopy.document_id) == Document.id)
    async with database.reading() as db:
        found = await db.exec(
            select(Document.id)
            .join(Attachment, col(Attachment.document_id) == Document.id)
            .where(
                col(Attachment.removed_at) < clock.now() - KEPT_FOR,
                col(Document.state).not_in({DocumentState.PURGED, *states.OPEN}),
                ~was_sent,
                ~is_sealed,
            )
            .order_by(col(Attachment.removed_at))
            .limit(BATCH)
        )
        ids = list(found.all())
    return await purge_all(database, ids, TAKEN_OUT, by)
