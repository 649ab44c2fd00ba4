"""All files of some proposals as one ZIP: for everybody just what they may open one by one, under the same names."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request
from litestar.response import Stream
from sqlmodel import col

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.files import states
from challenge.files.archive import Archive, Packed
from challenge.files.models import Document
from challenge.forms.models import AnswerSheet, FormVersion
from challenge.forms.queries import kept_definition
from challenge.foundation.db import Db as Session
from challenge.foundation.db import rows
from challenge.foundation.web import as_stream, get, visit_of
from challenge.proposals import queries, rules
from challenge.proposals.models import Attachment, Facet, Proposal, TeamMember

Visit = Request[Any, Any, Any]


async def archive_of(
    db: Session, viewer: Viewer, which: sa.ColumnElement[bool], *, is_staff: bool
) -> Archive:
    """What the viewer may open of those proposals. `is_staff`: files that were meant for staff are among them."""
    mine = sa.select(col(TeamMember.proposal_id)).where(col(TeamMember.person_id) == viewer.person_id)
    found = await rows(
        db,
        sa.select(
            Document,
            col(Attachment.question),
            col(Proposal.number),
            col(FormVersion.id),
            col(FormVersion.digest),
            queries.sees(viewer, Facet.IDENTITY),
            col(Proposal.id).in_(mine),
        )
        .join(Attachment, col(Attachment.document_id) == Document.id)
        .join(Proposal, col(Proposal.id) == Attachment.proposal_id)
        .join(AnswerSheet, col(AnswerSheet.id) == Proposal.sheet_id)
        .join(FormVersion, col(FormVersion.id) == AnswerSheet.form_version_id)
        .where(
            which,
            queries.sees(viewer, Facet.FILES),
            col(Attachment.removed_at).is_(None),
            col(Document.state).in_(states.KEPT | states.REFUSED),
        )
        .order_by(col(Proposal.number), col(Attachment.question), col(Attachment.added_at), col(Document.id)),
    )
    packed, left_out = [], []
    for document, code, number, form_id, digest, may_know, is_team in found:
        definition = await kept_definition(db, form_id, digest)
        question = definition.by_code.get(code)
        if not rules.may_read_file(question, is_team=is_team, is_staff=is_staff):
            continue
        if not may_know and question is not None and question.personal:
            continue
        folder, name = f"{number}/{code}", document.name
        if not may_know:
            name = rules.blind_name(number, code, document)
        if document.state in states.RELEASED or (is_team and document.state in states.KEPT):
            packed.append(Packed(folder, name, document, is_blind=not may_know))
        else:
            left_out.append((f"{folder}/{name}", document.state.value))
    return Archive(packed, left_out)


async def answer(
    request: Any, archive: Archive, name: str, me: Viewer, thing: Any = None, chain: Any = None
) -> Stream:
    """The bytes, after a line in the record that somebody took them."""
    async with visit_of(request).database.writing() as record:
        await audit.record(record, me, "files.opened", thing, chain=chain, count=len(archive.files))
        await record.commit()
    return as_stream(archive.stream(), archive.size, name, "application/zip")


@get("/proposals/{proposal_id:uuid}/files.zip", needs=Can.OWN_ACCOUNT)
async def files_of_proposal(request: Visit, db: Db, me: Me, proposal_id: FromPath[UUID]) -> Stream:
    proposal = await queries.the_proposal(db, me, proposal_id, Facet.FILES)
    archive = await archive_of(db, me, col(Proposal.id) == proposal.id, is_staff=me.is_staff)
    return await answer(request, archive, f"{proposal.number}-files.zip", me, proposal, proposal.call_id)


pages = (files_of_proposal,)
