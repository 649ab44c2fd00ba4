"""Sealed copies: the files of a submission under keys of their own, which nothing writes over or deletes.

A copy is wanted in the transaction of the submission and made by a job. It counts when its size was asked and its
bytes were read back; whatever kills the job in between, the next one begins with what the store holds.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from challenge.audit import actions as audit
from challenge.files import states
from challenge.files.models import Document, DocumentState, SealedCopy
from challenge.files.store import in_store, in_thread, the_store
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.jobs import actions as jobs
from storage.store import NotThere, Store, Stored, StoreDown

PREFIX = "sealed/"
READY = states.RELEASED | {DocumentState.UNSCANNED}


def sealed_key(place_id: UUID, n: int, document_id: UUID) -> str:
    return f"{PREFIX}{place_id}/{n}/{document_id}"


async def want(db: Db, place_id: UUID, n: int, documents: Iterable[Document]) -> None:
    """A copy of each for the submission `n`. One that is still being checked is sealed when its check is done."""
    for document in documents:
        key = sealed_key(place_id, n, document.id)
        db.add(SealedCopy(key=key, document_id=document.id, wanted_at=clock.now()))
        await jobs.enqueue(db, "files.seal", key=key)


async def ask_again(db: Db, document: Document) -> None:
    """For copies that had to wait for the check of this document."""
    if document.state in READY:
        for key in await _waiting(db, SealedCopy.document_id == document.id):
            await jobs.enqueue(db, "files.seal", key=key)


async def ask_for_late(db: Db, before: datetime, limit: int) -> None:
    """For copies whose job was lost, or came before the end of the check."""
    late = col(SealedCopy.wanted_at) < before
    for key in await _waiting(db, late, col(Document.state).in_(READY), limit=limit):
        await jobs.enqueue(db, "files.seal", key=key)


async def _waiting(db: Db, *which: object, limit: int = 100) -> list[str]:
    found = await db.exec(
        select(SealedCopy.key)
        .join(Document, col(Document.id) == SealedCopy.document_id)
        .where(col(SealedCopy.sealed_at).is_(None), *which)  # type: ignore[arg-type]
        .order_by(col(SealedCopy.wanted_at))
        .limit(limit)
    )
    return list(found.all())


async def seal(database: Database, key: str) -> None:
    """Make one copy, or do nothing when it is made or cannot be made yet. Safe to repeat and to be killed."""
    async with database.reading() as db:
        found = (await db.exec(_with_document(key))).first()
    if found is None:
        return
    copy, document = found
    if copy.sealed_at is not None or document.state not in READY:
        return
    digest = await in_store(lambda store: copied(store, document, key))
    async with database.writing() as db:
        copy, document = (await db.exec(_with_document(key).with_for_update())).one()
        if copy.sealed_at is None:
            copy.sealed_at, copy.sha256 = clock.now(), digest
            db.add(copy)
            await db.flush()
            document.sealed_key = await _newest(db, document.id)
            facts = {"key": key, "size": document.size, "sha256": digest}
            if document.state in states.RELEASED:
                await states.change(db, document, "seal", **facts)
            elif (
                document.state == DocumentState.UNSCANNED
            ):  # kept like the others, and given out as little as before
                db.add(document)
                await audit.record(db, None, "document.sealed", document, chain=document.chain_id, **facts)
        await db.commit()


def _with_document(key: str):  # type: ignore[no-untyped-def]
    return (
        select(SealedCopy, Document)
        .join(Document, col(Document.id) == SealedCopy.document_id)
        .where(SealedCopy.key == key)
    )


async def _newest(db: Db, document_id: UUID) -> str:
    found = await db.exec(
        select(SealedCopy.key)
        .where(SealedCopy.document_id == document_id, col(SealedCopy.sealed_at).is_not(None))
        .order_by(col(SealedCopy.wanted_at).desc())
        .limit(1)
    )
    return found.one()


def copied(store: Store, document: Document, key: str) -> str:
    """The digest of the copy, which is there and the same; raises StoreDown when it is not."""
    store.copy(document.key, key)
    if store.size(key) != document.size:
        raise StoreDown("damaged")
    found = store.proof(key)
    if found != Stored(document.size, document.sha256):
        raise StoreDown("damaged")
    return found.sha256


async def fault_of(key: str, size: int, sha256: str) -> str:
    """What is wrong with a sealed copy, after reading every byte of it; nothing when it is whole."""
    try:
        found = await in_thread(lambda: the_store().proof(key))
    except NotThere:
        return "is missing from the store"
    except StoreDown as error:
        return f"could not be read: {error}"
    return "" if found == Stored(size, sha256) else "has other bytes than the receipt says"
