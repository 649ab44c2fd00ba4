"""Save answers so that no word is lost: a stale save changes nothing and gets both texts back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select

from challenge.forms.definition import FormDefinition, Json, as_json, digest
from challenge.forms.models import Answer, AnswerSheet, EarlierAnswer, FormVersion
from challenge.foundation import clock
from challenge.foundation.db import Db

KEEP_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clashing:
    """A save that came too late: what stands there now, and what was sent."""

    question: str
    kept: Json
    sent: Json
    version: int


@dataclass(slots=True)
class Saved:
    versions: dict[str, int] = field(default_factory=dict)
    clashes: list[Clashing] = field(default_factory=list)
    changed: dict[str, Json] = field(default_factory=dict)


async def publish_version(db: Db, call_id: UUID, code: str, definition: FormDefinition) -> FormVersion:
    """A new frozen version, or the present one when nothing changed."""
    plain, mark = as_json(definition), digest(definition)
    newest = (
        await db.exec(
            select(FormVersion)
            .where(FormVersion.call_id == call_id, FormVersion.code == code)
            .order_by(col(FormVersion.number).desc())
            .limit(1)
        )
    ).first()
    if newest is not None and newest.digest == mark:
        return newest
    version = FormVersion(
        call_id=call_id, code=code, number=newest.number + 1 if newest else 1, definition=plain, digest=mark
    )
    db.add(version)
    await db.flush()
    return version


async def open_sheet(db: Db, version: FormVersion, language: str) -> AnswerSheet:
    sheet = AnswerSheet(form_version_id=version.id, language=language)
    db.add(sheet)
    await db.flush()
    return sheet


async def save_answers(
    db: Db,
    sheet_id: UUID,
    values: Mapping[str, Json],
    known: Mapping[str, int],
    by_id: UUID | None,
) -> Saved:
    """Save values for which the writer knew the newest version (0 where there was no answer yet).

    A value equal to what stands there is no clash, whatever version the writer knew.
    """
    rows = (
        await db.exec(
            select(Answer).where(Answer.sheet_id == sheet_id, col(Answer.question).in_(list(values)))
        )
    ).all()
    present = {row.question: row for row in rows}
    saved = Saved()
    for question, value in values.items():
        row = present.get(question)
        if row is None:
            db.add(
                Answer(
                    sheet_id=sheet_id, question=question, value=value, saved_at=clock.now(), saved_by_id=by_id
                )
            )
            saved.versions[question] = 1
            saved.changed[question] = value
        elif row.value == value:
            saved.versions[question] = row.version
        elif known.get(question, 0) != row.version:
            saved.clashes.append(Clashing(question, row.value, value, row.version))
        else:
            _keep_earlier(db, row, by_id)
            row.value, row.version = value, row.version + 1
            row.saved_at, row.saved_by_id = clock.now(), by_id
            db.add(row)
            saved.versions[question] = row.version
            saved.changed[question] = value
    await db.flush()
    return saved


def _keep_earlier(db: Db, row: Answer, by_id: UUID | None) -> None:
    """Keep what is overwritten, once a minute while one person types, always when another takes over."""
    if clock.now() - row.saved_at < KEEP_EVERY and row.saved_by_id == by_id and row.version % 10:
        return
    db.add(
        EarlierAnswer(
            sheet_id=row.sheet_id,
            question=row.question,
            version=row.version,
            value=row.value,
            saved_at=row.saved_at,
            saved_by_id=row.saved_by_id,
        )
    )
