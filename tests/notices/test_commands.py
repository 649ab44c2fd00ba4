import argparse
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from challenge.accounts.viewer import for_command
from challenge.files import queries as files
from challenge.foundation.db import Database
from challenge.notices import commands, queries
from challenge.notices.models import Notice, NoticeState
from challenge.settings import Settings, settings
from challenge.worker import run_all
from tests.builders.decisions import a_released_call


@pytest.fixture
def ours(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of the commands, with the database of this test."""
    monkeypatch.setenv("CHALLENGE_DATABASE_URL", database.url)
    settings.cache_clear()
    yield settings()
    monkeypatch.undo()
    settings.cache_clear()


def asked(*paths: Path, call: str = "") -> argparse.Namespace:
    return argparse.Namespace(files=list(paths), call=call, trust=None, json=False)


async def test_verify_finds_a_changed_file_and_a_revoked_notice(
    database: Database, ours: Settings, at_noon: datetime, tmp_path: Path
) -> None:
    async with database.writing() as db:
        made = await a_released_call(db, at_noon)
        await db.commit()
    await run_all(database)
    good = await commands.verify(asked(call=made.slug))
    assert good.code == 0
    assert [line.split()[0] for line in good.words.splitlines()] == ["ok"] * 3

    async with database.reading() as db:
        notice = (await db.exec(select(Notice).where(Notice.kind == "award"))).one()
        content = await files.content(await queries.document_of(db, notice))
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content.replace(b"/Producer", b"/Produzer", 1) + b"\n% more")
    bad = await commands.verify(asked(changed))
    assert bad.code == 1
    assert bad.words.startswith("FAIL  changed.pdf")

    async with database.writing() as db:
        options = argparse.Namespace(number=notice.number, reason="A wrong amount")
        await commands.revoke(db, for_command(), options)
    async with database.reading() as db:
        assert (await queries.notice_by_number(db, notice.number)).state == NoticeState.REVOKED
    after = await commands.verify(asked(call=made.slug))
    assert after.code == 1
    assert [line.split()[0] for line in after.words.splitlines()].count("FAIL") == 1
