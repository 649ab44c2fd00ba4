import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import func, select

from challenge.decisions import actions, queries, rules
from challenge.decisions.models import Outcome, Release
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotNow
from challenge.notices import actions as notices
from challenge.proposals import sight
from challenge.proposals.models import Proposal
from tests.builders.decisions import a_decided_call, a_ranked_call, a_released_call, a_signed_call
from tests.builders.people import a_viewer


async def test_a_decision_without_reason_is_refused(db: Db, at_noon: datetime) -> None:
    made = await a_ranked_call(db)
    with pytest.raises(NotNow) as refused:
        await actions.decide(db, made.stage, made.proposals[0], Outcome.DECLINE, reason=" ", by=made.manager)
    assert (
        str(refused.value.text)
        == "Write the reason; it stays in the record and explains the decision years later."
    )


async def test_who_decided_cannot_sign(db: Db, at_noon: datetime) -> None:
    made = await a_decided_call(db)
    with pytest.raises(NotNow) as refused:
        await actions.sign(db, made.stage, by=made.manager)
    assert str(refused.value.text) == "You made at least one of these decisions. Somebody else signs."
    signature = await actions.sign(db, made.stage, by=made.signer)
    assert signature.digest == await queries.decisions_digest(db, made.stage.id)


async def test_who_must_not_see_one_of_them_neither_signs_nor_releases(db: Db, at_noon: datetime) -> None:
    made = await a_decided_call(db)
    await sight.deny(db, made.signer_person.id, made.proposals[2].id, "conflict")
    with pytest.raises(NotNow) as refused:
        await actions.sign(db, made.stage, by=made.signer)
    assert refused.value.text == rules.CONFLICTED
    numbers = {one.number for one in await queries.decided(db, made.signer, made.stage.id)}
    assert numbers == {made.proposals[0].number, made.proposals[1].number}
    _ranking, placed = await queries.in_ranking_order(db, made.signer, made.stage.id)
    assert [one.place for one in placed] == [1, 2]


async def test_a_changed_decision_voids_the_signature(db: Db, at_noon: datetime) -> None:
    made = await a_signed_call(db)
    await actions.decide(
        db, made.stage, made.proposals[2], Outcome.DECLINE, reason="Another reason", by=made.manager
    )
    assert await queries.sign_off_of(db, made.stage.id) is None
    with pytest.raises(NotNow) as refused:
        await notices.release(db, made.opening, made.stage, by=made.signer)
    assert str(refused.value.text) == "A second person has to sign the decisions before they can be released."


async def test_an_undecided_proposal_stops_the_signature(db: Db, at_noon: datetime) -> None:
    made = await a_ranked_call(db)
    await actions.decide(
        db, made.stage, made.proposals[0], Outcome.AWARD, reason="Good", amount=Decimal(1), currency="USD",
        by=made.manager,
    )  # fmt: skip
    with pytest.raises(NotNow) as refused:
        await actions.sign(db, made.stage, by=made.signer)
    assert str(refused.value.text) == "2 submitted proposals have no decision yet."


async def test_the_release_tells_the_proposal_its_moment(db: Db, at_noon: datetime) -> None:
    at = at_noon + timedelta(days=2)
    made = await a_released_call(db, at)
    moments = (await db.exec(select(Proposal.decided_at).where(Proposal.stage_id == made.stage.id))).all()
    assert list(moments) == [at, at, at]


async def test_eight_who_release_at_once_release_once(database: Database, at_noon: datetime) -> None:
    async with database.writing() as db:
        made = await a_signed_call(db)
        await db.commit()

    async def one() -> bool:
        with clock.stopped(at_noon):
            async with database.writing() as db:
                try:
                    await notices.release(db, made.opening, made.stage, by=made.signer)
                except NotNow as refused:
                    assert str(refused.text) == "These decisions are released already."
                    return False
                await db.commit()
                return True

    assert sum(await asyncio.gather(*(one() for _n in range(8)))) == 1
    async with database.reading() as db:
        assert (await db.exec(select(func.count()).select_from(Release))).one() == 1


async def test_nobody_reads_a_decision_one_second_before(db: Db, at_noon: datetime) -> None:
    at = at_noon + timedelta(days=2)
    made = await a_released_call(db, at)
    lead = await a_viewer(db, made.leads[0])
    with clock.stopped(at - timedelta(seconds=1)):
        assert await queries.announced_decision(db, lead, made.proposals[0].id) is None
    with clock.stopped(at):
        found = await queries.announced_decision(db, lead, made.proposals[0].id)
        assert found is not None
        assert (found.outcome, found.amount) == (Outcome.AWARD, Decimal(46000))
        other = await a_viewer(db, made.leads[1])
        assert await queries.announced_decision(db, other, made.proposals[0].id) is None
