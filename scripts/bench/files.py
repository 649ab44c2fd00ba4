"""What files cost: sending to a folder and to an S3 store, the streamed ZIP, and signing; as ratios within one run.

    .venv/bin/python -m scripts.bench.files [--mib 1024] [--rounds 3]

The sender stands in a process of its own, so that its work is not counted as the server's. Each figure is the median.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from challenge.accounts import actions as accounts
from challenge.accounts.gate import cookie_name, csrf_for
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from challenge.migrations.run import upgrade
from storage import open_store
from storage.parts import PartAsked
from tests import servers
from tests.builders.calls import FORM, a_call
from tests.builders.people import a_person
from tests.builders.proposals import a_draft

MIB = 1 << 20
AT_ONCE = 4
WITH_FILM = {
    **FORM,
    "sections": [*FORM["sections"], {"code": "papers", "label": {"en": "Papers"}}],
    "questions": [
        *FORM["questions"],
        {"code": "film", "section": "papers", "kind": "file", "label": {"en": "Data"}, "types": ["txt"],
         "max_files": 20, "max_mb": 2000},
    ],
}  # fmt: skip


def block_of(n: int) -> bytes:
    """One MiB of text, no two alike."""
    return (f"{n:06d} ".encode() * (MIB // 7 + 1))[:MIB]


def plain_copy(source: Path, target: Path) -> float:
    """Seconds of a copy with SHA-256 and fsync, a MiB at a time."""
    began, digest = time.perf_counter(), hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while block := read.read(MIB):
            digest.update(block)
            write.write(block)
        write.flush()
        os.fsync(write.fileno())
    taken = time.perf_counter() - began
    target.unlink()
    return taken


# ---------- a served site ----------


async def _make(url: str) -> tuple[str, str]:
    database = Database(url)
    async with database.writing() as db:
        call, stage = await a_call(db, form=WITH_FILM)
        person = await a_person(db, "Amina Okafor")
        proposal = await a_draft(db, call, stage, person)
        secret = await accounts.open_session(db, person, "bench")
        await db.commit()
    await database.close()
    return f"/proposals/{proposal.id}/uploads", secret


class Site:
    def __init__(self, folder: Path, storage: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        database = f"sqlite:///{folder}/challenge.db"
        upgrade(database)
        self.path, secret = asyncio.run(_make(database))
        self.headers = {
            "cookie": f"{cookie_name()}={secret}",
            "x-csrftoken": csrf_for(fingerprint(secret)),
            "accept": "application/json",
            "content-type": "application/json",
        }
        url = f"http://127.0.0.1:{self.port}"
        env = {
            **os.environ, "CHALLENGE_VAR_DIR": str(folder), "CHALLENGE_DATABASE_URL": database,
            "CHALLENGE_STORAGE_URL": storage, "CHALLENGE_BASE_URL": url, "CHALLENGE_QUOTA_MB": "100000",
        }  # fmt: skip
        command = [sys.executable, "-m", "challenge.cli", "serve", "--no-worker", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(300):
            time.sleep(0.1)
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                continue
        raise SystemExit("the site does not start")

    def ask(self, method: str, path: str, data: Any = None) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        line.request(method, path, json.dumps(data) if data is not None else None, self.headers)
        answer = line.getresponse()
        body = answer.read()
        line.close()
        return answer.status, json.loads(body) if body.startswith((b"{", b"[")) else body

    def peak_mib(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) / 1024

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def put(link: dict[str, Any], source: Path, at: int, size: int) -> None:
    place = urlsplit(link["url"])
    line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=300)
    with source.open("rb") as file:
        file.seek(at)
        headers = {**link["headers"], "content-length": str(size)}
        line.request(
            "PUT", f"{place.path}?{place.query}" if place.query else place.path, file.read(size), headers
        )
        answer = line.getresponse()
        answer.read()
    line.close()
    if answer.status != 200:
        raise SystemExit(f"a part was refused: {answer.status}")


def send(site: Site, source: Path, digests: Callable[[int], list[bytes]]) -> float:
    """Seconds from the first question to the answer that all of it is kept; digests are made before."""
    size = source.stat().st_size
    began = time.perf_counter()
    status, upload = site.ask(
        "POST", site.path, {"question": "film", "name": "data.txt", "size": size, "once": f"bench-{uuid4()}"}
    )
    if status != 201:
        raise SystemExit(f"not begun: {status} {upload}")
    part, parts = upload["partSize"], digests(upload["partSize"])
    sizes = [min(part, size - at) for at in range(0, size, part)]

    def batch(ns: list[int]) -> None:
        asked = [{"n": n + 1, "size": sizes[n], "sha256": parts[n].hex()} for n in ns]
        _status, answer = site.ask("POST", f"{site.path}/{upload['id']}/parts", {"parts": asked})
        for link in answer["urls"]:
            put(link, source, (link["n"] - 1) * part, sizes[link["n"] - 1])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = list(range(len(sizes)))
        list(pool.map(batch, [numbers[n : n + 4] for n in range(0, len(numbers), 4)]))
    tree = hashlib.sha256(b"".join(parts)).hexdigest()
    status, answer = site.ask("POST", f"{site.path}/{upload['id']}/completion", {"sha256Tree": tree})
    if status != 200:
        raise SystemExit(f"not completed: {status} {answer}")
    return time.perf_counter() - began


def digests_of(source: Path) -> Callable[[int], list[bytes]]:
    kept: dict[int, list[bytes]] = {}

    def of(part: int) -> list[bytes]:
        if part not in kept:
            with source.open("rb") as file:
                kept[part] = [hashlib.sha256(piece).digest() for piece in iter(lambda: file.read(part), b"")]
        return kept[part]

    return of


@contextmanager
def pinging(site: Site) -> Iterator[list[float]]:
    """Milliseconds that another page takes meanwhile."""
    taken: list[float] = []
    stop = threading.Event()

    def ping() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            site.ask("GET", "/healthz")
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


# ---------- the rows ----------


def folder_row(folder: Path, source: Path, rounds: int) -> None:
    (folder / "site").mkdir()
    site, digests = Site(folder / "site", f"folder:{folder}/site/files"), digests_of(source)
    try:
        digests(16 * MIB)
        idle, pings, copies, sends = site.peak_mib(), [], [], []
        for _ in range(rounds):
            copies.append(plain_copy(source, folder / "copy"))
            with pinging(site) as taken:
                sends.append(send(site, source, digests))
            pings += taken
        ratio = statistics.median(copies) / statistics.median(sends)
        print(f"folder: sent {rate(source, sends)}, plain copy with SHA-256 {rate(source, copies)}: ratio {ratio:.2f} "
              f"(at least 0.45); another page meanwhile p99 {p99(pings):.0f} ms (under 50); memory of the server "
              f"{idle:.0f} MiB idle, {site.peak_mib():.0f} MiB at the most")  # fmt: skip
    finally:
        site.close()


def rate(source: Path, seconds: list[float]) -> str:
    return f"{source.stat().st_size / MIB / statistics.median(seconds):.0f} MiB/s"


def s3_row(folder: Path, source: Path, rounds: int, url: str) -> None:
    (folder / "s3").mkdir()
    site, digests = Site(folder / "s3", url), digests_of(source)
    store = open_store(url)
    try:
        bare, sends = [], []
        digests(16 * MIB)
        for n in range(rounds):
            for is_bare in (n % 2 == 0, n % 2 == 1):  # in turns, as the server tires and recovers
                if is_bare:
                    bare.append(bare_parts(store, source, digests))
                else:
                    sends.append(send(site, source, digests))
        ratio = statistics.median(bare) / statistics.median(sends)
        print(f"S3: sent {rate(source, sends)}, the same bytes by bare presigned requests {rate(source, bare)}: ratio "
              f"{ratio:.2f} (at least 0.9)")  # fmt: skip
    finally:
        site.close()
        store.close()


def bare_parts(store: Any, source: Path, digests: Callable[[int], list[bytes]]) -> float:
    """The same parts as just as many PUTs whose links are there before the clock starts."""
    size, part = source.stat().st_size, 16 * MIB
    key = f"bench/{uuid4()}"
    upload = store.begin(key, size, part)
    asked = [
        PartAsked(n + 1, min(part, size - n * part), digest.hex()) for n, digest in enumerate(digests(part))
    ]
    links = [
        {"n": one.n, "url": one.url, "headers": dict(one.headers)}
        for one in store.sign_parts(key, upload, asked, 3600)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(lambda link: put(link, source, (link["n"] - 1) * part, asked[link["n"] - 1].size), links)
        )
    taken = time.perf_counter() - began
    store.abort(key, upload)
    return taken


def signing_row(url: str) -> None:
    """How long the event loop waits for anything else while 32 parts are signed."""
    store = open_store(url)
    store.probe(None)
    key = f"bench/{uuid4()}"
    upload = store.begin(key, 512 * MIB, 16 * MIB)
    asked = [PartAsked(n, 16 * MIB, hashlib.sha256(bytes([n])).hexdigest()) for n in range(1, 33)]

    async def watched() -> tuple[float, float]:
        worst, stop = 0.0, asyncio.Event()

        async def tick() -> None:
            nonlocal worst
            while not stop.is_set():
                began = time.perf_counter()
                await asyncio.sleep(0)
                worst = max(worst, time.perf_counter() - began)

        ticking = asyncio.create_task(tick())
        began = time.perf_counter()
        await asyncio.to_thread(store.sign_parts, key, upload, asked, 3600)
        taken = time.perf_counter() - began
        stop.set()
        await ticking
        return taken * 1000, worst * 1000

    seen = [asyncio.run(watched()) for _ in range(20)]
    store.abort(key, upload)
    store.close()
    print(f"signing 32 parts: {statistics.median(s for s, _w in seen):.1f} ms, the loop waits "
          f"{statistics.median(w for _s, w in seen):.1f} ms at the most (median of 20; at most 5)")  # fmt: skip


ZIP = """
import asyncio, hashlib, json, resource, sys, time, zlib
from challenge.files.archive import Archive, Packed
from challenge.files.models import Document, DocumentState
from challenge.files.store import the_store
from uuid import UUID
key, size, sha256 = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def read():
    began, digest, check = time.perf_counter(), hashlib.sha256(), 0
    for piece in the_store().stream(key):
        digest.update(piece)
        check = zlib.crc32(piece, check)
    return time.perf_counter() - began
async def zipped():
    document = Document(name="data.txt", media_type="text/plain", size=size, key=key, sha256=sha256,
                        state=DocumentState.AVAILABLE)
    began, total = time.perf_counter(), 0
    archive = Archive([Packed("one", "data.txt", document)])
    async for piece in archive.stream(): total += len(piece)
    assert total == archive.size
    return time.perf_counter() - began
read()
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows = [(read(), asyncio.run(zipped())) for _ in range(int(sys.argv[4]))]
print(json.dumps({"rows": rows, "idle": idle, "most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def zip_row(folder: Path, source: Path, rounds: int) -> None:
    url, key = f"folder:{folder}/zipping", "documents/one/v1"
    store = open_store(url)
    store.prepare()
    with source.open("rb") as file:
        stored = store.put(key, file, content_type="text/plain")
    store.close()
    env = {**os.environ, "CHALLENGE_VAR_DIR": str(folder / "zip-var"), "CHALLENGE_STORAGE_URL": url}
    command = [sys.executable, "-c", ZIP, key, str(stored.size), stored.sha256, str(rounds)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    reads, zips = ([row[n] for row in found["rows"]] for n in (0, 1))
    ratio = statistics.median(reads) / statistics.median(zips)
    print(f"ZIP: streamed {rate(source, zips)}, read with SHA-256 and CRC-32, which a ZIP with digests needs, "
          f"{rate(source, reads)}: ratio {ratio:.2f} (at least 0.8); memory "
          f"{found['idle']:.0f} MiB before, {found['most']:.0f} MiB at the most")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["CHALLENGE_SECRET_KEY"] = uuid4().hex * 2  # the sites and this process sign alike
    with tempfile.TemporaryDirectory() as place:
        folder, source = Path(place), Path(place) / "source"
        with source.open("wb") as file:
            for n in range(options.mib):
                file.write(block_of(n))
        folder_row(folder, source, options.rounds)
        zip_row(folder, source, options.rounds)
        os.environ.update(servers.S3_CREDENTIALS)
        weed = servers.Weed()
        weed.start()
        try:
            signing_row(weed.url)
            s3_row(folder, source, options.rounds, weed.url)
        finally:
            weed.stop()


if __name__ == "__main__":
    main()
