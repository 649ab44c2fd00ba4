"""One click too many makes no second proposal."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import func, select

from challenge.accounts.models import Person
from challenge.calls.models import Call
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.proposals.models import Proposal
from tests.builders.calls import a_call
from tests.builders.people import a_person
from tests.client import Client

DOOR = "/calls/a-call/apply"


@pytest.fixture
async def applicant(database: Database, client: Client, at_noon: datetime) -> tuple[Person, Call]:
    async with database.writing() as db:
        call, _stage = await a_call(db)
        person = await a_person(db)
        await db.commit()
    await client.sign_in(person.id)
    return person, call


async def count_of(database: Database) -> int:
    async with database.reading() as db:
        return (await db.exec(select(func.count()).select_from(Proposal))).one()


async def test_eight_clicks_at_once_begin_one_proposal(
    database: Database, client: Client, applicant: tuple[Person, Call]
) -> None:
    answers = await asyncio.gather(*(client.post(DOOR, {"language": "en"}) for _n in range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count_of(database) == 1


async def test_another_language_another_person_and_a_touched_draft_are_another_proposal(
    database: Database, client: Client, applicant: tuple[Person, Call]
) -> None:
    first = (await client.post(DOOR, {"language": "en"})).headers["location"]
    assert (await client.post(DOOR, {"language": "fr"})).headers["location"] != first
    saved = await client.autosave(f"{first}/answers", {"version:title": "0", "title": "Mini-grids"})
    assert saved.status_code == 200
    with clock.stopped(clock.now() + timedelta(seconds=1)):
        await client.autosave(f"{first}/answers", {"version:title": "1", "title": "Mini-grids for all"})
        second = (await client.post(DOOR, {"language": "en"})).headers["location"]
    assert second != first
    async with database.writing() as db:
        other = await a_person(db)
        await db.commit()
    await client.sign_in(other.id)
    assert (await client.post(DOOR, {"language": "en"})).headers["location"] not in (first, second)
    assert await count_of(database) == 4


async def test_a_few_minutes_later_it_is_meant(
    database: Database, client: Client, applicant: tuple[Person, Call]
) -> None:
    first = (await client.post(DOOR, {"language": "en"})).headers["location"]
    with clock.stopped(clock.now() + timedelta(minutes=6)):
        assert (await client.post(DOOR, {"language": "en"})).headers["location"] != first
    assert await count_of(database) == 2
