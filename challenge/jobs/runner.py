"""Chooses the runner that fits the database."""

from collections.abc import Mapping
from typing import Protocol

from challenge.jobs.context import Drained, TaskContext, Tasks
from challenge.jobs.on_postgres import ProcrastinateRunner
from challenge.jobs.on_sqlite import TableRunner


class Runner(Protocol):
    def stop(self) -> None: ...
    async def run(self) -> None: ...
    async def drain(self) -> Drained: ...


def runner_for(context: TaskContext, tasks: Tasks, recurring: Mapping[str, str], at_once: int = 4) -> Runner:
    """`recurring` is task -> cron line, in UTC."""
    kind = TableRunner if context.database.is_sqlite else ProcrastinateRunner
    return kind(context, tasks, recurring, at_once)
