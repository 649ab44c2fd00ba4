"""The one seam: `enqueue` writes the job in the transaction of the change that asked for it."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.jobs.models import Job

QUEUE = "challenge"
_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW("
    ":queue, :task, 0, NULL, NULL, CAST(:arguments AS jsonb), CAST(:run_at AS timestamptz)"
    ")]::procrastinate_job_to_defer_v1[])"
)


async def enqueue(db: Db, task: str, *, run_at: datetime | None = None, **arguments: Any) -> None:
    """Ask for a task by name with plain arguments (ids, texts). A rolled-back transaction leaves no job."""
    plain = {key: str(value) if isinstance(value, UUID) else value for key, value in arguments.items()}
    if db.get_bind().dialect.name == "postgresql":
        values = {"queue": QUEUE, "task": task, "arguments": json.dumps(plain), "run_at": run_at}
        await (await db.connection()).execute(_DEFER, values)
    else:
        db.add(Job(task=task, arguments=plain, run_at=run_at or clock.now()))
