"""The files of one question over time: what stands there now, what stood there before, and bringing it back."""

from typing import Any
from uuid import UUID

from litestar import Request
from sqlmodel import col, select

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.files import previews, states
from challenge.files.models import Document, DocumentState
from challenge.files.previews import Shot
from challenge.files.rules import why_refused
from challenge.forms.definition import Question
from challenge.foundation import clock
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.proposals import actions, inputs, queries, rules, words
from challenge.proposals.around import values_of
from challenge.proposals.models import Attachment
from challenge.proposals.queries import Work

HERE = "/proposals/{proposal_id:uuid}/versions/{question:str}"

Version = tuple[Attachment, Document]
Asked = Request[Any, Any, Any]


async def versions_of(db: Session, proposal_id: UUID, question: str) -> list[Version]:
    """Every file that ever arrived for a question, the newest first; those that were purged too."""
    found = await db.exec(
        select(Attachment, Document)
        .join(Document, col(Document.id) == Attachment.document_id)
        .where(
            Attachment.proposal_id == proposal_id,
            Attachment.question == question,
            col(Document.state).not_in(states.OPEN | {DocumentState.EXPIRED, DocumentState.ABORTED}),
        )
        .order_by(col(Attachment.added_at).desc(), col(Attachment.id).desc())
    )
    return [(attachment, document) for attachment, document in found.all()]


def why_not_back(work: Work, version: Version, question: Question, here: int) -> Text | None:
    """The reason why an earlier file cannot take its place again, or nothing."""
    _attachment, document = version
    if document.state == DocumentState.PURGED:
        return _("It was taken away; only its fingerprint is kept.")
    refused = why_refused(document) or rules.why_not_edit(work.proposal, work.call, work.stage, clock.now())
    return refused or rules.why_no_place(question, here)


def _question(work: Work, code: str) -> Question:
    found = work.definition.by_code.get(code)
    if found is None or found.kind != "file":
        raise NotFound
    return found


@get(HERE, needs=Can.WRITE_PROPOSALS)
async def list_page(db: Db, me: Me, proposal_id: FromPath[UUID], question: FromPath[str]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    asked = _question(work, question)
    versions = await versions_of(db, proposal_id, question)
    people = {person for a, _d in versions for person in (a.added_by_id,) if person is not None}
    names = await queries.names_of(db, people)
    here = sum(a.removed_at is None for a, _d in versions)
    newest = next((a for a, d in versions if is_comparable(d)), None)
    return page(
        "proposals/versions.html",
        newest=newest,
        **await values_of(db, me, work),
        question=asked,
        versions=[_line(work, version, asked, here, names, me) for version in versions],
    )


def _line(
    work: Work, version: Version, question: Question, here: int, names: dict[UUID, str], me: Viewer
) -> dict[str, Any]:
    attachment, document = version
    is_here = attachment.removed_at is None
    return {
        "attachment": attachment,
        "document": document,
        "size": words.size(document.size),
        "by": words.called(names, attachment.added_by_id, me.person_id),
        "is_here": is_here,
        "is_there": document.state in states.KEPT,
        "is_comparable": is_comparable(document),
        "why_not_back": None if is_here else why_not_back(work, version, question, here),
    }


@get(HERE + "/comparison", needs=Can.WRITE_PROPOSALS)
async def comparison(
    request: Asked, db: Db, me: Me, proposal_id: FromPath[UUID], question: FromPath[str]
) -> Page:
    """One page of an earlier file beside the same page of another, and their words with what changed marked."""
    work = await queries.the_work(db, me, proposal_id)
    asked = _question(work, question)
    versions = {str(a.id): (a, d) for a, d in await versions_of(db, proposal_id, question)}
    before = _comparable(versions, request.query_params.get("before", ""))
    after = _comparable(versions, request.query_params.get("after", ""))
    typed = request.query_params.get("page", "1")
    n = int(typed) if typed.isascii() and typed.isdecimal() and 0 < len(typed) < 6 else 1
    one, other = await _shot(before[1], n), await _shot(after[1], n)
    return page(
        "proposals/comparison.html",
        **await values_of(db, me, work),
        question=asked,
        before=before,
        after=after,
        n=n,
        shots=(one, other),
        pages=max(one.pages if one else 0, other.pages if other else 0),
        pieces=words.differences(one.text if one else "", other.text if other else ""),
    )


def _comparable(versions: dict[str, Version], wanted: str) -> Version:
    version = versions.get(wanted)
    if version is None or not is_comparable(version[1]):
        raise NotFound
    return version


def is_comparable(document: Document) -> bool:
    return previews.kind_of_preview(document.name) == "pages" and document.state in states.RELEASED


async def _shot(document: Document, n: int) -> Shot | None:
    """A page, or nothing behind the last one."""
    try:
        return await previews.shot_of(document, max(n, 1), document.name, is_blind=False)
    except NotFound:
        if n <= 1:
            raise
        return None


@post(HERE, needs=Can.WRITE_PROPOSALS)
async def bring_back(
    db: Db, me: Me, form: Form, proposal_id: FromPath[UUID], question: FromPath[str]
) -> SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    asked = _question(work, question)
    versions = await versions_of(db, proposal_id, question)
    typed = inputs.typed(form, "attachment")
    version = next((v for v in versions if str(v[0].id) == typed), None)
    if version is None:
        raise NotFound
    if version[0].removed_at is not None:
        here = sum(a.removed_at is None for a, _d in versions)
        refuse_if(why_not_back(work, version, asked, here), Unprocessable)
        await actions.reattach(db, work.proposal, version[0], by=me)
        await db.commit()
    return back_to(
        f"/proposals/{proposal_id}/edit/{asked.section}#{question}",
        say=_("“{name}” is back in its place.", name=version[1].name),
    )


pages = (list_page, comparison, bring_back)
