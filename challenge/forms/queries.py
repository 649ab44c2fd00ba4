from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from challenge.forms.definition import FormDefinition, Json, Question, decode
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


_known: dict[tuple[UUID, str], FormDefinition] = {}


async def kept_definition(db: Db, version_id: UUID, digest: str) -> FormDefinition:
    """A frozen version by its id: read from the database once, then from memory."""
    key = (version_id, digest)
    if key not in _known:
        if len(_known) > 256:
            _known.clear()
        statement = select(FormVersion.definition).where(FormVersion.id == version_id)
        _known[key] = decode((await db.exec(statement)).one(), f"{version_id}:{digest}")
    return _known[key]


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


async def codes_of(db: Db, call_id: UUID) -> set[str]:
    """The forms that a call has, by their codes."""
    return set((await db.exec(select(FormVersion.code).where(FormVersion.call_id == call_id))).all())


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
    """What stood there before, and what came too late (negative versions), newest first."""
    rows = await db.exec(
        select(EarlierAnswer)
        .where(EarlierAnswer.sheet_id == sheet_id, EarlierAnswer.question == question)
        .order_by(col(EarlierAnswer.saved_at).desc(), col(EarlierAnswer.version).desc())
        .limit(50)
    )
    return list(rows.all())


async def earlier_answer(db: Db, sheet_id: UUID, question: str, version: int) -> EarlierAnswer:
    found = (
        await db.exec(
            select(EarlierAnswer).where(
                EarlierAnswer.sheet_id == sheet_id,
                EarlierAnswer.question == question,
                EarlierAnswer.version == version,
            )
        )
    ).first()
    if found is None:
        raise NotFound
    return found


async def the_answer(db: Db, sheet_id: UUID, question: str) -> Answer | None:
    return (
        await db.exec(select(Answer).where(Answer.sheet_id == sheet_id, Answer.question == question))
    ).first()


async def public_answers(db: Db, sheet_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Question, Json]]]:
    """The answers to the questions that are published when a proposal wins, in the order of the form.

    Whether a proposal has won is the caller's to know.
    """
    if not sheet_ids:
        return {}
    versions = await db.exec(
        select(AnswerSheet.id, FormVersion)
        .join(FormVersion, col(FormVersion.id) == AnswerSheet.form_version_id)
        .where(col(AnswerSheet.id).in_(sheet_ids))
    )
    asked = {
        sheet_id: [q for q in definition_of(version).asked if q.public]
        for sheet_id, version in versions.all()
    }
    codes = {question.code for questions in asked.values() for question in questions}
    found = await db.exec(
        select(Answer.sheet_id, Answer.question, Answer.value).where(
            col(Answer.sheet_id).in_(sheet_ids), col(Answer.question).in_(codes)
        )
    )
    given = {(sheet_id, code): value for sheet_id, code, value in found.all()}
    return {
        sheet_id: [(q, given[sheet_id, q.code]) for q in questions if (sheet_id, q.code) in given]
        for sheet_id, questions in asked.items()
    }
