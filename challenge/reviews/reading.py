"""The proposal as its reviewer reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from challenge.files import states
from challenge.files.models import Document, DocumentState
from challenge.forms.definition import Question
from challenge.forms.models import Answer, AnswerSheet, FormVersion
from challenge.forms.queries import kept_definition
from challenge.forms.rules import is_answered, is_asked
from challenge.foundation.db import Db, rows
from challenge.proposals.models import Attachment
from challenge.reviews.queries import Sheet


@dataclass(frozen=True, slots=True)
class Piece:
    """One question and its answer."""

    question: Question
    place: tuple[int, int]
    value: Any


@dataclass(frozen=True, slots=True)
class Paper:
    """A file in a slot of the form; in a double-blind stage under a name that tells nothing."""

    id: UUID
    name: str
    size: int
    state: DocumentState
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Reading:
    pieces: list[Piece]
    papers: dict[str, Paper]


async def reading_of(db: Db, sheet: Sheet) -> Reading:
    """What this reviewer may read: answers meant for reviewers, personal ones left out where applicants are hidden."""
    found = await rows(
        db,
        sa.select(col(FormVersion.id), col(FormVersion.digest), col(Answer.question), col(Answer.value))
        .select_from(AnswerSheet)
        .join(FormVersion, col(FormVersion.id) == AnswerSheet.form_version_id)
        .outerjoin(Answer, col(Answer.sheet_id) == AnswerSheet.id)
        .where(col(AnswerSheet.id) == sheet.proposal.sheet_id),
    )
    definition = await kept_definition(db, found[0][0], found[0][1])
    answers = {code: value for _id, _digest, code, value in found if code is not None}
    shown = [
        question
        for question in definition.asked
        if question.audience in ("reviewers", "public")
        and (sheet.sees_identity or not question.personal)
        and is_asked(question, answers)
        and not (question.kind == "short-text" and answers.get(question.code) == sheet.proposal.title)
    ]
    shown = [
        question
        for question in shown
        if question.required or question.kind == "file" or is_answered(question, answers)
    ]
    papers = await _papers(db, sheet, [question.code for question in shown])
    slots: dict[str, list[str]] = {}
    for slot, paper in papers:
        slots.setdefault(slot, []).append(str(paper.id))
    return Reading(
        [
            Piece(
                question,
                definition.numbers[question.code],
                slots.get(question.code, []) if question.kind == "file" else answers.get(question.code),
            )
            for question in shown
            if question.required or question.kind != "file" or question.code in slots
        ],
        {str(paper.id): paper for _slot, paper in papers},
    )


async def _papers(db: Db, sheet: Sheet, slots: Sequence[str]) -> list[tuple[str, Paper]]:
    found = await rows(
        db,
        sa.select(
            col(Attachment.question), col(Document.id), col(Document.name), col(Document.size), col(Document.state),
            col(Document.flags),
        )
        .join(Document, col(Document.id) == Attachment.document_id)
        .where(
            col(Attachment.proposal_id) == sheet.proposal.id,
            col(Attachment.removed_at).is_(None),
            col(Attachment.question).in_(slots),
            col(Document.state).in_(states.KEPT | states.REFUSED),
        )
        .order_by(col(Attachment.added_at), Document.name),
    )  # fmt: skip
    papers = []
    for n, (slot, document_id, name, size, state, flags) in enumerate(found, start=1):
        if not sheet.sees_identity:
            ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
            name = f"{sheet.proposal.number}-{slot}-{n}" + (f".{ending}" if ending.isalnum() else "")
            size = 0
        papers.append((slot, Paper(document_id, name, size, state, flags)))
    return papers
