"""A folder of CSV files as a task of the engine. Every fault is one sentence with the file and the row."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challenge.assignments.affinities import TERMS, Profile
from challenge.assignments.markets import Bools, Floats, Ints, Listed, Task, ints
from challenge.foundation.tables import Fault, lines, number

ATTRIBUTES = ("gender", "region", "constituency")
MOST_REVIEWS = 100_000
EVERY = 1_000_000
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Folder:
    """Names of proposals and reviewers by their number in the arrays of `task`, in alphabetical order."""

    proposals: list[str]
    reviewers: list[str]
    task: Task
    groups: list[str]
    pairs: int
    speaking: int
    """Pairs listed, and those of them where the reviewer reads the proposal's language."""
    soft: list[Ints]
    """(R,) a group per further attribute of balance, -1 unknown."""

    def pairs_of(self) -> "Pairs":
        return Pairs(self.proposals, self.reviewers)


def _count(path: Path, row: int, name: str, text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        raise Fault(path, row, f"{name} must be a whole number, not {text!r}") from None
    if not 0 <= found <= MOST_REVIEWS:
        raise Fault(path, row, f"{name} must be between 0 and {MOST_REVIEWS:,}, not {text}")
    return found


def _named(path: Path, needed: Sequence[str], optional: Sequence[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row, cells in lines(path, needed, optional):
        name = cells[0]
        if not name:
            raise Fault(path, row, f"the {needed[0]} has no name")
        if name in found:
            raise Fault(path, row, f"{needed[0]} {name} stands in row {found[name][0]} already")
        found[name] = (row, dict(zip((*needed, *optional), cells, strict=True)))
    if not found:
        raise Fault(path, None, f"the file lists no {needed[0]}")
    return found


class Pairs:
    """Reads rows (proposal, reviewer, ...) into numbers, refusing unknown names and repetitions."""

    def __init__(self, proposals: Sequence[str], reviewers: Sequence[str]) -> None:
        self.p = {name: n for n, name in enumerate(proposals)}
        self.r = {name: n for n, name in enumerate(reviewers)}

    def key(self, path: Path, row: int, proposal: str, reviewer: str) -> int:
        p, r = self.p.get(proposal), self.r.get(reviewer)
        if p is None:
            raise Fault(path, row, f"there is no proposal {proposal or '(empty)'} in proposals.csv")
        if r is None:
            raise Fault(path, row, f"there is no reviewer {reviewer or '(empty)'} in reviewers.csv")
        return p * len(self.r) + r

    def proposal(self, name: str) -> int:
        if name not in self.p:
            raise ValueError(f"There is no proposal {name} in proposals.csv.")
        return self.p[name]

    def reviewer(self, name: str) -> int:
        if name not in self.r:
            raise ValueError(f"There is no reviewer {name} in reviewers.csv.")
        return self.r[name]

    def refuse_twice(self, path: Path, keys: Ints, rows: Ints) -> None:
        if (np.diff(keys) > 0).all():  # in order, as most files are
            return
        order = np.lexsort((rows, keys))
        twice = np.flatnonzero(np.diff(keys[order]) == 0)
        if len(twice):
            at = twice[np.argmin(rows[order][twice + 1])]
            first, second = rows[order][at], rows[order][at + 1]
            raise Fault(path, int(second), f"this pair stands in row {int(first)} already")

    def read(self, path: Path) -> Ints:
        """(., 2) pairs of a file with the columns proposal and reviewer."""
        keys, rows = array("q"), array("q")
        for row, (proposal, reviewer) in lines(path, ("proposal", "reviewer")):
            keys.append(self.key(path, row, proposal, reviewer))
            rows.append(row)
        found = np.array(keys, dtype=np.int64)
        self.refuse_twice(path, found, np.array(rows, dtype=np.int64))
        return np.stack([found // len(self.r), found % len(self.r)], axis=1)


def reviews(path: Path, pairs: Pairs) -> Ints:
    """(P,) further reviews, from a file with the columns proposal and reviews."""
    more = np.zeros(len(pairs.p), dtype=np.int64)
    for name, (row, cells) in _named(path, ("proposal", "reviews"), ()).items():
        if name not in pairs.p:
            raise Fault(path, row, f"there is no proposal {name} in proposals.csv")
        more[pairs.p[name]] = _count(path, row, "reviews", cells["reviews"])
    return more


def terms_of(folder: Path, read: Folder, proposal: int) -> tuple[dict[int, dict[str, float]], Floats]:
    """What the terms (columns by_...) add to each pair of a proposal, by reviewer, and (R,) its bids; from a second
    reading, as nobody keeps the terms of millions of pairs for one explanation."""
    path, wanted = folder / "affinities.csv", read.proposals[proposal]
    numbers, found = read.pairs_of().r, dict[int, dict[str, float]]()
    bids, columns = np.zeros(len(read.reviewers)), ("bid", *(f"by_{name}" for name in TERMS))
    for row, (name, reviewer, *cells) in lines(path, ("proposal", "reviewer"), columns):
        if name == wanted:
            value = {
                column: number(path, row, column, cell)
                for column, cell in zip(columns, cells, strict=True)
                if cell
            }
            bids[numbers[reviewer]] = value.pop("bid", 0.0)
            found[numbers[reviewer]] = {column.removeprefix("by_"): each for column, each in value.items()}
    return found, bids


def profiles(folder: Path) -> tuple[dict[str, Profile], dict[str, Profile], dict[tuple[int, int], float]]:
    """Proposals and reviewers by name, in alphabetical order, with what they say, and {(proposal, reviewer): bid}."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder.")
    sides = []
    for kind, tongue in (("proposal", "language"), ("reviewer", "languages")):
        columns = ("text", "themes", "theme", "keywords", "country", "region", tongue)
        rows = _named(folder / f"{kind}s.csv", (kind,), columns)
        sides.append({name: _profile(rows[name][1], tongue) for name in sorted(rows)})
    bids: dict[tuple[int, int], float] = {}
    path, pairs = folder / "bids.csv", Pairs(list(sides[0]), list(sides[1]))
    for row, (proposal, reviewer, bid) in (
        lines(path, ("proposal", "reviewer", "bid")) if path.exists() else ()
    ):
        pair = divmod(pairs.key(path, row, proposal, reviewer), len(sides[1]))
        if pair in bids:
            raise Fault(path, row, "this pair stands there already")
        bids[pair] = number(path, row, "bid", bid)
        if not -1 <= bids[pair] <= 1:
            raise Fault(path, row, f"bid must be between -1 and 1, not {bid}")
    return sides[0], sides[1], bids


def _profile(cells: dict[str, str], tongue: str) -> Profile:
    return Profile(
        cells["text"], frozenset(_ids(cells["themes"] or cells["theme"])), frozenset(_ids(cells["keywords"])),
        cells["country"], cells["region"], frozenset(_ids(cells[tongue])),
    )  # fmt: skip


def _ids(text: str) -> set[str]:
    return {part.strip().casefold() for part in text.replace("|", ";").split(";") if part.strip()}


def read(folder: Path, *, balance: Sequence[str] = (), say: Callable[[str], None] | None = None) -> Folder:
    """Raises Fault. `balance` names columns of reviewers.csv: panels keep the first exactly, the others softly."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder.")
    p_path, r_path, a_path = (folder / f"{name}.csv" for name in ("proposals", "reviewers", "affinities"))
    proposals = _named(p_path, ("proposal", "demand"), ("theme", "region", "language"))
    reviewers = _named(r_path, ("reviewer", "min_load", "max_load"), (*ATTRIBUTES, "languages", "themes"))
    p_names, r_names = sorted(proposals), sorted(reviewers)
    demand = [
        _count(p_path, row, "demand", cells["demand"]) for row, cells in (proposals[name] for name in p_names)
    ]
    least, most = [], []
    for name in r_names:
        row, cells = reviewers[name]
        least.append(_count(r_path, row, "min_load", cells["min_load"]))
        most.append(_count(r_path, row, "max_load", cells["max_load"]))
        if least[-1] > most[-1]:
            raise Fault(r_path, row, f"min_load {least[-1]} is above max_load {most[-1]} of {name}")
    if len(set(balance)) < len(balance):
        raise ValueError("Each attribute of balance is named once.")
    group, groups = _groups(r_path, reviewers, r_names, balance[0] if balance else "")
    soft = [_groups(r_path, reviewers, r_names, each)[0] for each in balance[1:]]
    pairs = Pairs(p_names, r_names)
    market, listed, speaking = _affinities(
        a_path, pairs, [_ids(proposals[name][1]["language"]) for name in p_names],
        [_ids(reviewers[name][1]["languages"]) for name in r_names], say or (lambda words: None),
    )  # fmt: skip
    conflicts_path = folder / "conflicts.csv"
    conflicts = pairs.read(conflicts_path) if conflicts_path.exists() else np.zeros((0, 2), dtype=np.int64)
    task = Task(market, ints(demand), ints(least), ints(most), conflicts=conflicts, group=group)
    return Folder(p_names, r_names, task, groups, listed, speaking, soft)


def _groups(path: Path, reviewers: dict[str, Row], names: list[str], balance: str) -> tuple[Ints, list[str]]:
    if not balance:
        return np.zeros(0, dtype=np.int64), []
    if balance not in ATTRIBUTES:
        raise ValueError(f"Panels can be balanced over {', '.join(ATTRIBUTES)}, not over {balance!r}.")
    values = [reviewers[name][1][balance] for name in names]
    groups = sorted({value for value in values if value})
    if not groups:
        raise Fault(
            path, None, f"the column {balance} is missing or empty, so nothing can be balanced over it"
        )
    return np.array([groups.index(value) if value else -1 for value in values], dtype=np.int64), groups


def _affinities(
    path: Path, pairs: Pairs, written: list[set[str]], read: list[set[str]], say: Callable[[str], None]
) -> tuple[Listed, int, int]:
    keys, rows, worth = array("q"), array("L"), array("d")
    width, numbers, names = len(pairs.r), pairs.p, pairs.r
    columns = ("proposal", "reviewer", "affinity")
    for row, (proposal, reviewer, affinity, bid) in lines(path, columns, ("bid",)):
        # ten million rows are usual at the largest size: the common case stays in this loop
        try:
            key, value = numbers[proposal] * width + names[reviewer], float(affinity)
        except (KeyError, ValueError):
            key, value = pairs.key(path, row, proposal, reviewer), number(path, row, "affinity", affinity)
        if not -1000 <= value <= 1000:
            number(path, row, "affinity", affinity)
        if bid:
            number(path, row, "bid", bid)  # its weight stands in the affinity already; a fault is still told
        keys.append(key)
        rows.append(row)
        worth.append(value)
        if len(keys) % EVERY == 0:
            say(f"{path.name}: {len(keys):,} rows read")
    if not keys:
        raise Fault(path, None, "the file lists no pair, so nobody is eligible for anything")
    found = np.frombuffer(keys, dtype=np.int64)
    pairs.refuse_twice(path, found, np.frombuffer(rows, dtype=np.uint64))
    del rows
    p, r = found // width, found % width
    keep = _speaks(p, r, written, read)
    return Listed(p[keep], r[keep], np.frombuffer(worth)[keep]), len(p), int(keep.sum())


def _speaks(p: Ints, r: Ints, written: list[set[str]], read: list[set[str]]) -> Bools:
    """A reviewer who named languages judges only proposals written in one of them. Unknown on either side: eligible."""
    kinds = sorted({each for some in (*written, *read) for each in some})
    if not kinds:
        return np.ones(len(p), dtype=bool)
    left: Bools = np.array([[kind in some for kind in kinds] for some in written])
    right: Bools = np.array([[kind in some for kind in kinds] for some in read])
    silent_p: Bools = np.array([not some for some in written])
    silent_r: Bools = np.array([not some for some in read])
    free = silent_p[p] | silent_r[r]
    return np.asarray(free | (left[p] & right[r]).any(axis=1), dtype=bool)
