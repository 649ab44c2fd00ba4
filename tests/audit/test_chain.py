"""Every line stands on the one before it; what follows an event is asked for in its transaction."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from challenge import wiring
from challenge.audit import actions, queries
from challenge.audit.models import Entry, Head
from challenge.foundation.db import Database, Db
from challenge.foundation.ids import new_id
from challenge.jobs import queries as jobs
from challenge.jobs.context import TaskContext
from challenge.jobs.runner import runner_for
from challenge.settings import settings
from tests.builders.calls import a_call
from tests.builders.people import a_person, a_viewer


@pytest.fixture
def reacting() -> Iterator[None]:
    actions.react_with({"thing.made": ("tests.first", "tests.second")})
    yield
    actions.react_with(wiring.REACTIONS)


async def five_entries(db: Db) -> None:
    person = await a_person(db)
    me = await a_viewer(db, person)
    for n in range(5):
        await actions.record(db, me, "person.changed", person, n=n, name="Zoë")


async def test_chains_hold_one_for_each_call_and_one_for_the_house(db: Db, at_noon: datetime) -> None:
    await five_entries(db)
    call, stage = await a_call(db)
    await actions.record(db, None, "stage.opened", stage)
    assert await queries.breaks(db) == (6, [])
    assert (await queries.head_of(db, "house"))[0] == 5
    n, last = await queries.head_of(db, call.id)
    (entry,) = await queries.entries_about(db, stage.id)
    assert (n, last) == (1, entry.hash)
    assert (entry.by, entry.via, entry.thing_kind, entry.at) == ("system", "job", "stage", at_noon)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"event": "person.promoted"}, "was changed after it was recorded"),
        ({"by": "person:somebody"}, "was changed after it was recorded"),
        ({"facts": {"n": 7}}, "its facts were changed after they were recorded"),
    ],
)
async def test_one_changed_entry_is_found(db: Db, changed: dict[str, object], says: str) -> None:
    await five_entries(db)
    await db.exec(update(Entry).where(col(Entry.n) == 3).values(**changed))
    db.expire_all()
    assert [(b.n, b.what) for b in (await queries.breaks(db))[1]] == [(3, says)]


async def test_a_missing_entry_and_a_cut_end_are_found(db: Db) -> None:
    await five_entries(db)
    await db.exec(delete(Entry).where(col(Entry.n) == 2))
    db.expire_all()
    assert [(b.n, b.what) for b in (await queries.breaks(db))[1]] == [
        (3, "an entry before this one is missing"),
        (3, "does not continue the entry before it"),
    ]
    await db.exec(delete(Entry).where(col(Entry.n) == 5))
    db.expire_all()
    assert (await queries.breaks(db))[1][-1].what == "the end of the chain is missing or was replaced"


async def test_a_chain_without_its_head_is_found(db: Db) -> None:
    await five_entries(db)
    await db.exec(delete(Head))
    db.expire_all()
    assert [b.what for b in (await queries.breaks(db))[1]] == ["the chain has no head"]


async def test_erased_facts_leave_the_chain_whole(db: Db) -> None:
    await five_entries(db)
    entry = (await db.exec(select(Entry).where(Entry.n == 2))).one()
    entry.facts = None
    db.add(entry)
    await db.flush()
    assert await queries.breaks(db) == (5, [])


async def test_reactions_are_asked_for_with_the_thing_in_the_same_transaction(
    database: Database, reacting: None
) -> None:
    seen: list[tuple[str, str | None]] = []

    async def first(_context: TaskContext, thing_id: str | None) -> None:
        seen.append(("first", thing_id))

    async def second(_context: TaskContext, thing_id: str | None) -> None:
        seen.append(("second", thing_id))

    made = runner_for(TaskContext(database, settings()), {"tests.first": first, "tests.second": second}, {})
    async with database.writing() as db:
        lost = await a_person(db)
        await actions.record(db, None, "thing.made", lost)
        await db.rollback()
    await made.drain()
    assert seen == []
    async with database.writing() as db:
        person = await a_person(db)
        await actions.record(db, None, "thing.made", person)
        await actions.record(db, None, "thing.seen", person)
        assert (await jobs.counts(db))["waiting"] == 2
        await db.commit()
    await made.drain()
    assert seen == [("first", str(person.id)), ("second", str(person.id))]


async def test_entries_are_counted_in_a_chain_that_has_a_name_of_its_own(db: Db) -> None:
    chain = new_id()
    await actions.record(db, None, "thing.made", chain=chain)
    assert (await queries.head_of(db, chain))[0] == 1


async def test_a_chain_is_read_page_by_page_from_its_end(db: Db) -> None:
    await five_entries(db)
    await actions.record(db, None, "person.added")
    assert [e.n for e in await queries.entries_of(db, "house", limit=2)] == [6, 5]
    assert [e.n for e in await queries.entries_of(db, "house", before=5, limit=2)] == [4, 3]
    assert [e.n for e in await queries.entries_of(db, "house", event="person.added")] == [6]
