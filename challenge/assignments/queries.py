from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.foundation.db import Db, rows
from challenge.proposals.models import Facet, Proposal
from challenge.proposals.queries import seen_by


@dataclass(frozen=True, slots=True)
class Given:
    """One assignment as staff see it."""

    id: UUID
    proposal_id: UUID
    number: str
    title: str
    person_id: UUID
    name: str
    panel_id: UUID
    stage_id: UUID
    assigned_at: datetime


async def given(db: Db, viewer: Viewer, call_id: UUID) -> list[Given]:
    """All assignments of a call over the proposals whose reviewers the viewer sees."""
    statement = (
        sa.select(
            col(Assignment.id), col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Person.id),
            col(Person.name), col(Assignment.panel_id), col(Assignment.stage_id), col(Assignment.assigned_at),
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .where(
            col(Proposal.call_id) == call_id,
            col(Assignment.removed_at).is_(None),
            col(Proposal.id).in_(seen_by(viewer, Facet.REVIEWERS)),
        )
        .order_by(col(Proposal.number), Person.name)
    )  # fmt: skip
    return [Given(*row) for row in await rows(db, statement)]


async def loads(db: Db, viewer: Viewer, call_id: UUID) -> dict[UUID, int]:
    """How many proposals each reviewer has, counted over what the viewer sees."""
    found = await db.exec(
        select(Assignment.person_id, func.count())
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .where(
            Proposal.call_id == call_id,
            col(Assignment.removed_at).is_(None),
            col(Proposal.id).in_(seen_by(viewer, Facet.REVIEWERS)),
        )
        .group_by(col(Assignment.person_id))
    )
    return {person_id: count for person_id, count in found.all()}
