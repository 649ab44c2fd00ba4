"""Freeze a ranking with its method and inputs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.models import Stage
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import refuse_if
from challenge.scoring import queries, records, rules
from challenge.scoring.models import Ranking


async def freeze(
    db: Db,
    stage: Stage,
    *,
    excluded: Mapping[UUID, Any] | None = None,
    is_signed: bool = False,
    note: str = "",
    by: Viewer,
) -> Ranking:
    """A snapshot of the ranking of a stage: whoever holds the record computes the same numbers from it.

    The whole ranking is frozen, also by somebody who does not see every proposal; its pages show to each person
    what that person may see.
    """
    everything = Viewer(
        by.person_id, by.name, by.email, by.language, by.zone, True, by.roles, by.via, None, is_system=True
    )
    standing = await queries.standing(db, everything, stage, excluded=excluded)
    refuse_if(
        rules.why_not_freeze(
            open_reviews=standing.open_reviews, ranked=len(standing.result.rows), is_signed=is_signed
        )
    )
    earlier = await queries.newest_ranking(db, stage.id)
    record = records.record_of(standing.rubric, standing.entries, standing.result)
    ranking = Ranking(
        call_id=stage.call_id,
        stage_id=stage.id,
        n=earlier.n + 1 if earlier else 1,
        record=record,
        digest=records.digest(record),
        frozen_at=clock.now(),
        frozen_by_id=by.person_id,
        note=note,
    )
    db.add(ranking)
    await db.flush()
    await audit.record(
        db, by, "ranking.frozen", ranking, digest=ranking.digest, n=ranking.n, count=len(standing.result.rows)
    )
    return ranking
