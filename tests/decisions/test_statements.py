"""The desk asks the database as often about thirty decisions, letters and notices as about one."""

from datetime import datetime

from challenge.decisions import actions as decisions
from challenge.foundation.db import Database
from challenge.notices import actions as notices
from tests.builders.decisions import GIVEN, Decided, a_decided_call, a_ranked_call
from tests.client import Client
from tests.reviews.statements import counted

ONE = GIVEN[2:]
THIRTY = tuple(GIVEN[n % 3] for n in range(30))


def pages_of(made: Decided) -> dict[str, str]:
    desk = f"/desk/calls/{made.slug}"
    return {
        "decisions": f"{desk}/decisions",
        "one decision": f"{desk}/decisions/{made.proposals[0].id}",
        "all at once": f"{desk}/decisions/bulk?award=1&reserve=1",
        "signature": f"{desk}/decisions/signature",
        "release": f"{desk}/release",
        "notices": f"{desk}/notices",
    }


async def statements(client: Client, path: str) -> int:
    await client.get(path)  # whatever is kept in memory is kept now
    with counted(client) as said:
        answer = await client.get(path)
    assert answer.status_code == 200, path
    return len([one for one in said if one.lstrip().upper().startswith("SELECT")])


async def of_both(client: Client, one: Decided, many: Decided) -> list[dict[str, int]]:
    found = []
    for made in (one, many):
        await client.sign_in(made.manager_person.id)
        found.append({name: await statements(client, path) for name, path in pages_of(made).items()})
    return found


async def test_before_anything_is_decided(client: Client, database: Database, at_noon: datetime) -> None:
    async with database.writing() as db:
        one, many = await a_ranked_call(db, "one", given=ONE), await a_ranked_call(db, "many", given=THIRTY)
        await db.commit()
    few, all_of_them = await of_both(client, one, many)
    assert few == all_of_them
    assert max(few.values()) < 20


async def test_decided_signed_and_released_with_its_notices(
    client: Client, database: Database, at_noon: datetime
) -> None:
    async with database.writing() as db:
        one, many = await a_decided_call(db, "one", given=ONE), await a_decided_call(db, "many", given=THIRTY)
        await db.commit()
    few, all_of_them = await of_both(client, one, many)
    assert few == all_of_them
    async with database.writing() as db:
        for made in (one, many):
            await decisions.sign(db, made.stage, by=made.signer)
            await notices.release(db, made.opening, made.stage, by=made.signer)
            await notices.prepare(db, made.opening, made.stage)
        await db.commit()
    few, all_of_them = await of_both(client, one, many)
    assert few == all_of_them
    assert max(few.values()) < 20
