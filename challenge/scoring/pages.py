import json
from typing import Any
from uuid import UUID

from litestar import Request, Response

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.calls import queries as calls
from challenge.calls.desk import desk_values
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.foundation.errors import Clash, NotAllowed, NotFound, NotNow, Unprocessable
from challenge.foundation.i18n import NAMES, _
from challenge.foundation.text import one_line, tidy
from challenge.foundation.web import Page, SeeOther, as_file, back_to, get, page, post
from challenge.reviews.looks import stage_of, weight_in_words
from challenge.rubrics.queries import newest_rubric, rubric_of
from challenge.rubrics.rules import anchor, level_label, levels, scale_of
from challenge.scoring import actions, looks, queries, records, rules
from challenge.scoring.explanation import reason
from challenge.scoring.unfolding import unfold

Visit = Request[Any, Any, Any]


def _of_stage(opening: Opening, stage: Stage) -> str:
    return f"?stage={stage.code}" if len(opening.stages) > 1 else ""


# ---------- the rubric ----------


@get("/desk/calls/{slug:str}/rubric", needs=Can.MANAGE_CALLS)
async def rubric(db: Db, me: Me, request: Visit, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    stage = stage_of(opening, request.query_params.get("stage"))
    version = await newest_rubric(db, opening.call.id, stage.rubric_code)
    found = rubric_of(version)
    return page(
        "scoring/rubric.html",
        **desk_values(opening, me, "rubric"),
        stage=stage,
        version=version,
        rubric=found,
        codes=opening.call.languages,
        names=NAMES,
        method=looks.method_in_words(found),
        join=looks.join_in_words(found),
        thresholds=looks.thresholds_in_words(found),
        tie_breaks=looks.tie_breaks(found),
        rest=looks.rest_in_words(found),
        criteria=[
            {
                "criterion": criterion,
                "weight": weight_in_words(found, criterion),
                "scale": scale_of(found, criterion),
                "levels": [
                    {
                        "value": level,
                        "label": level_label(found, criterion, level),
                        "anchor": anchor(criterion, level),
                    }
                    for level in reversed(levels(found, criterion))
                    if level_label(found, criterion, level) or anchor(criterion, level)
                ],
            }
            for criterion in found.criteria
        ],
    )


# ---------- the ranking as it stands ----------


@get("/desk/calls/{slug:str}/ranking", needs=Can.READ_RANKING)
async def standing(db: Db, me: Me, request: Visit, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_RANKING)
    stage = stage_of(opening, request.query_params.get("stage"))
    found = await queries.standing(db, me, stage)
    sees_all = await queries.sees_all(db, me, stage)
    awards = awards_of(opening) if sees_all else None
    return page(
        "scoring/ranking.html",
        **desk_values(opening, me, "ranking"),
        **looks.chart(found.rubric, found.result, found.listed, awards=awards, first=_first(request)),
        sees_all=sees_all,
        stage=stage,
        query=_of_stage(opening, stage),
        headline=looks.headline(found.rubric, found.result),
        reviews=sum(row.review_count for row in found.result.rows),
        open_reviews=found.open_reviews,
        rankings=await queries.rankings_of(db, stage.id),
        may_freeze=_may_freeze(me, opening),
        unfolds=True,
    )


@get("/desk/calls/{slug:str}/ranking/proposals/{proposal_id:uuid}", needs=Can.READ_RANKING)
async def unfolded(db: Db, me: Me, request: Visit, slug: FromPath[str], proposal_id: FromPath[UUID]) -> Page:
    """One proposal of the ranking as it stands, every number down to the scores it came from."""
    opening = await calls.the_desk_call(db, me, slug, Can.READ_RANKING)
    stage = stage_of(opening, request.query_params.get("stage"))
    found = await queries.standing(db, me, stage)
    proposal = next((one for one in found.listed.values() if one.id == proposal_id), None)
    row = found.result.row(proposal.number) if proposal else None
    if proposal is None or row is None:
        raise NotFound
    entry = next(entry for entry in found.entries if entry.key == proposal.number)
    return page(
        "scoring/unfolded.html",
        **desk_values(opening, me, "ranking"),
        stage=stage,
        query=_of_stage(opening, stage),
        proposal=proposal,
        why=reason(row),
        steps_down=unfold(found.rubric, entry, row),
    )


def _first(request: Visit) -> int:
    asked = request.query_params.get("page", "1")
    return (max(1, int(asked)) - 1) * looks.PAGE if asked.isdecimal() and len(asked) < 6 else 0


def _may_freeze(me: Viewer, opening: Opening) -> bool:
    return me.can(Can.FREEZE_RANKING, call_id=opening.call.id, programme_id=opening.programme.id)


def awards_of(opening: Opening) -> int | None:
    """How many awards the call gives, where it says so."""
    awards = opening.call.facts.get("awards")
    number = awards.get("number") if isinstance(awards, dict) else None
    return number if isinstance(number, int) else None


# ---------- freezing ----------


@get("/desk/calls/{slug:str}/rankings/new", needs=Can.FREEZE_RANKING)
async def new(db: Db, me: Me, request: Visit, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.FREEZE_RANKING)
    return await _confirm(db, me, opening, stage_of(opening, request.query_params.get("stage")))


async def _confirm(
    db: Db, me: Viewer, opening: Opening, stage: Stage, note: str = "", problem: Any = None
) -> Page:
    sees_all = await queries.sees_all(db, me, stage)
    found = await queries.standing(db, me, stage)
    why_not = rules.why_not_freeze(
        open_reviews=found.open_reviews,
        ranked=len(found.result.rows),
        is_signed=stage.decisions_signed_at is not None,
        sees_all=sees_all,
    )
    return page(
        "scoring/freezing.html",
        status=problem.status if problem else 200,
        **desk_values(opening, me, "ranking"),
        stage=stage,
        query=_of_stage(opening, stage),
        result=found.result,
        listed=found.listed,
        reviews=sum(row.review_count for row in found.result.rows),
        open_reviews=found.open_reviews,
        sees_all=sees_all,
        why_not=why_not,
        problem=problem.text if problem else None,
        note=note,
        seen=records.digest(records.record_of(found.rubric, found.entries, found.result)),
        rankings=await queries.rankings_of(db, stage.id),
    )


@post("/desk/calls/{slug:str}/rankings", needs=Can.FREEZE_RANKING)
async def freeze(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.FREEZE_RANKING)
    stage = stage_of(opening, str(form.get("stage") or "") or None)
    note = one_line(str(form.get("note") or ""))[:500]
    try:
        ranking = await actions.freeze(db, stage, note=note, seen=str(form.get("seen") or ""), by=me)
    except (NotNow, Clash) as problem:
        return await _confirm(db, me, opening, stage, note, problem)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/ranking/{ranking.id}",
        say=_("Ranking {n} is frozen. From now on no review of this stage changes.", n=ranking.n),
    )


@get("/desk/calls/{slug:str}/ranking/reviews", needs=Can.FREEZE_RANKING)
async def opening_reviews(db: Db, me: Me, request: Visit, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.FREEZE_RANKING)
    return _opening_reviews(me, opening, stage_of(opening, request.query_params.get("stage")), "", {})


def _opening_reviews(me: Viewer, opening: Opening, stage: Stage, reason: str, errors: Any) -> Page:
    return page(
        "scoring/opening.html",
        status=422 if errors else 200,
        **desk_values(opening, me, "ranking"),
        stage=stage,
        query=_of_stage(opening, stage),
        why_not=rules.why_not_open_reviews(
            is_closed=stage.reviews_closed_at is not None, is_signed=stage.decisions_signed_at is not None
        ),
        reason=reason,
        errors=errors,
    )


@post("/desk/calls/{slug:str}/ranking/reviews", needs=Can.FREEZE_RANKING)
async def open_reviews(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.FREEZE_RANKING)
    stage = stage_of(opening, str(form.get("stage") or "") or None)
    reason = tidy(str(form.get("reason") or "")).strip()
    try:
        await actions.open_reviews(db, stage, reason=reason, by=me)
    except Unprocessable as refusal:
        return _opening_reviews(me, opening, stage, reason, refusal.errors)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/ranking{_of_stage(opening, stage)}",
        say=_(
            "The reviews are open again: chairs can reopen single ones. Freeze the ranking anew afterwards."
        ),
    )


# ---------- a frozen ranking ----------


@get("/desk/calls/{slug:str}/ranking/{ranking_id:uuid}", needs=Can.READ_RANKING)
async def show(db: Db, me: Me, request: Visit, slug: FromPath[str], ranking_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_RANKING)
    ranking = await queries.the_ranking(db, opening.call.id, ranking_id)
    stage = next(stage for stage in opening.stages if stage.id == ranking.stage_id)
    found = await queries.snapshot(db, me, ranking)
    return page(
        "scoring/frozen.html",
        **desk_values(opening, me, "ranking"),
        **looks.chart(
            found.rubric, found.result, found.listed, awards=awards_of(opening) if found.is_whole else None,
            first=_first(request),
        ),
        stage=stage,
        query=_of_stage(opening, stage),
        headline=looks.headline(found.rubric, found.result),
        found=found,
        fault=records.fault_of(ranking.record, ranking.digest),
        unfolds=False,
        is_newest=ranking.n == await queries.newest_number(db, stage.id),
        may_freeze=_may_freeze(me, opening),
    )  # fmt: skip


@get("/desk/calls/{slug:str}/ranking/{ranking_id:uuid}/record.json", needs=Can.READ_RANKING)
async def record(db: Db, me: Me, slug: FromPath[str], ranking_id: FromPath[UUID]) -> Response[bytes]:
    """Method, inputs and result: enough to compute the ranking again. Only for who sees all of it."""
    opening = await calls.the_desk_call(db, me, slug, Can.READ_RANKING)
    ranking = await queries.the_ranking(db, opening.call.id, ranking_id)
    if not (await queries.snapshot(db, me, ranking)).is_whole:
        raise NotAllowed(_("The record holds proposals that are not shown to you."))
    content = json.dumps(ranking.record, ensure_ascii=False, indent=1, sort_keys=True).encode()
    return as_file(content, f"{opening.call.slug}-ranking-{ranking.n}.json", "application/json")


doors: list[Any] = [
    rubric,
    standing,
    unfolded,
    new,
    freeze,
    opening_reviews,
    open_reviews,
    show,
    record,
]
