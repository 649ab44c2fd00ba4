"""`challenge person ...`: people, roles, sign-in addresses and keys, for whoever is at the machine."""

import argparse
from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlmodel import col, select

from challenge.accounts import actions, queries, rules
from challenge.accounts.commanding import Answer, Subparsers, door
from challenge.accounts.models import LinkPurpose, Person, Role, RoleName, Scope
from challenge.accounts.permissions import Can, matrix_rows
from challenge.accounts.viewer import Viewer
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import LANGUAGES, _
from challenge.settings import settings

FindScope = Callable[[Db, Scope, str], Awaitable[UUID]]


def add(subparsers: Subparsers, find_scope: FindScope) -> None:
    """`find_scope` turns the address of a call or programme into its id: those rooms are above this one."""
    parser = subparsers.add_parser("person", help="people, their roles, sign-in addresses and keys")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    one = verbs.add_parser("add", help="make an account, confirmed, and give it a role if asked")
    one.add_argument("--email", required=True)
    one.add_argument("--name", required=True)
    one.add_argument("--language", choices=LANGUAGES, default="en")
    one.add_argument("--zone", default="UTC", help="time zone, for example Europe/Zurich")
    one.add_argument("--role", choices=[role.value for role in RoleName])
    _scope_options(one)
    door(one, lambda db, by, options: add_person(db, by, options, find_scope))

    one = verbs.add_parser("role", help="give a role, or take it back with --remove")
    one.add_argument("email")
    one.add_argument("role", choices=[role.value for role in RoleName])
    _scope_options(one)
    one.add_argument("--remove", action="store_true", help="take the role back")
    door(one, lambda db, by, options: change_role(db, by, options, find_scope))

    one = verbs.add_parser("link", help="print an address that signs this person in once, within ten minutes")
    one.add_argument("email")
    one.add_argument("--next", default="", help="the page that opens afterwards, for example /desk")
    door(one, link)

    one = verbs.add_parser("token", help="make a key for programs and print it once")
    one.add_argument("email")
    one.add_argument("--name", required=True, help="what it is for")
    one.add_argument(
        "--scope", action="append", required=True, choices=[can.value for can in Can], metavar="SCOPE"
    )
    one.add_argument("--days", type=int, default=90, help="how long it works, at most 365")
    door(one, token)

    door(verbs.add_parser("roles", help="print what each role may do"), roles)


def _scope_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--programme", metavar="SLUG", help="hold the role for one programme")
    where.add_argument("--call", metavar="SLUG", help="hold the role for one call")
    where.add_argument("--panel", metavar="ID", help="hold the role for one panel")


async def add_person(db: Db, by: Viewer, options: argparse.Namespace, find_scope: FindScope) -> Answer:
    email = rules.tidy_email(options.email)
    fault = rules.why_not_email(email)
    if fault:
        raise Unprocessable(fault)
    is_new = await queries.person_by_email(db, email) is None
    person = await actions.add_person(
        db,
        name=options.name,
        email=email,
        language=options.language,
        zone=options.zone,
        is_confirmed=True,
        by=by,
    )
    if options.role:
        scope, scope_id = await _scope(db, options, find_scope)
        await actions.grant(db, person.id, RoleName(options.role), scope, scope_id, by=by)
    await db.commit()
    words = f"{person.name} <{person.email}> {'added' if is_new else 'was here already'}"
    return Answer(
        words + (f", {options.role}" if options.role else ""),
        {
            "id": str(person.id),
            "email": person.email,
            "name": person.name,
            "new": is_new,
            "role": options.role,
        },
    )


async def change_role(db: Db, by: Viewer, options: argparse.Namespace, find_scope: FindScope) -> Answer:
    person = await _person(db, options.email)
    scope, scope_id = await _scope(db, options, find_scope)
    name = RoleName(options.role)
    if options.remove:
        held = select(Role).where(
            Role.person_id == person.id,
            Role.name == name,
            Role.scope == scope,
            col(Role.scope_id) == scope_id,
        )
        role = (await db.exec(held)).first()
        if role is None:
            raise NotFound(_("{email} does not hold this role there.", email=person.email))
        await actions.revoke(db, role, by=by)
    else:
        await actions.grant(db, person.id, name, scope, scope_id, by=by)
    await db.commit()
    done = "no longer" if options.remove else "now"
    return Answer(
        f"{person.email} is {done} {name.value} ({scope.value})",
        {
            "email": person.email,
            "role": name.value,
            "scope": scope.value,
            "scope_id": scope_id,
            "held": not options.remove,
        },
    )


async def link(db: Db, _by: Viewer, options: argparse.Namespace) -> Answer:
    person = await _person(db, options.email)
    made = await actions.make_link(db, person, LinkPurpose.SIGN_IN, next=options.next)
    await db.commit()
    address = f"{settings().base_url}/links/{actions.link_secret(made.id)}"
    return Answer(address, {"address": address, "expires_at": made.expires_at.isoformat()})


async def token(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    person = await _person(db, options.email)
    made, secret = await actions.make_token(
        db, person.id, name=options.name, scopes=options.scope, days=options.days, by=by
    )
    await db.commit()
    return Answer(secret, {"token": secret, "expires_at": made.expires_at.isoformat(), "scopes": made.scopes})


async def roles(_db: Db, _by: Viewer, _options: argparse.Namespace) -> Answer:
    rows = matrix_rows()
    names = list(rows[0][1])
    wide = max(len(permission) for permission, _held in rows)
    lines = [f"{'':{wide}}  {'  '.join(names)}"]
    for permission, held in rows:
        marks = "  ".join(f"{'yes' if held[name] else '-':^{len(name)}}" for name in names)
        lines.append(f"{permission:{wide}}  {marks}".rstrip())
    return Answer("\n".join(lines), dict(rows))


async def _person(db: Db, email: str) -> Person:
    person = await queries.person_by_email(db, rules.tidy_email(email))
    if person is None:
        raise NotFound(_("There is no account with the address {email}.", email=email))
    return person


async def _scope(db: Db, options: argparse.Namespace, find_scope: FindScope) -> tuple[Scope, UUID | None]:
    for scope in (Scope.PROGRAMME, Scope.CALL, Scope.PANEL):
        given = getattr(options, scope.value)
        if given:
            return scope, await find_scope(db, scope, given)
    return Scope.SITE, None
