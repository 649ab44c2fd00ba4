"""Canaries: what people keep secret is sent through real requests and failing jobs, and no log line holds it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from challenge.accounts.gate import cookie_name
from challenge.foundation import observe
from challenge.foundation.db import Database
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import _
from challenge.jobs.actions import enqueue
from challenge.jobs.context import Task, TaskContext
from challenge.jobs.runner import runner_for
from challenge.settings import settings
from tests.builders.people import a_person
from tests.client import Client

PASSWORD = "canary-password-9271"
TOKEN = "chl_canary-token-5512"
COOKIE = "canary-cookie-8830"
LINK = "canary-link-4471"
ANSWER = "canary-answer-6209"
CANARIES = (PASSWORD, TOKEN, COOKIE, LINK, ANSWER)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    out = io.StringIO()
    observe.configure("DEBUG", out)
    logging.getLogger().setLevel(logging.DEBUG)
    yield out
    observe.configure("CRITICAL")


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def leaked(log: io.StringIO) -> list[str]:
    return [canary for canary in CANARIES if canary in log.getvalue()]


async def send_canaries(client: Client) -> list[int]:
    client.http.cookies.set(cookie_name(), COOKIE)
    sent = [
        await client.get("/"),
        await client.form("/sign-in", "/sign-in", {"email": "amina@example.org", "password": PASSWORD}),
        await client.post("/sign-in", {"email": f"{ANSWER}@example.org", "password": PASSWORD}),
        await client.get(f"/links/{LINK}"),
        await client.get(f"/calls?typed={ANSWER}"),
        await client.api("GET", "/calls", token=TOKEN),
        await client.api("POST", "/proposals", token=TOKEN, json={"title": ANSWER}),
        await client.autosave("/proposals/00000000-0000-0000-0000-000000000000/answers", {"title": ANSWER}),
    ]
    return [response.status_code for response in sent]


async def test_requests_leave_no_secret_in_the_log(
    database: Database, client: Client, log: io.StringIO
) -> None:
    async with database.writing() as db:
        await a_person(db, email="amina@example.org")
        await db.commit()
    await send_canaries(client)
    answered = [line for line in lines(log) if line["event"] == "answered"]
    assert len(answered) >= 8
    assert set(answered[0]) <= observe.ALLOWED
    assert leaked(log) == []


async def test_requests_that_break_leave_no_secret_in_the_log(
    database: Database, client: Client, log: io.StringIO
) -> None:
    async with database.engine.begin() as connection:
        for table in ("attempt", "token", "session", "link"):
            await connection.execute(text(f"DROP TABLE {table}"))
    await send_canaries(client)
    failed = [line for line in lines(log) if line["event"] == "failed"]
    assert failed
    assert all("Error" in str(line["exception"]) for line in failed)
    assert leaked(log) == []


async def test_a_failing_job_leaves_no_secret_in_the_log(database: Database, log: io.StringIO) -> None:
    async def leak(_context: TaskContext, word: str) -> None:
        logging.getLogger("some.library").error("sending %s with %s", word, TOKEN)
        observe.logger.error("careless", password=PASSWORD, task="tests.leak", word=word)
        try:
            raise ValueError(f"cannot use {word}")
        except ValueError as error:
            raise RuntimeError(f"gave up on {PASSWORD}") from error

    tasks: dict[str, Task] = {"tests.leak": leak}
    async with database.writing() as db:
        await enqueue(db, "tests.leak", word=ANSWER)
        await db.commit()
    await runner_for(TaskContext(database, settings()), tasks, {}).drain()
    (told,) = [line for line in lines(log) if line["event"] == "job retried"]
    assert (told["task"], told["attempt"], told["kind"], told["level"]) == (
        "tests.leak",
        1,
        "RuntimeError",
        "warning",
    )
    assert "builtins.RuntimeError\n" in str(told["exception"])
    assert "builtins.ValueError\n" in str(told["exception"])
    assert "test_observe.py" in str(told["exception"])
    assert leaked(log) == []
    assert [line["event"] for line in lines(log) if line.get("logger") == "some.library"] == ["library"]


def test_words_of_an_error_are_kept_only_where_they_are_ours() -> None:
    assert observe.describe(Unprocessable(_("No {scope} here.", scope=ANSWER))) == (
        "challenge.foundation.errors.Unprocessable: No {scope} here."
    )
    assert observe.describe(OSError(28, "No space left on device", PASSWORD)) == (
        "builtins.OSError: No space left on device"
    )
    assert observe.describe(KeyError(PASSWORD)) == "builtins.KeyError"


async def test_jobs_and_doors_are_counted(database: Database, client: Client) -> None:
    async def fine(_context: TaskContext) -> None: ...

    async with database.writing() as db:
        await enqueue(db, "tests.fine")
        await db.commit()
    await runner_for(TaskContext(database, settings()), {"tests.fine": fine}, {}).drain()
    await client.get("/nowhere")
    numbers = observe.metrics_text().decode()
    assert 'challenge_jobs_total{result="done",task="tests.fine"} 1.0' in numbers
    assert 'challenge_job_seconds_count{task="tests.fine"} 1.0' in numbers
    assert 'challenge_requests_total{door="none",method="GET",status="404"}' in numbers
