"""From a file to the tables and back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from challenge.accounts.viewer import for_command
from challenge.calls import actions as call_actions
from challenge.calls.models import Call, Milestone, Stage, Track
from challenge.calls.queries import opening_of
from challenge.exchange.call_files.importing import edition, export_call, import_call, library, shifted
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile, digest
from challenge.exchange.call_files.writing import dump
from challenge.forms import queries as forms
from challenge.forms.models import FormVersion
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotNow
from challenge.rubrics import queries as rubrics
from challenge.rubrics.models import RubricVersion
from tests.exchange.small_call import SMALL, broken

BY = for_command()


def read(text: str) -> CallFile:
    found = check(text)
    assert isinstance(found, CallFile), [str(fault) for fault in found]
    return found


@pytest.mark.parametrize("name", sorted(library()))
async def test_imported_exported_and_imported_again_a_call_is_the_same(db: Db, name: str) -> None:
    file = library()[name]
    call = await import_call(db, file, by=BY)
    out = export_call(call, (await opening_of(db, call.id)).stages)
    again = read(dump(out))
    assert digest(again) == digest(file)
    second = await import_call(db, again, slug=f"{name}-again", by=BY)
    assert digest(export_call(second)) == digest(file)


async def test_an_import_makes_a_draft_with_all_its_parts(db: Db) -> None:
    call = await import_call(db, read(SMALL), by=BY)
    assert (call.slug, call.state.value, call.languages, call.zone) == (
        "small-call", "draft", ["en", "fr"], "Europe/Zurich",
    )  # fmt: skip
    stage = (await db.exec(select(Stage).where(Stage.call_id == call.id))).one()
    assert stage.closes_at == datetime(2027, 2, 28, 16, 0, tzinfo=UTC)
    milestones = (await db.exec(select(Milestone).where(Milestone.call_id == call.id))).all()
    assert sorted(m.date for m in milestones) == [date(2027, 1, 11), date(2027, 2, 28)]
    form = (await db.exec(select(FormVersion).where(FormVersion.call_id == call.id))).one()
    assert [q["code"] for q in form.definition["questions"]] == ["title", "money"]
    rubric = (await db.exec(select(RubricVersion).where(RubricVersion.call_id == call.id))).one()
    assert (form.number, rubric.number) == (1, 1)
    assert (await db.exec(select(Track).where(Track.call_id == call.id))).all() == []


async def test_a_changed_file_updates_the_draft_and_keeps_the_form_before(db: Db) -> None:
    await import_call(db, read(SMALL), by=BY)
    changed = broken('label: {en: "Title", fr: "Titre"}', 'label: {en: "Name", fr: "Nom"}')
    call = await import_call(db, read(changed), by=BY)
    versions = (await db.exec(select(FormVersion).where(FormVersion.call_id == call.id))).all()
    assert sorted(v.number for v in versions) == [1, 2]
    assert len((await db.exec(select(Call))).all()) == 1


async def test_the_same_file_again_makes_no_new_version(db: Db) -> None:
    call = await import_call(db, read(SMALL), by=BY)
    await import_call(db, read(SMALL), by=BY)
    versions = (await db.exec(select(FormVersion).where(FormVersion.call_id == call.id))).all()
    assert [v.number for v in versions] == [1]


async def test_a_published_call_is_not_changed_by_a_file(db: Db) -> None:
    with clock.stopped(datetime(2027, 1, 12, 12, 0, tzinfo=UTC)):
        call = await import_call(db, read(SMALL), by=BY)
        await call_actions.publish(
            db,
            await opening_of(db, call.id),
            forms=await forms.codes_of(db, call.id),
            rubrics=await rubrics.codes_of(db, call.id),
            by=BY,
        )
        with pytest.raises(NotNow):
            await import_call(db, read(SMALL), by=BY)


async def test_a_moved_deadline_travels_in_the_exported_file(db: Db) -> None:
    call = await import_call(db, read(SMALL), by=BY)
    opening = await opening_of(db, call.id)
    later = datetime(2027, 3, 7, 16, 0, tzinfo=UTC)
    await call_actions.move_deadline(db, opening, opening.stages[0], later, by=BY)
    text = dump(export_call(call, opening.stages))
    assert "2027-03-07T17:00:00+01:00" in text
    assert read(text).stages[0].closes_at == later


def test_a_new_edition_keeps_the_hours_of_the_clock_over_summer_time() -> None:
    moved = shifted(read(SMALL), timedelta(days=140))
    assert moved.stages[0].opens_at == datetime(
        2027, 5, 31, 7, 0, tzinfo=UTC
    )  # 9:00 in Zurich, before and after
    assert moved.stages[0].closes_at == datetime(2027, 7, 18, 15, 0, tzinfo=UTC)
    assert [m.date for m in moved.timetable] == [date(2027, 5, 31), date(2027, 7, 18)]


def test_an_edition_opens_on_its_day_under_its_own_address() -> None:
    made = edition(read(SMALL), "small-2028", date(2028, 1, 10))
    assert made.id == "small-2028"
    assert made.stages[0].opens_at == datetime(2028, 1, 10, 8, 0, tzinfo=UTC)
    assert made.stages[0].closes_at - made.stages[0].opens_at == timedelta(days=48, hours=8)
