"""Two people decide, the rehearsal says what will happen, and anybody can check a notice by its code."""

from playwright.async_api import expect

from challenge.demo.story import SLUG
from tests.journeys.applying import told
from tests.journeys.browsing import Site, Visitors, check

DECISIONS = f"/desk/calls/{SLUG}/decisions/signature"
SIGNED = "SELECT count(*) FROM signoff"


async def test_who_decided_cannot_sign_and_another_can(deciding: Site, visitors: Visitors) -> None:
    async with visitors.visiting(deciding, "manager@example.org") as (_context, page, heard):
        await page.goto(DECISIONS)
        refusal = "You made at least one of these decisions. Somebody else signs"
        await expect(page.locator("main")).to_contain_text(refusal)
        await page.locator(f"form[action='{DECISIONS}'] button.is-main").click()
        await expect(page.locator("main")).to_contain_text(refusal)
        assert told(deciding, SIGNED) == 0
        heard.forget("status of 409")
    async with visitors.visiting(deciding, "signer@example.org") as (_context, page, heard):
        await page.goto(DECISIONS)
        await check(page, heard, screens=visitors.screens, name="journey signature-en")
        await page.locator(f"form[action='{DECISIONS}'] button.is-main").click()
        await page.wait_for_url(f"**/desk/calls/{SLUG}/release")
        assert told(deciding, SIGNED) == 1
        await expect(page.get_by_role("heading", level=1)).to_have_text("Exactly this will happen")
        await expect(page.locator("ol.happens .big").first).to_have_text("3")
        await expect(page.locator("main")).to_contain_text("Nothing has been sent.")
        await check(page, heard, screens=visitors.screens, name="journey release-en")


async def test_anybody_can_check_a_notice(site: Site, visitors: Visitors) -> None:
    code = told(site, "SELECT code FROM notice WHERE kind = 'award'")
    async with visitors.visiting(site) as (_context, page, heard):
        await page.goto("/verify")
        await page.fill("input[name=code]", code)
        await page.locator("main form button.is-main").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("This award notice is genuine")
        await check(page, heard)
        await page.goto("/verify/AAAAA-BBBBB-CCCCC")
        await expect(page.get_by_role("heading", level=1)).to_have_text("We know no such notice")
