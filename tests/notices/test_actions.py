from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import select

from challenge.audit.models import Entry
from challenge.calls.models import Blindness
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.foundation.errors import NotNow, Unprocessable
from challenge.mail.models import Message, MessageState
from challenge.notices import actions, proof, queries, records, rules, signing
from challenge.notices.issuing import pair_of
from challenge.notices.models import Notice, NoticeState
from challenge.settings import settings
from challenge.worker import run_all
from tests.builders.decisions import FACTS, Decided, a_decided_call, a_released_call, a_signed_call
from tests.builders.people import a_viewer


async def issued(database: Database, at: datetime) -> tuple[Decided, list[Notice]]:
    async with database.writing() as db:
        made = await a_released_call(db, at)
        await db.commit()
    assert (await run_all(database)).failed == 0
    async with database.reading() as db:
        found = (await db.exec(select(Notice).order_by(Notice.number))).all()
    return made, list(found)


async def test_a_release_makes_one_signed_notice_per_decision_in_the_language_of_its_lead(
    database: Database, at_noon: datetime
) -> None:
    at = at_noon + timedelta(days=2)
    made, notices = await issued(database, at)
    assert [notice.number for notice in notices] == ["AC-2027-0001", "AC-2027-0002", "AC-2027-0003"]
    by_proposal = {notice.proposal_id: notice for notice in notices}
    told = [by_proposal[proposal.id] for proposal in made.proposals]
    assert [(n.kind, n.language, n.state) for n in told] == [
        ("award", "ar", NoticeState.ISSUED),
        ("reserve", "fr", NoticeState.ISSUED),
        ("regret", "en", NoticeState.ISSUED),
    ]
    assert {notice.issued_at for notice in notices} == {at}
    root = pair_of(settings()).root
    async with database.reading() as db:
        kept = await queries.kept_files(db)
        assert await queries.damaged_notices(db) == (3, [])
        entries = (await db.exec(select(Entry).where(Entry.event == "notice.issued"))).all()
    assert {entry.facts["sha256"] for entry in entries if entry.facts} == {n.sha256 for n in notices}
    for number, _sha256, document in kept:
        from challenge.files import queries as files

        content = await files.content(document)
        report = proof.report(content, signing.validate(content, [root]))
        assert report.is_good, [str(mark.name) for mark in report.marks if not mark.is_good]
        assert report.record is not None
        assert (report.record.number, report.record.issued_at, report.record.demonstration) == (
            number,
            at,
            True,
        )
        kept_record = next(n.record for n in notices if n.number == number)
        assert records.canonical(report.record) == records.spelt(kept_record)


async def test_issuing_twice_changes_nothing(database: Database, at_noon: datetime) -> None:
    made, notices = await issued(database, at_noon)
    from challenge.decisions.models import Release
    from challenge.jobs.context import TaskContext
    from challenge.notices import issuing as tasks

    async with database.reading() as db:
        release = (await db.exec(select(Release))).one()
    await tasks.issue(TaskContext(database, settings()), str(release.id))
    async with database.reading() as db:
        again = (await db.exec(select(Notice).order_by(Notice.number))).all()
        assert [n.sha256 for n in again] == [n.sha256 for n in notices]
        posted = (await db.exec(select(Message).where(Message.template == "notices.issued"))).all()
    assert len(posted) == len(made.proposals)


async def test_the_mail_leaves_at_the_moment_and_in_the_language_of_its_reader(
    database: Database, at_noon: datetime
) -> None:
    at = at_noon + timedelta(days=2)
    made, _notices = await issued(database, at)
    with clock.stopped(at - timedelta(seconds=1)):
        await run_all(database)
        async with database.reading() as db:
            states = (await db.exec(select(Message.state).where(Message.template == "notices.issued"))).all()
        assert list(states) == [MessageState.QUEUED] * 3
    with clock.stopped(at):
        await run_all(database)
    async with database.reading() as db:
        message = (
            await db.exec(
                select(Message).where(Message.to == made.leads[1].email, Message.template == "notices.issued")
            )
        ).one()
    assert (message.state, message.language) == (MessageState.SENT, "fr")
    folder = Path(settings().mail.removeprefix("folder:"))
    mail = message_from_bytes((folder / f"{message.id}.eml").read_bytes(), policy=policy.default)
    number = made.proposals[1].number
    assert mail["subject"] == f"Votre proposition {number} est inscrite sur la liste de réserve"
    attached = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
    assert len(attached) == 1
    pdf = attached[0].get_payload(decode=True)
    assert isinstance(pdf, bytes)
    assert pdf.startswith(b"%PDF-")


async def test_what_is_missing_is_named_and_nothing_is_released(db: Db, at_noon: datetime) -> None:
    facts = {**FACTS, "dates": {"complaint_until": "2027-04-10"}}
    made = await a_signed_call(db, facts=facts)
    with pytest.raises(NotNow) as refused:
        await actions.release(db, made.opening, made.stage, by=made.signer)
    number = made.proposals[0].number
    assert str(refused.value.text) == (
        f"{number}: The notice for {number} cannot be issued: the last day to accept is missing. "
        "Nothing was sent. Nothing was released."
    )
    with pytest.raises(Unprocessable):
        await actions.prepare(db, made.opening, made.stage)
    assert (await db.exec(select(Notice))).all() == []


async def test_a_rehearsal_lists_what_does_not_fit(db: Db, at_noon: datetime) -> None:
    made = await a_decided_call(db)
    made.leads[1].language = "de"
    made.leads[2].email = ""
    db.add_all(made.leads)
    await db.flush()
    found = await queries.rehearsal(db, made.signer, made.opening, made.stage.id)
    assert {(one.number, str(one.text), one.stops) for one in found} == {
        (made.proposals[1].number, "Lead fr reads de, for which there is no letter.", True),
        (made.proposals[2].number, "Lead en has no e-mail address.", True),
    }


async def test_a_revoked_notice_says_so_and_stays_revoked(database: Database, at_noon: datetime) -> None:
    made, notices = await issued(database, at_noon)
    async with database.writing() as db:
        notice = await queries.notice_by_number(db, notices[0].number)
        with pytest.raises(NotNow) as refused:
            await actions.revoke(db, made.opening.call, notice, " ", by=made.manager)
        assert str(refused.value.text) == "Write the reason; it stays in the record."
        await actions.revoke(db, made.opening.call, notice, "A wrong amount", by=made.manager)
        await db.commit()
        found = await queries.checked_notice(db, notice.code)
        assert found is not None
        assert (found.state, found.revoked_at) == (NoticeState.REVOKED, at_noon)
        with pytest.raises(NotNow):
            await actions.revoke(db, made.opening.call, notice, "Again", by=made.manager)


async def test_a_replaced_notice_names_the_one_in_its_place(database: Database, at_noon: datetime) -> None:
    made, notices = await issued(database, at_noon)
    old = next(n for n in notices if n.kind == "award")
    async with database.writing() as db:
        await actions.replace(
            db, made.opening, made.stage, await queries.notice_by_number(db, old.number), by=made.manager
        )
        await db.commit()
    assert (await run_all(database)).failed == 0
    async with database.reading() as db:
        found = await queries.checked_notice(db, old.code)
        lead = await a_viewer(db, made.leads[0])
        current = await queries.current_notice(db, lead, made.proposals[0].id)
    assert found is not None
    assert current is not None
    assert (found.state, found.replaced_by) == (NoticeState.REPLACED, "AC-2027-0004")
    assert current.number == "AC-2027-0004"


async def test_a_notice_that_is_not_out_cannot_be_revoked(database: Database, at_noon: datetime) -> None:
    made, notices = await issued(database, at_noon + timedelta(days=1))
    assert str(rules.why_not_revoke(notices[0], "x", at_noon)) == "This notice is not out yet."
    assert made.proposals


def test_a_title_stays_inside_the_letter_where_a_stage_is_blind() -> None:
    from challenge.notices.kinds import kind_of
    from tests.builders.notices import letter_values

    kind = kind_of("regret").with_texts({"subject": {"en": "Decision on “{proposal_title}”"}})
    letter = kind.letter(letter_values(proposal_title="Sun on the roof"), "en")
    line = records.ProposalLine("AC-1", "Sun on the roof")
    assert rules.subject_of(letter, line, Blindness.DOUBLE) == "Decision on “AC-1”"
    assert rules.subject_of(letter, line, Blindness.OPEN) == "Decision on “Sun on the roof”"
