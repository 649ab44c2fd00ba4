"""Chance against collusion: nobody gets a pair with more than probability Q, and the draw keeps every rule.

Probabilities are counted in parts of 1/W. A pair has Q W parallel unit arcs whose worth falls (perturbation), which is
a concave worth and therefore still one min-cost flow: the LP of Jecmen, Zhang, Liu, Shah, Conitzer, Fang, Mitigating
manipulation in peer review via randomized reviewer assignments (2020), with f(x) = x - beta x^2 of Xu, Jecmen, Song,
Fang, A one-size-fits-all approach to improving randomness in paper assignment (Perturbed Maximization, 2023).

The draw is dependent rounding (Gandhi, Khuller, Parthasarathy, Srinivasan 2006) on the flow network itself: flow is
turned around cycles of fractional arcs, up or down by chance so that each arc keeps its expectation, until all arcs are
whole. Loads, minimum loads and the balance of panels are capacities of that network (a bihierarchy: Budish, Che, Kojima,
Milgrom 2013), so each draw keeps them.
"""

import secrets
import time
from dataclasses import dataclass, replace

import numpy as np

from challenge.assignments.markets import Edges, Floats, Ints, Task, candidate_lists
from challenge.assignments.matching import Matching, Say, all_pairs, check, run_flow, safe_scale
from challenge.assignments.networks import SCALE, Network, build, rest_of

PARTS = (10, 20)


@dataclass(frozen=True, slots=True)
class Lottery:
    """What the draws are made from. edges (E,) with probability (E,) = parts / W; short (P,), idle (R,) as drawn are
    expectations here: reviews and minimum loads missing on average. locked pairs have probability 1 and stand apart."""

    task: Task
    edges: Edges
    probability: Floats
    expected: float
    """Total affinity on average, locked pairs included."""
    seconds: float
    network: Network
    flow: Ints
    whole: int
    """W, the parts of one review."""


def spread(task: Task, most: float, beta: float = 0.0, *, lists: int = 60, say: Say | None = None) -> Lottery:
    """Probabilities of largest perturbed worth, none above `most` (Q), over the `lists` best reviewers of a proposal.

    `beta` from 0 (none) to 1: how much the worth of a pair falls as it becomes certain. Raises ValueError when Q is not
    a multiple of 0.05 in (0, 1], or beta is outside 0 to 1.
    """
    whole = next(
        (parts for parts in PARTS if 0 < most <= 1 and abs(most * parts - round(most * parts)) < 1e-9), 0
    )
    if not whole:
        raise ValueError(
            f"The largest probability of a pair must be a multiple of 0.05 up to 1, not {most:g}."
        )
    if not 0 <= beta <= 1:
        raise ValueError(f"The perturbation must lie between 0 and 1, not {beta:g}.")
    began = time.monotonic()
    copies = round(most * whole)
    slope = 1 - beta * (2 * np.arange(copies) + 1) / whole
    while True:
        edges = candidate_lists(task, lists)
        if say is not None:
            say(f"{len(edges):,} candidate pairs in {copies} parts of 1/{whole}")
        net, flow = _flow(task, edges, slope, whole)
        if not flow[net.demand_slack].any() or lists >= task.reviewers:
            break
        lists *= 4  # capped pairs need more candidates
    parts = flow[: net.pairs].reshape(copies, len(edges)).sum(axis=0)
    single, folded = _folded(net, flow, edges, parts, whole)
    probability = parts / whole
    locked = all_pairs(task, edges.take(parts < 0)).affinity.sum()
    return Lottery(task, edges, probability, float(probability @ edges.affinity + locked), time.monotonic() - began,
                   single, folded, whole)  # fmt: skip


def _flow(task: Task, edges: Edges, slope: Floats, whole: int) -> tuple[Network, Ints]:
    """The flow in parts; the first len(slope) x E arcs are the parts of the pairs, the dearest part first."""
    rest = rest_of(task)
    units = edges.take(np.tile(np.arange(len(edges)), len(slope)))
    worth = units.affinity * np.repeat(slope, len(edges))
    scale = min(SCALE, safe_scale(task, worth))
    in_parts = replace(
        rest, demand=rest.demand * whole, least=rest.least * whole, most=rest.most * whole,
        room=None if rest.room is None else rest.room * whole,
    )  # fmt: skip
    net = build(task, in_parts, units, -np.rint(worth * scale).astype(np.int64))
    return net, run_flow(net)


def _folded(net: Network, flow: Ints, edges: Edges, parts: Ints, whole: int) -> tuple[Network, Ints]:
    """The same flow with one arc per pair, of capacity W."""
    keep = np.r_[np.arange(len(edges)), np.arange(net.pairs, len(net.tail))]
    capacity = net.capacity[keep].copy()
    capacity[: len(edges)] = whole
    by = net.pairs - len(edges)
    slack, load = net.demand_slack, net.load_slack
    single = replace(
        net, tail=net.tail[keep], head=net.head[keep], capacity=capacity, cost=net.cost[keep], pairs=len(edges),
        demand_slack=slice(slack.start - by, slack.stop - by), load_slack=slice(load.start - by, load.stop - by),
    )  # fmt: skip
    return single, np.r_[parts, flow[net.pairs :]]


def new_seed() -> int:
    return secrets.randbits(63)


def draw(lottery: Lottery, seed: int) -> Matching:
    """One assignment; the same for the same lottery and seed. Each pair's chance is its probability, exactly."""
    began = time.monotonic()
    net, task = lottery.network, lottery.task
    flow = _rounded(net, lottery.flow, lottery.whole, np.random.default_rng(seed))
    chosen = lottery.edges.take(flow[: net.pairs] > 0)
    short, idle = np.zeros(task.proposals, dtype=np.int64), np.zeros(task.reviewers, dtype=np.int64)
    short[net.head[net.demand_slack]] = flow[net.demand_slack]
    idle[net.tail[net.load_slack] - task.proposals] = flow[net.load_slack]
    pairs = all_pairs(task, chosen)
    check(task, pairs)
    return Matching(
        pairs, float(pairs.affinity.sum()), np.inf, short, idle, np.zeros(task.proposals), np.zeros(task.reviewers),
        np.zeros((task.proposals, 0)), lottery.edges, 1, lottery.seconds + time.monotonic() - began,
    )  # fmt: skip


def _rounded(net: Network, flow: Ints, whole: int, rng: np.random.Generator) -> Ints:
    """A flow of whole reviews (A,) with the expectation flow / W on every arc.

    An arc may move between the whole numbers around it. Every node passes whole numbers on, so where one arc is
    fractional another one is too, and a walk along fractional arcs closes a cycle.
    """
    floor = flow // whole
    open_arcs = np.flatnonzero(flow % whole)
    part = dict(zip(open_arcs.tolist(), (flow % whole)[open_arcs].tolist(), strict=True))
    tail, head = (
        dict(zip(open_arcs.tolist(), side[open_arcs].tolist(), strict=True)) for side in (net.tail, net.head)
    )
    # a dictionary is a set that keeps its order, so that the seed alone decides
    arcs: dict[int, dict[int, None]] = {}
    for arc in open_arcs.tolist():
        arcs.setdefault(tail[arc], {})[arc] = None
        arcs.setdefault(head[arc], {})[arc] = None
    path: list[tuple[int, int, int]] = []  # (node, arc that leaves it, +1 along the arc or -1 against it)
    on_path: dict[int, int] = {}
    chances: list[int] = []
    waiting = open_arcs.tolist()
    node = -1
    while part:
        if node < 0:
            while waiting[-1] not in part:
                waiting.pop()
            node = tail[waiting[-1]]
        if node in on_path:
            start = on_path[node]
            cycle = path[start:]
            up = min(whole - part[arc] if sign > 0 else part[arc] for _node, arc, sign in cycle)
            down = min(part[arc] if sign > 0 else whole - part[arc] for _node, arc, sign in cycle)
            if not chances:
                chances = rng.integers(0, 2**53, 256).tolist()
            chance = chances.pop()
            by = up if chance * (up + down) < down * 2**53 else -down
            for _node, arc, sign in cycle:
                now = part[arc] + sign * by
                if 0 < now < whole:
                    part[arc] = now
                    continue
                floor[arc] += now // whole
                del part[arc], arcs[tail[arc]][arc], arcs[head[arc]][arc]
            # what is left of the walk up to the first arc that closed stays
            keep = next(n for n in range(start, len(path)) if path[n][1] not in part)
            for gone, _arc, _sign in path[keep:]:
                on_path.pop(gone, None)
            node = path[keep][0] if arcs[path[keep][0]] else -1
            del path[keep:]
            continue
        last = path[-1][1] if path else -1
        arc = next((each for each in arcs[node] if each != last), -1)
        on_path[node] = len(path)
        path.append((node, arc, 1 if tail[arc] == node else -1))
        node = head[arc] if tail[arc] == node else tail[arc]
    return np.asarray(floor, dtype=np.int64)
