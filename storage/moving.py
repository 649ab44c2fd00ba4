"""A whole store into another one, object by object, each proved by reading it back. Begun again, it goes on."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from storage.store import AlreadyThere, NotThere, Store, Stored

PROBES = "probe/"


@dataclass(slots=True)
class Moved:
    copied: int = 0
    held: int = 0  # were there already, the same
    size: int = 0
    differing: list[str] = field(default_factory=list)  # other bytes there, or none

    @property
    def count(self) -> int:
        return self.copied + self.held + len(self.differing)


Told = Callable[[str, Moved], None]


def copy_all(source: Store, target: Store, told: Told | None = None) -> Moved:
    """Nothing that is kept in the target is overwritten or deleted. Raises StoreDown; what was done stays done."""
    moved = Moved()
    for key in source.keys():  # noqa: SIM118
        if not key.startswith(PROBES):
            _copy(source, target, key, moved)
            if told is not None:
                told(key, moved)
    return moved


def _copy(source: Store, target: Store, key: str, moved: Moved) -> None:
    try:
        reader = _Reader(source, key)
    except NotThere:
        return  # deleted since it was listed
    is_new = target.size(key) is None
    if is_new:
        try:
            target.put(key, io.BufferedReader(reader), content_type="application/octet-stream")
        except AlreadyThere:
            moved.differing.append(key)
            return
    reader.finish()
    if Stored(reader.size, reader.digest.hexdigest()) != _proof(target, key):
        moved.differing.append(key)
        return
    moved.size += reader.size
    moved.copied += is_new
    moved.held += not is_new


def _proof(target: Store, key: str) -> Stored | None:
    try:
        return target.proof(key)
    except NotThere:
        return None


class _Reader(io.RawIOBase):
    """A stored object as a file that counts and digests what is read of it."""

    def __init__(self, store: Store, key: str) -> None:
        self.pieces = store.stream(key)
        self.rest = memoryview(b"")
        self.size = 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.rest:
            self.rest = memoryview(self._next())
        taken = self.rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self.rest = self.rest[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        piece = next(self.pieces, b"")
        self.size += len(piece)
        self.digest.update(piece)
        return piece

    def finish(self) -> None:
        while self._next():
            pass
