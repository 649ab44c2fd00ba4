"""Why a proposal has too few reviewers or a reviewer too few proposals, in numbers and a reason. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from challenge.assignments.markets import Task
from challenge.assignments.matching import Matching


class Lack(StrEnum):
    NO_CANDIDATES = "no eligible reviewer is listed"
    CONFLICTS = "conflicts leave too few reviewers"
    FEW_CANDIDATES = "too few eligible reviewers are listed"
    BALANCE = "the rule of balance leaves no place for the reviewers who have room"
    FULL = "all its eligible reviewers are at their maximum load"
    NOTHING_LEFT = "nothing it may review needs another reviewer"


@dataclass(frozen=True, slots=True)
class Shortfall:
    kind: str
    """proposal or reviewer"""
    index: int
    missing: int
    reason: Lack


def shortfalls(task: Task, found: Matching) -> Iterator[Shortfall]:
    P, R = task.proposals, task.reviewers
    listed, eligible, spare = (np.zeros(P, dtype=np.int64) for _ in range(3))
    listed_r, eligible_r = np.zeros(R, dtype=np.int64), np.zeros(R, dtype=np.int64)
    load = np.bincount(found.pairs.reviewer, minlength=R)
    chosen = set(found.pairs.keys(R).tolist())
    for part in task.market.chunks():
        listed += np.bincount(part.proposal, minlength=P)
        listed_r += np.bincount(part.reviewer, minlength=R)
    for part in task.eligible():
        eligible += np.bincount(part.proposal, minlength=P)
        eligible_r += np.bincount(part.reviewer, minlength=R)
        room = (load < task.max_load)[part.reviewer] & (found.short > 0)[part.proposal]
        for p, key in zip(part.proposal[room].tolist(), part.keys(R)[room].tolist(), strict=True):
            spare[p] += key not in chosen
    locked = np.bincount(task.locked[:, 0], minlength=P)
    for p in np.flatnonzero(found.short).tolist():
        wanted, left = int(task.demand[p]), int(eligible[p] + locked[p])
        if not listed[p]:
            reason = Lack.NO_CANDIDATES
        elif left < wanted:
            reason = Lack.FEW_CANDIDATES if listed[p] < wanted else Lack.CONFLICTS
        else:
            reason = Lack.BALANCE if spare[p] and len(task.group) else Lack.FULL
        yield Shortfall("proposal", p, int(found.short[p]), reason)
    for r in np.flatnonzero(found.idle).tolist():
        reason = Lack.NOTHING_LEFT
        if not listed_r[r]:
            reason = Lack.NO_CANDIDATES
        elif eligible_r[r] < task.min_load[r]:
            reason = Lack.CONFLICTS if listed_r[r] >= task.min_load[r] else Lack.FEW_CANDIDATES
        yield Shortfall("reviewer", r, int(found.idle[r]), reason)
