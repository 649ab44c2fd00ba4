"""One run of one job, the same on both databases: found, timed, counted, told."""

import time
from dataclasses import dataclass
from typing import Any

from challenge.foundation.observe import record_job
from challenge.jobs.context import TaskContext, Tasks
from challenge.jobs.rules import wait_after


class UnknownTask(LookupError):
    """A job names a task that this version does not have."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What the table keeps of it; the log keeps less."""

    kind: str
    says: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.says}"[:1000]


async def run(tasks: Tasks, context: TaskContext, name: str, arguments: dict[str, Any]) -> Failure | None:
    """Nothing when the task ended well, else what went wrong. Never raises for the task's own faults."""
    started = time.perf_counter()
    try:
        if name not in tasks:
            raise UnknownTask(name)
        await tasks[name](context, **arguments)
    except Exception as error:
        result = "failed" if wait_after(context.attempt) is None else "retried"
        record_job(name, result, time.perf_counter() - started, context.attempt, error)
        return Failure(type(error).__name__, str(error))
    record_job(name, "done", time.perf_counter() - started, context.attempt)
    return None
