"""A browser without JavaScript: cookies, forms with their tokens, redirects."""

import re
from html import unescape
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts.gate import cookie_name, csrf_for
from challenge.accounts.models import Person
from challenge.app import build
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from challenge.settings import Settings

BASE = "http://testserver.local"
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]*)"')


class Client:
    def __init__(self, database: Database, language: str = "en") -> None:
        self.database = database
        self.app = build(Settings(database_url=database.url))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),  # type: ignore[arg-type]
            base_url=BASE,
            headers={"accept-language": language, "accept": "text/html", "origin": BASE},
        )
        self.csrf = ""

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()
        await self.app.database.close()  # type: ignore[attr-defined]

    async def sign_in(self, person_id: UUID) -> None:
        """A session without the ceremony; the ceremony has tests of its own. Commits."""
        async with self.database.writing() as db:
            person = (await db.exec(select(Person).where(Person.id == person_id))).one()
            secret = await accounts.open_session(db, person, "tests")
            await db.commit()
        self.http.cookies.clear()
        self.http.cookies.set(cookie_name(), secret, domain="testserver.local")
        self.csrf = csrf_for(fingerprint(secret))

    def sign_out(self) -> None:
        self.http.cookies.clear()
        self.csrf = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(path, **more)

    async def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """A form post with the session's token."""
        return await self.http.post(path, data={"_csrf_token": self.csrf, **(data or {})}, **more)

    async def form(self, page: str, path: str, data: dict[str, Any]) -> httpx.Response:
        """Open a page as nobody in particular, take its token, and send its form."""
        shown = await self.http.get(page)
        found = _TOKEN.search(shown.text)
        return await self.http.post(path, data={"_csrf_token": found[1] if found else "", **data})

    async def autosave(self, path: str, data: dict[str, Any]) -> httpx.Response:
        return await self.http.post(
            path, data=data, headers={"x-csrftoken": self.csrf, "accept": "application/json"}
        )

    async def api(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        headers = {"accept": "application/json", **more.pop("headers", {})}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return await self.http.request(method, f"/api/v1{path}", headers=headers, cookies={}, **more)


def words_of(response: httpx.Response) -> str:
    """What a person reads on the page, tags gone."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
