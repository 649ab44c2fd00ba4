"""Writes the next numbered migration from the difference between the tables and the migrations so far.

The difference is taken against an empty SQLite database brought up to the newest migration. Read what was
written before it is kept: a rename looks like a loss and a gain.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from challenge.migrations import run

TOP = Path(__file__).resolve().parents[1]
VERSIONS = TOP / "challenge" / "migrations" / "versions"


def next_number() -> str:
    numbers = [int(path.name[:4]) for path in VERSIONS.glob("[0-9][0-9][0-9][0-9]_*.py")]
    return f"{max(numbers, default=0) + 1:04}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/migration", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help='what changes, in a few words: "reviews keep their language"')
    parser.add_argument("--empty", action="store_true", help="an empty migration, to be written by hand")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        config = run.config(f"sqlite:///{folder}/tables.db")
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        number = next_number()
        if number != "0001":
            command.upgrade(config, "head")
        script = command.revision(config, message=args.name, rev_id=number, autogenerate=not args.empty)

    if not isinstance(script, Script):
        return 1
    written = Path(script.path)
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "--quiet", "--fix", str(written)], check=False)  # noqa: S603 our own linter
    subprocess.run([*ruff, "format", "--quiet", str(written)], check=True)  # noqa: S603 our own formatter
    print(written.relative_to(TOP))
    return 0


if __name__ == "__main__":
    sys.exit(main())
