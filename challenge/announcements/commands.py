"""The command about public results."""

import argparse
from datetime import datetime

from challenge.accounts.commanding import Answer, Subparsers, door
from challenge.accounts.viewer import Viewer
from challenge.announcements import actions, queries
from challenge.calls.queries import the_call
from challenge.decisions import queries as decisions
from challenge.foundation.db import Db
from challenge.foundation.errors import NotNow, Unprocessable
from challenge.foundation.i18n import _


def add(subparsers: Subparsers) -> None:
    group = subparsers.add_parser("results", help="publish the results of a call")
    commands = group.add_subparsers(dest="what", required=True, metavar="WHAT")
    one = commands.add_parser("publish", help="make the results public, now or at an instant")
    one.add_argument("call", metavar="CALL", help="the address of the call")
    one.add_argument("--at", type=_moment, metavar="MOMENT", help="for example 2027-04-27T10:00+02:00")
    one.add_argument(
        "--introduction", action="append", default=[], metavar="LANGUAGE=TEXT", help="once per language"
    )
    door(one, publish)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("write the offset too, for example 2027-04-27T10:00+02:00")
    return moment


async def publish(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    opening = await the_call(db, by, options.call)
    words = {}
    for given in options.introduction:
        language, sign, text = given.partition("=")
        if not sign:
            raise Unprocessable(_("Write the introduction as en=Text."))
        words[language] = text
    made = None
    for stage in opening.stages:
        if await decisions.release_of(db, stage.id) is None:
            continue
        present = await queries.announcement_of(db, stage.id)
        introduction = words or (present.introduction if present else {})
        made = await actions.publish(db, opening.call, stage, introduction, at=options.at, by=by)
    if made is None:
        raise NotNow(_("Release the decisions first; the results page shows what was released."))
    await db.commit()
    at = made.published_at.isoformat()
    path = f"/calls/{opening.call.slug}/results"
    return Answer(
        f"The results of {opening.call.slug} are public from {at}, at {path}.", {"at": at, "path": path}
    )
