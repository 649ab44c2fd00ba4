"""A row of the outbox as the message that leaves."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

import css_inline

from challenge.foundation.text import one_line
from challenge.foundation.web import STATIC
from challenge.mail import outside
from challenge.mail.models import Message
from challenge.mail.transports import Outgoing
from challenge.settings import Settings

_MARK = re.compile(r"\[\[link:([0-9a-f-]{36})\]\]")


def envelope(
    message: Message, files: Sequence[tuple[str, str, bytes]], settings: Settings, moment: datetime
) -> Outgoing:
    """`files` are (name, media type, bytes). Headers come from one line of text each: nothing adds another."""
    name, sender = parseaddr(one_line(settings.mail_from))
    to = one_line(message.to)
    made = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    made["From"] = Address(display_name=name or "Challenge", addr_spec=sender)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = one_line(message.subject)
    made["Date"] = format_datetime(moment)
    made["Message-ID"] = f"<{message.id}@{_domain(sender, settings)}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if message.reply_to:
        made["Reply-To"] = Address(addr_spec=one_line(message.reply_to))
    made.set_content(with_links(message.text, settings), cte="quoted-printable")
    html = css_inline.inline(with_links(message.html, settings), extra_css=sheet())
    made.add_alternative(html, subtype="html", cte="quoted-printable")
    for file_name, media_type, content in files:
        kind, _sep, sub = media_type.partition("/")
        made.add_attachment(
            content, maintype=kind, subtype=sub or "octet-stream", filename=one_line(file_name)
        )
    made["Content-Language"] = message.language
    return Outgoing(str(message.id), sender, to, made)


def with_links(text: str, settings: Settings) -> str:
    """Secrets are put in here and nowhere else: no table and no log holds them."""
    return _MARK.sub(lambda found: f"{settings.base_url}/links/{outside.secret_of(UUID(found[1]))}", text)


def _domain(sender: str, settings: Settings) -> str:
    domain = sender.rpartition("@")[2]
    return domain if "." in domain else urlsplit(settings.base_url).hostname or "localhost"


@lru_cache
def sheet() -> str:
    return (STATIC / "css" / "mail.css").read_text(encoding="utf-8")
