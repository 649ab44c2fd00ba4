from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, text_column


class RulingResult(StrEnum):
    ELIGIBLE = "eligible"
    ADMITTED_WITH_REMARK = "admitted-with-remark"
    NOT_ELIGIBLE = "not-eligible"


class Ruling(Table, table=True):
    """What somebody decided about the conditions. The last one counts; the earlier ones stay."""

    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    result: RulingResult = Field(sa_column=enum_column(RulingResult))
    check: str = Field(default="", max_length=60)
    note: str = Field(sa_column=text_column())
    ruled_at: datetime = Field(default_factory=now)
    ruled_by_id: UUID | None = Field(default=None, foreign_key="person.id")
