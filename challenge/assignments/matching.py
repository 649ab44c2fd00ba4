"""Who reviews what, exactly: one min-cost flow over candidate lists, then priced against every other pair.

The only file that knows OR-Tools, and it loads it when it is asked to solve. Never load highspy beside it: both bring a
libhighs of their own; linear programmes elsewhere use scipy's.

Method: the assignment with loads as min-cost flow (Goldberg, An efficient implementation of a scaling minimum-cost flow
algorithm, 1997), minimum and maximum loads jointly, column generation over the pairs left out (Dantzig, Wolfe 1960).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from challenge.assignments.markets import (
    AFFINITY,
    NONE,
    Edges,
    Floats,
    Ints,
    Listed,
    Task,
    Worth,
    best_of_each,
    candidate_lists,
    within,
)
from challenge.assignments.networks import (
    SCALE,
    Network,
    Rest,
    build,
    lower_bound,
    potentials,
    rest_of,
)

Say = Callable[[str], None]
MOST_ROUNDS = 50
NEVER = np.iinfo(np.int64).max // 4
"""A price that nothing pays."""
GREEDY_SECONDS_PER_ARC = 4e-6
"""A flow over this many arcs is not begun when less time is left; measured about 1e-6, with room."""


@dataclass(frozen=True, slots=True)
class Matching:
    """An assignment and what proves it.

    pairs: chosen pairs in order of proposal, locked ones among them; total their affinity. bound: no assignment with
    the same shortfalls has a larger total; gap = bound - total (0 within SCALE's rounding when certified).
    short (P,) reviews missing, idle (R,) minimum load missing. price_proposal (P,), price_reviewer (R,) and
    price_group (P, G) are in units of affinity: an unused pair is worth nothing when affinity <= their sum.
    `is_complete` is False when the time limit (or MOST_ROUNDS) ended the work before the proof; the pairs then still obey every rule.
    """

    pairs: Edges
    total: float
    bound: float
    short: Ints
    idle: Ints
    price_proposal: Floats
    price_reviewer: Floats
    price_group: Floats
    candidates: Edges
    rounds: int
    seconds: float
    is_complete: bool = True
    taken_in: int = 0

    @property
    def gap(self) -> float:
        return max(0.0, self.bound - self.total)

    def scores(self) -> Floats:
        """(P,) affinity summed over each proposal's reviewers."""
        return np.bincount(self.pairs.proposal, self.pairs.affinity, len(self.short)).astype(np.float64)

    def levels(self, task: Task) -> Floats:
        """(P,) affinity per review wanted, a missing one counted as 0; inf for a proposal that wants none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(task.demand > 0, self.scores() / task.demand, np.inf)


def run_flow(net: Network) -> Ints:
    """An optimal flow (A,). Raises ValueError when the network has none, which its slack arcs rule out."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # 0.2 s that only who solves pays

    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(net.tail, net.head, net.capacity, net.cost)
    solver.set_nodes_supplies(np.arange(len(net.supply)), net.supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise ValueError(f"the flow was not solved ({status})")
    return np.asarray(solver.flows(arcs), dtype=np.int64)


def solve(
    task: Task,
    *,
    lists: int = 60,
    worth: Worth = AFFINITY,
    scale: int = SCALE,
    deadline: float | None = None,
    say: Say | None = None,
    start: Edges | None = None,
    price_all: bool = True,
) -> Matching:
    """The assignment of largest total affinity that leaves the fewest reviews, then the fewest minimum loads, unmet.

    `lists` bounds the candidates per proposal at the start; `start` gives them instead (pairs that are barred are left
    out). `worth` replaces the affinity as what is made large. Without `price_all` the answer is the best among the
    candidates alone and its bound infinite. `deadline` is on time.monotonic(); when it comes too near a greedy
    answer or an unproved flow is given back with `is_complete` False.
    """
    began = time.monotonic()
    say = say or (lambda words: None)
    rest, R = rest_of(task), task.reviewers
    if start is None:
        start = candidate_lists(task, lists)
    elif len(barred := task.barred()):
        start = start.take(~within(start.keys(R), barred))
    edges = _with(start, _bonus_pairs(task, worth.bonus), R)
    say(f"{len(edges):,} candidate pairs")
    scale = min(scale, safe_scale(task, worth.of(edges, R)))
    taken_in, rounds = 0, 0
    while True:
        rounds += 1
        if rounds == 1 and _is_late(deadline, edges):
            return _greedy(task, rest, edges, began)
        net = build(task, rest, edges, -np.rint(worth.of(edges, R) * scale).astype(np.int64))
        flow = run_flow(net)
        price = potentials(net, flow)
        say(f"round {rounds}: {len(edges):,} pairs, flow optimal, pricing the others")
        if not price_all or (deadline is not None and time.monotonic() > deadline):
            return _told(task, net, flow, price, edges, scale, np.inf, began, rounds, taken_in, worth)
        better, excess = _priced(task, rest, edges, price, scale, worth)
        if not len(better) or rounds == MOST_ROUNDS or _is_late(deadline, edges):
            # the bound counts what the pairs still outside could add, so it holds in each of the three cases
            found = _told(task, net, flow, price, edges, scale, excess, began, rounds, taken_in, worth)
            return found if not len(better) else replace(found, is_complete=False)
        taken_in += len(better)
        edges = _with(edges, better, R)


def safe_scale(task: Task, worth: Floats) -> int:
    """The finest integer costs that stay within 64 bits inside the solver, which multiplies them by its nodes."""
    nodes = 2 * (task.proposals + task.reviewers) + 1
    groups = int(task.group.max(initial=-1)) + 1
    largest = float(np.abs(worth).max(initial=0)) + 1
    return max(1, int(2**60 / (3 * nodes * largest * (nodes + task.proposals * groups))))


def _is_late(deadline: float | None, edges: Edges) -> bool:
    """Whether another flow would end after the deadline; nothing can stop one that runs."""
    return deadline is not None and time.monotonic() + GREEDY_SECONDS_PER_ARC * len(edges) > deadline


def _with(edges: Edges, more: Edges, reviewers: int) -> Edges:
    if not len(more):
        return edges
    both = edges.plus(more)
    _keys, first = np.unique(both.keys(reviewers), return_index=True)
    return both.take(first)


def _bonus_pairs(task: Task, bonus: Listed | None) -> Edges:
    """The eligible pairs that carry a bonus, whether they are good candidates or not."""
    found = Edges(NONE, NONE, np.zeros(0))
    for part in bonus.chunks() if bonus is not None else ():
        worth = task.market.at(part.proposal, part.reviewer)
        free = np.isfinite(worth) & ~within(part.keys(task.reviewers), task.barred())
        found = found.plus(Edges(part.proposal, part.reviewer, worth).take(free))
    return found


def _priced(
    task: Task, rest: Rest, edges: Edges, price: Ints, scale: int, worth: Worth
) -> tuple[Edges, float]:
    """The pairs outside the candidates that are worth more than their prices, at most 20 a proposal; and what all such
    pairs could add to the total at the most (0 when none is left)."""
    P = task.proposals
    prices = (price[:P], price[P : P + task.reviewers])
    heads = _group_prices(task, rest, edges, price)
    known = edges.keys(task.reviewers)
    better, excess = Edges(known[:0], known[:0], np.zeros(0)), 0.0
    groups = np.where(task.group >= 0, task.group, -1) if heads is not None else NONE

    def least(rows: slice) -> Floats:
        """(rows, R) the affinity at which a pair pays its prices, a little less for the rounding."""
        reach = heads[rows][:, groups] if heads is not None else prices[0][rows, None]
        found: Floats = (prices[1][None, :] - reach - 1.0) / scale
        for toll in worth.tolls:
            found += np.where(toll.group >= 0, toll.cost[rows][:, toll.group], 0.0)
        return found

    for part in task.eligible(least):
        target = (
            heads[part.proposal, task.group[part.reviewer]] if heads is not None else prices[0][part.proposal]
        )
        over = np.rint(worth.of(part, task.reviewers) * scale) - (prices[1][part.reviewer] - target)
        hope = over >= 0
        if hope.any():
            part, over = part.take(hope), over[hope]
            outside = ~within(part.keys(task.reviewers), known)
            part, over = part.take(outside), over[outside]
            excess += float(over.sum() + 0.5 * len(over)) / scale
            part, over = part.take(over > 0), over[over > 0]
            if len(part):
                gain = Edges(part.proposal, part.reviewer, over)
                better = better.plus(part.take(best_of_each(gain, part.proposal, P, 20)))
    return better, excess


def _group_prices(task: Task, rest: Rest, edges: Edges, price: Ints) -> Ints | None:
    """(P, G + 1) price at which a reviewer of each group enters each panel; the last column is for unknown groups."""
    if rest.room is None:
        return None
    P, groups = task.proposals, rest.room.shape[1]
    prices = np.repeat(price[:P, None], groups + 1, axis=1)
    group = task.group[edges.reviewer]
    nodes = np.unique((edges.proposal * groups + group)[group >= 0])
    at = price[P + task.reviewers + 1 :]
    # where a group is full, its node is dearer than the panel; a group with no candidate yet enters at the panel's
    prices[nodes // groups, nodes % groups] = at
    prices[:, :groups][rest.room == 0] = -NEVER
    return prices


def _told(
    task: Task, net: Network, flow: Ints, price: Ints, edges: Edges, scale: int, excess: float, began: float,
    rounds: int, taken_in: int, worth: Worth,
) -> Matching:  # fmt: skip
    P, R = task.proposals, task.reviewers
    chosen = edges.take(flow[: net.pairs] > 0)
    short, idle = np.zeros(P, dtype=np.int64), np.zeros(R, dtype=np.int64)
    short[net.head[net.demand_slack]] = flow[net.demand_slack]
    idle[net.tail[net.load_slack] - P] = flow[net.load_slack]
    cost = net.cost.astype(float)
    cost[: net.pairs] = -worth.of(edges, R) * scale
    reached = float(worth.of(chosen, R).sum())
    lack = float((net.cost * flow)[net.demand_slack].sum() + (net.cost * flow)[net.load_slack].sum())
    slack = max(0.0, (lack - lower_bound(net, price, cost)) / scale - reached)
    pairs = all_pairs(task, chosen)
    check(task, pairs)
    total = float(pairs.affinity.sum())
    pool = price[P + R]
    heads = _group_prices(task, rest_of(task), edges, price)
    groups = np.zeros((P, 0))
    if heads is not None:
        groups = np.where(heads[:, :-1] == -NEVER, np.inf, (price[:P, None] - heads[:, :-1]) / scale)
    return Matching(
        pairs, total, total + slack + excess, short, idle, (pool - price[:P]) / scale, (price[P : P + R] - pool) / scale,
        groups, edges, rounds, time.monotonic() - began, bool(np.isfinite(excess)), taken_in,
    )  # fmt: skip


def all_pairs(task: Task, chosen: Edges) -> Edges:
    """The chosen pairs and the locked ones with the affinity they are listed with (0 when they are not)."""
    if not len(task.locked):
        return chosen
    keys = np.sort(task.keys_of(task.locked))
    worth = np.nan_to_num(task.market.at(keys // task.reviewers, keys % task.reviewers))
    both = chosen.plus(Edges(keys // task.reviewers, keys % task.reviewers, worth))
    return both.take(np.lexsort((both.reviewer, both.proposal)))


def check(task: Task, pairs: Edges) -> None:
    """What the network makes impossible, looked at once more before anybody sees it."""
    keys = pairs.keys(task.reviewers)
    if within(keys, np.sort(task.keys_of(task.conflicts))).any():
        raise AssertionError("a conflict was assigned")
    if len(np.unique(keys)) != len(keys):
        raise AssertionError("a pair was assigned twice")
    load = np.bincount(pairs.reviewer, minlength=task.reviewers)
    locked = np.bincount(task.locked[:, 1], minlength=task.reviewers)
    if (load > np.maximum(task.max_load, locked)).any():
        raise AssertionError("a load was exceeded")


def _greedy(task: Task, rest: Rest, edges: Edges, began: float) -> Matching:
    """Best pairs first while there is room. For when there is no time: obeys every rule, proves nothing."""
    demand, most = rest.demand.copy(), rest.most.copy()
    room = None if rest.room is None else rest.room.copy()
    chosen = []
    for at in np.argsort(-edges.affinity, kind="stable").tolist():
        p, r = edges.proposal[at], edges.reviewer[at]
        g = task.group[r] if room is not None else -1
        if demand[p] > 0 and most[r] > 0 and (room is None or g < 0 or room[p, g] > 0):
            chosen.append(at)
            demand[p] -= 1
            most[r] -= 1
            if room is not None and g >= 0:
                room[p, g] -= 1
    pairs = all_pairs(task, edges.take(np.sort(np.asarray(chosen, dtype=np.int64))))
    check(task, pairs)
    load = np.bincount(pairs.reviewer, minlength=task.reviewers)
    idle = np.maximum(task.min_load - load, 0)
    total = float(pairs.affinity.sum())
    none = np.zeros((task.proposals, 0))
    return Matching(pairs, total, np.inf, demand, idle, np.zeros(task.proposals), np.zeros(task.reviewers),
                    none, edges, 0, time.monotonic() - began, False)  # fmt: skip
