"""Chains: AR(1) processes, whose autocorrelation time is (1 + a) / (1 - a)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm
from scipy.stats import t as student

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import _arviz
from boltzmann_tf.estimators import chains as chains_module


def ar1(a, chains, draws, seed):
    """Stationary AR(1) chains [chain, draw] of unit variance."""
    noise = np.random.default_rng(seed).normal(size=(chains, draws))
    noise[:, 1:] *= math.sqrt(1 - a**2)
    return lfilter([1], [1, -a], noise, axis=1)


# Relative spreads over 20 seeds: 1.4 %, 2.5 %, 5.5 %; the bounds are 6 times these.
@pytest.mark.parametrize(("a", "bound"), [(0.0, 0.085), (0.5, 0.15), (0.9, 0.33)])
def test_autocorrelation_time_of_ar1(a, bound):
    chains = ar1(a, 8, 10_000, 0)
    exact = (1 + a) / (1 - a)
    tau = est.autocorrelation_time(chains)
    assert tau == pytest.approx(exact, rel=bound)
    assert est.chain_ess(chains) == pytest.approx(80_000 / tau)


def test_autocorrelation_time_tells_the_coefficients_apart():
    # the planted error: a sampler twice as slow as stated (tau 9 and not 4.5)
    assert abs(est.autocorrelation_time(ar1(0.8, 8, 10_000, 0)) / 4.5 - 1) > 0.33


def spread(chains, draws, *, correlated=True):
    scores = []
    for seed in range(200):
        values = ar1(0.8, chains, draws, seed)
        mean, error = est.mean_with_error(values)
        if not correlated:
            error = values.std() / math.sqrt(values.size)
        scores.append(mean / error)
    return np.std(scores)


@pytest.mark.parametrize(("chains", "draws"), [(4, 1000), (30, 20)])
def test_the_error_of_a_mean_is_honest(chains, draws):
    # SD of 200 z-scores 1.03 +- 0.052: over 5 sigma
    assert 0.7 < spread(chains, draws) < 1.35


def test_the_error_of_independent_samples_is_not_honest_for_a_chain():
    assert spread(4, 1000, correlated=False) > 2  # exact: 3


def test_r_hat_sees_chains_in_different_wells():
    good = ar1(0.5, 4, 1000, 1)
    # over 300 seeds 1.002 +- 0.0015 with a largest of 1.008: 1.03 is 18 spreads away
    assert est.r_hat(good) < 1.03
    bad = good + np.array([[0.0], [0.0], [3.0], [3.0]])
    assert est.r_hat(bad) > 1.5
    assert est.chain_ess(bad) < 20


def test_axes_and_trailing_shape():
    chains = np.stack([ar1(0.2, 4, 200, seed) for seed in range(6)], -1).reshape(4, 200, 2, 3)
    tfp_order = chains.swapaxes(0, 1)
    for function in (est.r_hat, est.chain_ess, est.autocorrelation_time):
        found = function(chains)
        assert found.shape == (2, 3)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, function(tfp_order, chain_axis=1, draw_axis=0))
        assert isinstance(function(chains[..., 0, 0]), float)
    mean = est.mean_with_error(chains)
    assert isinstance(mean, est.Estimates)
    np.testing.assert_allclose(mean.value, chains.mean(axis=(0, 1)))
    assert isinstance(est.mean_with_error(chains[..., 0, 0]), est.Estimate)


def test_a_chain_that_never_moved_has_no_error():
    stuck = np.ones((4, 100))
    assert math.isnan(est.r_hat(stuck))
    assert math.isnan(est.chain_ess(stuck))
    assert est.mean_with_error(stuck).value == 1
    assert math.isnan(est.mean_with_error(stuck).standard_error)
    assert math.isnan(est.mean_with_error(np.ones((30, 100))).standard_error)


def test_a_chain_shorter_than_its_memory_has_no_error(monkeypatch):
    """A twentieth of an autocorrelation time long: a mean off by 0.96, and 0.14 was stated.

    Of 400 chains at most one in a hundred may look long enough (seen: none).
    """
    tau = 20_000
    short = ar1((tau - 1) / (tau + 1), 400, 1000, 0)
    with pytest.warns(est.CalibrationWarning, match="must rest on 50 effective samples, got"):
        found = [est.mean_with_error(chain[None]) for chain in short]
    assert np.mean(np.isnan([f.standard_error for f in found])) > 0.99
    with pytest.warns(est.CalibrationWarning, match="the time is a lower bound"):
        assert est.autocorrelation_time(short[:1]) < tau
    # four that started independently see each other, and say how few they are
    with pytest.warns(est.CalibrationWarning, match="from 4 chain.s. must rest on 20 effective"):
        four = est.mean_with_error(short[:4])
    assert four.standard_error > 0.25
    # the planted error: no limit, and the error is four times too small or worse
    monkeypatch.setattr(chains_module, "_FEWEST", 0)
    with pytest.warns(est.CalibrationWarning):
        planted = [est.mean_with_error(chain[None]) for chain in short[:50]]
    assert np.std([f.value / f.standard_error for f in planted]) > 4


def variance(m):
    return m[1] - m[0] ** 2


def function_scores(chains, draws, coefficient, seeds):
    """z-scores of a variance from AR(1) chains, mapped from Student's t to normal ones."""
    scores = []
    for seed in range(seeds):
        x = ar1(coefficient, chains, draws, seed)
        pair = np.stack([x, x**2], axis=-1)
        found = est.function_of_means(pair, variance)
        degrees = chains * chains_module.blocks_per_chain(pair) - 1
        below = student.cdf((found.value - 1) / found.standard_error, degrees)
        scores.append(norm.ppf(np.clip(below, 1e-12, 1 - 1e-12)))
    return np.array(scores)


@pytest.mark.parametrize(("chains", "draws"), [(1, 4000), (2, 2000), (4, 1000), (24, 100)])
def test_the_error_of_a_function_of_means_is_honest(chains, draws):
    # the SD of 100 z-scores is 1 +- 0.07: 0.65 .. 1.4 is over 5 sigma (a variance is skew)
    assert 0.65 < function_scores(chains, draws, 0.5, 100).std() < 1.4


def test_a_jackknife_over_two_chains_alone_is_not(monkeypatch):
    """The planted error: seven times too small, as z-scores of one degree of freedom spread."""
    monkeypatch.setattr(chains_module, "blocks_per_chain", lambda chains: 1)
    monkeypatch.setattr(chains_module, "_FEWEST_BLOCKS", 2)
    with pytest.warns(est.CalibrationWarning, match="a jackknife must have 10 blocks"):
        scores = [
            (f.value - 1) / f.standard_error
            for f in (
                est.function_of_means(np.stack([x, x**2], axis=-1), variance)
                for x in (ar1(0.5, 2, 2000, seed) for seed in range(100))
            )
        ]
    assert np.std(scores) > 2


def test_what_function_of_means_cannot_state():
    slow = ar1(0.99, 2, 200, 0)
    with pytest.warns(est.CalibrationWarning, match="got 2 from 2 chain"):
        found = est.function_of_means(slow[..., None], lambda m: m)
    assert isinstance(found, est.Estimates)
    assert np.isnan(found.standard_error).all()
    still = est.function_of_means(np.ones((24, 9, 1)), lambda m: m[0])
    assert still.value == 1
    assert math.isnan(still.standard_error)
    with pytest.raises(ValueError, match=r"chains must have shape \[chain, draw, k\], got"):
        est.function_of_means(slow, lambda m: m)


def test_the_sign_of_psis_is_found_out():
    # arviz 0.x takes log-weights, arviz_stats minus them: asked and not assumed
    assert _arviz._psis_sign(lambda w: float(np.exp(w).max() / np.exp(w).mean() - 4)) == 1.0
    assert _arviz._psis_sign(lambda w: float(np.exp(-w - 99).mean() - 99)) == -1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"chains": np.zeros(5)}, ValueError, r"chains must have shape \[chain, draw, ...\]"),
        ({"chains": np.zeros((1, 9))}, ValueError, r"at least 2 chain\(s\) of 4 draws, got 1 of 9"),
        ({"chains": np.zeros((2, 3))}, ValueError, r"at least 2 chain\(s\) of 4 draws, got 2 of 3"),
        ({"chains": np.full((2, 9), np.nan)}, ValueError, "chains must be finite"),
        ({"chain_axis": 2}, ValueError, r"chain_axis must be an axis of shape \(2, 9\), got 2"),
        ({"chain_axis": 1}, ValueError, "chain_axis and draw_axis must differ, got 1 and 1"),
        ({"draw_axis": 1.0}, TypeError, "draw_axis must be an integer, got 1.0 of type float"),
    ],
)
def test_bad_calls(call, error, message):
    call = {"chains": np.zeros((2, 9))} | call
    with pytest.raises(error, match=message):
        est.r_hat(call.pop("chains"), **call)
