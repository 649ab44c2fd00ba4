import json
import re

import pytest
from sqlmodel import select

from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.viewer import for_command
from challenge.audit.models import Entry
from challenge.foundation.db import Db
from challenge.scoring import actions, records
from challenge.scoring.models import Ranking
from tests.assignments.world import a_token, in_conflict, stored
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.people import a_person, with_role
from tests.builders.reviews import a_submitted_review
from tests.client import Client, words_of
from tests.reviews.statements import counted
from tests.scoring.world import Ranked, a_ranked_call


@pytest.fixture
async def world(db: Db) -> Ranked:
    return await a_ranked_call(db)


def places(text: str) -> list[tuple[str, str]]:
    """(place, title) of every row of the chart."""
    rows = re.findall(r'data-label="Place">(.*?)</td>.*?dir="auto">(.*?)</a>', text)
    return [(re.sub(r"<[^>]+>", "", place), title) for place, title in rows]


async def test_the_ranking_is_a_chart_with_reasons(db: Db, client: Client, world: Ranked) -> None:
    await db.commit()
    await client.sign_in(world.manager.id)
    shown = await client.get(f"{world.desk}/ranking")
    assert shown.status_code == 200
    assert places(shown.text) == [
        ("1", "Title of AC-CCCC"),
        ("2=", "Title of AC-AAAA"),
        ("2=", "Title of AC-BBBB"),
        ("–", "Title of AC-DDDD"),
    ]
    words = words_of(shown)
    assert "3 proposals have a place, 2 share one" in words
    assert "Nothing parts it from AC-AAAA, so they share the place." in words
    assert "Not ranked. Founded too late for this call." in words
    assert "Relevance 5 · Feasibility 4.5" in words
    assert f'href="{world.desk}/rankings/new"' in shown.text


async def test_freezing_asks_first_and_shows_the_same_numbers_again(
    db: Db, client: Client, world: Ranked
) -> None:
    await db.commit()
    await client.sign_in(world.manager.id)
    confirm = await client.get(f"{world.desk}/rankings/new")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', confirm.text)
    assert seen is not None
    form = {"stage": "proposals", "seen": seen[1], "note": "After the panel"}
    stale = await client.post(f"{world.desk}/rankings", {**form, "seen": "0" * 64})
    assert stale.status_code == 409
    assert "The scores have changed since you looked." in words_of(stale) and "After the panel" in stale.text
    done = await client.post(f"{world.desk}/rankings", form)
    [ranking] = await stored(client.database, select(Ranking))
    assert done.headers["location"] == f"{world.desk}/ranking/{ranking.id}"
    shown = await client.get(done.headers["location"])
    words = words_of(shown)
    assert "Computed again just now from the record: the same numbers." in words
    assert "After the panel" in words and ranking.digest in words
    assert len(places(shown.text)) == 4
    record = await client.get(f"{world.desk}/ranking/{ranking.id}/record.json")
    assert record.headers["content-disposition"].startswith('attachment; filename="a-call-ranking-1.json"')
    assert records.digest(json.loads(record.content)) == ranking.digest
    assert records.is_reproduced(json.loads(record.content))


async def test_somebody_who_stands_aside_reads_no_trace_of_the_hidden_place(
    db: Db, client: Client, world: Ranked
) -> None:
    ranking = await actions.freeze(db, world.stage, note="AC-CCCC leads", by=for_command())
    await in_conflict(db, world.manager, world.proposals["AC-CCCC"])
    await db.commit()
    await client.sign_in(world.manager.id)
    for path in (f"{world.desk}/ranking", f"{world.desk}/ranking/{ranking.id}"):
        shown = await client.get(path)
        assert places(shown.text) == [
            ("1=", "Title of AC-AAAA"),
            ("1=", "Title of AC-BBBB"),
            ("–", "Title of AC-DDDD"),
        ]
        for trace in ("AC-CCCC", ranking.digest, "96.0", "Panel score 96"):
            assert trace not in words_of(shown)
        assert "counted among" in words_of(shown)
    frozen = words_of(await client.get(f"{world.desk}/ranking/{ranking.id}"))
    assert "One more proposal is not shown to you." in frozen
    refused = await client.get(f"{world.desk}/ranking/{ranking.id}/record.json")
    assert refused.status_code == 403 and "AC-CCCC" not in refused.text
    confirm = words_of(await client.get(f"{world.desk}/rankings/new"))
    assert "Somebody who sees every proposal of this stage freezes its ranking" in confirm
    assert (await client.post(f"{world.desk}/rankings", {"stage": "proposals"})).status_code == 409


async def test_opening_the_reviews_again_asks_for_a_reason(db: Db, client: Client, world: Ranked) -> None:
    await actions.freeze(db, world.stage, by=for_command())
    await db.commit()
    await client.sign_in(world.manager.id)
    path = f"{world.desk}/ranking/reviews"
    assert "Open the reviews again?" in words_of(await client.get(path))
    assert (await client.post(path, {"stage": "proposals", "reason": ""})).status_code == 422
    done = await client.post(path, {"stage": "proposals", "reason": "A wrong score."})
    assert done.headers["location"] == f"{world.desk}/ranking"
    assert "has to be frozen anew" in words_of(await client.get(f"{world.desk}/ranking"))
    events = await stored(client.database, select(Entry.event).where(Entry.event == "reviews.opened"))
    assert events == ["reviews.opened"]
    again = await client.post(path, {"stage": "proposals", "reason": "Twice."})
    assert again.status_code == 409


async def test_the_rubric_is_read_in_all_languages(db: Db, client: Client, world: Ranked) -> None:
    await db.commit()
    await client.sign_in(world.manager.id)
    shown = await client.get(f"{world.desk}/rubric")
    words = words_of(shown)
    assert "2 criteria decide" in words and "weight 60 %" in words
    assert "The panel's score must reach 2." in words
    assert '<th scope="col" lang="ar" dir="rtl">العربية</th>' in shown.text


async def test_who_may_read_and_who_may_freeze(db: Db, client: Client, world: Ranked) -> None:
    roles = (RoleName.OBSERVER, RoleName.AUDITOR, RoleName.ADMINISTRATOR)
    people: dict[RoleName, Person] = {}
    for role in roles:
        site = role == RoleName.ADMINISTRATOR
        people[role] = await with_role(
            db, await a_person(db), role, Scope.SITE if site else Scope.CALL, None if site else world.call.id
        )
    other_call = await with_role(db, await a_person(db), RoleName.MANAGER, Scope.CALL, world.panel.id)
    await db.commit()
    expected = [
        (world.manager, 200, 200),
        (people[RoleName.ADMINISTRATOR], 200, 200),
        (people[RoleName.OBSERVER], 200, 403),
        (people[RoleName.AUDITOR], 200, 403),
        (world.amina, 403, 403),
        (other_call, 404, 404),
    ]
    for person, reads, freezes in expected:
        await client.sign_in(person.id)
        assert (await client.get(f"{world.desk}/ranking")).status_code == reads
        assert (await client.get(f"{world.desk}/rankings/new")).status_code == freezes
        if freezes != 200:
            assert (await client.post(f"{world.desk}/rankings", {})).status_code == freezes


async def test_programs_read_and_freeze(db: Db, client: Client, world: Ranked) -> None:
    token, amina = await a_token(db, world.manager), await a_token(db, world.amina)
    await db.commit()
    path = f"/calls/{world.call.slug}"
    rubric = (await client.api("GET", f"{path}/rubric")).json()
    assert (rubric["stage"], [one["code"] for one in rubric["rubric"]["criteria"]]) == (
        "proposals",
        ["relevance", "feasibility"],
    )
    assert (await client.api("GET", f"{path}/ranking", amina)).status_code == 403
    standing = (await client.api("GET", f"{path}/ranking", token)).json()
    assert [(row["proposal"], row["place"]) for row in standing["ranking"]["rows"]] == [
        ("AC-CCCC", 1),
        ("AC-AAAA", 2),
        ("AC-BBBB", 2),
        ("AC-DDDD", None),
    ]
    headers = {"idempotency-key": "once"}
    made = await client.api("POST", f"{path}/rankings", token, json={"note": "By a program"}, headers=headers)
    again = await client.api(
        "POST", f"{path}/rankings", token, json={"note": "By a program"}, headers=headers
    )
    assert (made.status_code, again.json()) == (201, made.json())
    listed = (await client.api("GET", f"{path}/rankings", token)).json()["items"]
    assert [one["n"] for one in listed] == [1]
    frozen = (await client.api("GET", f"{path}/rankings/{made.json()['id']}", token)).json()
    assert (frozen["isReproduced"], records.digest(frozen["record"])) == (True, frozen["digest"])
    await in_conflict(db, world.manager, world.proposals["AC-CCCC"])
    await db.commit()
    hidden = (await client.api("GET", f"{path}/rankings/{made.json()['id']}", token)).json()
    assert hidden["hidden"] == 1 and "record" not in hidden and "digest" not in hidden
    assert [row["place"] for row in hidden["ranking"]["rows"]] == [1, 1, None]


@pytest.mark.parametrize("page", ["ranking", "rankings/new", "frozen"])
async def test_pages_send_the_same_number_of_statements_for_few_and_for_many(
    db: Db, client: Client, world: Ranked, page: str
) -> None:
    first = await actions.freeze(db, world.stage, by=for_command())
    await actions.open_reviews(db, world.stage, reason="more", by=for_command())
    await db.commit()
    await client.sign_in(world.manager.id)
    path = f"{world.desk}/ranking/{first.id}" if page == "frozen" else f"{world.desk}/{page}"
    with counted(client) as few:
        assert (await client.get(path)).status_code == 200
    for n in range(30):
        proposal = await a_sent_proposal(db, world.call, world.stage)
        made = await an_assignment(db, proposal, world.amina, world.panel, world.stage)
        await a_submitted_review(db, made, world.amina, 1 + n % 5, 1 + n % 4)
    second = await actions.freeze(db, world.stage, by=for_command())
    await db.commit()
    path = path.replace(str(first.id), str(second.id))
    with counted(client) as many:
        shown = await client.get(path)
    assert shown.status_code == 200
    assert len(many) == len(few)
