"""Why this reviewer, and what a swap would cost. Pure: arrays in, reasons out.

The price of having a pair is exact: with an optimal flow the cheapest way to make room for it is a shortest path from
the proposal back to the reviewer in the residual network (Ahuja, Magnanti, Orlin 1993, chapter 9), whose reduced costs
are not negative, so Dijkstra's algorithm finds it for all reviewers at once; the path tells who would move. Above
MOST_PAIRS pairs others may move only along the candidate lists, and the price is an upper bound.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from challenge.assignments.markets import AFFINITY, Bools, Edges, Floats, Ints, Task, Worth, within
from challenge.assignments.matching import Matching, safe_scale, solve
from challenge.assignments.networks import SCALE, Network, build, flow_of, penalties, potentials, rest_of

FAR = 8
MOST_PAIRS = 1_000_000


class Why(StrEnum):
    CHOSEN = "chosen"
    LOCKED = "set by hand or fixed beforehand"
    CONFLICT = "in conflict"
    DECLINED = "declined or left"
    UNWILLING = "would rather not"
    BALANCE = "the panel would be of a single group"
    ELSEWHERE = "worth more elsewhere"
    FULL = "at the maximum load"
    LOWER = "others are worth more here"


@dataclass(frozen=True, slots=True)
class Place:
    """One candidate of a proposal. place: 1 is the largest affinity. loss: how much smaller the total affinity of the
    best assignment with this pair is (0 for a chosen pair, inf where none has it without another review or load unmet, NaN where it was not worked out).
    elsewhere: the proposal that would lose this reviewer, -1 none."""

    reviewer: int
    place: int
    affinity: float
    why: Why
    loss: float
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Swap:
    """total: change of the total affinity when `taken` replaces `given` and the others make room as cheaply as they
    can; never above 0 for an optimal assignment unless `unmet` more reviews or minimum loads are missing. score: change of the proposal's own score. others: (., 3) rows
    (proposal, reviewer, +1 joins or -1 leaves) of who would move. level: the lowest affinity per review wanted after."""

    total: float
    score: float
    level: float
    unmet: int
    others: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _Residual:
    net: Network
    price: Ints
    graph: csr_matrix
    scale: int
    edges: Edges


def _residual(task: Task, found: Matching, worth: Worth, extra: Edges) -> _Residual:
    """The arcs that could still change, at reduced cost >= 0. `extra` pairs join the candidates.

    Raises ValueError when the assignment is not the best one for this task and worth.
    """
    R = task.reviewers
    both = found.candidates.plus(extra)
    _keys, first = np.unique(both.keys(R), return_index=True)
    edges = both.take(first)
    scale = min(SCALE, safe_scale(task, worth.of(edges, R)))
    net = build(task, rest_of(task), edges, -np.rint(worth.of(edges, R) * scale).astype(np.int64))
    cost = net.cost.copy()
    for slack in (net.demand_slack, net.load_slack):
        cost[slack] *= FAR  # so that what needs a slack stands clearly above all sums of affinity
    net = replace(net, cost=cost)
    flow = flow_of(task, net, edges, found.pairs, found.short, found.idle)
    price = potentials(net, flow)
    up, down = flow < net.capacity, flow > 0
    tail = np.r_[net.tail[up], net.head[down]]
    head = np.r_[net.head[up], net.tail[down]]
    reduced = np.r_[net.cost[up], -net.cost[down]] + price[tail] - price[head]
    order = np.lexsort((reduced, head, tail))
    tail, head, reduced = tail[order], head[order], reduced[order]
    first_of = (
        np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)] if len(tail) else np.zeros(0, dtype=bool)
    )
    nodes = len(net.supply)
    # a little on each arc: a sparse graph may drop arcs of length 0
    graph = csr_matrix((reduced[first_of] + 1e-3, (tail[first_of], head[first_of])), (nodes, nodes))
    return _Residual(net, price, graph, scale, edges)


def _entry(task: Task, residual: _Residual, p: int, reviewer: int) -> int:
    """The node at which a reviewer enters a panel."""
    at = np.flatnonzero((residual.edges.proposal == p) & (residual.edges.reviewer == reviewer))
    return int(residual.net.head[at[0]])


def explain(
    task: Task, found: Matching, proposal: int, *, worth: Worth = AFFINITY, declined: Ints | None = None,
    bid: Floats | None = None,
) -> list[Place]:  # fmt: skip
    """All listed reviewers of one proposal, best first, with what stands between them and it.

    declined: reviewers who left; bid: (R,) of this proposal, below 0 for unwilling. Where the assignment carries no
    proof (time limit, a draw), losses are NaN and the reasons come from loads and rules alone.
    """
    listed = task.market.rows(np.array([proposal]))
    listed = listed.take(np.lexsort((listed.reviewer, -listed.affinity)))
    keys = listed.keys(task.reviewers)
    conflict = within(keys, np.sort(task.keys_of(task.conflicts)))
    locked = within(keys, np.sort(task.keys_of(task.locked)))
    chosen = within(keys, found.pairs.keys(task.reviewers))
    gone = np.isin(listed.reviewer, declined if declined is not None else [])
    load = np.bincount(found.pairs.reviewer, minlength=task.reviewers)
    is_full = (load >= task.max_load)[listed.reviewer]
    crowded = _crowded(task, found, proposal, listed)
    loss, moved = _losses(task, found, proposal, worth, listed, ~(conflict | locked | gone))
    places = []
    for n in range(len(listed)):
        r = int(listed.reviewer[n])
        unwilling = bid is not None and bid[r] < 0
        if conflict[n]:
            why = Why.CONFLICT
        elif locked[n]:
            why = Why.LOCKED
        elif chosen[n]:
            why = Why.CHOSEN
        elif gone[n]:
            why = Why.DECLINED
        elif unwilling:
            why = Why.UNWILLING
        elif crowded[n]:
            why = Why.BALANCE
        elif is_full[n]:
            why = Why.FULL if moved[n] < 0 else Why.ELSEWHERE
        else:
            why = Why.ELSEWHERE if moved[n] >= 0 else Why.LOWER
        cost = np.inf if conflict[n] or gone[n] else 0.0 if chosen[n] else float(loss[n])
        places.append(Place(r, n + 1, float(listed.affinity[n]), why, cost, int(moved[n])))
    return places


def _crowded(task: Task, found: Matching, proposal: int, listed: Edges) -> Bools:
    """Whose group fills the places it may have in this panel, while a member of another group is worth less."""
    if not len(task.group):
        return np.zeros(len(listed), dtype=bool)
    panel = found.pairs.take(found.pairs.proposal == proposal)
    members = task.group[panel.reviewer]
    room = max(int(task.demand[proposal]) - 1, 1)

    def is_out(group: int, affinity: float) -> bool:
        is_taken = group >= 0 and int((members == group).sum()) >= room
        return is_taken and bool((panel.affinity[members != group] < affinity).any())

    groups = task.group[listed.reviewer].tolist()
    return np.array(
        [is_out(*each) for each in zip(groups, listed.affinity.tolist(), strict=True)], dtype=bool
    )


def _losses(
    task: Task, found: Matching, proposal: int, worth: Worth, listed: Edges, free: Bools
) -> tuple[Floats, Ints]:
    """(E,) the loss of forcing each listed pair, and the proposal that gives the reviewer up (-1 none)."""
    loss, moved = np.full(len(listed), np.nan), np.full(len(listed), -1, dtype=np.int64)
    if not found.is_complete or not np.isfinite(found.bound) or not free.any():
        return loss, moved
    residual = _residual(task, found, worth, _beside(task, listed.take(free)))
    net, price = residual.net, residual.price
    entry = np.array([_entry(task, residual, proposal, r) for r in listed.reviewer[free].tolist()])
    starts = np.unique(entry)
    far, before = dijkstra(residual.graph, indices=starts, return_predecessors=True)
    value = np.rint(worth.of(listed, task.reviewers) * residual.scale)
    for n, at in zip(np.flatnonzero(free).tolist(), np.searchsorted(starts, entry).tolist(), strict=True):
        node = task.proposals + int(listed.reviewer[n])
        real = far[at, node] - price[starts[at]] + price[node]
        is_unmet = real - value[n] > FAR / 2 * penalties(task, net.cost[: net.pairs])[0]
        loss[n] = np.inf if is_unmet else max(0.0, (real - value[n]) / residual.scale)
        last = int(before[at, node])
        if 0 <= last < len(net.supply) and last != task.proposals + task.reviewers:
            moved[n] = _panel_of(task, net, last)
            if moved[n] == proposal:
                moved[n] = -1
    return loss, moved


def _beside(task: Task, mine: Edges) -> Edges:
    """The pairs that may come in besides the candidates: all of them, or only those of the proposal where there are
    too many; then somebody else's way out may be missed, and a loss is told larger than it is."""
    parts = [mine]
    for part in task.eligible():
        parts.append(part)
        if sum(map(len, parts)) > MOST_PAIRS:
            return mine
    return Edges(
        np.concatenate([part.proposal for part in parts]),
        np.concatenate([part.reviewer for part in parts]),
        np.concatenate([part.affinity for part in parts]),
    )


def _panel_of(task: Task, net: Network, node: int) -> int:
    """The proposal of a proposal's or a group's node."""
    if node < task.proposals:
        return node
    at = np.flatnonzero(net.tail == node)
    return int(net.head[at[0]])


def swap(
    task: Task, found: Matching, proposal: int, given: int, taken: int, *, worth: Worth = AFFINITY
) -> Swap:
    """What happens when `taken` takes the place of `given` on a proposal and everybody else makes room best.

    Raises ValueError, as a sentence, when `given` is not free to leave or `taken` not free to come.
    """
    R = task.reviewers
    has = set(found.pairs.reviewer[found.pairs.proposal == proposal].tolist())
    both = np.array([[proposal, given], [proposal, taken]])
    if given not in has or within(task.keys_of(both[:1]), np.sort(task.keys_of(task.locked)))[0]:
        raise ValueError("The reviewer who is to leave is not on this proposal, or is fixed there.")
    affinity = task.market.at(both[:, 0], both[:, 1])
    if taken in has or not np.isfinite(affinity[1]) or within(task.keys_of(both[1:]), task.barred())[0]:
        raise ValueError("The reviewer who is to come may not review this proposal, or does so already.")
    forced = replace(
        task,
        locked=np.concatenate([task.locked, both[1:]]),
        conflicts=np.concatenate([task.conflicts, both[:1]]),
    )
    after = solve(forced, worth=worth, start=found.candidates)
    now, then = found.pairs.keys(R), after.pairs.keys(R)
    others = [(int(k) // R, int(k) % R, -1) for k in now[~within(now, then)].tolist()]
    others += [(int(k) // R, int(k) % R, 1) for k in then[~within(then, now)].tolist()]
    mine = {(proposal, given, -1), (proposal, taken, 1)}
    return Swap(
        after.total - found.total, float(after.scores()[proposal] - found.scores()[proposal]),
        float(after.levels(task).min(initial=np.inf)),
        int(after.short.sum() + after.idle.sum() - found.short.sum() - found.idle.sum()), sorted(each for each in others if each not in mine),
    )  # fmt: skip
