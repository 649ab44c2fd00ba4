"""Bringing a call in by page and by API, the library, and taking it out again."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlmodel import select

from challenge.accounts.models import Role, RoleName, Scope
from challenge.calls.models import Call, CallState, Programme
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile, digest
from challenge.foundation import clock
from challenge.foundation.db import Database
from tests.assignments.world import a_token
from tests.builders.calls import a_call
from tests.builders.people import a_manager, a_person, with_role
from tests.client import Client, words_of
from tests.exchange.small_call import SMALL, broken

DECEMBER = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


async def a_manager_of_something(database: Database, slug: str = "something") -> UUID:
    async with database.writing() as db:
        call, _stage = await a_call(db, slug)
        manager = await a_manager(db, call.id)
        await db.commit()
    return manager.id


async def calls_in(database: Database) -> list[str]:
    async with database.reading() as db:
        return sorted((await db.exec(select(Call.slug))).all())


async def upload(client: Client, text: str, slug: str = "") -> "object":
    return await client.http.post(
        "/desk/calls/import",
        data={"_csrf_token": client.csrf, "slug": slug},
        files={"file": ("small.yaml", text.encode(), "application/yaml")},
    )


async def test_a_wrong_file_is_answered_line_by_line_and_nothing_is_imported(
    database: Database, client: Client
) -> None:
    await client.sign_in(await a_manager_of_something(database))
    wrong = broken("closes_at: 2027-02-28T17:00", "closes_at: 2027-01-01T17:00").replace(
        "kind: short-text", "kind: short"
    )
    answer = await upload(client, wrong)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    words = words_of(answer)  # type: ignore[arg-type]
    assert "2 things in the file need another look" in words
    assert re.search(r"\d+:\d+ .*short", words)
    found = check(wrong, "small.yaml")
    assert isinstance(found, list)
    for fault in found:
        assert f"{fault.line}:{fault.column}" in words
        assert str(fault.message) in words
    assert await calls_in(database) == ["something"]


async def test_a_file_is_shown_first_then_becomes_a_draft_of_who_brought_it(
    database: Database, client: Client
) -> None:
    manager = await a_manager_of_something(database)
    await client.sign_in(manager)
    shown = await upload(client, SMALL)
    assert shown.status_code == 200  # type: ignore[attr-defined]
    assert "A new draft" in words_of(shown)  # type: ignore[arg-type]
    assert await calls_in(database) == ["something"]
    done = await client.post(
        "/desk/calls/import", {"text": SMALL, "name": "small.yaml", "slug": "small-call", "confirmed": "yes"}
    )
    assert (done.status_code, done.headers["location"]) == (303, "/desk/calls/small-call")
    assert (await client.get("/desk/calls/small-call")).status_code == 200
    async with database.reading() as db:
        call = (await db.exec(select(Call).where(Call.slug == "small-call"))).one()
        role = (await db.exec(select(Role).where(Role.scope_id == call.id))).one()
    assert (call.state, role.person_id, role.name) == (CallState.DRAFT, manager, RoleName.MANAGER)


async def test_an_update_names_the_parts_that_change(database: Database, client: Client) -> None:
    await client.sign_in(await a_manager_of_something(database))
    send = {"name": "small.yaml", "slug": "small-call"}
    await client.post("/desk/calls/import", {**send, "text": SMALL, "confirmed": "yes"})
    changed = broken("closes_at: 2027-02-28T17:00", "closes_at: 2027-03-01T17:00")
    words = words_of(await client.post("/desk/calls/import", {**send, "text": changed}))
    assert "An update of your draft" in words
    assert "Stages and deadlines changed" in words
    assert "Questions changed" not in words


async def test_what_was_exported_is_the_same_call(database: Database, client: Client) -> None:
    await client.sign_in(await a_manager_of_something(database))
    await client.post(
        "/desk/calls/import", {"text": SMALL, "name": "s", "slug": "small-call", "confirmed": "yes"}
    )
    out = await client.get("/desk/calls/small-call/export.yaml")
    assert out.headers["content-type"].startswith("application/yaml")
    file, given = check(out.text), check(SMALL)
    assert isinstance(file, CallFile)
    assert isinstance(given, CallFile)
    assert digest(file) == digest(given)


@pytest.mark.parametrize("state", [CallState.DRAFT, CallState.PUBLISHED])
async def test_the_address_of_anothers_call_is_only_taken(
    database: Database, client: Client, state: CallState
) -> None:
    manager = await a_manager_of_something(database)
    async with database.writing() as db:
        await a_call(db, "small-call", state=state)
        await db.commit()
    await client.sign_in(manager)
    answer = await client.post(
        "/desk/calls/import", {"text": SMALL, "name": "s", "slug": "small-call", "confirmed": "yes"}
    )
    assert answer.status_code == 422
    assert "The address small-call is taken. Choose another." in words_of(answer)


async def test_a_file_cannot_enter_the_programme_of_others(database: Database, client: Client) -> None:
    manager = await a_manager_of_something(database)
    async with database.writing() as db:
        db.add(Programme(slug="small-programme", title={"en": "Theirs"}, organizer={}))
        await db.commit()
    await client.sign_in(manager)
    answer = await client.post(
        "/desk/calls/import", {"text": SMALL, "name": "s", "slug": "small-call", "confirmed": "yes"}
    )
    assert answer.status_code == 422
    assert "The programme small-programme belongs to others." in words_of(answer)
    assert "small-call" not in await calls_in(database)


async def test_observers_and_strangers_do_not_import(database: Database, client: Client) -> None:
    async with database.writing() as db:
        call, _stage = await a_call(db)
        observer = await with_role(db, await a_person(db), RoleName.OBSERVER, Scope.CALL, call.id)
        await db.commit()
    await client.sign_in(observer.id)
    assert (await client.get("/desk/calls/import")).status_code == 403
    assert (await client.get("/desk/library")).status_code == 403
    assert (await client.get("/desk/calls/a-call/export.yaml")).status_code == 403


async def test_a_copy_of_the_library_opens_on_the_chosen_day(database: Database, client: Client) -> None:
    await client.sign_in(await a_manager_of_something(database))
    sent = {"id": "ilo-just-energy-transition", "slug": "jet-2027", "opens": "2027-01-11"}
    done = await client.post("/desk/library", sent)
    assert done.headers["location"] == "/desk/calls/jet-2027"
    page = words_of(await client.get("/desk/calls/jet-2027/preview"))
    assert "This is how applicants will see the call." in page
    again = await client.post("/desk/library", sent | {"opens": "soon", "slug": "Jet!"})
    assert again.status_code == 422
    assert "You wrote “soon”." in words_of(again)
    assert "You wrote “Jet!”." in words_of(again)


async def test_the_form_page_marks_what_is_missing_in_a_language(database: Database, client: Client) -> None:
    async with database.writing() as db:
        call, _stage = await a_call(db)
        manager = await a_manager(db, call.id)
        await db.commit()
    await client.sign_in(manager.id)
    words = words_of(await client.get("/desk/calls/a-call/form"))
    assert "3 questions" in words
    assert "en What is the problem? fr missing es missing ar missing" in words
    assert "12 texts are missing in some languages." in words


async def test_programs_import_a_file_and_read_its_faults(database: Database, client: Client) -> None:
    async with database.writing() as db:
        token = await a_token(db, await a_manager(db))
        await db.commit()
    headers = {"content-type": "application/yaml"}
    wrong = broken("kind: short-text", "kind: short")
    answer = await client.api("POST", "/calls", token, content=wrong.encode(), headers=headers)
    assert answer.status_code == 422
    fault = answer.json()["faults"][0]
    line = wrong.split("\n").index("      kind: short") + 1
    assert (fault["line"], fault["column"], fault["path"]) == (line, 13, "forms.form.questions[0].kind")
    made = await client.api("POST", "/calls?slug=small-2027", token, content=SMALL.encode(), headers=headers)
    given = check(SMALL)
    assert isinstance(given, CallFile)
    assert (made.status_code, made.json()) == (201, {"slug": "small-2027", "digest": digest(given)})
    assert (await client.api("GET", "/calls/small-2027")).status_code == 404
    with clock.stopped(DECEMBER):
        published = await client.api("POST", "/calls/small-2027/publication", token)
    assert published.json()["state"] == "published"
    questions = (await client.api("GET", "/calls/small-2027/questions")).json()["items"]
    assert [(q["number"], q["code"], q.get("criteria")) for q in questions] == [
        ("1.1", "title", ["quality"]),
        ("1.2", "money", None),
    ]
    form = (await client.api("GET", "/calls/small-2027/form")).json()
    assert (form["code"], form["number"], len(form["digest"])) == ("form", 1, 64)


async def test_programs_read_calls_and_move_a_deadline(
    database: Database, client: Client, at_noon: datetime
) -> None:
    async with database.writing() as db:
        _call, stage = await a_call(db)
        await a_call(db, "a-draft", state=CallState.DRAFT)
        token = await a_token(db, await a_manager(db))
        nobody = await a_token(db, await a_person(db))
        await db.commit()
    listed = (await client.api("GET", "/calls")).json()["items"]
    assert [(c["slug"], c["phase"]) for c in listed] == [("a-call", "open")]
    assert {c["slug"] for c in (await client.api("GET", "/calls", token)).json()["items"]} == {
        "a-call",
        "a-draft",
    }
    assert [p["slug"] for p in (await client.api("GET", "/programmes")).json()["items"]] == [
        "programme-of-a-call"
    ]
    moved = {"stage": "proposals", "closesAt": "2027-03-28T17:00:00+02:00"}
    assert (await client.api("POST", "/calls/a-call/deadlines", nobody, json=moved)).status_code == 403
    naive = await client.api(
        "POST", "/calls/a-call/deadlines", token, json={**moved, "closesAt": "2027-03-28T17:00:00"}
    )
    assert naive.json()["errors"][0]["pointer"] == "closesAt"
    done = await client.api("POST", "/calls/a-call/deadlines", token, json=moved)
    assert done.json()["closesAt"] == "2027-03-28T15:00:00Z"
    assert len((await client.api("GET", "/calls/a-call/stages")).json()["items"]) == 1
    assert (await client.api("GET", "/calls/a-call/milestones")).json() == {"items": []}
    ids = [entry["id"] for entry in (await client.api("GET", "/library")).json()["items"]]
    assert ids == ["culture-at-work-africa-2018", "horizon-europe-ria", "ilo-just-energy-transition"]
    assert stage.code == "proposals"
