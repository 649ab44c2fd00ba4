"""What a message needs from rooms above: the secret of a link, the bytes of an attachment. The roof hands it in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from challenge.foundation.db import Database

SecretOf = Callable[[UUID], str]
BytesOf = Callable[[Database, Mapping[str, Any]], Awaitable[bytes]]


class NotHandedIn(RuntimeError):
    """The roof did not say where this comes from."""


def _no_secret(_link_id: UUID) -> str:
    raise NotHandedIn("links")


async def _no_bytes(_database: Database, _attachment: Mapping[str, Any]) -> bytes:
    raise NotHandedIn("attachments")


secret_of: SecretOf = _no_secret
bytes_of: BytesOf = _no_bytes


def hand_in(*, links: SecretOf, attachments: BytesOf) -> None:
    global secret_of, bytes_of
    secret_of, bytes_of = links, attachments
