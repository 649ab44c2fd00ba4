"""`challenge call …`: check, bring in, take out, copy, list and publish calls on the machine itself."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from challenge.accounts.commanding import Answer, Subparsers, door, tell
from challenge.accounts.viewer import Viewer
from challenge.calls import actions as call_actions
from challenge.calls import queries as calls
from challenge.calls import words
from challenge.exchange import actions
from challenge.exchange.call_files import schema
from challenge.exchange.call_files.faults import Fault
from challenge.exchange.call_files.importing import export_call, library, rubric_library
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile
from challenge.exchange.call_files.writing import dump, dump_rubrics
from challenge.forms import queries as forms
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import _, pick
from challenge.rubrics import queries as rubrics


def add(subparsers: Subparsers) -> None:
    call = subparsers.add_parser("call", help="check, import, export, copy and publish calls")
    commands = call.add_subparsers(dest="call_command", required=True, metavar="COMMAND")

    one = commands.add_parser("schema", help="print the JSON Schema of call files")
    one.set_defaults(run=print_schema)

    one = commands.add_parser("check", help="read a call file and list what is wrong, with line and column")
    one.add_argument("file", type=Path)
    one.add_argument("--json", action="store_true", help="print the data as JSON")
    one.set_defaults(run=check_file)

    one = commands.add_parser("import", help="make a draft from a call file, or update one")
    one.add_argument("file", type=Path)
    one.add_argument("--slug", default="", help="the address, instead of the file's own id")
    door(one, import_file)

    one = commands.add_parser("export", help="print a call as a file")
    one.add_argument("slug")
    one.set_defaults(json=False)
    door(one, export)

    one = commands.add_parser("copy", help="make a draft from a call of the library")
    one.add_argument("id", choices=sorted(library()), metavar="ID", help=", ".join(sorted(library())))
    one.add_argument("--slug", required=True, help="the address of the copy")
    one.add_argument(
        "--opens", type=date.fromisoformat, metavar="DATE", help="the day it opens; other dates move along"
    )
    door(one, copy)

    one = commands.add_parser(
        "rubrics", help="how published calls are scored: the part of a call file to take over"
    )
    one.add_argument(
        "id", nargs="?", choices=sorted(rubric_library()), metavar="ID", help="left out: list them"
    )
    one.set_defaults(run=print_rubrics)

    one = commands.add_parser("list", help="all calls with phase and deadline")
    door(one, list_calls)

    one = commands.add_parser("publish", help="publish a draft")
    one.add_argument("slug")
    door(one, publish)


def print_schema(options: argparse.Namespace) -> int:
    print(json.dumps(schema.json_schema(), ensure_ascii=False, indent=2))
    return 0


def print_rubrics(options: argparse.Namespace) -> int:
    if options.id is None:
        for name, found in sorted(rubric_library().items()):
            print(f"{name}: {', '.join(found)}")
    else:
        print(dump_rubrics(rubric_library()[options.id]), end="")
    return 0


def check_file(options: argparse.Namespace) -> int:
    return tell(_checked(options.file)[1], options)


def _checked(path: Path) -> tuple[CallFile | None, Answer]:
    """The call in a file and a word about it, or nothing and its faults, one a line, as editors read them."""
    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig", errors="replace")
    found = check(text, str(path))
    if isinstance(found, list):
        return None, Answer("\n".join(map(str, found)), {"faults": [as_json(fault) for fault in found]}, 1)
    digest = schema.digest(found)
    return found, Answer(
        str(_("{file}: a call with {n} stages, nothing to mend.", file=str(path), n=len(found.stages))),
        {"id": found.id, "digest": digest, "faults": []},
    )


def as_json(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": str(fault.message),
    }


async def import_file(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    file, answer = _checked(options.file)
    if file is None:
        return answer
    call = await actions.bring_in(db, file, slug=options.slug, by=by)
    await db.commit()
    return Answer(
        str(_("{slug} is a draft now.", slug=call.slug)), {"slug": call.slug, "digest": schema.digest(file)}
    )


async def export(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    opening = await calls.the_call(db, by, options.slug)
    if not opening.call.source:
        raise NotFound(_("This call was not made from a file."))
    file = export_call(opening.call, opening.stages)
    return Answer(dump(file, options.slug).rstrip("\n"), schema.as_json(file))


async def copy(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    call = await actions.copy(db, library()[options.id], slug=options.slug, opens_on=options.opens, by=by)
    await db.commit()
    return Answer(str(_("{slug} is a draft now.", slug=call.slug)), {"slug": call.slug})


async def list_calls(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    moment = clock.now()
    lines, data = [], []
    for opening in await calls.visible_openings(db, by):
        standing = words.standing(opening.call, opening.stages, moment)
        closes = standing.stage.closes_at if standing.stage else None
        lines.append(f"{opening.call.slug:40} {standing.phase:10} {closes.isoformat() if closes else '-'}")
        data.append(
            {
                "slug": opening.call.slug,
                "title": pick(opening.call.title),
                "phase": standing.phase,
                "closesAt": closes.isoformat() if closes else None,
            }
        )
    return Answer("\n".join(lines) or str(_("No call yet.")), data)


async def publish(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    opening = await calls.the_call(db, by, options.slug)
    call = await call_actions.publish(
        db,
        opening,
        forms=await forms.codes_of(db, opening.call.id),
        rubrics=await rubrics.codes_of(db, opening.call.id),
        by=by,
    )
    await db.commit()
    return Answer(str(_("{slug} is published.", slug=call.slug)), {"slug": call.slug})
