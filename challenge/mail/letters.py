"""What a mail says, before it is laid out: a subject, a headline, paragraphs, facts and one button."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from challenge.foundation.i18n import Text

Words = Text | str


@dataclass(frozen=True)
class Letter:
    """`button` is (words, path of this site or "link:<id of a Link>"); a link becomes an address only on sending.

    An attachment is {"document": <id>, "name": ..., "type": ...}. `label` is the programme or call
    above the headline, `reply_to` is where an answer goes.
    """

    name: str
    subject: Words
    headline: Words
    paragraphs: Sequence[Words]
    facts: Sequence[tuple[Words, Any]] = ()
    button: tuple[Words, str] | None = None
    attachments: Sequence[dict[str, str]] = field(default_factory=tuple)
    demonstration: bool = False
    label: Words = ""
    reply_to: str = ""
