"""Publish a call, take it back, move its deadline."""

from collections.abc import Collection
from datetime import UTC, datetime

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls import rules
from challenge.calls.models import Call, Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import refuse_if
from challenge.foundation.lifecycle import move


async def publish(
    db: Db, opening: Opening, *, forms: Collection[str], rubrics: Collection[str], by: Viewer
) -> Call:
    """Let everybody see the call. Refused with the first thing that is missing.

    `forms` and `rubrics` are the codes of those that it has; their rooms lie above this one and say them.
    """
    call = opening.call
    refuse_if(rules.why_not_publish(call, opening.stages, clock.now(), forms=forms, rubrics=rubrics))
    call.state = move(rules.CALL_MOVES, call.state, "publish")
    call.published_at = call.changed_at = clock.now()
    db.add(call)
    await audit.record(db, by, "call.published", call, chain=call.id)
    return call


async def withdraw(db: Db, opening: Opening, *, has_proposals: bool, by: Viewer) -> Call:
    """Back to a draft, as long as nobody has begun to answer."""
    call = opening.call
    refuse_if(rules.why_not_withdraw(has_proposals=has_proposals))
    call.state = move(rules.CALL_MOVES, call.state, "withdraw")
    call.changed_at = clock.now()
    db.add(call)
    await audit.record(db, by, "call.withdrawn", call, chain=call.id)
    return call


async def move_deadline(db: Db, opening: Opening, stage: Stage, closes_at: datetime, *, by: Viewer) -> Stage:
    """Another closing instant, recorded with the old one; never into the past of who already wrote."""
    refuse_if(rules.why_not_move_deadline(stage, closes_at, clock.now()))
    before, closes_at = stage.closes_at, closes_at.astimezone(UTC)
    stage.closes_at = closes_at
    opening.call.changed_at = clock.now()
    db.add(stage)
    db.add(opening.call)
    await audit.record(
        db,
        by,
        "call.deadline_moved",
        stage,
        before=before.isoformat(),
        after=closes_at.isoformat(),
    )
    return stage
