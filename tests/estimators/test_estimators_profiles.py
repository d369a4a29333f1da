"""Profiles: exact Gaussian bins, honest errors in every bin, speed and memory."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.stats import norm

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import _lowest, profiles

EDGES = np.linspace(-2.5, 2.5, 26)
EXACT = -np.log(np.diff(norm.cdf(EDGES)) / np.diff(EDGES))


def weighted(seed, n):
    """N(0, 1.5^2) proposal against N(0, 1) with lognormal noise: ESS fraction about 0.3."""
    rng = np.random.default_rng(seed)
    x = 1.5 * rng.normal(size=n)
    return x, -0.5 * x**2 + x**2 / 4.5 + rng.normal(size=n)


def scores(align, *, n=1000, repeats=150):
    found = []
    for seed in range(repeats):
        x, w = weighted(seed, n)
        profile = est.free_energy_profile(x, w, edges=EDGES, align=align, n_bootstrap=30, seed=seed)
        shift = 0.0
        if align == "mean":
            shift = EXACT.mean()
        found.append((profile.free_energy - EXACT + shift) / profile.standard_error)
    return np.array(found)


@pytest.mark.parametrize("align", [None, "mean"])
def test_the_error_of_each_bin_is_honest(align):
    spread = scores(align).std(axis=0)
    # Pooled over 25 bins the SD is known to 0.02: 0.8..1.2 is over 5 sigma. A single bin's, of 150
    # z-scores near 1, to 0.06: 0.65..1.45 is over 5 sigma for each of the 25.
    assert 0.8 < np.sqrt(np.mean(spread**2)) < 1.2
    assert np.all(spread > 0.65)
    assert np.all(spread < 1.45)


def test_half_the_error_of_each_bin_is_not_honest():
    assert np.all(2 * scores(None, repeats=60).std(axis=0) > 1.3)


def minimum_scores(n=4000, repeats=60):
    """z-scores of bins of 14 samples or more, against the exact profile, lowest at zero."""
    edges = np.linspace(-2.2, 2.2, 45)
    exact = -np.log(np.diff(norm.cdf(edges)))
    exact -= exact.min()
    found = []
    for seed in range(repeats):
        x = np.random.default_rng(seed).normal(size=n)
        profile = est.free_energy_profile(x, edges=edges, n_bootstrap=30, n_blocks=400)
        # the planted error leaves the lowest bin without an error
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append((profile.free_energy - exact) / profile.standard_error)
    found = np.array(found)
    return np.where(np.isfinite(found), found, np.nan)


def test_the_zero_is_not_the_bin_that_noise_put_lowest(monkeypatch):
    """44 bins about a flat bottom: z-scores about zero, with an SD of 0.85 to 1.15.

    The zero's own noise is common to the bins of a run, half of a bin's; so the mean over 60 runs
    has an error of 0.07: 0.35 is 5 of them. The SD pooled over 44 bins has one of 0.02 or so.
    """
    scores = minimum_scores()
    assert abs(np.nanmean(scores)) < 0.35
    assert 0.85 < np.sqrt(np.nanmean(np.nanvar(scores, axis=0))) < 1.15
    # the planted error: the lowest bin
    monkeypatch.setattr(profiles, "lowest", lambda f, *_: (np.eye(f.size)[np.argmin(f)], f.min()))
    assert np.nanmean(minimum_scores(repeats=20)) > 0.45


def test_where_one_bin_is_clearly_lowest_it_is_the_zero():
    x = np.random.default_rng(0).normal(size=50_000)
    profile = est.free_energy_profile(x, edges=[-3, -1, 1, 3])
    assert profile.free_energy[1] == 0
    assert profile.standard_error[1] == 0


def sparse_profile(seed):
    """60 samples in 28 bins, and its errors' covariance: all noise, no bottom."""
    counts = np.random.default_rng(seed).multinomial(60, np.full(28, 1 / 28))
    with np.errstate(divide="ignore"):
        free_energy = np.where(counts > 0, -np.log(counts / 60), np.nan)
    return free_energy, np.diag(1 / np.maximum(counts, 1)) - 1 / 60


def test_the_zero_is_found_where_fit_and_range_take_turns(monkeypatch):
    """Of seed 16281 they do so at every size of the range: without an end, it would not return."""
    fitted, fits = _lowest._fitted, iter(range(_lowest._HALVINGS * _lowest._ROUNDS))
    # with one fit more, StopIteration
    monkeypatch.setattr(_lowest, "_fitted", lambda *a: (next(fits), fitted(*a))[1])
    free_energy, covariance = sparse_profile(16281)
    zero, value = _lowest.lowest(free_energy, covariance, np.linspace(-1, 1, 28))
    assert zero.sum() == 1
    assert value == np.nanmin(free_energy)


def test_the_zero_is_not_of_a_fit_to_other_bins():
    """Of seed 17422 the last of the fits that take turns has as many bins as its range, not those.

    Its value was 5.9 kT below the lowest bin. The zero's bins, weighed as it says, give its value.
    """
    free_energy, covariance = sparse_profile(17422)
    zero, value = _lowest.lowest(free_energy, covariance, np.linspace(-1, 1, 28))
    assert abs(zero @ np.nan_to_num(free_energy) - value) < 1
    assert value - np.nanmin(free_energy) > -1


@pytest.mark.parametrize(
    ("density", "bins"),
    [("flat", 20), ("edge", 40), ("steps", 12)],
)
def test_the_zero_of_profiles_without_a_parabola(density, bins):
    """A constant, an exponential, and steps that no parabola follows: off by 5 errors at most."""
    rng = np.random.default_rng(1)
    edges = np.linspace(0, 1, bins + 1)
    exact = {
        "flat": np.zeros(bins),
        "edge": 4 * (edges[:-1] - edges[0]),
        "steps": 0.4 * (np.arange(bins) % 2) + 0.05 * np.arange(bins),
    }[density]
    p = np.exp(-exact)
    x = (rng.choice(bins, 40_000, p=p / p.sum()) + 0.5) / bins
    profile = est.free_energy_profile(x, edges=edges)
    assert np.all(np.abs(profile.free_energy - exact) < 5 * profile.standard_error + 1e-9)


def test_a_profile_on_a_circle_counts_images():
    x = np.random.default_rng(0).vonmises(0.5, 2.0, 4000)
    edges = np.linspace(-np.pi, np.pi, 13)
    plain = est.free_energy_profile(x, edges=edges)
    turned = est.free_energy_profile(
        x + 2 * np.pi * (np.arange(4000) % 3 - 1), edges=edges, period=2 * np.pi
    )
    np.testing.assert_array_equal(plain.counts, turned.counts)
    with pytest.raises(ValueError, match="period must be at least the range of edges"):
        est.free_energy_profile(x, edges=edges, period=6.0)


def test_unweighted_samples_are_seen():
    x, _ = weighted(0, 20_000)
    profile = est.free_energy_profile(x, edges=EDGES, align=None)
    score = np.abs(profile.free_energy - EXACT) / profile.standard_error
    assert np.median(score) > 4


def test_the_profile_is_the_log_of_the_histogram_density():
    x, w = weighted(0, 5000)
    density, _ = np.histogram(x, EDGES, weights=np.exp(w))
    density = density / np.exp(w).sum() / np.diff(EDGES)
    profile = est.free_energy_profile(x, w, edges=EDGES, align=None)
    np.testing.assert_allclose(profile.free_energy, -np.log(density), rtol=1e-12)
    np.testing.assert_array_equal(profile.counts, np.histogram(x, EDGES)[0])


@pytest.mark.parametrize("align", ["minimum", "mean", None])
def test_shift_of_weights_and_order_of_samples_change_no_value(align):
    x, w = weighted(1, 3000)
    order = np.random.default_rng(0).permutation(3000)
    one = est.free_energy_profile(x, w, edges=EDGES, align=align, n_bootstrap=2)
    two = est.free_energy_profile(x[order], w[order] - 321.0, edges=EDGES, align=align)
    np.testing.assert_allclose(one.free_energy, two.free_energy, atol=1e-10)


def test_block_bootstrap_equals_the_ordinary_one():
    # the same samples with one block a sample and with 40 samples a block; both SDs over 1000
    # replicas are good to 2.2 %, the blocks' own noise is 1 / sqrt(2 * 500) = 3 %: 22 % > 5 sigma
    x, w = weighted(2, 20_000)
    fine, coarse = (
        est.free_energy_profile(
            x, w, edges=[-2, -1, 0, 1, 2], align="mean", n_bootstrap=1000, n_blocks=blocks
        )
        for blocks in (20_000, 500)
    )
    np.testing.assert_allclose(fine.bootstrap_error, coarse.bootstrap_error, rtol=0.22)
    # and a hand-made sample bootstrap of the same data
    rng = np.random.default_rng(3)
    replicas = []
    for _ in range(150):
        pick = rng.integers(20_000, size=20_000)
        replicas.append(
            est.free_energy_profile(
                x[pick], w[pick], edges=[-2, -1, 0, 1, 2], align="mean", n_bootstrap=2
            ).free_energy
        )
    # SD over 150 is good to 5.8 %: 35 % is over 5 sigma together with the 3 % above
    np.testing.assert_allclose(np.std(replicas, axis=0), fine.bootstrap_error, rtol=0.35)


def test_empty_and_sparse_bins():
    x = np.r_[np.zeros(50), [1.0], np.full(2, 2.0), [9.0]]
    profile = est.free_energy_profile(x, edges=[-0.5, 0.5, 1.5, 2.5, 3.5])
    assert profile.counts.tolist() == [50, 1, 2, 0]
    assert profile.free_energy[:3] == pytest.approx([0, math.log(50), math.log(25)])
    assert math.isnan(profile.free_energy[3])
    # one sample states no error; two state at least 1 / sqrt(2), which the bootstrap alone misses
    assert np.isnan(profile.standard_error[[1, 3]]).all()
    assert profile.standard_error[2] >= math.sqrt(0.5)


def test_zero_weights_leave_their_bin_empty():
    profile = est.free_energy_profile([0.0, 0.0, 1.0], [0, 0, -np.inf], edges=[-0.5, 0.5, 1.5])
    assert profile.counts.tolist() == [2, 0]
    assert math.isnan(profile.free_energy[1])


def test_edges_are_closed_as_in_numpy():
    x = [0.0, 1.0, 2.0, 2.0]
    counts = est.free_energy_profile(x, edges=[0.0, 1.0, 2.0]).counts
    assert counts.tolist() == np.histogram(x, [0.0, 1.0, 2.0])[0].tolist() == [1, 3]


def test_a_million_samples_take_a_moment():
    x, w = weighted(0, 1_000_000)
    start = time.perf_counter()
    est.free_energy_profile(x, w, edges=np.linspace(-3, 3, 101))
    assert time.perf_counter() - start < 3  # seen: 0.15 s


def test_align_is_the_least_squares_shift():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=10)
    free_energy = reference + 5 + 0.1 * rng.normal(size=10)
    free_energy[3] = np.nan
    mask = np.arange(10) < 8
    aligned = est.align_profile(free_energy, reference, mask)
    used = mask & np.isfinite(aligned)
    assert np.mean((aligned - reference)[used]) == pytest.approx(0, abs=1e-12)
    assert math.isnan(aligned[3])


def test_rmse_and_the_range_it_covers():
    x = np.random.default_rng(0).normal(size=200_000)
    profile = est.free_energy_profile(x, edges=EDGES)
    # bins hold > 1000 samples, an error of each below 0.03
    assert est.profile_rmse(profile, EXACT + 7, lower=-2, upper=2) < 0.03
    bent = EXACT + 0.2 * (profile.centers > 0)
    # the planted error: a step of 0.2 is 0.1 either side of the best shift
    assert est.profile_rmse(profile, bent, lower=-2, upper=2) == pytest.approx(0.1, abs=0.03)
    mask = profile.centers < -0.2
    assert est.profile_rmse(profile, bent, mask=mask) < 0.03


def test_rmse_does_not_reward_missing_bins():
    x = np.random.default_rng(0).normal(size=20_000)
    profile = est.free_energy_profile(x[x < 0], edges=EDGES)
    assert est.profile_rmse(profile, EXACT) == math.inf
    assert est.profile_rmse(profile, EXACT, skip_empty=True) < 0.2
    assert est.profile_rmse(profile, EXACT, upper=-0.2) < 0.2


def test_published_error_is_the_root_mean_bootstrap_variance():
    x, w = weighted(0, 2000)
    profile = est.free_energy_profile(x, w, edges=EDGES, align=None)
    expected = math.sqrt(np.mean(profile.bootstrap_error**2))
    assert est.published_standard_error(profile) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"edges": [1.0]}, ValueError, "edges must be at least 2 strictly increasing numbers"),
        ({"edges": [1.0, 0.0]}, ValueError, "edges must be at least 2 strictly increasing"),
        ({"align": "max"}, ValueError, r"align must be one of .* got 'max'"),
        ({"n_blocks": 1}, ValueError, "n_blocks must be an integer >= 2, got 1"),
        ({"coordinate": [[0.0]]}, ValueError, "coordinate must be a non-empty 1-D array"),
    ],
)
def test_bad_calls(call, error, message):
    call = {"coordinate": [0.0, 1.0], "edges": [0.0, 1.0]} | call
    with pytest.raises(error, match=message):
        est.free_energy_profile(call.pop("coordinate"), **call)


def test_bad_comparisons():
    profile = est.free_energy_profile([0.0, 1.0], edges=[0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match=r"reference must have shape \(2,\), got \(3,\)"):
        est.profile_rmse(profile, [0, 0, 0])
    with pytest.raises(ValueError, match="must leave a bin, got none"):
        est.profile_rmse(profile, [0, 0], lower=5)
    with pytest.raises(ValueError, match="reference must be finite in every bin compared"):
        est.profile_rmse(profile, [0, np.inf])
    with pytest.raises(ValueError, match="reference must be finite in every bin compared"):
        est.profile_rmse(profile, [np.nan, 0], skip_empty=True)
    assert est.profile_rmse(profile, [np.nan, 0], mask=[False, True]) == 0
    with pytest.raises(TypeError, match="profile must be a Profile"):
        est.profile_rmse([0.0], [0.0])
    with pytest.raises(ValueError, match="mask must leave a bin"):
        est.align_profile([np.nan], [0.0])
