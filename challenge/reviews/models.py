from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, text_column


class ReviewState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"


class Review(Table, table=True):
    """`overall` is the review's overall score, there while it is submitted; `version` counts the saves."""

    # lists count and average the reviews of a proposal from this index alone
    __table_args__ = (Index("ix_review_tally", "proposal_id", "stage_id", "state", "overall"),)

    assignment_id: UUID = Field(foreign_key="assignment.id", unique=True)
    proposal_id: UUID = Field(foreign_key="proposal.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    rubric_version_id: UUID = Field(foreign_key="rubricversion.id")
    state: ReviewState = Field(default=ReviewState.DRAFT, sa_column=enum_column(ReviewState, index=True))
    language: str = Field(default="", max_length=10)
    confidence: str = Field(default="", max_length=20)
    confidence_version: int = 0
    overall: Decimal | None = Field(default=None, max_digits=9, decimal_places=4)
    version: int = 1
    started_at: datetime = Field(default_factory=now)
    saved_at: datetime = Field(default_factory=now)
    submitted_at: datetime | None = None
    reopened_at: datetime | None = None


class Score(Table, table=True):
    """One number for one criterion; no number and `is_not_applicable` leaves the mean untouched."""

    __table_args__ = (UniqueConstraint("review_id", "criterion"),)

    review_id: UUID = Field(foreign_key="review.id")
    criterion: str = Field(max_length=60)
    value: Decimal | None = Field(default=None, max_digits=7, decimal_places=2)
    is_not_applicable: bool = False
    version: int = 1
    saved_at: datetime = Field(default_factory=now)


class RemarkReader(StrEnum):
    APPLICANT = "applicant"
    PANEL = "panel"


class Remark(Table, table=True):
    """Words of a reviewer: to the applicant (released with the decision) or to the panel alone."""

    __table_args__ = (UniqueConstraint("review_id", "reader"),)

    review_id: UUID = Field(foreign_key="review.id")
    reader: RemarkReader = Field(sa_column=enum_column(RemarkReader))
    text: str = Field(sa_column=text_column())
    version: int = 1
    saved_at: datetime = Field(default_factory=now)
