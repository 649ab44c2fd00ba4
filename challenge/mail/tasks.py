"""Sending. A message is claimed, sent and marked in three short steps, so that no transaction waits for a server.

Two jobs never send one message: only one of them can claim it. When a worker dies between the server's answer
and the mark, the message is claimed again ten minutes later under the same Message-ID; receivers drop the copy.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_, update
from sqlmodel import col, select

from challenge.foundation import clock
from challenge.jobs.actions import enqueue
from challenge.jobs.context import Task, TaskContext
from challenge.mail import outside
from challenge.mail.envelopes import envelope
from challenge.mail.models import Message, MessageState
from challenge.mail.transports import Refused, open_transport

CLAIM_LASTS = timedelta(minutes=10)


class StillClaimed(Exception):
    """Another worker is sending it, or died doing so a moment ago: the job comes back."""


async def send(context: TaskContext, message_id: str) -> None:
    message = await _claim(context, UUID(message_id))
    if message is None:
        return
    try:
        files = [
            (str(a["name"]), str(a["type"]), await outside.bytes_of(context.database, a))
            for a in message.attachments
        ]
        outgoing = envelope(message, files, context.settings, clock.now())
        await open_transport(context.settings.mail).send(outgoing)
    except Refused as refusal:
        await _mark(context, message.id, MessageState.FAILED, str(refusal))
    except Exception as error:
        state = MessageState.FAILED if context.is_last else MessageState.QUEUED
        await _mark(context, message.id, state, f"{type(error).__name__}: {error}"[:500])
        raise
    else:
        await _mark(context, message.id, MessageState.SENT)


async def _claim(context: TaskContext, message_id: UUID) -> Message | None:
    """The message, now ours to send. Nothing when it was sent, given up or is held back."""
    moment = clock.now()
    free = or_(
        col(Message.state) == MessageState.QUEUED,
        and_(col(Message.state) == MessageState.SENDING, col(Message.claimed_at) < moment - CLAIM_LASTS),
    )
    claim = (
        update(Message)
        .where(col(Message.id) == message_id, free)
        .values(state=MessageState.SENDING, claimed_at=moment, attempts=Message.attempts + 1)
        .returning(col(Message.id))
    )
    async with context.database.writing() as db:
        claimed = (await db.exec(claim)).first()
        await db.commit()
        message = await db.get(Message, message_id)
    if claimed is None and message is not None and message.state == MessageState.SENDING:
        raise StillClaimed
    return message if claimed is not None else None


async def _mark(
    context: TaskContext, message_id: UUID, state: MessageState, error: str | None = None
) -> None:
    sent_at = clock.now() if state == MessageState.SENT else None
    async with context.database.writing() as db:
        await db.exec(
            update(Message)
            .where(col(Message.id) == message_id, col(Message.state) == MessageState.SENDING)
            .values(state=state, error=error, sent_at=sent_at)
        )
        await db.commit()


async def sweep(context: TaskContext) -> None:
    """Ask again for what stayed claimed: a worker died and its job was lost with it."""
    async with context.database.writing() as db:
        stuck = select(Message.id).where(
            col(Message.state) == MessageState.SENDING,
            col(Message.claimed_at) < clock.now() - 3 * CLAIM_LASTS,
        )
        for message_id in (await db.exec(stuck.limit(200))).all():
            await enqueue(db, "mail.send", message_id=message_id)
        await db.commit()


tasks: dict[str, Task] = {"mail.send": send, "mail.sweep": sweep}
