import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Stage
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text
from challenge.proposals.models import Facet, Proposal
from challenge.proposals.queries import is_seen, sees
from challenge.reviews import rules
from challenge.reviews.models import Remark, RemarkReader, Review, ReviewState, Score
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric
from challenge.rubrics.definition import Score as Given
from challenge.rubrics.models import RubricVersion
from challenge.rubrics.queries import decoded
from challenge.settings import settings


@dataclass(frozen=True, slots=True)
class Queued:
    """One line of a reviewer's queue."""

    id: UUID
    number: str
    title: str
    language: str
    call_slug: str
    call_title: Any
    stage_label: Any
    state: ReviewState | None
    score_count: int
    assigned_at: datetime
    submitted_at: datetime | None
    overall: Decimal | None
    is_demonstration: bool


@dataclass(slots=True)
class Sheet:
    """A reviewer's own score sheet with everything the rule and the page ask."""

    assignment: Assignment
    proposal: Proposal
    stage: Stage
    call: Call
    rubric: Rubric
    rubric_version_id: UUID
    review: Review | None
    scores: dict[str, Score] = field(default_factory=dict)
    remark_rows: dict[RemarkReader, Remark] = field(default_factory=dict)
    is_ranking_frozen: bool = False

    @property
    def given(self) -> dict[str, Given | None]:
        return {code: NOT_APPLICABLE if s.is_not_applicable else s.value for code, s in self.scores.items()}

    @property
    def complete(self) -> dict[str, Given]:
        return {code: value for code, value in self.given.items() if value is not None}

    @property
    def remarks(self) -> Mapping[RemarkReader, str]:
        return {reader: row.text for reader, row in self.remark_rows.items()}

    @property
    def is_submitted(self) -> bool:
        return self.review is not None and self.review.state == ReviewState.SUBMITTED

    @property
    def why_not_score(self) -> Text | None:
        return rules.why_not_score(
            self.review.state if self.review is not None else ReviewState.DRAFT,
            self.proposal,
            is_assigned=self.assignment.removed_at is None,
            is_ranking_frozen=self.is_ranking_frozen,
        )


async def queue_of(db: Db, viewer: Viewer) -> list[Queued]:
    """The viewer's assignments, open ones first, in one statement."""
    counted = (
        select(Score.review_id, func.count().label("n"))
        .where(sa.or_(col(Score.value).is_not(None), col(Score.is_not_applicable).is_(True)))
        .group_by(col(Score.review_id))
        .subquery()
    )
    statement = (
        sa.select(
            col(Assignment.id), col(Proposal.number), col(Proposal.title), col(Proposal.language),
            col(Call.slug), col(Call.title), col(Stage.label), col(Review.state), func.coalesce(counted.c.n, 0),
            col(Assignment.assigned_at), col(Review.submitted_at), col(Review.overall),
            col(Call.is_demonstration),
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Call, col(Call.id) == Proposal.call_id)
        .join(Stage, col(Stage.id) == Assignment.stage_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .outerjoin(counted, counted.c.review_id == Review.id)
        .where(
            col(Assignment.person_id) == viewer.person_id,
            col(Assignment.removed_at).is_(None),
            sees(viewer, Facet.BODY),
        )
        .order_by(sa.case((col(Review.state) == ReviewState.SUBMITTED, 1), else_=0), col(Proposal.number))
    )  # fmt: skip
    return [Queued(*row) for row in await rows(db, statement)]


async def the_sheet(db: Db, viewer: Viewer, assignment_id: UUID) -> Sheet:
    """The viewer's own score sheet; 404 for anybody else's, for a removed one and for a conflicted proposal."""
    newest = (
        select(func.max(RubricVersion.number))
        .where(RubricVersion.call_id == Proposal.call_id, RubricVersion.code == Stage.rubric_code)
        .correlate(Proposal, Stage)
        .scalar_subquery()
    )
    statement = (
        sa.select(Assignment, Proposal, Stage, Call, Review, RubricVersion)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Stage, col(Stage.id) == Assignment.stage_id)
        .join(Call, col(Call.id) == Proposal.call_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .join(
            RubricVersion,
            sa.or_(
                col(RubricVersion.id) == Review.rubric_version_id,
                sa.and_(
                    col(Review.id).is_(None),
                    col(RubricVersion.call_id) == Proposal.call_id,
                    col(RubricVersion.code) == Stage.rubric_code,
                    col(RubricVersion.number) == newest,
                ),
            ),
        )
        .where(
            col(Assignment.id) == assignment_id,
            col(Assignment.person_id) == viewer.person_id,
            col(Assignment.removed_at).is_(None),
            sees(viewer, Facet.BODY),
        )
    )
    row = next(iter(await rows(db, statement)), None)
    if row is None:
        raise NotFound
    assignment, proposal, stage, call, review, version = row
    rubric = decoded(version.id, version.digest, version.definition)
    sheet = Sheet(assignment, proposal, stage, call, rubric, version.id, review)
    if review is not None:
        scores = (await db.exec(select(Score).where(Score.review_id == review.id))).all()
        remarks = (await db.exec(select(Remark).where(Remark.review_id == review.id))).all()
        sheet.scores = {score.criterion: score for score in scores}
        sheet.remark_rows = {remark.reader: remark for remark in remarks}
    return sheet


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody's submitted review as others may read it: under a name, or under a pseudonym."""

    review_id: UUID
    who: str
    overall: Decimal | None
    confidence: str
    scores: dict[str, Given | None]
    remarks: dict[RemarkReader, str]
    submitted_at: datetime | None


def pseudonym(stage_id: UUID, proposal_id: UUID, person_id: UUID) -> str:
    """A stable letter-like mark that cannot be joined across proposals."""
    key = hmac.new(settings().key(), b"pseudonym", hashlib.sha256).digest()
    text = f"{stage_id}:{proposal_id}:{person_id}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


async def submitted_reviews(
    db: Db, viewer: Viewer, proposal_id: UUID, stage_id: UUID, *, but_person: UUID | None = None
) -> list[Seen]:
    """The submitted reviews of one proposal that the viewer may read now.

    A reviewer reads the others' when the own review is in; chairs and staff by their sight of REVIEWS. Order and
    names follow the pseudonym, never time or id.
    """
    if not await _may_read_reviews(db, viewer, proposal_id, stage_id):
        return []
    reviews = (
        await db.exec(
            select(Review).where(
                Review.proposal_id == proposal_id,
                Review.stage_id == stage_id,
                Review.state == ReviewState.SUBMITTED,
            )
        )
    ).all()
    ids = [review.id for review in reviews]
    scores = (await db.exec(select(Score).where(col(Score.review_id).in_(ids)))).all()
    remarks = (await db.exec(select(Remark).where(col(Remark.review_id).in_(ids)))).all()
    ordered = sorted(reviews, key=lambda r: pseudonym(stage_id, proposal_id, r.person_id))
    return [
        Seen(
            review.id,
            chr(ord("A") + place % 26),
            review.overall,
            review.confidence,
            {
                s.criterion: NOT_APPLICABLE if s.is_not_applicable else s.value
                for s in scores
                if s.review_id == review.id
            },
            {r.reader: r.text for r in remarks if r.review_id == review.id},
            review.submitted_at,
        )
        for place, review in enumerate(ordered)
        if review.person_id != but_person
    ]


async def _may_read_reviews(db: Db, viewer: Viewer, proposal_id: UUID, stage_id: UUID) -> bool:
    if await is_seen(db, viewer, proposal_id, Facet.REVIEWS):
        return True
    if not await is_seen(db, viewer, proposal_id, Facet.BODY):
        return False
    own = await db.exec(
        select(Review.id)
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .where(
            Review.proposal_id == proposal_id,
            Review.stage_id == stage_id,
            Review.person_id == viewer.person_id,
            Review.state == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
        )
    )
    return own.first() is not None
