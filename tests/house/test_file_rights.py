"""Files: who may open which, in every state, by every way. Role x state x route, against tests/house/rights.py."""

import io
import zipfile
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlmodel import select

from challenge.assignments import actions as assignments
from challenge.assignments.models import Assignment
from challenge.files import states
from challenge.files.models import Document, DocumentState
from challenge.foundation.db import Database
from challenge.proposals.models import Attachment
from tests.builders.world import MADE_UP, PLAN
from tests.house import rights
from tests.house.rights import VIEWERS
from tests.house.walking import NOBODY, Walker

PROPOSALS = ("O1", "S2", "D1")
ROUTES = ("", "/preview", "/pages/1.png")
OUTSIDE = {DocumentState.UPLOADING, DocumentState.COMPLETING, DocumentState.EXPIRED, DocumentState.ABORTED, DocumentState.PURGED}  # fmt: skip


@pytest.fixture
async def documents(walker: Walker) -> AsyncIterator[dict[str, UUID]]:
    async with walker.world.database.reading() as db:
        ids = (await db.exec(select(Attachment.proposal_id, Attachment.document_id))).all()
    by_proposal: dict[UUID, UUID] = {proposal_id: document_id for proposal_id, document_id in ids}
    yield {key: by_proposal[walker.world.proposals[key]] for key in PLAN}


async def put_in(database: Database, state: DocumentState, *ids: UUID) -> None:
    async with database.writing() as db:
        for document_id in ids:
            (await db.get_one(Document, document_id)).state = state
        await db.commit()


def expected(who: str, key: str, state: DocumentState, route: str) -> int:
    if who == NOBODY:
        return 401
    if who not in rights.existence(key) or state in OUTSIDE:
        return 404
    if state in states.RELEASED:
        return 200
    is_own = who in rights.team(key) and not route
    return 200 if is_own and state in states.KEPT else 409


@pytest.mark.parametrize("state", list(DocumentState))
async def test_every_role_in_every_state_by_every_route(
    walker: Walker, documents: dict[str, UUID], state: DocumentState
) -> None:
    await put_in(walker.world.database, state, *documents.values())
    wrong = []
    for key in PROPOSALS:
        for who in VIEWERS:
            for route in ROUTES:
                answer = await walker.request(who, "GET", f"/files/{documents[key]}{route}")
                wanted = expected(who, key, state, route)
                if answer.status != wanted:
                    wrong.append(f"{who} at {route or 'the file'} of {key}: {answer.status}, not {wanted}")
    assert not wrong, "\n".join(["", *wrong])


async def test_a_foreign_file_and_none_get_the_same_answer(
    walker: Walker, documents: dict[str, UUID]
) -> None:
    for route in (*ROUTES, "/inline"):
        foreign, none = [
            await walker.request("stranger", "GET", f"/files/{each}{route}")
            for each in (documents["S2"], MADE_UP)
        ]
        assert foreign.status == none.status == 404
        assert foreign.body.replace(foreign.header("x-request-id").encode(), b"") == none.body.replace(
            none.header("x-request-id").encode(), b""
        ).replace(str(MADE_UP).encode(), str(documents["S2"]).encode())


@pytest.mark.parametrize(
    "state", [DocumentState.SCANNING, DocumentState.AVAILABLE, DocumentState.QUARANTINED]
)
async def test_the_zip_holds_what_may_be_opened_one_by_one(
    walker: Walker, documents: dict[str, UUID], state: DocumentState
) -> None:
    await put_in(walker.world.database, state, *documents.values())
    for key in PROPOSALS:
        for who in VIEWERS:
            path = f"/proposals/{walker.world.proposals[key]}/files.zip"
            answer = await walker.request(who, "GET", path)
            if who not in rights.existence(key):
                assert answer.status == (401 if who == NOBODY else 404), (who, key)
                continue
            with zipfile.ZipFile(io.BytesIO(answer.body)) as pack:
                packed = len(pack.namelist()) - 1
            assert packed == (expected(who, key, state, "") == 200), (who, key, state)


async def test_who_was_taken_off_a_proposal_opens_none_of_its_files(
    walker: Walker, documents: dict[str, UUID]
) -> None:
    paths = [f"/files/{documents['D1']}{route}" for route in ROUTES]
    assert [(await walker.request("rev1", "GET", path)).status for path in paths] == [200] * 3
    world = walker.world
    async with world.database.writing() as db:
        assignment = await db.get_one(Assignment, world.assignments["D1:rev1"])
        by = await world.viewer(db, "administrator")
        await assignments.remove(db, assignment, world.calls["double"], "A mistake", by=by)
        await db.commit()
    assert [(await walker.request("rev1", "GET", path)).status for path in paths] == [404] * 3


async def test_uploads_are_for_who_sends_them_alone(walker: Walker, documents: dict[str, UUID]) -> None:
    """Also for staff, and for others of the team: what is on its way belongs to one person."""
    path = f"/proposals/{walker.world.proposals['O1']}/uploads/{documents['O1']}"
    for who in VIEWERS:
        answer = await walker.request(who, "GET", path)
        assert answer.status in ((401,) if who == NOBODY else (403, 404)), who


async def test_staff_and_reviewers_are_told_what_is_inside_and_only_staff_whose_name_it_bears(
    walker: Walker, documents: dict[str, UUID]
) -> None:
    world = walker.world
    async with world.database.writing() as db:
        document = await db.get_one(Document, documents["D1"])
        document.flags = ["active", "attached", "polyglot", "names-author", "author:Somebody of D1"]
        db.add(document)
        await db.commit()
    desk = f"/desk/calls/double/proposals/{world.proposals['D1']}"
    sheet = f"/reviews/{world.assignments['D1:rev1']}"
    preview = f"/files/{documents['D1']}/preview"
    for who, path in (("signer", desk), ("rev1", sheet), ("signer", preview), ("rev1", preview)):
        text = (await walker.request(who, "GET", path)).body.decode()
        for note in ("holds what runs by itself", "has other files inside", "A second file hangs on the end"):
            assert note in text, (who, path, note)
        assert ("The properties of this file name Somebody of D1" in text) == (who == "signer"), (who, path)
        assert path == preview or f'href="{preview}"' in text
