"""No number is given twice, whatever calls have in common and however many release at once."""

import asyncio
import sqlite3
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import col, select

from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.migrations.run import upgrade
from challenge.notices import actions
from challenge.notices.models import Notice, NumberSeries
from challenge.proposals import actions as proposals
from challenge.proposals.models import Proposal, Revision
from tests.builders.calls import a_call
from tests.builders.decisions import a_decided_call
from tests.builders.proposals import a_submitted_proposal


async def test_calls_with_one_prefix_that_prepare_at_once_share_no_number(
    database: Database, at_noon: datetime
) -> None:
    async with database.writing() as db:
        calls = [await a_decided_call(db, slug) for slug in ("one", "two", "three")]
        await db.commit()

    async def one(n: int) -> None:
        with clock.stopped(at_noon):
            async with database.writing() as db:
                await actions.prepare(db, calls[n].opening, calls[n].stage)
                await db.commit()

    await asyncio.gather(*(one(n) for n in range(3)))
    async with database.reading() as db:
        numbers = (await db.exec(select(Notice.number).order_by(col(Notice.number)))).all()
    assert list(numbers) == [f"AC-2027-{n:04d}" for n in range(1, 10)]


async def test_what_was_not_kept_takes_no_number(database: Database, at_noon: datetime) -> None:
    async with database.writing() as db:
        made = await a_decided_call(db)
        await db.commit()
    async with database.writing() as db:
        await actions.prepare(db, made.opening, made.stage)
        await db.rollback()
    async with database.writing() as db:
        again = await actions.prepare(db, made.opening, made.stage)
        assert [notice.number for notice in again] == ["AC-2027-0001", "AC-2027-0002", "AC-2027-0003"]
        assert await actions.prepare(db, made.opening, made.stage) == []
        assert (await db.exec(select(NumberSeries.stem, NumberSeries.last))).all() == [("AC-2027-", 3)]


async def test_proposals_of_two_calls_with_one_prefix_share_no_number_and_no_receipt(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["AAAAA", "AAAAA", "BBBBB"])
    async with database.writing() as db:
        first, second = await a_call(db, "first"), await a_call(db, "second")
        monkeypatch.setattr(proposals, "random_code", lambda *_size: next(drawn))
        await a_submitted_proposal(db, *first)
        await a_submitted_proposal(db, *second)
        numbers = (await db.exec(select(Proposal.number).order_by(col(Proposal.number)))).all()
        receipts = (await db.exec(select(Revision.receipt_number).order_by(Revision.receipt_number))).all()
    assert list(numbers) == ["AC-AAAAA", "AC-BBBBB"]
    assert list(receipts) == ["AC-AAAAA-01", "AC-BBBBB-01"]


def test_a_series_goes_on_after_the_numbers_of_before(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    upgrade(f"sqlite:///{path}", "0002")
    with sqlite3.connect(path) as old:
        for n, number in enumerate(("AC-2026-0007", "AC-2026-0003", "B-2027-0001")):
            values = {
                "id": uuid4().hex, "call_id": uuid4().hex, "stage_id": uuid4().hex, "proposal_id": uuid4().hex,
                "decision_id": uuid4().hex, "person_id": uuid4().hex, "kind": "award", "language": "en",
                "number": number, "code": str(n), "state": "issued", "record": "{}", "sha256": "",
                "prepared_at": "2026-01-01 00:00:00", "revoked_because": "",
            }  # fmt: skip
            marks = ", ".join(f":{name}" for name in values)
            old.execute(f"INSERT INTO notice ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608 - names of ours
    upgrade(f"sqlite:///{path}", "0003")
    with sqlite3.connect(path) as new:
        found = new.execute("SELECT stem, last FROM numberseries ORDER BY stem").fetchall()
        signed_by = new.execute("SELECT DISTINCT certificate_sha256 FROM notice").fetchall()
    assert found == [("AC-2026-", 7), ("B-2027-", 1)]
    assert signed_by == [("",)]
