"""The smallest, the largest and the many: sizes around a part, five gibibytes, ten thousand files."""

import hashlib
import io
import time
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlmodel import select

from challenge.audit.models import Entry
from challenge.files import purging, tasks, uploads
from challenge.files import store as file_store
from challenge.files.models import Document, DocumentState
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.ids import new_id
from challenge.jobs.context import TaskContext
from challenge.proposals.models import Attachment, Proposal
from challenge.settings import Settings, settings
from tests.client import Client
from tests.house.walking import Statements
from tests.proposals.test_pages import made
from tests.proposals.test_uploads import FORM, SMALL_PART, Sender, document


@pytest.fixture
async def sender(database: Database, client: Client, monkeypatch: pytest.MonkeyPatch) -> Sender:
    monkeypatch.setattr(uploads, "part_size_for", lambda _size: SMALL_PART)
    proposal, person, _call, _stage = await made(database, form=FORM)
    await client.sign_in(person.id)
    return Sender(client, proposal)


@pytest.mark.parametrize("size", [1, SMALL_PART - 1, SMALL_PART, SMALL_PART + 1, 2 * SMALL_PART])
async def test_sizes_around_a_part_arrive_whole(database: Database, sender: Sender, size: int) -> None:
    content = (b"words " * SMALL_PART)[:size]
    done = await sender.whole("words.txt", content)
    assert (done["state"], done["sha256"]) == ("available", hashlib.sha256(content).hexdigest())
    assert done["partCount"] == -(-size // SMALL_PART)
    assert (await sender.client.get(f"/files/{done['id']}")).content == content


async def test_five_gibibytes_are_agreed_on_in_320_parts_and_given_up(
    database: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agreeing reads and writes nothing of the file; `tests/storage` takes its room on a disk."""
    large = Settings(**{**settings().model_dump(), "file_limit_mb": 6000, "quota_mb": 20_000})
    monkeypatch.setattr("challenge.files.uploads.settings", lambda: large)
    monkeypatch.setattr("challenge.proposals.uploads.settings", lambda: large)
    form = {
        **FORM,
        "questions": [{**q, "max_mb": 6000} if q["code"] == "film" else q for q in FORM["questions"]],
    }
    proposal, person, _call, _stage = await made(database, form=form)
    await client.sign_in(person.id)
    sender = Sender(client, proposal)
    begun = (await sender.begin(size=5 << 30)).json()
    assert (begun["partSize"], begun["partCount"]) == (16 << 20, 320)
    last = {"n": 320, "size": 16 << 20, "sha256": "0" * 64}
    path = f"{sender.path}/{begun['id']}"
    assert (await sender.call("POST", f"{path}/parts", {"parts": [last]})).status_code == 200
    more = [{**last, "n": 321}]
    assert (await sender.call("POST", f"{path}/parts", {"parts": more})).status_code == 422
    assert (await sender.call("DELETE", path)).status_code == 204
    assert (await document(database, begun)).state == DocumentState.ABORTED
    assert (await sender.begin(size=7000 << 20)).status_code == 422


MANY = 10_000


async def many_files(database: Database, proposal: Proposal, count: int) -> None:
    store, moment = file_store.the_store(), clock.now()
    documents, attachments = [], []
    for n in range(count):
        document_id, content = new_id(), b"%d" % n
        store.put(f"documents/{document_id}/v1", content, content_type="x")
        documents.append(
            {"id": document_id, "name": f"{n}.txt", "media_type": "text/plain", "size": len(content),
             "sha256": hashlib.sha256(content).hexdigest(), "tree": "", "key": f"documents/{document_id}/v1",
             "sealed_key": "", "state": DocumentState.AVAILABLE, "reason": "", "flags": [], "created_at": moment}
        )  # fmt: skip
        attachments.append(
            {"id": new_id(), "proposal_id": proposal.id, "document_id": document_id, "question": "film",
             "added_at": moment}
        )  # fmt: skip
    async with database.writing() as db:
        await db.execute(insert(Document), documents)
        await db.execute(insert(Attachment), attachments)
        await db.commit()


async def test_ten_thousand_files_go_into_one_zip_with_as_few_statements_as_one(
    database: Database,
    sender: Sender,
) -> None:
    path = f"/proposals/{sender.proposal.id}/files.zip"
    counts = []
    for more in (1, MANY - 1):
        await many_files(database, sender.proposal, more)
        with Statements(sender.client.app.database) as statements:  # type: ignore[attr-defined]
            started = time.perf_counter()
            answer = await sender.client.get(path)
            took = time.perf_counter() - started
        assert answer.status_code == 200
        counts.append(len(statements.texts))
    assert counts[1] <= counts[0]  # the first also reads the form
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        assert len(pack.namelist()) == MANY + 1
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert took < 30  # 2 to 4 seconds on an idle machine
    print(f"{MANY} files: {took:.1f} s, {counts[1]} statements, {len(answer.content)} bytes")


async def test_the_reaper_takes_many_in_batches_and_gets_through_all(
    database: Database,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "MOST_OPEN", 100)
    monkeypatch.setattr(tasks, "BATCH", 2)
    monkeypatch.setattr(purging, "BATCH", 2)
    begun = []
    for _n in range(3):
        begun.append((await sender.begin()).json())
    with clock.stopped(clock.now() + timedelta(hours=49)):
        for expired in (2, 3):
            await tasks.reap(TaskContext(database, settings()))
            states = [(await document(database, each)).state for each in begun]
            assert states.count(DocumentState.EXPIRED) == expired
    with clock.stopped(clock.now() + timedelta(days=10)):
        assert [await purging.purge_ended_uploads(database) for _n in range(3)] == [2, 1, 0]
    async with database.reading() as db:
        found = await db.exec(select(Entry.thing_id).where(Entry.event == "document.purged"))
        assert set(found.all()) == {UUID(each["id"]) for each in begun}
