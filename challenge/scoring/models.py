from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, json_column


class Ranking(Table, table=True):
    """A frozen ordered list with its method and inputs: the record alone gives the same numbers again."""

    __table_args__ = (UniqueConstraint("stage_id", "n"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id")
    n: int
    record: dict[str, Any] = Field(sa_column=json_column())
    digest: str = Field(max_length=64)
    frozen_at: datetime = Field(default_factory=now)
    frozen_by_id: UUID | None = Field(default=None, foreign_key="person.id")
    note: str = Field(default="", max_length=500)
