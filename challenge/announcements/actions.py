"""Publish the results of a stage at one instant; write and publish stories."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import select

from challenge.accounts.viewer import Viewer
from challenge.announcements import queries, rules
from challenge.announcements.models import Announcement, Story
from challenge.audit import actions as audit
from challenge.calls.models import Call, Stage
from challenge.decisions import queries as decisions
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Unprocessable, refuse_if
from challenge.foundation.text import tidy


async def publish(
    db: Db,
    call: Call,
    stage: Stage,
    introduction: Mapping[str, str],
    *,
    at: datetime | None = None,
    by: Viewer,
) -> Announcement:
    """Set the instant from which everybody reads the results. Afterwards only the introduction changes."""
    moment = clock.now()
    present = await queries.announcement_of(db, stage.id)
    release = await decisions.release_of(db, stage.id)
    if at is None:
        at = present.published_at if present else max(moment, release.released_at if release else moment)
    refuse_if(rules.why_not_publish(release, present, at, moment, call.zone))
    made = present or Announcement(call_id=call.id, stage_id=stage.id, published_at=at)
    made.introduction = {lang: tidy(words).strip() for lang, words in introduction.items() if words.strip()}
    made.published_at, made.made_by_id = at, by.person_id
    call.results_at = at
    db.add(made)
    db.add(call)
    await db.flush()
    await audit.record(db, by, "results.published", made, published_at=at, corrected=present is not None)
    return made


async def write_story(
    db: Db,
    slug: str,
    *,
    title: Mapping[str, str],
    body: Mapping[str, str],
    call: Call | None = None,
    proposal_id: UUID | None = None,
    edition: str = "",
    picture_alt: Mapping[str, str] | None = None,
    published_at: datetime | None = None,
    by: Viewer,
) -> Story:
    """Write a story, or write it anew. Everybody reads it from `published_at`; without one it is a draft."""
    refuse_if(rules.why_not_story(slug, title, body), Unprocessable)
    story = (await db.exec(select(Story).where(Story.slug == slug))).first() or Story(
        slug=slug, title={}, body={}, created_at=clock.now()
    )
    story.title, story.body = dict(title), dict(body)
    story.call_id, story.proposal_id, story.edition = call.id if call else None, proposal_id, edition
    story.picture_alt, story.published_at = dict(picture_alt or {}), published_at
    db.add(story)
    await db.flush()
    await audit.record(db, by, "story.written", story, slug=slug, published_at=published_at)
    return story
