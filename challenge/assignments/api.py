"""Assignments, seats taken and given back, conflicts, for programs: the same verbs as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar.params import FromQuery, JSONBody

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.models import Person
from challenge.assignments import actions, inputs, plans, queries
from challenge.calls import queries as calls
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.api import Body, Items, api_get, api_post
from challenge.foundation.errors import NotAllowed, NotFound, NotNow, Unprocessable
from challenge.foundation.i18n import _
from challenge.panels import inputs as panel_inputs
from challenge.panels import queries as panels
from challenge.panels.models import SeatState
from challenge.proposals import queries as proposals
from challenge.proposals.models import Facet


class AssignmentOut(Body):
    id: UUID
    proposal_id: UUID
    proposal: str
    person_id: UUID
    person: str
    panel_id: UUID
    assigned_at: datetime


class AssignmentIn(Body):
    """`panel_id` is needed only where the person sits on several panels of the stage."""

    proposal_id: UUID
    person_id: UUID
    panel_id: UUID | None = None


class RemovalIn(Body):
    reason: str


class ImportIn(Body):
    """`text` is CSV: `proposal,reviewer[,panel]`, the number and the e-mail. `replace` also takes away the rest."""

    text: str
    stage: str = ""
    replace: bool = False
    apply: bool = False


class PairOut(Body):
    proposal: str
    reviewer: str
    load: int | None = None
    max_load: int | None = None


class LeftOut(Body):
    proposal: str
    reviewer: str
    why: str
    line: int | None = None


class PlanOut(Body, omit_defaults=False):
    made: list[PairOut]
    present: list[PairOut]
    removed: list[PairOut]
    left_out: list[LeftOut]
    digest: str
    is_applied: bool


class SeatAnswered(Body):
    id: UUID
    state: str


class ConflictIn(Body):
    proposal: str
    kind: str
    reason: str = ""


class ConflictOut(Body):
    proposal: str
    kind: str
    declared_at: datetime
    reason: str = ""


def _out(given: queries.Given) -> AssignmentOut:
    return AssignmentOut(
        id=given.id,
        proposal_id=given.proposal_id,
        proposal=given.number,
        person_id=given.person_id,
        person=given.name,
        panel_id=given.panel_id,
        assigned_at=given.assigned_at,
    )


@api_get("/assignments", needs=Can.MANAGE_REVIEWS)
async def assignments(db: Db, me: Me, call: FromQuery[str]) -> Items[AssignmentOut]:
    """Who reviews what in a call, named by its slug, as far as the asker may know."""
    opening = await calls.the_desk_call(db, me, call, Can.MANAGE_REVIEWS)
    return Items(items=[_out(given) for given in await queries.given(db, me, opening.call.id)])


@api_post("/assignments", needs=Can.MANAGE_REVIEWS, status=201)
async def assign(db: Db, me: Me, data: JSONBody[AssignmentIn]) -> AssignmentOut:
    """Give a proposal to a reviewer. A conflict of interest is refused with 409."""
    proposal = await proposals.the_proposal(db, me, data.proposal_id, Facet.REVIEWERS)
    opening = await _managed(db, me, proposal.call_id)
    stage = proposals.stage_of(opening, proposal)
    person = await db.get(Person, data.person_id)
    seats = [
        seat
        for seat in await panels.seated(db, opening.call.id, stage_id=stage.id, sitting=True)
        if seat.person_id == data.person_id and data.panel_id in (None, seat.panel_id)
    ]
    if person is None or not seats:
        raise NotNow(_("This person has no accepted seat on a panel of this call."))
    panel = await panels.the_panel(db, opening.call.id, seats[0].panel_id)
    made = await actions.assign(db, proposal, person, panel, stage, by=me)
    await actions.tell(db, opening.call, [made])
    await db.commit()
    return AssignmentOut(
        id=made.id,
        proposal_id=proposal.id,
        proposal=proposal.number,
        person_id=person.id,
        person=person.name,
        panel_id=panel.id,
        assigned_at=made.assigned_at,
    )


async def _managed(db: Db, me: Me, call_id: UUID) -> Opening:
    opening = await calls.opening_of(db, call_id)
    if not me.can(Can.MANAGE_REVIEWS, call_id=call_id, programme_id=opening.programme.id):
        raise NotAllowed
    return opening


@api_post("/assignments/{assignment_id:uuid}/removal", needs=Can.MANAGE_REVIEWS)
async def remove(db: Db, me: Me, assignment_id: FromPath[UUID], data: JSONBody[RemovalIn]) -> AssignmentOut:
    """Take a proposal back from a reviewer, with the reason. Its sight ends at once."""
    assignment, given = await queries.the_assignment(db, me, assignment_id)
    proposal = await proposals.the_proposal(db, me, given.proposal_id, Facet.REVIEWERS)
    await _managed(db, me, proposal.call_id)
    await actions.remove(db, assignment, proposal.call_id, data.reason.strip(), by=me)
    await db.commit()
    return _out(given)


@api_post("/calls/{slug:str}/assignments/imports", needs=Can.MANAGE_REVIEWS)
async def import_list(db: Db, me: Me, slug: FromPath[str], data: JSONBody[ImportIn]) -> PlanOut:
    """What a list would change, and with `apply` the change itself. Wrong lines are left out and say why."""
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    stage = _stage(opening, data.stage)
    upload = inputs.read_list(data.text)
    field = await queries.field_of(db, me, stage)
    listed = await panels.panels_of(db, opening.call.id)
    plan = plans.from_lines(field, upload.lines, listed, replaces=data.replace)
    if data.apply:
        await plans.apply(db, plan, field, by=me)
        await db.commit()
    return _plan_out(plan, is_applied=data.apply)


def _stage(opening: Opening, code: str) -> Stage:
    begun = [stage for stage in opening.stages if stage.opens_at <= clock.now()]
    wanted = [stage for stage in opening.stages if stage.code == code] if code else begun[-1:]
    if not wanted:
        raise Unprocessable(errors={"stage": _("This call has no such stage.")})
    return wanted[0]


def _plan_out(plan: plans.Plan, *, is_applied: bool) -> PlanOut:
    return PlanOut(
        made=[
            PairOut(
                proposal=made.proposal.number,
                reviewer=made.seat.email,
                load=made.load,
                max_load=made.seat.max_load,
            )
            for made in plan.made
        ],
        present=[PairOut(proposal=given.number, reviewer=given.name) for given in plan.there],
        removed=[PairOut(proposal=given.number, reviewer=given.name) for given in plan.removed],
        left_out=[
            LeftOut(proposal=left.proposal, reviewer=left.reviewer, why=str(left.why), line=left.line)
            for left in plan.left
        ],
        digest=plan.digest,
        is_applied=is_applied,
    )


@api_post("/seats/{seat_id:uuid}/acceptance", needs=Can.OWN_ACCOUNT)
async def accept(db: Db, me: Me, seat_id: FromPath[UUID]) -> SeatAnswered:
    """Accept an invitation; the role comes with it, for this panel alone."""
    seat, panel, call = await panels.own_seat(db, me, seat_id)
    await actions.take_seat(db, await calls.opening_of(db, call.id), panel, seat, by=me)
    await db.commit()
    return SeatAnswered(id=seat.id, state=seat.state.value)


@api_post("/seats/{seat_id:uuid}/withdrawal", needs=Can.MANAGE_REVIEWS)
async def take_back_seat(db: Db, me: Me, seat_id: FromPath[UUID], data: JSONBody[RemovalIn]) -> SeatAnswered:
    """Take a seat back with every proposal that came with it."""
    seat = await panels.seat_of(db, seat_id)
    _panel, opening = await panels.the_desk_panel(db, me, seat.panel_id)
    await actions.take_back_seat(db, opening, seat, data.reason.strip(), by=me)
    await db.commit()
    return SeatAnswered(id=seat.id, state=SeatState.WITHDRAWN.value)


@api_get("/conflicts", needs=Can.OWN_ACCOUNT)
async def conflicts(db: Db, me: Me) -> Items[ConflictOut]:
    """The conflicts that one declared: numbers and kinds, nothing of the proposals."""
    return Items(
        items=[
            ConflictOut(proposal=own.number, kind=own.kind, reason=own.reason, declared_at=own.declared_at)
            for own in await panels.own_conflicts(db, me)
        ]
    )


@api_post("/conflicts", needs=Can.OWN_ACCOUNT, status=201)
async def declare(db: Db, me: Me, data: JSONBody[ConflictIn]) -> Items[ConflictOut]:
    """Stand aside from a proposal, named by its number. Nothing of it is seen from this moment on."""
    if me.person_id is None or not await panels.may_declare(db, me):
        raise NotFound
    typed = panel_inputs.Declared.of(data.proposal, data.kind, data.reason)
    if typed.errors:
        raise Unprocessable(errors=typed.errors)
    try:
        await actions.stand_aside(
            db, me.person_id, number=typed.number, kind=typed.kind, reason=typed.reason, by=me
        )
    except Unprocessable:
        await db.commit()
        raise
    await db.commit()
    return Items(
        items=[
            ConflictOut(proposal=own.number, kind=own.kind, reason=own.reason, declared_at=own.declared_at)
            for own in await panels.own_conflicts(db, me)
            if own.number == typed.number
        ]
    )


doors: list[Any] = [
    assignments,
    assign,
    remove,
    import_list,
    accept,
    take_back_seat,
    conflicts,
    declare,
]
