"""The same promises on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text, update

from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.jobs import queries
from challenge.jobs.actions import enqueue
from challenge.jobs.context import Drained, Task, TaskContext
from challenge.jobs.models import Job, JobState
from challenge.jobs.on_postgres import ProcrastinateRunner
from challenge.jobs.on_sqlite import TableRunner
from challenge.jobs.rules import MOST_ATTEMPTS, wait_after
from challenge.jobs.runner import runner_for
from challenge.settings import settings

Made = TableRunner | ProcrastinateRunner


class Noted:
    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.fails = 0

    async def note(self, context: TaskContext, word: str) -> None:
        self.calls.append((word, context.attempt))
        await asyncio.sleep(0.01)
        if self.fails >= context.attempt:
            raise ValueError("the wall is too high")


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def made(database: Database, noted: Noted) -> Made:
    tasks: dict[str, Task] = {"tests.note": noted.note}
    runner = runner_for(TaskContext(database, settings()), tasks, {})
    assert isinstance(runner, TableRunner | ProcrastinateRunner)
    return runner


async def ask(database: Database, word: str, run_at: datetime | None = None) -> None:
    async with database.writing() as db:
        await enqueue(db, "tests.note", run_at=run_at, word=word)
        await db.commit()


async def counted(database: Database) -> dict[str, int]:
    async with database.reading() as db:
        return await queries.counts(db)


async def test_a_rolled_back_transaction_leaves_no_job(database: Database, made: Made, noted: Noted) -> None:
    async with database.writing() as db:
        await enqueue(db, "tests.note", word="lost")
        await db.rollback()
    assert await made.drain() == Drained(0, 0)
    assert noted.calls == []


async def test_jobs_run_once_and_in_the_order_of_their_asking(
    database: Database, made: Made, noted: Noted, at_noon: datetime
) -> None:
    async with database.writing() as db:
        for word in "abcdefgh":
            await enqueue(db, "tests.note", word=word)
        await db.commit()
    assert await made.drain() == Drained(8, 0)
    assert await made.drain() == Drained(0, 0)
    assert [word for word, _attempt in noted.calls] == list("abcdefgh")
    assert await counted(database) == {"waiting": 0, "running": 0, "done": 8, "failed": 0}


async def test_ids_arrive_as_texts(database: Database) -> None:
    seen: list[object] = []

    async def take(_context: TaskContext, thing_id: str) -> None:
        seen.append(thing_id)

    async with database.writing() as db:
        await enqueue(db, "tests.take", thing_id=UUID(int=7))
        await db.commit()
    await runner_for(TaskContext(database, settings()), {"tests.take": take}, {}).drain()
    assert seen == ["00000000-0000-0000-0000-000000000007"]


async def test_a_job_waits_for_its_time(
    database: Database, made: Made, noted: Noted, at_noon: datetime
) -> None:
    await ask(database, "later", at_noon + timedelta(hours=1))
    assert await made.drain() == Drained(0, 0)
    with clock.stopped(at_noon + timedelta(hours=1)):
        assert await made.drain() == Drained(1, 0)


async def test_four_workers_never_take_one_job_twice(database: Database, noted: Noted, made: Made) -> None:
    for n in range(24):
        await ask(database, str(n))
    tasks: dict[str, Task] = {"tests.note": noted.note}
    context = TaskContext(database, settings())
    done = await asyncio.gather(*(runner_for(context, tasks, {}).drain() for _worker in range(4)))
    assert sum(each.done for each in done) == 24
    assert sorted(int(word) for word, _attempt in noted.calls) == list(range(24))


async def test_a_failure_is_recorded_and_tried_again_later(
    database: Database, made: Made, noted: Noted, at_noon: datetime
) -> None:
    noted.fails = 1
    await ask(database, "hard")
    assert await made.drain() == Drained(0, 1)
    async with database.reading() as db:
        (trouble,) = await queries.troubles(db)
    assert (trouble.task, trouble.attempts, trouble.state) == ("tests.note", 1, JobState.WAITING)
    assert trouble.error == "ValueError: the wall is too high"
    assert trouble.run_at == at_noon + timedelta(seconds=15)
    assert await made.drain() == Drained(0, 0)
    with clock.stopped(at_noon + timedelta(seconds=15)):
        assert await made.drain() == Drained(1, 0)
    assert noted.calls == [("hard", 1), ("hard", 2)]
    async with database.reading() as db:
        assert await queries.troubles(db) == []
    assert await counted(database) == {"waiting": 0, "running": 0, "done": 1, "failed": 0}


async def test_a_job_that_never_ends_well_is_given_up_and_stays_visible(
    database: Database, made: Made, noted: Noted, at_noon: datetime
) -> None:
    noted.fails = 99
    await ask(database, "never")
    moment = at_noon
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with clock.stopped(moment):
            assert await made.drain() == Drained(0, 1)
        moment += wait_after(attempt) or timedelta(days=30)
    with clock.stopped(moment):
        assert await made.drain() == Drained(0, 0)
        async with database.reading() as db:
            (trouble,) = await queries.troubles(db)
    assert (trouble.attempts, trouble.state) == (MOST_ATTEMPTS, JobState.FAILED)
    assert await counted(database) == {"waiting": 0, "running": 0, "done": 0, "failed": 1}


async def test_a_task_that_nobody_knows_fails_by_name(
    database: Database, made: Made, at_noon: datetime
) -> None:
    async with database.writing() as db:
        await enqueue(db, "tests.unheard_of")
        await db.commit()
    assert await made.drain() == Drained(0, 1)
    async with database.reading() as db:
        (trouble,) = await queries.troubles(db)
    assert trouble.error == "UnknownTask: tests.unheard_of"


async def kill_its_worker(database: Database, made: Made, ago: timedelta) -> None:
    """As a worker leaves things that was killed in the middle of a job."""
    async with database.writing() as db:
        if isinstance(made, TableRunner):
            seen = clock.now() - ago
            values = {"state": JobState.RUNNING, "attempts": 1, "started_at": seen, "seen_at": seen}
            await db.exec(update(Job).values(**values))
        else:
            await (await db.connection()).execute(
                text(
                    "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                    " VALUES (now() - make_interval(secs => :s)) RETURNING id)"
                    " UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM w)"
                ),
                {"s": ago.total_seconds()},
            )
        await db.commit()


async def retake(made: Made) -> None:
    if isinstance(made, ProcrastinateRunner):
        async with made.app.open_async():
            await made.retake()


async def test_the_job_of_a_killed_worker_is_taken_again(
    database: Database, made: Made, noted: Noted
) -> None:
    await ask(database, "again")
    await kill_its_worker(database, made, timedelta(seconds=61))
    await retake(made)
    assert await made.drain() == Drained(1, 0)
    assert noted.calls == [("again", 2)]


async def test_the_job_of_a_living_worker_is_left_alone(database: Database, made: Made, noted: Noted) -> None:
    await ask(database, "mine")
    await kill_its_worker(database, made, timedelta(seconds=5))
    await retake(made)
    assert await made.drain() == Drained(0, 0)
    assert (await counted(database))["running"] == 1


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_running_worker_picks_jobs_up_and_ends_what_it_began(
    database: Database, made: Made, noted: Noted
) -> None:
    working = asyncio.create_task(made.run())
    await ask(database, "one")
    await until(lambda: len(noted.calls) == 1)
    await ask(database, "two")
    await until(lambda: len(noted.calls) == 2)
    made.stop()
    async with asyncio.timeout(15):
        await working
    assert (await counted(database))["done"] == 2
    assert (await counted(database))["running"] == 0


async def test_recurring_times_ask_once_for_all_workers(database: Database) -> None:
    seen: list[int] = []

    async def tick(context: TaskContext) -> None:
        seen.append(context.attempt)

    context = TaskContext(database, settings())
    if not database.is_sqlite:
        # procrastinate's own promise; here only that ours is known to it
        made = ProcrastinateRunner(context, {"tests.tick": tick}, {"tests.tick": "*/5 * * * *"})
        assert [key[0] for key in made.app.periodic_registry.periodic_tasks] == ["tests.tick"]
        return
    start = datetime.fromisoformat("2027-02-01T12:00:00+00:00")
    with clock.stopped(start):
        workers = [
            TableRunner(context, {"tests.tick": tick}, {"tests.tick": "*/5 * * * *"}) for _n in range(2)
        ]
    for minute in (4, 5, 6, 10):
        with clock.stopped(start + timedelta(minutes=minute)):
            for worker in workers:
                await worker._ask_for_recurring()
                await worker.drain()
    assert seen == [1, 1]


async def test_a_worker_outlives_a_database_that_cuts_it_off(
    database: Database, made: Made, noted: Noted
) -> None:
    if isinstance(made, TableRunner):
        return  # a file does not hang up
    working = asyncio.create_task(made.run())
    await ask(database, "before")
    await until(lambda: len(noted.calls) == 1)
    async with database.engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await database.engine.dispose()
    await ask(database, "after")
    await until(lambda: len(noted.calls) == 2)
    made.stop()
    async with asyncio.timeout(15):
        await working
