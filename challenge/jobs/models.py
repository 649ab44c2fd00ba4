from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column, text_column


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Table, table=True):
    """One piece of work on SQLite, or on PostgreSQL a note about one of procrastinate's that failed."""

    __table_args__ = (Index("ix_job_state_run_at", "state", "run_at"),)

    task: str = Field(max_length=80)
    arguments: dict[str, Any] = Field(sa_column=json_column())
    state: JobState = Field(default=JobState.WAITING, sa_column=enum_column(JobState))
    run_at: datetime = Field(default_factory=now)
    attempts: int = 0
    error: str | None = Field(default=None, sa_column=text_column(nullable=True))
    created_at: datetime = Field(default_factory=now)
    started_at: datetime | None = None
    seen_at: datetime | None = None
    ended_at: datetime | None = None
