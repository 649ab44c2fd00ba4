from decimal import Decimal

import pytest

from challenge.accounts.models import RoleName, Scope
from challenge.accounts.viewer import for_command
from challenge.foundation.db import Db
from challenge.proposals.models import ProposalState
from challenge.scoring import actions, queries, records
from challenge.scoring.explanation import explain, explain_excluded
from challenge.scoring.ranking import Standing
from tests.assignments.world import in_conflict
from tests.builders.people import a_person, a_viewer, with_role
from tests.scoring.world import Ranked, a_ranked_call


@pytest.fixture
async def world(db: Db) -> Ranked:
    return await a_ranked_call(db)


async def test_the_standing_has_places_thresholds_and_ties_in_words(db: Db, world: Ranked) -> None:
    found = await queries.standing(db, await a_viewer(db, world.manager), world.stage)
    rows = [(row.key, row.place, row.score) for row in found.result.rows]
    assert rows == [
        ("AC-CCCC", 1, Decimal(96)),
        ("AC-AAAA", 2, Decimal(76)),
        ("AC-BBBB", 2, Decimal(76)),
        ("AC-DDDD", None, Decimal(72)),
    ]
    assert found.open_reviews == 0
    shared, below = found.result.row("AC-AAAA"), found.result.row("AC-DDDD")
    assert shared is not None and below is not None
    assert [str(sentence) for sentence in explain(shared)][-2:] == [
        "Equal with AC-BBBB, also in “Relevance” (4).",
        "Nothing parts it from AC-BBBB, so they share the place.",
    ]
    assert below.standing == Standing.BELOW_THRESHOLD
    assert "Feasibility: 1.5, at least 2 is asked. Not reached." in [str(s) for s in explain(below)]
    assert [(one.key, str(explain_excluded(one))) for one in found.result.excluded] == [
        ("AC-EEEE", "Not ranked. Founded too late for this call.")
    ]


async def test_a_conflicted_manager_gets_places_without_a_gap(db: Db, world: Ranked) -> None:
    await actions.freeze(db, world.stage, by=await a_viewer(db, world.manager))
    await in_conflict(db, world.manager, world.proposals["AC-CCCC"])
    viewer = await a_viewer(db, world.manager)
    expected = [("AC-AAAA", 1), ("AC-BBBB", 1), ("AC-DDDD", None)]
    found = await queries.standing(db, viewer, world.stage)
    assert [(row.key, row.place) for row in found.result.rows] == expected
    ranking = await queries.newest_ranking(db, world.stage.id)
    assert ranking is not None
    snapshot = await queries.snapshot(db, viewer, ranking)
    assert [(row.key, row.place) for row in snapshot.result.rows] == expected
    assert (snapshot.hidden, snapshot.is_whole) == (1, False)
    assert not await queries.sees_all(db, viewer, world.stage)


async def test_what_is_hidden_may_change_and_nothing_shown_moves(db: Db, world: Ranked) -> None:
    """Whatever place the hidden proposal has, somebody who stands aside reads the same."""
    await in_conflict(db, world.manager, world.proposals["AC-CCCC"])
    viewer = await a_viewer(db, world.manager)
    before = await queries.standing(db, viewer, world.stage)
    world.proposals["AC-CCCC"].state = ProposalState.WITHDRAWN
    db.add(world.proposals["AC-CCCC"])
    await db.flush()
    assert await queries.standing(db, viewer, world.stage) == before


@pytest.mark.parametrize(
    ("role", "count"),
    [(RoleName.MANAGER, 5), (RoleName.OBSERVER, 5), (RoleName.AUDITOR, 5), (None, 0)],
)
async def test_who_sees_the_standing(db: Db, world: Ranked, role: RoleName | None, count: int) -> None:
    person = await a_person(db)
    if role:
        await with_role(db, person, role, Scope.CALL, world.call.id)
    found = await queries.standing(db, await a_viewer(db, person), world.stage)
    assert len(found.listed) == count


async def test_reviewers_and_chairs_see_no_standing(db: Db, world: Ranked) -> None:
    assert (await queries.standing(db, await a_viewer(db, world.amina), world.stage)).listed == {}


async def test_a_review_of_an_assignment_taken_back_does_not_count(db: Db, world: Ranked) -> None:
    await in_conflict(db, world.amina, world.proposals["AC-CCCC"])
    from challenge.assignments import actions as assignments

    made = world.given["AC-CCCC", "Amina Diallo"]
    await assignments.remove(db, made, world.call.id, "a test", by=for_command())
    found = await queries.standing(db, for_command(), world.stage)
    row = found.result.row("AC-CCCC")
    assert row is not None and (row.review_count, row.score) == (1, Decimal(92))


async def test_frozen_rankings_are_computed_again_and_a_changed_record_is_found(
    db: Db, world: Ranked
) -> None:
    ranking = await actions.freeze(db, world.stage, by=for_command())
    assert records.is_reproduced(ranking.record)
    assert await queries.rankings_reproduce(db) == (1, [])
    changed = {**ranking.record, "inputs": ranking.record["inputs"][1:]}
    ranking.record = changed
    db.add(ranking)
    await db.flush()
    assert await queries.rankings_reproduce(db) == (
        1,
        [f"ranking {ranking.id}: the record is not the one that was frozen"],
    )
    ranking.digest = records.digest(changed)
    db.add(ranking)
    await db.flush()
    assert (await queries.rankings_reproduce(db))[1] == [
        f"ranking {ranking.id}: computing again gives other numbers"
    ]
