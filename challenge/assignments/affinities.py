"""How well a reviewer suits a proposal, from what both have said, term by term. Pure.

Affinity = the sum of five terms, each a value from 0 to 1 times its weight (a bid from -1 to 1): no single term is worth
more than its weight, so that no bid buys a proposal. Language is no term but eligibility. Every term is kept, so that a
pair can be explained.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from challenge.assignments.markets import Edges, Floats, Ints
from challenge.assignments.words import folded, stem, vectors

ROWS = 500
"""Proposals compared at a time: at 3,000 reviewers some 12 MB a term."""
TOKEN = re.compile(r"[^\W_]+")
TERMS = ("text", "themes", "keywords", "place", "bid")


@dataclass(frozen=True, slots=True)
class Weights:
    """Editable for each call. Raises ValueError, as a sentence, for what is no weight."""

    text: float = 0.40
    themes: float = 0.25
    keywords: float = 0.10
    place: float = 0.10
    bid: float = 0.15

    def __post_init__(self) -> None:
        for each in fields(self):
            if not 0 <= getattr(self, each.name) <= 1:
                raise ValueError(f"The weight of {each.name} must lie between 0 and 1.")
        if not 0 < sum(getattr(self, name) for name in TERMS) <= 1 + 1e-9:
            raise ValueError("The weights together must be more than 0 and at most 1.")

    @classmethod
    def read(cls, text: str) -> "Weights":
        """From "text=0.5,themes=0.2"; what is not named keeps its weight."""
        given: dict[str, float] = {}
        for part in filter(None, (each.strip() for each in text.split(","))):
            name, _sign, value = part.partition("=")
            if name not in TERMS or name in given:
                raise ValueError(
                    f"A weight is written like text=0.4, once, for {', '.join(TERMS)}; not {part!r}."
                )
            try:
                given[name] = float(value)
            except ValueError:
                raise ValueError(f"The weight of {name} must be a number, not {value!r}.") from None
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Profile:
    """A proposal or a reviewer: what it says, what it is about, where it is from, what it is written in or reads."""

    text: str = ""
    themes: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    country: str = ""
    region: str = ""
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs with their affinity and what each term adds to it, (E, 5) in the order of TERMS; rows sum to the affinity."""

    edges: Edges
    terms: NDArray[np.float32] = field(repr=False)


def affinities(
    proposals: Sequence[Profile],
    reviewers: Sequence[Profile],
    bids: Mapping[tuple[int, int], float] | None = None,
    weights: Weights | None = None,
    most: int | None = None,
) -> Iterator[Scored]:
    """All eligible pairs (or the `most` best of each proposal, and those with a bid), in pieces of ROWS proposals.

    text: cosine of the TF-IDF vectors, relative to what a proposal's best reviewer reaches in nine of ten cases, at most
    1. themes, keywords: the share of the proposal's that the reviewer has too. place: 1 same country, 0.5 same region.
    Unknown on either side counts 0. bids: {(proposal, reviewer): -1 to 1}. Raises ValueError for a bid outside that.
    """
    weights = weights or Weights()
    bid = _bids(bids or {}, len(proposals), len(reviewers))
    mine, theirs = vectors([each.text for each in proposals], [each.text for each in reviewers])
    reference = _reference(mine, theirs)
    shared = [
        _incidence([getattr(each, name) for each in proposals], [getattr(each, name) for each in reviewers])
        for name in ("themes", "keywords")
    ]
    tongue = _incidence([each.languages for each in proposals], [each.languages for each in reviewers])
    weight = np.array([getattr(weights, name) for name in TERMS])
    countries, regions = (_codes(proposals, reviewers, name) for name in ("country", "region"))
    for start in range(0, len(proposals), ROWS):
        part = slice(start, min(start + ROWS, len(proposals)))
        value = np.zeros((part.stop - start, len(reviewers), len(TERMS)), dtype=np.float32)
        value[..., 0] = np.minimum((mine[part] @ theirs.T).toarray() / reference, 1)
        for term, (left, right) in enumerate(shared, start=1):
            value[..., term] = _share(left[part], right)
        value[..., 3] = np.maximum(_same(countries, part), 0.5 * _same(regions, part))
        value[..., 4] = bid[part].toarray()
        value *= weight
        yield _kept(value, start, _may_read(tongue, part), value[..., 4] != 0, most)


def _kept(
    value: NDArray[np.float32],
    start: int,
    may: NDArray[np.bool_],
    has_bid: NDArray[np.bool_],
    most: int | None,
) -> Scored:
    total = value.sum(axis=2, dtype=np.float64)
    keep = may
    if most is not None and most < total.shape[1]:
        ranked = np.argsort(np.where(may, -total, np.inf), axis=1, kind="stable")[:, :most]
        best = np.zeros_like(may)
        np.put_along_axis(best, ranked, True, axis=1)
        keep = may & (best | has_bid)
    p, r = np.nonzero(keep)
    return Scored(Edges(p.astype(np.int64) + start, r.astype(np.int64), total[p, r]), value[p, r])


def _bids(bids: Mapping[tuple[int, int], float], proposals: int, reviewers: int) -> csr_matrix:
    for (p, r), value in bids.items():
        if not -1 <= value <= 1:
            raise ValueError(
                f"The bid of reviewer {r} for proposal {p} must lie between -1 and 1, not {value:g}."
            )
    rows, columns = ([pair[side] for pair in bids] for side in (0, 1))
    return csr_matrix((list(bids.values()), (rows, columns)), (proposals, reviewers), dtype=np.float64)


def _reference(mine: csr_matrix, theirs: csr_matrix) -> float:
    best = [
        (mine[start : start + ROWS] @ theirs.T).max(axis=1).toarray().ravel()
        for start in range(0, mine.shape[0], ROWS)
        if theirs.shape[0]
    ]
    tops = np.concatenate(best) if best else np.zeros(0)
    tops = tops[tops > 0]
    return float(np.quantile(tops, 0.9)) if len(tops) else 1.0


def _incidence(
    left: Sequence[frozenset[str]], right: Sequence[frozenset[str]]
) -> tuple[csr_matrix, csr_matrix]:
    """(P, K) and (R, K): who has which value; values are compared without regard to case, accents and plural."""
    numbers: dict[str, int] = {}

    def matrix(sets: Sequence[frozenset[str]]) -> tuple[list[int], list[int]]:
        rows, columns = [], []
        for row, some in enumerate(sets):
            for name in sorted({_plain(each) for each in some} - {""}):
                rows.append(row)
                columns.append(numbers.setdefault(name, len(numbers)))
        return rows, columns

    both = [matrix(left), matrix(right)]
    return tuple(
        csr_matrix((np.ones(len(rows)), (rows, columns)), (len(some), max(len(numbers), 1)))
        for some, (rows, columns) in zip((left, right), both, strict=True)
    )


def _plain(name: str) -> str:
    """Every word and number counts here, unlike in a text: SDG 8 is not SDG 13, and AI is not IT."""
    return " ".join(stem(word) for word in TOKEN.findall(folded(name)))


def _share(left: csr_matrix, right: csr_matrix) -> Floats:
    has = np.asarray(left.sum(axis=1)).ravel()
    return np.asarray((left @ right.T).toarray() / np.where(has > 0, has, 1)[:, None])


def _codes(proposals: Sequence[Profile], reviewers: Sequence[Profile], name: str) -> tuple[Ints, Ints]:
    numbers = {"": -1}
    both = [
        np.array(
            [numbers.setdefault(getattr(each, name).strip().casefold(), len(numbers)) for each in side],
            dtype=np.int64,
        )
        for side in (proposals, reviewers)
    ]
    return both[0], both[1]


def _same(codes: tuple[Ints, Ints], part: slice) -> Floats:
    mine = codes[0][part, None]
    return np.asarray((mine == codes[1][None, :]) & (mine >= 0), dtype=np.float64)


def _may_read(tongue: tuple[csr_matrix, csr_matrix], part: slice) -> NDArray[np.bool_]:
    """A reviewer who named languages reads only these. Unknown on either side: may read."""
    left, right = tongue[0][part], tongue[1]
    silent_p, silent_r = (np.asarray(side.sum(axis=1)).ravel() == 0 for side in (left, right))
    return np.asarray(((left @ right.T).toarray() > 0) | silent_p[:, None] | silent_r[None, :], dtype=bool)
