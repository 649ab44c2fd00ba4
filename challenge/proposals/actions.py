"""What happens to a proposal: start, write, attach, submit, withdraw, reopen."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785
from sqlmodel import func, select

from challenge.accounts.models import Organization
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.audit import queries as audit_queries
from challenge.calls import rules as call_rules
from challenge.calls.models import Call, Stage
from challenge.calls.queries import Opening
from challenge.files.models import Document
from challenge.forms import actions as forms
from challenge.forms import queries as form_queries
from challenge.forms import rules as form_rules
from challenge.forms.definition import FormDefinition, Json, canonical_digest
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotNow, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _
from challenge.foundation.ids import random_code
from challenge.foundation.lifecycle import move
from challenge.foundation.seals import seal
from challenge.mail import actions as mail
from challenge.proposals import letters, queries, rules, sight
from challenge.proposals.models import (
    Attachment,
    Proposal,
    Revision,
    TeamMember,
    TeamRole,
)
from challenge.proposals.queries import TEAM


async def start(
    db: Db, opening: Opening, stage: Stage, *, language: str, track_id: UUID | None = None, by: Viewer
) -> Proposal:
    """A draft with an empty answer sheet on the newest version of the stage's form; the starter leads the team."""
    refuse_if(call_rules.why_not_apply(opening.call, stage, clock.now()))
    if by.person_id is None:
        raise NotAllowed
    version = await form_queries.newest_version(db, opening.call.id, stage.form_code)
    sheet = await forms.open_sheet(db, version, language)
    proposal = Proposal(
        call_id=opening.call.id,
        stage_id=stage.id,
        track_id=track_id,
        sheet_id=sheet.id,
        number=await _new_number(db, opening.call),
        language=language,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    db.add(proposal)
    await db.flush()
    await join_team(db, proposal, by.person_id, TeamRole.LEAD)
    await audit.record(db, by, "proposal.started", proposal)
    return proposal


async def _new_number(db: Db, call: Call) -> str:
    while True:
        number = f"{call.prefix}-{random_code(1, 5)}"
        taken = await db.exec(
            select(Proposal.id).where(Proposal.call_id == call.id, Proposal.number == number)
        )
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
) -> forms.Saved:
    """Save what was typed. Too long is saved too: the page says so, and only the submission refuses it."""
    refuse_if(rules.why_not_edit(proposal, opening.call, stage, clock.now()))
    saved = await forms.save_answers(db, proposal.sheet_id, values, known, by.person_id)
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


async def attach(db: Db, proposal: Proposal, question: str, document: Document, *, by: Viewer) -> Attachment:
    attachment = Attachment(
        proposal_id=proposal.id, document_id=document.id, question=question, added_by_id=by.person_id
    )
    db.add(attachment)
    proposal.changed_at = clock.now()
    db.add(proposal)
    await audit.record(db, by, "proposal.file_added", proposal, question=question, sha256=document.sha256)
    return attachment


async def detach(db: Db, proposal: Proposal, attachment: Attachment, *, by: Viewer) -> None:
    """Take a file out of its slot. The bytes stay in the record."""
    attachment.removed_at = clock.now()
    db.add(attachment)
    await audit.record(db, by, "proposal.file_removed", proposal, question=attachment.question)


def with_files(
    definition: FormDefinition, answers: Mapping[str, Json], files: list[tuple[Attachment, Document]]
) -> dict[str, Json]:
    """The answers with the documents of each file question in their place, as the form's rules read them."""
    filled = dict(answers)
    for question in definition.asked:
        if question.kind == "file":
            filled[question.code] = [str(d.id) for a, d in files if a.question == question.code]
    return filled


async def why_not_submit(
    db: Db, proposal: Proposal, opening: Opening, stage: Stage, *, by: Viewer
) -> tuple[Text | None, dict[str, list[Text]]]:
    """The reason why this cannot be submitted now, and what is wrong with each answer. Empty twice: it can."""
    refusal = rules.why_not_edit(proposal, opening.call, stage, clock.now())
    if refusal is None and not by.is_confirmed and not by.is_system:
        refusal = _("Confirm your e-mail address first. The link is in the message we sent you.")
    version = await form_queries.version_of_sheet(db, proposal.sheet_id)
    definition = form_queries.definition_of(version)
    files = await queries.attachments_of(db, proposal.id)
    answers = with_files(definition, await form_queries.answers_of(db, proposal.sheet_id), files)
    return refusal, form_rules.problems_of(definition, answers, final=True)


async def submit(db: Db, proposal: Proposal, *, opening: Opening, stage: Stage, by: Viewer) -> Revision:
    """Send it: freeze a manifest with the digest of every answer and file, seal it, and mail the receipt.

    Raises NotNow with the reason, or Unprocessable with the problem of each answer.
    """
    refusal, problems = await why_not_submit(db, proposal, opening, stage, by=by)
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
    n = int((await db.exec(select(func.count()).where(Revision.proposal_id == proposal.id))).one()) + 1
    manifest = await _manifest(db, proposal, opening, stage, n, by)
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
    await audit.record(
        db, by, "proposal.submitted", proposal, receipt=revision.receipt_number, digest=revision.digest
    )
    for person in await queries.team_of(db, proposal.id):
        await mail.post(
            db, person, letters.received(proposal, revision, opening.call, stage), about_id=proposal.id
        )
    return revision


async def _manifest(
    db: Db, proposal: Proposal, opening: Opening, stage: Stage, n: int, by: Viewer
) -> dict[str, Any]:
    version = await form_queries.version_of_sheet(db, proposal.sheet_id)
    definition = form_queries.definition_of(version)
    files = await queries.attachments_of(db, proposal.id)
    answers = with_files(definition, await form_queries.answers_of(db, proposal.sheet_id), files)
    digests = form_rules.answers_digest(definition, answers)
    head, head_hash = await audit_queries.head_of(db, opening.call.id)
    return {
        "format": "challenge-receipt-1",
        "call": opening.call.slug,
        "stage": stage.code,
        "proposal": proposal.number,
        "title": proposal.title,
        "language": proposal.language,
        "submission": n,
        "submitted_at": (proposal.submitted_at or clock.now()).isoformat(timespec="microseconds"),
        "closes_at": stage.closes_at.isoformat(),
        "form": {"code": version.code, "version": version.number, "sha256": version.digest},
        "answers": digests.answers,
        "answers_sha256": digests.overall,
        "files": [
            {"question": a.question, "name": d.name, "size": d.size, "sha256": d.sha256} for a, d in files
        ],
        "record": {"entry": head, "hash": head_hash},
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
    await audit.record(db, by, "proposal.reopened", proposal)


def _person(by: Viewer) -> UUID:
    if by.person_id is None:
        raise NotNow
    return by.person_id
