"""Freeze a ranking with its method and inputs, which closes the reviews; open the reviews again."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlmodel import select

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.models import Stage
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Clash, Unprocessable, refuse_if
from challenge.foundation.i18n import _
from challenge.reviews.rules import why_not_reason
from challenge.scoring import queries, records, rules
from challenge.scoring.models import Ranking
from challenge.scoring.selection import rank_and_list


async def freeze(
    db: Db,
    stage: Stage,
    *,
    excluded: Mapping[UUID, Any] | None = None,
    is_signed: bool = False,
    note: str = "",
    seen: str = "",
    by: Viewer,
) -> Ranking:
    """A snapshot of the ranking of a stage: whoever holds the record computes the same numbers from it.

    From then on no review of the stage changes. Somebody who does not see every proposal cannot freeze. `seen` is
    the digest of what the person looked at: when a score has changed since, nothing is frozen.
    """
    stage = await _held(db, stage)
    is_signed = is_signed or stage.decisions_signed_at is not None
    sees_all = await queries.sees_all(db, by, stage)
    refuse_if(rules.why_not_freeze(open_reviews=0, ranked=1, is_signed=is_signed, sees_all=sees_all))
    standing = await queries.standing(db, replace(by, is_system=True), stage, excluded=excluded)
    refuse_if(
        rules.why_not_freeze(
            open_reviews=standing.open_reviews, ranked=len(standing.result.rows), is_signed=is_signed
        )
    )
    record = records.record_of(standing.rubric, standing.entries, standing.result)
    if seen and seen != records.digest(record):
        raise Clash(
            _("The scores have changed since you looked. Nothing was frozen; look at the ranking again.")
        )
    earlier = await queries.newest_ranking(db, stage.id)
    if standing.rubric.lot:
        drawn = rank_and_list(standing.rubric, standing.entries, seed=_seed(earlier))
        record = records.record_of(standing.rubric, standing.entries, drawn)
    ranking = Ranking(
        call_id=stage.call_id,
        stage_id=stage.id,
        n=earlier.n + 1 if earlier else 1,
        record=record,
        digest=records.digest(record),
        frozen_at=clock.now(),
        frozen_by_id=by.person_id,
        note=note[:500],
    )
    stage.reviews_closed_at = ranking.frozen_at
    db.add(ranking)
    db.add(stage)
    await db.flush()
    await audit.record(
        db, by, "ranking.frozen", ranking, digest=ranking.digest, n=ranking.n, count=len(standing.result.rows)
    )
    return ranking


def _seed(earlier: Ranking | None) -> str:
    """The seed of the lots, drawn once a stage: freezing again is no second draw."""
    kept = earlier.record["method"].get("seed") if earlier else None
    return str(kept) if kept else secrets.token_hex(16)


async def open_reviews(db: Db, stage: Stage, *, reason: str, by: Viewer) -> None:
    """Let the chairs reopen reviews although a ranking was frozen. That ranking stays; a new one follows."""
    refusal = why_not_reason(reason)
    if refusal is not None:
        raise Unprocessable(errors={"reason": refusal})
    stage = await _held(db, stage)
    refuse_if(
        rules.why_not_open_reviews(
            is_closed=stage.reviews_closed_at is not None, is_signed=stage.decisions_signed_at is not None
        )
    )
    stage.reviews_closed_at = None
    db.add(stage)
    await db.flush()
    await audit.record(db, by, "reviews.opened", stage, reason=reason)


async def _held(db: Db, stage: Stage) -> Stage:
    """The stage as it is now; reviews, signatures and other freezes of it wait until the commit."""
    statement = select(Stage).where(Stage.id == stage.id).with_for_update()
    return (await db.exec(statement.execution_options(populate_existing=True))).one()
