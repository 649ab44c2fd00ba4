"""The virus scanner: clamd over TCP or its socket (INSTREAM), or none."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

PATIENCE = 120.0
PIECE = 1 << 16
TOO_LARGE = "INSTREAM size limit exceeded"  # clamd's StreamMaxLength


class ScannerDown(Exception):
    """The scanner does not answer, or not as a scanner would."""


class TooLarge(Exception):
    """The scanner takes no file of this size; that says nothing of the file."""


async def scan(url: str, pieces: AsyncIterator[bytes], patience: float = PATIENCE) -> str:
    """The name of what was found, or nothing. Raises TooLarge and ScannerDown."""
    try:
        async with asyncio.timeout(patience):
            answer = await _answer_to(url, pieces)
    except TimeoutError as error:
        raise ScannerDown("the scanner takes too long") from error
    says = answer.removeprefix("stream: ")
    if says == "OK":
        return ""
    if says.endswith(" FOUND"):
        return says.removesuffix(" FOUND")[:200]
    if says.startswith(TOO_LARGE):
        raise TooLarge
    raise ScannerDown("the scanner gave no verdict")


async def _answer_to(url: str, pieces: AsyncIterator[bytes]) -> str:
    reader, writer = await _open(url)
    # listened for from the first byte on: a scanner that has enough says so and hangs up at once
    answer = asyncio.create_task(reader.read(4096))
    try:
        with suppress(ConnectionError):
            await _send(writer, pieces, answer)
        return (await answer).rstrip(b"\0").decode(errors="replace")
    except OSError as error:
        raise ScannerDown("the scanner broke off") from error
    finally:
        answer.cancel()
        writer.close()


async def _send(
    writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes], answer: asyncio.Task[bytes]
) -> None:
    writer.write(b"zINSTREAM\0")
    async for piece in pieces:
        for start in range(0, len(piece), PIECE):
            if answer.done():
                return
            part = piece[start : start + PIECE]
            writer.write(struct.pack("!I", len(part)) + part)
            await writer.drain()
    writer.write(struct.pack("!I", 0))
    await writer.drain()


async def check(url: str) -> str:
    """Nothing when it answers, else a sentence."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await _open(url)
            writer.write(b"zPING\0")
            await writer.drain()
            answer = await reader.read(16)
            writer.close()
    except (ScannerDown, OSError, TimeoutError):
        return "The virus scanner does not answer."
    return "" if answer.startswith(b"PONG") else "What answers is no virus scanner."


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    try:
        if parts.scheme != "clamd":
            raise ScannerDown("the scanner's address is none of: none:, clamd://host:port, clamd:///path")
        if parts.hostname:
            return await asyncio.open_connection(parts.hostname, parts.port or 3310)
        return await asyncio.open_unix_connection(parts.path)
    except OSError as error:
        raise ScannerDown("the scanner does not answer") from error
