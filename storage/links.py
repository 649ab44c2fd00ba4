"""Links to send one part to ourselves: the upload, number, size, digest and end, under an HMAC of a site key."""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.parts import PartAsked, PartUrl
from storage.store import BadLink, LinkExpired

SHORTEST_KEY = 16  # bytes

_TOKEN = re.compile(
    r"(?P<signed>(?P<upload>[0-9a-f]{32})\.(?P<n>[0-9]{1,5})\.(?P<size>[0-9]{1,12})\.(?P<sha256>[0-9a-f]{64})"
    r"\.(?P<expires>[0-9]{1,12})\.(?P<key_id>[0-9a-f]{8}))\.(?P<mac>[0-9a-f]{64})"
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link allows: this one part and nothing else."""

    upload: str
    n: int
    size: int
    sha256: str


class Links:
    def __init__(self, keys: Sequence[bytes | str], part_url: str, clock: Clock = utc_now) -> None:
        """The first key signs, all of them verify. A token is put behind `part_url` as it is."""
        made = [key.encode() if isinstance(key, str) else key for key in keys]
        if not made or any(len(key) < SHORTEST_KEY for key in made):
            raise ValueError(f"A key for links has at least {SHORTEST_KEY} bytes.")
        self._keys = {_id_of(key): key for key in reversed(made)}
        self._newest = _id_of(made[0])
        self._part_url = part_url
        self._now = clock

    def url(self, upload: str, part: PartAsked, lifetime: int) -> PartUrl:
        expires = (self._now() + timedelta(seconds=lifetime)).replace(microsecond=0)
        signed = f"{upload}.{part.n}.{part.size}.{part.sha256}.{int(expires.timestamp())}.{self._newest}"
        return PartUrl(part.n, f"{self._part_url}{signed}.{self._mac(self._newest, signed)}", expires)

    def read(self, token: str) -> Ticket:
        """Raises BadLink or LinkExpired."""
        found = _TOKEN.fullmatch(token) if token.isascii() else None
        if found is None or found["key_id"] not in self._keys:
            raise BadLink
        if not hmac.compare_digest(found["mac"], self._mac(found["key_id"], found["signed"])):
            raise BadLink
        if int(found["expires"]) <= self._now().timestamp():
            raise LinkExpired
        return Ticket(found["upload"], int(found["n"]), int(found["size"]), found["sha256"])

    def _mac(self, key_id: str, signed: str) -> str:
        return hmac.new(self._keys[key_id], f"challenge part 1:{signed}".encode(), hashlib.sha256).hexdigest()


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"challenge part key 1:" + key).hexdigest()[:8]
