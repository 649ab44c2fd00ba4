"""Move a database to a numbered state. The same on SQLite and PostgreSQL."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from challenge.foundation.db import Database

HERE = Path(__file__).parent


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(url: str, to: str = "head") -> None:
    command.upgrade(config(url), to)
    if not url.startswith("sqlite"):
        asyncio.run(_prepare_jobs(url))


async def _prepare_jobs(url: str) -> None:
    from challenge.jobs import on_postgres  # costs start-up: only who needs it pays

    database = Database(url)
    try:
        await on_postgres.prepare(database)
    finally:
        await database.close()


def downgrade(url: str, to: str) -> None:
    command.downgrade(config(url), to)


def newest() -> str:
    return ScriptDirectory.from_config(config("")).get_current_head() or ""


async def present(database: Database) -> str:
    """The number at which a database stands; nothing when it was never migrated."""

    def read(connection: Connection) -> str:
        return MigrationContext.configure(connection).get_current_revision() or ""

    async with database.engine.connect() as connection:
        return await connection.run_sync(read)


def is_ours(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """For Alembic's comparison: the job library's tables on PostgreSQL are its own affair."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))
