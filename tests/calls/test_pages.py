"""The deadline page, and who may do what to a call."""

import argparse
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx import Response
from sqlmodel import select

from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.viewer import for_command
from challenge.audit.models import Entry
from challenge.calls.models import Call, CallState, Stage
from challenge.exchange.commands import publish
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.errors import NotNow
from tests.assignments.world import a_token
from tests.builders.calls import a_call
from tests.builders.people import a_manager, a_person, with_role
from tests.builders.proposals import a_draft
from tests.client import Client, words_of
from tests.conftest import NOON


async def a_staffed_call(
    database: Database, state: CallState = CallState.PUBLISHED, slug: str = "a-call"
) -> tuple[Call, Stage, UUID, UUID]:
    """A call of 1 February, open until the 11th, with its manager and an observer."""
    async with database.writing() as db:
        call, stage = await a_call(db, slug, state=state)
        manager = await a_manager(db, call.id)
        observer = await with_role(db, await a_person(db), RoleName.OBSERVER, Scope.CALL, call.id)
        await db.commit()
    return call, stage, manager.id, observer.id


async def test_a_deadline_moves_after_a_page_that_says_what_it_means(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        _call, stage, manager, _observer = await a_staffed_call(database)
        await client.sign_in(manager)
        typed = {"stage": "proposals", "day": "2027-03-28", "hour": "17:00"}
        asked = await client.post("/desk/calls/a-call/deadline", typed)
        assert asked.status_code == 200
        assert "45 days 3 hours later" in words_of(asked)
        async with database.reading() as db:
            assert (await db.get_one(Stage, stage.id)).closes_at == stage.closes_at
        done = await client.post("/desk/calls/a-call/deadline", {**typed, "confirmed": "yes"})
        assert (done.status_code, done.headers["location"]) == (303, "/desk/calls/a-call")
    async with database.reading() as db:
        assert (await db.get_one(Stage, stage.id)).closes_at == datetime(2027, 3, 28, 15, 0, tzinfo=UTC)
        entry = (await db.exec(select(Entry).where(Entry.event == "call.deadline_moved"))).one()
    assert entry.by == f"person:{manager}"
    assert entry.facts == {"before": stage.closes_at.isoformat(), "after": "2027-03-28T15:00:00+00:00"}


async def test_a_deadline_that_cannot_be_keeps_what_was_typed(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        _call, _stage, manager, _observer = await a_staffed_call(database)
        await client.sign_in(manager)
        answer = await client.post(
            "/desk/calls/a-call/deadline", {"stage": "proposals", "day": "2027-02-02", "hour": "17:00"}
        )
    assert answer.status_code == 422
    assert "its deadline can be moved later, not earlier" in words_of(answer)
    assert 'value="2027-02-02"' in answer.text


async def test_an_observer_reads_and_changes_nothing(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        _call, _stage, _manager, observer = await a_staffed_call(database, CallState.DRAFT)
        await client.sign_in(observer)
        assert (await client.get("/desk/calls/a-call")).status_code == 200
        assert (await client.get("/desk/calls/a-call/preview")).status_code == 200
        assert (await client.get("/desk/calls/a-call/publication")).status_code == 403
        assert (await client.post("/desk/calls/a-call/publication")).status_code == 403
        assert (await client.post("/desk/calls/a-call/deadline")).status_code == 403
        assert (await client.post("/desk/calls/a-call/withdrawal")).status_code == 403


def without_reference(response: Response) -> str:
    return re.sub(r"\b[0-9a-f]{12}\b", "", words_of(response))


async def test_a_draft_is_not_there_for_others(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await a_staffed_call(database, CallState.DRAFT)
        _other, _stage, other_manager, _ = await a_staffed_call(database, slug="another")
        unknown = {path: path.replace("a-call", "no-call") for path in (
            "/calls/a-call", "/calls/a-call/questions", "/calls/a-call/questions.pdf",
        )}  # fmt: skip
        for path, nowhere in unknown.items():
            found, missing = await client.get(path), await client.get(nowhere)
            assert (found.status_code, missing.status_code) == (404, 404)
            assert without_reference(found) == without_reference(missing)
        await client.sign_in(other_manager)
        for path in (
            "/desk/calls/a-call",
            "/desk/calls/a-call/preview",
            "/desk/calls/a-call/form",
            "/calls/a-call",
        ):
            assert (await client.get(path)).status_code == 404
        listed = words_of(await client.get("/desk"))
    assert "another" in listed
    assert "a-call" not in listed


async def test_publishing_shows_the_call_and_is_refused_with_a_sentence(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        _call, _stage, manager, _observer = await a_staffed_call(database, CallState.DRAFT)
        await client.sign_in(manager)
        refused = await client.post("/desk/calls/a-call/publication")
        assert refused.status_code == 409
        assert "Title or summary is missing in these languages: fr, es, ar." in words_of(refused)
        async with database.writing() as db:
            call = (await db.exec(select(Call).where(Call.slug == "a-call"))).one()
            call.languages = ["en"]
            db.add(call)
            await db.commit()
        done = await client.post("/desk/calls/a-call/publication")
        assert done.status_code == 303
        client.sign_out()
        assert (await client.get("/calls/a-call")).status_code == 200


async def test_neither_page_nor_api_nor_command_publishes_without_form_or_rubric(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        _call, stage, manager, _observer = await a_staffed_call(database, CallState.DRAFT)
        async with database.writing() as db:
            call = (await db.exec(select(Call).where(Call.slug == "a-call"))).one()
            call.languages = ["en"]
            db.add(call)
            token = await a_token(db, await db.get_one(Person, manager))
            await db.commit()
        await client.sign_in(manager)
        for column, word in (("form_code", "form"), ("rubric_code", "rubric")):
            async with database.writing() as db:
                changed = await db.get_one(Stage, stage.id)
                kept = getattr(changed, column)
                setattr(changed, column, "none")
                db.add(changed)
                await db.commit()
            refusal = f"There is no {word} for this stage."
            page = await client.post("/desk/calls/a-call/publication")
            assert page.status_code == 409 and refusal in words_of(page)
            told = await client.api("POST", "/calls/a-call/publication", token)
            assert (told.status_code, told.json()["detail"]) == (409, refusal)
            async with database.writing() as db:
                with pytest.raises(NotNow) as caught:
                    await publish(db, for_command(), argparse.Namespace(slug="a-call"))
                assert str(caught.value.text) == refusal
            async with database.writing() as db:
                assert (await db.get_one(Call, call.id)).state == CallState.DRAFT
                changed = await db.get_one(Stage, stage.id)
                setattr(changed, column, kept)
                db.add(changed)
                await db.commit()
        assert (await client.api("POST", "/calls/a-call/publication", token)).status_code == 200


async def test_a_call_with_answers_stays_published(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        call, stage, manager, _observer = await a_staffed_call(database)
        async with database.writing() as db:
            await a_draft(db, call, stage)
            await db.commit()
        await client.sign_in(manager)
        refused = await client.post("/desk/calls/a-call/withdrawal")
        assert refused.status_code == 409
        assert "it stays published" in words_of(refused)


async def test_a_call_without_answers_goes_back_to_a_draft(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        _call, _stage, manager, _observer = await a_staffed_call(database)
        await client.sign_in(manager)
        assert (await client.post("/desk/calls/a-call/withdrawal")).status_code == 303
        client.sign_out()
        assert (await client.get("/calls/a-call")).status_code == 404


async def test_the_moment_of_closing_is_the_same_for_page_and_clock(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        _call, stage, _manager, _observer = await a_staffed_call(database)
    with clock.stopped(stage.closes_at - timedelta(seconds=1)):
        page = await client.get("/calls/a-call")
        assert 'href="/calls/a-call/start"' in page.text
        assert "0 hours 0 minutes left" in words_of(page)
    with clock.stopped(stage.closes_at):
        page = await client.get("/calls/a-call")
        assert 'href="/calls/a-call/start"' not in page.text
        assert "This call closed on 11 February 2027, 13:00 Geneva time" in words_of(page)
    with clock.stopped(stage.opens_at - timedelta(seconds=1)):
        page = await client.get("/calls/a-call")
        assert 'href="/calls/a-call/start"' not in page.text
        assert "Opens in 0 hours 0 minutes" in words_of(page)
        assert "You can start a proposal on 22 January 2027, 13:00 Geneva time" in words_of(page)
