"""Staff: the calls one works on, the overview of one, publishing it and taking it back."""

from contextlib import suppress
from typing import Any

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.calls import actions as call_actions
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.calls import words
from challenge.calls.desk import desk_values
from challenge.calls.models import CallState, Stage
from challenge.calls.queries import Opening
from challenge.desk import checks, queries
from challenge.desk.checks import Check
from challenge.forms import queries as forms
from challenge.foundation import clock
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound, NotNow, refuse_if
from challenge.foundation.i18n import Text, _, _n
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.rubrics import queries as rubrics


@get("/desk", needs=Can.OPEN_DESK)
async def list_page(db: Db, me: Me) -> Page:
    moment = clock.now()
    openings = await queries.openings_of_staff(db, me)
    numbers = await queries.numbers_by_call(db, me, moment)
    return page(
        "desk/list.html",
        rows=[
            {
                "opening": opening,
                "standing": (standing := words.standing(opening.call, opening.stages, moment)),
                "deadline": words.deadline(opening.call, standing.instant, moment, me.zone)
                if standing.instant
                else None,
                "numbers": numbers.get(opening.call.id, queries.Numbers()),
            }
            for opening in openings
        ],
        may_make=me.can(Can.MANAGE_CALLS),
    )


@get("/desk/calls/{slug:str}", needs=Can.OPEN_DESK)
async def overview(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug)
    call, moment = opening.call, clock.now()
    standing = words.standing(call, opening.stages, moment)
    numbers = await queries.numbers_of(db, me, call.id, moment)
    reviews = (
        await queries.review_numbers(db, me, standing.stage) if standing.stage else queries.ReviewNumbers()
    )
    milestones = await calls.milestones_of(db, call.id)
    values = desk_values(opening, me, "")
    may_manage = me.can(Can.MANAGE_CALLS, call_id=call.id, programme_id=opening.programme.id)
    found = (
        await _checks(db, opening, milestones, values["base"])
        if may_manage and call.state == CallState.DRAFT
        else []
    )
    return page(
        "desk/overview.html",
        **values,
        phase=standing.phase,
        stage=standing.stage,
        deadline=words.deadline(call, standing.instant, moment, me.zone) if standing.instant else None,
        when=words.InZone(standing.instant, call.zone) if standing.instant else None,
        band=around_now(words.timetable(milestones, opening.stages, call, moment)),
        numbers=numbers,
        reviews=reviews,
        waiting=waiting(opening, me, standing, numbers, reviews, values["base"]),
        may_manage=may_manage,
        checks=found,
    )


def around_now(lines: list[dict[str, Any]], most: int = 6) -> list[dict[str, Any]]:
    """The dates around the present one, as many as fit into one band."""
    here = next((n for n, line in enumerate(lines) if line["state"] == "now"), len(lines))
    first = max(0, min(here - 2, len(lines) - most))
    return lines[first : first + most]


def waiting(
    opening: Opening,
    me: Viewer,
    standing: words.Standing,
    numbers: queries.Numbers,
    reviews: queries.ReviewNumbers,
    base: str,
) -> list[dict[str, Any]]:
    """What waits for somebody, most pressing first. Numbers are of visible proposals only."""
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    lines: list[dict[str, Any]] = []

    def wait(sign: str, tone: str, text: Text, href: str, link: Text, needs: Can) -> None:
        if me.can(needs, **scope):
            lines.append({"sign": sign, "tone": tone, "text": text, "href": base + href, "link": link})

    if standing.phase == "draft":
        wait(
            "diamond",
            "wait",
            _("The call is a draft"),
            "/publication",
            _("Check and publish"),
            Can.MANAGE_CALLS,
        )
    if numbers.to_rule:
        is_late = standing.phase != "open"
        wait(
            "diamond" if is_late else "ring",
            "wait" if is_late else "quiet",
            _n("{n} proposal needs a ruling", "{n} proposals need a ruling", numbers.to_rule),
            "/proposals?state=to-rule",
            _("Rule on them"),
            Can.RULE_ELIGIBILITY,
        )
    if reviews.short:
        wait(
            "triangle" if standing.phase == "closed" else "ring",
            "bad" if standing.phase == "closed" else "quiet",
            _n(
                "{n} eligible proposal has too few reviewers",
                "{n} eligible proposals have too few reviewers",
                reviews.short,
            ),
            "/assignments",
            _("Assign"),
            Can.MANAGE_REVIEWS,
        )
    if reviews.assigned > reviews.submitted:
        open_reviews = reviews.assigned - reviews.submitted
        wait(
            "half",
            "on",
            _n("{n} review is not in yet", "{n} reviews are not in yet", open_reviews),
            "/progress",
            _("See who is reading"),
            Can.READ_REVIEWS,
        )
    elif reviews.assigned and standing.phase == "closed":
        wait("disc", "good", _("All reviews are in"), "/ranking", _("See the ranking"), Can.READ_RANKING)
    return lines


async def _checks(db: Session, opening: Opening, milestones: list[Any], base: str) -> list[Check]:
    definitions, grids = {}, {}
    for stage in opening.stages:
        with suppress(NotFound):
            version = await forms.newest_version(db, opening.call.id, stage.form_code)
            definitions[stage.form_code] = forms.definition_of(version)
        with suppress(NotFound):
            rubric = await rubrics.newest_rubric(db, opening.call.id, stage.rubric_code)
            grids[stage.rubric_code] = rubrics.rubric_of(rubric)
    return checks.checks(opening.call, opening.stages, milestones, definitions, grids, clock.now(), base)


# ---------- publishing ----------


@get("/desk/calls/{slug:str}/publication", needs=Can.MANAGE_CALLS)
async def publication(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    return await _publication(db, me, opening)


async def _publication(db: Session, me: Viewer, opening: Opening, status: int = 200) -> Page:
    moment, call = clock.now(), opening.call
    values = desk_values(opening, me, "")
    milestones = await calls.milestones_of(db, call.id)
    found = await _checks(db, opening, milestones, values["base"])
    stage: Stage | None = call_rules.current_stage(opening.stages, moment)
    return page(
        "desk/publication.html",
        status=status,
        **values,
        checks=found,
        why_not=call_rules.why_not_publish(call, opening.stages, moment, **await _present(db, opening)),
        is_draft=call.state == CallState.DRAFT,
        why_not_withdraw=call_rules.why_not_withdraw(has_proposals=await queries.has_proposals(db, call.id)),
        opens=words.deadline(call, stage.opens_at, moment, me.zone) if stage else None,
        closes=words.deadline(call, stage.closes_at, moment, me.zone) if stage else None,
        is_open_at_once=stage is not None and call_rules.is_open(stage, moment),
    )


async def _present(db: Session, opening: Opening) -> dict[str, set[str]]:
    call_id = opening.call.id
    return {"forms": await forms.codes_of(db, call_id), "rubrics": await rubrics.codes_of(db, call_id)}


@post("/desk/calls/{slug:str}/publication", needs=Can.MANAGE_CALLS)
async def publish(db: Db, me: Me, slug: FromPath[str]) -> SeeOther | Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    try:
        await call_actions.publish(db, opening, **await _present(db, opening), by=me)
    except NotNow:
        return await _publication(db, me, opening, status=409)
    await db.commit()
    return back_to(f"/desk/calls/{slug}", say=_("The call is published. Everybody can read it now."))


@post("/desk/calls/{slug:str}/withdrawal", needs=Can.MANAGE_CALLS)
async def withdraw(db: Db, me: Me, slug: FromPath[str]) -> SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    begun = await queries.has_proposals(db, opening.call.id)
    refuse_if(call_rules.why_not_withdraw(has_proposals=begun))
    await call_actions.withdraw(db, opening, has_proposals=begun, by=me)
    await db.commit()
    return back_to(f"/desk/calls/{slug}", say=_("The call is a draft again. Only its staff can see it."))


doors: list[Any] = [list_page, overview, publication, publish, withdraw]
