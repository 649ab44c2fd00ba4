from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, json_column


class RubricVersion(Table, table=True):
    """How to judge, frozen: a review keeps the version it was scored with."""

    __table_args__ = (UniqueConstraint("call_id", "code", "number"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    code: str = Field(max_length=40)
    number: int
    definition: dict[str, Any] = Field(sa_column=json_column())
    digest: str = Field(max_length=64)
    created_at: datetime = Field(default_factory=now)
