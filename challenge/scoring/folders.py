"""A folder of CSV files, and a rubric, as entries of a ranking. Every fault is one sentence with the file and the row.

What can be used although something is missing is used, and `Sheet.lacks` says what was left out; what could be read in
two ways is a fault. Without a scale in criteria.csv scores stay in their own unit: the overall score is their weighted
mean.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import yaml

from challenge.foundation.i18n import speaking
from challenge.foundation.tables import Fault, columns, lines
from challenge.rubrics import rules
from challenge.rubrics.aggregate import overall_score
from challenge.rubrics.definition import (
    NOT_APPLICABLE,
    Criterion,
    Rubric,
    Scale,
    Score,
    Selection,
    TieBreak,
    from_builtins,
)
from challenge.scoring.ranking import Entry

NOT_GIVEN = {"na", "n/a", "not-applicable", "not applicable"}
CONSENSUS = "consensus"
FINEST = Decimal("0.000001")
MOST = Decimal(10) ** 9
EVERY = 200_000
BARE = Scale(min=Decimal(0), max=Decimal(100), step=FINEST)
Say = Callable[[str], None]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """has_scale: whether highest levels are known, so that the overall score is per cent or points. lacks: what makes
    the answer a partial one. notes: what is good to know."""

    rubric: Rubric
    entries: list[Entry]
    panels: Mapping[str, str]
    has_scale: bool
    lacks: list[str]
    notes: list[str]


def read(folder: Path, *, rubric_file: str = "", say: Say = lambda words: None) -> Sheet:
    """Raises Fault. `rubric_file`: a rubric, or a call file with one; FILE#CODE where it has several."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder.")
    reading = _Reading(folder, say)
    with speaking("en"):
        if rubric_file:
            reading.rubric = rubric_from(rubric_file)
            reading.compare_criteria()
        else:
            reading.rubric = reading.criteria()
        return reading.sheet()


@dataclass(slots=True)
class _Review:
    row: int
    scores: dict[str, Score] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    group: str = ""


@dataclass(slots=True)
class _Reading:
    folder: Path
    say: Say
    rubric: Rubric = field(default_factory=lambda: Rubric(scale=BARE, criteria=()))
    bare: bool = False
    lacks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    # ---------- criteria ----------

    def criteria(self) -> Rubric:
        path = self.folder / "criteria.csv"
        found: dict[str, tuple[int, Criterion]] = {}
        scaled: dict[str, bool] = {}
        for row, (code, weight, low, high, step, threshold) in lines(
            path, ("criterion", "weight"), ("min", "max", "step", "threshold")
        ):
            if not code:
                raise Fault(path, row, "the criterion has no name")
            if code in found:
                raise Fault(path, row, f"criterion {code} stands in row {found[code][0]} already")
            scaled[code] = bool(high)
            found[code] = (row, _criterion(path, row, code, weight, low, high, step, threshold))
        if not found:
            raise Fault(path, None, "the file lists no criterion")
        if len(set(scaled.values())) > 1:
            without = next(code for code, has in scaled.items() if not has)
            raise Fault(
                path,
                found[without][0],
                f"{without} has no max while others have one; give all a max, or none",
            )
        self.bare = not any(scaled.values())
        criteria = tuple(criterion for _row, criterion in found.values())
        unweighted = [criterion.code for criterion in criteria if criterion.uncounted]
        if len(unweighted) == len(criteria):
            raise Fault(path, found[criteria[0].code][0], "all weights are 0, so no score counts")
        if unweighted:
            self.notes.append(f"Weight 0, so never added up: {', '.join(unweighted)}.")
        if self.bare:
            self.notes.append(
                "No max in criteria.csv: scores count in their own unit, and none is off the scale."
            )
        return Rubric(scale=BARE, criteria=criteria)

    def compare_criteria(self) -> None:
        """A criteria.csv beside a rubric must not speak of others; where a weight differs the rubric's counts."""
        path = self.folder / "criteria.csv"
        if not path.is_file():
            return
        for row, (code, text) in lines(path, ("criterion",), ("weight",)):
            criterion = self.rubric.criterion(code)
            if criterion is None:
                raise Fault(path, row, f"the rubric has no criterion {code or '(empty)'}")
            if text and _decimal(path, row, "weight", text) != criterion.weight:
                self.notes.append(f"criteria.csv, row {row}: weight {text} of {code} differs from the rubric's "
                                  f"{criterion.weight}; the rubric counts.")  # fmt: skip

    # ---------- proposals ----------

    def proposals(self) -> dict[str, dict[str, Any]] | None:
        path = self.folder / "proposals.csv"
        selection = self.rubric.selection
        wanted = [quota.column for quota in selection.quotas] if selection else []
        shares = selection is not None and any(
            quota.most_share is not None or quota.least_share is not None for quota in selection.quotas
        )
        money = selection is not None and (selection.budget is not None or shares)
        if not path.is_file():
            if selection is not None and (wanted or money):
                needs = ", ".join(dict.fromkeys([*wanted, *(["amount"] if money else [])]))
                self.lacks.append(
                    f"proposals.csv is not there, so money and quotas ({needs}) are not looked at."
                )
                self.rubric = msgspec.structs.replace(self.rubric, selection=_without_columns(selection))
            return None
        head = columns(path)
        for name in (*wanted, *(["amount"] if money else [])):
            if name.casefold() not in head:
                raise Fault(path, 1, f"the column {name} is missing; the selection looks at it")
        ties = [item.code for item in self.rubric.tie_break if isinstance(item, TieBreak)]
        for code in ties:
            if code.casefold() not in head:
                self.notes.append(f"proposals.csv has no column {code}, so this tie-break is passed over.")
        plain = ("track", "country", "amount", "currency", "excluded")
        more = [name for name in dict.fromkeys([*wanted, *ties]) if name not in (*plain, "proposal")]
        found: dict[str, dict[str, Any]] = {}
        priced: tuple[int, str] | None = None
        for row, cells in lines(path, ("proposal",), (*plain, *(name.casefold() for name in more))):
            values = dict(zip(("proposal", *plain, *more), cells, strict=True))
            name = values["proposal"]
            if not name:
                raise Fault(path, row, "the proposal has no name")
            if name in found:
                raise Fault(path, row, f"proposal {name} stands in row {found[name]['row']} already")
            found[name] = self._proposal(path, row, values, ties, wanted)
            if money and found[name]["amount"] is None and not values["excluded"]:
                raise Fault(path, row, f"proposal {name} has no amount; the selection counts money")
            if money and found[name]["amount"] is not None:
                priced = priced or (row, values["currency"])
                if priced[1] != values["currency"]:
                    raise Fault(path, row, f"the amount is in {values['currency'] or 'no currency'} and that of row "
                                           f"{priced[0]} in {priced[1] or 'no currency'}; amounts in two currencies "
                                           "cannot be added up")  # fmt: skip
                asked = selection.currency if selection else ""
                if asked and values["currency"] and asked != values["currency"]:
                    raise Fault(path, row, f"the amount is in {values['currency']} and the budget in {asked}")
        if not found:
            raise Fault(path, None, "the file lists no proposal")
        return found

    def _proposal(
        self, path: Path, row: int, values: dict[str, str], ties: list[str], wanted: list[str]
    ) -> dict[str, Any]:
        amount = _decimal(path, row, "amount", values["amount"], MOST**2) if values["amount"] else None
        if amount is not None and amount < 0:
            raise Fault(path, row, f"amount must be 0 or more, not {values['amount']}")
        return {
            "row": row,
            "track": values["track"],
            "country": values["country"],
            "amount": amount,
            "currency": values["currency"],
            "excluded": values["excluded"] or None,
            "tie_break": {code: _decimal(path, row, code, values[code]) for code in ties if values.get(code)},
            "columns": {name: _several(values[name]) for name in wanted if values.get(name)},
        }

    # ---------- scores ----------

    def reviews(self, known: Mapping[str, Any] | None) -> tuple[dict[Key, _Review], dict[str, str]]:
        path = self.folder / "scores.csv"
        codes = {criterion.code: criterion for criterion in self.rubric.criteria}
        groups = {group.code for group in self.rubric.aggregation.groups}
        found: dict[Key, _Review] = {}
        panels: dict[str, tuple[int, str]] = {}
        scores: dict[Key, Score | None] = {}
        grouped = False
        has_panels = "panel" in columns(path)
        if groups and "group" not in columns(path):
            raise Fault(path, 1, "the column group is missing; the rubric has voter groups")
        for row, (proposal, reviewer, code, text, group, panel) in lines(
            path, ("proposal", "reviewer", "criterion", "score"), ("group", "panel")
        ):
            if not proposal or not reviewer:
                raise Fault(path, row, f"the {'reviewer' if proposal else 'proposal'} has no name")
            if known is not None and proposal not in known:
                raise Fault(path, row, f"there is no proposal {proposal} in proposals.csv")
            if code not in codes:
                raise Fault(
                    path, row, f"there is no criterion {code or '(empty)'}; known are {', '.join(codes)}"
                )
            review = found.get((proposal, reviewer))
            if review is None:
                review = found[proposal, reviewer] = _Review(row, group=group)
                if groups and group not in groups and reviewer.casefold() != CONSENSUS:
                    raise Fault(path, row, f"the rubric has no voter group {group or '(empty)'}")
            if review.group != group:
                raise Fault(path, row, f"group {group or '(empty)'} here and {review.group or '(empty)'} in row "
                                       f"{review.row}, in one review")  # fmt: skip
            grouped = grouped or bool(group)
            if has_panels:
                self._panel(path, row, proposal, panel, panels)
            if code in review.rows:
                raise Fault(path, row, f"this score stands in row {review.rows[code]} already "
                                       f"({proposal}, {reviewer}, {code})")  # fmt: skip
            review.rows[code] = row
            if (code, text) not in scores:
                scores[code, text] = self._score(path, row, codes[code], text)
            score = scores[code, text]
            if score is not None:
                review.scores[code] = score
            if row % EVERY == 0:
                self.say(f"{path.name}: {row:,} rows read")
        if not found:
            raise Fault(path, None, "the file lists no score, so there is nothing to rank")
        if grouped and not groups:
            self.notes.append("The column group is not used: no rubric with voter groups was given.")
        return found, {proposal: name for proposal, (_row, name) in panels.items()}

    def _panel(
        self, path: Path, row: int, proposal: str, panel: str, panels: dict[str, tuple[int, str]]
    ) -> None:
        if not panel:
            raise Fault(path, row, "the panel is missing; fill the column for every score, or leave it out")
        first, name = panels.setdefault(proposal, (row, panel))
        if name != panel:
            raise Fault(
                path, row, f"proposal {proposal} is in panel {panel} here and in {name} in row {first}"
            )

    def _score(self, path: Path, row: int, criterion: Criterion, text: str) -> Score | None:
        """None where the cell is empty: the score is missing."""
        if not text:
            return None
        if text.casefold() in NOT_GIVEN:
            return NOT_APPLICABLE
        score = _decimal(path, row, "score", text)
        why = None if self.bare else rules.why_not_score(self.rubric, criterion, score)
        if why is not None:
            raise Fault(path, row, f"the score {text} of {criterion.code} is not on the scale. {why}")
        return score

    # ---------- together ----------

    def sheet(self) -> Sheet:
        known = self.proposals()
        found, panels = self.reviews(known)
        self._missing(found)
        by_proposal: dict[str, dict[str, _Review]] = {name: {} for name in known or {}}
        for (proposal, reviewer), review in found.items():
            by_proposal.setdefault(proposal, {})[reviewer] = review
        entries = [
            self._entry(name, by_proposal[name], (known or {}).get(name, {})) for name in sorted(by_proposal)
        ]
        bare = [
            entry.key
            for entry in entries
            if not entry.reviews and entry.consensus is None and not entry.excluded
        ]
        if bare:
            self.lacks.append(f"{_many(bare, 'proposal')} without a review: {_some(bare)}.")
        return Sheet(self.rubric, entries, panels, not self.bare, self.lacks, self.notes)

    def _entry(self, name: str, reviews: dict[str, _Review], more: Mapping[str, Any]) -> Entry:
        agreed = None
        if self.rubric.aggregation.consensus:
            agreed = next((each for each in reviews if each.casefold() == CONSENSUS), None)
        mine = {each: review for each, review in sorted(reviews.items()) if each != agreed}
        return Entry(
            key=name,
            reviews={each: review.scores for each, review in mine.items()},
            groups={each: review.group for each, review in mine.items() if review.group},
            consensus=reviews[agreed].scores if agreed is not None else None,
            **{field: value for field, value in more.items() if field != "row"},
        )

    def _missing(self, found: dict[Key, _Review]) -> None:
        """What a review does not say leaves that review's mean, as "not applicable" does."""
        gaps: list[tuple[int, str]] = []
        unasked: list[tuple[int, str]] = []
        scored: set[str] = set()
        for (proposal, reviewer), review in found.items():
            for criterion in self.rubric.criteria:
                code = criterion.code
                score = review.scores.get(code)
                where = (review.rows.get(code, review.row), f"{proposal}, {reviewer}, {code}")
                if score is None:
                    gaps.append(where)
                    review.scores[code] = NOT_APPLICABLE
                elif isinstance(score, Decimal):
                    scored.add(code)
                elif not self.bare and not rules.scale_of(self.rubric, criterion).na_allowed:
                    unasked.append(where)
        for places, what in (
            (gaps, "missing; what is missing leaves the mean of its review"),
            (
                unasked,
                '"not applicable" where the scale has no such answer; they leave the mean of their review',
            ),
        ):
            if places:
                row, first = min(places)
                self.lacks.append(f"{len(places)} score{'s' if len(places) > 1 else ''} {what}. "
                                  f"First: scores.csv, row {row} ({first}).")  # fmt: skip
        silent = [criterion.code for criterion in self.rubric.criteria if criterion.code not in scored]
        if silent:
            self.lacks.append(f"Nobody scored {', '.join(silent)}, so it does not count.")


def _without_columns(selection: Selection) -> Selection | None:
    """What is left of a selection where nothing is known of the proposals."""
    bare = msgspec.structs.replace(selection, budget=None, least_multiple=None, quotas=())
    return bare if (bare.top, bare.share, bare.mark) != (None, None, None) else None


def _criterion(
    path: Path, row: int, code: str, weight: str, low: str, high: str, step: str, threshold: str
) -> Criterion:
    share = _decimal(path, row, "weight", weight)
    if share < 0:
        raise Fault(path, row, f"weight must be 0 or more, not {weight}")
    scale = BARE
    if high:
        top = _decimal(path, row, "max", high)
        bottom = _decimal(path, row, "min", low) if low else min(Decimal(0), top)
        every = _decimal(path, row, "step", step) if step else FINEST
        if top <= 0:
            raise Fault(path, row, f"max must be above 0, not {high}")
        if bottom < 0:
            raise Fault(path, row, f"min must be 0 or more, not {low}")
        if bottom >= top:
            raise Fault(path, row, f"min {bottom} must be below max {top}")
        if every <= 0 or (top - bottom) % every:
            raise Fault(path, row, f"steps of {step} do not lead from {bottom} to {top}")
        scale = Scale(min=bottom, max=top, step=every)
    elif low or step:
        raise Fault(path, row, f"{'min' if low else 'step'} is given and max is not")
    asked = _decimal(path, row, "threshold", threshold) if threshold else None
    if asked is not None and high and not scale.min <= asked <= scale.max:
        raise Fault(path, row, f"threshold {threshold} is not on the scale from {scale.min} to {scale.max}")
    return Criterion(
        code=code, label={"en": code}, weight=share or Decimal(1), uncounted=not share, threshold=asked, scale=scale
    )  # fmt: skip


def _decimal(path: Path, row: int, name: str, text: str, most: Decimal = MOST) -> Decimal:
    try:
        found = Decimal(text) if len(text) < 40 and "_" not in text else None
    except InvalidOperation:
        found = None
    if found is None:
        raise Fault(path, row, f"{name} must be a number, not {text!r}" if text else f"{name} is missing")
    if not found.is_finite() or abs(found) > most:
        raise Fault(path, row, f"{name} must be a number between -{most:,} and {most:,}, not {text}")
    if found % FINEST:
        raise Fault(path, row, f"{name} has more than six decimals: {text}")
    return found


def _several(text: str) -> str | tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(";") if part.strip())
    return parts[0] if len(parts) == 1 else parts


def _many(names: Sequence[str], unit: str) -> str:
    return f"{len(names)} {unit}{'s' if len(names) > 1 else ''}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# ---------- the rubric ----------


def rubric_from(given: str) -> Rubric:
    """Raises Fault, or OSError where the file is not there."""
    name, _mark, code = given.partition("#")
    path = Path(given) if Path(given).is_file() else Path(name)
    code = "" if path == Path(given) else code
    try:
        # every value stays a text, so that 0.1 is exactly that and "no" is a country
        tree = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506 - builds text only
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Fault(path, None, f"line {mark.line + 1} cannot be read as YAML" if mark else "the file cannot be read as YAML") from None  # fmt: skip
    except UnicodeDecodeError:
        raise Fault(path, None, "the file is not written in UTF-8") from None
    plain = _picked(path, tree, code)
    try:
        # written out once, so that texts become the numbers the rubric asks for
        rubric = from_builtins(msgspec.to_builtins(msgspec.convert(_filled(plain), Rubric, strict=False)))
    except (msgspec.ValidationError, RecursionError) as error:
        raise Fault(path, None, f"this is no rubric: {error}") from None
    for where, says in rules.faults(rubric):
        raise Fault(path, None, f"{'.'.join(map(str, where))}: {says}")
    return rubric


def _picked(path: Path, tree: Any, code: str) -> Any:
    if not isinstance(tree, dict):
        raise Fault(path, None, "the file holds no rubric: no key criteria, rubric or rubrics")
    if "criteria" in tree and not code:
        return tree
    found = tree.get("rubrics", {} if "rubric" not in tree else {"rubric": tree["rubric"]})
    if not isinstance(found, dict) or not found:
        raise Fault(path, None, "the file holds no rubric: no key criteria, rubric or rubrics")
    if code and code not in found:
        raise Fault(path, None, f"there is no rubric {code}; the file holds {', '.join(map(str, found))}")
    if len(found) > 1 and not code:
        raise Fault(path, None, f"the file holds {len(found)} rubrics; say which, as {path.name}#{next(iter(found))} "
                                f"({', '.join(map(str, found))})")  # fmt: skip
    return found[code] if code else next(iter(found.values()))


def _filled(plain: Any) -> Any:
    """Without the keys that say nothing."""
    if isinstance(plain, dict):
        return {key: _filled(value) for key, value in plain.items() if value not in ("", "~", "null")}
    return [_filled(item) for item in plain] if isinstance(plain, list) else plain


def review_scores(rubric: Rubric, entries: Sequence[Entry]) -> Iterator[tuple[int, str, float, str]]:
    """(number of the entry, reviewer, overall score with the ranking weights, voter group) of every review that has one."""
    known: dict[tuple[Score, ...], float | None] = {}
    codes = [criterion.code for criterion in rubric.criteria]
    for number, entry in enumerate(entries):
        for reviewer, scores in entry.reviews.items():
            key = tuple([scores[code] for code in codes])
            if key not in known:
                exact = overall_score(rubric, scores).exact
                parts = exact.parts_for_ranking
                known[key] = exact.points_for_ranking / parts if parts else None
            value = known[key]
            if value is not None:
                yield number, reviewer, value, entry.groups.get(reviewer, "")
