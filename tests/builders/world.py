"""A small world in which everything that could leak is there, each text with a mark of its own.

Two programmes, three calls (open, single blind, double blind), eight proposals of four teams, reviewers, a chair and
a manager who each stand aside from one proposal, watchers, a stranger. `World.marks` says what each mark is; who may
meet it is not said here.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts.models import Link, Person, Role, RoleName, Scope
from challenge.accounts.permissions import Can
from challenge.accounts.queries import viewer_for
from challenge.accounts.viewer import Viewer, for_command
from challenge.announcements.models import Story
from challenge.assignments import actions as assignments
from challenge.assignments.models import Assignment
from challenge.audit.models import Entry
from challenge.calls.models import Blindness, Call, Stage
from challenge.calls.queries import Opening, opening_of
from challenge.decisions import actions as decisions
from challenge.decisions.models import Decision, Outcome, Release, SignOff
from challenge.eligibility import actions as eligibility
from challenge.eligibility.models import Ruling, RulingResult
from challenge.files import actions as files
from challenge.files.models import Document
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.mail.models import Message
from challenge.notices import actions as notices
from challenge.notices.models import Notice
from challenge.panels import actions as panels
from challenge.panels.models import Panel, Seat, SeatKind
from challenge.proposals import actions as proposals
from challenge.proposals.models import Attachment, Proposal, Revision, TeamRole
from challenge.reviews import actions as reviews
from challenge.reviews import queries as review_queries
from challenge.reviews.models import RemarkReader, Review, Score
from challenge.rubrics.models import RubricVersion
from challenge.scoring import actions as scoring
from challenge.scoring.models import Ranking
from challenge.worker import run_all
from tests.builders.calls import a_call

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
EMBARGO = NOW + timedelta(days=5)
MADE_UP = UUID("00000000-0000-4000-8000-00000000abcd")

FORM: dict[str, Any] = {
    "sections": [{"code": "idea", "label": {"en": "Your idea"}}],
    "questions": [
        {"code": "title", "section": "idea", "kind": "short-text", "required": True, "public": True,
         "label": {"en": "Title"}},
        {"code": "problem", "section": "idea", "kind": "long-text", "label": {"en": "What is the problem?"}},
        {"code": "contact", "section": "idea", "kind": "text", "personal": True, "label": {"en": "Whom to call?"}},
        {"code": "account", "section": "idea", "kind": "text", "seen_by": "staff", "label": {"en": "Which bank?"}},
        {"code": "notes", "section": "idea", "kind": "text", "seen_by": "team", "label": {"en": "Notes"}},
        {"code": "papers", "section": "idea", "kind": "file", "types": ["pdf"], "label": {"en": "Papers"}},
    ],
}  # fmt: skip
RUBRIC: dict[str, Any] = {
    "scale": {"min": 0, "max": 100, "step": 0.01},
    "criteria": [
        {"code": "relevance", "weight": 60, "label": {"en": "Relevance"}},
        {"code": "feasibility", "weight": 40, "label": {"en": "Feasibility"}},
    ],
    "tie_break": ["relevance"],
}
FACTS: dict[str, Any] = {
    "awards": {"reserve_list": {"expires_on": "2027-12-31"}},
    "dates": {"accept_by": "2027-04-01", "complaint_until": "2027-04-10", "panel_on": "2027-02-10"},
}
ANSWERED = ("title", "problem", "contact", "account", "notes")


@dataclass(frozen=True, slots=True)
class ProposalPlan:
    key: str
    call: str
    lead: str
    members: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    writing: tuple[str, ...] = ()
    outcome: Outcome | None = None


PLANS = (
    ProposalPlan("O1", "open", "ana"),
    ProposalPlan("O2", "open", "carl", reviewers=("rev2",), writing=("rev4",)),
    ProposalPlan("O3", "open", "dora", reviewers=("rev4",), writing=("rev2",)),
    ProposalPlan("S1", "single", "ana", ("anton",), ("rev1", "rev2"), outcome=Outcome.AWARD),
    ProposalPlan("S2", "single", "bea", (), ("rev1", "rev3"), outcome=Outcome.DECLINE),
    ProposalPlan("S3", "single", "carl", (), ("rev2", "rev3"), outcome=Outcome.RESERVE),
    ProposalPlan("D1", "double", "bea", ("anton",), ("rev1", "rev4"), outcome=Outcome.AWARD),
    ProposalPlan("D2", "double", "dora", (), ("rev3", "rev4"), outcome=Outcome.DECLINE),
)
PLAN = {plan.key: plan for plan in PLANS}
APPLICANTS = ("ana", "anton", "bea", "carl", "dora")
REVIEWERS = ("rev1", "rev2", "rev3", "rev4", "chair")
STAFF = ("manager", "signer", "other_manager", "observer", "auditor", "administrator")
PEOPLE = (*APPLICANTS, *REVIEWERS, "declined", *STAFF, "stranger")
SEATS = {
    "open": ("rev2", "rev4"),
    "single": ("rev1", "rev2", "rev3", "chair"),
    "double": ("rev1", "rev3", "rev4", "chair"),
}
CONFLICTS = {"manager": "S2", "chair": "S3"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What one mark stands for: the kind of text, and the proposal, person, or "proposal:person" it belongs to."""

    kind: str
    of: str


@dataclass
class World:
    database: Database
    marks: dict[str, Mark] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)
    calls: dict[str, UUID] = field(default_factory=dict)
    stages: dict[str, UUID] = field(default_factory=dict)
    panels: dict[str, UUID] = field(default_factory=dict)
    proposals: dict[str, UUID] = field(default_factory=dict)
    assignments: dict[str, UUID] = field(default_factory=dict)
    seats: dict[str, UUID] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    more: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)

    def mark(self, kind: str, of: str) -> str:
        """Ten letters drawn from what it stands for, so that one more mark never changes the others."""
        drawn = random.Random(f"{kind}/{of}").choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=10)  # noqa: S311
        text = "ZQ" + "".join(drawn)
        self.marks[text] = Mark(kind, of)
        return text

    def number(self, kind: str, of: str, low: int = 11, high: int = 99) -> Decimal:
        """An odd number that stands for itself wherever it is printed with its decimals."""
        drawn = random.Random(f"{kind}/{of}")  # noqa: S311
        value = Decimal(
            f"{drawn.randint(low, high)}.{drawn.choice((13, 17, 19, 31, 37, 41, 53, 67, 79, 83, 97))}"
        )
        self.marks[str(value)] = Mark(kind, of)
        return value

    async def viewer(self, db: Db, name: str) -> Viewer:
        return await viewer_for(db, self.people[name], "web")

    async def opening(self, db: Db, call: str) -> Opening:
        return await opening_of(db, self.calls[call])

    async def proposal(self, db: Db, key: str) -> Proposal:
        return (await db.exec(select(Proposal).where(Proposal.id == self.proposals[key]))).one()


def a_pdf(text: str, author: str) -> bytes:
    """One page that says `text`; its author stands in the document's properties."""
    said = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(said), said),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Author (%s) >>" % author.encode(),
    )
    made, places = b"%PDF-1.4\n", []
    for n, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (n, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(parts) + 1, table, len(parts) + 1, len(made))
    )


async def a_world(database: Database) -> World:
    """Build it, through the verbs that people use. Afterwards the clock should stand at NOW."""
    world = World(database)
    for days, step in (
        (60, _calls),
        (50, _people),
        (40, _proposals),
        (29, _panels),
        (25, _assignments),
        (20, _reviews),
        (15, _rulings_and_rankings),
        (12, _decisions),
        (10, _releases),
        (8, _stories),
    ):
        with clock.stopped(NOW - timedelta(days=days)):
            async with database.writing() as db:
                await step(world, db)
                await db.commit()
    with clock.stopped(NOW - timedelta(days=9)):
        await run_all(database)
    with clock.stopped(NOW):
        async with database.writing() as db:
            await _ways_in(world, db)
            await _remember_ids(world, db)
            await db.commit()
    return world


async def _calls(world: World, db: Db) -> None:
    for slug, blindness in (
        ("open", Blindness.OPEN),
        ("single", Blindness.SINGLE),
        ("double", Blindness.DOUBLE),
    ):
        closes = timedelta(days=100 if slug == "open" else 30)
        call, stage = await a_call(db, slug, closes_in=closes, form=FORM, rubric=RUBRIC)
        stage.blindness, call.prefix = blindness, {"open": "OP", "single": "SI", "double": "DO"}[slug]
        call.facts = FACTS
        world.calls[slug], world.stages[slug] = call.id, stage.id
        db.add(call)
        db.add(stage)
    one, other = [(await opening_of(db, world.calls[slug])).call for slug in ("open", "single")]
    one.programme_id = other.programme_id  # two programmes: one holds two calls
    db.add(one)


async def _people(world: World, db: Db) -> None:
    system = for_command("tests")
    for name in PEOPLE:
        person = await accounts.add_person(
            db,
            name=f"{name.title()} {world.mark('person', name)}",
            email=f"{name}.{world.mark('address', name).lower()}@example.org",
            is_confirmed=True,
            by=system,
        )
        world.people[name] = person.id
    programme = (await world.opening(db, "single")).programme.id
    for name, role, scope, scope_id in (
        ("manager", RoleName.MANAGER, Scope.CALL, world.calls["open"]),
        ("manager", RoleName.MANAGER, Scope.CALL, world.calls["single"]),
        ("signer", RoleName.MANAGER, Scope.CALL, world.calls["single"]),
        ("signer", RoleName.MANAGER, Scope.CALL, world.calls["double"]),
        ("other_manager", RoleName.MANAGER, Scope.CALL, world.calls["double"]),
        ("observer", RoleName.OBSERVER, Scope.CALL, world.calls["single"]),
        ("auditor", RoleName.AUDITOR, Scope.PROGRAMME, programme),
        ("administrator", RoleName.ADMINISTRATOR, Scope.SITE, None),
    ):
        await accounts.grant(db, world.people[name], role, scope, scope_id, by=system)


async def _proposals(world: World, db: Db) -> None:
    for plan in PLANS:
        opening = await world.opening(db, plan.call)
        stage, by = opening.stages[0], await world.viewer(db, plan.lead)
        proposal = await proposals.start(db, opening, stage, language="en", by=by)
        world.proposals[plan.key] = proposal.id
        world.marks[proposal.number] = Mark("number", plan.key)
        await proposals.set_organization(
            db,
            proposal,
            name=f"House {world.mark('organization', plan.key)}",
            organization_type="ngo",
            country="FR",
            by=by,
        )
        answers = {code: f"About {world.mark(code, plan.key)}" for code in ANSWERED}
        await proposals.save_answers(db, proposal, answers, {}, opening=opening, stage=stage, by=by)
        document = await files.receive(
            db,
            owner_id=by.person_id,
            name=f"{world.mark('file_name', plan.key)}.pdf",
            content=a_pdf(f"Paper {world.mark('file_text', plan.key)}", world.mark("file_author", plan.key)),
            by=by,
            chain=proposal.call_id,
        )
        await proposals.attach(db, proposal, "papers", document, by=by)
        for member in plan.members:
            await proposals.join_team(db, proposal, world.people[member], TeamRole.MEMBER)
        if plan.key != "O1":
            await proposals.submit(db, proposal, opening=opening, stage=stage, by=by)


async def _panels(world: World, db: Db) -> None:
    for slug, names in SEATS.items():
        opening = await world.opening(db, slug)
        manager = await world.viewer(db, "administrator")
        panel = await panels.make_panel(db, opening, world.stages[slug], f"Panel {slug}", by=manager)
        world.panels[slug] = panel.id
        for name in (*names, *(("declined",) if slug == "single" else ())):
            person = await _person(db, world.people[name])
            kind = SeatKind.CHAIR if name == "chair" else SeatKind.REVIEWER
            seat = await panels.invite(db, opening, panel, person, kind=kind, by=manager)
            world.seats[f"{slug}:{name}"] = seat.id
            by = await world.viewer(db, name)
            if name == "declined":
                reason = f"Away {world.mark('seat_reason', 'declined')}"
                await panels.decline(db, opening, seat, reason, by=by)
            else:
                await assignments.take_seat(db, opening, panel, seat, by=by)
    for name, key in CONFLICTS.items():
        await panels.declare_conflict(
            db,
            world.people[name],
            await world.proposal(db, key),
            kind="other",
            reason=f"Old friends {world.mark('conflict_reason', f'{key}:{name}')}",
            by=await world.viewer(db, name),
        )


async def _person(db: Db, person_id: UUID) -> Person:
    return (await db.exec(select(Person).where(Person.id == person_id))).one()


async def _assignments(world: World, db: Db) -> None:
    by = await world.viewer(db, "administrator")
    for plan in PLANS:
        opening = await world.opening(db, plan.call)
        panel = (await db.exec(select(Panel).where(Panel.id == world.panels[plan.call]))).one()
        for name in (*plan.reviewers, *plan.writing):
            made = await assignments.assign(
                db,
                await world.proposal(db, plan.key),
                await _person(db, world.people[name]),
                panel,
                opening.stages[0],
                by=by,
            )
            world.assignments[f"{plan.key}:{name}"] = made.id


async def _reviews(world: World, db: Db) -> None:
    for plan in PLANS:
        for name in (*plan.reviewers, *plan.writing):
            pair = f"{plan.key}:{name}"
            is_draft = name in plan.writing
            by = await world.viewer(db, name)
            sheet = await review_queries.the_sheet(db, by, world.assignments[pair])
            draft = "draft_" if is_draft else ""
            await reviews.save(
                db,
                sheet,
                scores={
                    "relevance": world.number(f"{draft}score", f"{pair}:relevance"),
                    "feasibility": world.number(f"{draft}score", f"{pair}:feasibility"),
                },
                remarks={
                    RemarkReader.APPLICANT: f"Dear team {world.mark(f'{draft}remark', pair)}",
                    RemarkReader.PANEL: f"Among us {world.mark(f'{draft}panel_remark', pair)}",
                },
                known={},
                by=by,
            )
            if not is_draft:
                sheet = await review_queries.the_sheet(db, by, world.assignments[pair])
                review = await reviews.submit(db, sheet, by=by)
                world.marks[f"{review.overall:.4f}"] = Mark("overall", pair)


async def _rulings_and_rankings(world: World, db: Db) -> None:
    for plan in PLANS:
        if plan.outcome is not None:
            by = await world.viewer(db, "administrator")
            await eligibility.rule(
                db,
                await world.proposal(db, plan.key),
                RulingResult.ELIGIBLE,
                note=f"Looked at {world.mark('ruling', plan.key)}",
                by=by,
            )
    for slug in ("single", "double"):
        opening = await world.opening(db, slug)
        await scoring.freeze(db, opening.stages[0], note="Meeting", by=await world.viewer(db, "signer"))


async def _decisions(world: World, db: Db) -> None:
    for plan in PLANS:
        if plan.outcome is None:
            continue
        opening = await world.opening(db, plan.call)
        is_award = plan.outcome == Outcome.AWARD
        amount = world.number("amount", plan.key, 201, 999) if is_award else None
        await decisions.decide(
            db,
            opening.stages[0],
            await world.proposal(db, plan.key),
            plan.outcome,
            reason=f"Because {world.mark('reason', plan.key)}",
            place=1 if is_award else None,
            reserve_place=1,
            feedback=f"To learn {world.mark('feedback', plan.key)}",
            types=["funding"] if is_award else (),
            amount=amount,
            currency="USD" if is_award else "",
            by=await world.viewer(db, "administrator"),
        )


async def _releases(world: World, db: Db) -> None:
    for slug, at in (("single", None), ("double", EMBARGO)):
        opening = await world.opening(db, slug)
        by = await world.viewer(db, "signer")
        await decisions.sign(db, opening.stages[0], by=by)
        await notices.release(db, opening, opening.stages[0], at=at, by=by)


async def _ways_in(world: World, db: Db) -> None:
    scopes = [can.value for can in Can]
    for name, person_id in world.people.items():
        person = await _person(db, person_id)
        world.cookies[name] = await accounts.open_session(db, person, "tests")
        _token, world.tokens[name] = await accounts.make_token(
            db, person_id, name="tests", scopes=scopes, by=await world.viewer(db, name)
        )


async def _stories(world: World, db: Db) -> None:
    """One that everybody reads, one that is still being written."""
    for slug, published_at in (("a-story", NOW - timedelta(days=5)), ("a-draft-story", None)):
        text = "What came of it" if published_at else f"Not yet {world.mark('story', slug)}"
        db.add(
            Story(
                call_id=world.calls["single"],
                slug=slug,
                title={"en": text},
                body={"en": text},
                published_at=published_at,
            )
        )
    world.more["story_slug"] = ["a-story", "a-draft-story", "no-such-story"]


TABLES: tuple[Any, ...] = (
    Person, Role, Link, Call, Stage, Panel, Seat, Proposal, Attachment, Document, Revision, Assignment, Review, Score,
    Ruling, Ranking, Decision, SignOff, Release, Notice, Message, Entry, RubricVersion,
)  # fmt: skip


async def _remember_ids(world: World, db: Db) -> None:
    """The ids of every table by its name, as text: what stands in an address."""
    for table in TABLES:
        found: Iterable[UUID] = (await db.exec(select(table.id))).all()
        world.ids[table.__tablename__] = sorted(str(one) for one in found)
    for key, proposal_id in world.proposals.items():
        world.marks[str(proposal_id)] = Mark("proposal_id", key)
    for pair, assignment_id in world.assignments.items():
        world.marks[str(assignment_id)] = Mark("assignment_id", pair)
    for name, person_id in world.people.items():
        world.marks[str(person_id)] = Mark("person_id", name)
        held = await db.exec(select(Role.name).where(Role.person_id == person_id))
        world.roles[name] = {RoleName(role).value for role in held.all()}
    world.more["kind"] = ["award"]
    for notice in (await db.exec(select(Notice))).all():
        key = next(key for key, one in world.proposals.items() if one == notice.proposal_id)
        world.marks[notice.number] = Mark("notice", key)
        world.marks[notice.code] = Mark("code", key)
