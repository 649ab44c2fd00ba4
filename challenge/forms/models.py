from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import JsonType, Table, json_column


class FormVersion(Table, table=True):
    """What is asked, frozen: a proposal keeps the version it answers. A change makes a new version."""

    __table_args__ = (UniqueConstraint("call_id", "code", "number"),)

    call_id: UUID = Field(foreign_key="call.id", index=True)
    code: str = Field(max_length=40)
    number: int
    definition: dict[str, Any] = Field(sa_column=json_column())
    digest: str = Field(max_length=64)
    created_at: datetime = Field(default_factory=now)


class AnswerSheet(Table, table=True):
    """One person's or team's answers to one form version."""

    form_version_id: UUID = Field(foreign_key="formversion.id", index=True)
    language: str = Field(max_length=10)
    created_at: datetime = Field(default_factory=now)


class Answer(Table, table=True):
    """One answer. `version` counts its saves, so that a stale save is refused instead of overwriting."""

    __table_args__ = (UniqueConstraint("sheet_id", "question"),)

    sheet_id: UUID = Field(foreign_key="answersheet.id")
    question: str = Field(max_length=60)
    value: Any = Field(sa_column=Column(JsonType, nullable=True))
    version: int = 1
    saved_at: datetime = Field(default_factory=now)
    saved_by_id: UUID | None = Field(default=None, foreign_key="person.id")


class EarlierAnswer(Table, table=True):
    """What stood there before: kept so that no word is lost, shown to the team as the history of an answer."""

    __table_args__ = (UniqueConstraint("sheet_id", "question", "version"),)

    sheet_id: UUID = Field(foreign_key="answersheet.id", index=True)
    question: str = Field(max_length=60)
    version: int
    value: Any = Field(sa_column=Column(JsonType, nullable=True))
    saved_at: datetime
    saved_by_id: UUID | None = Field(default=None, foreign_key="person.id")
