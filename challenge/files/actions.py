"""Taking a document in. What it is attached to is the caller's affair."""

import io
from collections.abc import Collection
from datetime import datetime
from typing import IO
from uuid import UUID

from challenge.audit import actions as audit
from challenge.files import rules
from challenge.files.faults import NOT_THIS
from challenge.files.flags import flags_of
from challenge.files.kinds import BY_ENDING, FileKind, found_in, pages_in
from challenge.files.models import Document, DocumentState
from challenge.files.store import in_store
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import Text
from challenge.foundation.ids import new_id
from challenge.jobs import actions as jobs
from challenge.settings import settings
from storage.store import Store, Stored

UNSCANNED = "unscanned"


async def receive(
    db: Db,
    *,
    owner_id: UUID | None,
    name: str,
    content: bytes | IO[bytes],
    allowed: Collection[str] = (),
    most: int | None = None,
    most_pages: int | None = None,
    by: audit.Actor | None,
    chain: UUID | str | None = None,
    document_id: UUID | None = None,
    at: datetime | None = None,
) -> Document:
    """Check a file, keep its bytes, and record it. Refuses in a sentence, with the error under "file".

    `allowed` are endings without the dot, `most` is the largest size in bytes (the site's limit when not given),
    `most_pages` the most pages of a PDF, `chain` the id of the call in whose record it stands.
    """
    name = rules.safe_name(name)
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    most = most or settings().upload_limit_mb * rules.MIB
    _refuse_if(rules.why_not_kind(name, allowed))
    file.seek(0, io.SEEK_END)
    _refuse_if(rules.why_not_size(name, file.tell(), most))
    kind = BY_ENDING[rules.ending_of(name)]
    document_id = document_id or new_id()
    key = f"documents/{document_id}/v1"
    flags: list[str] = []

    def look_and_keep(store: Store) -> Stored | Text:
        fault = _looked_at(file, name, kind) or _too_long(file, name, kind, most_pages)
        if fault is not None:
            return fault
        flags.extend(flags_of(file, rules.ending_of(name)))
        file.seek(0)
        return store.put(key, file, content_type="application/octet-stream")

    stored = await in_store(look_and_keep)
    if isinstance(stored, Text):
        raise Unprocessable(stored, errors={"file": stored})
    is_scanned = settings().scanner_url != "none:"
    document = Document(
        id=document_id,
        owner_id=owner_id,
        name=name,
        media_type=kind.media_type,
        size=stored.size,
        sha256=stored.sha256,
        key=key,
        state=DocumentState.STORED if is_scanned else DocumentState.AVAILABLE,
        reason="" if is_scanned else UNSCANNED,
        flags=flags,
        chain_id=UUID(str(chain)) if chain else None,
        created_at=at or clock.now(),
    )
    db.add(document)
    await db.flush()
    await audit.record(
        db, by, "document.received", document, chain=chain, sha256=stored.sha256, size=stored.size, at=at
    )
    if is_scanned:
        await jobs.enqueue(db, "files.check", document_id=document.id)
    return document


def _refuse_if(fault: Text | None) -> None:
    if fault is not None:
        raise Unprocessable(fault, errors={"file": fault})


def _looked_at(file: IO[bytes], name: str, kind: FileKind) -> Text | None:
    file.seek(0)
    fault = kind.look(file)
    if fault is None:
        return None
    is_other = fault is NOT_THIS
    return rules.why_not_content(name, fault, is_other, found_in(file) if is_other else "")


def _too_long(file: IO[bytes], name: str, kind: FileKind, most: int | None) -> Text | None:
    if most is None or kind.code != "pdf":
        return None
    return rules.why_not_pages(name, pages_in(file), most)
