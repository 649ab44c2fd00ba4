"""The room's own housekeeping."""

from challenge.accounts import actions
from challenge.jobs.context import Task, TaskContext


async def forget(context: TaskContext) -> None:
    """Drop counted tries, kept answers, old links and sessions that have served."""
    async with context.database.writing() as db:
        await actions.forget_old(db)
        await db.commit()


tasks: dict[str, Task] = {"accounts.forget": forget}
