"""Results and stories for programs: what the public pages say, in the same words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from challenge.accounts.gate import Db, FromPath, Me
from challenge.announcements import queries
from challenge.announcements.queries import Results, StoryLine
from challenge.calls.queries import the_call
from challenge.foundation.api import Body, Items, api_get


class PublicWinner(Body):
    proposal: str
    title: str
    language: str
    organization: str
    organization_type: str
    country: str
    award_types: list[str]
    place: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    answers: dict[str, str] = msgspec.field(default_factory=dict)


class PublicResults(Body):
    call: str
    published_at: datetime
    introduction: dict[str, str]
    received: int
    eligible: int
    awarded: int
    winners: list[PublicWinner]


class PublicStory(Body):
    slug: str
    title: dict[str, str]
    body: dict[str, str]
    published_at: datetime
    edition: str = ""
    call: str | None = None


@api_get("/calls/{slug:str}/results", open=True)
async def results(db: Db, me: Me, slug: FromPath[str]) -> PublicResults:
    """The published results of a call: winners and counts. 404 before they are public."""
    opening = await the_call(db, me, slug)
    return results_body(slug, await queries.published_results(db, opening.call.id))


def results_body(slug: str, found: Results) -> PublicResults:
    if found.announcement is None:
        raise LookupError("results without their announcement")
    return PublicResults(
        call=slug,
        published_at=found.announcement.published_at,
        introduction=found.announcement.introduction,
        received=found.received,
        eligible=found.eligible,
        awarded=found.awarded,
        winners=[
            PublicWinner(
                proposal=told.winner.number,
                title=told.winner.title,
                language=told.winner.language,
                organization=told.winner.organization,
                organization_type=told.winner.organization_type,
                country=told.winner.country,
                award_types=list(told.winner.types or ()),
                place=told.winner.place,
                amount=told.winner.amount,
                currency=told.winner.currency or None,
                answers=dict(told.answers),
            )
            for told in found.winners
        ],
    )


@api_get("/stories", open=True)
async def stories(db: Db) -> Items[PublicStory]:
    """The published stories, the newest first."""
    return Items(items=[story_body(line) for line in await queries.stories(db)])


def story_body(line: StoryLine) -> PublicStory:
    return PublicStory(
        slug=line.slug,
        title=line.title,
        body=line.body,
        published_at=line.published_at,
        edition=line.edition,
        call=line.call_slug,
    )


@api_get("/stories/{story_slug:str}", open=True)
async def story(db: Db, story_slug: FromPath[str]) -> PublicStory:
    """One published story in all its languages."""
    told, call = await queries.the_story(db, story_slug)
    if told.published_at is None:
        raise LookupError("a published story without its moment")
    line = StoryLine(
        told.slug, told.title, told.body, told.edition, told.published_at,
        call.slug if call else None, call.title if call else None,
    )  # fmt: skip
    return story_body(line)


doors: list[Any] = [results, stories, story]
