"""Free-energy differences: exact values, and errors that are honest over repeats.

Targets are N(0, 1) with the states x < 1 and x > 1; its difference is log(cdf / sf).
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from boltzmann_tf import estimators as est

CUT = 1.0
EXACT = math.log(norm.cdf(CUT) / norm.sf(CUT))
REPEATS = 400


def wide(rng, n):
    """N(0, 4) proposal: ESS fraction 0.66."""
    x = 2 * rng.normal(size=n)
    return x, -0.5 * x**2 + x**2 / 8


def lognormal(rng, n):
    """Weights that know nothing of x, lognormal with sigma 1.1: ESS fraction 0.3."""
    x = rng.normal(size=n)
    return x, 1.1 * rng.normal(size=n)


def tilted(rng, n):
    """N(-1.1, 1) proposal, away from the rare state: ESS fraction 0.3."""
    x = rng.normal(size=n) - 1.1
    return x, 1.1 * x


def z_scores(sampler, n, *, weighted=True, scale=1.0):
    scores = []
    for seed in range(REPEATS):
        x, log_weights = sampler(np.random.default_rng(seed), n)
        found = est.free_energy_difference(
            x, log_weights if weighted else None, cut=CUT, n_bootstrap=50, seed=seed
        )
        scores.append((found.value - EXACT) / (scale * found.standard_error))
    return np.array(scores)


@pytest.mark.parametrize("sampler", [wide, lognormal, tilted])
def test_the_stated_error_is_honest(sampler):
    scores = z_scores(sampler, 1000)
    # the SD of 400 z-scores near 1.05 has an error of 0.04: 0.7..1.4 is over 8 sigma
    assert 0.7 < scores.std() < 1.4
    # the mean has an error of 0.05 and a bias of order 1 / sqrt(n ESS): 0.35 is over 5 sigma
    assert abs(scores.mean()) < 0.35


def test_half_the_error_is_not_honest():
    assert z_scores(wide, 1000, scale=0.5).std() > 1.4


def test_forgetting_the_weights_is_seen():
    assert abs(z_scores(wide, 1000, weighted=False).mean()) > 3


def test_a_handful_of_samples_in_a_state_has_an_honest_error():
    # counts only: k of 200 right, k about 4, where many bootstrap replicas have none
    k, n = 4, 200
    x = np.r_[np.zeros(n - k), np.full(k, 2.0)]
    found = est.free_energy_difference(x, cut=CUT)
    assert found.value == pytest.approx(math.log((n - k) / k))
    assert found.standard_error >= math.sqrt(1 / k + 1 / (n - k))


def test_correlated_samples_need_long_blocks():
    # a two-state chain, flip rate 0.02: tau = 50 steps; exact difference 0
    short, long = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        state = (np.cumsum(rng.random(10_000) < 0.02) + seed) % 2
        for scores, blocks in ((short, 1000), (long, 20)):
            found = est.free_energy_difference(state, cut=0.5, n_bootstrap=20, n_blocks=blocks)
            scores.append(found.value / found.standard_error)
    # 150 z-scores of a t(19)-like spread 1.06 +- 0.065 and over 5 sigma from either end; blocks
    # of 10 steps, the planted error, see a tenth to a fifth of the variance
    assert 0.7 < np.std(long) < 1.4
    assert np.std(short) > 1.8


def test_intervals_leave_out_the_middle():
    x = np.r_[np.full(30, -1.0), np.full(500, 0.0), np.full(10, 1.0)]
    found = est.free_energy_difference(x, left=(-2, -0.5), right=(0.5, math.inf))
    assert found.value == pytest.approx(math.log(3))


def test_differences_of_thousands_of_kt_do_not_underflow():
    x = np.array([0.0, 0.0, 2.0, 2.0])
    found = est.free_energy_difference(x, [0.0, 0.0, -5000.0, -5000.0], cut=1.0)
    assert found.value == pytest.approx(5000.0)
    assert math.isfinite(found.standard_error)


def test_an_empty_state_is_infinite_without_an_error():
    found = est.free_energy_difference([0.0, 0.5], cut=1.0)
    assert found.value == math.inf
    assert math.isnan(found.standard_error)
    assert math.isnan(est.free_energy_difference([0.0], left=(5, 6), right=(7, 8)).value)
    # a coordinate of a clash may be NaN where its weight is zero
    assert math.isfinite(
        est.free_energy_difference([0, 0, 2, 2, math.nan], [0, 0, 0, 0, -math.inf], cut=1.0).value
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(-500, 500))
def test_value_ignores_shift_and_order_and_changes_sign_on_reflection(seed, shift):
    rng = np.random.default_rng(seed)
    x, w = lognormal(rng, 200)
    value = est.free_energy_difference(x, w, cut=0.3, n_bootstrap=2).value
    order = rng.permutation(200)
    moved = est.free_energy_difference(x[order], w[order] + shift, cut=0.3, n_bootstrap=2)
    assert moved.value == pytest.approx(value, abs=1e-9)
    mirrored = est.free_energy_difference(-x, w, cut=-0.3, n_bootstrap=2)
    assert mirrored.value == pytest.approx(-value, abs=1e-9)


def test_the_seed_decides_the_bootstrap_and_nothing_else():
    x, w = lognormal(np.random.default_rng(0), 300)
    first, again, other = (
        est.free_energy_difference(x, w, cut=1.5, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.value == other.value


def two_generators(rng, n):
    """Half-normal targets on both sides, each generator an exponential that leaks 10 %."""
    sides = []
    for sign in (-1, 1):
        leak = np.where(rng.random(n) < 0.1, -sign, sign)
        r = rng.exponential(size=n)
        x = leak * r
        log_q = -r + np.log(np.where(leak == sign, 0.9, 0.1))
        energy = 0.5 * r**2 + np.where(x > 0, 1.5, 0.0)
        sides.append((-energy - log_q, np.sign(x) == sign))
    (left, in_left), (right, in_right) = sides
    return left, right, in_left, in_right


def test_reweighted_difference_is_exact_and_honest():
    scores = []
    for seed in range(300):
        found = est.reweighted_difference(*two_generators(np.random.default_rng(seed), 500))
        scores.append((found.value - 1.5) / found.standard_error)
    # SD 1 +- 0.041, mean 0 +- 0.058: over 5 sigma
    assert 0.75 < np.std(scores) < 1.25
    assert abs(np.mean(scores)) < 0.35


def test_reweighted_difference_needs_the_regions():
    # the planted error: counting every sample in both states gives two equal totals
    left, right, in_left, _ = two_generators(np.random.default_rng(0), 20_000)
    everywhere = np.ones_like(in_left)
    found = est.reweighted_difference(left, right, everywhere, everywhere)
    assert abs(found.value - 1.5) > 5 * found.standard_error


def test_reweighted_difference_with_an_empty_region():
    found = est.reweighted_difference([0.0, 0.0], [0.0, 0.0], [True, True], [False, False])
    assert found.value == math.inf
    assert math.isnan(found.standard_error)


def test_bounds_within_the_states_are_honest():
    """Inside, an exponential for a half-normal on either side: the gaps cancel, the leak is gone.

    300 estimates: SD 1 +- 0.041, mean 0 +- 0.058, so both bounds are over 5 sigma away.
    """
    scores = []
    for seed in range(300):
        found = est.bound_difference(*two_generators(np.random.default_rng(seed), 500))
        scores.append((found.value - 1.5) / found.standard_error)
    assert 0.75 < np.std(scores) < 1.25
    assert abs(np.mean(scores)) < 0.35


def test_the_share_of_a_state_enters_its_bound():
    """Half of the left samples taken out of their state: its bound falls by log 2."""
    left, right, in_left, in_right = two_generators(np.random.default_rng(0), 100_000)
    half = in_left & (np.arange(in_left.size) % 2 == 0)
    whole = est.bound_difference(left, right, in_left, in_right)
    found = est.bound_difference(left, right, half, in_right)
    change = found.value - whole.value
    assert change == pytest.approx(-math.log(2), abs=4.9 * found.standard_error)
    without = left[in_left].mean() - left[half].mean()  # the planted error: means alone
    assert abs(without) < 0.1


def test_bounds_need_the_regions():
    left, right, in_left, in_right = two_generators(np.random.default_rng(0), 100_000)
    everywhere = np.ones_like(in_right)
    loose = est.bound_difference(left, right, in_left, everywhere)
    tight = est.bound_difference(left, right, in_left, in_right)
    assert abs(tight.value - 1.5) < 4.9 * tight.standard_error  # false alarm 1e-6
    assert abs(loose.value - 1.5) > 4.9 * loose.standard_error  # the planted error


def test_bound_difference_without_samples():
    found = est.bound_difference([0.0, 0.0], [0.0, 0.0], [True, True], [False, False])
    assert found.value == math.inf
    assert math.isnan(found.standard_error)
    assert math.isnan(est.bound_difference([0.0], [0.0], [True], [True]).standard_error)


def test_published_two_generator_difference_keeps_the_gap():
    # each F is -log Z_k + gap_k + noise: the estimate is off by gap_2 - gap_1 = 0.3
    rng = np.random.default_rng(0)
    left, right = rng.normal(0.1, 1, 10_000), rng.normal(1.5 + 0.4, 2, 40_000)
    found = est.two_generator_difference(left, right)
    assert found.standard_error == pytest.approx(math.sqrt(1 / 10_000 + 4 / 40_000), rel=0.05)
    assert abs(found.value - 1.8) < 4.9 * found.standard_error  # false alarm 1e-6
    assert abs(found.value - 1.5) > 4.9 * found.standard_error


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({}, ValueError, "cut, or both left and right, must be given"),
        ({"left": (0, 1)}, ValueError, "cut, or both left and right, must be given"),
        ({"cut": 0.0, "left": (0, 1)}, ValueError, "cut must be given alone"),
        ({"cut": math.nan}, ValueError, "cut must be finite"),
        ({"left": (1, 0), "right": (2, 3)}, ValueError, r"left must be a pair with low < high"),
        ({"left": 1, "right": (2, 3)}, TypeError, r"left must be a pair \(low, high\)"),
        ({"left": (0, 2), "right": (1, 3)}, ValueError, "left and right must not overlap"),
        ({"cut": 0.0, "n_bootstrap": 1}, ValueError, "n_bootstrap must be an integer >= 2, got 1"),
        ({"cut": 0.0, "seed": -1}, ValueError, "seed must be an integer >= 0, got -1"),
        ({"cut": 0.0, "log_weights": [0.0]}, ValueError, "log_weights must have 2 values"),
    ],
)
def test_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        est.free_energy_difference([0.0, 1.0], **call)


def test_bad_masks():
    with pytest.raises(TypeError, match="in_right must be a boolean array, got dtype int64"):
        est.reweighted_difference([0.0], [0.0], [True], [1])
    with pytest.raises(ValueError, match=r"in_left must have shape \(2,\), got \(1,\)"):
        est.reweighted_difference([0.0, 0.0], [0.0], [True], [True])


TURN = 2 * np.pi


@pytest.mark.parametrize("left", [(2.5, TURN - 2.5), (2.5, -2.5), (2.5 - TURN, -2.5)])
def test_a_state_across_the_end_of_a_period(left):
    """A torsion with wells at 0 and at pi, exact by quadrature; |z| > 5.5 has 4e-8."""
    grid = np.linspace(-np.pi, np.pi, 20_001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    p = np.exp(2 * np.cos(2 * middle) + 0.5 * np.cos(middle))
    below = np.concatenate([[0.0], np.cumsum(p)])
    x = np.interp(np.random.default_rng(0).random(20_000), below / below[-1], grid)
    exact = math.log(p[np.abs(middle) >= 2.5].sum() / p[np.abs(middle) < 0.6].sum())
    found = est.free_energy_difference(x, left=left, right=(-0.6, 0.6), period=TURN)
    assert abs(found.value - exact) < 5.5 * found.standard_error
    # the planted error: without the period half of the state is lost, 0.69 kT
    half = est.free_energy_difference(x, left=(2.5, TURN - 2.5), right=(-0.6, 0.6))
    assert abs(half.value - exact) > 10 * half.standard_error
    same = est.free_energy_difference(x + TURN, left=left, right=(-0.6, 0.6), period=TURN)
    assert same.value == pytest.approx(found.value, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"cut": 0.0}, "left and right must be given with a period"),
        ({"left": (0, 7), "right": (0, 1)}, "left must be no longer than the period"),
        ({"left": (-math.inf, 0), "right": (0, 1)}, "left must be finite with a period"),
        ({"left": (2, 4), "right": (-3, -2)}, "left and right must not overlap"),
        ({"left": (2, 4), "right": (1, 2.5 + TURN)}, "right must be no longer than the period"),
        ({"left": (2, -2), "right": (-2.5, 1)}, "left and right must not overlap"),
        ({"left": (0, 1), "right": (1, 2), "period": 0.0}, "period must be"),
    ],
)
def test_bad_states_on_a_circle(call, message):
    with pytest.raises(ValueError, match=message):
        est.free_energy_difference([0.0, 1.0], **({"period": TURN} | call))


def heavy_weights(scale, n=3000):
    """N(0, scale^2) for a standard normal: the tail has k-hat 1 - scale^2."""
    x = scale * np.random.default_rng(0).normal(size=n)
    return x, -0.5 * x**2 + 0.5 * (x / scale) ** 2


def test_weights_too_heavy_for_the_error_are_flagged():
    x, log_w = heavy_weights(0.5)
    with pytest.warns(est.CalibrationWarning, match="free_energy_difference, right state: .*k-hat"):
        est.free_energy_difference(x, log_w, cut=0.0)
    with pytest.warns(est.CalibrationWarning, match="free_energy_profile: .*k-hat"):
        est.free_energy_profile(x, log_w, edges=np.linspace(-1, 1, 11))


def test_weights_that_are_not_are_not():
    x, log_w = heavy_weights(1.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        est.free_energy_difference(x, log_w, cut=0.0)
        est.free_energy_profile(x, log_w, edges=np.linspace(-1, 1, 11))


def test_the_rounding_of_float32_is_in_the_errors_of_two_generators():
    """Equal weights of 1000 kT: what remains is one unit in the last place of either side."""
    w, inside = np.full(50, 1000.0, np.float32), np.ones(50, bool)
    rounding = math.sqrt(2) * 1000 * np.finfo(np.float32).eps
    for estimator in (est.reweighted_difference, est.bound_difference):
        assert estimator(w, w, inside, inside).standard_error == pytest.approx(rounding, rel=1e-6)
        # the sister: in float64 there is none of it
        exact = np.float64(w)
        assert estimator(exact, exact, inside, inside).standard_error < 1e-12


def test_the_state_whose_weights_are_too_heavy_is_named():
    _, heavy = heavy_weights(0.5)
    light, inside = np.zeros(heavy.size), np.ones(heavy.size, bool)
    with pytest.warns(est.CalibrationWarning, match="reweighted_difference, right state: .*k-hat"):
        est.reweighted_difference(light, heavy, inside, inside)
