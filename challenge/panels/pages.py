"""Panels and seats for staff; one's own invitation and expertise for reviewers.

Taking a seat, giving one back and standing aside also touch assignments: those doors are in that room.
"""

from typing import Any
from uuid import UUID

from challenge.accounts import actions as accounts
from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.calls import queries as calls
from challenge.calls.desk import around, desk_values
from challenge.calls.queries import Opening
from challenge.foundation.errors import NotFound, Unprocessable, refuse_if
from challenge.foundation.i18n import NAMES, Text, _
from challenge.foundation.text import tidy
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.panels import actions, inputs, queries, rules
from challenge.panels.models import Panel, SeatKind

# ---------- staff: panels and the people on them ----------


@get("/desk/calls/{slug:str}/panels", needs=Can.MANAGE_REVIEWS)
async def list_page(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    return await _list(db, me, opening, inputs.NewPanel())


async def _list(db: Db, me: Me, opening: Opening, typed: inputs.NewPanel, status: int = 200) -> Page:
    panels = await queries.panels_of(db, opening.call.id)
    seats = await queries.seated(db, opening.call.id)
    return page(
        "panels/list.html",
        status=status,
        **desk_values(opening, me, "panels"),
        panels=[(panel, [seat for seat in seats if seat.panel_id == panel.id]) for panel in panels],
        loads=await queries.loads(db, me, opening.call.id, panels),
        stage_labels={stage.id: stage.label for stage in opening.stages},
        typed=typed,
        errors=typed.errors,
    )


@post("/desk/calls/{slug:str}/panels", needs=Can.MANAGE_REVIEWS)
async def make(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    typed = inputs.NewPanel.read(form, opening.stages)
    if typed.stage_id is not None:
        try:
            panel = await actions.make_panel(db, opening, typed.stage_id, typed.name, by=me)
            await db.commit()
            return back_to(_path(opening, panel), say=_("The panel is made. Now invite the people."))
        except Unprocessable as refusal:
            typed.errors |= refusal.errors
    return await _list(db, me, opening, typed, status=422)


@get("/desk/calls/{slug:str}/panels/{panel_id:uuid}", needs=Can.MANAGE_REVIEWS)
async def show(db: Db, me: Me, slug: FromPath[str], panel_id: FromPath[UUID]) -> Page:
    opening, panel = await _the_panel(db, me, slug, panel_id)
    return await _show(db, me, opening, panel, inputs.Invitation(language=opening.call.languages[0]))


async def _the_panel(db: Db, me: Me, slug: str, panel_id: UUID) -> tuple[Opening, Panel]:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    return opening, await queries.the_panel(db, opening.call.id, panel_id)


async def _show(
    db: Db, me: Me, opening: Opening, panel: Panel, typed: inputs.Invitation, status: int = 200
) -> Page:
    return page(
        "panels/show.html",
        status=status,
        **desk_values(opening, me, "panels"),
        panel=panel,
        stage=next(stage for stage in opening.stages if stage.id == panel.stage_id),
        seats=await queries.seated(db, opening.call.id, panel_id=panel.id),
        loads=await queries.loads(db, me, opening.call.id, [panel]),
        letter_languages=[(code, NAMES[code]) for code in opening.call.languages if code in NAMES],
        typed=typed,
        errors=typed.errors,
    )


def _path(opening: Opening, panel: Panel) -> str:
    return f"/desk/calls/{opening.call.slug}/panels/{panel.id}"


@post("/desk/calls/{slug:str}/panels/{panel_id:uuid}/seats", needs=Can.MANAGE_REVIEWS)
async def invite(
    db: Db, me: Me, form: Form, slug: FromPath[str], panel_id: FromPath[UUID]
) -> Page | SeeOther:
    opening, panel = await _the_panel(db, me, slug, panel_id)
    typed = inputs.Invitation.read(form)
    if not typed.errors:
        person = await accounts.add_person(
            db, name=typed.name, email=typed.email, language=typed.language, zone=opening.call.zone, by=me
        )
        seats = await queries.seated(db, opening.call.id, panel_id=panel.id)
        state = next((seat.state for seat in seats if seat.person_id == person.id), None)
        refusal = rules.why_not_invite(state)
        if refusal is None:
            await actions.invite(db, opening, panel, person, kind=typed.kind, max_load=typed.max_load, by=me)
            await db.commit()
            return back_to(
                _path(opening, panel), say=_("The invitation to {email} is on its way.", email=typed.email)
            )
        typed.errors["email"] = refusal
    return await _show(db, me, opening, panel, typed, status=422)


@post(
    "/desk/calls/{slug:str}/panels/{panel_id:uuid}/seats/{seat_id:uuid}/invitation", needs=Can.MANAGE_REVIEWS
)
async def send_again(
    db: Db, me: Me, slug: FromPath[str], panel_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> SeeOther:
    opening, panel = await _the_panel(db, me, slug, panel_id)
    seat, person = await queries.the_seat(db, panel.id, seat_id)
    await actions.invite(db, opening, panel, person, kind=seat.kind, max_load=seat.max_load, by=me)
    await db.commit()
    return back_to(
        _path(opening, panel), say=_("The invitation to {email} is on its way again.", email=person.email)
    )


@post("/desk/calls/{slug:str}/panels/{panel_id:uuid}/seats/{seat_id:uuid}/load", needs=Can.MANAGE_REVIEWS)
async def set_load(
    db: Db, me: Me, form: Form, slug: FromPath[str], panel_id: FromPath[UUID], seat_id: FromPath[UUID]
) -> SeeOther:
    opening, panel = await _the_panel(db, me, slug, panel_id)
    seat, person = await queries.the_seat(db, panel.id, seat_id)
    max_load = inputs.whole(inputs.typed(form, "max_load"))
    refusal = rules.why_not_load(max_load)
    if refusal is not None:
        return back_to(_path(opening, panel), say=refusal, kind="bad")
    await actions.set_load(db, opening, seat, max_load, by=me)
    await db.commit()
    return back_to(_path(opening, panel), say=_("The limit of {name} is set.", name=person.name))


# ---------- the one who is invited ----------


@get("/reviews/invitations/{seat_id:uuid}", needs=Can.OWN_ACCOUNT)
async def invitation(db: Db, me: Me, seat_id: FromPath[UUID]) -> Page:
    return await _invitation(db, me, seat_id)


async def _invitation(
    db: Db, me: Me, seat_id: UUID, *, reason: str = "", errors: dict[str, Text] | None = None
) -> Page:
    seat, panel, call = await queries.own_seat(db, me, seat_id)
    opening = await calls.opening_of(db, call.id)
    return page(
        "panels/invitation.html",
        status=422 if errors else 200,
        **around(opening),
        seat=seat,
        panel=panel,
        is_chair=seat.kind == SeatKind.CHAIR,
        stage=next(stage for stage in opening.stages if stage.id == panel.stage_id),
        milestones=await calls.milestones_of(db, call.id),
        why_not=rules.why_not_answer(seat, "accept"),
        may_decline=rules.why_not_answer(seat, "decline") is None,
        reason=reason,
        errors=errors or {},
    )


@post("/reviews/invitations/{seat_id:uuid}/refusal", needs=Can.OWN_ACCOUNT)
async def decline(db: Db, me: Me, form: Form, seat_id: FromPath[UUID]) -> Page | SeeOther:
    seat, _panel, call = await queries.own_seat(db, me, seat_id)
    reason = tidy(str(form.get("reason") or "")).strip()[:2000]
    refuse_if(rules.why_not_answer(seat, "decline"))
    try:
        await actions.decline(db, await calls.opening_of(db, call.id), seat, reason, by=me)
    except Unprocessable as refusal:
        return await _invitation(db, me, seat_id, reason=reason, errors=refusal.errors)
    await db.commit()
    return back_to(
        f"/reviews/invitations/{seat.id}",
        say=_("You declined, and the organizer knows the reason. Thank you for telling."),
    )


# ---------- what one knows ----------


@get("/account/expertise", needs=Can.OWN_ACCOUNT)
async def expertise(db: Db, me: Me) -> Page:
    if me.person_id is None:
        raise NotFound
    return _expertise(inputs.Knows.of(await queries.expertise_of(db, me.person_id)))


def _expertise(knows: inputs.Knows) -> Page:
    return page(
        "panels/expertise.html",
        status=422 if knows.errors else 200,
        knows=knows,
        errors=knows.errors,
        languages_read=inputs.language_choices(),
        countries=inputs.country_choices(),
        organization_types=inputs.term_choices("organization-types"),
        lists={name: inputs.term_choices(listed) for name, listed in inputs.LISTS.items()},
    )


@post("/account/expertise", needs=Can.OWN_ACCOUNT)
async def declare_expertise(db: Db, me: Me, form: Form) -> Page | SeeOther:
    knows = inputs.Knows.read(form)
    if knows.errors or me.person_id is None:
        return _expertise(knows)
    await actions.declare_expertise(db, me.person_id, **knows.values(), by=me)
    await db.commit()
    return back_to("/account/expertise", say=_("Saved. Organizers see it when they look for reviewers."))


doors: list[Any] = [
    list_page,
    make,
    show,
    invite,
    send_again,
    set_load,
    invitation,
    decline,
    expertise,
    declare_expertise,
]
