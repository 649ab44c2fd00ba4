"""A min-cost flow as arrays, its prices and its bound. Pure numpy; the solver itself lives in matching.py.

Source of prices and bound: Ahuja, Magnanti, Orlin, Network Flows (1993), chapters 9.3 to 9.5: a flow is optimal where
no arc of its residual network has a negative reduced cost.
"""

from dataclasses import dataclass

import numpy as np

from challenge.assignments.markets import NONE, Edges, Floats, Ints, Task

SCALE = 1_000_000
"""Integer cost per unit of affinity."""


@dataclass(frozen=True, slots=True)
class Network:
    """Arcs tail, head, capacity, cost (A,); supply (N,) sums to 0. The first `pairs` arcs are reviewer -> proposal.

    Nodes: proposals 0..P-1, reviewers P..P+R-1, the pool P+R, then one per (proposal, group) where panels are balanced.
    Slack arcs stand last: pool -> proposal takes unmet demand, reviewer -> pool unmet minimum load.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints
    pairs: int
    demand_slack: slice
    load_slack: slice


@dataclass(frozen=True, slots=True)
class Rest:
    """What is still open once the locked pairs are taken off: demand (P,), least and most (R,), room (P, G)."""

    demand: Ints
    least: Ints
    most: Ints
    room: Ints | None


def rest_of(task: Task) -> Rest:
    p, r = task.locked[:, 0], task.locked[:, 1]
    taken, load = np.bincount(p, minlength=task.proposals), np.bincount(r, minlength=task.reviewers)
    room = None
    if len(task.group):
        groups = int(task.group.max(initial=-1)) + 1
        room = np.repeat(np.maximum(task.demand - 1, 1)[:, None], groups, axis=1)
        room[task.demand <= 1] = 1
        known = task.group[r] >= 0
        np.subtract.at(room, (p[known], task.group[r[known]]), 1)
        room = np.maximum(room, 0)
    return Rest(
        np.maximum(task.demand - taken, 0),
        np.maximum(task.min_load - load, 0),
        np.maximum(task.max_load - load, 0),
        room,
    )


def penalties(task: Task, cost: Ints) -> tuple[int, int]:
    """Cost of one unmet minimum load and of one unmet demand, in that order of importance above every affinity.

    A simple cycle of the residual network passes each reviewer once, so it holds at most 2 R pairs and no exchange is
    worth more than that many of the largest cost; it changes at most one unit of either kind. The order is
    lexicographic, not only likely.
    """
    nodes = 2 * (task.proposals + task.reviewers) + 1
    load = nodes * (int(np.abs(cost).max(initial=0)) + 1)
    return load, 3 * load


def build(task: Task, rest: Rest, edges: Edges, cost: Ints) -> Network:
    """The network of a task over candidate pairs `edges` with integer costs (E,)."""
    P, R = task.proposals, task.reviewers
    pool, last = P + R, P + R + 1
    head, below = edges.proposal, (NONE, NONE, NONE)
    if rest.room is not None:
        groups = rest.room.shape[1]
        group = task.group[edges.reviewer]
        key = edges.proposal * groups + group
        nodes = np.unique(key[group >= 0])
        head = np.where(group >= 0, last + np.searchsorted(nodes, key), edges.proposal)
        below = (last + np.arange(len(nodes)), nodes // groups, rest.room.ravel()[nodes])
        last += len(nodes)
    lack_load, lack_demand = penalties(task, cost)
    open_p, at_least = np.flatnonzero(rest.demand > 0), np.flatnonzero(rest.least > 0)
    spare = rest.most - rest.least
    tail = [edges.reviewer + P, below[0], np.full(R, pool), np.full(len(open_p), pool), at_least + P]
    heads = [head, below[1], np.arange(R) + P, open_p, np.full(len(at_least), pool)]
    capacity = [
        np.ones(len(edges), dtype=np.int64),
        below[2],
        spare,
        rest.demand[open_p],
        rest.least[at_least],
    ]
    costs = [cost, np.zeros(len(below[0]) + R, dtype=np.int64), np.full(len(open_p), lack_demand),
             np.full(len(at_least), lack_load)]  # fmt: skip
    supply = np.zeros(last, dtype=np.int64)
    supply[:P], supply[P:pool] = -rest.demand, rest.least
    supply[pool] = rest.demand.sum() - rest.least.sum()
    first = len(edges) + len(below[0]) + R
    return Network(
        np.concatenate(tail), np.concatenate(heads), np.concatenate(capacity), np.concatenate(costs), supply,
        len(edges), slice(first, first + len(open_p)), slice(first + len(open_p), first + len(open_p) + len(at_least)),
    )  # fmt: skip


def potentials(net: Network, flow: Ints) -> Ints:
    """Prices (N,) under which no residual arc has a negative reduced cost: Bellman-Ford over all arcs at once.

    Raises ValueError when the flow is not optimal (a negative cycle).
    """
    up, down = flow < net.capacity, flow > 0
    tail = np.concatenate([net.tail[up], net.head[down]])
    head = np.concatenate([net.head[up], net.tail[down]])
    cost = np.concatenate([net.cost[up], -net.cost[down]])
    order = np.argsort(head, kind="stable")
    tail, cost = tail[order], cost[order]
    nodes, starts = np.unique(head[order], return_index=True)
    price = np.zeros(len(net.supply), dtype=np.int64)
    for _round in range(len(price) + 1):
        if not len(nodes):
            return price
        shorter = np.minimum(price[nodes], np.minimum.reduceat(price[tail] + cost, starts))
        if np.array_equal(shorter, price[nodes]):
            return price
        price[nodes] = shorter
    raise ValueError("the flow is not optimal")


def lower_bound(net: Network, price: Ints, cost: Floats) -> float:
    """No flow of the network is cheaper than this under the given (real) costs: weak duality, for any prices."""
    reduced = cost + (price[net.tail] - price[net.head])
    return float(np.minimum(reduced, 0) @ net.capacity - price.astype(float) @ net.supply)


def flow_of(task: Task, net: Network, edges: Edges, pairs: Edges, short: Ints, idle: Ints) -> Ints:
    """The flow (A,) that stands for an assignment: `pairs` chosen (locked ones are ignored), short (P,), idle (R,)."""
    P, R = task.proposals, task.reviewers
    flow = np.zeros(len(net.tail), dtype=np.int64)
    flow[: net.pairs] = np.isin(edges.keys(R), pairs.keys(R))
    middle = slice(net.pairs, net.demand_slack.start - R)
    given = np.bincount(net.head[: net.pairs], flow[: net.pairs], len(net.supply)).astype(np.int64)
    flow[middle] = given[net.tail[middle]]
    flow[net.demand_slack] = short[net.head[net.demand_slack]]
    flow[net.load_slack] = idle[net.tail[net.load_slack] - P]
    load = np.bincount(net.tail[: net.pairs], flow[: net.pairs], len(net.supply)).astype(np.int64)[P : P + R]
    # the pool hands a reviewer what is above the minimum, and takes back what is missing from it
    flow[net.demand_slack.start - R : net.demand_slack.start] = load + idle - net.supply[P : P + R]
    return flow
