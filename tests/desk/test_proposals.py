"""The list of proposals, one proposal, rulings, the file: over visible rows only, at a fixed price."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.queries import viewer_for
from challenge.calls.models import Call, Stage, Track
from challenge.desk.filters import Filter
from challenge.desk.queries import numbers_of
from challenge.eligibility.models import Ruling
from challenge.foundation import clock
from challenge.foundation.db import Database, Db
from challenge.proposals import sight
from challenge.proposals.models import Proposal, ProposalState
from tests.assignments.test_pages import counted
from tests.assignments.world import a_token
from tests.builders.assignments import a_sent_proposal
from tests.builders.calls import a_call
from tests.builders.people import a_manager, a_person, with_role
from tests.client import Client, words_of

LIST = "/desk/calls/a-call/proposals"


class Here:
    """A call with four proposals; the manager stands aside from one and leads none."""

    call: Call
    stage: Stage
    manager: Person
    observer: Person
    wind: Proposal
    sun: Proposal
    coal: Proposal
    secret: Proposal


@pytest.fixture
async def here(db: Db, client: Client, at_noon: datetime) -> Here:
    made = Here()
    made.call, made.stage = await a_call(db)
    made.manager = await a_manager(db, made.call.id)
    made.observer = await with_role(db, await a_person(db), RoleName.OBSERVER, Scope.CALL, made.call.id)
    north = Track(call_id=made.call.id, code="north", label={"en": "North"})
    south = Track(call_id=made.call.id, code="south", position=1, label={"en": "South"})
    db.add(north)
    db.add(south)
    await db.flush()

    async def sent(number: str, title: str, **more: Any) -> Proposal:
        known = {
            name: more.pop(name)
            for name in ("country", "requested", "is_eligible", "track_id")
            if name in more
        }
        proposal = await a_sent_proposal(db, made.call, made.stage, number, title=title, **more)
        for name, value in known.items():
            setattr(proposal, name, value)
        proposal.currency = "USD"
        db.add(proposal)
        return proposal

    made.wind = await sent(
        "AC-2222", "Wind with a wage floor", organization="Lakeside Society", country="KE",
        requested=Decimal(20000), track_id=north.id, answers={"title": "Wind with a wage floor", "problem": "No power."},
    )  # fmt: skip
    made.sun = await sent(
        "AC-3333", "=Sun for schools", language="fr", country="SN", is_eligible=True, requested=Decimal(9000)
    )
    made.coal = await sent("AC-4444", "After the coal", is_eligible=False, country="PL", track_id=south.id)
    made.secret = await sent("AC-5555", "Secret for the manager", country="PE", requested=Decimal(7000))
    await a_sent_proposal(
        db, made.call, made.stage, "AC-6666", title="Still a draft", state=ProposalState.DRAFT
    )
    await sight.deny(db, made.manager.id, made.secret.id, "conflict")
    await db.commit()
    await client.sign_in(made.manager.id)
    return made


async def test_the_list_shows_what_staff_need(here: Here, client: Client) -> None:
    words = words_of(await client.get(LIST))
    assert "AC-2222 Wind with a wage floor KE North en Needs a ruling 0 of 2 – 20,000" in words
    assert "AC-3333 =Sun for schools SN – fr Eligible 0 of 2 – 9,000" in words
    assert "AC-4444 After the coal PL South en Not eligible – – –" in words
    assert "Still a draft" not in words


async def test_a_conflicted_manager_sees_and_counts_one_less(here: Here, client: Client) -> None:
    mine = words_of(await client.get(LIST))
    assert "All 3 To rule on 1 Eligible 1 Not eligible 1 Withdrawn 0" in mine
    assert "Secret" not in mine
    assert "PE" not in (await client.get(LIST)).text
    assert "Proposals received 3 " in words_of(await client.get("/desk/calls/a-call"))
    assert "USD" in words_of(await client.get(LIST))
    for path in (f"{LIST}/{here.secret.id}", f"{LIST}/{UUID(int=7)}"):
        assert (await client.get(path)).status_code == 404
    ruled = await client.post(f"{LIST}/{here.secret.id}/rulings", {"result": "eligible", "note": "x"})
    assert ruled.status_code == 404
    assert "AC-5555" not in (await client.get(f"{LIST}.csv")).text
    await client.sign_in(here.observer.id)
    theirs = words_of(await client.get(LIST))
    assert "All 4 To rule on 2 Eligible 1 Not eligible 1 Withdrawn 0" in theirs
    assert "Proposals received 4 " in words_of(await client.get("/desk/calls/a-call"))


async def test_ones_own_proposal_is_not_read_as_staff(here: Here, client: Client, db: Db) -> None:
    own = await a_sent_proposal(db, here.call, here.stage, "AC-7777", title="My own", lead=here.manager)
    await db.commit()
    assert "My own" not in (await client.get(LIST)).text
    assert (await client.get(f"{LIST}/{own.id}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["AC-2222", "AC-3333", "AC-4444"]),
        ("?sort=-number", ["AC-4444", "AC-3333", "AC-2222"]),
        ("?sort=title", ["AC-3333", "AC-4444", "AC-2222"]),
        ("?sort=-requested", ["AC-2222", "AC-3333", "AC-4444"]),
        ("?q=lakeside", ["AC-2222"]),
        ("?q=WAGE", ["AC-2222"]),
        ("?q=3333", ["AC-3333"]),
        ("?q=%25", []),
        ("?state=to-rule", ["AC-2222"]),
        ("?state=not-eligible", ["AC-4444"]),
        ("?country=SN", ["AC-3333"]),
        ("?language=fr", ["AC-3333"]),
        ("?track=south", ["AC-4444"]),
        ("?reviews=missing&language=en", ["AC-2222", "AC-4444"]),
        ("?reviews=complete", []),
        ("?sort=nonsense&page=x&state=y", ["AC-2222", "AC-3333", "AC-4444"]),
    ],
)
async def test_filters_and_sorting_stand_in_the_address(
    here: Here, client: Client, query: str, numbers: list[str]
) -> None:
    rows = list(csv.DictReader(io.StringIO((await client.get(f"{LIST}.csv{query}")).text.lstrip("\ufeff"))))
    assert [row["number"] for row in rows] == numbers
    page = words_of(await client.get(LIST + query))
    assert (
        f"1 to {len(numbers)} of {len(numbers)}" in page
        if numbers
        else "No proposal matches these filters" in page
    )


async def test_nobody_gets_a_formula_from_an_export(here: Here, client: Client) -> None:
    answer = await client.get(f"{LIST}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "'=Sun for schools" in answer.text


async def test_a_proposal_page_shows_answers_and_takes_a_ruling(here: Here, client: Client, db: Db) -> None:
    page = f"{LIST}/{here.wind.id}"
    words = words_of(await client.get(page))
    assert "1.2 What is the problem? No power." in words
    assert "Lakeside Society" in words
    assert "Nobody has ruled on it yet." in words
    refused = await client.post(f"{page}/rulings", {"result": "not-eligible", "note": " "})
    assert refused.status_code == 422
    assert "Write the reason; it stays in the record." in words_of(refused)
    done = await client.post(f"{page}/rulings", {"result": "not-eligible", "note": "Founded last year."})
    assert done.status_code == 303
    assert "Not eligible Founded last year." in words_of(await client.get(page))
    ruling = (await db.exec(select(Ruling))).one()
    assert (ruling.result.value, ruling.ruled_by_id) == ("not-eligible", here.manager.id)


async def test_an_observer_reads_but_does_not_rule(here: Here, client: Client) -> None:
    await client.sign_in(here.observer.id)
    page = f"{LIST}/{here.wind.id}"
    assert "Record the ruling" not in words_of(await client.get(page))
    refused = await client.post(f"{page}/rulings", {"result": "eligible", "note": "x"})
    assert refused.status_code == 403


async def test_others_find_nothing(here: Here, client: Client, db: Db) -> None:
    other, _stage = await a_call(db, "another")
    stranger = await a_manager(db, other.id)
    applicant = await a_person(db)
    await db.commit()
    await client.sign_in(stranger.id)
    assert (await client.get(LIST)).status_code == 404
    assert (await client.get(f"/desk/calls/another/proposals/{here.wind.id}")).status_code == 404
    await client.sign_in(applicant.id)
    assert (await client.get(LIST)).status_code == 403


@pytest.mark.parametrize("path", [LIST, "/desk", "/desk/calls/a-call"])
async def test_a_page_costs_the_same_with_one_row_and_with_thirty(
    client: Client, db: Db, at_noon: datetime, path: str
) -> None:
    call, stage = await a_call(db)
    manager = await a_manager(db)
    await a_sent_proposal(db, call, stage)
    await db.commit()
    await client.sign_in(manager.id)
    with counted(client) as one:
        await client.get(path)
    for n in range(29):
        await a_sent_proposal(db, call, stage)
        await a_call(db, f"call-{n}")
    await db.commit()
    with counted(client) as thirty:
        assert (await client.get(path)).status_code == 200
    assert len(thirty) == len(one)


async def test_pages_of_fifty(client: Client, db: Db, at_noon: datetime) -> None:
    call, stage = await a_call(db)
    manager = await a_manager(db)
    token = await a_token(db, manager)
    for n in range(53):
        await a_sent_proposal(db, call, stage, f"AC-{n:04d}")
    await db.commit()
    await client.sign_in(manager.id)
    assert "1 to 50 of 53" in words_of(await client.get(LIST))
    assert "51 to 53 of 53" in words_of(await client.get(LIST + "?page=2"))
    first = (await client.api("GET", "/calls/a-call/proposals", token)).json()
    second = (await client.api("GET", f"/calls/a-call/proposals?next={first['next']}", token)).json()
    numbers = [p["number"] for p in first["items"] + second["items"]]
    assert numbers == [f"AC-{n:04d}" for n in range(53)]
    assert "next" not in second


def test_a_filter_writes_its_own_address() -> None:
    wanted = Filter.read({"q": " solar  rooms ", "state": "eligible", "sort": "-score", "page": "3"})
    assert wanted.query() == "?q=solar+rooms&state=eligible&sort=-score"
    assert wanted.query(page=2) == "?q=solar+rooms&state=eligible&sort=-score&page=2"
    assert wanted.sorted_by("score") == "?q=solar+rooms&state=eligible&sort=score"
    assert Filter().query() == "?"


async def test_a_draft_is_no_number_for_anybody(here: Here, database: Database) -> None:
    async with database.reading() as db:
        viewer = await viewer_for(db, here.manager.id)
        numbers = await numbers_of(db, viewer, here.call.id, clock.now())
    assert (numbers.submitted, numbers.total, numbers.countries, numbers.requested) == (
        3,
        3,
        3,
        Decimal(29000),
    )
