from datetime import datetime
from decimal import Decimal
from enum import IntFlag, StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class ProposalState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Proposal(Table, table=True):
    """The thing sent. `number` is drawn at random, so that it tells nothing about how many there are, and is
    given once over all calls, because receipts are numbered after it.

    `title`, `country` and `requested` repeat answers, so that lists need no answer sheet. `decided_at` is the
    instant of release, written by the room of decisions: before it nothing tells that there is a decision.
    """

    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        Index("ix_proposal_number", "number", unique=True),
        Index("ix_proposal_call_state", "call_id", "state"),
    )

    call_id: UUID = Field(foreign_key="call.id")
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    track_id: UUID | None = Field(default=None, foreign_key="track.id")
    sheet_id: UUID = Field(foreign_key="answersheet.id", unique=True)
    organization_id: UUID | None = Field(default=None, foreign_key="organization.id", index=True)
    number: str = Field(max_length=24)
    title: str = Field(default="", sa_column=text_column())
    language: str = Field(max_length=10)
    country: str = Field(default="", max_length=2)
    requested: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    currency: str = Field(default="", max_length=3)
    state: ProposalState = Field(default=ProposalState.DRAFT, sa_column=enum_column(ProposalState))
    is_eligible: bool | None = None
    created_at: datetime = Field(default_factory=now)
    changed_at: datetime = Field(default_factory=now)
    submitted_at: datetime | None = Field(default=None, index=True)
    withdrawn_at: datetime | None = None
    decided_at: datetime | None = None


class TeamRole(StrEnum):
    LEAD = "lead"
    MEMBER = "member"


class TeamMember(Table, table=True):
    __table_args__ = (UniqueConstraint("proposal_id", "person_id"),)

    proposal_id: UUID = Field(foreign_key="proposal.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    role: TeamRole = Field(default=TeamRole.MEMBER, sa_column=enum_column(TeamRole))
    joined_at: datetime = Field(default_factory=now)


class Attachment(Table, table=True):
    """A document in a slot of the form. Removing hides it; the bytes stay until the record may go."""

    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    document_id: UUID = Field(foreign_key="document.id", unique=True)
    question: str = Field(max_length=60)
    added_at: datetime = Field(default_factory=now)
    added_by_id: UUID | None = Field(default=None, foreign_key="person.id")
    removed_at: datetime | None = None


class Revision(Table, table=True):
    """One submission: the receipt. The manifest holds the digest of every answer and file, sealed by the site."""

    __table_args__ = (UniqueConstraint("proposal_id", "n"),)

    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    n: int
    receipt_number: str = Field(unique=True, max_length=40)
    submitted_at: datetime
    submitted_by_id: UUID = Field(foreign_key="person.id")
    manifest: dict[str, Any] = Field(sa_column=json_column())
    digest: str = Field(max_length=64)
    seal: str = Field(default="", max_length=200)


class SlotReopening(Table, table=True):
    """One question of a submitted proposal takes a file again, because the check refused the one that was sent."""

    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    question: str = Field(max_length=60)
    document_id: UUID = Field(foreign_key="document.id", unique=True)
    made_at: datetime = Field(default_factory=now)
    until: datetime
    closed_at: datetime | None = None


class Facet(IntFlag):
    """The sides of a proposal that somebody may see."""

    EXISTS = 1
    BODY = 2
    IDENTITY = 4
    FILES = 8
    REVIEWS = 16
    SCORES = 32
    REVIEWERS = 64
    RANKING = 128
    DECISION = 256
    INTERNAL = 512


class Sight(Table, table=True):
    """One reason why a person sees, or must not see, sides of a proposal. A denial wins over everything."""

    __table_args__ = (
        UniqueConstraint("person_id", "proposal_id", "because"),
        Index("ix_sight_person_denied", "person_id", "is_denied"),
    )

    person_id: UUID = Field(foreign_key="person.id")
    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    facets: int = 0
    is_denied: bool = False
    because: str = Field(max_length=80)
    made_at: datetime = Field(default_factory=now)
