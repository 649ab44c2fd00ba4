import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlmodel import col, select

from challenge.accounts.models import RoleName, Scope
from challenge.assignments.models import Assignment
from challenge.calls.models import Blindness
from challenge.foundation.db import Db
from challenge.panels.models import Conflict, Expertise, Seat, SeatKind, SeatState
from challenge.proposals.models import Facet
from tests.assignments.world import World, a_token, a_world, in_conflict, now_of, sides_of, stored
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_reviewer, a_seat
from tests.builders.people import a_manager, a_person, with_role
from tests.client import Client, words_of


@pytest.fixture
async def world(db: Db, client: Client) -> AsyncIterator[World]:
    """A world that is stored, with the manager signed in."""
    made = await a_world(db)
    await db.commit()
    await client.sign_in(made.manager.id)
    yield made


def fields(response: httpx.Response) -> dict[str, Any]:
    """The hidden fields of a page's confirming form."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.text):
        found.setdefault(name, []).append(unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


async def present(client: Client) -> set[tuple[Any, Any]]:
    pairs = select(Assignment.proposal_id, Assignment.person_id).where(col(Assignment.removed_at).is_(None))
    return set(await stored(client.database, pairs))


@contextmanager
def counted(client: Client) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    engine = client.app.database.engine.sync_engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hear)


# ---------- looking ----------


async def test_the_overview_says_who_is_short(world: World, client: Client, db: Db) -> None:
    await world.given(db, world.wind, world.amina)
    await world.given(db, world.wind, world.bruno)
    await world.given(db, world.sun, world.amina)
    await db.commit()
    words = words_of(await client.get(world.desk))
    assert "2 proposals are short of reviewers" in words
    assert "Wind with a wage floor English Amina Diallo , Bruno Costa 2 of 2" in words
    assert "After the coal English nobody yet 0 of 2" in words
    assert "Amina Diallo 2 of 2" in words
    short = words_of(await client.get(world.desk + "?show=short"))
    assert "Sun for schools" in short
    assert "Wind with a wage floor" not in short


async def test_the_overview_leads_on_when_there_is_nothing_yet(client: Client, db: Db) -> None:
    call, _stage = await a_call(db)
    manager = await a_manager(db, call.id)
    await db.commit()
    await client.sign_in(manager.id)
    words = words_of(await client.get("/desk/calls/a-call/assignments"))
    assert "There is nothing to assign yet" in words


async def test_choosing_for_a_proposal_says_why_somebody_cannot(world: World, client: Client, db: Db) -> None:
    await in_conflict(db, world.bruno, world.wind)
    await world.given(db, world.sun, world.amina)
    await world.given(db, world.coal, world.amina)
    await db.commit()
    shown = await client.get(f"{world.desk}/proposals/{world.wind.id}")
    words = words_of(shown)
    assert "Bruno Costa 0 Languages not told none shared Cannot be assigned" in words
    assert "A conflict of interest stands between this person and this proposal." in words
    assert "One more goes beyond what this person offered." in words
    assert f'name="r" value="{world.amina.id}"' in shown.text
    assert f'name="r" value="{world.bruno.id}"' not in shown.text


async def test_choosing_for_a_person_shows_the_open_proposals(world: World, client: Client, db: Db) -> None:
    await in_conflict(db, world.amina, world.wind)
    await db.commit()
    shown = await client.get(f"{world.desk}/people/{world.amina.id}")
    assert f'name="p" value="{world.sun.id}"' in shown.text
    assert f'name="p" value="{world.wind.id}"' not in shown.text
    assert "A conflict of interest stands between this person and this proposal." in words_of(shown)
    assert (await client.get(f"{world.desk}/people/{world.manager.id}")).status_code == 404


async def test_shared_themes_and_languages_stand_beside_each_person(client: Client, db: Db) -> None:
    form = {
        "sections": [{"code": "idea", "label": {"en": "Your idea"}}],
        "questions": [
            {"code": "goals", "section": "idea", "kind": "choices", "required": False, "vocabulary": "sdgs",
             "label": {"en": "Goals"}},
        ],
    }  # fmt: skip
    call, stage = await a_call(db, form=form)
    panel = await a_panel(db, call, stage)
    amina = await a_reviewer(db, panel, "Amina Diallo")
    db.add(Expertise(person_id=amina.id, languages=["fr"], sdgs=["sdg-01", "sdg-08"]))
    proposal = await a_sent_proposal(db, call, stage, language="fr", answers={"goals": ["sdg-08", "sdg-02"]})
    manager = await a_manager(db, call.id)
    await db.commit()
    await client.sign_in(manager.id)
    for path in (f"proposals/{proposal.id}", f"people/{amina.id}"):
        words = words_of(await client.get(f"/desk/calls/a-call/assignments/{path}"))
        assert "French Decent work and economic growth Free" in words


# ---------- bulk, with a page that is read first ----------


async def test_a_choice_is_shown_before_it_is_made(world: World, client: Client, db: Db) -> None:
    await in_conflict(db, world.amina, world.coal)
    await world.given(db, world.wind, world.amina)
    await db.commit()
    picked = {"p": [str(world.wind.id), str(world.sun.id), str(world.coal.id)], "r": str(world.amina.id)}
    shown = await client.post(world.desk + "/plan", picked)
    words = words_of(shown)
    assert shown.status_code == 200
    assert "Make 1 assignment?" in words
    assert "1 is left out, and why" in words
    assert "A conflict of interest stands between this person and this proposal." in words
    assert "1 pair is there already and stays" in words
    assert await present(client) == {(world.wind.id, world.amina.id)}
    done = await client.post(world.desk, fields(shown))
    assert (done.status_code, done.headers["location"]) == (303, world.desk)
    assert await present(client) == {(world.wind.id, world.amina.id), (world.sun.id, world.amina.id)}
    assert "1 assignment was made." in words_of(await client.get(world.desk))


async def test_a_choice_that_changed_meanwhile_is_shown_again(world: World, client: Client, db: Db) -> None:
    picked = {"p": [str(world.wind.id), str(world.sun.id)], "r": str(world.amina.id)}
    shown = await client.post(world.desk + "/plan", picked)
    await in_conflict(db, world.amina, world.wind)
    await db.commit()
    again = await client.post(world.desk, fields(shown))
    assert again.status_code == 409
    assert "Something changed since you opened this page. Nothing was assigned." in words_of(again)
    assert await present(client) == set()
    assert (await client.post(world.desk, fields(again))).status_code == 303
    assert await present(client) == {(world.sun.id, world.amina.id)}


async def test_nothing_picked_is_said(world: World, client: Client) -> None:
    answer = await client.post(
        world.desk + "/plan", {"p": str(world.wind.id), "from_proposal": str(world.wind.id)}
    )
    assert answer.headers["location"] == f"{world.desk}/proposals/{world.wind.id}"
    assert "Nothing was picked." in words_of(await client.get(answer.headers["location"]))


async def test_a_forged_form_cannot_assign_a_conflict(world: World, client: Client, db: Db) -> None:
    await in_conflict(db, world.amina, world.wind)
    await db.commit()
    pair = f"{world.wind.id}:{world.amina.id}"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    await client.post(world.desk, {"pair": pair, "digest": empty})
    answer = await client.post(world.desk, {"pair": pair, "digest": "x"})
    assert answer.status_code == 409
    assert await present(client) == set()


async def test_an_assignment_is_taken_away_with_a_reason(world: World, client: Client, db: Db) -> None:
    made = await world.given(db, world.wind, world.amina)
    await db.commit()
    path = f"{world.desk}/{made.id}/removal"
    assert "Take AC-WIND2 away from Amina Diallo?" in words_of(await client.get(path))
    refused = await client.post(path, {"reason": " "})
    assert refused.status_code == 422
    assert "Say in a few words why; it stays in the record." in words_of(refused)
    done = await client.post(path, {"reason": "ill"})
    assert done.headers["location"] == f"{world.desk}/proposals/{world.wind.id}"
    assert (await client.get(path)).status_code == 404
    assert (await now_of(client.database, made)).removed_because == "ill"


# ---------- a list ----------


async def test_a_list_is_shown_as_a_diff_and_applied_when_confirmed(
    world: World, client: Client, db: Db
) -> None:
    await world.given(db, world.sun, world.amina)
    await db.commit()
    text = f"proposal;reviewer\r\nAC-WIND2;{world.amina.email}\r\nAC-NEVER;{world.amina.email}\r\n"
    path = world.desk + "/imports"
    shown = await client.post(
        path, {"mode": "replace"}, files={"file": ("list.csv", text.encode("utf-8-sig"))}
    )
    words = words_of(shown)
    assert "There is no submitted proposal with the number AC-NEVER in this stage." in words
    assert "As long as a line is left out, nothing is taken away." in words
    assert await present(client) == {(world.sun.id, world.amina.id)}
    corrected = await client.post(path, {"mode": "replace", "text": f"AC-WIND2,{world.amina.email}"})
    assert "Assign 1 and take away 1?" in words_of(corrected)
    done = await client.post(path, fields(corrected))
    assert done.status_code == 303
    assert await present(client) == {(world.wind.id, world.amina.id)}
    assert "Assigned: 1. Taken away: 1." in words_of(await client.get(world.desk))


async def test_a_list_that_cannot_be_read_keeps_what_was_typed(world: World, client: Client) -> None:
    refused = await client.post(world.desk + "/imports", {"text": 'AC-WIND2,"broken'})
    assert refused.status_code == 422
    assert "Line 1 cannot be read; a quotation mark does not close." in words_of(refused)
    assert "AC-WIND2,&#34;broken" in refused.text
    latin = await client.post(
        world.desk + "/imports",
        {},
        files={"file": ("list.csv", "AC-WIND2,élise@example.org".encode("latin-1"))},
    )
    assert latin.status_code == 422
    assert "The file is not written in UTF-8." in words_of(latin)


async def test_a_conflict_in_a_list_is_left_out(world: World, client: Client, db: Db) -> None:
    await in_conflict(db, world.amina, world.wind)
    await db.commit()
    shown = await client.post(world.desk + "/imports", {"text": f"AC-WIND2,{world.amina.email}"})
    words = words_of(shown)
    assert "The list changes nothing" in words
    assert "A conflict of interest stands between this person and this proposal." in words
    forged = {"text": f"AC-WIND2,{world.amina.email}", "apply": "yes", "digest": "x"}
    assert (await client.post(world.desk + "/imports", forged)).status_code == 409
    assert await present(client) == set()


async def test_the_present_list_comes_back_as_it_is_taken(world: World, client: Client, db: Db) -> None:
    await world.given(db, world.wind, world.bruno)
    await world.given(db, world.wind, world.amina)
    await db.commit()
    got = await client.get(world.desk + "/list.csv")
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    emails = sorted([world.amina.email, world.bruno.email])
    assert got.content.decode("utf-8-sig") == (
        f"proposal,reviewer\r\nAC-WIND2,{emails[0]}\r\nAC-WIND2,{emails[1]}\r\n"
    )
    shown = await client.post(
        world.desk + "/imports", {"mode": "replace"}, files={"file": ("l.csv", got.content)}
    )
    assert "The list changes nothing" in words_of(shown)


# ---------- the wall ----------


async def test_a_conflicted_manager_finds_nothing_of_the_proposal_anywhere(
    world: World, client: Client, db: Db
) -> None:
    made = await world.given(db, world.wind, world.amina)
    await world.given(db, world.sun, world.amina)
    await in_conflict(db, world.manager, world.wind)
    await db.commit()
    [seat] = await stored(client.database, select(Seat).where(Seat.person_id == world.amina.id))
    for path in (
        world.desk,
        world.desk + "?show=short",
        world.desk + "/list.csv",
        f"{world.desk}/people/{world.amina.id}",
        f"{world.desk}/proposals/{world.sun.id}",
        world.panels,
        f"{world.panels}/{world.panel.id}",
        f"{world.panels}/{world.panel.id}/seats/{seat.id}/withdrawal",
    ):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        for canary in ("AC-WIND2", "Wind with a wage floor", str(world.wind.id), str(made.id)):
            assert canary not in answer.text, (path, canary)
    overview = words_of(await client.get(world.desk))
    assert "Proposals 2" in overview
    assert "Amina Diallo 1 of 2" in overview
    await _same_as_unknown(client, f"{world.desk}/proposals/{{}}", world.wind.id)
    await _same_as_unknown(client, f"{world.desk}/{{}}/removal", made.id)


async def _same_as_unknown(client: Client, path: str, hidden: Any) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    real, made_up = await client.get(path.format(hidden)), await client.get(path.format(unknown))
    assert real.status_code == made_up.status_code == 404
    assert _body(real, str(hidden)) == _body(made_up, unknown)


def _body(answer: httpx.Response, own: str) -> str:
    text = re.sub(r"[0-9a-f]{12}(?=\W)", "REFERENCE", answer.text.replace(own, "ID"))
    return re.sub(r'name="_csrf_token" value="[^"]*"', "", text)


async def test_a_conflict_after_the_assignment_ends_sight_at_once(
    world: World, client: Client, db: Db
) -> None:
    made = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    done = await client.post("/reviews/conflicts", {"proposal": "ac-wind2", "kind": "employment"})
    assert (done.status_code, done.headers["location"]) == (303, "/reviews/conflicts")
    assert await sides_of(client.database, world.amina, world.wind) == Facet(0)
    assert (await now_of(client.database, made)).removed_at is not None
    words = words_of(await client.get("/reviews/conflicts"))
    assert "AC-WIND2 I work or worked for the applicant or a partner" in words
    assert "Wind with a wage floor" not in words
    token = await a_token(db, world.amina)
    await db.commit()
    known = await client.api("GET", f"/proposals/{world.wind.id}", token)
    unknown = await client.api("GET", "/proposals/00000000-0000-4000-8000-000000000000", token)
    assert known.status_code == unknown.status_code == 404


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (RoleName.OBSERVER, "call", 403),
        (RoleName.AUDITOR, "site", 403),
        (RoleName.APPLICANT, "site", 403),
        (RoleName.REVIEWER, "panel", 403),
        (RoleName.CHAIR, "panel", 403),
        (RoleName.MANAGER, "call", 200),
        (RoleName.MANAGER, "other", 404),
        (RoleName.ADMINISTRATOR, "site", 200),
    ],
)
async def test_who_may_open_and_change_assignments(
    db: Db, client: Client, role: RoleName, scope: str, status: int
) -> None:
    world = await a_world(db)
    other, _stage = await a_call(db, "another-call")
    person = await a_person(db)
    ids = {"call": world.call.id, "panel": world.panel.id, "other": other.id, "site": None}
    await with_role(db, person, role, Scope.CALL if scope == "other" else Scope(scope), ids[scope])
    made = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(person.id)
    panel = f"{world.panels}/{world.panel.id}"
    for path in (
        world.desk,
        world.desk + "/imports",
        world.desk + "/list.csv",
        f"{world.desk}/proposals/{world.wind.id}",
        f"{world.desk}/people/{world.amina.id}",
        f"{world.desk}/{made.id}/removal",
        world.panels,
        panel,
    ):
        assert (await client.get(path)).status_code == status, path
    if status == 200:
        return
    for path, data in (
        (world.desk, {"pair": f"{world.sun.id}:{world.amina.id}"}),
        (world.desk + "/plan", {"p": str(world.sun.id), "r": str(world.amina.id)}),
        (world.desk + "/imports", {"text": f"AC-SUNN3,{world.amina.email}", "apply": "yes"}),
        (f"{world.desk}/{made.id}/removal", {"reason": "x"}),
        (world.panels, {"name": "Mine"}),
        (panel + "/seats", {"name": "X", "email": "x@example.org"}),
    ):
        assert (await client.post(path, data)).status_code == status, path
    assert await present(client) == {(world.wind.id, world.amina.id)}


async def test_pages_take_as_many_statements_for_thirty_rows_as_for_one(
    world: World, client: Client, db: Db
) -> None:
    await world.given(db, world.wind, world.amina)
    await db.commit()
    paths = [
        world.desk,
        world.desk + "/list.csv",
        f"{world.desk}/proposals/{world.wind.id}",
        f"{world.desk}/people/{world.amina.id}",
        world.panels,
        f"{world.panels}/{world.panel.id}",
    ]
    before = [await _statements(client, path) for path in paths]
    for _n in range(30):
        person = await a_reviewer(db, world.panel)
        proposal = await a_sent_proposal(db, world.call, world.stage)
        await an_assignment(db, proposal, person, world.panel, world.stage)
        await an_assignment(db, proposal, world.amina, world.panel, world.stage)
    await db.commit()
    assert [await _statements(client, path) for path in paths] == before
    assert max(before) < 16


async def _statements(client: Client, path: str) -> int:
    with counted(client) as said:
        assert (await client.get(path)).status_code == 200
    return len([s for s in said if s.lstrip().upper().startswith("SELECT")])


# ---------- seats and standing aside ----------


async def test_accepting_is_a_button_and_the_chair_sees_the_panel(
    world: World, client: Client, db: Db
) -> None:
    await world.given(db, world.wind, world.amina)
    seat, late = await a_seat(db, world.panel, kind=SeatKind.CHAIR, state=SeatState.INVITED)
    await db.commit()
    await client.sign_in(late.id)
    path = f"/reviews/invitations/{seat.id}"
    for _visit in range(2):
        assert "Would you chair this panel?" in words_of(await client.get(path))
    assert (await now_of(client.database, seat)).state == SeatState.INVITED
    assert (await client.get(path + "/acceptance")).status_code == 405
    done = await client.post(path + "/acceptance")
    assert (done.status_code, done.headers["location"]) == (303, path)
    assert "You sit on this panel" in words_of(await client.get(path))
    assert await sides_of(client.database, late, world.wind) & Facet.REVIEWS
    again = await client.post(path + "/acceptance")
    assert again.status_code == 409
    assert "You have answered this invitation before" in words_of(again)


async def test_nobody_answers_for_somebody_else(world: World, client: Client, db: Db) -> None:
    seat, _invited = await a_seat(db, world.panel, state=SeatState.INVITED)
    await db.commit()
    for path in ("", "/acceptance", "/refusal"):
        answer = await (client.post(f"/reviews/invitations/{seat.id}{path}") if path else client.get(
            f"/reviews/invitations/{seat.id}"
        ))  # fmt: skip
        assert answer.status_code == 404, path


async def test_an_address_that_is_not_confirmed_cannot_take_a_seat(
    world: World, client: Client, db: Db
) -> None:
    seat, person = await a_seat(db, world.panel, await a_person(db, confirmed=False), state=SeatState.INVITED)
    await db.commit()
    await client.sign_in(person.id)
    refused = await client.post(f"/reviews/invitations/{seat.id}/acceptance")
    assert refused.status_code == 403
    assert "Confirm your e-mail address first." in words_of(refused)


async def test_a_seat_is_taken_back_with_what_came_with_it(world: World, client: Client, db: Db) -> None:
    await world.given(db, world.wind, world.amina)
    await db.commit()
    [seat] = await stored(client.database, select(Seat).where(Seat.person_id == world.amina.id))
    panel = f"{world.panels}/{world.panel.id}"
    path = f"{panel}/seats/{seat.id}/withdrawal"
    assert "1 proposal loses a reviewer" in words_of(await client.get(path))
    assert (await client.post(path, {"reason": ""})).status_code == 422
    done = await client.post(path, {"reason": "moved away"})
    assert (done.status_code, done.headers["location"]) == (303, panel)
    assert await present(client) == set()
    assert "This seat was taken back before." in words_of(await client.get(path))


async def test_organizations_are_named_only_where_nothing_hides_them(
    world: World, client: Client, db: Db
) -> None:
    await client.sign_in(world.amina.id)
    assert "Sunrise Union" not in words_of(await client.get("/reviews/conflicts"))  # the call is still open
    world.stage.closes_at = world.stage.opens_at
    db.add(world.stage)
    await in_conflict(db, world.amina, world.coal)
    await db.commit()
    words = words_of(await client.get("/reviews/conflicts"))
    assert "Sunrise Union · Kenya" in words
    assert "Shaft Nine" not in words
    assert "Sun for schools" not in words
    done = await client.post(
        "/reviews/conflicts", {"organization": str(world.sun.organization_id), "kind": "rivalry"}
    )
    assert done.status_code == 303
    declared = select(Conflict.proposal_id).where(Conflict.declared_by_id == world.amina.id)
    assert await stored(client.database, declared) == [world.sun.id]
    world.stage.blindness = Blindness.DOUBLE
    db.add(world.stage)
    await db.commit()
    assert "Windward Cooperative" not in words_of(await client.get("/reviews/conflicts"))


async def test_a_conflict_is_refused_with_a_sentence_and_tries_are_counted(
    world: World, client: Client, db: Db
) -> None:
    await client.sign_in(world.amina.id)
    missing = await client.post("/reviews/conflicts", {"proposal": "", "kind": ""})
    assert missing.status_code == 422
    words = words_of(missing)
    assert "Write the number of the proposal, for example JET-7Q4MX." in words
    assert "Choose what kind of conflict it is." in words
    for _n in range(20):
        wrong = await client.post("/reviews/conflicts", {"proposal": "AC-NEVER", "kind": "family"})
        assert wrong.status_code == 422
    assert "No proposal that you may be asked to judge has this number." in words_of(wrong)
    assert (
        await client.post("/reviews/conflicts", {"proposal": "AC-WIND2", "kind": "family"})
    ).status_code == 429


async def test_conflicts_are_for_those_who_judge(world: World, client: Client) -> None:
    await client.sign_in(world.manager.id)
    assert (await client.get("/reviews/conflicts")).status_code == 404
    assert (
        await client.post("/reviews/conflicts", {"proposal": "AC-WIND2", "kind": "family"})
    ).status_code == 404
