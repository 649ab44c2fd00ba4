"""A mail server: `smtp://` with STARTTLS where it is offered, `smtps://` with TLS from the first byte.

`?starttls=always` refuses a server without it, `?starttls=never` does not ask. A password is never sent in the
clear to another machine.
"""

import asyncio
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

from challenge.mail.transports.transport import Outgoing, Refused
from challenge.settings import LOOPBACK

PATIENCE = 30.0
STARTTLS = {"": None, "always": True, "never": False}


class SmtpTransport:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.is_tls = parts.scheme == "smtps"
        self.port = parts.port or (465 if self.is_tls else 25)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        wish = dict(parse_qsl(parts.query)).get("starttls", "")
        if wish not in STARTTLS:
            raise ValueError("starttls= is always or never")
        self.starttls = False if self.is_tls else STARTTLS[wish]
        if self.user and not self.is_tls and self.host not in LOOPBACK:
            self.starttls = True

    def _client(self, patience: float = PATIENCE) -> SMTP:
        return SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.is_tls,
            start_tls=self.starttls,
            username=self.user or None,
            password=self.password or None,
            timeout=patience,
        )

    async def send(self, outgoing: Outgoing) -> None:
        try:
            async with self._client() as server:
                await server.send_message(outgoing.content, sender=outgoing.sender, recipients=[outgoing.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            if codes and min(codes) >= 500:
                raise Refused(f"The mail server refused the address ({codes[0]}).") from None
            raise
        except aiosmtplib.SMTPNotSupported:
            raise Refused("The mail server does not take addresses with such letters.") from None
        except aiosmtplib.SMTPResponseException as error:
            if isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500:
                raise Refused(f"The mail server refused the message ({error.code}).") from None
            raise

    async def check(self) -> str:
        try:
            async with asyncio.timeout(6):
                async with self._client(5.0) as server:
                    await server.noop()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return f"The mail server does not take us in ({type(error).__name__})."
        return ""
