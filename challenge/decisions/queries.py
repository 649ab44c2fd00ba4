from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Organization, Person
from challenge.accounts.viewer import Viewer
from challenge.decisions import rules
from challenge.decisions.models import Award, Decision, Outcome, Release, SignOff
from challenge.foundation import clock
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.text import canonical_digest
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.queries import seen_by, seen_from_outside, sees_from_outside
from challenge.scoring import queries as scoring
from challenge.scoring.models import Ranking


@dataclass(frozen=True, slots=True)
class Decided:
    """One proposal of a stage with its decision, if there is one, as staff see it."""

    proposal_id: UUID
    number: str
    title: str
    organization: str
    country: str
    language: str
    requested: Decimal | None
    outcome: Outcome | None
    place: int | None
    reserve_place: int | None
    reason: str | None
    feedback: str | None
    types: list[str] | None
    amount: Decimal | None
    currency: str | None
    decided_at: datetime | None
    decided_by: str | None


async def decided(db: Db, viewer: Viewer, stage_id: UUID) -> list[Decided]:
    """All submitted proposals of a stage whose decision the viewer sees, awards first."""
    statement = (
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), func.coalesce(Organization.name, ""),
            col(Proposal.country), col(Proposal.language), col(Proposal.requested), col(Decision.outcome),
            col(Decision.place), col(Decision.reserve_place), col(Decision.reason), col(Decision.feedback),
            col(Award.types), col(Award.amount), col(Award.currency), col(Decision.decided_at), col(Person.name),
        )
        .outerjoin(Organization, col(Organization.id) == Proposal.organization_id)
        .outerjoin(
            Decision, sa.and_(col(Decision.proposal_id) == Proposal.id, col(Decision.stage_id) == stage_id)
        )
        .outerjoin(Award, col(Award.decision_id) == Decision.id)
        .outerjoin(Person, col(Person.id) == Decision.decided_by_id)
        .where(
            col(Proposal.stage_id) == stage_id,
            col(Proposal.state) == ProposalState.SUBMITTED,
            sees_from_outside(viewer, Facet.DECISION),
        )
        .order_by(sa.nulls_last(col(Decision.place)), sa.nulls_last(col(Decision.reserve_place)), col(Proposal.number))
    )  # fmt: skip
    return [Decided(*row) for row in await rows(db, statement)]


async def release_of(db: Db, stage_id: UUID) -> Release | None:
    return (await db.exec(select(Release).where(Release.stage_id == stage_id))).first()


async def sign_off_of(db: Db, stage_id: UUID) -> SignOff | None:
    found = await db.exec(
        select(SignOff)
        .where(SignOff.stage_id == stage_id, col(SignOff.voided_at).is_(None))
        .order_by(col(SignOff.signed_at).desc())
    )
    return found.first()


async def all_decisions(db: Db, stage_id: UUID) -> list[tuple[Decision, Award | None, str]]:
    """Every decision of a stage with its award and proposal number: for signatures and notices, never for pages."""
    found = await db.exec(
        select(Decision, Award, Proposal.number)
        .join(Proposal, col(Proposal.id) == Decision.proposal_id)
        .outerjoin(Award, col(Award.decision_id) == Decision.id)
        .where(Decision.stage_id == stage_id)
    )
    return [(decision, award, number) for decision, award, number in found.all()]


async def decisions_digest(db: Db, stage_id: UUID) -> str:
    return canonical_digest(rules.record_of(await all_decisions(db, stage_id)))


async def undecided_count(db: Db, stage_id: UUID) -> int:
    found = await db.exec(
        select(func.count())
        .select_from(Proposal)
        .outerjoin(
            Decision, sa.and_(col(Decision.proposal_id) == Proposal.id, col(Decision.stage_id) == stage_id)
        )
        .where(
            Proposal.stage_id == stage_id,
            Proposal.state == ProposalState.SUBMITTED,
            col(Decision.id).is_(None),
        )
    )
    return int(found.one())


async def hidden_count(db: Db, viewer: Viewer, stage_id: UUID) -> int:
    """How many submitted proposals of the stage have a decision that this person must not see."""
    found = await db.exec(
        select(func.count())
        .select_from(Proposal)
        .where(
            Proposal.stage_id == stage_id,
            Proposal.state == ProposalState.SUBMITTED,
            col(Proposal.id).not_in(seen_from_outside(viewer, Facet.DECISION)),
        )
    )
    return int(found.one())


async def the_decidable(db: Db, viewer: Viewer, stage_id: UUID, proposal_id: UUID) -> Proposal:
    """A submitted proposal of the stage about which the viewer may handle the decision, or 404."""
    found = await db.exec(
        select(Proposal).where(
            Proposal.id == proposal_id,
            Proposal.stage_id == stage_id,
            Proposal.state == ProposalState.SUBMITTED,
            sees_from_outside(viewer, Facet.DECISION),
        )
    )
    proposal = found.first()
    if proposal is None:
        raise NotFound
    return proposal


@dataclass(frozen=True, slots=True)
class Announced:
    """A decision as the team of the proposal may read it, from the moment of release."""

    outcome: Outcome
    reserve_place: int | None
    feedback: str
    feedback_language: str
    types: list[str]
    amount: Decimal | None
    currency: str
    released_at: datetime


async def announced_decision(db: Db, viewer: Viewer, proposal_id: UUID) -> Announced | None:
    """The released decision on a proposal that the viewer may see; nothing before the instant of release."""
    statement = (
        sa.select(
            col(Decision.outcome), col(Decision.reserve_place), col(Decision.feedback),
            col(Decision.feedback_language), col(Award.types), col(Award.amount), col(Award.currency),
            col(Release.released_at),
        )
        .join(Release, col(Release.stage_id) == Decision.stage_id)
        .outerjoin(Award, col(Award.decision_id) == Decision.id)
        .where(
            col(Decision.proposal_id) == proposal_id,
            col(Release.released_at) <= clock.now(),
            col(Decision.proposal_id).in_(seen_by(viewer, Facet.DECISION)),
        )
    )  # fmt: skip
    row = next(iter(await rows(db, statement)), None)
    if row is None:
        return None
    outcome, reserve_place, feedback, language, types, amount, currency, released_at = row
    return Announced(
        outcome, reserve_place, feedback, language, types or [], amount, currency or "", released_at
    )


@dataclass(frozen=True, slots=True)
class Winner:
    """What the public reads of an awarded proposal: facts that the applicant agreed to publish."""

    proposal_id: UUID
    number: str
    title: str
    language: str
    organization: str
    organization_type: str
    country: str
    place: int | None
    types: list[str]
    amount: Decimal | None
    currency: str
    sheet_id: UUID


async def winners(db: Db, stage_id: UUID, moment: datetime) -> list[Winner]:
    """The awarded proposals of a stage, for everybody, from the moment of release."""
    statement: Any = (
        sa.select(
            col(Proposal.id), col(Proposal.number), col(Proposal.title), col(Proposal.language),
            func.coalesce(Organization.name, ""), func.coalesce(Organization.organization_type, ""),
            func.coalesce(Organization.country, Proposal.country), col(Decision.place), col(Award.types),
            col(Award.amount), func.coalesce(Award.currency, ""), col(Proposal.sheet_id),
        )
        .join(Decision, col(Decision.proposal_id) == Proposal.id)
        .join(Award, col(Award.decision_id) == Decision.id)
        .join(Release, col(Release.stage_id) == Decision.stage_id)
        .outerjoin(Organization, col(Organization.id) == Proposal.organization_id)
        .where(
            col(Decision.stage_id) == stage_id,
            col(Decision.outcome) == Outcome.AWARD,
            col(Release.released_at) <= moment,
        )
        .order_by(sa.nulls_last(col(Decision.place)), col(Proposal.number))
    )  # fmt: skip
    return [Winner(*row) for row in await rows(db, statement)]


async def decision_on(db: Db, stage_id: UUID, proposal_id: UUID) -> tuple[Decision | None, Award | None]:
    """The decision on one proposal with its award, for verbs and forms that have asked who may see it."""
    found = await db.exec(
        select(Decision, Award)
        .outerjoin(Award, col(Award.decision_id) == Decision.id)
        .where(Decision.stage_id == stage_id, Decision.proposal_id == proposal_id)
    )
    row = found.first()
    return (row[0], row[1]) if row else (None, None)


@dataclass(frozen=True, slots=True)
class Placed:
    """A proposal in the order of the frozen ranking, with its score and what is decided."""

    place: int | None
    score: Decimal | None
    standing: str
    decided: Decided
    status: str = ""
    """On the list that was drawn from the ranking; empty where none was."""


async def in_ranking_order(db: Db, viewer: Viewer, stage_id: UUID) -> tuple[Ranking | None, list[Placed]]:
    """What the viewer sees of the newest frozen ranking, best first; those that were not ranked come last.

    Places are counted anew over what is seen, so that no gap tells of a proposal that is not.
    """
    ranking = await scoring.newest_ranking(db, stage_id)
    found = {one.number: one for one in await decided(db, viewer, stage_id)}
    ordered: list[Placed] = []
    for row in ranking.record["result"]["rows"] if ranking else ():
        one = found.pop(row["key"], None)
        if one is not None:
            is_ranked = row["place"] is not None
            score = Decimal(row["score"]) if row["score"] is not None else None
            place = len(ordered) + 1 if is_ranked else None
            status = (row.get("listing") or {}).get("status", "")
            ordered.append(Placed(place, score, row["standing"], one, status))
    rest = [Placed(None, None, "excluded", one) for _number, one in sorted(found.items())]
    return ranking, ordered + rest
