"""The database: SQLite on one machine, PostgreSQL when it grows, the same code on both.

A request that may change something begins its transaction with the right to write (`BEGIN IMMEDIATE` on
SQLite): a transaction that starts by reading and then writes fails at once under load, whatever the timeout.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Connection, Enum, Executable, Text, event, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as SqlAlchemySession
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from challenge.foundation import sqlite
from challenge.foundation.errors import Unavailable
from challenge.foundation.i18n import _
from challenge.foundation.ids import new_id

Db = AsyncSession
JsonType = JSON().with_variant(JSONB(), "postgresql")


class Table(SQLModel):
    """What all tables have. Never filled straight from a request: table models do not validate."""

    id: UUID = Field(default_factory=new_id, primary_key=True)


def json_column(nullable: bool = False) -> Any:
    return Column(JsonType, nullable=nullable)


def text_column(nullable: bool = False) -> Any:
    return Column(Text, nullable=nullable)


def enum_column(kind: type[StrEnum], *, index: bool = False, nullable: bool = False) -> Any:
    """Stored as text, so that a new member is no migration."""
    return Column(
        Enum(
            kind,
            native_enum=False,
            length=30,
            values_callable=lambda e: [m.value for m in e],
            create_constraint=False,
        ),
        nullable=nullable,
        index=index,
    )


def url_for_driver(url: str) -> str:
    if url.startswith("sqlite:///"):
        return f"{sqlite.DRIVER}:///" + url.removeprefix("sqlite:///")
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    return url


class Database:
    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = self._engine()
        self._immediate = self.engine.execution_options(begins="IMMEDIATE") if self.is_sqlite else self.engine

    def _engine(self) -> AsyncEngine:
        if not self.is_sqlite:
            return create_async_engine(
                url_for_driver(self.url),
                pool_size=10,
                max_overflow=10,
                pool_pre_ping=True,
                hide_parameters=True,
            )
        Path(self.url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            url_for_driver(self.url), pool_size=8, max_overflow=24, pool_timeout=30, hide_parameters=True
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Db]:
        async with Db(self.engine, expire_on_commit=False) as db:
            yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Db]:
        """A session that holds the right to write from its first statement. It still has to be committed."""
        async with Db(self._immediate, expire_on_commit=False) as db:
            yield db

    def session(self, *, writes: bool, kind: type[Db] = Db) -> Db:
        return kind(self._immediate if writes else self.engine, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=15000",
        "cache_size=-16000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    how = connection.get_execution_options().get("begins", "")
    driver = connection.connection.dbapi_connection
    driver.begins = f"BEGIN {how}"  # type: ignore[union-attr]


async def rows(db: Db, statement: Executable) -> Sequence[Any]:
    """The rows of a statement with many columns, for which `exec` has no type."""
    return (await SqlAlchemySession.execute(db, statement)).all()


def is_down(error: BaseException) -> bool:
    """Whether the error means that the database cannot be reached, rather than that we asked wrongly."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def unavailable() -> Unavailable:
    return Unavailable(
        _(
            "The database does not answer. What you saved is safe; keep this page open and try again in a few minutes."
        ),
        part="database",
    )


def as_dict(row: SQLModel) -> dict[str, Any]:
    """All columns of a row, for the record and for tests."""
    return {c.key: getattr(row, c.key) for c in inspect(type(row)).mapper.column_attrs}


Moment = datetime
