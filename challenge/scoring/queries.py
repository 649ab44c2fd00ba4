from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Stage
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.queries import sees
from challenge.reviews.models import Review, ReviewState, Score
from challenge.reviews.queries import pseudonym
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric
from challenge.rubrics.definition import Score as Given
from challenge.rubrics.queries import newest_rubric, rubric_of
from challenge.scoring.models import Ranking
from challenge.scoring.ranking import Entry, RankingResult, rank


@dataclass(frozen=True, slots=True)
class Listed:
    """What a ranking page says of a proposal beside its numbers."""

    id: UUID
    number: str
    title: str
    country: str
    requested: Decimal | None
    currency: str
    track_id: UUID | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The ranking as it would be frozen now, over what the viewer sees."""

    rubric: Rubric
    entries: list[Entry]
    result: RankingResult
    listed: dict[str, Listed]
    open_reviews: int


async def standing(
    db: Db,
    viewer: Viewer,
    stage: Stage,
    *,
    excluded: Mapping[UUID, Any] | None = None,
    facet: Facet = Facet.RANKING,
) -> Standing:
    """Compute the ranking of a stage from its submitted reviews: columns only, three statements."""
    rubric = rubric_of(await newest_rubric(db, stage.call_id, stage.rubric_code))
    where = (
        col(Proposal.stage_id) == stage.id,
        col(Proposal.state) == ProposalState.SUBMITTED,
        sees(viewer, facet),
    )
    listing = await rows(
        db,
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Proposal.country),
            col(Proposal.requested), col(Proposal.currency), col(Proposal.track_id),
        ).where(*where),
    )  # fmt: skip
    listed = {row[1]: Listed(*row) for row in listing}
    numbers = {one.id: number for number, one in listed.items()}
    given = await rows(
        db,
        sa.select(
            col(Review.proposal_id), col(Review.person_id), col(Score.criterion), col(Score.value),
            col(Score.is_not_applicable),
        )
        .join(Score, col(Score.review_id) == Review.id)
        .join(Proposal, col(Proposal.id) == Review.proposal_id)
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .where(
            col(Review.stage_id) == stage.id,
            col(Review.state) == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
            *where,
        ),
    )  # fmt: skip
    reviews: dict[UUID, dict[str, dict[str, Given]]] = {}
    for proposal_id, person_id, criterion, value, is_na in given:
        seat = pseudonym(stage.id, proposal_id, person_id)[:12]
        scores = reviews.setdefault(proposal_id, {}).setdefault(seat, {})
        scores[criterion] = NOT_APPLICABLE if is_na else _exact(value)
    out = excluded or {}
    entries = [
        Entry(key=numbers[one.id], reviews=reviews.get(one.id, {}), excluded=out.get(one.id))
        for one in listed.values()
    ]
    return Standing(rubric, entries, rank(rubric, entries), listed, await _open_reviews(db, viewer, stage))


def _exact(value: Decimal) -> Decimal:
    """SQLite gives 4.00 where 4 was meant; the record holds one form."""
    return value.normalize() if value else Decimal(0)


async def _open_reviews(db: Db, viewer: Viewer, stage: Stage) -> int:
    """How many assignments of the stage have no submitted review, over what the viewer sees."""
    found = await rows(
        db,
        sa.select(sa.func.count())
        .select_from(Assignment)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.stage_id) == stage.id,
            col(Assignment.removed_at).is_(None),
            sa.or_(col(Review.id).is_(None), col(Review.state) != ReviewState.SUBMITTED),
            col(Proposal.state) == ProposalState.SUBMITTED,
            sees(viewer, Facet.RANKING),
        ),
    )
    return int(found[0][0])


async def rankings_of(db: Db, stage_id: UUID) -> list[Ranking]:
    found = await db.exec(select(Ranking).where(Ranking.stage_id == stage_id).order_by(col(Ranking.n).desc()))
    return list(found.all())


async def newest_ranking(db: Db, stage_id: UUID) -> Ranking | None:
    return next(iter(await rankings_of(db, stage_id)), None)


async def the_ranking(db: Db, call_id: UUID, ranking_id: UUID) -> Ranking:
    found = (
        await db.exec(select(Ranking).where(Ranking.id == ranking_id, Ranking.call_id == call_id))
    ).first()
    if found is None:
        raise NotFound
    return found


async def is_frozen(db: Db, stage_id: UUID) -> bool:
    return await newest_ranking(db, stage_id) is not None
