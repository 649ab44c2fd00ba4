"""A proposal in each of its states, made with the verbs that people use. Nothing is committed here."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import select

from challenge.accounts.models import Person
from challenge.accounts.queries import viewer_for
from challenge.calls.models import Call, Stage
from challenge.calls.queries import opening_of
from challenge.foundation.db import Db
from challenge.proposals import actions
from challenge.proposals.models import Proposal, Revision
from tests.builders.people import a_person

ANSWERS: dict[str, Any] = {
    "title": "Fishers' cooperatives run the mini-grid",
    "problem": "One fish in three is lost before it reaches a market.",
    "jobs": "Wardens and cold-room keepers.",
}


async def a_draft(
    db: Db,
    call: Call,
    stage: Stage,
    person: Person | None = None,
    answers: Mapping[str, Any] | None = None,
    *,
    language: str = "en",
) -> Proposal:
    """A draft with all answers, of somebody new when nobody is given."""
    lead = person or await a_person(db)
    by = await viewer_for(db, lead.id, "web")
    opening = await opening_of(db, call.id)
    proposal = await actions.start(db, opening, stage, language=language, by=by)
    given = ANSWERS if answers is None else answers
    await actions.save_answers(db, proposal, given, {}, opening=opening, stage=stage, by=by)
    await db.flush()
    return proposal


async def a_submitted_proposal(
    db: Db,
    call: Call,
    stage: Stage,
    person: Person | None = None,
    answers: Mapping[str, Any] | None = None,
    *,
    language: str = "en",
) -> Proposal:
    lead = person or await a_person(db)
    proposal = await a_draft(db, call, stage, lead, answers, language=language)
    by = await viewer_for(db, lead.id, "web")
    await actions.submit(db, proposal, opening=await opening_of(db, call.id), stage=stage, by=by)
    await db.flush()
    return proposal


async def the_receipt(db: Db, proposal: Proposal) -> Revision:
    return (await db.exec(select(Revision).where(Revision.proposal_id == proposal.id))).one()
