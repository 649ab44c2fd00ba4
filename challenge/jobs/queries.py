from sqlalchemy import func, text
from sqlmodel import col, select

from challenge.foundation.db import Db
from challenge.jobs.models import Job, JobState

_THEIRS = {"todo": "waiting", "doing": "running", "succeeded": "done", "failed": "failed"}


async def counts(db: Db) -> dict[str, int]:
    """Jobs by state: waiting, running, done, failed."""
    found = dict.fromkeys(("waiting", "running", "done", "failed"), 0)
    if db.get_bind().dialect.name == "postgresql":
        states = await (await db.connection()).execute(
            text("SELECT CAST(status AS text), count(*) FROM procrastinate_jobs GROUP BY 1")
        )
        for state, count in states.all():
            if state in _THEIRS:
                found[_THEIRS[state]] = count
        return found
    for kept, count in (await db.exec(select(Job.state, func.count()).group_by(Job.state))).all():
        found[str(kept)] = count
    return found


async def troubles(db: Db, limit: int = 50) -> list[Job]:
    """Jobs that failed and either wait for another try or were given up, the latest first."""
    wanted = (
        select(Job)
        .where(col(Job.error).is_not(None), col(Job.state) != JobState.DONE)
        .order_by(col(Job.ended_at).desc())
        .limit(limit)
    )
    return list((await db.exec(wanted)).all())
