"""Draws are those of the posterior; intervals cover as often as they say; flags find who was made careless."""

import hashlib

import numpy as np
import pytest
from scipy.stats import rankdata

from challenge.scoring import uncertainty
from challenge.scoring.calibration import Reviews, calibrate
from tests.scoring.simulated import world


@pytest.mark.parametrize("shape", [(30, 10, 4), (10, 24, 12)], ids=["more proposals", "more reviewers"])
def test_draws_have_mean_and_covariance_of_the_posterior(shape: tuple[int, int, int]) -> None:
    found = calibrate(world(*shape, "B", 3).reviews)
    assert found.is_on
    reviews, fit = found.reviews, found.fit
    z = np.eye(reviews.proposals)[reviews.proposal]
    w = np.eye(reviews.reviewers)[reviews.reviewer]
    design = np.hstack([z, w, np.ones((len(z), 1))])
    prior = np.concatenate([
        np.full(reviews.proposals, 1 / fit.variances.proposal), np.full(reviews.reviewers, 1 / fit.variances.reviewer),
        [0.0],
    ])  # fmt: skip
    joint = np.linalg.inv(design.T @ design / fit.variances.rest + np.diag(prior))
    to_quality = np.hstack(
        [
            np.eye(reviews.proposals),
            np.zeros((reviews.proposals, reviews.reviewers)),
            np.ones((reviews.proposals, 1)),
        ]
    )
    covariance = to_quality @ joint @ to_quality.T
    drawn = uncertainty.draw(found, seed=1, count=40_000)
    size = covariance.diagonal().max()
    np.testing.assert_allclose(drawn.quality.mean(axis=0), fit.quality, atol=0.03 * np.sqrt(size))
    np.testing.assert_allclose(np.cov(drawn.quality.T), covariance, atol=0.04 * size)
    own = joint.diagonal()[reviews.proposals : reviews.proposals + reviews.reviewers]
    np.testing.assert_allclose(drawn.leniency.var(axis=0), own, rtol=0.05)


def test_the_same_seed_gives_the_same_draws() -> None:
    found = calibrate(world(20, 8, 4, "B", 1).reviews)
    one, same, other = (uncertainty.draw(found, seed=seed, count=600) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.quality, same.quality)
    assert (one.quality != other.quality).all()


@pytest.mark.parametrize("regime", ["A", "B", "C", "D", "E"])
def test_nine_in_ten_intervals_hold_the_true_place(regime: str) -> None:
    inside = []
    for seed in range(6):
        made = world(150, 36, 4, regime, seed)
        found = calibrate(made.reviews)
        places = uncertainty.places(uncertainty.draw(found, seed=1, count=600).quality, 15)
        truth = rankdata(-made.truth)
        inside.append(((places.low <= truth) & (truth <= places.high)).mean())
        assert places.p_top.sum() == pytest.approx(15)
        assert places.p_first.sum() == pytest.approx(1)
        assert places.expected.mean() == pytest.approx(75.5)
    assert 0.86 <= np.mean(inside) <= 0.94


def test_nothing_to_draw_from() -> None:
    found = calibrate(Reviews(np.arange(3), np.zeros(3, dtype=np.int64), np.arange(3.0)))
    with pytest.raises(ValueError, match="nothing to draw from"):
        uncertainty.draw(found, seed=1)
    places = uncertainty.unknown_places(3, 1)
    assert (places.low.tolist(), places.high.tolist()) == ([1, 1, 1], [3, 3, 3])
    assert places.p_top.tolist() == pytest.approx([1 / 3] * 3)


def test_places_of_draws_worked_out_by_hand() -> None:
    quality = np.array([[3.0, 2, 1], [3, 1, 2], [2, 3, 1], [3, 2, 1]])
    places = uncertainty.places(quality, 2, level=0.5)
    assert places.expected.tolist() == [1.25, 2.0, 2.75]
    assert places.p_top.tolist() == [1, 0.75, 0.25]
    assert places.p_first.tolist() == [0.75, 0.25, 0]
    assert (places.low.tolist(), places.high.tolist()) == ([1, 2, 3], [1, 2, 3])
    assert uncertainty.separable(quality, [0, 1, 2]).tolist() == [0.75, 0.75]


def line_of(low: list[int], high: list[int], top: int, seed: str = "s") -> uncertainty.Line:
    middle = (np.array(low) + np.array(high)) / 2
    nothing = np.zeros(len(low))
    places = uncertainty.Places(middle, np.array(low), np.array(high), nothing, nothing, top, 0.9)
    return uncertainty.line(places, [f"P{n}" for n in range(len(low))], seed)


def test_the_group_at_the_line_and_its_lot() -> None:
    line = line_of([1, 2, 2, 3, 5], [1, 4, 5, 5, 5], top=3)
    assert (line.above, line.between, line.below) == ((0,), (1, 2, 3), (4,))
    assert line.places == 2
    drawn = {n: hashlib.sha256(f"s\nP{n}".encode()).hexdigest() for n in (1, 2, 3)}
    assert list(line.lot) == sorted(drawn, key=drawn.__getitem__)
    assert {line_of([1, 2, 2, 3, 5], [1, 4, 5, 5, 5], 3, seed).lot for seed in "abcdefgh"} != {line.lot}


def test_no_lot_where_all_fit() -> None:
    line = line_of([1, 1, 3], [2, 2, 3], top=3)
    assert (line.above, line.between, line.places) == ((0, 1, 2), (), 0)
    assert line_of([1, 1], [2, 2], top=5).above == (0, 1)


def test_more_sure_ones_than_places() -> None:
    line = line_of([1, 1, 1], [1, 1, 1], top=2)
    assert len(line.above) == 2
    assert line.places == 0
    assert line.between == (2,)


def test_careless_reviewers_are_named_and_few_others() -> None:
    made = world(200, 40, 4, "B", 5).reviews
    score = made.score.copy()
    rng = np.random.default_rng(1)
    score[made.reviewer == 3] = rng.permutation(score[made.reviewer == 3])
    score[made.reviewer == 4] = 70.0
    found = calibrate(Reviews(made.proposal, made.reviewer, score))
    told = uncertainty.reviewers(found, uncertainty.draw(found, seed=1, count=500), uncertainty.doubts(found))
    assert told[3].careless
    assert told[4].careless == f"gives the same score in all {told[4].reviews} reviews"
    assert sum(bool(one.careless) for one in told) <= 4
    assert all(one.low is not None and one.low < one.leniency < (one.high or 0) for one in told)


def test_reviews_far_from_what_is_expected() -> None:
    made = world(100, 20, 4, "B", 6).reviews
    score = made.score.copy()
    score[17] = 100.0 if score[17] < 50 else 10.0
    found = calibrate(Reviews(made.proposal, made.reviewer, score))
    doubts = uncertainty.doubts(found)
    changed = np.flatnonzero(
        (found.reviews.proposal == made.proposal[17]) & (found.reviews.reviewer == made.reviewer[17])
    )
    assert doubts.odd[changed].all()
    assert doubts.odd.mean() < 0.1
    assert doubts.wide[made.proposal[17]]
    assert doubts.wide.sum() <= 10
