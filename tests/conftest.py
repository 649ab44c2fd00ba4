"""Shared fixtures: a database of one's own on SQLite or PostgreSQL, a client, a stopped clock."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

VAR = Path(tempfile.mkdtemp(prefix="challenge-test-"))
os.environ.update(
    CHALLENGE_VAR_DIR=str(VAR),
    CHALLENGE_STORAGE_URL="memory:",
    CHALLENGE_MAIL_URL=f"folder:{VAR}/mail",
    CHALLENGE_SECRET_KEY="a key that only the tests know, 32 and more",
    CHALLENGE_BASE_URL="http://testserver.local",
)

import pytest
from hypothesis import settings as hypothesis

from challenge import migrations, wiring
from challenge.foundation import clock, observe
from challenge.foundation.db import Database, Db
from challenge.migrations.run import upgrade
from tests import servers
from tests.client import Client
from tests.conftest_servers import clamd_url, postgres_url, weed  # noqa: F401 - fixtures

observe.configure("CRITICAL")
wiring.connect()
# The same examples every time, so that a run says something of the change; CHALLENGE_TEST_EXPLORE=1 looks for new ones.
hypothesis.register_profile("same", derandomize=True, database=None, deadline=None)
if not os.environ.get("CHALLENGE_TEST_EXPLORE"):
    hypothesis.load_profile("same")
NOON = datetime(2027, 2, 1, 12, 0, tzinfo=UTC)
MIGRATIONS = hashlib.sha256(
    b"".join(
        p.read_bytes() for p in sorted(Path(migrations.__file__).parent.joinpath("versions").glob("*.py"))
    )
).hexdigest()[:12]
ON_POSTGRES = os.environ.get("CHALLENGE_TEST_DATABASE") == "postgres"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "challenge.db"
    upgrade(f"sqlite:///{path}")
    for rest in ("-wal", "-shm"):
        Path(f"{path}{rest}").unlink(missing_ok=True)
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database: SQLite, or PostgreSQL when CHALLENGE_TEST_DATABASE=postgres."""
    if ON_POSTGRES:
        server: str = request.getfixturevalue("postgres_url")
        template = servers.postgres_template(server, f"migrated_{MIGRATIONS}", upgrade)
        url = servers.fresh_postgres_database(server, template)
        yield url
        servers.drop_postgres_database(url)
        return
    path = tmp_path / "challenge.db"
    shutil.copy(request.getfixturevalue("migrated"), path)
    yield f"sqlite:///{path}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
async def db(database: Database) -> AsyncIterator[Db]:
    """A session that may write; nothing is kept unless the test commits."""
    async with database.writing() as session:
        yield session


@pytest.fixture
def at_noon() -> Iterator[datetime]:
    with clock.stopped(NOON):
        yield NOON


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with Client(database) as made:
        yield made
