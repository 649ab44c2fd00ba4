"""The best set under rules, held against trying every set."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from challenge.scoring.best_set import Rule, best_set


def rule(code: str, weights: list[float], least: float = -math.inf, most: float = math.inf) -> Rule:
    return Rule(code, code, np.array(weights, dtype=float), least, most)


def tried(values: list[float], rules: list[Rule]) -> float | None:
    """The best total by trying every set; None when no set keeps the rules."""
    totals = [
        sum(value for value, taken in zip(values, chosen, strict=True) if taken)
        for chosen in product((False, True), repeat=len(values))
        if all(one.holds(np.array(chosen, dtype=bool)) for one in rules)
    ]
    return max(totals, default=None)


def test_budget_number_and_quota_with_their_prices() -> None:
    values = np.array([90.0, 80, 70, 60])
    rules = [
        rule("budget", [100, 40, 40, 30], most=110),
        rule("number", [1, 1, 1, 1], most=2),
        rule("south", [0, 0, 0, 1], least=1),
    ]
    found = best_set(values, rules)
    assert found.chosen.tolist() == [False, True, False, True]
    assert found.total == 140
    assert found.is_proved
    # without the budget 90 + 60, without the number 80 + 70 + 60, without the quota 80 + 70
    assert [(one.rule.code, one.price) for one in found.prices] == [
        ("budget", 10),
        ("number", 70),
        ("south", 10),
    ]


def test_rules_that_contradict_each_other_are_named_and_no_other() -> None:
    rules = [
        rule("number", [1, 1, 1], most=1),
        rule("budget", [5, 5, 5], most=100),
        rule("north", [1, 0, 0], least=1),
        rule("south", [0, 1, 0], least=1),
    ]
    found = best_set(np.array([3.0, 2, 1]), rules)
    assert not found.is_possible
    assert not found.chosen.any()
    assert [one.code for one in found.contradiction] == ["number", "north", "south"]


def test_equal_totals_go_to_those_who_come_first() -> None:
    found = best_set(np.array([5.0, 5, 5, 5]), [rule("number", [1, 1, 1, 1], most=2)])
    assert found.chosen.tolist() == [True, True, False, False]


def test_who_is_barred_stays_out() -> None:
    found = best_set(np.array([9.0, 1]), [rule("number", [1, 1], most=1)], barred=np.array([True, False]))
    assert found.chosen.tolist() == [False, True]


def test_large_amounts_keep_the_budget_to_the_unit() -> None:
    amounts = [333_333_334.0, 333_333_333, 333_333_333, 333_333_333]
    found = best_set(np.array([10.0, 9, 9, 9]), [rule("budget", amounts, most=999_999_999)])
    assert found.chosen.tolist() == [False, True, True, True]


def test_nothing_to_choose_from() -> None:
    assert best_set(np.zeros(0), []).is_possible
    assert [one.code for one in best_set(np.zeros(0), [rule("least", [], least=1)]).contradiction] == [
        "least"
    ]


def test_a_value_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="no finite number"):
        best_set(np.array([math.nan]), [])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_never_worse_than_trying_every_set(data: st.DataObject) -> None:
    many = data.draw(st.integers(1, 7))
    values = data.draw(st.lists(st.integers(1, 100).map(float), min_size=many, max_size=many))
    rules = []
    for n in range(data.draw(st.integers(0, 3))):
        weights = data.draw(st.lists(st.integers(0, 50).map(float), min_size=many, max_size=many))
        if data.draw(st.booleans()):
            rules.append(rule(f"most-{n}", weights, most=data.draw(st.integers(0, 150))))
        else:
            rules.append(rule(f"least-{n}", weights, least=data.draw(st.integers(0, 150))))
    found, best = best_set(np.array(values), rules), tried(values, rules)
    assert found.is_possible == (best is not None)
    if best is None:
        assert all(
            tried(values, [r for r in found.contradiction if r is not one]) is not None
            for one in found.contradiction
        )
        assert tried(values, list(found.contradiction)) is None
    else:
        assert found.total == best
        assert all(one.holds(found.chosen) for one in rules)
        assert all((one.price or 0) >= 0 for one in found.prices)
