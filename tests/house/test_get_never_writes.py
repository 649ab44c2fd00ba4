"""Looking changes nothing: no GET door writes, but for the lines that say that somebody looked."""

import pytest

from challenge.foundation import clock
from tests.builders.world import NOW
from tests.house.test_wall import asked_doors, chosen, known_things
from tests.house.walking import Statements, Walker, examples_of, filled, gate_turns_back

LOOKING = ("administrator", "signer", "ana", "rev1", "chair", "nobody")
# Doors whose reading is itself recorded, in a transaction of its own: (path, tables)
RECORDED: dict[str, frozenset[str]] = {
    "/files/{document_id}": frozenset({"entry", "head"}),
    "/files/{document_id}/preview": frozenset({"entry", "head"}),
    "/files/{document_id}/pages/{png}": frozenset({"entry", "head"}),
    "/files/{document_id}/inline": frozenset({"entry", "head"}),
    "/proposals/{proposal_id}/files.zip": frozenset({"entry", "head"}),
    "/reviews/files.zip": frozenset({"entry", "head"}),
    "/desk/calls/{slug}/files.zip": frozenset({"entry", "head"}),
    # tries are counted, so that nobody finds codes by trying
    "/verify/{code}": frozenset({"attempt"}),
    "/api/v1/verify/{code}": frozenset({"attempt"}),
}


@pytest.mark.timeout(300)
async def test_no_door_that_shows_something_writes(walker: Walker) -> None:
    wrote: set[str] = set()
    known = known_things(walker.world)
    for door in asked_doors(walker):
        for who in LOOKING:
            examples = chosen(examples_of(door, walker.world, briefly=True), known, who, lambda _e: False)
            for example in examples[:1] if gate_turns_back(walker.world.roles, who, door) else examples:
                with Statements(walker.own) as statements:
                    await walker.ask(who, door, example)
                allowed = RECORDED.get(door.path, frozenset())
                wrote |= {
                    f"{door} by {who}: {text.split(' VALUES')[0][:90]}"
                    for text in statements.writes()
                    if not any(f" {table} " in text.replace('"', "") for table in allowed)
                }
    assert not wrote, "\n".join(["", *sorted(wrote)])


async def test_the_only_trace_of_a_visit_is_when_the_session_was_last_used(walker: Walker) -> None:
    door = next(d for d in asked_doors(walker) if d.path == "/account")
    with clock.stopped(NOW.replace(hour=13)), Statements(walker.own) as statements:
        answer = await walker.request("ana", "GET", filled(door.path, {}))
    assert answer.status == 200
    assert [text.split(" WHERE")[0] for text in statements.writes()] == ["UPDATE session SET seen_at=?"] or [
        text.split(" WHERE")[0].split("=")[0] for text in statements.writes()
    ] == ["UPDATE session SET seen_at"]
