"""Seconds, order and honesty of the calibration on simulated reviews whose truth is known.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python -m scripts.bench.calibration [--rounds N] [--seeds N] [--only speed|quality]

Speed: calibration, 2,000 draws, intervals and reviewers; the median of the rounds in a process with one thread, making
the reviews left out. Quality: Kendall's tau to the truth against that of the raw mean (ties broken at random), and how
often 90 per cent rank intervals hold the true place, per regime (`tests.scoring.simulated`).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
from scipy.stats import kendalltau, rankdata

from challenge.scoring import uncertainty
from challenge.scoring.calibration import calibrate
from tests.scoring.simulated import REGIMES, World, world

SIZES = ("60x15x3", "500x100x4", "5000x800x3")
TARGETS = {"500x100x4": "0.5 s", "5000x800x3": "5 s"}
QUALITY = (("60x15x3", 5), ("500x100x4", 1))  # size, how many times as many seeds


def made(size: str, regime: str, seed: int) -> World:
    proposals, reviewers, each = (int(n) for n in size.split("x"))
    return world(proposals, reviewers, each, regime, seed)


def speed(size: str, regime: str, rounds: int) -> dict[str, float]:
    reviews = made(size, regime, 1).reviews
    seconds, parts, spent = [], [], []
    for _round in range(rounds):
        began, before = time.perf_counter(), time.process_time()
        found = calibrate(reviews)
        middle = time.perf_counter()
        draws = uncertainty.draw(found, seed=1)
        uncertainty.places(draws.quality, reviews.proposals // 10)
        uncertainty.reviewers(found, draws, uncertainty.doubts(found))
        seconds.append(time.perf_counter() - began)
        parts.append(middle - began)
        spent.append(time.process_time() - before)
    return {
        "seconds": statistics.median(seconds), "slowest": max(seconds), "fit": statistics.median(parts), "cpu": statistics.median(spent),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def quality(size: str, regime: str, seeds: int) -> Iterator[tuple[float, float, float, bool]]:
    """(tau of the raw mean, tau of the estimate, share of intervals that hold the truth, whether calibrated)."""
    for seed in range(seeds):
        one = made(size, regime, seed)
        found = calibrate(one.reviews)
        places = uncertainty.places(uncertainty.draw(found, seed=1, count=1000).quality, 1)
        truth = rankdata(-one.truth)
        parted = np.random.default_rng(seed).random(len(truth)) * 1e-9
        yield (
            kendalltau(one.truth, one.reviews.means() + parted)[0],
            kendalltau(one.truth, found.estimate + parted)[0],
            float(((places.low <= truth) & (truth <= places.high)).mean()),
            found.is_on,
        )


def show_speed(rounds: int) -> None:
    print(
        f"{'size':<11} {'regime':<6} {'median s':>9} {'slowest':>8} {'of it fit':>9} {'CPU s':>6} {'MB':>5}  target"
    )
    threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for size in SIZES:
        for regime in "BC":
            done = subprocess.run(
                [sys.executable, "-m", "scripts.bench.calibration", "--one", f"{size},{regime}", "--rounds", str(rounds)],
                env=threads, capture_output=True, text=True, check=True,
            )  # fmt: skip
            row = json.loads(done.stdout)
            print(f"{size:<11} {regime:<6} {row['seconds']:>9.3f} {row['slowest']:>8.3f} {row['fit']:>9.3f} {row['cpu']:>6.3f} "
                  f"{row['mb']:>5.0f}  {TARGETS.get(size, '')}", flush=True)  # fmt: skip


def show_quality(seeds: int) -> None:
    print(
        f"\n{'size':<11} {'regime':<6} {'seeds':>5} {'raw tau':>8} {'tau':>7} {'gain':>7} {'worst':>7} {'cover':>6} {'on':>5}"
    )
    for size, times in QUALITY:
        for regime in REGIMES:
            rows = list(quality(size, regime, seeds * times))
            raw, tau, cover, on = (float(np.mean(column)) for column in zip(*rows, strict=True))
            worst = min(row[1] - row[0] for row in rows)
            print(f"{size:<11} {regime:<6} {len(rows):>5} {raw:>8.3f} {tau:>7.3f} {tau - raw:>+7.3f} {worst:>+7.3f} "
                  f"{cover:>6.3f} {on:>5.2f}", flush=True)  # fmt: skip
    print("targets: gain in B at 500x100x4 at least +0.05; in A never below -0.006; cover 0.87 to 0.93")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--only", choices=("speed", "quality"))
    options.add_argument("--one", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        size, regime = asked.one.split(",")
        print(json.dumps(speed(size, regime, asked.rounds)))
        return
    if asked.only != "quality":
        show_speed(asked.rounds)
    if asked.only != "speed":
        show_quality(asked.seeds)


if __name__ == "__main__":
    main()
