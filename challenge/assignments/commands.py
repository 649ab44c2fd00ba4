"""`challenge assignment solve DIR`: who reviews what, from CSV files to a CSV file. Needs no database."""

import argparse
import csv
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from challenge.accounts.commanding import Answer, Subparsers, tell

if TYPE_CHECKING:
    from challenge.assignments.folders import Folder
    from challenge.assignments.matching import Matching

FILES = """DIR holds proposals.csv (proposal,demand[,theme,region,language]), reviewers.csv
(reviewer,min_load,max_load[,gender,region,constituency,languages,themes]), affinities.csv
(proposal,reviewer,affinity[,bid]; a pair that is not listed is not eligible) and, where there are any, conflicts.csv
(proposal,reviewer). Several languages are separated by semicolons."""
SHOWN = 20


def add(commands: Subparsers) -> None:
    parser = commands.add_parser("assignment", help="find out who reviews what")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("solve", help="the best assignment, proved", description=FILES)
    verb.add_argument("folder", type=Path, metavar="DIR", help="the folder with the CSV files")
    verb.add_argument("--out", type=Path, required=True, metavar="FILE", help="the pairs, as CSV")
    verb.add_argument("--balance", default="", metavar="COLUMN",
                      help="no panel of two or more from one group: gender, region or constituency")  # fmt: skip
    verb.add_argument("--time-limit", type=_seconds, metavar="S", help="give the best answer found by then")
    verb.add_argument("--json", action="store_true", help="print the data as JSON")
    verb.set_defaults(run=lambda options: tell(solve(options), options))


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return found


def solve(options: argparse.Namespace) -> Answer:
    from challenge.assignments import folders, matching  # numpy costs start-up: only who solves pays

    began = time.monotonic()
    say = _progress(began)
    folder = folders.read(options.folder, balance=options.balance, say=say)
    deadline = began + options.time_limit if options.time_limit else None
    found = matching.solve(folder.task, deadline=deadline, say=say)
    _write(options.out, folder, found)
    return _told(folder, found, time.monotonic() - began)


def _progress(began: float) -> Callable[[str], None]:
    """Says what is being done once it takes longer than two seconds, at most once a second."""
    last = began + 1

    def say(words: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now > last + 1:
            last = now
            print(f"{now - began:6.1f} s  {words}", file=sys.stderr, flush=True)

    return say


def _write(path: Path, folder: "Folder", found: "Matching") -> None:
    """All or nothing: a file that stood there stays whole until the new one is."""
    beside = path.with_name(path.name + ".part")
    with beside.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["proposal", "reviewer", "affinity"])
        pairs = found.pairs
        for p, r, a in zip(
            pairs.proposal.tolist(), pairs.reviewer.tolist(), pairs.affinity.tolist(), strict=True
        ):
            out.writerow([folder.proposals[p], folder.reviewers[r], f"{a:.10g}"])
    beside.replace(path)


def _told(folder: "Folder", found: "Matching", seconds: float) -> Answer:
    from challenge.assignments.shortfalls import shortfalls

    names = {"proposal": folder.proposals, "reviewer": folder.reviewers}
    lacks: list[dict[str, Any]] = [
        {"kind": lack.kind, "name": names[lack.kind][lack.index], "missing": lack.missing, "reason": lack.reason.value}
        for lack in shortfalls(folder.task, found)
    ]  # fmt: skip
    scores = found.scores()
    asked = [p for p in range(len(scores)) if folder.task.demand[p] > 0]
    worst = min(asked, key=lambda p: float(scores[p]), default=None)
    data: dict[str, Any] = {
        "complete": found.is_complete,
        "proved": found.is_complete and math.isfinite(found.bound),
        "pairs": len(found.pairs),
        "total": round(found.total, 6),
        "bound": round(found.bound, 6) if math.isfinite(found.bound) else None,
        "gap": round(found.gap, 6) if math.isfinite(found.bound) else None,
        "worst": None if worst is None else {
            "proposal": folder.proposals[worst], "score": round(float(scores[worst]), 6)
        },
        "shortfalls": lacks,
        "languageLeftOut": folder.pairs - folder.speaking,
        "rounds": found.rounds,
        "seconds": round(seconds, 3),
    }  # fmt: skip
    return Answer("\n".join(_words(data)), data)


def _words(data: dict[str, Any]) -> list[str]:
    said = [] if data["complete"] else ["PARTIAL: the time limit came before the proof; every rule is kept."]
    said.append(f"{data['pairs']} pairs, total affinity {data['total']:.4f}")
    if data["bound"] is not None:
        said.append(f"no assignment is above {data['bound']:.4f} (gap {data['gap']:.6f})")
    if data["worst"]:
        said.append(f"worst proposal {data['worst']['proposal']}: {data['worst']['score']:.4f}")
    if data["languageLeftOut"]:
        said.append(
            f"{data['languageLeftOut']} listed pairs left out: the reviewer does not read the language"
        )
    lacks = data["shortfalls"]
    for kind, unit in (("proposal", "reviews"), ("reviewer", "of the minimum load")):
        mine = [lack for lack in lacks if lack["kind"] == kind]
        if mine:
            said.append(f"SHORT: {len(mine)} {kind}s lack {sum(lack['missing'] for lack in mine)} {unit}")
        said += [f"  {lack['name']} lacks {lack['missing']}: {lack['reason']}" for lack in mine[:SHOWN]]
        if len(mine) > SHOWN:
            said.append(f"  and {len(mine) - SHOWN} more (all with --json)")
    return [*said, f"{data['seconds']:.2f} seconds"]
