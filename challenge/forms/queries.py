from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from challenge.forms.definition import FormDefinition, Json, decode
from challenge.forms.models import Answer, AnswerSheet, EarlierAnswer, FormVersion
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it stands: its value, how often it was saved, and when last."""

    value: Json
    version: int
    saved_at: datetime


def definition_of(version: FormVersion) -> FormDefinition:
    return decode(version.definition, f"{version.id}:{version.digest}")


async def newest_version(db: Db, call_id: UUID, code: str) -> FormVersion:
    found = (
        await db.exec(
            select(FormVersion)
            .where(FormVersion.call_id == call_id, FormVersion.code == code)
            .order_by(col(FormVersion.number).desc())
            .limit(1)
        )
    ).first()
    if found is None:
        raise NotFound
    return found


async def version_of_sheet(db: Db, sheet_id: UUID) -> FormVersion:
    return (
        await db.exec(
            select(FormVersion)
            .join(AnswerSheet, col(AnswerSheet.form_version_id) == FormVersion.id)
            .where(AnswerSheet.id == sheet_id)
        )
    ).one()


async def kept_answers(db: Db, sheet_id: UUID) -> dict[str, Kept]:
    rows = await db.exec(
        select(Answer.question, Answer.value, Answer.version, Answer.saved_at).where(
            Answer.sheet_id == sheet_id
        )
    )
    return {question: Kept(value, version, saved_at) for question, value, version, saved_at in rows.all()}


async def answers_of(db: Db, sheet_id: UUID) -> dict[str, Json]:
    rows = await db.exec(select(Answer.question, Answer.value).where(Answer.sheet_id == sheet_id))
    return {question: value for question, value in rows.all()}


async def history_of(db: Db, sheet_id: UUID, question: str) -> list[EarlierAnswer]:
    rows = await db.exec(
        select(EarlierAnswer)
        .where(EarlierAnswer.sheet_id == sheet_id, EarlierAnswer.question == question)
        .order_by(col(EarlierAnswer.version).desc())
        .limit(50)
    )
    return list(rows.all())
