"""The ways in: sign-up, confirmation, password, mailed link, limits; and that none tells who has an account."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts import passwords
from challenge.accounts.gate import cookie_name
from challenge.accounts.models import Link, LinkPurpose, Person, RoleName, Session
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from tests.builders.mails import link_in_last_mail, mails_to
from tests.builders.people import a_person, with_role
from tests.client import Client, words_of
from tests.conftest import NOON

PASSWORD = "a whale under the bridge"
NEW = {
    "name": "Amina Okafor",
    "email": "amina@example.org",
    "password": PASSWORD,
    "language": "en",
    "zone": "UTC",
}


async def a_member(database: Database, email: str = "amina@example.org", **more: object) -> Person:
    async with database.writing() as db:
        person = await a_person(db, "Amina Okafor", email=email, **more)  # type: ignore[arg-type]
        person.password_hash = await passwords.hashed(PASSWORD)
        await db.commit()
    return person


async def sessions(database: Database) -> list[Session]:
    async with database.reading() as db:
        return list((await db.exec(select(Session))).all())


async def the_person(database: Database, email: str = "amina@example.org") -> Person:
    async with database.reading() as db:
        return (await db.exec(select(Person).where(Person.email == email))).one()


def plain(text: str) -> str:
    """A page without what differs in every answer."""
    text = re.sub(r'name="_csrf_token" value="[^"]*"', "", text)
    return re.sub(r"<code>[0-9a-f]{12}</code>", "", text)


# ---------- signing up ----------


async def test_a_new_person_signs_up_confirms_in_the_same_browser_and_is_signed_in(
    client: Client, database: Database
) -> None:
    made = await client.form("/sign-up", "/sign-up", {**NEW, "next": "/calls/a-call"})
    assert made.status_code == 200
    assert "A message to amina@example.org is on its way" in words_of(made)
    person = await the_person(database)
    assert (person.name, person.email_confirmed_at) == ("Amina Okafor", None)
    assert await sessions(database) == []

    path = await link_in_last_mail(database, person.email)
    shown = await client.get(path)
    assert "Confirm the address" in words_of(shown)
    assert 'name="password"' not in shown.text
    done = await client.form(path, path, {})
    assert (done.status_code, done.headers["location"]) == (303, "/calls/a-call")
    assert (await the_person(database)).email_confirmed_at is not None
    assert [s.person_id for s in await sessions(database)] == [person.id]
    assert (await client.get("/account")).status_code == 200


async def test_a_confirmation_in_another_browser_asks_for_the_password(
    client: Client, database: Database
) -> None:
    """Else somebody could make an account for another's address and wait until its owner confirms it."""
    await client.form("/sign-up", "/sign-up", NEW)
    path = await link_in_last_mail(database, "amina@example.org")
    async with Client(database) as other:
        assert 'name="password"' in (await other.get(path)).text
        refused = await other.form(path, path, {"password": "another sentence altogether"})
        assert refused.status_code == 422
        assert "This is not the password with which the account was made." in words_of(refused)
        assert (await the_person(database)).email_confirmed_at is None
        done = await other.form(path, path, {"password": PASSWORD})
        assert done.status_code == 303
    assert (await the_person(database)).email_confirmed_at is not None


async def test_a_password_set_by_a_stranger_goes_when_the_owner_comes_in_by_mail(
    client: Client, database: Database
) -> None:
    await client.form("/sign-up", "/sign-up", NEW)
    person = await the_person(database)
    async with database.writing() as db:
        await with_role(db, person, RoleName.REVIEWER)
        link = await accounts.make_link(db, person, LinkPurpose.INVITATION, next="/panels/1")
        await db.commit()
    path = f"/links/{accounts.link_secret(link.id)}"
    async with Client(database) as owner:
        done = await owner.form(path, path, {})
        assert (done.status_code, done.headers["location"]) == (303, "/panels/1")
    refused = await client.form("/sign-in", "/sign-in", {"email": person.email, "password": PASSWORD})
    assert refused.status_code == 422
    assert (await the_person(database)).password_hash is None


async def test_signing_up_with_a_taken_address_looks_the_same_and_tells_the_owner_by_mail(
    client: Client, database: Database
) -> None:
    await a_member(database, "taken@example.org")
    free = await client.form("/sign-up", "/sign-up", {**NEW, "email": "nobody@example.org"})
    taken = await client.form("/sign-up", "/sign-up", {**NEW, "email": "taken@example.org"})
    assert free.status_code == taken.status_code == 200
    assert plain(free.text).replace("nobody@", "X@") == plain(taken.text).replace("taken@", "X@")
    assert [c.name for c in free.cookies.jar] == [c.name for c in taken.cookies.jar]
    assert [m.template for m in await mails_to(database, "taken@example.org")] == ["accounts.address_in_use"]
    assert [m.template for m in await mails_to(database, "nobody@example.org")] == ["accounts.confirm"]


async def test_a_faulty_sign_up_keeps_what_was_typed_but_not_the_password(client: Client) -> None:
    answer = await client.form("/sign-up", "/sign-up", {**NEW, "password": "short", "email": "no address"})
    assert answer.status_code == 422
    read = words_of(answer)
    assert "2 things need another look" in read
    assert "You wrote no address." in read
    assert "Use at least 12 characters." in read
    assert 'value="Amina Okafor"' in answer.text
    assert "short" not in answer.text.replace("is-short", "")


# ---------- password ----------


async def test_the_right_password_opens_a_new_session(client: Client, database: Database) -> None:
    person = await a_member(database)
    done = await client.form(
        "/sign-in",
        "/sign-in",
        {"email": " Amina@Example.org ", "password": PASSWORD, "next": "/proposals/1?a=b"},
    )
    assert (done.status_code, done.headers["location"]) == (303, "/proposals/1?a=b")
    secret = client.http.cookies[cookie_name()]
    assert [(s.key, s.person_id) for s in await sessions(database)] == [(fingerprint(secret), person.id)]


async def test_wrong_password_and_unknown_address_get_the_same_answer(
    client: Client, database: Database
) -> None:
    await a_member(database)
    known = await client.form("/sign-in", "/sign-in", {"email": "amina@example.org", "password": "wrong"})
    unknown = await client.form("/sign-in", "/sign-in", {"email": "ghost@example.org", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422
    assert "Address and password do not belong together" in words_of(known)
    assert plain(known.text).replace("amina@", "X@") == plain(unknown.text).replace("ghost@", "X@")
    assert await sessions(database) == []


async def test_an_account_that_was_switched_off_looks_like_a_wrong_password(
    client: Client, database: Database
) -> None:
    await a_member(database)
    async with database.writing() as db:
        person = (await db.exec(select(Person))).one()
        person.is_active = False
        await db.commit()
    answer = await client.form("/sign-in", "/sign-in", {"email": "amina@example.org", "password": PASSWORD})
    assert answer.status_code == 422


async def test_five_tries_are_free_then_the_wait_doubles_to_a_quarter_of_an_hour(
    client: Client, database: Database
) -> None:
    await a_member(database)

    async def wrong() -> tuple[int, str | None]:
        answer = await client.form(
            "/sign-in", "/sign-in", {"email": "amina@example.org", "password": "wrong"}
        )
        return answer.status_code, answer.headers.get("retry-after")

    moment = NOON
    with clock.stopped(moment):
        assert [await wrong() for _try in range(5)] == [(422, None)] * 5
    for wait in (2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        with clock.stopped(moment + timedelta(seconds=wait - 1)):
            assert await wrong() == (429, "2"), wait
        moment += timedelta(seconds=wait)
        with clock.stopped(moment):
            assert (await wrong())[0] == 422, wait
    with clock.stopped(moment + timedelta(seconds=5)):
        waiting = await client.form(
            "/sign-in", "/sign-in", {"email": "amina@example.org", "password": PASSWORD}
        )
        assert waiting.status_code == 429
        assert "Too many tries for this address" in words_of(waiting)
    with clock.stopped(moment + timedelta(seconds=901)):
        right = await client.form(
            "/sign-in", "/sign-in", {"email": "amina@example.org", "password": PASSWORD}
        )
        assert right.status_code == 303


async def test_an_unknown_address_is_slowed_down_like_a_known_one(client: Client, database: Database) -> None:
    await a_member(database)
    with clock.stopped(NOON):
        for email in ("amina@example.org", "ghost@example.org"):
            tries = [
                (await client.form("/sign-in", "/sign-in", {"email": email, "password": "wrong"})).status_code
                for _try in range(6)
            ]
            assert tries == [422] * 5 + [429]


# ---------- sessions ----------


async def test_an_unknown_session_id_is_never_adopted(client: Client, database: Database) -> None:
    await a_member(database)
    client.http.cookies.set(cookie_name(), "chosen-by-an-attacker", domain="testserver.local")
    shown = await client.get("/sign-in")
    assert cookie_name() + "=" not in ";".join(shown.headers.get_list("set-cookie"))
    await client.form("/sign-in", "/sign-in", {"email": "amina@example.org", "password": PASSWORD})
    kept = [s.key for s in await sessions(database)]
    assert fingerprint("chosen-by-an-attacker") not in kept
    assert len(kept) == 1


async def test_signing_in_again_changes_the_id_and_ends_the_old_session(
    client: Client, database: Database
) -> None:
    person = await a_member(database)
    await client.sign_in(person.id)
    before = client.http.cookies[cookie_name()]
    done = await client.post("/sign-in", {"email": person.email, "password": PASSWORD})
    after = client.http.cookies[cookie_name()]
    assert done.status_code == 303
    assert before != after
    assert [s.key for s in await sessions(database)] == [fingerprint(after)]


async def test_signing_out_ends_the_session_and_clears_what_the_browser_kept(
    client: Client, database: Database
) -> None:
    person = await a_member(database)
    await client.sign_in(person.id)
    done = await client.post("/sign-out")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert done.headers["clear-site-data"] == '"cache", "storage"'
    assert await sessions(database) == []
    assert (await client.get("/account")).status_code == 401


@pytest.mark.parametrize(
    ("role", "idle", "absolute"),
    [
        (None, timedelta(hours=12), timedelta(days=14)),
        (RoleName.REVIEWER, timedelta(hours=4), timedelta(hours=24)),
        (RoleName.MANAGER, timedelta(hours=1), timedelta(hours=12)),
    ],
)
async def test_a_session_ends_after_its_idle_and_its_absolute_time(
    client: Client, database: Database, role: RoleName | None, idle: timedelta, absolute: timedelta
) -> None:
    with clock.stopped(NOON):
        person = await a_member(database)
        if role:
            async with database.writing() as db:
                await with_role(db, person, role)
                await db.commit()
        await client.sign_in(person.id)
    step = idle - timedelta(minutes=1)
    moment = NOON
    while moment + step <= NOON + absolute:
        moment += step
        with clock.stopped(moment):
            assert (await client.get("/account")).status_code == 200, moment
    with clock.stopped(NOON + absolute + timedelta(seconds=1)):
        assert (await client.get("/account")).status_code == 401
    with clock.stopped(NOON):
        await client.sign_in(person.id)
    with clock.stopped(NOON + idle + timedelta(seconds=1)):
        assert (await client.get("/account")).status_code == 401


async def test_the_eleventh_session_ends_the_oldest(client: Client, database: Database) -> None:
    person = await a_member(database)
    for minute in range(11):
        with clock.stopped(NOON + timedelta(minutes=minute)):
            await client.sign_in(person.id)
    begun = sorted(s.created_at for s in await sessions(database))
    assert begun == [NOON + timedelta(minutes=n) for n in range(1, 11)]


# ---------- links ----------


async def test_a_link_signs_in_once_and_looking_at_it_does_no_harm(
    client: Client, database: Database
) -> None:
    person = await a_member(database)
    asked = await client.form("/sign-in", "/sign-in/link", {"email": person.email, "next": "/proposals"})
    assert asked.status_code == 200
    path = await link_in_last_mail(database, person.email)
    for _look in range(3):
        assert (await client.get(path)).status_code == 200
        assert (await client.http.head(path)).status_code == 200
    assert (await client.get(path)).headers["referrer-policy"] == "no-referrer"
    assert await sessions(database) == []
    done = await client.form(path, path, {})
    assert (done.status_code, done.headers["location"]) == (303, "/proposals")
    assert len(await sessions(database)) == 1
    for again in (await client.get(path), await client.post(path)):
        assert again.status_code in (403, 410)
    async with Client(database) as other:
        used = await other.get(path)
        assert used.status_code == 410
        assert "This link was used before." in words_of(used)
        assert 'href="/sign-in/link"' in used.text


async def test_an_expired_and_an_unknown_link_say_so(client: Client, database: Database) -> None:
    with clock.stopped(NOON):
        person = await a_member(database)
        await client.form("/sign-in", "/sign-in/link", {"email": person.email})
    path = await link_in_last_mail(database, person.email)
    with clock.stopped(NOON + timedelta(minutes=9, seconds=59)):
        assert (await client.get(path)).status_code == 200
    with clock.stopped(NOON + timedelta(minutes=10)):
        late = await client.get(path)
        assert late.status_code == 410
        assert "This link expired on 1 February 2027, 12:10 UTC." in words_of(late)
        assert (await client.form("/sign-in", path, {})).status_code == 410
    unknown = await client.get("/links/no-such-secret")
    assert unknown.status_code == 410
    assert "This link is not known here." in words_of(unknown)
    assert await sessions(database) == []


async def test_asking_for_a_link_says_the_same_for_every_address(client: Client, database: Database) -> None:
    await a_member(database)
    known = await client.form("/sign-in", "/sign-in/link", {"email": "amina@example.org"})
    unknown = await client.form("/sign-in", "/sign-in/link", {"email": "ghost@example.org"})
    assert plain(known.text).replace("amina@", "X@") == plain(unknown.text).replace("ghost@", "X@")
    assert len(await mails_to(database, "amina@example.org")) == 1
    assert await mails_to(database, "ghost@example.org") == []


@pytest.mark.parametrize("email", ["amina@example.org", "ghost@example.org"])
async def test_three_links_in_a_quarter_of_an_hour(client: Client, database: Database, email: str) -> None:
    await a_member(database)
    with clock.stopped(NOON):
        asked = [await client.form("/sign-in", "/sign-in/link", {"email": email}) for _time in range(4)]
    assert [a.status_code for a in asked] == [200, 200, 200, 429]
    with clock.stopped(NOON + timedelta(minutes=15, seconds=1)):
        assert (await client.form("/sign-in", "/sign-in/link", {"email": email})).status_code == 200


async def test_a_reset_link_sets_a_password_and_ends_all_sessions(client: Client, database: Database) -> None:
    person = await a_member(database)
    async with Client(database) as elsewhere:
        await elsewhere.sign_in(person.id)
        asked = await client.form(
            "/sign-in/link?how=reset", "/sign-in/link", {"email": person.email, "how": "reset"}
        )
        assert "within 30 minutes" in words_of(asked)
        path = await link_in_last_mail(database, person.email)
        weak = await client.form(path, path, {"password": "amina okafor"})
        assert weak.status_code == 422
        done = await client.form(path, path, {"password": "a heron on the chimney"})
        assert done.status_code == 303
        assert (await elsewhere.get("/account")).status_code == 401
    assert len(await sessions(database)) == 1
    client.sign_out()
    old = await client.form("/sign-in", "/sign-in", {"email": person.email, "password": PASSWORD})
    assert old.status_code == 422
    new = await client.form(
        "/sign-in", "/sign-in", {"email": person.email, "password": "a heron on the chimney"}
    )
    assert new.status_code == 303
    assert [m.template for m in await mails_to(database, person.email)][-1] == "accounts.password_changed"


async def test_the_database_holds_no_secret_of_a_link_or_a_session(
    client: Client, database: Database
) -> None:
    person = await a_member(database)
    await client.form("/sign-in", "/sign-in/link", {"email": person.email})
    path = await link_in_last_mail(database, person.email)
    secret = path.rpartition("/")[2]
    message = (await mails_to(database, person.email))[-1]
    async with database.reading() as db:
        link = (await db.exec(select(Link))).one()
    assert secret not in message.text + message.html + link.token_hash
    assert link.token_hash == fingerprint(secret)
