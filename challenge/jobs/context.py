"""What a task gets beside its arguments."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from challenge.foundation.db import Database
from challenge.settings import Settings


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task opens its own sessions, as short as it can, and commits them itself.

    `is_last` tells that nothing tries again after this attempt.
    """

    database: Database
    settings: Settings
    attempt: int = 1
    is_last: bool = False


# `async def task(context, **arguments)`; the arguments are those given to `enqueue`, ids as texts
Task = Callable[..., Awaitable[None]]
Tasks = Mapping[str, Task]


@dataclass(frozen=True, slots=True)
class Drained:
    done: int = 0
    failed: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(self.done + other.done, self.failed + other.failed)
