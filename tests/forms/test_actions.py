"""Saving answers: nothing is lost, whoever comes too late."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from challenge.forms import actions, queries
from challenge.forms.models import EarlierAnswer
from challenge.foundation import clock
from challenge.foundation.db import Db
from tests.builders.calls import a_call
from tests.builders.people import a_person


async def a_sheet(db: Db) -> UUID:
    call, stage = await a_call(db)
    version = await queries.newest_version(db, call.id, stage.form_code)
    return (await actions.open_sheet(db, version, "en")).id


async def history(db: Db, sheet_id: UUID, question: str = "title") -> list[tuple[int, object]]:
    rows = await db.exec(
        select(EarlierAnswer.version, EarlierAnswer.value)
        .where(EarlierAnswer.sheet_id == sheet_id, EarlierAnswer.question == question)
        .order_by(col(EarlierAnswer.version))
    )
    return [tuple(row) for row in rows.all()]


async def test_versions_count_the_saves_of_an_answer(db: Db) -> None:
    sheet = await a_sheet(db)
    first = await actions.save_answers(db, sheet, {"title": "One"}, {}, None)
    second = await actions.save_answers(db, sheet, {"title": "Two"}, {"title": 1}, None)
    assert (first.versions, second.versions) == ({"title": 1}, {"title": 2})
    assert await queries.answers_of(db, sheet) == {"title": "Two"}


async def test_an_empty_answer_makes_no_row_where_there_is_none(db: Db) -> None:
    sheet = await a_sheet(db)
    saved = await actions.save_answers(db, sheet, {"title": "", "jobs": [], "yes": False}, {}, None)
    assert saved.versions == {"title": 0, "jobs": 0, "yes": 1}
    assert await queries.answers_of(db, sheet) == {"yes": False}


async def test_a_stale_save_changes_nothing_and_both_texts_survive(db: Db) -> None:
    sheet = await a_sheet(db)
    one, other = await a_person(db), await a_person(db)
    await actions.save_answers(db, sheet, {"title": "First"}, {}, one.id)
    await actions.save_answers(db, sheet, {"title": "Theirs"}, {"title": 1}, other.id)
    late = await actions.save_answers(db, sheet, {"title": "Mine", "problem": "New"}, {"title": 1}, one.id)
    [clash] = late.clashes
    assert (clash.kept, clash.sent, clash.version, clash.saved_by_id) == ("Theirs", "Mine", 2, other.id)
    assert late.versions == {"problem": 1}
    assert await queries.answers_of(db, sheet) == {"title": "Theirs", "problem": "New"}
    assert await history(db, sheet) == [(-1, "Mine"), (1, "First"), (2, "Theirs")]


async def test_the_same_stale_text_is_kept_once(db: Db) -> None:
    sheet = await a_sheet(db)
    await actions.save_answers(db, sheet, {"title": "Theirs"}, {}, None)
    for text in ("Mine", "Mine", "Mine again"):
        await actions.save_answers(db, sheet, {"title": text}, {}, None)
    assert await history(db, sheet) == [(-2, "Mine again"), (-1, "Mine"), (1, "Theirs")]


async def test_an_equal_text_is_no_clash_whatever_its_version(db: Db) -> None:
    sheet = await a_sheet(db)
    await actions.save_answers(db, sheet, {"title": "Same", "ok": True}, {}, None)
    again = await actions.save_answers(db, sheet, {"title": "Same"}, {"title": 7}, None)
    assert (again.versions, again.clashes, again.changed) == ({"title": 1}, [], {})
    one_is_not_true = await actions.save_answers(db, sheet, {"ok": 1}, {"ok": 1}, None)
    assert one_is_not_true.versions == {"ok": 2}


async def test_history_keeps_a_version_a_minute_and_every_change_of_hands(db: Db, at_noon: datetime) -> None:
    sheet = await a_sheet(db)
    one, other = await a_person(db), await a_person(db)

    async def save(text: str, version: int, by: UUID, seconds: int) -> None:
        with clock.stopped(at_noon + timedelta(seconds=seconds)):
            await actions.save_answers(db, sheet, {"title": text}, {"title": version}, by)

    await save("a", 0, one.id, 0)
    await save("b", 1, one.id, 5)
    await save("c", 2, one.id, 70)
    await save("d", 3, other.id, 72)
    assert await history(db, sheet) == [(2, "b"), (3, "c")]


async def test_what_a_choice_overwrites_is_kept_even_seconds_later(db: Db) -> None:
    sheet = await a_sheet(db)
    await actions.save_answers(db, sheet, {"title": "Theirs"}, {}, None)
    await actions.save_answers(db, sheet, {"title": "Mine"}, {}, None)
    await actions.save_answers(db, sheet, {"title": "Mine"}, {"title": 1}, None, keeps_all=True)
    assert await queries.answers_of(db, sheet) == {"title": "Mine"}
    assert await history(db, sheet) == [(-1, "Mine"), (1, "Theirs")]
