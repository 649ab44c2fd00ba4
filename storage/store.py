"""The shape every backend has, and what all of them share: keys, errors and the check."""

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Literal

MIB = 1024 * 1024
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

    def __init__(self, trouble: Trouble = "unreachable") -> None:
        super().__init__(TROUBLES[trouble])
        self.trouble: Trouble = trouble


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
    """

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
    def stream(self, key: str, chunk: int = MIB) -> Iterator[bytes]:
        """Raises NotThere now, not at the first chunk. A source lost half-way raises StoreDown: it never
        ends early as if it were whole."""

    @abstractmethod
    def stat(self, key: str) -> Stat | None:
        """Size and digest, or nothing when nothing is kept. A digest here is a note, reading is the proof."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Nothing is kept under the key afterwards. Deleting what is not there is fine."""

    @abstractmethod
    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, in no order. For clean-up and verification, never for a request."""

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


def chunks_of(stream: IO[bytes], chunk: int = MIB) -> Iterator[bytes]:
    while piece := stream.read(chunk):
        yield piece
