"""What people do with their account, and what is done to their roles."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, func, select

from challenge.accounts import letters, passwords, queries, rules
from challenge.accounts.models import (
    Attempt,
    IdempotentAnswer,
    Link,
    LinkPurpose,
    Person,
    Role,
    RoleName,
    Scope,
    Session,
    Token,
)
from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import Gone, NotAllowed, TooMany, Unprocessable
from challenge.foundation.i18n import _
from challenge.foundation.ids import fingerprint, new_secret
from challenge.mail import actions as mail
from challenge.settings import settings

# ---------- signing up and in ----------


async def sign_up(
    db: Db,
    *,
    name: str,
    email: str,
    password: str,
    language: str,
    zone: str,
    address: str = "",
    next: str = "",
) -> Person | None:
    """A new account with a mail that confirms the address; None when the address is taken.

    The page says the same in both cases; the truth goes by mail to the owner of the address.
    """
    await limit(db, "sign_up", email, rules.SIGN_UPS, rules.SIGN_UP_WINDOW)
    await count(db, "sign_up", email)
    if address:
        await limit(db, "sign_up_address", address, rules.SIGN_UPS_FROM_ONE_ADDRESS, rules.SIGN_UP_WINDOW)
        await count(db, "sign_up_address", address)
    taken = await queries.person_by_email(db, email)
    if taken is not None:
        await passwords.hashed(password)
        await mail.post(db, taken, letters.address_in_use())
        return None
    person = Person(
        name=name, email=email, language=language, zone=zone, password_hash=await passwords.hashed(password)
    )
    db.add(person)
    await db.flush()
    await audit.record(db, None, "person.signed_up", person)
    link = await make_link(db, person, LinkPurpose.CONFIRM, next=next)
    await mail.post(db, person, letters.confirm(link))
    return person


async def sign_in(db: Db, *, email: str, password: str, address: str) -> Person | None:
    """The person, or None when address and password do not belong together. Counts the try either way."""
    person = await prove(db, email=email, password=password, address=address)
    if person is None:
        return None
    if person.password_hash and passwords.is_outdated(person.password_hash):
        person.password_hash = await passwords.hashed(password)
    await audit.record(db, None, "person.signed_in", person, way="password")
    return person


async def prove(db: Db, *, email: str, password: str, address: str) -> Person | None:
    """Whether the password is the one of that address, counted like every try to sign in."""
    await _refuse_when_too_many(db, email, address)
    person = await queries.person_by_email(db, email)
    is_right = await passwords.matches(person.password_hash if person else None, password)
    is_right = is_right and person is not None and person.is_active
    db.add(Attempt(purpose="account", key=_counted(email), failed=not is_right, at=clock.now()))
    db.add(Attempt(purpose="address", key=_counted(address), failed=not is_right, at=clock.now()))
    return person if is_right else None


def _counted(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def _refuse_when_too_many(db: Db, email: str, address: str) -> None:
    moment = clock.now()
    last_success = (
        select(func.max(Attempt.at))
        .where(Attempt.purpose == "account", Attempt.key == _counted(email), col(Attempt.failed).is_(False))
        .scalar_subquery()
    )
    failures = (
        await db.exec(
            select(func.count(), func.max(Attempt.at)).where(
                Attempt.purpose == "account",
                Attempt.key == _counted(email),
                col(Attempt.failed).is_(True),
                Attempt.at > moment - timedelta(hours=24),
                (last_success.is_(None)) | (col(Attempt.at) > last_success),
            )
        )
    ).one()
    wait = rules.wait_after(failures[0])
    if wait and failures[1] is not None and moment < failures[1] + wait:
        left = int((failures[1] + wait - moment).total_seconds()) + 1
        raise TooMany(
            _("Too many tries for this address. Wait {n} seconds, or ask for a link by e-mail.", n=left), left
        )
    await limit(db, "address", address, rules.ADDRESS_TRIES, rules.ADDRESS_WINDOW, only_failed=True)


async def limit(
    db: Db, purpose: str, key: str, most: int, window: timedelta, *, only_failed: bool = False
) -> None:
    """Refuse when `key` was counted `most` times within the window. Counting itself is the caller's."""
    moment = clock.now()
    wanted: list[Any] = [
        Attempt.purpose == purpose,
        Attempt.key == _counted(key),
        Attempt.at > moment - window,
    ]
    if only_failed:
        wanted.append(col(Attempt.failed).is_(True))
    count, first = (await db.exec(select(func.count(), func.min(Attempt.at)).where(*wanted))).one()
    if count >= most and first is not None:
        left = int((first + window - moment).total_seconds()) + 1
        raise TooMany(_("Too many tries from here. Wait {n} seconds and try again.", n=left), left)


async def count(db: Db, purpose: str, key: str) -> None:
    db.add(Attempt(purpose=purpose, key=_counted(key), at=clock.now()))


# ---------- sessions ----------


async def open_session(db: Db, person: Person, browser: str) -> str:
    """A new session with a new secret; the oldest beyond ten ends. Returns what goes into the cookie."""
    secret = new_secret()
    moment = clock.now()
    kept = await queries.sessions_of(db, person.id)
    for old in kept[rules.SESSIONS_KEPT - 1 :]:
        await db.delete(old)
    db.add(
        Session(
            key=fingerprint(secret),
            person_id=person.id,
            created_at=moment,
            seen_at=moment,
            proved_at=moment,
            browser=browser[:120],
        )
    )
    await db.flush()
    return secret


async def change_session(db: Db, person: Person, browser: str, *, instead_of: str) -> str:
    """A new session with a new secret; the one this browser had before, if any, ends. What goes into the cookie."""
    if instead_of:
        await end_session(db, instead_of)
    return await open_session(db, person, browser)


async def end_session(db: Db, key: str) -> None:
    await db.exec(delete(Session).where(col(Session.key) == key))


async def end_sessions(db: Db, person_id: UUID, *, but: str = "", by: Viewer) -> int:
    """End all sessions of a person, except one if named. Returns how many ended."""
    ended = await db.exec(delete(Session).where(col(Session.person_id) == person_id, col(Session.key) != but))
    await audit.record(db, by, "person.signed_out_everywhere", None, person=str(person_id))
    return int(ended.rowcount)


# ---------- links by mail ----------


def link_secret(link_id: UUID) -> str:
    """The secret of a mailed link: derived from its id by the site's key, so that no table holds it."""
    key = hmac.new(settings().key(), b"link", hashlib.sha256).digest()
    return (
        base64.urlsafe_b64encode(hmac.new(key, link_id.bytes, hashlib.sha256).digest()).decode().rstrip("=")
    )


async def make_link(
    db: Db, person: Person, purpose: LinkPurpose, *, thing_id: UUID | None = None, next: str = ""
) -> Link:
    link = Link(
        token_hash="",
        purpose=purpose,
        person_id=person.id,
        thing_id=thing_id,
        next=next,
        expires_at=clock.now() + rules.LINK_LIFE[purpose.value],
    )
    link.token_hash = fingerprint(link_secret(link.id))
    db.add(link)
    await db.flush()
    return link


async def ask_for_link(db: Db, *, email: str, address: str, next: str = "", purpose: LinkPurpose) -> None:
    """Mail a link if the address belongs to somebody. The page says the same in any case."""
    await limit(db, "link", email, rules.LINKS, rules.LINK_WINDOW)
    await limit(db, "link_address", address, rules.ADDRESS_TRIES, rules.ADDRESS_WINDOW)
    await count(db, "link", email)
    await count(db, "link_address", address)
    person = await queries.person_by_email(db, email)
    if person is None or not person.is_active:
        return
    link = await make_link(db, person, purpose, next=next)
    letter = letters.sign_in(link) if purpose == LinkPurpose.SIGN_IN else letters.reset(link)
    await mail.post(db, person, letter)


async def the_link(db: Db, token: str, purpose: LinkPurpose | None = None) -> Link:
    """The link of a token, still good; says in a sentence why it is not."""
    link = (await db.exec(select(Link).where(Link.token_hash == fingerprint(token)))).first()
    if link is None or (purpose and link.purpose != purpose):
        raise Gone(
            _("This link is not known here. Copy the whole address from the message, or ask for a new one.")
        )
    if link.used_at is not None:
        raise Gone(_("This link was used before. Ask for a new one; it takes a minute."))
    if link.expires_at <= clock.now():
        raise Gone(
            _("This link expired on {moment}. Ask for a new one; it takes a minute.", moment=link.expires_at)
        )
    return link


async def use_link(db: Db, link: Link) -> Person:
    """Consume a link. Whoever holds it reads mail at that address, so the address counts as confirmed.

    A password that was set before anybody had confirmed the address may be a stranger's, who made the account
    in advance and waits for its owner's roles. It goes, unless the link is the confirmation itself, which is
    taken only from whoever knows that password (see `pages.use_link`).
    """
    link.used_at = clock.now()
    person = await db.get(Person, link.person_id)
    if person is None or not person.is_active:
        raise Gone
    if person.email_confirmed_at is None:
        if link.purpose != LinkPurpose.CONFIRM:
            person.password_hash = None
            await db.exec(delete(Session).where(col(Session.person_id) == person.id))
        person.email_confirmed_at = clock.now()
        await audit.record(db, None, "person.confirmed", person)
    await audit.record(db, None, "person.used_link", person, purpose=link.purpose.value)
    db.add(person)
    return person


async def set_password(db: Db, person: Person, password: str, *, by: Viewer | None = None) -> None:
    refusal = rules.why_not_password(password, name=person.name, email=person.email)
    if refusal:
        raise Unprocessable(errors={"password": refusal})
    person.password_hash = await passwords.hashed(password)
    db.add(person)
    await db.exec(delete(Session).where(col(Session.person_id) == person.id))
    await audit.record(db, by, "person.password_set", person)
    await mail.post(db, person, letters.password_changed())


async def change_profile(db: Db, person: Person, *, name: str, language: str, zone: str, by: Viewer) -> None:
    person.name, person.language, person.zone = name, language, zone
    db.add(person)
    await audit.record(db, by, "person.changed", person)


async def set_language(db: Db, person: Person, language: str, *, by: Viewer) -> None:
    person.language = language
    db.add(person)
    await audit.record(db, by, "person.changed", person)


# ---------- people and roles ----------


async def add_person(
    db: Db,
    *,
    name: str,
    email: str,
    language: str = "en",
    zone: str = "UTC",
    is_confirmed: bool = False,
    by: Viewer | None,
) -> Person:
    """An account made by staff or by a command: no password; the person comes in by a mailed link."""
    found = await queries.person_by_email(db, email)
    if found is not None:
        return found
    person = Person(name=name, email=email, language=language, zone=zone)
    if is_confirmed:
        person.email_confirmed_at = clock.now()
    db.add(person)
    await db.flush()
    await audit.record(db, by, "person.added", person)
    return person


async def grant(
    db: Db, person_id: UUID, name: RoleName, scope: Scope, scope_id: UUID | None = None, *, by: Viewer
) -> Role:
    """Give a role. Granting for the site needs the permission for the site."""
    found = (
        await db.exec(
            select(Role).where(
                Role.person_id == person_id, Role.name == name, Role.scope == scope, Role.scope_id == scope_id
            )
        )
    ).first()
    if found is not None:
        return found
    role = Role(person_id=person_id, name=name, scope=scope, scope_id=scope_id, granted_by_id=by.person_id)
    db.add(role)
    await db.flush()
    await audit.record(
        db,
        by,
        "role.granted",
        role,
        person=str(person_id),
        role=name.value,
        scope=scope.value,
        scope_id=str(scope_id),
    )
    return role


async def revoke(db: Db, role: Role, *, by: Viewer) -> None:
    await audit.record(
        db, by, "role.revoked", role, person=str(role.person_id), role=role.name.value, scope=role.scope.value
    )
    await db.delete(role)


# ---------- keys for programs ----------


async def make_token(
    db: Db, person_id: UUID, *, name: str, scopes: Sequence[str], days: int = 90, by: Viewer
) -> tuple[Token, str]:
    """A bearer token, shown once; the database keeps its SHA-256."""
    known = {can.value for can in Can}
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise Unprocessable(_("There is no scope {scope}.", scope=unknown[0]))
    if by.person_id is not None and by.person_id != person_id:
        raise NotAllowed
    if by.scopes is not None and not set(scopes) <= by.scopes:
        raise NotAllowed(_("A token can only make tokens that may do no more than itself."))
    body = secrets.token_urlsafe(32)
    secret = f"chl_{body}{hashlib.sha256(body.encode()).hexdigest()[:6]}"
    token = Token(
        person_id=person_id,
        name=name,
        token_hash=fingerprint(secret),
        scopes=list(scopes),
        expires_at=clock.now() + timedelta(days=min(days, 365)),
    )
    db.add(token)
    await db.flush()
    await audit.record(db, by, "token.made", token, scopes=list(scopes))
    return token, secret


async def revoke_token(db: Db, token: Token, *, by: Viewer) -> None:
    token.revoked_at = clock.now()
    db.add(token)
    await audit.record(db, by, "token.revoked", token)


# ---------- what need not be kept ----------


async def forget_old(db: Db) -> int:
    """Drop what has served: counted tries, kept answers, links long gone, sessions nobody can use."""
    moment = clock.now()
    gone = (
        delete(Attempt).where(col(Attempt.at) < moment - timedelta(days=2)),
        delete(IdempotentAnswer).where(col(IdempotentAnswer.created_at) < moment - timedelta(days=1)),
        delete(Link).where(col(Link.expires_at) < moment - timedelta(days=30)),
        delete(Session).where(col(Session.created_at) < moment - rules.APPLICANT_LIFE[1]),
    )
    return sum([int((await db.exec(statement)).rowcount) for statement in gone])
