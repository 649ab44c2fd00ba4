"""Going through every door of the application as anybody, with every id of the world."""

import asyncio
import base64
import html
import inspect
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode
from uuid import UUID

import pypdf
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import event

from challenge.accounts.gate import cookie_name, csrf_for
from challenge.accounts.permissions import MATRIX, OWN, Can
from challenge.app import build
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from challenge.settings import Settings
from tests.builders.world import MADE_UP, PLAN, SEATS, World

ORIGIN = "http://testserver.local"
NOBODY = "nobody"

# ---------------------------------------------------------------- doors


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one route, as the application itself lists it."""

    method: str
    path: str
    names: tuple[str, ...]
    handler: HTTPRouteHandler

    @property
    def is_api(self) -> bool:
        return bool(self.handler.opt.get("api"))

    @property
    def needs(self) -> Can | None:
        needs: Can | None = self.handler.opt.get("needs")
        return needs

    @property
    def room(self) -> str:
        return self.handler.fn.__module__.split(".")[1]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def doors_of(app: Any, *methods: str) -> list[Door]:
    found = []
    for route in app.litestar.routes:
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods):
                if method in methods:
                    path = re.sub(r"\{(\w+)(:\w+)?\}", r"{\1}", route.path)
                    found.append(Door(method, path, tuple(re.findall(r"\{(\w+)\}", path)), handler))
    return sorted(found, key=lambda door: (door.path, door.method))


NOT_ASKED = ("db", "me", "form", "request", "query", "data", "files")


def asked_in_query(door: Door) -> list[str]:
    """The names that a door reads from the query: those of its signature, and those its room asks for by word."""
    declared = [
        parameter.name
        for parameter in door.handler.parsed_fn_signature.parameters.values()
        if parameter.name not in (*door.names, *NOT_ASKED)
    ]
    return sorted({*declared, *_words_asked(door.room)} - {"lang"})


@lru_cache
def _words_asked(room: str) -> tuple[str, ...]:
    found: set[str] = set()
    for path in files(f"challenge.{room}").iterdir():
        if path.name.endswith(".py"):
            text = path.read_text(encoding="utf-8")
            if "query_params" in text or path.name in ("filters.py", "inputs.py"):
                found |= set(re.findall(r"(?:asked|query_params|query)(?:\.get(?:all)?\(|\[)\"(\w+)\"", text))
            if path.name == "filters.py":
                found |= set(re.findall(r"\b(?:given|known)\(\"(\w+)\"", text))
    return tuple(sorted(found))


def reads_query(door: Door) -> bool:
    source = inspect.getsource(door.handler.fn)
    declared = {p.name for p in door.handler.parsed_fn_signature.parameters.values()}
    return bool(declared - {*door.names, *NOT_ASKED}) or "query" in source or "request" in source


# ---------------------------------------------------------------- addresses

Example = Mapping[str, str]


class NoExample(LookupError):
    """A door has a parameter for which the table below has nothing."""


def examples_of(door: Door, world: World, *, briefly: bool = False) -> list[Example]:
    """Values for the parameters of a door's path: things of every kind, and things that do not exist."""
    proposals = tuple(PLAN) if not briefly else ("S1", "S2", "D1", "O1")
    names = set(door.names)
    made: list[dict[str, str]] = [{}]
    if "slug" in names and names & {"seat_id", "panel_id"}:
        made = [
            {"slug": call, "panel_id": str(panel), "seat_id": str(world.seats[f"{call}:{SEATS[call][0]}"])}
            for call, panel in world.panels.items()
        ]
    elif "proposal_id" in names:
        made = [{"proposal_id": str(world.proposals[key]), "slug": PLAN[key].call} for key in proposals]
    elif "slug" in names and names & {"assignment_id", "review_id"}:
        made = [
            {"assignment_id": str(one), "review_id": str(one), "slug": PLAN[pair[:2]].call}
            for pair, one in world.assignments.items()
            if pair[:2] in proposals
        ]
    elif door.path.startswith("/problems/"):
        made = [{"slug": "not-found"}]
    elif "slug" in names:
        made = [{"slug": call} for call in world.calls]
    for name in sorted(names - set(made[0])):
        values = _values(name, world, proposals)
        made = [{**one, name: value} for one in made for value in values]
    if briefly and "slug" not in names:
        made = made[:6]
    unknown = {"slug": "no-such-call", **{name: str(MADE_UP) for name in names if name.endswith("_id")}}
    ids = {name for name in names if name.endswith("_id")}
    if ids:
        made += [{**made[0], **{name: str(MADE_UP) for name in ids}}]
    elif "slug" in names:
        made += [{**made[0], "slug": unknown["slug"]}]
    return [{name: one[name] for name in door.names} for one in made]


def _values(name: str, world: World, proposals: tuple[str, ...]) -> list[str]:
    tables = {
        "panel_id": "panel",
        "seat_id": "seat",
        "document_id": "document",
        "attachment_id": "attachment",
        "notice_id": "notice",
        "ranking_id": "ranking",
        "decision_id": "decision",
        "stage_id": "stage",
        "release_id": "release",
        "revision_id": "revision",
        "message_id": "message",
    }
    if name in ("review_id", "assignment_id"):
        return [str(one) for pair, one in world.assignments.items() if pair[:2] in proposals]
    if name == "person_id":
        return [str(world.people[one]) for one in ("bea", "carl", "rev1", "rev4", "stranger")]
    if name in tables:
        return world.ids[tables[name]]
    if name in FIXED:
        return FIXED[name]
    if name in world.more:
        return world.more[name]
    raise NoExample(name)


FIXED: dict[str, list[str]] = {
    "section": ["idea", "no-such-section"],
    "mark": ["0123456789abcdef"],
    "token": ["no-such-token"],
    "code": ["AAAA-BBBB-CCCC"],
    "language": ["en", "ar"],
    "lang": ["en"],
    "ending": ["csv", "json"],
    "format": ["csv", "json", "xlsx"],
    "question": ["papers"],
    "png": ["1.png"],
    "token_id": [str(MADE_UP)],
}


def filled(path: str, example: Example) -> str:
    for name, value in example.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return path


# ---------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Walker:
    """Asks the application as anybody. The database behind it can be exchanged for a copy."""

    def __init__(self, world: World) -> None:
        self.world = world
        app: object = build(Settings(database_url=world.database.url))
        self.app = cast(Any, app)
        self.own: Database = self.app.database

    def use(self, database: Database | None) -> None:
        self.app.database = database or self.own

    async def close(self) -> None:
        await self.own.close()

    async def ask(
        self, viewer: str, door: Door, example: Example, query: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        return await self.request(viewer, door.method, filled(door.path, example), query, **more)

    async def request(
        self,
        viewer: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: Any = None,
    ) -> Answer:
        headers = [(b"host", b"testserver.local"), (b"accept-language", b"en"), (b"origin", ORIGIN.encode())]
        body = b""
        is_api = path.startswith("/api/")
        headers.append((b"accept", b"application/json" if is_api else b"text/html"))
        if viewer != NOBODY and is_api:
            headers.append((b"authorization", f"Bearer {self.world.tokens[viewer]}".encode()))
        elif viewer != NOBODY:
            headers.append((b"cookie", f"{cookie_name()}={self.world.cookies[viewer]}".encode()))
        if form is not None:
            secret = self.world.cookies.get(viewer, "")
            body = urlencode(
                {"_csrf_token": csrf_for(fingerprint(secret)) if secret else "", **form}
            ).encode()
            headers.append((b"content-type", b"application/x-www-form-urlencoded"))
        elif json_body is not None:
            body = json.dumps(json_body).encode()
            headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(body)).encode()))
        path, _mark, asked = path.partition("?")
        return await _call(self.app, method, path, asked or urlencode(query or {}), headers, body)


async def _call(
    app: Any, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> Answer:
    status, sent = 0, False
    answered: list[tuple[str, str]] = []
    parts: list[bytes] = []
    whole = asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await whole.wait()  # the asker stays until the answer is, however it is sent
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            answered.extend((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in message["headers"])
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                whole.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("testserver.local", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return Answer(status, tuple(answered), b"".join(parts))


def gate_turns_back(roles: Mapping[str, set[str]], viewer: str, door: Door) -> bool:
    """Whether the gate refuses before the door looks at anything: then one example is as good as all."""
    if door.needs is None:
        return False
    if viewer == NOBODY:
        return True
    if door.needs in OWN:
        return False
    return not any(door.needs in MATRIX[role] for role in MATRIX if role.value in roles.get(viewer, set()))


# ---------------------------------------------------------------- looking

_MARK = re.compile(r"zq[a-z]{10}", re.I)
_NUMBER = re.compile(r"(?<![\d.,])\d{2,3}[.,]\d{2,4}(?!\d)")
_CODE = re.compile(r"(?<![A-Z0-9])[A-Z0-9]{2,5}(?:-[A-Z0-9]{4,5}){1,2}(?![A-Z0-9])", re.I)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


class Looker:
    """Finds the marks of a world in whatever comes out of it. The same bytes are looked at once."""

    def __init__(self, marks: Mapping[str, Any]) -> None:
        self.marks = {mark.upper(): mark for mark in marks}
        self.seen: dict[int, frozenset[str]] = {}

    def found_in(self, answer: Answer) -> set[str]:
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers)
        return self.in_text(head) | self.in_text(unquote(head)) | self.in_bytes(answer.body)

    def in_bytes(self, content: bytes) -> set[str]:
        key = hash(content)
        if key not in self.seen:
            self.seen[key] = frozenset(mark for text in texts_in(content) for mark in self.in_text(text))
        return set(self.seen[key])

    def in_text(self, text: str) -> set[str]:
        words = {word.upper() for word in _MARK.findall(text)}
        words |= {word.replace(",", ".") for word in _NUMBER.findall(text)}
        words |= {word.upper() for word in _CODE.findall(text)}
        words |= {str(UUID(word)).upper() for word in _UUID.findall(text)}
        return {self.marks[word] for word in words if word in self.marks}


def texts_in(content: bytes, depth: int = 0) -> Iterator[str]:
    """A body in every form in which a word could stand: as it is, unescaped, decoded, unpacked."""
    if content.startswith(b"PK") and depth < 3:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield " ".join(archive.namelist())
            for name in archive.namelist():
                yield from texts_in(archive.read(name), depth + 1)
        return
    text = content.decode("utf-8", "replace")
    yield text
    if content.startswith(b"%PDF-"):
        document = pypdf.PdfReader(io.BytesIO(content))
        yield "\n".join(page.extract_text() for page in document.pages)
        yield str(document.metadata or "")
        yield from (file.decode("utf-8", "replace") for one in document.attachments.values() for file in one)
        return
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text)
    if "\\u" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    if "=\n" in text or "=\r\n" in text:
        yield re.sub(r"=\r?\n", "", text)
    if "\r\n " in text:
        yield text.replace("\r\n ", "")
    for word in _BASE64.findall(text):
        plain = _decoded(word)
        if plain:
            yield plain


def _decoded(word: str) -> str:
    try:
        padded = word.rstrip("=").replace("-", "+").replace("_", "/")
        plain = base64.b64decode(padded + "=" * (-len(padded) % 4))
        return plain.decode("ascii")
    except ValueError:
        return ""


# ---------------------------------------------------------------- comparing

_TOKEN = re.compile(rb'(name="_csrf_token" value=")[0-9a-f]*')
_BEFORE = re.compile(r"((?:__Host-)?before)=[^;]*")


Plain = tuple[int, tuple[tuple[str, str], ...], bytes]


def plain(answer: Answer, *words: str) -> Plain:
    """An answer without what is drawn anew for each request, and without the words that the request itself held."""
    reference = answer.header("x-request-id")
    body = answer.body.replace(reference.encode(), b"REFERENCE") if reference else answer.body
    body = _TOKEN.sub(rb"\1", body)
    if body.startswith(b"PK"):  # each file in it bears the moment of the request
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
    if body.startswith(b"%PDF-"):
        body = re.sub(rb"/ID \[.*?\]|/(Creation|Mod)Date \(.*?\)", b"", body)
    headers = []
    for name, value in answer.headers:
        if name in ("x-request-id", "date", "server-timing"):
            continue
        if name == "content-length":
            continue  # the body itself is compared
        headers.append((name, _BEFORE.sub(r"\1=", value)))
    for word in sorted(
        {form for one in words if len(one) > 7 for form in _forms(one)}, key=len, reverse=True
    ):
        body = re.sub(re.escape(word.encode()), b"WORD", body, flags=re.I)
        headers = [(name, re.sub(re.escape(word), "WORD", value, flags=re.I)) for name, value in headers]
    return answer.status, tuple(headers), bytes(body)


def _forms(word: str) -> set[str]:
    return {word, quote(word, safe=""), quote(word), html.escape(word), word.replace("-", "")}


def first_difference(one: bytes, other: bytes) -> str:
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    low = max(0, at - 60)
    return f"…{one[low : at + 60]!r} / …{other[low : at + 60]!r}"


# ---------------------------------------------------------------- counting


class Statements:
    """Every statement that reaches a database's driver, while it is open."""

    WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|CREATE|DROP|ALTER)\b", re.I)

    def writes(self) -> list[str]:
        return [text for text in self.texts if self.WRITES.match(text)]

    def touch(self, tables: re.Pattern[str]) -> bool:
        return any(tables.search(text) for text in self.texts)

    def __init__(self, database: Database) -> None:
        self.engine = database.engine.sync_engine
        self.texts: list[str] = []

    def _note(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.texts.append(statement)

    def __enter__(self) -> "Statements":
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)
