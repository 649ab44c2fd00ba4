"""From the submission on: sealed copies and what proves them, a file that was refused late, everything as one ZIP."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from challenge import worker
from challenge.calls.models import Stage
from challenge.files.models import Document, DocumentState, SealedCopy
from challenge.files.purging import KEPT_FOR
from challenge.files.states import change
from challenge.files.store import the_store
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.mail.models import Message
from challenge.proposals import keeping, proofs
from challenge.proposals.models import Attachment, Proposal, Revision, SlotReopening
from tests.builders.people import a_manager
from tests.client import Client, words_of
from tests.proposals.test_pages import PDF, WITH_FILES, made

FORM: dict[str, Any] = {**WITH_FILES, "declarations": []}


async def submitted(database: Database, client: Client) -> tuple[Proposal, Any]:
    proposal, person, call, _stage = await made(database, form=FORM)
    async with database.writing() as db:
        await a_manager(db, call.id)
        await db.commit()
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("a letter.pdf", PDF)})
    assert (await client.post(f"{path}/submission")).headers["location"] == f"{path}/receipt"
    return proposal, call


async def the_document(database: Database) -> Document:
    async with database.reading() as db:
        return (await db.exec(select(Document).order_by(col(Document.created_at)))).first()  # type: ignore[return-value]


async def revisions(database: Database) -> list[Revision]:
    async with database.reading() as db:
        return list((await db.exec(select(Revision).order_by(col(Revision.n)))).all())


async def faults(database: Database) -> tuple[int, list[str]]:
    async with database.reading() as db:
        return await proofs.broken_seals(db)


async def test_the_manifest_names_each_file_and_every_loss_is_named(
    database: Database, client: Client
) -> None:
    proposal, _call = await submitted(database, client)
    document, [revision] = await the_document(database), await revisions(database)
    assert revision.manifest["files"] == [
        {"id": str(document.id), "question": "letters", "name": "a letter.pdf", "size": len(PDF), "tree": "",
         "media_type": "application/pdf", "sha256": hashlib.sha256(PDF).hexdigest(), "state": "available"}
    ]  # fmt: skip
    assert "sha256sum" in words_of(await client.get(f"/proposals/{proposal.id}/receipt"))
    assert await faults(database) == (1, [])  # its job has not run yet
    with clock.stopped(clock.now() + timedelta(hours=2)):
        assert "still waits for its sealed copy" in (await faults(database))[1][0]
    await worker.run_all(database)
    assert (await faults(database))[1] == []
    key = f"sealed/{proposal.id}/1/{document.id}"
    assert (await the_document(database)).sealed_key == key
    the_store().delete(key)
    name = f"receipt {revision.receipt_number}: “a letter.pdf” ({document.id})"
    assert (await faults(database))[1] == [f"{name} is missing from the store"]
    the_store().put(key, b"other", content_type="x")
    assert (await faults(database))[1] == [f"{name} has other bytes than the receipt says"]
    async with database.writing() as db:
        row = await db.get_one(Revision, revision.id)
        row.manifest = {**row.manifest, "title": "Another"}
        db.add(row)
        await db.commit()
    assert [f.split(": ", 1)[1] for f in (await faults(database))[1][:2]] == [
        "its manifest was changed: the digest is another one",
        "its seal does not fit the manifest or is of another key",
    ]


async def refused(database: Database, document: Document) -> None:
    """What the check does when its signatures have become better."""
    async with database.writing() as db:
        row = await db.get_one(Document, document.id)
        row.state, row.reason = DocumentState.SCANNING, "Test.Virus"
        await change(db, row, "quarantine")
        await db.commit()
    await worker.run_all(database)


async def test_a_file_refused_after_closing_can_be_replaced_for_a_time_and_makes_a_new_receipt(
    database: Database, client: Client
) -> None:
    proposal, call = await submitted(database, client)
    path, document = f"/proposals/{proposal.id}", await the_document(database)
    async with database.writing() as db:
        stage = (await db.exec(select(Stage).where(Stage.call_id == call.id))).one()
        stage.closes_at = clock.now() - timedelta(minutes=1)
        db.add(stage)
        await db.commit()
    assert (await client.get(f"{path}/replacement/letters")).status_code == 404
    await refused(database, document)
    await worker.TASKS["proposals.reopen_slot"](worker.runner(database).context, thing_id=str(document.id))
    async with database.reading() as db:
        assert len((await db.exec(select(SlotReopening))).all()) == 1
        told = sorted((await db.exec(select(Message.template))).all())
    assert told == ["proposals.file_refused", "proposals.received", "proposals.slot_reopened"]
    assert "Replace the file" in words_of(await client.get(path))
    assert "Possible until" in words_of(await client.get(f"{path}/replacement/letters"))
    wrong = await client.post(f"{path}/replacement/letters", files={"file": ("x.exe", b"MZ")})
    assert wrong.status_code == 422 and "not of a kind" in words_of(wrong)
    other = await client.post(f"{path}/files", {"question": "secret"}, files={"file": ("b.pdf", PDF)})
    assert other.status_code == 409
    done = await client.post(f"{path}/replacement/letters", files={"file": ("better.pdf", PDF)})
    assert (done.status_code, done.headers["location"]) == (303, f"{path}/receipt")
    first, second = await revisions(database)
    assert [f["name"] for f in second.manifest["files"]] == ["better.pdf"]
    assert second.submitted_at > first.submitted_at
    async with database.reading() as db:
        kept = await db.get_one(Proposal, proposal.id)
    assert kept.submitted_at == first.submitted_at
    assert "Your proposal was received" in words_of(await client.get(f"{path}/receipt"))
    assert (await client.get(f"{path}/replacement/letters")).status_code == 404
    await worker.run_all(database)
    async with database.reading() as db:
        keys = (await db.exec(select(SealedCopy.key).where(col(SealedCopy.sealed_at).is_not(None)))).all()
    assert any(key.startswith(f"sealed/{proposal.id}/2/") for key in keys)


async def test_the_time_for_a_replacement_ends(database: Database, client: Client) -> None:
    proposal, _call = await submitted(database, client)
    await refused(database, await the_document(database))
    async with database.writing() as db:
        reopening = (await db.exec(select(SlotReopening))).one()
        reopening.until = clock.now() - timedelta(seconds=1)
        db.add(reopening)
        await db.commit()
    path = f"/proposals/{proposal.id}/replacement/letters"
    late = await client.post(path, files={"file": ("better.pdf", PDF)})
    assert late.status_code == 409 and len(await revisions(database)) == 1


async def test_the_zip_has_its_size_its_manifest_and_its_wall(database: Database, client: Client) -> None:
    proposal, call = await submitted(database, client)
    answer = await client.get(f"/proposals/{proposal.id}/files.zip")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        path = f"{proposal.number}/letters/a letter.pdf"
        assert archive.namelist() == [path, "manifest.json"]
        assert archive.read(path) == PDF
        told = json.loads(archive.read("manifest.json"))
    assert told["files"] == [{"name": path, "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest()}]
    assert (await client.get(f"/desk/calls/{call.slug}/files.zip")).status_code in (403, 404)
    empty = await client.get("/reviews/files.zip")
    with zipfile.ZipFile(io.BytesIO(empty.content)) as archive:
        assert archive.namelist() == ["manifest.json"]


async def test_a_source_that_is_lost_cuts_the_zip(database: Database, client: Client) -> None:
    proposal, _call = await submitted(database, client)
    the_store().delete((await the_document(database)).key)
    with pytest.raises(BaseException):  # noqa: B017 - the line is cut, which the client of the tests shows as it is
        await client.get(f"/proposals/{proposal.id}/files.zip")


async def test_what_was_taken_out_of_a_draft_goes_and_what_was_sent_stays(
    database: Database, client: Client
) -> None:
    proposal, person, _call, stage = await made(database, form=FORM)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    for name in ("draft.pdf", "sent.pdf"):
        await client.post(f"{path}/files", {"question": "letters"}, files={"file": (name, PDF)})
    async with database.reading() as db:
        ids = {d.name: d.id for d in (await db.exec(select(Document))).all()}
    await client.post(f"{path}/edit/papers", {"_remove": f"letters.{ids['draft.pdf']}"})
    await client.post(f"{path}/submission")
    await client.post(f"{path}/reopening")
    await client.post(f"{path}/edit/papers", {"_remove": f"letters.{ids['sent.pdf']}"})
    async with database.reading() as db:
        assert (
            len((await db.exec(select(Attachment).where(col(Attachment.removed_at).is_not(None)))).all()) == 2
        )
    assert await keeping.purge_taken_out(database) == 0
    with clock.stopped(stage.closes_at + KEPT_FOR - timedelta(minutes=1)):
        assert await keeping.purge_taken_out(database) == 0, "one still writes"
    with clock.stopped(stage.closes_at + KEPT_FOR + timedelta(minutes=1)):
        assert await keeping.purge_taken_out(database) == 1
        assert await keeping.purge_taken_out(database) == 0
    async with database.reading() as db:
        states = {d.name: d.state for d in (await db.exec(select(Document))).all()}
    assert states["draft.pdf"] == DocumentState.PURGED and states["sent.pdf"] != DocumentState.PURGED
