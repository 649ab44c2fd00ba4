"""The runner on SQLite: one table, claimed under `BEGIN IMMEDIATE`, so that no two workers take one job."""

import asyncio
import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from croniter import croniter  # type: ignore[import-untyped]
from sqlalchemy import and_, literal_column, or_, update
from sqlmodel import col, select

from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.observe import logger
from challenge.jobs.context import Drained, TaskContext, Tasks
from challenge.jobs.models import Job, JobState
from challenge.jobs.rules import BEAT, DEAD_AFTER, MOST_ATTEMPTS, is_last, wait_after
from challenge.jobs.running import Failure, run

PAUSE = 0.5


class TableRunner:
    def __init__(
        self, context: TaskContext, tasks: Tasks, recurring: Mapping[str, str], at_once: int = 4
    ) -> None:
        self.context, self.tasks, self.recurring, self.at_once = context, tasks, recurring, at_once
        self.database: Database = context.database
        self._stopping = asyncio.Event()
        self._running: set[UUID] = set()
        self._due = {name: _next(cron, clock.now()) for name, cron in recurring.items()}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Take jobs until `stop`; those begun are brought to their end."""
        beat = asyncio.create_task(self._beat())
        working: set[asyncio.Task[bool]] = set()
        try:
            while not self._stopping.is_set():
                try:
                    await self._ask_for_recurring()
                    job = await self._claim() if len(working) < self.at_once else None
                except Exception as error:
                    # the database may be away for a while: the worker outlives that
                    logger.error("worker waits", kind=type(error).__name__, exc_info=error)
                    job = None
                if job is not None:
                    working.add(asyncio.create_task(self._work(job)))
                else:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), PAUSE)
                working = {task for task in working if not task.done()}
            await asyncio.gather(*working, return_exceptions=True)
        finally:
            beat.cancel()

    async def drain(self) -> Drained:
        """Run what is due now, one after the other, until nothing is."""
        drained = Drained()
        while job := await self._claim():
            drained += Drained(1) if await self._work(job) else Drained(0, 1)
        return drained

    async def _claim(self) -> Job | None:
        moment = clock.now()
        due = or_(
            and_(col(Job.state) == JobState.WAITING, col(Job.run_at) <= moment),
            and_(
                col(Job.state) == JobState.RUNNING,
                or_(col(Job.seen_at).is_(None), col(Job.seen_at) < moment - DEAD_AFTER),
            ),
        )
        async with self.database.reading() as db:
            if (await db.exec(select(Job.id).where(due).limit(1))).first() is None:
                return None
        async with self.database.writing() as db:
            wanted = select(Job).where(due).order_by(col(Job.run_at), literal_column("job.rowid")).limit(1)
            job = (await db.exec(wanted)).first()
            if job is None:
                return None
            if job.attempts >= MOST_ATTEMPTS:
                _end(job, Failure("WorkerDied", "its worker died each time"), moment)
                await db.commit()
                return await self._claim()
            job.state, job.attempts = JobState.RUNNING, job.attempts + 1
            job.started_at = job.seen_at = moment
            await db.commit()
            self._running.add(job.id)
            return job

    async def _work(self, job: Job) -> bool:
        context = dataclasses.replace(self.context, attempt=job.attempts, is_last=is_last(job.attempts))
        try:
            failure = await run(self.tasks, context, job.task, job.arguments)
            async with self.database.writing() as db:
                kept = await db.get(Job, job.id)
                # somebody who thought us dead may have taken it since
                if kept is not None and kept.state == JobState.RUNNING and kept.attempts == job.attempts:
                    _end(kept, failure, clock.now())
                    await db.commit()
            return failure is None
        finally:
            self._running.discard(job.id)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            if self._running:
                with suppress(Exception):
                    async with self.database.writing() as db:
                        mine = update(Job).where(col(Job.id).in_(self._running))
                        await db.exec(mine.values(seen_at=clock.now()))
                        await db.commit()

    async def _ask_for_recurring(self) -> None:
        """Several workers may come to this at once: one job for each task and time."""
        moment = clock.now()
        for name, due in self._due.items():
            if due > moment:
                continue
            async with self.database.writing() as db:
                asked = select(Job.id).where(Job.task == name, Job.run_at == due)
                if (await db.exec(asked)).first() is None:
                    db.add(Job(task=name, arguments={}, run_at=due))
                    await db.commit()
            self._due[name] = _next(self.recurring[name], moment)


def _end(job: Job, failure: Failure | None, moment: datetime) -> None:
    job.error = str(failure) if failure else None
    job.ended_at = moment
    if failure is None:
        job.state = JobState.DONE
        return
    wait = wait_after(job.attempts)
    job.state = JobState.FAILED if wait is None else JobState.WAITING
    job.run_at = moment + wait if wait else job.run_at


def _next(cron: str, moment: datetime) -> datetime:
    found: datetime = croniter(cron, moment).get_next(datetime)
    return found
