from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select as columns
from sqlmodel import col, select

from challenge.accounts.models import Person, Role, RoleName, Scope, Session, Token
from challenge.accounts.viewer import NOBODY, HeldRole, Viewer
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound

_VIEWER_COLUMNS: tuple[Any, ...] = (
    Session,
    Person.id,
    Person.name,
    Person.email,
    Person.language,
    Person.zone,
    Person.email_confirmed_at,
    Person.is_active,
    Role.name,
    Role.scope,
    Role.scope_id,
)


async def viewer_of_session(db: Db, key: str) -> tuple[Viewer, Session] | None:
    """The viewer behind a session key and the session's row, in one statement."""
    found = await rows(
        db,
        columns(*_VIEWER_COLUMNS)
        .join(Person, col(Person.id) == Session.person_id)
        .outerjoin(Role, col(Role.person_id) == Person.id)
        .where(col(Session.key) == key),
    )  # fmt: skip
    if not found or not found[0][7]:
        return None
    session, person_id, name, email, language, zone, confirmed_at, _active, *_role = found[0]
    roles = tuple(HeldRole(r[8], r[9], r[10]) for r in found if r[8] is not None)
    viewer = Viewer(person_id, name, email, language, zone, confirmed_at is not None, roles)
    return viewer, session


async def viewer_for(
    db: Db, person_id: UUID | None, via: str = "job", scopes: Iterable[str] | None = None
) -> Viewer:
    """The viewer that a person is now: for jobs, mails, exports and tokens."""
    if person_id is None:
        return NOBODY
    person = await db.get(Person, person_id)
    if person is None or not person.is_active:
        return NOBODY
    roles = (
        await db.exec(select(Role.name, Role.scope, Role.scope_id).where(Role.person_id == person_id))
    ).all()
    return Viewer(
        person.id,
        person.name,
        person.email,
        person.language,
        person.zone,
        person.email_confirmed_at is not None,
        tuple(HeldRole(*role) for role in roles),
        via,
        frozenset(scopes) if scopes is not None else None,
    )


async def person_by_email(db: Db, email: str) -> Person | None:
    return (await db.exec(select(Person).where(Person.email == email))).first()


async def token_by_hash(db: Db, token_hash: str) -> Token | None:
    return (await db.exec(select(Token).where(Token.token_hash == token_hash))).first()


async def sessions_of(db: Db, person_id: UUID) -> list[Session]:
    found = await db.exec(
        select(Session).where(Session.person_id == person_id).order_by(col(Session.seen_at).desc())
    )
    return list(found.all())


async def holders_of(db: Db, names: Iterable[RoleName], scope: Scope, scope_id: UUID | None) -> list[Person]:
    """People who hold one of the roles for exactly that scope."""
    found = await db.exec(
        select(Person)
        .join(Role, col(Role.person_id) == Person.id)
        .where(col(Role.name).in_(list(names)), Role.scope == scope, Role.scope_id == scope_id)
        .order_by(Person.name)
        .distinct()
    )
    return list(found.all())


async def the_person(db: Db, person_id: UUID | None) -> Person:
    """A person who exists, such as the one who is looking."""
    person = await db.get(Person, person_id) if person_id else None
    if person is None:
        raise NotFound
    return person


async def roles_of(db: Db, person_id: UUID) -> list[Role]:
    found = await db.exec(select(Role).where(Role.person_id == person_id).order_by(col(Role.granted_at)))
    return list(found.all())


async def tokens_of(db: Db, person_id: UUID) -> list[Token]:
    """The newest first, revoked and expired ones included."""
    found = await db.exec(
        select(Token).where(Token.person_id == person_id).order_by(col(Token.created_at).desc())
    )
    return list(found.all())


async def the_token(db: Db, viewer: Viewer, token_id: UUID) -> Token:
    """One of the viewer's own tokens, or 404."""
    token = await db.get(Token, token_id)
    if token is None or token.person_id != viewer.person_id:
        raise NotFound
    return token
