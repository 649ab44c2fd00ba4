"""The worst-off proposal first: lifts the lowest level of an assignment as far as linear programming says it can go.

The level of a proposal is its affinity per review wanted. Every assignment gives the few worst-off proposals (the tail)
at most what a linear programme over these alone gives them with everybody else making way; its value is therefore a
bound on the lowest level of any assignment. A small integer programme then places the tail at prices that the others
paid (the reviewers' duals), the flow places the rest around it, and who fell below joins the tail.

Sources: max-min fair assignment as in Garg, Kavitha, Kumar, Mehlhorn, Mestre, Assigning papers to referees (2010) and
Stelmakh, Shah, Singh, PeerReview4All (2019); the order of levels is leximin. Solvers: scipy's HiGHS and the flow.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_matrix, csr_matrix

from challenge.assignments.markets import Edges, Floats, Ints, Task, best_of_each, within
from challenge.assignments.matching import Matching, Say, solve
from challenge.assignments.networks import Rest, rest_of

ROUNDS = 6
LEVELS = 6
LITTLE = 0.03
"""Share of the bound for which no further round is begun, once it is known not to be reached exactly."""
EXACT = 1e-7
LOWEST = 20
"""So many of the lowest levels are looked at, one after the other."""
TAIL = 0.002
SMALL = 40
"""So few proposals are all of them the tail, and the answer is exact."""
WIDEST = 600
COLUMNS = 20
CLOSE = 1e-6
NODES = 200
"""Branches of one integer programme that is not exact anyway: a count and no time, so that a busy machine gives the same
answer."""
LOWER = (0.97, 0.9, 0.75, 0.5)
"""Shares of the bound that are tried for everybody when whole pairs do not reach it."""
WHOLE = 2000
"""With so few pairs the integer programme sees all of them, and its own bound holds for every assignment."""


@dataclass(frozen=True, slots=True)
class Floor:
    """level: lowest affinity per review wanted in `found`; before: the same without the floor; bound: no assignment
    with the same shortfalls is above it. base: the assignment of largest total. task: the question with the tail
    locked, of which `found` is the certified answer. `is_complete` is False when time ended the search."""

    found: Matching
    base: Matching
    task: Task
    tail: Ints
    level: float
    before: float
    bound: float
    rounds: int
    is_complete: bool

    @property
    def is_reached(self) -> bool:
        return self.level >= self.bound - 10 * CLOSE


@dataclass(frozen=True, slots=True)
class _Programme:
    """The rows shared by all programmes over a tail (T,) and its columns (E,): demand, loads, rooms."""

    tail: Ints
    edges: Edges
    row: Ints
    demand: Floats
    held: Floats
    wanted: Ints
    reviewers: Ints
    load: Floats
    rooms: Ints
    room: Floats
    lack: int

    @property
    def upper(self) -> csr_matrix:
        """Loads and rooms, (L + G, E)."""
        E = len(self.edges)
        parts = [(np.searchsorted(self.reviewers, self.edges.reviewer), np.arange(E))]
        if len(self.rooms):
            inside = np.flatnonzero(self.room_of >= 0)
            parts.append((len(self.reviewers) + self.room_of[inside], inside))
        rows, columns = (np.concatenate(side) for side in zip(*parts, strict=True))
        shape = (len(self.reviewers) + len(self.rooms), E)
        return coo_matrix((np.ones(len(rows)), (rows, columns)), shape).tocsr()

    room_of: Ints


def floor(
    task: Task,
    *,
    base: Matching | None = None,
    lists: int = 60,
    deadline: float | None = None,
    say: Say | None = None,
) -> Floor:
    """The assignment whose worst-off proposal is best off and, among what was found so, of largest total.

    No more reviews and no more minimum loads stay unmet than without the floor. Raises nothing of its own; when the
    deadline (time.monotonic()) comes, the best assignment found so far is given back.
    """
    say = say or (lambda words: None)
    base = base or solve(task, lists=lists, deadline=deadline, say=say)
    levels = base.levels(task)
    before = float(levels.min(initial=np.inf))
    best = Floor(base, base, task, np.zeros(0, np.int64), before, before, _standalone(task, base), 0, True)
    if not np.isfinite(before) or not base.is_complete:
        return replace(best, is_complete=base.is_complete)
    rest = rest_of(task)
    tail = _first_tail(task, levels, best.bound)
    pruned = _worthwhile(task, base)
    bound, rounds, misses = best.bound, 0, 0
    while rounds < ROUNDS and not (rounds and best.is_reached):
        if deadline is not None and time.monotonic() > deadline:
            return replace(best, bound=bound, rounds=rounds, is_complete=False)
        rounds += 1
        placed, bound, aim = _place_tail(task, rest, base, tail, bound, deadline)
        best = replace(best, bound=bound, rounds=rounds)
        say(f"floor, round {rounds}: {len(tail)} proposals in the tail, bound {bound:.4f}")
        if placed is None:
            break
        inner = replace(task, locked=np.concatenate([task.locked, placed]))
        seen = solve(inner, start=pruned, price_all=False)
        if (seen.short.sum(), seen.idle.sum()) > (base.short.sum(), base.idle.sum()):
            seen = solve(inner, start=base.candidates, price_all=False)
        last = best.level
        best = _better(
            best, Floor(seen, base, inner, tail, float(seen.levels(task).min()), before, bound, rounds, True)
        )
        misses = misses + 1 if best.level <= last + 1e-3 * abs(last) else 0
        levels = seen.levels(task)
        fell = np.flatnonzero(levels < aim - 2 * CLOSE)
        if aim < bound - CLOSE and bound - best.level < LITTLE * abs(bound):
            break  # whole pairs do not reach the bound, and a wider tail would gain less than this
        if (
            not len(np.setdiff1d(fell, tail))
            or len(tail) >= WIDEST
            or misses == 2 - (best.level >= 0.95 * bound)
        ):
            break
        tail = _wider(task, tail, levels, fell)
    if best.found is base:
        return best
    proved = solve(best.task, start=best.found.candidates, deadline=deadline, say=say)
    done = replace(best, found=proved, level=float(proved.levels(task).min()))
    return _better(replace(best, is_complete=False), done) if done.level < best.level - CLOSE else done


def _standalone(task: Task, base: Matching) -> float:
    """No proposal gets more than its best reviewers give it, all to itself; the lowest of these levels."""
    held = base.pairs.take(within(base.pairs.keys(task.reviewers), np.sort(task.keys_of(task.locked))))
    score = np.bincount(held.proposal, held.affinity, task.proposals)
    need = rest_of(task).demand
    edges = base.candidates
    order = np.lexsort((-edges.affinity, edges.proposal))
    starts = np.searchsorted(edges.proposal[order], np.arange(task.proposals))
    place = np.arange(len(order)) - starts[edges.proposal[order]]
    inside = order[place < need[edges.proposal[order]]]
    score = score + np.bincount(edges.proposal[inside], np.maximum(edges.affinity[inside], 0), task.proposals)
    asked = task.demand > 0
    return float((score[asked] / task.demand[asked]).min(initial=np.inf))


def _first_tail(task: Task, levels: Floats, bound: float) -> Ints:
    asked = int(np.isfinite(levels).sum())
    if asked <= SMALL:
        return np.flatnonzero(np.isfinite(levels))
    low = int((levels < bound).sum())
    size = min(max(SMALL, 2 * low, int(TAIL * asked)), WIDEST, asked)
    return np.sort(np.argsort(levels, kind="stable")[:size])


def _wider(task: Task, tail: Ints, levels: Floats, fell: Ints) -> Ints:
    others = np.setdiff1d(np.flatnonzero(np.isfinite(levels)), tail)
    near = others[np.argsort(levels[others], kind="stable")[: max(len(tail) // 2, 2 * len(fell))]]
    return np.union1d(tail, near)


def _worthwhile(task: Task, base: Matching) -> Edges:
    """The candidates that could come into use when a few reviewers are taken away: not far below their prices."""
    edges = base.candidates
    value = edges.affinity - base.price_proposal[edges.proposal] - base.price_reviewer[edges.reviewer]
    keep = best_of_each(Edges(edges.proposal, edges.reviewer, value), edges.proposal, task.proposals, 20)
    return edges.take(keep | (value > -CLOSE))


def _better(one: Floor, two: Floor) -> Floor:
    def key(floor: Floor) -> tuple[int, int, list[float], float]:
        lowest = np.sort(floor.found.levels(one.task))[
            : LOWEST if one.found.candidates.proposal.size <= WHOLE else 1
        ]
        return (
            int(floor.found.short.sum()),
            int(floor.found.idle.sum()),
            (-lowest.round(4)).tolist(),
            -floor.found.total,
        )

    return two if key(two) < key(one) else replace(one, bound=two.bound, rounds=two.rounds)


def _place_tail(
    task: Task, rest: Rest, base: Matching, tail: Ints, bound: float, deadline: float | None
) -> tuple[Ints | None, float, float]:
    """(., 2) pairs for the tail (None when nothing was found), a bound on the lowest level of any assignment, and the
    lowest level of the tail in these pairs."""
    everybody = task.eligible_of(tail)
    is_all = len(tail) == int((task.demand > 0).sum())
    edges = everybody if len(everybody) <= WHOLE else _columns(task, base, everybody)
    while True:
        programme = _programme(task, rest, base, tail, edges)
        level, dual = _highest(programme, np.full(len(tail), np.nan))
        over = _outside(programme, everybody, dual, task)
        told = level + float(over.affinity.sum())
        if told - level <= CLOSE:
            break
        edges = edges.plus(everybody.take(within(everybody.keys(task.reviewers),
            np.sort(over.take(best_of_each(over, over.proposal, task.proposals, 20)).keys(task.reviewers)))))  # fmt: skip
    bound = min(bound, told)
    levels = np.sort(base.levels(task))
    edge = (
        max(bound, float(levels[max(int(TAIL * task.proposals), LOWEST)]))
        if task.proposals > SMALL
        else np.inf
    )
    aims = _leximin(programme, level, dual, edge, deadline)
    price = np.zeros(task.reviewers) if is_all else base.price_reviewer
    idle = (task.min_load - (task.max_load - rest.most), int(base.idle.sum())) if is_all else None
    is_exact = len(edges) == len(everybody) <= WHOLE
    left = None if deadline is None else max(deadline - time.monotonic(), 0.5)
    aim = min(bound, level)
    placed = _integral(programme, aim - CLOSE, aims, price, idle, left, is_exact)
    if placed is None and is_exact:
        # the relaxation shares reviewers in fractions; how high whole pairs reach is asked apart
        reachable, proved = _highest_integral(programme, idle, left)
        bound = min(bound, proved)
        if reachable is None:
            return None, bound, aim
        aim = reachable
        placed = _integral(programme, aim - CLOSE, aims, price, idle, left, is_exact)
    for share in () if placed is not None or is_exact else LOWER:
        placed = _integral(programme, share * aim, aims, price, idle, left, is_exact)
        if placed is not None:
            break
    if placed is None:
        return None, bound, aim
    score = programme.held + np.bincount(programme.row[placed], edges.affinity[placed], len(tail))
    aim = min(aim, float((score / programme.demand).min()))
    return np.stack([edges.proposal[placed], edges.reviewer[placed]], axis=1), bound, aim


def _columns(task: Task, base: Matching, edges: Edges) -> Edges:
    """For each proposal of the tail its best pairs by affinity and by affinity less the reviewer's price, and those
    it has."""
    dear = Edges(edges.proposal, edges.reviewer, edges.affinity - base.price_reviewer[edges.reviewer])
    keep = best_of_each(edges, edges.proposal, task.proposals, COLUMNS // 2)
    keep |= best_of_each(dear, edges.proposal, task.proposals, COLUMNS)
    return edges.take(keep | within(edges.keys(task.reviewers), base.pairs.keys(task.reviewers)))


def _programme(task: Task, rest: Rest, base: Matching, tail: Ints, edges: Edges) -> _Programme:
    held = base.pairs.take(within(base.pairs.keys(task.reviewers), np.sort(task.keys_of(task.locked))))
    reviewers = np.unique(edges.reviewer)
    rooms, room, room_of = np.zeros(0, np.int64), np.zeros(0), np.full(len(edges), -1, np.int64)
    if rest.room is not None:
        group = task.group[edges.reviewer]
        key = edges.proposal * rest.room.shape[1] + group
        rooms = np.unique(key[group >= 0])
        room, room_of = (
            rest.room.ravel()[rooms].astype(float),
            np.where(group >= 0, np.searchsorted(rooms, key), -1),
        )
    return _Programme(
        tail, edges, np.searchsorted(tail, edges.proposal), task.demand[tail].astype(np.float64),
        np.bincount(held.proposal, held.affinity, task.proposals)[tail].astype(np.float64), rest.demand[tail], reviewers,
        rest.most[reviewers].astype(np.float64), rooms, room, int(base.short.sum()), room_of,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Dual:
    """Prices of the rows: demand and level (T,), load (L,), room (G,)."""

    demand: Floats
    level: Floats
    load: Floats
    room: Floats


def _highest(programme: _Programme, fixed: Floats, cap: float = np.inf) -> tuple[float, _Dual]:
    """The highest level t (at most `cap`) for all proposals of the tail whose `fixed` level is NaN, the others keeping
    theirs, in the linear relaxation; and the prices."""
    E, T = len(programme.edges), len(programme.tail)
    free = np.isnan(fixed)
    # columns: pairs, missing reviews, t
    affinity = coo_matrix((-programme.edges.affinity, (programme.row, np.arange(E))), (T, E))
    levels = _beside(affinity, csr_matrix((T, T)), csr_matrix(np.where(free, programme.demand, 0.0)[:, None]))
    limit = programme.held - np.where(free, 0.0, np.nan_to_num(fixed) * programme.demand)
    upper = programme.upper
    others = _beside(upper, csr_matrix((upper.shape[0], T + 1)))
    lack = csr_matrix(np.r_[np.zeros(E), np.ones(T), 0.0][None, :])
    demand = _beside(
        coo_matrix((np.ones(E), (programme.row, np.arange(E))), (T, E)), _eye(T), csr_matrix((T, 1))
    )
    done = linprog(
        np.r_[np.zeros(E + T), -1.0], _below(levels, others, lack),
        np.r_[limit, programme.load, programme.room, float(programme.lack)], demand, programme.wanted,
        np.column_stack([np.zeros(E + T + 1), np.r_[np.ones(E), np.full(T, np.inf), cap]]) - np.r_[
            np.zeros(E + T), 1e6][:, None] * [1.0, 0.0],
        method="highs",
    )  # fmt: skip
    if done.status != 0:
        raise ValueError(f"the linear programme of the floor was not solved: {done.message}")
    prices, L = done.ineqlin.marginals, len(programme.load)
    return float(-done.fun), _Dual(done.eqlin.marginals, prices[:T], prices[T : T + L], prices[T + L : -1])


def _outside(programme: _Programme, everybody: Edges, dual: _Dual, task: Task) -> Edges:
    """The pairs that are not columns yet and would raise the level, with the most each could raise it by."""
    known = np.sort(programme.edges.keys(task.reviewers))
    edges = everybody.take(~within(everybody.keys(task.reviewers), known))
    row = np.searchsorted(programme.tail, edges.proposal)
    gain = dual.demand[row] - dual.level[row] * edges.affinity
    load = np.zeros(task.reviewers)
    load[programme.reviewers] = dual.load
    gain += load[edges.reviewer]
    if len(programme.rooms):
        group = task.group[edges.reviewer]
        key = edges.proposal * (int(task.group.max()) + 1) + group
        at = np.minimum(np.searchsorted(programme.rooms, key), len(programme.rooms) - 1)
        gain += np.where((programme.rooms[at] == key) & (group >= 0), dual.room[at], 0.0)
    hope = gain > 1e-9
    return Edges(edges.proposal[hope], edges.reviewer[hope], gain[hope])


def _leximin(programme: _Programme, level: float, dual: _Dual, edge: float, deadline: float | None) -> Floats:
    """(T,) the level each proposal of the tail should have: the lowest as high as can be, then the second lowest, and
    so on, none above `edge` (the tail is not to overtake the others)."""
    fixed = np.full(len(programme.tail), np.nan)
    for _round in range(LEVELS):
        stuck = np.isnan(fixed) & (dual.level < -1e-9)
        fixed[stuck] = min(level, edge) - CLOSE
        late = deadline is not None and time.monotonic() > deadline
        if level >= edge - CLOSE or not stuck.any() or not np.isnan(fixed).any() or late:
            break
        level, dual = _highest(programme, fixed, edge)
    return np.where(np.isnan(fixed), min(level, edge), fixed)


def _integral(
    programme: _Programme,
    least: float,
    aims: Floats,
    price: Floats,
    idle: tuple[Ints, int] | None,
    left: float | None,
    is_exact: bool,
) -> Ints | None:
    """Whole pairs (their columns): nobody below `least`, as little as possible below the aims, then the largest
    affinity at the reviewers' prices. None when there are none (or not in time)."""
    E, T = len(programme.edges), len(programme.tail)
    worth = programme.edges.affinity - price[programme.edges.reviewer]
    heavy = 20.0 * (1 + float(np.abs(worth).max(initial=0)))
    affinity = coo_matrix((programme.edges.affinity, (programme.row, np.arange(E))), (T, E))
    hard = _beside(affinity, csr_matrix((T, 2 * T)))
    soft = _beside(affinity, csr_matrix((T, T)), _eye(T))
    rows = [
        LinearConstraint(hard, least * programme.demand - programme.held, np.inf),
        LinearConstraint(soft, aims * programme.demand - programme.held, np.inf),
    ]
    cost = np.r_[-worth, np.zeros(T), np.full(T, heavy)]
    found = _whole(programme, rows, cost, T, idle, left, EXACT if is_exact else 1e-3)
    return None if found is None or found[0] is None else np.flatnonzero(found[0][:E] > 0.5)


def _highest_integral(
    programme: _Programme, idle: tuple[Ints, int] | None, left: float | None
) -> tuple[float | None, float]:
    """The highest level of the worst-off that whole pairs reach, and the solver's own bound on it."""
    E, T = len(programme.edges), len(programme.tail)
    affinity = coo_matrix((programme.edges.affinity, (programme.row, np.arange(E))), (T, E))
    level = _beside(affinity, csr_matrix((T, T)), csr_matrix(-programme.demand[:, None]))
    cost = np.r_[np.zeros(E + T), -1.0]
    values, bound = _whole(
        programme, [LinearConstraint(level, -programme.held, np.inf)], cost, 1, idle, left, 1e-7
    )
    return (None, bound) if values is None else (float(values[E + T]), bound)


def _whole(
    programme: _Programme, rows: list[LinearConstraint], cost: Floats, more: int, idle: tuple[Ints, int] | None,
    left: float | None, gap: float,
) -> tuple[Floats | None, float]:  # fmt: skip
    """Columns: pairs (0 or 1), missing reviews (T,), `more` real ones, and with `idle` unmet minimum loads (L,)."""
    E, T, L = len(programme.edges), len(programme.tail), len(programme.load)
    upper = programme.upper
    demand = _beside(
        coo_matrix((np.ones(E), (programme.row, np.arange(E))), (T, E)), _eye(T), csr_matrix((T, more))
    )
    rows = [
        *rows,
        LinearConstraint(_beside(upper, csr_matrix((upper.shape[0], T + more))), -np.inf,
                         np.r_[programme.load, programme.room]),
        LinearConstraint(demand, programme.wanted, programme.wanted),
        LinearConstraint(csr_matrix(np.r_[np.zeros(E), np.ones(T), np.zeros(more)][None, :]), -np.inf, programme.lack),
    ]  # fmt: skip
    size, kinds = E + T + more, np.r_[np.ones(E + T), np.zeros(more)]
    low, high = np.zeros(size), np.r_[np.ones(E), np.full(T + more, np.inf)]
    if more == 1:
        low[-1] = -np.inf
    if idle is not None:
        rows = [_widened(each, L) for each in rows]
        size, kinds = size + L, np.r_[kinds, np.ones(L)]
        cost, low, high = np.r_[cost, np.zeros(L)], np.r_[low, np.zeros(L)], np.r_[high, np.full(L, np.inf)]
        least, allowed = idle
        unlisted = np.delete(least, programme.reviewers)
        rows.append(LinearConstraint(_beside(upper[:L], csr_matrix((L, T + more)), _eye(L)),
                                     least[programme.reviewers], np.inf))  # fmt: skip
        rows.append(LinearConstraint(csr_matrix(np.r_[np.zeros(size - L), np.ones(L)][None, :]), -np.inf,
                                     allowed - np.maximum(unlisted, 0).sum()))  # fmt: skip
    options = {"mip_rel_gap": gap} | ({} if left is None else {"time_limit": left})
    if gap > EXACT:
        options["node_limit"] = NODES
    done = milp(cost, integrality=kinds, bounds=Bounds(low, high), constraints=rows, options=options)
    bound = done.mip_dual_bound if done.mip_dual_bound is not None else -np.inf
    return done.x, float(-bound)


def _eye(size: int) -> csr_matrix:
    return coo_matrix((np.ones(size), (np.arange(size), np.arange(size))), (size, size)).tocsr()


def _beside(*parts: csr_matrix) -> csr_matrix:
    from scipy.sparse import hstack

    return hstack(parts, format="csr")


def _below(*parts: csr_matrix) -> csr_matrix:
    from scipy.sparse import vstack

    return vstack(parts, format="csr")


def _widened(row: LinearConstraint, more: int) -> LinearConstraint:
    return LinearConstraint(_beside(row.A, csr_matrix((row.A.shape[0], more))), row.lb, row.ub)
