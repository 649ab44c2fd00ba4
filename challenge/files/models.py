from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column


class DocumentState(StrEnum):
    UPLOADING = "uploading"
    COMPLETING = "completing"
    STORED = "stored"
    SCANNING = "scanning"
    AVAILABLE = "available"
    SEALED = "sealed"
    QUARANTINED = "quarantined"
    CORRUPT = "corrupt"
    UNSCANNED = "unscanned"
    EXPIRED = "expired"
    ABORTED = "aborted"
    PURGED = "purged"


class Document(Table, table=True):
    """One file. The name is the person's; the key in the store is made of ids alone.

    `sha256` is that of all bytes, known once they were read back; `tree` that of the digests of its parts, one
    after the other, as the browser made it before sending.
    """

    owner_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    name: str = Field(max_length=255)
    media_type: str = Field(max_length=120)
    size: int = Field(sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), nullable=False))
    sha256: str = Field(default="", max_length=64)
    tree: str = Field(default="", max_length=64)
    key: str = Field(max_length=200)
    sealed_key: str = Field(default="", max_length=200)
    state: DocumentState = Field(
        default=DocumentState.STORED, sa_column=enum_column(DocumentState, index=True)
    )
    reason: str = Field(default="", max_length=300)
    flags: list[str] = Field(default_factory=list, sa_column=json_column())
    chain_id: UUID | None = Field(default=None, description="the call in whose record it stands")
    created_at: datetime = Field(default_factory=now)
    stored_at: datetime | None = None


class Upload(SQLModel, table=True):
    """How a document is sent in parts. The row stays after the file is stored: it tells when it was begun."""

    __table_args__ = (UniqueConstraint("person_id", "once"),)

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    place_id: UUID = Field(index=True, description="what it is sent for, such as a proposal")
    slot: str = Field(max_length=60)
    once: str = Field(max_length=100, description="the sender's own mark: the same one begins one upload")
    reference: str = Field(max_length=1024, description="the store's name for it")
    part_size: int
    most_pages: int | None = Field(default=None, description="of a PDF, as its place takes")
    began_at: datetime = Field(default_factory=now)
    touched_at: datetime = Field(default_factory=now, index=True)
    ends_at: datetime = Field(description="no part and no completion is taken after this")


class SealedCopy(SQLModel, table=True):
    """A copy of a document that belongs to one submission. Wanted in the submission's transaction, made by a job."""

    key: str = Field(primary_key=True, max_length=200)
    document_id: UUID = Field(foreign_key="document.id", index=True)
    wanted_at: datetime = Field(default_factory=now)
    sealed_at: datetime | None = None
    sha256: str = Field(default="", max_length=64, description="of the copy, as it was read back")


class Stray(SQLModel, table=True):
    """An object of the store of which no row knows. Stores do not tell ages, so the first sight of it counts."""

    key: str = Field(primary_key=True, max_length=200)
    seen_at: datetime = Field(default_factory=now)
