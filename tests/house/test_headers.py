"""The headers that protect, on every kind of answer: pages, refusals, errors, data and static files."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import get as litestar_get

from challenge.foundation import web
from challenge.foundation.db import Database
from challenge.foundation.web import static_url
from challenge.settings import Settings, settings
from tests.builders.people import a_person
from tests.client import Client

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; media-src 'self'; "
    "frame-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; report-uri /csp-reports; report-to csp"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "referrer-policy": "same-origin",
}
PAGE = {
    **EVERYWHERE,
    "content-security-policy": PAGE_POLICY,
    "reporting-endpoints": 'csp="/csp-reports"',
    "vary": "Accept-Language, HX-Request, Cookie",
    "content-language": "en",
    "content-type": "text/html; charset=utf-8",
}
DATA = {**EVERYWHERE, "content-security-policy": DATA_POLICY}


def told(answer: Any, wanted: dict[str, str]) -> dict[str, str | None]:
    return {name: answer.headers.get(name) for name in wanted}


@litestar_get("/boom", opt={"needs": None, "open": True, "fresh": False, "public": False})
async def boom() -> None:
    raise ZeroDivisionError("a secret in the words of an error")


@pytest.fixture
async def breaking(client: Client) -> Client:
    client.app.litestar.register(boom)  # type: ignore[attr-defined]
    return client


async def test_pages_and_refusals_carry_the_same_protection(breaking: Client, database: Database) -> None:
    async with database.writing() as db:
        person = await a_person(db)
        await db.commit()
    client = breaking
    answers = {
        200: await client.get("/sign-in"),
        401: await client.get("/account"),
        403: await client.http.post("/sign-in", data={}),
        404: await client.get("/no/such/page"),
        405: await client.http.put("/sign-in"),
        410: await client.get("/no-links/x"),
        422: await client.form("/sign-in", "/sign-in", {}),
        500: await client.get("/boom"),
    }
    answers[413] = await client.http.post(
        "/sign-in",
        content=b"",
        headers={"content-length": str(1 << 30), "content-type": "application/x-www-form-urlencoded"},
    )
    await client.sign_in(person.id)
    answers[201] = await client.get("/account")
    expected = {
        200: 200,
        201: 200,
        401: 401,
        403: 403,
        404: 404,
        405: 405,
        410: 404,
        413: 413,
        422: 422,
        500: 500,
    }
    for name, answer in answers.items():
        assert answer.status_code == expected[name], name
        assert told(answer, PAGE) == PAGE, name
        assert answer.headers["cache-control"] == "no-store", name
        assert len(answer.headers["x-request-id"]) == 12
        assert "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers


async def test_an_error_tells_nothing_of_its_inside(breaking: Client) -> None:
    page = await breaking.get("/boom")
    assert "secret in the words" not in page.text
    assert "ZeroDivisionError" not in page.text
    assert page.headers["x-request-id"] in page.text


async def test_data_for_programs_runs_nothing(client: Client) -> None:
    for path, status in (("/api/v1/me", 401), ("/api/v1/nothing", 404), ("/api/openapi.json", 200)):
        answer = await client.get(path)
        assert answer.status_code == status
        assert told(answer, DATA) == DATA, path
        assert answer.headers["vary"] == "Authorization"
        assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/api/v1/nothing")).headers["content-type"] == "application/problem+json"


async def test_static_files_are_pinned_by_their_content_and_protected(client: Client) -> None:
    sheet = await client.get(static_url("css/challenge.css"))
    assert sheet.status_code == 200
    assert told(sheet, DATA) == DATA
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = await client.get(
        static_url("css/challenge.css"), headers={"if-none-match": sheet.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/static/css/challenge.css")).headers["cache-control"] == "public, max-age=300"
    for path in ("/static/nothing.css", "/static/../challenge/settings.py", "/static/%2e%2e/app.py"):
        gone = await client.get(path)
        assert gone.status_code == 404
        assert gone.headers["x-content-type-options"] == "nosniff"


async def test_a_public_page_may_be_kept_for_a_minute_and_is_told_apart_by_its_content(
    client: Client,
) -> None:
    page = await client.get("/help")
    assert page.headers["cache-control"] == "public, max-age=60"
    again = await client.get("/help", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await client.http.head("/help")
    assert (head.status_code, head.content) == (200, b"")
    french = await client.get(
        "/help", headers={"accept-language": "fr", "if-none-match": page.headers["etag"]}
    )
    assert french.headers["content-language"] == "fr"


@pytest.fixture
def under_https(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The process's settings, read anew with another base address."""
    monkeypatch.setenv("CHALLENGE_BASE_URL", "https://testserver.local")
    for kept in (settings, web.page_policy):
        kept.cache_clear()
    yield settings()
    monkeypatch.undo()
    for kept in (settings, web.page_policy):
        kept.cache_clear()


async def test_under_https_the_browser_is_bound_to_it(client: Client, under_https: Settings) -> None:
    page = await client.get("/sign-in")
    assert page.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert "upgrade-insecure-requests" in page.headers["content-security-policy"]
    cookie = page.headers.get_list("set-cookie")[0]
    assert cookie.startswith("__Host-before=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "path=/",
        "samesite=lax",
        "secure",
    }
    assert (await client.get("/static/nothing")).headers["strict-transport-security"]
