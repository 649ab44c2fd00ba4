from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class MessageState(StrEnum):
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Message(Table, table=True):
    """One mail to one person. Secrets (links) are not kept: they are made when the message leaves."""

    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    to: str = Field(max_length=254)
    language: str = Field(max_length=10)
    template: str = Field(max_length=80)
    subject: str = Field(sa_column=text_column())
    text: str = Field(sa_column=text_column())
    html: str = Field(sa_column=text_column())
    attachments: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    about_id: UUID | None = Field(default=None, index=True)
    state: MessageState = Field(default=MessageState.QUEUED, sa_column=enum_column(MessageState, index=True))
    reply_to: str = Field(default="", max_length=254)
    attempts: int = 0
    claimed_at: datetime | None = None
    error: str | None = Field(default=None, sa_column=text_column(nullable=True))
    created_at: datetime = Field(default_factory=now)
    sent_at: datetime | None = None
