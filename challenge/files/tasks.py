"""Checking what was received. A scanner that is down keeps documents waiting; it never lets one through."""

from collections.abc import AsyncIterator
from uuid import UUID

from challenge.audit import actions as audit
from challenge.files.models import Document, DocumentState
from challenge.files.scanner import scan
from challenge.files.store import in_store
from challenge.jobs.context import Task, TaskContext


async def scan_document(context: TaskContext, document_id: str) -> None:
    async with context.database.reading() as db:
        document = await db.get(Document, UUID(document_id))
    if document is None or document.state != DocumentState.STORED:
        return
    key = document.key
    content = await in_store(lambda store: store.read(key))
    harm = await scan(context.settings.scanner_url, _once(content))
    async with context.database.writing() as db:
        kept = await db.get(Document, document.id)
        if kept is not None and kept.state == DocumentState.STORED:
            kept.state = DocumentState.REJECTED if harm else DocumentState.AVAILABLE
            kept.reason = harm
            db.add(kept)
            await audit.record(db, None, f"document.{kept.state.value}", kept)
        await db.commit()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


tasks: dict[str, Task] = {"files.scan": scan_document}
