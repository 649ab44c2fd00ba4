from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.assignments import actions as assignments
from challenge.calls import queries as calls
from challenge.calls.desk import around, desk_values
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.errors import Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _, format_number
from challenge.foundation.text import tidy
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post, wants_json
from challenge.panels import queries as panels
from challenge.panels.models import SeatState
from challenge.panels.rules import CONFLICT_KINDS
from challenge.proposals import archives
from challenge.reviews import actions, inputs, looks, progress, queries, rules
from challenge.reviews.reading import reading_of

Visit = Request[Any, Any, Any]
PAGE = 50


@get("/reviews", needs=Can.OWN_ACCOUNT)
async def list_page(db: Db, me: Me) -> Page:
    queue = await queries.queue_of(db, me)
    seats = await panels.own_seats(db, me)
    return page(
        "reviews/queue.html",
        queue=queue,
        groups=looks.groups(queue, await queries.criteria_counts(db, queue), clock.now()),
        invitations=[row for row in seats if row[0].state == SeatState.INVITED],
        aside=await panels.own_conflicts(db, me),
        kinds=CONFLICT_KINDS,
        chaired=await progress.chaired_panels(db, me),
        demonstration=bool(queue) and all(one.round.is_demonstration for one in queue),
    )


@get("/reviews/files.zip", needs=Can.OWN_ACCOUNT)
async def files(request: Visit, db: Db, me: Me) -> Any:
    """All files that stand in the queue, as this reviewer may open them."""
    archive = await archives.archive_of(db, me, queries.is_given_to(me), is_staff=False)
    return await archives.answer(request, archive, "reviews-files.zip", me)


# ---------- the score sheet ----------


@get("/reviews/{review_id:uuid}", needs=Can.SCORE)
async def show(db: Db, me: Me, review_id: FromPath[UUID]) -> Page:
    return await _bench(db, me, await queries.the_sheet(db, me, review_id))


async def _bench(
    db: Db,
    me: Viewer,
    sheet: queries.Sheet,
    typed: inputs.Typed | None = None,
    errors: Mapping[str, Text] | None = None,
    saved: actions.Saved | None = None,
    status: int = 200,
) -> Page:
    """The proposal beside the sheet; `typed` stands in the fields instead of what is stored."""
    reading = await reading_of(db, sheet)
    others = []
    if sheet.is_submitted:
        others = await queries.submitted_reviews(
            db, me, sheet.proposal.id, sheet.stage.id, but_person=me.person_id
        )
    return page(
        "reviews/sheet.html",
        status=status,
        **around(sheet.opening),
        **looks.sheet_values(sheet, typed, errors or {}, saved.clashes if saved else []),
        sheet=sheet,
        pieces=reading.pieces,
        documents=looks.documents(reading),
        others=others,
        place=await queries.place_of(db, me, sheet.stage.id, sheet.assignment.id),
    )


@post("/reviews/{review_id:uuid}/scores", needs=Can.SCORE)
async def save(
    db: Db, me: Me, form: Form, request: Visit, review_id: FromPath[UUID]
) -> Page | SeeOther | Response[Any]:
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    typed, saved = await _save(db, me, form, sheet)
    await db.commit()
    status = 409 if saved.clashes else 422 if saved.errors else 200
    if wants_json(request):
        return Response(looks.told(sheet, saved), status_code=status, media_type="application/json")
    if status != 200:
        return await _bench(db, me, sheet, typed, saved.errors, saved, status)
    return back_to(
        f"/reviews/{review_id}",
        say=_(
            "Saved. {done} of {all} scored.",
            done=len(sheet.complete),
            all=len(sheet.rubric.criteria),
        ),
    )


async def _save(
    db: Db, me: Viewer, form: inputs.Form, sheet: queries.Sheet
) -> tuple[inputs.Typed, actions.Saved]:
    typed = inputs.Typed.read(form, sheet.rubric)
    saved = await actions.save(
        db,
        sheet,
        scores=typed.scores,
        remarks=typed.remarks,
        confidence=typed.confidence,
        known=typed.known,
        by=me,
    )
    saved.errors = {**typed.errors, **saved.errors}
    return typed, saved


@post("/reviews/{review_id:uuid}/submission", needs=Can.SCORE)
async def submit(db: Db, me: Me, form: Form, review_id: FromPath[UUID]) -> Page | SeeOther:
    """What was typed is saved first, so that a refusal takes nothing away."""
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    typed, saved = await _save(db, me, form, sheet)
    errors: Mapping[str, Text] = saved.errors
    if not errors and not saved.clashes:
        try:
            await actions.submit(db, sheet, by=me)
        except Unprocessable as refusal:
            errors = refusal.errors
    await db.commit()
    if errors or saved.clashes:
        status = 409 if saved.clashes else 422
        return await _bench(db, me, sheet, typed, errors, saved, status)
    total = sheet.review.overall if sheet.review else None
    words = (
        _("Your review is in. Overall score {total}.", total=format_number(round(total, 1)))
        if total is not None
        else _("Your review is in.")
    )
    return back_to(f"/reviews/{review_id}", say=words)


# ---------- stepping aside ----------


@get("/reviews/{review_id:uuid}/recusal", needs=Can.SCORE)
async def recusal(db: Db, me: Me, review_id: FromPath[UUID]) -> Page:
    return _recusal(await queries.the_sheet(db, me, review_id), inputs.Recusal())


def _recusal(sheet: queries.Sheet, typed: inputs.Recusal) -> Page:
    return page(
        "reviews/recusal.html",
        status=422 if typed.errors else 200,
        **around(sheet.opening),
        sheet=sheet,
        typed=typed,
        errors=typed.errors,
        kinds=list(CONFLICT_KINDS.items()),
    )


@post("/reviews/{review_id:uuid}/recusal", needs=Can.SCORE)
async def recuse(db: Db, me: Me, form: Form, review_id: FromPath[UUID]) -> Page | SeeOther:
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    typed = inputs.Recusal.read(form)
    if typed.errors or me.person_id is None:
        return _recusal(sheet, typed)
    await assignments.recuse(db, me.person_id, sheet.proposal, kind=typed.kind, reason=typed.reason, by=me)
    await db.commit()
    return back_to(
        "/reviews",
        say=_(
            "You stand aside from {number}. Nothing of it is shown to you any more; somebody else reads it.",
            number=sheet.proposal.number,
        ),
    )


# ---------- the chair ----------


@get("/reviews/panels/{panel_id:uuid}", needs=Can.REOPEN_REVIEWS)
async def panel(db: Db, me: Me, panel_id: FromPath[UUID]) -> Page:
    found, opening = await progress.the_chaired_panel(db, me, panel_id)
    reviews = await progress.reviews_of_panel(db, me, found)
    stage = opening.stages[0]
    return page(
        "reviews/panel.html",
        **around(opening),
        panel=found,
        proposals=looks.by_proposal(reviews.held),
        reviews=reviews,
        rubric=await queries.rubric_of_stage(db, stage),
        total=len(reviews.held),
        is_in=sum(one.state == "submitted" for one in reviews.held),
        is_frozen=stage.reviews_closed_at is not None,
        confidence=rules.CONFIDENCE,
        due=looks.due(await calls.last_day(db, opening.call.id), opening.call.zone, clock.now()),
    )


@get("/reviews/{review_id:uuid}/reopening", needs=Can.REOPEN_REVIEWS)
async def reopening(db: Db, me: Me, review_id: FromPath[UUID]) -> Page:
    opened = await progress.the_review_to_reopen(db, me, review_id)
    return _reopening(opened, "", {})


def _reopening(opened: progress.ToReopen, reason: str, errors: Mapping[str, Text]) -> Page:
    state = opened.review.state if opened.review else None
    refuse_if(rules.why_not_reopen(state, is_ranking_frozen=opened.stage.reviews_closed_at is not None))
    return page(
        "reviews/reopening.html",
        status=422 if errors else 200,
        **around(Opening(opened.call, opened.programme, [opened.stage])),
        opened=opened,
        reason=reason,
        errors=errors,
    )


@post("/reviews/{review_id:uuid}/reopening", needs=Can.REOPEN_REVIEWS)
async def reopen(db: Db, me: Me, form: Form, review_id: FromPath[UUID]) -> Page | SeeOther:
    opened = await progress.the_review_to_reopen(db, me, review_id, to_write=True)
    reason = tidy(str(form.get("reason") or "")).strip()
    try:
        await actions.reopen(db, opened, reason=reason, by=me)
    except Unprocessable as refusal:
        return _reopening(opened, reason, refusal.errors)
    await db.commit()
    return back_to(
        f"/reviews/panels/{opened.assignment.panel_id}",
        say=_(
            "The review of {number} by {name} is open again. The reason is on its way to the reviewer.",
            number=opened.proposal.number,
            name=opened.person.name,
        ),
    )


# ---------- staff ----------


@get("/desk/calls/{slug:str}/progress", needs=Can.READ_REVIEWS)
async def progress_page(db: Db, me: Me, request: Visit, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_REVIEWS)
    asked = request.query_params
    stage = looks.stage_of(opening, asked.get("stage"))
    only_short = asked.get("only") == "open"
    number = int(asked.get("page", "1")) if asked.get("page", "1").isdecimal() else 1
    first = (max(1, min(number, 100_000)) - 1) * PAGE
    return page(
        "reviews/progress.html",
        **desk_values(opening, me, "progress"),
        stage=stage,
        reviewers=await progress.progress_of_reviewers(db, me, stage),
        proposals=await progress.progress_of_proposals(
            db, me, stage, only_short=only_short, first=first, most=PAGE
        ),
        totals=await progress.progress_totals(db, me, stage, only_short=only_short),
        only_short=only_short,
        first=first,
        step=PAGE,
        due=looks.due(await calls.last_day(db, opening.call.id), opening.call.zone, clock.now()),
    )


doors: list[Any] = [
    list_page,
    files,
    show,
    save,
    submit,
    recusal,
    recuse,
    panel,
    reopening,
    reopen,
    progress_page,
]
