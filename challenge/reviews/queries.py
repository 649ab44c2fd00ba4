import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Organization
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Blindness, Call, Milestone, Programme, Stage
from challenge.calls.queries import LAST_DAY, Opening
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.queries import sees, sees_from_outside
from challenge.reviews import rules
from challenge.reviews.models import Remark, RemarkReader, Review, ReviewState, Score
from challenge.rubrics.aggregate import overall_score, plain
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric
from challenge.rubrics.definition import Score as Given
from challenge.rubrics.models import RubricVersion
from challenge.rubrics.queries import decoded, kept_rubric, newest_rubric
from challenge.settings import settings

# ---------- the queue ----------


@dataclass(frozen=True, slots=True)
class Round:
    """A stage of a call in which the viewer reviews."""

    stage_id: UUID
    stage_label: Any
    reviews_closed_at: datetime | None
    rubric_code: str
    call_id: UUID
    call_slug: str
    call_title: Any
    call_zone: str
    is_demonstration: bool
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Queued:
    """One line of a reviewer's queue."""

    id: UUID
    number: str
    title: str
    language: str
    round: Round
    state: ReviewState | None
    score_count: int
    assigned_at: datetime
    saved_at: datetime | None
    submitted_at: datetime | None
    overall: Decimal | None
    proposal_state: ProposalState
    is_eligible: bool | None

    @property
    def why_closed(self) -> Text | None:
        return rules.why_closed(
            self.proposal_state,
            is_eligible=self.is_eligible,
            is_ranking_frozen=self.round.reviews_closed_at is not None,
        )

    @property
    def is_submitted(self) -> bool:
        return self.state == ReviewState.SUBMITTED

    @property
    def is_to_do(self) -> bool:
        return not self.is_submitted and self.why_closed is None


async def queue_of(db: Db, viewer: Viewer) -> list[Queued]:
    """The viewer's assignments, in the order in which they are to be done.

    First what is due first, and there what was begun; then the rest, by number.
    """
    scored = (
        select(func.count())
        .where(
            Score.review_id == Review.id,
            sa.or_(col(Score.value).is_not(None), col(Score.is_not_applicable).is_(True)),
        )
        .correlate(Review)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            col(Assignment.id), col(Proposal.number), col(Proposal.title), col(Proposal.language),
            col(Assignment.stage_id), col(Review.state), scored, col(Assignment.assigned_at), col(Review.saved_at),
            col(Review.submitted_at), col(Review.overall), col(Proposal.state), col(Proposal.is_eligible),
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.person_id) == viewer.person_id,
            col(Assignment.removed_at).is_(None),
            sees_from_outside(viewer, Facet.BODY),
        )
    )  # fmt: skip
    found = await rows(db, statement)
    rounds = await _rounds(db, {row[4] for row in found})
    return sorted((Queued(*(*row[:4], rounds[row[4]], *row[5:])) for row in found), key=_order)


def is_given_to(viewer: Viewer) -> Any:
    """A condition on Proposal: that it stands in the viewer's queue."""
    given = sa.select(col(Assignment.proposal_id)).where(
        col(Assignment.person_id) == viewer.person_id, col(Assignment.removed_at).is_(None)
    )
    return sa.and_(col(Proposal.id).in_(given), sees_from_outside(viewer, Facet.BODY))


async def _rounds(db: Db, stage_ids: set[UUID]) -> dict[UUID, Round]:
    """What all lines of a stage share, read once."""
    statement = (
        sa.select(
            col(Stage.id), col(Stage.label), col(Stage.reviews_closed_at), col(Stage.rubric_code), col(Call.id),
            col(Call.slug), col(Call.title), col(Call.zone), col(Call.is_demonstration), col(Milestone.date),
        )
        .join(Call, col(Call.id) == Stage.call_id)
        .outerjoin(Milestone, sa.and_(col(Milestone.call_id) == Call.id, col(Milestone.code) == LAST_DAY))
        .where(col(Stage.id).in_(stage_ids))
    )  # fmt: skip
    return {row[0]: Round(*row) for row in await rows(db, statement)} if stage_ids else {}


def _order(one: Queued) -> tuple[bool, date, str, bool, str]:
    within = one.round
    return (
        not one.is_to_do, within.due_on or date.max, str(within.stage_id), not one.score_count, one.number
    )  # fmt: skip


async def criteria_counts(db: Db, queue: Iterable[Queued]) -> dict[tuple[UUID, str], int]:
    """(call, code of the rubric) -> how many criteria its newest version has."""
    calls = {one.round.call_id for one in queue}
    if not calls:
        return {}
    found = await rows(
        db,
        sa.select(col(RubricVersion.call_id), col(RubricVersion.code), col(RubricVersion.definition))
        .where(col(RubricVersion.call_id).in_(calls))
        .order_by(col(RubricVersion.number)),
    )
    return {(call_id, code): len(definition["criteria"]) for call_id, code, definition in found}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a review stands among the viewer's own of that stage, and which comes next."""

    nth: int
    of: int
    to_do: int
    next_id: UUID | None


async def place_of(db: Db, viewer: Viewer, stage_id: UUID, assignment_id: UUID) -> Place:
    found = await rows(
        db,
        sa.select(
            col(Assignment.id), col(Review.state), col(Proposal.state), col(Proposal.is_eligible),
            col(Stage.reviews_closed_at),
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Stage, col(Stage.id) == Assignment.stage_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            col(Assignment.person_id) == viewer.person_id,
            col(Assignment.stage_id) == stage_id,
            col(Assignment.removed_at).is_(None),
            sees_from_outside(viewer, Facet.BODY),
        )
        .order_by(col(Proposal.number)),
    )  # fmt: skip
    ids = [row[0] for row in found]
    at = ids.index(assignment_id) if assignment_id in ids else 0
    to_do = [
        row[0]
        for row in (*found[at + 1 :], *found[:at])
        if row[1] != ReviewState.SUBMITTED
        and rules.why_closed(row[2], is_eligible=row[3], is_ranking_frozen=row[4] is not None) is None
    ]
    return Place(at + 1, len(ids), len(to_do), to_do[0] if to_do else None)


# ---------- one's own sheet ----------


@dataclass(slots=True)
class Sheet:
    """A reviewer's own score sheet with everything the rule and the page ask."""

    assignment: Assignment
    proposal: Proposal
    stage: Stage
    call: Call
    programme: Programme
    rubric: Rubric
    rubric_version_id: UUID
    review: Review | None
    sees_identity: bool = False
    organization: str = ""
    scores: dict[str, Score] = field(default_factory=dict)
    remark_rows: dict[RemarkReader, Remark] = field(default_factory=dict)

    @property
    def opening(self) -> Opening:
        return Opening(self.call, self.programme, [self.stage])

    @property
    def given(self) -> dict[str, Given | None]:
        return {code: NOT_APPLICABLE if s.is_not_applicable else s.value for code, s in self.scores.items()}

    @property
    def complete(self) -> dict[str, Given]:
        return {code: value for code, value in self.given.items() if value is not None}

    @property
    def remarks(self) -> Mapping[RemarkReader, str]:
        return {reader: row.text for reader, row in self.remark_rows.items()}

    @property
    def is_submitted(self) -> bool:
        return self.review is not None and self.review.state == ReviewState.SUBMITTED

    @property
    def is_ranking_frozen(self) -> bool:
        return self.stage.reviews_closed_at is not None

    @property
    def total(self) -> Decimal | None:
        return rules.running_total(self.rubric, self.given)

    @property
    def versions(self) -> dict[str, int]:
        """By the name under which a window knows it, what it has to say to overwrite."""
        return {
            **{code: row.version for code, row in self.scores.items()},
            **{f"remark:{reader.value}": row.version for reader, row in self.remark_rows.items()},
            "confidence": self.review.confidence_version if self.review else 0,
        }

    @property
    def why_not_score(self) -> Text | None:
        return rules.why_not_score(
            self.review.state if self.review is not None else ReviewState.DRAFT,
            self.proposal,
            is_assigned=self.assignment.removed_at is None,
            is_ranking_frozen=self.is_ranking_frozen,
        )


async def the_sheet(db: Db, viewer: Viewer, assignment_id: UUID, *, to_write: bool = False) -> Sheet:
    """The viewer's own score sheet; 404 for anybody else's, for a removed one and for a conflicted proposal.

    `to_write` holds the assignment's row first, so that of two windows one waits for the other.
    """
    if to_write:
        await hold_assignment(db, assignment_id)
    newest = (
        select(func.max(RubricVersion.number))
        .where(RubricVersion.call_id == Proposal.call_id, RubricVersion.code == Stage.rubric_code)
        .correlate(Proposal, Stage)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            Assignment, Proposal, Stage, Call, Programme, Review, col(RubricVersion.id), col(RubricVersion.digest),
            sees(viewer, Facet.IDENTITY), col(Organization.name),
        )
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Stage, col(Stage.id) == Assignment.stage_id)
        .join(Call, col(Call.id) == Proposal.call_id)
        .join(Programme, col(Programme.id) == Call.programme_id)
        .outerjoin(Organization, col(Organization.id) == Proposal.organization_id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .join(
            RubricVersion,
            sa.or_(
                col(RubricVersion.id) == Review.rubric_version_id,
                sa.and_(
                    col(Review.id).is_(None),
                    col(RubricVersion.call_id) == Proposal.call_id,
                    col(RubricVersion.code) == Stage.rubric_code,
                    col(RubricVersion.number) == newest,
                ),
            ),
        )
        .where(
            col(Assignment.id) == assignment_id,
            col(Assignment.person_id) == viewer.person_id,
            col(Assignment.removed_at).is_(None),
            sees_from_outside(viewer, Facet.BODY),
        )
    )  # fmt: skip
    row = next(iter(await rows(db, statement.execution_options(populate_existing=to_write))), None)
    if row is None:
        raise NotFound
    assignment, proposal, stage, call, programme, review, version_id, digest, sees_identity, organization = (
        row
    )
    rubric = await kept_rubric(db, version_id, digest)
    sheet = Sheet(
        assignment, proposal, stage, call, programme, rubric, version_id, review,
        sees_identity=bool(sees_identity) and stage.blindness != Blindness.DOUBLE,
        organization=organization or "",
    )  # fmt: skip
    if review is not None:
        scores = (await db.exec(select(Score).where(Score.review_id == review.id))).all()
        remarks = (await db.exec(select(Remark).where(Remark.review_id == review.id))).all()
        sheet.scores = {score.criterion: score for score in scores}
        sheet.remark_rows = {remark.reader: remark for remark in remarks}
    return sheet


async def hold_assignment(db: Db, assignment_id: UUID) -> None:
    """Let others who want to write about this assignment wait. On SQLite there is one writer anyway."""
    if db.get_bind().dialect.name != "sqlite":
        await db.exec(select(Assignment.id).where(Assignment.id == assignment_id).with_for_update())


async def rubric_of_stage(db: Db, stage: Stage) -> Rubric:
    """The rubric that a stage is judged by now."""
    version = await newest_rubric(db, stage.call_id, stage.rubric_code)
    return decoded(version.id, version.digest, version.definition)


async def hold_reviews(db: Db, stage_id: UUID) -> datetime | None:
    """Since when the reviews of a stage are closed. Nobody closes or opens them until the commit."""
    statement = select(Stage.reviews_closed_at).where(Stage.id == stage_id).with_for_update(read=True)
    return (await db.exec(statement)).one()


# ---------- others' reviews ----------


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody's submitted review as others may read it: under a mark, never under a name."""

    review_id: UUID
    who: str
    overall: Decimal | None
    confidence: str
    scores: dict[str, Given | None]
    remarks: dict[RemarkReader, str]
    submitted_at: datetime | None


def pseudonym(stage_id: UUID, proposal_id: UUID, person_id: UUID) -> str:
    """A stable letter-like mark that cannot be joined across proposals."""
    text = f"{stage_id}:{proposal_id}:{person_id}".encode()
    return hmac.digest(_pseudonym_key(settings().key()), text, "sha256").hex()


@lru_cache
def _pseudonym_key(key: bytes) -> bytes:
    return hmac.digest(key, b"pseudonym", "sha256")


def letters_of(stage_id: UUID, proposal_id: UUID, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """A letter for everybody who was ever given the proposal, in the order of the pseudonyms: A, B, ... Z, AA."""
    ordered = sorted(set(person_ids), key=lambda person_id: pseudonym(stage_id, proposal_id, person_id))
    return {
        person_id: (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)
        for place, person_id in enumerate(ordered)
    }


async def submitted_reviews(
    db: Db, viewer: Viewer, proposal_id: UUID, stage_id: UUID, *, but_person: UUID | None = None
) -> list[Seen]:
    """The submitted reviews of one proposal that the viewer may read now.

    A reviewer reads the others' when the own review is in, a chair who reviews the proposal too; other chairs and
    staff by their sight of REVIEWS. Order and names follow the pseudonym, never time or id.
    """
    if not await _may_read_reviews(db, viewer, proposal_id, stage_id):
        return []
    given = (
        await db.exec(
            select(Assignment.person_id).where(
                Assignment.proposal_id == proposal_id, Assignment.stage_id == stage_id
            )
        )
    ).all()
    found = await rows(
        db,
        sa.select(
            col(Review.id), col(Review.person_id), col(Review.overall), col(Review.confidence), col(Review.submitted_at)
        )
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .where(
            col(Review.proposal_id) == proposal_id,
            col(Review.stage_id) == stage_id,
            col(Review.state) == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
        ),
    )  # fmt: skip
    ids = [row[0] for row in found]
    scores = await scores_of(db, ids)
    remarks = await remarks_of(db, ids)
    letters = letters_of(stage_id, proposal_id, given)
    seen = [
        Seen(
            review_id, letters[person_id], overall, confidence, scores.get(review_id, {}), remarks.get(review_id, {}),
            submitted_at,
        )
        for review_id, person_id, overall, confidence, submitted_at in found
        if person_id != but_person
    ]  # fmt: skip
    return sorted(seen, key=lambda one: (len(one.who), one.who))


async def scores_of(db: Db, review_ids: Sequence[UUID]) -> dict[UUID, dict[str, Given | None]]:
    found: dict[UUID, dict[str, Given | None]] = {}
    for review_id, criterion, value, is_na in await rows(
        db,
        sa.select(
            col(Score.review_id), col(Score.criterion), col(Score.value), col(Score.is_not_applicable)
        ).where(col(Score.review_id).in_(review_ids)),
    ):
        found.setdefault(review_id, {})[criterion] = NOT_APPLICABLE if is_na else value
    return found


async def remarks_of(db: Db, review_ids: Sequence[UUID]) -> dict[UUID, dict[RemarkReader, str]]:
    found: dict[UUID, dict[RemarkReader, str]] = {}
    for review_id, reader, text in await rows(
        db,
        sa.select(col(Remark.review_id), col(Remark.reader), col(Remark.text)).where(
            col(Remark.review_id).in_(review_ids)
        ),
    ):
        found.setdefault(review_id, {})[reader] = text
    return found


def own_review_is_open(viewer: Viewer) -> Any:
    """A condition on Proposal: the viewer reviews it and the own review is not in yet."""
    return (
        select(Assignment.id)
        .outerjoin(Review, col(Review.assignment_id) == Assignment.id)
        .where(
            Assignment.person_id == viewer.person_id,
            Assignment.proposal_id == Proposal.id,
            Assignment.stage_id == Proposal.stage_id,
            col(Assignment.removed_at).is_(None),
            sa.or_(col(Review.id).is_(None), col(Review.state) != ReviewState.SUBMITTED),
        )
        .correlate(Proposal)
        .exists()
    )


async def _may_read_reviews(db: Db, viewer: Viewer, proposal_id: UUID, stage_id: UUID) -> bool:
    own = (
        select(Review.id)
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .where(
            Review.proposal_id == proposal_id,
            Review.stage_id == stage_id,
            Review.person_id == viewer.person_id,
            Review.state == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
        )
    )
    found = await rows(
        db,
        sa.select(col(Proposal.id)).where(
            col(Proposal.id) == proposal_id,
            sa.or_(sees(viewer, Facet.REVIEWS), sa.and_(sees_from_outside(viewer, Facet.BODY), own.exists())),
            sa.not_(own_review_is_open(viewer)),
        ),
    )
    return bool(found)


# ---------- looked over by `challenge verify` ----------


async def overalls_that_differ(db: Db) -> tuple[int, list[str]]:
    """(submitted reviews, those whose kept overall score is not what their scores amount to)."""
    found = await rows(
        db,
        sa.select(
            col(Review.id), col(Review.overall), col(RubricVersion.id), col(RubricVersion.digest),
            col(RubricVersion.definition),
        )
        .join(RubricVersion, col(RubricVersion.id) == Review.rubric_version_id)
        .where(col(Review.state) == ReviewState.SUBMITTED),
    )  # fmt: skip
    scores: dict[UUID, dict[str, Given]] = {}
    for review_id, criterion, value, is_na in await rows(
        db,
        sa.select(col(Score.review_id), col(Score.criterion), col(Score.value), col(Score.is_not_applicable)),
    ):
        if is_na or value is not None:
            scores.setdefault(review_id, {})[criterion] = NOT_APPLICABLE if is_na else value
    wrong = []
    for review_id, overall, version_id, digest, definition in found:
        try:
            counted = overall_score(decoded(version_id, digest, definition), scores.get(review_id, {})).value
        except ValueError as error:
            wrong.append(f"{review_id}: {error}")
            continue
        if (None if counted is None else round(counted, 4)) != overall:
            wrong.append(f"{review_id}: kept {overall and plain(overall)}, counted {counted}")
    return len(found), wrong
