"""Lots, lists and voter groups of a call in the database, and on its pages."""

from typing import Any

import pytest

from challenge.accounts.viewer import for_command
from challenge.foundation.db import Db
from challenge.panels.models import Panel
from challenge.rubrics import actions as rubrics
from challenge.rubrics.definition import from_builtins
from challenge.scoring import actions, queries, records
from tests.assignments.world import a_token, in_conflict
from tests.builders.people import a_viewer
from tests.client import Client, words_of
from tests.scoring.world import RANKED, Ranked, a_ranked_call

LISTED: dict[str, Any] = {**RANKED, "lot": True, "selection": {"top": 2, "reserve": 1}}


@pytest.fixture
async def world(db: Db) -> Ranked:
    return await a_ranked_call(db)


async def judged_by(db: Db, world: Ranked, definition: dict[str, Any]) -> None:
    await rubrics.publish_version(db, world.call.id, world.stage.rubric_code, from_builtins(definition))


async def test_a_lot_is_drawn_when_the_ranking_is_frozen_and_never_a_second_time(
    db: Db, world: Ranked
) -> None:
    await judged_by(db, world, LISTED)
    before = await queries.standing(db, for_command(), world.stage)
    assert [row.place for row in before.result.ranked] == [1, 2, 2]
    assert [row.status for row in before.result.ranked] == [
        "selected",
        "tied-at-the-line",
        "tied-at-the-line",
    ]
    seen = records.digest(records.record_of(before.rubric, before.entries, before.result))
    ranking = await actions.freeze(db, world.stage, seen=seen, by=for_command())
    rows = ranking.record["result"]["rows"]
    assert [row["place"] for row in rows] == [1, 2, 3, None]
    assert [row["listing"] and row["listing"]["status"] for row in rows] == [
        "selected",
        "selected",
        "reserve",
        None,
    ]
    assert len(ranking.record["method"]["seed"]) == 32
    assert await queries.rankings_reproduce(db) == (1, [])
    await actions.open_reviews(db, world.stage, reason="A test.", by=for_command())
    again = await actions.freeze(db, world.stage, by=for_command())
    assert again.n == 2
    assert again.record == ranking.record


async def test_a_rubric_without_a_lot_has_no_seed(db: Db, world: Ranked) -> None:
    ranking = await actions.freeze(db, world.stage, by=for_command())
    assert ranking.record["method"]["seed"] == ""
    assert "country" not in ranking.record["inputs"][0]


async def test_a_list_is_drawn_only_for_who_sees_everybody(db: Db, world: Ranked) -> None:
    await judged_by(db, world, LISTED)
    by = await a_viewer(db, world.manager)
    assert (await queries.standing(db, by, world.stage)).result.chosen is not None
    ranking = await actions.freeze(db, world.stage, by=for_command())
    assert (await queries.snapshot(db, by, ranking)).result.chosen is not None
    await in_conflict(db, world.manager, world.proposals["AC-CCCC"])
    aside = await a_viewer(db, world.manager)
    standing = await queries.standing(db, aside, world.stage)
    assert standing.result.chosen is None
    assert {row.listing for row in standing.result.rows} == {None}
    part = await queries.snapshot(db, aside, ranking)
    assert part.result.chosen is None
    assert [row.key for row in part.result.ranked] == [
        row["key"] for row in ranking.record["result"]["rows"] if row["place"] and row["key"] != "AC-CCCC"
    ]


async def test_a_panel_named_like_a_voter_group_votes_as_that_group(db: Db, world: Ranked) -> None:
    users = Panel(call_id=world.call.id, stage_id=world.stage.id, name="Users of the Service")
    db.add(users)
    await db.flush()
    for (_number, name), made in world.given.items():
        if name == "Bruno Costa":
            made.panel_id = users.id
            db.add(made)
    world.panel.name = "JUDGES"
    db.add(world.panel)
    await db.flush()
    groups = [
        {"code": "judges", "label": {"en": "Experts"}, "share": 75},
        {"code": "users", "label": {"en": "Users of the service"}, "share": 25},
    ]
    await judged_by(db, world, {**RANKED, "aggregation": {"groups": groups}})
    row = (await queries.standing(db, for_command(), world.stage)).result.row("AC-CCCC")
    assert row is not None
    # Amina 5 and 5, Bruno 5 and 4: 0.75 * 100 + 0.25 * 92
    assert row.score == 98
    assert [(group.code, group.score) for group in row.groups] == [("judges", 100), ("users", 92)]


async def test_the_page_shows_the_list_and_every_number_down_to_the_scores(
    db: Db, client: Client, world: Ranked
) -> None:
    await judged_by(db, world, LISTED)
    await db.commit()
    await client.sign_in(world.manager.id)
    shown = words_of(await client.get(f"{world.desk}/ranking"))
    assert "Tied at the line" in shown
    assert "It ties with AC-BBBB, and not all of them fit; somebody has to decide." in shown
    assert "One proposal is selected." in shown
    assert "Who is still equal is parted by lot when the ranking is frozen." in shown
    assert "The first 2 in order come in." in shown and "The next in order stands in reserve." in shown
    rubric = words_of(await client.get(f"{world.desk}/rubric"))
    assert "Equals of whom only some fit are left open, for somebody to decide." in rubric
    one = await client.get(f"{world.desk}/ranking/proposals/{world.proposals['AC-CCCC'].id}")
    assert one.status_code == 200
    words = words_of(one)
    assert "Panel score 96: the mean of 2 reviews" in words
    assert "Relevance: 5 of 5; times 12 it adds 60" in words
    assert "Feasibility: 4.5." in words
    out = await client.get(f"{world.desk}/ranking/proposals/{world.proposals['AC-EEEE'].id}")
    assert out.status_code == 404


async def test_a_hidden_proposal_has_no_page_of_numbers(db: Db, client: Client, world: Ranked) -> None:
    hidden = world.proposals["AC-CCCC"]
    await in_conflict(db, world.manager, hidden)
    await db.commit()
    await client.sign_in(world.manager.id)
    assert (await client.get(f"{world.desk}/ranking/proposals/{hidden.id}")).status_code == 404


async def test_a_program_reads_status_and_reason(db: Db, client: Client, world: Ranked) -> None:
    await judged_by(db, world, LISTED)
    secret = await a_token(db, world.manager)
    await db.commit()
    bearer = {"authorization": f"Bearer {secret}"}
    answer = await client.get(f"/api/v1/calls/{world.call.slug}/ranking", headers=bearer)
    rows = answer.json()["ranking"]["rows"]
    assert [(row["status"], row["reason"]) for row in rows][-1] == (
        "below-threshold",
        "Feasibility: 1.5, at least 2 is asked. Not reached.",
    )
    assert answer.json()["ranking"]["list"] == ["One proposal is selected."]
