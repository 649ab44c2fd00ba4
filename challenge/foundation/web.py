"""The web, as the rooms see it: doors, pages, redirects with a sentence, and the frame around every answer.

`Frame` is the outermost wrapper. Litestar skips its own middleware on 404, 405 and refusals, so headers,
request ids, languages and the log line come from here.
"""

import base64
import hashlib
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import UUID

from litestar import Request, Response
from litestar import delete as litestar_delete
from litestar import get as litestar_get
from litestar import post as litestar_post
from litestar import put as litestar_put
from litestar.datastructures import Cookie
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from markupsafe import Markup

from challenge import settings as settings_module
from challenge.foundation import i18n
from challenge.foundation.db import Database, Db
from challenge.foundation.i18n import Text
from challenge.foundation.ids import new_id
from challenge.foundation.templates import GLOBALS, TEMPLATES, environment

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
DoorMaker = Callable[[Callable[..., Any]], Any]

STATIC = TEMPLATES / "static"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


# ---------- what one request carries ----------


class Someone(Protocol):
    """What the frame needs to know of a viewer; the gate knows the rest."""

    person_id: UUID | None
    language: str
    zone: str

    @property
    def is_anyone(self) -> bool: ...


@dataclass(slots=True)
class Visit:
    """One request's own things. `db` is opened when first asked for and closed by the frame."""

    database: Database
    method: str
    path: str
    id: str
    viewer: Any = None
    session_key: str = ""
    csrf: str = ""
    db: Db | None = None
    door: str = ""
    cookies: list[Cookie] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    flash: list[dict[str, str]] = field(default_factory=list)
    has_asked_language: bool = False
    form: Any = None  # what a page's form sent, read before anything can refuse it
    proved_at: datetime | None = None
    keeping: Any = None  # the promise to keep this answer for a repeated Idempotency-Key
    is_short: bool = (
        False  # the door waits for others (a store) and opens its own short transactions to write
    )

    def session(self) -> Db:
        if self.db is None:
            self.db = self.database.session(writes=self.method not in SAFE_METHODS and not self.is_short)
        return self.db


def visit_of(connection: Any) -> Visit:
    visit: Visit = connection.scope["challenge"]
    return visit


# ---------- doors ----------


def _opt(needs: Any, is_open: bool, fresh: bool, public: bool) -> dict[str, Any]:
    return {"needs": needs, "open": is_open or public, "fresh": fresh, "public": public}


def get(
    path: str | list[str],
    *,
    needs: Any = None,
    open: bool = False,
    public: bool = False,
    fresh: bool = False,
    **more: Any,
) -> DoorMaker:
    """A page. `needs` names the permission; `open` is for everybody; `public` is open and may be cached."""
    more.setdefault("include_in_schema", False)
    return litestar_get(path, opt=_opt(needs, open, fresh, public), **more)


def post(
    path: str | list[str],
    *,
    needs: Any = None,
    open: bool = False,
    fresh: bool = False,
    short: bool = False,
    **more: Any,
) -> DoorMaker:
    """`short`: the request's session only reads; what is written goes into transactions of the door's own, so
    that nobody holds the right to write while a store answers."""
    more.setdefault("include_in_schema", False)
    more.setdefault("status_code", 200)
    return litestar_post(path, opt={**_opt(needs, open, fresh, False), "short": short}, **more)


def put_bytes(path: str, **more: Any) -> DoorMaker:
    """A door for bytes, open to whoever holds its address: no cookie is read, no form, no body before it asks."""
    opt = {**_opt(None, True, False, False), "short": True, "raw": True}
    return litestar_put(path, opt=opt, include_in_schema=False, status_code=200, **more)


def get_bytes(path: str, **more: Any) -> DoorMaker:
    """The same for giving bytes."""
    opt = {**_opt(None, True, False, False), "raw": True}
    return litestar_get(path, opt=opt, include_in_schema=False, **more)


def delete(
    path: str | list[str],
    *,
    needs: Any = None,
    open: bool = False,
    fresh: bool = False,
    short: bool = False,
    **more: Any,
) -> DoorMaker:
    more.setdefault("include_in_schema", False)
    more.setdefault("status_code", 200)
    return litestar_delete(path, opt={**_opt(needs, open, fresh, False), "short": short}, **more)


# ---------- static files: a dictionary made at start, so that no path of a request touches the disk ----------

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}


@lru_cache
def static_files() -> dict[str, tuple[bytes, str, str]]:
    """Name -> (bytes, media type, version), the version being the first letters of the SHA-256."""
    found = {}
    for path in sorted(STATIC.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            content = path.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:12]
            found[path.relative_to(STATIC).as_posix()] = (content, TYPES[path.suffix], version)
    return found


def static_url(name: str) -> str:
    entry = static_files().get(name)
    return f"/static/{name}?v={entry[2]}" if entry else f"/static/{name}"


# ---------- templates ----------


GLOBALS["static_url"] = static_url


def csrf_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="_csrf_token" value="{}">').format(token)


def render(name: str, **values: Any) -> str:
    """A template outside a request, in the current language."""
    return environment().get_template(name).render(**frame_values(), **values)


def frame_values() -> dict[str, Any]:
    lang = i18n.language()
    return {"lang": lang, "dir": i18n.direction(lang)}


def page_values(request: Request[Any, Any, Any]) -> dict[str, Any]:
    visit = visit_of(request)
    site = request.app.state
    path = request.scope["path"]
    return {
        **frame_values(),
        "languages": [
            {"code": code, "name": i18n.NAMES[code], "href": f"?lang={code}"} for code in site.languages
        ],
        "viewer": visit.viewer,
        "zone": visit.viewer.zone if visit.viewer else "UTC",
        "csrf": visit.csrf,
        "csrf_field": lambda: csrf_field(site.token_for(visit)),
        "flash": visit.flash,
        "path": path,
        "brand": site.brand,
        "demonstration": site.demonstration,
        "reference": visit.id,
        "base_url": site.base_url,
    }


_RENDERED: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
_MOST_RENDERED = 200


class Page(Response[bytes]):
    """A template and its values; rendered when the answer is made."""

    def __init__(
        self, name: str, status: int = 200, kept_as: Any = None, later: Any = None, **values: Any
    ) -> None:
        super().__init__(content=b"", status_code=status, media_type="text/html")
        self.name, self.values = name, values
        self.kept_as, self.later = kept_as, later

    def rendered(self, request: Request[Any, Any, Any]) -> bytes:
        """The page; for nobody in particular the one that was rendered before under the same key."""
        visit = visit_of(request)
        is_kept = self.kept_as is not None and not visit.viewer.is_anyone and not visit.flash
        key = (self.name, visit.path, i18n.language(), self.kept_as)
        if is_kept and key in _RENDERED:
            _RENDERED.move_to_end(key)
            return _RENDERED[key]
        values = {**page_values(request), **self.values, **(self.later() if self.later else {})}
        body = environment().get_template(self.name).render(values).encode()
        if is_kept and not visit.cookies:
            _RENDERED[key] = body
            if len(_RENDERED) > _MOST_RENDERED:
                _RENDERED.popitem(last=False)
        return body

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **more: Any) -> ASGIResponse:
        body = self.rendered(request)
        headers = dict(self.headers)
        status = self.status_code
        visit = visit_of(request)
        if (
            status == 200
            and request.route_handler.opt.get("public")
            and not visit.viewer.is_anyone
            and not visit.cookies
        ):
            tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            headers["etag"] = tag
            headers["cache-control"] = "public, max-age=60"
            if tag in request.headers.get("if-none-match", ""):
                status, body = 304, b""
        return ASGIResponse(
            body=body,
            headers=headers,
            media_type="text/html",
            status_code=status,
            is_head_response=request.method == "HEAD",
        )


def page(name: str, status: int = 200, **values: Any) -> Page:
    return Page(name, status, **values)


def kept_page(name: str, key: Any, later: Callable[[], dict[str, Any]]) -> Page:
    """A public page that says the same to everybody who is nobody in particular, as long as `key` is the same.

    `later` gives the values; it is asked only when the page has to be rendered.
    """
    return Page(name, kept_as=key, later=later)


class SeeOther(Response[bytes]):
    """303 to one of our own paths, with a sentence for the page that follows."""

    def __init__(self, path: str, say: Text | str | None = None, kind: str = "good") -> None:
        super().__init__(content=b"", status_code=303, headers={"location": path})
        self.say, self.kind = say, kind

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **more: Any) -> ASGIResponse:
        if self.say is not None:
            visit_of(request).cookies.append(_flash_cookie(self.kind, str(self.say)))
        return ASGIResponse(body=b"", headers=dict(self.headers), status_code=303, cookies=self.cookies)


def back_to(path: str, say: Text | str | None = None, kind: str = "good") -> SeeOther:
    return SeeOther(path, say, kind)


def own_path(typed: Any, default: str = "/") -> str:
    """`next` of a form, kept only when it is a path of this site.

    Browsers drop tabs and line ends inside an address and read "\\" as "/", so neither may stand in it.
    """
    if not isinstance(typed, str) or not typed.startswith("/") or typed.startswith("//"):
        return default
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in typed) or len(typed) > 2000:
        return default
    parts = urlsplit(typed)
    return default if parts.scheme or parts.netloc else quote(typed, safe="/?#[]@!$&'()*+,;=%:~")


def as_file(content: bytes, name: str, media_type: str, *, inline: bool = False) -> Response[bytes]:
    """Bytes to keep. The name is ours or has been made safe; the browser never runs what it gets."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)
    quoted = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_.") else "".join(f"%{b:02X}" for b in c.encode())
        for c in name
    )
    how = "inline" if inline else "attachment"
    return Response(
        content=content,
        media_type=media_type,
        headers={
            "content-disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quoted}",
            "x-content-type-options": "nosniff",
        },
    )


def as_stream(pieces: AsyncIterator[bytes], size: int | None, name: str, media_type: str) -> Stream:
    """The same, piece by piece, where its size is not known too; the line is cut when the source is lost, so that half is never taken for whole."""
    kept = as_file(b"", name, media_type).headers
    length = {"content-length": str(size)} if size is not None else {}
    return Stream(pieces, media_type=media_type, headers={**kept, **length})


def elsewhere(link: str) -> Response[bytes]:
    """303 to a link that ends soon and is for nobody else: not kept, and told to nobody."""
    headers = {"location": link, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(content=b"", status_code=303, headers=headers)


def wants_json(request: Any) -> bool:
    if request.scope["path"].startswith("/api/"):
        return True
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


# ---------- sentences that survive a redirect ----------


def _sign(value: bytes, purpose: str) -> str:
    key = hmac.new(settings_module.settings().key(), purpose.encode(), hashlib.sha256).digest()
    return hmac.new(key, value, hashlib.sha256).hexdigest()[:32]


def signed(value: str, purpose: str) -> str:
    return f"{base64.urlsafe_b64encode(value.encode()).decode()}.{_sign(value.encode(), purpose)}"


def unsigned(value: str, purpose: str) -> str | None:
    try:
        encoded, mark = value.rsplit(".", 1)
        plain = base64.urlsafe_b64decode(encoded.encode())
    except ValueError:
        return None
    return plain.decode() if hmac.compare_digest(mark, _sign(plain, purpose)) else None


def _flash_cookie(kind: str, words: str) -> Cookie:
    value = signed(json.dumps({"kind": kind, "text": words[:900]}), "flash")
    return Cookie(
        key="flash", value=value, max_age=120, path="/", httponly=True, samesite="lax", secure=_is_secure()
    )


def _is_secure() -> bool:
    return settings_module.settings().is_https


# ---------- the frame ----------

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}


@lru_cache
def page_policy(files_url: str, upload_origin: str, is_https: bool) -> str:
    # a file is asked for here and then shown by the place that has no cookies
    files = " ".join(filter(None, ("'self'", files_url, upload_origin)))
    rules = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        f"img-src 'self' {files_url}".strip(),
        f"media-src {files}",
        f"frame-src {files}",
        f"connect-src 'self' {upload_origin}".strip(),
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
    if is_https:
        rules.append("upgrade-insecure-requests")
    rules += ["report-uri /csp-reports", "report-to csp"]
    return "; ".join(rules)


SHOWN_PATH = "/shown/"
SCRIPT_POLICY = "default-src 'none'; frame-ancestors 'none'"
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Frame:
    """Around the whole application: visit, language, static files, headers, log line, closed session."""

    def __init__(self, app: App, database: Database, record: Callable[[Visit, int, float], None]) -> None:
        self.app, self.database, self.record = app, database, record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if not path.startswith(SHOWN_PATH) and is_for_files(_host(scope)):
            await ASGIResponse(status_code=404, body=b"", media_type="text/plain")(scope, receive, send)  # type: ignore[arg-type]
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope["method"] = "GET"
        if path.startswith("/static/"):
            await _send_static(scope, send, path.removeprefix("/static/"), is_head)
            return
        visit = Visit(self.database, scope["method"], path, new_id().hex[:12])
        scope["challenge"] = visit
        cookies = _cookies(scope)
        speak_for(scope, visit, cookies)
        _take_flash(visit, cookies)
        started = time.perf_counter()
        status = 500

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = framed_headers(message["headers"], visit, status)
            elif is_head and message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        try:
            await self.app(scope, receive, send_framed)
        finally:
            if visit.db is not None:
                await visit.db.close()
            self.record(visit, status, time.perf_counter() - started)


def framed_headers(
    headers: list[tuple[bytes, bytes]], visit: Visit, status: int
) -> list[tuple[bytes, bytes]]:
    settings = settings_module.settings()
    present = {name.lower() for name, _value in headers}
    media = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    is_html = media.startswith(b"text/html")
    added = dict(SECURITY_HEADERS)
    added["content-security-policy"] = (
        page_policy(settings.files_url, settings.upload_origin, settings.is_https) if is_html else DATA_POLICY
    )
    added["referrer-policy"] = (
        "no-referrer" if visit.path.startswith(("/links/", "/verify", "/files/")) else "same-origin"
    )
    added["cache-control"] = "no-store"
    added["x-request-id"] = visit.id
    if is_html:
        added["content-language"] = i18n.language()
        added["reporting-endpoints"] = 'csp="/csp-reports"'
    if visit.path.startswith("/api/"):
        added["vary"] = "Authorization"
    else:
        added["vary"] = "Accept-Language, HX-Request, Cookie"
    if settings.is_https:
        added["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    added.update(visit.headers)
    kept = [pair for pair in headers if pair[0].lower() != b"server"]
    kept += [(n.encode(), v.encode()) for n, v in added.items() if n.encode() not in present]
    kept += [(b"set-cookie", cookie.to_header(header="").encode()) for cookie in visit.cookies]
    return kept


def is_for_files(host: str) -> bool:
    """Whether this is the address at which files are shown and nothing else, so that no cookie is ever set there."""
    files_url = settings_module.settings().files_url
    return bool(files_url) and host == urlsplit(files_url).netloc


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def _cookies(scope: Scope) -> dict[str, str]:
    for name, value in scope["headers"]:
        if name == b"cookie":
            pairs = (part.split("=", 1) for part in value.decode("latin-1").split("; ") if "=" in part)
            return {key.strip(): content.strip('"') for key, content in pairs}
    return {}


def speak_for(scope: Scope, visit: Visit, cookies: Mapping[str, str]) -> None:
    """The language of an answer: asked for in the address, kept in a cookie, or told by the browser."""
    offered = settings_module.settings().offered_languages
    asked = (
        dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("lang", "")
        if scope["query_string"]
        else ""
    )
    if asked in offered:
        visit.has_asked_language = True
        visit.cookies.append(
            Cookie(key="lang", value=asked, max_age=31536000, path="/", samesite="lax", secure=_is_secure())
        )
        i18n.speak(asked)
        return
    kept = cookies.get("lang", "")
    if kept in offered:
        visit.has_asked_language = True
        i18n.speak(kept)
        return
    header = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"accept-language"), "")
    i18n.speak(accepted_language(header, offered))


@lru_cache(maxsize=512)
def accepted_language(header: str, offered: tuple[str, ...]) -> str:
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:20]):
        code, _sep, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, code.split("-")[0].lower()))
        except ValueError:
            continue
    return next((code for _w, _p, code in sorted(wishes) if code in offered), offered[0])


def _take_flash(visit: Visit, cookies: Mapping[str, str]) -> None:
    kept = cookies.get("flash")
    if not kept or visit.method != "GET" or visit.path.startswith("/api/"):
        return
    plain = unsigned(kept, "flash")
    if plain:
        visit.flash = [json.loads(plain)]
    visit.cookies.append(Cookie(key="flash", value="", max_age=0, path="/", httponly=True, samesite="lax"))


def _static_protection(media_type: str = "") -> list[tuple[bytes, bytes]]:
    """A picture or a sheet opened by itself runs nothing and is framed by nobody.

    A script may be a worker, which takes its policy from here: in a sandbox it could not make digests.
    """
    policy = SCRIPT_POLICY if media_type.startswith("text/javascript") else DATA_POLICY
    added = {**SECURITY_HEADERS, "content-security-policy": policy, "referrer-policy": "same-origin"}
    if _is_secure():
        added["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in added.items()]


async def _send_static(scope: Scope, send: Send, name: str, is_head: bool) -> None:
    entry = static_files().get(name)
    if entry is None:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 404, "headers": headers + _static_protection()})
        await send({"type": "http.response.body", "body": b"" if is_head else b"Not found"})
        return
    content, media_type, version = entry
    tag = f'"{version}"'.encode()
    is_pinned = scope["query_string"] == f"v={version}".encode() or media_type == "font/woff2"
    headers = [
        (b"content-type", media_type.encode()),
        (b"etag", tag),
        (b"cache-control", b"public, max-age=31536000, immutable" if is_pinned else b"public, max-age=300"),
        *_static_protection(media_type),
    ]
    if (b"if-none-match", tag) in scope["headers"]:
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else content})
