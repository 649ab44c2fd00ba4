"""The applicant's way, with a browser without JavaScript; and every way in which words could get lost."""

import asyncio
import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest
import rfc8785
from sqlalchemy import event
from sqlmodel import col, func, select

from challenge.accounts.models import Link, LinkPurpose, Person
from challenge.audit.models import Entry
from challenge.calls.models import Call, Stage
from challenge.files import store as file_store
from challenge.forms import queries as forms
from challenge.foundation import clock, seals
from challenge.foundation.db import Database
from challenge.mail.models import Message
from challenge.proposals.actions import join_team
from challenge.proposals.models import Attachment, Proposal, ProposalState, Revision, TeamMember
from challenge.settings import settings
from storage.store import StoreDown
from tests.builders.calls import FORM, a_call
from tests.builders.people import a_manager, a_person
from tests.builders.proposals import ANSWERS, a_draft, a_submitted_proposal
from tests.client import Client, words_of

PDF = (Path(__file__).parents[1] / "files" / "one-page.pdf").read_bytes()
LONG = " ".join(["word"] * 60)
WITH_FILES: dict[str, Any] = {
    **FORM,
    "sections": [*FORM["sections"], {"code": "papers", "label": {"en": "Papers"}}],
    "questions": [
        *FORM["questions"],
        {"code": "note", "section": "papers", "kind": "text", "label": {"en": "Note"}, "max_words": 5},
        {"code": "letters", "section": "papers", "kind": "file", "label": {"en": "Letters"}, "types": ["pdf"],
         "max_files": 2, "max_pages": 1, "required": True},
        {"code": "secret", "section": "papers", "kind": "file", "label": {"en": "Statutes"}, "seen_by": "team"},
    ],
    "declarations": [
        {"code": "true", "label": {"en": "All of it is true."}, "required": True},
        {"code": "may-publish", "label": {"en": "It may be published."}},
    ],
}  # fmt: skip


def field(code: str, value: str, version: int) -> dict[str, str]:
    return {"_asked": code, f"version:{code}": str(version), code: value}


async def made(database: Database, kind: Any = a_draft, **more: Any) -> tuple[Proposal, Person, Call, Stage]:
    async with database.writing() as db:
        call, stage = await a_call(db, **more)
        person = await a_person(db, "Amina Okafor")
        proposal = await kind(db, call, stage, person)
        await db.commit()
    return proposal, person, call, stage


async def answers(database: Database, proposal: Proposal) -> dict[str, Any]:
    async with database.reading() as db:
        return await forms.answers_of(db, proposal.sheet_id)


async def test_from_the_open_call_to_the_receipt_without_javascript(
    database: Database, client: Client
) -> None:
    async with database.writing() as db:
        conditions = [{"kind": "organization-age", "text": {"en": "At least two years old."}}]
        await a_call(db, form=WITH_FILES, facts={"eligibility": conditions})
        person = await a_person(db)
        await db.commit()
    nobody = await client.get("/calls/a-call/apply")
    assert "At least two years old." in words_of(nobody)
    assert (
        '/sign-up?next=/calls/a-call/apply"' in nobody.text
        and 'action="/calls/a-call/apply"' not in nobody.text
    )
    await client.sign_in(person.id)
    assert "You have no proposal yet" in words_of(await client.get("/proposals"))

    wrong = await client.post("/calls/a-call/apply", {"language": "xx"})
    assert wrong.status_code == 422 and "Choose the language in which you write." in words_of(wrong)
    begun = await client.post("/calls/a-call/apply", {"language": "en"})
    assert begun.status_code == 303
    path = begun.headers["location"]
    assert "Draft, not yet submitted" in words_of(await client.get(path))

    assert (await client.get(f"{path}/edit")).headers["location"] == f"{path}/edit/idea"
    saved = await client.post(
        f"{path}/edit/idea",
        {"_asked": ["title", "problem", "jobs"], "version:title": "0", "version:problem": "0", "version:jobs": "0",
         "title": "Mini-grids", "problem": "No power.\r\n\r\nNo ice.", "jobs": ""},
    )  # fmt: skip
    assert (saved.status_code, saved.headers["location"]) == (303, f"{path}/edit/papers")
    again = await client.get(f"{path}/edit/idea")
    assert 'value="Mini-grids"' in again.text and "No power.\n\nNo ice." in again.text
    assert "<b>4</b> of 50 words" in again.text

    incomplete = await client.post(f"{path}/submission")
    assert incomplete.status_code == 422
    said = words_of(incomplete)
    assert "3 things stand in the way" in said
    assert "Say which organization sends the proposal." in said
    assert "2.2 Attach a file for “Letters”." in said
    assert "Tick the sentence “All of it is true.” before you submit." in said
    assert f'href="{path}/edit/papers#letters"' in incomplete.text

    uploaded = await client.post(
        f"{path}/files", {"question": "letters"}, files={"file": ("a letter.pdf", PDF)}
    )
    assert uploaded.headers["location"] == f"{path}/edit/papers#letters"
    organization = {
        "name": "Lakeside",
        "organization_type": "cooperatives",
        "country": "KE",
        "founded_on": "2019-03-04",
    }
    assert (await client.post(f"{path}/organization", organization)).headers["location"] == path
    preview = words_of(await client.get(f"{path}/preview"))
    assert "No power." in preview and "a letter.pdf" in preview and "stand in the way" not in preview
    assert "All of it is true." in preview

    sent = await client.post(f"{path}/submission", {"_asked": ["true", "may-publish"], "true": "yes"})
    assert sent.headers["location"] == f"{path}/receipt"
    receipt = words_of(await client.get(f"{path}/receipt"))
    assert "Your proposal was received 9 days before the deadline" in receipt
    assert "5 answers and 1 file" in receipt
    assert "Received" in words_of(await client.get("/proposals"))
    assert "This proposal is submitted." in words_of(await client.get(f"{path}/edit/idea"))
    async with database.reading() as db:
        letters = (await db.exec(select(Message.template))).all()
    assert letters == ["proposals.received"]


async def test_a_too_long_answer_is_kept_whole_and_flagged(database: Database, client: Client) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}/edit/idea"
    shown = await client.post(path, field("problem", LONG, 1))
    assert shown.status_code == 422
    assert "10 words over the limit of 50. Shorten it; what you wrote is kept." in words_of(shown)
    assert "<b>60</b> of 50 words" in shown.text and "<title>Error: Your idea" in shown.text
    assert (await answers(database, proposal))["problem"] == LONG
    assert "1 answer needs a look" in words_of(await client.get(f"/proposals/{proposal.id}"))
    onward = await client.post(path, {**field("problem", LONG, 2), "then": "overview"})
    assert (onward.status_code, onward.headers["location"]) == (303, f"/proposals/{proposal.id}")


async def test_autosave_tells_versions_and_counts_and_takes_long_texts(
    database: Database, client: Client
) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    saved = await client.autosave(
        f"/proposals/{proposal.id}/answers", {"version:problem": "1", "problem": LONG}
    )
    assert saved.status_code == 200
    told = saved.json()
    assert told["versions"] == {"problem": 2}
    assert told["limits"] == {"problem": {"unit": "words", "used": 60, "most": 50}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["saved_at"])
    client.sign_out()
    ended = await client.autosave(
        f"/proposals/{proposal.id}/answers", {"version:problem": "2", "problem": "x"}
    )
    assert ended.status_code == 401 and "Your session has ended." in ended.json()["detail"]
    assert (await answers(database, proposal))["problem"] == LONG


async def two_people(database: Database) -> tuple[Proposal, Client, Client]:
    proposal, person, *_ = await made(database)
    async with database.writing() as db:
        other = await a_person(db, "Peter Odhiambo")
        await join_team(
            db, (await db.exec(select(Proposal).where(Proposal.id == proposal.id))).one(), other.id
        )
        await db.commit()
    one, two = Client(database), Client(database)
    await one.sign_in(person.id)
    await two.sign_in(other.id)
    return proposal, one, two


async def test_a_stale_autosave_gets_both_texts_and_nothing_is_lost(database: Database) -> None:
    proposal, one, two = await two_people(database)
    door = f"/proposals/{proposal.id}/answers"
    async with one, two:
        await two.autosave(door, {"version:problem": "1", "problem": "Theirs"})
        late = await one.autosave(
            door, {"version:problem": "1", "problem": "Mine", "version:jobs": "1", "jobs": "Also new"}
        )
        assert late.status_code == 409
        told = late.json()
        clash = told["clash"]["problem"]
        assert (clash["yours"], clash["theirs"], clash["version"], clash["by"]) == (
            "Mine",
            "Theirs",
            2,
            "Peter Odhiambo",
        )
        assert told["versions"] == {"jobs": 2}
        kept = await answers(database, proposal)
        assert (kept["problem"], kept["jobs"]) == ("Theirs", "Also new")
        history = words_of(await one.get(f"/proposals/{proposal.id}/history/problem"))
        assert "Never taken over" in history and "Mine" in history


@pytest.mark.parametrize(
    ("choice", "kept"), [("mine", "Mine"), ("theirs", "Theirs"), ("both", "Mine\n\nTheirs")]
)
async def test_without_javascript_a_person_chooses_between_two_versions(
    database: Database, choice: str, kept: str
) -> None:
    proposal, one, two = await two_people(database)
    path = f"/proposals/{proposal.id}/edit/idea"
    async with one, two:
        await two.post(path, field("problem", "Theirs", 1))
        shown = await one.post(path, field("problem", "Mine", 1))
        assert shown.status_code == 409
        assert "<ins>Mine</ins>" in shown.text and "<del>Theirs</del>" in shown.text
        assert 'name="version:problem" value="2"' in shown.text
        assert '<input type="hidden" name="problem" value="Mine">' in shown.text
        chosen = await one.post(path, {**field("problem", "Mine", 2), "keep:problem": ["mine", choice]})
        assert chosen.status_code == 303
        assert (await answers(database, proposal))["problem"] == kept
        history = words_of(await one.get(f"/proposals/{proposal.id}/history/problem"))
        assert "Mine" in history and "Theirs" in history


async def test_an_earlier_version_is_brought_back_and_the_present_one_stays_in_the_history(
    database: Database, client: Client
) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    with clock.stopped(clock.now() + timedelta(minutes=3)):
        await client.post(f"/proposals/{proposal.id}/edit/idea", field("problem", "Worse", 1))
    path = f"/proposals/{proposal.id}/history/problem"
    assert "Bring this version back" in words_of(await client.get(path))
    back = await client.post(path, {"version": "1"})
    assert back.headers["location"] == f"/proposals/{proposal.id}/edit/idea#problem"
    assert (await answers(database, proposal))["problem"] == ANSWERS["problem"]
    assert "Worse" in words_of(await client.get(path))
    assert (await client.post(path, {"version": "99"})).status_code == 404


async def test_a_closed_call_refuses_with_both_times_and_gives_the_text_back(
    database: Database, client: Client
) -> None:
    proposal, person, _call, stage = await made(database, closes_in=timedelta(minutes=5))
    await client.sign_in(person.id)
    text = "What I wrote in the last minute, and which took me more than sixty characters to write."
    with clock.stopped(stage.closes_at + timedelta(minutes=4)):
        late = await client.post(f"/proposals/{proposal.id}/edit/idea", field("problem", text, 1))
        assert late.status_code == 409
        assert "This call closed on" in words_of(late) and "your request reached us on" in words_of(late)
        assert text in late.text
        autosaved = await client.autosave(
            f"/proposals/{proposal.id}/answers", {"version:problem": "1", "problem": text}
        )
        assert autosaved.status_code == 409 and "This call closed on" in autosaved.json()["detail"]
        assert (await client.post(f"/proposals/{proposal.id}/submission")).status_code == 409
        assert (await client.get(f"/proposals/{proposal.id}/edit/idea")).status_code == 200
    assert (await answers(database, proposal))["problem"] == ANSWERS["problem"]


async def test_eight_submissions_at_once_make_one_revision(database: Database, client: Client) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    answered = await asyncio.gather(*(client.post(f"/proposals/{proposal.id}/submission") for _n in range(8)))
    assert {r.status_code for r in answered} == {303}
    assert {r.headers["location"] for r in answered} == {f"/proposals/{proposal.id}/receipt"}
    async with database.reading() as db:
        assert (await db.exec(select(func.count()).select_from(Revision))).one() == 1
        assert (await db.exec(select(func.count()).where(Entry.event == "proposal.submitted"))).one() == 1
        assert (await db.exec(select(func.count()).select_from(Message))).one() == 1
    said = await client.http.get(f"/proposals/{proposal.id}/receipt")
    assert said.status_code == 200


async def test_parallel_saves_of_one_answer_lose_nothing(database: Database, client: Client) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    door = f"/proposals/{proposal.id}/answers"
    told = await asyncio.gather(
        *(client.autosave(door, {"version:problem": "1", "problem": f"Text{n}"}) for n in range(6))
    )
    assert sorted(r.status_code for r in told) == [200, 409, 409, 409, 409, 409]
    history = words_of(await client.get(f"/proposals/{proposal.id}/history/problem"))
    assert all(f"Text{n}" in history for n in range(6))


async def test_submitting_again_says_when_it_was_submitted(database: Database, client: Client) -> None:
    proposal, person, *_ = await made(database, a_submitted_proposal)
    await client.sign_in(person.id)
    again = await client.post(f"/proposals/{proposal.id}/submission")
    followed = await client.get(again.headers["location"])
    assert "This proposal was already submitted on" in words_of(followed)


async def test_an_unconfirmed_address_may_write_but_not_submit(database: Database, client: Client) -> None:
    async with database.writing() as db:
        call, stage = await a_call(db)
        person = await a_person(db, confirmed=False)
        proposal = await a_draft(db, call, stage, person)
        await db.commit()
    await client.sign_in(person.id)
    assert (
        await client.post(f"/proposals/{proposal.id}/edit/idea", field("jobs", "More", 1))
    ).status_code == 303
    refused = await client.post(f"/proposals/{proposal.id}/submission")
    assert refused.status_code == 409 and "Confirm your e-mail address first." in words_of(refused)


async def test_withdraw_reopen_and_send_again_until_the_deadline(database: Database, client: Client) -> None:
    proposal, person, _call, stage = await made(
        database, a_submitted_proposal, closes_in=timedelta(minutes=5)
    )
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    assert "Nobody reviews it" in words_of(await client.get(f"{path}/withdrawal"))
    assert (await client.post(f"{path}/withdrawal")).headers["location"] == path
    assert "Withdrawn" in words_of(await client.get(path))
    assert (await client.post(f"{path}/withdrawal")).status_code == 409
    assert "does not count until you send it again" in words_of(await client.get(f"{path}/reopening"))
    assert (await client.post(f"{path}/reopening")).headers["location"] == path
    assert "The proposal was reopened after this." in words_of(await client.get(f"{path}/receipt"))
    await client.post(f"{path}/edit/idea", field("jobs", "Better", 1))
    assert (await client.post(f"{path}/submission")).status_code == 303
    receipt = await client.get(f"{path}/receipt")
    assert f"{proposal.number}-02" in words_of(receipt)
    assert "This is an earlier receipt." in words_of(await client.get(f"{path}/receipt?n=1"))
    with clock.stopped(stage.closes_at):
        assert (await client.post(f"{path}/reopening")).status_code == 409
        assert (await client.post(f"{path}/withdrawal")).status_code == 303
    async with database.reading() as db:
        assert (await db.exec(select(Proposal.state))).one() == ProposalState.WITHDRAWN


# ---------- the receipt ----------


async def test_the_receipt_can_be_recomputed_and_its_seal_verifies(
    database: Database, client: Client
) -> None:
    async with database.writing() as db:
        call, stage = await a_call(db, form=WITH_FILES)
        person = await a_person(db)
        proposal = await a_draft(db, call, stage, person)
        await db.commit()
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("letter.pdf", PDF)})
    await client.post(f"{path}/submission", {"_asked": ["true", "may-publish"], "true": "yes"})
    kept = (await client.get(f"{path}/receipt.json")).json()
    manifest = kept["manifest"]

    def digest(value: Any) -> str:
        return hashlib.sha256(rfc8785.dumps(value)).hexdigest()

    assert kept["digest"] == digest(manifest)
    assert seals.is_sealed(rfc8785.dumps(manifest), kept["seal"])
    assert not seals.is_sealed(rfc8785.dumps({**manifest, "title": "Another"}), kept["seal"])
    stored = await answers(database, proposal)
    assert kept["answers"]["problem"] == stored["problem"] == ANSWERS["problem"]
    assert {code: digest(value) for code, value in kept["answers"].items()} == manifest["answers"]
    assert set(manifest["answers"]) == {"title", "problem", "jobs", "letters", "true", "may-publish"}
    assert manifest["answers_sha256"] == digest(manifest["answers"])
    [listed] = manifest["files"]
    content = (await client.get(f"/files/{kept['answers']['letters'][0]}")).content
    assert listed["sha256"] == hashlib.sha256(content).hexdigest() == hashlib.sha256(PDF).hexdigest()
    assert "BEGIN PUBLIC KEY" in kept["publicKey"]


# ---------- files ----------


async def a_file_draft(database: Database) -> tuple[Proposal, Person]:
    async with database.writing() as db:
        call, stage = await a_call(db, form=WITH_FILES)
        person = await a_person(db)
        proposal = await a_draft(db, call, stage, person)
        await db.commit()
    return proposal, person


async def test_a_file_survives_a_mistake_elsewhere_on_the_page(database: Database, client: Client) -> None:
    proposal, person = await a_file_draft(database)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    shown = await client.post(
        f"{path}/edit/papers",
        {**field("note", "one two three four five six", 0), "version:letters": "0"},
        files={"letters.upload": ("letter.pdf", PDF)},
    )
    assert shown.status_code == 422
    assert "1 word over the limit of 5." in words_of(shown) and "letter.pdf" in words_of(shown)
    refused = await client.post(
        f"{path}/files?question=letters",
        {**field("note", "kept as well", 1)},
        files=[("letters.upload", ("virus.exe", b"MZ")), ("letters.upload", ("second.pdf", PDF))],
    )
    said = words_of(refused)
    assert refused.status_code == 422 and "“virus.exe” is not of a kind that is taken here." in said
    assert "letter.pdf" in said and "second.pdf" in said and "kept as well" in refused.text
    full = await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("third.pdf", PDF)})
    assert full.status_code == 422 and "there is place for 2 files" in words_of(full)
    document_id = re.search(r'value="letters\.([0-9a-f-]{36})"', full.text)
    assert document_id is not None
    removed = await client.post(f"{path}/edit/papers", {"_remove": f"letters.{document_id[1]}"})
    assert removed.status_code == 303
    assert f'data-file="{document_id[1]}"' not in (await client.get(f"{path}/edit/papers")).text
    assert (await client.get(f"/files/{document_id[1]}")).status_code == 200, "an earlier file of one's own"
    assert (await answers(database, proposal))["note"] == "kept as well"


async def test_a_file_with_too_many_pages_is_refused_beside_its_question(
    database: Database, client: Client
) -> None:
    proposal, person = await a_file_draft(database)
    await client.sign_in(person.id)
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.add_blank_page()
        pdf.save(out)
    refused = await client.post(
        f"/proposals/{proposal.id}/files",
        {"question": "letters"},
        files={"file": ("long.pdf", out.getvalue())},
    )
    assert refused.status_code == 422
    assert "“long.pdf” has 2 pages; at most 1 page can be sent here." in words_of(refused)
    async with database.reading() as db:
        assert (await db.exec(select(func.count()).select_from(Attachment))).one() == 0


async def test_a_store_that_is_down_keeps_the_text(
    database: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal, person = await a_file_draft(database)
    await client.sign_in(person.id)

    class Down:
        def put(self, *_args: Any, **_more: Any) -> Any:
            raise StoreDown

    monkeypatch.setattr(file_store, "the_store", Down)
    answered = await client.post(
        f"/proposals/{proposal.id}/files?question=letters",
        field("note", "still here", 0),
        files={"letters.upload": ("letter.pdf", PDF)},
    )
    assert answered.status_code == 503
    assert "The file store does not answer" in words_of(answered)
    assert (await answers(database, proposal))["note"] == "still here"


async def test_files_are_downloads_of_the_team_and_of_those_they_were_sent_to(
    database: Database, client: Client
) -> None:
    proposal, person = await a_file_draft(database)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    for code in ("letters", "secret"):
        await client.post(f"{path}/files", {"question": code}, files={"file": ("خطاب <1>.pdf", PDF)})
    await client.post(f"{path}/submission", {"_asked": "true", "true": "yes"})
    ids = [
        UUID(found)
        for found in dict.fromkeys(re.findall(r"/files/([0-9a-f-]{36})", (await client.get(path)).text))
    ]
    own = await client.get(f"/files/{ids[0]}")
    assert own.status_code == 200 and own.content == PDF
    assert own.headers["content-disposition"].startswith("attachment; filename=")
    assert own.headers["x-content-type-options"] == "nosniff"
    async with database.writing() as db:
        manager, stranger = await a_manager(db), await a_person(db)
        await db.commit()
    await client.sign_in(stranger.id)
    foreign, unknown = await client.get(f"/files/{ids[0]}"), await client.get(f"/files/{uuid4()}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    await client.sign_in(manager.id)
    assert [(await client.get(f"/files/{each}")).status_code for each in ids] == [200, 404]
    async with database.reading() as db:
        opened = (
            await db.exec(select(Entry.by).where(Entry.event == "document.opened").order_by(col(Entry.n)))
        ).all()
    assert opened == [f"person:{person.id}", f"person:{manager.id}"]


# ---------- who sees what ----------

PLACES = (
    "", "/edit", "/edit/idea", "/preview", "/receipt", "/receipt.json", "/withdrawal", "/reopening", "/team",
    "/organization", "/history/problem", "/joining",
)  # fmt: skip


def anonymous(body: str) -> str:
    return re.sub(
        r"<code>[0-9a-f]{12}</code>|name=\"next\" value=\"[^\"]*\"|[0-9a-f]{8}-[0-9a-f-]{27}", "", body
    )


@pytest.mark.parametrize("kind", [a_draft, a_submitted_proposal])
async def test_another_applicant_cannot_tell_a_proposal_from_nothing(
    database: Database, client: Client, kind: Any
) -> None:
    proposal, *_ = await made(database, kind)
    async with database.writing() as db:
        rival = await a_person(db)
        await db.commit()
    await client.sign_in(rival.id)
    for place in PLACES:
        there = await client.get(f"/proposals/{proposal.id}{place}")
        nowhere = await client.get(f"/proposals/{uuid4()}{place}")
        assert there.status_code == nowhere.status_code == 404, place
        assert anonymous(there.text) == anonymous(nowhere.text), place
    for place in ("/answers", "/submission", "/withdrawal", "/reopening", "/edit/idea", "/team", "/joining"):
        assert (await client.post(f"/proposals/{proposal.id}{place}")).status_code == 404, place


async def test_staff_do_not_see_drafts_and_change_nothing_of_what_is_submitted(
    database: Database, client: Client
) -> None:
    proposal, person, *_ = await made(database)
    async with database.writing() as db:
        manager = await a_manager(db)
        await db.commit()
    await client.sign_in(manager.id)
    assert (await client.get(f"/proposals/{proposal.id}")).status_code == 404
    await client.sign_in(person.id)
    await client.post(f"/proposals/{proposal.id}/submission")
    await client.sign_in(manager.id)
    assert (await client.get(f"/proposals/{proposal.id}")).status_code == 403
    assert (await client.post(f"/proposals/{proposal.id}/withdrawal")).status_code == 403


async def test_the_list_costs_the_same_with_one_and_with_thirty(database: Database, client: Client) -> None:
    async with database.writing() as db:
        call, stage = await a_call(db)
        person = await a_person(db)
        await a_draft(db, call, stage, person)
        await db.commit()
    await client.sign_in(person.id)
    counts = []
    statements: list[str] = []
    engine = client.app.database.engine.sync_engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for more in (0, 29):
        async with database.writing() as db:
            for _n in range(more):
                await a_draft(db, call, stage, await db.merge(person))
            await db.commit()
        statements.clear()
        shown = await client.get("/proposals")
        counts.append(len([s for s in statements if not s.startswith(("BEGIN", "PRAGMA"))]))
        assert shown.text.count('data-label="State"') == more + 1
    assert counts[0] == counts[1] <= 3


async def test_an_overview_takes_a_fixed_small_number_of_statements(
    database: Database, client: Client
) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    statements: list[str] = []
    engine = client.app.database.engine.sync_engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await client.get(f"/proposals/{proposal.id}")
    assert len([s for s in statements if not s.startswith(("BEGIN", "PRAGMA"))]) <= 12


# ---------- the team ----------


async def test_somebody_joins_by_a_mailed_link_and_only_when_they_say_so(
    database: Database, client: Client
) -> None:
    proposal, person, *_ = await made(database)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    wrong = await client.post(f"{path}/team", {"name": "Grace", "email": "grace"})
    assert wrong.status_code == 422 and "Write an address like name@example.org." in words_of(wrong)
    asked = await client.post(f"{path}/team", {"name": "Grace Atieno", "email": "Grace@Example.org"})
    assert asked.status_code == 303
    assert "Invited" in words_of(await client.get(f"{path}/team"))
    async with database.writing() as db:
        grace = (await db.exec(select(Person).where(Person.email == "grace@example.org"))).one()
        link = (await db.exec(select(Link).where(Link.purpose == LinkPurpose.INVITATION))).one()
        assert (link.person_id, link.next) == (grace.id, f"{path}/joining")
        assert (await db.exec(select(func.count()).select_from(TeamMember))).one() == 1
        grace.email_confirmed_at = clock.now()
        db.add(grace)
        await db.commit()
    await client.sign_in(grace.id)
    assert (await client.get(path)).status_code == 404
    assert "Amina Okafor invites you to write together" in words_of(await client.get(f"{path}/joining"))
    assert (await client.post(f"{path}/joining")).headers["location"] == path
    assert "Grace Atieno (you)" in words_of(await client.get(path))
    assert (await client.post(f"{path}/edit/idea", field("jobs", "Grace was here", 1))).status_code == 303


def test_the_settings_of_the_tests_keep_files_in_memory() -> None:
    assert settings().storage == "memory:"
