from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class Outcome(StrEnum):
    AWARD = "award"
    RESERVE = "reserve"
    DECLINE = "decline"
    NOT_ELIGIBLE = "not-eligible"


class Decision(Table, table=True):
    """The outcome of one proposal in one stage. `reason` is for the record, `feedback` for the applicant."""

    __table_args__ = (UniqueConstraint("proposal_id", "stage_id"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    proposal_id: UUID = Field(foreign_key="proposal.id")
    outcome: Outcome = Field(sa_column=enum_column(Outcome))
    place: int | None = None
    reserve_place: int | None = None
    reason: str = Field(sa_column=text_column())
    feedback: str = Field(default="", sa_column=text_column())
    feedback_language: str = Field(default="", max_length=10)
    version: int = 1
    decided_at: datetime = Field(default_factory=now)
    decided_by_id: UUID = Field(foreign_key="person.id")


class Award(Table, table=True):
    """What is granted: money, support in kind, recognition. An amount stands with its currency."""

    decision_id: UUID = Field(foreign_key="decision.id", unique=True)
    types: list[str] = Field(default_factory=list, sa_column=json_column())
    amount: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    currency: str = Field(default="", max_length=3)
    is_paid: bool = False


class SignOff(Table, table=True):
    """A second person's signature under all decisions of a stage, by digest: a later change voids it."""

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    digest: str = Field(max_length=64)
    record: dict[str, Any] = Field(sa_column=json_column())
    signed_at: datetime = Field(default_factory=now)
    signed_by_id: UUID = Field(foreign_key="person.id")
    voided_at: datetime | None = None


class Release(Table, table=True):
    """The one instant from which the decisions of a stage may be seen. Queries compare it with the clock."""

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", unique=True)
    sign_off_id: UUID = Field(foreign_key="signoff.id")
    released_at: datetime = Field(index=True)
    made_at: datetime = Field(default_factory=now)
    made_by_id: UUID = Field(foreign_key="person.id")
