"""The record of a call, and what an operator looks at: messages, jobs. Read only."""

from typing import Any
from uuid import UUID

from sqlmodel import col, or_, select

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.audit import queries as audit
from challenge.audit.models import Entry
from challenge.calls import queries as calls
from challenge.calls.desk import desk_values
from challenge.foundation.db import Db as Session
from challenge.foundation.web import Page, get, page
from challenge.jobs import queries as jobs
from challenge.mail import queries as mail
from challenge.proposals.models import Sight
from challenge.proposals.queries import TEAM

ROWS = 100


@get("/desk/calls/{slug:str}/record", needs=Can.READ_AUDIT)
async def show(db: Db, me: Me, slug: FromPath[str], before: int | None = None) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_AUDIT)
    entries = await audit.entries_of(db, opening.call.id, before=before, limit=ROWS)
    hidden = await hidden_ids(db, me)
    shown = [entry for entry in entries if not _is_about(entry, hidden)]
    return page(
        "desk/record.html",
        **desk_values(opening, me, "record"),
        entries=shown,
        names=await names_of(db, entries),
        next_before=entries[-1].n if len(entries) == ROWS else None,
        head=await audit.head_of(db, opening.call.id),
    )


@get("/desk/operations", needs=Can.OPERATE)
async def operations(db: Db, me: Me) -> Page:
    return page(
        "desk/operations.html",
        jobs=await jobs.counts(db),
        troubles=await jobs.troubles(db),
        mail=await mail.counts(db),
        messages=(await mail.messages(db))[0],
    )


async def hidden_ids(db: Session, viewer: Viewer) -> frozenset[str]:
    """What is hidden from the viewer, for a conflict or as one's own: the proposals and who was given them."""
    shut = select(Sight.proposal_id).where(
        Sight.person_id == viewer.person_id, or_(col(Sight.is_denied).is_(True), col(Sight.because) == TEAM)
    )
    proposals = (await db.exec(shut)).all()
    if not proposals:
        return frozenset()
    given = await db.exec(select(Assignment.id).where(col(Assignment.proposal_id).in_(proposals)))
    return frozenset(str(found) for found in (*proposals, *given.all()))


def _is_about(entry: Entry, hidden: frozenset[str]) -> bool:
    if not hidden:
        return False
    named = {str(entry.thing_id), *(str(value) for value in (entry.facts or {}).values())}
    return bool(named & hidden)


async def names_of(db: Session, entries: list[Entry]) -> dict[str, str]:
    """Who did it, by the mark that the entry keeps."""
    ids = {UUID(entry.by.removeprefix("person:")) for entry in entries if entry.by.startswith("person:")}
    rows = await db.exec(select(Person.id, Person.name).where(col(Person.id).in_(ids)))
    return {f"person:{person_id}": name for person_id, name in rows.all()}


doors: list[Any] = [show, operations]
