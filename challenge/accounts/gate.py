"""The one guard of all doors: who is it, was the form ours, may this person do this."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, FormMultiDict
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from sqlmodel import col, update

from challenge.accounts import queries, rules
from challenge.accounts.models import Session as SessionRow
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import NOBODY, Viewer
from challenge.foundation import clock, i18n
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotAllowed, SignInNeeded
from challenge.foundation.i18n import _
from challenge.foundation.ids import fingerprint, new_secret
from challenge.foundation.web import SAFE_METHODS, Visit, visit_of
from challenge.settings import settings

Db = NamedDependency[Session]
Me = NamedDependency[Viewer]
Form = NamedDependency[FormMultiDict]
__all__ = ["NOBODY", "Can", "Db", "Form", "FromPath", "Me", "Viewer"]

TOUCH_AFTER = timedelta(minutes=2)
PRE_SESSION = "before"


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


def csrf_for(bound_to: str) -> str:
    key = hmac.new(settings().key(), b"csrf", hashlib.sha256).digest()
    return hmac.new(key, bound_to.encode(), hashlib.sha256).hexdigest()


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    visit = visit_of(connection)
    visit.door = next(iter(sorted(handler.paths)), "")
    if handler.opt.get("api"):
        await _enter_with_token(connection, visit)
    else:
        await _enter_with_session(connection, visit)
        if visit.method not in SAFE_METHODS and not handler.opt.get("no_csrf"):
            await _check_origin(connection, visit)
    needs: Can | None = handler.opt.get("needs")
    if needs is None:
        return
    viewer: Viewer = visit.viewer
    if not viewer.is_anyone:
        raise SignInNeeded
    if not viewer.can(needs):
        if not viewer.is_confirmed and needs not in (Can.OWN_ACCOUNT, Can.WRITE_PROPOSALS):
            raise NotAllowed(_("Confirm your e-mail address first. The link is in the message we sent you."))
        raise NotAllowed


async def _enter_with_session(connection: ASGIConnection[Any, Any, Any, Any], visit: Visit) -> None:
    visit.viewer = NOBODY
    secret = connection.cookies.get(cookie_name())
    if secret:
        key = fingerprint(secret)
        found = await queries.viewer_of_session(visit.session(), key)
        if found is not None:
            viewer, session = found
            moment = clock.now()
            if rules.is_alive(viewer, session.created_at, session.seen_at, moment):
                visit.viewer, visit.session_key, visit.csrf = viewer, key, csrf_for(key)
                if not visit.has_asked_language:
                    i18n.speak(viewer.language)
                if moment - session.seen_at > TOUCH_AFTER:
                    await _touch(visit, key)
    if not visit.csrf:
        before = connection.cookies.get(PRE_SESSION)
        visit.csrf = csrf_for(before) if before else ""


async def _touch(visit: Visit, key: str) -> None:
    """Remember that the session is in use. The only thing that a GET writes, and in a transaction of its own."""
    async with visit.database.writing() as db:
        await db.exec(update(SessionRow).where(col(SessionRow.key) == key).values(seen_at=clock.now()))
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


async def _check_origin(connection: ASGIConnection[Any, Any, Any, Any], visit: Visit) -> None:
    """Browsers say where a form comes from; the token says that it is a form of this very session."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    elif origin is not None:
        is_ours = urlsplit(origin).netloc in (
            urlsplit(settings().base_url).netloc,
            connection.headers.get("host"),
        )
    else:
        is_ours = True  # no browser sends a form without either header
    sent = connection.headers.get("x-csrftoken")
    if sent is None and isinstance(connection, Request) and is_ours:
        sent = (await connection.form()).get("_csrf_token")
    if is_ours and visit.csrf and hmac.compare_digest(str(sent or ""), visit.csrf):
        return
    if not visit.viewer.is_anyone and connection.cookies.get(cookie_name()):
        raise SignInNeeded(_("Your session has ended. What you typed is kept on this page."))
    raise NotAllowed(
        _(
            "This form was opened before you signed in, or in another session. What you typed is kept below; send it again."
        )
    )


def pre_session_token(visit: Visit) -> str:
    """The token for a form that nobody in particular fills in (sign-in, sign-up); sets a cookie of its own."""
    if not visit.csrf:
        secret = new_secret()
        visit.csrf = csrf_for(secret)
        visit.cookies.append(
            Cookie(
                key=PRE_SESSION,
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
    return await request.form()
