"""The best set under rules: who to take so that the values add up to the most, what each rule costs, and where no set
keeps all rules, which of them contradict each other. Pure arrays; knows no rubric and no file.

An integer programme with one 0-1 variable per proposal, solved to proven optimality by HiGHS (`scipy.optimize.milp`;
Huangfu & Hall, Mathematical Programming Computation 2018). The price of a rule is what the best set gains when that
rule alone falls. Contradicting rules are found by the deletion filter (Chinneck & Dravnieks, ORSA Journal on Computing
1991): without any one of those named, some set keeps the others.

P: proposals. Values in any unit; the price of a rule is in the same.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Say = Callable[[str], None]

SECONDS = 60.0
# Rounding of sums, as a share of all weights added up. The solver itself is less exact: a set it gives that breaks a
# rule by more than this is forbidden, and it is asked again, so often at most.
ROUNDING = 1e-12
MOST_TURNS = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """least <= weights . chosen <= most. `says` is the rule in words."""

    code: str
    says: str
    weights: Floats = field(repr=False)
    least: float = -math.inf
    most: float = math.inf

    def holds(self, chosen: Bools) -> bool:
        found = math.fsum(self.weights[chosen])
        room = ROUNDING * max(1.0, float(np.abs(self.weights).sum()))
        return self.least - room <= found <= self.most + room


@dataclass(frozen=True, slots=True)
class Price:
    """price: what the total gains without the rule; None where the solver ran out of time."""

    rule: Rule
    price: float | None


@dataclass(frozen=True, slots=True)
class BestSet:
    """chosen (P,). is_proved: nothing better exists. contradiction: rules that cannot hold together; then nothing is
    chosen. used: what the chosen add up to under each rule."""

    chosen: Bools
    total: float
    is_proved: bool
    prices: tuple[Price, ...] = ()
    contradiction: tuple[Rule, ...] = ()

    @property
    def is_possible(self) -> bool:
        return not self.contradiction


def best_set(
    values: Floats,
    rules: Sequence[Rule],
    *,
    barred: Bools | None = None,
    seconds: float = SECONDS,
    say: Say = lambda words: None,
) -> BestSet:
    """`barred` (P,) may not be chosen. Among sets of equal total the one whose members come earlier wins, so give the
    proposals best first. Raises ValueError when a value is no finite number or the time ends before any set is found."""
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a value is no finite number")
    solver = _Solver(values, barred if barred is not None else np.zeros(len(values), dtype=bool),
                     time.monotonic() + seconds)  # fmt: skip
    say("looking for the best set")
    found = solver.best(rules, part_equals=True)
    if found is None:
        return BestSet(np.zeros(len(values), dtype=bool), 0.0, True, (), tuple(solver.contradiction(rules)))
    chosen, is_proved = found
    total = float(values[chosen].sum())
    prices = []
    for n, rule in enumerate(rules):
        say(f"price of rule {n + 1} of {len(rules)}")
        prices.append(Price(rule, solver.price(rules, n, total)))
    return BestSet(chosen, total, is_proved, tuple(prices))


@dataclass(slots=True)
class _Solver:
    values: Floats
    barred: Bools
    until: float

    def best(self, rules: Sequence[Rule], *, part_equals: bool = False) -> tuple[Bools, bool] | None:
        """The chosen and whether that is proved; None when no set keeps the rules."""
        found = self._exact(rules, -self.values)
        if found is None or not part_equals or not len(self.values):
            return found
        total = float(self.values[found[0]].sum())
        as_good = Rule("", "", self.values, least=total - 1e-9 * max(1.0, abs(total)))
        many = Rule("", "", np.ones(len(self.values)), most=float(found[0].sum()))
        try:
            earlier = self._exact([*rules, as_good, many], np.arange(1.0, len(self.values) + 1))
        except ValueError:
            return found
        if earlier is None or float(self.values[earlier[0]].sum()) < total - 1e-9 * max(1.0, abs(total)):
            return found
        return earlier[0], found[1]

    def price(self, rules: Sequence[Rule], index: int, total: float) -> float | None:
        try:
            found = self.best([*rules[:index], *rules[index + 1 :]])
        except ValueError:
            return None
        if found is None or not found[1]:
            return None
        return max(0.0, float(self.values[found[0]].sum()) - total)

    def contradiction(self, rules: Sequence[Rule]) -> list[Rule]:
        needed = list(rules)
        for rule in rules:
            fewer = [one for one in needed if one is not rule]
            if self._exact(fewer, np.zeros(len(self.values))) is None:
                needed = fewer
        return needed

    def _exact(self, rules: Sequence[Rule], costs: Floats) -> tuple[Bools, bool] | None:
        """Of the sets that keep all rules to the last digit one of least cost, and whether that is proved."""
        if not len(costs):
            nobody = np.zeros(0, dtype=bool)
            return (nobody, True) if all(rule.holds(nobody) for rule in rules) else None
        forbidden: list[Rule] = []
        for _turn in range(MOST_TURNS):
            answer = self._solved([*rules, *forbidden], costs)
            if answer.status == 2:
                return None
            if answer.x is None:
                raise ValueError("The time ended before any set was found that keeps the rules.")
            chosen: Bools = np.asarray(answer.x > 0.5)
            if all(rule.holds(chosen) for rule in rules):
                return chosen, bool(answer.status == 0)
            forbidden.append(_other_than(chosen))
        raise ValueError("The amounts lie too close to the limits for the solver to keep them exactly.")

    def _solved(self, rules: Sequence[Rule], costs: Floats) -> Any:
        limits = []
        for rule in rules:
            size = float(np.abs(rule.weights).max(initial=0.0)) or 1.0
            row = sparse.csr_matrix(rule.weights[None, :] / size)
            limits.append(optimize.LinearConstraint(row, rule.least / size, rule.most / size))
        # HiGHS stops within 1e-6 of the best; costs are made large enough for that to part nothing.
        size = 1000 / (float(np.abs(costs).max(initial=0.0)) or 1.0)
        return optimize.milp(
            costs * size, integrality=np.ones(len(costs)), bounds=optimize.Bounds(0, np.where(self.barred, 0, 1)),
            constraints=limits,
            options={"mip_rel_gap": 0.0, "time_limit": max(0.05, self.until - time.monotonic())},
        )  # fmt: skip


def _other_than(chosen: Bools) -> Rule:
    """Any set but this one: at least one of the chosen out, or one of the others in."""
    weights = np.where(chosen, -1.0, 1.0)
    return Rule("", "", weights, least=1.0 - float(chosen.sum()))
