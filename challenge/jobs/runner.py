"""Chooses the runner that fits the database."""

from collections.abc import Mapping
from typing import Protocol

from challenge.jobs.context import Drained, TaskContext, Tasks


class Runner(Protocol):
    def stop(self) -> None: ...
    async def run(self) -> None: ...
    async def drain(self) -> Drained: ...


def runner_for(context: TaskContext, tasks: Tasks, recurring: Mapping[str, str], at_once: int = 4) -> Runner:
    """`recurring` is task -> cron line, in UTC."""
    if context.database.is_sqlite:
        from challenge.jobs.on_sqlite import TableRunner

        return TableRunner(context, tasks, recurring, at_once)
    from challenge.jobs.on_postgres import ProcrastinateRunner  # costs start-up: only who needs it pays

    return ProcrastinateRunner(context, tasks, recurring, at_once)
