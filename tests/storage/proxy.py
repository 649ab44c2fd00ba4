"""A bad line between a client and a server: it answers 503, waits, cuts, flips a byte, loses the answer, lies.

One thread a connection and one request a connection. The Host header passes unchanged, as SigV4 signs it.
"""

import contextlib
import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
)
DONE = b'<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUploadResult/>'

Mode = Literal[
    "unavailable",  # 503, the server hears nothing
    "slow",
    "cut",  # half of the body arrives, then the line goes in both directions
    "flip",  # one bit of the body is another
    "lose answer",  # the server has done it, the client hears nothing
    "cut answer",  # the client hears half of it
    "error inside",  # 200 with an error as its body, the server hears nothing
    "error inside, done",  # the same, and the server has done it
]


@dataclass
class Fault:
    mode: Mode
    times: int
    method: str
    having: str

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and self.having in path


class Proxy:
    def __init__(self, port: int) -> None:
        self.to = port
        self.is_weak = False  # every refusal becomes a 200
        self.seen: list[tuple[str, str]] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            pass

        Handler.proxy = proxy
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def add(self, mode: Mode, times: int = 1, *, method: str = "PUT", having: str = "") -> Fault:
        """The next so many requests of this kind suffer it."""
        fault = Fault(mode, times, method, having)
        self._faults.append(fault)
        return fault

    def reset(self) -> None:
        self.is_weak = False
        self.seen.clear()
        self._faults.clear()

    def fault_for(self, method: str, path: str) -> Mode | None:
        with self._lock:
            self.seen.append((method, path))
            for fault in self._faults:
                if fault.fits(method, path):
                    fault.times -= 1
                    return fault.mode
            return None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"  # which answers those who ask before they send
    disable_nagle_algorithm = True
    timeout = 30

    def handle_any(self) -> None:
        mode = self.proxy.fault_for(self.command, self.path)
        length = int(self.headers.get("Content-Length") or 0)
        self.close_connection = True
        if mode == "unavailable":
            self.rfile.read(length)
            return self._answer(503, {}, b"")
        if mode == "error inside":
            self.rfile.read(length)
            return self._answer(200, {"Content-Type": "application/xml"}, ERROR)
        if mode == "cut":
            self._carry(self.rfile.read(length // 2))  # the server waits for the rest, then for nobody
            return None
        body = self.rfile.read(length)
        if mode == "slow":
            time.sleep(0.3)
        if mode == "flip":
            body = body[: length // 2] + bytes([body[length // 2] ^ 1]) + body[length // 2 + 1 :]
        carried = self._carry(body)
        if carried is None or mode == "lose answer":
            return None
        status, headers, answer = carried
        if mode == "error inside, done":
            return self._answer(200, {"Content-Type": "application/xml"}, ERROR)
        if mode == "cut answer":
            return self._answer(status, headers, answer[: len(answer) // 2], len(answer))
        if self.proxy.is_weak and 400 <= status < 500 and self.command in ("PUT", "POST"):
            return self._answer(200, {"Content-Type": "application/xml"}, DONE)
        return self._answer(status, headers, answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    def _carry(self, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        server = http.client.HTTPConnection("127.0.0.1", self.proxy.to, timeout=30)
        with contextlib.closing(server), contextlib.suppress(OSError, http.client.HTTPException):
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection"):
                    server.putheader(name, value)
            server.endheaders()
            server.send(body)
            if len(body) < int(self.headers.get("Content-Length") or 0):
                return None
            answer = server.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        return None

    def _answer(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int | None = None
    ) -> None:
        with contextlib.suppress(OSError):
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            is_head = self.command == "HEAD"
            told = (
                headers.get("Content-Length", "0")
                if is_head
                else str(len(body) if length is None else length)
            )
            self.send_header("Content-Length", told)
            self.send_header("Connection", "close")
            self.end_headers()
            if not is_head:
                self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
