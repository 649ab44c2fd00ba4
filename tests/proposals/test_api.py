"""The same verbs for programs."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import func, select

from challenge.accounts import actions as accounts
from challenge.accounts.models import Person
from challenge.accounts.viewer import for_command
from challenge.foundation.db import Database
from challenge.proposals.models import Proposal, Revision
from tests.builders.calls import a_call
from tests.builders.people import a_person
from tests.builders.proposals import ANSWERS, a_draft
from tests.client import Client
from tests.proposals.test_pages import WITH_FILES

PDF = (Path(__file__).parents[1] / "files" / "one-page.pdf").read_bytes()
KEY = {"idempotency-key": "once"}


async def a_token(database: Database, *scopes: str) -> tuple[Person, str]:
    async with database.writing() as db:
        person = await a_person(db)
        _token, secret = await accounts.make_token(
            db, person.id, name="t", scopes=list(scopes) or ["proposal:write"], by=for_command()
        )
        await db.commit()
    return person, secret


async def test_a_proposal_from_start_to_receipt_by_program(database: Database, client: Client) -> None:
    async with database.writing() as db:
        await a_call(db, form=WITH_FILES)
        await db.commit()
    _person, token = await a_token(database)

    async def ask(method: str, path: str, **more: Any) -> Any:
        return await client.api(method, path, token, **more)

    begun = await ask("POST", "/proposals", json={"call": "a-call", "language": "en"}, headers=KEY)
    assert begun.status_code == 201
    again = await ask("POST", "/proposals", json={"call": "a-call", "language": "en"}, headers=KEY)
    assert again.json() == begun.json() and again.headers["idempotency-replayed"] == "true"
    path = f"/proposals/{begun.json()['id']}"
    assert begun.json()["status"] == "draft" and begun.json()["problems"]["title"]

    saved = await ask("PUT", f"{path}/answers", json={"values": {**ANSWERS, "true": True}})
    assert saved.status_code == 200
    assert saved.json()["versions"] == {"title": 1, "problem": 1, "jobs": 1, "true": 1}
    stale = await ask(
        "PUT", f"{path}/answers", json={"values": {"title": "Late", "note": "New"}, "versions": {"title": 0}}
    )
    assert stale.status_code == 409 and stale.json()["type"].endswith("/problems/stale-version")
    assert stale.json()["clash"]["title"] == {"yours": "Late", "theirs": ANSWERS["title"], "version": 1}
    kept = (await ask("GET", f"{path}/answers")).json()["answers"]
    assert (kept["title"]["value"], kept["note"]["value"]) == (ANSWERS["title"], "New")

    early = await ask("POST", f"{path}/submission")
    assert early.status_code == 422
    assert early.json()["errors"] == [{"pointer": "letters", "message": "Attach a file for “Letters”."}]
    added = await ask("POST", f"{path}/files", data={"question": "letters"}, files={"file": ("l.pdf", PDF)})
    assert (added.status_code, added.json()["sha256"]) == (201, hashlib.sha256(PDF).hexdigest())
    assert (await ask("DELETE", f"{path}/files/{added.json()['id']}")).status_code == 204
    await ask("POST", f"{path}/files", data={"question": "letters"}, files={"file": ("l.pdf", PDF)})

    sent = await ask("POST", f"{path}/submission")
    assert sent.status_code == 200
    assert (await ask("POST", f"{path}/submission")).json() == sent.json()
    assert (await ask("GET", f"{path}/receipt")).json() == sent.json()
    shown = (await ask("GET", path)).json()
    assert (shown["state"], shown["receipt"]) == ("submitted", sent.json()["receipt"])
    refused = await ask("PUT", f"{path}/answers", json={"values": {"title": "x"}, "versions": {"title": 1}})
    assert refused.status_code == 409 and "Reopen it first" in refused.json()["detail"]
    assert (await ask("POST", f"{path}/withdrawal")).json()["state"] == "withdrawn"
    assert (await ask("POST", f"{path}/reopening")).json()["state"] == "draft"
    [line] = (await ask("GET", "/proposals")).json()["items"]
    assert (line["number"], line["call"], line["timeZone"]) == (shown["number"], "a-call", "Europe/Zurich")
    async with database.reading() as db:
        assert (await db.exec(select(func.count()).select_from(Proposal))).one() == 1
        assert (await db.exec(select(func.count()).select_from(Revision))).one() == 1


async def test_values_of_another_shape_and_unknown_questions_are_named(
    database: Database, client: Client
) -> None:
    person, token = await a_token(database)
    async with database.writing() as db:
        call, stage = await a_call(db, form=WITH_FILES)
        proposal = await a_draft(db, call, stage, await db.merge(person))
        await db.commit()
    path = f"/proposals/{proposal.id}/answers"
    for values, words in (
        ({"title": 5}, "The value of “title” has another form"),
        ({"nothing": "x"}, "The form has no question “nothing”."),
        ({"letters": []}, "“letters” takes files: send them to /files."),
    ):
        answered = await client.api("PUT", path, token, json={"values": values, "versions": {}})
        assert answered.status_code == 422 and words in answered.json()["detail"]


async def test_a_foreign_proposal_and_a_token_without_scope_are_refused(
    database: Database, client: Client
) -> None:
    _person, token = await a_token(database)
    _other, weak = await a_token(database, "account:own")
    async with database.writing() as db:
        call, stage = await a_call(db)
        proposal = await a_draft(db, call, stage)
        await db.commit()

    async def body(proposal_id: UUID) -> tuple[int, dict[str, Any]]:
        answered = await client.api("GET", f"/proposals/{proposal_id}", token)
        return answered.status_code, {**answered.json(), "instance": ""}

    assert await body(proposal.id) == await body(uuid4())
    assert (await body(proposal.id))[0] == 404
    assert (await client.api("GET", "/proposals", weak)).status_code == 403
    assert (await client.api("GET", "/proposals")).status_code == 401
