"""Rubrics and rankings for programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar.params import FromQuery, JSONBody

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls import queries as calls
from challenge.foundation.api import Body, Items, api_get, api_post
from challenge.foundation.text import one_line
from challenge.reviews.looks import stage_of
from challenge.rubrics.definition import to_builtins
from challenge.rubrics.queries import newest_rubric, rubric_of
from challenge.scoring import actions, looks, queries, records


class RubricOut(Body):
    """How the proposals of a stage are judged, as it stands in the call's file."""

    stage: str
    version: int
    digest: str
    rubric: dict[str, Any]


class RankingOut(Body, omit_defaults=False):
    """How the reviews stand now. Places are counted among the proposals that the person sees."""

    stage: str
    open_reviews: int
    is_frozen: bool
    ranking: dict[str, Any]


class FrozenOut(Body):
    id: UUID
    n: int
    frozen_at: datetime


class SnapshotOut(Body):
    """A frozen ranking. `record` and `digest` only for who sees all of it; `hidden` counts what is not shown."""

    id: UUID
    n: int
    frozen_at: datetime
    hidden: int
    is_reproduced: bool
    ranking: dict[str, Any]
    digest: str | None = None
    record: dict[str, Any] | None = None


class FreezingIn(Body):
    stage: str = ""
    note: str = ""


@api_get("/calls/{slug:str}/rubric", open=True)
async def show_rubric(db: Db, me: Me, slug: FromPath[str], stage: FromQuery[str | None] = None) -> RubricOut:
    """Criteria, weights, anchors and thresholds of a call that the person may see."""
    found = stage_of(await calls.the_call(db, me, slug), stage)
    version = await newest_rubric(db, found.call_id, found.rubric_code)
    return RubricOut(
        stage=found.code,
        version=version.number,
        digest=version.digest,
        rubric=to_builtins(rubric_of(version)),
    )


@api_get("/calls/{slug:str}/ranking", needs=Can.READ_RANKING)
async def show_ranking(
    db: Db, me: Me, slug: FromPath[str], stage: FromQuery[str | None] = None
) -> RankingOut:
    """The ranking as the submitted reviews make it now, with the reason of every place."""
    found = stage_of(await calls.the_desk_call(db, me, slug, Can.READ_RANKING), stage)
    standing = await queries.standing(db, me, found)
    return RankingOut(
        stage=found.code,
        open_reviews=standing.open_reviews,
        is_frozen=found.reviews_closed_at is not None,
        ranking=looks.as_json(standing.rubric, standing.result, standing.listed),
    )


@api_get("/calls/{slug:str}/rankings", needs=Can.READ_RANKING)
async def list_rankings(
    db: Db, me: Me, slug: FromPath[str], stage: FromQuery[str | None] = None
) -> Items[FrozenOut]:
    """The frozen rankings of a stage, the newest first."""
    found = stage_of(await calls.the_desk_call(db, me, slug, Can.READ_RANKING), stage)
    return Items(
        items=[
            FrozenOut(id=one.id, n=one.n, frozen_at=one.frozen_at)
            for one in await queries.rankings_of(db, found.id)
        ]
    )


@api_get("/calls/{slug:str}/rankings/{ranking_id:uuid}", needs=Can.READ_RANKING)
async def show_frozen(db: Db, me: Me, slug: FromPath[str], ranking_id: FromPath[UUID]) -> SnapshotOut:
    """One frozen ranking as the person may see it."""
    opening = await calls.the_desk_call(db, me, slug, Can.READ_RANKING)
    ranking = await queries.the_ranking(db, opening.call.id, ranking_id)
    found = await queries.snapshot(db, me, ranking)
    return SnapshotOut(
        id=ranking.id,
        n=ranking.n,
        frozen_at=ranking.frozen_at,
        hidden=found.hidden,
        is_reproduced=not records.fault_of(ranking.record, ranking.digest),
        ranking=looks.as_json(found.rubric, found.result, found.listed),
        digest=ranking.digest if found.is_whole else None,
        record=ranking.record if found.is_whole else None,
    )


@api_post("/calls/{slug:str}/rankings", needs=Can.FREEZE_RANKING, status=201)
async def freeze_ranking(db: Db, me: Me, slug: FromPath[str], data: JSONBody[FreezingIn]) -> FrozenOut:
    """Keep the ranking with its method and inputs; from then on no review of the stage changes."""
    opening = await calls.the_desk_call(db, me, slug, Can.FREEZE_RANKING)
    stage = stage_of(opening, data.stage or None)
    ranking = await actions.freeze(db, stage, note=one_line(data.note)[:500], by=me)
    await db.commit()
    return FrozenOut(id=ranking.id, n=ranking.n, frozen_at=ranking.frozen_at)


doors: list[Any] = [
    show_rubric,
    show_ranking,
    list_rankings,
    show_frozen,
    freeze_ranking,
]
