"""Who reviews what, and everything that decides who may. Always over the proposals whose reviewers the viewer sees."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer
from challenge.assignments import rules
from challenge.assignments.models import Assignment
from challenge.calls.models import Stage
from challenge.calls.vocabularies import label
from challenge.forms.models import Answer
from challenge.forms.queries import definition_of, newest_version
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text
from challenge.panels.models import SeatKind, SeatState
from challenge.panels.queries import TOPICS, Seated, conflicted_pairs, seated
from challenge.proposals.models import Facet, Proposal, ProposalState, TeamMember
from challenge.proposals.queries import seen_by, sees


@dataclass(frozen=True, slots=True)
class Given:
    """One assignment as staff see it."""

    id: UUID
    proposal_id: UUID
    number: str
    title: str
    person_id: UUID
    name: str
    panel_id: UUID
    stage_id: UUID
    assigned_at: datetime


async def given(db: Db, viewer: Viewer, call_id: UUID) -> list[Given]:
    """All assignments of a call over the proposals whose reviewers the viewer sees."""
    statement = (
        sa.select(
            col(Assignment.id), col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Person.id),
            col(Person.name), col(Assignment.panel_id), col(Assignment.stage_id), col(Assignment.assigned_at),
        )
        .select_from(Assignment)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .where(
            col(Proposal.call_id) == call_id,
            col(Assignment.removed_at).is_(None),
            col(Proposal.id).in_(seen_by(viewer, Facet.REVIEWERS)),
        )
        .order_by(col(Proposal.number), Person.name)
    )  # fmt: skip
    return [Given(*row) for row in await rows(db, statement)]


async def loads(db: Db, viewer: Viewer, call_id: UUID, stage_id: UUID | None = None) -> dict[UUID, int]:
    """How many proposals each reviewer has in the call or the stage, counted over what the viewer sees."""
    statement = (
        select(Assignment.person_id, func.count())
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .where(
            Proposal.call_id == call_id,
            col(Assignment.removed_at).is_(None),
            col(Proposal.id).in_(seen_by(viewer, Facet.REVIEWERS)),
        )
        .group_by(col(Assignment.person_id))
    )
    if stage_id is not None:
        statement = statement.where(Assignment.stage_id == stage_id)
    found = await db.exec(statement)
    return {person_id: count for person_id, count in found.all()}


# ---------- what a manager chooses from ----------


@dataclass(frozen=True, slots=True)
class Line:
    """A proposal with the number of people who review it, as the overview shows it."""

    id: UUID
    number: str
    title: str
    language: str
    country: str
    count: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counted over what the viewer sees."""

    proposals: int
    pairs: int
    short: int


def _reviewable(viewer: Viewer, stage: Stage) -> tuple[ColumnElement[bool], ...]:
    """Conditions: submitted in the stage, not ruled out, and the viewer sees who reviews it."""
    return (
        col(Proposal.call_id) == stage.call_id,
        col(Proposal.stage_id) == stage.id,
        col(Proposal.state) == ProposalState.SUBMITTED,
        col(Proposal.is_eligible).is_not(False),
        sees(viewer, Facet.REVIEWERS),
    )


def _counted(viewer: Viewer, stage: Stage) -> Any:
    return (
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Proposal.language),
            col(Proposal.country), sa.func.count(col(Assignment.id)).label("given"),
        )
        .outerjoin(
            Assignment,
            sa.and_(
                col(Assignment.proposal_id) == Proposal.id,
                col(Assignment.stage_id) == stage.id,
                col(Assignment.removed_at).is_(None),
            ),
        )
        .where(*_reviewable(viewer, stage))
        .group_by(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Proposal.language), col(Proposal.country)
        )
    )  # fmt: skip


async def lines(
    db: Db, viewer: Viewer, stage: Stage, *, only_short: bool = False, first: int = 0, most: int = 50
) -> list[Line]:
    statement = _counted(viewer, stage).order_by(Proposal.number).offset(first).limit(most)
    if only_short:
        statement = statement.having(sa.func.count(col(Assignment.id)) < stage.reviews_per_proposal)
    return [Line(*row) for row in await rows(db, statement)]


async def totals(db: Db, viewer: Viewer, stage: Stage) -> Totals:
    counted = _counted(viewer, stage).subquery()
    short = sa.case((counted.c.given < stage.reviews_per_proposal, 1), else_=0)
    found = await rows(
        db,
        sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(counted.c.given), 0), sa.func.coalesce(sa.func.sum(short), 0)
        ).select_from(counted),
    )  # fmt: skip
    return Totals(*(int(number) for number in found[0]))


async def reviewers_of(
    db: Db, viewer: Viewer, stage: Stage, proposal_ids: Sequence[UUID]
) -> dict[UUID, list[Given]]:
    """Who reviews each of these proposals, by name."""
    by_proposal: dict[UUID, list[Given]] = {}
    for row in await rows(db, _given(viewer, stage).where(col(Proposal.id).in_(proposal_ids))):
        by_proposal.setdefault(row[1], []).append(Given(*row))
    return by_proposal


def _given(viewer: Viewer, stage: Stage) -> Any:
    return (
        sa.select(
            col(Assignment.id), col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Person.id),
            col(Person.name), col(Assignment.panel_id), col(Assignment.stage_id), col(Assignment.assigned_at),
        )
        .select_from(Assignment)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .where(
            col(Assignment.stage_id) == stage.id,
            col(Assignment.removed_at).is_(None),
            sees(viewer, Facet.REVIEWERS),
        )
        .order_by(Person.name, Proposal.number)
    )  # fmt: skip


async def the_assignment(db: Db, viewer: Viewer, assignment_id: UUID) -> tuple[Assignment, Given]:
    """A present assignment of a proposal whose reviewers the viewer sees, or 404."""
    found = (
        await db.exec(
            select(Assignment, Proposal, Person)
            .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
            .join(Person, col(Person.id) == Assignment.person_id)
            .where(
                Assignment.id == assignment_id,
                col(Assignment.removed_at).is_(None),
                sees(viewer, Facet.REVIEWERS),
            )
        )
    ).first()
    if found is None:
        raise NotFound
    made, proposal, person = found
    return made, Given(
        made.id, proposal.id, proposal.number, proposal.title, person.id, person.name,
        made.panel_id, made.stage_id, made.assigned_at,
    )  # fmt: skip


async def addresses_of_pairs(db: Db, viewer: Viewer, stage: Stage) -> list[tuple[str, str]]:
    """(number, e-mail) of every assignment that the viewer sees: the file that an upload takes."""
    statement = (
        sa.select(col(Proposal.number), col(Person.email))
        .select_from(Assignment)
        .join(Proposal, col(Proposal.id) == Assignment.proposal_id)
        .join(Person, col(Person.id) == Assignment.person_id)
        .where(
            col(Assignment.stage_id) == stage.id,
            col(Assignment.removed_at).is_(None),
            sees(viewer, Facet.REVIEWERS),
        )
        .order_by(Proposal.number, Person.email)
    )
    return [(row[0], row[1]) for row in await rows(db, statement)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal that may be given, with what decides it."""

    id: UUID
    number: str
    title: str
    language: str
    country: str
    state: ProposalState
    is_eligible: bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """Everything that decides who may be given what in one stage, over what the viewer sees.

    Five statements, whatever the number of people and proposals. The verb asks again for the one pair it writes.
    """

    stage: Stage
    proposals: dict[UUID, Candidate]
    seats: list[Seated]
    others: dict[str, SeatState]
    """E-mail -> state of the seat of people who do not sit (yet)."""
    conflicts: set[tuple[UUID, UUID]]
    teams: set[tuple[UUID, UUID]]
    present: dict[tuple[UUID, UUID], Given]
    loads: Counter[UUID]

    def pair(self, seat: Seated | None, proposal: Candidate) -> rules.Pair:
        key = (seat.person_id, proposal.id) if seat else None
        return rules.Pair(
            is_seated=seat is not None,
            has_conflict=key in self.conflicts,
            is_on_team=key in self.teams,
            is_assigned=key in self.present,
            is_submitted=proposal.state == ProposalState.SUBMITTED,
            load=self.loads[seat.person_id] if seat else 0,
            max_load=seat.max_load if seat else None,
            is_ruled_out=proposal.is_eligible is False,
        )


async def field_of(db: Db, viewer: Viewer, stage: Stage) -> Field:
    candidates = await rows(
        db,
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Proposal.language),
            col(Proposal.country), col(Proposal.state), col(Proposal.is_eligible),
        )
        .where(
            col(Proposal.stage_id) == stage.id,
            col(Proposal.state) != ProposalState.DRAFT,
            sees(viewer, Facet.REVIEWERS),
        )
        .order_by(Proposal.number),
    )  # fmt: skip
    seats = await seated(db, stage.call_id, stage_id=stage.id)
    given_now = [Given(*row) for row in await rows(db, _given(viewer, stage))]
    teams = await db.exec(
        select(TeamMember.person_id, TeamMember.proposal_id)
        .join(Proposal, col(Proposal.id) == TeamMember.proposal_id)
        .where(Proposal.stage_id == stage.id, sees(viewer, Facet.REVIEWERS))
    )
    sitting = [seat for seat in seats if seat.state == SeatState.ACCEPTED]
    there = {seat.email for seat in sitting}
    return Field(
        stage=stage,
        proposals={row[0]: Candidate(*row) for row in candidates},
        seats=sitting,
        others={seat.email: seat.state for seat in seats if seat.email not in there},
        conflicts=await conflicted_pairs(db, viewer, stage.call_id),
        teams={(person, proposal) for person, proposal in teams.all()},
        present={(each.person_id, each.proposal_id): each for each in given_now},
        loads=Counter(each.person_id for each in given_now),
    )


Topics = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One person and one proposal side by side, for the pages on which a manager chooses."""

    seat: Seated
    proposal: Candidate
    load: int
    reads: bool
    shared: list[str]
    """What the proposal names and the person knows, in words of the current language."""
    given: Given | None
    why_not: Text | None
    is_full: bool


def choice(field: Field, seat: Seated, proposal: Candidate, topics: Topics) -> Choice:
    pair = field.pair(seat, proposal)
    return Choice(
        seat=seat,
        proposal=proposal,
        load=pair.load,
        reads=proposal.language in seat.languages,
        shared=[label(*topic) for topic in sorted(topics & seat.topics)],
        given=field.present.get((seat.person_id, proposal.id)),
        why_not=rules.why_not_assign(pair),
        is_full=rules.is_overloaded(pair),
    )


def reviewers(seats: Iterable[Seated]) -> list[Seated]:
    """Each reviewer once, with the first panel by name. Chairs see all reviews: they are given proposals by hand only."""
    once: dict[UUID, Seated] = {}
    for seat in seats:
        if seat.kind == SeatKind.REVIEWER:
            once.setdefault(seat.person_id, seat)
    return list(once.values())


@dataclass(frozen=True, slots=True)
class Suit:
    """What speaks for one person and one proposal, beside the themes: words that both use, and the country."""

    affinity: float
    words: list[str]
    is_same_country: bool


def in_order(choices: Iterable[Choice], suited: Mapping[UUID, Suit]) -> list[Choice]:
    """Who reviews it already, then who may by affinity, then who may not; equals keep their order."""
    return sorted(
        choices,
        key=lambda each: (
            each.given is None,
            each.given is None and each.why_not is not None,
            -suited[each.seat.person_id].affinity,
        ),
    )


def counts(field: Field) -> Counter[UUID]:
    """Proposal -> how many review it."""
    return Counter(each.proposal_id for each in field.present.values())


def is_open(proposal: Candidate) -> bool:
    """Whether the proposal is there to be reviewed at all."""
    return proposal.state == ProposalState.SUBMITTED and proposal.is_eligible is not False


async def topics_of(
    db: Db, viewer: Viewer, stage: Stage, proposal_id: UUID | None = None
) -> dict[UUID, Topics]:
    """Proposal -> (vocabulary, code) of the themes it names, for comparing with what reviewers know.

    Read from the answers to questions with one of those vocabularies, of proposals whose body the viewer sees.
    """
    told = await told_of(db, viewer, stage, proposal_id, texts=False)
    return {each_id: each.topics for each_id, each in told.items()}


TEXTS = ("short-text", "text", "long-text")


@dataclass(frozen=True, slots=True)
class Told:
    """What a proposal says that can be compared with what a reviewer knows."""

    topics: Topics = frozenset()
    text: str = ""


async def told_of(
    db: Db, viewer: Viewer, stage: Stage, proposal_id: UUID | None = None, *, texts: bool = True
) -> dict[UUID, Told]:
    """Proposal -> its themes and its summary, of proposals whose body the viewer sees.

    The summary is the answer to the question `summary`; in a form without one, all texts but personal data.
    """
    definition = definition_of(await newest_version(db, stage.call_id, stage.form_code))
    asked = {
        question.code: question.vocabulary
        for question in definition.questions
        if question.vocabulary in TOPICS.values() or question.vocabularies
    }
    written = [q.code for q in definition.questions if q.kind in TEXTS and not q.personal] if texts else []
    written = [code for code in written if code == "summary"] or written
    if not asked and not written:
        return {}
    statement = (
        sa.select(col(Proposal.id), col(Answer.question), col(Answer.value))
        .join(Answer, col(Answer.sheet_id) == Proposal.sheet_id)
        .where(
            col(Proposal.stage_id) == stage.id,
            col(Answer.question).in_([*asked, *written]),
            sees(viewer, Facet.BODY),
        )
        .order_by(col(Proposal.id), col(Answer.question))
    )
    if proposal_id is not None:
        statement = statement.where(col(Proposal.id) == proposal_id)
    topics: dict[UUID, set[tuple[str, str]]] = {}
    said: dict[UUID, list[str]] = {}
    for each_id, question, value in await rows(db, statement):
        if question in asked:
            topics.setdefault(each_id, set()).update(_topics(asked[question], value))
        elif isinstance(value, str):
            said.setdefault(each_id, []).append(value)
    return {
        each_id: Told(frozenset(topics.get(each_id, ())), "\n".join(said.get(each_id, ())))
        for each_id in {*topics, *said}
    }


def _topics(vocabulary_id: str | None, value: Any) -> Iterator[tuple[str, str]]:
    listed: dict[str | None, Any] = value if isinstance(value, dict) else {vocabulary_id: value}
    for name, codes in listed.items():
        if name is not None and name in TOPICS.values():
            for code in codes if isinstance(codes, list) else [codes]:
                if isinstance(code, str):
                    yield name, code
