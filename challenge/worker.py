"""Builds the job runner; the only list of tasks and recurring times."""

import asyncio
import signal
from contextlib import suppress

from challenge import wiring
from challenge.accounts import tasks as accounts
from challenge.files import tasks as files
from challenge.foundation.db import Database
from challenge.foundation.observe import logger
from challenge.jobs import tasks as jobs
from challenge.jobs.context import Drained, Task, TaskContext
from challenge.jobs.runner import Runner, runner_for
from challenge.mail import tasks as mail
from challenge.notices import tasks as notices
from challenge.proposals import tasks as proposals
from challenge.settings import Settings, settings

TASKS: dict[str, Task] = {
    **jobs.tasks,
    **accounts.tasks,
    **mail.tasks,
    **files.tasks,
    **proposals.tasks,
    **notices.tasks,
}

# task -> cron line, in UTC
RECURRING: dict[str, str] = {
    "mail.sweep": "*/10 * * * *",
    "files.reap": "*/15 * * * *",
    "proposals.settle": "*/15 * * * *",
    "files.purge": "41 3 * * *",
    "proposals.purge": "47 3 * * *",
    "files.strays": "53 3 * * *",
    "jobs.tidy": "17 3 * * *",
    "accounts.forget": "27 3 * * *",
}


def runner(database: Database, config: Settings | None = None) -> Runner:
    wiring.connect()
    return runner_for(TaskContext(database, config or settings()), TASKS, RECURRING)


async def run_all(database: Database, config: Settings | None = None) -> Drained:
    """Run what is due now until nothing is: for the demonstration, for tests, for `challenge worker --once`."""
    return await runner(database, config).drain()


async def work(config: Settings | None = None) -> None:
    """Until SIGTERM or SIGINT; jobs that have begun are brought to their end."""
    config = config or settings()
    database = Database(config.database)
    running = runner(database, config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, running.stop)
    logger.info("worker starts", count=len(TASKS))
    try:
        await running.run()
    finally:
        await database.close()
    logger.info("worker ends")
