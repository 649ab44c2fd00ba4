from dataclasses import dataclass
from email.message import EmailMessage


class Refused(Exception):
    """The other side will not take this message, now or later."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to leave. `name` is its own for ever: a second try is the same message."""

    name: str
    sender: str
    to: str
    content: EmailMessage
