"""What has served is forgotten, what still counts stays."""

from datetime import timedelta

from sqlmodel import col, func, select

from challenge.accounts import actions, tasks
from challenge.accounts.models import Attempt, Link, LinkPurpose, Session
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.jobs.context import TaskContext
from challenge.settings import settings
from tests.builders.people import a_person
from tests.conftest import NOON


async def test_old_tries_links_and_sessions_are_forgotten(database: Database) -> None:
    for age in (timedelta(days=60), timedelta(hours=1)):
        with clock.stopped(NOON - age):
            async with database.writing() as db:
                person = await a_person(db)
                await actions.count(db, "sign_up", person.email)
                await actions.make_link(db, person, LinkPurpose.SIGN_IN)
                await actions.open_session(db, person, "tests")
                await db.commit()
    with clock.stopped(NOON):
        await tasks.forget(TaskContext(database, settings()))
    async with database.reading() as db:
        for table, moment in (
            (Attempt, col(Attempt.at)),
            (Link, col(Link.created_at)),
            (Session, col(Session.created_at)),
        ):
            kept = (await db.exec(select(func.count(), func.min(moment)).select_from(table))).one()
            assert kept == (1, NOON - timedelta(hours=1)), table
