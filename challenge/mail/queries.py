from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import col, select

from challenge.foundation.db import Db, rows
from challenge.mail.models import Message, MessageState


class Line(NamedTuple):
    """One message as the log shows it; its words are read one at a time."""

    id: UUID
    to: str
    language: str
    template: str
    subject: str
    state: MessageState
    attempts: int
    error: str | None
    created_at: datetime
    sent_at: datetime | None


async def messages(
    db: Db,
    *,
    state: MessageState | None = None,
    about_id: UUID | None = None,
    person_id: UUID | None = None,
    typed: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Line], int]:
    """The outbox, the newest first, and how many there are. `typed` is looked for in address and subject."""
    wanted = []
    if state is not None:
        wanted.append(col(Message.state) == state)
    if about_id is not None:
        wanted.append(col(Message.about_id) == about_id)
    if person_id is not None:
        wanted.append(col(Message.person_id) == person_id)
    if typed:
        wanted.append(
            col(Message.to).icontains(typed, autoescape=True)
            | col(Message.subject).icontains(typed, autoescape=True)
        )
    count = (await db.exec(select(func.count()).select_from(Message).where(*wanted))).one()
    found = await rows(
        db,
        columns(*(col(getattr(Message, name)) for name in Line._fields))
        .where(*wanted)
        .order_by(col(Message.created_at).desc(), col(Message.id))
        .limit(limit)
        .offset(offset),
    )
    return [Line(*row) for row in found], count


async def counts(db: Db) -> dict[str, int]:
    found = dict.fromkeys((state.value for state in MessageState), 0)
    for state, count in (await db.exec(select(Message.state, func.count()).group_by(Message.state))).all():
        found[str(state)] = count
    return found


async def the_message(db: Db, message_id: UUID) -> Message | None:
    return await db.get(Message, message_id)
