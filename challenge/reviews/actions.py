"""Score, remark, submit, reopen. The first save makes the review; its id is the assignment's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound, NotNow, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _
from challenge.foundation.lifecycle import move
from challenge.foundation.text import count_words
from challenge.mail import actions as mail
from challenge.reviews import letters, progress, queries, rules
from challenge.reviews.models import Remark, RemarkReader, Review, Score
from challenge.rubrics.aggregate import overall_score
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric
from challenge.rubrics.definition import Score as Given
from challenge.rubrics.rules import missing_scores, why_not_score


@dataclass(frozen=True, slots=True)
class Clashing:
    """A save that came too late: what stands there now, and what was sent."""

    name: str
    kept: Any
    sent: Any
    version: int
    saved_at: datetime


@dataclass(slots=True)
class Saved:
    versions: dict[str, int] = field(default_factory=dict)
    clashes: list[Clashing] = field(default_factory=list)
    errors: dict[str, Text] = field(default_factory=dict)


def remark_name(reader: RemarkReader) -> str:
    return f"remark:{reader.value}"


async def begin(db: Db, sheet: "queries.Sheet") -> Review:
    """The review behind a score sheet; made now if nothing was saved before."""
    if sheet.review is not None:
        return sheet.review
    review = Review(
        id=sheet.assignment.id,
        assignment_id=sheet.assignment.id,
        proposal_id=sheet.assignment.proposal_id,
        person_id=sheet.assignment.person_id,
        stage_id=sheet.assignment.stage_id,
        rubric_version_id=sheet.rubric_version_id,
        started_at=clock.now(),
        saved_at=clock.now(),
    )
    db.add(review)
    await db.flush()
    sheet.review = review
    return review


async def save(
    db: Db,
    sheet: "queries.Sheet",
    *,
    scores: Mapping[str, Given | None] | None = None,
    remarks: Mapping[RemarkReader, str] | None = None,
    confidence: str | None = None,
    known: Mapping[str, int],
    by: Viewer,
) -> Saved:
    """Save what was given; a stale save changes nothing and gets both values back, a score off the scale is named.

    `known` holds, under the criterion's code, "remark:<reader>" or "confidence", the version the writer knew
    (0: none). The sheet holds afterwards what is stored.
    """
    refuse_if(sheet.why_not_score)
    review = await begin(db, sheet)
    saved = Saved()
    for code, value in (scores or {}).items():
        criterion = sheet.rubric.criterion(code)
        if criterion is None:
            saved.errors[code] = _("No criterion has the code {code}.", code=code)
            continue
        fault = why_not_score(sheet.rubric, criterion, value) if value is not None else None
        if fault is not None:
            saved.errors[code] = fault
        else:
            _save_score(db, sheet, review, code, value, known, saved)
    for reader, text in (remarks or {}).items():
        _save_remark(db, sheet, review, reader, text, known, saved)
    if confidence is not None:
        _save_confidence(review, confidence, known, saved)
    review.saved_at, review.version = clock.now(), review.version + 1
    db.add(review)
    await db.flush()
    return saved


def _is_untouched(is_blank: bool, known: int, version: int) -> bool:
    """A blank field of a window that opened before anything stood there: its writer changed nothing."""
    return is_blank and known == 0 and version > 0


def _save_score(
    db: Db,
    sheet: "queries.Sheet",
    review: Review,
    code: str,
    value: Given | None,
    known: Mapping[str, int],
    saved: Saved,
) -> None:
    number = value if isinstance(value, Decimal) else None
    is_na = value == NOT_APPLICABLE
    row = sheet.scores.get(code)
    if row is None:
        if value is None:
            saved.versions[code] = 0
            return
        row = Score(review_id=review.id, criterion=code, version=0)
    elif (row.value, row.is_not_applicable) == (number, is_na) or _is_untouched(
        value is None, known.get(code, 0), row.version
    ):
        saved.versions[code] = row.version
        return
    elif known.get(code, 0) != row.version:
        saved.clashes.append(Clashing(code, sheet.given[code], value, row.version, row.saved_at))
        return
    row.value, row.is_not_applicable, row.version, row.saved_at = number, is_na, row.version + 1, clock.now()
    db.add(row)
    sheet.scores[code] = row
    saved.versions[code] = row.version


def _save_remark(
    db: Db,
    sheet: "queries.Sheet",
    review: Review,
    reader: RemarkReader,
    text: str,
    known: Mapping[str, int],
    saved: Saved,
) -> None:
    name = remark_name(reader)
    if len(text) > rules.REMARK_LENGTH:
        saved.errors[name] = _("Use at most {n} characters.", n=rules.REMARK_LENGTH)
        return
    row = sheet.remark_rows.get(reader)
    if row is None:
        if not text:
            saved.versions[name] = 0
            return
        row = Remark(review_id=review.id, reader=reader, text=text, version=0)
    elif row.text == text or _is_untouched(not text, known.get(name, 0), row.version):
        saved.versions[name] = row.version
        return
    elif known.get(name, 0) != row.version:
        saved.clashes.append(Clashing(name, row.text, text, row.version, row.saved_at))
        return
    row.text, row.version, row.saved_at = text, row.version + 1, clock.now()
    db.add(row)
    sheet.remark_rows[reader] = row
    saved.versions[name] = row.version


def _save_confidence(review: Review, value: str, known: Mapping[str, int], saved: Saved) -> None:
    version, known_version = review.confidence_version, known.get("confidence", 0)
    if value and value not in rules.CONFIDENCE:
        saved.errors["confidence"] = _("Choose one of the answers.")
        return
    if value != review.confidence and not _is_untouched(not value, known_version, version):
        if known_version != version:
            saved.clashes.append(Clashing("confidence", review.confidence, value, version, review.saved_at))
            return
        review.confidence, review.confidence_version = value, version + 1
    saved.versions["confidence"] = review.confidence_version


def problems_of(sheet: "queries.Sheet") -> dict[str, Text]:
    """What is still missing before this review can be submitted, by field."""
    found: dict[str, Text] = {
        criterion.code: _("Give a score for this criterion.")
        for criterion in missing_scores(sheet.rubric, sheet.given)
    }
    found.update(_remark_problems(sheet.rubric, sheet.remarks.get(RemarkReader.APPLICANT, "")))
    return found


def _remark_problems(rubric: Rubric, text: str) -> dict[str, Text]:
    name, asked, words = remark_name(RemarkReader.APPLICANT), rubric.remark, count_words(text)
    if asked.required and not words:
        return {name: _("Write a remark; the applicant learns from it.")}
    if words and words < asked.min_words:
        return {name: _("Write at least {n} words; there are {words}.", n=asked.min_words, words=words)}
    if asked.max_words is not None and words > asked.max_words:
        return {name: _("Write at most {n} words; there are {words}.", n=asked.max_words, words=words)}
    return {}


async def submit(db: Db, sheet: "queries.Sheet", *, by: Viewer) -> Review:
    """Lock the review with its overall score. Raises Unprocessable naming what is missing."""
    refuse_if(sheet.why_not_score)
    problems = problems_of(sheet)
    if problems:
        raise Unprocessable(_("The review is not complete yet. Everything is saved."), errors=problems)
    if await queries.hold_reviews(db, sheet.stage.id) is not None:
        raise NotNow(_("The ranking is frozen; no review can change any more."))
    review = await begin(db, sheet)
    review.state = move(rules.REVIEW_MOVES, review.state, "submit")
    review.overall = overall_score(sheet.rubric, sheet.complete).value
    review.submitted_at = clock.now()
    db.add(review)
    await audit.record(
        db,
        by,
        "review.submitted",
        review,
        chain=sheet.proposal.call_id,
        proposal=str(review.proposal_id),
        scores={code: str(value) for code, value in sheet.complete.items()},
        overall=str(review.overall),
    )
    return review


async def reopen(db: Db, opened: "progress.ToReopen", *, reason: str, by: Viewer) -> None:
    """Give a submitted review back to its reviewer, who gets a mail; the record keeps what it was and why."""
    refusal = rules.why_not_reason(reason)
    if refusal is not None:
        raise Unprocessable(errors={"reason": refusal})
    review = opened.review
    is_frozen = await queries.hold_reviews(db, opened.stage.id) is not None
    refuse_if(rules.why_not_reopen(review.state if review else None, is_ranking_frozen=is_frozen))
    if review is None:
        raise NotFound
    overall = review.overall
    review.state = move(rules.REVIEW_MOVES, review.state, "reopen")
    review.reopened_at, review.submitted_at, review.overall = clock.now(), None, None
    db.add(review)
    await audit.record(
        db,
        by,
        "review.reopened",
        review,
        chain=opened.proposal.call_id,
        proposal=str(review.proposal_id),
        reason=reason,
        overall=str(overall),
    )
    letter = letters.reopened(opened.call, opened.proposal, review.id, reason)
    await mail.post(db, opened.person, letter, about_id=review.id)
