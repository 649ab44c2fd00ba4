"""Reviews of proposals whose true quality is known, under five kinds of reviewers.

A: reviewers alike. B: a strictness of their own (standard deviation 0.7 of that of quality). C: and a use of the scale
of their own (0.35 on the logarithm). D: and a bent scale. E: as B, in thematic panels that differ in quality.
"""

from dataclasses import dataclass

import numpy as np

from challenge.scoring.calibration import Floats, Ints, Reviews

REGIMES = ("A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class World:
    truth: Floats
    reviews: Reviews


def world(proposals: int, reviewers: int, each: int, regime: str, seed: int, *, criteria: int = 4) -> World:
    """Scores from 1 to 10 on `criteria` criteria, joined to 10 to 100; a review has an error of its own beside that of
    each score. In E the theme is given as the panel."""
    rng = np.random.default_rng((seed, REGIMES.index(regime)))
    truth = rng.normal(size=proposals)
    theme, home = np.zeros(0, dtype=np.int64), np.zeros(reviewers, dtype=np.int64)
    if regime == "E":
        themes = max(2, reviewers // 12)
        theme, home = rng.integers(0, themes, proposals), np.arange(reviewers) % themes
        truth = truth * np.sqrt(0.75) + rng.normal(size=themes)[theme] * 0.5
    who = _spread(rng, proposals, reviewers, each, theme, home)
    p, r = np.repeat(np.arange(proposals), each), who.ravel()
    lenient = rng.normal(size=reviewers) * (0 if regime == "A" else 0.7)
    wide = np.exp(rng.normal(size=reviewers) * (0.35 if regime in "CD" else 0))
    seen = truth[p] + rng.normal(size=len(p)) * 0.7
    scores = lenient[r, None] + wide[r, None] * (seen[:, None] + rng.normal(size=(len(p), criteria)) * 0.7)
    if regime == "D":
        bend = np.exp(rng.normal(size=reviewers) * 0.3)
        scores = 10 * (1 / (1 + np.exp(-scores))) ** bend[r, None]
    else:
        scores = 5.5 + 1.5 * scores
    marks = np.clip(np.round(scores), 1, 10).mean(axis=1) * 10
    _used, r = np.unique(r, return_inverse=True)
    return World(truth, Reviews(p, r.astype(np.int64), marks, theme))


def _spread(
    rng: np.random.Generator, proposals: int, reviewers: int, each: int, theme: Ints, home: Ints
) -> Ints:
    """(P, each) reviewers, as evenly loaded as chance allows, of the theme where there is one."""
    load, who = np.zeros(reviewers), np.empty((proposals, each), dtype=np.int64)
    for p in rng.permutation(proposals):
        cost = load + rng.random(reviewers) * 0.9
        if len(theme):
            cost = cost + np.where(home == theme[p], 0.0, 1e6)
        who[p] = np.argpartition(cost, each)[:each]
        load[who[p]] += 1
    return who
