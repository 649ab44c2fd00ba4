"""Seconds and memory of the assignment engine on seeded random markets, certified on the full matrix.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python -m scripts.bench.assignment [--sizes 500x150,2000x600] [--rounds N]

Each row runs alone in a process with one thread; the time is the median of the rounds, making the data left out.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from challenge.assignments.markets import NONE, Dense, Task
from challenge.assignments.matching import solve

REVIEWS, LISTS, ROOM, SEED = 3, 60, 1.25, 7
TARGETS = {("2000x600", False): "0.6 s", ("10000x3000", True): "8 s, 700 MB"}


def task(proposals: int, reviewers: int, is_balanced: bool) -> Task:
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
    most = int(np.ceil(proposals * REVIEWS / reviewers * ROOM))
    pairs = np.stack(
        [rng.integers(0, proposals, proposals * 3), rng.integers(0, reviewers, proposals * 3)], axis=1
    )
    return Task(
        Dense(matrix), np.full(proposals, REVIEWS), np.full(reviewers, 2), np.full(reviewers, most),
        np.unique(pairs, axis=0), group=rng.integers(0, 2, reviewers) if is_balanced else NONE,
    )  # fmt: skip


def alone(size: str, is_balanced: bool, rounds: int) -> dict[str, float]:
    asked = task(*(int(n) for n in size.split("x")), is_balanced)
    seconds = []
    for _round in range(rounds):
        began = time.perf_counter()
        found = solve(asked, lists=LISTS)
        seconds.append(time.perf_counter() - began)
    return {
        "seconds": statistics.median(seconds), "slowest": max(seconds), "total": found.total, "gap": found.gap,
        "worst": float(found.scores().min()), "taken_in": found.taken_in, "short": int(found.short.sum()),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="500x150,2000x600,10000x3000")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--one", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        size, balanced = asked.one.split(",")
        print(json.dumps(alone(size, balanced == "1", asked.rounds)))
        return
    print(f"{'size':<12} {'balance':<8} {'median s':>9} {'slowest':>8} {'MB':>5} {'total':>12} {'gap':>9} {'worst':>6} "
          f"{'taken in':>8} {'short':>5}  target")  # fmt: skip
    threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for size in asked.sizes.split(","):
        for balanced in (False, True):
            done = subprocess.run(
                [sys.executable, "-m", "scripts.bench.assignment", "--one", f"{size},{int(balanced)}",
                 "--rounds", str(asked.rounds)], env=threads, capture_output=True, text=True, check=True,
            )  # fmt: skip
            row = json.loads(done.stdout)
            print(f"{size:<12} {'gender' if balanced else '-':<8} {row['seconds']:>9.3f} {row['slowest']:>8.3f} "
                  f"{row['mb']:>5.0f} {row['total']:>12.3f} {row['gap']:>9.6f} {row['worst']:>6.3f} {row['taken_in']:>8} "
                  f"{row['short']:>5}  {TARGETS.get((size, balanced), '')}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
