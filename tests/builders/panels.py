"""The smallest valid panel, and people who sit on it with a role and without a mail."""

from challenge.accounts.models import Person, Scope
from challenge.calls.models import Call, Stage
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.panels.actions import ROLE_OF
from challenge.panels.models import Panel, Seat, SeatKind, SeatState
from tests.builders.people import a_person, with_role


async def a_panel(db: Db, call: Call, stage: Stage, name: str = "A panel") -> Panel:
    panel = Panel(call_id=call.id, stage_id=stage.id, name=name)
    db.add(panel)
    await db.flush()
    return panel


async def a_seat(
    db: Db,
    panel: Panel,
    person: Person | None = None,
    *,
    kind: SeatKind = SeatKind.REVIEWER,
    state: SeatState = SeatState.ACCEPTED,
    max_load: int | None = None,
) -> tuple[Seat, Person]:
    person = person or await a_person(db)
    is_answered = state in (SeatState.ACCEPTED, SeatState.DECLINED)
    seat = Seat(
        panel_id=panel.id,
        person_id=person.id,
        kind=kind,
        state=state,
        max_load=max_load,
        answered_at=clock.now() if is_answered else None,
    )
    db.add(seat)
    if state == SeatState.ACCEPTED:
        await with_role(db, person, ROLE_OF[kind], Scope.PANEL, panel.id)
    await db.flush()
    return seat, person


async def a_reviewer(db: Db, panel: Panel, name: str = "", **more: object) -> Person:
    _seat, person = await a_seat(db, panel, await a_person(db, name), **more)  # type: ignore[arg-type]
    return person
