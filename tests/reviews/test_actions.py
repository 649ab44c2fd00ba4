from decimal import Decimal

import pytest
from sqlmodel import select

from challenge.accounts.viewer import for_command
from challenge.assignments import actions as assignments
from challenge.audit.models import Entry
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotFound, NotNow, Unprocessable
from challenge.mail.models import Message
from challenge.panels.models import SeatKind
from challenge.proposals import sight
from challenge.proposals.models import Facet, ProposalState
from challenge.reviews import actions, progress, queries
from challenge.reviews.models import RemarkReader, ReviewState
from tests.assignments.world import World, a_world, in_conflict
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_viewer
from tests.builders.reviews import a_draft_review, a_submitted_review


@pytest.fixture
async def world(db: Db) -> World:
    return await a_world(db)


async def test_the_first_save_makes_the_review_and_a_stale_one_changes_nothing(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    by = await a_viewer(db, world.amina)
    sheet = await queries.the_sheet(db, by, given.id)
    assert (sheet.review, sheet.total) == (None, None)
    saved = await actions.save(db, sheet, scores={"relevance": Decimal(4)}, known={}, by=by)
    assert (saved.versions, saved.clashes) == ({"relevance": 1}, [])
    assert sheet.review is not None and sheet.review.id == given.id

    stale = await actions.save(db, sheet, scores={"relevance": Decimal(2)}, known={"relevance": 0}, by=by)
    assert [(c.name, c.kept, c.sent, c.version) for c in stale.clashes] == [
        ("relevance", Decimal(4), Decimal(2), 1)
    ]
    again = await queries.the_sheet(db, by, given.id)
    assert again.given == {"relevance": Decimal(4)}


async def test_a_window_that_never_saw_a_score_does_not_take_it_back(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_draft_review(db, given, world.amina, {"relevance": 4, "feasibility": 2})
    by = await a_viewer(db, world.amina)
    sheet = await queries.the_sheet(db, by, given.id)
    saved = await actions.save(
        db,
        sheet,
        scores={"relevance": None, "feasibility": None},
        remarks={RemarkReader.APPLICANT: ""},
        confidence="",
        known={"feasibility": 1},
        by=by,
    )
    assert saved.clashes == []
    assert saved.versions == {"relevance": 1, "feasibility": 2, "remark:applicant": 1, "confidence": 1}
    assert sheet.given == {"relevance": Decimal(4), "feasibility": None}
    assert sheet.review is not None and sheet.review.confidence == "high"


async def test_a_score_off_the_scale_is_named_and_the_rest_is_kept(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    by = await a_viewer(db, world.amina)
    sheet = await queries.the_sheet(db, by, given.id)
    saved = await actions.save(
        db,
        sheet,
        scores={"relevance": Decimal(9), "feasibility": Decimal(3), "cost": Decimal(1)},
        known={},
        by=by,
    )
    assert {name: str(text) for name, text in saved.errors.items()} == {
        "relevance": "Use a number from 1 to 5. You wrote 9.",
        "cost": "No criterion has the code cost.",
    }
    assert sheet.given == {"feasibility": Decimal(3)}


async def test_a_review_is_submitted_whole_and_then_locked(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_draft_review(db, given, world.amina, {"relevance": 4}, remark="")
    by = await a_viewer(db, world.amina)
    sheet = await queries.the_sheet(db, by, given.id)
    with pytest.raises(Unprocessable) as refusal:
        await actions.submit(db, sheet, by=by)
    assert list(refusal.value.errors) == ["feasibility", "remark:applicant"]

    review = await a_submitted_review(db, given, world.amina, 4, 3)
    assert (review.state, review.overall) == (ReviewState.SUBMITTED, Decimal(72))
    sheet = await queries.the_sheet(db, by, given.id)
    with pytest.raises(NotNow):
        await actions.save(db, sheet, scores={"relevance": Decimal(1)}, known=sheet.versions, by=by)
    with pytest.raises(NotNow):
        await actions.submit(db, sheet, by=by)


async def test_a_withdrawn_or_ruled_out_proposal_is_not_scored(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    by = await a_viewer(db, world.amina)
    world.wind.state = ProposalState.WITHDRAWN
    db.add(world.wind)
    await db.flush()
    sheet = await queries.the_sheet(db, by, given.id)
    with pytest.raises(NotNow):
        await actions.save(db, sheet, scores={"relevance": Decimal(1)}, known={}, by=by)
    world.wind.state, world.wind.is_eligible = ProposalState.SUBMITTED, False
    assert str(sheet.why_not_score).startswith("This proposal was ruled not eligible")
    [queued] = await queries.queue_of(db, by)
    assert not queued.is_to_do


async def test_others_are_seen_under_letters_that_stay_once_the_own_review_is_in(
    db: Db, world: World
) -> None:
    first = await world.given(db, world.wind, world.amina)
    second = await world.given(db, world.wind, world.bruno)
    third = await world.given(db, world.wind, world.chair)
    await a_submitted_review(db, first, world.amina, 5, 5, "Amina says yes.")
    bruno = await a_viewer(db, world.bruno)

    async def seen() -> dict[str, str]:
        found = await queries.submitted_reviews(
            db, bruno, world.wind.id, world.stage.id, but_person=world.bruno.id
        )
        return {one.who: one.remarks[RemarkReader.APPLICANT] for one in found}

    assert await seen() == {}
    await a_submitted_review(db, second, world.bruno, 2, 2)
    alone = await seen()
    assert list(alone.values()) == ["Amina says yes."]
    await a_submitted_review(db, third, world.chair, 1, 1, "The chair says no.")
    together = await seen()
    assert list(together) == sorted(together)
    assert alone.items() <= together.items()
    letters = queries.letters_of(
        world.stage.id, world.wind.id, [world.amina.id, world.bruno.id, world.chair.id]
    )
    assert together == {
        letters[world.amina.id]: "Amina says yes.",
        letters[world.chair.id]: "The chair says no.",
    }
    assert sorted(letters.values()) == ["A", "B", "C"]


async def test_a_chair_who_reviews_reads_the_others_after_the_own_review(db: Db, world: World) -> None:
    first = await world.given(db, world.wind, world.amina)
    own = await world.given(db, world.wind, world.chair)
    await a_submitted_review(db, first, world.amina)
    chair = await a_viewer(db, world.chair)
    assert await queries.submitted_reviews(db, chair, world.wind.id, world.stage.id) == []
    waiting = await progress.reviews_of_panel(db, chair, world.panel)
    assert (waiting.scores, waiting.remarks) == ({}, {})
    assert [one.is_waiting for one in waiting.held] == [True, True]
    await a_submitted_review(db, own, world.chair)
    assert len(await queries.submitted_reviews(db, chair, world.wind.id, world.stage.id)) == 2
    assert set((await progress.reviews_of_panel(db, chair, world.panel)).scores) == {first.id, own.id}


async def test_a_chair_reopens_with_a_reason_that_goes_by_mail(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    review = await a_submitted_review(db, given, world.amina)
    chair = await a_viewer(db, world.chair)
    opened = await progress.the_review_to_reopen(db, chair, given.id)
    with pytest.raises(Unprocessable):
        await actions.reopen(db, opened, reason="", by=chair)
    await actions.reopen(db, opened, reason="The budget was read wrongly.", by=chair)
    assert (review.state, review.overall, review.submitted_at) == (ReviewState.DRAFT, None, None)
    message = (await db.exec(select(Message).where(Message.about_id == review.id))).one()
    assert message.to == world.amina.email
    assert message.subject == "Your review of AC-WIND2 is open again"
    assert "The budget was read wrongly." in message.text
    entry = (await db.exec(select(Entry).where(Entry.event == "review.reopened"))).one()
    assert entry.facts is not None and entry.facts["reason"] == "The budget was read wrongly."
    assert entry.facts["overall"] == "72"
    with pytest.raises(NotNow):
        await actions.reopen(db, opened, reason="Twice.", by=chair)


async def test_only_the_chair_of_that_panel_reopens(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, given, world.amina)
    other = await a_panel(db, world.call, world.stage, "Other")
    _seat, stranger = await a_seat(db, other, kind=SeatKind.CHAIR)
    viewer = await a_viewer(db, stranger)
    with pytest.raises(NotFound):
        await progress.the_review_to_reopen(db, viewer, given.id)
    await sight.show(db, stranger.id, world.wind.id, Facet(1023), "a test")
    with pytest.raises(NotAllowed):
        await progress.the_review_to_reopen(db, viewer, given.id)
    with pytest.raises(NotFound):
        await progress.the_chaired_panel(db, viewer, world.panel.id)
    await in_conflict(db, world.chair, world.wind)
    with pytest.raises(NotFound):
        await progress.the_review_to_reopen(db, await a_viewer(db, world.chair), given.id)


async def test_stepping_aside_takes_the_review_out_of_what_counts(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, given, world.amina)
    by = await a_viewer(db, world.amina)
    await assignments.recuse(db, world.amina.id, world.wind, kind="family", by=by)
    with pytest.raises(NotFound):
        await queries.the_sheet(db, by, given.id)
    assert await queries.queue_of(db, by) == []
    assert await queries.submitted_reviews(db, for_command(), world.wind.id, world.stage.id) == []


async def test_overall_scores_that_were_changed_behind_the_verbs_are_found(db: Db, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    review = await a_submitted_review(db, given, world.amina)
    assert await queries.overalls_that_differ(db) == (1, [])
    review.overall = Decimal(99)
    db.add(review)
    await db.flush()
    assert await queries.overalls_that_differ(db) == (1, [f"{review.id}: kept 99, counted 72"])
