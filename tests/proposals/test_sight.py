"""Who belongs to a team sees what the team sees, whatever else they are or were."""

import pytest

from challenge.accounts.models import RoleName
from challenge.audit.queries import entries_of
from challenge.desk.record import _is_about, hidden_ids
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound
from challenge.notices.queries import addressed
from challenge.panels.queries import conflicted_pairs
from challenge.proposals import sight
from challenge.proposals.actions import join_team
from challenge.proposals.models import Facet
from challenge.proposals.queries import facets_for, seen_from_outside
from challenge.proposals.rules import EVERYTHING, TEAM_FACETS
from challenge.reviews import queries as reviews
from tests.assignments.world import World, a_world, in_conflict
from tests.builders.decisions import a_decided_call
from tests.builders.people import a_manager, a_viewer, with_role
from tests.builders.reviews import a_submitted_review


@pytest.fixture
async def world(db: Db) -> World:
    return await a_world(db)


async def test_a_reviewer_who_joins_the_team_loses_the_reviewers_sight(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    kept = await world.given(db, world.sun, world.amina)
    other = await world.given(db, world.wind, world.bruno)
    await a_submitted_review(db, given, world.amina)
    await a_submitted_review(db, other, world.bruno)
    me = await a_viewer(db, world.amina)
    assert len(await reviews.submitted_reviews(db, me, world.wind.id, world.stage.id)) == 2

    await join_team(db, world.wind, world.amina.id)
    assert await facets_for(db, me, world.wind.id) == TEAM_FACETS
    assert [one.number for one in await reviews.queue_of(db, me)] == [world.sun.number]
    assert (await reviews.place_of(db, me, world.stage.id, kept.id)).of == 1
    assert await reviews.submitted_reviews(db, me, world.wind.id, world.stage.id) == []
    with pytest.raises(NotFound):
        await reviews.the_sheet(db, me, given.id)


async def test_a_chair_who_joins_the_team_reads_no_review_of_it(db: Db, world: World) -> None:
    await world.given(db, world.wind, world.amina)
    me = await a_viewer(db, world.chair)
    assert await facets_for(db, me, world.wind.id) & Facet.REVIEWERS
    await join_team(db, world.wind, world.chair.id)
    assert await facets_for(db, me, world.wind.id) == TEAM_FACETS


@pytest.mark.parametrize("role", [RoleName.MANAGER, RoleName.ADMINISTRATOR, RoleName.AUDITOR])
async def test_staff_see_of_their_own_what_the_team_sees(db: Db, world: World, role: RoleName) -> None:
    me = await a_viewer(db, await with_role(db, world.bruno, role))
    await join_team(db, world.wind, world.bruno.id)
    assert await facets_for(db, me, world.wind.id) == TEAM_FACETS
    assert await facets_for(db, me, world.sun.id) == EVERYTHING
    seen = set((await db.exec(seen_from_outside(me, Facet.EXISTS))).all())
    assert seen == {world.sun.id, world.coal.id}


async def test_a_denial_shuts_out_the_team_too(db: Db, world: World) -> None:
    await join_team(db, world.wind, world.amina.id)
    await sight.deny(db, world.amina.id, world.wind.id, "a denial")
    assert await facets_for(db, await a_viewer(db, world.amina), world.wind.id) == Facet(0)


async def test_staff_do_not_learn_who_stands_aside_from_their_own(db: Db, world: World) -> None:
    await in_conflict(db, world.amina, world.wind)
    me = await a_viewer(db, world.manager)
    assert len(await conflicted_pairs(db, me, world.call.id)) == 1
    await join_team(db, world.wind, world.manager.id)
    assert await conflicted_pairs(db, me, world.call.id) == set()


async def test_the_record_tells_staff_nothing_about_their_own(db: Db, world: World) -> None:
    await world.given(db, world.wind, world.amina)
    await world.given(db, world.sun, world.amina)
    me = await a_viewer(db, world.manager)
    await join_team(db, world.wind, world.manager.id)
    hidden = await hidden_ids(db, me)
    made = [e for e in await entries_of(db, world.call.id) if e.event == "assignment.made"]
    shown = [entry for entry in made if not _is_about(entry, hidden)]
    assert [entry.facts and entry.facts["proposal"] for entry in shown] == [str(world.sun.id)]


async def test_staff_do_not_read_the_letter_about_their_own(db: Db) -> None:
    made = await a_decided_call(db)
    person = await a_manager(db, made.opening.call.id)
    me = await a_viewer(db, person)
    assert len(await addressed(db, me, made.stage.id)) == 3
    await join_team(db, made.proposals[0], person.id)
    left = [one.proposal_id for one in await addressed(db, me, made.stage.id)]
    assert sorted(left, key=str) == sorted((one.id for one in made.proposals[1:]), key=str)
