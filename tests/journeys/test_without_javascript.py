"""The same way from the account to the receipt in a browser that runs no script."""

import re

from playwright.async_api import expect

from tests.journeys import applying
from tests.journeys.browsing import PHONE, Site, Visitors

TITLE = "Repair guilds on the river"


async def test_applying_without_javascript(site: Site, visitors: Visitors) -> None:
    async with visitors.visiting(site, width=PHONE, java_script_enabled=False) as (_context, page, _heard):
        email = "mary@example.net"
        await applying.make_account(page, site, name="Mary Achieng", email=email, language="en")
        proposal_id = await applying.begin(page, "en")
        await applying.name_organization(page, proposal_id, "River Guilds")
        await page.goto(f"/proposals/{proposal_id}/edit/idea")
        await page.fill("[name=title]", TITLE)
        await page.fill("textarea[name=problem]", "A lamp that breaks stays broken.")
        await page.locator("form[data-autosave] .actions button.is-main").click()
        await page.wait_for_url("**/edit/people")
        await page.goto(f"/proposals/{proposal_id}/edit/idea")
        assert await page.input_value("textarea[name=problem]") == "A lamp that breaks stays broken."
        assert applying.answer_of(site, proposal_id, "title") == f'"{TITLE}"'
        await applying.write_the_rest(site, proposal_id, but={"title"}, like="P02")
        await page.goto(f"/proposals/{proposal_id}/edit/making-it-happen")
        await page.set_input_files("#documents", applying.PAPER)
        await page.locator("[data-question=documents] button[name=_upload]").click()
        await expect(page.locator("[data-question=documents] ul.files")).to_contain_text("one-page.pdf")
        await page.goto(f"/proposals/{proposal_id}/preview")
        for box in await page.locator(
            "form[action$='/submission'] [data-question] input[type=checkbox]"
        ).all():
            await box.check()
        await page.locator("form[action$='/submission'] button.is-main").click()
        await page.wait_for_url(re.compile("/receipt$"))
        await expect(page.locator("main")).to_contain_text(applying.digest_of(site, proposal_id))
        assert applying.state_of(site, proposal_id) == "submitted"
