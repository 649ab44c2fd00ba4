"""`challenge demo` and `challenge seed`."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from datetime import date
from pathlib import Path

from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts.commanding import Answer, Subparsers, door
from challenge.accounts.models import LinkPurpose, Person
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call
from challenge.demo import seed as seeding
from challenge.demo.story import PASSWORD, SLUG, Teller, Told
from challenge.foundation import observe
from challenge.foundation.db import Database, Db
from challenge.migrations.run import upgrade
from challenge.settings import settings

MARK = "demonstration"
ROLES = (
    ("administrator", "administrator@example.org", "/desk"),
    ("manager", "manager@example.org", f"/desk/calls/{SLUG}"),
    ("second manager, who signs", "signer@example.org", f"/desk/calls/{SLUG}/decisions"),
    ("observer", "observer@example.org", "/desk"),
    ("auditor", "auditor@example.org", "/desk"),
    ("panel chair", "r3@example.org", "/reviews"),
    ("reviewer", "r2@example.org", "/reviews"),
    ("reviewer with a conflict", "r4@example.org", "/reviews"),
    ("applicant, awarded (en)", "p02@example.org", "/proposals"),
    ("applicant, awarded (ar)", "p04@example.org", "/proposals"),
    ("applicant, not selected (fr)", "p03@example.org", "/proposals"),
)


def add(commands: Subparsers) -> None:
    one = commands.add_parser("demo", help="tell a whole call on invented content in var/demo, then serve it")
    one.add_argument("--once", action="store_true", help="stop after the story and print what it made")
    one.add_argument("--fresh", action="store_true", help="begin anew when there is a demonstration already")
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, default=8000)
    one.set_defaults(run=demo)

    one = commands.add_parser(
        "seed", help="fill the database with synthetic load, the same for the same numbers"
    )
    one.add_argument("--calls", type=int, default=1, metavar="N")
    one.add_argument("--proposals", type=int, default=200, metavar="N", help="per call")
    one.add_argument("--reviewers", type=int, default=20, metavar="N", help="per call")
    one.add_argument("--reviews-per-proposal", type=int, default=3, metavar="N")
    one.add_argument(
        "--open-per-reviewer", type=int, default=0, metavar="N", help="assignments without a review"
    )
    door(one, seed)


async def seed(db: Db, _by: Viewer, options: argparse.Namespace) -> Answer:
    taken = len((await db.exec(select(Call.id).where(Call.prefix.startswith("L")))).all())
    amounts = seeding.Amounts(
        options.calls,
        options.proposals,
        options.reviewers,
        options.reviews_per_proposal,
        options.open_per_reviewer,
    )
    made = await seeding.seed(db, amounts, start=taken + 1)
    await db.commit()
    return Answer(", ".join(f"{count} {name}" for name, count in made.items()), made)


def demo(options: argparse.Namespace) -> int:
    """Own folder, own database: nothing of a real installation is touched."""
    os.environ.setdefault("CHALLENGE_VAR_DIR", "var/demo")
    if options.port != 8000 or options.host != "127.0.0.1":
        os.environ.setdefault("CHALLENGE_BASE_URL", f"http://{options.host}:{options.port}")
    settings.cache_clear()
    folder = settings().var_dir
    is_told = (folder / MARK).exists()
    if not is_told or options.once or options.fresh:
        _empty(folder)
        observe.configure("WARNING")
        upgrade(settings().database)
        began = time.monotonic()
        told = asyncio.run(_tell())
        (folder / MARK).write_text(date.today().isoformat() + "\n")  # noqa: DTZ011 - a mark for people
        print(f"\ntold in {time.monotonic() - began:.0f} s\n")
        _sum_up(told, folder)
    asyncio.run(_addresses())
    if options.once:
        return 0
    print(f"\nserving {settings().base_url} until you press Ctrl+C", flush=True)
    from challenge.cli import main

    return main(["serve", "--host", options.host, "--port", str(options.port)])


def _empty(folder: Path) -> None:
    """Begin anew, but only in a folder that a demonstration made."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists() and not (folder / "challenge.db").exists():
            sys.exit(f"{folder} holds something else; name another folder with CHALLENGE_VAR_DIR")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


async def _tell() -> Told:
    database = Database(settings().database)
    try:
        return await Teller(database, lambda line: print(line, flush=True), date.today()).tell()  # noqa: DTZ011
    finally:
        await database.close()


def _sum_up(told: Told, folder: Path) -> None:
    print("made: " + ", ".join(f"{count} {name}" for name, count in told.counts.items()))
    print(f"in {folder}: challenge.db, files/, mail/ ({len(list((folder / 'mail').glob('*.eml')))} messages)")
    for line in told.lines:
        print(line)


async def _addresses() -> None:
    """One person per role, with an address that signs in once and a password that always does."""
    database = Database(settings().database)
    base = settings().base_url
    async with database.writing() as db:
        print(
            f"\nsign in at {base}/sign-in with the password “{PASSWORD}”, or by the address beside each person:"
        )
        for role, email, path in ROLES:
            person = (await db.exec(select(Person).where(Person.email == email))).one()
            link = await accounts.make_link(db, person, LinkPurpose.INVITATION, next=path)
            secret = accounts.link_secret(link.id)
            print(f"  {role:30} {email:28} {base}/links/{secret}")
        await db.commit()
    await database.close()
