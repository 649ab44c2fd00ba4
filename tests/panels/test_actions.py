import pytest
from sqlmodel import select

from challenge.accounts.models import Link, LinkPurpose, Role
from challenge.accounts.viewer import for_command
from challenge.audit.models import Entry
from challenge.calls.queries import opening_of
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotFound, NotNow, Unprocessable
from challenge.foundation.ids import new_id
from challenge.mail.models import Message
from challenge.panels import actions, queries
from challenge.panels.models import Seat, SeatKind, SeatState
from tests.builders.assignments import a_sent_proposal
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_manager, a_person, a_viewer

pytestmark = pytest.mark.usefixtures("at_noon")
SYSTEM = for_command()


async def test_a_panel_belongs_to_a_stage_of_the_call_and_has_its_own_name(db: Db) -> None:
    call, stage = await a_call(db)
    _other, elsewhere = await a_call(db, "another-call")
    opening = await opening_of(db, call.id)
    panel = await actions.make_panel(db, opening, stage.id, "  Energy \n and work ", by=SYSTEM)
    assert (panel.name, panel.call_id, panel.stage_id) == ("Energy and work", call.id, stage.id)
    for name in ("", "energy AND work"):
        with pytest.raises(Unprocessable):
            await actions.make_panel(db, opening, stage.id, name, by=SYSTEM)
    for stage_id in (elsewhere.id, new_id()):
        with pytest.raises(NotFound):
            await actions.make_panel(db, opening, stage_id, "Water", by=SYSTEM)


async def test_an_invitation_is_a_seat_a_mail_and_a_link_to_its_page(db: Db) -> None:
    call, stage = await a_call(db)
    opening, panel, person = await opening_of(db, call.id), await a_panel(db, call, stage), await a_person(db)
    seat = await actions.invite(db, opening, panel, person, max_load=6, by=SYSTEM)
    assert (seat.state, seat.kind, seat.max_load) == (SeatState.INVITED, SeatKind.REVIEWER, 6)
    link = (await db.exec(select(Link))).one()
    assert (link.purpose, link.person_id, link.next) == (
        LinkPurpose.INVITATION,
        person.id,
        f"/reviews/invitations/{seat.id}",
    )
    message = (await db.exec(select(Message))).one()
    assert (message.to, message.template, message.about_id) == (person.email, "panels.invitation", seat.id)
    assert f"[[link:{link.id}]]" in message.text
    assert (await db.exec(select(Role))).all() == []


async def test_inviting_again_sends_it_anew_and_forgets_the_old_answer(db: Db) -> None:
    call, stage = await a_call(db)
    opening, panel = await opening_of(db, call.id), await a_panel(db, call, stage)
    for state in (SeatState.INVITED, SeatState.DECLINED, SeatState.WITHDRAWN):
        seat, person = await a_seat(db, panel, state=state)
        seat.reason = "no time"
        again = await actions.invite(db, opening, panel, person, by=SYSTEM)
        assert (again.id, again.state, again.reason, again.answered_at) == (
            seat.id,
            SeatState.INVITED,
            "",
            None,
        )
    assert len((await db.exec(select(Message))).all()) == 3


async def test_who_sits_already_is_not_invited_and_not_changed(db: Db) -> None:
    call, stage = await a_call(db)
    panel = await a_panel(db, call, stage)
    seat, person = await a_seat(db, panel, max_load=4)
    with pytest.raises(NotNow):
        await actions.invite(db, await opening_of(db, call.id), panel, person, kind=SeatKind.CHAIR, by=SYSTEM)
    assert (seat.kind, seat.max_load) == (SeatKind.REVIEWER, 4)
    assert (await db.exec(select(Message))).all() == []


async def test_declining_needs_a_reason_and_may_be_thought_over(db: Db) -> None:
    call, stage = await a_call(db)
    opening, panel = await opening_of(db, call.id), await a_panel(db, call, stage)
    seat, person = await a_seat(db, panel, state=SeatState.INVITED)
    viewer = await a_viewer(db, person)
    with pytest.raises(Unprocessable) as refusal:
        await actions.decline(db, opening, seat, "", by=viewer)
    assert str(refusal.value.errors["reason"]) == "Say in a few words why; it helps to find somebody else."
    await actions.decline(db, opening, seat, "on leave", by=viewer)
    assert (seat.state, seat.reason) == (SeatState.DECLINED, "on leave")
    await actions.accept(db, opening, seat, by=viewer)
    assert (seat.state, seat.reason) == (SeatState.ACCEPTED, "")
    with pytest.raises(NotNow):
        await actions.accept(db, opening, seat, by=viewer)
    events = (await db.exec(select(Entry.event).where(Entry.chain == str(call.id)).order_by(Entry.n))).all()  # type: ignore[arg-type]
    assert list(events) == ["seat.declined", "seat.accepted"]


async def test_an_address_must_be_confirmed_to_take_a_seat(db: Db) -> None:
    call, stage = await a_call(db)
    panel = await a_panel(db, call, stage)
    seat, person = await a_seat(db, panel, await a_person(db, confirmed=False), state=SeatState.INVITED)
    with pytest.raises(NotAllowed):
        await actions.accept(db, await opening_of(db, call.id), seat, by=await a_viewer(db, person))
    assert seat.state == SeatState.INVITED


async def test_a_seat_taken_back_takes_its_role_and_no_other(db: Db) -> None:
    call, stage = await a_call(db)
    opening = await opening_of(db, call.id)
    one, two = await a_panel(db, call, stage, "One"), await a_panel(db, call, stage, "Two")
    seat, person = await a_seat(db, one)
    await a_seat(db, two, person)
    await actions.withdraw_seat(db, opening, seat, by=SYSTEM)
    assert [role.scope_id for role in (await a_viewer(db, person)).roles] == [two.id]
    with pytest.raises(NotNow) as refusal:
        await actions.withdraw_seat(db, opening, seat, by=SYSTEM)
    assert str(refusal.value.text) == "This seat was taken back before."


async def test_a_limit_can_be_set_and_lifted(db: Db) -> None:
    call, stage = await a_call(db)
    opening = await opening_of(db, call.id)
    seat, _person = await a_seat(db, await a_panel(db, call, stage))
    await actions.set_load(db, opening, seat, 8, by=SYSTEM)
    assert seat.max_load == 8
    with pytest.raises(Unprocessable):
        await actions.set_load(db, opening, seat, 0, by=SYSTEM)
    await actions.set_load(db, opening, seat, None, by=SYSTEM)
    assert seat.max_load is None


async def test_expertise_is_one_row_a_person(db: Db) -> None:
    person = await a_person(db)
    viewer = await a_viewer(db, person)
    await actions.declare_expertise(db, person.id, languages=["fr"], sdgs=["sdg-08"], by=viewer)
    await actions.declare_expertise(db, person.id, languages=["en", "fr"], keywords=["wages"], by=viewer)
    known = await queries.expertise_of(db, person.id)
    assert known is not None
    assert (known.languages, known.sdgs, known.keywords) == (["en", "fr"], [], ["wages"])


async def test_a_seat_is_answered_by_its_owner_alone(db: Db) -> None:
    call, stage = await a_call(db)
    seat, person = await a_seat(db, await a_panel(db, call, stage), state=SeatState.INVITED)
    found, _panel, _call = await queries.own_seat(db, await a_viewer(db, person), seat.id)
    assert isinstance(found, Seat)
    with pytest.raises(NotFound):
        await queries.own_seat(db, await a_viewer(db, await a_person(db)), seat.id)


async def test_declared_conflicts_are_listed_for_who_sees_the_proposal(db: Db) -> None:
    call, stage = await a_call(db)
    panel = await a_panel(db, call, stage)
    _seat, reviewer = await a_seat(db, panel, await a_person(db, "Amina Diallo"))
    seen = await a_sent_proposal(db, call, stage, "AC-SEEN2")
    hidden = await a_sent_proposal(db, call, stage, "AC-HIDE3")
    manager = await a_manager(db, call.id)
    for proposal in (seen, hidden):
        await actions.declare_conflict(db, reviewer.id, proposal, kind="family", by=SYSTEM)
    await actions.declare_conflict(db, manager.id, hidden, kind="finance", by=SYSTEM)
    viewer = await a_viewer(db, manager)
    listed = await queries.declared_conflicts(db, viewer, call.id)
    assert [(row[0], row[1], row[3]) for row in listed] == [("Amina Diallo", "AC-SEEN2", "family")]
    assert await queries.conflicted_pairs(db, viewer, call.id) == {(reviewer.id, seen.id)}
    assert await queries.own_conflicts(db, viewer) == []
