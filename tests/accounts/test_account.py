"""One's own account: profile, password, sessions, tokens, language; and the fresh proof that grave things ask."""

from datetime import timedelta

import pytest
from sqlmodel import select

from challenge.accounts import passwords
from challenge.accounts.gate import cookie_name
from challenge.accounts.models import Person, RoleName, Session, Token
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from tests.builders.mails import mails_to
from tests.builders.people import a_person, with_role
from tests.client import Client, words_of
from tests.conftest import NOON

PASSWORD = "a whale under the bridge"


@pytest.fixture
async def person(database: Database) -> Person:
    async with database.writing() as db:
        made = await a_person(db, "Amina Okafor", email="amina@example.org")
        made.password_hash = await passwords.hashed(PASSWORD)
        await db.commit()
    return made


async def stored(database: Database) -> Person:
    async with database.reading() as db:
        return (await db.exec(select(Person).where(Person.email == "amina@example.org"))).one()


async def session_keys(database: Database) -> set[str]:
    async with database.reading() as db:
        return set((await db.exec(select(Session.key))).all())


async def test_a_person_changes_name_language_and_zone(
    client: Client, database: Database, person: Person
) -> None:
    await client.sign_in(person.id)
    faulty = await client.post("/account", {"name": "", "language": "xx", "zone": "Mars/Olympus"})
    assert faulty.status_code == 422
    assert "3 things need another look" in words_of(faulty)
    done = await client.post("/account", {"name": "  Amina  O. ", "language": "ar", "zone": "Africa/Nairobi"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    after = await stored(database)
    assert (after.name, after.language, after.zone) == ("Amina O.", "ar", "Africa/Nairobi")
    assert '<html lang="ar" dir="rtl"' in (await client.get("/account")).text


async def test_a_change_of_password_asks_for_the_present_one_and_ends_all_other_sessions(
    client: Client, database: Database, person: Person
) -> None:
    await client.sign_in(person.id)
    async with Client(database) as elsewhere:
        await elsewhere.sign_in(person.id)
        await client.sign_in(person.id)
        wrong = await client.post(
            "/account/password", {"password": "wrong", "new_password": "a heron on a chimney"}
        )
        assert wrong.status_code == 422
        assert "This is not your present password. Nothing was changed." in words_of(wrong)
        before = client.http.cookies[cookie_name()]
        done = await client.post(
            "/account/password", {"password": PASSWORD, "new_password": "a heron on a chimney"}
        )
        assert done.status_code == 303
        after = client.http.cookies[cookie_name()]
        assert before != after
        assert await session_keys(database) == {fingerprint(after)}
        assert (await elsewhere.get("/account")).status_code == 401
    assert (await client.get("/account")).status_code == 200
    assert [m.template for m in await mails_to(database, person.email)] == ["accounts.password_changed"]


async def test_sessions_are_listed_and_ended_one_by_one_or_all(
    client: Client, database: Database, person: Person
) -> None:
    async with Client(database) as phone, Client(database) as library:
        await phone.sign_in(person.id)
        await library.sign_in(person.id)
        await client.sign_in(person.id)
        own = fingerprint(client.http.cookies[cookie_name()])
        other = fingerprint(phone.http.cookies[cookie_name()])
        page = await client.get("/account")
        assert page.text.count("/sign-out") >= 3
        assert own not in page.text
        assert other not in page.text
        ended = await client.post(f"/account/sessions/{other[:16]}/sign-out")
        assert ended.status_code == 303
        assert (await phone.get("/account")).status_code == 401
        assert (await library.get("/account")).status_code == 200
        assert (await client.post(f"/account/sessions/{own[:16]}/sign-out")).status_code == 404
        await client.post("/account/sessions/others/sign-out")
        assert await session_keys(database) == {own}


async def test_nobody_ends_the_session_of_somebody_else(
    client: Client, database: Database, person: Person
) -> None:
    async with database.writing() as db:
        stranger = await a_person(db)
        await db.commit()
    async with Client(database) as victim:
        await victim.sign_in(person.id)
        key = fingerprint(victim.http.cookies[cookie_name()])
        await client.sign_in(stranger.id)
        assert (await client.post(f"/account/sessions/{key[:16]}/sign-out")).status_code == 404
        await client.post("/account/sessions/others/sign-out")
        assert (await victim.get("/account")).status_code == 200


async def test_a_token_is_shown_once_works_and_can_be_revoked(
    client: Client, database: Database, person: Person
) -> None:
    await client.sign_in(person.id)
    faulty = await client.post("/account/tokens", {"name": "", "days": "many"})
    assert faulty.status_code == 422
    assert "You wrote many." in words_of(faulty)
    made = await client.post("/account/tokens", {"name": "report", "days": "30", "scopes": ["account:own"]})
    assert made.status_code == 200
    secret = made.text.split("<code>chl_")[1].split("</code>")[0]
    secret = f"chl_{secret}"
    async with database.reading() as db:
        token = (await db.exec(select(Token))).one()
    assert (token.name, token.scopes, token.token_hash) == ("report", ["account:own"], fingerprint(secret))
    assert secret not in (await client.get("/account/tokens")).text
    assert (await client.api("GET", "/me", secret)).json()["email"] == "amina@example.org"
    await client.post(f"/account/tokens/{token.id}/revocation")
    refused = await client.api("GET", "/me", secret)
    assert refused.status_code == 401
    assert refused.json()["detail"] == "The access token is unknown, expired or revoked."


async def test_a_grave_thing_asks_for_a_fresh_proof_and_keeps_the_form(
    client: Client, database: Database, person: Person
) -> None:
    with clock.stopped(NOON):
        await client.sign_in(person.id)
    wish = {"name": "report", "days": "30", "scopes": ["account:own"]}
    with clock.stopped(NOON + timedelta(minutes=10)):
        assert (await client.post("/account/tokens", wish)).status_code == 200
    with clock.stopped(NOON + timedelta(minutes=10, seconds=1)):
        asked = await client.post("/account/tokens", wish)
        assert asked.status_code == 401
        read = words_of(asked)
        assert "Show once more that it is you" in read
        assert 'value="amina@example.org"' in asked.text
        assert 'name="_held:name" value="report"' in asked.text
        assert 'name="_held_path" value="/account/tokens"' in asked.text
    with clock.stopped(NOON + timedelta(minutes=11)):
        held = {"_held_path": "/account/tokens", **{f"_held:{name}": value for name, value in wish.items()}}
        entered = await client.post("/sign-in", {"email": person.email, "password": PASSWORD, **held})
        assert entered.status_code == 200
        token = entered.text.split('name="_csrf_token" value="')[1].split('"')[0]
        assert (
            await client.http.post("/account/tokens", data={"_csrf_token": token, **wish})
        ).status_code == 200


async def test_the_language_is_remembered_for_the_person_and_the_browser(
    client: Client, database: Database, person: Person
) -> None:
    await client.sign_in(person.id)
    done = await client.post("/language", {"lang": "fr", "next": "/account"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert (await stored(database)).language == "fr"
    assert '<html lang="fr"' in (await client.get("/account")).text
    async with Client(database, "es") as elsewhere:
        await elsewhere.sign_in(person.id)
        assert '<html lang="fr"' in (await elsewhere.get("/account")).text
    assert (await client.post("/language", {"lang": "tlh"})).status_code == 404


async def test_roles_are_listed_with_their_scope(client: Client, database: Database, person: Person) -> None:
    async with database.writing() as db:
        await with_role(db, await db.merge(person), RoleName.OBSERVER)
        await db.commit()
    await client.sign_in(person.id)
    assert "Observer for the whole site" in words_of(await client.get("/account"))
