"""Steps of an applicant that several journeys share."""

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Page
from sqlmodel import select

from challenge.accounts.queries import viewer_for
from challenge.calls.queries import opening_of
from challenge.demo import reading
from challenge.demo.story import NEXT_SLUG
from challenge.foundation.db import Database
from challenge.proposals import actions as proposals
from challenge.proposals.models import Proposal, TeamMember
from challenge.proposals.queries import content_of
from tests.journeys.browsing import Site

PASSWORD = "نخلة عند باب الدار القديم"
PAPER = Path(__file__).parents[1] / "files" / "one-page.pdf"
LINK = re.compile(r"/links/[\w-]+")


async def mailed_link(site: Site, email: str) -> str:
    """The link in the mail that was sent to this address."""
    for _turn in range(150):
        for path in sorted((site.folder / "mail").glob("*.eml")):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            if email in str(mail["to"]) and body and (found := LINK.search(body.get_content())):
                return found[0]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no mail with a link came to {email}")


async def make_account(page: Page, site: Site, *, name: str, email: str, language: str) -> None:
    """From the page of the open call through signing up and the mailed link, back to the page that was wanted."""
    await page.goto(f"/calls/{NEXT_SLUG}/apply")
    await page.locator("main a.button.is-main[href^='/sign-up']").click()
    await page.fill("[name=name]", name)
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await page.select_option("[name=language]", language)
    await page.locator("main form button.is-main").click()
    await page.wait_for_selector(f"text={email}")
    await page.goto(await mailed_link(site, email))
    await page.locator("main form button.is-main").click()
    await page.wait_for_url(f"**/calls/{NEXT_SLUG}/apply")


async def begin(page: Page, language: str) -> UUID:
    await page.check(f"[name=language][value={language}]")
    await page.locator("#begin form button.is-main").click()
    await page.wait_for_url(re.compile(r"/proposals/[0-9a-f-]{36}$"))
    return UUID(page.url.rsplit("/", 1)[1])


async def name_organization(page: Page, proposal_id: UUID, name: str) -> None:
    await page.goto(f"/proposals/{proposal_id}/organization")
    await page.fill("[name=name]", name)
    await page.select_option("select[name=organization_type]", "enterprises")
    await page.select_option("select[name=country]", "TN")
    await page.fill("[name=founded_on]", "2015-05-04")
    await page.locator("main form button.is-main").click()
    await page.wait_for_url(f"**/proposals/{proposal_id}")


async def write_the_rest(site: Site, proposal_id: UUID, *, but: set[str], like: str) -> None:
    """The other answers, as from another sitting: by the verb, with the content of a proposal of the demonstration."""
    database = Database(f"sqlite:///{site.database}")
    try:
        async with database.writing() as db:
            proposal = (await db.exec(select(Proposal).where(Proposal.id == proposal_id))).one()
            lead = (await db.exec(select(TeamMember).where(TeamMember.proposal_id == proposal_id))).one()
            opening = await opening_of(db, proposal.call_id)
            answers: Mapping[str, Any] = reading.answers_of(reading.proposals()[like])
            kept = (await content_of(db, proposal)).kept
            await proposals.save_answers(
                db,
                proposal,
                {code: value for code, value in answers.items() if code not in but},
                {code: answer.version for code, answer in kept.items()},
                opening=opening,
                stage=opening.stages[0],
                by=await viewer_for(db, lead.person_id, "demo"),
            )
            await db.commit()
    finally:
        await database.close()


def told(site: Site, question: str, *values: str) -> Any:
    """One value, as the database holds it now."""
    with sqlite3.connect(site.database, timeout=20) as db:
        return db.execute(question, values).fetchone()[0]


def state_of(site: Site, proposal_id: UUID) -> str:
    return str(told(site, "SELECT state FROM proposal WHERE id = ?", proposal_id.hex))


def answer_of(site: Site, proposal_id: UUID, code: str) -> str:
    """The stored JSON of an answer."""
    question = "SELECT a.value FROM answer a JOIN proposal p ON p.sheet_id = a.sheet_id WHERE p.id = ? AND a.question = ?"
    return str(told(site, question, proposal_id.hex, code))


def digest_of(site: Site, proposal_id: UUID) -> str:
    return str(
        told(site, "SELECT digest FROM revision WHERE proposal_id = ? ORDER BY n DESC", proposal_id.hex)
    )


def end_sessions(site: Site, email: str) -> None:
    with sqlite3.connect(site.database, timeout=20) as db:
        db.execute("DELETE FROM session WHERE person_id = (SELECT id FROM person WHERE email = ?)", (email,))
