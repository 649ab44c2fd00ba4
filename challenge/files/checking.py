"""Reading a stored file back, once, from its first byte to its last: digests, kind, limits, viruses.

What a browser said of a file is never believed. One pass gives the SHA-256 of the whole and of the tree of its
parts; the bytes go through a file of this machine, so that memory stays flat whatever the size.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

from sqlmodel import select

from challenge.files import rules, sealing, states
from challenge.files.flags import flags_of
from challenge.files.kinds import BY_ENDING, pages_in
from challenge.files.models import Document, DocumentState, Upload
from challenge.files.scanner import TooLarge, scan
from challenge.files.store import in_store, in_thread
from challenge.foundation.db import Database
from challenge.foundation.i18n import Text
from challenge.settings import Settings, settings
from storage.store import Store

MIB = 1 << 20
MOST_AT_ONCE = 32 * MIB  # checked while its sender waits
MOST_SCANNED = 2 << 30  # above this the scanner's verdict means nothing
PATIENCE, SLOWEST = 30, 2 * MIB  # seconds, and bytes a second that a scanner reads at least
IN_MEMORY = 8 * MIB
UNSCANNED = "unscanned"


@dataclass(slots=True)
class Verdict:
    """What a look at the bytes brought out. `fault` is for the person who sent it."""

    size: int = 0
    sha256: str = ""
    tree: str = ""
    fault: Text | None = None
    reason: str = ""
    flags: list[str] = field(default_factory=list)


async def check(database: Database, document_id: UUID, config: Settings | None = None) -> Document:
    """Look at a stored document and decide what becomes of it. Safe to repeat; a dead process leaves it to the next.

    Raises Unavailable or ScannerDown when it cannot be decided now: the document stays `scanning`.
    """
    config = config or settings()
    async with database.writing() as db:
        document = (await db.exec(select(Document).where(Document.id == document_id).with_for_update())).one()
        if document.state not in states.CHECKING:
            return document
        if document.state == DocumentState.STORED:
            await states.change(db, document, "scan")
        upload = await db.get(Upload, document_id)
        await db.commit()
    part_size = upload.part_size if upload is not None else max(document.size, 1)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
        most_pages = upload.most_pages if upload is not None else None
        verdict = await in_store(lambda store: _read_back(store, document, part_size, most_pages, copy))
        verb, reason = "release", ""
        if verdict.size != document.size or (document.tree and verdict.tree != document.tree):
            verb, reason = "mark corrupt", "its bytes are not those that were sent"
        elif verdict.fault is not None:
            verb, reason = "quarantine", verdict.reason
        elif config.scanner_url == "none:":
            reason = UNSCANNED
        else:
            verb, reason = await _scanned(document.size, copy, config)
    return await _decide(database, document, verdict, verb, reason)


async def _scanned(size: int, copy: Any, config: Settings) -> tuple[str, str]:
    """What the scanner makes of it; what is beyond the limits of either of us is nobody's verdict."""
    try:
        if size > MOST_SCANNED:
            raise TooLarge
        harm = await scan(config.scanner_url, _pieces(copy), PATIENCE + size / SLOWEST)
    except TooLarge:
        return ("release" if config.accept_unscanned else "leave unscanned"), UNSCANNED
    return ("quarantine", harm) if harm else ("release", "")


async def _decide(database: Database, seen: Document, verdict: Verdict, verb: str, reason: str) -> Document:
    async with database.writing() as db:
        document = (await db.exec(select(Document).where(Document.id == seen.id).with_for_update())).one()
        if document.state == DocumentState.SCANNING:
            document.sha256 = document.sha256 or verdict.sha256
            document.tree = document.tree or verdict.tree
            document.reason, document.flags = reason[:300], verdict.flags
            await states.change(db, document, verb, sha256=verdict.sha256, size=verdict.size, reason=reason)
            await sealing.ask_again(db, document)
        await db.commit()
    return document


def _read_back(
    store: Store, document: Document, part_size: int, most_pages: int | None, copy: IO[bytes]
) -> Verdict:
    whole, part, tree = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    size, in_part, parts = 0, 0, 0
    for piece in store.stream(document.key):
        copy.write(piece)
        whole.update(piece)
        size += len(piece)
        view = memoryview(piece)
        while view:
            taken = view[: part_size - in_part]
            part.update(taken)
            in_part += len(taken)
            view = view[len(taken) :]
            if in_part == part_size:
                tree.update(part.digest())
                part, in_part, parts = hashlib.sha256(), 0, parts + 1
    if in_part or not parts:
        tree.update(part.digest())
    verdict = Verdict(size, whole.hexdigest(), tree.hexdigest())
    _look(verdict, document.name, most_pages, copy)
    return verdict


def _look(verdict: Verdict, name: str, most_pages: int | None, copy: IO[bytes]) -> None:
    ending = rules.ending_of(name)
    copy.seek(0)
    verdict.fault = BY_ENDING[ending].look(copy)
    if verdict.fault is not None:
        verdict.reason = rules.KIND + verdict.fault.msgid
        return
    if most_pages is not None and ending == "pdf":
        pages = pages_in(copy)
        verdict.fault = rules.why_not_pages(name, pages, most_pages)
        verdict.reason = f"{rules.PAGES}{pages} of {most_pages}"
    verdict.flags = flags_of(copy, ending)


async def _pieces(copy: Any) -> AsyncIterator[bytes]:
    copy.seek(0)
    while piece := await in_thread(lambda: copy.read(MIB)):
        yield piece
