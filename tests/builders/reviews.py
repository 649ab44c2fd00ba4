"""Reviews written with the verbs that reviewers use. Nothing is committed here."""

from collections.abc import Mapping
from decimal import Decimal

from challenge.accounts.models import Person
from challenge.assignments.models import Assignment
from challenge.foundation.db import Db
from challenge.reviews import actions, queries
from challenge.reviews.models import RemarkReader, Review
from challenge.rubrics.definition import Score
from tests.builders.people import a_viewer

WORDS = "Clear, and the people concerned were asked."


async def a_draft_review(
    db: Db,
    assignment: Assignment,
    person: Person,
    scores: Mapping[str, int | Score | None],
    remark: str = WORDS,
) -> Review:
    """A saved review; whole numbers stand for scores."""
    by = await a_viewer(db, person)
    sheet = await queries.the_sheet(db, by, assignment.id)
    given = {code: Decimal(score) if isinstance(score, int) else score for code, score in scores.items()}
    await actions.save(
        db,
        sheet,
        scores=given,
        remarks={RemarkReader.APPLICANT: remark, RemarkReader.PANEL: f"For the panel: {remark}"},
        confidence="high",
        known=sheet.versions,
        by=by,
    )
    assert sheet.review is not None
    return sheet.review


async def a_submitted_review(
    db: Db,
    assignment: Assignment,
    person: Person,
    relevance: int = 4,
    feasibility: int = 3,
    remark: str = WORDS,
) -> Review:
    await a_draft_review(db, assignment, person, {"relevance": relevance, "feasibility": feasibility}, remark)
    by = await a_viewer(db, person)
    return await actions.submit(db, await queries.the_sheet(db, by, assignment.id), by=by)
