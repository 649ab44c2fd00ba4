"""Sealed copies, purge and strays: killed at any step, nothing is lost, nothing is left, and each loss is named."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from challenge import worker
from challenge.audit.models import Entry
from challenge.files import purging, sealing, states
from challenge.files import store as file_store
from challenge.files.actions import receive
from challenge.files.models import Document, DocumentState, SealedCopy, Stray
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.errors import Unavailable
from storage.memory import MemoryStore


class Killed(BaseException):
    pass


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    made = MemoryStore()
    monkeypatch.setattr(file_store, "the_store", lambda: made)
    monkeypatch.setattr(sealing, "the_store", lambda: made)
    return made


async def wanted(database: Database, n: int = 1, place: Any = None) -> tuple[Document, str]:
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name="a.txt", content=b"as it was", by=None)
        place = place or uuid4()
        await sealing.want(db, place, n, [document])
        await db.commit()
    return document, sealing.sealed_key(place, n, document.id)


async def now(database: Database, document: Document) -> Document:
    async with database.reading() as db:
        return await db.get_one(Document, document.id)


async def events(database: Database, document: Document, event: str) -> list[Entry]:
    async with database.reading() as db:
        found = await db.exec(select(Entry).where(Entry.thing_id == document.id, Entry.event == event))
        return list(found.all())


def killing(monkeypatch: pytest.MonkeyPatch, thing: Any, name: str, *, after: bool) -> Any:
    real = getattr(thing, name)

    def killed(*args: Any, **more: Any) -> Any:
        if after:
            real(*args, **more)
        raise Killed

    async def killed_later(*args: Any, **more: Any) -> Any:
        if after:
            await real(*args, **more)
        raise Killed

    import inspect

    monkeypatch.setattr(thing, name, killed_later if inspect.iscoroutinefunction(real) else killed)
    return lambda: monkeypatch.setattr(thing, name, real)


async def test_the_job_seals_and_downloads_take_the_sealed_copy(
    database: Database, kept: MemoryStore
) -> None:
    document, key = await wanted(database)
    assert (await worker.run_all(database)).failed == 0
    sealed = await now(database, document)
    assert (sealed.state, sealed.sealed_key) == (DocumentState.SEALED, key)
    assert kept.read(key) == b"as it was"
    async with database.reading() as db:
        copy = await db.get_one(SealedCopy, key)
    assert copy.sealed_at is not None and copy.sha256 == document.sha256
    await sealing.seal(database, key)
    assert len(await events(database, document, "document.sealed")) == 1


@pytest.mark.parametrize(
    ("where", "name", "after"),
    [("store", "copy", False), ("store", "copy", True), ("store", "size", False), ("store", "stream", False),
     ("states", "change", False), ("states", "change", True)],
)  # fmt: skip
async def test_killed_at_any_step_of_sealing_the_next_run_ends_it(
    database: Database, kept: MemoryStore, monkeypatch: pytest.MonkeyPatch, where: str, name: str, after: bool
) -> None:
    document, key = await wanted(database)
    heal = killing(monkeypatch, kept if where == "store" else states, name, after=after)
    with pytest.raises(Killed):
        await sealing.seal(database, key)
    heal()
    half = await now(database, document)
    assert (half.state, half.sealed_key) == (DocumentState.AVAILABLE, "")
    await sealing.seal(database, key)
    whole = await now(database, document)
    assert (whole.state, whole.sealed_key, kept.read(key)) == (DocumentState.SEALED, key, b"as it was")
    assert len(await events(database, document, "document.sealed")) == 1


async def test_a_damaged_copy_does_not_count(database: Database, kept: MemoryStore) -> None:
    document, key = await wanted(database)
    kept.delete(document.key)
    kept.put(document.key, b"as it is!", content_type="x")
    with pytest.raises(Unavailable):
        await sealing.seal(database, key)
    assert (await now(database, document)).state == DocumentState.AVAILABLE


async def test_a_second_submission_has_copies_of_its_own(database: Database, kept: MemoryStore) -> None:
    place = uuid4()
    document, first = await wanted(database, place=place)
    await worker.run_all(database)
    async with database.writing() as db:
        await sealing.want(db, place, 2, [await db.get_one(Document, document.id)])
        await db.commit()
    await worker.run_all(database)
    second = sealing.sealed_key(place, 2, document.id)
    assert (await now(database, document)).sealed_key == second
    assert kept.read(first) == kept.read(second) == b"as it was"


async def test_what_was_still_checked_is_sealed_when_the_check_is_done(
    database: Database, kept: MemoryStore
) -> None:
    document, key = await wanted(database)
    async with database.writing() as db:
        row = await db.get_one(Document, document.id)
        row.state = DocumentState.STORED
        db.add(row)
        await db.commit()
    await worker.run_all(database)
    assert kept.size(key) is None
    from challenge.files.checking import check

    await check(database, document.id)
    await worker.run_all(database)
    assert (await now(database, document)).sealed_key == key


# ---------- purge ----------


async def unsealed(database: Database) -> Document:
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name="a.txt", content=b"as it was", by=None)
        await db.commit()
    return document


@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        ("store", "delete", False),
        ("store", "delete", True),
        ("states", "change", False),
        ("states", "change", True),
    ],
)
async def test_killed_at_any_step_of_a_purge_no_row_promises_what_is_gone_for_long(
    database: Database, kept: MemoryStore, monkeypatch: pytest.MonkeyPatch, where: str, name: str, after: bool
) -> None:
    document = await unsealed(database)
    heal = killing(monkeypatch, kept if where == "store" else states, name, after=after)
    with pytest.raises(Killed):
        await purging.purge(database, document.id, purging.TAKEN_OUT)
    heal()
    assert (
        await now(database, document)
    ).state == DocumentState.AVAILABLE  # asked again, so nothing is stranded
    assert await purging.purge(database, document.id, purging.TAKEN_OUT)
    assert not await purging.purge(database, document.id, purging.TAKEN_OUT)
    assert (await now(database, document)).state == DocumentState.PURGED
    assert kept.size(document.key) is None
    [tombstone] = await events(database, document, "document.purged")
    assert tombstone.facts is not None
    assert (tombstone.facts["sha256"], tombstone.facts["rule"]) == (document.sha256, purging.TAKEN_OUT)


async def test_what_is_sealed_or_is_to_be_is_never_purged(database: Database, kept: MemoryStore) -> None:
    document, key = await wanted(database)
    assert not await purging.purge(database, document.id, purging.TAKEN_OUT)
    await worker.run_all(database)
    assert not await purging.purge(database, document.id, purging.TAKEN_OUT)
    assert kept.read(key) == kept.read(document.key)


# ---------- objects without a row ----------


async def test_strays_are_told_and_after_seven_days_deleted_when_asked_for(
    database: Database, kept: MemoryStore
) -> None:
    document, _key = await wanted(database)
    await worker.run_all(database)
    kept.put("documents/nobody/v1", b"x", content_type="x")
    kept.put("sealed/nobody/1/x", b"x", content_type="x")
    kept.put("probe/x", b"x", content_type="x")
    found = await purging.strays(database, is_deleting=True)
    assert [(f.key, f.is_old) for f in found] == [
        ("documents/nobody/v1", False), ("sealed/nobody/1/x", False)
    ]  # fmt: skip
    assert kept.size("documents/nobody/v1") == 1
    with clock.stopped(clock.now() + timedelta(days=7, minutes=1)):
        assert [f.is_old for f in await purging.strays(database)] == [True, True]
        assert kept.size("documents/nobody/v1") == 1
        await purging.strays(database, is_deleting=True)
    assert kept.size("documents/nobody/v1") is None
    assert kept.size("sealed/nobody/1/x") == 1 and kept.size(document.key) is not None
    async with database.reading() as db:
        assert (await db.exec(select(Stray.key))).all() == ["sealed/nobody/1/x"]
        gone = (await db.exec(select(Entry).where(col(Entry.event) == "storage.stray_deleted"))).one()
    assert gone.facts is not None and gone.facts["key"] == "documents/nobody/v1"
