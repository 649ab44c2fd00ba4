"""Files sent in parts, as the pages' script and as programs send them; and what must never work."""

import asyncio
import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import col, select

from challenge import worker
from challenge.accounts import actions as accounts
from challenge.accounts.viewer import for_command
from challenge.audit.models import Entry
from challenge.calls.models import Stage
from challenge.files import store as file_store
from challenge.files import uploads
from challenge.files.models import Document, DocumentState, Upload
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.jobs.context import TaskContext
from challenge.proposals.models import Attachment, Proposal, TeamMember
from challenge.settings import Settings, settings
from storage.store import StoreDown
from tests.builders.people import a_person
from tests.client import Client, words_of
from tests.files.test_receiving import a_pdf_of
from tests.proposals.test_pages import WITH_FILES, made

PDF = (Path(__file__).parents[1] / "files" / "one-page.pdf").read_bytes()
FORM: dict[str, Any] = {
    **WITH_FILES,
    "questions": [
        *WITH_FILES["questions"],
        {"code": "film", "section": "papers", "kind": "file", "label": {"en": "Film"}, "types": ["txt"],
         "max_files": 3, "max_mb": 100},
    ],
}  # fmt: skip
SMALL_PART = 1000


@dataclass
class Sender:
    """The browser's script, step by step."""

    client: Client
    proposal: Proposal

    @property
    def path(self) -> str:
        return f"/proposals/{self.proposal.id}/uploads"

    async def call(self, method: str, path: str, data: Any = None) -> httpx.Response:
        headers = {"x-csrftoken": self.client.csrf, "accept": "application/json"}
        return await self.client.http.request(method, path, json=data, headers=headers)

    async def begin(
        self, name: str = "words.txt", size: int = 2500, slot: str = "film", once: str = ""
    ) -> httpx.Response:
        once = once or f"once-{uuid4()}"
        return await self.call(
            "POST", self.path, {"question": slot, "name": name, "size": size, "once": once}
        )

    async def links(self, upload: dict[str, Any], content: bytes, ns: list[int]) -> list[dict[str, Any]]:
        asked = [
            {"n": n, "size": len(piece), "sha256": hashlib.sha256(piece).hexdigest()}
            for n, piece in self.pieces(upload, content)
            if n in ns
        ]
        answer = await self.call("POST", f"{self.path}/{upload['id']}/parts", {"parts": asked})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["urls"]
        return found

    @staticmethod
    def pieces(upload: dict[str, Any], content: bytes) -> list[tuple[int, bytes]]:
        size = upload["partSize"]
        return [(n, content[(n - 1) * size : n * size]) for n in range(1, upload["partCount"] + 1)]

    async def put(self, link: dict[str, Any], piece: bytes) -> int:
        if urlsplit(link["url"]).netloc == urlsplit(settings().base_url).netloc:
            path = urlsplit(link["url"]).path
            answer = await self.client.http.put(
                path, content=piece, headers={**link["headers"], "cookie": ""}
            )
        else:
            async with httpx.AsyncClient() as straight:
                answer = await straight.put(link["url"], content=piece, headers=link["headers"])
        return answer.status_code

    async def send(self, upload: dict[str, Any], content: bytes, ns: list[int] | None = None) -> None:
        pieces = dict(self.pieces(upload, content))
        for link in await self.links(upload, content, ns or list(pieces)):
            assert await self.put(link, pieces[link["n"]]) == 200

    async def complete(self, upload: dict[str, Any], content: bytes) -> httpx.Response:
        digests = [hashlib.sha256(piece).digest() for _n, piece in self.pieces(upload, content)]
        tree = hashlib.sha256(b"".join(digests)).hexdigest()
        return await self.call("POST", f"{self.path}/{upload['id']}/completion", {"sha256Tree": tree})

    async def whole(self, name: str, content: bytes, slot: str = "film") -> dict[str, Any]:
        begun = await self.begin(name, len(content), slot)
        assert begun.status_code == 201, begun.text
        await self.send(begun.json(), content)
        done = await self.complete(begun.json(), content)
        assert done.status_code == 200, done.text
        answer: dict[str, Any] = done.json()
        return answer


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "part_size_for", lambda _size: SMALL_PART)


@pytest.fixture
async def sender(database: Database, client: Client, small_parts: None) -> Sender:
    proposal, person, _call, _stage = await made(database, form=FORM)
    await client.sign_in(person.id)
    return Sender(client, proposal)


async def document(database: Database, upload: dict[str, Any]) -> Document:
    async with database.reading() as db:
        return (await db.exec(select(Document).where(Document.id == UUID(upload["id"])))).one()


async def reaped(database: Database) -> None:
    await worker.TASKS["files.reap"](TaskContext(database, settings()))


CONTENT = b"A few words. " * 200  # 2,600 bytes: two whole parts and a bit


async def test_parts_go_straight_to_the_store_and_come_back_as_one_file(
    database: Database, sender: Sender
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    assert (begun["state"], begun["partSize"], begun["partCount"], begun["held"]) == (
        "uploading", SMALL_PART, 3, [],
    )  # fmt: skip
    assert begun["maxParallel"] == 4
    await sender.send(begun, CONTENT, [1, 3])
    seen = (await sender.call("GET", f"{sender.path}/{begun['id']}")).json()
    assert [part["n"] for part in seen["held"]] == [1, 3]
    assert (await sender.call("GET", sender.path)).json()["items"][0]["held"] == seen["held"]
    early = await sender.complete(begun, CONTENT)
    assert early.status_code == 409 and early.json()["missing"] == [2]
    await sender.send(begun, CONTENT, [2])
    done = (await sender.complete(begun, CONTENT)).json()
    assert (done["state"], done["sha256"]) == ("available", hashlib.sha256(CONTENT).hexdigest())
    assert "words.txt" in done["html"] and "Available" in done["html"]
    page = await sender.client.get(f"/proposals/{sender.proposal.id}/edit/papers")
    assert "words.txt" in words_of(page)
    shown = await sender.client.get(f"/files/{begun['id']}")
    if shown.status_code == 303:
        async with httpx.AsyncClient() as straight:
            shown = await straight.get(shown.headers["location"])
    assert shown.content == CONTENT
    async with database.reading() as db:
        told = (
            await db.exec(
                select(Entry.event)
                .where(Entry.thing_id == UUID(begun["id"]), col(Entry.event).startswith("document."))
                .order_by(col(Entry.n))
            )
        ).all()
    steps = [
        "uploading",
        "completing",
        "uploading",
        "completing",
        "stored",
        "scanning",
        "available",
        "opened",
    ]
    assert [one.removeprefix("document.") for one in told] == steps


async def test_the_same_mark_begins_one_upload_also_at_once(database: Database, sender: Sender) -> None:
    answers = await asyncio.gather(*(sender.begin(once="one-mark-for-all") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    async with database.reading() as db:
        assert len((await db.exec(select(Upload.document_id))).all()) == 1


async def test_eight_completions_at_once_make_one_file_and_one_line_in_the_record(
    database: Database, sender: Sender
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT)
    answers = await asyncio.gather(*(sender.complete(begun, CONTENT) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    async with database.reading() as db:
        stored = await db.exec(
            select(Entry.n).where(Entry.event == "document.stored", Entry.thing_id == UUID(begun["id"]))
        )
        assert len(stored.all()) == 1
    assert (await document(database, begun)).state == DocumentState.AVAILABLE


@pytest.mark.parametrize(
    ("name", "size", "slot", "says"),
    [
        ("words.txt", 0, "film", "is empty"),
        ("words.exe", 10, "film", "is not of a kind that is taken here"),
        ("words.txt", 101 << 20, "film", "at most 100 MB"),
        ("words.txt", 10, "idea", "no such question for files"),
        ("words.txt", 10, "problem", "no such question for files"),
    ],
)
async def test_limits_are_told_before_the_first_byte(
    sender: Sender, name: str, size: int, slot: str, says: str
) -> None:
    answer = await sender.begin(name, size, slot)
    assert answer.status_code == 422 and says in answer.json()["detail"]


async def test_what_is_on_its_way_takes_up_its_place_and_its_room(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert (await sender.begin()).status_code == 201
    full = await sender.begin()
    assert full.status_code == 422 and "There is place for 3 files here" in full.json()["detail"]
    first = (await sender.call("GET", sender.path)).json()["items"][0]
    assert (await sender.call("DELETE", f"{sender.path}/{first['id']}")).status_code == 204
    assert (await sender.call("DELETE", f"{sender.path}/{first['id']}")).status_code == 204
    small = Settings(**{**settings().model_dump(), "quota_mb": 1})
    monkeypatch.setattr("challenge.proposals.uploads.settings", lambda: small)
    refused = await sender.begin(size=(1 << 20) - 3000)
    assert (
        refused.status_code == 422 and "are left for the files of this proposal" in refused.json()["detail"]
    )


@pytest.mark.parametrize(
    "parts",
    [
        [{"n": 4, "size": 1000, "sha256": "0" * 64}],
        [{"n": 0, "size": 1000, "sha256": "0" * 64}],
        [{"n": 1, "size": 999, "sha256": "0" * 64}],
        [{"n": 1, "size": 1000, "sha256": "zz"}],
        [],
    ],
)
async def test_parts_that_are_none_get_no_link(sender: Sender, parts: list[dict[str, Any]]) -> None:
    begun = (await sender.begin()).json()
    answer = await sender.call("POST", f"{sender.path}/{begun['id']}/parts", {"parts": parts})
    assert answer.status_code == 422


async def test_a_link_takes_its_own_bytes_and_no_others(sender: Sender) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    link = (await sender.links(begun, CONTENT, [1]))[0]
    assert await sender.put(link, b"x" * 1000) == 409
    assert await sender.put(link, b"x" * 999) == 409
    assert await sender.put(link, b"x" * 1001) == 409
    assert await sender.put({**link, "url": link["url"][:-1] + "x"}, CONTENT[:1000]) == 403
    assert (await sender.call("GET", f"{sender.path}/{begun['id']}")).json()["held"] == []
    assert await sender.put(link, CONTENT[:1000]) == 200


async def test_a_link_ends_and_a_new_one_goes_on(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    monkeypatch.setattr(uploads, "LIFETIME", 0)
    link = (await sender.links(begun, CONTENT, [1]))[0]
    assert await sender.put(link, CONTENT[:1000]) == 403
    monkeypatch.undo()
    link = (await sender.links(begun, CONTENT, [1]))[0]
    assert await sender.put(link, CONTENT[:1000]) == 200


async def test_an_upload_of_somebody_else_is_not_there(database: Database, sender: Sender) -> None:
    begun = (await sender.begin()).json()
    other, person, _call, _stage = await _another(database)
    await sender.client.sign_in(person.id)
    for path in (sender.path, f"/proposals/{other.id}/uploads"):
        one = f"{path}/{begun['id']}"
        tree = {"sha256Tree": "0" * 64}
        part = {"parts": [{"n": 1, "size": 1000, "sha256": "0" * 64}]}
        answers = [
            await sender.call("GET", one),
            await sender.call("POST", f"{one}/parts", part),
            await sender.call("POST", f"{one}/completion", tree),
            await sender.call("DELETE", one),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
    assert (await sender.begin()).status_code == 404


async def _another(database: Database) -> tuple[Proposal, Any, Any, Any]:
    async with database.writing() as db:
        stranger = await a_person(db, "Somebody Else")
        await db.commit()
    return Proposal(id=uuid4()), stranger, None, None


async def test_bytes_that_are_not_those_announced_never_become_available(
    database: Database, sender: Sender
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT)
    answer = await sender.call("POST", f"{sender.path}/{begun['id']}/completion", {"sha256Tree": "ab" * 32})
    assert answer.json()["state"] == "corrupt"
    assert "arrived damaged" in answer.json()["refused"]
    assert (await sender.client.get(f"/files/{begun['id']}")).status_code == 409


@pytest.mark.parametrize(
    ("name", "slot", "content", "says"),
    [
        ("letter.pdf", "letters", b"%PDF-1.7 and then nothing", "seems damaged"),
        ("letter.pdf", "letters", b"just words " * 200, "its content is something else"),
        ("words.txt", "film", b"\x00\x01\x02" * 500, "its content is something else"),
    ],
)
async def test_the_content_decides_what_a_file_is(
    database: Database, sender: Sender, name: str, slot: str, content: bytes, says: str
) -> None:
    done = await sender.whole(name, content, slot)
    assert done["state"] == "quarantined" and says in done["refused"]
    page = words_of(await sender.client.get(f"/proposals/{sender.proposal.id}/edit/papers"))
    assert says in page


async def test_a_letter_that_is_too_long_is_refused_in_words(database: Database, client: Client) -> None:
    short = {
        **FORM,
        "questions": [{**q, "max_pages": 2} if q["code"] == "letters" else q for q in FORM["questions"]],
    }
    proposal, person, _call, _stage = await made(database, form=short)
    await client.sign_in(person.id)
    sender = Sender(client, proposal)
    long = await sender.whole("long.pdf", a_pdf_of(3), "letters")
    assert (long["state"], long["refused"]) == (
        "quarantined",
        "“long.pdf” has 3 pages; at most 2 pages can be sent here. Shorten it and choose it again.",
    )
    assert long["refused"] in words_of(await client.get(f"/proposals/{proposal.id}/edit/papers"))
    await client.post(f"/proposals/{proposal.id}/edit/papers", {"_remove": f"letters.{long['id']}"})
    assert (await sender.whole("short.pdf", a_pdf_of(2), "letters"))["state"] == "available"


async def test_a_real_letter_passes(sender: Sender) -> None:
    done = await sender.whole("letter.pdf", PDF, "letters")
    assert (done["state"], done["sha256"]) == ("available", hashlib.sha256(PDF).hexdigest())


async def test_after_closing_what_was_begun_in_time_may_arrive_and_nothing_else(
    database: Database, sender: Sender
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    async with database.writing() as db:
        stage = (await db.exec(select(Stage).where(Stage.id == sender.proposal.stage_id))).one()
        stage.closes_at = clock.now() - timedelta(seconds=1)
        upload = (await db.exec(select(Upload))).one()
        upload.ends_at = stage.closes_at + timedelta(minutes=30)
        upload.began_at = stage.closes_at - timedelta(minutes=1)
        await db.commit()
    late = await sender.begin()
    assert late.status_code == 409 and "closed" in late.json()["detail"]
    await sender.send(begun, CONTENT)
    assert (await sender.complete(begun, CONTENT)).json()["state"] == "available"


async def closed(database: Database, sender: Sender) -> None:
    """The call closed a second ago; what is on its way was begun a minute before."""
    async with database.writing() as db:
        stage = (await db.exec(select(Stage).where(Stage.id == sender.proposal.stage_id))).one()
        stage.closes_at = clock.now() - timedelta(seconds=1)
        for upload in (await db.exec(select(Upload))).all():
            upload.ends_at = stage.closes_at + timedelta(minutes=30)
            upload.began_at = stage.closes_at - timedelta(minutes=1)
        for document in (await db.exec(select(Document).where(col(Document.stored_at).is_not(None)))).all():
            document.stored_at = stage.closes_at - timedelta(seconds=10)
        await db.commit()


async def test_who_was_sending_a_file_at_the_deadline_may_submit_when_it_has_arrived(
    database: Database, sender: Sender
) -> None:
    page = f"/proposals/{sender.proposal.id}"
    await sender.whole("letter.pdf", PDF, "letters")
    begun = (await sender.begin(size=len(CONTENT))).json()
    await closed(database, sender)
    shown = words_of(await sender.client.get(f"{page}/preview"))
    assert "a file of yours was on its way. You can submit until" in shown
    assert "“words.txt” is still on its way. Only what has arrived is submitted." in shown
    edited = await sender.client.post(
        f"{page}/edit/papers", {"_asked": "note", "note": "late", "version:note": "0"}
    )
    assert edited.status_code == 409
    await sender.send(begun, CONTENT)
    assert (await sender.complete(begun, CONTENT)).status_code == 200
    sent = await sender.client.post(f"{page}/submission", {"_asked": "true", "true": "1"})
    assert sent.headers["location"] == f"{page}/receipt"
    receipt = await sender.client.get(f"{page}/receipt")
    assert "“words.txt” was on its way before the deadline: begun" in words_of(receipt)
    manifest = (await sender.client.get(f"{page}/receipt.json")).json()["manifest"]
    [late] = manifest["arrived_after_closing"]
    assert late["id"] == begun["id"]
    assert late["begun_at"] < manifest["closes_at"] < late["arrived_at"] <= manifest["submitted_at"]


async def test_after_the_grace_or_without_a_file_nobody_submits(database: Database, sender: Sender) -> None:
    page = f"/proposals/{sender.proposal.id}"
    await sender.whole("letter.pdf", PDF, "letters")
    ticked = {"_asked": "true", "true": "1"}
    await closed(database, sender)
    assert (await sender.client.post(f"{page}/submission", ticked)).status_code == 409
    async with database.writing() as db:
        document = (await db.exec(select(Document))).one()
        document.stored_at = clock.now()
        await db.commit()
    with clock.stopped(clock.now() + timedelta(minutes=31)):
        assert (await sender.client.post(f"{page}/submission", ticked)).status_code == 409
    assert (await sender.client.post(f"{page}/submission", ticked)).status_code == 303


async def test_what_is_on_its_way_at_the_submission_never_becomes_part_of_it(
    database: Database, sender: Sender
) -> None:
    page = f"/proposals/{sender.proposal.id}"
    await sender.whole("letter.pdf", PDF, "letters")
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT)
    assert (
        await sender.client.post(f"{page}/submission", {"_asked": "true", "true": "1"})
    ).status_code == 303
    refused = await sender.complete(begun, CONTENT)
    assert refused.status_code == 409 and "submitted without “words.txt”" in refused.json()["detail"]
    assert "words.txt" not in words_of(await sender.client.get(page))
    await sender.client.post(f"{page}/reopening")
    assert (await sender.complete(begun, CONTENT)).json()["state"] == "available"
    assert "words.txt" in words_of(await sender.client.get(page))


async def test_after_the_grace_nothing_arrives(database: Database, sender: Sender) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    async with database.writing() as db:
        upload = (await db.exec(select(Upload))).one()
        upload.ends_at = clock.now() - timedelta(seconds=1)
        await db.commit()
    assert (await sender.complete(begun, CONTENT)).status_code == 409
    part = {"parts": [{"n": 1, "size": 1000, "sha256": "0" * 64}]}
    assert (await sender.call("POST", f"{sender.path}/{begun['id']}/parts", part)).status_code == 409


async def test_what_is_forgotten_is_ended_and_its_place_is_free_again(
    database: Database, sender: Sender
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT, [1])
    await _aged(database, timedelta(hours=47))
    await reaped(database)
    assert (await document(database, begun)).state == DocumentState.UPLOADING
    await _aged(database, timedelta(hours=49))
    await reaped(database)
    await reaped(database)
    assert (await document(database, begun)).state == DocumentState.EXPIRED
    assert begun["id"] not in {one.key.split("/")[1] for one in file_store.the_store().uploads()}
    again = await sender.call("GET", f"{sender.path}/{begun['id']}")
    assert again.json()["state"] == "expired"


async def _aged(database: Database, age: timedelta) -> None:
    async with database.writing() as db:
        for upload in (await db.exec(select(Upload))).all():
            upload.touched_at = clock.now() - age
        await db.commit()


class Ended(BaseException):
    """The process was killed here."""


@pytest.mark.parametrize("step", ["before the store", "after the store", "before the row"])
async def test_a_process_that_dies_while_completing_leaves_a_whole_file_or_an_upload(
    database: Database, sender: Sender, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT)
    store = file_store.the_store()
    whole = store.complete

    def dies(*given: Any, **more: Any) -> Any:
        if step == "before the store":
            raise Ended
        whole(*given, **more)
        raise Ended

    async def row_dies(*_given: Any, **_more: Any) -> Any:
        raise Ended

    if step == "before the row":
        monkeypatch.setattr(uploads, "finish", row_dies)
    else:
        monkeypatch.setattr(store, "complete", dies)
    with pytest.raises((Ended, Exception)):
        answer = await sender.complete(begun, CONTENT)
        assert answer.status_code >= 500
        raise Ended
    monkeypatch.undo()
    assert (await document(database, begun)).state == DocumentState.COMPLETING
    await _aged(database, timedelta(minutes=6))
    await reaped(database)
    if step != "before the store":
        assert (await document(database, begun)).state in (DocumentState.AVAILABLE, DocumentState.STORED)
    assert (await sender.complete(begun, CONTENT)).json()["state"] == "available"


async def test_a_store_that_is_down_says_so_and_the_upload_goes_on(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = (await sender.begin(size=len(CONTENT))).json()
    await sender.send(begun, CONTENT)

    def down(*_given: Any) -> Any:
        raise StoreDown

    store = file_store.the_store()
    monkeypatch.setattr(store, "complete", down)
    answer = await sender.complete(begun, CONTENT)
    assert answer.status_code == 503 and "What you wrote is saved" in answer.json()["detail"]
    monkeypatch.undo()
    assert (await sender.complete(begun, CONTENT)).json()["state"] == "available"


async def test_a_full_store_is_told_before_the_upload(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: Any) -> Any:
        raise StoreDown("full")

    monkeypatch.setattr(file_store.the_store(), "begin", full)
    answer = await sender.begin()
    assert answer.status_code == 507 and "no room left" in answer.json()["detail"]


async def test_programs_take_the_same_steps(database: Database, sender: Sender) -> None:
    async with database.writing() as db:
        owner = (await db.exec(select(TeamMember.person_id))).one()
        _token, token = await accounts.make_token(
            db, owner, name="tests", scopes=["proposal:write"], by=for_command()
        )
        await db.commit()
    path = f"/proposals/{sender.proposal.id}/uploads"
    asked = {"question": "film", "name": "words.txt", "size": len(CONTENT), "once": "a-program-1"}
    begun = (await sender.client.api("POST", path, token, json=asked)).json()
    pieces = Sender.pieces(begun, CONTENT)
    parts = [{"n": n, "size": len(p), "sha256": hashlib.sha256(p).hexdigest()} for n, p in pieces]
    links = await sender.client.api("POST", f"{path}/{begun['id']}/parts", token, json={"parts": parts})
    for link in links.json()["urls"]:
        assert await sender.put(link, dict(pieces)[link["n"]]) == 200
    tree = hashlib.sha256(b"".join(hashlib.sha256(p).digest() for _n, p in pieces)).hexdigest()
    done = await sender.client.api(
        "POST", f"{path}/{begun['id']}/completion", token, json={"sha256Tree": tree}
    )
    assert (done.status_code, done.json()["state"]) == (200, "available")


async def test_a_large_file_is_checked_by_a_job_and_its_people_may_have_it_before(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 10)
    done = await sender.whole("words.txt", CONTENT)
    assert done["state"] == "stored" and "sha256" not in done
    assert (await sender.client.get(f"/files/{done['id']}")).status_code in (200, 303)
    assert (await worker.run_all(database)).failed == 0
    kept = await document(database, done)
    assert (kept.state, kept.sha256) == (DocumentState.AVAILABLE, hashlib.sha256(CONTENT).hexdigest())


async def test_a_bomb_is_told_by_its_table_of_contents(database: Database, sender: Sender) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("[Content_Types].xml", "x")
        pack.writestr("word/document.xml", b"\0" * (30 << 20))
    secret = await sender.whole("bomb.docx", packed.getvalue(), "secret")
    assert secret["state"] == "quarantined" and "unpacks to more" in secret["refused"]


async def test_taking_a_file_out_leaves_the_others(database: Database, sender: Sender) -> None:
    one, two = await sender.whole("one.txt", CONTENT), await sender.whole("two.txt", CONTENT)
    path = f"/proposals/{sender.proposal.id}"
    await sender.client.post(f"{path}/edit/papers", {"_remove": f"film.{one['id']}"})
    page = words_of(await sender.client.get(f"{path}/edit/papers"))
    assert "two.txt" in page and "one.txt" not in page
    async with database.reading() as db:
        kept = (await db.exec(select(Attachment).where(col(Attachment.removed_at).is_(None)))).all()
    assert [str(each.document_id) for each in kept] == [two["id"]]
