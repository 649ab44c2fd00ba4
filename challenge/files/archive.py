"""Many documents as one streamed ZIP, stored and not compressed, with a manifest of what was in it.

The size is known before the first byte unless copies without a name are among them, which are made on the way.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from zipstream import ZIP_STORED, ZipStream

from challenge.files.blind import OFFICE, OPEN_DOCUMENT, PICTURES, blind_copy
from challenge.files.models import Document
from challenge.files.queries import key_of
from challenge.files.rules import ending_of
from challenge.files.store import in_thread, the_store
from storage.store import Store, StoreDown

MANIFEST = "manifest.json"
CHANGED = frozenset({"pdf", *OFFICE, *OPEN_DOCUMENT, *PICTURES})
BLOCK = 64 << 10
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})


@dataclass(frozen=True, slots=True)
class Packed:
    """`folder` and `name` are safe already; `is_blind` asks for the copy that does not say who wrote it."""

    folder: str
    name: str
    document: Document
    is_blind: bool = False

    @property
    def is_changed(self) -> bool:
        return self.is_blind and ending_of(self.document.name) in CHANGED


@dataclass
class Archive:
    files: Sequence[Packed]
    left_out: Sequence[tuple[str, str]] = ()  # path, and the state why
    _told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        is_sized = not any(file.is_changed for file in self.files)
        self._zip = ZipStream(compress_type=ZIP_STORED, sized=is_sized)
        store, taken = the_store(), {MANIFEST}
        expected = []
        for file in self.files:
            path = unique(f"{file.folder}/{plain(file.name)}", taken)
            size = None if file.is_changed else file.document.size
            self._zip.add(self._content(store, file, path), path, size=size)
            expected.append({"name": path, "size": size or 0, "sha256": "0" * 64})
        # a digest has 64 digits whatever it is, so the manifest's size is known before the digests are
        size = len(self._manifest(expected)) if is_sized else None
        self._zip.add(self._last(), MANIFEST, size=size)
        self.size: int | None = len(self._zip) if is_sized else None

    def _content(self, store: Store, file: Packed, path: str) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        for piece in _pieces(store, file):
            digest.update(piece)
            size += len(piece)
            yield piece
        wrong = file.document.sha256 not in ("", digest.hexdigest()) and not file.is_changed
        if wrong:  # the line is cut, so that nobody takes it for the file that was sent
            raise StoreDown("damaged")
        self._told.append({"name": path, "size": size, "sha256": digest.hexdigest()})

    def _last(self) -> Iterator[bytes]:
        yield self._manifest(self._told)

    def _manifest(self, files: list[dict[str, Any]]) -> bytes:
        left = [{"name": name, "state": state} for name, state in self.left_out]
        return json.dumps({"files": files, "left_out": left}, ensure_ascii=False, indent=1).encode()

    async def stream(self) -> AsyncIterator[bytes]:
        pieces = iter(self._zip)
        while block := await in_thread(lambda: _block(pieces)):
            yield block


def _pieces(store: Store, file: Packed) -> Iterator[bytes]:
    key = key_of(file.document)
    if file.is_changed:
        yield blind_copy(store.read(key), ending_of(file.document.name))
    else:
        yield from store.stream(key)


def _block(pieces: Iterator[bytes]) -> bytes:
    """A few pieces together; a large one alone, as it is."""
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= BLOCK:
            break
    return gathered[0] if len(gathered) == 1 else b"".join(gathered)


def plain(name: str) -> str:
    """A name that no system takes for one of its devices."""
    return f"_{name}" if name.partition(".")[0].lower() in RESERVED else name


def unique(path: str, taken: set[str]) -> str:
    """The path, or the path with a number, whatever the case of its letters."""
    stem, dot, ending = path.rpartition(".")
    if not dot or "/" in ending:
        stem, ending = path, ""
    found, n = path, 1
    while found.casefold() in taken:
        n += 1
        found = f"{stem} ({n}){dot if ending else ''}{ending}"
    taken.add(found.casefold())
    return found
