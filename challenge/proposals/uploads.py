"""Sending files to a proposal in parts: the same steps for the pages' own script and for programs.

What the steps answer, and in which order a sender takes them, stands in `docs/uploads.md`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.params import JSONBody
from sqlmodel import select

from challenge.accounts.gate import Can, Db, FromPath, Me, Viewer
from challenge.files import uploads as files
from challenge.files.models import Document
from challenge.files.rules import MIB, why_refused
from challenge.files.uploads import BadPart, Going, PartAsked, Place
from challenge.forms.definition import Question
from challenge.foundation import clock
from challenge.foundation.api import Body, Items, api_delete, api_get, api_post
from challenge.foundation.db import Database
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotNow, Unprocessable, refuse_if
from challenge.foundation.i18n import _
from challenge.foundation.web import delete, get, post, render, visit_of
from challenge.proposals import queries, replacing, rules, words
from challenge.proposals.models import Attachment
from challenge.proposals.queries import Work
from challenge.settings import settings

HERE = "/proposals/{proposal_id:uuid}/uploads"
ONE = HERE + "/{document_id:uuid}"

Visit = Request[Any, Any, Any]


# ---------- what goes over the line ----------


class UploadIn(Body):
    """`once` is a mark of the sender's own: asked again with the same one, the same upload is answered."""

    question: str
    name: str
    size: int
    once: str


class HeldPart(Body):
    n: int
    size: int


class UploadOut(Body):
    """`state` is uploading, completing, stored, scanning, available, quarantined, corrupt, unscanned, expired, aborted.

    `checksum` names the digest that the store itself checks; `refused` is the sentence for a file that cannot stay.
    """

    id: UUID
    question: str
    name: str
    size: int
    state: str
    part_size: int
    part_count: int
    max_parallel: int
    checksum: str
    held: list[HeldPart]
    ends_at: datetime
    server_time: datetime
    sha256: str | None = None
    refused: str | None = None
    html: str | None = None


class PartIn(Body):
    n: int
    size: int
    sha256: str
    md5: str | None = None


class PartsIn(Body):
    parts: list[PartIn]


class LinkOut(Body):
    n: int
    url: str
    headers: dict[str, str]
    expires_at: datetime


class LinksOut(Body):
    urls: list[LinkOut]


class CompletionIn(Body):
    """`sha256Tree` is the SHA-256 of the parts' digests (32 bytes each), one after the other."""

    sha256_tree: str


def _out(going: Going) -> UploadOut:
    document, upload = going.document, going.upload
    refused = why_refused(document)
    return UploadOut(
        id=document.id,
        question=upload.slot,
        name=document.name,
        size=document.size,
        state=document.state.value,
        part_size=upload.part_size,
        part_count=going.part_count,
        max_parallel=files.AT_ONCE,
        checksum=files.checksum(),
        held=[HeldPart(n=part.n, size=part.size) for part in going.held],
        ends_at=upload.ends_at,
        server_time=clock.now(),
        sha256=document.sha256 or None,
        refused=str(refused) if refused is not None else None,
    )


# ---------- the steps ----------


@dataclass(frozen=True, slots=True)
class Slot:
    """A question for files of a proposal, and how much may still go there."""

    work: Work
    question: Question
    place: Place


async def _slot(db: Session, me: Viewer, proposal_id: UUID, code: str) -> Slot:
    work = await queries.the_work(db, me, proposal_id)
    question = work.definition.by_code.get(code)
    if question is None or question.kind != "file":
        raise Unprocessable(_("This form has no such question for files."))
    reopening = await queries.reopening_of(db, work.proposal, code)
    refuse_if(rules.why_not_send_file(work.proposal, reopening, work.call, work.stage, clock.now()))
    going = await files.open_uploads(db, proposal_id)
    taken = [d for a, d in work.content.files if a.question == code and not (reopening and why_refused(d))]
    refuse_if(
        rules.why_no_place(question, len(taken) + sum(upload.slot == code for _d, upload in going)),
        Unprocessable,
    )
    used = sum(d.size for _a, d in work.content.files) + sum(d.size for d, _upload in going)
    place = Place(
        proposal_id,
        code,
        question.types,
        int(question.max_mb * MIB) if question.max_mb is not None else None,
        question.max_pages,
        settings().quota_mb * MIB - used,
        reopening.until if reopening is not None else work.stage.closes_at,
        work.call.id,
    )
    return Slot(work, question, place)


async def _begin(request: Visit, db: Session, me: Viewer, proposal_id: UUID, data: UploadIn) -> UploadOut:
    if not 8 <= len(data.once) <= 100:
        raise Unprocessable(_("The mark of an upload has 8 to 100 characters."))
    known = await files.known(db, me.person_id, data.once)
    if known is not None and known[1].place_id == proposal_id:
        return _out(await files.going(*known))
    slot = await _slot(db, me, proposal_id, data.question)

    async def attach(writing: Session, document: Document) -> None:
        """Again under the lock of the proposal: of two that came at once, the last place goes to one."""
        proposal = await queries.own_proposal(writing, me, proposal_id, to_change=True)
        await _slot(writing, me, proposal_id, data.question)
        writing.add(
            Attachment(
                proposal_id=proposal_id,
                document_id=document.id,
                question=data.question,
                added_by_id=me.person_id,
            )
        )
        proposal.changed_at = clock.now()

    return _out(
        await files.begin(
            _database(request),
            slot.place,
            name=data.name,
            size=data.size,
            once=data.once,
            by=me,
            also=attach,
        )
    )


async def _sign(
    request: Visit, db: Session, me: Viewer, proposal_id: UUID, document_id: UUID, data: PartsIn
) -> LinksOut:
    document, upload = await _wanted(db, me, proposal_id, document_id)
    try:
        asked = [PartAsked(part.n, part.size, part.sha256, part.md5) for part in data.parts]
    except BadPart as error:
        raise Unprocessable(_("These parts are not parts of this file.")) from error
    links = await files.sign(_database(request), document, upload, asked)
    return LinksOut(
        urls=[
            LinkOut(n=link.n, url=link.url, headers=dict(link.headers), expires_at=link.expires_at)
            for link in links
        ]
    )


async def _show(db: Session, me: Viewer, proposal_id: UUID, document_id: UUID) -> UploadOut:
    return _out(await files.going(*await _mine(db, me, proposal_id, document_id)))


async def _list(db: Session, me: Viewer, proposal_id: UUID) -> Items[UploadOut]:
    await queries.own_proposal(db, me, proposal_id)
    mine = [pair for pair in await files.open_uploads(db, proposal_id) if pair[1].person_id == me.person_id]
    return Items(items=[_out(await files.going(*pair)) for pair in mine])


async def _complete(
    request: Visit, db: Session, me: Viewer, proposal_id: UUID, document_id: UUID, data: CompletionIn
) -> UploadOut:
    document, upload = await _wanted(db, me, proposal_id, document_id)
    if len(data.sha256_tree) != 64 or set(data.sha256_tree) - set("0123456789abcdef"):
        raise Unprocessable(_("The digest of the parts has 64 hexadecimal digits."))
    document = await files.complete(_database(request), document, upload, data.sha256_tree, by=me)
    await replacing.settle_alone(_database(request), proposal_id, by=me)
    return _out(Going(document, upload))


async def _abort(request: Visit, db: Session, me: Viewer, proposal_id: UUID, document_id: UUID) -> None:
    document, upload = await _mine(db, me, proposal_id, document_id)
    await files.abort(_database(request), document, upload, by=me)


async def _mine(db: Session, me: Viewer, proposal_id: UUID, document_id: UUID) -> tuple[Document, Any]:
    await queries.own_proposal(db, me, proposal_id)
    return await files.the_upload(db, document_id, proposal_id, me.person_id)


async def _wanted(db: Session, me: Viewer, proposal_id: UUID, document_id: UUID) -> tuple[Document, Any]:
    """The same, as long as the proposal was not sent without it."""
    document, upload = await _mine(db, me, proposal_id, document_id)
    attachment = (await db.exec(select(Attachment).where(Attachment.document_id == document_id))).one()
    if attachment.removed_at is not None:
        raise NotNow(
            _("The proposal was submitted without “{name}”. Reopen it to send the file.", name=document.name)
        )
    return document, upload


def _database(request: Visit) -> Database:
    return visit_of(request).database


# ---------- for the pages' script ----------


@post(HERE, needs=Can.WRITE_PROPOSALS, short=True, status_code=201)
async def begin(
    request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID], data: JSONBody[UploadIn]
) -> UploadOut:
    return await _begin(request, db, me, proposal_id, data)


@get(HERE, needs=Can.WRITE_PROPOSALS)
async def going_on(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Items[UploadOut]:
    return await _list(db, me, proposal_id)


@get(ONE, needs=Can.WRITE_PROPOSALS)
async def show(
    request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID], document_id: FromPath[UUID]
) -> UploadOut:
    return await _drawn(request, proposal_id, await _show(db, me, proposal_id, document_id))


@post(ONE + "/parts", needs=Can.WRITE_PROPOSALS, short=True)
async def sign(
    request: Visit,
    db: Db,
    me: Me,
    proposal_id: FromPath[UUID],
    document_id: FromPath[UUID],
    data: JSONBody[PartsIn],
) -> LinksOut:
    return await _sign(request, db, me, proposal_id, document_id, data)


@post(ONE + "/completion", needs=Can.WRITE_PROPOSALS, short=True)
async def complete(
    request: Visit,
    db: Db,
    me: Me,
    proposal_id: FromPath[UUID],
    document_id: FromPath[UUID],
    data: JSONBody[CompletionIn],
) -> UploadOut:
    return await _drawn(
        request, proposal_id, await _complete(request, db, me, proposal_id, document_id, data)
    )


async def _drawn(request: Visit, proposal_id: UUID, done: UploadOut) -> UploadOut:
    """With the line of the list as the page shows it, so that the script draws nothing of its own."""
    async with _database(request).reading() as now:  # the door's own session still sees what was before
        attached = await queries.attachments_of(now, proposal_id)
        stage = await queries.stage_of_proposal(now, proposal_id)
    for attachment, document in attached:
        if document.id == done.id:
            line = words.file_line(attachment, document, may_remove=True, stage=stage)
            done.html = render("proposals/_file.html", file=line).strip()
    return done


@delete(ONE, needs=Can.WRITE_PROPOSALS, short=True, status_code=204)
async def abort(
    request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID], document_id: FromPath[UUID]
) -> None:
    await _abort(request, db, me, proposal_id, document_id)


# ---------- for programs ----------


@api_post(HERE, needs=Can.WRITE_PROPOSALS, short=True, status=201)
async def begin_upload(
    request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID], data: JSONBody[UploadIn]
) -> UploadOut:
    """Agree on a file before its first byte; then ask for links to its parts, PUT them, and complete."""
    return await _begin(request, db, me, proposal_id, data)


@api_get(HERE, needs=Can.WRITE_PROPOSALS)
async def list_uploads(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Items[UploadOut]:
    return await _list(db, me, proposal_id)


@api_get(ONE, needs=Can.WRITE_PROPOSALS)
async def show_upload(db: Db, me: Me, proposal_id: FromPath[UUID], document_id: FromPath[UUID]) -> UploadOut:
    """The state, and the parts that the store holds."""
    return await _show(db, me, proposal_id, document_id)


@api_post(ONE + "/parts", needs=Can.WRITE_PROPOSALS, short=True)
async def sign_parts(
    request: Visit,
    db: Db,
    me: Me,
    proposal_id: FromPath[UUID],
    document_id: FromPath[UUID],
    data: JSONBody[PartsIn],
) -> LinksOut:
    """Links for up to 32 parts, good for 15 minutes. Send exactly the headers that stand beside each."""
    return await _sign(request, db, me, proposal_id, document_id, data)


@api_post(ONE + "/completion", needs=Can.WRITE_PROPOSALS, short=True)
async def complete_upload(
    request: Visit,
    db: Db,
    me: Me,
    proposal_id: FromPath[UUID],
    document_id: FromPath[UUID],
    data: JSONBody[CompletionIn],
) -> UploadOut:
    """Put the file together. Safe to repeat; what is missing is named and everything that came is kept."""
    return await _complete(request, db, me, proposal_id, document_id, data)


@api_delete(ONE, needs=Can.WRITE_PROPOSALS, short=True)
async def abort_upload(
    request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID], document_id: FromPath[UUID]
) -> None:
    await _abort(request, db, me, proposal_id, document_id)


pages = (begin, going_on, show, sign, complete, abort)
api = (begin_upload, list_uploads, show_upload, sign_parts, complete_upload, abort_upload)
