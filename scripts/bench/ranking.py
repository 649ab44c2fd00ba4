"""Seconds of the exact ranking of seeded random scores, with the list and all its reasons.

    .venv/bin/python -m scripts.bench.ranking [--proposals N] [--reviews N] [--criteria N] [--rounds N]

Each row runs on one thread; the time is the median of the rounds, making the data left out.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from challenge.rubrics.definition import (
    Aggregation,
    Criterion,
    Join,
    KnockOut,
    Quorum,
    Quota,
    Rubric,
    Scale,
    Section,
    Selection,
    VoterGroup,
)
from challenge.scoring.explanation import explain
from challenge.scoring.ranking import Entry, rank
from challenge.scoring.records import record_of
from challenge.scoring.selection import rank_and_list

SEED = 7
TARGET = 2.0


def plain(criteria: int, **more: Any) -> Rubric:
    """Half points from 1 to 5, uneven weights, two thresholds and two tie-breaks."""
    made = tuple(
        Criterion(
            code=f"c{n}",
            label={"en": f"Criterion {n}"},
            weight=Decimal(10 + n),
            threshold=Decimal(2) if n == 0 else None,
        )
        for n in range(criteria)
    )
    return Rubric(
        scale=Scale(min=Decimal(1), max=Decimal(5), step=Decimal("0.5")),
        criteria=made,
        tie_break=("c0", "c1"),
        **{"aggregation": Aggregation(overall_threshold=Decimal(40)), **more},
    )


def rich(criteria: int) -> Rubric:
    """The same with sections, knock-outs, two voter groups, a lot, a budget and quotas."""
    base = plain(criteria)
    changed = []
    for n, criterion in enumerate(base.criteria):
        knock_out = KnockOut(below=Decimal("1.5"), by=Quorum.MAJORITY) if n == 1 else None
        changed.append(
            Criterion(
                code=criterion.code, label=criterion.label, weight=criterion.weight, threshold=criterion.threshold,
                section="first" if n % 2 else "second", knock_out=knock_out,
            )
        )  # fmt: skip
    return Rubric(
        scale=base.scale,
        criteria=tuple(changed),
        tie_break=base.tie_break,
        sections=tuple(
            Section(code=code, label={"en": code}, weight=Decimal(50), threshold=Decimal(30))
            for code in ("first", "second")
        ),
        aggregation=Aggregation(
            panel=Join.TRIMMED,
            overall_threshold=Decimal(40),
            groups=tuple(
                VoterGroup(code=code, label={"en": code}, share=Decimal(50)) for code in ("judges", "users")
            ),
        ),
        lot=True,
        selection=Selection(
            budget=Decimal(40_000_000),
            reserve=100,
            quotas=(
                Quota(code="each", label={"en": "Per country"}, column="country", most=60),
                Quota(
                    code="half", label={"en": "Half"}, column="country", values=("C1", "C2", "C3"),
                    least_share=Decimal(25),
                ),
            ),
        ),
    )  # fmt: skip


def entries(proposals: int, reviews: int, criteria: int) -> list[Entry]:
    dice = random.Random(SEED)
    return [
        Entry(
            f"P{n:05}",
            {
                f"r{k}": {f"c{c}": Decimal(dice.randint(2, 10)) / 2 for c in range(criteria)}
                for k in range(reviews)
            },
            groups={f"r{k}": "judges" if k % 2 else "users" for k in range(reviews)},
            country=f"C{dice.randint(1, 20)}",
            amount=Decimal(dice.randint(20, 100) * 1000),
            currency="EUR",
        )
        for n in range(proposals)
    ]


def seconds(work: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Median and slowest on the clock, and the median of what the processor spent."""
    times, spent = [], []
    for _round in range(rounds):
        began, before = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - began)
        spent.append(time.process_time() - before)
    return statistics.median(times), max(times), statistics.median(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proposals", type=int, default=10_000)
    parser.add_argument("--reviews", type=int, default=5)
    parser.add_argument("--criteria", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    given = entries(options.proposals, options.reviews, options.criteria)
    simple, full = plain(options.criteria), rich(options.criteria)

    def in_words() -> list[str]:
        return [str(text) for row in rank_and_list(full, given, seed="bench").rows for text in explain(row)]

    rows: list[tuple[str, Callable[[], object], float | None]] = [
        ("exact ranking, weighted mean", lambda: rank(simple, given), TARGET),
        ("sections, gates, groups, lot, list", lambda: rank_and_list(full, given, seed="bench"), None),
        ("the same, as a record", lambda: record_of(full, given), None),
        ("the same, every row in words", in_words, None),
    ]
    print(f"{options.proposals} proposals x {options.reviews} reviews x {options.criteria} criteria")
    print(f"{'':36} {'median s':>9} {'slowest':>9} {'CPU s':>9} {'target':>7}")
    missed = False
    for name, work, target in rows:
        median, slowest, spent = seconds(work, options.rounds)
        missed |= target is not None and median > target
        print(f"{name:36} {median:9.2f} {slowest:9.2f} {spent:9.2f} {target or '':>7}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
