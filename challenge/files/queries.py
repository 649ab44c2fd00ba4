import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select as columns
from sqlmodel import col

from challenge.files import states
from challenge.files.models import Document, DocumentState
from challenge.files.rules import why_refused
from challenge.files.store import in_store, in_thread, the_store
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound, NotNow
from challenge.foundation.i18n import _
from challenge.settings import settings
from storage.store import NotThere, Stored, StoreDown

LINK_LIFETIME = 60  # seconds
SHOWN_LIFETIME = 15 * 60  # a film is read on while it is watched


async def the_document(db: Db, document_id: UUID) -> Document:
    """A document by its id. Whether somebody may have it is decided by what it is attached to."""
    document = await db.get(Document, document_id)
    if document is None:
        raise NotFound
    return document


async def content(document: Document) -> bytes:
    """All of its bytes, of what is known to be small and was released."""
    refuse_unless_open(document)
    return await in_store(lambda store: store.read(key_of(document)))


async def stream(document: Document, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
    """Piece by piece, for what may be large. That the store has it is certain before the first piece is asked for.

    A source lost half-way raises, so that nobody takes half a file for a whole one.
    """
    pieces = await in_store(lambda store: store.stream(key_of(document), start=start, length=length))

    async def read() -> AsyncIterator[bytes]:
        while (piece := await in_thread(lambda: next(pieces, None))) is not None:
            yield piece

    return read()


async def link_to(document: Document, name: str, *, inline: bool = False) -> str | None:
    """A link to the store that ends soon, where the store and the settings give such links out."""
    if settings().downloads != "signed":
        return None
    media_type = document.media_type if inline else "application/octet-stream"
    lifetime = SHOWN_LIFETIME if inline else LINK_LIFETIME
    return await in_store(
        lambda store: store.sign_download(
            key_of(document), filename=name, content_type=media_type, inline=inline, lifetime=lifetime
        )
    )


def key_of(document: Document) -> str:
    return document.sealed_key or document.key


def refuse_unless_open(document: Document, *, is_own: bool = False) -> None:
    """Raises NotNow with the reason why nobody may have it now. Its own people may have it before the check is done."""
    if document.state in states.RELEASED or (is_own and document.state in states.KEPT):
        return
    if document.state in states.CHECKING:
        raise NotNow(
            _("“{name}” is still being checked for viruses. Try again in a few minutes.", name=document.name)
        )
    if document.state == DocumentState.UNSCANNED:
        raise NotNow(
            _("“{name}” is too large for the virus scanner, so it is not given out here.", name=document.name)
        )
    refused = why_refused(document)
    raise NotNow(refused) if refused is not None else NotFound


@dataclass(frozen=True, slots=True)
class Damage:
    document_id: UUID
    what: str


async def damages(db: Db) -> tuple[int, list[Damage]]:
    """Read every stored file and compare its digest: (files read, what is wrong)."""
    kept = await rows(
        db,
        columns(col(Document.id), col(Document.key), col(Document.size), col(Document.sha256)).where(
            col(Document.state).in_(states.KEPT | {DocumentState.QUARANTINED})
        ),
    )
    found: list[Damage] = []
    for document_id, key, size, sha256 in kept:
        what = await asyncio.to_thread(_fault, key, size, sha256)
        if what:
            found.append(Damage(document_id, what))
    return len(kept), found


def _fault(key: str, size: int, sha256: str) -> str:
    try:
        found = the_store().proof(key)
    except NotThere:
        return "its bytes are missing from the store"
    except StoreDown as error:
        return f"could not be read: {error}"
    if found != Stored(size, sha256 or found.sha256):  # not known before the check
        return "its bytes are not those that were received"
    return ""
