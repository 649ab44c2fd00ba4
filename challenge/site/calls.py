"""Calls as everybody sees them: the list, one call, its questions on a page and on paper; and a draft beforehand."""

import asyncio
from collections import OrderedDict
from datetime import datetime
from typing import Any

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.calls import queries as calls
from challenge.calls import words
from challenge.calls.desk import around, brand_of
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import language, pick
from challenge.foundation.web import Page, as_file, get, kept_page, page
from challenge.notices import documents
from challenge.notices.pdf import render_in_worker
from challenge.rubrics.aggregate import best_adds
from challenge.rubrics.definition import Overall
from challenge.settings import settings
from challenge.site import questions as sheets
from challenge.site.queries import About, about

SHOWN = ("open", "announced", "closed", "decided")


@get("/calls", public=True)
async def list_page(db: Db, me: Me) -> Page:
    moment = clock.now()
    openings = await calls.visible_openings(db, me)

    def values() -> dict[str, Any]:
        entries = [entry(opening, moment, me) for opening in openings]
        groups = [(p, sorted((e for e in entries if e["phase"] == p), key=_nearness(p))) for p in SHOWN]
        return {"groups": [(phase, found) for phase, found in groups if found]}

    states = tuple((o.call.id, o.call.changed_at, _phase(o, moment)) for o in openings)
    return kept_page("calls/list.html", (states, minute(moment)), values)


def minute(moment: datetime) -> datetime:
    """What a public page says of time changes once a minute, and at the instant when a phase ends."""
    return moment.replace(second=0, microsecond=0)


def _phase(opening: Opening, moment: datetime) -> str:
    return words.standing(opening.call, opening.stages, moment).phase


def _nearness(phase: str) -> Any:
    """Open and coming calls: the nearest instant first; past ones: the last first."""
    sign = 1 if phase in ("open", "announced") else -1
    return lambda entry: sign * entry["instant"].timestamp() if entry["instant"] else 0


def entry(opening: Opening, moment: datetime, viewer: Viewer) -> dict[str, Any]:
    """One call in a list."""
    standing = words.standing(opening.call, opening.stages, moment)
    return {
        "call": opening.call,
        "programme": opening.programme,
        "organizer": opening.programme.organizer.get("name"),
        "phase": standing.phase,
        "label": standing.label,
        "instant": standing.instant,
        "deadline": words.deadline(opening.call, standing.instant, moment, _zone(viewer))
        if standing.instant
        else None,
        "facts": words.award_facts(opening.call),
    }


def _zone(viewer: Viewer) -> str | None:
    return viewer.zone if viewer.is_anyone else None


@get("/calls/{slug:str}", public=True)
async def show(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_call(db, me, slug)
    return await call_page(db, me, opening)


@get("/desk/calls/{slug:str}/preview", needs=Can.OPEN_DESK)
async def preview(db: Db, me: Me, slug: FromPath[str]) -> Page:
    """The public page of a draft, for its staff only."""
    opening = await calls.the_desk_call(db, me, slug)
    return await call_page(db, me, opening, is_preview=True)


async def call_page(db: Db, me: Viewer, opening: Opening, *, is_preview: bool = False) -> Page:
    moment, call = clock.now(), opening.call
    standing = words.standing(call, opening.stages, moment)
    known = await about(db, opening, standing.stage)
    instant = standing.instant
    has_results = call.results_at is not None and call.results_at <= moment

    def values() -> dict[str, Any]:
        return {
            **around(opening),
            "phase": standing.phase,
            "label": standing.label,
            "stage": standing.stage,
            "is_preview": is_preview,
            "deadline": words.deadline(call, instant, moment, _zone(me)) if instant else None,
            "when": words.InZone(instant, call.zone) if instant else None,
            "counted": words.InZone(moment, call.zone),
            "facts": [*words.award_facts(call), words.who_may_apply(call)],
            "milestones": words.timetable(known.milestones, opening.stages, call, moment),
            "tracks": known.tracks,
            "question_count": known.question_count,
            "criteria": criteria(known),
            "reviews": standing.stage.reviews_per_proposal if standing.stage else 0,
            "has_results": has_results,
        }

    key = (call.id, call.changed_at, standing.phase, has_results, minute(moment))
    if is_preview or standing.phase == "draft":
        return page("calls/show.html", **values())
    return kept_page("calls/show.html", key, values)


def criteria(known: About) -> list[dict[str, Any]]:
    """Criteria with what they weigh: a share of the whole, or points where points are added up."""
    if known.rubric is None:
        return []
    rubric = known.rubric
    is_sum = rubric.aggregation.overall == Overall.SUM
    return [
        {
            "label": criterion.label,
            "text": criterion.asks,
            "weight": None if is_sum else sheets.per_cent(shown.weight),
            "points": best_adds(rubric, criterion) if is_sum else None,
        }
        for criterion, shown in zip(rubric.criteria, sheets.criteria_of(rubric), strict=True)
    ]


@get("/calls/{slug:str}/questions", public=True)
async def questions(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_call(db, me, slug)
    moment = clock.now()
    standing = words.standing(opening.call, opening.stages, moment)
    known = await about(db, opening, standing.stage)
    if known.form is None:
        raise NotFound
    form, call = known.form, opening.call

    def values() -> dict[str, Any]:
        return {
            **around(opening),
            "phase": standing.phase,
            "label": standing.label,
            "when": words.InZone(standing.instant, call.zone) if standing.instant else None,
            "sections": sheets.sections_of(form, known.rubric),
            "question_count": known.question_count,
        }

    if standing.phase == "draft":
        return page("calls/questions.html", **values())
    return kept_page("calls/questions.html", (call.id, call.changed_at, standing.phase), values)


@get("/calls/{slug:str}/questions.pdf", public=True)
async def questions_on_paper(db: Db, me: Me, slug: FromPath[str]) -> Any:
    opening = await calls.the_call(db, me, slug)
    standing = words.standing(opening.call, opening.stages, clock.now())
    known = await about(db, opening, standing.stage)
    if known.form is None or standing.stage is None:
        raise NotFound
    content = await _paper(opening, known, standing.stage.closes_at, language())
    return as_file(content, f"{opening.call.slug}-{language()}.pdf", "application/pdf", inline=True)


_PAPERS: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
_MOST_PAPERS = 32
_printing = asyncio.Semaphore(2)


async def _paper(opening: Opening, known: About, closes_at: datetime, lang: str) -> bytes:
    """The sheet as PDF, made once for each form, state of the call and language."""
    call = opening.call
    key = (str(call.id), call.changed_at.isoformat(), known.form_digest, lang)
    if key not in _PAPERS:
        async with _printing:
            if key not in _PAPERS:
                address = f"{settings().base_url}/calls/{call.slug}"
                sheet = sheets.sheet(call, call.title, known, closes_at, address, clock.now())
                brand = brand_of(opening)
                document = documents.questions(
                    sheet,
                    documents.Brand(
                        organizer=brand["name"] or pick(call.title), programme=brand["programme"]
                    ),
                    lang=lang,
                )
                _PAPERS[key] = await render_in_worker(document)
                while len(_PAPERS) > _MOST_PAPERS:
                    _PAPERS.popitem(last=False)
    return _PAPERS[key]


doors: list[Any] = [list_page, show, preview, questions, questions_on_paper]
