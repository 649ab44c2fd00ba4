from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Stage, Track
from challenge.eligibility import queries as rulings
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.panels.models import Panel
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.queries import sees
from challenge.reviews.models import Review, ReviewState, Score
from challenge.reviews.queries import pseudonym
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric, from_builtins
from challenge.rubrics.definition import Score as Given
from challenge.rubrics.queries import newest_rubric, rubric_of
from challenge.scoring import records
from challenge.scoring.models import Ranking
from challenge.scoring.ranking import Entry, RankingResult, rank
from challenge.scoring.records import recompute
from challenge.scoring.selection import rank_and_list


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


_LISTED: tuple[Any, ...] = (
    Proposal.id, Proposal.number, Proposal.title, Proposal.country, Proposal.requested, Proposal.currency,
    Proposal.track_id,
)  # fmt: skip


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
    """Compute the ranking of a stage from its submitted reviews: columns only, five statements.

    `excluded` says per proposal why it is not ranked; left out, the rulings say it. Where the rubric draws a list,
    one statement more asks whether the viewer sees everybody: a list among some would tell the wrong ones.
    """
    rubric = rubric_of(await newest_rubric(db, stage.call_id, stage.rubric_code))
    where = (
        col(Proposal.stage_id) == stage.id,
        col(Proposal.state) == ProposalState.SUBMITTED,
        sees(viewer, facet),
    )
    listing = await rows(
        db,
        sa.select(*_LISTED, col(Track.code))
        .outerjoin(Track, col(Track.id) == Proposal.track_id)
        .where(*where),
    )
    listed = {row[1]: Listed(*row[:-1]) for row in listing}
    tracks = {row[1]: row[-1] or "" for row in listing}
    given = await rows(
        db,
        sa.select(
            col(Review.proposal_id), col(Review.person_id), col(Score.criterion), col(Score.value),
            col(Score.is_not_applicable), col(Panel.name),
        )
        .join(Score, col(Score.review_id) == Review.id)
        .join(Proposal, col(Proposal.id) == Review.proposal_id)
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .join(Panel, col(Panel.id) == Assignment.panel_id)
        .where(
            col(Review.stage_id) == stage.id,
            col(Review.state) == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
            *where,
        ),
    )  # fmt: skip
    reviews: dict[UUID, dict[str, dict[str, Given]]] = {}
    groups: dict[UUID, dict[str, str]] = {}
    group_of = _groups_by_panel(rubric)
    for proposal_id, person_id, criterion, value, is_na, panel in given:
        seat = pseudonym(stage.id, proposal_id, person_id)[:12]
        if panel.casefold() in group_of:
            groups.setdefault(proposal_id, {})[seat] = group_of[panel.casefold()]
        scores = reviews.setdefault(proposal_id, {}).setdefault(seat, {})
        scores[criterion] = NOT_APPLICABLE if is_na else _exact(value)
    out = excluded if excluded is not None else await rulings.excluded(db, viewer, stage.call_id)
    entries = [
        Entry(
            key=number,
            reviews=reviews.get(one.id, {}),
            excluded=out.get(one.id),
            groups=groups.get(one.id, {}),
            **(_told(one, tracks[number]) if rubric.selection is not None else {}),
        )
        for number, one in listed.items()
    ]
    draws = rubric.selection is not None and await sees_all(db, viewer, stage)
    result = rank_and_list(rubric, entries) if draws else rank(rubric, entries)
    return Standing(rubric, entries, result, listed, await _open_reviews(db, viewer, stage))


def _told(proposal: Listed, track: str) -> dict[str, Any]:
    """What selections and quotas look at; it goes into the record."""
    amount = None if proposal.requested is None else _exact(proposal.requested)
    return {"track": track, "country": proposal.country, "amount": amount, "currency": proposal.currency}


def _groups_by_panel(rubric: Rubric) -> dict[str, str]:
    """Voter groups by the names of panels, in small letters."""
    found: dict[str, str] = {}
    for group in rubric.aggregation.groups:
        found |= {name.casefold(): group.code for name in (group.code, *group.label.values())}
    return found


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
            col(Proposal.is_eligible).is_not(False),
            sees(viewer, Facet.RANKING),
        ),
    )
    return int(found[0][0])


async def sees_all(db: Db, viewer: Viewer, stage: Stage) -> bool:
    """Whether no submitted proposal of the stage is hidden from the viewer."""
    hidden = (
        select(Proposal.id)
        .where(
            Proposal.stage_id == stage.id,
            Proposal.state == ProposalState.SUBMITTED,
            sa.not_(sees(viewer, Facet.RANKING)),
        )
        .limit(1)
    )
    return (await db.exec(hidden)).first() is None


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen ranking in a list: no more than everybody may know who sees the ranking at all."""

    id: UUID
    n: int
    frozen_at: datetime


async def rankings_of(db: Db, stage_id: UUID) -> list[Frozen]:
    """The newest first."""
    found = await rows(
        db,
        sa.select(col(Ranking.id), col(Ranking.n), col(Ranking.frozen_at))
        .where(col(Ranking.stage_id) == stage_id)
        .order_by(col(Ranking.n).desc()),
    )
    return [Frozen(*row) for row in found]


async def newest_number(db: Db, stage_id: UUID) -> int:
    found = await db.exec(select(sa.func.max(Ranking.n)).where(Ranking.stage_id == stage_id))
    return int(found.one() or 0)


async def newest_ranking(db: Db, stage_id: UUID) -> Ranking | None:
    found = await db.exec(
        select(Ranking).where(Ranking.stage_id == stage_id).order_by(col(Ranking.n).desc()).limit(1)
    )
    return found.first()


async def the_ranking(db: Db, call_id: UUID, ranking_id: UUID) -> Ranking:
    found = (
        await db.exec(select(Ranking).where(Ranking.id == ranking_id, Ranking.call_id == call_id))
    ).first()
    if found is None:
        raise NotFound
    return found


async def is_frozen(db: Db, stage_id: UUID) -> bool:
    """Whether a ranking stands: frozen, and the reviews under it not opened again."""
    found = await db.exec(
        select(Stage.id).where(Stage.id == stage_id, col(Stage.reviews_closed_at).is_not(None))
    )
    return found.first() is not None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen ranking as the viewer may see it.

    With something hidden the places are counted anew among what is seen, so that no gap tells where the rest
    stands; digest, note and record are for those who see all of it.
    """

    ranking: Ranking
    rubric: Rubric
    result: RankingResult
    listed: dict[str, Listed]
    hidden: int
    frozen_by: str

    @property
    def is_whole(self) -> bool:
        return self.hidden == 0


async def snapshot(db: Db, viewer: Viewer, ranking: Ranking) -> Snapshot:
    keys = [entry["key"] for entry in ranking.record["inputs"]]
    found = await rows(
        db,
        sa.select(*_LISTED).where(
            col(Proposal.call_id) == ranking.call_id, col(Proposal.number).in_(keys), sees(viewer, Facet.RANKING)
        ),
    )  # fmt: skip
    listed = {row[1]: Listed(*row) for row in found}
    seen = [entry for entry in ranking.record["inputs"] if entry["key"] in listed]
    record = {**ranking.record, "inputs": seen}
    is_whole = len(seen) == len(keys)
    name = await db.exec(select(Person.name).where(Person.id == ranking.frozen_by_id))
    return Snapshot(
        ranking, from_builtins(ranking.record["method"]["rubric"]), recompute(record, lists=is_whole), listed,
        len(keys) - len(seen), name.first() or "",
    )  # fmt: skip


async def rankings_reproduce(db: Db) -> tuple[int, list[str]]:
    """(frozen rankings, those whose digest or whose numbers do not come out again from their record)."""
    found = (await db.exec(select(Ranking).order_by(col(Ranking.frozen_at)))).all()
    wrong = []
    for ranking in found:
        fault = records.fault_of(ranking.record, ranking.digest)
        if fault:
            wrong.append(f"ranking {ranking.id}: {fault}")
    return len(found), wrong
