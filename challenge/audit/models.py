from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from challenge.foundation.db import Table, json_column


class Head(SQLModel, table=True):
    """The end of one chain; locked by whoever adds the next entry."""

    chain: str = Field(primary_key=True, max_length=40)
    n: int = 0
    hash: str = Field(default="", max_length=64)


class Entry(Table, table=True):
    """One line. `facts` stand beside the chain under a salted digest: they can be erased, the chain still holds."""

    __table_args__ = (UniqueConstraint("chain", "n"),)

    chain: str = Field(max_length=40)
    n: int
    at: datetime
    by: str = Field(max_length=60)
    via: str = Field(default="web", max_length=20)
    event: str = Field(max_length=60, index=True)
    thing_kind: str = Field(max_length=40)
    thing_id: UUID | None = Field(default=None, index=True)
    facts: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    salt: str = Field(default="", max_length=64)
    facts_digest: str = Field(max_length=64)
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)
