"""Give and take proposals to review. Whoever is in conflict is refused, here and nowhere else to be got round."""

from uuid import UUID

from sqlmodel import col, func, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments import rules
from challenge.assignments.models import Assignment
from challenge.audit import actions as audit
from challenge.calls.models import Blindness, Stage
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import ConflictOfInterest, NotNow
from challenge.panels import actions as panels
from challenge.panels.models import Conflict, Panel, Seat, SeatKind, SeatState
from challenge.proposals import sight
from challenge.proposals.models import Facet, Proposal, ProposalState, TeamMember

READING = Facet.EXISTS | Facet.BODY | Facet.FILES
CHAIRING = READING | Facet.IDENTITY | Facet.REVIEWS | Facet.SCORES | Facet.REVIEWERS


def reading_facets(stage: Stage) -> Facet:
    """What a reviewer sees of the proposal itself: not who wrote it, in a double-blind stage."""
    return READING if stage.blindness == Blindness.DOUBLE else READING | Facet.IDENTITY


def because(panel_id: UUID) -> str:
    return f"panel:{panel_id}"


async def pair_of(db: Db, proposal: Proposal, person_id: UUID, panel: Panel) -> rules.Pair:
    """Everything the rule asks about one pair, read now."""
    seat = (
        await db.exec(
            select(Seat).where(
                Seat.panel_id == panel.id, Seat.person_id == person_id, Seat.state == SeatState.ACCEPTED
            )
        )
    ).first()
    conflict = await db.exec(
        select(Conflict.id).where(Conflict.person_id == person_id, Conflict.proposal_id == proposal.id)
    )
    member = await db.exec(
        select(TeamMember.id).where(TeamMember.person_id == person_id, TeamMember.proposal_id == proposal.id)
    )
    present = await db.exec(
        select(Assignment.id).where(
            Assignment.person_id == person_id,
            Assignment.proposal_id == proposal.id,
            Assignment.stage_id == panel.stage_id,
            col(Assignment.removed_at).is_(None),
        )
    )
    load = await db.exec(
        select(func.count()).where(
            Assignment.person_id == person_id,
            Assignment.stage_id == panel.stage_id,
            col(Assignment.removed_at).is_(None),
        )
    )
    return rules.Pair(
        is_seated=seat is not None,
        has_conflict=conflict.first() is not None,
        is_on_team=member.first() is not None,
        is_assigned=present.first() is not None,
        is_submitted=proposal.state == ProposalState.SUBMITTED,
        load=int(load.one()),
        max_load=seat.max_load if seat else None,
    )


async def assign(
    db: Db, proposal: Proposal, person: Person, panel: Panel, stage: Stage, *, by: Viewer
) -> Assignment:
    """Give a proposal to a reviewer and let the reviewer and the panel's chairs see it."""
    pair = await pair_of(db, proposal, person.id, panel)
    refusal = rules.why_not_assign(pair)
    if refusal is not None:
        raise (ConflictOfInterest if pair.has_conflict or pair.is_on_team else NotNow)(refusal)
    found = (
        await db.exec(
            select(Assignment).where(
                Assignment.proposal_id == proposal.id,
                Assignment.person_id == person.id,
                Assignment.stage_id == stage.id,
            )
        )
    ).first() or Assignment(
        proposal_id=proposal.id, person_id=person.id, panel_id=panel.id, stage_id=stage.id
    )
    found.panel_id, found.assigned_at, found.assigned_by_id = panel.id, clock.now(), by.person_id
    found.removed_at, found.removed_because = None, ""
    db.add(found)
    await db.flush()
    await sight.show(db, person.id, proposal.id, reading_facets(stage), because(panel.id))
    await _show_to_chairs(db, panel, proposal.id)
    await audit.record(
        db,
        by,
        "assignment.made",
        found,
        chain=proposal.call_id,
        person=str(person.id),
        proposal=str(proposal.id),
    )
    return found


async def _show_to_chairs(db: Db, panel: Panel, proposal_id: UUID) -> None:
    chairs = await db.exec(
        select(Seat.person_id).where(
            Seat.panel_id == panel.id, Seat.kind == SeatKind.CHAIR, Seat.state == SeatState.ACCEPTED
        )
    )
    for chair_id in chairs.all():
        await sight.show(db, chair_id, proposal_id, CHAIRING, f"chair:{panel.id}")


async def show_panel_to_chair(db: Db, panel: Panel, chair_id: UUID) -> None:
    """A chair who takes the seat late sees what the panel already has."""
    found = await db.exec(
        select(Assignment.proposal_id)
        .where(Assignment.panel_id == panel.id, col(Assignment.removed_at).is_(None))
        .distinct()
    )
    for proposal_id in found.all():
        await sight.show(db, chair_id, proposal_id, CHAIRING, f"chair:{panel.id}")


async def remove(db: Db, assignment: Assignment, call_id: UUID, reason: str, *, by: Viewer) -> None:
    """Take a proposal back from a reviewer. What was written stays in the record; the sight ends now."""
    assignment.removed_at, assignment.removed_because = clock.now(), reason[:300]
    db.add(assignment)
    await sight.withdraw(db, assignment.person_id, assignment.proposal_id, because(assignment.panel_id))
    await audit.record(db, by, "assignment.removed", assignment, chain=call_id, reason=reason)


async def recuse(
    db: Db, person_id: UUID, proposal: Proposal, *, kind: str, reason: str = "", by: Viewer
) -> None:
    """Declare a conflict and step out of every assignment of that proposal."""
    await panels.declare_conflict(db, person_id, proposal, kind=kind, reason=reason, by=by)
    found = await db.exec(
        select(Assignment).where(
            Assignment.person_id == person_id,
            Assignment.proposal_id == proposal.id,
            col(Assignment.removed_at).is_(None),
        )
    )
    for assignment in found.all():
        await remove(db, assignment, proposal.call_id, "conflict of interest", by=by)
