"""Decisions for programs of staff, as the desk shows them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls.queries import the_desk_call
from challenge.decisions import queries, rules
from challenge.foundation.api import Body, Items, api_get


class StaffDecision(Body):
    proposal_id: UUID
    number: str
    title: str
    organization: str
    country: str
    place: int | None = None
    score: Decimal | None = None
    outcome: str | None = None
    reserve_place: int | None = None
    reason: str | None = None
    award_types: list[str] | None = None
    amount: Decimal | None = None
    currency: str | None = None


@api_get("/calls/{slug:str}/decisions", needs=Can.READ_DECISIONS)
async def list_all(db: Db, me: Me, slug: FromPath[str]) -> Items[StaffDecision]:
    """Every proposal of the stage in the order of the frozen ranking, with its decision if there is one."""
    opening = await the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    _ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    return Items(
        items=[
            StaffDecision(
                proposal_id=one.decided.proposal_id,
                number=one.decided.number,
                title=one.decided.title,
                organization=one.decided.organization,
                country=one.decided.country,
                place=one.place,
                score=one.score,
                outcome=one.decided.outcome.value if one.decided.outcome else None,
                reserve_place=one.decided.reserve_place,
                reason=one.decided.reason,
                award_types=one.decided.types,
                amount=one.decided.amount,
                currency=one.decided.currency,
            )
            for one in placed
        ]
    )


doors: list[Any] = [list_all]
