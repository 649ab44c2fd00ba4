"""A real browser on a real site: signing in, looking at a page as everybody has to be able to use it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState

from challenge.demo.story import PASSWORD

CALM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = 375, 1280
HEIGHTS = {PHONE: 812, DESKTOP: 900}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
RUN_AXE = """async (tags) => {
  await document.fonts.ready;
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return found.violations.map((v) => `${v.id}: ` + v.nodes.slice(0, 3)
    .map((n) => `${n.target.join(" ")} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ""}`).join(" | "));
}"""
TOO_WIDE = """() => {
  const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
  if (over <= 0) return "";
  const edge = (e) => page.dir === "rtl" ? -e.getBoundingClientRect().left : e.getBoundingClientRect().right - page.clientWidth;
  const worst = [...document.querySelectorAll("main *, header *, footer *")].sort((a, b) => edge(b) - edge(a))[0];
  return `${over} px wider than the screen: ${worst?.outerHTML.slice(0, 120)}`;
}"""


@cache
def axe() -> str:
    return AXE.read_text("utf-8")


@dataclass
class Heard:
    """What the browser complained about, for every page of one context."""

    words: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.words.append(f"error in a script: {error}"))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        page = message.page
        is_status = message.text.startswith("Failed to load resource")
        if is_status and page is not None and message.location["url"] in (page.url, ""):
            return  # the status of the page itself, which the tests look at
        self.words.append(f"console: {message.text}")

    def forget(self, *expected: str) -> None:
        """Takes out what a journey provokes on purpose, such as requests without a network."""
        self.words = [word for word in self.words if not any(each in word for each in expected)]


@dataclass
class Site:
    """A served demonstration: its address, its database, its folder of mails."""

    name: str
    url: str
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "challenge.db"


class Visitors:
    """Opens browsers windows of one person each; who has signed in once need not do it again."""

    def __init__(self, browser: Browser, screens: Path) -> None:
        self.browser, self.screens = browser, screens
        self.sessions: dict[tuple[str, str], StorageState] = {}

    @asynccontextmanager
    async def visiting(
        self, site: Site, who: str = "", language: str = "en", width: int = DESKTOP, **more: Any
    ) -> AsyncIterator[tuple[BrowserContext, Page, Heard]]:
        state = await self._session(site, who) if who else None
        async with self._context(site, language, width, storage_state=state, **more) as (context, heard):
            yield context, await context.new_page(), heard

    async def _session(self, site: Site, who: str) -> StorageState:
        if (site.name, who) not in self.sessions:
            async with self._context(site, "en", DESKTOP) as (context, _heard):
                page = await context.new_page()
                await sign_in(page, who)
                self.sessions[site.name, who] = await context.storage_state()
        return self.sessions[site.name, who]

    @asynccontextmanager
    async def _context(
        self, site: Site, language: str, width: int, **more: Any
    ) -> AsyncIterator[tuple[BrowserContext, Heard]]:
        context = await self.browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            locale=language,
            timezone_id="Europe/Zurich",
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(15_000)
        await context.add_cookies([{"name": "lang", "value": language, "url": site.url}])
        heard = Heard()
        context.on("page", heard.listen)
        try:
            yield context, heard
        finally:
            await context.close()


async def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Through the real form."""
    await page.goto("/sign-in")
    await page.fill("input[name=email]", email)
    await page.fill("input[name=password]", password)
    await page.locator("main form button.is-main").click()
    await page.wait_for_url(lambda url: "/sign-in" not in url)


async def resized(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": HEIGHTS[width]})


async def faults_of(page: Page, heard: Heard) -> list[str]:
    """What keeps people from using this page at its present width: nothing, in a good page."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe())
    found: list[str] = await page.evaluate(RUN_AXE, TAGS)
    if wide := await page.evaluate(TOO_WIDE):
        found.append(wide)
    found += heard.words
    heard.words.clear()
    return found


async def check(page: Page, heard: Heard, *, screens: Path | None = None, name: str = "") -> None:
    """The page as it stands now, on a phone and on a desktop, leaves nothing to complain about."""
    before = page.viewport_size
    faults = []
    for width in (DESKTOP, PHONE):
        await resized(page, width)
        faults += [f"{width} px: {fault}" for fault in await faults_of(page, heard)]
        if screens and name:
            await picture(page, screens, f"{name}-{width}")
    if before:
        await page.set_viewport_size(before)
    assert faults == [], "\n".join([page.url, *faults])


async def picture(page: Page, screens: Path, name: str) -> None:
    await page.screenshot(path=screens / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png", full_page=True)
