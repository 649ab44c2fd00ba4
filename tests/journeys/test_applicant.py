"""An applicant writes in Arabic on a phone; the network fails, windows disagree, the session ends: no word is lost."""

import re
from uuid import UUID

from playwright.async_api import BrowserContext, Page, expect

from tests.journeys import applying
from tests.journeys.applying import PASSWORD
from tests.journeys.browsing import PHONE, Heard, Site, Visitors, check, sign_in

EMAIL = "salma@example.net"
FIRST = "تعاونية نسائية تشغل مضخات الري بالطاقة الشمسية"
LATER = "كتبت هذه الجملة بلا اتصال ولم تضع"
IN_FIRST_WINDOW = "نص كتب في النافذة الأولى"
IN_SECOND_WINDOW = "نص آخر كتب في النافذة الثانية"
WITHOUT_SESSION = "وهذه كلمات كتبت بعد انتهاء الجلسة"


async def test_applying_in_arabic_on_a_phone(site: Site, visitors: Visitors) -> None:
    async with visitors.visiting(site, language="ar", width=PHONE) as (context, page, heard):
        await applying.make_account(page, site, name="سلمى بن عيسى", email=EMAIL, language="ar")
        await check(page, heard)
        proposal_id = await applying.begin(page, "ar")
        await check(page, heard, screens=visitors.screens, name="journey draft-ar")
        await applying.name_organization(page, proposal_id, "تعاونية الواحة")
        await write(page, heard, visitors, proposal_id)
        await write_offline(context, page, heard)
        await reload_keeps(page)
        await write_in_two_windows(context, page, heard, visitors, site, proposal_id)
        await write_after_the_session(context, page, heard, site, proposal_id)
        await applying.write_the_rest(site, proposal_id, but=set(), like="P04")
        await attach(page, heard, visitors, proposal_id)
        await submit(page, heard, visitors, site, proposal_id)
        await withdraw_and_reopen(page, site, proposal_id)
        await check(page, heard)


def _question(page: Page, version: int) -> str:
    return f"[data-question=problem][data-version='{version}']"


async def write(page: Page, heard: Heard, visitors: Visitors, proposal_id: UUID) -> None:
    """Autosave stores; the count stands in Arabic figures."""
    await page.goto(f"/proposals/{proposal_id}/edit/idea")
    await page.fill("textarea[name=problem]", FIRST)
    await page.wait_for_selector(_question(page, 1))
    await expect(page.locator("[data-question=problem] .limit b")).to_have_text("٧")
    await check(page, heard, screens=visitors.screens, name="journey section-ar")


async def write_offline(context: BrowserContext, page: Page, heard: Heard) -> None:
    await context.set_offline(True)
    await page.fill("textarea[name=problem]", f"{FIRST}. {LATER}")
    await page.wait_for_selector("[data-question=problem] .saved.is-failed")
    assert await page.input_value("textarea[name=problem]") == f"{FIRST}. {LATER}"
    await context.set_offline(False)
    await page.wait_for_selector(_question(page, 2))
    heard.forget("ERR_INTERNET_DISCONNECTED")


async def reload_keeps(page: Page) -> None:
    """Also what was typed a moment before the page went away."""
    await page.reload()
    assert await page.input_value("textarea[name=problem]") == f"{FIRST}. {LATER}"
    page.once("dialog", lambda dialog: dialog.accept())
    await page.fill("textarea[name=problem]", IN_FIRST_WINDOW)
    await page.reload()
    await expect(page.locator("textarea[name=problem]")).to_have_value(IN_FIRST_WINDOW)
    await page.wait_for_selector(_question(page, 3))


async def write_in_two_windows(
    context: BrowserContext, page: Page, heard: Heard, visitors: Visitors, site: Site, proposal_id: UUID
) -> None:
    other = await context.new_page()
    await other.goto(page.url)
    await page.fill("textarea[name=problem]", f"{IN_FIRST_WINDOW}.")
    await page.wait_for_selector(_question(page, 4))
    await other.fill("textarea[name=problem]", IN_SECOND_WINDOW)
    clash = other.locator("[data-question=problem] section.clash")
    await expect(clash.locator(".versus > div").nth(0)).to_contain_text("الثانية")
    await expect(clash.locator(".versus > div").nth(1)).to_contain_text("الأولى.")
    heard.forget("status of 409")
    await check(other, heard, screens=visitors.screens, name="journey two windows-ar")
    await clash.locator("button.is-plain").click()
    await other.wait_for_selector(_question(other, 5))
    both = f"{IN_SECOND_WINDOW}\n\n{IN_FIRST_WINDOW}."
    assert await other.input_value("textarea[name=problem]") == both
    await other.close()
    await page.reload()
    assert await page.input_value("textarea[name=problem]") == both


async def write_after_the_session(
    context: BrowserContext, page: Page, heard: Heard, site: Site, proposal_id: UUID
) -> None:
    """The text stays in the window, which says so; signed in again in another tab, it is saved."""
    applying.end_sessions(site, EMAIL)
    await page.fill("textarea[name=problem]", WITHOUT_SESSION)
    line = page.locator("[data-question=problem] .saved.is-failed")
    await expect(line.locator("a[href^='/sign-in']")).to_be_visible()
    assert await page.input_value("textarea[name=problem]") == WITHOUT_SESSION
    heard.forget("status of 401", "status of 403")
    other = await context.new_page()
    await sign_in(other, EMAIL, PASSWORD)
    await other.close()
    await page.bring_to_front()
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await page.wait_for_selector(_question(page, 6))
    assert WITHOUT_SESSION in applying.answer_of(site, proposal_id, "problem").encode().decode(
        "unicode_escape"
    ) or WITHOUT_SESSION in applying.answer_of(site, proposal_id, "problem")


async def attach(page: Page, heard: Heard, visitors: Visitors, proposal_id: UUID) -> None:
    await page.goto(f"/proposals/{proposal_id}/edit/making-it-happen")
    await page.set_input_files("#documents", applying.PAPER)
    await expect(page.locator("[data-question=documents] ul.files li[data-file]")).to_contain_text(
        "one-page.pdf"
    )
    await check(page, heard, screens=visitors.screens, name="journey files-ar")


async def submit(page: Page, heard: Heard, visitors: Visitors, site: Site, proposal_id: UUID) -> None:
    await page.goto(f"/proposals/{proposal_id}/preview")
    await check(page, heard, screens=visitors.screens, name="journey preview-ar")
    for box in await page.locator("form[action$='/submission'] [data-question] input[type=checkbox]").all():
        await box.check()
    await page.locator("form[action$='/submission'] button.is-main").click()
    await page.wait_for_url(re.compile("/receipt$"))
    await expect(page.locator("main")).to_contain_text(applying.digest_of(site, proposal_id))
    assert applying.state_of(site, proposal_id) == "submitted"
    await check(page, heard, screens=visitors.screens, name="journey receipt-ar")


async def withdraw_and_reopen(page: Page, site: Site, proposal_id: UUID) -> None:
    for verb, state in (("withdrawal", "withdrawn"), ("reopening", "draft")):
        await page.goto(f"/proposals/{proposal_id}/{verb}")
        await page.locator(f"form[action$='/{verb}'] .actions button").first.click()
        await page.wait_for_url(f"**/proposals/{proposal_id}")
        assert applying.state_of(site, proposal_id) == state
