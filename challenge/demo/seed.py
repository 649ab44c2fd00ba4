"""Synthetic load, deterministic: the same numbers give the same rows, for measuring and for trying out lists.

Rows are written in bulk, not by verbs; they agree with what the verbs would have written.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from challenge.accounts.models import Organization, Person, Role, RoleName, Scope
from challenge.assignments.actions import reading_facets
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, CallState, Programme, Stage
from challenge.forms.actions import publish_version as publish_form
from challenge.forms.definition import decode
from challenge.forms.models import Answer, AnswerSheet
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.panels.models import Expertise, Panel, Seat, SeatState
from challenge.panels.rules import because
from challenge.proposals.models import Proposal, ProposalState, Sight, TeamMember, TeamRole
from challenge.proposals.queries import TEAM
from challenge.proposals.rules import TEAM_FACETS
from challenge.reviews.models import Remark, RemarkReader, Review, ReviewState, Score
from challenge.rubrics.actions import publish_version as publish_rubric
from challenge.rubrics.aggregate import overall_score
from challenge.rubrics.definition import Rubric, from_builtins

WORDS = [
    "energy",
    "workers",
    "village",
    "training",
    "cooperative",
    "pump",
    "grid",
    "mine",
    "wage",
    "union",
    "solar",
    "market",
    "women",
    "skills",
    "plan",
    "region",
    "river",
    "tariff",
    "meter",
    "repair",
    "school",
    "harvest",
    "valley",
    "contract",
    "safety",
    "pension",
    "council",
    "agreement",
    "storage",
]
COUNTRIES = ("KE", "PE", "TN", "FR", "IN", "BR", "ZA", "PL", "VN", "JO", "SN", "CO", "BD", "TR", "GH", "CL")
LANGUAGES = ("en", "fr", "es", "ar")
CRITERIA = (("relevance", 30), ("innovation", 25), ("decent-work", 25), ("feasibility", 20))


@dataclass(frozen=True, slots=True)
class Amounts:
    calls: int = 1
    proposals: int = 200
    reviewers: int = 20
    reviews_per_proposal: int = 3
    open_per_reviewer: int = 0
    answers: int = 10


async def seed(db: Db, amounts: Amounts, start: int = 1) -> dict[str, int]:
    """Fill the database and say how much was made. Calls are named load-1, load-2, ..."""
    rng = random.Random(start)  # noqa: S311 - a load, not a secret
    made: dict[str, int] = {}
    for n in range(start, start + amounts.calls):
        for name, count in (await _a_call(db, rng, n, amounts)).items():
            made[name] = made.get(name, 0) + count
    return made


def _id(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def _text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words)).capitalize() + "."


async def _a_call(db: Db, rng: random.Random, n: int, amounts: Amounts) -> dict[str, int]:
    moment = clock.now().replace(microsecond=0)
    programme = Programme(
        id=_id(rng), slug=f"load-{n}", title={"en": f"Load {n}"}, organizer={"name": {"en": "Load"}}
    )
    call = Call(
        id=_id(rng),
        programme_id=programme.id,
        slug=f"load-{n}",
        prefix=f"L{n}",
        title={"en": f"A call under load {n}", "fr": f"Un appel sous charge {n}"},
        summary={"en": _text(rng, 40)},
        guidance={"en": _text(rng, 120)},
        zone="Europe/Zurich",
        languages=list(LANGUAGES),
        facts={"awards": {"types": ["grant"], "number": 3, "currency": "USD", "per_award_max": "50000"}},
        state=CallState.PUBLISHED,
        published_at=moment - timedelta(days=60),
    )
    stage = Stage(
        id=_id(rng),
        call_id=call.id,
        code="proposals",
        label={"en": "Proposals"},
        opens_at=moment - timedelta(days=60),
        closes_at=moment + timedelta(days=30),
        reviews_per_proposal=amounts.reviews_per_proposal,
    )
    panel = Panel(id=_id(rng), call_id=call.id, stage_id=stage.id, name="Panel")
    db.add(programme)
    await db.flush()
    db.add(call)
    await db.flush()
    db.add(stage)
    await db.flush()
    db.add(panel)
    await db.flush()
    form = await publish_form(db, call.id, "form", decode(_form(amounts.answers)))
    rubric = from_builtins(_rubric())
    version = await publish_rubric(db, call.id, "rubric", rubric)
    reviewers = await _reviewers(db, rng, n, amounts, panel)
    load = _Load(rng, moment, call, stage, panel, form.id, version.id, rubric, reviewers)
    rows = load.rows(n, amounts)
    for table, values in rows.items():
        for part in _parts(values, 2000):
            await db.execute(sa.insert(table), part)
    return {
        "calls": 1,
        "proposals": len(rows[Proposal]),
        "answers": len(rows[Answer]),
        "reviewers": len(reviewers),
        "assignments": len(rows[Assignment]),
        "reviews": len(rows[Review]),
        "scores": len(rows[Score]),
    }


def _parts(values: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]


async def _reviewers(db: Db, rng: random.Random, n: int, amounts: Amounts, panel: Panel) -> list[UUID]:
    people, roles, seats, knows = [], [], [], []
    for m in range(amounts.reviewers):
        person = _id(rng)
        people.append(
            dict(
                id=person,
                email=f"reviewer{m}.load{n}@example.org",
                name=f"Reviewer {m}",
                language="en",
                zone="UTC",
                email_confirmed_at=clock.now(),
                is_active=True,
                created_at=clock.now(),
            )
        )
        common = dict(id=_id(rng), person_id=person)
        roles.append(
            dict(
                **common,
                name=RoleName.REVIEWER,
                scope=Scope.PANEL,
                scope_id=panel.id,
                granted_at=clock.now(),
            )
        )
        seats.append(
            dict(
                id=_id(rng),
                person_id=person,
                panel_id=panel.id,
                kind="reviewer",
                state=SeatState.ACCEPTED,
                invited_at=clock.now(),
                reason="",
            )
        )
        knows.append(
            dict(
                id=_id(rng),
                person_id=person,
                country=rng.choice(COUNTRIES),
                organization_type="academia",
                affiliation="",
                languages=["en"],
                policy_areas=[],
                themes=[],
                sdgs=[],
                keywords=[],
                changed_at=clock.now(),
            )
        )
    for table, values in ((Person, people), (Role, roles), (Seat, seats), (Expertise, knows)):
        if values:
            await db.execute(sa.insert(table), values)
    return [UUID(str(person["id"])) for person in people]


@dataclass(slots=True)
class _Load:
    rng: random.Random
    moment: datetime
    call: Call
    stage: Stage
    panel: Panel
    form_id: UUID
    rubric_id: UUID
    rubric: Rubric
    reviewers: list[UUID]

    def rows(self, n: int, amounts: Amounts) -> dict[type[SQLModel], list[dict[str, Any]]]:
        """All rows, in the order in which they can be written."""
        order: tuple[type[SQLModel], ...] = (
            Person, Organization, AnswerSheet, Answer, Proposal, TeamMember, Sight, Assignment, Review, Score, Remark,
        )  # fmt: skip
        rows: dict[type[SQLModel], list[dict[str, Any]]] = {table: [] for table in order}
        proposals = [self._proposal(rows, n, m, amounts) for m in range(amounts.proposals)]
        turn = 0
        for proposal in proposals:
            for _review in range(min(amounts.reviews_per_proposal, len(self.reviewers))):
                self._review(rows, proposal, self.reviewers[turn % len(self.reviewers)])
                turn += 1
        given = {(row["proposal_id"], row["person_id"]) for row in rows[Assignment]}
        for reviewer in self.reviewers:
            free = [p for p in proposals if (p, reviewer) not in given]
            for proposal in self.rng.sample(free, min(amounts.open_per_reviewer, len(free))):
                self._assignment(rows, proposal, reviewer)
        return rows

    def _proposal(self, rows: dict[Any, list[dict[str, Any]]], n: int, m: int, amounts: Amounts) -> UUID:
        rng = self.rng
        person, body, sheet, proposal = _id(rng), _id(rng), _id(rng), _id(rng)
        country, language = rng.choice(COUNTRIES), rng.choice(LANGUAGES)
        sent = self.moment - timedelta(days=20, minutes=m)
        rows[Person].append(
            dict(
                id=person,
                email=f"applicant{m}.load{n}@example.org",
                name=f"Applicant {m}",
                language=language,
                zone="UTC",
                email_confirmed_at=sent,
                is_active=True,
                created_at=sent,
            )
        )
        rows[Organization].append(
            dict(
                id=body,
                name=f"{rng.choice(WORDS).capitalize()} {rng.choice(WORDS)} {m}",
                organization_type="enterprises",
                country=country,
                is_invented=True,
                created_at=sent,
            )
        )
        rows[AnswerSheet].append(
            dict(id=sheet, form_version_id=self.form_id, language=language, created_at=sent)
        )
        title = _text(rng, 7)
        for q in range(amounts.answers):
            rows[Answer].append(
                dict(
                    id=_id(rng),
                    sheet_id=sheet,
                    question="title" if q == 0 else f"question-{q}",
                    value=title if q == 0 else _text(rng, 90),
                    version=3,
                    saved_at=sent,
                    saved_by_id=person,
                )
            )
        rows[Proposal].append(
            dict(
                id=proposal,
                call_id=self.call.id,
                stage_id=self.stage.id,
                sheet_id=sheet,
                organization_id=body,
                number=f"{self.call.prefix}-{m:05d}",
                title=title,
                language=language,
                country=country,
                requested=Decimal(rng.randrange(10, 50)) * 1000,
                currency="USD",
                state=ProposalState.SUBMITTED,
                created_at=sent,
                changed_at=sent,
                submitted_at=sent,
            )
        )
        rows[TeamMember].append(
            dict(id=_id(rng), proposal_id=proposal, person_id=person, role=TeamRole.LEAD, joined_at=sent)
        )
        self._sight(rows, person, proposal, int(TEAM_FACETS), TEAM)
        return proposal

    def _sight(
        self, rows: dict[Any, list[dict[str, Any]]], person: UUID, proposal: UUID, facets: int, why: str
    ) -> None:
        rows[Sight].append(
            dict(
                id=_id(self.rng),
                person_id=person,
                proposal_id=proposal,
                facets=facets,
                is_denied=False,
                because=why,
                made_at=self.moment,
            )
        )

    def _assignment(self, rows: dict[Any, list[dict[str, Any]]], proposal: UUID, reviewer: UUID) -> UUID:
        assignment = _id(self.rng)
        rows[Assignment].append(
            dict(
                id=assignment,
                proposal_id=proposal,
                person_id=reviewer,
                panel_id=self.panel.id,
                stage_id=self.stage.id,
                assigned_at=self.moment - timedelta(days=10),
                removed_because="",
            )
        )
        self._sight(rows, reviewer, proposal, int(reading_facets(self.stage)), because(self.panel.id))
        return assignment

    def _review(self, rows: dict[Any, list[dict[str, Any]]], proposal: UUID, reviewer: UUID) -> None:
        assignment = self._assignment(rows, proposal, reviewer)
        scores = {code: Decimal(self.rng.randrange(1, 6)) for code, _weight in CRITERIA}
        sent = self.moment - timedelta(days=3)
        rows[Review].append(
            dict(
                id=assignment,
                assignment_id=assignment,
                proposal_id=proposal,
                person_id=reviewer,
                stage_id=self.stage.id,
                rubric_version_id=self.rubric_id,
                state=ReviewState.SUBMITTED,
                language="en",
                confidence="high",
                overall=overall_score(self.rubric, scores).value,
                version=2,
                started_at=sent,
                saved_at=sent,
                submitted_at=sent,
            )
        )
        for code, value in scores.items():
            rows[Score].append(
                dict(
                    id=_id(self.rng),
                    review_id=assignment,
                    criterion=code,
                    value=value,
                    is_not_applicable=False,
                    version=1,
                    saved_at=sent,
                )
            )
        rows[Remark].append(
            dict(
                id=_id(self.rng),
                review_id=assignment,
                reader=RemarkReader.APPLICANT,
                text=_text(self.rng, 50),
                version=1,
                saved_at=sent,
            )
        )


def _form(answers: int) -> dict[str, Any]:
    questions: list[dict[str, Any]] = [
        {"code": "title", "section": "idea", "kind": "short-text", "required": True, "label": {"en": "Title"}}
    ]
    for q in range(1, answers):
        questions.append(
            {
                "code": f"question-{q}",
                "section": "idea" if q < 5 else "plan",
                "kind": "long-text",
                "required": True,
                "max_words": 300,
                "label": {"en": f"Question {q}"},
                "help": {"en": _text(random.Random(q), 12)},  # noqa: S311 - a load, not a secret
            }
        )
    sections = [{"code": "idea", "label": {"en": "The idea"}}, {"code": "plan", "label": {"en": "The plan"}}]
    return {"sections": sections, "questions": questions}


def _rubric() -> dict[str, Any]:
    return {
        "scale": {"min": "1", "max": "5", "step": "1"},
        "criteria": [
            {"code": code, "weight": str(weight), "label": {"en": code.capitalize()}}
            for code, weight in CRITERIA
        ],
        "tie_break": ["relevance"],
    }
