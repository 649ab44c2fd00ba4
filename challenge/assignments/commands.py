"""`challenge assignment solve DIR` and `affinities DIR`: who reviews what, from CSV files to a CSV file. No database."""

import argparse
import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from challenge.accounts.commanding import Answer, Subparsers, progress, tell, whole_number
from challenge.foundation.tables import refuse_place, whole_file

if TYPE_CHECKING:
    from challenge.assignments.answers import Asked, Solved
    from challenge.assignments.folders import Folder

FILES = """DIR holds proposals.csv (proposal,demand[,theme,region,language]), reviewers.csv
(reviewer,min_load,max_load[,gender,region,constituency,languages,themes]), affinities.csv
(proposal,reviewer,affinity[,bid]; a pair that is not listed is not eligible) and, where there are any, conflicts.csv
(proposal,reviewer). Several languages are separated by semicolons."""
PROFILES = """DIR holds proposals.csv (proposal[,text,themes,keywords,country,region,language]), reviewers.csv
(reviewer[,text,themes,keywords,country,region,languages]) and, where there are any, bids.csv (proposal,reviewer,bid
from -1, not willing, to 1). Several themes, keywords and languages are separated by semicolons. Affinity = text 0.40 +
themes 0.25 + keywords 0.10 + place 0.10 + bid 0.15 at most; who does not read the language is not eligible."""
SHOWN = 20


def add(commands: Subparsers) -> None:
    parser = commands.add_parser("assignment", help="find out who reviews what")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("solve", help="the best assignment, proved", description=FILES)
    verb.add_argument("folder", type=Path, metavar="DIR", help="the folder with the CSV files")
    verb.add_argument("--out", type=Path, required=True, metavar="FILE", help="the pairs, as CSV")
    verb.add_argument("--balance", action="append", default=[], metavar="COLUMN[,COLUMN]",
                      help="no panel of two or more from one group: gender, region or constituency; the first is kept "
                           "exactly, the others where it costs little")  # fmt: skip
    verb.add_argument("--fairness", choices=("floor",), default="",
                      help="floor: the worst-off proposal first, then the total")  # fmt: skip
    verb.add_argument("--previous", type=Path, metavar="FILE",
                      help="pairs assigned before (proposal,reviewer); as few of them as possible are changed")  # fmt: skip
    verb.add_argument("--dropped", default="", metavar="R1,R2", help="with --previous: reviewers who left")
    verb.add_argument("--top-up", type=Path, metavar="FILE",
                      help="with --previous: further reviews (proposal,reviews); everything that stands stays")  # fmt: skip
    verb.add_argument("--randomise", default="", metavar="Q[,BETA]",
                      help="draw by chance, no pair with more than probability Q; BETA spreads further (0 to 1)")  # fmt: skip
    verb.add_argument(
        "--marginals", type=Path, metavar="FILE", help="with --randomise: the probabilities, as CSV"
    )
    verb.add_argument("--seed", type=int, metavar="N", help="with --randomise: draw the same again")
    verb.add_argument("--explain", action="append", default=[], metavar="PROPOSAL",
                      help="why these reviewers and not better ones; once for each proposal")  # fmt: skip
    verb.add_argument("--time-limit", type=_seconds, metavar="S", help="give the best answer found by then")
    verb.add_argument("--json", action="store_true", help="print the data as JSON")
    verb.set_defaults(run=lambda options: tell(solve(options), options))
    verb = verbs.add_parser(
        "affinities", help="how well reviewers suit proposals, term by term", description=PROFILES
    )
    verb.add_argument("folder", type=Path, metavar="DIR", help="the folder with the CSV files")
    verb.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="affinities and their terms, as CSV"
    )
    verb.add_argument(
        "--weights", default="", metavar="TERM=W,...", help="other weights, such as text=0.5,bid=0.05"
    )
    verb.add_argument(
        "--most",
        type=whole_number,
        metavar="N",
        help="only the N best of each proposal, and those with a bid",
    )
    verb.add_argument("--json", action="store_true", help="print the data as JSON")
    verb.set_defaults(run=lambda options: tell(rate(options), options))


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return found


def solve(options: argparse.Namespace) -> Answer:
    from challenge.assignments import answers, folders  # numpy costs start-up: only who solves pays

    began = time.monotonic()
    say = progress(began)
    balance = [name.strip() for each in options.balance for name in each.split(",") if name.strip()]
    _refuse_together(options, balance)
    refuse_place("the assignment", options.out, options.marginals)
    chance = _chance(options.randomise)
    folder = folders.read(options.folder, balance=balance, say=say)
    asked = _asked(options, folder, balance, chance)
    explained = [folder.pairs_of().proposal(name) for name in dict.fromkeys(options.explain)]
    deadline = began + options.time_limit if options.time_limit else None
    solved = answers.answer(folder.task, asked, deadline=deadline, say=say)
    pairs = solved.found.pairs
    _write(options.out, ("proposal", "reviewer", "affinity"), (
        (folder.proposals[p], folder.reviewers[r], f"{a:.10g}")
        for p, r, a in zip(pairs.proposal.tolist(), pairs.reviewer.tolist(), pairs.affinity.tolist(), strict=True)
    ))  # fmt: skip
    if options.marginals and solved.lottery:
        _write(options.marginals, ("proposal", "reviewer", "probability"), _marginals(folder, solved))
    reasons = []
    for proposal in explained:
        terms, bid = folders.terms_of(options.folder, folder, proposal)
        reasons.append(answers.explained(
            solved, proposal, (folder.proposals, folder.reviewers), asked.dropped, terms, bid
        ))  # fmt: skip
    return _told(folder, solved, reasons, time.monotonic() - began)


def _refuse_together(options: argparse.Namespace, balance: list[str]) -> None:
    ways = [name for name in ("fairness", "previous", "randomise") if getattr(options, name)]
    if len(ways) > 1:
        raise ValueError(f"--{ways[0]} and --{ways[1]} are two ways to solve; give one of them.")
    if ways and len(balance) > 1:
        raise ValueError(
            f"With --{ways[0]} panels are balanced over one attribute; leave {', '.join(balance[1:])} out."
        )
    for name, needed in (("dropped", "previous"), ("top_up", "previous"), ("marginals", "randomise")):
        if getattr(options, name) and not getattr(options, needed):
            raise ValueError(f"--{name.replace('_', '-')} needs --{needed}.")
    if options.seed is not None and (not options.randomise or options.seed < 0):
        raise ValueError("--seed is a whole number from 0 and needs --randomise.")
    if options.randomise and options.time_limit:
        raise ValueError("A draw has no partial answer; leave --time-limit out.")
    if options.top_up and options.dropped:
        raise ValueError("Repair the drop-outs first (--dropped), then add reviews to the result (--top-up).")


def _chance(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not 1 <= len(found) <= 2:
        raise ValueError(f"--randomise takes a probability and a perturbation such as 0.5,0.3; not {text!r}.")
    return found[0], found[1] if len(found) == 2 else 0.0


def _asked(
    options: argparse.Namespace, folder: "Folder", balance: list[str], chance: tuple[float, float] | None
) -> "Asked":
    from challenge.assignments.answers import Asked
    from challenge.assignments.folders import reviews
    from challenge.assignments.markets import ints

    names = folder.pairs_of()
    dropped = [names.reviewer(name.strip()) for name in options.dropped.split(",") if name.strip()]
    return Asked(
        balance, folder.soft, options.fairness, names.read(options.previous) if options.previous else None,
        ints(sorted(set(dropped))), reviews(options.top_up, names) if options.top_up else None, chance, options.seed,
    )  # fmt: skip


def _marginals(folder: "Folder", solved: "Solved") -> Iterator[tuple[str, str, str]]:
    """Every pair with a chance; locked pairs have none, as they are certain."""
    if solved.lottery is not None:
        edges, chance = solved.lottery.edges, solved.lottery.probability
        for p, r, q in zip(edges.proposal.tolist(), edges.reviewer.tolist(), chance.tolist(), strict=True):
            if q > 0:
                yield folder.proposals[p], folder.reviewers[r], f"{q:.10g}"


def _write(path: Path, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    with whole_file(path) as out:
        out.writerow(head)
        out.writerows(rows)


def rate(options: argparse.Namespace) -> Answer:
    from challenge.assignments import affinities, folders

    began = time.monotonic()
    say = progress(began)
    refuse_place("the affinities", options.out)
    weights = affinities.Weights.read(options.weights)
    proposals, reviewers, bids = folders.profiles(options.folder)
    names = list(proposals), list(reviewers)
    count = 0
    with whole_file(options.out) as out:
        out.writerow(
            ["proposal", "reviewer", "affinity", "bid", *(f"by_{name}" for name in affinities.TERMS)]
        )
        for part in affinities.affinities(
            list(proposals.values()), list(reviewers.values()), bids, weights, options.most
        ):
            edges = part.edges
            for p, r, a, terms in zip(
                edges.proposal.tolist(), edges.reviewer.tolist(), edges.affinity.tolist(), part.terms.tolist(),
                strict=True,
            ):  # fmt: skip
                bid = bids.get((p, r))
                out.writerow([names[0][p], names[1][r], f"{a:.6g}", "" if bid is None else f"{bid:g}",
                              *(f"{term:.4g}" for term in terms)])  # fmt: skip
            count += len(edges)
            say(f"{count:,} pairs")
    data = {
        "pairs": count, "proposals": len(proposals), "reviewers": len(reviewers), "bids": len(bids),
        "weights": {name: getattr(weights, name) for name in affinities.TERMS},
        "seconds": round(time.monotonic() - began, 3),
    }  # fmt: skip
    words = f"{count} pairs of {len(proposals)} proposals and {len(reviewers)} reviewers, {data['seconds']:.2f} seconds"
    return Answer(words, data)


def _told(folder: "Folder", solved: "Solved", reasons: list[dict[str, Any]], seconds: float) -> Answer:
    from challenge.assignments.shortfalls import shortfalls

    found, task = solved.found, solved.task
    names = {"proposal": folder.proposals, "reviewer": folder.reviewers}
    lacks: list[dict[str, Any]] = [
        {"kind": lack.kind, "name": names[lack.kind][lack.index], "missing": lack.missing, "reason": lack.reason.value}
        for lack in shortfalls(task, found)
    ]  # fmt: skip
    scores, levels = found.scores(), found.levels(task)
    worst = min(
        (p for p in range(len(scores)) if task.demand[p] > 0), key=lambda p: float(levels[p]), default=None
    )
    bound = solved.bound if math.isfinite(solved.bound) else None
    data: dict[str, Any] = {
        "complete": found.is_complete,
        "proved": solved.is_proved,
        "pairs": len(found.pairs),
        "total": round(found.total, 6),
        "bound": None if bound is None else round(bound, 6),
        "gap": None if bound is None else round(max(0.0, bound - found.total), 6),
        "worst": None if worst is None else {
            "proposal": folder.proposals[worst], "score": round(float(scores[worst]), 6)
        },
        "shortfalls": lacks,
        "languageLeftOut": folder.pairs - folder.speaking,
        "rounds": found.rounds,
        "seconds": round(seconds, 3),
    } | _named(folder, solved.facts)  # fmt: skip
    if reasons:
        data["explained"] = reasons
    return Answer("\n".join(_words(data)), data)


def _named(folder: "Folder", facts: dict[str, Any]) -> dict[str, Any]:
    repaired = dict(facts.get("repair", {}))
    for key in ("removedPairs", "addedPairs"):
        if key in repaired:
            repaired[key] = [[folder.proposals[p], folder.reviewers[r]] for p, r in repaired[key].tolist()]
    return facts | ({"repair": repaired} if repaired else {})


def _words(data: dict[str, Any]) -> list[str]:
    said = [] if data["complete"] else ["PARTIAL: the time limit came before the proof; every rule is kept."]
    said.append(f"{data['pairs']} pairs, total affinity {data['total']:.4f}")
    if data["bound"] is not None:
        said.append(f"no assignment is above {data['bound']:.4f} (gap {data['gap']:.6f})")
    if data["worst"]:
        said.append(f"worst proposal {data['worst']['proposal']}: {data['worst']['score']:.4f}")
    said += _words_of_ways(data)
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
    for each in data.get("explained", []):
        said.append(f"{each['proposal']}: {each['candidates']} candidates")
        said += [_reason(candidate) for candidate in each["reviewers"]]
    return [*said, f"{data['seconds']:.2f} seconds"]


def _words_of_ways(data: dict[str, Any]) -> list[str]:
    said = []
    for each in data.get("balance", []):
        before = f" (before: {each['singleGroupBefore']})" if "singleGroupBefore" in each else ""
        said.append(f"{each['attribute']}: {each['singleGroup']} panels of a single group{before}")
    if "floor" in data and data["floor"]["level"] is not None:
        floor = data["floor"]
        end = (
            "which is reached"
            if floor["reached"]
            else f"of which this is {floor['level'] / floor['bound']:.1%}"
        )
        said.append(f"lowest affinity per review {floor['level']:.4f} (without the floor {floor['before']:.4f}); "
                    f"no assignment is above {floor['bound']:.4f}, {end}; it costs {floor['costs']:.4f} in total")  # fmt: skip
    if "repair" in data:
        done = data["repair"]
        least = "no repair removes fewer" if done["proved"] else "fewer may be possible: not proved"
        said.append(f"{done['kept']} pairs kept, {done['removed']} removed ({done['lost']} could not stay), "
                    f"{done['added']} added; {least}")  # fmt: skip
    if "topUp" in data:
        said.append(
            f"{data['topUp']['asked'] - data['topUp']['missing']} of {data['topUp']['asked']} reviews added"
        )
    if "randomised" in data:
        drawn = data["randomised"]
        said.append(f"drawn with seed {drawn['seed']} from {drawn['possiblePairs']} possible pairs, none above "
                    f"{drawn['largest']:g}; average total {drawn['expected']:.4f}")  # fmt: skip
    return said


def _reason(candidate: dict[str, Any]) -> str:
    loss = f", costs {candidate['loss']:.4f}" if candidate["loss"] else ""
    elsewhere = f" ({candidate['elsewhere']})" if candidate["elsewhere"] else ""
    terms = ", ".join(f"{name} {value:.2f}" for name, value in candidate["terms"].items())
    return (f"  {candidate['place']}. {candidate['reviewer']} {candidate['affinity']:.4f}: {candidate['why']}{elsewhere}"
            f"{loss}{f' [{terms}]' if terms else ''}")  # fmt: skip
