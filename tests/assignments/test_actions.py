import pytest
from sqlmodel import select

from challenge.accounts.models import Person, Role, RoleName, Scope
from challenge.accounts.viewer import Viewer, for_command
from challenge.assignments import actions
from challenge.assignments.models import Assignment
from challenge.calls.models import Blindness
from challenge.calls.queries import opening_of
from challenge.foundation.db import Db
from challenge.foundation.errors import ConflictOfInterest, NotNow, Unprocessable
from challenge.panels import actions as panels
from challenge.panels.models import Seat, SeatKind, SeatState
from challenge.proposals.models import Facet, ProposalState
from challenge.proposals.queries import facets_for, is_seen
from tests.assignments.world import World, a_world, in_conflict
from tests.builders.assignments import a_sent_proposal
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_person, a_viewer

pytestmark = pytest.mark.usefixtures("at_noon")
SYSTEM = for_command()


async def assign(db: Db, world: World, **more: object) -> Assignment:
    given = {
        "proposal": world.wind,
        "person": world.amina,
        "panel": world.panel,
        "stage": world.stage,
        **more,
    }
    return await actions.assign(
        db, given["proposal"], given["person"], given["panel"], given["stage"], by=SYSTEM  # type: ignore[arg-type]
    )  # fmt: skip


async def test_a_reviewer_sees_what_is_assigned_and_a_chair_all_of_the_panel(db: Db) -> None:
    world = await a_world(db)
    await assign(db, world)
    amina, bruno, chair = [await a_viewer(db, p) for p in (world.amina, world.bruno, world.chair)]
    assert await facets_for(db, amina, world.wind.id) == actions.READING | Facet.IDENTITY
    assert await facets_for(db, bruno, world.wind.id) == Facet(0)
    assert await facets_for(db, chair, world.wind.id) == actions.CHAIRING
    assert await facets_for(db, chair, world.sun.id) == Facet(0)


async def test_who_applies_is_hidden_in_a_double_blind_stage(db: Db) -> None:
    world = await a_world(db)
    world.stage.blindness = Blindness.DOUBLE
    await assign(db, world)
    assert await facets_for(db, await a_viewer(db, world.amina), world.wind.id) == actions.READING


async def test_a_conflict_is_refused(db: Db) -> None:
    world = await a_world(db)
    await in_conflict(db, world.amina, world.wind)
    with pytest.raises(ConflictOfInterest):
        await assign(db, world)


async def test_nobody_reviews_an_own_proposal(db: Db) -> None:
    world = await a_world(db)
    own = await a_sent_proposal(db, world.call, world.stage, "AC-OWNER", lead=world.amina)
    with pytest.raises(ConflictOfInterest):
        await assign(db, world, proposal=own)


async def test_a_chair_is_not_shown_the_reviewers_of_an_own_proposal(db: Db) -> None:
    world = await a_world(db)
    own = await a_sent_proposal(db, world.call, world.stage, "AC-OWNER", lead=world.chair)
    await assign(db, world, proposal=own)
    chair = await a_viewer(db, world.chair)
    assert not await is_seen(db, chair, own.id, Facet.REVIEWERS)
    assert not await is_seen(db, chair, own.id, Facet.SCORES)
    assert await is_seen(db, chair, own.id, Facet.BODY)


async def test_other_calls_drafts_and_ruled_out_proposals_are_refused(db: Db) -> None:
    world = await a_world(db)
    other_call, other_stage = await a_call(db, "another-call")
    elsewhere = await a_sent_proposal(db, other_call, other_stage)
    draft = await a_sent_proposal(db, world.call, world.stage, state=ProposalState.DRAFT)
    world.sun.is_eligible = False
    for proposal in (elsewhere, draft, world.sun):
        with pytest.raises(NotNow):
            await assign(db, world, proposal=proposal)
    stranger = await a_person(db)
    with pytest.raises(NotNow):
        await assign(db, world, person=stranger)
    _seat, invited = await a_seat(db, world.panel, state=SeatState.INVITED)
    with pytest.raises(NotNow):
        await assign(db, world, person=invited)


async def test_the_same_pair_twice_is_refused_but_may_come_back_after_a_removal(db: Db) -> None:
    world = await a_world(db)
    made = await assign(db, world)
    with pytest.raises(NotNow):
        await assign(db, world)
    await actions.remove(db, made, world.call.id, "too much", by=SYSTEM)
    again = await assign(db, world)
    assert (again.id, again.removed_at, again.removed_because) == (made.id, None, "")


async def test_a_removal_ends_sight_for_the_reviewer_and_for_a_chair_whose_panel_is_done_with_it(
    db: Db,
) -> None:
    world = await a_world(db)
    first, second = await assign(db, world), await assign(db, world, person=world.bruno)
    amina, chair = await a_viewer(db, world.amina), await a_viewer(db, world.chair)
    await actions.remove(db, first, world.call.id, "ill", by=SYSTEM)
    assert not await is_seen(db, amina, world.wind.id, Facet.EXISTS)
    assert await is_seen(db, chair, world.wind.id, Facet.SCORES)
    await actions.remove(db, second, world.call.id, "ill", by=SYSTEM)
    assert not await is_seen(db, chair, world.wind.id, Facet.EXISTS)


async def test_a_removal_without_a_reason_or_a_second_time_is_refused(db: Db) -> None:
    world = await a_world(db)
    made = await assign(db, world)
    with pytest.raises(Unprocessable):
        await actions.remove(db, made, world.call.id, "", by=SYSTEM)
    await actions.remove(db, made, world.call.id, "ill", by=SYSTEM)
    with pytest.raises(NotNow):
        await actions.remove(db, made, world.call.id, "ill", by=SYSTEM)


async def test_recusal_takes_the_assignment_and_the_sight_at_once(db: Db) -> None:
    world = await a_world(db)
    made = await assign(db, world)
    amina = await a_viewer(db, world.amina)
    await actions.recuse(db, world.amina.id, world.wind, kind="finance", by=amina)
    assert made.removed_because == actions.RECUSED
    assert await facets_for(db, amina, world.wind.id) == Facet(0)


async def test_a_chair_who_takes_the_seat_late_sees_what_the_panel_has(db: Db) -> None:
    world = await a_world(db)
    await assign(db, world)
    await in_conflict(db, world.bruno, world.wind)
    seat, late = await a_seat(db, world.panel, kind=SeatKind.CHAIR, state=SeatState.INVITED)
    viewer = await a_viewer(db, late)
    assert not await is_seen(db, viewer, world.wind.id, Facet.EXISTS)
    await actions.take_seat(db, await opening_of(db, world.call.id), world.panel, seat, by=viewer)
    assert seat.state == SeatState.ACCEPTED
    assert await facets_for(db, viewer, world.wind.id) == actions.CHAIRING
    assert await facets_for(db, viewer, world.sun.id) == Facet(0)
    role = (await db.exec(select(Role).where(Role.person_id == late.id))).one()
    assert (role.name, role.scope, role.scope_id) == (RoleName.CHAIR, Scope.PANEL, world.panel.id)


async def test_taking_a_seat_back_takes_role_assignments_and_sight(db: Db) -> None:
    world = await a_world(db)
    made, other = await assign(db, world), await assign(db, world, person=world.bruno)
    opening = await opening_of(db, world.call.id)
    seat, _person = await a_seat(db, await a_panel(db, world.call, world.stage, "Water"), world.amina)
    elsewhere = await actions.assign(
        db, world.sun, world.amina, await db.get_one(type(world.panel), seat.panel_id), world.stage, by=SYSTEM
    )
    mine = await _seat_of(db, world, world.amina)
    assert await actions.take_back_seat(db, opening, mine, "moved away", by=SYSTEM) == 1
    assert (made.removed_because, other.removed_at, elsewhere.removed_at) == ("moved away", None, None)
    amina = await a_viewer(db, world.amina)
    assert not await is_seen(db, amina, world.wind.id, Facet.EXISTS)
    assert await is_seen(db, amina, world.sun.id, Facet.BODY)
    assert {role.scope_id for role in amina.roles} == {seat.panel_id}


async def _seat_of(db: Db, world: World, person: Person) -> Seat:
    return (
        await db.exec(select(Seat).where(Seat.panel_id == world.panel.id, Seat.person_id == person.id))
    ).one()


async def test_a_chair_who_loses_the_seat_sees_nothing_of_the_panel(db: Db) -> None:
    world = await a_world(db)
    await assign(db, world)
    await assign(db, world, proposal=world.sun, person=world.chair)
    seat = await _seat_of(db, world, world.chair)
    await actions.take_back_seat(db, await opening_of(db, world.call.id), seat, "left", by=SYSTEM)
    chair = await a_viewer(db, world.chair)
    assert await facets_for(db, chair, world.wind.id) == Facet(0)
    assert await facets_for(db, chair, world.sun.id) == Facet(0)


async def test_standing_aside_by_number_or_by_organization(db: Db) -> None:
    world = await a_world(db)
    amina = await a_viewer(db, world.amina)
    assert await stand_aside(db, world, amina, number="AC-WIND2") == 1
    assert not await is_seen(db, amina, world.wind.id, Facet.EXISTS)
    world.stage.closes_at = world.stage.opens_at
    db.add(world.stage)
    await db.flush()
    assert await stand_aside(db, world, amina, organization_id=world.sun.organization_id) == 1
    with pytest.raises(ConflictOfInterest):
        await assign(db, world, proposal=world.sun)


async def stand_aside(db: Db, world: World, who: Viewer, **what: object) -> int:
    return await actions.stand_aside(db, who.person_id, kind="rivalry", by=who, **what)  # type: ignore[arg-type]


async def test_a_number_of_another_call_a_draft_and_nonsense_get_the_same_answer(db: Db) -> None:
    world = await a_world(db)
    other_call, other_stage = await a_call(db, "another-call")
    await a_sent_proposal(db, other_call, other_stage, "AC-OTHER")
    await a_sent_proposal(db, world.call, world.stage, "AC-DRAFT", state=ProposalState.DRAFT)
    amina = await a_viewer(db, world.amina)
    said = set()
    for number in ("AC-OTHER", "AC-DRAFT", "AC-NEVER"):
        with pytest.raises(Unprocessable) as refusal:
            await stand_aside(db, world, amina, number=number)
        said.add(str(refusal.value.errors["proposal"]))
    assert len(said) == 1


async def test_a_conflict_with_an_own_proposal_does_not_take_it_from_the_team(db: Db) -> None:
    world = await a_world(db)
    own = await a_sent_proposal(db, world.call, world.stage, "AC-OWNER", lead=world.amina)
    amina = await a_viewer(db, world.amina)
    with pytest.raises(Unprocessable):
        await panels.declare_conflict(db, world.amina.id, own, kind="employment", by=amina)
    assert await is_seen(db, amina, own.id, Facet.BODY)
