"""Weights: closed forms of Gaussian against Gaussian.

Target exp(-x^2 / 2), so log Z = log(2 pi) / 2; proposal N(0, s^2). With a = 1 / s^2,
E[w^2] / E[w]^2 = s^2 / sqrt(2 s^2 - 1) for s^2 > 1/2, and the tail of w has shape k = 1 - s^2
(k < 0: bounded weights, for s > 1).
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boltzmann_tf import estimators as est

LOG_Z = 0.5 * math.log(2 * math.pi)
# two-sided normal quantile of 1e-6: a test that allows this many errors fails falsely at < 1e-6
Z6 = 4.9

finite_weights = st.lists(st.floats(-50, 50), min_size=2, max_size=60).map(np.array)


def gaussian_weights(s, n, seed):
    """Log-weights of N(0, s^2) against exp(-x^2 / 2), and the samples."""
    x = s * np.random.default_rng(seed).normal(size=n)
    return -0.5 * x**2 + 0.5 * (x / s) ** 2 + math.log(s) + LOG_Z, x


@pytest.mark.parametrize("s", [0.95, 1.0, 1.5, 3.0])
def test_ess_fraction_of_gaussians_is_the_closed_form(s):
    n = 400_000
    log_weights, _ = gaussian_weights(s, n, 1)
    exact = math.sqrt(2 * s**2 - 1) / s**2
    # relative spread over 40 seeds at most 0.16 %: 2 % is over 10 of them
    assert est.ess_fraction(log_weights) == pytest.approx(exact, rel=0.02)


def test_ess_of_unequal_weights_is_not_that_of_plain_counts():
    # the planted error: forgetting the weights gives n
    log_weights, _ = gaussian_weights(3.0, 1000, 1)
    assert est.effective_sample_size(log_weights) < 600 < est.effective_sample_size(np.zeros(1000))


@pytest.mark.parametrize("s", [0.9, 1.0, 1.3, 2.5])
def test_log_z_of_gaussians(s):
    log_weights, _ = gaussian_weights(s, 50_000, 2)
    found = est.log_z(log_weights)
    # false alarm < 1e-6 by the normal quantile; 1e-9 for the exact proposal
    assert abs(found.value - LOG_Z) <= Z6 * found.standard_error + 1e-9


def test_log_z_finds_a_wrong_constant():
    # the planted error: a proposal density that lost its log(s), here 2 % of Z
    log_weights, _ = gaussian_weights(1.3, 50_000, 2)
    found = est.log_z(log_weights + 0.02)
    assert abs(found.value - LOG_Z) > Z6 * found.standard_error


def z_scores(n, scale=1.0):
    scores = []
    for seed in range(400):
        found = est.log_z(gaussian_weights(2.0, n, seed)[0])
        scores.append((found.value - LOG_Z) / (scale * found.standard_error))
    return np.std(scores)


def test_log_z_error_is_honest():
    # SD of 400 z-scores is 1 +- 0.036; 0.8..1.2 is over 5.5 sigma
    assert 0.8 < z_scores(500) < 1.2


def test_log_z_error_without_its_square_root_of_two_is_not():
    assert z_scores(500, scale=math.sqrt(0.5)) > 1.2


def test_bounds_enclose_log_z_by_the_two_divergences():
    s, n = 1.5, 100_000
    log_weights, _ = gaussian_weights(s, n, 3)
    y = np.random.default_rng(4).normal(size=n)
    reference = -0.5 * y**2 + 0.5 * (y / s) ** 2 + math.log(s) + LOG_Z
    lower, upper = est.log_z_bounds(log_weights, reference)
    reverse_kl = 0.5 * (s**2 - 1) - math.log(s)
    forward_kl = 0.5 * (1 / s**2 - 1) + math.log(s)
    assert abs(lower.value - (LOG_Z - reverse_kl)) < Z6 * lower.standard_error
    assert abs(upper.value - (LOG_Z + forward_kl)) < Z6 * upper.standard_error
    assert lower.value < LOG_Z < upper.value
    assert est.log_z_bounds(log_weights).upper is None


def test_only_the_upper_bound_sees_a_lost_mode():
    # target: two equal far modes; generator: exactly one of them. log w = log 2 where q > 0 ...
    log_weights = np.zeros(1000)
    # ... and at samples of the target half lie where q is e^-50 of its size
    reference = np.tile([0.0, 50.0], 500)
    report = est.weight_report(log_weights, reference_log_weights=reference)
    assert report.ess_fraction == pytest.approx(1.0)
    assert report.log_z.value == pytest.approx(0.0, abs=1e-12)
    assert report.upper.value > 20


@pytest.mark.parametrize("s", [0.4, 0.3])
def test_pareto_k_is_bad_for_a_narrow_proposal(s):
    # shape 1 - s^2 = 0.84 and 0.91, infinite variance; the fit gives 0.78 +- 0.05 over 25 seeds
    # for the first (the law is reached slowly), so 0.5 is 5.6 spreads away
    assert est.pareto_k(gaussian_weights(s, 200_000, 5)[0]) > 0.5


def test_pareto_k_is_negative_for_a_wide_proposal():
    assert est.pareto_k(gaussian_weights(2.0, 20_000, 5)[0]) < 0.1


def test_pareto_k_of_a_pareto_law():
    # w = U^-k is Pareto with shape k; k-hat is 0.79 +- 0.047 over 25 seeds, 0.25 is 5.3 spreads
    log_weights = 0.8 * np.random.default_rng(6).exponential(size=200_000)
    assert est.pareto_k(log_weights) == pytest.approx(0.8, abs=0.25)
    # the planted error: log-likelihoods taken for log-weights, as arviz_stats does, is a sign
    assert est.pareto_k(-log_weights) < 0


def test_pareto_k_of_edge_cases():
    assert est.pareto_k(np.full(100, 3.0)) == -math.inf
    assert math.isnan(est.pareto_k(np.zeros(24)))
    some_zero = np.random.default_rng(7).normal(size=2000)
    some_zero[::2] = -np.inf
    assert math.isfinite(est.pareto_k(some_zero))


@settings(max_examples=60, deadline=None)
@given(finite_weights, st.floats(-1e3, 1e3))
def test_a_shift_of_the_log_weights_shifts_log_z_alone(log_weights, shift):
    moved = log_weights + shift
    assert est.effective_sample_size(moved) == pytest.approx(
        est.effective_sample_size(log_weights), rel=1e-9
    )
    assert est.log_z(moved).value - shift == pytest.approx(est.log_z(log_weights).value, abs=1e-9)
    np.testing.assert_allclose(
        est.normalized_weights(moved), est.normalized_weights(log_weights), rtol=1e-9, atol=1e-300
    )


@settings(max_examples=60, deadline=None)
@given(finite_weights, st.integers(0, 1000))
def test_order_does_not_matter_and_limits_hold(log_weights, seed):
    mixed = np.random.default_rng(seed).permutation(log_weights)
    ess = est.effective_sample_size(log_weights)
    assert est.effective_sample_size(mixed) == pytest.approx(ess, rel=1e-12)
    assert 1 <= ess <= log_weights.size
    # Jensen: the lower bound is below the estimate for the same samples
    assert est.log_z_bounds(log_weights).lower.value <= est.log_z(log_weights).value + 1e-9


def test_effective_size_of_equal_weights_is_never_above_their_number():
    for n in range(1, 3000):
        assert est.effective_sample_size(np.full(n, 0.1)) <= n
        assert est.ess_fraction(np.full(n, 0.1)) <= 1
    # the planted error: 1 / sum of squares alone
    shares = [est.normalized_weights(np.zeros(n)) for n in range(1, 3000)]
    assert sum(1.0 / np.sum(w**2) > w.size for w in shares) > 500


def test_rounding_of_energies_is_part_of_the_error():
    """The exact generator in float32: all weights equal log Z to rounding, which is common."""
    exact = math.log(2 * math.pi)
    rounded = np.full(10_000, np.float64(np.float32(exact)))
    off = abs(float(np.float32(exact)) - exact)  # 6e-8 at most
    resolution = float(np.finfo(np.float32).eps) * exact
    assert off > 1e-9
    for found in (
        est.log_z(rounded, resolution=resolution),
        est.log_z(rounded.astype(np.float32)),  # by its dtype
        est.log_z_bounds(rounded, resolution=resolution).lower,
        est.log_z_bar(rounded, rounded, resolution=resolution),
        est.weight_report(rounded, resolution=resolution).log_z,
    ):
        assert found.standard_error > off
    # the planted error: a rounding that averages out, or that nobody counts
    assert est.log_z(rounded).standard_error < off
    assert resolution / math.sqrt(10_000) < off


@pytest.mark.parametrize("s", [math.sqrt(0.4), math.sqrt(0.5)])
def test_log_z_of_a_heavy_tail_is_flagged(s):
    """Its error is 1.35 and 1.17 times too small at n = 3000 (1,000 seeds)."""
    with pytest.warns(est.CalibrationWarning, match="log_z: Pareto k-hat of its terms must be at"):
        est.log_z(gaussian_weights(s, 3000, 0)[0])


def test_log_z_of_a_light_tail_is_not_flagged():
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        for n in (300, 3000, 30_000):
            est.log_z(gaussian_weights(2.0, n, 0)[0])
            est.log_z(np.zeros(n))
        est.log_z(gaussian_weights(0.3, 199, 0)[0])  # too few to judge


def test_a_handful_of_weights_is_flagged():
    few = np.where(np.arange(1000) < 10, 0.0, -np.inf)
    with pytest.warns(est.CalibrationWarning, match="20 effective samples must be there .*got 10"):
        est.log_z(few)


def test_bounds_that_cross_are_flagged():
    """References that were the training data: the generator gives them too much density."""
    lower = np.random.default_rng(9).normal(5.466, 0.1, 4000)
    training = np.random.default_rng(10).normal(5.440, 0.1, 4000)
    with pytest.warns(est.CalibrationWarning, match="upper bound must not be below the lower one"):
        est.log_z_bounds(lower, training)
    with pytest.warns(est.CalibrationWarning):
        report = est.weight_report(lower, reference_log_weights=training)
    assert "no bound, are the references training data?" in report.summary()
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        fair = est.weight_report(lower, reference_log_weights=training + 0.03)
    assert "no bound" not in fair.summary()


def test_zero_weights_count_as_samples():
    half = np.array([0.0, -np.inf] * 500)
    assert est.log_z(half).value == pytest.approx(math.log(0.5))
    assert est.log_z(half).standard_error == pytest.approx(1 / math.sqrt(1000), rel=1e-3)
    assert est.effective_sample_size(half) == pytest.approx(500)
    assert est.log_z_bounds(half).lower.value == -math.inf


@pytest.mark.parametrize("resolution", [-1.0, math.nan, math.inf])
def test_a_resolution_is_a_finite_number(resolution):
    for function in (est.log_z, est.pareto_k, est.log_z_bounds, est.weight_report):
        with pytest.raises(ValueError, match="resolution must be a finite number >= 0, got"):
            function([0.0, 1.0], resolution=resolution)


def test_energies_far_from_zero_and_float32_lose_nothing():
    log_weights = np.float32(1e5) + np.random.default_rng(8).normal(size=1000).astype(np.float32)
    found = est.log_z(log_weights)
    assert math.isfinite(found.value)
    assert found.value == pytest.approx(1e5, abs=2)


@pytest.mark.parametrize("bad", [[0.0, math.nan], [0.0, math.inf]])
@pytest.mark.parametrize(
    "function", [est.log_z, est.effective_sample_size, est.pareto_k, est.log_z_bounds]
)
def test_nan_and_plus_infinity_are_refused(function, bad):
    with pytest.raises(ValueError, match=r"log_weights must be finite or -inf .* got 1 NaN or"):
        function(bad)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([], ValueError, r"log_weights must be a non-empty 1-D array, got shape \(0,\)"),
        ([[0.0]], ValueError, r"log_weights must be a non-empty 1-D array, got shape \(1, 1\)"),
        ([-math.inf], ValueError, "log_weights must hold a weight above zero"),
        ("a", TypeError, "log_weights must be an array of numbers, got str"),
    ],
)
def test_malformed_weights_are_refused(value, error, message):
    with pytest.raises(error, match=message):
        est.log_z(value)


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_ess_fraction_along_a_coordinate_is_that_of_the_noise_about_it(noise):
    """exp(-noise^2) of log-normal weights, whatever the profile along the coordinate."""
    rng = np.random.default_rng(4)
    r = rng.uniform(0.7, 2.3, 40_000)
    log_weights = -20 * (r - 1.5) ** 2 + noise * rng.standard_normal(r.size) - 3000
    edges = np.linspace(0.4, 2.7, 47)
    found = est.ess_fraction_along(r, log_weights, edges=edges)
    assert found == pytest.approx(math.exp(-(noise**2)), abs=0.03)
    assert est.ess_fraction(log_weights) < 0.6
    # What has no weight may be anywhere, also outside the bins; it is no effective sample.
    nowhere = np.concatenate([r, np.full(4000, np.nan)])
    without = np.concatenate([log_weights, np.full(4000, -np.inf)])
    order = rng.permutation(nowhere.size)
    fewer = est.ess_fraction_along(nowhere[order], without[order], edges=edges)
    assert fewer == pytest.approx(found * 40 / 44, abs=0.03)
