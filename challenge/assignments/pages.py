"""Who reviews what, for managers; and what takes effect on assignments: taking a seat, losing it, standing aside."""

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from litestar import Request, Response

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.assignments import actions, inputs, plans, queries
from challenge.calls import queries as calls
from challenge.calls.desk import desk_values
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import Text, _, _n
from challenge.foundation.web import Page, SeeOther, as_file, back_to, get, page, post
from challenge.panels import inputs as panel_inputs
from challenge.panels import queries as panels
from challenge.panels import rules as panel_rules
from challenge.panels.models import Panel, SeatKind, SeatState
from challenge.proposals import queries as proposals
from challenge.proposals.models import Facet

if TYPE_CHECKING:
    from challenge.assignments.proposing import Proposed

DESK = "/desk/calls/{slug:str}/assignments"
PAGE_SIZE = 50


async def _opened(db: Db, me: Me, slug: str, wanted: str | None = None) -> tuple[Opening, Stage]:
    """The call for who manages its reviews, and the stage that was asked for, else the one under review."""
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    if not opening.stages:
        raise NotFound
    begun = [stage for stage in opening.stages if stage.opens_at <= clock.now()]
    usual = begun[-1] if begun else opening.stages[0]
    return opening, next((stage for stage in opening.stages if stage.code == wanted), usual)


def _values(opening: Opening, me: Me, stage: Stage) -> dict[str, Any]:
    return {
        **desk_values(opening, me, "assignments"),
        "stage": stage,
        "wanted": stage.reviews_per_proposal,
        "home": _home(opening, stage),
    }


def _home(opening: Opening, stage: Stage, more: str = "") -> str:
    path = f"/desk/calls/{opening.call.slug}/assignments{more}"
    return path if len(opening.stages) < 2 else f"{path}?stage={stage.code}"


# ---------- the overview ----------


@get(DESK, needs=Can.MANAGE_REVIEWS)
async def list_page(request: Request[Any, Any, Any], db: Db, me: Me, slug: FromPath[str]) -> Page:
    asked = request.query_params
    opening, stage = await _opened(db, me, slug, asked.get("stage"))
    only_short = asked.get("show") == "short"
    at = int(asked["page"]) if asked.get("page", "").isdecimal() and len(asked["page"]) < 6 else 1
    totals = await queries.totals(db, me, stage)
    first = max(0, at - 1) * PAGE_SIZE
    lines = await queries.lines(db, me, stage, only_short=only_short, first=first, most=PAGE_SIZE)
    seats = await panels.seated(db, opening.call.id, stage_id=stage.id, sitting=True)
    total = totals.short if only_short else totals.proposals
    return page(
        "assignments/list.html",
        **_values(opening, me, stage),
        totals=totals,
        lines=lines,
        reviewers=await queries.reviewers_of(db, me, stage, [line.id for line in lines]),
        loads=await queries.loads(db, me, opening.call.id, stage.id),
        people=_people(seats),
        only_short=only_short,
        first=first,
        total=total,
        page_numbers=range(1, (total + PAGE_SIZE - 1) // PAGE_SIZE + 1),
        page_number=first // PAGE_SIZE + 1,
    )


def _people(seats: list[panels.Seated]) -> list[panels.Seated]:
    """Each person once, whatever the number of panels."""
    return list({seat.person_id: seat for seat in reversed(seats)}.values())[::-1]


@get(DESK + "/list.csv", needs=Can.MANAGE_REVIEWS)
async def list_file(request: Request[Any, Any, Any], db: Db, me: Me, slug: FromPath[str]) -> Response[bytes]:
    """The present pairs, in the very form that an upload takes."""
    opening, stage = await _opened(db, me, slug, request.query_params.get("stage"))
    text = inputs.list_of(await queries.addresses_of_pairs(db, me, stage))
    name = f"{opening.call.slug}-assignments.csv"
    return as_file(text.encode("utf-8-sig"), name, "text/csv")


# ---------- by hand, in both directions ----------


@get(DESK + "/proposals/{proposal_id:uuid}", needs=Can.MANAGE_REVIEWS)
async def proposal(db: Db, me: Me, slug: FromPath[str], proposal_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    found = await proposals.the_proposal(db, me, proposal_id, Facet.REVIEWERS)
    if found.call_id != opening.call.id:
        raise NotFound
    stage = proposals.stage_of(opening, found)
    field = await queries.field_of(db, me, stage)
    candidate = field.proposals.get(found.id)
    if candidate is None:
        raise NotFound
    told = (await queries.told_of(db, me, stage, found.id)).get(found.id, queries.Told())
    seats = _people(field.seats)
    suited = await asyncio.to_thread(_suits, candidate, told, seats)
    choices = [queries.choice(field, seat, candidate, told.topics) for seat in seats]
    return page(
        "assignments/proposal.html",
        **_values(opening, me, stage),
        proposal=candidate,
        choices=queries.in_order(choices, suited),
        suited=suited,
    )


def _suits(
    candidate: queries.Candidate, told: queries.Told, seats: list[panels.Seated]
) -> dict[UUID, queries.Suit]:
    from challenge.assignments import proposing  # numpy costs start-up: only who compares pays

    return proposing.suits(candidate, told, seats)


@get(DESK + "/people/{person_id:uuid}", needs=Can.MANAGE_REVIEWS)
async def person(
    request: Request[Any, Any, Any], db: Db, me: Me, slug: FromPath[str], person_id: FromPath[UUID]
) -> Page:
    opening, stage = await _opened(db, me, slug, request.query_params.get("stage"))
    field = await queries.field_of(db, me, stage)
    seat = next((seat for seat in field.seats if seat.person_id == person_id), None)
    if seat is None:
        raise NotFound
    topics = await queries.topics_of(db, me, stage)
    counts = queries.counts(field)
    return page(
        "assignments/person.html",
        **_values(opening, me, stage),
        seat=seat,
        load=field.loads[person_id],
        counts=counts,
        choices=[
            queries.choice(field, seat, candidate, topics.get(candidate.id, frozenset()))
            for candidate in field.proposals.values()
            if queries.is_open(candidate) or (person_id, candidate.id) in field.present
        ],
    )


@post(DESK + "/plan", needs=Can.MANAGE_REVIEWS)
async def plan(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    """Show what a choice would do. Changes nothing."""
    opening, stage = await _opened(db, me, slug, inputs.typed(form, "stage"))
    picks = inputs.picks(form)
    if not picks:
        where = _here(opening, stage, form)
        return back_to(
            where, say=_("Nothing was picked. Tick at least one proposal and one person."), kind="wait"
        )
    found = plans.from_picks(await queries.field_of(db, me, stage), picks)
    return _plan(opening, me, stage, found, picks, _here(opening, stage, form))


def _here(opening: Opening, stage: Stage, form: Form) -> str:
    """The page that a choice came from, made anew from what the form says."""
    people, chosen = inputs.uuids(form, "from_person"), inputs.uuids(form, "from_proposal")
    if people:
        return _home(opening, stage, f"/people/{people[0]}")
    return _home(opening, stage, f"/proposals/{chosen[0]}") if chosen else _home(opening, stage)


def _plan(
    opening: Opening,
    me: Me,
    stage: Stage,
    found: plans.Plan,
    picks: list[plans.Pick],
    back: str,
    *,
    is_changed: bool = False,
) -> Page:
    return page(
        "assignments/plan.html",
        status=409 if is_changed else 200,
        **_values(opening, me, stage),
        plan=found,
        pairs=[f"{pick.proposal_id}:{pick.person_id}" for pick in picks],
        back=back,
        is_changed=is_changed,
    )


@post(DESK, needs=Can.MANAGE_REVIEWS)
async def assign(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    """Do what the plan showed, or show it again when it is no longer the same."""
    opening, stage = await _opened(db, me, slug, inputs.typed(form, "stage"))
    picks = inputs.picks(form)
    field = await queries.field_of(db, me, stage)
    found = plans.from_picks(field, picks)
    if found.digest != inputs.typed(form, "digest"):
        return _plan(opening, me, stage, found, picks, _home(opening, stage), is_changed=True)
    await plans.apply(db, found, field, by=me)
    await db.commit()
    return back_to(_home(opening, stage), say=done(found))


def done(plan: plans.Plan) -> Text:
    made, removed = len(plan.made), len(plan.removed)
    if made and removed:
        return _("Assigned: {made}. Taken away: {removed}.", made=made, removed=removed)
    if removed:
        return _n("{n} assignment was taken away.", "{n} assignments were taken away.", removed)
    return _n("{n} assignment was made.", "{n} assignments were made.", made)


# ---------- by a file ----------


@get(DESK + "/imports", needs=Can.MANAGE_REVIEWS)
async def new_import(request: Request[Any, Any, Any], db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening, stage = await _opened(db, me, slug, request.query_params.get("stage"))
    return _import(opening, me, stage)


def _import(
    opening: Opening,
    me: Me,
    stage: Stage,
    *,
    plan: plans.Plan | None = None,
    text: str = "",
    replaces: bool = False,
    is_changed: bool = False,
    errors: dict[str, Text] | None = None,
    proposed: "Proposed | None" = None,
) -> Page:
    return page(
        "assignments/import.html",
        status=422 if errors else 409 if is_changed else 200,
        **_values(opening, me, stage),
        plan=plan,
        text=text,
        replaces=replaces,
        is_changed=is_changed,
        list_href=_home(opening, stage, "/list.csv"),
        errors=errors or {},
        proposed=proposed,
    )


@post(DESK + "/imports", needs=Can.MANAGE_REVIEWS)
async def import_list(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    """Show what a list would do; the form of that page sends the same list with `apply`."""
    opening, stage = await _opened(db, me, slug, inputs.typed(form, "stage"))
    replaces = inputs.typed(form, "mode") == "replace"
    content: bytes | str = str(form.get("text") or "")
    file: Any = form.get("file")
    if getattr(file, "filename", ""):
        content = await file.read()
    try:
        upload = inputs.read_list(content)
    except Unprocessable as refusal:
        text = content if isinstance(content, str) else ""
        return _import(opening, me, stage, text=text, replaces=replaces, errors=refusal.errors)
    field = await queries.field_of(db, me, stage)
    listed = await panels.panels_of(db, opening.call.id)
    found = plans.from_lines(field, upload.lines, listed, replaces=replaces)
    is_asked = inputs.typed(form, "apply") == "yes"
    if not is_asked or found.digest != inputs.typed(form, "digest"):
        return _import(
            opening, me, stage, plan=found, text=upload.text, replaces=replaces, is_changed=is_asked
        )
    await plans.apply(db, found, field, by=me)
    await db.commit()
    return back_to(_home(opening, stage), say=done(found))


# ---------- by the engine ----------


@post(DESK + "/suggestion", needs=Can.MANAGE_REVIEWS)
async def suggest(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    """Work out who might review what and show it as a list that would be uploaded. Changes nothing."""
    opening, stage = await _opened(db, me, slug, inputs.typed(form, "stage"))
    field = await queries.field_of(db, me, stage)
    told = await queries.told_of(db, me, stage)
    await db.commit()  # gives the right to write back to others before the long work
    if not queries.reviewers(field.seats) or not any(map(queries.is_open, field.proposals.values())):
        say = _("Nothing was proposed: it needs a submitted proposal and a reviewer with an accepted seat.")
        return back_to(_home(opening, stage), say=say, kind="wait")
    proposed = await asyncio.to_thread(_propose, field, told)
    pairs = proposed.pairs[: inputs.MOST_LINES]
    upload = inputs.read_list(inputs.list_of(pairs)) if pairs else inputs.Upload("", [])
    found = plans.from_lines(field, upload.lines)
    return _import(opening, me, stage, plan=found, text=upload.text, proposed=proposed)


def _propose(field: queries.Field, told: dict[UUID, queries.Told]) -> "Proposed":
    from challenge.assignments import proposing  # numpy and the solver cost start-up: only who solves pays

    return proposing.propose(field, told)


# ---------- taking one away ----------


@get(DESK + "/{assignment_id:uuid}/removal", needs=Can.MANAGE_REVIEWS)
async def removal(db: Db, me: Me, slug: FromPath[str], assignment_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    _assignment, given, stage = await _the_assignment(db, me, opening, assignment_id)
    return page("assignments/removal.html", **_values(opening, me, stage), given=given, reason="", errors={})


async def _the_assignment(db: Db, me: Me, opening: Opening, assignment_id: UUID) -> tuple[Any, Any, Stage]:
    assignment, given = await queries.the_assignment(db, me, assignment_id)
    stage = next((stage for stage in opening.stages if stage.id == assignment.stage_id), None)
    if stage is None:
        raise NotFound
    return assignment, given, stage


@post(DESK + "/{assignment_id:uuid}/removal", needs=Can.MANAGE_REVIEWS)
async def remove(
    db: Db, me: Me, form: Form, slug: FromPath[str], assignment_id: FromPath[UUID]
) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    assignment, given, stage = await _the_assignment(db, me, opening, assignment_id)
    try:
        await actions.remove(db, assignment, opening.call.id, inputs.reason(form), by=me)
    except Unprocessable as refusal:
        return page(
            "assignments/removal.html",
            status=422,
            **_values(opening, me, stage),
            given=given,
            reason=inputs.reason(form),
            errors=refusal.errors,
        )
    await db.commit()
    return back_to(
        _home(opening, stage, f"/proposals/{given.proposal_id}"),
        say=_(
            "{name} no longer reviews {number} and no longer sees it.", name=given.name, number=given.number
        ),
    )


# ---------- seats, where they touch assignments ----------

SEAT = "/desk/calls/{slug:str}/panels/{panel_id:uuid}/seats/{seat_id:uuid}/withdrawal"


@get(SEAT, needs=Can.MANAGE_REVIEWS)
async def seat_withdrawal(
    db: Db, me: Me, slug: FromPath[str], panel_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    panel = await panels.the_panel(db, opening.call.id, panel_id)
    return await _withdrawal(db, me, opening, panel, seat_id)


async def _withdrawal(
    db: Db, me: Me, opening: Opening, panel: Panel, seat_id: UUID, errors: dict[str, Text] | None = None
) -> Page:
    seat, person = await panels.the_seat(db, panel.id, seat_id)
    held = [g for g in await queries.given(db, me, opening.call.id) if g.person_id == person.id]
    return page(
        "assignments/withdrawal.html",
        status=422 if errors else 200,
        **desk_values(opening, me, "panels"),
        panel=panel,
        seat=seat,
        person=person,
        is_invited=seat.state == SeatState.INVITED,
        is_chair=seat.kind == SeatKind.CHAIR,
        why_not=panel_rules.why_not_withdraw(seat.state),
        held=[given for given in held if given.panel_id == panel.id],
        errors=errors or {},
    )


@post(SEAT, needs=Can.MANAGE_REVIEWS)
async def take_back_seat(
    db: Db, me: Me, form: Form, slug: FromPath[str], panel_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    panel = await panels.the_panel(db, opening.call.id, panel_id)
    seat, person = await panels.the_seat(db, panel.id, seat_id)
    try:
        await actions.take_back_seat(db, opening, seat, inputs.reason(form), by=me)
    except Unprocessable as refusal:
        return await _withdrawal(db, me, opening, panel, seat_id, refusal.errors)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/panels/{panel.id}", say=_("The seat of {name} is taken back.", name=person.name)
    )


@post("/reviews/invitations/{seat_id:uuid}/acceptance", needs=Can.OWN_ACCOUNT)
async def accept(db: Db, me: Me, seat_id: FromPath[UUID]) -> SeeOther:
    seat, panel, call = await panels.own_seat(db, me, seat_id)
    await actions.take_seat(db, await calls.opening_of(db, call.id), panel, seat, by=me)
    await db.commit()
    return back_to(
        f"/reviews/invitations/{seat.id}",
        say=_("You have taken the seat. Thank you; the organizer can see it."),
    )


# ---------- standing aside ----------


@get("/reviews/conflicts", needs=Can.OWN_ACCOUNT)
async def conflicts(db: Db, me: Me) -> Page:
    return await _conflicts(db, me, panel_inputs.Declared())


async def _conflicts(db: Db, me: Me, typed: panel_inputs.Declared) -> Page:
    if not await panels.may_declare(db, me):
        raise NotFound
    return page(
        "panels/conflicts.html",
        status=422 if typed.errors else 200,
        declared=await panels.own_conflicts(db, me),
        leads=await panels.leads_to_declare(db, me, clock.now()),
        kinds=list(panel_rules.CONFLICT_KINDS.items()),
        kind_words=panel_rules.CONFLICT_KINDS,
        typed=typed,
        errors=typed.errors,
    )


@post("/reviews/conflicts", needs=Can.OWN_ACCOUNT)
async def declare(db: Db, me: Me, form: Form) -> Page | SeeOther:
    typed = panel_inputs.Declared.read(form)
    if me.person_id is None or not await panels.may_declare(db, me):
        raise NotFound
    if not typed.errors:
        try:
            await actions.stand_aside(
                db,
                me.person_id,
                number=typed.number,
                organization_id=typed.organization_id,
                kind=typed.kind,
                reason=typed.reason,
                by=me,
            )
            await db.commit()
            return back_to(
                "/reviews/conflicts", say=_("Recorded. Nothing of it will be shown to you, from now on.")
            )
        except Unprocessable as refusal:
            typed.errors |= refusal.errors
            await db.commit()
    return await _conflicts(db, me, typed)


doors: list[Any] = [
    list_page,
    list_file,
    proposal,
    person,
    plan,
    assign,
    new_import,
    import_list,
    suggest,
    removal,
    remove,
    seat_withdrawal,
    take_back_seat,
    accept,
    conflicts,
    declare,
]
