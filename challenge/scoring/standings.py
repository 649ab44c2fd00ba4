"""A sheet of reviews computed: raw ranking, calibrated ranking, how sure each place is, the line, the best set.

Where a rubric has voter groups each is calibrated by itself, and estimates and draws are added up by the shares.
`ranking` says who has a place and why; calibration only orders those who have one, and only where it is on. Thresholds,
knock-outs and marks are held against the scores as given.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from challenge.rubrics.definition import Join, Quota, Rubric, Selection
from challenge.scoring import best_set, uncertainty
from challenge.scoring.calibration import Calibration, Reviews, calibrate
from challenge.scoring.folders import Sheet, review_scores
from challenge.scoring.ranking import Entry, RankingResult, Row, Standing, Status, rank
from challenge.scoring.selection import select

Floats = NDArray[np.float64]
Say = Callable[[str], None]
# Estimates closer than this share a place.
EQUAL = 9
# Draws are fewer where proposals are very many: this many numbers are held at once.
MOST_NUMBERS = 20_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """One calibration: `group` is the voter group, `share` its part; names by the numbers in its arrays."""

    group: str
    share: float
    proposals: list[str]
    reviewers: list[str]
    calibration: Calibration
    draws: uncertainty.Draws | None = field(repr=False)
    doubts: uncertainty.Doubts
    people: list[uncertainty.Reviewer]


@dataclass(frozen=True, slots=True)
class Standings:
    """result: rows in the order asked for, with the list where there is one. raw: the rows as the scores give them.

    estimate: per proposal with a score. ranked: keys of those with a place, best first; places and neighbours follow
    them. is_on: whether any score was corrected.
    """

    result: RankingResult
    raw: RankingResult
    estimate: dict[str, float]
    models: list[Model]
    ranked: list[str]
    places: uncertainty.Places
    neighbours: Floats
    line: uncertainty.Line | None
    best: best_set.BestSet | None
    is_on: bool
    is_sure: bool
    seed: int
    draws: int
    lot_seed: str
    top: int
    notes: list[str]
    top_up: list[str]


def compute(
    sheet: Sheet,
    *,
    calibrated: bool = True,
    top: int | None = None,
    seed: str = "",
    draws: int = uncertainty.DRAWS,
    say: Say = lambda words: None,
) -> Standings:
    """`seed`: any text; by default the digest of the scores. Raises ValueError when the method cannot be used."""
    notes: list[str] = []
    rubric = _with_top(sheet.rubric, top)
    say("ranking the scores as given")
    raw = rank(rubric, sheet.entries, seed=seed)
    if calibrated and any(entry.consensus is not None for entry in sheet.entries):
        raise ValueError(
            "Scores are agreed on (reviewer consensus), so there is nothing to calibrate; use --method raw."
        )
    number, lot_seed = _seeds(sheet, seed)
    draws = min(draws, max(500, MOST_NUMBERS // max(len(sheet.entries), 1)))
    models = list(_models(sheet, calibrated, number, draws, say))
    is_on = any(model.calibration.is_on for model in models)
    estimate = {row.key: float(row.ranking_score) for row in raw.rows if row.ranking_score is not None}
    if is_on:
        estimate |= _joined(models)
    if is_on and rubric.aggregation.panel != Join.MEAN:
        notes.append(
            f"The rubric joins reviews by {rubric.aggregation.panel.value}; estimates are means, raw is as it says."
        )
    result = _reordered(raw, estimate) if is_on else raw
    if rubric.lot and not seed and any(row.shared_with for row in result.ranked):
        notes.append("The rubric parts equals by lot; give --seed to draw it. Until then they share a place.")
    if rubric.selection is not None:
        result = select(rubric.selection, result, sheet.entries)
    ranked = [row.key for row in result.ranked]
    quality = _quality(models, ranked)
    places_asked = _top(rubric.selection, result, notes)
    say("counting places")
    if quality is None:
        places = uncertainty.unknown_places(len(ranked), places_asked)
        neighbours = np.full(max(len(ranked) - 1, 0), 0.5)
    else:
        places = uncertainty.places(quality, places_asked)
        neighbours = uncertainty.separable(quality, range(len(ranked)))
    line = uncertainty.line(places, ranked, lot_seed) if ranked and quality is not None else None
    best = None
    try:
        best = _best(rubric.selection, sheet.entries, ranked, estimate, raw, say)
    except ValueError as error:
        notes.append(f"No best set: {error}")
    return Standings(result, raw, estimate, models, ranked, places, neighbours, line, best, is_on,
                     quality is not None, number, draws, lot_seed, places_asked, notes,
                     _top_up(result, ranked, places) if quality is not None else [])  # fmt: skip


def _top_up(result: RankingResult, ranked: Sequence[str], places: uncertainty.Places) -> list[str]:
    counts = {row.key: row.review_count for row in result.ranked}
    most = max(counts.values(), default=0)
    least, highest = uncertainty.UNDECIDED
    return [
        key
        for key, p in zip(ranked, places.p_top, strict=True)
        if counts[key] < most and least <= p <= highest
    ]


def _with_top(rubric: Rubric, top: int | None) -> Rubric:
    if top is None:
        return rubric
    limited = msgspec.structs.replace(rubric.selection or Selection(), top=top)
    return msgspec.structs.replace(rubric, selection=limited)


def _seeds(sheet: Sheet, seed: str) -> tuple[int, str]:
    """The number draws begin with, and the text of the lot."""
    if not seed:
        digest = hashlib.sha256()
        for entry in sheet.entries:
            for reviewer, scores in sorted(entry.reviews.items()):
                for code, score in sorted(scores.items()):
                    digest.update(f"{entry.key}\x1f{reviewer}\x1f{code}\x1f{score}\n".encode())
        seed = digest.hexdigest()
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6]), seed


# ---------- the models ----------


def _models(sheet: Sheet, calibrated: bool, seed: int, draws: int, say: Say) -> Any:
    entries = [entry for entry in sheet.entries if entry.excluded is None]
    found = list(review_scores(sheet.rubric, entries))
    groups = sheet.rubric.aggregation.groups
    whole = sum((Fraction(group.share) for group in groups), Fraction(0))
    for n, (code, share) in enumerate(
        [(group.code, float(Fraction(group.share) / whole)) for group in groups] or [("", 1.0)]
    ):
        mine = [one for one in found if not groups or one[3] == code]
        if mine:
            yield _model(sheet, entries, mine, (code, share), calibrated, seed + n, draws, say)


def _model(
    sheet: Sheet, entries: list[Entry], found: list[tuple[int, str, float, str]],
    group: tuple[str, float], calibrated: bool, seed: int, draws: int, say: Say,
) -> Model:  # fmt: skip
    numbers = sorted({number for number, *_rest in found})
    people = sorted({reviewer for _number, reviewer, *_rest in found})
    at, who = {number: n for n, number in enumerate(numbers)}, {name: n for n, name in enumerate(people)}
    names = [entries[number].key for number in numbers]
    panels = sorted(set(sheet.panels.values()))
    reviews = Reviews(
        np.array([at[number] for number, *_rest in found], dtype=np.int64),
        np.array([who[reviewer] for _number, reviewer, *_rest in found], dtype=np.int64),
        np.array([score for _number, _reviewer, score, _group in found]),
        np.array([panels.index(sheet.panels[name]) for name in names] if panels else [], dtype=np.int64),
    )
    calibration = calibrate(reviews, with_leniency=calibrated, say=say)
    drawn = uncertainty.draw(calibration, seed=seed, count=draws, say=say) if calibration.is_sure else None
    doubts = uncertainty.doubts(calibration)
    return Model(
        *group, names, people, calibration, drawn, doubts,
        uncertainty.reviewers(calibration, drawn, doubts),
    )  # fmt: skip


def _joined(models: Sequence[Model]) -> dict[str, float]:
    """Estimates added up by the shares, of proposals that every group has reviewed."""
    each = [dict(zip(model.proposals, model.calibration.estimate.tolist(), strict=True)) for model in models]
    common = set(each[0]).intersection(*each[1:])
    return {
        key: sum(model.share * found[key] for model, found in zip(models, each, strict=True))
        for key in sorted(common)
    }


def _quality(models: Sequence[Model], ranked: Sequence[str]) -> Floats | None:
    """(D, ranked) draws; None where some group says nothing about uncertainty."""
    if not ranked or not models or any(model.draws is None for model in models):
        return None
    total: Floats | None = None
    for model in models:
        at = {name: n for n, name in enumerate(model.proposals)}
        if model.draws is None or any(key not in at for key in ranked):
            return None
        part = model.draws.quality.take([at[key] for key in ranked], axis=1)
        if model.share != 1:
            part *= model.share
        total = part if total is None else total + part
    return total


def _reordered(raw: RankingResult, estimate: dict[str, float]) -> RankingResult:
    """Those with a place by their estimate; equal ones in the order of the raw ranking, sharing a place where it does."""

    def order(row: Row) -> tuple[float, int]:
        return -round(estimate[row.key], EQUAL), row.place or 0

    ranked = sorted(raw.ranked, key=lambda row: (*order(row), row.key))
    equals: dict[tuple[float, int], list[str]] = {}
    for row in ranked:
        equals.setdefault(order(row), []).append(row.key)
    first: dict[tuple[float, int], int] = {}
    rows = []
    for n, row in enumerate(ranked, start=1):
        place = first.setdefault(order(row), n)
        rows.append(replace(
            row, place=place, shared_with=tuple(key for key in equals[order(row)] if key != row.key)
        ))  # fmt: skip
    return replace(raw, rows=(*rows, *(row for row in raw.rows if row.standing != Standing.RANKED)))


# ---------- the line and the best set ----------


def _top(selection: Selection | None, result: RankingResult, notes: list[str]) -> int:
    """How many places there are: the number asked for, and no more than the money and the marks let in."""
    ranked = len(result.ranked)
    asked = []
    if selection is not None and selection.top is not None:
        asked.append(selection.top)
    if selection is not None and selection.share is not None:
        asked.append(ceil(Fraction(selection.share) * ranked / 100))
    if selection is not None and (selection.budget is not None or not asked):
        asked.append(len(result.with_status(Status.SELECTED)))
    if asked:
        return min(asked)
    top = max(1, ceil(ranked / 10))
    notes.append(
        f"No --top and no number in a rubric: p_top and the line are those of the best tenth ({top})."
    )
    return top


def _best(
    selection: Selection | None, entries: Sequence[Entry], ranked: Sequence[str], estimate: dict[str, float],
    raw: RankingResult, say: Say,
) -> best_set.BestSet | None:  # fmt: skip
    """Only where budget or quotas stand beside the order; a number alone is the ranking itself."""
    if selection is None or (selection.budget is None and not selection.quotas):
        return None
    by_key = {entry.key: entry for entry in entries}
    there = [by_key[key] for key in ranked]
    exact = {row.key: row.exact for row in raw.rows}
    mark = selection.mark
    barred = np.array(
        [mark is not None and (exact[key] is None or (exact[key] or 0) < Fraction(mark)) for key in ranked],
        dtype=bool,
    )
    return best_set.best_set(
        np.array([estimate[key] for key in ranked]), list(rules_of(selection, there)), barred=barred, say=say
    )


def rules_of(selection: Selection, entries: Sequence[Entry]) -> Any:
    """The limits of a selection as rules over the proposals, in their order. Money in the unit of the amounts."""
    many = np.ones(len(entries))
    amounts = np.array([float(entry.amount or 0) for entry in entries])
    if selection.top is not None:
        yield best_set.Rule("top", f"at most {selection.top} proposals", many, most=selection.top)
    if selection.share is not None:
        most = ceil(Fraction(selection.share) * len(entries) / 100)
        yield best_set.Rule("share", f"at most {selection.share} % of the ranked ({most})", many, most=most)
    if selection.budget is not None:
        money = float(selection.budget * selection.multiple)
        unit = f" {selection.currency}" if selection.currency else ""
        yield best_set.Rule("budget", f"at most {money:,.2f}{unit}".replace(".00", ""), amounts, most=money)
    for quota in selection.quotas:
        yield from _quota_rules(quota, entries, amounts)


def _quota_rules(quota: Quota, entries: Sequence[Entry], amounts: Floats) -> Any:
    said = [entry.values(quota.column) for entry in entries]
    borne = sorted({value for values in said for value in values})
    units: list[tuple[str, ...]] = [quota.values] if quota.values else [(value,) for value in borne]
    if quota.each:
        units = [(value,) for value in quota.values]
    for unit in units:
        inside = np.array([bool(set(values) & set(unit)) for values in said], dtype=np.float64)
        code = quota.code if len(units) == 1 else f"{quota.code}:{unit[0]}"
        whom = f"with {quota.column} {' or '.join(unit)}"
        if quota.most is not None:
            yield best_set.Rule(code, f"at most {quota.most} {whom}", inside, most=quota.most)
        if quota.least is not None:
            yield best_set.Rule(code, f"at least {quota.least} {whom}", inside, least=quota.least)
        if quota.most_share is not None:
            part = float(quota.most_share) / 100
            yield best_set.Rule(
                code, f"at most {quota.most_share} % of the money {whom}", amounts * (inside - part), most=0
            )
        if quota.least_share is not None:
            part = float(quota.least_share) / 100
            yield best_set.Rule(
                code,
                f"at least {quota.least_share} % of the money {whom}",
                amounts * (inside - part),
                least=0,
            )
