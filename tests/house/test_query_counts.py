"""A list asks the database as often for thirty rows as for one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from challenge.accounts.models import Organization, Person
from challenge.announcements.models import Story
from challenge.assignments.models import Assignment
from challenge.decisions.models import Decision
from challenge.eligibility.models import Ruling
from challenge.forms.models import Answer, AnswerSheet
from challenge.foundation.db import Db, as_dict
from challenge.foundation.ids import new_id
from challenge.notices.models import Notice
from challenge.panels.models import Panel, Seat
from challenge.proposals.models import Attachment, Proposal, Revision, Sight, TeamMember
from challenge.reviews.models import Remark, Review, Score
from tests.builders.world import World
from tests.house.walking import Statements, Walker

More = Callable[[World, Db, int], Awaitable[None]]


async def again(db: Db, table: Any, *where: Any, **changed: Any) -> list[UUID]:
    """The rows of a table that match, once more under ids of their own. Returns the new ids."""
    made = []
    for row in (await db.exec(select(table).where(*where))).all():
        one = table(**{**as_dict(row), "id": new_id(), **changed})
        db.add(one)
        made.append(one.id)
    await db.flush()
    return made


async def more_proposals(world: World, db: Db, count: int) -> None:
    """S1 with all that hangs on it, so many times more: sheet, team, files, reviews, ruling, decision."""
    origin = await world.proposal(db, "S1")
    for n in range(count):
        (sheet,) = await again(db, AnswerSheet, col(AnswerSheet.id) == origin.sheet_id)
        await again(db, Answer, col(Answer.sheet_id) == origin.sheet_id, sheet_id=sheet)
        (house,) = await again(
            db, Organization, col(Organization.id) == origin.organization_id, name=f"House {n}"
        )
        (made,) = await again(
            db,
            Proposal,
            col(Proposal.id) == origin.id,
            sheet_id=sheet,
            organization_id=house,
            number=f"SI-N{n:04}",
        )
        of = {"proposal_id": made}
        await again(db, TeamMember, col(TeamMember.proposal_id) == origin.id, **of)
        await again(db, Sight, col(Sight.proposal_id) == origin.id, **of)
        await again(db, Ruling, col(Ruling.proposal_id) == origin.id, **of)
        await again(db, Decision, col(Decision.proposal_id) == origin.id, **of)
        await again(
            db, Revision, col(Revision.proposal_id) == origin.id, **of, receipt_number=f"SI-N{n:04}-01"
        )
        for assignment in (
            await db.exec(select(Assignment).where(Assignment.proposal_id == origin.id))
        ).all():
            (assigned,) = await again(db, Assignment, col(Assignment.id) == assignment.id, **of)
            values: dict[str, Any] = {**as_dict(await _review(db, assignment.id)), "id": assigned, **of}
            db.add(Review(**{**values, "assignment_id": assigned}))
            await db.flush()
            await again(db, Score, col(Score.review_id) == assignment.id, review_id=assigned)
            await again(db, Remark, col(Remark.review_id) == assignment.id, review_id=assigned)
        notice = {"number": f"SI-2027-1{n:03}", "code": f"AAAAA-BBBBB-1{n:04}", "document_id": None}
        decision = (await db.exec(select(Decision.id).where(Decision.proposal_id == made))).one()
        await again(db, Notice, col(Notice.proposal_id) == origin.id, **of, **notice, decision_id=decision)


async def _review(db: Db, assignment_id: UUID) -> Review:
    return (await db.exec(select(Review).where(Review.assignment_id == assignment_id))).one()


async def more_seats(world: World, db: Db, count: int) -> None:
    for n in range(count):
        person = Person(name=f"Reader {n}", email=f"reader{n}@example.org", language="en")
        db.add(person)
        await db.flush()
        await again(db, Seat, col(Seat.id) == world.seats["single:rev1"], person_id=person.id)


async def more_panels(world: World, db: Db, count: int) -> None:
    for n in range(count):
        await again(db, Panel, col(Panel.id) == world.panels["single"], name=f"Panel {n}")


async def more_files(world: World, db: Db, count: int) -> None:
    from challenge.files.models import Document

    origin = world.proposals["S1"]
    for _n in range(count):
        found = (await db.exec(select(Attachment).where(Attachment.proposal_id == origin))).first()
        assert found is not None
        (document,) = await again(db, Document, col(Document.id) == found.document_id)
        await again(db, Attachment, col(Attachment.id) == found.id, document_id=document)


async def more_stories(world: World, db: Db, count: int) -> None:
    for n in range(count):
        await again(db, Story, col(Story.slug) == "a-story", slug=f"a-story-{n}")


@dataclass(frozen=True, slots=True)
class ListPage:
    path: str
    who: str
    more: More


DESK = "/desk/calls/single"
LISTS = (
    ListPage("/proposals", "ana", more_proposals),
    ListPage("/reviews", "rev1", more_proposals),
    ListPage(f"{DESK}/proposals", "signer", more_proposals),
    ListPage(f"{DESK}/proposals.csv", "signer", more_proposals),
    ListPage(f"{DESK}/assignments", "signer", more_proposals),
    ListPage(f"{DESK}/progress", "signer", more_proposals),
    ListPage(f"{DESK}/ranking", "signer", more_proposals),
    ListPage(f"{DESK}/decisions", "signer", more_proposals),
    ListPage(f"{DESK}/release", "signer", more_proposals),
    ListPage(f"{DESK}/notices", "signer", more_proposals),
    ListPage(f"{DESK}/announcement", "signer", more_proposals),
    ListPage(DESK, "signer", more_proposals),
    ListPage("/desk", "administrator", more_proposals),
    ListPage("/api/v1/calls/single/proposals", "signer", more_proposals),
    ListPage("/api/v1/assignments?call=single", "signer", more_proposals),
    ListPage(f"{DESK}/panels", "signer", more_panels),
    ListPage("/api/v1/calls/single/panels", "signer", more_panels),
    ListPage("{panel}", "signer", more_seats),
    ListPage("{api_seats}", "signer", more_seats),
    ListPage("{choosing}", "signer", more_seats),
    ListPage("{reading}", "signer", more_files),
    ListPage("{own}", "ana", more_files),
    ListPage("/stories", "nobody", more_stories),
    ListPage("/api/v1/stories", "nobody", more_stories),
)


def address(world: World, path: str) -> str:
    return path.format(
        panel=f"{DESK}/panels/{world.panels['single']}",
        api_seats=f"/api/v1/panels/{world.panels['single']}/seats",
        choosing=f"{DESK}/assignments/proposals/{world.proposals['S1']}",
        reading=f"{DESK}/proposals/{world.proposals['S1']}",
        own=f"/proposals/{world.proposals['S1']}",
    )


@pytest.mark.parametrize("listed", LISTS, ids=[f"{one.who} at {one.path}" for one in LISTS])
async def test_thirty_rows_cost_as_many_statements_as_one(walker: Walker, listed: ListPage) -> None:
    world, counts, texts = walker.world, [], list[str]()
    for count in (0, 29):
        async with world.database.writing() as db:
            await listed.more(world, db, count)
            await db.commit()
        await walker.request(
            listed.who, "GET", address(world, listed.path)
        )  # whatever is kept in memory is kept now
        with Statements(walker.own) as statements:
            answer = await walker.request(listed.who, "GET", address(world, listed.path))
        assert answer.status == 200, answer.body[:300]
        texts = statements.texts
        counts.append((len(statements.texts), len(answer.body)))
    (few, small), (many, large) = counts
    assert large > small or "desk" in listed.path, "the page shows no more than before"
    assert many == few, "\n".join(texts)
