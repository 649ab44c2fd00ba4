"""Looking at files on a page: drawn pages, films and their ranges, blind reading, and what its own people are told."""

import io
from typing import Any
from uuid import UUID

import httpx
import pikepdf
import pytest
from PIL import Image
from sqlmodel import select

from challenge.audit.models import Entry
from challenge.calls.models import Blindness, Stage
from challenge.files import previews
from challenge.files.blind import blind_copy
from challenge.files.flags import flags_of
from challenge.files.models import Document, DocumentState
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.settings import settings
from storage.memory import MemoryStore
from tests.builders.world import a_pdf
from tests.client import BASE, Client, words_of
from tests.files.test_content import FILM
from tests.files.test_receiving import DOCX, a_pdf_of
from tests.proposals.test_pages import WITH_FILES, made
from tests.proposals.test_uploads import Sender

FORM: dict[str, Any] = {
    **WITH_FILES,
    "questions": [
        *WITH_FILES["questions"],
        {"code": "any", "section": "papers", "kind": "file", "label": {"en": "Anything"},
         "types": ["pdf", "docx", "jpg", "mp4"], "max_files": 9},
    ],
}  # fmt: skip
FILES_URL = "http://files.local"


@pytest.fixture
async def sender(database: Database, client: Client) -> Sender:
    previews._kept.clear()
    proposal, person, _call, _stage = await made(database, form=FORM)
    await client.sign_in(person.id)
    return Sender(client, proposal)


@pytest.fixture
def own_origin(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CHALLENGE_FILES_URL", FILES_URL)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def events(database: Database, document_id: str) -> list[str]:
    async with database.reading() as db:
        found = await db.exec(
            select(Entry.event).where(Entry.thing_id == UUID(document_id)).order_by(Entry.n)
        )
        return [event for event in found.all() if event in ("document.previewed", "document.opened")]


async def test_pages_are_turned_without_javascript_and_each_look_is_recorded(
    database: Database, sender: Sender
) -> None:
    done = await sender.whole("my plan.pdf", a_pdf_of(3), "any")
    here, get = f"/files/{done['id']}", sender.client.get
    assert f'href="{here}/preview"' in (await get(f"/proposals/{sender.proposal.id}/edit/papers")).text
    assert f'href="{here}/preview"' in done["html"]
    second = await get(f"{here}/preview?page=2")
    assert "Page 2 of 3" in words_of(second) and 'alt="Page 2 of my plan.pdf"' in second.text
    for link in (
        f'src="{here}/pages/2.png"',
        f'{here}/preview?page=1" rel="prev"',
        f'{here}/preview?page=3" rel="next"',
    ):
        assert link in second.text
    assert "inline" not in second.text  # there is no origin without cookies
    picture = await get(f"{here}/pages/2.png")
    assert picture.headers["content-type"] == "image/png" and picture.headers["cache-control"] == "no-store"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert Image.open(io.BytesIO(picture.content)).size == (1082, 1400)
    assert await events(database, done["id"]) == ["document.previewed"] * 2
    for path in ("/preview?page=4", "/preview?page=0", "/preview?page=x", "/pages/4.png", "/pages/0.png",
                 "/pages/1.jpg", "/pages/99999999.png", "/inline"):  # fmt: skip
        assert (await get(here + path)).status_code == 404, path
    assert await events(database, done["id"]) == ["document.previewed"] * 2


async def test_the_words_of_a_page_can_be_read_aloud(sender: Sender) -> None:
    done = await sender.whole("plan.pdf", a_pdf("Water for <all>", "Zoe"), "any")
    page = await sender.client.get(f"/files/{done['id']}/preview")
    assert "Water for &lt;all&gt;" in page.text and "The words of this page" in page.text


async def test_what_cannot_be_shown_has_no_link_and_says_so(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await sender.whole("letter.docx", DOCX, "any")
    assert "preview" not in letter["html"]
    assert (await sender.client.get(f"/files/{letter['id']}/preview")).status_code == 404
    plan = await sender.whole("plan.pdf", a_pdf_of(1), "any")
    monkeypatch.setattr(previews, "MOST_BYTES", 1)
    page = await sender.client.get(f"/files/{plan['id']}/preview")
    assert page.status_code == 200 and "too large to be shown here. Open it instead." in words_of(page)
    assert (await sender.client.get(f"/files/{plan['id']}/pages/1.png")).status_code == 409
    film = await sender.whole("film.mp4", FILM, "any")
    assert "preview" not in film["html"]
    page = await sender.client.get(f"/files/{film['id']}/preview")
    assert "Films cannot be shown on this site" in words_of(page)


async def test_before_the_check_nobody_sees_a_page(database: Database, sender: Sender) -> None:
    done = await sender.whole("plan.pdf", a_pdf_of(1), "any")
    async with database.writing() as db:
        (await db.get_one(Document, UUID(done["id"]))).state = DocumentState.SCANNING
        await db.commit()
    for path in ("/preview", "/pages/1.png", "/inline"):
        assert (await sender.client.get(f"/files/{done['id']}{path}")).status_code == 409


# ---------- as they are, at an address without cookies ----------


async def at(client: Client, url: str, **headers: str) -> httpx.Response:
    """As a browser asks there: it has no cookie for it."""
    transport = httpx.ASGITransport(app=client.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport) as there:
        return await there.get(url, headers=headers)


async def test_a_film_is_shown_in_ranges_from_an_address_without_cookies(
    own_origin: None, database: Database, sender: Sender
) -> None:
    done = await sender.whole("film.mp4", FILM, "any")
    here = f"/files/{done['id']}"
    page = await sender.client.get(f"{here}/preview")
    assert f'src="{here}/inline"' in page.text
    assert f"media-src 'self' {FILES_URL}" in page.headers["content-security-policy"]
    answer = await sender.client.get(f"{here}/inline")
    link = answer.headers["location"]
    assert answer.status_code == 303 and link.startswith(f"{FILES_URL}/shown/")
    assert await events(database, done["id"]) == ["document.opened"]
    whole = await at(sender.client, link)
    assert (whole.status_code, whole.content) == (200, FILM)
    assert whole.headers["content-type"] == "video/mp4" and "set-cookie" not in whole.headers
    assert whole.headers["content-security-policy"].endswith(f"frame-ancestors {BASE}; sandbox")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["cross-origin-resource-policy"] == "cross-origin"
    part = await at(sender.client, link, range="bytes=4-11")
    assert (part.status_code, part.content) == (206, FILM[4:12])
    assert part.headers["content-range"] == f"bytes 4-11/{len(FILM)}"
    assert (await at(sender.client, link, range="bytes=9999-")).status_code == 416


async def test_such_a_link_ends_and_works_nowhere_else(
    own_origin: None, database: Database, sender: Sender
) -> None:
    done = await sender.whole("plan.pdf", a_pdf_of(1), "any")
    link = (await sender.client.get(f"/files/{done['id']}/inline")).headers["location"]
    pdf = await at(sender.client, link)
    assert pdf.status_code == 200 and "sandbox" not in pdf.headers["content-security-policy"]
    assert (await at(sender.client, link.replace(FILES_URL, BASE))).status_code == 404
    assert (await at(sender.client, link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 404
    assert (await at(sender.client, f"{FILES_URL}/shown/x.y")).status_code == 404
    for path in ("/", "/sign-in", f"/files/{done['id']}", "/static/css/challenge.css"):
        elsewhere = await at(sender.client, FILES_URL + path)
        assert elsewhere.status_code == 404 and "set-cookie" not in elsewhere.headers, path
    with clock.stopped(clock.now().replace(year=2090)):
        assert (await at(sender.client, link)).status_code == 404
    async with database.writing() as db:
        (await db.get_one(Document, UUID(done["id"]))).state = DocumentState.QUARANTINED
        await db.commit()
    assert (await at(sender.client, link)).status_code == 409


async def test_a_store_with_a_server_of_its_own_gives_the_link(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await sender.whole("film.mp4", FILM, "any")
    asked: list[dict[str, Any]] = []

    def sign(_store: Any, _key: str, **more: Any) -> str:
        asked.append(more)
        return "https://store.example.org/signed"

    monkeypatch.setattr(MemoryStore, "sign_download", sign)
    answer = await sender.client.get(f"/files/{done['id']}/inline")
    assert answer.headers["location"] == "https://store.example.org/signed"
    assert asked == [{"filename": "film.mp4", "content_type": "video/mp4", "inline": True, "lifetime": 900}]


# ---------- whose name a file bears ----------


@pytest.mark.parametrize("blindness", list(Blindness))
async def test_its_people_are_told_of_names_in_a_blind_call(
    database: Database, sender: Sender, blindness: Blindness
) -> None:
    async with database.writing() as db:
        stage = (await db.exec(select(Stage).where(Stage.id == sender.proposal.stage_id))).one()
        stage.blindness = blindness
        db.add(stage)
        await db.commit()
    done = await sender.whole("plan.pdf", a_pdf("words", "Zoe Martin"), "any")
    said = "The properties of this file name Zoe Martin; reviewers get a copy without them."
    is_blind = blindness == Blindness.DOUBLE
    assert (said in done["html"]) == is_blind
    page = words_of(await sender.client.get(f"/proposals/{sender.proposal.id}/edit/papers"))
    assert (said in page) == is_blind


def test_a_copy_for_blind_reading_bears_no_name() -> None:
    content = a_pdf("words", "Zoe Martin")
    assert flags_of(io.BytesIO(content), "pdf") == ["names-author", "author:Zoe Martin"]
    copy = blind_copy(content, "pdf")
    assert flags_of(io.BytesIO(copy), "pdf") == []
    with pikepdf.open(io.BytesIO(copy)) as pdf:
        assert len(pdf.pages) == 1
