"""Panels, seats and expertise for programs: the same verbs as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar.params import JSONBody
from msgspec import field

from challenge.accounts import actions as accounts
from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls import queries as calls
from challenge.foundation.api import Body, Items, api_get, api_post, api_put
from challenge.foundation.errors import NotFound, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _
from challenge.panels import actions, inputs, queries, rules
from challenge.panels.models import Panel, Seat, SeatKind


class PanelOut(Body):
    id: UUID
    name: str
    stage: str


class NewPanelIn(Body):
    name: str
    stage: str


class SeatOut(Body):
    id: UUID
    panel_id: UUID
    person_id: UUID
    name: str
    email: str
    kind: str
    state: str
    invited_at: datetime
    answered_at: datetime | None = None
    reason: str = ""
    max_load: int | None = None
    load: int = 0
    languages: list[str] = field(default_factory=list)


class InvitationIn(Body):
    name: str
    email: str
    kind: SeatKind = SeatKind.REVIEWER
    max_load: int | None = None
    language: str = "en"


class OwnSeatOut(Body):
    id: UUID
    panel: str
    call: str
    kind: str
    state: str
    invited_at: datetime
    answered_at: datetime | None = None
    max_load: int | None = None


class RefusalIn(Body):
    reason: str


class ExpertiseBody(Body, omit_defaults=False):
    languages: list[str] = field(default_factory=list)
    policy_areas: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    sdgs: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    country: str = ""
    organization_type: str = ""
    affiliation: str = ""


def camel(errors: dict[str, Text]) -> dict[str, Text]:
    """Names of fields as the outside writes them."""
    return {_camel(name): text for name, text in errors.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def own_seat_out(seat: Seat, panel: Panel, call_slug: str) -> OwnSeatOut:
    return OwnSeatOut(
        id=seat.id,
        panel=panel.name,
        call=call_slug,
        kind=seat.kind.value,
        state=seat.state.value,
        invited_at=seat.invited_at,
        answered_at=seat.answered_at,
        max_load=seat.max_load,
    )


@api_get("/calls/{slug:str}/panels", needs=Can.MANAGE_REVIEWS)
async def panels(db: Db, me: Me, slug: FromPath[str]) -> Items[PanelOut]:
    """The panels of a call, by name."""
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    codes = {stage.id: stage.code for stage in opening.stages}
    return Items(
        items=[
            PanelOut(id=panel.id, name=panel.name, stage=codes[panel.stage_id])
            for panel in await queries.panels_of(db, opening.call.id)
        ]
    )


@api_post("/calls/{slug:str}/panels", needs=Can.MANAGE_REVIEWS, status=201)
async def make_panel(db: Db, me: Me, slug: FromPath[str], data: JSONBody[NewPanelIn]) -> PanelOut:
    """Make a panel for one stage of the call, named by its code."""
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_REVIEWS)
    stage = next((stage for stage in opening.stages if stage.code == data.stage), None)
    if stage is None:
        raise Unprocessable(errors={"stage": _("Choose the stage that this panel judges.")})
    panel = await actions.make_panel(db, opening, stage.id, data.name, by=me)
    await db.commit()
    return PanelOut(id=panel.id, name=panel.name, stage=stage.code)


@api_get("/panels/{panel_id:uuid}/seats", needs=Can.MANAGE_REVIEWS)
async def seats(db: Db, me: Me, panel_id: FromPath[UUID]) -> Items[SeatOut]:
    """Everybody who was asked to sit on the panel, with the answer and the number of proposals."""
    panel, opening = await queries.the_desk_panel(db, me, panel_id)
    loads = await queries.loads(db, me, opening.call.id, [panel])
    return Items(
        items=[
            _seat_out(seat, loads.get((panel.id, seat.person_id), 0))
            for seat in await queries.seated(db, opening.call.id, panel_id=panel.id)
        ]
    )


def _seat_out(seat: queries.Seated, load: int) -> SeatOut:
    return SeatOut(
        id=seat.seat_id,
        panel_id=seat.panel_id,
        person_id=seat.person_id,
        name=seat.name,
        email=seat.email,
        kind=seat.kind.value,
        state=seat.state.value,
        invited_at=seat.invited_at,
        answered_at=seat.answered_at,
        reason=seat.reason,
        max_load=seat.max_load,
        load=load,
        languages=seat.languages,
    )


@api_post("/panels/{panel_id:uuid}/seats", needs=Can.MANAGE_REVIEWS, status=201)
async def invite(db: Db, me: Me, panel_id: FromPath[UUID], data: JSONBody[InvitationIn]) -> SeatOut:
    """Invite somebody by name and e-mail. Somebody unknown gets an account; asking again sends the mail anew."""
    panel, opening = await queries.the_desk_panel(db, me, panel_id)
    typed = inputs.Invitation.of(data.name, data.email, data.kind, data.max_load, data.language)
    if typed.errors:
        raise Unprocessable(errors=camel(typed.errors))
    person = await accounts.add_person(
        db, name=typed.name, email=typed.email, language=typed.language, zone=opening.call.zone, by=me
    )
    seat = await actions.invite(db, opening, panel, person, kind=typed.kind, max_load=typed.max_load, by=me)
    await db.commit()
    return SeatOut(
        id=seat.id,
        panel_id=panel.id,
        person_id=person.id,
        name=person.name,
        email=person.email,
        kind=seat.kind.value,
        state=seat.state.value,
        invited_at=seat.invited_at,
        max_load=seat.max_load,
    )


@api_get("/seats", needs=Can.OWN_ACCOUNT)
async def own_seats(db: Db, me: Me) -> Items[OwnSeatOut]:
    """One's own seats and invitations, the newest first."""
    return Items(
        items=[own_seat_out(seat, panel, call.slug) for seat, panel, call in await queries.own_seats(db, me)]
    )


@api_post("/seats/{seat_id:uuid}/refusal", needs=Can.OWN_ACCOUNT)
async def decline(db: Db, me: Me, seat_id: FromPath[UUID], data: JSONBody[RefusalIn]) -> OwnSeatOut:
    """Decline an invitation, with the reason."""
    seat, panel, call = await queries.own_seat(db, me, seat_id)
    refuse_if(rules.why_not_answer(seat, "decline"))
    await actions.decline(db, await calls.opening_of(db, call.id), seat, data.reason.strip()[:2000], by=me)
    await db.commit()
    return own_seat_out(seat, panel, call.slug)


@api_get("/expertise", needs=Can.OWN_ACCOUNT)
async def expertise(db: Db, me: Me) -> ExpertiseBody:
    """What one has said to know and to read."""
    if me.person_id is None:
        raise NotFound
    return ExpertiseBody(**inputs.Knows.of(await queries.expertise_of(db, me.person_id)).values())


@api_put("/expertise", needs=Can.OWN_ACCOUNT)
async def declare_expertise(db: Db, me: Me, data: JSONBody[ExpertiseBody]) -> ExpertiseBody:
    """Say what one knows and reads, in codes of the vocabularies. Replaces what was said before."""
    if me.person_id is None:
        raise NotFound
    given = {name: getattr(data, name) for name in ExpertiseBody.__struct_fields__}
    knows = inputs.Knows.checked(given)
    unknown = inputs.unknown_codes(given)
    if knows.errors or unknown:
        raise Unprocessable(errors=camel({**knows.errors, **unknown}))
    await actions.declare_expertise(db, me.person_id, **knows.values(), by=me)
    await db.commit()
    return ExpertiseBody(**knows.values())


doors: list[Any] = [
    panels,
    make_panel,
    seats,
    invite,
    own_seats,
    decline,
    expertise,
    declare_expertise,
]
