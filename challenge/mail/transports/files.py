"""For development and for looking on: one `.eml` file a message."""

import asyncio
import os
from pathlib import Path

from challenge.mail.transports.transport import Outgoing


class FolderTransport:
    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    async def send(self, outgoing: Outgoing) -> None:
        await asyncio.to_thread(self._write, f"{outgoing.name}.eml", outgoing.content.as_bytes())

    async def check(self) -> str:
        try:
            await asyncio.to_thread(self._write, ".probe", b"")
            await asyncio.to_thread((self.folder / ".probe").unlink)
        except OSError as error:
            return f"The folder for mail cannot be written: {error.strerror}."
        return ""

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, and only the service may read: the mails hold links that sign people in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{name}.new"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600), "wb") as file:
            file.write(content)
        draft.replace(self.folder / name)
