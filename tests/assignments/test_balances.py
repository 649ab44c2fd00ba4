"""Several attributes: the first is a rule, the others cost at most their price."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.assignments.balances import mix, single_group
from challenge.assignments.markets import Edges, Listed, Task
from challenge.assignments.matching import solve
from tests.assignments.test_matching import keeps_the_rules, tasks


def test_which_panels_are_of_a_single_group() -> None:
    pairs = Edges(np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 1, 0, 2, 0, 1, 3]), np.zeros(7))
    assert single_group(pairs, np.array([0, 0, 1, -1]), 4).tolist() == [0, -1, -1, -1]


@settings(max_examples=50, deadline=None)
@given(tasks(balanced=True), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2, 5.0]))
def test_the_rule_is_kept_and_the_rest_never_gets_worse(task: Task, seed: int, price: float) -> None:
    rng = np.random.default_rng(seed)
    soft = [rng.integers(-1, 3, task.reviewers), rng.integers(0, 2, task.reviewers)]
    done = mix(task, soft, price=price)
    keeps_the_rules(task, done.found)
    assert (done.found.short.sum(), done.found.idle.sum()) == (
        done.before.short.sum(),
        done.before.idle.sum(),
    )
    assert (
        done.found.total - price * sum(done.single)
        >= done.before.total - price * sum(done.single_before) - 1e-4
    )
    if price == 0:
        assert done.found is done.before
    assert done.single == [int((single_group(done.found.pairs, g, task.proposals) >= 0).sum()) for g in soft]
    if not len(task.locked):
        exact = single_group(done.found.pairs, task.group, task.proposals) >= 0
        assert not (exact & (done.found.short == 0)).any()


@pytest.mark.parametrize(("price", "single", "total"), [(0.3, 0, 1.7), (0.05, 1, 1.8)])
def test_a_panel_is_mixed_where_it_is_worth_its_price(price: float, single: int, total: float) -> None:
    task = Task(
        Listed([0, 0, 0], [0, 1, 2], [0.9, 0.9, 0.8]), np.array([2]), np.zeros(3, int), np.ones(3, int)
    )
    done = mix(task, [np.array([0, 0, 1])], price=price)
    assert done.single_before == [1]
    assert done.single == [single]
    assert done.found.total == pytest.approx(total)


def test_two_attributes_at_once() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.random((200, 60))
    p, r = np.nonzero(matrix > 0.2)
    task = Task(
        Listed(p, r, matrix[p, r]), np.full(200, 3), np.full(60, 2), np.full(60, 13),
        group=rng.integers(0, 2, 60),
    )  # fmt: skip
    done = mix(task, [rng.choice(4, 60, p=[0.6, 0.2, 0.1, 0.1]), rng.integers(0, 2, 60)])
    assert sum(done.single) < 0.4 * sum(done.single_before)
    assert done.found.total > 0.98 * done.before.total
    assert (single_group(done.found.pairs, task.group, 200) == -1).all()
    free = solve(replace(task, group=np.zeros(0, dtype=np.int64)))
    assert done.found.total <= free.total
