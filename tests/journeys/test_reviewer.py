"""A reviewer scores with autosave, submits, and only then reads what the others wrote."""

import re

from playwright.async_api import Page, expect

from tests.journeys import pages
from tests.journeys.applying import told
from tests.journeys.browsing import Site, Visitors, check

REVIEWER = "r2@example.org"
REMARK = " ".join(
    ["The idea rests on people who know the work; the plan says who pays for the second year."] * 6
)


async def test_scoring_and_reading_the_others(reviewing: Site, visitors: Visitors) -> None:
    review_id = pages.review_of(reviewing, REVIEWER, submitted=False)
    async with visitors.visiting(reviewing, REVIEWER) as (_context, page, heard):
        await page.goto(f"/reviews/{review_id}")
        remark = remark_of_another(reviewing, review_id)
        await expect(page.locator("main")).not_to_contain_text(remark)
        await score(page)
        await check(page, heard, screens=visitors.screens, name="journey sheet scored-en")
        await page.locator("#sheet button[formaction$='/submission']").click()
        await expect(page.locator("[role=status]").first).to_contain_text("Your review is in.")
        state = "SELECT state FROM review WHERE assignment_id = ?"
        assert told(reviewing, state, review_id.replace("-", "")) == "submitted"
        await expect(page.locator("main")).to_contain_text(remark)
        assert await page.locator(".ruler input:enabled").count() == 0
        await check(page, heard, screens=visitors.screens, name="journey sheet submitted-en")


async def score(page: Page) -> None:
    """Every criterion by its ruler, then the remark; everything is stored without pressing a button."""
    criteria = await page.locator("fieldset.criterion[data-criterion]:has(.ruler)").all()
    for criterion in criteria:
        await criterion.locator(".ruler label:has(input[value='4'])").click()
    await page.fill("textarea[name='remark:applicant']", REMARK)
    await page.locator("[name=confidence]").first.check(force=True)
    await expect(page.locator("#sheet .dock [data-state-text]")).to_have_text(re.compile("^Saved "))
    await page.reload()
    assert await page.locator(".ruler input[value='4']:checked").count() == len(criteria)
    assert await page.input_value("textarea[name='remark:applicant']") == REMARK


def remark_of_another(site: Site, review_id: str) -> str:
    """The first words of what another reviewer of the same proposal wrote to the applicant."""
    key = review_id.replace("-", "")
    text: str = told(
        site,
        "SELECT m.text FROM remark m JOIN review r ON r.id = m.review_id JOIN assignment a ON a.id = r.assignment_id"
        " WHERE a.proposal_id = (SELECT proposal_id FROM assignment WHERE id = ?) AND a.id != ?",
        key,
        key,
    )
    return text.split("\n")[0][:80].strip()


async def test_a_conflict_hides_the_proposal(reviewing: Site, visitors: Visitors) -> None:
    """Who stands aside sees nothing of it any more, and it is not found."""
    review_id = pages.review_of(reviewing, "r5@example.org")
    async with visitors.visiting(reviewing, "r5@example.org") as (_context, page, heard):
        await page.goto(f"/reviews/{review_id}/recusal")
        await check(page, heard)
        await page.locator("input[name=kind]").first.check()
        await page.fill("textarea[name=reason]", "My sister works for this organization.")
        await page.locator("main form button.is-main, main form button.is-danger").first.click()
        await page.wait_for_url("**/reviews")
        await expect(page.locator("[role=status]").first).to_contain_text("You stand aside from")
        answer = await page.goto(f"/reviews/{review_id}")
        assert answer is not None and answer.status == 404
