"""Panels mixed over several attributes: the first one exactly (a rule of the task), the others as far as a price goes.

Two attributes at once are no flow any more. The others are therefore charged: a panel whose members would all be of one
group pays a toll for each member of that group, as high as the cheapest exchange that mixes it needs and at most
`price`; the flow is solved again under the tolls. This is Lagrangian relaxation (Held, Karp 1971; Fisher, The
Lagrangian relaxation method for solving integer programming problems, 1981), with tolls taken from the dual prices
instead of a step length.
"""

import time
from dataclasses import dataclass

import numpy as np

from challenge.assignments.markets import AFFINITY, Edges, Floats, Ints, Task, Toll, Worth, best_of_each
from challenge.assignments.matching import Matching, Say, solve

PRICE = 0.3
ROUNDS = 6
STEP = 0.002
"""What is added to the toll of an exchange in the first round; doubled with each, as exchanges get in each other's way."""


@dataclass(frozen=True, slots=True)
class Balanced:
    """found: the best assignment under the tolls (`worth`); before: the same with the exact attribute alone;
    single, single_before: for each soft attribute the panels whose members are all of one group."""

    found: Matching
    before: Matching
    worth: Worth
    single: list[int]
    single_before: list[int]
    is_complete: bool


def single_group(pairs: Edges, group: Ints, proposals: int) -> Ints:
    """(P,) the group that all members of a panel of two or more belong to, -1 where it is mixed or smaller."""
    groups = int(group.max(initial=-1)) + 1
    count = np.zeros((proposals, groups + 1), dtype=np.int64)
    np.add.at(count, (pairs.proposal, group[pairs.reviewer]), 1)
    size = count.sum(axis=1)
    if not groups:
        return np.full(proposals, -1, dtype=np.int64)
    most = count[:, :groups].argmax(axis=1)
    is_single = (size >= 2) & (count[np.arange(proposals), most] == size)
    return np.where(is_single, most, -1)


def mix(
    task: Task,
    soft: list[Ints],
    *,
    price: float = PRICE,
    lists: int = 60,
    deadline: float | None = None,
    say: Say | None = None,
) -> Balanced:
    """`task.group` is kept exactly; `soft` holds one (R,) group per further attribute. A panel is left single where
    mixing it would cost more than `price` of affinity. Kept is the round with the largest total less price x single."""
    say = say or (lambda words: None)
    before = solve(task, lists=lists, deadline=deadline, say=say)
    tolls = [np.zeros((task.proposals, int(group.max(initial=-1)) + 1)) for group in soft]
    singles = [single_group(before.pairs, group, task.proposals) for group in soft]
    counts = [int((single >= 0).sum()) for single in singles]
    best, best_tolls, best_counts = before, [toll.copy() for toll in tolls], counts
    found, is_complete = before, before.is_complete
    start = _varied(task, soft, before) if is_complete else before.candidates
    for rounds in range(1, ROUNDS + 1):
        if not is_complete:
            break
        worth = _worth(soft, tolls)
        raised = [
            _raise(task, group, toll, single, found, start, worth, price, STEP * 2**rounds)
            for group, toll, single in zip(soft, tolls, singles, strict=True)
        ]
        if not any(raised):
            break
        if deadline is not None and time.monotonic() > deadline:
            is_complete = False
            break
        found = solve(task, worth=_worth(soft, tolls), start=start, price_all=False)
        if (found.short.sum(), found.idle.sum()) > (before.short.sum(), before.idle.sum()):
            start = before.candidates
            found = solve(task, worth=_worth(soft, tolls), start=start, price_all=False)
        singles = [single_group(found.pairs, group, task.proposals) for group in soft]
        counts = [int((single >= 0).sum()) for single in singles]
        say(f"balance, round {rounds}: {', '.join(map(str, counts))} panels of a single group")
        if _rank(found, counts, price) > _rank(best, best_counts, price):
            best, best_tolls, best_counts = found, [toll.copy() for toll in tolls], counts
    worth = AFFINITY
    if best is not before:
        worth = _worth(soft, best_tolls)
        best = solve(task, worth=worth, start=best.candidates, deadline=deadline, say=say)
    last, first = (
        [int((single_group(each.pairs, group, task.proposals) >= 0).sum()) for group in soft]
        for each in (best, before)
    )
    return Balanced(best, before, worth, last, first, is_complete and best.is_complete)


def _rank(found: Matching, counts: list[int], price: float) -> tuple[int, int, float]:
    return -int(found.short.sum()), -int(found.idle.sum()), found.total - price * sum(counts)


def _worth(soft: list[Ints], tolls: list[Floats]) -> Worth:
    return Worth(tolls=tuple(Toll(group, toll.copy()) for group, toll in zip(soft, tolls, strict=True)))


def _varied(task: Task, soft: list[Ints], before: Matching) -> Edges:
    """The candidates not far below their prices, those of each group apart, so that every panel can be mixed."""
    edges = before.candidates
    value = edges.affinity - before.price_proposal[edges.proposal] - before.price_reviewer[edges.reviewer]
    rated = Edges(edges.proposal, edges.reviewer, value)
    keep = best_of_each(rated, edges.proposal, task.proposals, 20)
    for group in soft:
        groups = int(group.max(initial=-1)) + 2
        keep |= best_of_each(
            rated, edges.proposal * groups + group[edges.reviewer] + 1, task.proposals * groups, 4
        )
    return edges.take(keep)


def _raise(
    task: Task, group: Ints, toll: Floats, single: Ints, found: Matching, edges: Edges, worth: Worth, price: float,
    step: float,
) -> bool:  # fmt: skip
    """Raises the tolls of the panels that are single, in place, by what the cheapest exchange costs: what the member
    is worth above its prices and what the newcomer lacks. Tells whether any could be raised."""
    rows = np.flatnonzero(single >= 0)
    rows = rows[toll[rows, single[rows]] < price]
    if not len(rows):
        return False
    lacks, above = np.full(task.proposals, np.inf), np.full(task.proposals, np.inf)
    newcomers = edges.take((single[edges.proposal] >= 0) & (group[edges.reviewer] != single[edges.proposal]))
    np.minimum.at(lacks, newcomers.proposal, -_surplus(task, found, newcomers, worth))
    np.minimum.at(above, found.pairs.proposal, np.maximum(_surplus(task, found, found.pairs, worth), 0))
    now = toll[rows, single[rows]]
    rise = np.maximum(lacks[rows], 0) + above[rows] + step
    toll[rows, single[rows]] = np.minimum(now + rise, price)
    return True


def _surplus(task: Task, found: Matching, edges: Edges, worth: Worth) -> Floats:
    """(E,) what pairs are worth above the prices of both sides and of the place in the panel."""
    value = worth.of(edges, task.reviewers) - found.price_proposal[edges.proposal]
    value -= found.price_reviewer[edges.reviewer]
    if found.price_group.shape[1]:
        group = task.group[edges.reviewer]
        value = value - np.where(group >= 0, found.price_group[edges.proposal, group], 0.0)
    return value
