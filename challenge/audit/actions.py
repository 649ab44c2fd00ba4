"""The one way to add a line to the record."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import SQLModel, select

from challenge.audit.models import Entry, Head
from challenge.audit.rules import entry_hash, facts_digest
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.jobs import actions as jobs

HOUSE = "house"
_reactions: dict[str, tuple[str, ...]] = {}


def react_with(table: Mapping[str, Sequence[str]]) -> None:
    """The roof hands in which tasks follow which event; each gets the id of the thing."""
    _reactions.clear()
    _reactions.update({event: tuple(tasks) for event, tasks in table.items()})


class Actor(Protocol):
    @property
    def person_id(self) -> UUID | None: ...
    @property
    def via(self) -> str: ...


async def record(
    db: Db,
    by: Actor | None,
    event: str,
    thing: SQLModel | None = None,
    *,
    chain: UUID | str | None = None,
    at: datetime | None = None,
    **facts: Any,
) -> Entry:
    """Add one line to the chain of the thing's call, or to the house's. Holds the head's row until the commit.

    The tasks that follow the event are enqueued in the same transaction.
    """
    name = str(chain or getattr(thing, "call_id", None) or HOUSE)
    head = (await db.exec(select(Head).where(Head.chain == name).with_for_update())).first()
    if head is None:
        head = Head(chain=name)
        db.add(head)
    salt = secrets.token_hex(16)
    plain = {key: _plain(value) for key, value in facts.items()}
    entry = Entry(
        chain=name,
        n=head.n + 1,
        at=at or clock.now(),
        by=f"person:{by.person_id}" if by and by.person_id else "system",
        via=by.via if by else "job",
        event=event,
        thing_kind=type(thing).__name__.lower() if thing is not None else "",
        thing_id=getattr(thing, "id", None),
        facts=plain,
        salt=salt,
        facts_digest=facts_digest(salt, plain),
        previous=head.hash,
        hash="",
    )
    entry.hash = entry_hash(entry)
    head.n, head.hash = entry.n, entry.hash
    db.add(entry)
    await db.flush()
    for task in _reactions.get(event, ()):
        await jobs.enqueue(db, task, thing_id=entry.thing_id)
    return entry


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
