from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from challenge.forms.kinds import kind_of
from challenge.forms.kinds.budget import explain, sums
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_budget, a_budget_question

MOST = {"code": "most", "kind": "requested-at-most", "amount": 50000, "currency": "USD"}
AUDIT = {"code": "audit", "kind": "category-share-at-most", "category": "audit", "percent": 5}
NO_TRAVEL = {"code": "no-travel", "kind": "category-share-at-most", "category": "travel", "percent": 0}


def said(rule, *lines) -> tuple[bool | None, str]:
    question = a_budget_question(rule)
    with speaking("en"):
        (check,) = explain(a_budget(*lines), question)
        return check.is_met, str(check.sentence).replace("\u00a0", " ")


REQUEST = ("expertise", "requested", 46500)


@pytest.mark.parametrize(
    ("rule", "lines", "is_met", "sentence"),
    [
        (MOST, [], None, "At most USD 50,000."),
        (MOST, [("expertise", "requested", 49750)], True, "At most USD 50,000. You ask for USD 49,750."),
        (
            MOST,
            [("expertise", "requested", "50000.5")],
            False,
            "At most USD 50,000. You ask for USD 50,000.50. Lower it by USD 0.50.",
        ),
        (MOST, [REQUEST, ("expertise", "own", 90000)], True, "At most USD 50,000. You ask for USD 46,500."),
        (
            AUDIT,
            [REQUEST, ("audit", "requested", 3250)],
            False,
            "Audit: at most 5%. Yours is 6.5%: USD 3,250 of USD 49,750. Lower Audit to USD 2,447 or less.",
        ),
        (
            AUDIT,
            [REQUEST, ("audit", "requested", 2447)],
            True,
            "Audit: at most 5%. Yours is 5%: USD 2,447 of USD 48,947.",
        ),
        (
            NO_TRAVEL,
            [REQUEST, ("travel", "requested", 1)],
            False,
            "Travel: at most 0%. Yours is 0%: USD 1 of USD 46,501. Lower Travel to USD 0 or less.",
        ),
        (
            NO_TRAVEL,
            [REQUEST, ("travel", "own", 1)],
            True,
            "Travel: at most 0%. Yours is 0%: USD 0 of USD 46,500.",
        ),
        (
            AUDIT | {"kind": "category-share-at-least", "percent": 13.5},
            [REQUEST, ("audit", "requested", 1000)],
            False,
            "Audit: at least 13.5%. Yours is 2.1%: USD 1,000 of USD 47,500. Raise Audit to USD 7,258 or more.",
        ),
        (
            {"code": "floor", "kind": "category-at-least", "category": "audit", "amount": 1500},
            [REQUEST, ("audit", "requested", 1000)],
            False,
            "At least USD 1,500. You have USD 1,000. Add USD 500.",
        ),
        (
            {"code": "least", "kind": "requested-at-least", "amount": 20000},
            [("expertise", "requested", 19000)],
            False,
            "At least USD 20,000. You ask for USD 19,000. Add USD 1,000.",
        ),
        (
            {"code": "own", "kind": "own-share-at-least", "percent": 20},
            [("expertise", "requested", 800), ("expertise", "own", 100), ("travel", "other", 50)],
            False,
            "Own contribution: at least 20%. Yours is 15.8%: USD 150 of USD 950. Raise it to USD 200 or more.",
        ),
        (
            AUDIT | {"of": "total"},
            [REQUEST, ("audit", "requested", 3250), ("expertise", "own", 50000)],
            True,
            "Audit: at most 5%. Yours is 3.3%: USD 3,250 of USD 99,750.",
        ),
        (
            MOST | {"text": {"en": "The support is worth at most USD 50,000."}},
            [REQUEST],
            True,
            "The support is worth at most USD 50,000. You ask for USD 46,500.",
        ),
    ],
)
def test_every_rule_explains_itself(rule, lines, is_met, sentence) -> None:
    assert said(rule, *lines) == (is_met, sentence)


@given(
    st.integers(0, 100),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    st.integers(1, 10**6),
)
def test_doing_what_a_broken_share_advises_mends_it(percent: int, rest: list[int], part: int) -> None:
    question = a_budget_question(AUDIT | {"percent": percent})
    others = [("expertise", "requested", amount) for amount in rest]
    (check,) = explain(a_budget(*others, ("audit", "requested", part)), question)
    assert check.is_met is (part * 100 <= percent * (sum(rest) + part))
    if check.is_met is False:
        advised = check.fix.params["amount"].amount
        assert advised < part
        (mended,) = explain(a_budget(*others, ("audit", "requested", int(advised))), question)
        assert mended.is_met is not False
        (above,) = explain(a_budget(*others, ("audit", "requested", int(advised) + 1)), question)
        assert above.is_met is False


@given(st.lists(st.tuples(st.sampled_from(["expertise", "travel"]), st.sampled_from(["requested", "own", "other"]),
                          st.integers(0, 10**9))))  # fmt: skip
def test_sums_do_not_depend_on_the_order_of_lines(lines) -> None:
    found, turned = sums(a_budget(*lines)), sums(a_budget(*reversed(lines)))
    assert found == turned
    assert found.total == sum(Decimal(amount) for _category, _source, amount in lines)
    assert sum(found.by_category.values()) == found.requested


def test_a_budget_is_read_and_what_is_no_amount_is_kept_as_typed() -> None:
    question = a_budget_question()
    form = {
        "budget.0.item": "Advice", "budget.0.category": "expertise", "budget.0.source": "requested",
        "budget.0.amount": "16,000", "budget.1.item": "Later", "budget.1.source": "own",
        "budget.1.amount": "about 500", "budget.2.source": "requested",
    }  # fmt: skip
    with speaking("en"):
        value = kind_of(question).parse(form, question)
        assert value == {
            "currency": "USD",
            "lines": [
                {"item": "Advice", "category": "expertise", "source": "requested", "amount": 16000},
                {"item": "Later", "category": "", "source": "own", "amount": "about 500"},
            ],
        }
        assert [str(text) for text in kind_of(question).problems(value, question, final=True)] == [
            "Line 2: write the amount in figures, such as 16000. You wrote “about 500”.",
            "Line 2: choose a category.",
        ]
        assert kind_of(question).parse({"budget.0.source": "requested"}, question) == {}


def test_a_lower_limit_is_a_matter_of_submission_and_an_upper_one_of_now() -> None:
    least = {"code": "least", "kind": "requested-at-least", "amount": 20000}
    question = a_budget_question(MOST, least)
    kind = kind_of(question)
    low, high = a_budget(("expertise", "requested", 1)), a_budget(("expertise", "requested", 60000))
    assert (
        len(kind.problems(low, question, final=False)),
        len(kind.problems(low, question, final=True)),
    ) == (0, 1)
    assert (
        len(kind.problems(high, question, final=False)),
        len(kind.problems(high, question, final=True)),
    ) == (1, 1)


def test_a_rule_that_does_not_refuse_is_said_and_stops_nobody() -> None:
    question = a_budget_question(MOST | {"refuses": False})
    value = a_budget(("expertise", "requested", 60000))
    assert kind_of(question).problems(value, question, final=True) == []
    assert [check.is_met for check in explain(value, question)] == [False]
    assert [check["state"] for check in kind_of(question).live(value, question)["checks"]] == ["broken"]


def test_a_budget_is_shown_with_its_sums() -> None:
    question = a_budget_question()
    value = a_budget(
        ("expertise", "requested", 16000), ("travel", "own", "1.5"), ("audit", "requested", "dear")
    )
    kind = kind_of(question)
    shown = kind.shown(value, question, "fr")
    assert [row[0::3] for row in shown["rows"]] == [
        ["Item 1", "16\u202f000\u00a0USD"],
        ["Item 2", "1,50\u00a0USD"],
        ["Item 3", "dear"],
    ]
    assert [row[-1] for row in shown["foot"]] == [
        "16\u202f000\u00a0USD",
        "1,50\u00a0USD",
        "16\u202f001,50\u00a0USD",
    ]
    assert kind.export(value, question)[0] == "Item 1 | expertise | requested | 16000 USD"
    with speaking("en"):
        assert str(kind.summary(value, question)) == "USD\u00a016,000 in 3 lines"
