"""Whether somebody may bring in a call, and what stands at its address already."""

from sqlmodel import col, select

from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.calls.inputs import why_not_slug
from challenge.calls.models import Call, CallState, Programme
from challenge.exchange.call_files.schema import CallFile
from challenge.foundation.db import Db
from challenge.foundation.i18n import Text, _


async def call_at(db: Db, slug: str) -> Call | None:
    return (await db.exec(select(Call).where(Call.slug == slug))).first()


async def why_not_bring_in(db: Db, viewer: Viewer, file: CallFile, slug: str) -> Text | None:
    """The reason why this person cannot make or change the draft at this address, or nothing.

    Another's draft is only "taken": that it is a draft stays with those who work on it.
    """
    refusal = why_not_slug(slug)
    if refusal is not None:
        return refusal
    present = await call_at(db, slug)
    if present is not None:
        is_mine = viewer.can(Can.MANAGE_CALLS, call_id=present.id, programme_id=present.programme_id)
        if not is_mine:
            return _("The address {slug} is taken. Choose another.", slug=slug)
        if present.state != CallState.DRAFT:
            return _(
                "The call {slug} is published and never changed by a file. Choose another address.", slug=slug
            )
    programme = (await db.exec(select(Programme).where(Programme.slug == file.programme.slug))).first()
    if programme is not None and not await _works_in(db, viewer, programme):
        return _(
            "The programme {slug} belongs to others. Ask its managers, or give the file another programme.",
            slug=programme.slug,
        )
    return None


async def _works_in(db: Db, viewer: Viewer, programme: Programme) -> bool:
    if viewer.can(Can.MANAGE_CALLS, programme_id=programme.id):
        return True
    reach = viewer.scopes_of(Can.MANAGE_CALLS)
    found = await db.exec(
        select(Call.id).where(Call.programme_id == programme.id, col(Call.id).in_(reach.call_ids)).limit(1)
    )
    return found.first() is not None
