"""How sure a place is: draws from the joint posterior, ranks, the group at the line, its lot, and odd reviews.

Given the variances the posterior of the qualities is normal and is drawn from exactly: the smaller side and the panels
from their Cholesky factor, the larger side given those. The expected rank and the group whose rank intervals reach over
the funding line follow Heyard, Ott, Salanti & Egger, "Rethinking the funding line at the Swiss National Science
Foundation", Statistics and Public Policy 2022, there with an intercept per assessor by MCMC, here in closed form.

D: draws, P: proposals, R: reviewers, N: reviews. Place 1 is the best.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import chdtrc, ndtr

from challenge.scoring.calibration import Calibration, Fit, Floats, Ints, split

Bools = NDArray[np.bool_]
Say = Callable[[str], None]

DRAWS = 2000
INTERVAL = 0.9
SEPARABLE = 0.95
CHUNK = 500
# A review that lies further from what the model expects than so many standard deviations.
ODD_REVIEW = 2.0
ODD_RANGE = 0.1
UNDECIDED = (0.2, 0.8)
FEWEST_TO_JUDGE = 5
# So many reviewers are named by chance alone when nobody is careless; but never at a level above this.
NAMED_BY_CHANCE = 0.5
CARELESS_LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Draws:
    """quality (D, P) and leniency (D, R) in the unit of the scores; the same for the same seed."""

    quality: Floats = field(repr=False)
    leniency: Floats = field(repr=False)
    seed: int


def draw(calibration: Calibration, *, seed: int, count: int = DRAWS, say: Say = lambda words: None) -> Draws:
    """Raises ValueError when the data say nothing about uncertainty (`calibration.is_sure`)."""
    if not calibration.is_sure:
        raise ValueError("the reviews do not tell quality and rest apart, so there is nothing to draw from")
    rng = np.random.default_rng(seed)
    fit = calibration.fit
    quality = np.empty((count, calibration.reviews.proposals))
    leniency = np.empty((count, calibration.reviews.reviewers))
    for first in range(0, count, CHUNK):
        many = min(CHUNK, count - first)
        q, b = _drawn(fit, rng, many)
        quality[first : first + many], leniency[first : first + many] = q.T, b.T
        say(f"{first + many:,} of {count:,} draws")
    return Draws(quality, leniency, seed)


def _drawn(fit: Fit, rng: np.random.Generator, many: int) -> tuple[Floats, Floats]:
    equations, spread = fit.equations, np.sqrt(fit.variances.rest)
    wide = fit.ratios[0 if equations.proposals_wide else 1]
    diagonal = equations.diagonal(wide)
    half = linalg.solve_triangular(
        fit.lower, equations.rest_sum - equations.ft @ (equations.wide_sum / diagonal), lower=True,
        check_finite=False,
    )  # fmt: skip
    noise = spread * rng.standard_normal((len(half), many))
    right = linalg.solve_triangular(fit.lower, half[:, None] + noise, lower=True, trans=1, check_finite=False)
    left = (equations.wide_sum[:, None] - equations.f @ right) / diagonal[:, None]
    left += rng.standard_normal((equations.w, many)) * (spread / np.sqrt(diagonal))[:, None]
    return split(equations, left, right)


@dataclass(frozen=True, slots=True)
class Places:
    """Per proposal (P,): expected place, the ends of its interval, P(among the top), P(first)."""

    expected: Floats
    low: Ints
    high: Ints
    p_top: Floats
    p_first: Floats
    top: int
    level: float


def places(quality: Floats, top: int, level: float = INTERVAL) -> Places:
    """From draws (D, P) of those who have a place. The interval leaves (1 - level) / 2 of the draws on either side."""
    count, many = quality.shape
    kind = np.int16 if many < 2**15 else np.int32
    drawn = np.empty((count, many), dtype=kind)
    numbers = np.arange(1, many + 1, dtype=kind)
    for n in range(count):
        drawn[n, np.argsort(-quality[n])] = numbers
    ranks = np.ascontiguousarray(drawn.T)
    low, high = int((1 - level) / 2 * count), count - 1 - int((1 - level) / 2 * count)
    ends = np.partition(ranks, (low, high), axis=1)
    return Places(
        ranks.mean(axis=1), ends[:, low].astype(np.int64), ends[:, high].astype(np.int64),
        (ranks <= top).mean(axis=1), (ranks == 1).mean(axis=1), top, level,
    )  # fmt: skip


def unknown_places(many: int, top: int, level: float = INTERVAL) -> Places:
    """What is left where nothing is known: every place is as likely as any other."""
    flat = np.ones(many)
    return Places(
        flat * (many + 1) / 2, np.ones(many, dtype=np.int64), np.full(many, many, dtype=np.int64),
        flat * min(top, many) / max(many, 1), flat / max(many, 1), top, level,
    )  # fmt: skip


def separable(quality: Floats, order: Sequence[int]) -> Floats:
    """(P - 1,) for each in `order` the probability that it is better than the next."""
    at = np.asarray(order, dtype=np.int64)
    return np.asarray((quality[:, at[:-1]] > quality[:, at[1:]]).mean(axis=0), dtype=np.float64)


# ---------- the line ----------


@dataclass(frozen=True, slots=True)
class Line:
    """Proposals by number: `above` are in whatever the draw, `between` share `places`, `below` are out.

    `lot` is the order the lot gives those in between; the first `places` of it come in.
    """

    top: int
    above: tuple[int, ...]
    between: tuple[int, ...]
    below: tuple[int, ...]
    places: int
    lot: tuple[int, ...]
    lot_seed: str


def line(found: Places, names: Sequence[str], seed: str) -> Line:
    """Who is above the line of `found.top` places with his whole interval, who below, and who in between."""
    order = np.lexsort((np.arange(len(names)), found.expected))
    above = [int(n) for n in order if found.high[n] <= found.top][: found.top]
    below = [int(n) for n in order if found.low[n] > found.top]
    settled = {*above, *below}
    between = [int(n) for n in order if int(n) not in settled]
    free = max(found.top - len(above), 0)
    if len(between) <= free:
        above, between, free = [*above, *between], [], 0
    by_lot = sorted(between, key=lambda n: lot_number(seed, names[n]))
    return Line(found.top, tuple(above), tuple(between), tuple(below), free, tuple(by_lot), seed)


def lot_number(seed: str, name: str) -> str:
    """What a proposal drew, the lowest first; `printf 'SEED\\nPROPOSAL' | sha256sum` gives the same (as `ranking.lot_of`)."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest()


# ---------- odd reviews and reviewers ----------


@dataclass(frozen=True, slots=True)
class Doubts:
    """standardised (N,) residuals of the reviews in the order of `calibration.reviews`; odd (N,): beyond 2;
    wide (P,): range among the widest tenth; ranges (P,) of the calibrated scores."""

    standardised: Floats
    odd: Bools
    ranges: Floats
    wide: Bools


def doubts(calibration: Calibration) -> Doubts:
    reviews, fit = calibration.reviews, calibration.fit
    level = calibration.scores - fit.leniency[reviews.reviewer]
    residual = level - fit.quality[reviews.proposal]
    spread = np.sqrt(fit.variances.rest)
    standardised = residual / spread if spread > 0 else np.zeros_like(residual)
    most, least = np.full(reviews.proposals, -np.inf), np.full(reviews.proposals, np.inf)
    np.maximum.at(most, reviews.proposal, level)
    np.minimum.at(least, reviews.proposal, level)
    ranges = most - least
    several = np.bincount(reviews.proposal, minlength=reviews.proposals) > 1
    wide = np.zeros(reviews.proposals, dtype=bool)
    if several.any() and spread > 0:
        wide = several & (ranges > np.quantile(ranges[several], 1 - ODD_RANGE))
    return Doubts(standardised, np.abs(standardised) > ODD_REVIEW, ranges, wide)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """leniency: in the unit of the scores, above 0 is generous; low, high: its interval, None where not estimated.
    variance_ratio: own residual variance over the usual one. agreement: correlation with what the others say of the
    same proposals, None below five reviews. careless: why he is worth a look, empty if not."""

    reviews: int
    leniency: float
    low: float | None
    high: float | None
    scale: float
    variance_ratio: float | None
    agreement: float | None
    careless: str


def reviewers(
    calibration: Calibration, draws: Draws | None, found: Doubts, level: float = INTERVAL
) -> list[Reviewer]:
    """One per reviewer. Careless: residuals too wide (chi-square, one sided) or no agreement where the variances let one
    expect it (Fisher's z); or one and the same score for everybody."""
    reviews, fit = calibration.reviews, calibration.fit
    counts = np.bincount(reviews.reviewer, minlength=reviews.reviewers)
    low: Floats | None = None
    high: Floats | None = None
    if calibration.is_on and draws is not None:
        low, high = np.quantile(draws.leniency, ((1 - level) / 2, (1 + level) / 2), axis=0)
    squares = np.bincount(reviews.reviewer, found.standardised**2, minlength=reviews.reviewers)
    shared = float((found.standardised**2).mean()) or 1.0
    others = _others(calibration)
    by_reviewer = np.argsort(reviews.reviewer, kind="stable")
    ends = np.cumsum(counts)
    told = []
    chance = min(CARELESS_LEVEL, NAMED_BY_CHANCE / reviews.reviewers)
    for r in range(reviews.reviewers):
        mine = by_reviewer[ends[r] - counts[r] : ends[r]]
        ratio = float(squares[r] / counts[r] / shared) if calibration.is_sure else None
        agreement, careless = None, ""
        if calibration.is_sure and counts[r] >= FEWEST_TO_JUDGE:
            agreement, careless = _judged(calibration, mine, others[mine], float(squares[r] / shared), chance)
        told.append(Reviewer(
            int(counts[r]), float(fit.leniency[r]),
            None if low is None else float(low[r]), None if high is None else float(high[r]),
            float(calibration.scale[r]), ratio, agreement, careless,
        ))  # fmt: skip
    return told


def _others(calibration: Calibration) -> Floats:
    """(N,) mean of what the other reviewers of the proposal say, leniency taken out; NaN without one."""
    reviews = calibration.reviews
    level = calibration.scores - calibration.fit.leniency[reviews.reviewer]
    sums = np.bincount(reviews.proposal, level)[reviews.proposal] - level
    counts = np.bincount(reviews.proposal)[reviews.proposal] - 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _judged(
    calibration: Calibration, mine: Ints, others: Floats, squares: float, chance: float
) -> tuple[float | None, str]:
    own = calibration.reviews.score[mine]
    if np.ptp(own) == 0:
        return None, f"gives the same score in all {len(own)} reviews"
    if chdtrc(len(own), squares) < chance:
        wide = f"lies {np.sqrt(squares / len(own)):.1f} times as far from the others as is usual"
    else:
        wide = ""
    known = np.isfinite(others)
    if known.sum() < FEWEST_TO_JUDGE or np.ptp(others[known]) == 0 or np.ptp(own[known]) == 0:
        return None, wide
    agreement = float(np.corrcoef(own[known], others[known])[0, 1])
    variances = calibration.fit.variances
    per = len(calibration.reviews.score) / calibration.reviews.proposals - 1
    signal = variances.proposal
    expected = signal / np.sqrt((signal + variances.rest) * (signal + variances.rest / max(per, 1.0)))
    bounded = np.clip([agreement, expected], -0.999, 0.999)
    z = float(np.diff(np.arctanh(bounded))[0]) * np.sqrt(max(int(known.sum()) - 3, 1))
    if ndtr(-z) < chance:
        return agreement, wide or f"does not agree with the others (correlation {agreement:.2f})"
    return agreement, wide
