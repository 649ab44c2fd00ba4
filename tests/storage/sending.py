"""The browser's half of the protocol, as short as it can be, and the door that local stores get their parts by."""

import contextlib
import hashlib
import http.client
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from storage.parts import PartAsked, PartUrl, part_sizes
from storage.store import (
    MIB,
    BadLink,
    LinkExpired,
    NotThere,
    Stat,
    Store,
    StoreDown,
    Superseded,
    WrongDigest,
)
from tests.storage.proxy import Proxy

PART = 5 * MIB  # no server takes less, but for the last
KEYS = ["the newest key of the tests", "an older key of the tests"]


@lru_cache(maxsize=16)
def some_bytes(size: int) -> bytes:
    """The same at every run, and no two MiB alike."""
    return hashlib.shake_128(str(size).encode()).digest(size)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cut(data: bytes, part_size: int = PART) -> list[bytes]:
    ends = [part_size * n for n in range(len(part_sizes(len(data), part_size)))]
    return [data[start : start + part_size] for start in ends]


def asked(n: int, part: bytes) -> PartAsked:
    return PartAsked(n, len(part), digest(part), hashlib.md5(part, usedforsecurity=False).hexdigest())


def link(store: Store, key: str, upload: str, n: int, part: bytes, lifetime: int = 900) -> PartUrl:
    (url,) = store.sign_parts(key, upload, [asked(n, part)], lifetime)
    return url


def put(url: PartUrl, body: bytes, proxy: Proxy | None = None, length: int | None = None) -> int:
    """The status, or 0 when the line was lost."""
    place = urlsplit(url.url)
    is_safe = place.scheme == "https"
    kind = http.client.HTTPSConnection if is_safe else http.client.HTTPConnection
    there = kind("127.0.0.1", proxy.port, timeout=30) if proxy else kind(place.netloc, timeout=30)
    with contextlib.closing(there):
        try:
            there.putrequest("PUT", f"{place.path}?{place.query}".rstrip("?"), skip_host=True)
            sizes = {"Content-Length": str(len(body) if length is None else length)}
            for name, value in {"Host": place.netloc, **sizes, **url.headers}.items():
                there.putheader(name, value)
            there.endheaders()
            with contextlib.suppress(OSError):  # who refuses does not read on
                there.send(body)
            return there.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0


def send(
    store: Store,
    key: str,
    upload: str,
    parts: Iterable[tuple[int, bytes]],
    proxy: Proxy | None = None,
    tries: int = 1,
) -> None:
    for n, part in parts:
        answers = []
        for _ in range(tries):
            answers.append(put(link(store, key, upload, n, part), part, proxy))
            if answers[-1] == 200:
                break
        assert answers[-1] == 200, answers


def begun(store: Store, key: str, data: bytes, part_size: int = PART) -> tuple[str, list[int]]:
    return store.begin(key, len(data), part_size), part_sizes(len(data), part_size)


def sent(store: Store, key: str, data: bytes, part_size: int = PART) -> tuple[str, list[int]]:
    """Everything is there but for Complete."""
    upload, sizes = begun(store, key, data, part_size)
    send(store, key, upload, enumerate(cut(data, part_size), 1))
    return upload, sizes


def uploaded(store: Store, key: str, data: bytes, part_size: int = PART) -> Stat:
    upload, sizes = sent(store, key, data, part_size)
    return store.complete(key, upload, sizes)


STATUS: list[tuple[type[Exception], Callable[[Exception], int]]] = [
    (LinkExpired, lambda _: 403),
    (BadLink, lambda _: 403),
    (NotThere, lambda _: 404),
    (Superseded, lambda _: 409),
    (WrongDigest, lambda _: 400),
    (StoreDown, lambda down: 507 if getattr(down, "trouble", "") == "full" else 503),
]


class Door:
    """What the application's PUT /storage/part/{token} does."""

    def __init__(self) -> None:
        self.store: Store | None = None
        door = self

        class Handler(_Handler):
            pass

        Handler.door = door
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/storage/part/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    door: Door
    protocol_version = "HTTP/1.1"  # which answers those who ask before they send
    disable_nagle_algorithm = True
    timeout = 30

    def do_PUT(self) -> None:
        try:
            status = self._received()
        except tuple(kind for kind, _ in STATUS) as error:
            status = next(of(error) for kind, of in STATUS if isinstance(error, kind))
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

    def _received(self) -> int:
        assert self.door.store
        with self.door.store.receive_part(self.path.rpartition("/")[2]) as receiver:
            left = int(self.headers.get("Content-Length") or -1)
            if left != receiver.size:
                return 400
            while left:
                block = self.rfile.read(min(left, MIB))
                receiver.feed(block)
                left -= len(block)
                if not block:
                    return 400
            receiver.finish()
            return 200

    def log_message(self, format: str, *args: object) -> None:
        pass
