"""Who sees what. Every query that returns, counts, sorts or exports a proposal's side goes through here."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col, select

from challenge.accounts.models import Person, Scope
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call, Stage
from challenge.calls.queries import Opening
from challenge.files.models import Document
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotAllowed, NotFound
from challenge.proposals.models import Attachment, Facet, Proposal, ProposalState, Sight, TeamMember
from challenge.proposals.rules import ROLE_FACETS

TEAM = "team"


def sees(viewer: Viewer, facet: Facet = Facet.EXISTS) -> ColumnElement[bool]:
    """A condition on Proposal: whether the viewer sees that side of it.

    Own reasons (team, assignment) stand in Sight; staff roles reach the submitted proposals of their calls, but
    not one's own. A denial wins over everything.
    """
    if viewer.is_system:
        return col(Proposal.id).is_not(None)
    if not viewer.is_anyone:
        return false()
    own = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id,
        col(Sight.is_denied).is_(False),
        col(Sight.facets).bitwise_and(int(facet)) != 0,
    )
    denied = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id, col(Sight.is_denied).is_(True)
    )
    by_role = _by_role(viewer, facet)
    reasons: ColumnElement[bool] = col(Proposal.id).in_(own)
    if by_role is not None:
        mine = select(Sight.proposal_id).where(Sight.person_id == viewer.person_id, Sight.because == TEAM)
        reasons = or_(
            reasons,
            and_(by_role, col(Proposal.state) != ProposalState.DRAFT, col(Proposal.id).not_in(mine)),
        )
    return and_(reasons, col(Proposal.id).not_in(denied))


def _by_role(viewer: Viewer, facet: Facet) -> ColumnElement[bool] | None:
    if not viewer.is_confirmed or (viewer.scopes is not None and "proposal:read" not in viewer.scopes):
        return None
    holding = [r for r in viewer.roles if facet & ROLE_FACETS.get(r.name, Facet(0))]
    if any(role.scope == Scope.SITE for role in holding):
        return col(Proposal.id).is_not(None)
    calls = [role.scope_id for role in holding if role.scope == Scope.CALL]
    programmes = [role.scope_id for role in holding if role.scope == Scope.PROGRAMME]
    parts: list[ColumnElement[bool]] = []
    if calls:
        parts.append(col(Proposal.call_id).in_(calls))
    if programmes:
        parts.append(col(Proposal.call_id).in_(select(Call.id).where(col(Call.programme_id).in_(programmes))))
    return or_(*parts) if parts else None


def seen_by(viewer: Viewer, facet: Facet) -> Any:
    """The ids of the proposals of which the viewer sees that side, as a subselect."""
    return select(Proposal.id).where(sees(viewer, facet))


def visible_to(viewer: Viewer) -> Any:
    return seen_by(viewer, Facet.EXISTS)


async def the_proposal(db: Db, viewer: Viewer, proposal_id: UUID, facet: Facet = Facet.EXISTS) -> Proposal:
    """A proposal that the viewer sees: 404 when not at all, 403 when not this side of it."""
    row = (
        await db.exec(
            select(Proposal, sees(viewer, facet).label("seen")).where(
                Proposal.id == proposal_id, sees(viewer, Facet.EXISTS)
            )
        )
    ).first()
    if row is None:
        raise NotFound
    if not row[1]:
        raise NotAllowed
    return row[0]


async def is_seen(db: Db, viewer: Viewer, proposal_id: UUID, facet: Facet) -> bool:
    row = (await db.exec(select(Proposal.id).where(Proposal.id == proposal_id, sees(viewer, facet)))).first()
    return row is not None


async def facets_for(db: Db, viewer: Viewer, proposal_id: UUID) -> Facet:
    """All sides of one proposal that the viewer sees, in one statement."""
    columns = [sees(viewer, facet).label(facet.name) for facet in Facet]
    row = next(iter(await rows(db, sa.select(*columns).where(col(Proposal.id) == proposal_id))), None)
    if row is None:
        return Facet(0)
    seen = Facet(0)
    for facet, is_there in zip(Facet, row, strict=True):
        if is_there:
            seen |= facet
    return seen


async def sights_of(db: Db, proposal_id: UUID) -> Sequence[Sight]:
    return (await db.exec(select(Sight).where(Sight.proposal_id == proposal_id))).all()


async def attachments_of(db: Db, proposal_id: UUID) -> list[tuple[Attachment, Document]]:
    rows = await db.exec(
        select(Attachment, Document)
        .join(Document, col(Document.id) == Attachment.document_id)
        .where(Attachment.proposal_id == proposal_id, col(Attachment.removed_at).is_(None))
        .order_by(col(Attachment.added_at), Document.name)
    )
    return [(attachment, document) for attachment, document in rows.all()]


async def team_of(db: Db, proposal_id: UUID) -> list[Person]:
    rows = await db.exec(
        select(Person)
        .join(TeamMember, col(TeamMember.person_id) == Person.id)
        .where(TeamMember.proposal_id == proposal_id)
        .order_by(col(TeamMember.role), Person.name)
    )
    return list(rows.all())


def stage_of(opening: Opening, proposal: Proposal) -> Stage:
    found = next((stage for stage in opening.stages if stage.id == proposal.stage_id), None)
    if found is None:
        raise NotFound
    return found
