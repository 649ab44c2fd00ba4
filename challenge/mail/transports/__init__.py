"""The ways a message leaves: a folder of files, or a mail server. One list."""

from typing import Protocol
from urllib.parse import urlsplit

from challenge.mail.transports.files import FolderTransport
from challenge.mail.transports.smtp import SmtpTransport
from challenge.mail.transports.transport import Outgoing, Refused

SHAPES = "folder:path, smtp://host:port, smtps://user:password@host:port"


class Transport(Protocol):
    async def send(self, outgoing: Outgoing) -> None:
        """Raises Refused when no later try can help, anything else when one may."""

    async def check(self) -> str:
        """Nothing when it works, else a sentence without secrets."""


def open_transport(url: str) -> Transport:
    scheme, _sep, rest = url.partition(":")
    if scheme == "folder" and rest:
        return FolderTransport(rest)
    if scheme in ("smtp", "smtps") and urlsplit(url).hostname:
        return SmtpTransport(url)
    raise ValueError(f"The mail address is none of: {SHAPES}")


__all__ = ["Outgoing", "Refused", "Transport", "open_transport"]
