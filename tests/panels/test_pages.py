from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlmodel import select

from challenge.accounts.actions import link_secret
from challenge.accounts.models import Link, Person
from challenge.calls.models import Call, Stage
from challenge.foundation.db import Db
from challenge.mail.models import Message
from challenge.panels.models import Expertise, Panel, Seat, SeatKind, SeatState
from tests.assignments.world import now_of, stored
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_manager, a_person
from tests.client import Client, words_of


@dataclass
class Desk:
    call: Call
    stage: Stage
    panel: Panel
    manager: Person

    @property
    def panels(self) -> str:
        return f"/desk/calls/{self.call.slug}/panels"

    @property
    def path(self) -> str:
        return f"{self.panels}/{self.panel.id}"


@pytest.fixture
async def desk(db: Db, client: Client) -> AsyncIterator[Desk]:
    call, stage = await a_call(db)
    manager = await a_manager(db, call.id)
    panel = await a_panel(db, call, stage, "Energy")
    await db.commit()
    await client.sign_in(manager.id)
    yield Desk(call, stage, panel, manager)


async def test_the_first_panel_is_asked_for_and_made(client: Client, db: Db) -> None:
    call, _stage = await a_call(db)
    manager = await a_manager(db, call.id)
    await db.commit()
    await client.sign_in(manager.id)
    path = "/desk/calls/a-call/panels"
    assert "Nobody judges this call yet" in words_of(await client.get(path))
    refused = await client.post(path, {"name": ""})
    assert refused.status_code == 422
    assert "Give the panel a name." in words_of(refused)
    made = await client.post(path, {"name": "Energy"})
    assert made.status_code == 303
    panel = (await stored(client.database, select(Panel)))[0]
    assert made.headers["location"] == f"{path}/{panel.id}"
    assert "Nobody sits here yet." in words_of(await client.get(made.headers["location"]))


async def test_an_unknown_person_is_made_and_invited(desk: Desk, client: Client, db: Db) -> None:
    typed = {
        "name": "Dina Saleh",
        "email": " Dina@Example.org ",
        "kind": "chair",
        "max_load": "٧",
        "language": "ar",
    }
    done = await client.post(desk.path + "/seats", typed)
    assert (done.status_code, done.headers["location"]) == (303, desk.path)
    person = (await stored(client.database, select(Person).where(Person.email == "dina@example.org")))[0]
    seat = (await stored(client.database, select(Seat)))[0]
    assert (person.name, person.language, person.email_confirmed_at) == ("Dina Saleh", "ar", None)
    assert (seat.person_id, seat.kind, seat.max_load, seat.state) == (
        person.id,
        SeatKind.CHAIR,
        7,
        SeatState.INVITED,
    )
    assert (await stored(client.database, select(Message)))[0].language == "ar"
    words = words_of(await client.get(desk.path))
    assert "The invitation to dina@example.org is on its way." in words
    assert "Dina Saleh dina@example.org Chair Invited" in words


async def test_a_known_person_keeps_the_own_name(desk: Desk, client: Client, db: Db) -> None:
    known = await a_person(db, "Own Name", email="known@example.org", language="fr")
    await db.commit()
    await client.post(desk.path + "/seats", {"name": "Other", "email": "known@example.org", "language": "es"})
    known = await now_of(client.database, known)
    assert (known.name, known.language) == ("Own Name", "fr")
    assert (await stored(client.database, select(Message)))[0].language == "fr"


async def test_what_was_typed_survives_a_refusal(desk: Desk, client: Client, db: Db) -> None:
    refused = await client.post(desk.path + "/seats", {"name": "Dina", "email": "dina", "max_load": "many"})
    assert refused.status_code == 422
    words = words_of(refused)
    assert "Write an e-mail address, for example name@example.org. You wrote dina." in words
    assert "Use a whole number from 1 to 999, or leave it empty for no limit." in words
    assert 'value="dina"' in refused.text
    _seat, sitting = await a_seat(db, desk.panel)
    await db.commit()
    twice = await client.post(desk.path + "/seats", {"name": "X", "email": sitting.email})
    assert twice.status_code == 422
    assert "This person already sits on this panel." in words_of(twice)
    assert (await stored(client.database, select(Message))) == []


async def test_an_invitation_is_sent_again_and_a_limit_set(desk: Desk, client: Client, db: Db) -> None:
    seat, person = await a_seat(db, desk.panel, state=SeatState.INVITED)
    await db.commit()
    again = await client.post(f"{desk.path}/seats/{seat.id}/invitation")
    assert again.status_code == 303
    assert f"The invitation to {person.email} is on its way again." in words_of(await client.get(desk.path))
    await client.post(f"{desk.path}/seats/{seat.id}/load", {"max_load": "3"})
    seat = await now_of(client.database, seat)
    assert seat.max_load == 3
    await client.post(f"{desk.path}/seats/{seat.id}/load", {"max_load": "-3"})
    assert "Use a whole number from 1 to 999" in words_of(await client.get(desk.path))
    seat = await now_of(client.database, seat)
    assert seat.max_load == 3


async def test_a_panel_of_another_call_is_not_found(desk: Desk, client: Client, db: Db) -> None:
    other, stage = await a_call(db, "another-call")
    elsewhere = await a_panel(db, other, stage)
    await db.commit()
    assert (await client.get(f"{desk.panels}/{elsewhere.id}")).status_code == 404
    typed = {"name": "X", "email": "x@example.org"}
    assert (await client.post(f"{desk.panels}/{elsewhere.id}/seats", typed)).status_code == 404
    assert (await client.get("/desk/calls/another-call/panels")).status_code == 404


async def test_opening_the_mailed_link_changes_nothing(desk: Desk, client: Client, db: Db) -> None:
    await client.post(desk.path + "/seats", {"name": "Dina", "email": "dina@example.org"})
    link = (await stored(client.database, select(Link)))[0]
    seat = (await stored(client.database, select(Seat)))[0]
    client.sign_out()
    path = f"/link/{link_secret(link.id)}"
    for _scanner in range(3):
        await client.get(path)
    await client.get(f"/reviews/invitations/{seat.id}")
    link = await now_of(client.database, link)
    seat = await now_of(client.database, seat)
    assert (link.used_at, seat.state, seat.answered_at) == (None, SeatState.INVITED, None)


async def test_an_invitation_tells_what_it_takes_and_declining_asks_why(
    desk: Desk, client: Client, db: Db
) -> None:
    seat, person = await a_seat(db, desk.panel, state=SeatState.INVITED, max_load=6)
    await db.commit()
    await client.sign_in(person.id)
    path = f"/reviews/invitations/{seat.id}"
    words = words_of(await client.get(path))
    assert "Would you judge with us?" in words
    assert "Proposals for you at most 6" in words
    assert "You see who applies; applicants do not see who judges." in words
    refused = await client.post(path + "/refusal", {"reason": "  "})
    assert refused.status_code == 422
    assert "Say in a few words why; it helps to find somebody else." in words_of(refused)
    done = await client.post(path + "/refusal", {"reason": "on leave"})
    assert done.status_code == 303
    words = words_of(await client.get(path))
    assert "You declined this invitation" in words
    assert "on leave" in words
    again = await client.post(path + "/refusal", {"reason": "still"})
    assert again.status_code == 409
    await client.sign_in(desk.manager.id)
    assert "on leave" in words_of(await client.get(desk.path))


async def test_an_invitation_that_was_taken_back_says_so(desk: Desk, client: Client, db: Db) -> None:
    seat, person = await a_seat(db, desk.panel, state=SeatState.WITHDRAWN)
    await db.commit()
    await client.sign_in(person.id)
    shown = await client.get(f"/reviews/invitations/{seat.id}")
    assert "This invitation was taken back" in words_of(shown)
    refused = await client.post(f"/reviews/invitations/{seat.id}/acceptance")
    assert refused.status_code == 409
    assert "This invitation was taken back by the organizer" in words_of(refused)


async def test_expertise_is_saved_in_known_codes(client: Client, db: Db) -> None:
    person = await a_person(db)
    await db.commit()
    await client.sign_in(person.id)
    path = "/account/expertise"
    assert "What you know and what you read" in words_of(await client.get(path))
    refused = await client.post(path, {"affiliation": "A union", "sdgs": "sdg-08"})
    assert refused.status_code == 422
    assert "Choose at least one language that you read well." in words_of(refused)
    assert 'value="A union"' in refused.text
    typed = {
        "languages": ["fr", "xx"],
        "policy_areas": ["enterprise"],
        "sdgs": ["sdg-08", "sdg-99"],
        "keywords": "wages, care work,wages,",
        "country": "KE",
        "organization_type": "academia",
    }
    assert (await client.post(path, typed)).status_code == 303
    known = (await stored(client.database, select(Expertise)))[0]
    assert (known.languages, known.policy_areas, known.sdgs, known.keywords) == (
        ["fr"],
        ["enterprise"],
        ["sdg-08"],
        ["wages", "care work"],
    )
    assert (known.country, known.organization_type) == ("KE", "academia")
    assert 'value="wages, care work"' in (await client.get(path)).text or "wages, care work" in words_of(
        await client.get(path)
    )
