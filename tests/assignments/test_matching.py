"""The engine on small tasks, against scipy's linear programme, and by its own certificate."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from challenge.assignments.markets import Dense, Listed, Task, Worth
from challenge.assignments.matching import Matching, solve
from challenge.assignments.shortfalls import Lack, shortfalls


@st.composite
def tasks(draw: st.DrawFn, *, balanced: bool = False) -> Task:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    proposals, reviewers = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    listed = np.argwhere(rng.random((proposals, reviewers)) < draw(st.sampled_from([0.4, 0.8, 1.0])))
    worth = rng.integers(0, 1001, len(listed)) / 1000
    least = rng.integers(0, 3, reviewers)
    conflicts = np.argwhere(rng.random((proposals, reviewers)) < 0.15)
    barred = {tuple(pair) for pair in conflicts.tolist()}
    locked = [pair for pair in listed.tolist() if tuple(pair) not in barred and rng.random() < 0.1]
    return Task(
        Listed(listed[:, 0], listed[:, 1], worth), rng.integers(0, 4, proposals), least,
        least + rng.integers(0, 4, reviewers), conflicts, np.array(locked, dtype=np.int64).reshape(-1, 2),
        rng.integers(-1, 2, reviewers) if balanced else np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def edges_of(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = list(task.eligible())
    return tuple(  # type: ignore[return-value]
        np.concatenate([getattr(part, name) for part in parts] or [np.zeros(0, dtype=np.int64)])
        for name in ("proposal", "reviewer", "affinity")
    )


def by_linear_programme(task: Task) -> tuple[float, float, float]:
    """(reviews missing, minimum loads missing, largest total) one after the other, locked pairs fixed."""
    p, r, a = edges_of(task)
    P, R, E = task.proposals, task.reviewers, len(p)
    taken, load = np.bincount(task.locked[:, 0], minlength=P), np.bincount(task.locked[:, 1], minlength=R)
    demand, least, most = (
        np.maximum(whole - less, 0)
        for whole, less in ((task.demand, taken), (task.min_load, load), (task.max_load, load))
    )
    rows = [np.hstack([(p == i).astype(float), np.eye(P)[i], np.zeros(R)]) for i in range(P)]
    upper = [np.hstack([(r == j).astype(float), np.zeros(P + R)]) for j in range(R)]
    upper += [np.hstack([-(r == j).astype(float), np.zeros(P), -np.eye(R)[j]]) for j in range(R)]
    limits = [*most, *(-least)]
    if len(task.group):
        for i in range(P):
            for g in range(int(task.group.max(initial=-1)) + 1):
                upper.append(np.hstack([((p == i) & (task.group[r] == g)).astype(float), np.zeros(P + R)]))
                locked = int(((task.locked[:, 0] == i) & (task.group[task.locked[:, 1]] == g)).sum())
                limits.append(max(0, max(int(task.demand[i]) - 1, 1) - locked))
    bounds = [(0, 1)] * E + [(0, None)] * (P + R)
    goals = [
        np.r_[np.zeros(E), np.ones(P), np.zeros(R)],
        np.r_[np.zeros(E + P), np.ones(R)],
        np.r_[-a, np.zeros(P + R)],
    ]
    values: list[float] = []
    for goal in goals:
        done = linprog(goal, np.array(upper), limits, np.array(rows), demand, bounds)
        assert done.status == 0
        values.append(done.fun)
        upper.append(goal)
        limits.append(done.fun + 1e-9)
    return values[0], values[1], -values[2]


def keeps_the_rules(task: Task, found: Matching) -> None:
    chosen = set(zip(found.pairs.proposal.tolist(), found.pairs.reviewer.tolist(), strict=True))
    assert len(chosen) == len(found.pairs)
    assert not chosen & {tuple(pair) for pair in task.conflicts.tolist()}
    assert {tuple(pair) for pair in task.locked.tolist()} <= chosen
    load = np.bincount(found.pairs.reviewer, minlength=task.reviewers)
    given_now = np.bincount(found.pairs.proposal, minlength=task.proposals)
    locked = np.bincount(task.locked[:, 1], minlength=task.reviewers)
    assert (load <= np.maximum(task.max_load, locked)).all()
    assert (load + found.idle >= task.min_load).all()
    assert (given_now + found.short >= task.demand).all()


@settings(max_examples=80, deadline=None)
@given(tasks(), st.integers(1, 3))
def test_it_is_the_optimum_of_the_linear_programme_from_any_candidate_lists(task: Task, lists: int) -> None:
    found = solve(task, lists=lists)
    keeps_the_rules(task, found)
    short, idle, total = by_linear_programme(task)
    assert (found.short.sum(), found.idle.sum()) == (round(short), round(idle))
    locked = {tuple(pair) for pair in task.locked.tolist()}
    free = sum(
        worth for p, r, worth in zip(found.pairs.proposal.tolist(), found.pairs.reviewer.tolist(),
                                     found.pairs.affinity.tolist(), strict=True) if (p, r) not in locked
    )  # fmt: skip
    assert free == pytest.approx(total, abs=1e-5)
    assert found.total <= found.bound <= found.total + 1e-4


@settings(max_examples=60, deadline=None)
@given(tasks(balanced=True), st.integers(1, 3))
def test_balance_is_exact(task: Task, lists: int) -> None:
    found = solve(task, lists=lists)
    keeps_the_rules(task, found)
    short, idle, total = by_linear_programme(task)
    assert (found.short.sum(), found.idle.sum()) == (round(short), round(idle))
    assert found.total <= found.bound <= found.total + 1e-4
    if not len(task.locked):
        assert found.total == pytest.approx(total, abs=1e-5)
        for p in np.flatnonzero((found.short == 0) & (task.demand >= 2)).tolist():
            groups = task.group[found.pairs.reviewer[found.pairs.proposal == p]]
            assert len(set(groups.tolist())) > 1 or set(groups.tolist()) == {-1}


@settings(max_examples=40, deadline=None)
@given(tasks(), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_nothing(task: Task, dice: object) -> None:
    parts = list(task.market.chunks())
    p, r, a = (
        np.concatenate([getattr(x, n) for x in parts] or [np.zeros(0, int)])
        for n in ("proposal", "reviewer", "affinity")
    )
    order = list(range(len(p)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    other = Task(Listed(p[order], r[order], a[order]), task.demand, task.min_load, task.max_load,
                 task.conflicts, task.locked)  # fmt: skip
    one, two = solve(task), solve(other)
    assert one.pairs.keys(task.reviewers).tolist() == two.pairs.keys(task.reviewers).tolist()


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_without_time_the_rules_are_kept_and_the_answer_says_so(task: Task) -> None:
    found = solve(task, deadline=time.monotonic() - 1)
    keeps_the_rules(task, found)
    assert not found.is_complete
    assert found.bound == np.inf


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_unused_pairs_are_not_worth_their_prices(task: Task) -> None:
    found = solve(task, lists=1)
    p, r, a = edges_of(task)
    chosen = set(found.pairs.keys(task.reviewers).tolist())
    for pair in zip(p.tolist(), r.tolist(), a.tolist(), strict=True):
        if pair[0] * task.reviewers + pair[1] not in chosen:
            assert pair[2] <= found.price_proposal[pair[0]] + found.price_reviewer[pair[1]] + 1e-5


def test_a_matrix_and_a_list_give_the_same() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.random((40, 15))
    matrix[rng.random((40, 15)) < 0.2] = np.nan
    p, r = np.nonzero(np.isfinite(matrix))
    loads = np.full(40, 3), np.full(15, 2), np.full(15, 10)
    conflicts = np.array([[0, 1], [5, 5]])
    one = solve(Task(Dense(matrix), *loads, conflicts), lists=4)
    two = solve(Task(Listed(p, r, matrix[p, r]), *loads, conflicts), lists=6)
    assert one.taken_in > 0
    assert one.total == pytest.approx(two.total, abs=1e-4)


def test_a_bonus_keeps_old_pairs_without_counting_as_affinity() -> None:
    task = Task(Listed([0, 0], [0, 1], [0.1, 0.9]), np.array([1]), np.array([0, 0]), np.array([1, 1]))
    kept = solve(task, worth=Worth(bonus=Listed([0], [0], [50.0])))
    assert kept.pairs.reviewer.tolist() == [0]
    assert kept.total == pytest.approx(0.1)
    assert kept.gap < 1e-5


@pytest.mark.parametrize(
    ("listed", "demand", "loads", "conflicts", "expected"),
    [
        ([(1, 0)], [1, 1], [(0, 1), (0, 1)], [], [("proposal", 0, 1, Lack.NO_CANDIDATES)]),
        ([(0, 0), (0, 1)], [2], [(0, 1), (0, 1)], [(0, 0)], [("proposal", 0, 1, Lack.CONFLICTS)]),
        ([(0, 0)], [2], [(0, 1), (0, 1)], [], [("proposal", 0, 1, Lack.FEW_CANDIDATES)]),
        ([(0, 0), (1, 0)], [1, 1], [(0, 1), (0, 9)], [], [("proposal", 1, 1, Lack.FULL)]),
        ([(0, 0), (0, 1)], [1], [(1, 1), (1, 1)], [], [("reviewer", 1, 1, Lack.NOTHING_LEFT)]),
        ([(0, 0), (0, 1)], [1], [(0, 1), (1, 1)], [(0, 1)], [("reviewer", 1, 1, Lack.CONFLICTS)]),
    ],
)  # fmt: skip
def test_what_is_short_says_why(
    listed: list[tuple[int, int]], demand: list[int], loads: list[tuple[int, int]],
    conflicts: list[tuple[int, int]], expected: list[tuple[str, int, int, Lack]],
) -> None:  # fmt: skip
    p, r = zip(*listed, strict=True)
    worth = [1 - n / 10 for n in range(len(listed))]
    task = Task(Listed(p, r, worth), np.array(demand), *np.array(loads).T,
                np.array(conflicts, dtype=np.int64).reshape(-1, 2))  # fmt: skip
    found = solve(task)
    assert [(s.kind, s.index, s.missing, s.reason) for s in shortfalls(task, found)] == expected


def test_large_affinities_are_solved_with_coarser_costs() -> None:
    task = Task(Listed([0, 0], [0, 1], [1e9, 1.1e9]), np.array([1]), np.array([0, 0]), np.array([1, 1]))
    assert solve(task, scale=10**9).pairs.reviewer.tolist() == [1]


def test_contradictions_are_refused() -> None:
    market = Listed([0], [0], [0.5])
    one = np.array([1])
    with pytest.raises(ValueError, match="min_load above max_load"):
        Task(market, one, np.array([2]), one)
    with pytest.raises(ValueError, match="locked pair is in conflict"):
        Task(market, one, one, one, np.array([[0, 0]]), np.array([[0, 0]]))
    with pytest.raises(ValueError, match="twice"):
        Listed([0, 0], [0, 0], [0.5, 0.6])
    with pytest.raises(ValueError, match="finite"):
        Listed([0], [0], [float("nan")])
