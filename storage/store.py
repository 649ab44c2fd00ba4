"""The shape every backend has, and what all of them share: keys, errors and the check."""

import hashlib
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from storage.capabilities import Capabilities
from storage.parts import MIB as MIB
from storage.parts import OpenUpload, PartAsked, PartHeld, PartUrl

if TYPE_CHECKING:
    from storage.receiving import PartReceiver

LONGEST_KEY = 200  # so that a folder can keep a whole key as one file name

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PREFIX = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9][A-Za-z0-9._-]*)?")

Source = bytes | IO[bytes]


class StoreError(Exception):
    """What a store says. The text holds no address, bucket, path or answer of a server."""


class NotThere(StoreError):
    def __init__(self) -> None:
        super().__init__("Nothing is kept under this key.")


class AlreadyThere(StoreError):
    def __init__(self) -> None:
        super().__init__("Other bytes are kept under this key. Nothing was changed.")


Trouble = Literal["unreachable", "refused", "missing", "full", "damaged"]

TROUBLES: dict[Trouble, str] = {
    "unreachable": "The file store does not answer.",
    "refused": "The file store refuses our credentials or rights.",
    "missing": "The folder or bucket of the file store does not exist.",
    "full": "The file store is full.",
    "damaged": "The file store gave back something else than it was given.",
}


class StoreDown(StoreError):
    """The store cannot do its work now; `trouble` says which of a few things is the matter."""

    def __init__(self, trouble: Trouble = "unreachable", status: int = 0) -> None:
        super().__init__(TROUBLES[trouble])
        self.trouble: Trouble = trouble
        self.status = status  # of the server's answer, where there was one


class PartsDiffer(StoreError):
    """Nothing was put together, everything that came is kept; the upload goes on."""

    def __init__(self, missing: Sequence[int], wrong: Sequence[int]) -> None:
        super().__init__("Parts of the file are missing or have another size. What came is kept.")
        self.missing = tuple(missing)  # not held
        self.wrong = tuple(wrong)  # held, but with another size, or beyond the last


class DamagedUpload(StoreError):
    """Never seen, and a reason for alarm. Nothing is deleted."""

    def __init__(self) -> None:
        super().__init__(
            "The file that was put together has another size than its parts. Everything is kept."
        )


class BadLink(StoreError):
    def __init__(self) -> None:
        super().__init__("This link is not one of ours.")


class LinkExpired(StoreError):
    def __init__(self) -> None:
        super().__init__("This link has expired. Ask for a new one; what came is kept.")


class WrongDigest(StoreError):
    def __init__(self) -> None:
        super().__init__("The part that came is not the one that was announced. Send it again.")


class Superseded(StoreError):
    def __init__(self) -> None:
        super().__init__("The same part is being sent once more. The newer one goes on.")


class BadKey(ValueError):
    """A key that no row of ours can have made. A fault in the program, never a person's."""

    def __init__(self) -> None:
        super().__init__(
            "A storage key is ASCII letters, digits, . _ - between single slashes, up to 200 long."
        )


@dataclass(frozen=True, slots=True)
class Stored:
    size: int
    sha256: str  # lower-case hex


@dataclass(frozen=True, slots=True)
class Stat:
    size: int
    sha256: str | None  # None where the store was not told one, as with an upload in parts


Step = Literal["write", "read back", "refuse other bytes", "delete"]

STEPS: tuple[Step, ...] = ("write", "read back", "refuse other bytes", "delete")


@dataclass(frozen=True, slots=True)
class Finding:
    step: Step
    is_ok: bool
    says: str = ""


class Store(ABC):
    """Every method blocks: call it through `anyio.to_thread`. One store is shared by all threads.

    All of them raise BadKey for a key that is not ours and StoreDown when the store cannot answer.

    An upload in parts: `begin`, then `sign_parts` for a few parts at a time, whose links a browser PUTs to,
    then `complete`. What is held is asked of the store and never believed of the browser.
    """

    capabilities: Capabilities | None = None  # what the last probe found

    def prepare(self) -> None:  # noqa: B027  (nothing to do is a good answer)
        """Makes what can be made: the folder, the bucket. For start-up and `challenge migrate`."""

    @abstractmethod
    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        """Keeps all of `source` (a stream is read from where it stands) and tells size and digest.

        The same bytes twice are fine; other bytes under a kept key raise AlreadyThere.
        `content_type` is a note for the server only: nothing here gives it back.
        """

    @abstractmethod
    def read(self, key: str) -> bytes:
        """All bytes at once, for what is known to be small. Raises NotThere."""

    @abstractmethod
    def stream(
        self, key: str, chunk: int = MIB, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Raises NotThere now, not at the first chunk. A source lost half-way raises StoreDown: it never
        ends early as if it were whole. A range ends with the file; one that begins behind it is empty."""

    def proof(self, key: str) -> Stored:
        """Size and digest by reading every byte, whatever the store says of them. Raises NotThere."""
        digest, size = hashlib.sha256(), 0
        for piece in self.stream(key):
            digest.update(piece)
            size += len(piece)
        return Stored(size, digest.hexdigest())

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Without reading the bytes, or nothing when nothing is kept."""

    @abstractmethod
    def stat(self, key: str) -> Stat | None:
        """Size and digest, or nothing when nothing is kept. A digest here is a note, reading is the proof."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Nothing is kept under the key afterwards. Deleting what is not there is fine."""

    @abstractmethod
    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, in no order. For clean-up and verification, never for a request."""

    @abstractmethod
    def begin(self, key: str, size: int, part_size: int) -> str:
        """A new upload in parts; its id means something to this store only. Keeps nothing under the key yet.

        Raises StoreDown("full") where room can be had in advance and is not there.
        """

    @abstractmethod
    def sign_parts(self, key: str, upload: str, parts: Sequence[PartAsked], lifetime: int) -> list[PartUrl]:
        """Links that take just these bytes as these parts, for `lifetime` seconds at most.

        Length and digest are signed as far as the store honours them. Raises BadPart where a part cannot be
        one of the upload, and NotThere where the store knows at once that there is no such upload.
        """

    def receive_part(self, token: str) -> "PartReceiver":
        """For links that lead to ourselves. Raises BadLink, LinkExpired, NotThere."""
        raise BadLink

    @abstractmethod
    def parts(self, key: str, upload: str) -> list[PartHeld]:
        """By number. Raises NotThere when there is no such upload for this key, or not any more."""

    @abstractmethod
    def complete(self, key: str, upload: str, sizes: Sequence[int]) -> Stat:
        """The file of just these parts is kept under the key when this returns. Twice is fine, at once too.

        Raises PartsDiffer when other parts are held, NotThere when there is neither the upload nor the file,
        AlreadyThere when another file has the key, DamagedUpload when the store made something else of it.
        """

    @abstractmethod
    def abort(self, key: str, upload: str) -> None:
        """Nothing is held of the upload afterwards. A file that was completed from it stays. Twice is fine."""

    @abstractmethod
    def uploads(self) -> Iterator[OpenUpload]:
        """Those begun and neither completed nor aborted. For reports: servers need not know all of them."""

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """The same bytes under a second key; the copy outlives the source. May take long: for jobs.

        The same copy twice is fine. Raises NotThere for the source, AlreadyThere for other bytes at the target.
        """

    @abstractmethod
    def sign_download(
        self, key: str, *, filename: str, content_type: str, inline: bool, lifetime: int
    ) -> str | None:
        """A link for whoever holds it, or nothing: this store is read through the application."""

    @abstractmethod
    def probe(self, origin: str | None = None) -> Capabilities:
        """Tries what must be refused, with objects of its own, and remembers what it finds.

        `origin` is the address browsers come from, to ask whether they may send to the store.
        """

    def known(self) -> Capabilities:
        """What the last probe found; without one, a probe is made."""
        return self.capabilities or self.probe()

    def close(self) -> None:  # noqa: B027  (nothing to do is a good answer)
        """Lets go of connections. The store is not used afterwards."""

    def check(self) -> list[Finding]:
        """Tries what the rest relies on, with its own object. Stops at the first failure and never raises."""
        key, probe = f"probe/{uuid.uuid4()}", uuid.uuid4().bytes * 8
        findings: list[Finding] = []
        try:
            self.put(key, probe, content_type="application/octet-stream")
            findings.append(Finding("write", True))
            if self.read(key) != probe:
                raise StoreDown("damaged")
            findings.append(Finding("read back", True))
            try:
                self.put(key, probe[::-1], content_type="application/octet-stream")
            except AlreadyThere:
                findings.append(Finding("refuse other bytes", True))
            else:
                raise StoreDown("damaged")
            self.delete(key)
            if self.stat(key) is not None:
                raise StoreDown("damaged")
            findings.append(Finding("delete", True))
        except StoreError as error:
            findings.append(Finding(STEPS[len(findings)], False, str(error)))
            if not (isinstance(error, StoreDown) and error.trouble == "unreachable"):  # do not wait once more
                with suppress(StoreError):
                    self.delete(key)
        return findings


def checked(key: str) -> str:
    """The key itself when it can be one of ours: no `..`, nothing absolute, nothing hidden, no surprises."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise BadKey
    return key


def checked_prefix(prefix: str) -> str:
    if len(prefix) > LONGEST_KEY or not _PREFIX.fullmatch(prefix):
        raise BadKey
    return prefix


def is_key(text: str) -> bool:
    """Whether this may be a key of ours; a listing passes over what others left in the same place."""
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def checked_range(start: int, length: int | None) -> None:
    if start < 0 or (length is not None and length < 0):
        raise ValueError("A range begins at 0 or later and is not shorter than nothing.")


def chunks_of(stream: IO[bytes], chunk: int = MIB, length: int | None = None) -> Iterator[bytes]:
    """To the end, or `length` bytes at most."""
    while piece := stream.read(chunk if length is None else min(chunk, length)):
        if length is not None:
            length -= len(piece)
        yield piece


def refuse_unless_whole(held: Sequence[PartHeld], sizes: Sequence[int]) -> None:
    """Raises PartsDiffer unless just the parts 1, 2, ... of these sizes are held."""
    wanted = dict(enumerate(sizes, 1))
    missing = sorted(wanted.keys() - {part.n for part in held})
    wrong = sorted(part.n for part in held if wanted.get(part.n) != part.size)
    if missing or wrong or not wanted:
        raise PartsDiffer(missing, wrong)
