"""The floor against every assignment there is, on tiny tasks, and against its own bound on larger ones."""

import time

import numpy as np
import pytest
from hypothesis import given, settings

from challenge.assignments.floors import floor
from challenge.assignments.markets import Listed, Task
from challenge.assignments.matching import solve
from tests.assignments.every import every_assignment, lowest, tiny
from tests.assignments.test_matching import keeps_the_rules, tasks


@settings(max_examples=60, deadline=None)
@given(tiny())
def test_the_worst_level_is_the_best_of_all_assignments(task: Task) -> None:
    found = floor(task)
    keeps_the_rules(task, found.found)
    everything = [(short, idle, lowest(task, grid)) for short, idle, grid in every_assignment(task)]
    least = min(each[:2] for each in everything)
    assert (found.found.short.sum(), found.found.idle.sum()) == least
    highest = max(level for short, idle, level in everything if (short, idle) == least)
    assert found.level == pytest.approx(highest, abs=1e-5)
    assert found.bound >= highest - 1e-5


@settings(max_examples=30, deadline=None)
@given(tasks())
def test_it_never_leaves_more_unmet_and_never_a_worse_level(task: Task) -> None:
    before = solve(task)
    found = floor(task)
    keeps_the_rules(task, found.found)
    assert (found.found.short.sum(), found.found.idle.sum()) == (before.short.sum(), before.idle.sum())
    assert found.before - 1e-6 <= found.level <= found.bound + 1e-5


@settings(max_examples=30, deadline=None)
@given(tasks(balanced=True))
def test_panels_stay_balanced(task: Task) -> None:
    found = floor(task)
    groups = int(task.group.max(initial=-1)) + 1
    locked = np.zeros((task.proposals, groups), dtype=int)
    count = np.zeros_like(locked)
    for pairs, into in (
        (task.locked, locked),
        (np.stack([found.found.pairs.proposal, found.found.pairs.reviewer], 1), count),
    ):
        known = task.group[pairs[:, 1]] >= 0
        np.add.at(into, (pairs[known, 0], task.group[pairs[known, 1]]), 1)
    assert (count <= np.maximum(np.maximum(task.demand - 1, 1)[:, None], locked)).all()


def crowded(seed: int) -> Task:
    """300 proposals of 12 themes with unequal crowds of reviewers: a few themes have too few good ones."""
    rng = np.random.default_rng(seed)
    mine, theirs = (
        rng.choice(12, 300, p=rng.dirichlet(np.ones(12))),
        rng.choice(12, 90, p=rng.dirichlet(np.ones(12))),
    )
    matrix = 0.5 * (mine[:, None] == theirs[None, :]) + 0.5 * rng.beta(2, 4, (300, 90))
    p, r = np.nonzero(matrix > 0.1)
    return Task(Listed(p, r, matrix[p, r]), np.full(300, 3), np.full(90, 2), np.full(90, 13))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_crowd_is_lifted_to_within_five_in_a_hundred_of_the_bound(seed: int) -> None:
    task = crowded(seed)
    found = floor(task)
    keeps_the_rules(task, found.found)
    assert found.level > found.before
    assert found.level >= 0.95 * found.bound
    assert found.found.total <= found.base.total
    assert found.found.gap < 1e-3  # the rest is the best there is around the tail


def test_without_time_it_gives_back_what_it_has() -> None:
    found = floor(crowded(1), deadline=time.monotonic() - 1)
    assert not found.is_complete
    keeps_the_rules(crowded(1), found.found)


def test_a_hopeless_proposal_does_not_hold_back_the_next() -> None:
    # proposal 0 can have nothing above 0.1; proposal 1 gets 0.2 where the total is largest, and could have 0.5
    task = Task(
        Listed([0, 1, 1, 2, 2], [2, 0, 1, 0, 1], [0.1, 0.2, 0.5, 0.5, 0.9]), np.array([1, 1, 1]),
        np.zeros(3, dtype=int), np.ones(3, dtype=int),
    )  # fmt: skip
    assert solve(task).scores().tolist() == [0.1, 0.2, 0.9]
    found = floor(task)
    assert found.found.scores().tolist() == [0.1, 0.5, 0.5]


def test_the_order_of_the_pairs_changes_nothing() -> None:
    task = crowded(2)
    (part,) = task.market.chunks()
    order = np.random.default_rng(1).permutation(len(part))
    other = Task(Listed(part.proposal[order], part.reviewer[order], part.affinity[order]),
                 task.demand, task.min_load, task.max_load)  # fmt: skip
    one, two = floor(task), floor(other)
    assert one.found.pairs.keys(90).tolist() == two.found.pairs.keys(90).tolist()
