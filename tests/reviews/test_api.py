from decimal import Decimal

import pytest
from sqlmodel import select

from challenge.foundation.db import Db
from challenge.reviews.models import Score
from tests.assignments.world import World, a_token, a_world, in_conflict, stored
from tests.builders.reviews import WORDS, a_submitted_review
from tests.client import Client


@pytest.fixture
async def world(db: Db) -> World:
    return await a_world(db)


async def test_a_program_scores_submits_and_then_reads_the_others(
    db: Db, client: Client, world: World
) -> None:
    own = await world.given(db, world.wind, world.amina)
    other = await world.given(db, world.wind, world.bruno)
    await a_submitted_review(db, other, world.bruno, 2, 5, "Bruno doubts it.")
    token = await a_token(db, world.amina)
    await db.commit()
    [item] = (await client.api("GET", "/reviews", token)).json()["items"]
    assert (item["id"], item["proposal"], item["state"], item["isToDo"]) == (
        str(own.id),
        "AC-WIND2",
        "open",
        True,
    )

    path = f"/reviews/{own.id}"
    empty = (await client.api("GET", path, token)).json()
    assert (empty["others"], sorted(empty["missing"])) == (
        [],
        ["feasibility", "relevance", "remark:applicant"],
    )
    early = await client.api("POST", f"{path}/submission", token)
    assert early.status_code == 422
    assert {error["pointer"] for error in early.json()["errors"]} == set(empty["missing"])

    body = {
        "scores": {"relevance": "4", "feasibility": 3},
        "remarks": {"applicant": WORDS},
        "confidence": "high",
    }
    saved = (await client.api("PUT", f"{path}/scores", token, json=body)).json()
    assert (saved["scores"], saved["total"], saved["missing"]) == (
        {"relevance": "4", "feasibility": "3"},
        "72",
        {},
    )
    assert saved["versions"] == {"relevance": 1, "feasibility": 1, "remark:applicant": 1, "confidence": 1}

    done = (await client.api("POST", f"{path}/submission", token)).json()
    assert (done["state"], done["overall"]) == ("submitted", "72")
    assert [(one["scores"], one["remarks"]["applicant"]) for one in done["others"]] == [
        ({"relevance": "2", "feasibility": "5"}, "Bruno doubts it.")
    ]
    assert done["others"][0]["reviewer"] in ("A", "B")
    late = await client.api("PUT", f"{path}/scores", token, json=body)
    assert (late.status_code, late.json()["title"]) == (409, "Not now")


async def test_a_stale_or_wrong_score_is_refused_and_the_rest_is_kept(
    db: Db, client: Client, world: World
) -> None:
    own = await world.given(db, world.wind, world.amina)
    token = await a_token(db, world.amina)
    await db.commit()
    path = f"/reviews/{own.id}/scores"
    wrong = await client.api("PUT", path, token, json={"scores": {"relevance": 4, "feasibility": "many"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"] == [
        {"pointer": "feasibility", "message": "Use a number from 1 to 5. You wrote many."}
    ]
    stale = await client.api("PUT", path, token, json={"scores": {"relevance": 1, "feasibility": 2}})
    assert stale.status_code == 409
    clash = stale.json()["clash"]["relevance"]
    assert (clash["yours"], clash["theirs"], clash["version"]) == ("1", "4", 1)
    found = await stored(client.database, select(Score.criterion, Score.value))
    assert dict(found) == {"relevance": Decimal(4), "feasibility": Decimal(2)}


async def test_standing_aside_and_strangers_get_404(db: Db, client: Client, world: World) -> None:
    own = await world.given(db, world.wind, world.amina)
    amina, bruno = await a_token(db, world.amina), await a_token(db, world.bruno)
    await db.commit()
    path = f"/reviews/{own.id}"
    assert (await client.api("GET", path, bruno)).status_code == 404
    refused = await client.api("POST", f"{path}/recusal", amina, json={"kind": "other"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "reason")
    assert (await client.api("POST", f"{path}/recusal", amina, json={"kind": "rivalry"})).status_code == 204
    assert (await client.api("GET", "/reviews", amina)).json() == {"items": []}
    assert (await client.api("GET", path, amina)).status_code == 404


async def test_a_chair_reopens_and_a_conflicted_one_does_not(db: Db, client: Client, world: World) -> None:
    own = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, own, world.amina)
    chair, manager = await a_token(db, world.chair), await a_token(db, world.manager)
    await db.commit()
    path = f"/reviews/{own.id}/reopening"
    assert (await client.api("POST", path, manager, json={"reason": "x"})).status_code == 403
    assert (await client.api("POST", path, chair, json={"reason": "Look again."})).status_code == 204
    assert (await client.api("POST", path, chair, json={"reason": "Look again."})).status_code == 409
    await in_conflict(db, world.chair, world.wind)
    await db.commit()
    assert (await client.api("POST", path, chair, json={"reason": "Look again."})).status_code == 404
