"""What an assignment is made from, as arrays. Pure; knows no database and no solver.

Shapes: P proposals, R reviewers, E pairs. Proposals and reviewers are numbered from 0. Affinities have no unit of
their own; 0 to 1 by custom. A pair that is not listed is not eligible.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CHUNK = 2_000_000


def ints(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)


NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs side by side: proposal (E,), reviewer (E,), affinity (E,)."""

    proposal: Ints
    reviewer: Ints
    affinity: Floats

    def __len__(self) -> int:
        return len(self.proposal)

    def keys(self, reviewers: int) -> Ints:
        """One number per pair, for looking up: proposal * R + reviewer."""
        return self.proposal * reviewers + self.reviewer

    def take(self, chosen: Bools | Ints) -> "Edges":
        return Edges(self.proposal[chosen], self.reviewer[chosen], self.affinity[chosen])

    def plus(self, more: "Edges") -> "Edges":
        return Edges(
            np.concatenate([self.proposal, more.proposal]),
            np.concatenate([self.reviewer, more.reviewer]),
            np.concatenate([self.affinity, more.affinity]),
        )


class Listed:
    """A market given pair by pair. The order of the pairs does not matter; a pair may stand once."""

    def __init__(
        self, proposal: Sequence[int] | Ints, reviewer: Sequence[int] | Ints, affinity: object
    ) -> None:
        p, r, a = (
            np.asarray(proposal, dtype=np.int32),
            np.asarray(reviewer, dtype=np.int32),
            np.asarray(affinity, dtype=np.float64),
        )
        if not len(p) == len(r) == len(a):
            raise ValueError("proposal, reviewer and affinity must be equally long")
        if not np.isfinite(a).all():
            raise ValueError("an affinity is not a finite number")
        up = np.diff(p)
        if not ((up > 0) | ((up == 0) & (np.diff(r) > 0))).all():
            order = np.lexsort((r, p))
            p, r, a = p[order], r[order], a[order]
        self._p, self._r, self._a = p, r, a
        if len(p) and ((np.diff(self._p) == 0) & (np.diff(self._r) == 0)).any():
            raise ValueError("a pair stands twice")

    def chunks(self) -> Iterator[Edges]:
        """All pairs, in pieces of at most CHUNK."""
        for start in range(0, len(self._p), CHUNK):
            part = slice(start, start + CHUNK)
            yield Edges(self._p[part].astype(np.int64), self._r[part].astype(np.int64), self._a[part])

    def at(self, proposal: Ints, reviewer: Ints) -> Floats:
        """The affinity of single pairs, NaN where a pair is not listed."""
        found = np.full(len(proposal), np.nan)
        if len(self._p):
            width = int(self._r.max(initial=0)) + 1 + int(reviewer.max(initial=0))
            keys, wanted = self._p.astype(np.int64) * width + self._r, proposal * width + reviewer
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            hit = keys[place] == wanted
            found[hit] = self._a[place[hit]]
        return found

    def span(self) -> tuple[float, float]:
        """Lowest and highest affinity; (0, 0) without pairs."""
        return (float(self._a.min()), float(self._a.max())) if len(self._a) else (0.0, 0.0)

    def rows(self, which: Ints) -> Edges:
        """All pairs of some proposals."""
        starts, ends = np.searchsorted(self._p, which), np.searchsorted(self._p, which, side="right")
        at = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)] or [NONE])
        return Edges(self._p[at].astype(np.int64), self._r[at].astype(np.int64), self._a[at])


class Dense:
    """A market given as a matrix (P, R), float32 to keep 10,000 x 3,000 small; NaN where a pair is not eligible."""

    def __init__(self, matrix: NDArray[np.float32] | Floats) -> None:
        self._matrix = matrix

    def chunks(self) -> Iterator[Edges]:
        rows, columns = self._matrix.shape
        step = max(1, CHUNK // max(columns, 1))
        for start in range(0, rows, step):
            part = self._matrix[start : start + step]
            p, r = np.nonzero(np.isfinite(part))
            yield Edges(p + start, r, part[p, r].astype(np.float64))

    def above(self, least: Callable[[slice], Floats]) -> Iterator[Edges]:
        """The pairs of at least the affinity that `least` gives for a range of proposals, as (rows, R)."""
        rows, columns = self._matrix.shape
        step = max(1, CHUNK // max(columns, 1))
        for start in range(0, rows, step):
            part = self._matrix[start : start + step]
            p, r = np.nonzero(part >= least(slice(start, start + len(part))))
            yield Edges(p + start, r, part[p, r].astype(np.float64))

    def at(self, proposal: Ints, reviewer: Ints) -> Floats:
        """The affinity of single pairs, NaN where a pair is not eligible."""
        return self._matrix[proposal, reviewer].astype(np.float64)

    def span(self) -> tuple[float, float]:
        """Lowest and highest affinity; (0, 0) without pairs."""
        if not np.isfinite(self._matrix).any():
            return 0.0, 0.0
        return float(np.nanmin(self._matrix)), float(np.nanmax(self._matrix))

    def rows(self, which: Ints) -> Edges:
        """All pairs of some proposals."""
        part = self._matrix[which]
        p, r = np.nonzero(np.isfinite(part))
        return Edges(which[p], r.astype(np.int64), part[p, r].astype(np.float64))

    def best(self, most: int, barred: Ints) -> Edges:
        """The `most` best pairs of each row, those in `barred` (keys) left out; a partition instead of a sort."""
        rows, columns = self._matrix.shape
        parts = []
        for start in range(0, rows, step := max(1, CHUNK // max(columns, 1))):
            part = np.nan_to_num(self._matrix[start : start + step], nan=-np.inf, copy=True)
            mine = barred[slice(*np.searchsorted(barred, [start * columns, (start + step) * columns]))]
            part.ravel()[mine - start * columns] = -np.inf
            keep = min(most, columns)
            r = np.argpartition(np.negative(part), keep - 1, axis=1)[:, :keep] if keep < columns else None
            r = np.tile(np.arange(columns), (len(part), 1)) if r is None else np.sort(r, axis=1)
            worth = np.take_along_axis(part, r, axis=1).ravel()
            p = np.repeat(np.arange(len(part)) + start, r.shape[1])
            there = np.isfinite(worth)
            parts.append(Edges(p[there], r.ravel()[there].astype(np.int64), worth[there].astype(np.float64)))
        found = Edges(NONE, NONE, np.zeros(0))
        for each in parts:
            found = found.plus(each)
        return found


Market = Listed | Dense


@dataclass(frozen=True, slots=True)
class Task:
    """One question to the engine.

    demand (P,) reviews wanted per proposal; min_load, max_load (R,) reviews per reviewer; conflicts and locked (., 2)
    pairs (proposal, reviewer). Locked pairs stay whatever they are worth and need not be candidates, but may not be in
    conflict. group (R,) is the attribute that panels are balanced over, -1 unknown; empty = no balance.
    Raises ValueError where the arrays contradict each other.
    """

    market: Market
    demand: Ints
    min_load: Ints
    max_load: Ints
    conflicts: Ints = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    locked: Ints = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    group: Ints = field(default_factory=lambda: NONE)

    def __post_init__(self) -> None:
        if len(self.min_load) != len(self.max_load):
            raise ValueError("min_load and max_load must be equally long")
        if (self.demand < 0).any() or (self.min_load < 0).any():
            raise ValueError("demand and loads cannot be negative")
        if (self.min_load > self.max_load).any():
            raise ValueError(
                f"reviewer {int(np.argmax(self.min_load > self.max_load))} has min_load above max_load"
            )
        if np.isin(self.keys_of(self.locked), self.keys_of(self.conflicts)).any():
            raise ValueError("a locked pair is in conflict")

    @property
    def proposals(self) -> int:
        return len(self.demand)

    @property
    def reviewers(self) -> int:
        return len(self.max_load)

    def keys_of(self, pairs: Ints) -> Ints:
        return pairs[:, 0] * len(self.max_load) + pairs[:, 1]

    def barred(self) -> Ints:
        """Keys, in order, of the pairs that nobody chooses: in conflict, or locked already."""
        return np.sort(np.concatenate([self.keys_of(self.conflicts), self.keys_of(self.locked)]))

    def eligible(self, least: Callable[[slice], Floats] | None = None) -> Iterator[Edges]:
        """All pairs that may be chosen freely: listed, not in conflict, not locked already; in pieces.

        `least` (see Dense.above) may leave out pairs below it; it saves time on a matrix and nothing on a list.
        """
        barred, market = self.barred(), self.market
        pieces = market.chunks() if least is None or isinstance(market, Listed) else market.above(least)
        for edges in pieces:
            yield edges.take(~within(edges.keys(self.reviewers), barred)) if len(barred) else edges

    def eligible_of(self, which: Ints) -> Edges:
        """The pairs of some proposals that may be chosen freely."""
        edges = self.market.rows(which)
        return edges.take(~within(edges.keys(self.reviewers), self.barred()))


@dataclass(frozen=True, slots=True)
class Toll:
    """What a reviewer of a group costs more in a panel: cost (P, G) in affinity, group (R,) with -1 for free entry."""

    group: Ints
    cost: Floats


@dataclass(frozen=True, slots=True)
class Worth:
    """What a pair counts for when it is chosen, where that is more than its affinity.

    `bonus` adds to single pairs (a pair that is kept), `tolls` take off for panels (soft balance). The affinity that is
    told stays as it is.
    """

    bonus: "Listed | None" = None
    tolls: tuple[Toll, ...] = ()

    def of(self, edges: Edges, reviewers: int) -> Floats:
        """(E,) the worth of pairs in any order."""
        if self is AFFINITY:
            return edges.affinity
        found = edges.affinity.copy()
        for toll in self.tolls:
            group = toll.group[edges.reviewer]
            found -= np.where(group >= 0, toll.cost[edges.proposal, group], 0.0)
        if self.bonus is not None and len(edges):
            keys = edges.keys(reviewers)
            for part in self.bonus.chunks():
                wanted = part.keys(reviewers)
                at = np.minimum(np.searchsorted(wanted, keys), max(len(wanted) - 1, 0))
                hit = wanted[at] == keys
                found[hit] += part.affinity[at[hit]]
        return found


AFFINITY = Worth()


def within(keys: Ints, ordered: Ints) -> Bools:
    """Which keys stand in a sorted array. Faster than isin for few against many."""
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.asarray(ordered[at] == keys)


def best_of_each(edges: Edges, which: Ints, size: int, most: int) -> Bools:
    """The `most` pairs of highest affinity for each value of `which` (0..size-1), ties by the order given."""
    order = np.lexsort((-edges.affinity, which))
    starts = np.searchsorted(which[order], np.arange(size))
    place = np.arange(len(order)) - starts[which[order]]
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[place < most]] = True
    return chosen


def candidate_lists(task: Task, most: int) -> Edges:
    """For each proposal its `most` best eligible reviewers, and for each reviewer as many proposals as the minimum.

    A starting point only: `matching.solve` prices what is left out and takes in what matters.
    """
    if isinstance(task.market, Dense) and task.reviewers:
        # too few candidates for a minimum load are found by pricing
        return task.market.best(most, task.barred())
    parts = []
    for edges in task.eligible():
        chosen = best_of_each(edges, edges.proposal, task.proposals, most)
        if task.min_load.any():
            need = int(task.min_load.max()) * 2
            chosen |= best_of_each(edges, edges.reviewer, task.reviewers, need) & (
                task.min_load[edges.reviewer] > 0
            )
        parts.append(edges.take(chosen))
    found = Edges(NONE, NONE, np.zeros(0))
    for part in parts:
        found = found.plus(part)
    if len(parts) > 1:
        keep = best_of_each(found, found.proposal, task.proposals, most)
        if task.min_load.any():
            need = int(task.min_load.max()) * 2
            keep |= best_of_each(found, found.reviewer, task.reviewers, need) & (
                task.min_load[found.reviewer] > 0
            )
        found = found.take(keep)
    return found.take(np.lexsort((found.reviewer, found.proposal)))
