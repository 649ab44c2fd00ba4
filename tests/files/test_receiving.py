"""What people hand in: taken whole, or refused in a sentence that says what to do."""

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from challenge import worker
from challenge.files import queries, rules, store
from challenge.files.actions import receive
from challenge.files.models import Document, DocumentState
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotNow, Unavailable, Unprocessable
from challenge.jobs.context import Drained
from challenge.settings import Settings, settings
from storage.folder import FolderStore
from storage.store import StoreDown
from tests.builders.people import a_person

HERE = Path(__file__).parent
PDF = (HERE / "one-page.pdf").read_bytes()
LOCKED = (HERE / "locked.pdf").read_bytes()


def a_picture(kind: str, width: int = 8, height: int = 8, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind, **more)
    return out.getvalue()


PNG, JPEG, WEBP = (a_picture(kind) for kind in ("PNG", "JPEG", "WEBP"))


def packed(*entries: tuple[str, bytes], store: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if store else zipfile.ZIP_DEFLATED) as pack:
        for name, content in entries:
            pack.writestr(name, content)
    return out.getvalue()


DOCX = packed(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))
XLSX = packed(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>"))
ODT = packed(("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<o/>"), store=True)
BOMB = packed(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(40 << 20)))


async def refusal(
    db: Db, name: str, content: bytes, allowed: tuple[str, ...] = (), most: int | None = None
) -> str:
    with pytest.raises(Unprocessable) as caught:
        await receive(db, owner_id=None, name=name, content=content, allowed=allowed, most=most, by=None)
    assert list(caught.value.errors) == ["file"]
    return str(caught.value.text)


async def test_a_document_is_kept_under_its_own_id_with_its_digest(db: Db) -> None:
    person = await a_person(db)
    document = await receive(
        db, owner_id=person.id, name="Our budget.PDF", content=PDF, allowed=("pdf",), by=None
    )
    assert document.name == "Our budget.pdf"
    assert document.key == f"documents/{document.id}/v1"
    assert (document.media_type, document.size) == ("application/pdf", len(PDF))
    assert (document.state, document.reason) == (DocumentState.AVAILABLE, "unscanned")
    assert await queries.content(document) == PDF
    assert b"".join([piece async for piece in await queries.stream(document)]) == PDF


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.odt", ODT, "application/vnd.oasis.opendocument.text"),
        ("a.png", PNG, "image/png"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.webp", WEBP, "image/webp"),
        ("a.txt", "ملخص\n".encode(), "text/plain"),
        ("a.csv", "name;sum\r\nZoë;3".encode("latin-1"), "text/csv"),
    ],
)
async def test_each_kind_is_known_by_its_bytes(db: Db, name: str, content: bytes, media_type: str) -> None:
    document = await receive(db, owner_id=None, name=name, content=io.BytesIO(content), by=None)
    assert document.media_type == media_type
    assert await queries.content(document) == content


async def test_jpg_and_jpeg_are_one_kind(db: Db) -> None:
    assert await receive(db, owner_id=None, name="a.jpeg", content=JPEG, allowed=("jpg",), by=None)


def a_pdf_of(pages: int) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


async def test_a_pdf_with_too_many_pages_is_refused_and_other_kinds_are_not_counted(db: Db) -> None:
    with pytest.raises(Unprocessable) as caught:
        await receive(db, owner_id=None, name="plan.pdf", content=a_pdf_of(3), most_pages=2, by=None)
    assert str(caught.value.errors["file"]) == (
        "“plan.pdf” has 3 pages; at most 2 pages can be sent here. Shorten it and choose it again."
    )
    with pytest.raises(Unprocessable) as caught:
        await receive(db, owner_id=None, name="plan.pdf", content=a_pdf_of(2), most_pages=1, by=None)
    assert str(caught.value.text) == (
        "“plan.pdf” has 2 pages; at most 1 page can be sent here. Shorten it and choose it again."
    )
    with pytest.raises(Unprocessable) as caught:
        await receive(db, owner_id=None, name="plan.pdf", content=LOCKED, most_pages=2, by=None)
    assert "It is protected by a password" in str(caught.value.text)
    short = a_pdf_of(2)
    kept = await receive(db, owner_id=None, name="plan.pdf", content=short, most_pages=2, by=None)
    assert await queries.content(kept) == short
    assert await receive(db, owner_id=None, name="plan.docx", content=DOCX, most_pages=1, by=None)


async def test_refusals_say_what_is_wrong_and_what_to_do(db: Db) -> None:
    assert await refusal(db, "plan.exe", b"MZ", ("pdf", "docx")) == (
        "“plan.exe” is not of a kind that is taken here. Send one of these: PDF, DOCX."
    )
    assert await refusal(db, "plan", PDF, ("pdf",)) == (
        "“plan” is not of a kind that is taken here. Send one of these: PDF."
    )
    assert await refusal(db, "plan.pdf", b"") == "“plan.pdf” is empty. Save it again and choose it once more."
    assert await refusal(db, "plan.pdf", PDF + bytes(3 << 20), most=2 << 20) == (
        "“plan.pdf” has 3 MB; at most 2 MB can be sent here. Make it smaller and choose it again."
    )
    assert await refusal(db, "plan.pdf", PNG) == (
        "“plan.pdf” ends in .pdf, but its content is PNG. Save it as PDF and choose it again."
    )
    assert await refusal(db, "plan.docx", XLSX) == (
        "“plan.docx” ends in .docx, but its content is XLSX. Save it as DOCX and choose it again."
    )
    assert await refusal(db, "plan.pdf", LOCKED) == (
        "“plan.pdf” was not taken. It is protected by a password, so reviewers could not open it. "
        "Remove the password and choose it again."
    )
    assert await refusal(db, "plan.pdf", PDF[:300]) == (
        "“plan.pdf” was not taken. It cannot be opened; it seems damaged. Save it again and choose it once more."
    )
    assert await refusal(db, "plan.txt", b"MZ\x90\x00") == (
        "“plan.txt” ends in .txt, but its content is EXE. Save it as TXT and choose it again."
    )
    assert await refusal(db, "plan.docx", BOMB) == (
        "“plan.docx” was not taken. It unpacks to more than this service takes. "
        "Save it without large pictures and choose it again."
    )


async def test_nothing_is_kept_of_what_was_refused(db: Db) -> None:
    before = set(store.the_store().keys())
    await refusal(db, "plan.pdf", PNG)
    assert set(store.the_store().keys()) == before


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\Budget.XLSX", "Budget.xlsx"),
        ("inv\u202efdp.exe", "invfdp.exe"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        ('what?<is>"this".pdf', "what__is__this_.pdf"),
        ("الميزانية.pdf", "الميزانية.pdf"),
        ("نیم\u200cفاصله.pdf", "نیم\u200cفاصله.pdf"),
        ("...", "file"),
        (".pdf", "file.pdf"),
        ("", "file"),
        ("é" * 200 + ".pdf", "é" * 75 + ".pdf"),
    ],
)
def test_names_are_made_safe(typed: str, safe: str) -> None:
    assert rules.safe_name(typed) == safe


async def test_a_store_that_is_down_is_told_with_what_was_kept(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    down = FolderStore(gone)
    gone.rmdir()
    monkeypatch.setattr(store, "the_store", lambda: down)
    with pytest.raises(Unavailable) as caught:
        await receive(db, owner_id=None, name="plan.pdf", content=PDF, by=None)
    assert caught.value.facts["part"] == "storage"
    assert str(caught.value.text).startswith("The file store does not answer, so no file was taken.")


async def test_damage_in_the_store_is_found(db: Db) -> None:
    kept = store.the_store()
    good = await receive(db, owner_id=None, name="good.pdf", content=PDF, by=None)
    bad = await receive(db, owner_id=None, name="bad.pdf", content=PDF, by=None)
    lost = await receive(db, owner_id=None, name="lost.pdf", content=PDF, by=None)
    assert await queries.damages(db) == (3, [])
    kept.delete(bad.key)
    kept.put(bad.key, PDF.replace(b"200", b"201"), content_type="x")
    kept.delete(lost.key)
    count, found = await queries.damages(db)
    assert count == 3
    assert {(d.document_id, d.what) for d in found} == {
        (bad.id, "its bytes are not those that were received"),
        (lost.id, "its bytes are missing from the store"),
    }
    assert await queries.content(good) == PDF
    with pytest.raises(Unavailable):
        await queries.content(lost)


class Clamd:
    """Speaks clamd's protocol and finds the word VIRUS."""

    def __init__(self) -> None:
        self.port = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        content = b""
        if command == b"zINSTREAM\0":
            while size := struct.unpack("!I", await reader.readexactly(4))[0]:
                content += await reader.readexactly(size)
            writer.write(b"stream: Test.Virus FOUND\0" if b"VIRUS" in content else b"stream: OK\0")
        else:
            writer.write(b"PONG\0")
        await writer.drain()
        writer.close()


@pytest.fixture
async def clamd() -> AsyncIterator[Clamd]:
    made = Clamd()
    server = await made.serve()
    yield made
    server.close()


async def test_a_scanner_releases_or_rejects_and_until_then_nobody_reads(
    database: Database, clamd: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Settings(**{**settings().model_dump(), "scanner_url": f"clamd://127.0.0.1:{clamd.port}"})
    monkeypatch.setattr("challenge.files.actions.settings", lambda: config)
    async with database.writing() as db:
        good = await receive(db, owner_id=None, name="good.txt", content=b"fine words", by=None)
        bad = await receive(db, owner_id=None, name="bad.txt", content=b"a VIRUS inside", by=None)
        await db.commit()
    with pytest.raises(NotNow) as caught:
        await queries.content(good)
    assert "still being checked" in str(caught.value.text)
    # the third job asks whether the refused one was submitted
    assert await worker.run_all(database, config) == Drained(3, 0)
    async with database.reading() as db:
        states = [await db.get(Document, each.id) for each in (good, bad)]
    assert [(d.state, d.reason) for d in states if d] == [
        (DocumentState.AVAILABLE, ""),
        (DocumentState.QUARANTINED, "Test.Virus"),
    ]
    assert states[1] is not None
    with pytest.raises(NotNow) as caught:
        await queries.content(states[1])
    assert "something harmful" in str(caught.value.text)


async def test_a_scanner_that_is_down_lets_nothing_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Settings(**{**settings().model_dump(), "scanner_url": "clamd://127.0.0.1:1"})
    monkeypatch.setattr("challenge.files.actions.settings", lambda: config)
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name="good.txt", content=b"fine words", by=None)
        await db.commit()
    assert await worker.run_all(database, config) == Drained(0, 1)
    async with database.reading() as db:
        kept = await queries.the_document(db, document.id)
    assert kept.state == DocumentState.SCANNING


async def test_what_the_store_can_do_is_found_out_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store.the_store()
    kept.capabilities = None
    await store.find_out(settings())
    assert kept.capabilities is not None
    monkeypatch.setattr(type(kept), "probe", lambda *_: (_ for _ in ()).throw(StoreDown("full")))
    await store.find_out(settings())  # and a store that is down keeps nobody from starting
