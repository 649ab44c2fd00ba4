from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column


class DocumentState(StrEnum):
    STORED = "stored"
    AVAILABLE = "available"
    REJECTED = "rejected"


class Document(Table, table=True):
    """One stored file. The name is the person's; the key in the store is made of ids alone."""

    owner_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    name: str = Field(max_length=255)
    media_type: str = Field(max_length=120)
    size: int
    sha256: str = Field(max_length=64)
    key: str = Field(max_length=200)
    state: DocumentState = Field(default=DocumentState.STORED, sa_column=enum_column(DocumentState))
    reason: str = Field(default="", max_length=300)
    created_at: datetime = Field(default_factory=now)
