"""Seconds and memory of the assignment engine on seeded random markets.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python -m scripts.bench.assignment [--rows NAME,NAME] [--rounds N]

Each row runs alone in a process with one thread; the time is the median of the rounds, making the data left out. Two
markets: `even`, a full matrix of tastes and hidden topics, and `crowded`, 60 listed candidates a proposal in topics of
which some have far too few good reviewers. The seconds of the processor and the load of the machine stand beside it: on a busy one they tell more.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from challenge.assignments.affinities import Profile, affinities
from challenge.assignments.balances import mix
from challenge.assignments.explaining import explain
from challenge.assignments.floors import floor
from challenge.assignments.markets import NONE, Dense, Listed, Task
from challenge.assignments.matching import solve
from challenge.assignments.randomising import draw, spread
from challenge.assignments.repairs import repair, top_up

REVIEWS, LISTS, ROOM, SEED = 3, 60, 1.25, 7


def even(proposals: int, reviewers: int) -> Task:
    """Affinity = taste of one reviewer for one proposal + likeness on eight hidden topics; 3 conflicts a proposal."""
    rng = np.random.default_rng(SEED)
    likeness = rng.normal(size=(proposals, 8)).astype(np.float32) @ rng.normal(size=(8, reviewers)).astype(
        np.float32
    )
    matrix = np.clip(likeness / 8 + 0.3, 0, 1)
    del likeness
    matrix *= 0.4
    for row in matrix:
        row += 0.6 * rng.beta(2, 5, reviewers).astype(np.float32)
    return _task(Dense(matrix), rng, proposals, reviewers)


def crowded(proposals: int, reviewers: int) -> Task:
    """Two topics a proposal, three a reviewer, their shares drawn apart; the better half of the affinity is skill in a
    shared topic. 60 candidates a proposal."""
    rng = np.random.default_rng(SEED)
    topics = max(8, proposals // 80)
    wanted, known = rng.dirichlet(np.full(topics, 1.5)), rng.dirichlet(np.full(topics, 1.5))
    mine = rng.choice(topics, (proposals, 2), p=wanted)
    theirs = rng.choice(topics, (reviewers, 3), p=known)
    skill, parts = rng.beta(5, 2, reviewers), []
    for start in range(0, proposals, step := 2_000_000 // reviewers):
        rows = mine[start : start + step]
        hits = np.zeros((len(rows), reviewers))
        for i, j in np.ndindex(2, 3):
            hits += rows[:, i, None] == theirs[None, :, j]
        worth = 0.25 * np.minimum(hits, 2) * skill + 0.5 * rng.beta(2, 4, hits.shape)
        best = np.argpartition(-worth, LISTS, axis=1)[:, :LISTS]
        p = np.repeat(np.arange(len(rows)) + start, LISTS)
        parts.append((p, best.ravel(), np.take_along_axis(worth, best, 1).ravel()))
    p, r, a = (np.concatenate(side) for side in zip(*parts, strict=True))
    return _task(Listed(p, r, a), rng, proposals, reviewers)


def _task(market: Dense | Listed, rng: np.random.Generator, proposals: int, reviewers: int) -> Task:
    most = int(np.ceil(proposals * REVIEWS / reviewers * ROOM))
    pairs = np.stack(
        [rng.integers(0, proposals, proposals * 3), rng.integers(0, reviewers, proposals * 3)], axis=1
    )
    return Task(
        market, np.full(proposals, REVIEWS), np.full(reviewers, 2), np.full(reviewers, most),
        np.unique(pairs, axis=0), group=NONE,
    )  # fmt: skip


def groups(task: Task, kinds: int, seed: int) -> Any:
    return np.random.default_rng(seed).choice(
        kinds, task.reviewers, p=np.arange(kinds, 0, -1) / (kinds * (kinds + 1) / 2)
    )


Told = dict[str, Any]
Run = Callable[[], Told]


def _solve(task: Task) -> Run:
    def run() -> Told:
        found = solve(task, lists=LISTS)
        return {
            "total": found.total,
            "gap": found.gap,
            "short": int(found.short.sum()),
            "taken in": found.taken_in,
        }

    return run


def _balanced(task: Task) -> Run:
    return _solve(replace(task, group=groups(task, 2, 1)))


def _mixed(task: Task) -> Run:
    exact, soft = replace(task, group=groups(task, 2, 1)), [groups(task, 4, 2)]

    def run() -> Told:
        done = mix(exact, soft)
        return {"total": done.found.total, "costs": done.before.total - done.found.total,
                "single before": done.single_before[0], "single": done.single[0]}  # fmt: skip

    return run


def _floor(task: Task) -> Run:
    def run() -> Told:
        done = floor(task, lists=LISTS)
        return {"before": REVIEWS * done.before, "worst": REVIEWS * done.level, "bound": REVIEWS * done.bound,
                "share": done.level / done.bound, "costs": done.base.total - done.found.total, "tail": len(done.tail)}  # fmt: skip

    return run


def _before(task: Task) -> Any:
    found = solve(task, lists=LISTS)
    return np.stack([found.pairs.proposal, found.pairs.reviewer], axis=1)


def _repair(task: Task) -> Run:
    previous, dropped = _before(task), np.random.default_rng(3).choice(task.reviewers, 5, replace=False)

    def run() -> Told:
        done = repair(task, previous, dropped)
        return {
            "lost": done.lost,
            "removed": len(done.removed),
            "least": done.least_removed,
            "total": done.found.total,
        }

    return run


def _top_up(task: Task) -> Run:
    previous = _before(task)
    more = np.random.default_rng(4).integers(0, 10, task.proposals) == 0

    def run() -> Told:
        found, _asked = top_up(task, previous, more.astype(np.int64))
        return {"asked": int(more.sum()), "short": int(found.short.sum()), "total": found.total}

    return run


def _random(task: Task) -> Run:
    best = solve(task, lists=LISTS).total

    def run() -> Told:
        lottery = spread(task, 0.5, 0.3, lists=LISTS)
        found = draw(lottery, SEED)
        return {"expected": lottery.expected / best, "drawn": found.total / best,
                "possible": int((lottery.probability > 0).sum())}  # fmt: skip

    return run


def _explain(task: Task) -> Run:
    found = solve(task, lists=LISTS)

    def run() -> Told:
        return {"candidates": len(explain(task, found, 17))}

    return run


def _affinities(task: Task) -> Run:
    rng = np.random.default_rng(SEED)
    words = np.array([f"{a}{b}{c}o" for a in "bdfgklmnprstvz" for b in "aeiou" for c in "bdfgklmnprstvz"])

    def profile() -> Profile:
        some = rng.zipf(1.3, 150) % len(words)
        return Profile(
            " ".join(words[some]), frozenset(words[some[:3]].tolist()), frozenset(words[some[3:8]].tolist())
        )

    people = [[profile() for _n in range(size)] for size in (task.proposals, task.reviewers)]

    def run() -> Told:
        return {"pairs": sum(len(part.edges) for part in affinities(*people, most=200))}

    return run


@dataclass(frozen=True)
class Row:
    market: Callable[[int, int], Task]
    size: str
    make: Callable[[Task], Run]
    target: str = ""


ROWS = {
    "solve-500": Row(even, "500x150", _solve),
    "solve-2000": Row(even, "2000x600", _solve, "0.6 s"),
    "solve-10000": Row(even, "10000x3000", _solve),
    "balance-2000": Row(even, "2000x600", _balanced),
    "balance-10000": Row(even, "10000x3000", _balanced, "8 s, 700 MB"),
    "balances-2000": Row(crowded, "2000x600", _mixed),
    "balances-10000": Row(crowded, "10000x3000", _mixed),
    "floor-even-2000": Row(even, "2000x600", _floor, "2.5 s, bound reached"),
    "floor-even-10000": Row(even, "10000x3000", _floor, "25 s, 95 % of the bound"),
    "floor-crowded-2000": Row(crowded, "2000x600", _floor, "2.5 s, bound reached"),
    "floor-crowded-10000": Row(crowded, "10000x3000", _floor, "25 s, 95 % of the bound"),
    "repair-2000": Row(crowded, "2000x600", _repair),
    "repair-10000": Row(crowded, "10000x3000", _repair, "4 s"),
    "repair-even-10000": Row(even, "10000x3000", _repair, "4 s"),
    "topup-10000": Row(crowded, "10000x3000", _top_up),
    "random-2000": Row(crowded, "2000x600", _random),
    "explain-2000": Row(crowded, "2000x600", _explain),
    "explain-10000": Row(crowded, "10000x3000", _explain),
    "affinities-2000": Row(crowded, "2000x600", _affinities),
}


def alone(row: Row, rounds: int) -> Told:
    run, seconds, busy = row.make(row.market(*(int(n) for n in row.size.split("x")))), [], []
    told: Told = {}
    for _round in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        told = run()
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
    return {
        "seconds": statistics.median(seconds), "slowest": max(seconds), "busy": statistics.median(busy),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "told": told,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--one", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        print(json.dumps(alone(ROWS[asked.one], asked.rounds)))
        return
    print(
        f"{'row':<20} {'median s':>9} {'slowest':>8} {'CPU s':>7} {'MB':>5} {'load':>5}  {'target':<24} what came out"
    )
    threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for name in asked.rows.split(","):
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench.assignment", "--one", name, "--rounds", str(asked.rounds)],
            env=threads, capture_output=True, text=True, check=True,
        )  # fmt: skip
        row = json.loads(done.stdout)
        told = ", ".join(f"{key} {value:.6g}" for key, value in row["told"].items())
        print(f"{name:<20} {row['seconds']:>9.3f} {row['slowest']:>8.3f} {row['busy']:>7.3f} {row['mb']:>5.0f} {os.getloadavg()[0]:>5.1f}  "
              f"{ROWS[name].target:<24} {told}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
