"""Migrations go up, down and up again, and end where the models are. On SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from challenge import tables  # noqa: F401 - registers every table
from challenge.migrations.run import config, downgrade, is_ours, newest, upgrade
from tests import servers


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database in which there is nothing."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = servers.fresh_postgres_database(request.getfixturevalue("postgres_url"))
    yield url
    servers.drop_postgres_database(url)


def tables_in(url: str) -> set[str]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        names = set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()
    return {name for name in names if is_ours(None, name, "table", True, None)}


def differences_in(url: str) -> list[object]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_object": is_ours, "render_as_batch": True}
            )
            return list(compare_metadata(context, SQLModel.metadata))
    finally:
        engine.dispose()


def test_up_down_and_up_again(empty: str) -> None:
    upgrade(empty)
    made = tables_in(empty)
    assert made == {*SQLModel.metadata.tables, "alembic_version"}
    downgrade(empty, "base")
    assert tables_in(empty) == {"alembic_version"}
    upgrade(empty)
    assert tables_in(empty) == made


def test_the_newest_state_is_that_of_the_models(empty: str) -> None:
    upgrade(empty)
    assert differences_in(empty) == []
    command.check(config(empty))


def test_there_is_one_line_of_migrations_without_forks() -> None:
    script = ScriptDirectory.from_config(config("sqlite://"))
    assert script.get_heads() == [newest()]
    assert len(script.get_bases()) == 1
