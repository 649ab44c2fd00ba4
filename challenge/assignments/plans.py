"""What a bulk change would do, as a diff: made, there already, taken away, left out and why. Then apply it whole.

A plan is made from what the viewer sees. What is hidden from the viewer is unknown to it, and stays untouched.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlmodel import col, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments import actions, rules
from challenge.assignments.models import Assignment
from challenge.assignments.queries import Candidate, Field, Given
from challenge.calls.models import Call
from challenge.foundation.db import Db, Table
from challenge.foundation.i18n import Text, _
from challenge.panels.models import Panel, SeatState
from challenge.panels.queries import Seated
from challenge.proposals.models import Proposal

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True)
class Pick:
    proposal_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an uploaded list, as it was written."""

    n: int
    proposal: str
    reviewer: str
    panel: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A pair that will be assigned. `load` is what the person has once the whole plan is applied."""

    proposal: Candidate
    seat: Seated
    load: int = 0

    @property
    def is_over(self) -> bool:
        return rules.is_over(self.load, self.seat.max_load)


@dataclass(frozen=True, slots=True)
class Left:
    """A pair that is left out, with the words that name it and the sentence why."""

    proposal: str
    reviewer: str
    why: Text
    line: int | None = None


@dataclass(slots=True)
class Plan:
    made: list[Made] = field(default_factory=list)
    there: list[Given] = field(default_factory=list)
    removed: list[Given] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.made and not self.removed

    @property
    def digest(self) -> str:
        """Tells whether the plan that is confirmed is still the plan that was shown."""
        changes = [f"+{m.proposal.id}:{m.seat.seat_id}" for m in self.made]
        changes += [f"-{given.id}" for given in self.removed]
        return hashlib.sha256("\n".join(sorted(changes)).encode()).hexdigest()


def from_picks(field: Field, picks: Iterable[Pick]) -> Plan:
    """Pairs that were ticked. A person with two seats gets the proposal for the first panel by name."""
    plan = Plan()
    for pick in picks:
        proposal = field.proposals.get(pick.proposal_id)
        seat = next((seat for seat in field.seats if seat.person_id == pick.person_id), None)
        if proposal is not None and seat is not None:
            _weigh(plan, field, proposal, seat)
        elif proposal is not None:
            refusal = rules.why_not_assign(field.pair(None, proposal))
            plan.left.append(Left(proposal.number, "", refusal or _("This cannot be done now.")))
    return _with_loads(plan, field)


def _weigh(plan: Plan, field: Field, proposal: Candidate, seat: Seated, line: int | None = None) -> None:
    given = field.present.get((seat.person_id, proposal.id))
    if given is not None:
        plan.there.append(given)
        return
    refusal = rules.why_not_assign(field.pair(seat, proposal))
    if refusal is None:
        plan.made.append(Made(proposal, seat))
    else:
        plan.left.append(Left(proposal.number, seat.name if line is None else seat.email, refusal, line))


def _with_loads(plan: Plan, field: Field) -> Plan:
    after = Counter(field.loads)
    after.update(made.seat.person_id for made in plan.made)
    after.subtract(given.person_id for given in plan.removed)
    plan.made = [Made(made.proposal, made.seat, after[made.seat.person_id]) for made in plan.made]
    return plan


def from_lines(
    field: Field, lines: Sequence[Line], panels: Sequence[Panel] = (), *, replaces: bool = False
) -> Plan:
    """An uploaded list. `replaces` also takes away what is not on it, of what the viewer sees.

    A line that cannot be read as a pair takes nothing away by being wrong: as long as there is one, a replacing
    list removes nothing at all.
    """
    plan = Plan()
    numbers = {proposal.number: proposal for proposal in field.proposals.values()}
    first: dict[tuple[str, str], int] = {}
    for line in lines:
        before = first.setdefault((line.proposal, line.reviewer), line.n)
        refusal = _why_not_read(line, before)
        proposal = numbers.get(line.proposal)
        if refusal is None and proposal is None:
            refusal = _(
                "There is no submitted proposal with the number {number} in this stage.", number=line.proposal
            )
        seat = _seat_for(field, line, panels)
        if refusal is None and seat is None:
            refusal = _why_no_seat(field, line)
        if refusal is not None or proposal is None or seat is None:
            plan.left.append(
                Left(line.proposal, line.reviewer, refusal or _("This cannot be done now."), line.n)
            )
            continue
        _weigh(plan, field, proposal, seat, line.n)
    if replaces and not plan.left:
        kept = {given.id for given in plan.there}
        plan.removed = [given for given in field.present.values() if given.id not in kept]
    return _with_loads(plan, field)


def _why_not_read(line: Line, before: int) -> Text | None:
    if not line.proposal:
        return _("The number of the proposal is missing.")
    if not line.reviewer:
        return _("The e-mail of the reviewer is missing.")
    if "@" not in line.reviewer:
        return _("Use the e-mail of the reviewer. You wrote {typed}.", typed=line.reviewer)
    return _("The same pair stands in line {n} already.", n=before) if before != line.n else None


def _seat_for(field: Field, line: Line, panels: Sequence[Panel]) -> Seated | None:
    wanted = {panel.id for panel in panels if panel.name.casefold() == line.panel.casefold()}
    return next(
        (
            seat
            for seat in field.seats
            if seat.email == line.reviewer and (not line.panel or seat.panel_id in wanted)
        ),
        None,
    )


def _why_no_seat(field: Field, line: Line) -> Text:
    state = field.others.get(line.reviewer)
    if state == SeatState.INVITED:
        return _("{email} has not accepted the invitation yet.", email=line.reviewer)
    if state == SeatState.DECLINED:
        return _("{email} declined the invitation.", email=line.reviewer)
    if state == SeatState.WITHDRAWN:
        return _("The seat of {email} was taken back.", email=line.reviewer)
    if any(seat.email == line.reviewer for seat in field.seats):
        return _("{email} does not sit on the panel “{panel}”.", email=line.reviewer, panel=line.panel)
    return _("Nobody with the address {email} was invited to a panel of this stage.", email=line.reviewer)


NOT_LISTED = "not on the uploaded list"


async def apply(db: Db, plan: Plan, field: Field, *, by: Viewer) -> None:
    """Do all of it, by the same verbs as one by one, and tell each reviewer once.

    Each asks its rule again; one refusal undoes the whole.
    """
    call = await db.get_one(Call, field.stage.call_id)
    for given in plan.removed:
        assignment = await db.get(Assignment, given.id)
        if assignment is not None:
            await actions.remove(db, assignment, call.id, NOT_LISTED, by=by)
    proposals = await _by_id(db, Proposal, {made.proposal.id for made in plan.made})
    people = await _by_id(db, Person, {made.seat.person_id for made in plan.made})
    panels = await _by_id(db, Panel, {made.seat.panel_id for made in plan.made})
    every = [
        await actions.assign(
            db,
            proposals[made.proposal.id],
            people[made.seat.person_id],
            panels[made.seat.panel_id],
            field.stage,
            by=by,
        )
        for made in sorted(plan.made, key=lambda each: (each.proposal.id, each.seat.person_id))
    ]
    await actions.tell(db, call, every)


async def _by_id(db: Db, kind: type[T], ids: set[UUID]) -> dict[UUID, T]:
    found = await db.exec(select(kind).where(col(kind.id).in_(ids)))
    return {row.id: row for row in found.all()}
