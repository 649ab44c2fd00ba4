"""The command that takes away files that nothing needs any more."""

import argparse
import asyncio

from challenge.accounts.commanding import Answer, Subparsers, tell
from challenge.accounts.viewer import for_command
from challenge.files import purging
from challenge.foundation.db import Database
from challenge.proposals import keeping
from challenge.settings import settings


def add(subparsers: Subparsers) -> None:
    group = subparsers.add_parser("files", help="take away files that nothing needs any more")
    commands = group.add_subparsers(dest="what", required=True, metavar="WHAT")
    one = commands.add_parser(
        "purge", help="uploads that ended and files taken out of drafts, more than seven days ago"
    )
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=lambda options: tell(asyncio.run(purge(options)), options))


async def purge(_options: argparse.Namespace) -> Answer:
    database = Database(settings().database)
    try:
        ended = await purging.purge_ended_uploads(database, for_command())
        taken_out = await keeping.purge_taken_out(database, for_command())
    finally:
        await database.close()
    words = f"{ended} ended uploads and {taken_out} files taken out of drafts are gone"
    return Answer(words, {"ended_uploads": ended, "taken_out": taken_out})
