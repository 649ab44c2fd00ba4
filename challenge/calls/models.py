from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column
from challenge.foundation.i18n import Texts


class CallState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Blindness(StrEnum):
    """Who sees whom in a stage: `single` hides reviewers from applicants, `double` applicants from reviewers too."""

    OPEN = "open"
    SINGLE = "single"
    DOUBLE = "double"


class Programme(Table, table=True):
    slug: str = Field(unique=True, max_length=80)
    title: Texts = Field(sa_column=json_column())
    organizer: dict[str, Any] = Field(sa_column=json_column())
    brand: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class Call(Table, table=True):
    """One opening. `facts` is the published description: awards, eligibility, partners, themes, notice texts."""

    programme_id: UUID = Field(foreign_key="programme.id", index=True)
    slug: str = Field(unique=True, max_length=80)
    prefix: str = Field(max_length=12)
    title: Texts = Field(sa_column=json_column())
    summary: Texts = Field(sa_column=json_column())
    guidance: Texts = Field(default_factory=dict, sa_column=json_column())
    zone: str = Field(max_length=64)
    languages: list[str] = Field(sa_column=json_column())
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    source: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    state: CallState = Field(default=CallState.DRAFT, sa_column=enum_column(CallState, index=True))
    is_demonstration: bool = False
    published_at: datetime | None = None
    results_at: datetime | None = None
    created_at: datetime = Field(default_factory=now)
    changed_at: datetime = Field(default_factory=now)
    version: int = 1


class Stage(Table, table=True):
    """One pass of a call. `opens_at` and `closes_at` are instants; the call's zone is how they are written.

    `reviews_closed_at` is set while a frozen ranking stands, `decisions_signed_at` while a signature does: upper
    rooms write them, so that lower rooms can ask.
    """

    __table_args__ = (UniqueConstraint("call_id", "code"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    code: str = Field(max_length=40)
    position: int = 0
    label: Texts = Field(sa_column=json_column())
    opens_at: datetime
    closes_at: datetime = Field(index=True)
    blindness: Blindness = Field(default=Blindness.SINGLE, sa_column=enum_column(Blindness))
    reviews_per_proposal: int = 3
    form_code: str = Field(default="form", max_length=40)
    rubric_code: str = Field(default="rubric", max_length=40)
    reviews_closed_at: datetime | None = None
    decisions_signed_at: datetime | None = None


class Track(Table, table=True):
    __table_args__ = (UniqueConstraint("call_id", "code"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    code: str = Field(max_length=40)
    position: int = 0
    label: Texts = Field(sa_column=json_column())
    award_count: int | None = None


class Milestone(Table, table=True):
    """A dated line of the published timetable."""

    __table_args__ = (UniqueConstraint("call_id", "code"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    code: str = Field(max_length=40)
    date: date
    label: Texts = Field(sa_column=json_column())
