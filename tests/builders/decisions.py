"""A call decided about: an award in Arabic, a reserve place in French, a refusal in English. Nothing is committed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer, for_command
from challenge.calls.models import Stage
from challenge.calls.queries import Opening, opening_of
from challenge.decisions import actions
from challenge.decisions.models import Outcome
from challenge.foundation.db import Db
from challenge.notices import actions as notices
from challenge.proposals.models import Proposal
from challenge.scoring import actions as scoring
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.calls import FORM, a_call
from tests.builders.panels import a_panel, a_reviewer
from tests.builders.people import a_manager, a_person, a_viewer
from tests.builders.reviews import a_submitted_review

FACTS: dict[str, Any] = {
    "awards": {"reserve_list": {"expires_on": "2027-12-31"}, "currency": "USD"},
    "dates": {"accept_by": "2027-04-01", "complaint_until": "2027-04-10", "panel_on": "2027-02-10"},
}
PUBLIC_FORM: dict[str, Any] = {
    **FORM,
    "questions": [{**question, "public": question["code"] == "problem"} for question in FORM["questions"]],
}
GIVEN = (
    ("ar", Outcome.AWARD, "شمس تُدار بأيدينا", "Al-Rayyan Cooperative", 5),
    ("fr", Outcome.RESERVE, "Négocier la conversion", "Fédération du Littoral", 4),
    ("en", Outcome.DECLINE, "One crew, nine islands", "Moana Energy Skills", 2),
)


@dataclass(slots=True)
class Decided:
    opening: Opening
    stage: Stage
    manager: Viewer
    signer: Viewer
    manager_person: Person
    signer_person: Person
    leads: list[Person]
    proposals: list[Proposal]

    @property
    def slug(self) -> str:
        return self.opening.call.slug


async def a_ranked_call(
    db: Db,
    slug: str = "a-call",
    *,
    facts: dict[str, Any] | None = None,
    given: Sequence[tuple[str, Outcome, str, str, int]] = GIVEN,
    **more: Any,
) -> Decided:
    """Proposals reviewed once each, three where nothing else is said, and the frozen ranking of them."""
    call, stage = await a_call(
        db, slug, form=PUBLIC_FORM, facts=FACTS if facts is None else facts, is_demonstration=True, **more
    )
    panel = await a_panel(db, call, stage)
    reviewer = await a_reviewer(db, panel, "Reviewer Hidden")
    leads, sent = [], []
    for n, (language, _outcome, title, organization, score) in enumerate(given):
        lead = await a_person(
            db, f"Lead {language}", email=f"{slug}-{language}{n}@example.org", language=language
        )
        proposal = await a_sent_proposal(
            db, call, stage, title=title, language=language, lead=lead, organization=organization
        )
        assignment = await an_assignment(db, proposal, reviewer, panel, stage)
        await a_submitted_review(db, assignment, reviewer, score, score, f"A remark to {language}.")
        leads.append(lead)
        sent.append(proposal)
    manager, signer = await a_manager(db, call.id), await a_manager(db, call.id)
    await scoring.freeze(db, stage, by=for_command())
    await db.flush()
    stage = (await db.exec(select(Stage).where(Stage.id == stage.id))).one()
    return Decided(
        await opening_of(db, call.id), stage, await a_viewer(db, manager), await a_viewer(db, signer),
        manager, signer, leads, sent,
    )  # fmt: skip


async def a_decided_call(db: Db, slug: str = "a-call", **more: Any) -> Decided:
    made = await a_ranked_call(db, slug, **more)
    told = more.get("given", GIVEN)
    for place, (proposal, given) in enumerate(zip(made.proposals, told, strict=True), 1):
        outcome = given[1]
        is_award = outcome == Outcome.AWARD
        await actions.decide(
            db, made.stage, proposal, outcome, reason=f"Reason of {given[0]}", place=place if is_award else None,
            reserve_place=1, feedback="" if is_award else f"Feedback to {given[0]}",
            types=["technical-support"] if is_award else [], amount=Decimal(46000) if is_award else None,
            currency="USD" if is_award else "", by=made.manager,
        )  # fmt: skip
    return made


async def a_signed_call(db: Db, slug: str = "a-call", **more: Any) -> Decided:
    made = await a_decided_call(db, slug, **more)
    await actions.sign(db, made.stage, by=made.signer)
    return made


async def a_released_call(db: Db, at: datetime, slug: str = "a-call", **more: Any) -> Decided:
    """Released for that moment; the notices are issued by whoever runs the jobs."""
    made = await a_signed_call(db, slug, **more)
    await notices.release(db, made.opening, made.stage, at=at, by=made.signer)
    return made


SOON = timedelta(days=2)
