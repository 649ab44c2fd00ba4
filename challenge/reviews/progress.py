"""What is in and what is still out: for the chair of a panel and for staff, over what they see."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func

from challenge.accounts.models import Person
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Programme, Stage
from challenge.calls.queries import Opening
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotAllowed, NotFound
from challenge.panels.models import Panel
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.queries import sees
from challenge.reviews import queries
from challenge.reviews.models import RemarkReader, Review, ReviewState
from challenge.rubrics.definition import Score as Given

# ---------- what a chair sees ----------


@dataclass(frozen=True, slots=True)
class Held:
    """One assignment of a panel as its chair sees it; scores stay away until the chair's own review is in."""

    id: UUID
    proposal_id: UUID
    number: str
    title: str
    name: str
    state: ReviewState | None
    overall: Decimal | None
    confidence: str
    submitted_at: datetime | None
    reopened_at: datetime | None
    is_waiting: bool
    is_own: bool


async def the_chaired_panel(db: Db, viewer: Viewer, panel_id: UUID) -> tuple[Panel, Opening]:
    """A panel that the viewer chairs, with its call; 404 for anybody else's."""
    if not viewer.can(Can.REOPEN_REVIEWS, panel_id=panel_id):
        raise NotFound
    found = next(
        iter(
            await rows(
                db,
                sa.select(Panel, Call, Programme, Stage)
                .join(Call, col(Call.id) == Panel.call_id)
                .join(Programme, col(Programme.id) == Call.programme_id)
                .join(Stage, col(Stage.id) == Panel.stage_id)
                .where(col(Panel.id) == panel_id),
            )
        ),
        None,
    )
    if found is None:
        raise NotFound
    panel, call, programme, stage = found
    return panel, Opening(call, programme, [stage])


@dataclass(frozen=True, slots=True)
class OfPanel:
    """The present assignments of a panel, with scores and remarks by assignment where they may be read."""

    held: list[Held]
    scores: dict[UUID, dict[str, Given | None]]
    remarks: dict[UUID, dict[RemarkReader, str]]


async def reviews_of_panel(db: Db, viewer: Viewer, panel: Panel) -> OfPanel:
    """Over the proposals whose reviews and reviewers the viewer sees: three statements."""
    found = await rows(
        db,
        sa.select(
            col(Assignment.id), col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Person.name),
            col(Review.state), col(Review.overall), func.coalesce(Review.confidence, ""), col(Review.submitted_at),
            col(Review.reopened_at), queries.own_review_is_open(viewer), col(Assignment.person_id) == viewer.person_id,
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.panel_id) == panel.id,
            col(Assignment.removed_at).is_(None),
            col(Proposal.state) == ProposalState.SUBMITTED,
            col(Proposal.is_eligible).is_not(False),
            sees(viewer, Facet.REVIEWS),
            sees(viewer, Facet.REVIEWERS),
        )
        .order_by(col(Proposal.number), Person.name),
    )  # fmt: skip
    held = [Held(*row) for row in found]
    readable = [
        one.id for one in held if one.state == ReviewState.SUBMITTED and (one.is_own or not one.is_waiting)
    ]
    return OfPanel(held, await queries.scores_of(db, readable), await queries.remarks_of(db, readable))


@dataclass(frozen=True, slots=True)
class ToReopen:
    """A present assignment of a panel that the viewer chairs, with its review."""

    assignment: Assignment
    review: Review | None
    proposal: Proposal
    stage: Stage
    call: Call
    programme: Programme
    person: Person


async def the_review_to_reopen(
    db: Db, viewer: Viewer, assignment_id: UUID, *, to_write: bool = False
) -> ToReopen:
    """404 when the viewer does not see the reviews of the proposal, 403 for the chair of another panel."""
    if to_write:
        await queries.hold_assignment(db, assignment_id)
    statement = (
        sa.select(Assignment, Review, Proposal, Stage, Call, Programme, Person)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Stage, col(Stage.id) == Assignment.stage_id)
        .join(Call, col(Call.id) == Proposal.call_id)
        .join(Programme, col(Programme.id) == Call.programme_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.id) == assignment_id,
            col(Assignment.removed_at).is_(None),
            sees(viewer, Facet.REVIEWS),
            sees(viewer, Facet.REVIEWERS),
        )
    )
    row = next(iter(await rows(db, statement)), None)
    if row is None:
        raise NotFound
    if not viewer.can(Can.REOPEN_REVIEWS, panel_id=row[0].panel_id):
        raise NotAllowed
    return ToReopen(*row)


async def chaired_panels(db: Db, viewer: Viewer) -> list[tuple[UUID, str, Any]]:
    """(id, name, title of the call) of the panels that the viewer chairs."""
    ids = viewer.scopes_of(Can.REOPEN_REVIEWS).panel_ids
    if not ids:
        return []
    found = await rows(
        db,
        sa.select(col(Panel.id), col(Panel.name), col(Call.title))
        .join(Call, col(Call.id) == Panel.call_id)
        .where(col(Panel.id).in_(ids))
        .order_by(Panel.name),
    )
    return [(row[0], row[1], row[2]) for row in found]


# ---------- progress, for staff ----------


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    person_id: UUID
    name: str
    given: int
    submitted: int
    begun: int
    last_saved_at: datetime | None

    @property
    def open(self) -> int:
        return self.given - self.submitted


@dataclass(frozen=True, slots=True)
class ProposalProgress:
    id: UUID
    number: str
    title: str
    given: int
    submitted: int


def _counted(viewer: Viewer, stage: Stage, facet: Facet) -> tuple[Any, ...]:
    """Conditions: what still counts in the stage, over what the viewer sees."""
    return (
        col(Proposal.stage_id) == stage.id,
        col(Proposal.state) == ProposalState.SUBMITTED,
        col(Proposal.is_eligible).is_not(False),
        sees(viewer, facet),
    )


_IS_IN = sa.case((col(Review.state) == ReviewState.SUBMITTED, 1), else_=0)
_IS_BEGUN = sa.case((col(Review.state) == ReviewState.DRAFT, 1), else_=0)


async def progress_of_reviewers(db: Db, viewer: Viewer, stage: Stage) -> list[ReviewerProgress]:
    """Per reviewer what is given and done; who has most to do first. Over what the viewer sees."""
    statement = (
        sa.select(
            col(Person.id), col(Person.name), func.count(), func.sum(_IS_IN), func.sum(_IS_BEGUN),
            func.max(Review.saved_at),
        )
        .select_from(Assignment)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.stage_id) == stage.id,
            col(Assignment.removed_at).is_(None),
            *_counted(viewer, stage, Facet.REVIEWERS),
        )
        .group_by(col(Person.id), Person.name)
    )  # fmt: skip
    found = [ReviewerProgress(*row) for row in await rows(db, statement)]
    return sorted(found, key=lambda one: (-one.open, one.name.casefold(), str(one.person_id)))


def _of_proposals(viewer: Viewer, stage: Stage, only_short: bool) -> Any:
    statement = (
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title),
            func.count(col(Assignment.id)).label("given"), func.coalesce(func.sum(_IS_IN), 0).label("submitted"),
        )
        .outerjoin(
            Assignment,
            sa.and_(
                col(Assignment.proposal_id) == Proposal.id,
                col(Assignment.stage_id) == stage.id,
                col(Assignment.removed_at).is_(None),
            ),
        )
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(*_counted(viewer, stage, Facet.SCORES))
        .group_by(col(Proposal.id), col(Proposal.number), col(Proposal.title))
    )  # fmt: skip
    if only_short:
        short = sa.or_(
            func.coalesce(func.sum(_IS_IN), 0) < func.count(col(Assignment.id)),
            func.count(col(Assignment.id)) < stage.reviews_per_proposal,
        )
        statement = statement.having(short)
    return statement


async def progress_of_proposals(
    db: Db, viewer: Viewer, stage: Stage, *, only_short: bool = False, first: int = 0, most: int = 50
) -> list[ProposalProgress]:
    statement = (
        _of_proposals(viewer, stage, only_short).order_by(col(Proposal.number)).offset(first).limit(most)
    )
    return [ProposalProgress(*row) for row in await rows(db, statement)]


@dataclass(frozen=True, slots=True)
class ProgressTotals:
    proposals: int
    given: int
    submitted: int
    whole: int
    """Proposals with all the reviews that were asked for."""
    shown: int


async def progress_totals(
    db: Db, viewer: Viewer, stage: Stage, *, only_short: bool = False
) -> ProgressTotals:
    counted = _of_proposals(viewer, stage, False).subquery()
    is_short = sa.or_(
        counted.c.submitted < counted.c.given, counted.c.given < stage.reviews_per_proposal
    )  # fmt: skip
    short = sa.case((is_short, 1), else_=0)
    found = await rows(
        db,
        sa.select(
            func.count(),
            func.coalesce(func.sum(counted.c.given), 0),
            func.coalesce(func.sum(counted.c.submitted), 0),
            func.coalesce(func.sum(short), 0),
        ).select_from(counted),
    )
    proposals, given, submitted, short_count = (int(number) for number in found[0])
    return ProgressTotals(
        proposals, given, submitted, proposals - short_count, short_count if only_short else proposals
    )
