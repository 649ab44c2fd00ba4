"""One world for all house tests that walk through it; copies of it for those that change something."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.migrations.run import upgrade
from tests import servers
from tests.builders.world import NOW, World, a_world
from tests.conftest import MIGRATIONS, ON_POSTGRES
from tests.house.walking import Walker

Copying = Callable[[], AbstractAsyncContextManager[Database]]


@pytest.fixture(scope="session")
def world_source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world, built once a session and never changed: everybody works on a copy."""
    if ON_POSTGRES:
        server: str = request.getfixturevalue("postgres_url")
        template = servers.postgres_template(server, f"migrated_{MIGRATIONS}", upgrade)
        url = servers.fresh_postgres_database(server, template)
    else:
        path = tmp_path_factory.mktemp("world") / "world.db"
        shutil.copy(request.getfixturevalue("migrated"), path)
        url = f"sqlite:///{path}"
    yield asyncio.run(_built(url))
    if ON_POSTGRES:
        servers.drop_postgres_database(url)


async def _built(url: str) -> World:
    database = Database(url)
    try:
        return await a_world(database)
    finally:
        await database.close()


@pytest.fixture
def copied(world_source: World, request: pytest.FixtureRequest, tmp_path: Path) -> Copying:
    """`async with copied() as database`: the world again, to be changed."""
    count = 0

    @asynccontextmanager
    async def copy() -> AsyncIterator[Database]:
        nonlocal count
        count += 1
        url = _copy(world_source.database.url, tmp_path / f"copy{count}.db", request)
        database = Database(url)
        try:
            yield database
        finally:
            await database.close()
            if ON_POSTGRES:
                servers.drop_postgres_database(url)
            else:
                _remove(url)

    return copy


def _remove(url: str) -> None:
    for rest in ("", "-wal", "-shm"):
        Path(f"{url.removeprefix('sqlite:///')}{rest}").unlink(missing_ok=True)


def _copy(url: str, to: Path, request: pytest.FixtureRequest) -> str:
    if ON_POSTGRES:
        return servers.fresh_postgres_database(request.getfixturevalue("postgres_url"), url.rsplit("/", 1)[1])
    source = Path(url.removeprefix("sqlite:///"))
    for rest in ("", "-wal"):
        if Path(f"{source}{rest}").exists():
            shutil.copy(f"{source}{rest}", f"{to}{rest}")
    return f"sqlite:///{to}"


@pytest.fixture
async def world(world_source: World, copied: Copying) -> AsyncIterator[World]:
    """The world on a database of this test's own, the clock standing still in it."""
    async with copied() as database:
        with clock.stopped(NOW):
            yield World(**{**vars(world_source), "database": database})


@pytest.fixture
async def walker(world: World) -> AsyncIterator[Walker]:
    made = Walker(world)
    yield made
    await made.close()
