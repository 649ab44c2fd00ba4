"""Make notices ready, issue them, take one back, put another in its place; and the release that starts it all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from challenge.accounts.models import Person
from challenge.accounts.viewer import Viewer, for_command
from challenge.audit import actions as audit
from challenge.audit import queries as audit_queries
from challenge.calls.models import Call, Stage
from challenge.calls.queries import Opening
from challenge.decisions import actions as decisions
from challenge.decisions.models import Release
from challenge.files import actions as files
from challenge.foundation import clock
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound, NotNow, Unprocessable, refuse_if
from challenge.foundation.i18n import _
from challenge.foundation.ids import new_id, random_code
from challenge.foundation.lifecycle import move
from challenge.jobs import actions as jobs
from challenge.mail import actions as mail
from challenge.notices import documents, letters, queries, records, rules
from challenge.notices.documents import Document
from challenge.notices.kinds import kind_for
from challenge.notices.kinds.shape import Kind, Letter, Value
from challenge.notices.models import Notice, NoticeState, NumberSeries
from challenge.notices.records import AuditHead, NoticeRecord
from challenge.notices.rules import Addressed
from challenge.scoring import queries as scoring
from challenge.settings import settings


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice before its pages: the words, the record and the document that a typesetter makes."""

    notice: Notice
    letter: Letter
    record: NoticeRecord
    document: Document


# ---------------------------------------------------------------- release


async def release(
    db: Db, opening: Opening, stage: Stage, *, at: datetime | None = None, by: Viewer
) -> Release:
    """Release the decisions, unless a letter could not be written. The notices follow by job."""
    stopping = [one for one in await queries.rehearsal(db, by, opening, stage.id) if one.stops]
    if stopping:
        first = stopping[0]
        raise NotNow(_("{number}: {reason} Nothing was released.", number=first.number, reason=first.text))
    return await decisions.release(db, opening.call, stage, at=at, by=by)


# ---------------------------------------------------------------- before the pages


def verify_url(code: str) -> str:
    return f"{settings().base_url}/verify/{code}"


async def prepare(
    db: Db,
    opening: Opening,
    stage: Stage,
    *,
    at: datetime | None = None,
    only: UUID | None = None,
    by: Viewer | None = None,
) -> list[Notice]:
    """One notice per decision and lead, with number, code and record; those made before stay as they are.

    Refuses all of them when one lacks something. `at` is the moment of issue, `only` the id of one decision.
    """
    at = at or clock.now()
    seen = by or for_command("job")
    present = await db.exec(
        select(Notice.decision_id).where(
            Notice.stage_id == stage.id, col(Notice.state).in_((NoticeState.PREPARED, NoticeState.ISSUED))
        )
    )
    known = set(present.all())
    waiting = [
        one for one in await queries.addressed(db, seen, stage.id, only=only) if one.decision_id not in known
    ]
    signed_at = await queries.signed_at(db, stage.id)
    made = []
    numbers = iter(await _new_numbers(db, opening.call, at, len(waiting)))
    for one in waiting:
        if one.person_id is None:
            raise Unprocessable(
                _("Nobody leads the team of {number}, so there is nobody to write to.", number=one.number)
            )
        language = one.language or "en"
        notice = Notice(
            call_id=opening.call.id,
            stage_id=stage.id,
            proposal_id=one.proposal_id,
            decision_id=one.decision_id,
            person_id=one.person_id,
            kind=kind_for(one.outcome.value).code,
            language=language,
            number=next(numbers),
            code=random_code(),
            record={},
            prepared_at=clock.now(),
        )
        draft = await drafted(db, notice, one, opening, signed_at=signed_at, at=at)
        notice.record = msgspec.to_builtins(draft.record)
        db.add(notice)
        made.append(notice)
    await db.flush()
    return made


async def _new_numbers(db: Db, call: Call, at: datetime, count: int) -> list[str]:
    """They count up within prefix and year, over all calls that share a prefix; another call waits for the commit."""
    if not count:
        return []
    stem = f"{call.prefix}-{at.astimezone(ZoneInfo(call.zone)).year}-"
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(NumberSeries)
        .values(id=new_id(), stem=stem, last=count)
        .on_conflict_do_update(index_elements=["stem"], set_={"last": col(NumberSeries.last) + count})
        .returning(col(NumberSeries.last))
    )
    last: int = (await rows(db, statement))[0][0]
    return [f"{stem}{n:04d}" for n in range(last - count + 1, last + 1)]


async def drafted(
    db: Db,
    notice: Notice,
    one: Addressed,
    opening: Opening,
    *,
    signed_at: datetime | None,
    at: datetime,
) -> Draft:
    """The letter and its record from what is stored now. Refuses in a sentence that names what is missing."""
    call, programme, lang = opening.call, opening.programme, notice.language
    kind = rules.kind_of_call(call, one.outcome)
    values: dict[str, Value] = {
        **rules.values_of(one, call, programme, signed_at=signed_at, lang=lang),
        "notice_number": notice.number,
        "verify_url": verify_url(notice.code),
    }
    refuse_if(kind.why_not_issue(values, lang), Unprocessable)
    letter = kind.letter(values, lang)
    record = await _record(db, notice, kind, letter, values, call, at)
    document = documents.notice(record, letter, rules.brand_of(call, programme, lang))
    return Draft(notice, letter, record, document)


async def _record(
    db: Db,
    notice: Notice,
    kind: Kind,
    letter: Letter,
    values: dict[str, Value],
    call: Call,
    at: datetime,
) -> NoticeRecord:
    n, head = await audit_queries.head_of(db, call.id)
    ranking = await scoring.newest_ranking(db, notice.stage_id)
    return documents.record_of(
        kind,
        letter,
        values,
        number=notice.number,
        code=notice.code,
        verify_url=verify_url(notice.code),
        issued_at=at,
        call_slug=call.slug,
        ranking_digest=ranking.digest if ranking else None,
        audit_head=AuditHead(n, head) if n else None,
        demonstration=call.is_demonstration,
    )


async def draft_of(db: Db, opening: Opening, notice: Notice, *, at: datetime) -> Draft:
    """A prepared notice as it will be issued at that moment."""
    found = await queries.addressed(db, for_command("job"), notice.stage_id, only=notice.decision_id)
    if not found:
        raise NotFound
    signed_at = await queries.signed_at(db, notice.stage_id)
    return await drafted(db, notice, found[0], opening, signed_at=signed_at, at=at)


async def previews(
    db: Db, opening: Opening, stage: Stage, *, only: UUID | None = None, by: Viewer
) -> list[Draft]:
    """Letters as they would be now, for proof-reading: their number says DRAFT and their code opens nothing."""
    signed_at = await queries.signed_at(db, stage.id)
    made = []
    for one in await queries.addressed(db, by, stage.id, only=only):
        if one.person_id is None:
            continue
        notice = Notice(
            call_id=opening.call.id,
            stage_id=stage.id,
            proposal_id=one.proposal_id,
            decision_id=one.decision_id,
            person_id=one.person_id,
            kind=kind_for(one.outcome.value).code,
            language=one.language or "en",
            number=f"DRAFT-{one.number}",
            code="DRAFT",
            record={},
        )
        made.append(await drafted(db, notice, one, opening, signed_at=signed_at, at=clock.now()))
    return made


# ---------------------------------------------------------------- issue


async def issue(
    db: Db,
    opening: Opening,
    draft: Draft,
    pdf: bytes,
    *,
    certificate: str,
    at: datetime,
    by: Viewer | None = None,
) -> Notice | None:
    """Store the signed pages of a notice, record it, and post the mail for the moment of issue.

    `certificate` is the fingerprint of the one that signed. Nothing when another worker was first.
    """
    notice = (
        await db.exec(
            select(Notice)
            .where(Notice.id == draft.notice.id, Notice.state == NoticeState.PREPARED)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).first()
    if notice is None:
        return None
    document = await files.receive(
        db, owner_id=None, name=f"{notice.number}.pdf", content=pdf, by=by, chain=notice.call_id
    )
    notice.state = move(rules.NOTICE_MOVES, notice.state, "issue")
    notice.record = msgspec.to_builtins(draft.record)
    notice.document_id, notice.sha256, notice.issued_at = document.id, document.sha256, at
    notice.certificate_sha256 = certificate
    db.add(notice)
    await db.flush()
    await audit.record(
        db,
        by,
        "notice.issued",
        notice,
        number=notice.number,
        sha256=notice.sha256,
        record_sha256=records.digest(draft.record),
        released_at=at,
    )
    person = await db.get(Person, notice.person_id)
    if person is not None:
        blindness = next(s.blindness for s in opening.stages if s.id == notice.stage_id)
        subject = rules.subject_of(draft.letter, draft.record.proposal, blindness)
        letter = letters.issued(notice, draft.letter, opening.call, document, subject)
        message = await mail.post(db, person, letter, about_id=notice.id, run_at=at)
        notice.message_id = message.id
        db.add(notice)
        await db.flush()
    return notice


# ---------------------------------------------------------------- afterwards


async def revoke(db: Db, call: Call, notice: Notice, reason: str, *, by: Viewer) -> Notice:
    """Take a notice back: whoever checks it from now on reads that it does not count. The recipient gets a mail."""
    refuse_if(rules.why_not_revoke(notice, reason, clock.now()))
    notice.state = move(rules.NOTICE_MOVES, notice.state, "revoke")
    notice.revoked_at, notice.revoked_because = clock.now(), reason.strip()
    db.add(notice)
    await audit.record(db, by, "notice.revoked", notice, number=notice.number, reason=notice.revoked_because)
    person = await db.get(Person, notice.person_id)
    if person is not None:
        await mail.post(db, person, letters.revoked(notice, call), about_id=notice.id)
    return notice


async def replace(db: Db, opening: Opening, stage: Stage, notice: Notice, *, by: Viewer) -> Notice:
    """A new notice under a new number from what is stored now; the old one says by which it was replaced."""
    refuse_if(rules.why_not_replace(notice, clock.now()))
    notice.state = move(rules.NOTICE_MOVES, notice.state, "replace")
    db.add(notice)
    await db.flush()
    made = await prepare(db, opening, stage, only=notice.decision_id)
    if not made:
        raise NotNow
    notice.replaced_by_id = made[0].id
    db.add(notice)
    await db.flush()
    await audit.record(db, by, "notice.replaced", notice, number=notice.number, by_number=made[0].number)
    await jobs.enqueue(db, "notices.issue_one", thing_id=made[0].id)
    return made[0]


async def waiting_notices(db: Db, stage_id: UUID) -> list[Notice]:
    found = await db.exec(
        select(Notice)
        .where(Notice.stage_id == stage_id, Notice.state == NoticeState.PREPARED)
        .order_by(col(Notice.number))
    )
    return list(found.all())
