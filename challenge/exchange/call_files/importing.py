"""From a call file to the tables and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import col, delete, select

from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.models import Call, CallState, Milestone, Programme, Stage, Track
from challenge.exchange.call_files import schema
from challenge.exchange.call_files.reading import check, check_rubrics
from challenge.exchange.call_files.schema import CallFile, RubricFile
from challenge.exchange.call_files.zones import zone_named
from challenge.forms import actions as forms
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotNow
from challenge.foundation.i18n import _
from challenge.rubrics import actions as rubrics
from challenge.rubrics.definition import Rubric

LIBRARY = Path(__file__).parents[1] / "library"


async def import_call(db: Db, file: CallFile, *, slug: str = "", by: Viewer) -> Call:
    """Make a draft call, or bring a draft up to date. A published call is never changed by a file.

    `slug` gives the call another address than the file's own, so that one file can be opened again.
    """
    slug = slug or file.id
    call = (await db.exec(select(Call).where(Call.slug == slug))).first()
    if call is not None and call.state != CallState.DRAFT:
        raise NotNow(_("The call {slug} is published. Import the file under another address.", slug=slug))
    programme = await _programme(db, file)
    call = call or Call(
        slug=slug, programme_id=programme.id, prefix="", title={}, summary={}, zone="", languages=[]
    )
    call.programme_id, call.prefix, call.zone = programme.id, file.prefix, file.zone
    call.title, call.summary, call.guidance = dict(file.title), dict(file.summary), dict(file.guidance)
    call.languages, call.is_demonstration = list(file.languages), file.demonstration
    call.facts, call.source, call.changed_at = facts_of(file), schema.as_json(file), clock.now()
    db.add(call)
    await db.flush()
    await _stages(db, call, file)
    await _tracks_and_milestones(db, call, file)
    for code in file.forms:
        await forms.publish_version(db, call.id, code, schema.form_in_use(file, code))
    for code, rubric in file.rubrics.items():
        await rubrics.publish_version(db, call.id, code, rubric)
    await audit.record(db, by, "call.imported", call, chain=call.id, digest=schema.digest(file))
    return call


async def _programme(db: Db, file: CallFile) -> Programme:
    found = (await db.exec(select(Programme).where(Programme.slug == file.programme.slug))).first()
    if found is None:
        found = Programme(
            slug=file.programme.slug,
            title=dict(file.programme.title),
            organizer=msgspec.to_builtins(file.organizer),
        )
        db.add(found)
        await db.flush()
    return found


def facts_of(file: CallFile) -> dict[str, Any]:
    """What pages and notices say of a call beyond its columns, as JSON."""
    plain = schema.as_json(file)
    kept = (
        "organizer", "partners", "themes", "country_focus_areas", "intervention_type", "sdgs", "policy_areas",
        "eligibility", "budget_rules", "awards", "commitments", "after_award", "dates", "documents", "notices",
        "demonstration_line", "filled_in", "sources",
    )  # fmt: skip
    return {key: plain[key] for key in kept if key in plain}


async def _stages(db: Db, call: Call, file: CallFile) -> None:
    present = {s.code: s for s in (await db.exec(select(Stage).where(Stage.call_id == call.id))).all()}
    for position, given in enumerate(file.stages):
        stage = present.pop(given.code, None) or Stage(
            call_id=call.id, code=given.code, label={}, opens_at=given.opens_at, closes_at=given.closes_at
        )
        stage.position, stage.label = position, dict(given.label)
        stage.opens_at, stage.closes_at = given.opens_at, given.closes_at
        stage.blindness, stage.reviews_per_proposal = given.blind, given.reviews_per_proposal
        stage.form_code, stage.rubric_code = given.form, given.rubric
        db.add(stage)
    for left in present.values():
        await db.delete(left)
    await db.flush()


async def _tracks_and_milestones(db: Db, call: Call, file: CallFile) -> None:
    await db.exec(delete(Track).where(col(Track.call_id) == call.id))
    await db.exec(delete(Milestone).where(col(Milestone.call_id) == call.id))
    for position, track in enumerate(file.tracks):
        db.add(
            Track(
                call_id=call.id,
                code=track.code,
                position=position,
                label=dict(track.label),
                award_count=track.award_count,
            )
        )
    for milestone in file.timetable:
        db.add(
            Milestone(call_id=call.id, code=milestone.code, date=milestone.date, label=dict(milestone.label))
        )
    await db.flush()


def export_call(call: Call, stages: Sequence[Stage] = ()) -> CallFile:
    """The file a call came from, with the deadlines as they stand now; importing it again changes nothing."""
    file = msgspec.json.decode(msgspec.json.encode(call.source), type=CallFile)
    now = {stage.code: stage for stage in stages}
    moved = tuple(
        msgspec.structs.replace(s, opens_at=now[s.code].opens_at, closes_at=now[s.code].closes_at)
        if s.code in now
        else s
        for s in file.stages
    )
    return msgspec.structs.replace(file, stages=moved)


def shifted(file: CallFile, by: timedelta) -> CallFile:
    """The same call with every date moved by whole days, as for a new edition. Hours stay as the clocks of the call
    show them: 17:00 in winter is 17:00 in summer.
    """
    days = timedelta(days=by.days)
    zone = zone_named(file.zone) or ZoneInfo("UTC")
    change = msgspec.structs.replace

    def later(instant: datetime) -> datetime:
        local = instant.astimezone(zone).replace(tzinfo=None) + days
        return local.replace(tzinfo=zone, fold=1).astimezone(UTC)

    stages = tuple(change(s, opens_at=later(s.opens_at), closes_at=later(s.closes_at)) for s in file.stages)
    timetable = tuple(change(m, date=m.date + days) for m in file.timetable)
    dates = change(
        file.dates,
        **{
            name: getattr(file.dates, name) + days
            for name in ("panel_on", "accept_by", "complaint_until")
            if getattr(file.dates, name) is not None
        },
    )
    reserve = file.awards.reserve_list
    if reserve is not None and reserve.expires_on is not None:
        reserve = change(reserve, expires_on=reserve.expires_on + days)
    awards = change(file.awards, reserve_list=reserve)
    return change(file, stages=stages, timetable=timetable, dates=dates, awards=awards)


def edition(file: CallFile, slug: str, opens_on: date | None = None) -> CallFile:
    """A copy under another address, with its dates moved so that it opens on a day, in the zone of the call."""
    copy = msgspec.structs.replace(file, id=slug)
    if opens_on is None:
        return copy
    zone = zone_named(file.zone) or ZoneInfo("UTC")
    first = min(stage.opens_at for stage in file.stages).astimezone(zone).date()
    return shifted(copy, opens_on - first)


@cache
def library() -> dict[str, CallFile]:
    """The calls that ship with the product, by id."""
    found: dict[str, CallFile] = {}
    for path in sorted(LIBRARY.glob("*.yaml")):
        file = check(path.read_text(encoding="utf-8"), path.name)
        if isinstance(file, CallFile):
            found[file.id] = file
    return found


@cache
def rubric_library() -> dict[str, Mapping[str, Rubric]]:
    """How published calls are scored, by their ids: those of the library, and those known by their rubrics alone."""
    found: dict[str, Mapping[str, Rubric]] = {name: call.rubrics for name, call in library().items()}
    for path in sorted((LIBRARY / "rubrics").glob("*.yaml")):
        file = check_rubrics(path.read_text(encoding="utf-8"), path.name)
        if isinstance(file, RubricFile):
            found[file.id] = file.rubrics
    return found


def first_closing(file: CallFile) -> datetime:
    return min(stage.closes_at for stage in file.stages)
