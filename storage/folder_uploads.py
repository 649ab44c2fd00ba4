"""Uploads into a folder: `.uploads/ID.part` has the size of the whole file from the beginning, each part is
written at its place, and `ID.log` says which parts are whole. Completing is a link to the final place.

Who may write is settled under a lock on the bytes of the part, which also holds between processes: the newest
claim of a part writes, and none does once the part is held. So a line that hangs never keeps a second try out,
and what is held is never touched again.
"""

import fcntl
import os
import re
import struct
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from storage.disk import CHANGE, FILE_MODE, MAKE, Disk, closing, descriptor_of, is_same_file, told
from storage.journal import Held, Journal, Shape
from storage.links import Ticket
from storage.parts import OpenUpload, PartHeld
from storage.store import AlreadyThere, NotThere, StoreDown, Superseded, refuse_unless_whole

UPLOADS = ".uploads"  # begins with a dot, as no key does
KEPT_FREE = 0.05  # of the disk

_ID = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Raises OSError beside what a store raises: the store translates."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def begin(self, key: str, size: int, part_size: int) -> str:
        upload = uuid.uuid4().hex
        with self._disk.opened(UPLOADS, make=True) as folder:
            _refuse_if_full(folder, size)
            try:
                with closing(os.open(_part(upload), MAKE, mode=FILE_MODE, dir_fd=folder)) as data:
                    if size:
                        os.posix_fallocate(data, 0, size)
                    os.fsync(data)
                made = os.open(_log(upload), MAKE | os.O_APPEND, mode=FILE_MODE, dir_fd=folder)
                with closing(made) as log:
                    Journal(log).begin(key, size, part_size)
                os.fsync(folder)
            except OSError:
                _forget(upload, folder)
                raise
        return upload

    def shape(self, key: str, upload: str) -> Shape:
        with self._opened(upload, key) as it:
            return it.shape

    def parts(self, key: str, upload: str) -> list[PartHeld]:
        with self._opened(upload, key) as it:
            return it.held()

    def slot(self, ticket: Ticket) -> "FolderSlot":
        with self._opened(ticket.upload) as it:
            place = (ticket.n - 1) * it.shape.part_size
            return FolderSlot(os.dup(it.journal.file), os.dup(it.data), ticket, place)

    def complete(self, key: str, upload: str, sizes: Sequence[int], name: str, shelf: int) -> None:
        """Raises NotThere where there is no such upload any more; then the final place decides."""
        with self._opened(upload, key) as it:
            with _locked(it.data, 0, 0):
                it.journal.refresh()
                if it.journal.is_gone:
                    raise NotThere
                refuse_unless_whole(it.held(), sizes)
                os.fsync(it.data)
                if not it.journal.is_sealed:
                    it.journal.seal()
                _link(_part(upload), it.folder, name, shelf)
            _forget(upload, it.folder)

    def abort(self, key: str, upload: str) -> None:
        with suppress(NotThere), self._opened(upload, key) as it:
            with _locked(it.data, 0, 0):
                it.journal.give_up()
            _forget(upload, it.folder)
        self.forget(key, upload)

    def forget(self, key: str, upload: str) -> None:
        """A journal whose bytes have their final place, or are gone: a crash left it."""
        if not _ID.fullmatch(upload):
            return
        with suppress(NotThere), self._disk.opened(UPLOADS) as folder:
            log = descriptor_of(_log(upload), folder, CHANGE)
            if log is None:
                return
            with closing(log):
                shape = Journal(log).shape
            if shape and shape.key == key:
                _forget(upload, folder)

    def all(self) -> Iterator[OpenUpload]:
        with suppress(NotThere), self._disk.opened(UPLOADS) as folder:
            for upload in _ids(folder, ".log"):
                log = descriptor_of(_log(upload), folder, CHANGE)
                if log is not None:
                    with closing(log):
                        shape = Journal(log).shape
                    if shape:
                        yield OpenUpload(shape.key, upload, shape.begun)

    def clear(self, older: float) -> None:
        """What crashes at the beginning or the very end left: no upload, as nobody knows its id or it is done."""
        with suppress(NotThere), self._disk.opened(UPLOADS) as folder:
            logs, parts = set(_ids(folder, ".log")), set(_ids(folder, ".part"))
            for upload in logs | parts:
                if not (upload in logs and upload in parts and self._is_upload(upload, folder)):
                    names = [name for name in (_log(upload), _part(upload)) if _is_old(name, folder, older)]
                    for name in names:
                        _unlink(name, folder)

    def _is_upload(self, upload: str, folder: int) -> bool:
        log = descriptor_of(_log(upload), folder, CHANGE)
        if log is None:
            return False
        with closing(log):
            return Journal(log).shape is not None

    @contextmanager
    def _opened(self, upload: str, key: str | None = None) -> Iterator["_Open"]:
        """An upload of another key is not there."""
        if not _ID.fullmatch(upload):
            raise NotThere
        with self._disk.opened(UPLOADS) as folder:
            log = descriptor_of(_log(upload), folder, CHANGE | os.O_APPEND)
            if log is None:
                raise NotThere
            with closing(log):
                journal = Journal(log)
                shape = journal.shape
                if shape is None or journal.is_gone or key not in (None, shape.key):
                    raise NotThere
                data = descriptor_of(_part(upload), folder, CHANGE)
                if data is None:
                    raise NotThere
                with closing(data):
                    yield _Open(folder, data, journal, shape)


@dataclass(frozen=True, slots=True)
class _Open:
    folder: int
    data: int
    journal: Journal
    shape: Shape

    def held(self) -> list[PartHeld]:
        return [PartHeld(n, part.size) for n, part in self.journal.held.items()]


class FolderSlot:
    """The place of one part. Owns the two descriptors it is given."""

    def __init__(self, log: int, data: int, ticket: Ticket, place: int) -> None:
        self._data, self._place, self._n = data, place, ticket.n
        self._part = Held(ticket.size, ticket.sha256)
        self._who = uuid.uuid4().hex
        self._journal = Journal(log)
        try:
            with self._locked():
                self._is_held = self._journal.parts.get(self._n) == self._part
                if not self._is_held:  # else it is only compared: these very bytes are on the disk
                    if self._journal.is_sealed or self._journal.is_gone:
                        raise NotThere
                    self._journal.claim(self._n, self._who)
        except BaseException:
            self.close()
            raise

    def write(self, at: int, block: bytes) -> None:
        if self._is_held:
            return
        with told(), self._locked():
            self._refuse_unless_mine()
            rest = memoryview(block)
            while rest:
                written = os.pwrite(self._data, rest, self._place + at)
                at, rest = at + written, rest[written:]

    def keep(self) -> None:
        if self._is_held:
            return
        with told(), self._locked():
            self._refuse_unless_mine()
            os.fdatasync(self._data)
            self._journal.hold(self._n, self._part)

    def close(self) -> None:
        os.close(self._journal.file)
        os.close(self._data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _locked(self._data, self._place, max(1, self._part.size)):
            self._journal.refresh()
            yield

    def _refuse_unless_mine(self) -> None:
        if self._journal.is_gone:
            raise NotThere
        if self._journal.parts.get(self._n) != self._who:
            raise Superseded


def _link(part: str, folder: int, name: str, shelf: int) -> None:
    """Where the place is taken, it may be by us: before a crash, or by another who completes just now."""
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=shelf, follow_symlinks=False)
    except FileExistsError:
        if not is_same_file(part, folder, name, shelf):
            raise AlreadyThere from None
    except FileNotFoundError:  # another completed it while we waited
        raise NotThere from None
    os.fsync(shelf)


def _forget(upload: str, folder: int) -> None:
    _unlink(_part(upload), folder)
    _unlink(_log(upload), folder)
    os.fsync(folder)


def _unlink(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _refuse_if_full(folder: int, size: int) -> None:
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize - size < KEPT_FREE * disk.f_blocks * disk.f_frsize:
        raise StoreDown("full")


def _ids(folder: int, ending: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(ending)]
    return [name.removesuffix(ending) for name in names if _ID.fullmatch(name.removesuffix(ending))]


def _is_old(name: str, folder: int, older: float) -> bool:
    try:
        changed = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return False
    return time.time() - changed > older


def _part(upload: str) -> str:
    return f"{upload}.part"


def _log(upload: str) -> str:
    return f"{upload}.log"


@contextmanager
def _locked(file: int, start: int, length: int) -> Iterator[None]:
    """Belongs to the open file and not to the process, so two threads exclude each other as well. 0: all of it."""

    def set_to(kind: int) -> None:
        fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi0q", kind, os.SEEK_SET, start, length, 0))

    set_to(fcntl.F_WRLCK)
    try:
        yield
    finally:
        set_to(fcntl.F_UNLCK)
