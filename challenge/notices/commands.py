"""The commands about notices: proof-read, issue, revoke, verify."""

import argparse
import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from challenge.accounts.commanding import Answer, Subparsers, door, tell
from challenge.accounts.viewer import Viewer, for_command
from challenge.calls.models import Call
from challenge.calls.queries import Opening, opening_of, the_call
from challenge.decisions.models import Release
from challenge.files import queries as files
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotFound, Problem
from challenge.foundation.i18n import _
from challenge.jobs.context import TaskContext
from challenge.notices import actions, issuing, queries, records
from challenge.notices.models import Notice, NoticeState
from challenge.settings import Settings, settings


def add(subparsers: Subparsers) -> None:
    group = subparsers.add_parser("notices", help="proof-read, issue, revoke and verify notices")
    commands = group.add_subparsers(dest="what", required=True, metavar="WHAT")

    one = commands.add_parser("render", help="make the letters of a call as drafts, for proof-reading")
    one.add_argument("call", metavar="CALL", help="the address of the call")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write into")
    door(one, render)

    one = commands.add_parser("issue", help="issue what a release lets out and no worker has issued yet")
    one.add_argument("call", metavar="CALL", help="the address of the call")
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=lambda options: tell(asyncio.run(issue(options)), options))

    one = commands.add_parser("revoke", help="take a notice back")
    one.add_argument("number", metavar="NUMBER")
    one.add_argument("--reason", required=True, help="the recipient reads it, and it stays in the record")
    door(one, revoke)

    one = commands.add_parser(
        "verify", help="check signature, record, code and marks; exit 1 when something does not hold"
    )
    one.add_argument("files", nargs="*", type=Path, metavar="FILE", help="notices as PDF")
    one.add_argument("--call", metavar="CALL", help="all issued notices of a call, from the store")
    one.add_argument(
        "--trust", type=Path, metavar="PEM", help="the root certificate to trust instead of ours"
    )
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=lambda options: tell(asyncio.run(verify(options)), options))


async def render(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    from challenge.notices import pdf  # costs start-up: only who needs it pays

    opening = await the_call(db, by, options.call)
    drafts = [
        draft for stage in opening.stages for draft in await actions.previews(db, opening, stage, by=by)
    ]
    if not drafts:
        raise NotFound(_("There is no decision in this call yet, so there is no letter."))
    made = await asyncio.gather(*(pdf.render_in_worker(draft.document) for draft in drafts))
    names = [f"{draft.notice.number}-{draft.notice.kind}-{draft.notice.language}.pdf" for draft in drafts]
    await asyncio.to_thread(_write_all, options.out, list(zip(names, made, strict=True)))
    words = f"{len(names)} drafts in {options.out}; they are not signed and nothing was sent."
    return Answer(words, {"files": [str(options.out / name) for name in names]})


def _write_all(folder: Path, contents: Sequence[tuple[str, bytes]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents:
        (folder / name).write_bytes(content)


async def issue(options: argparse.Namespace) -> Answer:
    database = Database(settings().database)
    try:
        async with database.reading() as db:
            opening = await the_call(db, for_command(), options.call)
            releases = (await db.exec(select(Release).where(Release.call_id == opening.call.id))).all()
            before = await _issued(db, opening)
        if not releases:
            raise NotFound(_("The decisions of this call are not released, so nothing is issued."))
        for release in releases:
            await issuing.issue(TaskContext(database, settings()), str(release.id))
        async with database.reading() as db:
            after = await _issued(db, opening)
    finally:
        await database.close()
    made = [number for number in after if number not in before]
    words = f"{len(made)} notices issued, {len(before)} were issued before."
    return Answer(words, {"issued": made, "before": before})


async def _issued(db: Db, opening: Opening) -> list[str]:
    found = await db.exec(
        select(Notice.number)
        .where(Notice.call_id == opening.call.id, Notice.state != NoticeState.PREPARED)
        .order_by(col(Notice.number))
    )
    return list(found.all())


async def revoke(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    notice = await queries.notice_by_number(db, options.number)
    opening = await opening_of(db, notice.call_id)
    await actions.revoke(db, opening.call, notice, options.reason, by=by)
    await db.commit()
    return Answer(f"{notice.number} is revoked.", {"number": notice.number, "state": notice.state.value})


# ---------------------------------------------------------------- verify


@dataclass(slots=True)
class Checked:
    """One file looked at: what holds, what does not, and what the register says of it."""

    name: str
    number: str = ""
    holds: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    register: str = "not asked"

    def line(self) -> str:
        if self.faults:
            return f"FAIL  {self.name}  {self.number}  " + "; ".join(self.faults)
        return f"ok    {self.name}  {self.number}  {len(self.holds)} checks hold, register: {self.register}"


async def verify(options: argparse.Namespace) -> Answer:
    if not options.files and not options.call:
        raise NotFound(_("Name the files, or a call with --call."))
    config = settings()
    trusted = await asyncio.to_thread(_trusted, config, options.trust)
    given = [(path.name, await asyncio.to_thread(path.read_bytes)) for path in options.files]
    database = Database(config.database)
    try:
        if options.call:
            given += await _stored(database, options.call)
        checked = [await _checked(database, name, content, trusted) for name, content in given]
    finally:
        await database.close()
    is_good = all(not one.faults for one in checked)
    data = [
        {"file": one.name, "number": one.number, "ok": not one.faults, "holds": one.holds,
         "faults": one.faults, "register": one.register}
        for one in checked
    ]  # fmt: skip
    return Answer("\n".join(one.line() for one in checked), data, 0 if is_good and checked else 1)


def _trusted(config: Settings, given: Path | None) -> list[x509.Certificate]:
    if given is not None:
        return x509.load_pem_x509_certificates(given.read_bytes())
    return [issuing.pair_of(config).root]


async def _stored(database: Database, slug: str) -> list[tuple[str, bytes]]:
    async with database.reading() as db:
        call = (await db.exec(select(Call).where(Call.slug == slug))).first()
        if call is None:
            raise NotFound(_("Nothing here has the address {given}.", given=slug))
        kept = await queries.kept_files(db, call.id)
    if not kept:
        raise NotFound(_("No notice of this call is issued yet."))
    return [(document.name, await files.content(document)) for _number, _digest, document in kept]


async def _checked(
    database: Database, name: str, content: bytes, trusted: Sequence[x509.Certificate]
) -> Checked:
    from challenge.notices import proof, signing  # costs start-up: only who needs it pays

    verdict = await asyncio.to_thread(signing.validate, content, trusted)
    report = await asyncio.to_thread(proof.report, content, verdict)
    one = Checked(name, report.record.number if report.record else "")
    for mark in report.marks:
        if mark.is_good:
            one.holds.append(str(mark.name))
        else:
            one.faults.append(f"{mark.name}: {mark.detail}" if mark.detail else f"no {mark.name}")
    try:
        await _ask_register(database, one, content, report.record)
    except (SQLAlchemyError, Problem):
        one.register = "not reachable"
    return one


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _ask_register(
    database: Database, one: Checked, content: bytes, record: records.NoticeRecord | None
) -> None:
    async with database.reading() as db:
        known = await queries.registered(db, _digest(content), record.number if record else "")
    if known is None:
        one.register = "unknown"
        one.faults.append("the register does not know this file")
        return
    sha256, kept, state = known
    one.register = state.value
    if sha256 != _digest(content):
        one.faults.append("the register knows the number with another file")
    elif record is None or records.canonical(record) != records.spelt(kept):
        one.faults.append("the record inside is not the one in the register")
    else:
        one.holds.append("file and record stand in the register")
    if state in (NoticeState.REVOKED, NoticeState.REPLACED):
        one.faults.append(state.value)
