"""Move a database to a numbered state. The same on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

HERE = Path(__file__).parent


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(url: str, to: str = "head") -> None:
    command.upgrade(config(url), to)


def downgrade(url: str, to: str) -> None:
    command.downgrade(config(url), to)


def newest() -> str:
    return ScriptDirectory.from_config(config("")).get_current_head() or ""
