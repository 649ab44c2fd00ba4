from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class NoticeState(StrEnum):
    PREPARED = "prepared"
    ISSUED = "issued"
    REPLACED = "replaced"
    REVOKED = "revoked"


class NumberSeries(Table, table=True):
    """The last number given under a stem. Whoever takes numbers holds this row, so that none is given twice."""

    stem: str = Field(unique=True, max_length=30)
    last: int


class Notice(Table, table=True):
    """A formal message with its PDF. Issued once, never made again: a new one replaces it under a new number."""

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    proposal_id: UUID = Field(foreign_key="proposal.id", index=True)
    decision_id: UUID = Field(foreign_key="decision.id", index=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=40)
    language: str = Field(max_length=10)
    number: str = Field(unique=True, max_length=40)
    code: str = Field(unique=True, max_length=30)
    state: NoticeState = Field(default=NoticeState.PREPARED, sa_column=enum_column(NoticeState))
    record: dict[str, Any] = Field(sa_column=json_column())
    document_id: UUID | None = Field(default=None, foreign_key="document.id")
    sha256: str = Field(default="", max_length=64)
    certificate_sha256: str = Field(default="", max_length=64)
    """Of the certificate that signed it; the one in use today may be another."""
    message_id: UUID | None = Field(default=None, foreign_key="message.id")
    prepared_at: datetime = Field(default_factory=now)
    issued_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_because: str = Field(default="", sa_column=text_column())
    replaced_by_id: UUID | None = Field(default=None, foreign_key="notice.id")
