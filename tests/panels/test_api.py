import pytest
from sqlmodel import select

from challenge.foundation.db import Db
from challenge.mail.models import Message
from challenge.panels.models import Panel, Seat, SeatState
from tests.assignments.world import a_token, a_world, stored
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_manager, a_person
from tests.client import Client


async def test_panels_and_seats(db: Db, client: Client) -> None:
    call, stage = await a_call(db)
    token = await a_token(db, await a_manager(db, call.id))
    await db.commit()
    made = await client.api(
        "POST", "/calls/a-call/panels", token, json={"name": "Energy", "stage": stage.code}
    )
    assert made.status_code == 201
    panel = (await stored(client.database, select(Panel)))[0]
    assert made.json() == {"id": str(panel.id), "name": "Energy", "stage": "proposals"}
    assert (await client.api("GET", "/calls/a-call/panels", token)).json() == {"items": [made.json()]}
    path = f"/panels/{panel.id}/seats"
    typed = {"name": "Dina", "email": "dina@example.org", "kind": "chair", "maxLoad": 5, "language": "ar"}
    invited = await client.api("POST", path, token, json=typed)
    assert invited.status_code == 201
    assert {k: invited.json()[k] for k in ("email", "kind", "state", "maxLoad")} == {
        "email": "dina@example.org",
        "kind": "chair",
        "state": "invited",
        "maxLoad": 5,
    }
    assert len(await stored(client.database, select(Message))) == 1
    listed = (await client.api("GET", path, token)).json()["items"]
    assert [(seat["id"], seat["name"]) for seat in listed] == [(invited.json()["id"], "Dina")]
    wrong = await client.api("POST", path, token, json={"name": "", "email": "x", "maxLoad": 0})
    assert wrong.status_code == 422
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"name", "email", "maxLoad"}
    unknown = await client.api("POST", "/calls/a-call/panels", token, json={"name": "X", "stage": "final"})
    assert unknown.status_code == 422


async def test_answering_an_invitation(db: Db, client: Client) -> None:
    call, stage = await a_call(db)
    panel = await a_panel(db, call, stage)
    seat, person = await a_seat(db, panel, state=SeatState.INVITED)
    token, strange = await a_token(db, person), await a_token(db, await a_person(db))
    await db.commit()
    for path in (f"/seats/{seat.id}/acceptance", f"/seats/{seat.id}/refusal"):
        assert (await client.api("POST", path, strange, json={"reason": "x"})).status_code == 404
    refused = await client.api("POST", f"/seats/{seat.id}/refusal", token, json={"reason": " "})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "reason"
    declined = await client.api("POST", f"/seats/{seat.id}/refusal", token, json={"reason": "on leave"})
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    accepted = await client.api("POST", f"/seats/{seat.id}/acceptance", token)
    assert accepted.json() == {"id": str(seat.id), "state": "accepted"}
    again = await client.api("POST", f"/seats/{seat.id}/acceptance", token)
    assert (again.status_code, again.json()["detail"]) == (409, "You have answered this invitation before.")
    own = (await client.api("GET", "/seats", token)).json()["items"]
    assert [(s["call"], s["state"]) for s in own] == [("a-call", "accepted")]


async def test_a_repeated_key_invites_once(db: Db, client: Client) -> None:
    call, stage = await a_call(db)
    panel = await a_panel(db, call, stage)
    token = await a_token(db, await a_manager(db, call.id))
    await db.commit()
    answers = [
        await client.api(
            "POST",
            f"/panels/{panel.id}/seats",
            token,
            json={"name": "Dina", "email": "dina@example.org"},
            headers={"idempotency-key": "one"},
        )
        for _n in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await stored(client.database, select(Message))) == 1


async def test_expertise(db: Db, client: Client) -> None:
    token = await a_token(db, await a_person(db))
    await db.commit()
    unknown = await client.api("PUT", "/expertise", token, json={"languages": ["en"], "sdgs": ["sdg-99"]})
    assert unknown.status_code == 422
    assert unknown.json()["errors"] == [{"pointer": "sdgs", "message": "The list has no code sdg-99."}]
    given = {"languages": ["en"], "policyAreas": ["enterprise"], "country": "KE"}
    assert (await client.api("PUT", "/expertise", token, json=given)).status_code == 200
    got = (await client.api("GET", "/expertise", token)).json()
    assert {k: got[k] for k in given} == given


@pytest.mark.parametrize("path", ["/panels/{panel}/seats", "/calls/a-call/panels"])
async def test_panels_of_another_call_are_not_found(db: Db, client: Client, path: str) -> None:
    world = await a_world(db)
    other, _stage = await a_call(db, "another-call")
    token = await a_token(db, await a_manager(db, other.id))
    await db.commit()
    path = path.format(panel=world.panel.id)
    assert (await client.api("GET", path, token)).status_code == 404
    body = {"name": "X", "email": "x@example.org", "stage": "proposals"}
    assert (await client.api("POST", path, token, json=body)).status_code == 404
    seat = (await stored(client.database, select(Seat).where(Seat.person_id == world.amina.id)))[0]
    taken = await client.api("POST", f"/seats/{seat.id}/withdrawal", token, json={"reason": "x"})
    assert taken.status_code == 404
