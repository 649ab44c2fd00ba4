"""What the command doors of all rooms share: a session, somebody who acts, words or JSON as the answer."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from challenge.accounts.viewer import Viewer, for_command
from challenge.foundation.db import Database, Db
from challenge.settings import settings

T = TypeVar("T")
Subparsers = Any  # argparse has no public name for it
Work = Callable[[Db, Viewer, argparse.Namespace], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: words for people, data for `--json`, and how it ended (0 or 1)."""

    words: str
    data: Any = None
    code: int = 0


def run_command(work: Callable[[Db, Viewer], Awaitable[T]]) -> T:
    """Run a coroutine with a session that may write and a viewer that may do everything. It commits itself."""

    async def opened() -> T:
        database = Database(settings().database)
        try:
            async with database.writing() as db:
                return await work(db, for_command())
        finally:
            await database.close()

    return asyncio.run(opened())


def door(parser: argparse.ArgumentParser, work: Work) -> None:
    """Make `work` what the parsed command does; `--json` comes with it."""
    parser.add_argument("--json", action="store_true", help="print the data as JSON")
    parser.set_defaults(run=lambda options: tell(run_command(lambda db, by: work(db, by, options)), options))


def tell(answer: Answer, options: argparse.Namespace) -> int:
    if getattr(options, "json", False) and answer.data is not None:
        print(json.dumps(answer.data, ensure_ascii=False, indent=2, default=str))
    elif answer.words:
        print(answer.words)
    return answer.code


def whole_number(text: str) -> int:
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return found


def progress(began: float) -> Callable[[str], None]:
    """Says what is being done once it takes longer than two seconds, at most once a second."""
    last = began + 1

    def say(words: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now > last + 1:
            last = now
            print(f"{now - began:6.1f} s  {words}", file=sys.stderr, flush=True)

    return say
