"""A real mail server, and people to write to."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from challenge import wiring, worker
from challenge.foundation.db import Database
from challenge.jobs.context import Drained
from challenge.settings import Settings, settings


class MailServer:
    """Keeps what it gets. `answers` are given first, one an attempt, instead of taking the message."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.got: list[tuple[list[str], bytes]] = []
        self.answers: list[str] = []
        self.recipient_answers: list[str] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True), "127.0.0.1", self.port
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.got.append((list(envelope.rcpt_tos), cast(bytes, envelope.content)))
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [read(content) for _to, content in self.got]


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(autouse=True)
def connected() -> None:
    wiring.connect()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    made = MailServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def in_folder(folder: Path) -> Settings:
    return with_mail(f"folder:{folder}")


def with_mail(url: str, **more: Any) -> Settings:
    kept = settings().model_dump()
    return Settings(**{**kept, "mail_url": url, "mail_from": "The calls <calls@example.org>", **more})


async def deliver(database: Database, config: Settings) -> Drained:
    return await worker.run_all(database, config)


def mails_in(folder: Path) -> list[tuple[str, int, bytes]]:
    """Name, mode and bytes of what lies there."""
    if not folder.exists():
        return []
    return [(f.name, stat.S_IMODE(f.stat().st_mode), f.read_bytes()) for f in sorted(folder.iterdir())]
