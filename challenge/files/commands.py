"""The commands about the store: what it can do, what lies in it without a row, and moving all of it."""

import argparse
import asyncio
import sys
from typing import Any

from challenge.accounts.commanding import Answer, Subparsers, tell
from challenge.accounts.viewer import for_command
from challenge.files import purging
from challenge.files.store import in_thread, opened, the_store
from challenge.foundation.db import Database
from challenge.settings import settings
from storage.moving import Moved, copy_all
from storage.store import StoreDown


def add(subparsers: Subparsers) -> None:
    group = subparsers.add_parser("storage", help="look at the file store, tidy it, move it")
    commands = group.add_subparsers(dest="what", required=True, metavar="WHAT")
    one = commands.add_parser("check", help="try the store and tell what it can do; exit 1 when it fails")
    _door(one, check)
    one = commands.add_parser("report", help="objects of which no row knows, and since when that was seen")
    one.add_argument("--delete", action="store_true", help="delete those seen so for more than seven days")
    _door(one, report)
    one = commands.add_parser(
        "copy", help="a whole store into another, each object read back; exit 1 when one differs"
    )
    one.add_argument("--from", dest="source", required=True, metavar="URL")
    one.add_argument("--to", dest="target", required=True, metavar="URL")
    _door(one, copy)


def _door(one: argparse.ArgumentParser, work: Any) -> None:
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=lambda options: tell(asyncio.run(work(options)), options))


async def check(_options: argparse.Namespace) -> Answer:
    findings = await in_thread(lambda: the_store().check())
    lines = [f"{'ok  ' if f.is_ok else 'FAIL'}  {f.step}{': ' + f.says if f.says else ''}" for f in findings]
    data: dict[str, Any] = {"steps": [{"step": f.step, "ok": f.is_ok, "says": f.says} for f in findings]}
    is_ok = all(f.is_ok for f in findings)
    if is_ok:
        abilities = (await in_thread(lambda: the_store().probe(settings().base_url))).explained()
        lines += [f"{'yes ' if is_there else 'no  '}  {name}: {means}" for name, is_there, means in abilities]
        data["abilities"] = {name: is_there for name, is_there, _means in abilities}
    return Answer("\n".join(lines), data, 0 if is_ok else 1)


async def report(options: argparse.Namespace) -> Answer:
    database = Database(settings().database)
    try:
        found = await purging.strays(database, is_deleting=options.delete, by=for_command())
    finally:
        await database.close()
    lines, data = [], []
    for each in found:
        is_gone = options.delete and each.is_old and each.may_go
        what = "deleted" if is_gone else "old enough to go" if each.is_old and each.may_go else "kept"
        lines.append(f"{each.key}  without a row since {each.seen_at:%Y-%m-%d %H:%M} UTC, {what}")
        data.append({"key": each.key, "seen_at": each.seen_at, "what": what})
    lines.append(f"{len(found)} objects without a row")
    return Answer("\n".join(lines), data)


async def copy(options: argparse.Namespace) -> Answer:
    config = settings()
    source, target = opened(config, options.source), opened(config, options.target)
    try:
        await in_thread(target.prepare)
        moved = await in_thread(lambda: copy_all(source, target, _told))
    except StoreDown as error:
        return Answer(
            f"Stopped: {error} What was copied is kept; the same command goes on from there.", None, 1
        )
    words = (
        f"{moved.copied} copied, {moved.held} were there already, {moved.size} bytes compared by SHA-256, "
        f"{len(moved.differing)} differ"
    )
    lines = [f"FAIL  {key}: other bytes there" for key in moved.differing]
    data = {"copied": moved.copied, "held": moved.held, "bytes": moved.size, "differing": moved.differing}
    return Answer("\n".join([*lines, words]), data, 1 if moved.differing else 0)


def _told(_key: str, moved: Moved) -> None:
    if moved.count % 100 == 0 or sys.stderr.isatty():
        print(f"{moved.count} objects, {moved.size} bytes", file=sys.stderr)
