"""Builds the command line; the only list of commands."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from challenge import __version__, worker
from challenge.accounts import commands as accounts
from challenge.accounts.commanding import Answer, Subparsers, door, tell
from challenge.accounts.models import Scope
from challenge.accounts.viewer import Viewer
from challenge.announcements import commands as announcements
from challenge.assignments import commands as assignments
from challenge.calls.models import Call, Programme
from challenge.demo import commands as demo_commands
from challenge.exchange import commands as exchange
from challenge.files import commands as files
from challenge.files.store import in_store
from challenge.foundation import db as foundation_db
from challenge.foundation import observe
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotFound, Problem, Unprocessable
from challenge.foundation.i18n import _
from challenge.migrations import run as migrations
from challenge.notices import commands as notices
from challenge.proposals import commands as proposals
from challenge.scoring import commands as scoring
from challenge.settings import Settings, settings
from challenge.site import operations


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="challenge", description="Innovation challenges from the open call to the signed award notice."
    )
    made.add_argument("--version", action="version", version=f"challenge {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _running(commands)
    _looking(commands)
    accounts.add(commands, scope_id)
    files.add(commands)
    proposals.add(commands)
    assignments.add(commands)
    scoring.add(commands)
    exchange.add(commands)
    notices.add(commands)
    announcements.add(commands)
    demo_commands.add(commands)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 refused with the reason on standard error, 2 not understood."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except Problem as problem:
        _complain(str(problem.text))
        for name, text in getattr(problem, "errors", {}).items():
            if str(text) != str(problem.text):
                _complain(f"  {name}: {text}")
    except ValidationError as error:
        for fault in error.errors():
            _complain(_setting_fault(fault["loc"], fault["msg"]))
    except SQLAlchemyError as error:
        _complain(_database_fault(error))
    except (ValueError, OSError) as error:
        _complain(str(error))
    except BrokenPipeError:
        pass
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(words: str) -> None:
    print(words, file=sys.stderr)


def _setting_fault(place: tuple[int | str, ...], says: str) -> str:
    name = f"CHALLENGE_{str(place[0]).upper()}: " if place else ""
    return name + says.removeprefix("Value error, ")


def _database_fault(error: SQLAlchemyError) -> str:
    if "no such table" in str(error) or "UndefinedTable" in str(error):
        return "The database has not all its tables: run challenge migrate."
    if foundation_db.is_down(error):
        return f"The database does not answer ({type(error).__name__})."
    return f"The database refused ({type(error).__name__})."


# ---------- running the site ----------


def _running(commands: Subparsers) -> None:
    one = commands.add_parser("serve", help="serve the site, with a worker beside it on one machine")
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, choices=range(65536), default=8000, metavar="PORT")
    one.add_argument(
        "--workers", type=int, default=1, help="processes; more than one needs `challenge worker` too"
    )
    beside = one.add_mutually_exclusive_group()
    beside.add_argument(
        "--with-worker", dest="with_worker", action="store_true", default=None,
        help="run jobs in this process (so by default, with one process)",
    )  # fmt: skip
    beside.add_argument("--no-worker", dest="with_worker", action="store_false", help="run no jobs")
    one.set_defaults(run=serve)

    one = commands.add_parser("worker", help="run jobs until stopped")
    one.add_argument("--once", action="store_true", help="run what is due now, then end")
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=work)

    one = commands.add_parser(
        "migrate", help="bring the database to the newest state, and make the file store"
    )
    one.add_argument("--to", default="head", metavar="NUMBER", help="a numbered state instead of the newest")
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=migrate)


def web() -> Any:
    """What each process of `serve --workers` builds."""
    from challenge import app

    observe.configure()
    return app.build()


SERVING: dict[str, Any] = {
    "server_header": False,
    "proxy_headers": False,
    "access_log": False,
    "log_config": None,
}


def serve(options: argparse.Namespace) -> int:
    import uvicorn  # with the pages costs start-up: only who serves pays

    config = settings()
    observe.configure()
    if config.environment == "development" and config.database.startswith("sqlite"):
        migrations.upgrade(config.database)
    if options.workers == 1:
        with asyncio.Runner(loop_factory=_loop()) as runner:
            return runner.run(_serve_alone(config, options, options.with_worker is not False))
    if options.with_worker:
        raise Unprocessable(_("With several processes start `challenge worker` beside them."))
    uvicorn.run("challenge.cli:web", factory=True, host=options.host, port=options.port,
                workers=options.workers, timeout_graceful_shutdown=20, **SERVING)  # fmt: skip
    return 0


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop, where there is one for the system."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve_alone(config: Settings, options: argparse.Namespace, with_worker: bool) -> int:
    import uvicorn

    from challenge import app

    server = uvicorn.Server(
        uvicorn.Config(
            app.build(config), host=options.host, port=options.port, timeout_graceful_shutdown=20, **SERVING
        )
    )
    database = Database(config.database)
    running = worker.runner(database, config)
    # uvicorn gives the signal back to us when it has ended
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.stop)
    working = asyncio.create_task(running.run()) if with_worker else None
    try:
        await server.serve()
    finally:
        running.stop()
        if working is not None:
            await working
        await database.close()
    return 0 if server.started else 1


def work(options: argparse.Namespace) -> int:
    observe.configure()
    if not options.once:
        asyncio.run(worker.work())
        return 0

    async def once() -> Answer:
        database = Database(settings().database)
        try:
            drained = await worker.run_all(database)
        finally:
            await database.close()
        words = f"{drained.done} done, {drained.failed} failed"
        return Answer(words, {"done": drained.done, "failed": drained.failed}, 1 if drained.failed else 0)

    return tell(asyncio.run(once()), options)


def migrate(options: argparse.Namespace) -> int:
    url = settings().database

    async def state() -> str:
        database = Database(url)
        try:
            return await migrations.present(database)
        finally:
            await database.close()

    before = asyncio.run(state())
    migrations.upgrade(url, options.to)
    after = asyncio.run(state())
    asyncio.run(in_store(lambda store: store.prepare()))
    words = f"The database stands at {after}" + (
        "." if after == before else f", before at {before or 'nothing'}."
    )
    return tell(Answer(words, {"before": before, "after": after}), options)


# ---------- looking over it ----------


def _looking(commands: Subparsers) -> None:
    one = commands.add_parser("doctor", help="look at every part the site needs; exit 1 when one fails")
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=doctor)
    door(
        commands.add_parser(
            "verify", help="read the record and all files again; exit 1 when something does not hold"
        ),
        verify,
    )


def doctor(options: argparse.Namespace) -> int:
    try:
        config = settings()
    except ValidationError as error:
        faults = "; ".join(_setting_fault(fault["loc"], fault["msg"]) for fault in error.errors())
        return tell(_told([operations.Finding("settings", False, faults)]), options)

    async def look() -> list[operations.Finding]:
        database = Database(config.database)
        try:
            return await operations.diagnosis(database, config)
        finally:
            await database.close()

    return tell(_told(asyncio.run(look())), options)


def _told(findings: Sequence[operations.Finding]) -> Answer:
    lines = [f"{'ok  ' if f.is_ok else 'FAIL'}  {f.part:<12} {f.says}" for f in findings]
    data = [{"part": f.part, "ok": f.is_ok, "says": f.says} for f in findings]
    return Answer("\n".join(lines), data, 0 if all(f.is_ok for f in findings) else 1)


async def verify(db: Db, _by: Viewer, _options: argparse.Namespace) -> Answer:
    seen = []
    for look in operations.VERIFICATIONS:
        if sys.stderr.isatty():
            _complain(f"{look.__name__.removeprefix('verify_')} ...")
        seen.append(await look(db))
    lines = []
    for each in seen:
        wrong = len(each.findings)
        lines.append(
            f"{'FAIL' if wrong else 'ok  '}  {each.count} {each.name}"
            + (f", {wrong} do not hold" if wrong else "")
        )
        lines += [f"      {finding}" for finding in each.findings]
    data = [{"name": each.name, "count": each.count, "findings": list(each.findings)} for each in seen]
    return Answer("\n".join(lines), data, 1 if any(each.findings for each in seen) else 0)


async def scope_id(db: Db, scope: Scope, given: str) -> UUID:
    """The id behind the address of a programme or call, or the id itself."""
    with suppress(ValueError):
        return UUID(given)
    if scope == Scope.CALL:
        wanted = select(Call.id).where(col(Call.slug) == given)
    elif scope == Scope.PROGRAMME:
        wanted = select(Programme.id).where(col(Programme.slug) == given)
    else:
        raise NotFound(_("{given} is no id of a panel.", given=given))
    found = (await db.exec(wanted)).first()
    if found is None:
        raise NotFound(_("Nothing here has the address {given}.", given=given))
    return found


if __name__ == "__main__":
    sys.exit(main())
