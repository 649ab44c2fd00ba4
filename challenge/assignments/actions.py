"""Give and take proposals to review. Whoever is in conflict is refused, here and nowhere else to be got round."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, func, select

from challenge.accounts import actions as accounts
from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments import letters, rules
from challenge.assignments.models import Assignment
from challenge.audit import actions as audit
from challenge.calls import queries as calls
from challenge.calls.models import Blindness, Call, Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import ConflictOfInterest, NotNow, Unprocessable
from challenge.foundation.i18n import Text, _, said
from challenge.mail import actions as mail
from challenge.panels import actions as panels
from challenge.panels import queries as panel_queries
from challenge.panels.models import Conflict, Panel, Seat, SeatKind, SeatState
from challenge.panels.rules import because
from challenge.proposals import sight
from challenge.proposals.models import Facet, Proposal, ProposalState, TeamMember

READING = Facet.EXISTS | Facet.BODY | Facet.FILES
RECUSED = "conflict of interest"
TRIES, TRIES_WINDOW = 20, timedelta(minutes=10)
NOT_THERE = _("No proposal that you may be asked to judge has this number. Compare it with your source.")
CHAIRING = READING | Facet.IDENTITY | Facet.REVIEWS | Facet.SCORES | Facet.REVIEWERS


def reading_facets(stage: Stage) -> Facet:
    """What a reviewer sees of the proposal itself: not who wrote it, in a double-blind stage."""
    return READING if stage.blindness == Blindness.DOUBLE else READING | Facet.IDENTITY


def because_chair(panel_id: UUID) -> str:
    return f"chair:{panel_id}"


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
        is_ruled_out=proposal.is_eligible is False,
        is_in_stage=panel.call_id == proposal.call_id and panel.stage_id == proposal.stage_id,
    )


async def assign(
    db: Db, proposal: Proposal, person: Person, panel: Panel, stage: Stage, *, by: Viewer
) -> Assignment:
    """Give a proposal to a reviewer and let the reviewer and the panel's chairs see it.

    Holds the proposal's row, so that no conflict can be declared between the question and the answer.
    """
    await db.exec(select(Proposal.id).where(Proposal.id == proposal.id).with_for_update())
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


async def tell(db: Db, call: Call, made: Iterable[Assignment]) -> None:
    """One mail to everybody who was given something in one go, however much it was."""
    counts = Counter(assignment.person_id for assignment in made)
    if not counts:
        return
    due_on = await calls.last_day(db, call.id)
    people = await db.exec(select(Person).where(col(Person.id).in_(counts)).order_by(col(Person.id)))
    for person in people.all():
        await mail.post(db, person, letters.assigned(call, counts[person.id], due_on), about_id=call.id)


async def _chairs_of(db: Db, panel_id: UUID) -> Sequence[UUID]:
    chairs = await db.exec(
        select(Seat.person_id).where(
            Seat.panel_id == panel_id, Seat.kind == SeatKind.CHAIR, Seat.state == SeatState.ACCEPTED
        )
    )
    return chairs.all()


async def _show_to_chairs(db: Db, panel: Panel, proposal_id: UUID) -> None:
    team = (await db.exec(select(TeamMember.person_id).where(TeamMember.proposal_id == proposal_id))).all()
    for chair_id in await _chairs_of(db, panel.id):
        if chair_id not in team:
            await sight.show(db, chair_id, proposal_id, CHAIRING, because_chair(panel.id))


async def show_panel_to_chair(db: Db, panel: Panel, chair_id: UUID) -> None:
    """A chair who takes the seat late sees what the panel already has, but for own proposals."""
    own = select(TeamMember.proposal_id).where(TeamMember.person_id == chair_id)
    found = await db.exec(
        select(Assignment.proposal_id)
        .where(
            Assignment.panel_id == panel.id,
            col(Assignment.removed_at).is_(None),
            col(Assignment.proposal_id).not_in(own),
        )
        .distinct()
    )
    for proposal_id in found.all():
        await sight.show(db, chair_id, proposal_id, CHAIRING, because_chair(panel.id))


async def take_seat(db: Db, opening: Opening, panel: Panel, seat: Seat, *, by: Viewer) -> None:
    """Accept an invitation; who chairs sees at once what the panel already reads.

    Here and not in panels, because panels do not know assignments.
    """
    await panels.accept(db, opening, seat, by=by)
    if seat.kind == SeatKind.CHAIR:
        await show_panel_to_chair(db, panel, seat.person_id)


async def take_back_seat(db: Db, opening: Opening, seat: Seat, reason: str, *, by: Viewer) -> int:
    """Take a seat back with every proposal that came with it. Returns how many proposals that were."""
    refusal = rules.why_not_remove(is_removed=False, reason=reason)
    if refusal is not None:
        raise Unprocessable(errors={"reason": refusal})
    await panels.withdraw_seat(db, opening, seat, by=by)
    panel_reads = await _present(db, Assignment.panel_id == seat.panel_id)
    held = [assignment for assignment in panel_reads if assignment.person_id == seat.person_id]
    for assignment in held:
        await remove(db, assignment, opening.call.id, reason, by=by)
    if seat.kind == SeatKind.CHAIR:
        for proposal_id in {assignment.proposal_id for assignment in panel_reads}:
            await sight.withdraw(db, seat.person_id, proposal_id, because_chair(seat.panel_id))
    return len(held)


async def _present(db: Db, *conditions: Any) -> Sequence[Assignment]:
    found = await db.exec(select(Assignment).where(*conditions, col(Assignment.removed_at).is_(None)))
    return found.all()


async def remove(db: Db, assignment: Assignment, call_id: UUID, reason: str | Text, *, by: Viewer) -> None:
    """Take a proposal back from a reviewer. What was written stays in the record; the sight ends now.

    A proposal that nobody of the panel reads any more is not the chair's to see either.
    """
    reason = said(reason)[:300]
    refusal = rules.why_not_remove(is_removed=assignment.removed_at is not None, reason=reason)
    if refusal is not None:
        raise Unprocessable(errors={"reason": refusal}) if not reason else NotNow(refusal)
    assignment.removed_at, assignment.removed_because = clock.now(), reason
    db.add(assignment)
    await db.flush()
    panel_id, proposal_id = assignment.panel_id, assignment.proposal_id
    await sight.withdraw(db, assignment.person_id, proposal_id, because(panel_id))
    if not await _present(db, Assignment.panel_id == panel_id, Assignment.proposal_id == proposal_id):
        for chair_id in await _chairs_of(db, panel_id):
            await sight.withdraw(db, chair_id, proposal_id, because_chair(panel_id))
    await audit.record(db, by, "assignment.removed", assignment, chain=call_id, reason=reason)


async def recuse(
    db: Db, person_id: UUID, proposal: Proposal, *, kind: str, reason: str = "", by: Viewer
) -> None:
    """Declare a conflict and step out of every assignment of that proposal."""
    await panels.declare_conflict(db, person_id, proposal, kind=kind, reason=reason, by=by)
    for assignment in await _present(
        db, Assignment.person_id == person_id, Assignment.proposal_id == proposal.id
    ):
        await remove(db, assignment, proposal.call_id, RECUSED, by=by)


async def stand_aside(
    db: Db,
    person_id: UUID,
    *,
    number: str = "",
    organization_id: UUID | None = None,
    kind: str,
    reason: str = "",
    by: Viewer,
) -> int:
    """Recuse oneself from the proposal with that number, or from all that an organization leads. Returns how many.

    Numbers are drawn at random, and tries are counted: nobody finds out by trying which ones exist.
    """
    await accounts.limit(db, "conflict", str(person_id), TRIES, TRIES_WINDOW)
    found: list[Proposal] = []
    if organization_id is not None:
        found += await panel_queries.proposals_led_by(db, by, organization_id, clock.now())
    one = await panel_queries.proposal_to_declare(db, by, number) if number else None
    if one is not None:
        found.append(one)
    if not found or (number and one is None):
        await accounts.count(db, "conflict", str(person_id))
        raise Unprocessable(errors={"proposal": NOT_THERE})
    for proposal in found:
        await recuse(db, person_id, proposal, kind=kind, reason=reason, by=by)
    return len(found)
