"""A ranking as a record: method, inputs and result as JSON with Decimals as text.

`recompute` needs nothing but the record, so a frozen ranking can be checked by anybody who holds it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import rfc8785

from challenge.rubrics import definition
from challenge.rubrics.aggregate import plain
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric, Score
from challenge.scoring.ranking import PROCEDURE, Entry, RankingResult, Row, rank


def record_of(
    rubric: Rubric, proposals: Sequence[Entry], result: RankingResult | None = None
) -> dict[str, Any]:
    """Method, inputs and result as JSON; the same whatever the order of the input."""
    result = result or rank(rubric, proposals)
    return {
        "method": {"procedure": PROCEDURE, "rubric": definition.to_builtins(rubric)},
        "inputs": [_entry_as_json(entry) for entry in sorted(proposals, key=lambda entry: entry.key)],
        "result": result_as_json(result),
    }


def recompute(record: Mapping[str, Any]) -> RankingResult:
    """The ranking computed again from what a record keeps of method and inputs.

    Raises ValueError when the record names another procedure.
    """
    procedure = record["method"]["procedure"]
    if procedure != PROCEDURE:
        raise ValueError(f"this program does not know the procedure {procedure!r}")
    rubric = definition.from_builtins(record["method"]["rubric"])
    return rank(rubric, [_entry_from_json(entry) for entry in record["inputs"]])


def is_reproduced(record: Mapping[str, Any]) -> bool:
    """Whether computing again gives the very result the record keeps."""
    return bool(result_as_json(recompute(record)) == record["result"])


def fault_of(record: Mapping[str, Any], kept_digest: str) -> str:
    """What does not hold about a kept record, in English for the command line; nothing when all does."""
    if digest(record) != kept_digest:
        return "the record is not the one that was frozen"
    try:
        return "" if is_reproduced(record) else "computing again gives other numbers"
    except ValueError as error:
        return str(error)


def digest(record: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the record written as RFC 8785 says."""
    return hashlib.sha256(rfc8785.dumps(dict(record))).hexdigest()


def result_as_json(result: RankingResult) -> dict[str, Any]:
    return {
        "rows": [_row_as_json(row) for row in result.rows],
        "excluded": [{"key": one.key, "reason": one.reason} for one in result.excluded],
    }


def _number(number: Decimal | None) -> str | None:
    return None if number is None else str(plain(number))


def _score_as_json(score: Score) -> str:
    return str(plain(score)) if isinstance(score, Decimal) else NOT_APPLICABLE.value


def _score_from_json(text: str) -> Score:
    return NOT_APPLICABLE if text == NOT_APPLICABLE.value else Decimal(text)


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "reviews": {
            key: {code: _score_as_json(score) for code, score in scores.items()}
            for key, scores in entry.reviews.items()
        },
        "excluded": entry.excluded,
        "tie_break": {code: _number(number) for code, number in entry.tie_break.items()},
    }


def _entry_from_json(entry: Mapping[str, Any]) -> Entry:
    return Entry(
        key=entry["key"],
        reviews={
            key: {code: _score_from_json(score) for code, score in scores.items()}
            for key, scores in entry["reviews"].items()
        },
        excluded=entry["excluded"],
        tie_break={code: Decimal(number) for code, number in entry["tie_break"].items()},
    )


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "standing": row.standing.value,
        "place": row.place,
        "shared_with": list(row.shared_with),
        "score": _number(row.score),
        "ranking_score": _number(row.ranking_score),
        "criterion_means": {code: _number(mean) for code, mean in row.criterion_means.items()},
        "spread": _number(row.spread),
        "range": _number(row.range),
        "review_count": row.review_count,
        "review_scores": {key: _number(score) for key, score in row.review_scores.items()},
        "thresholds": [
            {
                "criterion": one.criterion,
                "asked": _number(one.asked),
                "reached": _number(one.reached),
                "passed": one.passed,
            }
            for one in row.thresholds
        ],
        "ties": [
            {
                "code": step.code,
                "equals": list(step.equals),
                "value": _number(step.value),
                "outcome": step.outcome.value,
            }
            for step in row.ties
        ],
    }
