"""The virus scanner: clamd over TCP or its socket (INSTREAM), or none."""

import asyncio
import struct
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

PATIENCE = 120.0
PIECE = 1 << 16


class ScannerDown(Exception):
    """The scanner does not answer, or not as a scanner would."""


async def scan(url: str, pieces: AsyncIterator[bytes]) -> str:
    """The name of what was found, or nothing."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await _open(url)
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in pieces:
                for start in range(0, len(piece), PIECE):
                    part = piece[start : start + PIECE]
                    writer.write(struct.pack("!I", len(part)) + part)
                    await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            answer = (await reader.read(4096)).rstrip(b"\0").decode(errors="replace")
        except OSError as error:
            raise ScannerDown("the scanner broke off") from error
        finally:
            writer.close()
    says = answer.removeprefix("stream: ")
    if says == "OK":
        return ""
    if says.endswith(" FOUND"):
        return says.removesuffix(" FOUND")[:200]
    raise ScannerDown("the scanner gave no verdict")


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
