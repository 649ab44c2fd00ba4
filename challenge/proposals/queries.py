"""Who sees what. Every query that returns, counts, sorts or exports a proposal's side goes through here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col, select

from challenge.accounts.models import Link, LinkPurpose, Organization, Person, Scope
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call, Stage
from challenge.calls.queries import Opening, opening_of
from challenge.files import states
from challenge.files.models import Document
from challenge.forms import queries as forms
from challenge.forms import rules as form_rules
from challenge.forms.definition import FormDefinition, Json
from challenge.forms.models import FormVersion
from challenge.forms.queries import Kept
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotAllowed, NotFound
from challenge.foundation.i18n import Text
from challenge.proposals import rules
from challenge.proposals.models import (
    Attachment,
    Facet,
    Proposal,
    ProposalState,
    Revision,
    Sight,
    SlotReopening,
    TeamMember,
    TeamRole,
)
from challenge.proposals.rules import ROLE_FACETS

TEAM = "team"


def sees(viewer: Viewer, facet: Facet = Facet.EXISTS) -> ColumnElement[bool]:
    """A condition on Proposal: whether the viewer sees that side of it.

    Own reasons (team, assignment) stand in Sight; staff roles reach the submitted proposals of their calls. Who
    belongs to the team sees what the team sees and nothing more, whatever else they are or were before. A denial
    wins over everything.
    """
    if viewer.is_system:
        return col(Proposal.id).is_not(None)
    if not viewer.is_anyone:
        return false()
    mine = own_ids(viewer)
    own = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id,
        col(Sight.is_denied).is_(False),
        col(Sight.facets).bitwise_and(int(facet)) != 0,
        or_(col(Sight.because) == TEAM, col(Sight.proposal_id).not_in(mine)),
    )
    denied = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id, col(Sight.is_denied).is_(True)
    )
    by_role = _by_role(viewer, facet)
    reasons: ColumnElement[bool] = col(Proposal.id).in_(own)
    if by_role is not None:
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


def own_ids(viewer: Viewer) -> Any:
    """The ids of the proposals of whose team the viewer is, as a subselect."""
    return select(Sight.proposal_id).where(Sight.person_id == viewer.person_id, Sight.because == TEAM)


def sees_from_outside(viewer: Viewer, facet: Facet) -> ColumnElement[bool]:
    """The same, without one's own: nobody judges or handles what they wrote themselves."""
    return and_(sees(viewer, facet), col(Proposal.id).not_in(own_ids(viewer)))


def seen_by(viewer: Viewer, facet: Facet) -> Any:
    """The ids of the proposals of which the viewer sees that side, as a subselect."""
    return select(Proposal.id).where(sees(viewer, facet))


def seen_from_outside(viewer: Viewer, facet: Facet) -> Any:
    return select(Proposal.id).where(sees_from_outside(viewer, facet))


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
    """The files that arrived; those on their way stand in `files.uploads`."""
    rows = await db.exec(
        select(Attachment, Document)
        .join(Document, col(Document.id) == Attachment.document_id)
        .where(
            Attachment.proposal_id == proposal_id,
            col(Attachment.removed_at).is_(None),
            col(Document.state).in_(states.KEPT | states.REFUSED),
        )
        .order_by(col(Attachment.added_at), Document.name)
    )
    return [(attachment, document) for attachment, document in rows.all()]


async def reopenings_of(db: Db, proposal: Proposal) -> list[SlotReopening]:
    """The questions of a submitted proposal that take a file again; without a statement for one that is not sent."""
    if proposal.state != ProposalState.SUBMITTED:
        return []
    found = await db.exec(
        select(SlotReopening)
        .where(SlotReopening.proposal_id == proposal.id, col(SlotReopening.closed_at).is_(None))
        .order_by(col(SlotReopening.made_at))
    )
    return list(found.all())


async def reopening_of(db: Db, proposal: Proposal, question: str) -> SlotReopening | None:
    """The newest one of a question."""
    return next((r for r in reversed(await reopenings_of(db, proposal)) if r.question == question), None)


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


# ---------- for the team ----------


async def own_proposal(db: Db, viewer: Viewer, proposal_id: UUID, *, to_change: bool = False) -> Proposal:
    """A proposal of the viewer's team: 404 when they do not see it at all, 403 when it is somebody else's.

    `to_change` holds its row until the commit, so that two windows, or a save and the submission, queue up.
    """
    mine = select(TeamMember.proposal_id).where(TeamMember.person_id == viewer.person_id)
    statement = select(Proposal, col(Proposal.id).in_(mine).label("mine")).where(
        Proposal.id == proposal_id, sees(viewer, Facet.EXISTS)
    )
    if to_change:
        statement = statement.with_for_update(of=Proposal)
    row = (await db.exec(statement)).first()
    if row is None:
        raise NotFound
    if not row[1]:
        raise NotAllowed
    return row[0]


@dataclass(frozen=True)
class Content:
    """What a proposal says at this moment: the form it answers, the answers, the files, the organization."""

    version: FormVersion
    definition: FormDefinition
    kept: dict[str, Kept]
    files: list[tuple[Attachment, Document]]
    organization: Organization | None

    @cached_property
    def answers(self) -> dict[str, Json]:
        return rules.with_files(self.definition, {code: k.value for code, k in self.kept.items()}, self.files)

    def problems(self, call: Call, *, final: bool) -> dict[str, list[Text]]:
        """What stands in the way, by code of the question, in the order of the form."""
        found = form_rules.problems_of(self.definition, self.answers, final=final)
        for code, texts in rules.why_not_files(self.files).items():
            found[code] = [*found.get(code, []), *texts]
        fault = rules.why_not_organization(call, self.organization) if final else None
        return {rules.ORGANIZATION: [fault], **found} if fault is not None else found


async def content_of(db: Db, proposal: Proposal) -> Content:
    version = await forms.version_of_sheet(db, proposal.sheet_id)
    return Content(
        version,
        forms.definition_of(version),
        await forms.kept_answers(db, proposal.sheet_id),
        await attachments_of(db, proposal.id),
        await db.get(Organization, proposal.organization_id) if proposal.organization_id else None,
    )


@dataclass(frozen=True, slots=True)
class Work:
    """A proposal of one's own with everything its pages need."""

    proposal: Proposal
    opening: Opening
    stage: Stage
    content: Content

    @property
    def call(self) -> Call:
        return self.opening.call

    @property
    def definition(self) -> FormDefinition:
        return self.content.definition


async def the_work(db: Db, viewer: Viewer, proposal_id: UUID, *, to_change: bool = False) -> Work:
    proposal = await own_proposal(db, viewer, proposal_id, to_change=to_change)
    opening = await opening_of(db, proposal.call_id)
    return Work(proposal, opening, stage_of(opening, proposal), await content_of(db, proposal))


@dataclass(frozen=True, slots=True)
class Own:
    """One line of the list of one's own proposals."""

    id: UUID
    number: str
    title: str
    language: str
    state: ProposalState
    changed_at: datetime
    submitted_at: datetime | None
    call: Call
    stage: Stage


async def own_proposals(db: Db, viewer: Viewer, call_id: UUID | None = None) -> list[Own]:
    """The proposals of the viewer's teams, the last changed first; two statements, however many there are."""
    mine = select(TeamMember.proposal_id).where(TeamMember.person_id == viewer.person_id)
    wanted = [col(Proposal.id).in_(mine), sees(viewer, Facet.EXISTS)]
    if call_id is not None:
        wanted.append(col(Proposal.call_id) == call_id)
    found = await rows(
        db,
        sa.select(
            col(Proposal.id),
            col(Proposal.number),
            col(Proposal.title),
            col(Proposal.language),
            col(Proposal.state),
            col(Proposal.changed_at),
            col(Proposal.submitted_at),
            Call,
            Stage,
        )
        .join(Call, col(Call.id) == Proposal.call_id)
        .join(Stage, col(Stage.id) == Proposal.stage_id)
        .where(*wanted)
        .order_by(col(Proposal.changed_at).desc(), col(Proposal.id)),
    )
    return [Own(*row) for row in found]


async def untouched_draft(
    db: Db, viewer: Viewer, stage: Stage, *, language: str, track_id: UUID | None, since: datetime
) -> Proposal | None:
    """What the viewer began since then in the same way and left as it was."""
    found = await db.exec(
        select(Proposal)
        .join(TeamMember, col(TeamMember.proposal_id) == Proposal.id)
        .where(
            TeamMember.person_id == viewer.person_id,
            TeamMember.role == TeamRole.LEAD,
            Proposal.stage_id == stage.id,
            Proposal.language == language,
            col(Proposal.track_id).is_not_distinct_from(track_id),
            Proposal.state == ProposalState.DRAFT,
            Proposal.created_at >= since,
            Proposal.changed_at == Proposal.created_at,
        )
        .limit(1)
    )
    return found.first()


@dataclass(frozen=True, slots=True)
class Member:
    person_id: UUID
    name: str
    email: str
    role: TeamRole


async def members_of(db: Db, proposal_id: UUID) -> list[Member]:
    """The team, who leads first."""
    found = await rows(
        db,
        sa.select(col(Person.id), col(Person.name), col(Person.email), col(TeamMember.role))
        .join(TeamMember, col(TeamMember.person_id) == Person.id)
        .where(col(TeamMember.proposal_id) == proposal_id)
        .order_by(col(TeamMember.role), col(Person.name), col(Person.id)),
    )
    return [Member(*row) for row in found]


async def invited_to(db: Db, proposal_id: UUID, moment: datetime) -> list[Member]:
    """Who was asked by mail to join and has not answered, each once."""
    members = select(TeamMember.person_id).where(TeamMember.proposal_id == proposal_id)
    found = await rows(
        db,
        sa.select(col(Person.id), col(Person.name), col(Person.email))
        .join(Link, col(Link.person_id) == Person.id)
        .where(
            col(Link.purpose) == LinkPurpose.INVITATION,
            col(Link.thing_id) == proposal_id,
            col(Link.expires_at) > moment,
            col(Person.id).not_in(members),
        )
        .distinct()
        .order_by(col(Person.email)),
    )
    return [Member(row[0], row[1], row[2], TeamRole.MEMBER) for row in found]


async def invitation_for(
    db: Db, viewer: Viewer, proposal_id: UUID, moment: datetime
) -> tuple[Proposal, Link]:
    """The proposal that somebody was invited to write, or 404. A used link counts: it only signed them in."""
    row = (
        await db.exec(
            select(Proposal, Link)
            .join(Link, col(Link.thing_id) == Proposal.id)
            .where(
                Proposal.id == proposal_id,
                Link.person_id == viewer.person_id,
                Link.purpose == LinkPurpose.INVITATION,
                Link.expires_at > moment,
            )
            .order_by(col(Link.created_at).desc())
        )
    ).first()
    if row is None or not viewer.is_confirmed:
        raise NotFound
    return row[0], row[1]


async def names_of(db: Db, person_ids: set[UUID]) -> dict[UUID, str]:
    if not person_ids:
        return {}
    found = await rows(db, sa.select(col(Person.id), col(Person.name)).where(col(Person.id).in_(person_ids)))
    return {row[0]: row[1] for row in found}


async def revisions_of(db: Db, proposal_id: UUID) -> list[Revision]:
    """The newest first."""
    found = await db.exec(
        select(Revision).where(Revision.proposal_id == proposal_id).order_by(col(Revision.n).desc())
    )
    return list(found.all())


async def the_revision(db: Db, proposal_id: UUID, n: int | None = None) -> Revision:
    """One submission, the newest when no number is given."""
    statement = select(Revision).where(Revision.proposal_id == proposal_id).order_by(col(Revision.n).desc())
    if n is not None:
        statement = statement.where(Revision.n == n)
    found = (await db.exec(statement.limit(1))).first()
    if found is None:
        raise NotFound
    return found


async def stage_of_proposal(db: Db, proposal_id: UUID) -> Stage:
    found = await db.exec(
        select(Stage).join(Proposal, col(Proposal.stage_id) == Stage.id).where(Proposal.id == proposal_id)
    )
    return found.one()


@dataclass(frozen=True, slots=True)
class SeenFile:
    document: Document
    proposal: Proposal
    name: str
    is_team: bool
    is_blind: bool


async def the_file(db: Db, viewer: Viewer, document_id: UUID) -> SeenFile:
    """A file that the viewer may open, under the name that they may know."""
    mine = select(TeamMember.proposal_id).where(TeamMember.person_id == viewer.person_id)
    found = await rows(
        db,
        sa.select(
            Document,
            Proposal,
            col(Attachment.question),
            sees(viewer, Facet.FILES).label("may_open"),
            sees(viewer, Facet.IDENTITY).label("may_know"),
            col(Proposal.id).in_(mine).label("is_team"),
        )
        .join(Attachment, col(Attachment.document_id) == Document.id)
        .join(Proposal, col(Proposal.id) == Attachment.proposal_id)
        .where(
            col(Document.id) == document_id,
            # what was taken out stays a file of the team's own
            sa.or_(col(Attachment.removed_at).is_(None), col(Proposal.id).in_(mine)),
            sees(viewer, Facet.EXISTS),
        ),
    )
    if not found:
        raise NotFound
    document, proposal, code, may_open, may_know, is_team = found[0]
    if not may_open:
        raise NotAllowed
    if not is_team:
        version = await forms.version_of_sheet(db, proposal.sheet_id)
        question = forms.definition_of(version).by_code.get(code)
        if not rules.may_read_file(question, is_team=False, is_staff=viewer.is_staff):
            raise NotFound
    name = document.name if may_know else rules.blind_name(proposal.number, code, document)
    return SeenFile(document, proposal, name, bool(is_team), is_blind=not may_know)
