"""Is the house in order? The same looks for `/readyz`, `challenge doctor` and `challenge verify`."""

import asyncio
import ctypes.util
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from challenge.audit import queries as audit
from challenge.files import queries as files
from challenge.files import scanner
from challenge.files.store import the_store
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import Problem
from challenge.foundation.observe import metrics_text, record_queue
from challenge.foundation.templates import PACKAGE
from challenge.jobs import queries as jobs
from challenge.mail.transports import open_transport
from challenge.notices import queries as notices
from challenge.proposals import proofs
from challenge.reviews import queries as reviews
from challenge.scoring import queries as scoring
from challenge.settings import Settings, settings

FONTS = ("SourceSerif4_400Regular", "SourceSerif4_600SemiBold", "IBMPlexSans_400Regular", "IBMPlexSans_600SemiBold",
         "IBMPlexSansArabic_400Regular", "IBMPlexSansArabic_600SemiBold", "Amiri_400Regular", "Amiri_700Bold")  # fmt: skip
LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
PATIENCE = 8.0
KEPT = 5.0  # seconds for which /readyz repeats what it saw, so that asking often costs nothing


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_needed`: without it the site does not work; the rest waits or is done without."""

    part: str
    is_ok: bool
    says: str
    is_needed: bool = True


Look = Callable[[Database, Settings], Awaitable[Finding]]


def is_ready(findings: list[Finding]) -> bool:
    return all(finding.is_ok for finding in findings if finding.is_needed)


_seen: dict[str, tuple[float, list[Finding]]] = {}


async def readiness(database: Database, config: Settings | None = None) -> list[Finding]:
    """What a request relies on: database, storage, mail, scanner. Never raises."""
    kept = _seen.get(database.url)
    if kept is not None and time.monotonic() - kept[0] < KEPT:
        return kept[1]
    config = config or settings()
    looks: list[Look] = [look_at_database, look_at_storage, look_at_mail, look_at_scanner]
    found = list(await asyncio.gather(*(_patiently(look, database, config) for look in looks)))
    _seen[database.url] = (time.monotonic(), found)
    return found


async def diagnosis(database: Database, config: Settings | None = None) -> list[Finding]:
    """Everything, one finding each, for whoever runs the site."""
    config = config or settings()
    looks: list[Look] = [
        look_at_settings, look_at_new_database, look_at_storage, look_at_store_abilities, look_at_mail, look_at_scanner,
        look_at_fonts, look_at_signing_key,
    ]  # fmt: skip
    return [await _patiently(look, database, config) for look in looks]


async def _patiently(look: Look, database: Database, config: Settings) -> Finding:
    part = look.__name__.removeprefix("look_at_").replace("_", " ")
    try:
        async with asyncio.timeout(PATIENCE):
            return await look(database, config)
    except TimeoutError:
        return Finding(part, False, f"does not answer within {PATIENCE:g} seconds")
    except Problem as problem:
        return Finding(part, False, str(problem.text))
    except Exception as error:
        # words of libraries may hold addresses and passwords
        return Finding(part, False, f"cannot be used ({type(error).__name__})")


async def look_at_settings(_database: Database, config: Settings) -> Finding:
    notes = [config.environment, config.base_url]
    if config.environment == "development":
        notes.append("not for real use")
    return Finding("settings", True, ", ".join(notes))


EMPTY = "is empty: run challenge migrate"


async def look_at_database(database: Database, _config: Settings) -> Finding:
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    try:
        async with database.engine.connect() as connection:
            present = await connection.run_sync(_present)
    except (SQLAlchemyError, OSError) as error:
        return Finding("database", False, f"{kind} does not answer ({type(error).__name__})")
    newest = await asyncio.to_thread(newest_migration)
    if not present:
        return Finding("database", False, f"{kind} {EMPTY}")
    if present != newest:
        return Finding(
            "database", False, f"{kind} stands at {present}, not at {newest}: run challenge migrate"
        )
    return Finding("database", True, f"{kind} stands at {present}")


async def look_at_new_database(database: Database, config: Settings) -> Finding:
    """Before the first start on one machine there is nothing to complain of: the start makes the tables."""
    found = await look_at_database(database, config)
    if found.says == f"SQLite {EMPTY}" and config.environment != "production":
        return Finding(
            "database", True, "SQLite is new: challenge serve and challenge migrate make its tables"
        )
    return found


def _present(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest_migration() -> str:
    made = Config()
    made.set_main_option("script_location", str(PACKAGE / "migrations"))
    made.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(made).get_current_head() or ""


async def look_at_storage(_database: Database, config: Settings) -> Finding:
    kind = config.storage.partition(":")[0]
    for finding in await asyncio.to_thread(lambda: the_store().check()):
        if not finding.is_ok:
            return Finding("storage", False, f"{kind} cannot {finding.step}: {finding.says}")
    return Finding("storage", True, f"{kind} writes, reads back and deletes")


async def look_at_store_abilities(_database: Database, config: Settings) -> Finding:
    found = await asyncio.to_thread(lambda: the_store().probe(config.base_url))
    lines = [
        f"{'yes' if is_there else 'no '}  {name}: {means}" for name, is_there, means in found.explained()
    ]
    says = ("\n" + " " * 19).join(["what the store can do, and what that means:", *lines])
    return Finding("abilities", True, says, is_needed=False)


async def look_at_mail(_database: Database, config: Settings) -> Finding:
    kind = config.mail.partition(":")[0]
    says = await open_transport(config.mail).check()
    if says:
        return Finding("mail", False, f"{says} Messages wait and are sent later.", is_needed=False)
    how = "one file a message, nothing leaves" if kind == "folder" else "the server takes us in"
    return Finding("mail", True, f"{kind}: {how}", is_needed=False)


async def look_at_scanner(_database: Database, config: Settings) -> Finding:
    if config.scanner_url == "none:":
        return Finding("scanner", True, "none: files are not checked for viruses", is_needed=False)
    says = await scanner.check(config.scanner_url)
    if says:
        return Finding("scanner", False, f"{says} Files wait until it does.", is_needed=False)
    return Finding("scanner", True, "clamd answers", is_needed=False)


async def look_at_fonts(_database: Database, _config: Settings) -> Finding:
    folder = PACKAGE / "notices" / "fonts"
    missing = await asyncio.to_thread(_missing_fonts, folder)
    missing += [name for name in LIBRARIES if not await asyncio.to_thread(ctypes.util.find_library, name)]
    if missing:
        return Finding("fonts", False, f"notices cannot be set without {', '.join(missing)}")
    return Finding("fonts", True, f"{len(FONTS)} fonts and the libraries that set them")


def _missing_fonts(folder: Path) -> list[str]:
    paths = [folder / f"{name}.ttf" for name in FONTS]
    return [path.name for path in paths if not path.is_file() or path.read_bytes()[:4] != b"\0\1\0\0"]


async def look_at_signing_key(_database: Database, config: Settings) -> Finding:
    from challenge.notices.signing import load_or_make_pair  # costs start-up: only who needs it pays

    is_development = config.environment == "development"
    pair = await asyncio.to_thread(
        lambda: load_or_make_pair(
            config.signing_key, config.signing_certificate, config.var_dir, may_make=is_development
        )
    )
    if not pair.is_current:
        return Finding("signing key", False, "its certificate has expired")
    until = f"{pair.certificate.not_valid_after_utc:%Y-%m-%d}"
    whose = "" if config.signing_key else ", made by this site itself"
    return Finding("signing key", True, f"good until {until}{whose}")


async def metrics(database: Database) -> bytes:
    """What `/metrics` says: doors and jobs of this process, and the queue of all."""
    with suppress(SQLAlchemyError):
        async with database.reading() as db:
            record_queue(await jobs.counts(db))
    return metrics_text()


# ---------- what is kept, looked over ----------


@dataclass(frozen=True, slots=True)
class Verified:
    """One kind of thing looked over: how many there were and what does not hold."""

    name: str
    count: int
    findings: tuple[str, ...]


Verification = Callable[[Db], Awaitable[Verified]]


async def verify_audit(db: Db) -> Verified:
    count, breaks = await audit.breaks(db)
    return Verified("audit entries", count, tuple(f"{b.chain} entry {b.n}: {b.what}" for b in breaks))


async def verify_files(db: Db) -> Verified:
    count, damages = await files.damages(db)
    return Verified("stored files", count, tuple(f"{d.document_id}: {d.what}" for d in damages))


async def verify_receipts(db: Db) -> Verified:
    count, findings = await proofs.broken_seals(db)
    return Verified("sealed files", count, tuple(findings))


async def verify_notices(db: Db) -> Verified:
    count, findings = await notices.damaged_notices(db)
    return Verified("issued notices", count, tuple(findings))


async def verify_reviews(db: Db) -> Verified:
    count, wrong = await reviews.overalls_that_differ(db)
    return Verified("submitted reviews", count, tuple(wrong))


async def verify_rankings(db: Db) -> Verified:
    count, wrong = await scoring.rankings_reproduce(db)
    return Verified("frozen rankings", count, tuple(wrong))


# one line each; `challenge verify` runs them in this order
VERIFICATIONS: tuple[Verification, ...] = (
    verify_audit,
    verify_files,
    verify_receipts,
    verify_notices,
    verify_reviews,
    verify_rankings,
)
