"""`challenge ranking ...`: a ranking as it stands, freezing it, and one from CSV files, for whoever is at the machine."""

import argparse

from challenge.accounts.commanding import Answer, Subparsers, door
from challenge.accounts.viewer import Viewer
from challenge.calls.models import Stage
from challenge.calls.queries import the_call
from challenge.calls.rules import current_stage
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import _, speaking
from challenge.scoring import actions, computing, looks, queries
from challenge.scoring.explanation import explain_excluded, explain_list


def add(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "ranking", help="see how a call stands, freeze its ranking, or compute one from files"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, work, helps in (
        ("show", show, "the ranking as the submitted reviews make it now"),
        ("freeze", freeze, "keep the ranking with its method and inputs, and close the reviews"),
    ):
        verb = verbs.add_parser(name, help=helps)
        verb.add_argument(
            "call", metavar="CALL", help="the address of the call, for example ilo-just-energy-transition"
        )
        verb.add_argument("--stage", default="", help="the code of the stage, where a call has several")
        if name == "freeze":
            verb.add_argument("--note", default="", help="what it is for; stays in the record")
        door(verb, work)
    computing.add(verbs)


async def _stage(db: Db, by: Viewer, options: argparse.Namespace) -> Stage:
    opening = await the_call(db, by, options.call)
    asked = next((stage for stage in opening.stages if stage.code == options.stage), None)
    stage = asked or (None if options.stage else current_stage(opening.stages, clock.now()))
    if stage is None:
        raise NotFound(_("This call has no stage {code}.", code=options.stage))
    return stage


async def show(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    found = await queries.standing(db, by, await _stage(db, by, options))
    with speaking("en"):
        lines = [
            f"{row.place or '–':>4}  {row.key:<12} {'' if row.score is None else round(row.score, 1):>6}  "
            f"{row.review_count} reviews  {row.status:<16}  {found.listed[row.key].title}"
            for row in found.result.rows
        ]
        lines += [f"   –  {one.key:<12} {explain_excluded(one)}" for one in found.result.excluded]
        lines += [str(line) for line in explain_list(found.result.chosen)] if found.result.chosen else []
        if found.open_reviews:
            lines.append(f"{found.open_reviews} assigned reviews are not submitted yet")
        data = looks.as_json(found.rubric, found.result, found.listed)
    return Answer("\n".join(lines), {**data, "openReviews": found.open_reviews})


async def freeze(db: Db, by: Viewer, options: argparse.Namespace) -> Answer:
    ranking = await actions.freeze(db, await _stage(db, by, options), note=options.note, by=by)
    await db.commit()
    data = {"id": str(ranking.id), "n": ranking.n, "digest": ranking.digest}
    return Answer(f"Ranking {ranking.n} is frozen, SHA-256 {ranking.digest}", data)
