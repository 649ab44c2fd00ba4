import pytest

from challenge.accounts.viewer import for_command
from challenge.assignments import plans, queries
from challenge.assignments.plans import Line, Plan
from challenge.foundation.db import Db
from challenge.panels.models import SeatState
from challenge.panels.queries import panels_of
from tests.assignments.world import World, a_world, in_conflict
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_person, a_viewer

pytestmark = pytest.mark.usefixtures("at_noon")
SYSTEM = for_command()


async def planned(db: Db, world: World, *lines: tuple[str, ...], replaces: bool = False) -> Plan:
    field = await queries.field_of(db, await a_viewer(db, world.manager), world.stage)
    listed = await panels_of(db, world.call.id)
    read = [Line(n, *line) for n, line in enumerate(lines, start=1)]
    return plans.from_lines(field, read, listed, replaces=replaces)


def left(plan: Plan) -> list[tuple[int | None, str]]:
    return [(each.line, str(each.why)) for each in plan.left]


async def test_every_line_is_made_there_or_left_out_with_its_sentence(db: Db) -> None:
    world = await a_world(db)
    await world.given(db, world.wind, world.amina)
    await in_conflict(db, world.bruno, world.wind)
    world.coal.is_eligible = False
    _seat, invited = await a_seat(
        db, world.panel, await a_person(db, email="invited@example.org"), state=SeatState.INVITED
    )
    await a_seat(db, world.panel, await a_person(db, email="no@example.org"), state=SeatState.DECLINED)
    await a_seat(db, world.panel, await a_person(db, email="gone@example.org"), state=SeatState.WITHDRAWN)
    plan = await planned(
        db,
        world,
        ("AC-WIND2", world.amina.email),
        ("AC-SUNN3", world.amina.email),
        ("AC-SUNN3", world.amina.email),
        ("AC-WIND2", world.bruno.email),
        ("AC-NEVER", world.bruno.email),
        ("AC-SUNN3", "nobody@example.org"),
        ("AC-SUNN3", invited.email),
        ("AC-SUNN3", "no@example.org"),
        ("AC-SUNN3", "gone@example.org"),
        ("AC-CAAL4", world.bruno.email),
        ("", world.bruno.email),
        ("AC-SUNN3", ""),
        ("AC-SUNN3", "Bruno Costa"),
        ("AC-SUNN3", world.bruno.email, "Water"),
        ("AC-SUNN3", world.chair.email, "energy"),
    )
    assert [(m.proposal.number, m.seat.name, m.load) for m in plan.made] == [
        ("AC-SUNN3", "Amina Diallo", 2),
        ("AC-SUNN3", "Chen Wei", 1),
    ]
    assert [(given.number, given.name) for given in plan.there] == [("AC-WIND2", "Amina Diallo")]
    assert left(plan) == [
        (3, "The same pair stands in line 2 already."),
        (4, "A conflict of interest stands between this person and this proposal."),
        (5, "There is no submitted proposal with the number AC-NEVER in this stage."),
        (6, "Nobody with the address nobody@example.org was invited to a panel of this stage."),
        (7, "invited@example.org has not accepted the invitation yet."),
        (8, "no@example.org declined the invitation."),
        (9, "The seat of gone@example.org was taken back."),
        (10, "This proposal was ruled not eligible; it is not reviewed."),
        (11, "The number of the proposal is missing."),
        (12, "The e-mail of the reviewer is missing."),
        (13, "Use the e-mail of the reviewer. You wrote Bruno Costa."),
        (14, f"{world.bruno.email} does not sit on the panel “Water”."),
    ]


async def test_a_whole_list_takes_away_what_is_not_on_it(db: Db) -> None:
    world = await a_world(db)
    kept = await world.given(db, world.wind, world.amina)
    gone = await world.given(db, world.sun, world.amina)
    lines = [("AC-WIND2", world.amina.email), ("AC-SUNN3", world.bruno.email)]
    plan = await planned(db, world, *lines, replaces=True)
    assert [given.id for given in plan.removed] == [gone.id]
    assert [given.id for given in plan.there] == [kept.id]
    assert [made.load for made in plan.made] == [1]
    assert (await planned(db, world, *lines)).removed == []


async def test_a_whole_list_with_a_wrong_line_takes_nothing_away(db: Db) -> None:
    world = await a_world(db)
    await world.given(db, world.sun, world.amina)
    plan = await planned(
        db, world, ("AC-WIND2", world.amina.email), ("AC-NEVER", world.amina.email), replaces=True
    )
    assert (plan.removed, len(plan.left), len(plan.made)) == ([], 1, 1)


async def test_what_a_conflict_hides_from_the_manager_is_unknown_and_untouched(db: Db) -> None:
    world = await a_world(db)
    hidden = await world.given(db, world.wind, world.amina)
    await in_conflict(db, world.manager, world.wind)
    plan = await planned(db, world, ("AC-SUNN3", world.amina.email), replaces=True)
    assert (plan.removed, [made.load for made in plan.made]) == ([], [1])
    seen = await planned(db, world, ("AC-WIND2", world.bruno.email), ("AC-NEVER", world.bruno.email))
    assert left(seen) == [
        (1, "There is no submitted proposal with the number AC-WIND2 in this stage."),
        (2, "There is no submitted proposal with the number AC-NEVER in this stage."),
    ]
    assert hidden.removed_at is None


async def test_a_person_with_two_seats_is_counted_once_and_the_list_may_name_the_panel(db: Db) -> None:
    world = await a_world(db)
    water = await a_panel(db, world.call, world.stage, "Water")
    await a_seat(db, water, world.amina)
    plan = await planned(db, world, ("AC-WIND2", world.amina.email, "Water"), ("AC-SUNN3", world.amina.email))
    assert [(made.seat.panel_id, made.load) for made in plan.made] == [(water.id, 2), (world.panel.id, 2)]


async def test_a_plan_is_known_again_by_what_it_changes(db: Db) -> None:
    world = await a_world(db)
    one = await planned(db, world, ("AC-WIND2", world.amina.email), ("AC-SUNN3", world.bruno.email))
    other = await planned(db, world, ("AC-SUNN3", world.bruno.email), ("AC-WIND2", world.amina.email))
    less = await planned(db, world, ("AC-SUNN3", world.bruno.email))
    assert one.digest == other.digest != less.digest


async def test_applying_does_all_of_it(db: Db) -> None:
    world = await a_world(db)
    gone = await world.given(db, world.sun, world.amina)
    manager = await a_viewer(db, world.manager)
    plan = await planned(
        db, world, ("AC-WIND2", world.amina.email), ("AC-WIND2", world.bruno.email), replaces=True
    )
    await plans.apply(db, plan, await queries.field_of(db, manager, world.stage), by=manager)
    pairs = {(g.number, g.name) for g in await queries.given(db, manager, world.call.id)}
    assert pairs == {("AC-WIND2", "Amina Diallo"), ("AC-WIND2", "Bruno Costa")}
    assert gone.removed_because == plans.NOT_LISTED
