"""Files below one root, never through a symbolic link, and what the system's errors mean."""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.store import NotThere, Stored, StoreDown, Trouble

DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not make us wait
CHANGE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_MODE, DIR_MODE, SEALED_MODE = 0o640, 0o750, 0o440

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


class Disk:
    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root).absolute()
        # made here and never again: a folder that goes away later is an outage, not a fresh start
        with suppress(OSError):
            self.make()

    def make(self) -> None:
        self._root.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)

    @contextmanager
    def opened(self, place: str = "", *, make: bool = False) -> Iterator[int]:
        """Descriptor of a folder below the root. The root itself may be a link: the operator wished it."""
        here = os.open(self._root, DIR)
        try:
            for part in filter(None, place.split("/")):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, mode=DIR_MODE, dir_fd=here)
                        os.fsync(here)
                try:
                    below = os.open(part, DIR | os.O_NOFOLLOW, dir_fd=here)
                except FileNotFoundError:
                    raise NotThere from None
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)


def descriptor_of(name: str, folder: int, flags: int = READ) -> int | None:
    """Of the file, or nothing where there is none or something that is not a file of ours."""
    try:
        file = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in _NOT_OURS:
            return None
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    return file


def opened_file(name: str, folder: int) -> io.BufferedReader | None:
    file = descriptor_of(name, folder)
    return None if file is None else os.fdopen(file, "rb")


def kept_in(name: str, folder: int) -> Stored | None:
    file = opened_file(name, folder)
    if file is None:
        return None
    with file:
        sha256 = hashlib.file_digest(file, "sha256")
        return Stored(file.tell(), sha256.hexdigest())


def is_same_file(one: str, folder: int, other: str, elsewhere: int) -> bool:
    """One file under two names, or two with the same bytes."""
    files = (descriptor_of(one, folder), descriptor_of(other, elsewhere))
    try:
        here, there = (None if file is None else os.fstat(file) for file in files)
    finally:
        for file in files:
            if file is not None:
                os.close(file)
    if here is None or there is None or here.st_size != there.st_size:
        return False
    return os.path.samestat(here, there) or kept_in(one, folder) == kept_in(other, elsewhere)


@contextmanager
def closing(file: int) -> Iterator[int]:
    try:
        yield file
    finally:
        os.close(file)


@contextmanager
def told() -> Iterator[None]:
    """What the system says becomes what a store says, without the path."""
    try:
        yield
    except OSError as error:
        raise StoreDown(_TROUBLES.get(error.errno or 0, "unreachable")) from error
