"""The servers that all other tests lean on."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import servers


@pytest.mark.postgres
def test_every_database_is_a_clone_of_its_own(postgres_url: str) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        with psycopg.connect(url) as db:
            db.execute("CREATE TABLE story (line text)")
        db.close()

    name = f"template_{os.getpid()}"
    for _ in range(2):
        assert servers.postgres_template(postgres_url, name, fill) == name
    assert len(filled) == 1

    one, two = (servers.fresh_postgres_database(postgres_url, name) for _ in range(2))
    with psycopg.connect(one) as db:
        db.execute("INSERT INTO story VALUES ('ÉTÉ')")
    with psycopg.connect(one) as db:
        assert db.execute("SELECT lower(line) FROM story").fetchall() == [("été",)]
    with psycopg.connect(two) as db:
        assert db.execute("SELECT line FROM story").fetchall() == []
    db.close()
    servers.drop_postgres_database(one)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)
    servers.drop_postgres_database(two)


@pytest.mark.postgres
def test_a_shared_server_serves_all_and_ends_with_the_last(tmp_path: Path, postgres_url: str) -> None:
    with servers.shared("postgres", tmp_path) as first:
        with servers.shared("postgres", tmp_path) as second:
            assert first == second != postgres_url
        psycopg.connect(first).close()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first, connect_timeout=2)
    assert not (tmp_path / "postgres.json").exists()


@pytest.mark.postgres
def test_a_shared_server_ends_when_its_users_are_killed(tmp_path: Path, postgres_url: str) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from tests import servers\n"
        "with servers.shared('postgres', pathlib.Path(sys.argv[1])) as url:\n"
        "    print(url, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=servers.ROOT, stdout=subprocess.PIPE, text=True, check=False)

    assert done.stdout.startswith("postgresql://")
    deadline = time.monotonic() + 20
    while (tmp_path / "postgres.json").exists():
        assert time.monotonic() < deadline, "the server still runs"
        time.sleep(0.1)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(done.stdout.strip(), connect_timeout=2)


@pytest.mark.postgres
def test_in_the_foreground_it_prints_its_address_and_ends_when_told(postgres_url: str) -> None:
    command = [sys.executable, "-m", "tests.servers", "postgres"]
    with subprocess.Popen(command, cwd=servers.ROOT, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        url = keeper.stdout.readline().strip()
        psycopg.connect(url).close()
        keeper.terminate()
        assert keeper.wait(20) == 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_a_server_that_cannot_be_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(servers.NoServer, match=r"^SeaweedFS cannot be had\. There is no weed"):
        servers.Weed().start()

    programs = tmp_path / "install" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"initdb": "#!/bin/sh\necho no room >&2\nexit 1\n", "postgres": ""}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    with pytest.raises(servers.NoServer, match=r"^PostgreSQL cannot be had\. .*initdb failed: no room"):
        servers.Postgres(programs).start()
