import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select as columns
from sqlmodel import col

from challenge.files.models import Document, DocumentState
from challenge.files.store import in_store, the_store, unavailable
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound, NotNow
from challenge.foundation.i18n import _
from storage.store import NotThere, StoreDown


async def the_document(db: Db, document_id: UUID) -> Document:
    """A document by its id. Whether somebody may have it is decided by what it is attached to."""
    document = await db.get(Document, document_id)
    if document is None:
        raise NotFound
    return document


async def content(document: Document) -> bytes:
    """All of its bytes; refused while it is being checked, and for good when it was rejected."""
    _refuse_unless_available(document)
    return await in_store(lambda store: store.read(document.key))


async def stream(document: Document) -> AsyncIterator[bytes]:
    """Piece by piece, for what may be large. The first piece proves that the store has it."""
    _refuse_unless_available(document)
    pieces = await in_store(lambda store: store.stream(document.key))
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
    except StoreDown as error:
        raise unavailable() from error


def _refuse_unless_available(document: Document) -> None:
    if document.state == DocumentState.STORED:
        raise NotNow(
            _("“{name}” is still being checked for viruses. Try again in a few minutes.", name=document.name)
        )
    if document.state == DocumentState.REJECTED:
        raise NotNow(
            _("“{name}” was not released: the check found something harmful in it.", name=document.name)
        )


@dataclass(frozen=True, slots=True)
class Damage:
    document_id: UUID
    what: str


async def damages(db: Db) -> tuple[int, list[Damage]]:
    """Read every stored file and compare its digest: (files read, what is wrong)."""
    kept = await rows(
        db, columns(col(Document.id), col(Document.key), col(Document.size), col(Document.sha256))
    )
    found: list[Damage] = []
    for document_id, key, size, sha256 in kept:
        what = await asyncio.to_thread(_fault, key, size, sha256)
        if what:
            found.append(Damage(document_id, what))
    return len(kept), found


def _fault(key: str, size: int, sha256: str) -> str:
    digest, read = hashlib.sha256(), 0
    try:
        for piece in the_store().stream(key):
            digest.update(piece)
            read += len(piece)
    except NotThere:
        return "its bytes are missing from the store"
    except StoreDown as error:
        return f"could not be read: {error}"
    if (read, digest.hexdigest()) != (size, sha256):
        return "its bytes are not those that were received"
    return ""
