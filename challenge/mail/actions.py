"""Post a letter: words now, in the reader's language; the mail itself when the worker comes to it."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from challenge.foundation import i18n
from challenge.foundation.db import Db
from challenge.foundation.i18n import Text
from challenge.foundation.templates import environment
from challenge.foundation.text import one_line, tidy
from challenge.foundation.web import frame_values
from challenge.jobs import actions as jobs
from challenge.mail.letters import Letter
from challenge.mail.models import Message, MessageState
from challenge.mail.plain import plain_environment
from challenge.settings import settings


class Reader(Protocol):
    """Whoever gets the mail."""

    id: UUID
    email: str
    name: str
    language: str


async def post(
    db: Db,
    to: Reader,
    letter: Letter,
    *,
    about_id: UUID | None = None,
    held: bool = False,
    run_at: datetime | None = None,
) -> Message:
    """Write the message into the outbox and ask for its sending in the same transaction.

    `held` keeps it for proof-reading: nothing leaves before `release`.
    """
    with i18n.speaking(to.language):
        values = {**frame_values(), "letter": spoken(letter), "to": to.name}
        message = Message(
            person_id=to.id,
            to=to.email,
            language=i18n.language(),
            template=letter.name,
            subject=one_line(str(letter.subject)),
            text=plain_environment().get_template("mail/_frame.txt").render(values),
            html=environment().get_template("mail/_frame.html").render(values),
            attachments=[dict(a) for a in letter.attachments],
            about_id=about_id,
            reply_to=one_line(letter.reply_to),
            state=MessageState.HELD if held else MessageState.QUEUED,
        )
    db.add(message)
    await db.flush()
    if not held:
        await jobs.enqueue(db, "mail.send", run_at=run_at, message_id=message.id)
    return message


async def release(db: Db, message: Message, *, run_at: datetime | None = None) -> None:
    """Let a held message go."""
    if message.state == MessageState.HELD:
        message.state = MessageState.QUEUED
        db.add(message)
        await jobs.enqueue(db, "mail.send", run_at=run_at, message_id=message.id)


def spoken(letter: Letter) -> dict[str, Any]:
    def say(words: Text | str | Any) -> str:
        # somebody's text must not look like the mark of a link
        return tidy(i18n.said(words)).replace("[[", "[\u2060[")

    return {
        "subject": say(letter.subject),
        "label": say(letter.label),
        "headline": say(letter.headline),
        "paragraphs": [say(p) for p in letter.paragraphs],
        "facts": [(say(label), say(value)) for label, value in letter.facts],
        "button": (say(letter.button[0]), address(letter.button[1])) if letter.button else None,
        "demonstration": letter.demonstration,
    }


def address(target: str) -> str:
    """A path of ours as a full address; "link:<id>" stays a mark that the sender replaces by the secret address."""
    return f"[[{target}]]" if target.startswith("link:") else settings().base_url + target


async def send_again(db: Db, message: Message) -> None:
    """Another round of tries for a message that was given up."""
    if message.state == MessageState.FAILED:
        message.state, message.error = MessageState.QUEUED, None
        db.add(message)
        await jobs.enqueue(db, "mail.send", message_id=message.id)
