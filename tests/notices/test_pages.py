import hashlib
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from httpx import Response
from sqlmodel import select

from challenge.files import queries as files
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.notices import issuing, queries, signing
from challenge.notices.models import Notice
from challenge.proposals import sight
from challenge.worker import run_all
from tests.builders.decisions import Decided, a_released_call, a_signed_call
from tests.client import Client, words_of

SECOND = timedelta(seconds=1)


def plain(page: Response) -> str:
    """What a refusal says, without the reference of this very request."""
    return re.sub(r"\b[0-9a-f]{12}\b", "", words_of(page))


async def released(database: Database, at: datetime) -> tuple[Decided, list[Notice]]:
    async with database.writing() as db:
        made = await a_released_call(db, at)
        await db.commit()
    await run_all(database)
    async with database.reading() as db:
        notices = {n.proposal_id: n for n in (await db.exec(select(Notice))).all()}
    return made, [notices[proposal.id] for proposal in made.proposals]


async def test_nothing_opens_one_second_before_and_everything_at_the_instant(
    client: Client, database: Database, at_noon: datetime
) -> None:
    at = at_noon + timedelta(hours=2)
    made, notices = await released(database, at)
    proposal, notice = made.proposals[2], notices[2]
    with clock.stopped(at - SECOND):
        await client.sign_in(made.leads[2].id)
        for path in (f"/proposals/{proposal.id}/decision", f"/proposals/{proposal.id}/notice.pdf"):
            assert (await client.get(path)).status_code == 404
        early = await client.get(f"/verify/{notice.code}")
        unknown = await client.get("/verify/AAAAA-BBBBB-CCCCC")
        assert (early.status_code, plain(early)) == (404, plain(unknown))
        assert (await client.api("GET", f"/verify/{notice.code}")).status_code == 404
        assert (await client.get(f"/verify?sha256={notice.sha256}")).status_code == 404
    with clock.stopped(at):
        shown = await client.get(f"/proposals/{proposal.id}/decision")
        assert shown.status_code == 200
        words = words_of(shown)
        assert "Your proposal was not selected" in words
        assert "Feedback to en" in words
        assert "A remark to en." in words
        assert "Reviewer Hidden" not in words
        assert "Reason of en" not in words
        pdf = await client.get(f"/proposals/{proposal.id}/notice.pdf")
        assert hashlib.sha256(pdf.content).hexdigest() == notice.sha256
        checked = await client.get(f"/verify/{notice.code.lower()}")
        assert checked.status_code == 200
        assert "This notice is genuine" in words_of(checked)
        assert "Moana Energy Skills" in words_of(checked)
        assert "not selected" not in words_of(checked).lower()
        assert (await client.api("GET", f"/verify/{notice.code}")).json()["number"] == notice.number
        assert (await client.get(f"/proposals/{made.proposals[0].id}/decision")).status_code == 404


async def test_an_award_is_told_to_everybody_who_holds_its_code(
    client: Client, database: Database, at_noon: datetime
) -> None:
    _made, notices = await released(database, at_noon)
    words = words_of(await client.get(f"/verify/{notices[0].code}"))
    assert "This award notice is genuine" in words
    assert notices[0].sha256 in words
    assert f"Certificate that signed it {notices[0].certificate_sha256}" in words
    found = await client.get(f"/verify?sha256={notices[0].sha256}")
    assert (found.status_code, found.headers["location"]) == (303, f"/verify/{notices[0].code}?file=same")


async def test_the_certificate_shown_is_the_one_that_signed(
    client: Client, database: Database, at_noon: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _made, notices = await released(database, at_noon)
    signed_by = notices[0].certificate_sha256
    async with database.reading() as db:
        pdf = await files.content(await queries.document_of(db, notices[0]))
    assert signing.validate(pdf, []).fingerprint == signed_by

    other = signing.load_or_make_pair("", "", tmp_path, organization="Another")
    monkeypatch.setattr(issuing, "pair_of", lambda *_any: other)
    async with database.writing() as db:
        made = await a_released_call(db, at_noon, "later")
        await db.commit()
    await run_all(database)
    async with database.reading() as db:
        later = (await db.exec(select(Notice).where(Notice.call_id == made.opening.call.id))).all()
    assert {notice.certificate_sha256 for notice in later} == {other.certificate_fingerprint}
    assert other.certificate_fingerprint != signed_by
    assert signed_by in words_of(await client.get(f"/verify/{notices[0].code}"))
    unknown = words_of(await client.get("/verify/AAAAA-BBBBB-CCCCC"))
    assert "Certificate" not in unknown


async def test_a_file_is_checked_without_javascript(
    client: Client, database: Database, at_noon: datetime
) -> None:
    made, notices = await released(database, at_noon)
    await client.sign_in(made.leads[0].id)
    pdf = (await client.get(f"/proposals/{made.proposals[0].id}/notice.pdf")).content
    same = await client.post("/verify", files={"file": ("a.pdf", pdf, "application/pdf")})
    assert (same.status_code, same.headers["location"]) == (303, f"/verify/{notices[0].code}?file=same")
    other = await client.post("/verify", files={"file": ("a.pdf", pdf + b" ", "application/pdf")})
    assert other.status_code == 404


async def test_the_thirty_first_look_within_a_minute_waits(client: Client, at_noon: datetime) -> None:
    codes = [(await client.get(f"/verify/AAAAA-AAAAA-{n:05d}")).status_code for n in range(31)]
    assert codes == [404] * 30 + [429]


async def test_staff_read_drafts_release_and_revoke(
    client: Client, database: Database, at_noon: datetime
) -> None:
    async with database.writing() as db:
        made = await a_signed_call(db)
        await db.commit()
    base = f"/desk/calls/{made.slug}"
    await client.sign_in(made.signer_person.id)
    assert "Nothing is issued yet" in words_of(await client.get(f"{base}/notices"))
    rehearsal = words_of(await client.get(f"{base}/release"))
    assert "Award notices are signed and sent PDF in the language of the person: 1 Arabic" in rehearsal
    past = await client.post(f"{base}/release", {"when": "at", "day": "2027-01-01", "hour": "10:00"})
    assert past.status_code == 422
    assert "This moment is past. Choose a later one, or release now." in words_of(past)
    done = await client.post(f"{base}/release", {"when": "now"})
    assert (done.status_code, done.headers["location"]) == (303, f"{base}/notices")
    await run_all(database)
    async with database.reading() as db:
        notice = (await db.exec(select(Notice).where(Notice.kind == "award"))).one()
    assert notice.number in words_of(await client.get(f"{base}/notices"))
    empty = await client.post(f"{base}/notices/{notice.id}/revocation", {"reason": ""})
    assert empty.status_code == 422
    await client.post(f"{base}/notices/{notice.id}/revocation", {"reason": "A wrong amount"})
    assert "This notice was revoked" in words_of(await client.get(f"/verify/{notice.code}"))


async def test_a_conflicted_manager_meets_nothing_of_the_proposal(
    client: Client, database: Database, at_noon: datetime
) -> None:
    made, notices = await released(database, at_noon)
    async with database.writing() as db:
        await sight.deny(db, made.manager_person.id, made.proposals[0].id, "conflict")
        await db.commit()
    await client.sign_in(made.manager_person.id)
    base = f"/desk/calls/{made.slug}"
    for path in ("decisions", "decisions/signature", "release", "notices"):
        page = await client.get(f"{base}/{path}")
        assert page.status_code == 200
        for mark in (made.proposals[0].number, made.proposals[0].title, "Al-Rayyan", notices[0].number):
            assert mark not in page.text
    for path in (
        f"decisions/{made.proposals[0].id}",
        f"notices/{notices[0].id}/file",
        f"notices/drafts/{notices[0].decision_id}",
        f"notices/{notices[0].id}/revocation",
    ):
        assert (await client.get(f"{base}/{path}")).status_code == 404
