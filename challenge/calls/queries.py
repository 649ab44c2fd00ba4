from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select

from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Call, CallState, Milestone, Programme, Stage, Track
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotFound

LAST_DAY = "reviews"  # the milestone of a call that names the last day for reviews


@dataclass(frozen=True, slots=True)
class Opening:
    """A call with what surrounds it, as pages need it."""

    call: Call
    programme: Programme
    stages: Sequence[Stage]


def is_visible(viewer: Viewer) -> ColumnElement[bool]:
    """Published calls for everybody; drafts for those who manage or watch them."""
    published = col(Call.state) != CallState.DRAFT
    reach = viewer.scopes_of(Can.OPEN_DESK)
    if reach.everywhere:
        return or_(published, col(Call.id).is_not(None))
    return or_(published, col(Call.id).in_(reach.call_ids), col(Call.programme_id).in_(reach.programme_ids))


async def the_call(db: Db, viewer: Viewer, slug: str) -> Opening:
    """A call by its slug with programme and stages, or 404."""
    rows = (
        await db.exec(
            select(Call, Programme, Stage)
            .join(Programme, col(Programme.id) == Call.programme_id)
            .outerjoin(Stage, col(Stage.call_id) == Call.id)
            .where(Call.slug == slug, is_visible(viewer))
            .order_by(col(Stage.position))
        )
    ).all()
    if not rows:
        raise NotFound
    return Opening(rows[0][0], rows[0][1], [row[2] for row in rows if row[2] is not None])


async def the_desk_call(db: Db, viewer: Viewer, slug: str, needs: Can = Can.OPEN_DESK) -> Opening:
    """A call for its staff: 404 for who has no desk there, 403 for who has one but not this permission."""
    opening = await the_call(db, viewer, slug)
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    if not viewer.can(Can.OPEN_DESK, **scope):
        raise NotFound
    if not viewer.can(needs, **scope):
        raise NotAllowed
    return opening


async def opening_of(db: Db, call_id: UUID) -> Opening:
    """A call by id, for verbs that have already checked who asks."""
    rows = (
        await db.exec(
            select(Call, Programme, Stage)
            .join(Programme, col(Programme.id) == Call.programme_id)
            .outerjoin(Stage, col(Stage.call_id) == Call.id)
            .where(Call.id == call_id)
            .order_by(col(Stage.position))
        )
    ).all()
    if not rows:
        raise NotFound
    return Opening(rows[0][0], rows[0][1], [row[2] for row in rows if row[2] is not None])


async def visible_openings(db: Db, viewer: Viewer) -> list[Opening]:
    """All calls the viewer may see, newest closing first, in two statements."""
    calls = (
        await db.exec(
            select(Call, Programme)
            .join(Programme, col(Programme.id) == Call.programme_id)
            .where(is_visible(viewer))
            .order_by(col(Call.created_at).desc())
        )
    ).all()
    ids = [call.id for call, _programme in calls]
    stages = (
        await db.exec(select(Stage).where(col(Stage.call_id).in_(ids)).order_by(col(Stage.position)))
    ).all() if ids else []  # fmt: skip
    return [
        Opening(call, programme, [s for s in stages if s.call_id == call.id]) for call, programme in calls
    ]


async def tracks_of(db: Db, call_id: UUID) -> list[Track]:
    return list(
        (await db.exec(select(Track).where(Track.call_id == call_id).order_by(col(Track.position)))).all()
    )


async def milestones_of(db: Db, call_id: UUID) -> list[Milestone]:
    rows = await db.exec(select(Milestone).where(Milestone.call_id == call_id).order_by(col(Milestone.date)))
    return list(rows.all())


async def last_day(db: Db, call_id: UUID) -> date | None:
    """Until when reviews are asked for, where the call says so."""
    found = await db.exec(
        select(col(Milestone.date)).where(Milestone.call_id == call_id, Milestone.code == LAST_DAY)
    )
    return found.first()
