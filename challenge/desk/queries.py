"""What staff read over several rooms. Everything is joined with what the viewer sees; counts too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import col, select

from challenge.accounts.models import Organization, Person
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Programme, Stage, Track
from challenge.calls.queries import Opening
from challenge.desk.filters import PAGE, Filter
from challenge.eligibility.models import Ruling
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Texts
from challenge.proposals.models import Facet, Proposal, ProposalState, Revision
from challenge.proposals.queries import sees_from_outside
from challenge.reviews.models import Review, ReviewState

SUBMITTED = ProposalState.SUBMITTED


def seen_by_staff(viewer: Viewer) -> ColumnElement[bool]:
    """Proposals that the viewer reads as staff, scores included: never one's own, never one in conflict."""
    return sa.and_(sees_from_outside(viewer, Facet.SCORES), col(Proposal.state) != ProposalState.DRAFT)


# ---------- calls ----------


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of the visible proposals of one call."""

    submitted: int = 0
    withdrawn: int = 0
    last_week: int = 0
    week_before: int = 0
    countries: int = 0
    requested: Decimal | None = None
    to_rule: int = 0
    eligible: int = 0
    not_eligible: int = 0

    @property
    def total(self) -> int:
        return self.submitted + self.withdrawn


def _counted(moment: datetime) -> list[Any]:
    is_submitted = col(Proposal.state) == SUBMITTED
    week, fortnight = moment - timedelta(days=7), moment - timedelta(days=14)

    def count(*wanted: ColumnElement[bool]) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*wanted), 1), else_=0)), 0)

    return [
        count(is_submitted),
        count(col(Proposal.state) == ProposalState.WITHDRAWN),
        count(is_submitted, col(Proposal.submitted_at) >= week),
        count(is_submitted, col(Proposal.submitted_at) < week, col(Proposal.submitted_at) >= fortnight),
        sa.func.count(
            sa.distinct(sa.case((sa.and_(is_submitted, col(Proposal.country) != ""), col(Proposal.country))))
        ),
        sa.func.sum(sa.case((is_submitted, col(Proposal.requested)))),
        count(is_submitted, col(Proposal.is_eligible).is_(None)),
        count(is_submitted, col(Proposal.is_eligible).is_(True)),
        count(is_submitted, col(Proposal.is_eligible).is_(False)),
    ]


async def numbers_of(db: Db, viewer: Viewer, call_id: UUID, moment: datetime) -> Numbers:
    statement = sa.select(*_counted(moment)).where(col(Proposal.call_id) == call_id, seen_by_staff(viewer))
    return Numbers(*(await rows(db, statement))[0])


async def numbers_by_call(db: Db, viewer: Viewer, moment: datetime) -> dict[UUID, Numbers]:
    """Of all calls at once, for the list of calls."""
    statement = (
        sa.select(col(Proposal.call_id), *_counted(moment))
        .where(seen_by_staff(viewer))
        .group_by(col(Proposal.call_id))
    )
    return {row[0]: Numbers(*row[1:]) for row in await rows(db, statement)}


async def openings_of_staff(db: Db, viewer: Viewer) -> list[Opening]:
    """The calls on which the viewer works, the newest first."""
    reach = viewer.scopes_of(Can.OPEN_DESK)
    wanted: ColumnElement[bool] = (
        col(Call.id).is_not(None)
        if reach.everywhere
        else sa.or_(col(Call.id).in_(reach.call_ids), col(Call.programme_id).in_(reach.programme_ids))
    )
    found = (
        await db.exec(
            select(Call, Programme)
            .join(Programme, col(Programme.id) == Call.programme_id)
            .where(wanted)
            .order_by(col(Call.created_at).desc(), col(Call.slug))
        )
    ).all()
    ids = [call.id for call, _programme in found]
    stages = (
        await db.exec(select(Stage).where(col(Stage.call_id).in_(ids)).order_by(col(Stage.position)))
    ).all()
    return [
        Opening(call, programme, [s for s in stages if s.call_id == call.id]) for call, programme in found
    ]


@dataclass(frozen=True, slots=True)
class ReviewNumbers:
    """How far reviewing is, over the visible proposals of a stage."""

    wanted: int = 0
    assigned: int = 0
    submitted: int = 0
    short: int = 0
    """Eligible proposals with fewer reviewers than the stage asks for."""


async def review_numbers(db: Db, viewer: Viewer, stage: Stage) -> ReviewNumbers:
    per_proposal = (
        sa.select(
            col(Proposal.id).label("id"),
            col(Proposal.is_eligible).label("is_eligible"),
            _assigned(Proposal.id, stage.id).label("assigned"),
            _submitted(Proposal.id, stage.id).label("submitted"),
        )
        .where(col(Proposal.stage_id) == stage.id, col(Proposal.state) == SUBMITTED, seen_by_staff(viewer))
        .subquery()
    )
    is_eligible = per_proposal.c.is_eligible.is_(True)
    total = sa.func.coalesce
    statement = sa.select(
        total(sa.func.sum(sa.case((is_eligible, stage.reviews_per_proposal), else_=0)), 0),
        total(sa.func.sum(per_proposal.c.assigned), 0),
        total(sa.func.sum(per_proposal.c.submitted), 0),
        total(
            sa.func.sum(
                sa.case(
                    (sa.and_(is_eligible, per_proposal.c.assigned < stage.reviews_per_proposal), 1), else_=0
                )
            ),
            0,
        ),
    )
    return ReviewNumbers(*(await rows(db, statement))[0])


def _assigned(proposal_id: Any, stage_id: Any) -> Any:
    return (
        sa.select(sa.func.count())
        .select_from(Assignment)
        .where(
            col(Assignment.proposal_id) == proposal_id,
            col(Assignment.stage_id) == stage_id,
            col(Assignment.removed_at).is_(None),
        )
        .correlate(Proposal)
        .scalar_subquery()
    )


def _reviews(what: Any, proposal_id: Any, stage_id: Any) -> Any:
    return (
        sa.select(what)
        .select_from(Review)
        .where(
            col(Review.proposal_id) == proposal_id,
            col(Review.stage_id) == stage_id,
            col(Review.state) == ReviewState.SUBMITTED,
        )
        .correlate(Proposal)
        .scalar_subquery()
    )


def _submitted(proposal_id: Any, stage_id: Any) -> Any:
    return _reviews(sa.func.count(), proposal_id, stage_id)


def _mean(proposal_id: Any, stage_id: Any) -> Any:
    return _reviews(sa.func.avg(col(Review.overall)), proposal_id, stage_id)


# ---------- proposals ----------


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal in the list."""

    id: UUID
    number: str
    title: str
    organization: str
    country: str
    track: Texts | None
    language: str
    state: ProposalState
    is_eligible: bool | None
    requested: Decimal | None
    currency: str
    submitted_at: datetime | None
    assigned: int
    reviewed: int
    score: Decimal | float | None

    @property
    def standing(self) -> str:
        """withdrawn, to-rule, not-eligible, reviewed, in-review or eligible."""
        if self.state == ProposalState.WITHDRAWN:
            return "withdrawn"
        if self.is_eligible is None:
            return "to-rule"
        if not self.is_eligible:
            return "not-eligible"
        if self.assigned and self.reviewed >= self.assigned:
            return "reviewed"
        return "in-review" if self.assigned else "eligible"


def matching(wanted: Filter, stage: Stage | None) -> ColumnElement[bool]:
    """The condition of a filter on Proposal joined with Organization and Track."""
    parts: list[ColumnElement[bool]] = [sa.true()]
    is_submitted = col(Proposal.state) == SUBMITTED
    states: Mapping[str, ColumnElement[bool]] = {
        "to-rule": sa.and_(is_submitted, col(Proposal.is_eligible).is_(None)),
        "eligible": sa.and_(is_submitted, col(Proposal.is_eligible).is_(True)),
        "not-eligible": sa.and_(is_submitted, col(Proposal.is_eligible).is_(False)),
        "withdrawn": col(Proposal.state) == ProposalState.WITHDRAWN,
    }
    if wanted.state in states:
        parts.append(states[wanted.state])
    if wanted.q:
        parts.append(
            sa.or_(
                *(
                    column.icontains(wanted.q, autoescape=True)
                    for column in (col(Proposal.title), col(Proposal.number), col(Organization.name))
                )
            )
        )
    if wanted.country:
        parts.append(col(Proposal.country) == wanted.country)
    if wanted.language:
        parts.append(col(Proposal.language) == wanted.language)
    if wanted.track:
        parts.append(col(Track.code) == wanted.track)
    if wanted.reviews and stage is not None:
        given = _submitted(Proposal.id, Proposal.stage_id)
        needed = stage.reviews_per_proposal
        parts.append(given < needed if wanted.reviews == "missing" else given >= needed)
    return sa.and_(*parts)


@dataclass(slots=True)
class Counts:
    found: int = 0
    all: int = 0
    to_rule: int = 0
    eligible: int = 0
    not_eligible: int = 0
    withdrawn: int = 0
    countries: list[str] = field(default_factory=list)


def _joined(statement: Any) -> Any:
    return statement.outerjoin(Organization, col(Organization.id) == Proposal.organization_id).outerjoin(
        Track, col(Track.id) == Proposal.track_id
    )


async def counts(db: Db, viewer: Viewer, call_id: UUID, wanted: Filter, stage: Stage | None) -> Counts:
    """How many there are, all and by state, how many the filter leaves, and from where. In one statement."""

    def count(condition: ColumnElement[bool]) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    by_state = (
        matching(Filter(state=s), stage) for s in ("to-rule", "eligible", "not-eligible", "withdrawn")
    )
    statement = (
        _joined(
            sa.select(
                col(Proposal.country),
                count(matching(wanted, stage)),
                sa.func.count(),
                *(count(c) for c in by_state),
            ).select_from(Proposal)
        )
        .where(col(Proposal.call_id) == call_id, seen_by_staff(viewer))
        .group_by(col(Proposal.country))
    )
    found = Counts()
    for country, *numbers in await rows(db, statement):
        for name, number in zip(
            ("found", "all", "to_rule", "eligible", "not_eligible", "withdrawn"), numbers, strict=True
        ):
            setattr(found, name, getattr(found, name) + int(number))
        if country:
            found.countries.append(country)
    return found


async def lines(
    db: Db,
    viewer: Viewer,
    call_id: UUID,
    wanted: Filter,
    stage: Stage | None,
    *,
    limit: int | None = PAGE,
    after: tuple[str, UUID] | None = None,
) -> list[Line]:
    """The proposals that a filter leaves, sorted as it says. `after` is the last one of the page before, for cursors."""
    score = _mean(Proposal.id, Proposal.stage_id).label("score")
    orders: dict[str, Any] = {
        "number": col(Proposal.number),
        "title": sa.func.lower(col(Proposal.title)),
        "country": col(Proposal.country),
        "score": score,
        "requested": col(Proposal.requested),
        "submitted": col(Proposal.submitted_at),
    }
    by = orders[wanted.order]
    order = (
        sa.nulls_last(by.desc() if wanted.is_descending else by.asc()),
        col(Proposal.number),
        col(Proposal.id),
    )
    listed = sa.and_(col(Proposal.call_id) == call_id, seen_by_staff(viewer), matching(wanted, stage))
    if after is not None:
        number, last_id = after
        listed &= sa.or_(
            col(Proposal.number) > number,
            sa.and_(col(Proposal.number) == number, col(Proposal.id) > last_id),
        )
    if limit is not None:
        # counts and means are made for the rows of this page alone
        on_page = _joined(sa.select(col(Proposal.id)).select_from(Proposal)).where(listed).order_by(*order)
        skipped = (wanted.page - 1) * PAGE if after is None else 0
        listed = col(Proposal.id).in_(on_page.limit(limit).offset(skipped))
    statement = _joined(
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), sa.func.coalesce(Organization.name, ""),
            col(Proposal.country), col(Track.label), col(Proposal.language), col(Proposal.state),
            col(Proposal.is_eligible), col(Proposal.requested), col(Proposal.currency), col(Proposal.submitted_at),
            _assigned(Proposal.id, Proposal.stage_id), _submitted(Proposal.id, Proposal.stage_id), score,
        ).select_from(Proposal)
    )  # fmt: skip
    return [Line(*row) for row in await rows(db, statement.where(listed).order_by(*order))]


async def the_desk_proposal(
    db: Db, viewer: Viewer, opening: Opening, proposal_id: UUID
) -> tuple[Proposal, Organization | None, Track | None]:
    """A proposal of a call as its staff reads it, or 404."""
    statement = _joined(sa.select(Proposal, Organization, Track).select_from(Proposal)).where(
        col(Proposal.id) == proposal_id, col(Proposal.call_id) == opening.call.id, seen_by_staff(viewer)
    )
    row = next(iter(await rows(db, statement)), None)
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


async def rulings_on(db: Db, proposal_id: UUID) -> list[tuple[Ruling, str]]:
    """All rulings with the name of who ruled, the newest first. The proposal was loaded through visibility."""
    found = await db.exec(
        select(Ruling, Person.name)
        .outerjoin(Person, col(Person.id) == Ruling.ruled_by_id)
        .where(Ruling.proposal_id == proposal_id)
        .order_by(col(Ruling.ruled_at).desc())
    )
    return [(ruling, name or "") for ruling, name in found.all()]


async def receipts_of(db: Db, proposal_id: UUID) -> list[Revision]:
    found = await db.exec(
        select(Revision).where(Revision.proposal_id == proposal_id).order_by(col(Revision.n).desc())
    )
    return list(found.all())


async def has_proposals(db: Db, call_id: UUID) -> bool:
    """Whether anybody has begun to answer, drafts included: only for the rule, never shown as a number."""
    return (
        await db.exec(select(Proposal.id).where(Proposal.call_id == call_id).limit(1))
    ).first() is not None
