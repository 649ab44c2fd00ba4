"""Calls for programs: what everybody may read, and moving a deadline."""

from datetime import date, datetime
from typing import Any

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls import actions, queries, words
from challenge.calls.models import Call, Programme, Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.api import Body, Items, api_get, api_post
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import Texts, _


class ProgrammeOut(Body):
    slug: str
    title: Texts
    organizer: dict[str, Any]


class StageOut(Body):
    code: str
    label: Texts
    opens_at: datetime
    closes_at: datetime
    zone: str
    is_open: bool


class MilestoneOut(Body):
    code: str
    date: date
    label: Texts


class CallOut(Body):
    slug: str
    title: Texts
    summary: Texts
    programme: str
    phase: str
    languages: list[str]
    zone: str
    is_demonstration: bool
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    published_at: datetime | None = None
    results_at: datetime | None = None


class WholeCall(CallOut, kw_only=True):
    guidance: Texts
    facts: dict[str, Any]
    stages: list[StageOut]


class DeadlineIn(Body):
    """`closes_at` is an instant with its offset, as 2027-02-28T17:00:00+01:00."""

    stage: str
    closes_at: datetime


@api_get("/programmes", open=True)
async def programmes(db: Db, me: Me) -> Items[ProgrammeOut]:
    """The programmes with a call that you may see."""
    found: dict[str, Programme] = {}
    for opening in await queries.visible_openings(db, me):
        found.setdefault(opening.programme.slug, opening.programme)
    return Items(
        items=[ProgrammeOut(slug=p.slug, title=p.title, organizer=p.organizer) for p in found.values()]
    )


@api_get("/calls", open=True)
async def list_calls(db: Db, me: Me) -> Items[CallOut]:
    """The calls that you may see, the newest first; drafts for their staff only."""
    moment = clock.now()
    return Items(items=[CallOut(**_short(o, moment)) for o in await queries.visible_openings(db, me)])


def _short(opening: Opening, moment: datetime) -> dict[str, Any]:
    call: Call = opening.call
    standing = words.standing(call, opening.stages, moment)
    return {
        "slug": call.slug,
        "title": call.title,
        "summary": call.summary,
        "programme": opening.programme.slug,
        "phase": standing.phase,
        "languages": call.languages,
        "zone": call.zone,
        "is_demonstration": call.is_demonstration,
        "opens_at": standing.stage.opens_at if standing.stage else None,
        "closes_at": standing.stage.closes_at if standing.stage else None,
        "published_at": call.published_at,
        "results_at": call.results_at if call.results_at and call.results_at <= moment else None,
    }


@api_get("/calls/{slug:str}", open=True)
async def show(db: Db, me: Me, slug: FromPath[str]) -> WholeCall:
    opening = await queries.the_call(db, me, slug)
    moment = clock.now()
    return WholeCall(
        **_short(opening, moment),
        guidance=opening.call.guidance,
        facts={k: v for k, v in opening.call.facts.items() if k not in ("notices", "filled_in")},
        stages=_stages(opening, moment),
    )


def _stages(opening: Opening, moment: datetime) -> list[StageOut]:
    return [_stage(stage, opening.call.zone, moment) for stage in opening.stages]


def _stage(stage: Stage, zone: str, moment: datetime) -> StageOut:
    return StageOut(
        code=stage.code,
        label=stage.label,
        opens_at=stage.opens_at,
        closes_at=stage.closes_at,
        zone=zone,
        is_open=stage.opens_at <= moment < stage.closes_at,
    )


@api_get("/calls/{slug:str}/stages", open=True)
async def stages(db: Db, me: Me, slug: FromPath[str]) -> Items[StageOut]:
    opening = await queries.the_call(db, me, slug)
    return Items(items=_stages(opening, clock.now()))


@api_get("/calls/{slug:str}/milestones", open=True)
async def milestones(db: Db, me: Me, slug: FromPath[str]) -> Items[MilestoneOut]:
    opening = await queries.the_call(db, me, slug)
    found = await queries.milestones_of(db, opening.call.id)
    return Items(items=[MilestoneOut(code=m.code, date=m.date, label=m.label) for m in found])


@api_post("/calls/{slug:str}/deadlines", needs=Can.MANAGE_CALLS)
async def move_deadline(db: Db, me: Me, slug: FromPath[str], data: DeadlineIn) -> StageOut:
    """Another closing instant for a stage; recorded with the one before."""
    opening = await queries.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    stage = next((stage for stage in opening.stages if stage.code == data.stage), None)
    if stage is None:
        raise Unprocessable(errors={"stage": _("This call has no stage “{found}”.", found=data.stage)})
    if data.closes_at.tzinfo is None:
        raise Unprocessable(
            errors={"closesAt": _("Give the instant with its offset, as 2027-02-28T17:00:00+01:00.")}
        )
    await actions.move_deadline(db, opening, stage, data.closes_at, by=me)
    await db.commit()
    return _stage(stage, opening.call.zone, clock.now())


doors: list[Any] = [programmes, list_calls, show, stages, milestones, move_deadline]
