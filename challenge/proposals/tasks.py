"""What follows by itself: a refused file reopens its question, a new one settles it, what was taken out goes."""

from uuid import UUID

from sqlmodel import col, select

from challenge.foundation.observe import logger
from challenge.jobs.context import Task, TaskContext
from challenge.proposals import keeping, replacing
from challenge.proposals.models import SlotReopening


async def reopen_slot(context: TaskContext, thing_id: str) -> None:
    async with context.database.writing() as db:
        await replacing.reopen_slot(db, UUID(thing_id))
        await db.commit()


async def settle(context: TaskContext) -> None:
    """For files of which nobody waited until they had arrived."""
    async with context.database.reading() as db:
        waiting = await db.exec(
            select(SlotReopening.proposal_id).where(col(SlotReopening.closed_at).is_(None)).distinct()
        )
        proposal_ids = list(waiting.all())
    for proposal_id in proposal_ids:
        try:
            await replacing.settle_alone(context.database, proposal_id)
        except Exception as error:
            logger.warning("replacement could not be settled", kind=type(error).__name__)


async def purge(context: TaskContext) -> None:
    await keeping.purge_taken_out(context.database)


tasks: dict[str, Task] = {
    "proposals.reopen_slot": reopen_slot,
    "proposals.settle": settle,
    "proposals.purge": purge,
}
