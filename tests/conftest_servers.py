"""Fixtures for servers, for `tests/conftest.py` to import: `postgres_url`, `weed` and `clamd_url`, one server a run each.

Where a server cannot be had the test fails and says which; without a virus scanner it is skipped, as that is a
package of the system which not every machine may install. CHALLENGE_TEST_FAST=1 asks for no servers: what
needs one is skipped.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The database `postgres` of a server; `servers.fresh_postgres_database(url)` makes one to work in."""
    yield from _server("postgres", "CHALLENGE_TEST_POSTGRES", tmp_path_factory)


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The storage address of a bucket; from here on the AWS variables hold its credentials."""
    with servers.environment(servers.S3_CREDENTIALS):
        yield from _server("weed", "CHALLENGE_TEST_S3", tmp_path_factory)


@pytest.fixture(scope="session")
def clamd_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scanner that finds `servers.EICAR`, as CHALLENGE_SCANNER_URL takes it."""
    if servers.clamd_program() is None:
        pytest.skip("needs clamd, which is not here (Debian: apt-get install clamav-daemon)")
    yield from _server("clamd", "CHALLENGE_TEST_CLAMD", tmp_path_factory)


def _server(kind: str, variable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if url := os.environ.get(variable):
        yield url
        return
    if os.environ.get("CHALLENGE_TEST_FAST") == "1":
        pytest.skip(f"needs {kind}, and CHALLENGE_TEST_FAST asks for no servers")
    try:
        with servers.shared(kind, _folder_of_the_run(tmp_path_factory)) as url:
            yield url
    except servers.NoServer as failure:
        pytest.fail(str(failure), pytrace=False)


def _folder_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
