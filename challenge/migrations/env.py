"""Alembic's entry: the address comes from the settings, the tables from the rooms."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from challenge import tables  # noqa: F401 - registers every table
from challenge.foundation.db import Database
from challenge.migrations.run import is_ours


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        include_object=is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def online(url: str) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(run)
    await database.close()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(online(context.config.get_main_option("sqlalchemy.url") or ""))
