"""The room's own housekeeping."""

from sqlalchemy import delete, text
from sqlmodel import col

from challenge.foundation import clock
from challenge.jobs.context import Task, TaskContext
from challenge.jobs.models import Job, JobState
from challenge.jobs.rules import KEPT


async def tidy(context: TaskContext) -> None:
    """Forget what ended well two weeks ago. What failed stays until somebody looks."""
    before = clock.now() - KEPT
    async with context.database.writing() as db:
        await db.exec(delete(Job).where(col(Job.state) == JobState.DONE, col(Job.ended_at) < before))
        if not context.database.is_sqlite:
            await (await db.connection()).execute(
                text(
                    "DELETE FROM procrastinate_jobs j WHERE status = 'succeeded' AND NOT EXISTS ("
                    "SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at >= :before)"
                ),
                {"before": before},
            )
        await db.commit()


tasks: dict[str, Task] = {"jobs.tidy": tidy}
