"""The one guard of all doors: who is it, was the form ours, may this person do this."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, FormMultiDict
from litestar.di import NamedDependency
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from sqlmodel import col, update

from challenge.accounts import idempotency, queries, rules
from challenge.accounts.models import Session as SessionRow
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import NOBODY, Viewer
from challenge.foundation import clock, i18n, observe
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotAllowed, SignInNeeded
from challenge.foundation.i18n import Text, _
from challenge.foundation.ids import fingerprint, new_secret
from challenge.foundation.web import SAFE_METHODS, Visit, visit_of
from challenge.settings import settings

Db = NamedDependency[Session]
Me = NamedDependency[Viewer]
Form = NamedDependency[FormMultiDict]
__all__ = ["NOBODY", "Can", "Db", "Form", "FromPath", "Me", "Viewer"]

TOUCH_AFTER = timedelta(minutes=2)
FORM_LIMIT = 8 << 20
FIELD_LIMIT = 5000


def cookie_name() -> str:
    return "__Host-session" if settings().is_https else "session"


def session_cookie(secret: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=cookie_name(),
        value=secret,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().is_https,
    )


def before_cookie_name() -> str:
    """The cookie of somebody who is about to sign in: only the token of that form hangs on it."""
    return "__Host-before" if settings().is_https else "before"


def let_in(connection: ASGIConnection[Any, Any, Any, Any], secret: str) -> None:
    """Give the browser its new session; pages of this very answer already hold its token."""
    visit = visit_of(connection)
    visit.cookies = [c for c in visit.cookies if c.key not in (cookie_name(), before_cookie_name())]
    visit.cookies.append(session_cookie(secret))
    visit.session_key = fingerprint(secret)
    visit.csrf = csrf_for(visit.session_key)


def let_out(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Take the session's cookie back."""
    visit = visit_of(connection)
    visit.cookies.append(session_cookie("", 0))
    visit.viewer, visit.session_key, visit.csrf = NOBODY, "", ""


def csrf_for(bound_to: str) -> str:
    key = hmac.new(settings().key(), b"csrf", hashlib.sha256).digest()
    return hmac.new(key, bound_to.encode(), hashlib.sha256).hexdigest()


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    visit = visit_of(connection)
    visit.door = next(iter(sorted(handler.paths)), "")
    visit.is_short = bool(handler.opt.get("short"))
    if handler.opt.get("raw"):
        visit.viewer = NOBODY
        return
    is_api = bool(handler.opt.get("api"))
    is_unsafe = visit.method not in SAFE_METHODS
    is_ours = is_api or comes_from_here(connection)
    if is_unsafe and is_ours and isinstance(connection, Request):
        # first of all: a refusal can then give back what was typed, and nobody holds the right to write
        # while a slow connection sends
        await _read(connection, visit, is_api)
    if is_api:
        await _enter_with_token(connection, visit)
    else:
        await _enter_with_session(connection, visit)
        if is_unsafe and not handler.opt.get("no_csrf"):
            _check_form(connection, visit, handler, is_ours)
    needs: Can | None = handler.opt.get("needs")
    if needs is None:
        return
    viewer: Viewer = visit.viewer
    if not viewer.is_anyone:
        raise SignInNeeded
    if viewer.scopes is not None and needs.value not in viewer.scopes:
        problem = NotAllowed(_("This token lacks the scope {scope}.", scope=needs.value), scope=needs.value)
        problem.slug = "scope-missing"
        raise problem
    if not viewer.can(needs):
        if not viewer.is_confirmed and needs not in (Can.OWN_ACCOUNT, Can.WRITE_PROPOSALS):
            raise NotAllowed(_("Confirm your e-mail address first. The link is in the message we sent you."))
        raise NotAllowed
    if handler.opt.get("fresh") and not is_api and not rules.is_fresh(visit.proved_at, clock.now()):
        raise ProofNeeded


class ProofNeeded(SignInNeeded):
    """Signed in, but for something grave the last proof is too old."""

    slug = "proof-needed"

    def default(self) -> Text:
        return _("For this we ask once more that it is you, when you signed in more than ten minutes ago.")


async def _read(request: Request[Any, Any, Any], visit: Visit, is_api: bool) -> None:
    media = request.content_type[0]
    if is_api:
        if media == "application/json":
            await request.body()
        if request.method == "POST" and "idempotency-key" in request.headers and not visit.is_short:
            visit.db = visit.database.session(writes=True, kind=idempotency.HeldBack)
    elif media == "application/x-www-form-urlencoded":
        visit.form = await read_form(request)
    elif "x-csrftoken" not in request.headers:
        visit.form = await request.form()


async def read_form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The fields of a form in the order in which they were sent.

    Not Litestar's own reading for the common kind: that keeps the last thousand bodies, passwords included,
    in the memory of the process.
    """
    if request.content_type[0] != "application/x-www-form-urlencoded":
        return await request.form()
    if (request.content_length or 0) > FORM_LIMIT:
        raise RequestEntityTooLarge
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return FormMultiDict(parse_qsl(body, keep_blank_values=True, max_num_fields=FIELD_LIMIT))
    except ValueError as error:
        raise RequestEntityTooLarge from error


async def _enter_with_session(connection: ASGIConnection[Any, Any, Any, Any], visit: Visit) -> None:
    visit.viewer = NOBODY
    secret = connection.cookies.get(cookie_name())
    if secret:
        key = fingerprint(secret)
        visit.csrf = csrf_for(key)  # so that a page about a broken database still holds the right token
        found = await queries.viewer_of_session(visit.session(), key)
        visit.csrf = ""
        if found is not None:
            viewer, session = found
            moment = clock.now()
            if rules.is_alive(viewer, session.created_at, session.seen_at, moment):
                visit.viewer, visit.session_key, visit.csrf = viewer, key, csrf_for(key)
                visit.proved_at = session.proved_at
                if not visit.has_asked_language:
                    i18n.speak(viewer.language)
                if moment - session.seen_at > TOUCH_AFTER:
                    await _touch(visit, key)
    if not visit.csrf:
        before = connection.cookies.get(before_cookie_name())
        visit.csrf = csrf_for(before) if before else ""


async def _touch(visit: Visit, key: str) -> None:
    """Remember that the session is in use: with the request's own changes, or alone when it only reads.

    It is all that a GET ever writes. A second writer beside a request that may write would wait for itself.
    """
    used = update(SessionRow).where(col(SessionRow.key) == key).values(seen_at=clock.now())
    if visit.method not in SAFE_METHODS:
        await visit.session().exec(used)
        return
    async with visit.database.writing() as db:
        await db.exec(used)
        await db.commit()


async def _enter_with_token(connection: ASGIConnection[Any, Any, Any, Any], visit: Visit) -> None:
    visit.viewer = NOBODY
    header = connection.headers.get("authorization", "")
    if not header.lower().startswith("bearer "):
        return
    db = visit.session()
    token = await queries.token_by_hash(db, fingerprint(header[7:].strip()))
    moment = clock.now()
    if token is None or token.revoked_at or token.expires_at <= moment:
        raise SignInNeeded(_("The access token is unknown, expired or revoked."))
    visit.viewer = await queries.viewer_for(db, token.person_id, "api", token.scopes)
    if not visit.has_asked_language:
        i18n.speak(visit.viewer.language)


def comes_from_here(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Browsers say where a form comes from. No browser sends one without either header."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = connection.headers.get("origin")
    if origin is not None:
        ours = (urlsplit(settings().base_url).netloc, connection.headers.get("host"))
        return urlsplit(origin).netloc in ours
    return True


def _check_form(
    connection: ASGIConnection[Any, Any, Any, Any], visit: Visit, handler: BaseRouteHandler, is_ours: bool
) -> None:
    """The token says that it is a form of this very session. Open doors also take one from before signing in."""
    if not is_ours:
        observe.logger.warning("foreign form refused", door=visit.door, request_id=visit.id)
        raise NotAllowed(_("This form was sent from another site, so nothing was done."))
    sent = connection.headers.get("x-csrftoken") or (visit.form or {}).get("_csrf_token")
    wanted = [visit.csrf] if visit.csrf else []
    before = connection.cookies.get(before_cookie_name())
    if before and handler.opt.get("open"):
        wanted.append(csrf_for(before))
    if any(hmac.compare_digest(str(sent or "").encode(), token.encode()) for token in wanted):
        return
    observe.logger.warning("form token refused", door=visit.door, request_id=visit.id)
    if not visit.viewer.is_anyone and handler.opt.get("needs"):
        raise SignInNeeded(_("Your session has ended. What you typed is kept on this page."))
    problem = NotAllowed(
        _(
            "This form was opened before you signed in, or in another session. What you typed is kept below; send it again."
        )
    )
    problem.slug = "old-form"
    raise problem


def pre_session_token(visit: Visit) -> str:
    """The token for a form that nobody in particular fills in (sign-in, sign-up); sets a cookie of its own."""
    if not visit.csrf:
        secret = new_secret()
        visit.csrf = csrf_for(secret)
        visit.cookies.append(
            Cookie(
                key=before_cookie_name(),
                value=secret,
                path="/",
                httponly=True,
                samesite="lax",
                secure=settings().is_https,
            )
        )
    return visit.csrf


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address that limits count: the peer's, or the one a trusted proxy names. IPv6 counts by /64."""
    peer = connection.client.host if connection.client else "unknown"
    trusted = {part.strip() for part in settings().trusted_proxies.split(",") if part.strip()}
    if peer in trusted:
        named = [p.strip() for p in connection.headers.get("x-forwarded-for", "").split(",") if p.strip()]
        peer = next((p for p in reversed(named) if p not in trusted), peer)
    return ":".join(peer.split(":")[:4]) if ":" in peer else peer


async def provide_db(request: Request[Any, Any, Any]) -> Session:
    return visit_of(request).session()


async def provide_me(request: Request[Any, Any, Any]) -> Viewer:
    viewer: Viewer = visit_of(request).viewer
    return viewer


async def provide_form(request: Request[Any, Any, Any]) -> FormMultiDict:
    visit = visit_of(request)
    if visit.form is None:
        visit.form = await read_form(request)
    form: FormMultiDict = visit.form
    return form


async def begin_or_replay(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Before a door of the API: the answer that a repeated Idempotency-Key had the first time."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST" or not request.route_handler.opt.get("api"):
        return None
    asked = f"{request.method} {request.scope['path']}?".encode() + request.scope["query_string"]
    kept = await idempotency.begin(visit_of(request), key, asked + b"\n" + await request.body())
    if kept is None:
        return None
    headers = {**kept.headers, "idempotency-replayed": "true"}
    media = headers.pop("content-type", "application/json")
    return Response(kept.body, status_code=kept.status, headers=headers, media_type=media)
