"""Doors for programs: me, tokens, people; scopes; a POST that is sent twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from challenge.accounts import actions as accounts
from challenge.accounts.api import NewTokenBody
from challenge.accounts.gate import Db, Me
from challenge.accounts.models import IdempotentAnswer, Person, RoleName, Token
from challenge.accounts.permissions import Can
from challenge.foundation import clock
from challenge.foundation.api import api_post
from challenge.foundation.db import Database
from tests.builders.people import a_person, a_viewer, with_role
from tests.client import Client
from tests.conftest import NOON, ON_POSTGRES

ALL = [can.value for can in Can]


async def a_token(database: Database, person: Person, scopes: list[str] = ALL) -> str:
    async with database.writing() as db:
        _token, secret = await accounts.make_token(
            db, person.id, name="tests", scopes=scopes, by=await a_viewer(db, person)
        )
        await db.commit()
    return secret


async def somebody(database: Database, role: RoleName | None = None) -> Person:
    async with database.writing() as db:
        person = await a_person(db, "Amina Okafor", email="amina@example.org")
        if role:
            await with_role(db, person, role)
        await db.commit()
    return person


async def token_count(database: Database) -> int:
    async with database.reading() as db:
        return (await db.exec(select(func.count()).select_from(Token))).one()


async def test_me_tells_who_stands_behind_the_token(client: Client, database: Database) -> None:
    person = await somebody(database, RoleName.MANAGER)
    secret = await a_token(database, person, ["call:manage"])
    answer = await client.api("GET", "/me", secret)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(person.id),
        "name": "Amina Okafor",
        "email": "amina@example.org",
        "language": "en",
        "timeZone": "UTC",
        "isConfirmed": True,
        "roles": [{"name": "manager", "scope": "site"}],
        "scopes": ["call:manage"],
    }


async def test_a_token_without_the_scope_is_told_which(client: Client, database: Database) -> None:
    person = await somebody(database, RoleName.MANAGER)
    secret = await a_token(database, person, ["call:manage"])
    refused = await client.api("GET", "/people?email=a@example.org", secret)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    body = refused.json()
    assert body["type"] == "http://testserver.local/problems/scope-missing"
    assert (body["scope"], body["detail"]) == ("person:read", "This token lacks the scope person:read.")


async def test_a_scope_gives_no_more_than_the_role(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database))
    refused = await client.api("GET", "/people?email=a@example.org", secret)
    assert (refused.status_code, refused.json()["type"][-11:]) == (403, "not-allowed")


async def test_people_are_found_by_their_exact_address_alone(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database, RoleName.MANAGER))
    found = await client.api("GET", "/people?email=Amina@example.org", secret)
    assert [person["name"] for person in found.json()["items"]] == ["Amina Okafor"]
    for email in ("amina", "%", "amina@example", ""):
        assert (await client.api("GET", f"/people?email={email}", secret)).json() == {"items": []}
    assert (await client.api("GET", "/people", secret)).status_code == 400


async def test_a_token_makes_only_weaker_tokens_and_lists_and_revokes_them(
    client: Client, database: Database
) -> None:
    person = await somebody(database, RoleName.MANAGER)
    secret = await a_token(database, person, ["account:own", "call:manage"])
    stronger = await client.api("POST", "/tokens", secret, json={"name": "x", "scopes": ["person:read"]})
    assert stronger.status_code == 403
    faulty = await client.api("POST", "/tokens", secret, json={"name": "", "scopes": [], "days": 0})
    assert faulty.status_code == 422
    assert [error["pointer"] for error in faulty.json()["errors"]] == ["/name", "/scopes", "/days"]
    made = await client.api("POST", "/tokens", secret, json={"name": "report", "scopes": ["account:own"]})
    assert made.status_code == 201
    assert (await client.api("GET", "/me", made.json()["token"])).status_code == 200
    listed = await client.api("GET", "/tokens", secret)
    assert [token["name"] for token in listed.json()["items"]] == ["report", "tests"]
    assert "token" not in listed.json()["items"][0]
    ended = await client.api("POST", f"/tokens/{made.json()['id']}/revocation", secret)
    assert ended.status_code == 200
    assert (await client.api("GET", "/me", made.json()["token"])).status_code == 401


async def test_nobody_sees_or_revokes_the_tokens_of_others(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database))
    async with database.writing() as db:
        other = await a_person(db)
        theirs, _secret = await accounts.make_token(
            db, other.id, name="theirs", scopes=["account:own"], by=await a_viewer(db, other)
        )
        await db.commit()
    assert [t["name"] for t in (await client.api("GET", "/tokens", secret)).json()["items"]] == ["tests"]
    assert (await client.api("POST", f"/tokens/{theirs.id}/revocation", secret)).status_code == 404


# ---------- a POST that is sent twice ----------


async def make(client: Client, secret: str, key: str, name: str = "report", **more: Any) -> Any:
    body = {"name": name, "scopes": ["account:own"]}
    return await client.api("POST", "/tokens", secret, json=body, headers={"idempotency-key": key}, **more)


async def test_the_same_key_and_body_get_the_first_answer_and_have_one_effect(
    client: Client, database: Database
) -> None:
    secret = await a_token(database, await somebody(database))
    first = await make(client, secret, "a1")
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    again = await make(client, secret, "a1")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await token_count(database) == 2
    assert (await make(client, secret, "a2")).json()["id"] != first.json()["id"]
    assert await token_count(database) == 3


async def test_the_same_key_with_another_body_is_refused(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database))
    await make(client, secret, "a1")
    other = await make(client, secret, "a1", name="another")
    assert other.status_code == 422
    assert other.json()["type"] == "http://testserver.local/problems/idempotency-key-reused"
    assert await token_count(database) == 2


async def test_a_key_belongs_to_its_person_and_lives_a_day(client: Client, database: Database) -> None:
    with clock.stopped(NOON):
        secret = await a_token(database, await somebody(database))
        async with database.writing() as db:
            other = await a_person(db)
            await db.commit()
        theirs = await a_token(database, other)
        mine = await make(client, secret, "a1")
        assert (await make(client, theirs, "a1")).json()["id"] != mine.json()["id"]
    with clock.stopped(NOON + timedelta(hours=23, minutes=59)):
        assert (await make(client, secret, "a1")).json()["id"] == mine.json()["id"]
    with clock.stopped(NOON + timedelta(hours=24)):
        later = await make(client, secret, "a1", name="another")
        assert (later.status_code, "idempotency-replayed" in later.headers) == (201, False)


async def test_a_refusal_is_not_kept_so_that_the_same_key_may_try_again(
    client: Client, database: Database
) -> None:
    secret = await a_token(database, await somebody(database))
    refused = await make(client, secret, "a1", name="")
    assert refused.status_code == 422
    assert (await make(client, secret, "a1")).status_code == 201
    assert await token_count(database) == 2


@pytest.mark.parametrize("key", ["x" * 256, "täg", "a\x07b"])
async def test_a_key_that_cannot_be_one_is_refused(client: Client, database: Database, key: str) -> None:
    secret = await a_token(database, await somebody(database))
    body = {"name": "report", "scopes": ["account:own"]}
    answer = await client.api(
        "POST",
        "/tokens",
        secret,
        json=body,
        headers={b"idempotency-key": key.encode()},  # type: ignore[dict-item]
    )
    assert answer.status_code == 422
    assert await token_count(database) == 1


async def test_a_kept_answer_tells_nothing_to_who_reads_the_table(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database))
    made = await make(client, secret, "a1")
    async with database.reading() as db:
        row = (await db.exec(select(IdempotentAnswer))).one()
    assert made.json()["token"] not in str(row.body)
    assert made.json()["id"] not in str(row.body)
    assert row.status == 201


async def test_eight_at_once_have_one_effect(client: Client, database: Database) -> None:
    secret = await a_token(database, await somebody(database))
    answers = await asyncio.gather(*(make(client, secret, "a1") for _copy in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert await token_count(database) == 2
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1
    if ON_POSTGRES:
        assert set(statuses) <= {201, 409}
    else:
        assert statuses == [201] * 8


@api_post("/tests/breaking", needs=Can.OWN_ACCOUNT)
async def breaking(db: Db, me: Me, data: NewTokenBody) -> None:
    """Has its effect, says commit, and then something breaks."""
    assert me.person_id is not None
    await accounts.make_token(db, me.person_id, name=data.name, scopes=data.scopes, by=me)
    await db.commit()
    raise ZeroDivisionError


async def test_an_effect_without_its_answer_is_undone(client: Client, database: Database) -> None:
    """The client cannot know whether it happened, so it sends the same again: the first try must not count."""
    client.app.litestar.register(breaking)  # type: ignore[attr-defined]
    secret = await a_token(database, await somebody(database))
    body = {"name": "report", "scopes": ["account:own"]}
    headers = {"idempotency-key": "a1"}
    answer = await client.api("POST", "/tests/breaking", secret, json=body, headers=headers)
    assert answer.status_code == 500
    assert await token_count(database) == 1
    async with database.reading() as db:
        assert (await db.exec(select(func.count()).select_from(IdempotentAnswer))).one() == 0
