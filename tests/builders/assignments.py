"""Submitted proposals without the ceremony, and assignments made by the verb itself."""

from itertools import count

from sqlmodel import select

from challenge.accounts.models import Organization, Person
from challenge.accounts.viewer import Viewer, for_command
from challenge.assignments import actions
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Stage
from challenge.forms.models import Answer, AnswerSheet, FormVersion
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.panels.models import Panel
from challenge.proposals.actions import join_team
from challenge.proposals.models import Proposal, ProposalState, TeamRole

_letters = count(1)


async def a_sent_proposal(
    db: Db,
    call: Call,
    stage: Stage,
    number: str = "",
    *,
    title: str = "A proposal",
    language: str = "en",
    lead: Person | None = None,
    organization: str = "",
    state: ProposalState = ProposalState.SUBMITTED,
    answers: dict[str, object] | None = None,
) -> Proposal:
    version = (await db.exec(select(FormVersion).where(FormVersion.call_id == call.id))).first()
    assert version is not None
    sheet = AnswerSheet(form_version_id=version.id, language=language)
    db.add(sheet)
    await db.flush()
    for question, value in (answers or {}).items():
        db.add(Answer(sheet_id=sheet.id, question=question, value=value))
    proposal = Proposal(
        call_id=call.id,
        stage_id=stage.id,
        sheet_id=sheet.id,
        number=number or f"AC-P{next(_letters):04d}",
        title=title,
        language=language,
        state=state,
        submitted_at=clock.now(),
    )
    if organization:
        body = Organization(name=organization, organization_type="enterprises", country="KE")
        db.add(body)
        await db.flush()
        proposal.organization_id = body.id
    db.add(proposal)
    await db.flush()
    if lead is not None:
        await join_team(db, proposal, lead.id, TeamRole.LEAD)
    return proposal


async def an_assignment(
    db: Db, proposal: Proposal, person: Person, panel: Panel, stage: Stage, by: Viewer | None = None
) -> Assignment:
    return await actions.assign(db, proposal, person, panel, stage, by=by or for_command())
