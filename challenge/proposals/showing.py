"""Opening the files of a proposal, and looking at them on a page: every time a line in the record says who did.

For blind reading a file is never given as it is: a copy that does not say who wrote it, or drawn pages.
"""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlmodel import col, select

from challenge.accounts.gate import Can, Db, FromPath, Me, Viewer
from challenge.audit import actions as audit
from challenge.calls.models import Call
from challenge.files import previews, shown
from challenge.files import queries as files
from challenge.files.archive import CHANGED
from challenge.files.blind import blind_copy
from challenge.files.previews import CannotShow, Shot
from challenge.files.rules import ending_of
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound
from challenge.foundation.web import Page, as_file, as_stream, elsewhere, get, page, visit_of
from challenge.proposals import queries, words
from challenge.proposals.queries import SeenFile

HERE = "/files/{document_id:uuid}"
Asked = Request[Any, Any, Any]


@get(HERE, needs=Can.OWN_ACCOUNT)
async def file(request: Asked, db: Db, me: Me, document_id: FromPath[UUID]) -> Response[Any]:
    """A link to the store that ends within a minute, or the bytes one after the other; blind, a copy without a name."""
    seen = await queries.the_file(db, me, document_id)
    files.refuse_unless_open(seen.document, is_own=seen.is_team)
    content, link = b"", None
    is_copy = seen.is_blind and ending_of(seen.name) in CHANGED
    if is_copy:
        content = await asyncio.to_thread(
            blind_copy, await files.content(seen.document), ending_of(seen.name)
        )
    else:
        link = await files.link_to(seen.document, seen.name)
    await _record(request, me, seen, "document.opened")
    if link is not None:
        return elsewhere(link)
    if is_copy:
        return as_file(content, seen.name, seen.document.media_type)
    return as_stream(
        await files.stream(seen.document), seen.document.size, seen.name, seen.document.media_type
    )


@get(HERE + "/preview", needs=Can.OWN_ACCOUNT)
async def preview(request: Asked, db: Db, me: Me, document_id: FromPath[UUID]) -> Page:
    """One page of it with its words, and the way to the others; a film where there is a place to show it from."""
    seen = await _shown(db, me, document_id)
    typed = request.query_params.get("page", "1")
    n = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 0
    is_film = previews.kind_of_preview(seen.name) == "film"
    shot, refused = None, None
    if not is_film:
        try:
            shot = await _shot(seen, n)
        except CannotShow as error:
            refused = error.text
        await _record(request, me, seen, "document.previewed", page=n)
    return page(
        "proposals/file.html",
        called=seen.name,
        document_id=document_id,
        shot=shot,
        n=n,
        refused=refused,
        is_film=is_film,
        has_own_origin=previews.has_own_origin(),
        is_blind=seen.is_blind,
        is_pdf=ending_of(seen.name) == "pdf",
        notes=words.flag_notes(seen.document.flags, names_authors=me.is_staff and not seen.is_blind),
        back=await _back(db, me, seen),
    )


@get(HERE + "/pages/{png:str}", needs=Can.OWN_ACCOUNT)
async def picture(
    request: Asked, db: Db, me: Me, document_id: FromPath[UUID], png: FromPath[str]
) -> Response[bytes]:
    """`3.png`: the third page."""
    seen = await _shown(db, me, document_id)
    n, _dot, ending = png.partition(".")
    if ending != "png" or not (n.isascii() and n.isdecimal()) or len(n) > 5:
        raise NotFound
    shot = await _shot(seen, int(n))
    await _record(request, me, seen, "document.previewed", page=int(n))
    return as_file(shot.png, f"{n}.png", "image/png", inline=True)


@get(HERE + "/inline", needs=Can.OWN_ACCOUNT)
async def inline(request: Asked, db: Db, me: Me, document_id: FromPath[UUID]) -> Response[bytes]:
    """To the file as it is, at an address without cookies. Blind, films alone: they have no pages to draw."""
    seen = await _shown(db, me, document_id)
    is_film = previews.kind_of_preview(seen.name) == "film"
    if seen.is_blind and not is_film:
        raise NotFound
    link = await files.link_to(seen.document, seen.name, inline=True) or shown.url_of(seen.document)
    if link is None:
        raise NotFound
    await _record(request, me, seen, "document.opened")
    return elsewhere(link)


async def _shown(db: Session, me: Viewer, document_id: UUID) -> SeenFile:
    seen = await queries.the_file(db, me, document_id)
    files.refuse_unless_open(seen.document)
    if not previews.kind_of_preview(seen.name):
        raise NotFound
    return seen


async def _shot(seen: SeenFile, n: int) -> Shot:
    if n < 1:
        raise NotFound
    return await previews.shot_of(seen.document, n, seen.name, is_blind=seen.is_blind)


async def _record(request: Asked, me: Viewer, seen: SeenFile, event: str, **facts: Any) -> None:
    """Looking changes nothing; that somebody read it is a line of its own."""
    async with visit_of(request).database.writing() as record:
        await audit.record(record, me, event, seen.document, chain=seen.proposal.call_id, **facts)
        await record.commit()


async def _back(db: Session, me: Viewer, seen: SeenFile) -> str:
    if seen.is_team:
        return f"/proposals/{seen.proposal.id}"
    slug = (await db.exec(select(Call.slug).where(col(Call.id) == seen.proposal.call_id))).one()
    if me.is_staff and not seen.is_blind:
        return f"/desk/calls/{slug}/proposals/{seen.proposal.id}"
    return "/reviews"


pages = (file, preview, picture, inline)
