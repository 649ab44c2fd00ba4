"""Doors for programs: who am I, my tokens, people by their exact address."""

from datetime import datetime
from typing import Any
from uuid import UUID

from challenge.accounts import actions, queries, rules
from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.accounts.inputs import LONGEST_TOKEN_DAYS
from challenge.accounts.models import Token
from challenge.foundation.api import Body, Items, api_get, api_post
from challenge.foundation.errors import SignInNeeded, Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.foundation.text import one_line


class RoleBody(Body):
    name: str
    scope: str
    scope_id: UUID | None = None


class MeBody(Body):
    id: UUID
    name: str
    email: str
    language: str
    time_zone: str
    is_confirmed: bool
    roles: list[RoleBody]
    scopes: list[str]


class TokenBody(Body):
    """`token` is the secret itself: it stands only in the answer that made it."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    token: str | None = None


class NewTokenBody(Body):
    name: str
    scopes: list[str]
    days: int = 90


class PersonBody(Body):
    id: UUID
    name: str
    email: str
    language: str
    is_confirmed: bool


@api_get("/me", open=True)
async def me_door(me: Me) -> MeBody:
    """The person behind the token, with roles and the scopes of the token."""
    if me.person_id is None:
        raise SignInNeeded
    return MeBody(
        id=me.person_id,
        name=me.name,
        email=me.email,
        language=me.language,
        time_zone=me.zone,
        is_confirmed=me.is_confirmed,
        roles=[RoleBody(name=r.name.value, scope=r.scope.value, scope_id=r.scope_id) for r in me.roles],
        scopes=sorted(me.scopes or ()),
    )


@api_get("/tokens", needs=Can.OWN_ACCOUNT)
async def list_tokens(db: Db, me: Me) -> Items[TokenBody]:
    """Your tokens, the newest first, without their secrets."""
    person = await queries.the_person(db, me.person_id)
    return Items(items=[_body(token) for token in await queries.tokens_of(db, person.id)])


@api_post("/tokens", needs=Can.OWN_ACCOUNT, status=201)
async def make_token(db: Db, me: Me, data: NewTokenBody) -> TokenBody:
    """A new token of yours. It may do no more than the one you use."""
    name = one_line(data.name)
    errors: dict[str, Text] = {}
    if not 1 <= len(name) <= 120:
        errors["/name"] = _("Write in a few words what the token is for, at most 120 characters.")
    if not data.scopes:
        errors["/scopes"] = _("Choose at least one thing that the token may do.")
    if not 1 <= data.days <= LONGEST_TOKEN_DAYS:
        errors["/days"] = _("Use a number of days from 1 to {n}.", n=LONGEST_TOKEN_DAYS)
    if errors:
        raise Unprocessable(errors=errors)
    person = await queries.the_person(db, me.person_id)
    token, secret = await actions.make_token(
        db, person.id, name=name, scopes=data.scopes, days=data.days, by=me
    )
    await db.commit()
    return _body(token, secret)


@api_post("/tokens/{token_id:uuid}/revocation", needs=Can.OWN_ACCOUNT)
async def revoke_token(db: Db, me: Me, token_id: FromPath[UUID]) -> TokenBody:
    """End a token at once."""
    token = await queries.the_token(db, me, token_id)
    if token.revoked_at is None:
        await actions.revoke_token(db, token, by=me)
        await db.commit()
    return _body(token)


@api_get("/people", needs=Can.READ_PEOPLE)
async def people(db: Db, email: str) -> Items[PersonBody]:
    """The person with exactly this address, or nobody. There is no list of people."""
    person = await queries.person_by_email(db, rules.tidy_email(email))
    if person is None:
        return Items(items=[])
    found = PersonBody(
        id=person.id,
        name=person.name,
        email=person.email,
        language=person.language,
        is_confirmed=person.email_confirmed_at is not None,
    )
    return Items(items=[found])


def _body(token: Token, secret: str | None = None) -> TokenBody:
    return TokenBody(
        id=token.id,
        name=token.name,
        scopes=token.scopes,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        token=secret,
    )


doors: list[Any] = [me_door, list_tokens, make_token, revoke_token, people]
