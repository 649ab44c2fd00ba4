"""Nothing typed is lost, without JavaScript, when the session, the token or the database is gone."""

import re
from html import unescape
from typing import Any

from sqlmodel import select

from challenge.accounts import passwords
from challenge.accounts.gate import cookie_name
from challenge.accounts.models import Person
from challenge.app import build
from challenge.foundation.db import Database
from challenge.settings import Settings
from tests.builders.mails import link_in_last_mail
from tests.builders.people import a_person
from tests.client import BASE, Client, words_of

PASSWORD = "a whale under the bridge"
STORY = 'First line\r\nsecond <b>line</b> & "quotes" \' 雪 مرحبا\r\n' + "word " * 30_000
# a name that stands twice, an empty value, a button, and the fields of the profile form
TYPED: dict[str, Any] = {
    "name": "Amina O'Kafor <x>",
    "language": "fr",
    "zone": "Africa/Nairobi",
    "story": STORY,
    "theme": ["energy", "water"],
    "empty": "",
    "go": "save",
}
EXPECTED = [
    ("name", "Amina O'Kafor <x>"),
    ("language", "fr"),
    ("zone", "Africa/Nairobi"),
    ("story", STORY),
    ("theme", "energy"),
    ("theme", "water"),
    ("empty", ""),
    ("go", "save"),
]

_INPUT = re.compile(r"<input\b[^>]*>|<textarea\b[^>]*>.*?</textarea>", re.S)


def form_on(page: str, action: str) -> list[tuple[str, str]]:
    """The fields of the form with this action, as a browser would send them."""
    whole = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.S)
    assert whole is not None, f"no form to {action}"
    fields = []
    for tag in _INPUT.findall(whole[1]):
        name = re.search(r'name="([^"]*)"', tag)
        if name is None:
            continue
        if tag.startswith("<textarea"):
            # a browser drops the first line end and sends the others as CRLF
            value = tag.partition(">")[2].removesuffix("</textarea>").removeprefix("\n")
            value = unescape(value).replace("\r\n", "\n").replace("\n", "\r\n")
        else:
            found = re.search(r'value="([^"]*)"', tag)
            value = unescape(found[1]) if found else ""
        fields.append((unescape(name[1]), value))
    return fields


def typed_fields(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if name != "_csrf_token"]


async def send(client: Client, path: str, fields: list[tuple[str, str]], **changed: str) -> Any:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    data.update({name: [value] for name, value in changed.items()})
    return await client.http.post(path, data=data)


async def a_member(database: Database) -> Person:
    async with database.writing() as db:
        person = await a_person(db, "Amina Okafor", email="amina@example.org")
        person.password_hash = await passwords.hashed(PASSWORD)
        await db.commit()
    return person


async def stored_name(database: Database) -> tuple[str, str, str]:
    async with database.reading() as db:
        person = (await db.exec(select(Person).where(Person.email == "amina@example.org"))).one()
        return person.name, person.language, person.zone


async def a_lost_session(client: Client, database: Database) -> Person:
    """Signed in, the page open, then the session is ended elsewhere."""
    person = await a_member(database)
    await client.sign_in(person.id)
    secret, token = client.http.cookies[cookie_name()], client.csrf
    async with Client(database) as elsewhere:
        await elsewhere.sign_in(person.id)
        await elsewhere.post("/account/sessions/others/sign-out")
    client.http.cookies.set(cookie_name(), secret, domain="testserver.local")
    client.csrf = token
    return person


async def test_a_form_sent_after_the_session_ended_is_sent_again_after_signing_in(
    client: Client, database: Database
) -> None:
    person = await a_lost_session(client, database)
    refused = await client.post("/account", TYPED)
    assert refused.status_code == 401
    assert "Your session has ended. What you typed is kept on this page." in words_of(refused)
    fields = form_on(refused.text, "/sign-in")
    held = [(n.removeprefix("_held:"), v) for n, v in fields if n.startswith("_held:")]
    assert held == EXPECTED
    assert ("_held_path", "/account") in fields

    # a wrong password loses nothing either
    wrong = await send(client, "/sign-in", fields, email=person.email, password="wrong")
    assert wrong.status_code == 422
    fields = form_on(wrong.text, "/sign-in")
    assert [(n.removeprefix("_held:"), v) for n, v in fields if n.startswith("_held:")] == EXPECTED

    entered = await send(client, "/sign-in", fields, email=person.email, password=PASSWORD)
    assert entered.status_code == 200
    assert "You are signed in. Nothing you typed is lost" in words_of(entered)
    assert "Send what you typed" in words_of(entered)
    again = form_on(entered.text, "/account")
    assert typed_fields(again) == EXPECTED
    assert await stored_name(database) == ("Amina Okafor", "en", "UTC")

    done = await send(client, "/account", again)
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert await stored_name(database) == ("Amina O'Kafor <x>", "fr", "Africa/Nairobi")


async def test_a_form_sent_without_any_cookie_is_kept_too(client: Client, database: Database) -> None:
    """A browser that was closed in between has dropped its session cookie."""
    await a_member(database)
    refused = await client.post("/account?tab=2", TYPED)
    assert refused.status_code == 401
    fields = form_on(refused.text, "/sign-in")
    assert ("_held_path", "/account?tab=2") in fields
    assert [(n.removeprefix("_held:"), v) for n, v in fields if n.startswith("_held:")] == EXPECTED


async def test_who_signs_in_by_a_mailed_link_comes_back_to_what_was_typed(
    client: Client, database: Database
) -> None:
    person = await a_lost_session(client, database)
    refused = await client.post("/account", TYPED)
    sent = await send(
        client, "/sign-in/link", form_on(refused.text, "/sign-in"), email=person.email, how="sign_in"
    )
    assert sent.status_code == 200
    waiting = form_on(sent.text, "/sign-in/held")
    path = await link_in_last_mail(database, person.email)
    assert (await client.form(path, path, {})).status_code == 303
    back = await send(client, "/sign-in/held", waiting)
    assert back.status_code == 200
    again = form_on(back.text, "/account")
    assert typed_fields(again) == EXPECTED
    assert (await send(client, "/account", again)).status_code == 303
    assert (await stored_name(database))[2] == "Africa/Nairobi"


async def test_who_presses_go_on_before_signing_in_keeps_the_text(client: Client, database: Database) -> None:
    person = await a_lost_session(client, database)
    refused = await client.post("/account", TYPED)
    sent = await send(client, "/sign-in/link", form_on(refused.text, "/sign-in"), email=person.email)
    early = await send(client, "/sign-in/held", form_on(sent.text, "/sign-in/held"))
    fields = form_on(early.text, "/sign-in")
    assert [(n.removeprefix("_held:"), v) for n, v in fields if n.startswith("_held:")] == EXPECTED


async def test_a_form_of_an_older_session_is_sent_again_with_one_press(
    client: Client, database: Database
) -> None:
    person = await a_member(database)
    await client.sign_in(person.id)
    old = client.csrf
    await client.sign_in(person.id)
    refused = await client.http.post("/account", data={"_csrf_token": old, **TYPED})
    assert refused.status_code == 403
    assert "Send it again" in words_of(refused)
    again = form_on(refused.text, "/account")
    assert typed_fields(again) == EXPECTED
    assert (await send(client, "/account", again)).status_code == 303
    assert (await stored_name(database))[0] == "Amina O'Kafor <x>"


async def test_a_foreign_form_is_refused_and_never_given_back(client: Client, database: Database) -> None:
    person = await a_member(database)
    await client.sign_in(person.id)
    for headers in ({"origin": "https://evil.example"}, {"origin": BASE, "sec-fetch-site": "cross-site"}):
        refused = await client.post("/account", TYPED, headers=headers)
        assert refused.status_code == 403
        assert "This form was sent from another site, so nothing was done." in words_of(refused)
        assert "Africa/Nairobi" not in refused.text
    assert await stored_name(database) == ("Amina Okafor", "en", "UTC")


async def test_a_database_that_is_down_keeps_the_form(database: Database, tmp_path: Any) -> None:
    person = await a_member(database)
    async with Client(database) as client:
        await client.sign_in(person.id)
        broken = build(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
        whole, client.http._transport.app = client.http._transport.app, broken  # type: ignore[attr-defined]
        refused = await client.post("/account", TYPED)
        assert refused.status_code == 503
        assert "The database does not answer." in words_of(refused)
        again = form_on(refused.text, "/account")
        assert typed_fields(again) == EXPECTED
        client.http._transport.app = whole  # type: ignore[attr-defined]
        assert (await send(client, "/account", again)).status_code == 303
    assert (await stored_name(database))[2] == "Africa/Nairobi"


async def test_a_multipart_form_keeps_its_texts_and_names_its_files(
    client: Client, database: Database
) -> None:
    await a_lost_session(client, database)
    refused = await client.http.post(
        "/account",
        data={"_csrf_token": client.csrf, "name": "Amina", "theme": ["energy", "water"]},
        files={"letter": ("letter of support.pdf", b"%PDF-1.7", "application/pdf")},
    )
    assert refused.status_code == 401
    fields = form_on(refused.text, "/sign-in")
    held = [(n.removeprefix("_held:"), v) for n, v in fields if n.startswith("_held:")]
    assert held == [("name", "Amina"), ("theme", "energy"), ("theme", "water")]
    assert "Choose these again afterwards: letter of support.pdf" in words_of(refused)


async def test_a_password_is_never_kept_on_a_page(client: Client, database: Database) -> None:
    await a_lost_session(client, database)
    refused = await client.post(
        "/account/password", {"password": PASSWORD, "new_password": "another whale at sea"}
    )
    assert refused.status_code == 401
    assert PASSWORD not in refused.text
    assert "another whale" not in refused.text


async def test_what_was_held_is_sent_only_to_a_path_of_ours(client: Client, database: Database) -> None:
    await a_member(database)
    for path in ("https://evil.example/", "//evil.example/x", "/\\evil.example", "/\t/evil.example"):
        done = await client.form(
            "/sign-in",
            "/sign-in",
            {"email": "amina@example.org", "password": PASSWORD, "_held_path": path, "_held:a": "b"},
        )
        assert (done.status_code, done.headers["location"]) == (303, "/proposals")
        client.sign_out()
