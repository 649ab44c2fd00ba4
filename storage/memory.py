"""For tests: as strict as the others, and gone with the process."""

import hashlib
import io
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from storage.links import Links, Ticket
from storage.local import LocalStore
from storage.parts import OpenUpload, PartHeld
from storage.receiving import Slot
from storage.store import (
    MIB,
    AlreadyThere,
    NotThere,
    Source,
    Stat,
    Stored,
    checked,
    checked_prefix,
    checked_range,
    chunks_of,
    refuse_unless_whole,
)


@dataclass
class _Upload:
    key: str
    size: int
    part_size: int
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    parts: dict[int, bytes] = field(default_factory=dict)


class MemoryStore(LocalStore):
    def __init__(self, links: Links | None = None) -> None:
        super().__init__(links)
        self._kept: dict[str, bytes] = {}
        self._uploads: dict[str, _Upload] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        checked(key)
        given = source if isinstance(source, bytes) else source.read()
        with self._lock:
            self._keep(key, given)
        return Stored(len(given), hashlib.sha256(given).hexdigest())

    def read(self, key: str) -> bytes:
        try:
            return self._kept[checked(key)]
        except KeyError:
            raise NotThere from None

    def stream(
        self, key: str, chunk: int = MIB, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        checked_range(start, length)
        file = io.BytesIO(self.read(key))
        file.seek(start)
        return chunks_of(file, chunk, length)

    def size(self, key: str) -> int | None:
        kept = self._kept.get(checked(key))
        return None if kept is None else len(kept)

    def stat(self, key: str) -> Stat | None:
        kept = self._kept.get(checked(key))
        return None if kept is None else Stat(len(kept), hashlib.sha256(kept).hexdigest())

    def delete(self, key: str) -> None:
        with self._lock:
            self._kept.pop(checked(key), None)

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        with self._lock:
            return iter([key for key in self._kept if key.startswith(prefix)])

    def begin(self, key: str, size: int, part_size: int) -> str:
        made = _Upload(checked(key), size, part_size)
        upload = uuid.uuid4().hex
        with self._lock:
            self._uploads[upload] = made
        return upload

    def parts(self, key: str, upload: str) -> list[PartHeld]:
        with self._lock:
            parts = self._the(key, upload).parts
            return [PartHeld(n, len(part)) for n, part in sorted(parts.items())]

    def complete(self, key: str, upload: str, sizes: Sequence[int]) -> Stat:
        checked(key)
        with self._lock:
            try:
                parts = self._the(key, upload).parts
            except NotThere:
                kept = self._kept.get(key)
                if kept is None:
                    raise
                if len(kept) != sum(sizes):
                    raise AlreadyThere from None
                return Stat(len(kept), None)
            refuse_unless_whole([PartHeld(n, len(part)) for n, part in parts.items()], sizes)
            whole = b"".join(part for _, part in sorted(parts.items()))
            self._keep(key, whole)
            del self._uploads[upload]
        return Stat(len(whole), None)

    def abort(self, key: str, upload: str) -> None:
        checked(key)
        with self._lock:
            if upload in self._uploads and self._uploads[upload].key == key:
                del self._uploads[upload]

    def uploads(self) -> Iterator[OpenUpload]:
        with self._lock:
            return iter([OpenUpload(made.key, upload, made.begun) for upload, made in self._uploads.items()])

    def copy(self, source: str, target: str) -> None:
        checked(target)
        kept = self.read(source)
        with self._lock:
            self._keep(target, kept)

    def _keep(self, key: str, given: bytes) -> None:
        if self._kept.setdefault(key, given) != given:
            raise AlreadyThere

    def _the(self, key: str, upload: str) -> _Upload:
        checked(key)
        made = self._uploads.get(upload)
        if made is None or made.key != key:
            raise NotThere
        return made

    def _shape(self, key: str, upload: str) -> tuple[int, int]:
        with self._lock:
            made = self._the(key, upload)
            return made.size, made.part_size

    def _slot(self, ticket: Ticket) -> Slot:
        with self._lock:
            if ticket.upload not in self._uploads:
                raise NotThere
        return _Slot(self, ticket)

    def _hold(self, ticket: Ticket, part: bytes) -> None:
        with self._lock:
            if ticket.upload not in self._uploads:
                raise NotThere
            self._uploads[ticket.upload].parts[ticket.n] = part


class _Slot:
    def __init__(self, store: MemoryStore, ticket: Ticket) -> None:
        self._store, self._ticket = store, ticket
        self._blocks: list[bytes] = []

    def write(self, at: int, block: bytes) -> None:
        self._blocks.append(bytes(block))

    def keep(self) -> None:
        self._store._hold(self._ticket, b"".join(self._blocks))

    def close(self) -> None:
        self._blocks.clear()
