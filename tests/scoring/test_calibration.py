"""Leniency is taken out where it is there, and nothing is touched where it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from challenge.scoring.calibration import (
    Equations,
    Floats,
    Reviews,
    calibrate,
    draw_together,
    fit,
    scale_ratios,
)
from tests.scoring.simulated import world


def dense(reviews: Reviews, ratios: tuple[float, float]) -> tuple[float, Floats, Floats]:
    """Deviance, quality and leniency from the covariance matrix of all reviews, written out."""
    n, panels = len(reviews.score), reviews.panels()[0][reviews.proposal]
    z = np.eye(reviews.proposals)[reviews.proposal]
    w = np.eye(reviews.reviewers)[reviews.reviewer]
    x = np.eye(panels.max() + 1)[panels]
    v = np.eye(n) + ratios[0] * z @ z.T + ratios[1] * w @ w.T
    inverse = np.linalg.inv(v)
    middle = np.linalg.inv(x.T @ inverse @ x)
    panel = middle @ x.T @ inverse @ reviews.score
    left = reviews.score - x @ panel
    free = n - x.shape[1]
    rest = float(left @ inverse @ left) / free
    deviance = free * np.log(rest) + np.linalg.slogdet(v)[1] - np.linalg.slogdet(middle)[1]
    quality = ratios[0] * z.T @ inverse @ left + panel[reviews.panels()[0]]
    return deviance, quality, ratios[1] * w.T @ inverse @ left


@pytest.mark.parametrize("shape", [(40, 12, 3), (12, 30, 8)], ids=["more proposals", "more reviewers"])
@pytest.mark.parametrize("panels", [1, 3])
def test_the_equations_are_those_of_the_full_covariance(shape: tuple[int, int, int], panels: int) -> None:
    reviews = world(*shape, "B", 5).reviews
    if panels > 1:
        reviews = Reviews(
            reviews.proposal, reviews.reviewer, reviews.score, np.arange(reviews.proposals) % panels
        )
    found = fit(reviews, reviews.score, with_reviewers=True)
    deviance, quality, leniency = dense(reviews, found.ratios)
    assert found.deviance == pytest.approx(deviance, rel=1e-9)
    np.testing.assert_allclose(found.quality, quality, rtol=1e-7)
    np.testing.assert_allclose(found.leniency, leniency, atol=1e-7)
    for step in ((1.05, 1), (0.95, 1), (1, 1.05), (1, 0.95)):
        assert dense(reviews, (found.ratios[0] * step[0], found.ratios[1] * step[1]))[0] > deviance
    assert isinstance(found.equations, Equations)
    assert found.equations.proposals_wide == (shape[0] > shape[1])


def test_leniency_is_found_and_taken_out() -> None:
    made = world(500, 100, 4, "B", 1)
    found = calibrate(made.reviews)
    assert found.is_on
    assert not found.has_scale
    assert kendalltau(made.truth, found.estimate)[0] > kendalltau(made.truth, made.reviews.means())[0] + 0.03
    # scores are 15 times the unit of quality: 1, 0.49 and (0.49 + 0.49 / 4) times that squared
    assert found.fit.variances.proposal == pytest.approx(225, rel=0.25)
    assert found.fit.variances.reviewer == pytest.approx(110, rel=0.4)
    assert found.fit.variances.rest == pytest.approx(138, rel=0.25)


def test_where_reviewers_are_alike_nothing_is_touched() -> None:
    found = calibrate(world(500, 100, 4, "A", 1).reviews)
    gate = next(gate for gate in found.gates if gate.name == "leniency")
    assert not found.is_on
    assert not gate.is_open
    assert gate.value < gate.asked
    assert not found.fit.leniency.any()
    means = found.reviews.means()
    slope, base = np.polyfit(means, found.estimate, 1)
    assert 0.5 < slope < 1
    np.testing.assert_allclose(found.estimate, base + slope * means, atol=1e-6)


def test_the_use_of_the_scale_has_its_own_gate() -> None:
    made = world(500, 100, 4, "C", 2)
    found = calibrate(made.reviews)
    assert found.has_scale
    assert [gate.name for gate in found.gates if gate.is_open] == [
        "connected", "reviews-per-reviewer", "leniency", "scale",
    ]  # fmt: skip
    ratios, level = scale_ratios(found.reviews)
    assert level < 1e-6
    drawn = draw_together(found.reviews, ratios)
    for r in range(3):
        mine = found.reviews.reviewer == r
        assert drawn[mine].mean() == pytest.approx(found.reviews.score[mine].mean())
        assert drawn[mine].std() == pytest.approx(found.reviews.score[mine].std() / ratios[r])


def test_panels_without_a_common_reviewer() -> None:
    made = world(200, 48, 4, "E", 3).reviews
    bare = calibrate(Reviews(made.proposal, made.reviewer, made.score))
    gate = bare.gates[0]
    assert (gate.name, gate.is_open, gate.value) == ("connected", False, 3)
    assert "4 parts without a common reviewer" in gate.says
    assert not bare.is_on
    named = calibrate(made)
    assert named.is_on
    # the means of the panels stay where they are, within what leniency inside them moves
    for panel in range(4):
        inside = made.panel == panel
        assert named.estimate[inside].mean() == pytest.approx(made.means()[inside].mean(), abs=1.0)


def test_too_few_reviews_per_reviewer() -> None:
    found = calibrate(world(259, 300, 3, "B", 1).reviews)
    gate = found.gates[1]
    assert (gate.name, gate.is_open) == ("reviews-per-reviewer", False)
    assert gate.value == pytest.approx(259 * 3 / 300, abs=0.1)
    assert not found.is_on


def test_one_reviewer_alone() -> None:
    found = calibrate(Reviews(np.arange(9), np.zeros(9, dtype=np.int64), np.arange(9.0)))
    assert not found.is_sure
    assert found.gates[0].name == "second-reviews"
    assert found.estimate.tolist() == list(range(9))


def test_all_scores_alike() -> None:
    reviews = world(20, 5, 2, "A", 1).reviews
    found = calibrate(Reviews(reviews.proposal, reviews.reviewer, np.full(40, 7.3)))
    assert not found.is_sure
    assert set(found.estimate.round(12)) == {7.3}
    assert found.gates[0].says == "All reviews give the same score, so there is nothing to tell apart."


def test_a_reviewer_with_one_review_is_hardly_believed() -> None:
    made = world(60, 10, 3, "B", 4).reviews
    r = np.append(made.reviewer, made.reviewers)
    found = calibrate(Reviews(np.append(made.proposal, 0), r, np.append(made.score, 10.0)))
    assert found.is_on
    assert -45 < found.fit.leniency[-1] < 0


@pytest.mark.parametrize(
    ("p", "r", "y", "says"),
    [
        ([], [], [], "there is no review"),
        ([0], [0], [float("nan")], "a score is no finite number"),
        ([0, 0], [0, 0], [1, 2], "a reviewer has two reviews of one proposal"),
        ([0, 2], [0, 0], [1, 2], "a proposal has no review"),
        ([0, 1], [0, 2], [1, 2], "a reviewer has no review"),
        ([0], [0, 1], [1.0], "different lengths"),
    ],
)
def test_what_is_no_set_of_reviews(p: list[int], r: list[int], y: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Reviews(np.array(p, dtype=np.int64), np.array(r, dtype=np.int64), np.array(y, dtype=np.float64))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("ABC"))
def test_the_order_of_the_reviews_changes_no_digit(seed: int, regime: str) -> None:
    made = world(40, 10, 3, regime, seed).reviews
    mixed = np.random.default_rng(seed).permutation(len(made.score))
    one, other = (
        calibrate(made),
        calibrate(Reviews(made.proposal[mixed], made.reviewer[mixed], made.score[mixed])),
    )
    np.testing.assert_array_equal(one.estimate, other.estimate)
    np.testing.assert_array_equal(one.fit.leniency, other.fit.leniency)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-500, 500))
def test_another_unit_of_the_scores_is_another_unit_of_the_estimates(
    seed: int, times: float, plus: float
) -> None:
    made = world(40, 10, 4, "B", seed).reviews
    one = calibrate(made)
    other = calibrate(Reviews(made.proposal, made.reviewer, made.score * times + plus))
    assert one.is_on == other.is_on
    np.testing.assert_allclose(other.estimate, one.estimate * times + plus, atol=0.02 * times)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-20, 20))
def test_a_reviewer_who_finds_everything_average_changes_no_order(seed: int, above: float) -> None:
    """Everybody reviews everything, so one more who says the same of all moves all estimates alike."""
    rng = np.random.default_rng(seed)
    p, r = (grid.ravel() for grid in np.meshgrid(np.arange(12), np.arange(7), indexing="ij"))
    score = rng.normal(50, 10, 12)[p] + rng.normal(0, 7, 7)[r] + rng.normal(0, 5, 84)
    one = calibrate(Reviews(p, r, score))
    other = calibrate(Reviews(
        np.append(p, np.arange(12)), np.append(r, np.full(12, 7)), np.append(score, np.full(12, score.mean() + above))
    ))  # fmt: skip
    if not (one.has_scale or other.has_scale):
        np.testing.assert_array_equal(np.argsort(one.estimate), np.argsort(other.estimate))
