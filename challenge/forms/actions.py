"""Save answers so that no word is lost: a stale save changes nothing and gets both texts back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from challenge.forms.definition import FormDefinition, Json, as_json, digest
from challenge.forms.models import Answer, AnswerSheet, EarlierAnswer, FormVersion
from challenge.foundation import clock
from challenge.foundation.db import Db

KEEP_EVERY = timedelta(minutes=1)
NOTHING: tuple[Json, ...] = (None, "", [], {})  # not worth a row where there is none; "no" is an answer


@dataclass(frozen=True, slots=True)
class Clashing:
    """A save that came too late: what stands there now and since when, and what was sent."""

    question: str
    kept: Json
    sent: Json
    version: int
    saved_at: datetime
    saved_by_id: UUID | None


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
    *,
    keeps_all: bool = False,
) -> Saved:
    """Save values for which the writer knew the newest version (0 where there was no answer yet).

    A value equal to what stands there is no clash, whatever version the writer knew. What came too late stands in
    the history of the answer, and so does what it clashed with: whichever is chosen, the other can be brought
    back. `keeps_all` keeps what is overwritten even when it is a few seconds old.
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
        if row is None and value in NOTHING:
            saved.versions[question] = 0
        elif row is None:
            db.add(
                Answer(
                    sheet_id=sheet_id, question=question, value=value, saved_at=clock.now(), saved_by_id=by_id
                )
            )
            saved.versions[question] = 1
            saved.changed[question] = value
        elif _same(row.value, value):
            saved.versions[question] = row.version
        elif known.get(question, 0) != row.version:
            await _keep_earlier(db, row)
            await _keep_refused(db, row, value, by_id)
            saved.clashes.append(
                Clashing(question, row.value, value, row.version, row.saved_at, row.saved_by_id)
            )
        else:
            if keeps_all or _is_worth_keeping(row, by_id):
                await _keep_earlier(db, row)
            row.value, row.version = value, row.version + 1
            row.saved_at, row.saved_by_id = clock.now(), by_id
            db.add(row)
            saved.versions[question] = row.version
            saved.changed[question] = value
    await db.flush()
    return saved


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON: 1 and true are not."""
    return bool(one == other) and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _is_worth_keeping(row: Answer, by_id: UUID | None) -> bool:
    """Once a minute while one person types, always when another takes over."""
    return clock.now() - row.saved_at >= KEEP_EVERY or row.saved_by_id != by_id or row.version % 10 == 0


async def _keep_earlier(db: Db, row: Answer) -> None:
    kept = (
        await db.exec(
            select(EarlierAnswer.id).where(
                EarlierAnswer.sheet_id == row.sheet_id,
                EarlierAnswer.question == row.question,
                EarlierAnswer.version == row.version,
            )
        )
    ).first()
    if kept is None:
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


async def _keep_refused(db: Db, row: Answer, value: Json, by_id: UUID | None) -> None:
    """Texts that came too late have negative versions: they were never the answer."""
    refused = (
        await db.exec(
            select(EarlierAnswer.version, EarlierAnswer.value).where(
                EarlierAnswer.sheet_id == row.sheet_id,
                EarlierAnswer.question == row.question,
                EarlierAnswer.version < 0,
            )
        )
    ).all()
    if any(_same(old, value) for _version, old in refused):
        return
    db.add(
        EarlierAnswer(
            sheet_id=row.sheet_id,
            question=row.question,
            version=min((version for version, _old in refused), default=0) - 1,
            value=value,
            saved_at=clock.now(),
            saved_by_id=by_id,
        )
    )
