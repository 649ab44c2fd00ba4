import pytest
from sqlmodel import select

from challenge.accounts.models import RoleName, Scope
from challenge.assignments.models import Assignment
from challenge.foundation.db import Db
from challenge.panels.models import Seat, SeatState
from challenge.proposals.models import Facet
from tests.assignments.world import a_token, a_world, in_conflict, now_of, sides_of, stored
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_manager, a_person, with_role
from tests.client import Client

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_assigning_listing_and_taking_away(db: Db, client: Client) -> None:
    world = await a_world(db)
    token = await a_token(db, world.manager)
    await db.commit()
    pair = {"proposalId": str(world.wind.id), "personId": str(world.amina.id)}
    made = await client.api("POST", "/assignments", token, json=pair)
    assert made.status_code == 201
    assert (made.json()["proposal"], made.json()["person"]) == ("AC-WIND2", "Amina Diallo")
    twice = await client.api("POST", "/assignments", token, json=pair)
    assert (twice.status_code, twice.json()["detail"]) == (409, "This person already reviews this proposal.")
    listed = await client.api("GET", "/assignments?call=a-call", token)
    assert [item["id"] for item in listed.json()["items"]] == [made.json()["id"]]
    path = f"/assignments/{made.json()['id']}/removal"
    assert (await client.api("POST", path, token, json={"reason": " "})).status_code == 422
    assert (await client.api("POST", path, token, json={"reason": "ill"})).status_code == 200
    assert (await client.api("POST", path, token, json={"reason": "ill"})).status_code == 404
    assert (await client.api("GET", "/assignments?call=a-call", token)).json() == {"items": []}


async def test_a_conflict_is_refused_with_409(db: Db, client: Client) -> None:
    world = await a_world(db)
    await in_conflict(db, world.amina, world.wind)
    token = await a_token(db, world.manager)
    await db.commit()
    pair = {"proposalId": str(world.wind.id), "personId": str(world.amina.id)}
    refused = await client.api("POST", "/assignments", token, json=pair)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/problems/conflict-of-interest")
    stranger = {"proposalId": str(world.wind.id), "personId": str(world.manager.id)}
    assert (await client.api("POST", "/assignments", token, json=stranger)).status_code == 409
    assert (await stored(client.database, select(Assignment))) == []


async def test_a_list_is_a_plan_until_it_is_applied(db: Db, client: Client) -> None:
    world = await a_world(db)
    await in_conflict(db, world.bruno, world.wind)
    token = await a_token(db, world.manager)
    await db.commit()
    text = f"AC-WIND2,{world.amina.email}\nAC-WIND2,{world.bruno.email}"
    path = "/calls/a-call/assignments/imports"
    plan = await client.api("POST", path, token, json={"text": text})
    assert plan.status_code == 200
    body = plan.json()
    assert [(p["proposal"], p["reviewer"], p["load"], p["maxLoad"]) for p in body["made"]] == [
        ("AC-WIND2", world.amina.email, 1, 2)
    ]
    assert body["leftOut"] == [
        {
            "proposal": "AC-WIND2",
            "reviewer": world.bruno.email,
            "line": 2,
            "why": "A conflict of interest stands between this person and this proposal.",
        }
    ]
    assert (body["isApplied"], body["removed"], body["present"]) == (False, [], [])
    assert (await stored(client.database, select(Assignment))) == []
    applied = await client.api("POST", path, token, json={"text": text, "apply": True})
    assert applied.json() == {**body, "isApplied": True}
    made = (await stored(client.database, select(Assignment)))[0]
    assert (made.proposal_id, made.person_id) == (world.wind.id, world.amina.id)
    unreadable = await client.api("POST", path, token, json={"text": ""})
    assert unreadable.status_code == 422


async def test_what_is_hidden_by_a_conflict_is_unknown(db: Db, client: Client) -> None:
    world = await a_world(db)
    made = await world.given(db, world.wind, world.amina)
    await in_conflict(db, world.manager, world.wind)
    token = await a_token(db, world.manager)
    await db.commit()
    assert (await client.api("GET", "/assignments?call=a-call", token)).json() == {"items": []}
    for hidden in (str(made.id), UNKNOWN):
        answer = await client.api("POST", f"/assignments/{hidden}/removal", token, json={"reason": "x"})
        assert answer.status_code == 404
    answers = [
        await client.api(
            "POST", "/assignments", token, json={"proposalId": p, "personId": str(world.bruno.id)}
        )
        for p in (str(world.wind.id), UNKNOWN)
    ]
    bodies = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in answers]
    assert answers[0].status_code == 404
    assert bodies[0] == bodies[1]
    text = f"AC-SUNN3,{world.amina.email}"
    plan = await client.api(
        "POST",
        "/calls/a-call/assignments/imports",
        token,
        json={"text": text, "replace": True, "apply": True},
    )
    assert plan.json()["removed"] == []
    made = await now_of(client.database, made)
    assert made.removed_at is None


async def test_declaring_a_conflict_ends_the_sight(db: Db, client: Client) -> None:
    world = await a_world(db)
    await world.given(db, world.wind, world.amina)
    token = await a_token(db, world.amina)
    await db.commit()
    wrong = await client.api("POST", "/conflicts", token, json={"proposal": "AC-NEVER", "kind": "family"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "proposal")
    done = await client.api("POST", "/conflicts", token, json={"proposal": "AC-WIND2", "kind": "family"})
    assert done.status_code == 201
    assert [(c["proposal"], c["kind"]) for c in done.json()["items"]] == [("AC-WIND2", "family")]
    assert (await client.api("GET", "/conflicts", token)).json() == done.json()
    assert await sides_of(client.database, world.amina, world.wind) == Facet(0)
    outside = await a_token(db, world.manager)
    await db.commit()
    none = await client.api("POST", "/conflicts", outside, json={"proposal": "AC-WIND2", "kind": "family"})
    assert none.status_code == 404


async def test_taking_a_seat_back(db: Db, client: Client) -> None:
    world = await a_world(db)
    made = await world.given(db, world.wind, world.amina)
    token = await a_token(db, world.manager)
    await db.commit()
    [seat] = await stored(client.database, select(Seat).where(Seat.person_id == world.amina.id))
    done = await client.api("POST", f"/seats/{seat.id}/withdrawal", token, json={"reason": "left"})
    assert done.json() == {"id": str(seat.id), "state": "withdrawn"}
    made = await now_of(client.database, made)
    assert made.removed_because == "left"


@pytest.mark.parametrize(
    ("role", "status"),
    [(RoleName.OBSERVER, 403), (RoleName.REVIEWER, 403), (RoleName.CHAIR, 403), (RoleName.AUDITOR, 403)],
)
async def test_who_does_not_manage_changes_nothing(
    db: Db, client: Client, role: RoleName, status: int
) -> None:
    world = await a_world(db)
    made = await world.given(db, world.wind, world.amina)
    token = await a_token(db, await with_role(db, await a_person(db), role, Scope.CALL, world.call.id))
    await db.commit()
    pair = {"proposalId": str(world.sun.id), "personId": str(world.amina.id)}
    text = {"text": f"AC-SUNN3,{world.amina.email}", "apply": True}
    for method, path, body in (
        ("GET", "/assignments?call=a-call", None),
        ("POST", "/assignments", pair),
        ("POST", f"/assignments/{made.id}/removal", {"reason": "x"}),
        ("POST", "/calls/a-call/assignments/imports", text),
    ):
        assert (await client.api(method, path, token, json=body)).status_code == status, path
    assert len(await stored(client.database, select(Assignment))) == 1


async def test_a_manager_of_another_call_finds_nothing(db: Db, client: Client) -> None:
    world = await a_world(db)
    other, stage = await a_call(db, "another-call")
    made = await world.given(db, world.wind, world.amina)
    await a_seat(db, await a_panel(db, other, stage), state=SeatState.ACCEPTED)
    token = await a_token(db, await a_manager(db, other.id))
    await db.commit()
    pair = {"proposalId": str(world.wind.id), "personId": str(world.amina.id)}
    for method, path, body in (
        ("GET", "/assignments?call=a-call", None),
        ("POST", "/assignments", pair),
        ("POST", f"/assignments/{made.id}/removal", {"reason": "x"}),
        ("POST", "/calls/a-call/assignments/imports", {"text": "x,y"}),
    ):
        assert (await client.api(method, path, token, json=body)).status_code == 404, path
