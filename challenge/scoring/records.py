"""A ranking as a record: method, inputs and result as JSON with Decimals as text.

`recompute` needs nothing but the record, so a frozen ranking can be checked by anybody who holds it. Records
kept under an earlier procedure are computed by its rules and written in its form.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import rfc8785

from challenge.rubrics import definition
from challenge.rubrics.aggregate import plain
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric, Score
from challenge.scoring.ranking import PROCEDURE, Entry, Listing, RankingResult, Row, rank
from challenge.scoring.selection import rank_and_list

FIRST = "thresholds-then-score/1"


def record_of(
    rubric: Rubric, proposals: Sequence[Entry], result: RankingResult | None = None
) -> dict[str, Any]:
    """Method, inputs and result as JSON; the same whatever the order of the input."""
    result = result or rank_and_list(rubric, proposals)
    return {
        "method": {
            "procedure": PROCEDURE,
            "rubric": definition.to_builtins(rubric),
            "seed": result.seed,
        },
        "inputs": [_entry_as_json(entry) for entry in sorted(proposals, key=lambda entry: entry.key)],
        "result": result_as_json(result),
    }


def recompute(record: Mapping[str, Any], *, lists: bool = True) -> RankingResult:
    """The ranking computed again from what a record keeps of method and inputs; with `lists`, the list as well.

    Raises ValueError when the record names another procedure.
    """
    method = record["method"]
    rubric = definition.from_builtins(method["rubric"])
    entries = [_entry_from_json(entry) for entry in record["inputs"]]
    if method["procedure"] == FIRST:
        return rank(rubric, entries)
    if method["procedure"] == PROCEDURE:
        return (rank_and_list if lists else rank)(rubric, entries, seed=method["seed"])
    raise ValueError(f"this program does not know the procedure {method['procedure']!r}")


def is_reproduced(record: Mapping[str, Any]) -> bool:
    """Whether computing again gives the very result the record keeps."""
    write = result_as_first_json if record["method"]["procedure"] == FIRST else result_as_json
    return bool(write(recompute(record)) == record["result"])


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
        "chosen": _chosen_as_json(result),
    }


def result_as_first_json(result: RankingResult) -> dict[str, Any]:
    """A result in the form of the first procedure."""
    return {
        "rows": [_first_row_as_json(row) for row in result.rows],
        "excluded": [{"key": one.key, "reason": one.reason} for one in result.excluded],
    }


def _chosen_as_json(result: RankingResult) -> dict[str, Any] | None:
    chosen = result.chosen
    if chosen is None:
        return None
    return {
        "count": chosen.count,
        "amount": _number(chosen.amount),
        "currency": chosen.currency,
        "quotas": [
            {
                "code": one.code,
                "value": one.value,
                "count": one.count,
                "amount": _number(one.amount),
                "is_met": one.is_met,
            }
            for one in chosen.quotas
        ],
    }


def _number(number: Decimal | None) -> str | None:
    return None if number is None else str(plain(number))


def _score_as_json(score: Score) -> str:
    return str(plain(score)) if isinstance(score, Decimal) else NOT_APPLICABLE.value


def _score_from_json(text: str) -> Score:
    return NOT_APPLICABLE if text == NOT_APPLICABLE.value else Decimal(text)


def _scores_as_json(scores: Mapping[str, Score]) -> dict[str, str]:
    return {code: _score_as_json(score) for code, score in scores.items()}


def _scores_from_json(scores: Mapping[str, str]) -> dict[str, Score]:
    return {code: _score_from_json(score) for code, score in scores.items()}


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    """What says nothing is left out, but for the fields that every record has."""
    written: dict[str, Any] = {
        "groups": dict(entry.groups),
        "consensus": None if entry.consensus is None else _scores_as_json(entry.consensus),
        "track": entry.track,
        "country": entry.country,
        "amount": _number(entry.amount),
        "currency": entry.currency,
        "columns": {
            column: list(value) if isinstance(value, tuple) else value
            for column, value in entry.columns.items()
        },
    }
    return {
        "key": entry.key,
        "reviews": {key: _scores_as_json(scores) for key, scores in entry.reviews.items()},
        "excluded": entry.excluded,
        "tie_break": {code: _number(number) for code, number in entry.tie_break.items()},
        **{name: value for name, value in written.items() if value not in (None, "", {})},
    }


def _entry_from_json(entry: Mapping[str, Any]) -> Entry:
    consensus, amount = entry.get("consensus"), entry.get("amount")
    return Entry(
        key=entry["key"],
        reviews={key: _scores_from_json(scores) for key, scores in entry["reviews"].items()},
        excluded=entry["excluded"],
        tie_break={code: Decimal(number) for code, number in entry["tie_break"].items()},
        groups=entry.get("groups", {}),
        consensus=None if consensus is None else _scores_from_json(consensus),
        track=entry.get("track", ""),
        country=entry.get("country", ""),
        amount=None if amount is None else Decimal(amount),
        currency=entry.get("currency", ""),
        columns={
            column: tuple(value) if isinstance(value, list) else value
            for column, value in entry.get("columns", {}).items()
        },
    )


def _row_as_json(row: Row) -> dict[str, Any]:
    first = _first_row_as_json(row)
    for written, one in zip(first["thresholds"], row.thresholds, strict=True):
        written["section"] = one.section
    return {
        **first,
        "groups": {group.code: _number(group.score) for group in row.groups},
        "uncounted": list(row.uncounted),
        "sections": {section.code: _number(section.score) for section in row.sections},
        "knock_outs": [
            {
                "criterion": one.criterion,
                "level": _number(one.level),
                "by": one.by.value,
                "scores": [_number(score) for score in one.scores],
                "zeroes": one.zeroes,
            }
            for one in row.knock_outs
        ],
        "agreed": row.agreed,
        "listing": None if row.listing is None else _listing_as_json(row.listing),
    }


def _listing_as_json(listing: Listing) -> dict[str, Any]:
    return {
        "status": listing.status.value,
        "cause": listing.cause.value,
        "limit": _number(listing.limit),
        "reached": _number(listing.reached),
        "value": listing.value,
        "equals": list(listing.equals),
        "number": listing.number,
    }


def _first_row_as_json(row: Row) -> dict[str, Any]:
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
