"""A submitted file that the check refused: one question takes a file again for a set time, then a new receipt."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from challenge.accounts.models import RoleName, Scope
from challenge.accounts.queries import holders_of, viewer_for
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.queries import opening_of
from challenge.files.models import Document
from challenge.files.rules import why_refused
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.mail import actions as mail
from challenge.proposals import actions, letters, queries, rules
from challenge.proposals.models import Attachment, Facet, Proposal, ProposalState, Revision, SlotReopening
from challenge.proposals.queries import Work
from challenge.settings import settings


def why_not(work: Work, reopening: SlotReopening) -> Text | None:
    return rules.why_not_send_file(work.proposal, reopening, work.call, work.stage, clock.now())


async def reopen_slot(db: Db, document_id: UUID) -> SlotReopening | None:
    """After the check refused a document: when it was submitted, its question takes another. Twice is once."""
    row = (
        await db.exec(
            select(Attachment, Proposal)
            .join(Proposal, col(Proposal.id) == Attachment.proposal_id)
            .where(Attachment.document_id == document_id, col(Attachment.removed_at).is_(None))
            .with_for_update(of=Proposal)
        )
    ).first()
    if row is None:
        return None
    attachment, proposal = row
    known = await db.exec(select(SlotReopening.id).where(SlotReopening.document_id == document_id))
    if (
        proposal.state != ProposalState.SUBMITTED
        or proposal.decided_at is not None
        or known.first() is not None
    ):
        return None
    if not await _was_sent(db, proposal, document_id):
        return None
    until = clock.now() + timedelta(hours=settings().slot_reopening_hours)
    made = SlotReopening(
        proposal_id=proposal.id,
        question=attachment.question,
        document_id=document_id,
        made_at=clock.now(),
        until=until,
    )
    db.add(made)
    await audit.record(
        db, None, "proposal.slot_reopened", proposal, question=attachment.question, until=until
    )
    await _tell(db, proposal, made, await db.get_one(Document, document_id))
    return made


async def _was_sent(db: Db, proposal: Proposal, document_id: UUID) -> bool:
    revision = await queries.the_revision(db, proposal.id)
    return any(file.get("id") == str(document_id) for file in revision.manifest["files"])


async def _tell(db: Db, proposal: Proposal, made: SlotReopening, document: Document) -> None:
    opening = await opening_of(db, proposal.call_id)
    for person in await queries.team_of(db, proposal.id):
        letter = letters.slot_reopened(proposal, opening.call, document.name, made.until, made.question)
        await mail.post(db, person, letter, about_id=proposal.id)
    places = [(Scope.CALL, opening.call.id), (Scope.PROGRAMME, opening.programme.id), (Scope.SITE, None)]
    managers = {p.id: p for place in places for p in await holders_of(db, [RoleName.MANAGER], *place)}
    for person in managers.values():
        viewer = await viewer_for(db, person.id, "job")
        seen = select(Proposal.id).where(
            Proposal.id == proposal.id, queries.sees_from_outside(viewer, Facet.FILES)
        )
        if (await db.exec(seen)).first() is not None:
            letter = letters.file_refused(proposal, opening.call, made.until)
            await mail.post(db, person, letter, about_id=proposal.id)


async def take(db: Db, work: Work, question: str, sent: Any, *, by: Viewer) -> Revision | None:
    """A file from the plain form in the place of the refused one."""
    if sent is None:
        raise Unprocessable(_("Choose a file first."))
    await actions.add_file(db, work, work.definition.question(question), sent.filename, sent.file, by=by)
    return await settle(db, work.proposal, by=by)


async def settle(db: Db, proposal: Proposal, *, by: Viewer) -> Revision | None:
    """When a file came for a question that was reopened: the refused one goes, and all of it is sent anew."""
    settled = False
    files = await queries.attachments_of(db, proposal.id)
    for reopening in await queries.reopenings_of(db, proposal):
        here = [(a, d) for a, d in files if a.question == reopening.question]
        if not any(a.added_at >= reopening.made_at and why_refused(d) is None for a, d in here):
            continue
        for attachment, document in here:
            if why_refused(document) is not None:
                await actions.detach(db, proposal, attachment, by=by)
        reopening.closed_at = clock.now()
        db.add(reopening)
        settled = True
    if not settled:
        return None
    proposal.changed_at = clock.now()
    db.add(proposal)
    await db.flush()
    opening = await opening_of(db, proposal.call_id)
    stage, content = queries.stage_of(opening, proposal), await queries.content_of(db, proposal)
    return await actions.revise(db, proposal, opening=opening, stage=stage, content=content, by=by)


async def settle_alone(database: Database, proposal_id: UUID, *, by: Viewer | None = None) -> None:
    """In a transaction of its own, where there is anything to settle; by who sent the file when nobody is named."""
    async with database.reading() as db:
        proposal = await db.get_one(Proposal, proposal_id)
        if not await queries.reopenings_of(db, proposal):
            return
    async with database.writing() as db:
        proposal = (await db.exec(select(Proposal).where(Proposal.id == proposal_id).with_for_update())).one()
        sender = by
        if sender is None:
            newest = max(
                await queries.attachments_of(db, proposal_id), key=lambda pair: pair[0].added_at, default=None
            )
            if newest is None or newest[0].added_by_id is None:
                return
            sender = await viewer_for(db, newest[0].added_by_id, "job")
        await settle(db, proposal, by=sender)
        await db.commit()
