"""Write the reasons why somebody sees a proposal. Called by the verb that makes the reason, in its transaction."""

from uuid import UUID

from sqlmodel import select

from challenge.foundation.db import Db
from challenge.proposals.models import Facet, Sight


async def show(db: Db, person_id: UUID, proposal_id: UUID, facets: Facet, because: str) -> None:
    await _write(db, person_id, proposal_id, int(facets), False, because)


async def deny(db: Db, person_id: UUID, proposal_id: UUID, because: str) -> None:
    """Nothing of this proposal for this person, whatever else they are."""
    await _write(db, person_id, proposal_id, 0, True, because)


async def withdraw(db: Db, person_id: UUID, proposal_id: UUID, because: str) -> None:
    found = await _find(db, person_id, proposal_id, because)
    if found is not None:
        await db.delete(found)
        await db.flush()


async def _find(db: Db, person_id: UUID, proposal_id: UUID, because: str) -> Sight | None:
    return (
        await db.exec(
            select(Sight).where(
                Sight.person_id == person_id, Sight.proposal_id == proposal_id, Sight.because == because
            )
        )
    ).first()


async def _write(db: Db, person_id: UUID, proposal_id: UUID, facets: int, denied: bool, because: str) -> None:
    found = await _find(db, person_id, proposal_id, because)
    if found is None:
        found = Sight(person_id=person_id, proposal_id=proposal_id, because=because)
    found.facets, found.is_denied = facets, denied
    db.add(found)
    await db.flush()
