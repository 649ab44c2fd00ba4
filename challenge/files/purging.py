"""Taking away what nothing needs any more: the object first, then its row, of which a tombstone stays.

Never under `sealed/`: a document of which there is a sealed copy, or a wish for one, is not purged here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from challenge.audit import actions as audit
from challenge.files import states
from challenge.files.models import Document, DocumentState, SealedCopy, Stray, Upload
from challenge.files.sealing import PREFIX
from challenge.files.store import in_store
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.observe import logger
from storage.store import Store

KEPT_FOR = timedelta(days=7)
BATCH = 500
ENDED_UPLOAD, TAKEN_OUT = "ended upload", "taken out of a draft"
PROBES = "probe/"


async def purge(database: Database, document_id: UUID, rule: str, by: audit.Actor | None = None) -> bool:
    """Whether there was something to purge. Safe to repeat and to be killed at any step."""
    async with database.reading() as db:
        document = await db.get(Document, document_id)
        upload = await db.get(Upload, document_id)
        if document is None or document.state == DocumentState.PURGED or await _is_sealed(db, document_id):
            return False
    await in_store(lambda store: _gone(store, document, upload))
    async with database.writing() as db:
        kept = (await db.exec(select(Document).where(Document.id == document_id).with_for_update())).one()
        is_first = kept.state != DocumentState.PURGED
        if is_first:
            facts = {"sha256": kept.sha256, "tree": kept.tree, "size": kept.size, "rule": rule}
            await states.change(db, kept, "purge", by, **facts)
        await db.commit()
    return is_first


async def _is_sealed(db: Db, document_id: UUID) -> bool:
    found = await db.exec(select(SealedCopy.key).where(SealedCopy.document_id == document_id).limit(1))
    return found.first() is not None


def _gone(store: Store, document: Document, upload: Upload | None) -> None:
    if upload is not None and document.state in (DocumentState.EXPIRED, DocumentState.ABORTED):
        store.abort(document.key, upload.reference)
    store.delete(document.key)


async def purge_all(
    database: Database, document_ids: list[UUID], rule: str, by: audit.Actor | None = None
) -> int:
    """How many were purged. One that cannot be now is left to the next time."""
    done = 0
    for document_id in document_ids:
        try:
            done += await purge(database, document_id, rule, by)
        except Exception as error:
            logger.warning("document could not be purged", kind=type(error).__name__)
    return done


async def purge_ended_uploads(database: Database, by: audit.Actor | None = None) -> int:
    """Uploads that were given up or forgotten more than seven days ago."""
    ended = (DocumentState.EXPIRED, DocumentState.ABORTED)
    async with database.reading() as db:
        found = await db.exec(
            select(Document.id)
            .join(Upload, col(Upload.document_id) == Document.id)
            .where(col(Document.state).in_(ended), col(Upload.touched_at) < clock.now() - KEPT_FOR)
            .order_by(col(Upload.touched_at))
            .limit(BATCH)
        )
        ids = list(found.all())
    return await purge_all(database, ids, ENDED_UPLOAD, by)


# ---------- objects without a row ----------


@dataclass(frozen=True, slots=True)
class Found:
    key: str
    seen_at: datetime
    is_old: bool
    may_go: bool


async def strays(
    database: Database, *, is_deleting: bool = False, by: audit.Actor | None = None
) -> list[Found]:
    """Objects of which no row knows, since when that was seen, and whether they are old enough to go.

    A row is always written before its object, so what was seen without one for seven days belongs to nothing.
    Deletes those only when told to, and never under `sealed/`.
    """
    held = await in_store(lambda store: [key for key in store.keys() if not key.startswith(PROBES)])  # noqa: SIM118
    async with database.writing() as db:
        known = set((await db.exec(select(Document.key))).all())
        known |= set((await db.exec(select(SealedCopy.key))).all())
        seen = {stray.key: stray for stray in (await db.exec(select(Stray))).all()}
        unknown = sorted(set(held) - known)
        for key in set(seen) - set(unknown):
            await db.delete(seen.pop(key))
        for key in unknown:
            if key not in seen:
                seen[key] = Stray(key=key, seen_at=clock.now())
                db.add(seen[key])
        await db.commit()
    oldest = clock.now() - KEPT_FOR
    found = [
        Found(key, seen[key].seen_at, seen[key].seen_at <= oldest, not key.startswith(PREFIX))
        for key in unknown
    ]
    if is_deleting:
        for each in found:
            if each.is_old and each.may_go:
                await _delete_stray(database, each.key, by)
    return found


async def _delete_stray(database: Database, key: str, by: audit.Actor | None) -> None:
    size = await in_store(lambda store: store.size(key))
    await in_store(lambda store: store.delete(key))
    async with database.writing() as db:
        stray = await db.get(Stray, key)
        if stray is not None:
            await db.delete(stray)
        await audit.record(db, by, "storage.stray_deleted", key=key, size=size, rule="no row for seven days")
        await db.commit()
