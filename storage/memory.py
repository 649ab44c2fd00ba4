"""For tests: as strict as the others, and gone with the process."""

import hashlib
import io
import threading
from collections.abc import Iterator

from storage.store import (
    MIB,
    AlreadyThere,
    NotThere,
    Source,
    Stat,
    Store,
    Stored,
    checked,
    checked_prefix,
    chunks_of,
)


class MemoryStore(Store):
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        checked(key)
        given = source if isinstance(source, bytes) else source.read()
        with self._lock:
            if self._kept.setdefault(key, given) != given:
                raise AlreadyThere
        return Stored(len(given), hashlib.sha256(given).hexdigest())

    def read(self, key: str) -> bytes:
        try:
            return self._kept[checked(key)]
        except KeyError:
            raise NotThere from None

    def stream(self, key: str, chunk: int = MIB) -> Iterator[bytes]:
        return chunks_of(io.BytesIO(self.read(key)), chunk)

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
