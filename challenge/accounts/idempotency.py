"""`Idempotency-Key` on every POST of the API: a request sent twice has its effect once.

A door does nothing for it. It is a plain `api_post`, calls its verb, ends with `await db.commit()` and returns
its answer. When the request carries the header,

* the door's `commit()` only flushes: the session (`HeldBack`) waits until the answer is known;
* `Keeping`, which stands around the application, then writes the answer's row and commits both together, so
  that there is never an effect without its answer, nor an answer without its effect;
* the same key with the same method, path and body within 24 hours gets the first answer again, with
  `Idempotency-Replayed: true`; with another body 422 `idempotency-key-reused`; while the first is still
  running 409 `request-in-progress` (on SQLite the second waits instead, since there is one writer).

Kept are answers below 400 of doors that committed. A refusal changed nothing, so the same key may try again.
The body is sealed with the site's key: an answer may hold a secret that is shown once, such as a new token.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import func
from sqlmodel import select

from challenge.accounts.models import IdempotentAnswer
from challenge.foundation import clock, observe
from challenge.foundation.db import Db
from challenge.foundation.errors import NotNow, Problem, Unprocessable
from challenge.foundation.i18n import _
from challenge.foundation.web import Visit
from challenge.settings import settings

KEPT_FOR = timedelta(hours=24)
KEPT_HEADERS = (b"content-type", b"location", b"etag")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class HeldBack(Db):
    """A session that can hold back its commit until the answer is known."""

    is_held = False
    is_asked = False

    async def commit(self) -> None:
        if not self.is_held:
            await super().commit()
            return
        await self.flush()
        self.is_asked = True

    async def rollback(self) -> None:
        self.is_asked = False
        await super().rollback()


@dataclass(frozen=True, slots=True)
class Promise:
    """An answer that is to be kept."""

    person_id: UUID
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept."""

    status: int
    headers: dict[str, str]
    body: bytes


async def begin(visit: Visit, key: str, request: bytes) -> Kept | None:
    """The answer kept for this key, or nothing and from now on the promise to keep the coming one.

    `request` is what must be the same the second time: method, address and body.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable() or not key.isascii():
        raise Unprocessable(_("An Idempotency-Key has 1 to 255 printable ASCII characters."))
    person_id = visit.viewer.person_id
    db = visit.session()
    if person_id is None or not isinstance(db, HeldBack):
        return None
    digest = hashlib.sha256(request).hexdigest()
    if not visit.database.is_sqlite:
        await _be_alone(db, person_id, key)
    found = (
        await db.exec(
            select(IdempotentAnswer).where(
                IdempotentAnswer.person_id == person_id, IdempotentAnswer.key == key
            )
        )
    ).first()
    if found is not None and found.created_at > clock.now() - KEPT_FOR:
        if found.request_digest != digest:
            problem = Unprocessable(
                _("This Idempotency-Key belongs to another request. Use a new key for new content.")
            )
            problem.slug = "idempotency-key-reused"
            raise problem
        return _opened(found)
    if found is not None:
        await db.delete(found)
        await db.flush()
    db.is_held = True
    visit.keeping = Promise(person_id, key, digest)
    return None


async def _be_alone(db: Db, person_id: UUID, key: str) -> None:
    name = hashlib.sha256(f"{person_id}:{key}".encode()).digest()
    number = int.from_bytes(name[:8], signed=True)
    if not (await db.exec(select(func.pg_try_advisory_xact_lock(number)))).one():
        problem = NotNow(_("The first request with this Idempotency-Key is still running."))
        problem.slug = "request-in-progress"
        problem.retry_after = 1  # type: ignore[attr-defined]
        raise problem


class Keeping:
    """Around the application: the answer of a door that committed goes into the same transaction."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if not _is_keyed(scope):
            await self.app(scope, receive, send)
            return
        said: list[Message] = []

        async def listen(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, listen)
        visit: Visit = scope["challenge"]
        if visit.keeping is not None:
            said = await _settle(visit, said)
        for message in said:
            await send(message)


def _is_keyed(scope: MutableMapping[str, Any]) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"].startswith("/api/")
        and any(name == b"idempotency-key" for name, _value in scope["headers"])
    )


async def _settle(visit: Visit, said: list[Message]) -> list[Message]:
    """Commit what the door wanted to commit, with the answer when it is one to keep."""
    db, promise = visit.db, visit.keeping
    status = said[0]["status"] if said else 500
    if not isinstance(db, HeldBack) or not db.is_asked or status >= 500:
        return said
    try:
        if status < 400:
            db.add(_sealed(promise, status, said))
        db.is_held = False
        await db.commit()
    except Exception as error:
        observe.logger.error("failed", request_id=visit.id, door=visit.door, exc_info=error)
        return _sorry(visit)
    return said


def _sorry(visit: Visit) -> list[Message]:
    problem = Problem()
    body = {
        "type": f"{settings().base_url}/problems/{problem.slug}",
        "title": "Internal",
        "status": 500,
        "detail": str(problem.text),
        "instance": f"urn:request:{visit.id}",
    }
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/problem+json")]
    return [
        {"type": "http.response.start", "status": 500, "headers": headers},
        {"type": "http.response.body", "body": content},
    ]


# ---------- sealed, because an answer may hold what is shown only once ----------


def _cipher() -> AESGCM:
    return AESGCM(hmac.new(settings().key(), b"idempotency", hashlib.sha256).digest())


def _sealed(promise: Promise, status: int, said: list[Message]) -> IdempotentAnswer:
    body = b"".join(m.get("body", b"") for m in said if m["type"] == "http.response.body")
    headers = {n.decode(): v.decode("latin-1") for n, v in said[0]["headers"] if n.lower() in KEPT_HEADERS}
    nonce = os.urandom(12)
    sealed = nonce + _cipher().encrypt(nonce, body, promise.digest.encode())
    return IdempotentAnswer(
        person_id=promise.person_id,
        key=promise.key,
        request_digest=promise.digest,
        status=status,
        body={"headers": headers, "sealed": base64.b64encode(sealed).decode()},
        created_at=clock.now(),
    )


def _opened(answer: IdempotentAnswer) -> Kept:
    sealed = base64.b64decode(answer.body["sealed"])
    body = _cipher().decrypt(sealed[:12], sealed[12:], answer.request_digest.encode())
    return Kept(answer.status, answer.body["headers"], body)
