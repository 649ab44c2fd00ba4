"""Every page of the journeys, in English and Arabic, on a phone and on a desktop: nothing keeps people from using it."""

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import BrowserContext

from tests.journeys import pages
from tests.journeys.browsing import DESKTOP, PHONE, Heard, Site, Visitors, faults_of, picture, resized
from tests.journeys.pages import Seen

LOOKED_AT: list[tuple[str, str, Callable[[Site], list[Seen]]]] = [
    ("site", "", pages.public),
    ("site", "p02@example.org", pages.applicant),
    ("reviewing", "r2@example.org", pages.reviewer),
    ("reviewing", "r3@example.org", pages.chair),
    ("reviewing", "manager@example.org", pages.reviewing_manager),
    ("deciding", "manager@example.org", pages.deciding_manager),
    ("site", "manager@example.org", pages.manager),
    ("site", "administrator@example.org", pages.administrator),
]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(
    ("state", "who", "listed"), LOOKED_AT, ids=[listed.__name__ for _state, _who, listed in LOOKED_AT]
)
async def test_every_page_can_be_used(
    state: str,
    who: str,
    listed: Callable[[Site], list[Seen]],
    language: str,
    visitors: Visitors,
    request: pytest.FixtureRequest,
) -> None:
    site: Site = request.getfixturevalue(state)
    async with visitors.visiting(site, who, language) as (context, _page, _heard):
        two_at_a_time = asyncio.Semaphore(2)
        found = await asyncio.gather(
            *(_look(context, seen, language, visitors, two_at_a_time) for seen in listed(site))
        )
    faults = [fault for each in found for fault in each]
    assert not faults, "\n".join(["", *faults])


async def _look(
    context: BrowserContext, seen: Seen, language: str, visitors: Visitors, turn: asyncio.Semaphore
) -> list[str]:
    async with turn:
        page, heard = await context.new_page(), Heard()
        heard.listen(page)
        answer = await page.goto(seen.path)
        faults = []
        status = answer.status if answer else 0
        if status != seen.status:
            faults.append(f"status {status}")
        if await page.locator("html").get_attribute("lang") != language:
            faults.append("in another language")
        for width in (DESKTOP, PHONE):
            await resized(page, width)
            faults += [f"{width} px: {fault}" for fault in await faults_of(page, heard)]
            await picture(page, visitors.screens, f"{seen.name}-{language}-{width}")
        await page.close()
        return [f"{seen.path} ({seen.name}, {language}): {fault}" for fault in faults]
