"""What stood in a question for files before: listed with its fingerprint, opened, brought back, and in the end gone."""

import hashlib
from datetime import timedelta

from sqlmodel import col, select

from challenge.calls.models import Stage
from challenge.files.models import Document
from challenge.files.purging import KEPT_FOR
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.proposals import keeping
from challenge.proposals.models import Attachment
from tests.builders.people import a_person
from tests.builders.world import a_pdf
from tests.client import Client, words_of
from tests.proposals.test_pages import PDF, WITH_FILES, made

OTHER = PDF + b"%% another one\n"


async def attachments(database: Database) -> dict[str, Attachment]:
    async with database.reading() as db:
        found = await db.exec(
            select(Attachment, Document).join(Document, col(Document.id) == Attachment.document_id)
        )
        return {document.name: attachment for attachment, document in found.all()}


async def test_an_earlier_file_is_listed_opened_and_brought_back(database: Database, client: Client) -> None:
    proposal, person, _call, _stage = await made(database, form=WITH_FILES)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    assert "No file yet" in words_of(await client.get(f"{path}/versions/letters"))
    await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("first.pdf", PDF)})
    first = (await attachments(database))["first.pdf"]
    await client.post(f"{path}/edit/papers", {"_remove": f"letters.{first.document_id}"})
    await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("second.pdf", OTHER)})
    shown = words_of(await client.get(f"{path}/versions/letters"))
    assert shown.index("second.pdf") < shown.index("first.pdf")
    assert hashlib.sha256(PDF).hexdigest() in shown and hashlib.sha256(OTHER).hexdigest() in shown
    assert "Earlier files" in words_of(await client.get(f"{path}/edit/papers"))
    assert (await client.get(f"/files/{first.document_id}")).content == PDF
    back = await client.post(f"{path}/versions/letters", {"attachment": str(first.id)})
    assert back.headers["location"].endswith("/edit/papers#letters")
    assert (await attachments(database))["first.pdf"].removed_at is None
    assert "Taken out" not in words_of(await client.get(f"{path}/versions/letters"))
    await client.sign_in((await somebody(database)).id)
    assert (await client.get(f"{path}/versions/letters")).status_code == 404


async def somebody(database: Database):  # type: ignore[no-untyped-def]
    async with database.writing() as db:
        person = await a_person(db, "Somebody Else")
        await db.commit()
    return person


async def test_where_there_is_no_place_nothing_is_brought_back(database: Database, client: Client) -> None:
    proposal, person, _call, stage = await made(database, form=WITH_FILES)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    await client.post(f"{path}/files", {"question": "letters"}, files={"file": ("old.pdf", PDF)})
    old = (await attachments(database))["old.pdf"]
    await client.post(f"{path}/edit/papers", {"_remove": f"letters.{old.document_id}"})
    for name in ("one.pdf", "two.pdf"):
        await client.post(f"{path}/files", {"question": "letters"}, files={"file": (name, PDF)})
    full = await client.post(f"{path}/versions/letters", {"attachment": str(old.id)})
    assert full.status_code == 422 and "There is place for 2 files" in words_of(full)
    await client.post(
        f"{path}/edit/papers", {"_remove": f"letters.{(await attachments(database))['one.pdf'].document_id}"}
    )
    async with database.writing() as db:
        (await db.get_one(Stage, stage.id)).closes_at = clock.now() - timedelta(seconds=1)
        await db.commit()
    late = await client.post(f"{path}/versions/letters", {"attachment": str(old.id)})
    assert late.status_code == 422 and "closed" in words_of(late)
    assert (await client.get(f"{path}/versions/title")).status_code == 404
    wrong = await client.post(f"{path}/versions/letters", {"attachment": "nonsense"})
    assert wrong.status_code == 404


async def test_of_one_question_the_newest_ten_are_kept_while_one_writes(
    database: Database, client: Client
) -> None:
    proposal, person, _call, _stage = await made(database, form=WITH_FILES)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    for n in range(12):
        await client.post(f"{path}/files", {"question": "letters"}, files={"file": (f"{n}.pdf", PDF)})
        taken = (await attachments(database))[f"{n}.pdf"]
        await client.post(f"{path}/edit/papers", {"_remove": f"letters.{taken.document_id}"})
    assert await keeping.purge_taken_out(database) == 0
    with clock.stopped(clock.now() + KEPT_FOR + timedelta(minutes=1)):
        assert await keeping.purge_taken_out(database) == 2
    shown = words_of(await client.get(f"{path}/versions/letters"))
    assert shown.count("It was taken away; only its fingerprint is kept.") == 2


async def test_two_versions_of_a_letter_are_compared_page_by_page(database: Database, client: Client) -> None:
    proposal, person, _call, _stage = await made(database, form=WITH_FILES)
    await client.sign_in(person.id)
    path = f"/proposals/{proposal.id}"
    for name, text in (("one.pdf", "We ask for nine pumps"), ("two.pdf", "We ask for twelve pumps")):
        await client.post(f"{path}/files", {"question": "letters"}, files={"file": (name, a_pdf(text, "A"))})
    kept = await attachments(database)
    assert "Compare with the newest" in words_of(await client.get(f"{path}/versions/letters"))
    asked = f"{path}/versions/letters/comparison?before={kept['one.pdf'].id}&after={kept['two.pdf'].id}"
    shown = await client.get(asked)
    assert "<del>nine</del><ins>twelve</ins>" in shown.text
    for one in kept.values():
        assert f"/files/{one.document_id}/pages/1.png" in shown.text
    assert "It has no such page." in words_of(await client.get(f"{asked}&page=7"))
    assert (
        await client.get(f"{path}/versions/letters/comparison?before={kept['one.pdf'].id}")
    ).status_code == 404
    await client.sign_in((await somebody(database)).id)
    assert (await client.get(asked)).status_code == 404
