"""Decide, sign, release. Nothing leaves before the instant of release."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import col, delete, select, update

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.models import Call, Stage
from challenge.decisions import queries, rules
from challenge.decisions.models import Award, Decision, Outcome, Release, SignOff
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, refuse_if
from challenge.foundation.text import canonical_digest
from challenge.proposals.models import Proposal
from challenge.scoring import queries as scoring


async def decide(
    db: Db,
    stage: Stage,
    proposal: Proposal,
    outcome: Outcome,
    *,
    reason: str,
    place: int | None = None,
    reserve_place: int | None = None,
    feedback: str = "",
    feedback_language: str = "",
    types: Sequence[str] = (),
    amount: Decimal | None = None,
    currency: str = "",
    by: Viewer,
) -> Decision:
    """Propose the outcome of one proposal; until release it may be changed. A change voids a signature."""
    await _hold(db, stage)
    release = await queries.release_of(db, stage.id)
    refuse_if(
        rules.why_not_decide(
            is_released=release is not None,
            is_ranked=await scoring.is_frozen(db, stage.id),
            has_reason=bool(reason.strip()),
        )
    )
    if by.person_id is None:
        raise NotAllowed
    decision = (
        await db.exec(
            select(Decision).where(Decision.proposal_id == proposal.id, Decision.stage_id == stage.id)
        )
    ).first() or Decision(
        call_id=stage.call_id,
        stage_id=stage.id,
        proposal_id=proposal.id,
        outcome=outcome,
        reason=reason,
        decided_by_id=by.person_id,
    )
    decision.outcome, decision.reason, decision.decided_by_id = outcome, reason, by.person_id
    decision.place, decision.reserve_place = place, reserve_place if outcome == Outcome.RESERVE else None
    decision.feedback, decision.feedback_language = feedback, feedback_language or proposal.language
    decision.decided_at, decision.version = clock.now(), decision.version + 1
    db.add(decision)
    await db.flush()
    await db.exec(delete(Award).where(col(Award.decision_id) == decision.id))
    if outcome == Outcome.AWARD:
        db.add(Award(decision_id=decision.id, types=list(types), amount=amount, currency=currency))
    await _void_signatures(db, stage)
    await audit.record(
        db, by, "decision.recorded", decision, proposal=str(proposal.id), outcome=outcome.value, reason=reason
    )
    return decision


async def _hold(db: Db, stage: Stage) -> None:
    """Hold the stage's row until the commit, so that decisions, signatures and the release come one by one."""
    await db.exec(select(Stage.id).where(Stage.id == stage.id).with_for_update())


async def _void_signatures(db: Db, stage: Stage) -> None:
    found = await db.exec(
        select(SignOff).where(SignOff.stage_id == stage.id, col(SignOff.voided_at).is_(None))
    )
    for signature in found.all():
        signature.voided_at = clock.now()
        db.add(signature)
    stage.decisions_signed_at = None
    db.add(stage)


async def sign(db: Db, stage: Stage, *, by: Viewer) -> SignOff:
    """The second person's signature under all decisions of the stage, as they stand now."""
    await _hold(db, stage)
    everything = await queries.all_decisions(db, stage.id)
    refuse_if(
        rules.why_not_sign(
            [decision for decision, _award, _number in everything],
            undecided=await queries.undecided_count(db, stage.id),
            signer=by.person_id,
            is_released=await queries.release_of(db, stage.id) is not None,
            hidden=await queries.hidden_count(db, by, stage.id),
        )
    )
    if by.person_id is None:
        raise NotAllowed
    record = rules.record_of(everything)
    signature = SignOff(
        call_id=stage.call_id,
        stage_id=stage.id,
        record=record,
        digest=canonical_digest(record),
        signed_at=clock.now(),
        signed_by_id=by.person_id,
    )
    stage.decisions_signed_at = signature.signed_at
    db.add(signature)
    db.add(stage)
    await db.flush()
    await audit.record(db, by, "decisions.signed", signature, digest=signature.digest)
    return signature


async def release(db: Db, call: Call, stage: Stage, *, at: datetime | None = None, by: Viewer) -> Release:
    """Set the one instant from which decisions, notices and results may be seen. The letters follow by job."""
    await _hold(db, stage)
    signature = await queries.sign_off_of(db, stage.id)
    present = await queries.release_of(db, stage.id)
    is_current = signature is not None and signature.digest == await queries.decisions_digest(db, stage.id)
    refuse_if(
        rules.why_not_release(
            signature,
            is_current=is_current,
            release=present,
            hidden=await queries.hidden_count(db, by, stage.id),
        )
    )
    if by.person_id is None or signature is None:
        raise NotAllowed
    moment = max(at or clock.now(), clock.now())
    made = Release(
        call_id=call.id,
        stage_id=stage.id,
        sign_off_id=signature.id,
        released_at=moment,
        made_at=clock.now(),
        made_by_id=by.person_id,
    )
    db.add(made)
    await db.flush()
    decided = select(Decision.proposal_id).where(Decision.stage_id == stage.id)
    await db.exec(update(Proposal).where(col(Proposal.id).in_(decided)).values(decided_at=moment))
    await audit.record(
        db, by, "decisions.released", made, digest=signature.digest, released_at=moment.isoformat()
    )
    return made
