import pytest
from sqlmodel import select

from challenge.accounts.viewer import for_command
from challenge.audit.models import Entry
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Clash, NotNow, Unprocessable
from challenge.reviews import actions as reviews
from challenge.reviews import progress
from challenge.reviews import queries as review_queries
from challenge.scoring import actions, queries, records
from tests.assignments.world import in_conflict
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.people import a_viewer
from tests.builders.reviews import a_draft_review
from tests.scoring.world import Ranked, a_ranked_call


@pytest.fixture
async def world(db: Db) -> Ranked:
    return await a_ranked_call(db)


async def test_freezing_keeps_everything_and_closes_the_reviews(db: Db, world: Ranked) -> None:
    by = await a_viewer(db, world.manager)
    ranking = await actions.freeze(db, world.stage, note="Panel meeting", by=by)
    assert (ranking.n, ranking.frozen_by_id, ranking.note) == (1, world.manager.id, "Panel meeting")
    assert [row["place"] for row in ranking.record["result"]["rows"]] == [1, 2, 2, None]
    assert ranking.record["result"]["excluded"] == [
        {"key": "AC-EEEE", "reason": "Founded too late for this call."}
    ]
    assert world.stage.reviews_closed_at == ranking.frozen_at
    assert await queries.is_frozen(db, world.stage.id)
    entry = (await db.exec(select(Entry).where(Entry.event == "ranking.frozen"))).one()
    assert entry.facts == {"digest": ranking.digest, "n": 1, "count": 4}
    opened = await progress.the_review_to_reopen(db, for_command(), world.given["AC-AAAA", "Amina Diallo"].id)
    with pytest.raises(NotNow):
        await reviews.reopen(db, opened, reason="Too late.", by=for_command())


async def test_a_review_that_is_out_keeps_the_ranking_open(db: Db, world: Ranked) -> None:
    late = await a_sent_proposal(db, world.call, world.stage, "AC-LATE")
    made = await an_assignment(db, late, world.amina, world.panel, world.stage)
    await a_draft_review(db, made, world.amina, {"relevance": 4})
    with pytest.raises(NotNow) as refusal:
        await actions.freeze(db, world.stage, by=for_command())
    assert str(refusal.value.text).startswith("One assigned review is not submitted yet.")
    late.is_eligible = False
    db.add(late)
    await db.flush()
    assert (await actions.freeze(db, world.stage, excluded={}, by=for_command())).n == 1
    sheet = await review_queries.the_sheet(db, await a_viewer(db, world.amina), made.id)
    assert sheet.why_not_score is not None


async def test_somebody_who_stands_aside_cannot_freeze_whatever_is_out(db: Db, world: Ranked) -> None:
    hidden = await a_sent_proposal(db, world.call, world.stage, "AC-HIDE")
    await in_conflict(db, world.manager, hidden)
    by = await a_viewer(db, world.manager)
    with pytest.raises(NotNow) as without_open_review:
        await actions.freeze(db, world.stage, by=by)
    await an_assignment(db, hidden, world.amina, world.panel, world.stage)
    with pytest.raises(NotNow) as with_open_review:
        await actions.freeze(db, world.stage, by=by)
    assert str(without_open_review.value.text) == str(with_open_review.value.text)


async def test_nothing_is_frozen_that_was_not_looked_at(db: Db, world: Ranked) -> None:
    found = await queries.standing(db, for_command(), world.stage)
    seen = records.digest(records.record_of(found.rubric, found.entries, found.result))
    with pytest.raises(Clash):
        await actions.freeze(db, world.stage, seen="0" * 64, by=for_command())
    assert (await actions.freeze(db, world.stage, seen=seen, by=for_command())).digest == seen


async def test_reviews_are_opened_again_until_the_decisions_are_signed(db: Db, world: Ranked) -> None:
    by = for_command()
    with pytest.raises(NotNow):
        await actions.open_reviews(db, world.stage, reason="Why not.", by=by)
    first = await actions.freeze(db, world.stage, by=by)
    with pytest.raises(Unprocessable):
        await actions.open_reviews(db, world.stage, reason="", by=by)
    await actions.open_reviews(db, world.stage, reason="A score was typed wrongly.", by=by)
    assert not await queries.is_frozen(db, world.stage.id)
    entry = (await db.exec(select(Entry).where(Entry.event == "reviews.opened"))).one()
    assert entry.facts == {"reason": "A score was typed wrongly."}

    given = world.given["AC-AAAA", "Amina Diallo"]
    opened = await progress.the_review_to_reopen(db, by, given.id)
    await reviews.reopen(db, opened, reason="As told.", by=by)
    amina = await a_viewer(db, world.amina)
    await reviews.submit(db, await review_queries.the_sheet(db, amina, given.id), by=amina)
    second = await actions.freeze(db, world.stage, by=by)
    assert (second.n, second.digest) == (2, first.digest)

    world.stage.decisions_signed_at = clock.now()
    db.add(world.stage)
    await db.flush()
    for refused in (
        actions.freeze(db, world.stage, by=by),
        actions.open_reviews(db, world.stage, reason="No.", by=by),
    ):
        with pytest.raises(NotNow) as refusal:
            await refused
        assert str(refusal.value.text) == "The decisions are signed; the ranking under them stays."
