"""One machine, no server. A key is one file, `ab/cd/in+1f0c...+v1`, under two levels made of its hash.

A file appears whole or not at all: written to `.new/`, synced, then linked to its place. `link` fails
where something already stands, so nothing is ever overwritten. No symbolic link below the root is followed.
"""

import errno
import hashlib
import io
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from storage.store import (
    MIB,
    AlreadyThere,
    NotThere,
    Source,
    Stat,
    Store,
    Stored,
    StoreDown,
    Trouble,
    checked,
    checked_prefix,
    chunks_of,
    is_key,
)

NEW = ".new"  # begins with a dot, as no key does
LEFT_BEHIND = 24 * 3600  # seconds after which a file in .new belongs to a process that died

_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not make us wait
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_OURS = (errno.ELOOP, errno.ENXIO)  # a symbolic link, a socket or a pipe where a file should be

_TROUBLES: dict[int, Trouble] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EACCES: "refused",
    errno.EPERM: "refused",
    errno.EROFS: "refused",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "damaged",
    errno.ELOOP: "damaged",
    errno.EIO: "damaged",
}


class FolderStore(Store):
    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root).absolute()
        # made here and never again: a folder that goes away later is an outage, not a fresh start
        with suppress(OSError):
            self._root.mkdir(mode=0o750, parents=True, exist_ok=True)

    def prepare(self) -> None:
        """Makes the folder, and clears what processes that died while writing left in `.new`."""
        with _told():
            self._root.mkdir(mode=0o750, parents=True, exist_ok=True)
            with self._opened(NEW, make=True) as new, os.scandir(new) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # its writer has just finished
                        if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFT_BEHIND:
                            os.unlink(entry.name, dir_fd=new)

    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        place, name = _place(checked(key))
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        draft = str(uuid.uuid4())
        with _told(), self._opened(NEW, make=True) as new, self._opened(place, make=True) as shelf:
            try:
                stored = _write(stream, draft, new)
                try:
                    os.link(draft, name, src_dir_fd=new, dst_dir_fd=shelf, follow_symlinks=False)
                    os.fsync(shelf)
                except FileExistsError:
                    if _kept(name, shelf) != stored:
                        raise AlreadyThere from None
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=new)
        return stored

    def read(self, key: str) -> bytes:
        with _told(), self._file(key) as file:
            return file.read()

    def stream(self, key: str, chunk: int = MIB) -> Iterator[bytes]:
        with _told():
            file = self._file(key)
        return _pieces(file, chunk)

    def stat(self, key: str) -> Stat | None:
        """Reads the whole file: a folder keeps no notes, so the digest is that of the bytes on the disk."""
        place, name = _place(checked(key))
        try:
            with _told(), self._opened(place) as shelf:
                found = _kept(name, shelf)
        except NotThere:
            return None
        return None if found is None else Stat(found.size, found.sha256)

    def delete(self, key: str) -> None:
        place, name = _place(checked(key))
        with suppress(NotThere), _told(), self._opened(place) as shelf, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=shelf)
            os.fsync(shelf)

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        with _told(), self._opened("") as root:
            firsts = _shelves(root)
        return self._keys(firsts, prefix)

    def _keys(self, firsts: list[str], prefix: str) -> Iterator[str]:
        for first in firsts:
            with suppress(NotThere), _told():
                with self._opened(first) as outer:
                    seconds = _shelves(outer)
                for second in seconds:
                    with self._opened(f"{first}/{second}") as shelf, os.scandir(shelf) as entries:
                        names = [e.name for e in entries if e.is_file(follow_symlinks=False)]
                    for key in (name.replace("+", "/") for name in names):
                        if key.startswith(prefix) and is_key(key):
                            yield key

    def _file(self, key: str) -> io.BufferedReader:
        place, name = _place(checked(key))
        with self._opened(place) as shelf:
            file = _open(name, shelf)
        if file is None:
            raise NotThere
        return file

    @contextmanager
    def _opened(self, place: str, *, make: bool = False) -> Iterator[int]:
        """Descriptor of a folder below the root. The root itself may be a link: the operator wished it."""
        here = os.open(self._root, _DIR)
        try:
            for part in filter(None, place.split("/")):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, mode=0o750, dir_fd=here)
                        os.fsync(here)
                try:
                    below = os.open(part, _DIR | os.O_NOFOLLOW, dir_fd=here)
                except FileNotFoundError:
                    raise NotThere from None
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)


def _place(key: str) -> tuple[str, str]:
    """Folder and file name. `+` is in no key, so the name says the key and `a` and `a/b` never meet."""
    digest = hashlib.sha256(key.encode("ascii")).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}", key.replace("/", "+")


def _shelves(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if len(e.name) == 2 and e.is_dir(follow_symlinks=False))


def _write(stream: IO[bytes], name: str, folder: int) -> Stored:
    size, sha256 = 0, hashlib.sha256()
    with os.fdopen(os.open(name, _WRITE, mode=0o640, dir_fd=folder), "wb") as file:
        for piece in chunks_of(stream):
            size += file.write(piece)
            sha256.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return Stored(size, sha256.hexdigest())


def _open(name: str, shelf: int) -> io.BufferedReader | None:
    """The file, or nothing where there is none or something that is not a file of ours."""
    try:
        file = os.fdopen(os.open(name, _READ, dir_fd=shelf), "rb")
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in _NOT_OURS:
            return None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        return None
    return file


def _kept(name: str, shelf: int) -> Stored | None:
    file = _open(name, shelf)
    if file is None:
        return None
    with file:
        sha256 = hashlib.file_digest(file, "sha256")
        return Stored(file.tell(), sha256.hexdigest())


def _pieces(file: io.BufferedReader, chunk: int) -> Iterator[bytes]:
    with file, _told():
        size = os.fstat(file.fileno()).st_size
        yield from chunks_of(file, chunk)
        if file.tell() != size:
            raise StoreDown("damaged")


@contextmanager
def _told() -> Iterator[None]:
    """What the system says becomes what a store says, without the path."""
    try:
        yield
    except OSError as error:
        raise StoreDown(_TROUBLES.get(error.errno or 0, "unreachable")) from error
