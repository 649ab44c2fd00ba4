"""The main job from the open call to the signed notices, step by step, each with the verb that people use.

The clock is set to the days of the real call, all moved by the same number of whole weeks, so that the edition
that is told ended a few days ago and a new edition is open now.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.passwords import hashed
from challenge.accounts.queries import viewer_for
from challenge.accounts.viewer import Viewer, for_command
from challenge.announcements import actions as announcements
from challenge.assignments import actions as assignments
from challenge.calls import actions as calls
from challenge.calls.models import Call
from challenge.calls.queries import Opening, opening_of
from challenge.decisions import actions as decisions
from challenge.decisions.models import Outcome
from challenge.demo import papers, reading
from challenge.eligibility import actions as eligibility
from challenge.eligibility import queries as eligibility_queries
from challenge.eligibility.models import RulingResult
from challenge.exchange.call_files import importing
from challenge.files import actions as files
from challenge.forms import queries as forms
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.notices import actions as notices
from challenge.panels import actions as panels
from challenge.panels.models import Panel, SeatKind
from challenge.proposals import actions as proposals
from challenge.proposals.models import Proposal
from challenge.reviews import actions as reviews
from challenge.reviews import queries as review_queries
from challenge.reviews.models import RemarkReader
from challenge.rubrics import queries as rubrics
from challenge.scoring import actions as scoring
from challenge.worker import run_all

SLUG = "ilo-just-energy-transition"
NEXT_SLUG = "ilo-just-energy-transition-next"
PASSWORD = "a walk along the lake"  # noqa: S105 - printed on purpose: the demonstration's people share it
Say = Callable[[str], None]


@dataclass
class Told:
    """What the demonstration made, for the summary at the end."""

    people: dict[str, Person] = field(default_factory=dict)
    proposals: dict[str, UUID] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    call_id: UUID | None = None
    released_at: datetime | None = None
    lines: list[str] = field(default_factory=list)


MET = "Every condition of the call is met; read with the papers."


class Teller:
    def __init__(self, database: Database, say: Say, today: date) -> None:
        self.database, self.say, self.told = database, say, Told()
        notices_on = date(2022, 7, 12)
        weeks = ((today - timedelta(days=3)) - notices_on).days // 7
        self.by = timedelta(weeks=weeks)

    def at(self, text: str) -> AbstractContextManager[None]:
        """The clock at a moment of the story (an ISO moment, or a day at ten in the morning)."""
        if len(text) == 10:
            text += "T10:00:00+02:00"
        return clock.stopped(reading.moved(text, self.by))

    async def viewer(self, db: Db, name: str) -> Viewer:
        return await viewer_for(db, self.told.people[name].id, "demo")

    async def opening(self, db: Db) -> Opening:
        if self.told.call_id is None:
            raise RuntimeError("the call is not imported yet")
        return await opening_of(db, self.told.call_id)

    async def proposal(self, db: Db, code: str) -> Proposal:
        return (await db.exec(select(Proposal).where(Proposal.id == self.told.proposals[code]))).one()

    async def tell(self) -> Told:
        """Everything, in order. Every step commits for itself."""
        await self.open_calls()
        await self.make_people()
        await self.send_proposals()
        await self.make_panel()
        await self.rule_before_reviews()
        await self.assign_reviews()
        await self.write_reviews()
        await self.rule_and_rank()
        await self.decide()
        await self.sign()
        await self.release()
        await self.publish_stories()
        return self.told

    # ---------- the steps ----------

    async def open_calls(self) -> None:
        library = importing.library()
        with self.at("2021-11-22"):
            async with self.database.writing() as db:
                file = importing.shifted(library[SLUG], self.by)
                call = await importing.import_call(db, file, by=for_command("demo"))
                self.told.call_id = call.id
                await db.commit()
        with self.at("2021-12-06T09:00:00+01:00"):
            await self._publish(call)
        moment = clock.now()
        for file in library.values():
            closing = timedelta(days=24 + 7 * len(file.id) % 30)
            gap = moment + closing - importing.first_closing(file)
            slug = NEXT_SLUG if file.id == SLUG else ""
            async with self.database.writing() as db:
                opened = await importing.import_call(
                    db, importing.shifted(file, gap), slug=slug, by=for_command("demo")
                )
                await db.commit()
            await self._publish(opened)
        self.say(f"opened {len(library) + 1} calls, one of them an earlier edition that is told to its end")

    async def _publish(self, call: Call) -> None:
        async with self.database.writing() as db:
            await calls.publish(
                db,
                await opening_of(db, call.id),
                forms=await forms.codes_of(db, call.id),
                rubrics=await rubrics.codes_of(db, call.id),
                by=for_command("demo"),
            )
            await db.commit()

    async def make_people(self) -> None:
        with self.at("2021-12-01"):
            async with self.database.writing() as db:
                system = for_command("demo")
                staff = (
                    ("manager", "Ines Duarte", RoleName.MANAGER),
                    ("signer", "Kwame Mensah", RoleName.MANAGER),
                    ("observer", "Hanne Lindqvist", RoleName.OBSERVER),
                    ("auditor", "Tomás Herrera", RoleName.AUDITOR),
                )
                for key, name, role in staff:
                    person = await self._person(db, key, name, f"{key}@example.org", "en", "Europe/Zurich")
                    await accounts.grant(db, person.id, role, Scope.CALL, self.told.call_id, by=system)
                    if key in ("manager", "signer"):
                        for call in (await db.exec(select(Call))).all():
                            await accounts.grant(db, person.id, role, Scope.CALL, call.id, by=system)
                admin = await self._person(
                    db, "administrator", "Sam Okoro", "administrator@example.org", "en", "Europe/Zurich"
                )
                await accounts.grant(db, admin.id, RoleName.ADMINISTRATOR, Scope.SITE, by=system)
                for code, given in reading.proposals().items():
                    lead = given["lead"]
                    await self._person(
                        db, code, lead["name"] or lead["role"], lead["email"], given["language"], "UTC"
                    )
                for given in reading.read("reviewers.yaml")["reviewers"]:
                    await self._person(
                        db, given["id"], given["name"], given["email"], given["writes_in"], "UTC"
                    )
                await db.commit()
        self.told.counts["people"] = len(self.told.people)

    async def _person(self, db: Db, key: str, name: str, email: str, language: str, zone: str) -> Person:
        person = await accounts.add_person(
            db,
            name=name,
            email=email,
            language=language,
            zone=zone,
            is_confirmed=True,
            by=for_command("demo"),
        )
        person.password_hash = await self._password_hash()
        db.add(person)
        self.told.people[key] = person
        return person

    async def _password_hash(self) -> str:
        if not hasattr(self, "_hash"):
            self._hash = await hashed(PASSWORD)
        return self._hash

    async def send_proposals(self) -> None:
        attachments = 0
        for code, given in reading.proposals().items():
            submitted = reading.moment(given["submitted_at"])
            with self.at((submitted - timedelta(days=9)).isoformat()):
                attachments += await self._write(code, given)
            with self.at(given["submitted_at"]):
                async with self.database.writing() as db:
                    opening = await self.opening(db)
                    by = await self.viewer(db, code)
                    await proposals.submit(
                        db, await self.proposal(db, code), opening=opening, stage=opening.stages[0], by=by
                    )
                    await db.commit()
                await run_all(self.database)
            self.say(
                f"{self.told.numbers[code]} submitted ({given['language']}): {given['answers']['title'][:60]}"
            )
        self.told.counts |= {"proposals": len(self.told.proposals), "attachments": attachments}

    async def _write(self, code: str, given: Mapping[str, Any]) -> int:
        async with self.database.writing() as db:
            opening = await self.opening(db)
            stage = opening.stages[0]
            by = await self.viewer(db, code)
            proposal = await proposals.start(db, opening, stage, language=given["language"], by=by)
            body = given["organization"]
            await proposals.set_organization(
                db,
                proposal,
                name=body["name"],
                organization_type=body["organization_type"],
                country=body["country"],
                founded_on=self._founded(body["founded_on"]),
                is_invented=True,
                by=by,
            )
            await proposals.save_answers(
                db, proposal, reading.answers_of(given), {}, opening=opening, stage=stage, by=by
            )
            self.told.proposals[code], self.told.numbers[code] = proposal.id, proposal.number
            count = 0
            for name, content in self._papers(given, proposal.number):
                document = await files.receive(
                    db, owner_id=by.person_id, name=name, content=content, by=by, chain=proposal.call_id
                )
                await proposals.attach(db, proposal, "documents", document, by=by)
                count += 1
            await db.commit()
            return count

    def _founded(self, text: str) -> date:
        """Founded as long before the closing as in the files."""
        return date.fromisoformat(text) + self.by

    def _papers(self, given: Mapping[str, Any], number: str) -> list[tuple[str, bytes]]:
        made = [(f"budget-{given['id'].lower()}.xlsx", papers.budget(given))]
        if given["id"] in ("P01", "P02", "P04", "P07"):
            made.append((f"place-{given['id'].lower()}.png", papers.picture(given)))
        supporting = [partner for partner in given["partners"] if partner.get("letter_of_support")]
        for n, partner in enumerate(supporting[:2], start=1):
            made.append((f"letter-of-support-{n}.pdf", papers.letter(given, partner, number, clock.now())))
        return made

    async def make_panel(self) -> None:
        chair = reading.read("decisions.yaml")["panel_meeting"]["chair"]
        with self.at("2022-03-08"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                manager = await self.viewer(db, "manager")
                panel = await panels.make_panel(
                    db, opening, opening.stages[0].id, "International panel", by=manager
                )
                seats = {}
                for given in reading.read("reviewers.yaml")["reviewers"]:
                    kind = SeatKind.CHAIR if given["id"] == chair else SeatKind.REVIEWER
                    seats[given["id"]] = await panels.invite(
                        db,
                        opening,
                        panel,
                        self.told.people[given["id"]],
                        kind=kind,
                        max_load=given["load"]["maximum"],
                        by=manager,
                    )
                await db.commit()
                self.panel_id = panel.id
            await run_all(self.database)
        with self.at("2022-03-21"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                for given in reading.read("reviewers.yaml")["reviewers"]:
                    by = await self.viewer(db, given["id"])
                    await panels.accept(db, opening, await db.merge(seats[given["id"]]), by=by)
                    knows = given["expertise"]
                    await panels.declare_expertise(
                        db,
                        self.told.people[given["id"]].id,
                        languages=[spoken["code"] for spoken in given["languages"]],
                        policy_areas=knows["policy_areas"],
                        themes=knows["themes"],
                        sdgs=knows["sdgs"],
                        keywords=knows["keywords"],
                        country=given["country"],
                        organization_type=given["constituency"],
                        affiliation=given["title"],
                        by=by,
                    )
                    for conflict in given["conflicts"]:
                        await panels.declare_conflict(
                            db,
                            self.told.people[given["id"]].id,
                            await self.proposal(db, conflict["proposal"]),
                            kind=conflict["kind"],
                            reason=conflict["text"],
                            by=by,
                        )
                await db.commit()
        self.told.counts["reviewers"] = len(seats)

    async def rule_before_reviews(self) -> None:
        await self._rule("2022-03-18")
        ruled = {given["proposal"] for given in reading.read("decisions.yaml")["rulings"]}
        with self.at("2022-03-18"):
            async with self.database.writing() as db:
                manager = await self.viewer(db, "manager")
                for code in sorted(self.told.proposals.keys() - ruled):
                    proposal = await self.proposal(db, code)
                    await eligibility.rule(db, proposal, RulingResult.ELIGIBLE, note=MET, by=manager)
                await db.commit()

    async def _rule(self, day: str) -> None:
        decided = reading.read("decisions.yaml")
        broken = {finding["proposal"]: finding["check"] for finding in decided["findings"]}
        for given in decided["rulings"]:
            if given["ruled_on"] != day:
                continue
            with self.at(day):
                async with self.database.writing() as db:
                    await eligibility.rule(
                        db,
                        await self.proposal(db, given["proposal"]),
                        RulingResult(given["result"]),
                        note=given["note"].strip(),
                        check=broken.get(given["proposal"], ""),
                        by=await self.viewer(db, "manager"),
                    )
                    await db.commit()

    async def assign_reviews(self) -> None:
        with self.at("2022-03-25"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                manager = await self.viewer(db, "manager")
                panel = (await db.exec(select(Panel).where(Panel.id == self.panel_id))).one()
                self.assigned: dict[str, UUID] = {}
                every = []
                for given in reading.read("reviews.yaml")["reviews"]:
                    made = await assignments.assign(
                        db,
                        await self.proposal(db, given["proposal"]),
                        self.told.people[given["reviewer"]],
                        panel,
                        opening.stages[0],
                        by=manager,
                    )
                    self.assigned[given["id"]] = made.id
                    every.append(made)
                await assignments.tell(db, opening.call, every)
                for seat_holder in {reading.read("decisions.yaml")["panel_meeting"]["chair"]}:
                    await assignments.show_panel_to_chair(db, panel, self.told.people[seat_holder].id)
                await db.commit()
        self.told.counts["assignments"] = len(self.assigned)

    async def write_reviews(self) -> None:
        given_reviews = reading.read("reviews.yaml")["reviews"]
        for given in sorted(given_reviews, key=lambda one: reading.moment(one["submitted_at"])):
            with self.at(given["submitted_at"]):
                async with self.database.writing() as db:
                    by = await self.viewer(db, given["reviewer"])
                    sheet = await review_queries.the_sheet(db, by, self.assigned[given["id"]])
                    await reviews.save(
                        db,
                        sheet,
                        scores={code: Decimal(str(score)) for code, score in given["scores"].items()},
                        remarks={RemarkReader.APPLICANT: given["remark"].strip()},
                        confidence=given["confidence"],
                        known={},
                        by=by,
                    )
                    sheet = await review_queries.the_sheet(db, by, self.assigned[given["id"]])
                    await reviews.submit(db, sheet, by=by)
                    await db.commit()
        self.told.counts["reviews"] = len(given_reviews)
        self.say(f"{len(given_reviews)} reviews submitted")

    async def rule_and_rank(self) -> None:
        await self._rule("2022-06-02")
        with self.at("2022-06-09T15:30:00+02:00"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                manager = await self.viewer(db, "manager")
                excluded = await eligibility_queries.excluded(db, manager, opening.call.id)
                ranking = await scoring.freeze(
                    db, opening.stages[0], excluded=excluded, note="Panel meeting", by=manager
                )
                await db.commit()
        self.say(f"ranking frozen, {ranking.digest[:12]}")

    async def decide(self) -> None:
        given = reading.read("decisions.yaml")
        feedback = {one["proposal"]: one for one in given["feedback"]}
        with self.at("2022-06-10"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                manager = await self.viewer(db, "manager")
                for one in given["decisions"]:
                    words = feedback.get(one["proposal"], {})
                    award = one.get("award", {})
                    await decisions.decide(
                        db,
                        opening.stages[0],
                        await self.proposal(db, one["proposal"]),
                        Outcome(one["outcome"]),
                        reason=one["reason"],
                        place=one.get("rank"),
                        reserve_place=one.get("reserve_rank"),
                        feedback=words.get("text", "").strip(),
                        feedback_language=words.get("language", ""),
                        types=award.get("types", ()),
                        amount=Decimal(str(award["amount"])) if award else None,
                        currency=award.get("currency", ""),
                        by=manager,
                    )
                await db.commit()
        self.told.counts["decisions"] = len(given["decisions"])

    async def sign(self) -> None:
        with self.at("2022-07-05"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                signature = await decisions.sign(db, opening.stages[0], by=await self.viewer(db, "signer"))
                await db.commit()
        self.say(f"decisions signed by a second person, {signature.digest[:12]}")

    async def release(self) -> None:
        with self.at("2022-07-12T09:00:00+02:00"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                made = await notices.release(
                    db, opening, opening.stages[0], by=await self.viewer(db, "signer")
                )
                self.told.released_at = made.released_at
                await db.commit()
            self.say("released; the notices are made, signed and sent")
            await run_all(self.database)

    async def publish_stories(self) -> None:
        """The results page, and the story of an earlier edition, which keeps its real date."""
        told = reading.read("story.yaml")
        with self.at("2022-07-12T10:00:00+02:00"):
            async with self.database.writing() as db:
                opening = await self.opening(db)
                manager = await self.viewer(db, "manager")
                await announcements.publish(
                    db,
                    opening.call,
                    opening.stages[0],
                    reading.read("results.yaml")["introduction"],
                    by=manager,
                )
                await announcements.write_story(
                    db,
                    told["id"].removeprefix("story-"),
                    title=told["title"],
                    body=told["body"],
                    call=opening.call,
                    edition="2022",
                    picture_alt=told["picture"]["alt"],
                    published_at=reading.moment(f"{told['publish_on']}T10:00:00+02:00"),
                    by=manager,
                )
                await db.commit()
            await run_all(self.database)
        self.say("results published, with the story of an earlier edition")
