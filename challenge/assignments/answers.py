"""One question from the command line to the engine, and what is told about the answer. Knows no file and no database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from challenge.assignments.balances import mix, single_group
from challenge.assignments.explaining import Why, explain
from challenge.assignments.floors import floor
from challenge.assignments.markets import AFFINITY, NONE, Floats, Ints, Task, Worth
from challenge.assignments.matching import Matching, Say, solve
from challenge.assignments.randomising import Lottery, draw, new_seed, spread
from challenge.assignments.repairs import repair, top_up

AFTER = 10
"""So many candidates after the last chosen one are explained."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How to solve. previous (., 2) None unless something stands already; more (P,) further reviews."""

    balance: Sequence[str] = ()
    soft: Sequence[Ints] = ()
    fairness: str = ""
    previous: Ints | None = None
    dropped: Ints = field(default_factory=lambda: NONE)
    more: Ints | None = None
    randomise: tuple[float, float] | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """found: the assignment; task, worth: the question it is the certified answer of; bound: no assignment under the
    asked rules has a larger total (inf unknown); facts: what this way of solving tells beside that, for JSON."""

    found: Matching
    task: Task
    worth: Worth
    bound: float
    is_proved: bool
    facts: dict[str, Any]
    lottery: Lottery | None = None


def answer(task: Task, asked: Asked, *, deadline: float | None, say: Say) -> Solved:
    if asked.more is not None and asked.previous is not None:
        found, after = top_up(task, asked.previous, asked.more, deadline=deadline, say=say)
        facts: dict[str, Any] = {"topUp": {"asked": int(asked.more.sum()), "missing": int(found.short.sum())}}
        solved = Solved(found, after, AFFINITY, found.bound, _is_proved(found), facts)
    elif asked.previous is not None:
        solved = _repaired(task, asked, deadline, say)
    elif asked.randomise is not None:
        solved = _drawn(task, asked, say)
    elif asked.fairness:
        solved = _fair(task, deadline, say)
    elif asked.soft:
        mixed = mix(task, list(asked.soft), deadline=deadline, say=say)
        is_proved = mixed.is_complete and _is_proved(mixed.found)
        solved = Solved(
            mixed.found, task, mixed.worth, mixed.before.bound, is_proved, {"before": mixed.single_before}
        )
    else:
        found = solve(task, deadline=deadline, say=say)
        solved = Solved(found, task, AFFINITY, found.bound, _is_proved(found), {})
    if asked.balance:
        before = solved.facts.pop("before", None)
        counts = [
            int((single_group(solved.found.pairs, group, task.proposals) >= 0).sum())
            for group in (task.group, *asked.soft)
        ]
        solved.facts["balance"] = [
            {"attribute": name, "exact": not n, "singleGroup": counts[n]}
            | ({"singleGroupBefore": before[n - 1]} if before and n else {})
            for n, name in enumerate(asked.balance)
        ]
    return solved


def _is_proved(found: Matching) -> bool:
    return found.is_complete and math.isfinite(found.bound)


def _fair(task: Task, deadline: float | None, say: Say) -> Solved:
    fair = floor(task, deadline=deadline, say=say)
    facts = {
        "floor": {
            "level": _plain(fair.level), "before": _plain(fair.before), "bound": _plain(fair.bound),
            "reached": fair.is_reached, "costs": _plain(fair.base.total - fair.found.total),
        }
    }  # fmt: skip
    is_proved = fair.is_complete and _is_proved(fair.found)
    return Solved(fair.found, fair.task, AFFINITY, fair.base.bound, is_proved, facts)


def _repaired(task: Task, asked: Asked, deadline: float | None, say: Say) -> Solved:
    previous = asked.previous if asked.previous is not None else np.zeros((0, 2), dtype=np.int64)
    done = repair(task, previous, asked.dropped, deadline=deadline, say=say)
    facts = {
        "repair": {
            "kept": len(done.kept), "removed": len(done.removed), "added": len(done.added), "lost": done.lost,
            "leastRemoved": done.least_removed if done.least_removed >= 0 else None, "proved": done.is_least,
            "removedPairs": done.removed, "addedPairs": done.added,
        }
    }  # fmt: skip
    return Solved(
        done.found, done.task, done.worth, math.inf, done.is_least and _is_proved(done.found), facts
    )


def _drawn(task: Task, asked: Asked, say: Say) -> Solved:
    most, beta = asked.randomise or (1.0, 0.0)
    seed = new_seed() if asked.seed is None else asked.seed
    lottery = spread(task, most, beta, say=say)
    found = draw(lottery, seed)
    facts = {
        "randomised": {
            "seed": seed, "largest": most, "perturbation": beta, "expected": _plain(lottery.expected),
            "possiblePairs": int((lottery.probability > 0).sum()),
        }
    }  # fmt: skip
    return Solved(found, task, AFFINITY, math.inf, False, facts, lottery)


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def explained(
    solved: Solved, proposal: int, names: tuple[Sequence[str], Sequence[str]], declined: Ints,
    terms: dict[int, dict[str, float]], bid: Floats,
) -> dict[str, Any]:  # fmt: skip
    """The candidates of a proposal down to a few after the last chosen one, with names, for JSON. `terms` by reviewer."""
    places = explain(solved.task, solved.found, proposal, worth=solved.worth, declined=declined, bid=bid)
    last = max((place.place for place in places if place.why in (Why.CHOSEN, Why.LOCKED)), default=0)
    proposals, reviewers = names
    return {
        "proposal": proposals[proposal],
        "candidates": len(places),
        "reviewers": [
            {
                "reviewer": reviewers[place.reviewer], "place": place.place, "affinity": _plain(place.affinity),
                "terms": terms.get(place.reviewer, {}), "why": place.why.value, "loss": _plain(place.loss),
                "elsewhere": proposals[place.elsewhere] if place.elsewhere >= 0 else None,
            }
            for place in places[: last + AFTER]
        ],
    }  # fmt: skip
