"""One call under review: three proposals, two reviewers and a chair on a panel, a manager. Everything that could leak."""

from dataclasses import dataclass
from typing import Any, TypeVar

from challenge.accounts import actions as accounts
from challenge.accounts.models import Person
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import for_command
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Stage
from challenge.foundation.db import Database, Db, Table
from challenge.panels import actions as panels
from challenge.panels.models import Panel, SeatKind
from challenge.proposals.models import Facet, Proposal
from challenge.proposals.queries import facets_for
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_reviewer, a_seat
from tests.builders.people import a_manager, a_person, a_viewer

T = TypeVar("T", bound=Table)


@dataclass
class World:
    call: Call
    stage: Stage
    panel: Panel
    manager: Person
    amina: Person
    bruno: Person
    chair: Person
    wind: Proposal
    sun: Proposal
    coal: Proposal

    @property
    def desk(self) -> str:
        return f"/desk/calls/{self.call.slug}/assignments"

    @property
    def panels(self) -> str:
        return f"/desk/calls/{self.call.slug}/panels"

    async def given(self, db: Db, proposal: Proposal, person: Person) -> Assignment:
        return await an_assignment(db, proposal, person, self.panel, self.stage)


async def a_world(db: Db, slug: str = "a-call") -> World:
    call, stage = await a_call(db, slug)
    panel = await a_panel(db, call, stage, "Energy")
    manager = await a_manager(db, call.id)
    amina = await a_reviewer(db, panel, "Amina Diallo", max_load=2)
    bruno = await a_reviewer(db, panel, "Bruno Costa")
    _seat, chair = await a_seat(db, panel, await a_person(db, "Chen Wei"), kind=SeatKind.CHAIR)
    lead = await a_person(db, "Lead Applicant")
    wind = await a_sent_proposal(
        db,
        call,
        stage,
        "AC-WIND2",
        title="Wind with a wage floor",
        organization="Windward Cooperative",
        lead=lead,
    )
    sun = await a_sent_proposal(
        db, call, stage, "AC-SUNN3", title="Sun for schools", organization="Sunrise Union"
    )
    coal = await a_sent_proposal(
        db, call, stage, "AC-CAAL4", title="After the coal", organization="Shaft Nine"
    )
    return World(call, stage, panel, manager, amina, bruno, chair, wind, sun, coal)


async def in_conflict(db: Db, person: Person, proposal: Proposal) -> None:
    await panels.declare_conflict(db, person.id, proposal, kind="family", by=for_command())


async def stored(database: Database, statement: Any) -> list[Any]:
    """What another session finds now; the session of the test would hold the right to write."""
    async with database.reading() as db:
        return list((await db.exec(statement)).all())


async def now_of(database: Database, row: T) -> T:
    """The row as it stands in the database now."""
    async with database.reading() as db:
        return await db.get_one(type(row), row.id)


async def sides_of(database: Database, person: Person, proposal: Proposal) -> Facet:
    async with database.reading() as db:
        return await facets_for(db, await a_viewer(db, person), proposal.id)


ALL_SCOPES = [can.value for can in Can]


async def a_token(db: Db, person: Person) -> str:
    _token, secret = await accounts.make_token(
        db, person.id, name="tests", scopes=ALL_SCOPES, by=for_command()
    )
    return secret
