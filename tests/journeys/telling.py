"""Tells the demonstration once into CHALLENGE_VAR_DIR and keeps two earlier states of it beside the end.

    CHALLENGE_VAR_DIR=FOLDER/told python -m tests.journeys.telling

FOLDER/reviewing: the reviews are in but for those of one reviewer; FOLDER/deciding: decided, nobody has signed.
"""

import asyncio
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from challenge import wiring
from challenge.demo.story import Teller
from challenge.foundation import observe
from challenge.foundation.db import Database
from challenge.migrations.run import upgrade
from challenge.settings import settings

NOT_YET = "r2@example.org"  # whose last reviews the state "reviewing" has not got


class Stages(Teller):
    async def rule_and_rank(self) -> None:
        keep("reviewing")
        await super().rule_and_rank()

    async def sign(self) -> None:
        keep("deciding")
        await super().sign()


def keep(name: str) -> Path:
    """A copy of everything as it is now: files are linked, they never change."""
    told = settings().var_dir
    copy = told.parent / name
    shutil.copytree(told, copy, copy_function=os.link, ignore=shutil.ignore_patterns("challenge.db*", "mail"))
    with sqlite3.connect(told / "challenge.db") as source, sqlite3.connect(copy / "challenge.db") as target:
        source.backup(target)
    return copy


def forget_reviews(database: Path, email: str, count: int) -> None:
    """As if this reviewer had not begun the last reviews: there is something to do."""
    with sqlite3.connect(database) as db:
        wanted = "SELECT r.id FROM review r JOIN person p ON p.id = r.person_id WHERE p.email = ? ORDER BY r.submitted_at DESC LIMIT ?"
        for (review,) in db.execute(wanted, (email, count)).fetchall():
            for table, column in (("score", "review_id"), ("remark", "review_id"), ("review", "id")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", (review,))  # noqa: S608 - our own names


async def tell() -> None:
    database = Database(settings().database)
    try:
        await Stages(database, print, datetime.now(UTC).date()).tell()
    finally:
        await database.close()


def main() -> None:
    observe.configure("WARNING")
    wiring.connect()
    settings().var_dir.mkdir(parents=True)
    upgrade(settings().database)
    asyncio.run(tell())
    forget_reviews(settings().var_dir.parent / "reviewing" / "challenge.db", NOT_YET, 2)


if __name__ == "__main__":
    main()
