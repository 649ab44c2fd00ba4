from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from challenge.proposals.models import ProposalState
from challenge.reviews import rules
from challenge.reviews.models import ReviewState
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric, from_builtins
from tests.builders.calls import RUBRIC

NA = NOT_APPLICABLE
SUM: dict[str, Any] = {
    "scale": {"min": 0, "max": 10, "na_allowed": True},
    "criteria": [{"code": "a", "label": {"en": "A"}}, {"code": "b", "label": {"en": "B"}, "counted": 2}],
    "aggregation": {"overall": "sum"},
}


@pytest.mark.parametrize(
    ("rubric", "given", "total"),
    [
        (RUBRIC, {}, None),
        (RUBRIC, {"relevance": None}, None),
        (RUBRIC, {"relevance": Decimal(4)}, Decimal(80)),
        (RUBRIC, {"relevance": Decimal(4), "feasibility": Decimal(3)}, Decimal(72)),
        (SUM, {"b": Decimal(3)}, Decimal(6)),
        (SUM, {"a": NA}, None),
        (SUM, {"a": Decimal(5), "b": Decimal(3)}, Decimal(11)),
    ],
)
def test_the_total_follows_the_scores_given_so_far(
    rubric: dict[str, Any], given: dict[str, Any], total: Decimal | None
) -> None:
    made: Rubric = from_builtins(rubric)
    assert rules.running_total(made, given) == total


def test_a_review_cannot_change_for_one_reason_at_a_time() -> None:
    why = rules.why_closed
    sent = ProposalState.SUBMITTED
    assert why(sent, is_eligible=None, is_ranking_frozen=False) is None
    assert why(sent, is_eligible=True, is_ranking_frozen=False) is None
    reasons = [
        why(ProposalState.WITHDRAWN, is_eligible=None, is_ranking_frozen=True),
        why(sent, is_eligible=False, is_ranking_frozen=True),
        why(sent, is_eligible=None, is_ranking_frozen=True),
    ]
    assert [str(reason).split(" ")[1] for reason in reasons] == ["applicant", "proposal", "ranking"]


def test_only_a_submitted_review_is_reopened_and_only_before_the_ranking_is_frozen() -> None:
    assert rules.why_not_reopen(ReviewState.SUBMITTED, is_ranking_frozen=False) is None
    assert rules.why_not_reopen(ReviewState.SUBMITTED, is_ranking_frozen=True) is not None
    assert rules.why_not_reopen(ReviewState.DRAFT, is_ranking_frozen=False) is not None
    assert rules.why_not_reopen(None, is_ranking_frozen=False) is not None


def test_days_are_counted_where_the_call_is() -> None:
    late = datetime(2027, 2, 1, 23, 30, tzinfo=UTC)  # half past midnight in Geneva
    assert rules.days_left(date(2027, 2, 1), "UTC", late) == 0
    assert rules.days_left(date(2027, 2, 1), "Europe/Zurich", late) == -1
    assert [str(rules.due_in_words(left)) for left in (3, 1, 0, -1)] == [
        "3 days left",
        "1 day left",
        "today is the last day",
        "1 day over",
    ]
