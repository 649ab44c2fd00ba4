"""Which task follows which recorded event, as one table; and what lower rooms get from higher ones."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from challenge.accounts import actions as accounts
from challenge.audit import actions as audit
from challenge.files import queries as files
from challenge.foundation.db import Database
from challenge.mail import outside

# event -> tasks; each task gets `thing_id`, in the transaction that recorded the event
REACTIONS: dict[str, tuple[str, ...]] = {"decisions.released": ("notices.issue",)}


def connect() -> None:
    """Called by whoever starts a process: the web application, the worker, a command, the tests."""
    audit.react_with(REACTIONS)
    outside.hand_in(links=accounts.link_secret, attachments=attached)


async def attached(database: Database, attachment: Mapping[str, Any]) -> bytes:
    """The bytes of a mail's attachment, which is a document."""
    async with database.reading() as db:
        document = await files.the_document(db, UUID(str(attachment["document"])))
    return await files.content(document)
