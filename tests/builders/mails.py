"""The outbox as a reader sees it."""

import re
from uuid import UUID

from sqlmodel import col, select

from challenge.accounts.actions import link_secret
from challenge.foundation.db import Database
from challenge.mail.models import Message

_MARK = re.compile(r"\[\[link:([0-9a-f-]{36})\]\]")


async def mails_to(database: Database, email: str) -> list[Message]:
    """All messages to an address, the oldest first."""
    async with database.reading() as db:
        found = await db.exec(select(Message).where(Message.to == email).order_by(col(Message.created_at)))
        return list(found.all())


async def link_in_last_mail(database: Database, email: str) -> str:
    """The path of the link in the newest message, as the sender will write it."""
    message = (await mails_to(database, email))[-1]
    found = _MARK.search(message.text)
    assert found is not None, message.text
    return f"/links/{link_secret(UUID(found[1]))}"
