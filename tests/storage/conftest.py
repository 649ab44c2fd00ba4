"""One contract for every backend. Another server joins with `pytest tests/storage --store s3://...`.

Its credentials come from the AWS variables; what the tests put there they take away again.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import open_store
from storage.store import Store
from tests import servers
from tests.storage.sending import KEYS, Door

BACKENDS = [
    pytest.param("memory"),
    pytest.param("folder"),
    pytest.param("s3", marks=pytest.mark.server),
]
AWS_OF_THE_CALLER = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", metavar="URL", help="one more store that must keep the contract")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        other = metafunc.config.getoption("--store", default=None)
        metafunc.parametrize("backend", [*BACKENDS, *([pytest.param(other, id="other")] if other else [])])


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    with Door() as door:
        yield door


@pytest.fixture
def store(backend: str, tmp_path: Path, door: Door, request: pytest.FixtureRequest) -> Iterator[Store]:
    if backend in ("memory", "folder"):
        url = "memory:" if backend == "memory" else f"folder:{tmp_path / 'files'}"
        door.store = open_store(url, link_keys=KEYS, part_url=door.url)
        door.store.known()
        yield door.store
    else:
        store = request.getfixturevalue("s3_store" if backend == "s3" else "other_store")
        store.known()
        yield store
        for key, upload, _ in list(store.uploads()):
            store.abort(key, upload)
        for key in list(store.keys()):
            store.delete(key)


@pytest.fixture(scope="session")
def s3_store(weed: str) -> Iterator[Store]:
    with closing(open_store(servers.below(weed, f"t-{uuid.uuid4()}"))) as store:
        yield store


@pytest.fixture(scope="session")
def other_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url = servers.below(request.config.getoption("--store"), f"t-{uuid.uuid4()}")
    with servers.environment(AWS_OF_THE_CALLER):
        store = open_store(url)
    with closing(store):
        store.prepare()
        yield store
