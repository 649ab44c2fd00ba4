"""Results and stories for everybody; the announcement as staff prepare it."""

from typing import Any

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.announcements import actions, inputs, queries
from challenge.calls import queries as calls
from challenge.calls.desk import around, desk_values
from challenge.decisions import queries as decisions
from challenge.decisions import rules as decision_rules
from challenge.foundation import clock
from challenge.foundation.errors import NotNow
from challenge.foundation.i18n import _
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post


@get("/calls/{slug:str}/results", public=True)
async def results(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_call(db, me, slug)
    told = await queries.published_results(db, opening.call.id)
    return page("announcements/results.html", **around(opening), results=told, is_preview=False)


@get("/stories", public=True)
async def stories(db: Db) -> Page:
    return page("announcements/stories.html", stories=await queries.stories(db))


@get("/stories/{story_slug:str}", public=True)
async def story(db: Db, story_slug: FromPath[str]) -> Page:
    told, call = await queries.the_story(db, story_slug)
    return page("announcements/story.html", story=told, call=call)


# ---------------------------------------------------------------- the desk


@get("/desk/calls/{slug:str}/announcement", needs=Can.READ_DECISIONS)
async def announcement(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    return await _announcement(db, me, opening, None)


async def _announcement(
    db: Any, me: Any, opening: calls.Opening, typed: inputs.Announced | None, status: int = 200
) -> Page:
    stage = decision_rules.decision_stage(opening.stages)
    present = await queries.announcement_of(db, stage.id)
    release = await decisions.release_of(db, stage.id)
    moment = clock.now()
    typed = typed or inputs.Announced.of(present, release, opening.call)
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    is_public = present is not None and present.published_at <= moment
    told = None
    if release is not None and not await decisions.hidden_count(db, me, stage.id):
        told = await queries.results_of(db, opening.call.id, stage.id, max(moment, release.released_at))
    return page(
        "announcements/announcement.html",
        status,
        **desk_values(opening, me, "announcement"),
        typed=typed,
        errors=typed.errors,
        present=present,
        release=release,
        is_public=is_public,
        may_publish=me.can(Can.PUBLISH_RESULTS, **scope),
        results=told,
    )


@post("/desk/calls/{slug:str}/announcement", needs=Can.PUBLISH_RESULTS)
async def publish(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.PUBLISH_RESULTS)
    typed = inputs.Announced.read(form, opening.call)
    if typed.errors:
        return await _announcement(db, me, opening, typed, 422)
    stage = decision_rules.decision_stage(opening.stages)
    try:
        made = await actions.publish(db, opening.call, stage, typed.introduction, at=typed.at, by=me)
    except NotNow as refusal:
        await db.rollback()
        typed.errors["when"] = refusal.text
        return await _announcement(db, me, await calls.the_desk_call(db, me, slug), typed, 422)
    await db.commit()
    is_public = made.published_at <= clock.now()
    return back_to(
        f"/desk/calls/{slug}/announcement",
        _("The results are public.")
        if is_public
        else _("Saved. The results go public at the moment you chose."),
    )


doors: list[Any] = [results, stories, story, announcement, publish]
