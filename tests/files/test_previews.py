"""Pages and pictures drawn anew: small, without what stood beside the pixels, and errors in words."""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest
from PIL import Image

from challenge.files import previews, shown
from challenge.files.actions import receive
from challenge.files.models import Document
from challenge.files.pictures import ARTIST
from challenge.foundation.db import Database
from challenge.foundation.errors import NotFound, TooMany
from challenge.settings import Settings
from tests.builders.world import a_pdf
from tests.files.test_receiving import DOCX, a_pdf_of, a_picture


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    previews._kept.clear()
    yield
    previews._kept.clear()


async def kept(database: Database, name: str, content: bytes) -> Document:
    async with database.writing() as db:
        document = await receive(db, owner_id=None, name=name, content=content, by=None)
        await db.commit()
    return document


async def shot(document: Document, page: int = 1, *, is_blind: bool = False) -> previews.Shot:
    return await previews.shot_of(document, page, document.name, is_blind=is_blind)


def picture_of(made: previews.Shot) -> Image.Image:
    picture = Image.open(io.BytesIO(made.png))
    assert picture.format == "PNG" and picture.size == (made.width, made.height)
    return picture


async def test_a_page_is_drawn_with_its_words_and_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await kept(database, "a.pdf", a_pdf("Water for all", "Zoe"))
    made = await shot(document)
    assert (made.pages, made.width, made.height) == (1, 1082, 1400)
    assert made.text.strip() == "Water for all"
    assert picture_of(made).convert("L").getextrema()[0] < 80  # there is ink on it
    assert b"Zoe" not in made.png
    monkeypatch.setattr(previews, "_drawn", None)
    assert await shot(document) is made


async def test_pages_beyond_the_last_are_not_there(database: Database) -> None:
    document = await kept(database, "a.pdf", a_pdf_of(2))
    assert (await shot(document, 2)).pages == 2
    for page in (0, 3):
        with pytest.raises(NotFound):
            await shot(document, page)


async def test_blind_what_hangs_on_a_page_is_left_out(database: Database) -> None:
    with pikepdf.new() as pdf:
        sheet = pdf.add_blank_page(page_size=(200, 200))
        sheet.Annots = pdf.make_indirect(
            pikepdf.Array(
                [pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Square, Rect=[20, 20, 180, 180],
                                    C=[1, 0, 0], IC=[1, 0, 0], F=4)]
            )
        )  # fmt: skip
        out = io.BytesIO()
        pdf.save(out)
    document = await kept(database, "a.pdf", out.getvalue())
    seen, blind = [picture_of(await shot(document, is_blind=each)) for each in (False, True)]
    assert seen.convert("RGB").getpixel((250, 250)) != (255, 255, 255)
    assert blind.convert("RGB").getpixel((250, 250)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_is_made_small_and_says_nothing_of_itself(database: Database, kind: str) -> None:
    exif = Image.Exif()
    exif[ARTIST], exif[0x0112] = "Zoe Martin", 6  # lies on its side
    content = a_picture(kind, 3000, 1500, exif=exif)
    assert b"Zoe Martin" in content
    made = await shot(await kept(database, f"a.{kind.lower()}", content))
    assert (made.width, made.height) == (700, 1400)
    assert b"Zoe" not in made.png and not picture_of(made).getexif()


async def test_what_cannot_be_drawn_is_told_in_words(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await kept(database, "a.docx", DOCX)
    with pytest.raises(previews.CannotShow) as caught:
        await shot(letter)
    assert str(caught.value.text) == "“a.docx” cannot be shown here. Open it instead."
    document = await kept(database, "a.pdf", a_pdf_of(1))
    monkeypatch.setattr(previews, "MOST_BYTES", 10)
    with pytest.raises(previews.CannotShow) as caught:
        await shot(document)
    assert "too large to be shown here" in str(caught.value.text)
    monkeypatch.undo()
    monkeypatch.setattr(previews, "PATIENCE", 0.001)
    with pytest.raises(previews.CannotShow):
        await shot(document)
    monkeypatch.undo()
    monkeypatch.setattr(previews, "MOST_WAITING", 0)
    with pytest.raises(TooMany):
        await shot(document)


async def test_a_page_that_breaks_its_program_breaks_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import os; os.kill(os.getpid(), 11)")
    monkeypatch.setattr(previews, "PROGRAM", broken)
    with pytest.raises(previews.CannotShow):
        await shot(await kept(database, "a.pdf", a_pdf_of(1)))


async def test_a_wide_page_stays_within_its_pixels(database: Database) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(14_400, 3))
        out = io.BytesIO()
        pdf.save(out)
    made = await shot(await kept(database, "a.pdf", out.getvalue()))
    assert made.width == 1400 and made.height <= 2


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("", (0, 100)), ("bytes=0-", (0, 100)), ("bytes=10-19", (10, 10)), ("bytes=90-500", (90, 10)),
        ("bytes=-5", (95, 5)), ("bytes=-500", (0, 100)), ("bytes=100-", None), ("bytes=9-8", None),
        ("bytes=-0", None), ("bytes=1-2,4-5", (0, 100)), ("lines=1-2", (0, 100)), ("bytes=-", (0, 100)),
    ],
)  # fmt: skip
def test_ranges(asked: str, part: tuple[int, int] | None) -> None:
    assert shown.part_of(asked, 100) == part


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "files.example.org", "http://127.0.0.1:8000/files"])
def test_the_address_for_files_is_another_one(url: str) -> None:
    with pytest.raises(ValueError, match="CHALLENGE_FILES_URL"):
        Settings(base_url="http://127.0.0.1:8000", files_url=url)
