"""Reviews for programs: the queue, one's own sheet, saving, submitting, stepping aside, reopening."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar.params import JSONBody
from msgspec import field

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.assignments import actions as assignments
from challenge.foundation.api import Body, Items, api_get, api_post, api_put
from challenge.foundation.errors import Clash, NotAllowed, Unprocessable
from challenge.foundation.i18n import Text
from challenge.foundation.text import tidy
from challenge.reviews import actions, inputs, looks, progress, queries
from challenge.reviews.queries import Seen, Sheet
from challenge.rubrics.definition import NOT_APPLICABLE


class QueuedOut(Body):
    """One proposal to review. `state` is "open" before the first save."""

    id: UUID
    proposal: str
    title: str
    language: str
    call: str
    state: str
    scored: int
    is_to_do: bool
    assigned_at: datetime
    why_closed: str | None = None
    submitted_at: datetime | None = None
    overall: str | None = None
    last_day: date | None = None


class OtherOut(Body):
    """Somebody else's submitted review, under a letter."""

    reviewer: str
    scores: dict[str, str]
    remarks: dict[str, str]
    overall: str | None = None
    confidence: str | None = None


class ReviewOut(Body):
    """One's own review. A score is a number as text or "not-applicable"; `versions` is what a save has to name."""

    id: UUID
    proposal: str
    title: str
    call: str
    stage: str
    state: str
    scores: dict[str, str]
    remarks: dict[str, str]
    confidence: str
    versions: dict[str, int]
    missing: dict[str, str]
    others: list[OtherOut]
    total: str | None = None
    overall: str | None = None
    why_not_score: str | None = None
    submitted_at: datetime | None = None


class ScoresIn(Body):
    """Only what is to change. Null takes a score back. `versions` as they were read; what is left out counts as 0."""

    scores: dict[str, str | int | float | None] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    confidence: str | None = None
    versions: dict[str, int] = field(default_factory=dict)


class RecusalIn(Body):
    kind: str
    reason: str = ""


class ReopeningIn(Body):
    reason: str


def _number(value: Any) -> str:
    return NOT_APPLICABLE.value if value == NOT_APPLICABLE else format(Decimal(value).normalize(), "f")


def _scores(given: Mapping[str, Any]) -> dict[str, str]:
    return {code: _number(value) for code, value in given.items() if value is not None}


def _other(seen: Seen) -> OtherOut:
    return OtherOut(
        reviewer=seen.who,
        scores=_scores(seen.scores),
        remarks={reader.value: text for reader, text in seen.remarks.items() if text},
        overall=None if seen.overall is None else _number(seen.overall),
        confidence=seen.confidence or None,
    )


def _out(sheet: Sheet, others: list[Seen]) -> ReviewOut:
    review = sheet.review
    missing: Mapping[str, Text] = {} if sheet.is_submitted else actions.problems_of(sheet)
    return ReviewOut(
        id=sheet.assignment.id,
        proposal=sheet.proposal.number,
        title=sheet.proposal.title,
        call=sheet.call.slug,
        stage=sheet.stage.code,
        state=review.state.value if review else "open",
        scores=_scores(sheet.given),
        remarks={reader.value: text for reader, text in sheet.remarks.items() if text},
        confidence=review.confidence if review else "",
        versions=sheet.versions,
        total=None if sheet.total is None else str(sheet.total),
        overall=None if review is None or review.overall is None else _number(review.overall),
        missing={name: str(text) for name, text in missing.items()},
        why_not_score=None if sheet.why_not_score is None else str(sheet.why_not_score),
        submitted_at=review.submitted_at if review else None,
        others=[_other(seen) for seen in others],
    )


@api_get("/reviews", needs=Can.SCORE)
async def list_reviews(db: Db, me: Me) -> Items[QueuedOut]:
    """What the person has to review, in the order in which it is to be done."""
    return Items(
        items=[
            QueuedOut(
                id=one.id,
                proposal=one.number,
                title=one.title,
                language=one.language,
                call=one.round.call_slug,
                state=one.state.value if one.state else "open",
                scored=one.score_count,
                is_to_do=one.is_to_do,
                why_closed=None if one.why_closed is None else str(one.why_closed),
                assigned_at=one.assigned_at,
                submitted_at=one.submitted_at,
                overall=None if one.overall is None else _number(one.overall),
                last_day=one.round.due_on,
            )
            for one in await queries.queue_of(db, me)
        ]
    )


@api_get("/reviews/{review_id:uuid}", needs=Can.SCORE)
async def show_review(db: Db, me: Me, review_id: FromPath[UUID]) -> ReviewOut:
    """The person's own review; once it is in, with the others' under letters."""
    sheet = await queries.the_sheet(db, me, review_id)
    others = []
    if sheet.is_submitted:
        others = await queries.submitted_reviews(
            db, me, sheet.proposal.id, sheet.stage.id, but_person=me.person_id
        )
    return _out(sheet, others)


@api_put("/reviews/{review_id:uuid}/scores", needs=Can.SCORE)
async def save_review(db: Db, me: Me, review_id: FromPath[UUID], data: JSONBody[ScoresIn]) -> ReviewOut:
    """Save scores, remarks and confidence. What can be kept is kept; a stale or wrong field is named and refused."""
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    typed = inputs.Typed.of(sheet.rubric, data.scores, data.remarks, data.confidence, data.versions)
    saved = await actions.save(
        db,
        sheet,
        scores=typed.scores,
        remarks=typed.remarks,
        confidence=typed.confidence,
        known=typed.known,
        by=me,
    )
    await db.commit()
    if saved.clashes:
        raise Clash(clash=looks.clashes_told(saved.clashes), versions=saved.versions)
    errors = {**typed.errors, **saved.errors}
    if errors:
        raise Unprocessable(errors=errors, versions=saved.versions)
    return _out(sheet, [])


@api_post("/reviews/{review_id:uuid}/submission", needs=Can.SCORE)
async def submit_review(db: Db, me: Me, review_id: FromPath[UUID]) -> ReviewOut:
    """Submit the review as it is saved; from then on it is locked, and the others' are shown."""
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    await actions.submit(db, sheet, by=me)
    await db.commit()
    others = await queries.submitted_reviews(
        db, me, sheet.proposal.id, sheet.stage.id, but_person=me.person_id
    )
    return _out(sheet, others)


@api_post("/reviews/{review_id:uuid}/recusal", needs=Can.SCORE, status=204)
async def recuse_from_review(db: Db, me: Me, review_id: FromPath[UUID], data: JSONBody[RecusalIn]) -> None:
    """Declare a conflict of interest. Nothing of the proposal is seen afterwards."""
    sheet = await queries.the_sheet(db, me, review_id, to_write=True)
    if me.person_id is None:
        raise NotAllowed
    reason = tidy(data.reason).strip()[:2000]
    await assignments.recuse(db, me.person_id, sheet.proposal, kind=data.kind, reason=reason, by=me)
    await db.commit()


@api_post("/reviews/{review_id:uuid}/reopening", needs=Can.REOPEN_REVIEWS, status=204)
async def reopen_review(db: Db, me: Me, review_id: FromPath[UUID], data: JSONBody[ReopeningIn]) -> None:
    """Give a submitted review back to its reviewer, who gets the reason by mail. For the chair of its panel."""
    opened = await progress.the_review_to_reopen(db, me, review_id, to_write=True)
    await actions.reopen(db, opened, reason=tidy(data.reason).strip(), by=me)
    await db.commit()


doors: list[Any] = [
    list_reviews,
    show_review,
    save_review,
    submit_review,
    recuse_from_review,
    reopen_review,
]
