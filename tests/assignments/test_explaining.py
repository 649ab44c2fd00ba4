"""Reasons on small cases, and prices against solving again with the pair fixed."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.assignments.explaining import Why, explain, swap
from challenge.assignments.markets import Listed, Task
from challenge.assignments.matching import solve
from tests.assignments.test_matching import keeps_the_rules, tasks

CROWDED = Task(
    Listed([0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 1, 2], [0.9, 0.8, 0.7, 0.95, 0.9, 0.1]), np.array([1, 1]),
    np.zeros(4, dtype=int), np.array([1, 1, 1, 1]), conflicts=np.array([[0, 3]]),
)  # fmt: skip


def test_each_better_reviewer_has_a_reason() -> None:
    task = replace(CROWDED, max_load=np.array([0, 1, 1, 1]))
    found = solve(task)
    assert found.pairs.reviewer.tolist() == [2, 1]
    places = explain(task, found, 0, declined=np.array([0]))
    assert [(x.reviewer, x.place, x.why, x.elsewhere) for x in places] == [
        (3, 1, Why.CONFLICT, -1), (0, 2, Why.DECLINED, -1), (1, 3, Why.ELSEWHERE, 1), (2, 4, Why.CHOSEN, -1)
    ]  # fmt: skip
    # with reviewer 1 here, proposal 1 falls back from 0.9 to 0.1 while 0 wins 0.1
    assert places[2].loss == pytest.approx(0.7, abs=1e-5)


def test_balance_and_unwilling_and_lower() -> None:
    task = Task(
        Listed([0, 0, 0, 0], [0, 1, 2, 3], [0.9, 0.8, 0.7, 0.3]), np.array([2]), np.zeros(4, int), np.ones(4, int),
        group=np.array([0, 0, 1, 1]),
    )  # fmt: skip
    found = solve(task)
    assert [x.why for x in explain(task, found, 0)] == [Why.CHOSEN, Why.BALANCE, Why.CHOSEN, Why.LOWER]
    bid = np.array([0, 0, 0, -1.0])
    assert explain(task, found, 0, bid=bid)[3].why is Why.UNWILLING


def test_without_a_proof_there_are_no_prices() -> None:
    found = solve(CROWDED, deadline=time.monotonic() - 1)
    places = explain(CROWDED, found, 0)
    assert [place.why for place in places[:2]] == [Why.CONFLICT, Why.CHOSEN]
    assert np.isnan(places[2].loss)


@settings(max_examples=60, deadline=None)
@given(tasks(), st.integers(0, 6))
def test_the_loss_is_that_of_solving_again_with_the_pair(task: Task, which: int) -> None:
    _compare(task, which)


@settings(max_examples=40, deadline=None)
@given(tasks(balanced=True), st.integers(0, 6))
def test_the_loss_is_exact_with_balance_too(task: Task, which: int) -> None:
    _compare(replace(task, locked=task.locked[:0]), which)


def _compare(task: Task, which: int) -> None:
    proposal = which % task.proposals
    found = solve(task, lists=2)
    R = task.reviewers
    for place in explain(task, found, proposal):
        pair = np.array([[proposal, place.reviewer]])
        if place.why in (Why.CONFLICT, Why.LOCKED):
            continue
        if place.why is Why.CHOSEN:
            assert proposal * R + place.reviewer in found.pairs.keys(R)
            continue
        forced = solve(replace(task, locked=np.concatenate([task.locked, pair])))
        load, given_now = (np.bincount(side, minlength=R + task.proposals) for side in (
            forced.pairs.reviewer, forced.pairs.proposal))  # fmt: skip
        more = (forced.short.sum(), forced.idle.sum()) > (found.short.sum(), found.idle.sum())
        over = (
            load[place.reviewer] > task.max_load[place.reviewer]
            or given_now[proposal] > task.demand[proposal]
        )
        assert np.isinf(place.loss) == bool(more or over)
        if np.isinf(place.loss):  # only with one review or one minimum load more unmet
            continue
        assert found.total - forced.total == pytest.approx(place.loss, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_a_swap_keeps_the_rules_and_tells_the_change(task: Task) -> None:
    found = solve(task)
    locked = {tuple(x) for x in task.locked.tolist()}
    for p, r in zip(found.pairs.proposal.tolist(), found.pairs.reviewer.tolist(), strict=True):
        others = [x for x in explain(task, found, p) if x.why in (Why.LOWER, Why.ELSEWHERE)]
        if (p, r) in locked or not others:
            continue
        change = swap(task, found, p, r, others[0].reviewer)
        assert change.total <= 1e-5 or change.unmet > 0
        keeps_the_rules(task, found)
        return


def test_a_swap_in_numbers() -> None:
    task = replace(CROWDED, max_load=np.array([1, 1, 1, 1]))
    found = solve(task)
    change = swap(task, found, 0, 0, 1)
    # proposal 0 goes from 0.9 to 0.8, proposal 1 loses 0.9 and gets 0.1
    assert change.total == pytest.approx(-0.9, abs=1e-5)
    assert change.score == pytest.approx(-0.1, abs=1e-5)
    assert change.level == pytest.approx(0.1)
    assert change.others == [(1, 1, -1), (1, 2, 1)]
    with pytest.raises(ValueError, match="not on this proposal"):
        swap(task, found, 0, 1, 2)
    with pytest.raises(ValueError, match="may not review"):
        swap(task, found, 0, 0, 3)
