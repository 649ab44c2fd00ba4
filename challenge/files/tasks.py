"""Checking what was received, and tidying what was left. A scanner that is down keeps documents waiting."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select

from challenge.files import purging, sealing, states, uploads
from challenge.files.checking import check
from challenge.files.models import Document, DocumentState, Upload
from challenge.files.store import in_thread, the_store
from challenge.foundation import clock
from challenge.foundation.observe import logger
from challenge.jobs import actions as jobs
from challenge.jobs.context import Task, TaskContext
from storage.store import StoreError

BATCH = 200
STUCK = timedelta(minutes=5)  # in the middle of a step: its process is gone
UNCHECKED = timedelta(minutes=15)


async def check_document(context: TaskContext, document_id: str) -> None:
    await check(context.database, UUID(document_id), context.settings)


async def reap(context: TaskContext) -> None:
    """Every quarter of an hour: finish what was stuck, end what was forgotten, ask again for what waits.

    Every step may be repeated, and a failing one leaves the others alone.
    """
    moment = clock.now()
    async with context.database.reading() as db:
        found = await db.exec(
            select(Document, Upload)
            .join(Upload, col(Upload.document_id) == Document.id)
            .where(col(Document.state).in_(states.OPEN), col(Upload.touched_at) < moment - STUCK)
            .order_by(col(Upload.touched_at))
            .limit(BATCH)
        )
        open_ones = list(found.all())
        waiting = (
            await db.exec(
                select(Document.id)
                .where(
                    col(Document.state).in_(states.CHECKING), col(Document.created_at) < moment - UNCHECKED
                )
                .limit(BATCH)
            )
        ).all()
    for document, upload in open_ones:
        try:
            await _settle(context, document, upload)
        except Exception as error:
            logger.warning("upload could not be settled", kind=type(error).__name__)
    async with context.database.writing() as db:
        for document_id in waiting:
            await jobs.enqueue(db, "files.check", document_id=document_id)
        await sealing.ask_for_late(db, moment - UNCHECKED, BATCH)
        await db.commit()


async def _settle(context: TaskContext, document: Document, upload: Upload) -> None:
    if document.state == DocumentState.COMPLETING:
        try:
            size = await in_thread(lambda: the_store().size(document.key))
        except StoreError:
            return
        if size == document.size:
            await uploads.finish(context.database, document.id)
            return
    moment = clock.now()
    if moment > min(upload.touched_at + uploads.FORGOTTEN, upload.ends_at):
        await uploads.abort(context.database, document, upload, verb="expire")


async def seal_document(context: TaskContext, key: str) -> None:
    await sealing.seal(context.database, key)


async def purge(context: TaskContext) -> None:
    await purging.purge_ended_uploads(context.database)


async def look_for_strays(context: TaskContext) -> None:
    """So that the seven days of an object without a row are counted, whoever asks for the report and when."""
    await purging.strays(context.database)


tasks: dict[str, Task] = {
    "files.check": check_document,
    "files.reap": reap,
    "files.seal": seal_document,
    "files.purge": purge,
    "files.strays": look_for_strays,
}
