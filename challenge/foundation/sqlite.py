"""SQLite for the event loop: one visit to a connection's thread for each statement.

aiosqlite visits its thread four times for a SELECT (a cursor, the statement, its rows, the end), and each visit
costs more than a small statement. Here the rows come back with the statement, `BEGIN` goes along with the first
statement of a transaction, and a transaction in which nothing was asked ends without a visit.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+onevisit"


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """What a statement left behind; nothing of it stays open in the thread."""

    __slots__ = ("left",)

    def __init__(self, connection: "Connection") -> None:
        self._adapt_connection = connection
        self._connection = connection._connection
        self._rows = deque()
        self.left: tuple[Any, int, int | None] = (None, -1, None)

    @property
    def description(self) -> Any:
        return self.left[0]

    @property
    def rowcount(self) -> int:
        return self.left[1]

    @property
    def lastrowid(self) -> Any:
        return self.left[2]

    def execute(self, operation: Any, parameters: Any = None) -> None:
        self._visit(lambda conn: conn.execute(operation, parameters or ()))

    def executemany(self, operation: Any, seq_of_parameters: Sequence[Any]) -> None:
        self._visit(lambda conn: conn.executemany(operation, seq_of_parameters))

    def _visit(self, ask: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> None:
        self.left, rows = self._adapt_connection.visit(ask)  # type: ignore[attr-defined]
        self._rows = deque(rows)

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        pass


class Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("begins",)
    _cursor_cls = Cursor  # type: ignore[assignment]

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.begins = ""
        """The BEGIN that goes before the next statement."""

    def visit(self, ask: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> tuple[Any, list[Any]]:
        begins, self.begins = self.begins, ""

        def work() -> tuple[Any, list[Any]]:
            conn: sqlite3.Connection = self._connection._conn
            if begins:
                conn.execute(begins)
            cursor = ask(conn)
            rows = cursor.fetchall() if cursor.description else []
            left = (cursor.description, cursor.rowcount, cursor.lastrowid)
            cursor.close()
            return left, rows

        try:
            made: tuple[Any, list[Any]] = await_(self._locked(work))
        except Exception as error:
            self._handle_exception(error)
        return made

    async def _locked(self, work: Callable[[], Any]) -> Any:
        async with self._execute_mutex:
            return await self._connection._execute(work)

    def rollback(self) -> None:
        self.begins = ""
        if self._is_open():
            super().rollback()

    def commit(self) -> None:
        self.begins = ""
        if self._is_open():
            super().commit()

    def _is_open(self) -> bool:
        inner = self._connection._connection
        return inner is not None and inner.in_transaction


class Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *args: Any, **more: Any) -> Connection:
        made = super().connect(*args, **more)
        return Connection(self, made._connection)


class Dialect(SQLiteDialect_aiosqlite):
    driver = "onevisit"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Driver:
        import aiosqlite

        return Driver(aiosqlite, sqlite3)


registry.register("sqlite.onevisit", __name__, "Dialect")
