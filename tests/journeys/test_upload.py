"""A film of 600 MB over a line that breaks twice, with a reload in between: it arrives whole, byte for byte."""

import asyncio
import hashlib
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Error, Page, Route, expect

from challenge.accounts import actions as accounts
from challenge.accounts.gate import cookie_name
from challenge.foundation.db import Database
from challenge.migrations.run import upgrade
from tests.builders.calls import FORM, a_call
from tests.builders.people import a_person
from tests.builders.proposals import a_draft
from tests.journeys.browsing import PHONE, Heard, Site, Visitors, check
from tests.journeys.conftest import _serve

SIZE_MB = 600
WITH_FILM = {
    **FORM,
    "sections": [*FORM["sections"], {"code": "papers", "label": {"en": "Papers", "ar": "الأوراق"}}],
    "questions": [
        *FORM["questions"],
        {"code": "film", "section": "papers", "kind": "file", "label": {"en": "Measured data", "ar": "بيانات"},
         "types": ["txt", "pdf"], "max_files": 3, "max_mb": 900},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def house(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str, str]]:
    """A site with one draft: the site, the path of the draft, the secret of its owner's session."""
    folder = tmp_path_factory.mktemp("uploading")
    (folder / "told").mkdir()
    made = subprocess.run(
        [sys.executable, "-m", "tests.journeys.test_upload", str(folder / "told")],
        env={**os.environ, "CHALLENGE_VAR_DIR": str(folder / "told")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    path, secret = made.stdout.split()
    for site in _serve(folder, "told"):
        yield site, path, secret


async def _make(folder: Path) -> tuple[str, str]:
    database = Database(f"sqlite:///{folder}/challenge.db")
    async with database.writing() as db:
        call, stage = await a_call(db, form=WITH_FILM)
        person = await a_person(db, "Amina Okafor")
        proposal = await a_draft(db, call, stage, person)
        secret = await accounts.open_session(db, person, "tests")
        await db.commit()
    await database.close()
    return f"/proposals/{proposal.id}", secret


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Lines of numbers, no two blocks alike, so that a part in the wrong place would show."""
    path = tmp_path_factory.mktemp("films") / "measured data.txt"
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for n in range(SIZE_MB):
            block = (f"{n:06d} ".encode() * ((1 << 20) // 7 + 1))[: 1 << 20]
            digest.update(block)
            file.write(block)
    return path, digest.hexdigest()


async def _enter(context: BrowserContext, site: Site, secret: str) -> None:
    await context.add_cookies([{"name": cookie_name(), "value": secret, "url": site.url}])


async def _share(page: Page) -> float:
    return float(await page.locator("ul.files progress").first.get_attribute("value") or 0)


async def _until(page: Page, share: float) -> None:
    for _ in range(1200):
        if await page.locator("ul.files progress").count() and await _share(page) >= share:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"It does not get to {share} %: {await page.locator('ul.files').inner_text()}")


async def _break(context: BrowserContext, page: Page, heard: Heard) -> None:
    await context.set_offline(True)
    await expect(page.locator("ul.files .what")).to_contain_text("offline", timeout=60_000)
    await asyncio.sleep(1)
    await context.set_offline(False)
    heard.forget("ERR_INTERNET_DISCONNECTED")


async def test_six_hundred_megabytes_over_a_line_that_breaks_twice_and_a_reload(
    house: tuple[Site, str, str], film: tuple[Path, str], visitors: Visitors
) -> None:
    site, path, secret = house
    async with visitors.visiting(site) as (context, page, heard):
        await _enter(context, site, secret)
        await page.goto(f"{path}/edit/papers")
        await check(page, heard, screens=visitors.screens, name="upload empty-en")
        await page.set_input_files("#film", film[0])
        await _until(page, 8)
        await check(page, heard, screens=visitors.screens, name="upload sending-en")
        await _break(context, page, heard)
        await _until(page, 25)
        page.once("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await expect(page.locator("ul.files .what")).to_contain_text("Choose the same file again")
        assert await _share(page) >= 20, "what was held before the reload is still held"
        await check(page, heard, screens=visitors.screens, name="upload left-en")

        other = film[0].parent / "other" / film[0].name
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(b"9" * film[0].stat().st_size)
        await page.set_input_files("#film", other)
        await expect(page.locator("ul.files .what")).to_contain_text("another file")
        other.unlink()

        await page.set_input_files("#film", film[0])
        await _until(page, 50)
        await _break(context, page, heard)
        await expect(page.locator("ul.files li[data-file]")).to_contain_text("Available", timeout=300_000)
        await check(page, heard, screens=visitors.screens, name="upload done-en")
    with sqlite3.connect(site.folder / "challenge.db") as db:
        rows = db.execute("SELECT name, size, sha256, state FROM document").fetchall()
    assert rows == [(film[0].name, SIZE_MB << 20, film[1], "available")]


async def test_pausing_cancelling_and_a_wrong_file_in_arabic_on_a_phone(
    house: tuple[Site, str, str], visitors: Visitors, tmp_path: Path
) -> None:
    site, path, secret = house
    async with visitors.visiting(site, language="ar", width=PHONE) as (context, page, heard):
        await _enter(context, site, secret)
        await page.goto(f"{path}/edit/papers?lang=ar")
        large = tmp_path / "large.txt"
        large.write_bytes(b"word " * (20 << 20))
        await context.route(re.compile("/storage/parts/"), _slowly)
        await page.set_input_files("#film", large)
        pause = page.get_by_role("button", name=re.compile("إيقاف"))
        await pause.click()
        await expect(page.locator("li.is-paused")).to_be_visible()
        await check(page, heard, screens=visitors.screens, name="upload paused-ar")
        await page.locator("li.is-paused .do button").nth(1).click()
        await expect(page.locator("li.is-paused")).to_have_count(0)

        wrong = tmp_path / "letter.pdf"
        wrong.write_bytes(b"these are only words")
        await context.unroute(re.compile("/storage/parts/"))
        await page.set_input_files("#film", wrong)
        await expect(page.locator("li.is-refused")).to_contain_text("letter.pdf")
        await check(page, heard, screens=visitors.screens, name="upload refused-ar")
        tool = tmp_path / "tool.exe"
        tool.write_bytes(b"MZ")
        await page.set_input_files("#film", tool)
        await expect(page.locator("li.is-refused").nth(1)).to_contain_text("tool.exe")
        heard.forget("422")


async def test_a_second_window_leaves_a_file_to_the_first(
    house: tuple[Site, str, str], visitors: Visitors, tmp_path: Path
) -> None:
    site, path, secret = house
    large = tmp_path / "two windows.txt"
    large.write_bytes(b"word " * (10 << 20))
    async with visitors.visiting(site) as (context, page, _heard):
        await _enter(context, site, secret)
        await page.goto(f"{path}/edit/papers")
        is_held = asyncio.Event()

        async def held(route: Route) -> None:
            await is_held.wait()
            await route.continue_()

        await context.route(re.compile("/storage/parts/"), held)
        await page.set_input_files("#film", large)
        await expect(page.locator("ul.files li", has_text=large.name)).to_contain_text(
            "Waiting for its turn", timeout=30_000
        )
        second = await context.new_page()
        await second.goto(f"{path}/edit/papers")
        line = second.locator("ul.files li", has_text=large.name)
        await expect(line).to_contain_text("Choose the same file again")
        await second.set_input_files("#film", large)
        await expect(line).to_contain_text("being sent in another window")
        is_held.set()
        await expect(page.locator("li[data-file]", has_text=large.name)).to_contain_text(
            "Available", timeout=120_000
        )
    with sqlite3.connect(site.folder / "challenge.db") as db:
        rows = db.execute("SELECT size, state FROM document WHERE name = ?", [large.name]).fetchall()
    assert rows == [(large.stat().st_size, "available")]


async def _slowly(route: object) -> None:
    await asyncio.sleep(2)
    with suppress(Error):  # the part was given up meanwhile
        await route.continue_()  # type: ignore[attr-defined]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    upgrade(f"sqlite:///{folder}/challenge.db")
    print(*asyncio.run(_make(folder)))
