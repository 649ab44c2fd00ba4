"""What a virus scanner says of uploads, with a real clamd that knows one signature."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlmodel import select

from challenge import worker
from challenge.files import checking, queries, scanner
from challenge.files.actions import receive
from challenge.files.models import Document, DocumentState
from challenge.foundation.db import Database
from challenge.foundation.errors import NotNow
from challenge.jobs.context import Drained
from challenge.settings import Settings, settings
from tests import servers
from tests.files.test_receiving import PDF, packed

pytestmark = pytest.mark.server


def with_scanner(monkeypatch: pytest.MonkeyPatch, url: str, **more: object) -> Settings:
    config = Settings(**{**settings().model_dump(), "scanner_url": url, **more})
    monkeypatch.setattr("challenge.files.actions.settings", lambda: config)
    return config


@pytest.fixture
def config(clamd_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return with_scanner(monkeypatch, clamd_url)


async def received(database: Database, name: str, content: bytes) -> UUID:
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name=name, content=content, by=None)
        await db.commit()
    return document.id


async def after(database: Database, document_id: UUID) -> Document:
    async with database.reading() as db:
        return (await db.exec(select(Document).where(Document.id == document_id))).one()


def a_letter(*more: tuple[str, bytes]) -> bytes:
    return packed(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"), *more)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.txt", servers.EICAR),
        ("letter.docx", a_letter(("word/media/note.txt", servers.EICAR))),
        ("nested.docx", a_letter(("word/embeddings/inner.docx", a_letter(("word/x.txt", servers.EICAR))))),
        ("behind.pdf", PDF + b"\n% " + servers.EICAR),
    ],
)
async def test_a_virus_is_found_wherever_it_hides(
    database: Database, config: Settings, name: str, content: bytes
) -> None:
    document_id = await received(database, name, content)
    assert (await worker.run_all(database, config)).failed == 0
    kept = await after(database, document_id)
    assert kept.state == DocumentState.QUARANTINED and kept.reason.startswith("Eicar-Test-Anywhere")
    with pytest.raises(NotNow) as caught:
        await queries.content(kept)
    assert "the check found something harmful" in str(caught.value.text)


async def test_what_is_clean_is_released(database: Database, config: Settings) -> None:
    document_id = await received(database, "letter.docx", a_letter())
    await worker.run_all(database, config)
    assert (await after(database, document_id)).state == DocumentState.AVAILABLE


@pytest.mark.parametrize("accepts", [False, True])
async def test_what_is_too_large_for_the_scanner_has_no_verdict(
    database: Database, clamd_url: str, monkeypatch: pytest.MonkeyPatch, accepts: bool
) -> None:
    config = with_scanner(monkeypatch, clamd_url, accept_unscanned=accepts)
    document_id = await received(database, "long.txt", b"words " * (servers.Clamd.MOST // 5))
    await worker.run_all(database, config)
    kept = await after(database, document_id)
    assert (kept.state, kept.reason) == (
        DocumentState.AVAILABLE if accepts else DocumentState.UNSCANNED,
        "unscanned",
    )


@pytest.fixture
def own_clamd() -> Iterator[servers.Clamd]:
    if servers.clamd_program() is None:
        pytest.skip("needs clamd, which is not here (Debian: apt-get install clamav-daemon)")
    with servers.Clamd() as made:
        yield made


async def test_a_scanner_that_stops_lets_nothing_through_and_goes_on_when_it_is_back(
    database: Database, own_clamd: servers.Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_scanner(monkeypatch, own_clamd.url)
    assert await scanner.check(own_clamd.url) == ""
    own_clamd.stop()
    assert await scanner.check(own_clamd.url) == "The virus scanner does not answer."
    document_id = await received(database, "letter.docx", a_letter())
    assert await worker.run_all(database, config) == Drained(0, 1)
    assert (await after(database, document_id)).state == DocumentState.SCANNING
    own_clamd.start()
    back = Settings(**{**config.model_dump(), "scanner_url": own_clamd.url})
    await checking.check(database, document_id, back)
    assert (await after(database, document_id)).state == DocumentState.AVAILABLE


async def test_a_scanner_that_never_answers_lets_nothing_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    config = with_scanner(monkeypatch, f"clamd://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    monkeypatch.setattr(checking, "PATIENCE", 0.2)
    document_id = await received(database, "letter.docx", a_letter())
    with pytest.raises(scanner.ScannerDown):
        await checking.check(database, document_id, config)
    assert (await after(database, document_id)).state == DocumentState.SCANNING
    server.close()
