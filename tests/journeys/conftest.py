"""One demonstration, told once a run; its sites, served; one browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.journeys.browsing import CALM, Site, Visitors

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PATIENCE = 90.0  # seconds a site has for its start on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))  # the first of them tells the demonstration


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser stands. Without one the journeys fail, so that nobody takes them for passed."""
    if os.environ.get("CHALLENGE_TEST_FAST") == "1":
        pytest.skip("needs a browser, and CHALLENGE_TEST_FAST asks for none")
    wanted = os.environ.get("CHALLENGE_TEST_CHROMIUM", "chromium")
    found = shutil.which(wanted)
    if found is None:
        pytest.fail(f"The browser “{wanted}” could not be found (Debian's package: chromium).")
    return found


def _environment(folder: Path, url: str = "") -> dict[str, str]:
    """What a demonstration of one's own needs, and nothing of the settings of the other tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHALLENGE_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "CHALLENGE_VAR_DIR": str(folder),
        **({"CHALLENGE_BASE_URL": url} if url else {}),
    }


@pytest.fixture(scope="session")
def told(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the told demonstration and its earlier states. CHALLENGE_TEST_TOLD names one told before."""
    folder = tmp_path_factory.mktemp("journeys")
    if earlier := os.environ.get("CHALLENGE_TEST_TOLD"):
        shutil.copytree(earlier, folder, dirs_exist_ok=True)
        return folder
    command = [sys.executable, "-m", "tests.journeys.telling"]
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(folder / "told"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _serve(told: Path, name: str) -> Iterator[Site]:
    folder = told / name
    for turn in range(3):  # another process may take the port between our look and the server's
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with (told / f"{name}.{turn}.log").open("w") as log:
            serving = subprocess.Popen(
                [sys.executable, "-m", "challenge.cli", "serve", "--port", str(port)],
                cwd=ROOT,
                env=_environment(folder, url),
                stdout=log,
                stderr=log,
            )
        try:
            if _answers(serving, url):
                yield Site(name, url, folder)
                return
        finally:
            serving.terminate()
            try:
                serving.wait(30)
            except subprocess.TimeoutExpired:
                serving.kill()
    pytest.fail(f"The site does not start:\n{(told / f'{name}.2.log').read_text()[-4000:]}")


def _answers(serving: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and serving.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310 - our own loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


@pytest.fixture(scope="session")
def site(told: Path) -> Iterator[Site]:
    """The demonstration at its end: decided, signed, released; new calls are open."""
    yield from _serve(told, "told")


@pytest.fixture(scope="session")
def reviewing(told: Path) -> Iterator[Site]:
    """While reviews are written."""
    yield from _serve(told, "reviewing")


@pytest.fixture(scope="session")
def deciding(told: Path) -> Iterator[Site]:
    """Decided by one person; nobody has signed."""
    yield from _serve(told, "deciding")


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=list(CALM))
        yield opened
        await opened.close()


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go, for people to look at: CHALLENGE_SCREENSHOTS."""
    wanted = os.environ.get("CHALLENGE_SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("screens")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
async def visitors(browser: Browser, screens: Path) -> Visitors:
    return Visitors(browser, screens)
