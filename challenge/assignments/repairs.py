"""After an assignment: drop-outs repaired with the fewest changes, and reviews added where they are needed."""

from dataclasses import dataclass, replace

import numpy as np

from challenge.assignments.markets import NONE, Ints, Listed, Task, Worth, within
from challenge.assignments.matching import Matching, Say, solve

LISTS = 12
"""Candidates a proposal at the start; pricing finds the few more that a repair needs."""


@dataclass(frozen=True, slots=True)
class Repair:
    """found: the assignment of largest total among those that keep most previous pairs.

    kept, removed, added: pairs (., 2). lost: how many of the removed could not stay (dropped, in conflict, not listed).
    least_removed: no assignment with the same shortfalls removes fewer, by the duals of the flow; -1 when time ended
    the proof. task, worth: the question whose certified answer `found` is.
    """

    found: Matching
    task: Task
    worth: Worth
    kept: Ints
    removed: Ints
    added: Ints
    lost: int
    least_removed: int

    @property
    def is_least(self) -> bool:
        return len(self.removed) == self.least_removed


def without(task: Task, dropped: Ints) -> Task:
    """The task when some reviewers take nothing any more."""
    least, most = task.min_load.copy(), task.max_load.copy()
    least[dropped], most[dropped] = 0, 0
    gone = np.isin(task.locked[:, 1], dropped)
    return replace(task, min_load=least, max_load=most, locked=task.locked[~gone])


def repair(
    task: Task, previous: Ints, dropped: Ints = NONE, *, deadline: float | None = None, say: Say | None = None
) -> Repair:
    """`previous` (., 2) pairs as assigned before, `dropped` the reviewers who left.

    A kept pair is worth more than all affinity that could be gained by removing it, so the flow is lexicographic:
    fewest unmet reviews and loads, then fewest pairs removed, then largest affinity; and its dual bound divided by that
    worth proves the fewest. Raises ValueError when a previous pair stands twice.
    """
    after = without(task, dropped)
    previous = np.unique(previous, axis=0) if len(previous) else previous.reshape(0, 2)
    keys, locked = np.sort(task.keys_of(previous)), np.sort(after.keys_of(after.locked))
    free = np.isfinite(task.market.at(*previous.T)) & ~within(task.keys_of(previous), after.barred())
    staying = previous[free & (after.max_load[previous[:, 1]] > 0)]
    spread = _spread(after)
    bonus = float(np.ceil(spread)) + 2.0
    worth = Worth(bonus=Listed(staying[:, 0], staying[:, 1], np.full(len(staying), bonus)))
    found = solve(after, worth=worth, lists=LISTS, scale=10_000, deadline=deadline, say=say)
    now = found.pairs.keys(task.reviewers)
    kept = keys[within(keys, now)]
    removed, added = keys[~within(keys, now)], now[~within(now, keys)]
    lost = len(keys) - len(staying) - int(within(keys, locked).sum())
    least = -1
    if np.isfinite(found.bound):
        # whatever keeps one pair more is worth `bonus` more than it can lose in affinity
        least = len(removed) if found.gap < bonus - spread else max(lost, len(removed) - 1)

    def pairs(of: Ints) -> Ints:
        return np.stack([of // task.reviewers, of % task.reviewers], axis=1)

    return Repair(found, after, worth, pairs(kept), pairs(removed), pairs(added), lost, least)


def _spread(task: Task) -> float:
    """How much the totals of two assignments with equally many pairs can differ."""
    low, high = task.market.span()
    return (high - low) * int(task.demand.sum())


def top_up(
    task: Task, previous: Ints, more: Ints, *, deadline: float | None = None, say: Say | None = None
) -> tuple[Matching, Task]:
    """Further reviews for contested proposals: `more` (P,) new reviews per proposal, everything assigned stays.

    Nobody else gets anything new. Reviewers with room cost nothing, those below their minimum come first.
    """
    locked = np.unique(np.concatenate([previous.reshape(-1, 2), task.locked]), axis=0)
    now = np.bincount(locked[:, 0], minlength=task.proposals)
    asked = replace(task, demand=now + more, locked=locked)
    return solve(asked, deadline=deadline, say=say), asked
