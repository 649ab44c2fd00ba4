from uuid import UUID

from sqlmodel import col, select

from challenge.foundation.db import Db
from challenge.foundation.text import canonical_digest
from challenge.rubrics.definition import Rubric, to_builtins
from challenge.rubrics.models import RubricVersion


async def publish_version(db: Db, call_id: UUID, code: str, rubric: Rubric) -> RubricVersion:
    """A new frozen version, or the present one when nothing changed."""
    plain = to_builtins(rubric)
    mark = canonical_digest(plain)
    newest = (
        await db.exec(
            select(RubricVersion)
            .where(RubricVersion.call_id == call_id, RubricVersion.code == code)
            .order_by(col(RubricVersion.number).desc())
            .limit(1)
        )
    ).first()
    if newest is not None and newest.digest == mark:
        return newest
    version = RubricVersion(
        call_id=call_id, code=code, number=newest.number + 1 if newest else 1, definition=plain, digest=mark
    )
    db.add(version)
    await db.flush()
    return version
