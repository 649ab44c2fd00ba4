import re
from datetime import datetime, timedelta

import pytest
from httpx import Response

from challenge.announcements import actions, queries
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotFound, NotNow
from tests.builders.decisions import a_released_call, a_signed_call
from tests.client import Client, words_of

SECOND = timedelta(seconds=1)


def plain(page: Response) -> str:
    """What a refusal says, without the reference of this very request."""
    return re.sub(r"\b[0-9a-f]{12}\b", "", words_of(page))


async def test_results_wait_for_the_release(db: Db, at_noon: datetime) -> None:
    made = await a_signed_call(db)
    with pytest.raises(NotNow) as refused:
        await actions.publish(db, made.opening.call, made.stage, {}, by=made.manager)
    assert str(refused.value.text) == "Release the decisions first; the results page shows what was released."


async def test_results_are_never_public_before_the_release(db: Db, at_noon: datetime) -> None:
    at = at_noon + timedelta(days=1)
    made = await a_released_call(db, at)
    with pytest.raises(NotNow):
        await actions.publish(db, made.opening.call, made.stage, {}, at=at - SECOND, by=made.manager)
    published = await actions.publish(db, made.opening.call, made.stage, {"en": "Words"}, by=made.manager)
    assert (published.published_at, made.opening.call.results_at) == (at, at)


async def test_everybody_reads_the_results_from_the_instant_on(
    client: Client, database: Database, at_noon: datetime
) -> None:
    at = at_noon + timedelta(days=1)
    async with database.writing() as db:
        made = await a_released_call(db, at)
        await actions.publish(db, made.opening.call, made.stage, {"en": "Three were read."}, by=made.manager)
        await db.commit()
    path = f"/calls/{made.slug}/results"
    with clock.stopped(at - SECOND):
        early, unknown = await client.get(path), await client.get("/calls/no-such-call/results")
        assert (early.status_code, plain(early)) == (404, plain(unknown))
        assert (await client.api("GET", path)).status_code == 404
        async with database.reading() as db:
            with pytest.raises(NotFound):
                await queries.published_results(db, made.opening.call.id)
    with clock.stopped(at):
        words = words_of(await client.get(path))
        assert "1 proposal receives an award" in words
        assert "Three were read." in words
        assert "Al-Rayyan Cooperative" in words
        assert "Fédération du Littoral" not in words
        body = (await client.api("GET", path)).json()
        assert (body["received"], body["eligible"], body["awarded"]) == (3, 3, 1)
        assert [w["proposal"] for w in body["winners"]] == [made.proposals[0].number]


async def test_a_story_is_read_from_its_moment_on(
    client: Client, database: Database, at_noon: datetime
) -> None:
    async with database.writing() as db:
        made = await a_signed_call(db)
        for slug, at in (("out", at_noon), ("later", at_noon + SECOND), ("draft", None)):
            await actions.write_story(
                db, slug, title={"en": f"Title {slug}"}, body={"en": "Text"}, published_at=at, by=made.manager
            )
        await db.commit()
    assert [(await client.get(f"/stories/{slug}")).status_code for slug in ("out", "later", "draft")] == [
        200,
        404,
        404,
    ]
    listed = words_of(await client.get("/stories"))
    assert "Title out" in listed
    assert "Title later" not in listed
    assert [s["slug"] for s in (await client.api("GET", "/stories")).json()["items"]] == ["out"]
