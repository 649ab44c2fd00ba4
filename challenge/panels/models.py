from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class Panel(Table, table=True):
    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    name: str = Field(max_length=200)
    created_at: datetime = Field(default_factory=now)


class SeatKind(StrEnum):
    REVIEWER = "reviewer"
    CHAIR = "chair"


class SeatState(StrEnum):
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Seat(Table, table=True):
    """One person's place on one panel, from the invitation on."""

    __table_args__ = (UniqueConstraint("panel_id", "person_id"),)

    panel_id: UUID = Field(foreign_key="panel.id", index=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: SeatKind = Field(default=SeatKind.REVIEWER, sa_column=enum_column(SeatKind))
    state: SeatState = Field(default=SeatState.INVITED, sa_column=enum_column(SeatState))
    invited_at: datetime = Field(default_factory=now)
    invited_by_id: UUID | None = Field(default=None, foreign_key="person.id")
    answered_at: datetime | None = None
    reason: str = Field(default="", sa_column=text_column())
    max_load: int | None = None


class Expertise(Table, table=True):
    """What a reviewer knows and reads, in vocabulary codes; one row a person."""

    person_id: UUID = Field(foreign_key="person.id", unique=True)
    country: str = Field(default="", max_length=2)
    organization_type: str = Field(default="", max_length=80)
    affiliation: str = Field(default="", max_length=300)
    languages: list[str] = Field(default_factory=list, sa_column=json_column())
    policy_areas: list[str] = Field(default_factory=list, sa_column=json_column())
    themes: list[str] = Field(default_factory=list, sa_column=json_column())
    sdgs: list[str] = Field(default_factory=list, sa_column=json_column())
    keywords: list[str] = Field(default_factory=list, sa_column=json_column())
    changed_at: datetime = Field(default_factory=now)


class Conflict(Table, table=True):
    """A conflict of interest, declared or found. It denies sight at once and is never deleted."""

    __table_args__ = (UniqueConstraint("person_id", "proposal_id"),)

    person_id: UUID = Field(foreign_key="person.id")
    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    kind: str = Field(max_length=40)
    reason: str = Field(default="", sa_column=text_column())
    declared_at: datetime = Field(default_factory=now)
    declared_by_id: UUID | None = Field(default=None, foreign_key="person.id")
