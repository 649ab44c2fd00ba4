"""A stage as a question to the engine: what binds it, what it answers, and what a manager reads of it."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.assignments import proposing, queries
from challenge.assignments.proposing import Proposed
from challenge.assignments.queries import Candidate, Field, Given, Told
from challenge.calls.models import Stage
from challenge.foundation.db import Db
from challenge.panels.models import Expertise, SeatKind, SeatState
from challenge.panels.queries import Seated
from challenge.proposals.models import ProposalState
from tests.assignments.test_pages import counted, fields, present
from tests.assignments.world import a_world, in_conflict
from tests.builders.assignments import a_sent_proposal
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_reviewer
from tests.builders.people import a_manager, a_viewer
from tests.client import Client, words_of

SDG = "sdgs"
MOMENT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def a_candidate(number: str, **more: Any) -> Candidate:
    values: dict[str, Any] = {
        "title": "", "language": "en", "country": "", "state": ProposalState.SUBMITTED, "is_eligible": None,
    }  # fmt: skip
    return Candidate(id=uuid4(), number=number, **(values | more))


def a_seated(name: str, **more: Any) -> Seated:
    values: dict[str, Any] = {
        "kind": SeatKind.REVIEWER, "max_load": None, "languages": [], "country": "", "topics": frozenset(), "keywords": [],
    }  # fmt: skip
    return Seated(
        seat_id=uuid4(), panel_id=uuid4(), person_id=uuid4(), name=name, email=f"{name}@example.org",
        state=SeatState.ACCEPTED, invited_at=MOMENT, answered_at=MOMENT, reason="", organization_type="", affiliation="",
        **(values | more),
    )  # fmt: skip


def a_field(
    proposals: list[Candidate],
    seats: list[Seated],
    *,
    wanted: int = 1,
    conflicts: set[tuple[UUID, UUID]] | None = None,
    teams: set[tuple[UUID, UUID]] | None = None,
    given_now: set[tuple[UUID, UUID]] | None = None,
) -> Field:
    present = {
        pair: Given(uuid4(), pair[1], "", "", pair[0], "", uuid4(), uuid4(), MOMENT)
        for pair in given_now or set()
    }
    return Field(
        stage=Stage(reviews_per_proposal=wanted),
        proposals={each.id: each for each in proposals},
        seats=seats,
        others={},
        conflicts=conflicts or set(),
        teams=teams or set(),
        present=present,
        loads=Counter(person for person, _proposal in present),
    )


def names(found: Proposed) -> list[tuple[str, str]]:
    return [(number, email.partition("@")[0]) for number, email in found.pairs]


def lacks(found: Proposed) -> list[tuple[str, int, str]]:
    return [(short.number, short.missing, str(short.why)) for short in found.short]


# ---------- rules ----------

JOBS, OCEAN = (SDG, "sdg-08"), (SDG, "sdg-14")


def test_themes_decide_and_numbers_of_themes_are_not_confused() -> None:
    wind, fish = a_candidate("WIND"), a_candidate("FISH")
    amina, bruno = a_seated("amina", topics=frozenset({OCEAN})), a_seated("bruno", topics=frozenset({JOBS}))
    told = {wind.id: Told(frozenset({JOBS})), fish.id: Told(frozenset({OCEAN}))}
    found = proposing.propose(a_field([wind, fish], [amina, bruno]), told)
    assert names(found) == [("WIND", "bruno"), ("FISH", "amina")]
    assert (found.total, found.is_proved, found.short) == (pytest.approx(0.5), True, [])
    assert found.bound == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("proposal", "told", "better"),
    [
        ({"title": "Training for welders"}, Told(), {"keywords": ["welders"]}),
        ({}, Told(text="Apprenticeships in solar irrigation"), {"keywords": ["irrigation"]}),
        ({"country": "KE"}, Told(), {"country": "KE"}),
        ({}, Told(frozenset({JOBS})), {"topics": frozenset({JOBS})}),
        ({"language": "fr", "title": "travail décent"}, Told(), {"topics": frozenset({JOBS}), "languages": ["fr"]}),
    ],
)  # fmt: skip
def test_each_thing_that_is_shared_speaks_for_a_person(
    proposal: dict[str, Any], told: Told, better: dict[str, Any]
) -> None:
    one = a_candidate("ONE", **proposal)
    seats = [a_seated("amina"), a_seated("bruno", **better)]
    found = proposing.propose(a_field([one], seats), {one.id: told})
    assert names(found) == [("ONE", "bruno")]
    assert found.total > 0


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("conflicts", "Conflicts of interest leave too few reviewers."),
        ("teams", "Conflicts of interest leave too few reviewers."),
    ],
)
def test_who_is_in_conflict_or_on_the_team_is_never_proposed(field: str, why: str) -> None:
    one, amina = a_candidate("ONE"), a_seated("amina")
    more: Any = {field: {(amina.person_id, one.id)}}
    found = proposing.propose(a_field([one], [amina], **more), {})
    assert (names(found), lacks(found)) == ([], [("ONE", 1, why)])


@pytest.mark.parametrize(
    ("proposal", "seat", "wanted", "expected"),
    [
        ({"language": "fr"}, {"languages": ["en"]}, 1, [("ONE", 1, "No reviewer with a seat reads its language.")]),
        ({"language": "fr"}, {"languages": ["fr"]}, 2, [("ONE", 1, "Too few reviewers with a seat read its language.")]),
        ({"language": "fr"}, {}, 1, []),
        ({}, {"max_load": 0}, 1, [("ONE", 1, "All who may review it are at the limit that they offered.")]),
        ({"is_eligible": False}, {}, 1, []),
        ({"state": ProposalState.WITHDRAWN}, {}, 1, []),
    ],
)  # fmt: skip
def test_what_is_short_says_why(
    proposal: dict[str, Any], seat: dict[str, Any], wanted: int, expected: list[Any]
) -> None:
    other = a_candidate("TWO")
    field = a_field([a_candidate("ONE", **proposal), other], [a_seated("amina", **seat)], wanted=wanted)
    found = proposing.propose(field, {})
    assert [each for each in lacks(found) if each[0] == "ONE"] == expected


def test_what_stands_stays_and_counts() -> None:
    one, two, gone = a_candidate("ONE"), a_candidate("TWO"), a_candidate("GONE", is_eligible=False)
    amina, bruno = a_seated("amina", max_load=2), a_seated("bruno", max_load=2)
    chair = a_seated("chen", kind=SeatKind.CHAIR)
    given_now = {
        (amina.person_id, one.id), (amina.person_id, gone.id), (chair.person_id, two.id),
    }  # fmt: skip
    field = a_field([one, two, gone], [amina, bruno, chair], wanted=2, given_now=given_now)
    found = proposing.propose(field, {})
    assert (names(found), found.there) == ([("ONE", "bruno"), ("TWO", "bruno")], 1)
    assert (found.short, found.share) == ([], None)


def test_what_stands_stays_even_in_conflict_and_over_the_limit() -> None:
    one, two = a_candidate("ONE"), a_candidate("TWO")
    amina = a_seated("amina", max_load=1)
    pairs = {(amina.person_id, one.id), (amina.person_id, two.id)}
    found = proposing.propose(
        a_field([one, two], [amina], given_now=pairs, conflicts={(amina.person_id, one.id)}), {}
    )
    assert (found.pairs, found.there, found.short) == ([], 2, [])


def test_who_offered_no_limit_has_an_even_share_unless_reviews_are_missing() -> None:
    proposals = [a_candidate(f"P{n}", language="fr") for n in range(6)]
    star = a_seated("star", languages=["fr"], topics=frozenset({JOBS}))
    others = [a_seated("bruno", languages=["fr"]), a_seated("carla", languages=["fr"])]
    told = {each.id: Told(frozenset({JOBS})) for each in proposals}
    even = proposing.propose(a_field(proposals, [star, *others]), told)
    assert even.share == 2
    assert Counter(email for _n, email in even.pairs) == Counter(
        {f"{n}@example.org": 2 for n in ("star", "bruno", "carla")}
    )
    silent = [a_seated("bruno", languages=["en"]), a_seated("carla", languages=["en"])]
    alone = proposing.propose(a_field(proposals, [star, *silent]), told)
    assert (alone.share, len(alone.pairs), alone.short) == (8, 6, [])


def test_a_person_on_two_panels_is_asked_once() -> None:
    one, amina = a_candidate("ONE"), a_seated("amina")
    twice = Seated(**{name: getattr(amina, name) for name in Seated.__slots__} | {"panel_id": uuid4()})
    found = proposing.propose(a_field([one], [amina, twice], wanted=2), {})
    assert names(found) == [("ONE", "amina")]
    assert found.short[0].missing == 1


def test_without_time_every_rule_is_kept_and_nothing_is_claimed() -> None:
    one, two = a_candidate("ONE"), a_candidate("TWO")
    amina, bruno = a_seated("amina", max_load=1), a_seated("bruno", max_load=1)
    field = a_field([one, two], [amina, bruno], conflicts={(amina.person_id, one.id)})
    found = proposing.propose(field, {}, seconds=0)
    assert names(found) == [("ONE", "bruno"), ("TWO", "amina")]
    assert (found.is_proved, found.bound) == (False, None)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_rule_is_ever_broken(data: st.DataObject) -> None:
    proposals = [a_candidate(f"P{n}", language=data.draw(st.sampled_from(["en", "fr"]))) for n in range(4)]
    seats = [
        a_seated(
            f"r{n}",
            max_load=data.draw(st.none() | st.integers(0, 3)),
            languages=data.draw(st.sampled_from([[], ["en"], ["fr"], ["en", "fr"]])),
        )
        for n in range(4)
    ]
    pairs = st.sets(
        st.sampled_from([(seat.person_id, each.id) for seat in seats for each in proposals]), max_size=6
    )
    conflicts, given_now = data.draw(pairs), data.draw(pairs)
    wanted = data.draw(st.integers(1, 3))
    field = a_field(proposals, seats, wanted=wanted, conflicts=conflicts, given_now=given_now)
    found = proposing.propose(field, {})
    number = {each.number: each for each in proposals}
    person = {seat.email: seat for seat in seats}
    new = [(person[email], number[n]) for n, email in found.pairs]
    assert len(new) == len({(seat.person_id, each.id) for seat, each in new})
    for seat, each in new:
        assert (seat.person_id, each.id) not in conflicts | given_now
        assert not seat.languages or each.language in seat.languages
    for seat in seats:
        mine = sum(each is seat for each, _proposal in new)
        most = seat.max_load if seat.max_load is not None else found.share
        assert most is not None
        assert not mine or mine + field.loads[seat.person_id] <= most
    for each in proposals:
        has = sum(p is each for _seat, p in new) + sum(p == each.id for _person, p in given_now)
        missing = sum(short.missing for short in found.short if short.number == each.number)
        assert max(has, wanted) == has + missing


# ---------- one proposal and everybody ----------


def test_words_in_common_are_told_as_they_are_written() -> None:
    text = "Compétences of Cooperatives: cooperatives repair Solar pumps for the farmers"
    assert proposing.shared_words(text, ["cooperative farming, solar, competence", "the of for", ""]) == [
        ["Cooperatives", "Compétences", "Solar"],
        [],
        [],
    ]


def test_who_suits_best_comes_first_and_who_cannot_comes_last() -> None:
    one = a_candidate("ONE", language="fr", country="KE", title="Solar pumps")
    seats = [
        a_seated("conflict", topics=frozenset({JOBS}), country="KE", keywords=["solar"]),
        a_seated("unread", languages=["en"], topics=frozenset({JOBS})),
        a_seated("plain"),
        a_seated("near", country="KE"),
        a_seated("best", topics=frozenset({JOBS}), keywords=["solar"]),
        a_seated("given"),
    ]
    field = a_field(
        [one], seats, conflicts={(seats[0].person_id, one.id)}, given_now={(seats[5].person_id, one.id)}
    )
    told = Told(frozenset({JOBS}))
    suited = proposing.suits(one, told, seats)
    choices = queries.in_order([queries.choice(field, seat, one, told.topics) for seat in seats], suited)
    assert [each.seat.name for each in choices] == ["given", "best", "near", "plain", "unread", "conflict"]
    assert suited[seats[4].person_id].words == ["Solar"]
    assert [suited[seat.person_id].is_same_country for seat in seats] == [
        True, False, False, True, False, False,
    ]  # fmt: skip


# ---------- from the database ----------

FORM = {
    "sections": [{"code": "idea", "label": {"en": "Your idea"}}],
    "questions": [
        {"code": "goals", "section": "idea", "kind": "choices", "required": False, "vocabulary": "sdgs",
         "label": {"en": "Goals"}},
        {"code": "summary", "section": "idea", "kind": "long-text", "label": {"en": "Summary"}},
        {"code": "more", "section": "idea", "kind": "long-text", "label": {"en": "More"}},
        {"code": "phone", "section": "idea", "kind": "short-text", "personal": True, "label": {"en": "Phone"}},
    ],
}  # fmt: skip
SAID = {"goals": ["sdg-08"], "summary": "Solar pumps", "more": "Long", "phone": "+254 secret"}


@pytest.mark.parametrize(
    ("left_out", "text"), [((), "Solar pumps"), (("summary",), "Long")], ids=["a summary", "none"]
)
async def test_a_proposal_is_told_by_its_summary(db: Db, left_out: tuple[str, ...], text: str) -> None:
    form = FORM | {"questions": [q for q in FORM["questions"] if q["code"] not in left_out]}
    call, stage = await a_call(db, form=form)
    one = await a_sent_proposal(db, call, stage, answers=SAID)
    manager = await a_viewer(db, await a_manager(db, call.id))
    assert await queries.told_of(db, manager, stage) == {one.id: Told(frozenset({JOBS}), text)}
    assert await queries.topics_of(db, manager, stage) == {one.id: frozenset({JOBS})}


async def test_the_keywords_of_a_person_are_compared(db: Db) -> None:
    call, stage = await a_call(db, form=FORM)
    panel = await a_panel(db, call, stage)
    await a_reviewer(db, panel, "Amina Diallo")
    bruno = await a_reviewer(db, panel, "Bruno Costa")
    db.add(Expertise(person_id=bruno.id, keywords=["solar irrigation"]))
    await a_sent_proposal(db, call, stage, "AC-WIND2", answers=SAID)
    manager = await a_viewer(db, await a_manager(db, call.id))
    stage.reviews_per_proposal = 1
    field = await queries.field_of(db, manager, stage)
    found = proposing.propose(field, await queries.told_of(db, manager, stage))
    assert found.pairs == [("AC-WIND2", bruno.email)]


# ---------- the page ----------


async def suggested(client: Client, desk: str) -> Any:
    return await client.post(desk + "/suggestion", {})


async def test_a_proposal_is_shown_before_anything_is_written_and_then_made(client: Client, db: Db) -> None:
    world = await a_world(db)
    await in_conflict(db, world.bruno, world.wind)
    await world.given(db, world.sun, world.amina)
    await db.commit()
    await client.sign_in(world.manager.id)
    assert "Propose assignments …" in words_of(await client.get(world.desk))
    shown = await suggested(client, world.desk)
    words = words_of(shown)
    assert shown.status_code == 200
    assert "With the 1 that stand already, the total affinity is 0.00." in words
    assert "this is proved" in words
    assert "Conflicts of interest leave too few reviewers." in words
    assert await present(client) == {(world.sun.id, world.amina.id)}
    done = await client.post(world.desk + "/imports", fields(shown))
    assert (done.status_code, done.headers["location"]) == (303, world.desk)
    made = await present(client)
    assert (world.wind.id, world.bruno.id) not in made
    assert made > {(world.sun.id, world.amina.id), (world.sun.id, world.bruno.id)}
    assert {person for _proposal, person in made} == {world.amina.id, world.bruno.id}
    assert sum(person == world.amina.id for _proposal, person in made) == 2


async def test_what_changed_meanwhile_is_shown_again(client: Client, db: Db) -> None:
    world = await a_world(db)
    await db.commit()
    await client.sign_in(world.manager.id)
    shown = await suggested(client, world.desk)
    await in_conflict(db, world.bruno, world.wind)
    await db.commit()
    assert (await client.post(world.desk + "/imports", fields(shown))).status_code == 409
    assert await present(client) == set()


async def test_nobody_to_propose_is_said(client: Client, db: Db) -> None:
    call, _stage = await a_call(db)
    manager = await a_manager(db, call.id)
    await db.commit()
    await client.sign_in(manager.id)
    answer = await suggested(client, "/desk/calls/a-call/assignments")
    assert answer.headers["location"] == "/desk/calls/a-call/assignments"
    assert "Nothing was proposed" in words_of(await client.get(answer.headers["location"]))


async def test_only_who_manages_reviews_may_ask_and_a_hidden_proposal_stays_hidden(
    client: Client, db: Db
) -> None:
    world = await a_world(db)
    await in_conflict(db, world.manager, world.wind)
    await db.commit()
    await client.sign_in(world.amina.id)
    assert (await suggested(client, world.desk)).status_code == 403
    await client.sign_in(world.manager.id)
    shown = await suggested(client, world.desk)
    assert "AC-SUNN3" in shown.text
    for canary in ("AC-WIND2", "Wind with a wage floor", str(world.wind.id)):
        assert canary not in shown.text


async def test_reasons_stand_beside_each_person(client: Client, db: Db) -> None:
    call, stage = await a_call(db, form=FORM)
    panel = await a_panel(db, call, stage)
    await a_reviewer(db, panel, "Amina Diallo")
    bruno = await a_reviewer(db, panel, "Bruno Costa")
    db.add(Expertise(person_id=bruno.id, keywords=["solar irrigation"], country="KE"))
    one = await a_sent_proposal(db, call, stage, answers=SAID)
    one.country = "KE"
    db.add(one)
    manager = await a_manager(db, call.id)
    await db.commit()
    await client.sign_in(manager.id)
    words = words_of(await client.get(f"/desk/calls/a-call/assignments/proposals/{one.id}"))
    assert "Words in common: Solar Same country" in words
    assert words.index("Bruno Costa") < words.index("Amina Diallo")


async def test_thirty_rows_cost_as_many_statements_as_one(client: Client, db: Db) -> None:
    world = await a_world(db)
    await db.commit()
    await client.sign_in(world.manager.id)
    counts = []
    for more in (0, 29):
        for n in range(more):
            await a_sent_proposal(db, world.call, world.stage, title=f"Proposal {n}")
            await a_reviewer(db, world.panel, f"Reader {n}")
        await db.commit()
        await client.get(world.desk)  # whatever is kept in memory is kept now
        with counted(client) as statements:
            shown = await suggested(client, world.desk)
        assert shown.status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert f"Reader {0}" in shown.text
