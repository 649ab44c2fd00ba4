"""What the stores without a server share: links to ourselves, and the probe through them."""

import hashlib
import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from storage.capabilities import Capabilities
from storage.links import Links, Ticket
from storage.parts import BadPart, PartAsked, PartHeld, PartUrl, part_sizes
from storage.receiving import PartReceiver, Slot
from storage.store import AlreadyThere, BadLink, Store, StoreError, WrongDigest

OCTETS = "application/octet-stream"


class LocalStore(Store):
    def __init__(self, links: Links | None = None) -> None:
        self._links = links

    @abstractmethod
    def _shape(self, key: str, upload: str) -> tuple[int, int]:
        """Size and part size as agreed at `begin`. Raises NotThere."""

    @abstractmethod
    def _slot(self, ticket: Ticket) -> Slot:
        """Raises NotThere."""

    def sign_parts(self, key: str, upload: str, parts: Sequence[PartAsked], lifetime: int) -> list[PartUrl]:
        if self._links is None:
            raise RuntimeError("This store was opened without link_keys.")
        sizes = dict(enumerate(part_sizes(*self._shape(key, upload)), 1))
        if any(sizes.get(part.n) != part.size for part in parts):
            raise BadPart
        return [self._links.url(upload, part, lifetime) for part in parts]

    def receive_part(self, token: str) -> PartReceiver:
        if self._links is None:
            raise BadLink
        ticket = self._links.read(token)
        return PartReceiver(ticket, self._slot(ticket))

    def write_part(self, token: str, blocks: Iterable[bytes]) -> PartHeld:
        with self.receive_part(token) as receiver:
            for block in blocks:
                receiver.feed(block)
            return receiver.finish()

    def sign_download(
        self, key: str, *, filename: str, content_type: str, inline: bool, lifetime: int
    ) -> str | None:
        return None

    def probe(self, origin: str | None = None) -> Capabilities:
        keys = [f"probe/{uuid.uuid4()}" for _ in range(3)]
        uploads: list[str] = []
        try:
            self.put(keys[0], b"one", content_type=OCTETS)
            found = Capabilities(
                create_only_put=_refuses(
                    lambda: self.put(keys[0], b"other", content_type=OCTETS), AlreadyThere
                ),
                part_length=self._refuses_part(keys[1], b"longer", uploads),
                part_sha256=self._refuses_part(keys[1], b"eno", uploads),
                create_only_complete=self._refuses_upload(keys[0], uploads),
                copy=self._copies(keys[0], keys[2]),
            )
        finally:
            for key in keys:
                for upload in uploads:
                    with suppress(StoreError):
                        self.abort(key, upload)
                with suppress(StoreError):
                    self.delete(key)
        self.capabilities = found
        return found

    def _refuses_part(self, key: str, other: bytes, uploads: list[str]) -> bool:
        return self._links is not None and _refuses(
            lambda: self._send(key, b"one", other, uploads), WrongDigest
        )

    def _refuses_upload(self, key: str, uploads: list[str]) -> bool:
        if self._links is None:
            return False
        upload = self._send(key, b"other", b"other", uploads)
        return _refuses(lambda: self.complete(key, upload, [5]), AlreadyThere)

    def _send(self, key: str, announced: bytes, sent: bytes, uploads: list[str]) -> str:
        upload = self.begin(key, len(announced), len(announced))
        uploads.append(upload)
        asked = PartAsked(1, len(announced), hashlib.sha256(announced).hexdigest())
        (url,) = self.sign_parts(key, upload, [asked], 60)
        self.write_part(url.url.rpartition("/")[2], [sent])
        return upload

    def _copies(self, source: str, target: str) -> bool:
        self.copy(source, target)
        return self.read(target) == b"one"


def _refuses(call: Callable[[], object], error: type[StoreError]) -> bool:
    try:
        call()
    except error:
        return True
    return False
