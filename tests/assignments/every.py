"""Tiny tasks and every assignment there is for them: the answer to compare with."""

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from challenge.assignments.markets import Listed, Task
from tests.assignments.test_matching import edges_of


def every_assignment(task: Task) -> Iterator[tuple[int, int, np.ndarray]]:
    """(reviews missing, minimum loads missing, who reviews what (P, R)) of all sets of pairs that keep the rules."""
    p, r, _a = edges_of(task)
    P, R = task.proposals, task.reviewers
    locked = np.array([n in {tuple(x) for x in task.locked.tolist()} for n in np.ndindex(P, R)]).reshape(P, R)
    for bits in range(2 ** len(p)):
        on = [n for n in range(len(p)) if bits >> n & 1]
        grid = locked.copy()
        grid[p[on], r[on]] = True
        given_now, load = grid.sum(axis=1), grid.sum(axis=0)
        if (given_now > np.maximum(task.demand, locked.sum(axis=1))).any():
            continue
        if (load > np.maximum(task.max_load, locked.sum(axis=0))).any():
            continue
        yield (
            int(np.maximum(task.demand - given_now, 0).sum()), int(np.maximum(task.min_load - load, 0).sum()), grid
        )  # fmt: skip


def worths(task: Task) -> np.ndarray:
    worth = np.zeros((task.proposals, task.reviewers))
    for part in task.market.chunks():
        worth[part.proposal, part.reviewer] = part.affinity
    return worth


def lowest(task: Task, grid: np.ndarray) -> float:
    wanted = task.demand > 0
    score = (grid * worths(task)).sum(axis=1)
    return float((score[wanted] / task.demand[wanted]).min(initial=np.inf))


@st.composite
def tiny(draw: st.DrawFn) -> Task:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    proposals, reviewers = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    listed = np.argwhere(rng.random((proposals, reviewers)) < 0.9)
    least = rng.integers(0, 2, reviewers)
    conflicts = np.argwhere(rng.random((proposals, reviewers)) < 0.1)
    return Task(
        Listed(listed[:, 0], listed[:, 1], rng.integers(1, 1001, len(listed)) / 1000), rng.integers(0, 3, proposals),
        least, least + rng.integers(0, 4, reviewers), conflicts,
    )  # fmt: skip
