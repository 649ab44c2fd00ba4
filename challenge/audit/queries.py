from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from challenge.audit.models import Entry, Head
from challenge.audit.rules import entry_hash, facts_digest
from challenge.foundation.db import Db

LONGEST = 2**31 - 1  # the numbers of a chain are integers of four bytes


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    chain: str
    n: int
    what: str


async def breaks(db: Db) -> tuple[int, list[Break]]:
    """Walk all chains: (entries read, places that do not hold). Edits, gaps and a moved head are found."""
    found: list[Break] = []
    count = 0
    heads = {head.chain: head for head in (await db.exec(select(Head))).all()}
    last: dict[str, Entry] = {}
    for entry in (await db.exec(select(Entry).order_by(Entry.chain, col(Entry.n)))).all():
        count += 1
        before = last.get(entry.chain)
        if entry.n != (before.n + 1 if before else 1):
            found.append(Break(entry.chain, entry.n, "an entry before this one is missing"))
        if entry.previous != (before.hash if before else ""):
            found.append(Break(entry.chain, entry.n, "does not continue the entry before it"))
        if entry.hash != entry_hash(entry):
            found.append(Break(entry.chain, entry.n, "was changed after it was recorded"))
        if entry.facts is not None and entry.facts_digest != facts_digest(entry.salt, entry.facts):
            found.append(Break(entry.chain, entry.n, "its facts were changed after they were recorded"))
        last[entry.chain] = entry
    for chain, head in heads.items():
        end = last.get(chain)
        if end is None or (end.n, end.hash) != (head.n, head.hash):
            found.append(Break(chain, head.n, "the end of the chain is missing or was replaced"))
    found += [Break(chain, last[chain].n, "the chain has no head") for chain in last if chain not in heads]
    return count, found


async def head_of(db: Db, chain: UUID | str) -> tuple[int, str]:
    head = await db.get(Head, str(chain))
    return (head.n, head.hash) if head else (0, "")


async def entries_about(db: Db, thing_id: UUID, limit: int = 100) -> list[Entry]:
    rows = await db.exec(
        select(Entry).where(Entry.thing_id == thing_id).order_by(col(Entry.at).desc()).limit(limit)
    )
    return list(rows.all())


async def entries_of(
    db: Db, chain: UUID | str, *, event: str = "", before: int | None = None, limit: int = 50
) -> list[Entry]:
    """A page of one chain, the newest first; `before` is the number of the last entry of the page before."""
    wanted = select(Entry).where(Entry.chain == str(chain))
    if event:
        wanted = wanted.where(Entry.event == event)
    if before is not None:
        wanted = wanted.where(Entry.n < max(0, min(before, LONGEST)))
    return list((await db.exec(wanted.order_by(col(Entry.n).desc()).limit(limit))).all())
