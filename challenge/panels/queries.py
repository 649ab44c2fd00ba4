from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Organization, Person
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Blindness, Call, Stage
from challenge.calls.queries import Opening, opening_of
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotAllowed, NotFound
from challenge.panels.models import Conflict, Expertise, Panel, Seat, SeatKind, SeatState
from challenge.panels.rules import because
from challenge.proposals.models import Facet, Proposal, ProposalState, Sight
from challenge.proposals.queries import TEAM, seen_by, seen_from_outside


@dataclass(frozen=True, slots=True)
class Seated:
    """One seat with the person on it, as staff see it."""

    seat_id: UUID
    panel_id: UUID
    person_id: UUID
    name: str
    email: str
    kind: SeatKind
    state: SeatState
    invited_at: datetime
    answered_at: datetime | None
    reason: str
    max_load: int | None
    languages: list[str]
    country: str
    organization_type: str
    topics: frozenset[tuple[str, str]]
    """(vocabulary, code) of all that the person knows."""
    affiliation: str
    keywords: list[str]


TOPICS = {"policy_areas": "just-transition-policy-areas", "themes": "coalition-themes", "sdgs": "sdgs"}


async def panels_of(db: Db, call_id: UUID) -> list[Panel]:
    found = await db.exec(select(Panel).where(Panel.call_id == call_id).order_by(Panel.name))
    return list(found.all())


async def the_panel(db: Db, call_id: UUID, panel_id: UUID) -> Panel:
    panel = (await db.exec(select(Panel).where(Panel.id == panel_id, Panel.call_id == call_id))).first()
    if panel is None:
        raise NotFound
    return panel


_SEATED: tuple[Any, ...] = (
    Seat.id, Seat.panel_id, Person.id, Person.name, Person.email, Seat.kind, Seat.state, Seat.invited_at,
    Seat.answered_at, Seat.reason, Seat.max_load, Expertise.languages, Expertise.country, Expertise.organization_type,
    Expertise.policy_areas, Expertise.themes, Expertise.sdgs, Expertise.affiliation,
    Expertise.keywords,
)  # fmt: skip


def _seated(row: Any) -> Seated:
    topics = frozenset(
        (vocabulary, code)
        for vocabulary, codes in zip(TOPICS.values(), row[14:17], strict=True)
        for code in codes or []
    )
    values: list[Any] = [
        *row[:11],
        row[11] or [],
        row[12] or "",
        row[13] or "",
        topics,
        row[17] or "",
        row[18] or [],
    ]
    return Seated(*values)


async def seated(
    db: Db,
    call_id: UUID,
    *,
    panel_id: UUID | None = None,
    stage_id: UUID | None = None,
    sitting: bool = False,
) -> list[Seated]:
    """Everybody with a seat in the call (or one stage or panel), by name; `sitting`: only who has accepted."""
    statement = (
        sa.select(*_SEATED)
        .join(Panel, col(Panel.id) == Seat.panel_id)
        .join(Person, col(Person.id) == Seat.person_id)
        .outerjoin(Expertise, col(Expertise.person_id) == Person.id)
        .where(col(Panel.call_id) == call_id)
        .order_by(Person.name, Person.email, Panel.name)
    )
    if stage_id is not None:
        statement = statement.where(col(Panel.stage_id) == stage_id)
    if panel_id is not None:
        statement = statement.where(col(Seat.panel_id) == panel_id)
    if sitting:
        statement = statement.where(col(Seat.state) == SeatState.ACCEPTED)
    return [_seated(row) for row in await rows(db, statement)]


async def loads(
    db: Db, viewer: Viewer, call_id: UUID, panels: Sequence[Panel]
) -> dict[tuple[UUID, UUID], int]:
    """(panel, person) -> how many proposals the person reads for it, of those whose reviewers the viewer sees."""
    names = {because(panel.id): panel.id for panel in panels}
    found = await db.exec(
        select(Sight.because, Sight.person_id, func.count())
        .join(Proposal, col(Proposal.id) == Sight.proposal_id)
        .where(
            Proposal.call_id == call_id,
            col(Sight.because).in_(list(names)),
            col(Sight.is_denied).is_(False),
            col(Proposal.id).in_(seen_by(viewer, Facet.REVIEWERS)),
        )
        .group_by(col(Sight.because), col(Sight.person_id))
    )
    return {(names[why], person_id): count for why, person_id, count in found.all()}


async def the_desk_panel(
    db: Db, viewer: Viewer, panel_id: UUID, needs: Can = Can.MANAGE_REVIEWS
) -> tuple[Panel, Opening]:
    """A panel by its id for the staff of its call: 404 for who has no desk there, 403 without the permission."""
    panel = await db.get(Panel, panel_id)
    if panel is None:
        raise NotFound
    opening = await opening_of(db, panel.call_id)
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    if not viewer.can(Can.OPEN_DESK, **scope):
        raise NotFound
    if not viewer.can(needs, **scope):
        raise NotAllowed
    return panel, opening


async def the_seat(db: Db, panel_id: UUID, seat_id: UUID) -> tuple[Seat, Person]:
    found = (
        await db.exec(
            select(Seat, Person)
            .join(Person, col(Person.id) == Seat.person_id)
            .where(Seat.id == seat_id, Seat.panel_id == panel_id)
        )
    ).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


async def seat_of(db: Db, seat_id: UUID) -> Seat:
    """A seat whoever sits there; the caller asks who may touch it."""
    seat = await db.get(Seat, seat_id)
    if seat is None:
        raise NotFound
    return seat


async def own_seat(db: Db, viewer: Viewer, seat_id: UUID) -> tuple[Seat, Panel, Call]:
    """A seat of the viewer, or 404: nobody answers for somebody else."""
    found = (
        await db.exec(
            select(Seat, Panel, Call)
            .join(Panel, col(Panel.id) == Seat.panel_id)
            .join(Call, col(Call.id) == Panel.call_id)
            .where(Seat.id == seat_id, Seat.person_id == viewer.person_id)
        )
    ).first()
    if found is None:
        raise NotFound
    return found[0], found[1], found[2]


async def own_seats(db: Db, viewer: Viewer) -> list[tuple[Seat, Panel, Call]]:
    found = await db.exec(
        select(Seat, Panel, Call)
        .join(Panel, col(Panel.id) == Seat.panel_id)
        .join(Call, col(Call.id) == Panel.call_id)
        .where(Seat.person_id == viewer.person_id, Seat.state != SeatState.WITHDRAWN)
        .order_by(col(Seat.invited_at).desc())
    )
    return [(seat, panel, call) for seat, panel, call in found.all()]


async def expertise_of(db: Db, person_id: UUID) -> Expertise | None:
    return (await db.exec(select(Expertise).where(Expertise.person_id == person_id))).first()


async def has_conflict(db: Db, person_id: UUID, proposal_id: UUID) -> bool:
    found = await db.exec(
        select(Conflict.id).where(Conflict.person_id == person_id, Conflict.proposal_id == proposal_id)
    )
    return found.first() is not None


async def conflicted_pairs(db: Db, viewer: Viewer, call_id: UUID) -> set[tuple[UUID, UUID]]:
    """(person, proposal) pairs in conflict, over the proposals that the viewer sees."""
    found = await db.exec(
        select(Conflict.person_id, Conflict.proposal_id)
        .join(Proposal, col(Proposal.id) == Conflict.proposal_id)
        .where(Proposal.call_id == call_id, col(Proposal.id).in_(seen_from_outside(viewer, Facet.EXISTS)))
    )
    return {(person, proposal) for person, proposal in found.all()}


async def declared_conflicts(db: Db, viewer: Viewer, call_id: UUID) -> list[Any]:
    """Rows (person name, proposal number, title, kind, reason, declared_at) over what the viewer sees."""
    statement = (
        sa.select(
            col(Person.name), col(Proposal.number), col(Proposal.title), col(Conflict.kind), col(Conflict.reason),
            col(Conflict.declared_at), col(Conflict.person_id), col(Conflict.proposal_id),
        )
        .select_from(Conflict)
        .join(Proposal, col(Proposal.id) == Conflict.proposal_id)
        .join(Person, col(Person.id) == Conflict.person_id)
        .where(col(Proposal.call_id) == call_id, col(Proposal.id).in_(seen_from_outside(viewer, Facet.EXISTS)))
        .order_by(Person.name, Proposal.number)
    )  # fmt: skip
    return list(await rows(db, statement))


async def seat_counts(db: Db, call_id: UUID) -> dict[UUID, dict[SeatState, int]]:
    found = await db.exec(
        select(Seat.panel_id, Seat.state, func.count())
        .join(Panel, col(Panel.id) == Seat.panel_id)
        .where(Panel.call_id == call_id)
        .group_by(col(Seat.panel_id), col(Seat.state))
    )
    counted: dict[UUID, dict[SeatState, int]] = {}
    for panel_id, state, count in found.all():
        counted.setdefault(panel_id, {})[SeatState(state)] = count
    return counted


@dataclass(frozen=True, slots=True)
class OwnConflict:
    """A conflict one has declared. Nothing of the proposal but the number."""

    number: str
    kind: str
    reason: str
    declared_at: datetime
    call_title: dict[str, str]


async def own_conflicts(db: Db, viewer: Viewer) -> list[OwnConflict]:
    statement = (
        sa.select(
            col(Proposal.number), col(Conflict.kind), col(Conflict.reason), col(Conflict.declared_at), col(Call.title)
        )
        .select_from(Conflict)
        .join(Proposal, col(Proposal.id) == Conflict.proposal_id)
        .join(Call, col(Call.id) == Proposal.call_id)
        .where(col(Conflict.person_id) == viewer.person_id, col(Conflict.declared_by_id) == viewer.person_id)
        .order_by(col(Conflict.declared_at).desc(), Proposal.number)
    )  # fmt: skip
    return [OwnConflict(*row) for row in await rows(db, statement)]


async def may_declare(db: Db, viewer: Viewer) -> bool:
    """Whoever is asked to judge, or judges, may stand aside."""
    found = await db.exec(
        select(Seat.id).where(
            Seat.person_id == viewer.person_id,
            col(Seat.state).in_([SeatState.INVITED, SeatState.ACCEPTED]),
        )
    )
    return found.first() is not None


async def proposal_to_declare(db: Db, viewer: Viewer, number: str) -> Proposal | None:
    """A submitted proposal by its number, in a stage that the viewer judges or is asked to judge."""
    stages = (
        select(Panel.stage_id)
        .join(Seat, col(Seat.panel_id) == Panel.id)
        .where(
            Seat.person_id == viewer.person_id,
            col(Seat.state).in_([SeatState.INVITED, SeatState.ACCEPTED]),
        )
    )
    found = await db.exec(
        select(Proposal).where(
            Proposal.number == number,
            Proposal.state == ProposalState.SUBMITTED,
            col(Proposal.stage_id).in_(stages),
        )
    )
    return found.first()


@dataclass(frozen=True, slots=True)
class Lead:
    """An organization that leads a proposal: its name and country, not what it proposes or how often."""

    id: UUID
    name: str
    country: str


def _open_to(viewer: Viewer, moment: datetime) -> Any:
    """Conditions: submitted, in a closed stage where the viewer sits and which does not hide applicants.

    What is denied to the viewer and what the viewer wrote stay out.
    """
    stages = (
        select(Stage.id)
        .join(Panel, col(Panel.stage_id) == Stage.id)
        .join(Seat, col(Seat.panel_id) == Panel.id)
        .where(
            Seat.person_id == viewer.person_id,
            Seat.state == SeatState.ACCEPTED,
            Stage.blindness != Blindness.DOUBLE,
            Stage.closes_at <= moment,
        )
    )
    hidden = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id,
        sa.or_(col(Sight.is_denied).is_(True), col(Sight.because) == TEAM),
    )
    return (
        col(Proposal.state) == ProposalState.SUBMITTED,
        col(Proposal.stage_id).in_(stages),
        col(Proposal.id).not_in(hidden),
    )


async def leads_to_declare(db: Db, viewer: Viewer, moment: datetime) -> list[Lead]:
    """Who leads a proposal in the calls that the viewer judges, so that a conflict can be told early."""
    found = await rows(
        db,
        sa.select(col(Organization.id), col(Organization.name), col(Organization.country))
        .join(Proposal, col(Proposal.organization_id) == Organization.id)
        .where(*_open_to(viewer, moment))
        .distinct()
        .order_by(Organization.name),
    )
    return [Lead(*row) for row in found]


async def proposals_led_by(db: Db, viewer: Viewer, organization_id: UUID, moment: datetime) -> list[Proposal]:
    found = await db.exec(
        select(Proposal).where(Proposal.organization_id == organization_id, *_open_to(viewer, moment))
    )
    return list(found.all())
