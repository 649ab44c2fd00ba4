"""The smallest valid people. Nothing random, nothing committed."""

from itertools import count
from uuid import UUID

from challenge.accounts.models import Person, Role, RoleName, Scope
from challenge.accounts.queries import viewer_for
from challenge.accounts.viewer import Viewer
from challenge.foundation import clock
from challenge.foundation.db import Db

_number = count(1)


async def a_person(
    db: Db, name: str = "", *, email: str = "", language: str = "en", confirmed: bool = True
) -> Person:
    n = next(_number)
    person = Person(
        name=name or f"Person {n}",
        email=email or f"person{n}@example.org",
        language=language,
        email_confirmed_at=clock.now() if confirmed else None,
    )
    db.add(person)
    await db.flush()
    return person


async def with_role(
    db: Db, person: Person, role: RoleName, scope: Scope = Scope.SITE, scope_id: UUID | None = None
) -> Person:
    db.add(Role(person_id=person.id, name=role, scope=scope, scope_id=scope_id))
    await db.flush()
    return person


async def a_manager(db: Db, call_id: UUID | None = None) -> Person:
    scope = Scope.CALL if call_id else Scope.SITE
    return await with_role(db, await a_person(db), RoleName.MANAGER, scope, call_id)


async def a_viewer(db: Db, person: Person) -> Viewer:
    return await viewer_for(db, person.id, "web")
