"""Notices for programs: check one by its code, read one's own decision."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request

from challenge.accounts import actions as accounts
from challenge.accounts.gate import Can, Db, FromPath, Me, client_address
from challenge.decisions import queries as decisions
from challenge.foundation.api import Body, api_get
from challenge.foundation.errors import NotFound
from challenge.foundation.web import visit_of
from challenge.notices import inputs, queries, rules


class CheckedNotice(Body):
    number: str
    state: str
    organization: str
    organizer: str
    call: str
    issued_on: date
    sha256: str
    outcome: str | None = None
    """Told of awards alone."""
    revoked_on: date | None = None
    replaced_by: str | None = None


class TeamDecision(Body):
    outcome: str
    released_at: datetime
    award_types: list[str]
    remarks: list[str]
    feedback: str = ""
    feedback_language: str = ""
    reserve_place: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    notice: str | None = None


@api_get("/verify/{code:str}", open=True)
async def verify(request: Request[Any, Any, Any], db: Db, code: FromPath[str]) -> CheckedNotice:
    """Whether a notice is genuine, revoked or replaced. 404 for a code that nobody has or that is not out yet."""
    address = client_address(request)
    await accounts.limit(db, "verify", address, rules.VERIFY_LIMIT, rules.VERIFY_WINDOW)
    async with visit_of(request).database.writing() as counting:
        await accounts.count(counting, "verify", address)
        await counting.commit()
    found = await queries.checked_notice(db, inputs.code_of(code) or "-")
    if found is None:
        raise NotFound
    return CheckedNotice(
        number=found.number,
        state=found.state.value,
        organization=found.organization,
        organizer=found.organizer,
        call=found.call_slug,
        issued_on=found.issued_at.date(),
        sha256=found.sha256,
        outcome=found.outcome if found.is_award else None,
        revoked_on=found.revoked_at.date() if found.revoked_at else None,
        replaced_by=found.replaced_by,
    )


@api_get("/proposals/{proposal_id:uuid}/decision", needs=Can.WRITE_PROPOSALS)
async def decision(db: Db, me: Me, proposal_id: FromPath[UUID]) -> TeamDecision:
    """The decision on a proposal of one's own, from the moment of release; 404 before."""
    announced = await decisions.announced_decision(db, me, proposal_id)
    if announced is None:
        raise NotFound
    notice = await queries.current_notice(db, me, proposal_id)
    return TeamDecision(
        outcome=announced.outcome.value,
        released_at=announced.released_at,
        award_types=announced.types,
        remarks=await queries.remarks_to_applicant(db, me, proposal_id),
        feedback=announced.feedback,
        feedback_language=announced.feedback_language,
        reserve_place=announced.reserve_place,
        amount=announced.amount,
        currency=announced.currency or None,
        notice=notice.number if notice else None,
    )


doors: list[Any] = [verify, decision]
