from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.panels.models import Conflict, Expertise, Panel, Seat, SeatKind, SeatState
from challenge.proposals.models import Proposal
from challenge.proposals.queries import visible_to


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
)  # fmt: skip


async def seated(
    db: Db, call_id: UUID, *, panel_id: UUID | None = None, sitting: bool = False
) -> list[Seated]:
    """Everybody with a seat in the call (or one panel), by name; `sitting` leaves out who has not accepted."""
    statement = (
        sa.select(*_SEATED)
        .join(Panel, col(Panel.id) == Seat.panel_id)
        .join(Person, col(Person.id) == Seat.person_id)
        .outerjoin(Expertise, col(Expertise.person_id) == Person.id)
        .where(col(Panel.call_id) == call_id)
        .order_by(Person.name)
    )
    if panel_id is not None:
        statement = statement.where(col(Seat.panel_id) == panel_id)
    if sitting:
        statement = statement.where(col(Seat.state) == SeatState.ACCEPTED)
    return [
        Seated(*row[:11], row[11] or [], row[12] or "", row[13] or "") for row in await rows(db, statement)
    ]


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
        .where(Proposal.call_id == call_id, col(Proposal.id).in_(visible_to(viewer)))
    )
    return {(person, proposal) for person, proposal in found.all()}


async def declared_conflicts(db: Db, viewer: Viewer, call_id: UUID) -> list[Any]:
    """Rows (person name, proposal number, title, kind, reason, declared_at) over what the viewer sees."""
    statement = (
        sa.select(
            col(Person.name), col(Proposal.number), col(Proposal.title), col(Conflict.kind), col(Conflict.reason),
            col(Conflict.declared_at), col(Conflict.person_id), col(Conflict.proposal_id),
        )
        .join(Proposal, col(Proposal.id) == Conflict.proposal_id)
        .join(Person, col(Person.id) == Conflict.person_id)
        .where(col(Proposal.call_id) == call_id, col(Proposal.id).in_(visible_to(viewer)))
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
