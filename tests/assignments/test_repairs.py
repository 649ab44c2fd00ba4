"""Repair after drop-outs against every assignment there is, and further reviews on top."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.assignments.markets import Dense, Listed, Task
from challenge.assignments.matching import solve
from challenge.assignments.repairs import repair, top_up, without
from tests.assignments.every import every_assignment, tiny, worths
from tests.assignments.test_matching import keeps_the_rules, tasks


def pairs_of(found: object) -> np.ndarray:
    return np.stack([found.pairs.proposal, found.pairs.reviewer], axis=1)  # type: ignore[attr-defined]


@settings(max_examples=80, deadline=None)
@given(tiny(), st.integers(0, 2), st.booleans())
def test_the_fewest_pairs_are_removed_and_then_the_total_is_largest(
    task: Task, who: int, is_matrix: bool
) -> None:
    if is_matrix:
        worth = np.full((task.proposals, task.reviewers), np.nan)
        for part in task.market.chunks():
            worth[part.proposal, part.reviewer] = part.affinity
        task = replace(task, market=Dense(worth))
    previous = pairs_of(solve(task))
    dropped = np.array([who] if who < task.reviewers else [], dtype=np.int64)
    done = repair(task, previous, dropped)
    after = without(task, dropped)
    keeps_the_rules(after, done.found)
    assert not np.isin(done.found.pairs.reviewer, dropped).any()
    best = min(
        (short, idle, sum(not grid[p, r] for p, r in previous.tolist()), -float((grid * worths(after)).sum()))
        for short, idle, grid in every_assignment(after)
    )
    assert (done.found.short.sum(), done.found.idle.sum(), len(done.removed)) == best[:3]
    assert done.found.total == pytest.approx(-best[3], abs=1e-3)
    assert done.is_least
    assert len(done.kept) + len(done.removed) == len(previous)
    assert len(done.kept) + len(done.added) == len(done.found.pairs)


def test_a_pair_that_fell_into_conflict_is_lost_as_well() -> None:
    market = Listed([0, 0, 1, 1], [0, 1, 0, 1], [0.9, 0.8, 0.7, 0.6])
    task = Task(market, np.array([1, 1]), np.zeros(2, int), np.array([1, 2]), conflicts=np.array([[0, 0]]))
    done = repair(task, np.array([[0, 0], [1, 1]]))
    assert done.removed.tolist() == [[0, 0]]
    assert done.added.tolist() == [[0, 1]]
    assert (done.lost, done.least_removed) == (1, 1)


def test_without_time_nothing_is_claimed() -> None:
    task = Task(Listed([0, 0], [0, 1], [0.9, 0.8]), np.array([1]), np.zeros(2, int), np.ones(2, int))
    done = repair(task, np.array([[0, 0]]), np.array([0]), deadline=time.monotonic() - 1)
    assert done.least_removed == -1
    assert not done.is_least
    assert not np.isin(done.found.pairs.reviewer, [0]).any()


@settings(max_examples=40, deadline=None)
@given(tasks(), st.integers(0, 2**32 - 1))
def test_more_reviews_change_nothing_that_was_there(task: Task, seed: int) -> None:
    previous = pairs_of(solve(task))
    more = np.random.default_rng(seed).integers(0, 2, task.proposals)
    found, asked = top_up(task, previous, more)
    keeps_the_rules(asked, found)
    before = {tuple(pair) for pair in previous.tolist()}
    after = {tuple(pair) for pair in pairs_of(found).tolist()}
    assert before <= after
    added = np.bincount([p for p, _r in after - before], minlength=task.proposals)
    assert (added + found.short == more).all()
