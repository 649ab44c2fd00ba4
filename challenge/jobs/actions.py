"""The one seam: `enqueue` writes the job in the transaction of the change that asked for it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.jobs import on_postgres
from challenge.jobs.models import Job


async def enqueue(db: Db, task: str, *, run_at: datetime | None = None, **arguments: Any) -> None:
    """Ask for a task by name with plain arguments (ids, texts). A rolled-back transaction leaves no job."""
    plain = {key: str(value) if isinstance(value, UUID) else value for key, value in arguments.items()}
    if db.get_bind().dialect.name == "postgresql":
        await on_postgres.enqueue(db, task, plain, run_at)
    else:
        db.add(Job(task=task, arguments=plain, run_at=run_at or clock.now()))
