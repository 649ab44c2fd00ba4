import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.accounts.models import Organization, Person
from challenge.accounts.viewer import Viewer
from challenge.assignments.models import Assignment
from challenge.calls.models import Call
from challenge.calls.queries import Opening
from challenge.decisions import queries as decisions
from challenge.decisions.models import Award, Decision, Outcome, Release, SignOff
from challenge.eligibility.models import Ruling, RulingResult
from challenge.files import queries as files
from challenge.files.models import Document
from challenge.foundation import clock
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound, Problem
from challenge.foundation.i18n import _
from challenge.mail.models import Message, MessageState
from challenge.notices import rules
from challenge.notices.models import Notice, NoticeState
from challenge.notices.rules import Addressed, Contradiction
from challenge.proposals.models import Facet, Proposal, ProposalState, TeamMember, TeamRole
from challenge.proposals.queries import own_ids, seen_by, seen_from_outside
from challenge.reviews.models import Remark, RemarkReader, Review, ReviewState
from challenge.reviews.queries import pseudonym

OUT = (NoticeState.ISSUED, NoticeState.REPLACED, NoticeState.REVOKED)


# ---------------------------------------------------------------- letters to come


async def addressed(db: Db, viewer: Viewer, stage_id: UUID, *, only: UUID | None = None) -> list[Addressed]:
    """Every decision of a stage with the lead it is addressed to, in the order of the proposals' numbers."""
    statement = (
        sa.select(
            col(Decision.id), col(Proposal.id), col(Decision.outcome), col(Decision.reason),
            col(Decision.feedback), col(Decision.reserve_place), col(Decision.decided_at), col(Award.types),
            col(Award.amount), col(Award.currency), col(Proposal.number), col(Proposal.title),
            func.coalesce(Organization.name, ""), col(Person.id), col(Person.name), col(Person.email),
            col(Person.language),
        )
        .join(Proposal, col(Proposal.id) == Decision.proposal_id)
        .outerjoin(Award, col(Award.decision_id) == Decision.id)
        .outerjoin(Organization, col(Organization.id) == Proposal.organization_id)
        .outerjoin(
            TeamMember,
            sa.and_(col(TeamMember.proposal_id) == Proposal.id, col(TeamMember.role) == TeamRole.LEAD),
        )
        .outerjoin(Person, col(Person.id) == TeamMember.person_id)
        .where(
            col(Decision.stage_id) == stage_id,
            col(Proposal.state) == ProposalState.SUBMITTED,
            col(Proposal.id).in_(seen_from_outside(viewer, Facet.DECISION)),
        )
        .order_by(col(Proposal.number), col(TeamMember.joined_at))
    )  # fmt: skip
    if only is not None:
        statement = statement.where(col(Decision.id) == only)
    broken = await _broken_rules(db, stage_id)
    found: dict[UUID, Addressed] = {}
    for row in await rows(db, statement):
        found.setdefault(row[0], Addressed(*[*row, broken.get(row[1], "")]))
    return list(found.values())


async def _broken_rules(db: Db, stage_id: UUID) -> dict[UUID, str]:
    found = await rows(
        db,
        sa.select(col(Ruling.proposal_id), col(Ruling.check))
        .join(Proposal, col(Proposal.id) == Ruling.proposal_id)
        .where(col(Proposal.stage_id) == stage_id, col(Ruling.result) == RulingResult.NOT_ELIGIBLE)
        .order_by(col(Ruling.ruled_at)),
    )
    return {proposal_id: check for proposal_id, check in found if check}


async def signed_at(db: Db, stage_id: UUID) -> datetime | None:
    """When the decisions were approved: the moment of the signature that stands."""
    signature: SignOff | None = await decisions.sign_off_of(db, stage_id)
    return signature.signed_at if signature else None


async def rehearsal(db: Db, viewer: Viewer, opening: Opening, stage_id: UUID) -> list[Contradiction]:
    """Everything that does not fit, before anything leaves: over what the viewer sees."""
    signed = await signed_at(db, stage_id)
    found = [
        contradiction
        for one in await addressed(db, viewer, stage_id)
        for contradiction in rules.contradictions_of(one, opening.call, opening.programme, signed)
    ]
    undecided = await rows(
        db,
        sa.select(col(Proposal.number), col(Proposal.id))
        .outerjoin(
            Decision, sa.and_(col(Decision.proposal_id) == Proposal.id, col(Decision.stage_id) == stage_id)
        )
        .where(
            col(Proposal.stage_id) == stage_id,
            col(Proposal.state) == ProposalState.SUBMITTED,
            col(Decision.id).is_(None),
            col(Proposal.id).in_(seen_from_outside(viewer, Facet.DECISION)),
        ),
    )
    found += [Contradiction(number, id_, _("There is no decision yet.")) for number, id_ in undecided]
    withdrawn = await rows(
        db,
        sa.select(col(Proposal.number), col(Proposal.id))
        .join(Decision, col(Decision.proposal_id) == Proposal.id)
        .where(
            col(Decision.stage_id) == stage_id,
            col(Proposal.state) != ProposalState.SUBMITTED,
            col(Proposal.id).in_(seen_from_outside(viewer, Facet.DECISION)),
        ),
    )
    found += [
        Contradiction(number, id_, _("It was withdrawn after the decision; no letter goes out."), False)
        for number, id_ in withdrawn
    ]
    return sorted(found, key=lambda one: (not one.stops, one.number))


# ---------------------------------------------------------------- notices made


@dataclass(frozen=True, slots=True)
class Listed:
    """A notice as staff see it in the list of a call."""

    id: UUID
    number: str
    kind: str
    language: str
    state: NoticeState
    proposal_id: UUID
    proposal_number: str
    title: str
    organization: str
    recipient: str
    issued_at: datetime | None
    revoked_because: str
    replaced_by: str | None
    message_id: UUID | None
    message_state: MessageState | None
    message_error: str | None
    sent_at: datetime | None


async def notices_of(db: Db, viewer: Viewer, call_id: UUID, stage_id: UUID | None = None) -> list[Listed]:
    """The notices of a call about proposals whose decision the viewer sees, in one statement."""
    newer = sa.orm.aliased(Notice)
    statement = (
        sa.select(
            col(Notice.id), col(Notice.number), col(Notice.kind), col(Notice.language), col(Notice.state),
            col(Notice.proposal_id), col(Proposal.number), col(Proposal.title),
            func.coalesce(Organization.name, ""), col(Person.name), col(Notice.issued_at),
            col(Notice.revoked_because), col(newer.number), col(Notice.message_id), col(Message.state),
            col(Message.error), col(Message.sent_at),
        )
        .join(Proposal, col(Proposal.id) == Notice.proposal_id)
        .join(Person, col(Person.id) == Notice.person_id)
        .outerjoin(Organization, col(Organization.id) == Proposal.organization_id)
        .outerjoin(Message, col(Message.id) == Notice.message_id)
        .outerjoin(newer, col(newer.id) == Notice.replaced_by_id)
        .where(col(Notice.call_id) == call_id, col(Proposal.id).in_(seen_from_outside(viewer, Facet.DECISION)))
        .order_by(col(Notice.number))
    )  # fmt: skip
    if stage_id is not None:
        statement = statement.where(col(Notice.stage_id) == stage_id)
    return [Listed(*row) for row in await rows(db, statement)]


async def the_notice(db: Db, viewer: Viewer, call_id: UUID, notice_id: UUID) -> Notice:
    """A notice of a call for its staff, or 404."""
    found = await db.exec(
        select(Notice).where(
            Notice.id == notice_id,
            Notice.call_id == call_id,
            col(Notice.proposal_id).in_(seen_from_outside(viewer, Facet.DECISION)),
        )
    )
    notice = found.first()
    if notice is None:
        raise NotFound
    return notice


async def notice_by_number(db: Db, number: str) -> Notice:
    notice = (await db.exec(select(Notice).where(Notice.number == number.strip()))).first()
    if notice is None:
        raise NotFound(_("There is no notice {number}.", number=number))
    return notice


async def current_notice(db: Db, viewer: Viewer, proposal_id: UUID) -> Notice | None:
    """The notice that stands for a proposal, for those who may see its decision, from the moment of issue."""
    found = await db.exec(
        select(Notice)
        .where(
            Notice.proposal_id == proposal_id,
            Notice.state == NoticeState.ISSUED,
            col(Notice.issued_at) <= clock.now(),
            col(Notice.proposal_id).in_(seen_by(viewer, Facet.DECISION)),
        )
        .order_by(col(Notice.issued_at).desc())
    )
    return found.first()


async def document_of(db: Db, notice: Notice) -> Document:
    document = await db.get(Document, notice.document_id) if notice.document_id else None
    if document is None:
        raise NotFound
    return document


@dataclass(frozen=True, slots=True)
class Checked:
    """What everybody may read of a notice that is out."""

    number: str
    code: str
    state: NoticeState
    organization: str
    organizer: str
    call_title: Any
    call_slug: str
    outcome: str
    sha256: str
    certificate_sha256: str
    issued_at: datetime
    revoked_at: datetime | None
    replaced_by: str | None
    replaced_by_code: str | None
    is_demonstration: bool

    @property
    def is_award(self) -> bool:
        return self.outcome == Outcome.AWARD.value


async def checked_notice(db: Db, code: str) -> Checked | None:
    """By its code, for everybody, from the moment of issue: nothing for unknown and for not yet released."""
    return next(iter(await _checked(db, col(Notice.code) == code)), None)


async def notice_with_digest(db: Db, sha256: str) -> Checked | None:
    """By the SHA-256 of the file itself, under the same rule."""
    return next(iter(await _checked(db, col(Notice.sha256) == sha256)), None)


async def _checked(db: Db, condition: Any) -> Sequence[Checked]:
    newer = sa.orm.aliased(Notice)
    statement = (
        sa.select(
            col(Notice.number), col(Notice.code), col(Notice.state), col(Notice.record), col(Call.title),
            col(Call.slug), col(Notice.sha256), col(Notice.issued_at), col(Notice.revoked_at),
            col(newer.number), col(newer.code), col(Call.is_demonstration), col(Notice.certificate_sha256),
        )
        .join(Call, col(Call.id) == Notice.call_id)
        .outerjoin(
            newer,
            sa.and_(
                col(newer.id) == Notice.replaced_by_id,
                col(newer.state).in_(OUT),
                col(newer.issued_at) <= clock.now(),
            ),
        )
        .where(condition, col(Notice.state).in_(OUT), col(Notice.issued_at) <= clock.now())
    )  # fmt: skip
    return [
        Checked(
            number=number, code=code, state=state, organization=str(record.get("organization", "")),
            organizer=str(record.get("organizer", "")), call_title=title, call_slug=slug,
            outcome=str(record.get("outcome", "")), sha256=sha256, certificate_sha256=certificate_sha256,
            issued_at=issued_at, revoked_at=revoked_at, replaced_by=newer_number, replaced_by_code=newer_code, is_demonstration=is_demonstration,
        )
        for number, code, state, record, title, slug, sha256, issued_at, revoked_at, newer_number, newer_code,
        is_demonstration, certificate_sha256 in await rows(db, statement)
    ]  # fmt: skip


async def kept_files(db: Db, call_id: UUID | None = None) -> list[tuple[str, str, Document]]:
    """Every issued notice with its number, its recorded digest and its stored file."""
    statement = select(Notice.number, Notice.sha256, Document).join(
        Document, col(Document.id) == Notice.document_id
    )
    if call_id is not None:
        statement = statement.where(Notice.call_id == call_id)
    found = await db.exec(statement.order_by(col(Notice.number)))
    return [(number, sha256, document) for number, sha256, document in found.all()]


async def registered(db: Db, sha256: str, number: str) -> tuple[str, dict[str, Any], NoticeState] | None:
    """Digest, record and state of the notice with that file, else of the one with that number."""
    found = await rows(
        db,
        sa.select(col(Notice.sha256), col(Notice.record), col(Notice.state))
        .where(sa.or_(col(Notice.sha256) == sha256, col(Notice.number) == number), col(Notice.state).in_(OUT))
        .order_by(sa.case((col(Notice.sha256) == sha256, 0), else_=1)),
    )
    return (found[0][0], found[0][1], found[0][2]) if found else None


async def damaged_notices(db: Db) -> tuple[int, list[str]]:
    """Read every issued notice from the store: (how many, which of them are not the bytes that were issued)."""
    kept = await kept_files(db)
    found = []
    for number, sha256, document in kept:
        try:
            content = await files.content(document)
        except Problem as problem:
            found.append(f"{number}: {problem.text}")
            continue
        if hashlib.sha256(content).hexdigest() != sha256:
            found.append(f"{number}: its stored bytes are not those that were issued")
    return len(kept), found


async def remarks_to_applicant(db: Db, viewer: Viewer, proposal_id: UUID) -> list[str]:
    """The reviewers' words to the applicant, from the moment of release; in an order that tells nobody's name.

    For the team, and for who reads reviews anyway: to see decisions is not enough.
    """
    found = await rows(
        db,
        sa.select(col(Remark.text), col(Review.stage_id), col(Review.id))
        .join(Review, col(Review.id) == Remark.review_id)
        .join(Assignment, col(Assignment.id) == Review.assignment_id)
        .join(
            Decision,
            sa.and_(
                col(Decision.proposal_id) == Review.proposal_id, col(Decision.stage_id) == Review.stage_id
            ),
        )
        .join(Release, col(Release.stage_id) == Decision.stage_id)
        .where(
            col(Review.proposal_id) == proposal_id,
            col(Review.state) == ReviewState.SUBMITTED,
            col(Assignment.removed_at).is_(None),
            col(Remark.reader) == RemarkReader.APPLICANT,
            col(Release.released_at) <= clock.now(),
            col(Review.proposal_id).in_(seen_by(viewer, Facet.DECISION)),
            sa.or_(
                col(Review.proposal_id).in_(own_ids(viewer)),
                col(Review.proposal_id).in_(seen_by(viewer, Facet.REVIEWS)),
            ),
        ),
    )
    ordered = sorted(found, key=lambda row: pseudonym(row[1], proposal_id, row[2]))
    return [text for text, _stage, _review in ordered if text.strip()]
