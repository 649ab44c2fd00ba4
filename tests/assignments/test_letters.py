"""Who is given proposals gets one mail about all of them, which says nothing of what they are."""

from datetime import date

import pytest
from sqlmodel import col, select

from challenge.assignments import plans, queries
from challenge.assignments.models import Assignment
from challenge.assignments.plans import Pick
from challenge.calls.models import Milestone
from challenge.foundation.db import Db
from challenge.mail.models import Message, MessageState
from tests.assignments.world import World, a_token, a_world, in_conflict
from tests.builders.people import a_viewer
from tests.client import Client


@pytest.fixture
async def world(db: Db) -> World:
    return await a_world(db)


async def give(db: Db, world: World, *pairs: tuple[object, object]) -> list[Message]:
    me = await a_viewer(db, world.manager)
    field = await queries.field_of(db, me, world.stage)
    picks = [Pick(proposal.id, person.id) for proposal, person in pairs]  # type: ignore[attr-defined]
    await plans.apply(db, plans.from_picks(field, picks), field, by=me)
    return list((await db.exec(select(Message).order_by(col(Message.created_at)))).all())


async def test_one_mail_a_reviewer_however_many_proposals(db: Db, world: World) -> None:
    db.add(Milestone(call_id=world.call.id, code="reviews", label={"en": "Reviews"}, date=date(2027, 3, 9)))
    world.bruno.language = "fr"
    await db.flush()
    sent = await give(
        db, world, (world.wind, world.amina), (world.sun, world.amina), (world.coal, world.bruno)
    )
    told = {message.to: message for message in sent}
    assert len(sent) == 2 and set(told) == {world.amina.email, world.bruno.email}
    amina, bruno = told[world.amina.email], told[world.bruno.email]
    assert amina.subject == "2 proposals to review: A call for ideas"
    assert "you were given 2 proposals to review." in " ".join(amina.text.split())
    assert "9 March 2027" in amina.text and "http://testserver.local/reviews\n" in amina.text
    assert (bruno.language, bruno.state) == ("fr", MessageState.QUEUED)
    assert bruno.subject == "1 proposition à évaluer : A call for ideas"


async def test_the_mail_tells_nothing_of_the_proposals(db: Db, world: World) -> None:
    (message,) = await give(db, world, (world.wind, world.amina))
    for hidden in (
        world.wind.number,
        world.wind.title,
        "Windward Cooperative",
        "Lead Applicant",
        str(world.wind.id),
    ):
        assert hidden not in message.subject + message.text + message.html
    assert message.about_id == world.call.id and "Reviews are due by" not in message.text


async def test_who_is_given_nothing_new_is_told_nothing(db: Db, world: World) -> None:
    await world.given(db, world.wind, world.amina)
    await in_conflict(db, world.bruno, world.wind)
    assert await give(db, world, (world.wind, world.amina), (world.wind, world.bruno)) == []
    sent = await give(db, world, (world.wind, world.amina), (world.sun, world.amina))
    assert [message.subject for message in sent] == ["1 proposal to review: A call for ideas"]


async def test_an_assignment_by_the_api_is_told_too(db: Db, world: World, client: Client) -> None:
    token = await a_token(db, world.manager)
    await db.commit()
    made = await client.api(
        "POST",
        "/assignments",
        token,
        json={"proposalId": str(world.wind.id), "personId": str(world.amina.id)},
    )
    assert made.status_code == 201
    async with client.database.reading() as now:
        messages = (await now.exec(select(Message))).all()
        assert [(m.to, m.template) for m in messages] == [(world.amina.email, "assignments.assigned")]
        assert len((await now.exec(select(Assignment))).all()) == 1
