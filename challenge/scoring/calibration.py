"""What reviewers agree on, with the strictness of each taken out. Pure arrays; knows no rubric and no file.

Model: `score = panel + quality + leniency + rest`, where quality (P,), leniency (R,) and rest (N,) are normal with
a variance each. The variances come by restricted maximum likelihood (Patterson & Thompson, Biometrika 1971), the
effects as best linear unbiased predictions from Henderson's mixed-model equations (Henderson, Biometrics 1975;
Robinson, Statistical Science 1991). A panel keeps its own mean: in thematic panels strict reviewers and a weak theme
look the same, so the difference between panels stays as the scores show it.

Some reviewers use more of the scale than others. Their scores are drawn together around their own mean by the ratio of
standard deviations, itself shrunk (empirical Bayes on its logarithm, DerSimonian & Laird, Controlled Clinical Trials
1986), so that few reviews change little.

Of the two sides, the larger one has a diagonal block in the equations and is eliminated; what is left is a dense
matrix of the smaller side, factorised once per trial of the variances. Time: O(trials x min(P, R)^3).

Nothing is corrected that the data do not show: `Gate` says what was asked, what was found, and what follows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse
from scipy.special import chdtrc, digamma, polygamma

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Say = Callable[[str], None]

# What the data must show before a score is corrected.
FEWEST_PER_REVIEWER = 5.0
LEAST_GAIN = 2.7
FEWEST_FOR_SCALE = 3
SCALE_LEVEL = 0.05
# Variances as multiples of the variance of the rest, between these; the lower one stands for none.
NONE_LEFT, ALL_OF_IT = 1e-6, 1e6


@dataclass(frozen=True, slots=True)
class Reviews:
    """N reviews side by side: proposal (N,), reviewer (N,), score (N,) in any unit; panel (P,) per proposal.

    Proposals and reviewers are numbered from 0 and each has a review; a pair stands once. Raises ValueError otherwise.
    """

    proposal: Ints
    reviewer: Ints
    score: Floats
    panel: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if not len(self.proposal) == len(self.reviewer) == len(self.score):
            raise ValueError("proposal, reviewer and score have different lengths")
        if not len(self.score):
            raise ValueError("there is no review")
        if not np.isfinite(self.score).all():
            raise ValueError("a score is no finite number")
        for name in ("proposal", "reviewer"):
            numbers = getattr(self, name)
            if numbers.min() < 0 or not np.bincount(numbers).all():
                raise ValueError(f"a {name} has no review")
        if len(np.unique(self.proposal * (int(self.reviewer.max()) + 1) + self.reviewer)) != len(self.score):
            raise ValueError("a reviewer has two reviews of one proposal")
        if len(self.panel) not in (0, self.proposals):
            raise ValueError("panel must have one number per proposal")

    @property
    def proposals(self) -> int:
        return int(self.proposal.max()) + 1

    @property
    def reviewers(self) -> int:
        return int(self.reviewer.max()) + 1

    def panels(self) -> tuple[Ints, int]:
        """The panel of every proposal, numbered without gaps, and how many there are."""
        if not len(self.panel):
            return np.zeros(self.proposals, dtype=np.int64), 1
        names, numbers = np.unique(self.panel, return_inverse=True)
        return numbers.astype(np.int64), len(names)

    def means(self) -> Floats:
        """(P,) plain means."""
        return _means(self.score, self.proposal, self.proposals)


@dataclass(frozen=True, slots=True)
class Gate:
    """One question to the data. `value` is what was found, `asked` what is needed for a yes."""

    name: str
    is_open: bool
    value: float
    asked: float
    says: str


@dataclass(frozen=True, slots=True)
class Variances:
    """In squared units of the score. `reviewer` is 0 where leniency is not in the model."""

    proposal: float
    reviewer: float
    rest: float

    @property
    def reliability(self) -> float:
        """The share of quality in the variance of one review."""
        whole = self.proposal + self.reviewer + self.rest
        return self.proposal / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """The solved equations, enough to draw from the joint posterior given the variances.

    quality (P,) = panel mean + proposal effect; leniency (R,) around 0. `lower` is the Cholesky factor (M + K, M + K)
    of the smaller side and the panels, in units of the variance of the rest.
    """

    quality: Floats
    leniency: Floats
    variances: Variances
    deviance: float
    lower: Floats = field(repr=False)
    equations: "Equations" = field(repr=False)
    ratios: tuple[float, float] = field(repr=False, default=(0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Calibration:
    """is_on: whether leniency was taken out. is_sure: whether variances could be told apart at all; when not,
    there is nothing to say about uncertainty. scores (N,) after the scale of the reviewers; scale (R,) the ratios."""

    reviews: Reviews
    fit: Fit
    gates: tuple[Gate, ...]
    is_on: bool
    has_scale: bool
    is_sure: bool
    scores: Floats
    scale: Floats

    @property
    def estimate(self) -> Floats:
        """(P,) in the unit of the scores."""
        return self.fit.quality


def calibrate(reviews: Reviews, *, with_leniency: bool = True, say: Say = lambda words: None) -> Calibration:
    """Estimates with leniency and scale taken out where the data show them, and the reasons where not.

    with_leniency: False leaves all scores as they are and only tells quality and rest apart.
    """
    reviews = _in_order(reviews)
    plain = reviews.score
    unscaled = np.ones(reviews.reviewers)
    panels, _count = reviews.panels()
    spare = len(plain) - reviews.proposals
    if spare < 1 or _is_flat(plain):
        return _unsure(reviews, spare)
    gates = [_connected(reviews, panels), _often(reviews)]
    without = fit(reviews, plain, with_reviewers=False)
    if not with_leniency:
        gates = []
    if not with_leniency or not all(gate.is_open for gate in gates):
        return Calibration(reviews, without, tuple(gates), False, False, True, plain, unscaled)
    found = fit(reviews, plain, with_reviewers=True, say=say)
    gain = max(without.deviance - found.deviance, 0.0)
    differ = gain >= LEAST_GAIN
    gates.append(Gate(
        "leniency", differ, gain, LEAST_GAIN,
        "Reviewers differ in strictness." if differ else
        "Nothing shows that reviewers differ in strictness, so no score is corrected for it.",
    ))  # fmt: skip
    if not differ:
        return Calibration(reviews, without, tuple(gates), False, False, True, plain, unscaled)
    ratios, level = scale_ratios(reviews)
    drawn = draw_together(reviews, ratios)
    scaled = (
        fit(reviews, drawn, with_reviewers=True, start=found.ratios, say=say)
        if level < SCALE_LEVEL
        else found
    )
    gate = _scaled(level, found, scaled, ratios, np.bincount(reviews.reviewer))
    gates.append(gate)
    if not gate.is_open:
        return Calibration(reviews, found, tuple(gates), True, False, True, plain, unscaled)
    return Calibration(reviews, scaled, tuple(gates), True, True, True, drawn, ratios)


def _in_order(reviews: Reviews) -> Reviews:
    """Sorted by proposal and reviewer, so that the order of the input changes no digit."""
    order = np.lexsort((reviews.reviewer, reviews.proposal))
    return Reviews(
        np.asarray(reviews.proposal, dtype=np.int64)[order],
        np.asarray(reviews.reviewer, dtype=np.int64)[order],
        np.asarray(reviews.score, dtype=np.float64)[order],
        np.asarray(reviews.panel, dtype=np.int64),
    )


def _is_flat(score: Floats) -> bool:
    return bool(np.ptp(score) <= 1e-9 * max(1.0, float(np.abs(score).max())))


def _unsure(reviews: Reviews, spare: int) -> Calibration:
    says = "All reviews give the same score, so there is nothing to tell apart."
    if spare < 1:
        says = (
            "No proposal has a second review, so nothing says how far reviews of one proposal lie apart: "
            "the estimate is the score as it was given, and no interval can be computed."
        )
    gate = Gate("second-reviews", False, float(max(spare, 0)), 1.0, says)
    means = reviews.means()
    variances = Variances(float(np.var(means)), 0.0, 0.0)
    bare = Fit(
        means,
        np.zeros(reviews.reviewers),
        variances,
        0.0,
        np.zeros((0, 0)),
        Equations(reviews, reviews.score, False),
    )
    return Calibration(reviews, bare, (gate,), False, False, False, reviews.score, np.ones(reviews.reviewers))


# ---------- what the data must show ----------


def _connected(reviews: Reviews, panels: Ints) -> Gate:
    """Within every panel a chain of common reviews leads from each proposal to each other one."""
    nodes = reviews.proposals + reviews.reviewers
    graph = sparse.coo_matrix(
        (np.ones(len(reviews.score)), (reviews.proposal, reviews.proposals + reviews.reviewer)),
        shape=(nodes, nodes),
    )
    _count, part = sparse.csgraph.connected_components(graph, directed=False)
    pieces = len(np.unique(np.stack([panels, part[: reviews.proposals]]), axis=1).T)
    over = pieces - len(np.unique(panels))
    says = "The reviews hang together."
    if over:
        says = (
            f"The reviews fall into {pieces} parts without a common reviewer, so strict reviewers and weak proposals "
            "cannot be told apart between them. Name the panels in the column panel, or have some proposals "
            "reviewed across the parts."
        )
    return Gate("connected", not over, float(over), 0.0, says)


def _often(reviews: Reviews) -> Gate:
    mean = len(reviews.score) / reviews.reviewers
    is_open = mean >= FEWEST_PER_REVIEWER and reviews.reviewers > 1
    says = f"{mean:.1f} reviews per reviewer."
    if not is_open:
        says = (
            "One reviewer alone: there is nobody to compare with."
            if reviews.reviewers == 1
            else f"{mean:.1f} reviews per reviewer are too few to know how strict each one is; "
            f"{FEWEST_PER_REVIEWER:g} are needed."
        )
    return Gate("reviews-per-reviewer", is_open, mean, FEWEST_PER_REVIEWER, says)


def _scaled(level: float, before: Fit, after: Fit, ratios: Floats, counts: Ints) -> Gate:
    """The likelihood of the drawn-together scores is that of the scores as given once the stretch is counted."""
    stretch = 2 * float(((counts - 1) * np.log(ratios)).sum())
    gain = before.deviance - (after.deviance + stretch) if after is not before else 0.0
    is_open = level < SCALE_LEVEL and gain >= LEAST_GAIN
    says = "Reviewers differ in how much of the scale they use."
    if not is_open:
        says = "Nothing shows that reviewers use more or less of the scale, so their scores keep their distances."
    return Gate("scale", is_open, max(gain, 0.0), LEAST_GAIN, says)


def scale_ratios(reviews: Reviews) -> tuple[Floats, float]:
    """(R,) how widely each reviewer's scores spread, as a ratio to the usual one, shrunk; and the level of the test
    that all are alike. The logarithm of a standard deviation of n normal values has mean and variance by the digamma
    and trigamma functions of (n - 1) / 2."""
    counts = np.bincount(reviews.reviewer)
    own = reviews.score - _means(reviews.score, reviews.reviewer, reviews.reviewers)[reviews.reviewer]
    squares = np.bincount(reviews.reviewer, own**2)
    can = (counts >= FEWEST_FOR_SCALE) & (squares > 0)
    ratios = np.ones(reviews.reviewers)
    if can.sum() < 3:
        return ratios, 1.0
    half = (counts[can] - 1) / 2
    logs = 0.5 * (np.log(squares[can] / 2) - digamma(half))
    noise = polygamma(1, half) / 4
    weights = 1 / noise
    middle = float((weights * logs).sum() / weights.sum())
    heterogeneity = float((weights * (logs - middle) ** 2).sum())
    free = len(logs) - 1
    between = max(0.0, (heterogeneity - free) / float(weights.sum() - (weights**2).sum() / weights.sum()))
    centre = float((logs / (noise + between)).sum() / (1 / (noise + between)).sum())
    ratios[can] = np.exp(between / (between + noise) * (logs - centre))
    return ratios, float(chdtrc(free, heterogeneity))


def draw_together(reviews: Reviews, ratios: Floats) -> Floats:
    """(N,) scores with each reviewer's distances from the own mean divided by the ratio; the means stay."""
    own = _means(reviews.score, reviews.reviewer, reviews.reviewers)[reviews.reviewer]
    return np.asarray(own + (reviews.score - own) / ratios[reviews.reviewer])


def _means(values: Floats, groups: Ints, count: int) -> Floats:
    return np.asarray(
        np.bincount(groups, values, minlength=count) / np.bincount(groups, minlength=count), dtype=np.float64
    )


# ---------- the equations ----------


class Equations:
    """Henderson's equations with the larger side eliminated. Units: the scores, centred; variances as ratios to the rest.

    W: the eliminated side. M: the other one, 0 without leniency. K: panels. F (W, M + K) counts reviews.
    """

    def __init__(self, reviews: Reviews, score: Floats, with_reviewers: bool) -> None:
        panels, self.k = reviews.panels()
        p, r = reviews.proposals, reviews.reviewers
        self.proposals_wide = not with_reviewers or p >= r
        self.with_reviewers = with_reviewers
        wide, other = reviews.proposal, reviews.reviewer
        self.w, self.m, self.r = p, r, r
        if not self.proposals_wide:
            wide, other, self.w, self.m = other, wide, r, p
        if not with_reviewers:
            self.m = 0
        n = len(score)
        self.n = n
        self.middle = float(score.mean())
        y = score - self.middle
        ones, rows = np.ones(n), np.arange(n)
        right = [sparse.csr_matrix((ones, (rows, panels[reviews.proposal])), shape=(n, self.k))]
        if self.m:
            right.insert(0, sparse.csr_matrix((ones, (rows, other)), shape=(n, self.m)))
        z = sparse.hstack(right, format="csr")
        left = sparse.csr_matrix((ones, (rows, wide)), shape=(n, self.w))
        self.f: Any = (left.T @ z).tocsr()
        self.ft: Any = self.f.T.tocsr()
        self.gram = (z.T @ z).toarray()
        self.count = np.bincount(wide, minlength=self.w).astype(np.float64)
        self.wide_sum = np.bincount(wide, y, minlength=self.w)
        self.rest_sum = np.asarray(z.T @ y)
        self.square = float(y @ y)
        self.panel = panels

    def diagonal(self, wide_ratio: float) -> Floats:
        return self.count + 1 / wide_ratio

    def factor(self, wide_ratio: float, other_ratio: float) -> tuple[Floats, Floats, Floats]:
        """Cholesky factor of the Schur complement, the diagonal, and the solved right-hand side."""
        diagonal = self.diagonal(wide_ratio)
        schur = self.gram - (self.ft.multiply(1 / diagonal) @ self.f).toarray()
        if self.m:
            schur[np.arange(self.m), np.arange(self.m)] += 1 / other_ratio
        lower: Floats = linalg.cholesky(schur, lower=True, overwrite_a=True, check_finite=False)
        half = linalg.solve_triangular(
            lower, self.rest_sum - self.ft @ (self.wide_sum / diagonal), lower=True, check_finite=False
        )
        return lower, diagonal, half

    def deviance(self, wide_ratio: float, other_ratio: float) -> tuple[float, float]:
        """Minus twice the restricted log-likelihood at these ratios, without its constant; and the variance of the rest."""
        lower, diagonal, half = self.factor(wide_ratio, other_ratio)
        free = self.n - self.k
        left = self.square - float((self.wide_sum**2 / diagonal).sum()) - float(half @ half)
        rest = max(left, 1e-12 * self.square) / free
        logs = float(np.log(diagonal).sum()) + 2 * float(np.log(np.diagonal(lower)).sum())
        logs += self.w * np.log(wide_ratio) + self.m * (np.log(other_ratio) if self.m else 0.0)
        return float(free * np.log(rest) + logs), rest


def fit(
    reviews: Reviews,
    score: Floats,
    *,
    with_reviewers: bool,
    start: tuple[float, float] = (1.0, 0.3),
    say: Say = lambda words: None,
) -> Fit:
    """REML on the logarithms of the two ratios. `start`, `ratios`: (proposal, reviewer) to rest."""
    equations = Equations(reviews, score, with_reviewers)
    floor, ceiling = np.log(NONE_LEFT), np.log(ALL_OF_IT)
    if not with_reviewers:
        best = optimize.minimize_scalar(
            lambda x: equations.deviance(float(np.exp(x)), 1.0)[0],
            bounds=(floor, ceiling), method="bounded", options={"xatol": 1e-4},
        )  # fmt: skip
        return _solved(equations, (float(np.exp(best.x)), 0.0))

    trials = 0

    def deviance(x: Floats) -> float:
        nonlocal trials
        trials += 1
        say(f"finding the variances, trial {trials}")
        proposal, reviewer = np.exp(x)
        pair = (proposal, reviewer) if equations.proposals_wide else (reviewer, proposal)
        return equations.deviance(*pair)[0]

    found = optimize.minimize(
        deviance, np.clip(np.log(start), floor, ceiling), method="L-BFGS-B",
        bounds=[(floor, ceiling)] * 2, options={"eps": 1e-4, "ftol": 1e-9, "gtol": 1e-2},
    )  # fmt: skip
    proposal, reviewer = np.exp(found.x)
    return _solved(equations, (float(proposal), float(reviewer)))


def _solved(equations: Equations, ratios: tuple[float, float]) -> Fit:
    wide, other = ratios if equations.proposals_wide else ratios[::-1]
    deviance, rest = equations.deviance(wide, other)
    lower, diagonal, half = equations.factor(wide, other)
    right = linalg.solve_triangular(lower, half, lower=True, trans=1, check_finite=False)
    left = (equations.wide_sum - equations.f @ right) / diagonal
    quality, leniency = split(equations, left, right)
    variances = Variances(ratios[0] * rest, ratios[1] * rest, rest)
    return Fit(quality, leniency, variances, deviance, lower, equations, ratios)


def split(equations: Equations, left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Effects of the eliminated side (W, ...) and of the rest (M + K, ...) as quality (P, ...) and leniency (R, ...)."""
    other, panel = right[: equations.m], right[equations.m :]
    effect, leniency = (left, other) if equations.proposals_wide else (other, left)
    if not equations.with_reviewers:
        leniency = np.zeros((equations.r, *left.shape[1:]))
    return effect + panel[equations.panel] + equations.middle, leniency
