"""Taking one part in, for stores whose links lead to ourselves."""

import hashlib
from types import TracebackType
from typing import Protocol, Self

from storage.links import Ticket
from storage.parts import PartHeld
from storage.store import WrongDigest


class Slot(Protocol):
    """Where the bytes of one part go. Nothing counts before `keep`."""

    def write(self, at: int, block: bytes) -> None: ...
    def keep(self) -> None: ...
    def close(self) -> None: ...


class PartReceiver:
    """Feed blocks of a MiB or more, then `finish`, or `cancel` when the line was cut.

    Every call blocks (hash and disk) and belongs into a thread; one after the other, never two at once.
    As a context manager it cancels what was not finished. After an error it has cancelled itself.
    """

    def __init__(self, ticket: Ticket, slot: Slot) -> None:
        self.n = ticket.n
        self.size = ticket.size  # a Content-Length that is another, or none, need not be read at all
        self._sha256 = ticket.sha256
        self._slot: Slot | None = slot
        self._digest = hashlib.sha256()
        self._fed = 0

    def feed(self, block: bytes) -> None:
        """Raises WrongDigest when more comes than was announced, Superseded, NotThere, StoreDown."""
        slot = self._open()
        try:
            if self._fed + len(block) > self.size:
                raise WrongDigest
            self._digest.update(block)
            slot.write(self._fed, block)
        except BaseException:
            self.cancel()
            raise
        self._fed += len(block)

    def finish(self) -> PartHeld:
        """The part is held for good when this returns. Raises as `feed` does."""
        slot = self._open()
        try:
            if self._fed != self.size or self._digest.hexdigest() != self._sha256:
                raise WrongDigest
            slot.keep()
        finally:
            self.cancel()
        return PartHeld(self.n, self.size)

    def cancel(self) -> None:
        if self._slot is not None:
            self._slot.close()
            self._slot = None

    def _open(self) -> Slot:
        if self._slot is None:
            raise ValueError("This part was finished or cancelled.")
        return self._slot

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()
