"""One machine, no server. A key is one file, `ab/cd/in+1f0c...+v1`, under two levels made of its hash.

A file appears whole or not at all: written to `.new/`, synced, then linked to its place. `link` fails
where something already stands, so nothing is ever overwritten. No symbolic link below the root is followed.
"""

import hashlib
import io
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO

from storage.disk import (
    FILE_MODE,
    MAKE,
    SEALED_MODE,
    Disk,
    closing,
    descriptor_of,
    is_same_file,
    kept_in,
    opened_file,
    told,
)
from storage.folder_uploads import Uploads
from storage.links import Links, Ticket
from storage.local import LocalStore
from storage.parts import OpenUpload, PartHeld
from storage.receiving import Slot
from storage.store import (
    MIB,
    AlreadyThere,
    DamagedUpload,
    NotThere,
    Source,
    Stat,
    Stored,
    StoreDown,
    checked,
    checked_prefix,
    checked_range,
    chunks_of,
    is_key,
)

NEW = ".new"  # begins with a dot, as no key does
LEFT_BEHIND = 24 * 3600  # seconds after which a file in .new belongs to a process that died


class FolderStore(LocalStore):
    def __init__(self, root: str | os.PathLike[str], links: Links | None = None) -> None:
        super().__init__(links)
        self._disk = Disk(root)
        self._uploads = Uploads(self._disk)

    def prepare(self) -> None:
        """Makes the folder, and clears what processes that died while writing left."""
        with told():
            self._disk.make()
            with self._disk.opened(NEW, make=True) as new, os.scandir(new) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # its writer has just finished
                        if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFT_BEHIND:
                            os.unlink(entry.name, dir_fd=new)
            self._uploads.clear(LEFT_BEHIND)

    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        place, name = _place(checked(key))
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        draft = str(uuid.uuid4())
        with told(), self._disk.opened(NEW, make=True) as new, self._disk.opened(place, make=True) as shelf:
            try:
                stored = _write(stream, draft, new)
                try:
                    os.link(draft, name, src_dir_fd=new, dst_dir_fd=shelf, follow_symlinks=False)
                    os.fsync(shelf)
                except FileExistsError:
                    if kept_in(name, shelf) != stored:
                        raise AlreadyThere from None
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=new)
        return stored

    def read(self, key: str) -> bytes:
        with told(), self._file(key) as file:
            return file.read()

    def stream(
        self, key: str, chunk: int = MIB, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        checked_range(start, length)
        with told():
            file = self._file(key)
        return _pieces(file, chunk, start, length)

    def size(self, key: str) -> int | None:
        place, name = _place(checked(key))
        try:
            with told(), self._disk.opened(place) as shelf:
                file = descriptor_of(name, shelf)
                if file is None:
                    return None
                with closing(file):
                    return os.fstat(file).st_size
        except NotThere:
            return None

    def stat(self, key: str) -> Stat | None:
        """Reads the whole file: a folder keeps no notes, so the digest is that of the bytes on the disk."""
        place, name = _place(checked(key))
        try:
            with told(), self._disk.opened(place) as shelf:
                found = kept_in(name, shelf)
        except NotThere:
            return None
        return None if found is None else Stat(found.size, found.sha256)

    def delete(self, key: str) -> None:
        place, name = _place(checked(key))
        with suppress(NotThere), told(), self._disk.opened(place) as shelf, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=shelf)
            os.fsync(shelf)

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        with told(), self._disk.opened("") as root:
            firsts = _shelves(root)
        return self._keys(firsts, prefix)

    def begin(self, key: str, size: int, part_size: int) -> str:
        """Takes all the room the file will need, and leaves some to the rest of the machine."""
        checked(key)
        with told():
            return self._uploads.begin(key, size, part_size)

    def parts(self, key: str, upload: str) -> list[PartHeld]:
        checked(key)
        with told():
            return self._uploads.parts(key, upload)

    def complete(self, key: str, upload: str, sizes: Sequence[int]) -> Stat:
        place, name = _place(checked(key))
        try:
            with told(), self._disk.opened(place, make=True) as shelf:
                self._uploads.complete(key, upload, sizes, name, shelf)
            is_ours = True
        except NotThere:
            is_ours = False
        size = self.size(key)
        if size is None:
            raise NotThere
        if size != sum(sizes):
            raise DamagedUpload if is_ours else AlreadyThere
        with told():
            self._uploads.forget(key, upload)
        return Stat(size, None)

    def abort(self, key: str, upload: str) -> None:
        checked(key)
        with told():
            self._uploads.abort(key, upload)

    def uploads(self) -> Iterator[OpenUpload]:
        with told():
            return iter(list(self._uploads.all()))

    def copy(self, source: str, target: str) -> None:
        """A second name for the same bytes, which nobody may write to from then on."""
        (place, name), (there, other) = _place(checked(source)), _place(checked(target))
        with told(), self._disk.opened(place) as shelf, self._disk.opened(there, make=True) as goal:
            file = descriptor_of(name, shelf)
            if file is None:
                raise NotThere
            with closing(file):
                os.fchmod(file, SEALED_MODE)
                os.fsync(file)
            try:
                os.link(name, other, src_dir_fd=shelf, dst_dir_fd=goal, follow_symlinks=False)
            except FileExistsError:
                if not is_same_file(name, shelf, other, goal):
                    raise AlreadyThere from None
            except FileNotFoundError:
                raise NotThere from None
            os.fsync(goal)

    def _shape(self, key: str, upload: str) -> tuple[int, int]:
        checked(key)
        with told():
            shape = self._uploads.shape(key, upload)
        return shape.size, shape.part_size

    def _slot(self, ticket: Ticket) -> Slot:
        with told():
            return self._uploads.slot(ticket)

    def _keys(self, firsts: list[str], prefix: str) -> Iterator[str]:
        for first in firsts:
            with suppress(NotThere), told():
                with self._disk.opened(first) as outer:
                    seconds = _shelves(outer)
                for second in seconds:
                    with self._disk.opened(f"{first}/{second}") as shelf, os.scandir(shelf) as entries:
                        names = [e.name for e in entries if e.is_file(follow_symlinks=False)]
                    for key in (name.replace("+", "/") for name in names):
                        if key.startswith(prefix) and is_key(key):
                            yield key

    def _file(self, key: str) -> io.BufferedReader:
        place, name = _place(checked(key))
        with self._disk.opened(place) as shelf:
            file = opened_file(name, shelf)
        if file is None:
            raise NotThere
        return file


def _place(key: str) -> tuple[str, str]:
    """Folder and file name. `+` is in no key, so the name says the key and `a` and `a/b` never meet."""
    digest = hashlib.sha256(key.encode("ascii")).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}", key.replace("/", "+")


def _shelves(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if len(e.name) == 2 and e.is_dir(follow_symlinks=False))


def _write(stream: IO[bytes], name: str, folder: int) -> Stored:
    size, sha256 = 0, hashlib.sha256()
    with os.fdopen(os.open(name, MAKE, mode=FILE_MODE, dir_fd=folder), "wb") as file:
        for piece in chunks_of(stream):
            size += file.write(piece)
            sha256.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return Stored(size, sha256.hexdigest())


def _pieces(file: io.BufferedReader, chunk: int, start: int, length: int | None) -> Iterator[bytes]:
    with file, told():
        size = os.fstat(file.fileno()).st_size
        start = min(start, size)
        end = size if length is None else min(size, start + length)
        file.seek(start)
        yield from chunks_of(file, chunk, end - start)
        if file.tell() != end:
            raise StoreDown("damaged")
