from typing import Any
from uuid import UUID

from sqlmodel import col, select

from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound
from challenge.rubrics.definition import Rubric, from_builtins
from challenge.rubrics.models import RubricVersion


def rubric_of(version: RubricVersion) -> Rubric:
    """The definition of a frozen version; versions never change, so it is decoded once."""
    return decoded(version.id, version.digest, version.definition)


_KEPT: dict[tuple[UUID, str], Rubric] = {}


def decoded(version_id: UUID, digest: str, definition: Any) -> Rubric:
    key = (version_id, digest)
    if key not in _KEPT:
        if len(_KEPT) > 256:
            _KEPT.clear()
        _KEPT[key] = from_builtins(definition)
    return _KEPT[key]


async def kept_rubric(db: Db, version_id: UUID, digest: str) -> Rubric:
    """A frozen version by its id: read from the database once, then from memory."""
    found = _KEPT.get((version_id, digest))
    if found is None:
        statement = select(RubricVersion.definition).where(RubricVersion.id == version_id)
        found = decoded(version_id, digest, (await db.exec(statement)).one())
    return found


async def newest_rubric(db: Db, call_id: UUID, code: str) -> RubricVersion:
    found = (
        await db.exec(
            select(RubricVersion)
            .where(RubricVersion.call_id == call_id, RubricVersion.code == code)
            .order_by(col(RubricVersion.number).desc())
            .limit(1)
        )
    ).first()
    if found is None:
        raise NotFound
    return found


async def codes_of(db: Db, call_id: UUID) -> set[str]:
    """The rubrics that a call has, by their codes."""
    return set((await db.exec(select(RubricVersion.code).where(RubricVersion.call_id == call_id))).all())
