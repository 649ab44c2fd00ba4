"""Sending a file in parts, from the browser straight to the store: nothing of it is believed, nothing is lost.

The steps wait for the store, so none of them runs inside a transaction: each reads, asks the store, and writes what
came of it in a short transaction of its own. The row says what was agreed, the store what it holds.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from challenge.audit import actions as audit
from challenge.files import rules, states
from challenge.files.checking import MOST_AT_ONCE, check
from challenge.files.kinds import BY_ENDING
from challenge.files.models import Document, DocumentState, Upload
from challenge.files.scanner import ScannerDown
from challenge.files.store import in_store, in_thread, the_store, trouble
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotFound, NotNow, Problem, TooMany, Unavailable, Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.foundation.ids import new_id
from challenge.foundation.observe import logger
from challenge.jobs import actions as jobs
from challenge.settings import settings
from storage.parts import BadPart, PartAsked, PartHeld, PartUrl, part_size_for, part_sizes
from storage.store import AlreadyThere, DamagedUpload, NotThere, PartsDiffer, Store, StoreDown

__all__ = ["BadPart", "PartAsked"]  # so that doors need not know the store

LIFETIME = 15 * 60  # seconds a link for a part is good for
AT_ONCE = 4  # parts a browser sends side by side
MOST_ASKED = 32  # links in one answer
MOST_OPEN = 20  # uploads of one person at a time
FORGOTTEN = timedelta(hours=48)  # without a part


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to go, and what the place takes."""

    id: UUID
    slot: str
    types: Collection[str] = ()
    most: int | None = None  # bytes
    most_pages: int | None = None  # of a PDF
    left: int = 0  # bytes of the place's quota that nothing takes up yet
    closes_at: datetime | None = None
    chain: UUID | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """An upload as its sender is told of it."""

    document: Document
    upload: Upload
    held: list[PartHeld] = field(default_factory=list)

    @property
    def part_count(self) -> int:
        return len(part_sizes(self.document.size, self.upload.part_size))


def checksum() -> str:
    """The digest by which the store itself refuses a damaged part, as far as was found out."""
    found = the_store().capabilities
    return found.checksum if found is not None else "none"


def most_bytes(place: Place) -> int:
    return min(place.most or settings().file_limit_mb * rules.MIB, settings().file_limit_mb * rules.MIB)


Also = Callable[[Db, Document], Awaitable[None]]


async def begin(
    database: Database, place: Place, *, name: str, size: int, once: str, by: audit.Actor, also: Also
) -> Going:
    """Agree on a file before its first byte. The same `once` of the same person gives back the same upload.

    `also` writes, in the same transaction, what the file hangs on.

    Raises Unprocessable for what can never go here, NotNow after closing, TooMany, NoRoom and Unavailable.
    """
    name = rules.safe_name(name)
    person_id = by.person_id
    if person_id is None:
        raise NotFound
    async with database.reading() as db:
        kept = await known(db, person_id, once)
        open_now = (await db.exec(select(func.count()).select_from(Upload).join(
            Document, col(Document.id) == Upload.document_id
        ).where(Upload.person_id == person_id, col(Document.state).in_(states.OPEN)))).one()  # fmt: skip
    if kept is not None:
        return await going(*kept)
    moment = clock.now()
    if place.closes_at is not None and moment >= place.closes_at:
        raise NotNow(_("The deadline has passed, so no new file can be sent. What is here stays."))
    _refuse_if(rules.why_not_kind(name, place.types))
    _refuse_if(rules.why_not_size(name, size, most_bytes(place)))
    if size > place.left:
        _refuse_if(rules.why_not_quota(name, size, place.left))
    if open_now >= MOST_OPEN:
        raise TooMany(
            _("{most} files are being sent already. Let one of them end, then send this one.", most=MOST_OPEN)
        )
    document_id, part_size = new_id(), part_size_for(size)
    key = f"documents/{document_id}/v1"
    reference = await in_store(lambda store: store.begin(key, size, part_size))
    document = Document(
        id=document_id,
        owner_id=person_id,
        name=name,
        media_type=BY_ENDING[rules.ending_of(name)].media_type,
        size=size,
        key=key,
        chain_id=place.chain,
        state=DocumentState.UPLOADING,
        created_at=moment,
    )
    last = place.closes_at + grace() if place.closes_at else None
    upload = Upload(
        document_id=document_id,
        person_id=person_id,
        place_id=place.id,
        slot=place.slot,
        once=once,
        reference=reference,
        part_size=part_size,
        most_pages=place.most_pages,
        began_at=moment,
        touched_at=moment,
        ends_at=last or moment + timedelta(days=30),
    )
    try:
        async with database.writing() as db:
            db.add(document)
            await db.flush()
            await also(db, document)
            db.add(upload)
            await audit.record(
                db, by, "document.uploading", document, chain=place.chain, size=size, slot=place.slot
            )
            await db.commit()
    except IntegrityError:  # two tabs, one mark: the first one's upload goes on
        await in_store(lambda store: store.abort(key, reference))
        async with database.reading() as db:
            first = await known(db, person_id, once)
        if first is None:
            raise
        return await going(*first)
    except Problem:
        await in_store(lambda store: store.abort(key, reference))
        raise
    return Going(document, upload)


async def known(db: Db, person_id: UUID | None, once: str) -> tuple[Document, Upload] | None:
    found = await db.exec(
        select(Document, Upload)
        .join(Upload, col(Upload.document_id) == Document.id)
        .where(Upload.person_id == person_id, Upload.once == once)
    )
    return found.first()


def _refuse_if(fault: Text | None) -> None:
    if fault is not None:
        raise Unprocessable(fault, errors={"file": fault})


async def the_upload(
    db: Db, document_id: UUID, place_id: UUID, person_id: UUID | None
) -> tuple[Document, Upload]:
    """One's own upload for this very place, or 404 without a hint."""
    found = (
        await db.exec(
            select(Document, Upload)
            .join(Upload, col(Upload.document_id) == Document.id)
            .where(
                Document.id == document_id, Upload.place_id == place_id, Upload.person_id == person_id
            )
        )
    ).first()  # fmt: skip
    if found is None:
        raise NotFound
    return found


async def going(document: Document, upload: Upload) -> Going:
    """With the parts that the store holds. An upload that the store lost begins anew with none."""
    if document.state not in states.OPEN:
        return Going(document, upload)
    return Going(document, upload, await in_store(lambda store: _held(store, document, upload)))


def _held(store: Store, document: Document, upload: Upload) -> list[PartHeld]:
    try:
        return store.parts(document.key, upload.reference)
    except NotThere:
        return []


async def sign(
    database: Database, document: Document, upload: Upload, parts: Sequence[PartAsked]
) -> list[PartUrl]:
    """Links for a few parts, each for just these bytes, made in a thread and only as they are needed."""
    _refuse_unless_open(document, upload)
    sizes = part_sizes(document.size, upload.part_size)
    fits = all(1 <= part.n <= len(sizes) and part.size == sizes[part.n - 1] for part in parts)
    if not fits or not 0 < len(parts) <= MOST_ASKED:
        raise Unprocessable(_("These parts are not parts of this file."))
    try:
        links = await in_thread(
            lambda: the_store().sign_parts(document.key, upload.reference, parts, LIFETIME)
        )
    except NotThere as error:
        raise NotNow(_("The file store no longer knows this upload. Choose the file again.")) from error
    except StoreDown as error:
        raise trouble(error) from error
    async with database.writing() as db:
        kept = await db.get(Upload, document.id)
        if kept is not None:
            kept.touched_at = clock.now()
        await db.commit()
    return links


def _refuse_unless_open(document: Document, upload: Upload) -> None:
    if document.state not in states.OPEN:
        raise NotNow(_("“{name}” is not being sent any more.", name=document.name))
    if clock.now() >= upload.ends_at:
        raise NotNow(
            _("The time for “{name}” has ended: the deadline was more than {minutes} minutes ago.",
              name=document.name, minutes=settings().upload_grace_minutes)
        )  # fmt: skip


async def complete(
    database: Database,
    document: Document,
    upload: Upload,
    tree: str,
    *,
    by: audit.Actor | None,
) -> Document:
    """Put the file together from what the store holds; safe to repeat, safe eight times at once.

    Raises NotNow with the missing parts in `missing`: they are sent again, and all that came is kept. A small file
    is read back and checked before this returns, a large one by a job.
    """
    if document.state not in states.OPEN:
        return document
    _refuse_unless_open(document, upload)
    await _step(database, document.id, "complete", tree=tree, by=by)
    sizes = part_sizes(document.size, upload.part_size)
    try:
        await in_thread(lambda: the_store().complete(document.key, upload.reference, sizes))
    except PartsDiffer as error:
        await _step(database, document.id, "resume", by=by)
        problem = NotNow(
            _("Parts of “{name}” have not arrived yet. They are sent again.", name=document.name)
        )
        problem.facts.update(missing=sorted({*error.missing, *error.wrong}))
        raise problem from error
    except NotThere as error:
        await _step(database, document.id, "expire", by=by)
        raise NotNow(_("The file store no longer knows this upload. Choose the file again.")) from error
    except (AlreadyThere, DamagedUpload) as error:
        raise NotNow(
            _(
                "“{name}” could not be put together. Everything is kept; tell the organizers.",
                name=document.name,
            )
        ) from error
    except StoreDown as error:
        raise trouble(error) from error
    return await finish(database, document.id, by=by)


async def finish(database: Database, document_id: UUID, *, by: audit.Actor | None = None) -> Document:
    """Record that the store has the file, once, and see to its check."""
    async with database.writing() as db:
        document = await _locked(db, document_id)
        is_first = document.state == DocumentState.COMPLETING
        is_small = document.size <= MOST_AT_ONCE
        if is_first:
            document.stored_at = clock.now()
            await states.change(db, document, "store", by, size=document.size, tree=document.tree)
            # also for a small file: should this process end now, the job checks it
            soon = clock.now() + timedelta(minutes=1) if is_small else None
            await jobs.enqueue(db, "files.check", run_at=soon, document_id=document.id)
        await db.commit()
    if not (is_first and is_small):
        return document
    try:
        return await check(database, document_id)
    except (ScannerDown, Unavailable):
        logger.warning("check put off", document_id=str(document_id))
        async with database.reading() as db:
            return (await db.exec(select(Document).where(Document.id == document_id))).one()


async def _step(
    database: Database,
    document_id: UUID,
    verb: str,
    *,
    tree: str = "",
    by: audit.Actor | None,
) -> None:
    async with database.writing() as db:
        document = await _locked(db, document_id)
        if document.state in states.OPEN and (document.state.value, verb) != ("uploading", "resume"):
            if tree:
                document.tree = tree
            await states.change(db, document, verb, by)
        await db.commit()


async def _locked(db: Db, document_id: UUID) -> Document:
    found = await db.exec(select(Document).where(Document.id == document_id).with_for_update())
    return found.one()


async def abort(
    database: Database,
    document: Document,
    upload: Upload,
    *,
    verb: str = "abort",
    by: audit.Actor | None = None,
) -> None:
    """Give up an upload and its room. Twice is fine; a file that is stored already stays."""
    if document.state not in states.OPEN:
        return
    await _step(database, document.id, verb, by=by)
    await in_store(lambda store: store.abort(document.key, upload.reference))


async def open_uploads(db: Db, place_id: UUID) -> list[tuple[Document, Upload]]:
    """What is being sent for a place, by anybody of it."""
    found = await db.exec(
        select(Document, Upload)
        .join(Upload, col(Upload.document_id) == Document.id)
        .where(Upload.place_id == place_id, col(Document.state).in_(states.OPEN))
        .order_by(col(Upload.began_at))
    )
    return list(found.all())


def grace() -> timedelta:
    """How long a file may still arrive after a deadline when its sending began before."""
    return timedelta(minutes=settings().upload_grace_minutes)


async def begun_in_time(db: Db, place_id: UUID, closes_at: datetime) -> list[tuple[Document, Upload]]:
    """Files of which the sending began before closing and ended, or may still end, after it."""
    found = await db.exec(
        select(Document, Upload)
        .join(Upload, col(Upload.document_id) == Document.id)
        .where(
            Upload.place_id == place_id,
            Upload.began_at < closes_at,
            (col(Document.state).in_(states.OPEN)) | (col(Document.stored_at) >= closes_at),
        )
        .order_by(col(Upload.began_at))
    )
    return list(found.all())
