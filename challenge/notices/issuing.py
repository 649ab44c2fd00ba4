"""Issuing, in the worker: pages in other processes, the signature in this one, one transaction a notice.

It may stop anywhere and be begun again: what was issued stays, what was prepared is issued then.
"""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from challenge.calls.models import Stage
from challenge.calls.queries import Opening, opening_of
from challenge.decisions.models import Release
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.i18n import pick
from challenge.foundation.observe import logger
from challenge.jobs.context import TaskContext
from challenge.notices import actions
from challenge.notices.actions import Draft
from challenge.notices.models import Notice, NoticeState
from challenge.settings import Settings

if TYPE_CHECKING:
    from challenge.notices.signing import Pair


async def issue(context: TaskContext, thing_id: str) -> None:
    """Everything that a release lets out."""
    async with context.database.writing() as db:
        release = await db.get(Release, UUID(thing_id))
        if release is None:
            return
        opening = await opening_of(db, release.call_id)
        await actions.prepare(db, opening, stage_of(opening, release.stage_id), at=release.released_at)
        await db.commit()
    async with context.database.reading() as db:
        waiting = await actions.waiting_notices(db, release.stage_id)
    await issue_all(context.database, context.settings, opening, waiting, release.released_at)


async def issue_one(context: TaskContext, thing_id: str) -> None:
    """One notice that replaces another."""
    async with context.database.reading() as db:
        notice = await db.get(Notice, UUID(thing_id))
        if notice is None or notice.state != NoticeState.PREPARED:
            return
        opening = await opening_of(db, notice.call_id)
    await issue_all(context.database, context.settings, opening, [notice], clock.now())


async def issue_all(
    database: Database, config: Settings, opening: Opening, waiting: list[Notice], at: datetime
) -> int:
    """As many at a time as there are workers for pages. Raises the first fault when all others are done."""
    if not waiting:
        return 0
    pair = await asyncio.to_thread(pair_of, config, opening)
    done = 0

    async def one(notice: Notice) -> None:
        nonlocal done
        async with database.reading() as db:
            draft = await actions.draft_of(db, opening, notice, at=at)
        signed = await made_and_signed(draft, pair)
        async with database.writing() as db:
            await actions.issue(db, opening, draft, signed, certificate=pair.certificate_fingerprint, at=at)
            await db.commit()
        done += 1
        logger.info("notice issued", number=notice.number, done=done, of=len(waiting))

    found = await asyncio.gather(*(one(notice) for notice in waiting), return_exceptions=True)
    faults = [result for result in found if isinstance(result, BaseException)]
    if faults:
        raise faults[0]
    return done


async def made_and_signed(draft: Draft, pair: "Pair") -> bytes:
    from challenge.notices import pdf, signing  # costs start-up: only who needs it pays

    pages = await pdf.render_in_worker(draft.document)
    return await asyncio.to_thread(signing.sign, pages, pair)


def pair_of(config: Settings, opening: Opening | None = None) -> "Pair":
    """The key of the settings; where a site makes its own, it bears the name of the first organizer."""
    from challenge.notices import signing

    name = pick(opening.programme.organizer.get("name"), "en") if opening else ""
    return signing.load_or_make_pair(
        config.signing_key,
        config.signing_certificate,
        config.var_dir,
        organization=name or "Challenge",
        may_make=config.environment == "development",
    )


def stage_of(opening: Opening, stage_id: UUID) -> Stage:
    return next(stage for stage in opening.stages if stage.id == stage_id)
