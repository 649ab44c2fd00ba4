"""The draw: chances as promised, every rule in every draw, nothing above Q."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.assignments.markets import Listed, Task
from challenge.assignments.matching import solve
from challenge.assignments.randomising import draw, spread
from tests.assignments.test_matching import keeps_the_rules, tasks


def market(seed: int, *, balanced: bool = False) -> Task:
    rng = np.random.default_rng(seed)
    worth = rng.random((8, 7))
    p, r = np.nonzero(worth > 0.1)
    return Task(
        Listed(p, r, worth[p, r]), np.full(8, 2), np.full(7, 1), np.full(7, 4), np.array([[0, 0], [3, 2]]),
        group=rng.integers(0, 2, 7) if balanced else np.zeros(0, dtype=np.int64),
    )  # fmt: skip


@pytest.mark.parametrize(("most", "beta", "balanced"), [(0.5, 0.3, False), (0.3, 0.0, True)])
def test_ten_thousand_draws_show_the_chances(most: float, beta: float, balanced: bool) -> None:
    lottery = spread(market(4, balanced=balanced), most, beta)
    draws = 10_000
    seen = np.zeros(len(lottery.edges))
    keys = lottery.edges.keys(7)
    for seed in range(draws):
        found = draw(lottery, seed)
        seen[np.searchsorted(keys, found.pairs.keys(7))] += 1
    chance = lottery.probability
    assert (chance <= most + 1e-12).all()
    assert ((chance > 0) & (chance < 1)).sum() > 15
    error = np.sqrt(chance * (1 - chance) / draws)
    assert (seen[chance == 0] == 0).all()
    off = np.abs(seen / draws - chance)[error > 0] / error[error > 0]
    # the pairs hang together, so that the mean square of the 36 is 1 only on average
    assert off.max() < 4.5
    assert np.mean(off**2) < 3


@settings(max_examples=80, deadline=None)
@given(tasks(), st.sampled_from([0.3, 0.5, 0.75, 1.0]), st.sampled_from([0.0, 0.3]), st.integers(0, 2**62))
def test_every_draw_keeps_the_rules(task: Task, most: float, beta: float, seed: int) -> None:
    lottery = spread(task, most, beta)
    found = draw(lottery, seed)
    keeps_the_rules(task, found)
    again = draw(lottery, seed)
    assert found.pairs.keys(task.reviewers).tolist() == again.pairs.keys(task.reviewers).tolist()
    mean = np.bincount(lottery.edges.proposal, lottery.probability, task.proposals)
    given_now = np.bincount(found.pairs.proposal, minlength=task.proposals)
    locked = np.bincount(task.locked[:, 0], minlength=task.proposals)
    assert (np.abs(given_now - locked - mean) < 1).all()  # each draw is a rounding of the expectation


@settings(max_examples=40, deadline=None)
@given(tasks(balanced=True), st.integers(0, 2**62))
def test_every_draw_keeps_the_balance(task: Task, seed: int) -> None:
    found = draw(spread(task, 0.5, 0.3), seed)
    keeps_the_rules(task, found)
    if not len(task.locked):
        for p in np.flatnonzero(task.demand >= 2).tolist():
            groups = task.group[found.pairs.reviewer[found.pairs.proposal == p]]
            for group in set(groups.tolist()) - {-1}:
                assert (groups == group).sum() <= task.demand[p] - 1


def test_without_a_cap_it_is_the_best_assignment() -> None:
    task = market(2)
    lottery = spread(task, 1.0)
    assert lottery.expected == pytest.approx(solve(task).total, abs=1e-4)


def test_perturbation_spreads_further() -> None:
    task = market(2)
    without, with_it = spread(task, 0.5), spread(task, 0.5, 0.5)
    assert (with_it.probability > 0).sum() > (without.probability > 0).sum()
    assert with_it.expected <= without.expected + 1e-6


def test_a_cap_takes_in_more_candidates_when_it_needs_them() -> None:
    p, r = np.indices((6, 12)).reshape(2, -1)
    task = Task(Listed(p, r, np.linspace(1, 0, 72)), np.full(6, 2), np.zeros(12, int), np.full(12, 6))
    lottery = spread(task, 0.25, lists=3)
    found = draw(lottery, 1)
    assert not found.short.any()
    assert lottery.probability.max() == 0.25


@pytest.mark.parametrize(
    ("most", "beta"), [(0.0, 0.1), (1.05, 0.1), (0.33, 0.1), (0.5, -0.1), (0.5, 1.5), (float("nan"), 0)]
)
def test_what_cannot_be_asked(most: float, beta: float) -> None:
    with pytest.raises(ValueError, match="must"):
        spread(market(1), most, beta)
