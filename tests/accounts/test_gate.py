"""The guard of all doors: whose form it is, what a role allows, where a redirect may lead, which language is spoken."""

import pytest
from sqlmodel import select

from challenge.accounts.gate import csrf_for
from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.permissions import MATRIX, OWN, Can, matrix_rows
from challenge.accounts.viewer import HeldRole, Viewer
from challenge.foundation.db import Database
from challenge.foundation.ids import new_id
from challenge.foundation.web import accepted_language, own_path
from tests.builders.people import a_person
from tests.client import Client, words_of


@pytest.fixture
async def person(database: Database) -> Person:
    async with database.writing() as db:
        made = await a_person(db, "Amina Okafor", email="amina@example.org")
        await db.commit()
    return made


CHANGE = {"name": "Changed", "language": "en", "zone": "UTC"}


async def name_of(database: Database, person: Person) -> str:
    async with database.reading() as db:
        return (await db.exec(select(Person.name).where(Person.id == person.id))).one()


# ---------- forms of others ----------


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("own", {}, 303),
        ("own", {"sec-fetch-site": "same-origin"}, 303),
        ("own", {"sec-fetch-site": "none"}, 303),
        ("own", {"sec-fetch-site": "same-origin", "origin": "null"}, 303),
        ("", {}, 403),
        ("foreign", {}, 403),
        ("before", {}, 403),
        ("own", {"origin": "https://evil.example"}, 403),
        ("own", {"origin": "http://testserver.local.evil.example"}, 403),
        ("own", {"origin": "null"}, 403),
        ("own", {"sec-fetch-site": "cross-site"}, 403),
        ("own", {"sec-fetch-site": "same-site"}, 403),
    ],
)
async def test_a_form_counts_only_from_our_page_and_of_this_session(
    client: Client, database: Database, person: Person, token: str, headers: dict[str, str], status: int
) -> None:
    await client.sign_in(person.id)
    client.http.cookies.set("before", "known-to-somebody", domain="testserver.local")
    tokens = {
        "own": client.csrf,
        "foreign": csrf_for("another session"),
        "before": csrf_for("known-to-somebody"),
    }
    sent = {"_csrf_token": tokens[token]} if token else {}
    answer = await client.http.post("/account", data={**sent, **CHANGE}, headers=headers)
    assert answer.status_code == status
    assert await name_of(database, person) == ("Changed" if status == 303 else "Amina Okafor")


async def test_the_token_may_come_in_a_header(client: Client, database: Database, person: Person) -> None:
    await client.sign_in(person.id)
    answer = await client.http.post("/account", data=CHANGE, headers={"x-csrftoken": client.csrf})
    assert answer.status_code == 303
    refused = await client.http.post("/account", data=CHANGE, headers={"x-csrftoken": "no"})
    assert refused.status_code == 403


async def test_a_form_needs_a_token_before_signing_in_too(client: Client) -> None:
    refused = await client.http.post("/sign-in", data={"email": "a@example.org", "password": "x"})
    assert refused.status_code == 403


async def test_a_cookie_opens_no_door_for_programs(client: Client, person: Person) -> None:
    await client.sign_in(person.id)
    assert (await client.http.get("/api/v1/me")).status_code == 401
    assert (await client.http.post("/api/v1/tokens", json={"name": "a", "scopes": []})).status_code == 401


# ---------- what a role allows ----------


def test_the_matrix_stands_on_one_screen() -> None:
    rows = matrix_rows()
    names = list(rows[0][1])
    print()
    print(f"{'':20}", *(f"{name[:11]:>12}" for name in names))
    for permission, held in rows:
        print(f"{permission:20}", *(f"{'yes' if held[name] else '-':>12}" for name in names))
    assert names == [role.value for role in RoleName]
    counts = {role.value: len(MATRIX[role]) for role in RoleName}
    assert counts == {
        "applicant": 2, "team_member": 2, "reviewer": 3, "chair": 4,
        "manager": 17, "observer": 7, "auditor": 8, "administrator": 20,
    }  # fmt: skip
    writing = {
        Can.MANAGE_CALLS,
        Can.MAKE_DECISIONS,
        Can.SIGN_DECISIONS,
        Can.RELEASE,
        Can.GRANT_ROLES,
        Can.OPERATE,
    }
    assert not writing & (MATRIX[RoleName.OBSERVER] | MATRIX[RoleName.AUDITOR])
    assert not MATRIX[RoleName.APPLICANT] - OWN


@pytest.mark.parametrize("role", list(RoleName))
def test_a_role_counts_only_where_it_is_held_and_once_the_address_is_confirmed(role: RoleName) -> None:
    here, elsewhere = new_id(), new_id()
    for can in Can:
        held = Viewer(new_id(), is_confirmed=True, roles=(HeldRole(role, Scope.CALL, here),))
        wanted = can in MATRIX[role]
        assert held.can(can, call_id=here) is wanted
        assert held.can(can, call_id=elsewhere) is (can in OWN)
        everywhere = Viewer(new_id(), is_confirmed=True, roles=(HeldRole(role, Scope.SITE, None),))
        assert everywhere.can(can, call_id=elsewhere) is wanted
        unconfirmed = Viewer(new_id(), is_confirmed=False, roles=(HeldRole(role, Scope.SITE, None),))
        assert unconfirmed.can(can) is (can in OWN)
        assert Viewer().can(can) is False
        token = Viewer(new_id(), is_confirmed=True, roles=everywhere.roles, scopes=frozenset())
        assert token.can(can) is False


async def test_a_door_says_why_an_unconfirmed_address_does_not_open_it(
    client: Client, database: Database
) -> None:
    async with database.writing() as db:
        stranger = await a_person(db, confirmed=False)
        await db.commit()
    await client.sign_in(stranger.id)
    answer = await client.api("GET", "/people?email=a@example.org")
    assert answer.status_code == 401
    page = await client.get("/account")
    assert "Not confirmed yet: the link is in the message we sent you" in words_of(page)


# ---------- where a redirect may lead ----------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("/proposals", "/proposals"),
        ("/proposals/1?a=b&c=d#e", "/proposals/1?a=b&c=d#e"),
        ("/calls/ma\u00ef", "/calls/ma%C3%AF"),
        ("", "/"),
        (None, "/"),
        (7, "/"),
        ("proposals", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("/ /evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_a_redirect_stays_on_this_site(typed: object, kept: str) -> None:
    assert own_path(typed) == kept


# ---------- languages ----------


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        ("", "en"),
        ("ar", "ar"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("de,es;q=0.4,fr;q=0.6", "fr"),
        ("tlh", "en"),
        ("en;q=nonsense,es", "es"),
    ],
)
def test_the_browser_says_which_language(header: str, spoken: str) -> None:
    assert accepted_language(header, ("en", "fr", "es", "ar")) == spoken


async def test_a_language_asked_for_in_the_address_is_remembered(client: Client) -> None:
    page = await client.get("/sign-in?lang=ar")
    assert '<html lang="ar" dir="rtl"' in page.text
    assert page.headers["content-language"] == "ar"
    assert '<html lang="ar" dir="rtl"' in (await client.get("/help")).text
    assert '<html lang="en" dir="ltr"' in (await client.get("/help?lang=en")).text
    assert '<html lang="en"' in (await client.get("/help?lang=xx")).text


async def test_nobody_in_particular_gets_no_cookie(client: Client) -> None:
    for path in ("/", "/help", "/privacy", "/problems/not-now", "/healthz"):
        assert (await client.get(path)).headers.get_list("set-cookie") == [], path
