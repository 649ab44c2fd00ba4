"""What happens to a proposal: start, write, attach, submit, withdraw, reopen."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

import rfc8785
from sqlmodel import col, func, select

from challenge.accounts import actions as accounts
from challenge.accounts.models import LinkPurpose, Organization, Person
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.audit import queries as audit_queries
from challenge.calls import rules as call_rules
from challenge.calls.models import Call, CallState, Stage
from challenge.calls.queries import Opening
from challenge.files import actions as files
from challenge.files import sealing, uploads
from challenge.files.models import Document, Upload
from challenge.files.rules import MIB, why_refused
from challenge.forms import actions as forms
from challenge.forms import queries as form_queries
from challenge.forms import rules as form_rules
from challenge.forms.definition import Json, Question, canonical_digest
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotNow, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _, _n
from challenge.foundation.ids import random_code
from challenge.foundation.lifecycle import move
from challenge.foundation.seals import seal
from challenge.mail import actions as mail
from challenge.proposals import letters, queries, rules, sight
from challenge.proposals.models import (
    Attachment,
    Proposal,
    ProposalState,
    Revision,
    TeamMember,
    TeamRole,
)
from challenge.proposals.queries import TEAM, Content, Work

CLICKED_TWICE = timedelta(minutes=5)


async def begin(
    db: Db, opening: Opening, stage: Stage, *, language: str, track_id: UUID | None = None, by: Viewer
) -> Proposal:
    """Start a draft, or give the one that the same person began a moment ago and has not touched.

    Holds the person's row, so that two clicks come one after the other.
    """
    await db.exec(select(Person.id).where(Person.id == by.person_id).with_for_update())
    since = clock.now() - CLICKED_TWICE
    found = await queries.untouched_draft(db, by, stage, language=language, track_id=track_id, since=since)
    return found or await start(db, opening, stage, language=language, track_id=track_id, by=by)


async def start(
    db: Db, opening: Opening, stage: Stage, *, language: str, track_id: UUID | None = None, by: Viewer
) -> Proposal:
    """A draft with an empty answer sheet on the newest version of the stage's form; the starter leads the team."""
    refuse_if(call_rules.why_not_apply(opening.call, stage, clock.now()))
    if by.person_id is None:
        raise NotAllowed
    version = await form_queries.newest_version(db, opening.call.id, stage.form_code)
    sheet = await forms.open_sheet(db, version, language)
    moment = clock.now()
    proposal = Proposal(
        call_id=opening.call.id,
        stage_id=stage.id,
        track_id=track_id,
        sheet_id=sheet.id,
        number=await _new_number(db, opening.call),
        language=language,
        created_at=moment,
        changed_at=moment,
    )
    db.add(proposal)
    await db.flush()
    await join_team(db, proposal, by.person_id, TeamRole.LEAD)
    await audit.record(db, by, "proposal.started", proposal)
    return proposal


async def _new_number(db: Db, call: Call) -> str:
    while True:
        number = f"{call.prefix}-{random_code(1, 5)}"
        taken = await db.exec(select(Proposal.id).where(Proposal.number == number))
        if taken.first() is None:
            return number


async def join_team(
    db: Db, proposal: Proposal, person_id: UUID, role: TeamRole = TeamRole.MEMBER
) -> TeamMember:
    member = TeamMember(proposal_id=proposal.id, person_id=person_id, role=role)
    db.add(member)
    await sight.show(db, person_id, proposal.id, rules.TEAM_FACETS, TEAM)
    return member


async def set_organization(
    db: Db,
    proposal: Proposal,
    *,
    name: str,
    organization_type: str,
    country: str,
    founded_on: Any = None,
    is_invented: bool = False,
    by: Viewer,
) -> Organization:
    """Name the organization that leads; a second naming corrects the first."""
    organization = (
        await db.get(Organization, proposal.organization_id) if proposal.organization_id is not None else None
    )
    if organization is None:
        organization = Organization(name=name, organization_type=organization_type, country=country)
    organization.name, organization.organization_type, organization.country = name, organization_type, country
    organization.founded_on, organization.is_invented = founded_on, is_invented
    db.add(organization)
    await db.flush()
    proposal.organization_id = organization.id
    db.add(proposal)
    return organization


async def save_answers(
    db: Db,
    proposal: Proposal,
    values: Mapping[str, Json],
    known: Mapping[str, int],
    *,
    opening: Opening,
    stage: Stage,
    by: Viewer,
    keeps_all: bool = False,
) -> forms.Saved:
    """Save what was typed. Too long is saved too: the page says so, and only the submission refuses it."""
    refuse_if(rules.why_not_edit(proposal, opening.call, stage, clock.now()))
    return await _keep_answers(db, proposal, values, known, by=by, keeps_all=keeps_all)


async def declare(
    db: Db, proposal: Proposal, values: Mapping[str, Json], known: Mapping[str, int],
    *, opening: Opening, stage: Stage, by: Viewer,
) -> forms.Saved:  # fmt: skip
    """What is ticked in the very act of submitting, so for as long as that is possible."""
    refuse_if(await why_closed(db, proposal, opening.call, stage))
    return await _keep_answers(db, proposal, values, known, by=by, keeps_all=False)


async def _keep_answers(
    db: Db, proposal: Proposal, values: Mapping[str, Json], known: Mapping[str, int], *, by: Viewer, keeps_all: bool
) -> forms.Saved:  # fmt: skip
    saved = await forms.save_answers(db, proposal.sheet_id, values, known, by.person_id, keeps_all=keeps_all)
    if saved.changed:
        _repeat(proposal, saved.changed)
        proposal.changed_at = clock.now()
        db.add(proposal)
    return saved


def _repeat(proposal: Proposal, changed: Mapping[str, Json]) -> None:
    """Keep on the proposal what lists show, so that no list needs an answer sheet."""
    if isinstance(changed.get("title"), str):
        proposal.title = changed["title"]
    place = changed.get("place")
    if isinstance(place, dict):
        proposal.country = str(place.get("country") or "")[:2]
    budget = changed.get("budget")
    if isinstance(budget, dict):
        lines = [line for line in budget.get("lines") or [] if line.get("source") == "requested"]
        amounts = [Decimal(str(line["amount"])) for line in lines if _is_number(line.get("amount"))]
        proposal.requested = sum(amounts, Decimal(0)) if amounts else None
        proposal.currency = str(budget.get("currency") or proposal.currency or "")[:3]


def _is_number(value: Json) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


async def restore_answer(db: Db, work: Work, question: Question, version: int, *, by: Viewer) -> int:
    """Bring an earlier text of an answer back; what stands there now goes into the history. The new version."""
    earlier = await form_queries.earlier_answer(db, work.proposal.sheet_id, question.code, version)
    kept = work.content.kept.get(question.code)
    known = {question.code: kept.version if kept else 0}
    saved = await save_answers(
        db,
        work.proposal,
        {question.code: earlier.value},
        known,
        opening=work.opening,
        stage=work.stage,
        by=by,
        keeps_all=True,
    )
    return saved.versions[question.code]


async def name_organization(
    db: Db,
    work: Work,
    *,
    name: str,
    organization_type: str,
    country: str,
    founded_on: date | None,
    by: Viewer,
) -> Organization:
    refuse_if(rules.why_not_edit(work.proposal, work.call, work.stage, clock.now()))
    organization = await set_organization(
        db,
        work.proposal,
        name=name,
        organization_type=organization_type,
        country=country,
        founded_on=founded_on,
        by=by,
    )
    work.proposal.changed_at = clock.now()
    await audit.record(db, by, "proposal.organization_named", work.proposal)
    return organization


async def add_file(
    db: Db, work: Work, question: Question, name: str, content: bytes | IO[bytes], *, by: Viewer
) -> Document:
    """Take a file in and attach it. Refused in a sentence when there is no place or it is of the wrong kind."""
    reopening = await queries.reopening_of(db, work.proposal, question.code)
    refuse_if(rules.why_not_send_file(work.proposal, reopening, work.call, work.stage, clock.now()))
    taken = [
        a
        for a, document in await queries.attachments_of(db, work.proposal.id)
        if a.question == question.code and not (reopening and why_refused(document))
    ]
    if len(taken) >= question.max_files:
        text = _n(
            "“{name}” was not taken: there is place for {most} file. Remove the other first.",
            "“{name}” was not taken: there is place for {most} files. Remove one first.",
            question.max_files,
            name=name,
            most=question.max_files,
        )
        raise Unprocessable(text, errors={"file": text})
    document = await files.receive(
        db,
        owner_id=by.person_id,
        name=name,
        content=content,
        allowed=question.types,
        most=int(question.max_mb * MIB) if question.max_mb is not None else None,
        most_pages=question.max_pages,
        by=by,
        chain=work.call.id,
    )
    await attach(db, work.proposal, question.code, document, by=by)
    return document


async def remove_file(db: Db, work: Work, document_id: UUID, *, by: Viewer) -> Document | None:
    """Take a file out; nothing happens when it is gone already."""
    refuse_if(rules.why_not_edit(work.proposal, work.call, work.stage, clock.now()))
    found = next((pair for pair in work.content.files if pair[1].id == document_id), None)
    if found is None:
        return None
    await detach(db, work.proposal, found[0], by=by)
    return found[1]


async def invite(db: Db, work: Work, *, name: str, email: str, by: Viewer) -> None:
    """Ask somebody by mail to join the team. They join only when they say so themselves."""
    refuse_if(call_rules.why_not_apply(work.call, work.stage, clock.now()))
    person = await accounts.add_person(
        db, name=name, email=email, language=work.proposal.language, zone=by.zone, by=by
    )
    link = await accounts.make_link(
        db,
        person,
        LinkPurpose.INVITATION,
        thing_id=work.proposal.id,
        next=f"/proposals/{work.proposal.id}/joining",
    )
    await audit.record(db, by, "proposal.member_invited", work.proposal)
    await mail.post(
        db, person, letters.invited(work.proposal, work.call, by.name, link.id), about_id=work.proposal.id
    )


async def join(db: Db, proposal: Proposal, *, opening: Opening, stage: Stage, by: Viewer) -> None:
    refuse_if(call_rules.why_not_apply(opening.call, stage, clock.now()))
    if any(member.id == by.person_id for member in await queries.team_of(db, proposal.id)):
        return
    await join_team(db, proposal, _person(by))
    await audit.record(db, by, "proposal.member_joined", proposal)


async def attach(db: Db, proposal: Proposal, question: str, document: Document, *, by: Viewer) -> Attachment:
    attachment = Attachment(
        proposal_id=proposal.id, document_id=document.id, question=question, added_by_id=by.person_id
    )
    db.add(attachment)
    proposal.changed_at = clock.now()
    db.add(proposal)
    await audit.record(db, by, "proposal.file_added", proposal, question=question, sha256=document.sha256)
    return attachment


async def reattach(db: Db, proposal: Proposal, attachment: Attachment, *, by: Viewer) -> None:
    """Put a file that was taken out back into its slot."""
    attachment.removed_at, proposal.changed_at = None, clock.now()
    db.add(attachment)
    db.add(proposal)
    await audit.record(db, by, "proposal.file_restored", proposal, question=attachment.question)


async def detach(db: Db, proposal: Proposal, attachment: Attachment, *, by: Viewer) -> None:
    """Take a file out of its slot. The bytes stay in the record."""
    attachment.removed_at = proposal.changed_at = clock.now()
    db.add(attachment)
    db.add(proposal)
    await audit.record(db, by, "proposal.file_removed", proposal, question=attachment.question)


with_files = rules.with_files


async def grace_of(db: Db, proposal: Proposal, call: Call, stage: Stage) -> datetime | None:
    """Until when a draft can be sent although the call has closed: a file of it was begun in time."""
    ends = stage.closes_at + uploads.grace()
    is_draft = proposal.state == ProposalState.DRAFT and call.state == CallState.PUBLISHED
    if is_draft and stage.closes_at <= clock.now() < ends:
        return ends if await uploads.begun_in_time(db, proposal.id, stage.closes_at) else None
    return None


async def why_closed(db: Db, proposal: Proposal, call: Call, stage: Stage) -> Text | None:
    """As for writing, but a file that was begun in time keeps the submission possible for its grace."""
    refusal = rules.why_not_edit(proposal, call, stage, clock.now())
    if refusal is not None and await grace_of(db, proposal, call, stage) is not None:
        return None
    return refusal


async def why_not_submit(
    db: Db,
    proposal: Proposal,
    opening: Opening,
    stage: Stage,
    *,
    by: Viewer,
    content: Content | None = None,
) -> tuple[Text | None, dict[str, list[Text]]]:
    """The reason why this cannot be submitted now, and what is wrong with each answer. Empty twice: it can."""
    refusal = await why_closed(db, proposal, opening.call, stage)
    if refusal is None and not by.is_confirmed and not by.is_system:
        refusal = _("Confirm your e-mail address first. The link is in the message we sent you.")
    content = content or await queries.content_of(db, proposal)
    return refusal, content.problems(opening.call, final=True)


async def submit(
    db: Db,
    proposal: Proposal,
    *,
    opening: Opening,
    stage: Stage,
    by: Viewer,
    content: Content | None = None,
) -> Revision:
    """Send it: freeze a manifest with the digest of every answer and file, seal it, and mail the receipt.

    Raises NotNow with the reason, or Unprocessable with the problem of each answer. `content` is what the caller
    has read already, under the lock of the proposal's row.
    """
    content = content or await queries.content_of(db, proposal)
    refusal, problems = await why_not_submit(db, proposal, opening, stage, by=by, content=content)
    refuse_if(refusal)
    if problems:
        raise Unprocessable(
            _("Some answers need another look before the proposal can be sent. Everything is saved."),
            errors={code: texts[0] for code, texts in problems.items()},
        )
    proposal.state = move(rules.PROPOSAL_MOVES, proposal.state, "submit")
    moment = clock.now()
    proposal.submitted_at, proposal.withdrawn_at, proposal.changed_at = moment, None, moment
    db.add(proposal)
    await _set_what_is_on_its_way(db, proposal, removed_at=moment)
    return await revise(db, proposal, opening=opening, stage=stage, content=content, by=by)


async def _set_what_is_on_its_way(db: Db, proposal: Proposal, removed_at: datetime | None) -> None:
    """A file that arrives after the submission was never part of it; in a draft that is open again it counts again."""
    on_its_way = await uploads.open_uploads(db, proposal.id)
    ids = [document.id for document, _upload in on_its_way]
    for attachment in await db.exec(select(Attachment).where(col(Attachment.document_id).in_(ids))):
        attachment.removed_at = removed_at
        db.add(attachment)


async def revise(
    db: Db, proposal: Proposal, *, opening: Opening, stage: Stage, content: Content, by: Viewer
) -> Revision:
    """What is sent now as a submission of its own: manifest, seal, receipt, and the wish for sealed copies."""
    moment = proposal.changed_at
    n = int((await db.exec(select(func.count()).where(Revision.proposal_id == proposal.id))).one()) + 1
    head = await audit_queries.head_of(db, opening.call.id)
    late = [] if moment < stage.closes_at else await uploads.begun_in_time(db, proposal.id, stage.closes_at)
    manifest = _manifest(proposal, opening, stage, n, content, head, late)
    revision = Revision(
        proposal_id=proposal.id,
        n=n,
        receipt_number=f"{proposal.number}-{n:02d}",
        submitted_at=moment,
        submitted_by_id=_person(by),
        manifest=manifest,
        digest=canonical_digest(manifest),
        seal=seal(rfc8785.dumps(manifest)),
    )
    db.add(revision)
    await sealing.want(db, proposal.id, n, [document for _attachment, document in content.files])
    await audit.record(
        db, by, "proposal.submitted", proposal, receipt=revision.receipt_number, digest=revision.digest
    )
    for person in await queries.team_of(db, proposal.id):
        await mail.post(
            db, person, letters.received(proposal, revision, opening.call, stage), about_id=proposal.id
        )
    return revision


def _manifest(
    proposal: Proposal,
    opening: Opening,
    stage: Stage,
    n: int,
    content: Content,
    head: tuple[int, str],
    late: Sequence[tuple[Document, Upload]],
) -> dict[str, Any]:
    digests = form_rules.answers_digest(content.definition, content.answers)
    manifest = {
        "format": "challenge-receipt-1",
        "call": opening.call.slug,
        "stage": stage.code,
        "proposal": proposal.number,
        "title": proposal.title,
        "language": proposal.language,
        "submission": n,
        "submitted_at": _instant(proposal.changed_at),
        "closes_at": stage.closes_at.isoformat(),
        "form": {
            "code": content.version.code,
            "version": content.version.number,
            "sha256": content.version.digest,
        },
        "answers": digests.answers,
        "answers_sha256": digests.overall,
        "files": [
            {
                "id": str(d.id),
                "question": a.question,
                "name": d.name,
                "size": d.size,
                "media_type": d.media_type,
                "sha256": d.sha256,
                "tree": d.tree,
                "state": d.state.value,
            }
            for a, d in content.files
        ],
        "record": {"entry": head[0], "hash": head[1]},
    }
    if late:
        manifest["arrived_after_closing"] = [
            {"id": str(d.id), "begun_at": _instant(upload.began_at), "arrived_at": _instant(d.stored_at)}
            for d, upload in late
        ]
    if content.organization is not None:
        manifest["organization"] = _named(content.organization)
    return manifest


def _instant(moment: datetime | None) -> str:
    return moment.isoformat(timespec="microseconds") if moment else ""


def _named(organization: Organization) -> dict[str, str]:
    founded = organization.founded_on.isoformat() if organization.founded_on else ""
    return {
        "name": organization.name,
        "type": organization.organization_type,
        "country": organization.country,
        "founded_on": founded,
    }


async def withdraw(
    db: Db, proposal: Proposal, *, opening: Opening, is_decided: bool = False, by: Viewer
) -> None:
    refuse_if(rules.why_not_withdraw(proposal, is_decided))
    proposal.state = move(rules.PROPOSAL_MOVES, proposal.state, "withdraw")
    proposal.withdrawn_at = proposal.changed_at = clock.now()
    db.add(proposal)
    await audit.record(db, by, "proposal.withdrawn", proposal)
    for person in await queries.team_of(db, proposal.id):
        await mail.post(db, person, letters.withdrawn(proposal, opening.call), about_id=proposal.id)


async def reopen(db: Db, proposal: Proposal, *, opening: Opening, stage: Stage, by: Viewer) -> None:
    """Back to a draft, until the deadline. Until it is sent again the earlier submission does not count."""
    refuse_if(rules.why_not_reopen(proposal, opening.call, stage, clock.now()))
    proposal.state = move(rules.PROPOSAL_MOVES, proposal.state, "reopen")
    proposal.changed_at = clock.now()
    db.add(proposal)
    await _set_what_is_on_its_way(db, proposal, removed_at=None)
    await audit.record(db, by, "proposal.reopened", proposal)
    for person in await queries.team_of(db, proposal.id):
        await mail.post(db, person, letters.reopened(proposal, opening.call, stage), about_id=proposal.id)


def _person(by: Viewer) -> UUID:
    if by.person_id is None:
        raise NotNow
    return by.person_id
