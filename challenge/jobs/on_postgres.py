"""The runner on PostgreSQL: procrastinate, whose table is filled from our own transactions."""

import asyncio
import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job as Theirs
from procrastinate.jobs import Status
from procrastinate.retry import BaseRetryStrategy
from procrastinate.schema import SchemaManager
from sqlalchemy import CursorResult, TextClause, text

from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.observe import logger
from challenge.jobs.actions import QUEUE
from challenge.jobs.context import Drained, Task, TaskContext, Tasks
from challenge.jobs.models import Job, JobState
from challenge.jobs.rules import DEAD_AFTER, MOST_ATTEMPTS, is_last, wait_after
from challenge.jobs.running import Failure, run

_CLAIM = text(
    "UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker WHERE id = ("
    " SELECT id FROM procrastinate_jobs"
    " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= :moment)"
    " ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, task_name, args, attempts"
)
_FINISH = text("SELECT procrastinate_finish_job_v1(:id, CAST(:status AS procrastinate_job_status), false)")
_RETRY = text("SELECT procrastinate_retry_job_v2(:id, CAST(:at AS timestamptz), NULL, NULL, NULL)")


async def _sql(db: Db, statement: TextClause, values: dict[str, Any] | None = None) -> CursorResult[Any]:
    return await (await db.connection()).execute(statement, values)


async def prepare(database: Database) -> None:
    """Make procrastinate's tables where there are none."""
    async with database.engine.begin() as connection:
        if (await connection.execute(text("SELECT to_regclass('procrastinate_jobs')"))).scalar() is None:
            driver = (await connection.get_raw_connection()).driver_connection
            # no parameters: PostgreSQL takes the whole script at once
            await driver.execute(SchemaManager.get_schema())  # type: ignore[union-attr]


class ProcrastinateRunner:
    def __init__(
        self, context: TaskContext, tasks: Tasks, recurring: Mapping[str, str], at_once: int = 4
    ) -> None:
        self.context, self.tasks, self.at_once = context, tasks, at_once
        self.database = context.database
        address = self.database.url.replace("postgresql+psycopg://", "postgresql://", 1)
        self.app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=at_once + 2))
        for name, task in tasks.items():
            made = self.app.task(name=name, queue=QUEUE, retry=_Waits(), pass_context=True)(
                self._as_theirs(name, task)
            )
            if name in recurring:
                self.app.periodic(cron=recurring[name])(made)
        self._working: asyncio.Task[None] | None = None
        self._is_stopping = False

    def stop(self) -> None:
        """Procrastinate lets what has begun come to its end when its task is cancelled."""
        self._is_stopping = True
        if self._working is not None:
            self._working.cancel()

    async def run(self) -> None:
        while not self._is_stopping:
            try:
                async with self.app.open_async():
                    self._working = asyncio.create_task(
                        self.app.run_worker_async(
                            concurrency=self.at_once,
                            install_signal_handlers=False,
                            fetch_job_polling_interval=2.0,
                            stalled_worker_timeout=DEAD_AFTER.total_seconds() / 2,
                        )
                    )
                    rescue = asyncio.create_task(self._rescue())
                    try:
                        with suppress(asyncio.CancelledError):
                            await self._working
                    finally:
                        rescue.cancel()
            except Exception as error:
                # the database may be away for a while: the worker outlives that
                logger.error("worker waits", kind=type(error).__name__, exc_info=error)
                await asyncio.sleep(2)

    async def _rescue(self) -> None:
        """Give back, every half minute, the jobs whose worker gave no sign of life."""
        while True:
            with suppress(ConnectorException):
                await self.retake()
            await asyncio.sleep(DEAD_AFTER.total_seconds() / 2)

    async def retake(self) -> int:
        """Jobs of dead workers wait again, or have failed when that was their last try. Returns how many."""
        manager = self.app.job_manager
        found = list(await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER.total_seconds()))
        for job in found:
            if job.attempts + 1 < MOST_ATTEMPTS:
                await manager.retry_job(job, retry_at=clock.now())
                continue
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            failure = Failure("WorkerDied", "its worker died each time")
            await self._note(_id(job), job.task_name, dict(job.task_kwargs), job.attempts + 1, failure)
        return len(found)

    async def drain(self) -> Drained:
        """Run what is due by our clock, one after the other, until nothing is."""
        drained = Drained()
        async with self.database.writing() as db:
            worker = (
                await _sql(db, text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
            ).scalar()
            await db.commit()
        while True:
            async with self.database.writing() as db:
                values = {"worker": worker, "moment": clock.now()}
                await _sql(db, text("SELECT procrastinate_update_heartbeat_v1(:worker)"), values)
                job = (await _sql(db, _CLAIM, values)).first()
                await db.commit()
            if job is None:
                break
            failure = await self._perform(job.id, job.task_name, dict(job.args), job.attempts + 1)
            wait = wait_after(job.attempts + 1)
            async with self.database.writing() as db:
                if failure and wait:
                    await _sql(db, _RETRY, {"id": job.id, "at": clock.now() + wait})
                else:
                    await _sql(db, _FINISH, {"id": job.id, "status": "failed" if failure else "succeeded"})
                await db.commit()
            drained += Drained(0, 1) if failure else Drained(1)
        async with self.database.writing() as db:
            await _sql(db, text("SELECT procrastinate_unregister_worker_v1(:worker)"), {"worker": worker})
            await db.commit()
        return drained

    def _as_theirs(self, name: str, task: Task) -> Task:
        async def perform(their: JobContext, **arguments: Any) -> None:
            arguments.pop("timestamp", None)  # what recurring jobs are given
            failure = await self._perform(_id(their.job), name, arguments, their.job.attempts + 1)
            if failure:
                raise Failed(name)

        return perform

    async def _perform(self, id: int, name: str, arguments: dict[str, Any], attempt: int) -> Failure | None:
        context = dataclasses.replace(self.context, attempt=attempt, is_last=is_last(attempt))
        failure = await run(self.tasks, context, name, arguments)
        if failure or attempt > 1:
            await self._note(id, name, arguments, attempt, failure)
        return failure

    async def _note(
        self, id: int, name: str, arguments: dict[str, Any], attempts: int, failure: Failure | None
    ) -> None:
        """Procrastinate keeps no reason: the row in our own table does, for as long as it matters."""
        async with self.database.writing() as db:
            row = await db.get(Job, UUID(int=id)) or Job(id=UUID(int=id), task=name, arguments=arguments)
            row.attempts, row.ended_at = attempts, clock.now()
            row.error = str(failure) if failure else None
            wait = wait_after(attempts)
            row.state = (JobState.WAITING if wait else JobState.FAILED) if failure else JobState.DONE
            row.run_at = clock.now() + wait if failure and wait else row.run_at
            db.add(row)
            await db.commit()


class Failed(Exception):
    """Tells procrastinate that the task failed; why stands in our table."""


class _Waits(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Theirs) -> RetryDecision | None:
        wait = wait_after(job.attempts + 1)
        return RetryDecision(retry_at=clock.now() + wait) if wait else None


def _id(job: Theirs) -> int:
    if job.id is None:
        raise LookupError("a running job has an id")
    return job.id
