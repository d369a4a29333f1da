"""BAR and MBAR on harmonic wells, where f = log(k / 2 pi) / 2."""

from __future__ import annotations

import math

import numpy as np
import pytest

from boltzmann_tf import estimators as est

SPRINGS = np.array([1.0, 2.0, 4.0])
EXACT = 0.5 * np.log(SPRINGS)
LOG_Z = 0.5 * math.log(2 * math.pi)


def work(rng, n, m):
    """Forward and reverse work between springs 1 and 4."""
    x, y = rng.normal(size=n), 0.5 * rng.normal(size=m)
    return 1.5 * x**2, -1.5 * y**2


def test_bar_is_exact_and_honest():
    scores = []
    for seed in range(200):
        found = est.bar(*work(np.random.default_rng(seed), 300, 600))
        scores.append((found.value - EXACT[2]) / found.standard_error)
    # SD 1 +- 0.05, mean 0 +- 0.07: over 5 sigma
    assert 0.7 < np.std(scores) < 1.3
    assert abs(np.mean(scores)) < 0.4


def test_bar_with_a_wrong_sign_is_seen():
    # the planted error: reverse work measured in the forward direction
    forward, reverse = work(np.random.default_rng(0), 5000, 5000)
    found = est.bar(forward, -reverse)
    assert abs(found.value - EXACT[2]) > 10 * found.standard_error


def test_bar_far_from_zero():
    forward, reverse = work(np.random.default_rng(1), 500, 500)
    near, far = est.bar(forward, reverse), est.bar(forward + 4000, reverse - 4000)
    assert far.value - 4000 == pytest.approx(near.value, abs=1e-6)
    assert far.standard_error == pytest.approx(near.standard_error, rel=1e-4)


@pytest.mark.parametrize("clash", [math.inf, 1e6])
def test_forbidden_samples_raise_the_free_energy(clash):
    # state 1 forbids half of state 0: f rises by log 2
    forward, reverse = work(np.random.default_rng(2), 4000, 4000)
    forward = np.r_[forward, np.full(4000, clash)]
    found = est.bar(forward, reverse)
    assert abs(found.value - EXACT[2] - math.log(2)) < 4.9 * found.standard_error  # 1e-6
    assert 0 < found.standard_error < 0.1


def test_log_z_bar_uses_both_sets():
    s, n = 0.6, 20_000  # narrow proposal: log_z alone has weights of infinite variance
    rng = np.random.default_rng(3)
    x, y = s * rng.normal(size=n), rng.normal(size=n)
    generated, reference = (-0.5 * v**2 + 0.5 * (v / s) ** 2 + math.log(s) + LOG_Z for v in (x, y))
    found = est.log_z_bar(generated, reference)
    assert abs(found.value - LOG_Z) < 4.9 * found.standard_error  # false alarm 1e-6
    assert found.standard_error < 0.02
    bounds = est.log_z_bounds(generated, reference)
    assert bounds.lower.value < found.value < bounds.upper.value


def harmonic(seed, n_k):
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(size=n) / np.sqrt(k) for n, k in zip(n_k, SPRINGS, strict=True)])
    return 0.5 * SPRINGS[:, None] * x**2


def test_mbar_of_three_springs():
    n_k = [1000, 500, 1500]
    found = est.mbar(harmonic(0, n_k), n_k)
    assert found.value[0] == 0
    # false alarm 1e-6 each
    assert np.all(np.abs(found.value - EXACT)[1:] < 4.9 * found.standard_error[1:])
    assert np.all(found.standard_error[1:] > 0)
    assert np.all(found.standard_error[1:] < 0.05)
    # the planted error: counts in the wrong order
    wrong = est.mbar(harmonic(0, n_k), [1500, 1000, 500])
    assert abs(wrong.value[2] - EXACT[2]) > 4.9 * found.standard_error[2]


def test_mbar_of_two_states_is_bar():
    energies = harmonic(1, [800, 0, 800])[[0, 2]]
    found = est.mbar(energies, [800, 800])
    step = energies[1] - energies[0]
    pair = est.bar(step[:800], -step[800:])
    assert found.value[1] == pytest.approx(pair.value, abs=1e-5)


def test_mbar_takes_walls():
    energies = harmonic(2, [500, 500, 0])[:2]
    energies[1, :250] = np.inf
    assert math.isfinite(est.mbar(energies, [500, 500]).value[1])


@pytest.mark.parametrize(
    ("energies", "n_k", "error", "message"),
    [
        ([0.0], [1], ValueError, r"reduced_energies must have shape \[K, N\], got \(1,\)"),
        ([[0.0, 1.0]], [1], ValueError, "n_k must be 1 counts >= 0 that sum to 2"),
        ([[0.0, 1.0]], [2.0], TypeError, "n_k must be an array of integers"),
        ([[0.0, math.nan]], [2], ValueError, "reduced_energies must be finite or .inf"),
        ([[0.0, math.inf]], [2], ValueError, "must be finite for a sample in its own state"),
        ("a", [2], TypeError, "reduced_energies must be an array of numbers, got str"),
    ],
)
def test_bad_mbar_calls(energies, n_k, error, message):
    with pytest.raises(error, match=message):
        est.mbar(energies, n_k)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        ([], r"work_forward must be a non-empty 1-D array, got shape \(0,\)"),
        ([math.nan], r"work_forward must be finite or \+inf, got 1 NaN or -inf of 1"),
        ([math.inf], "work_forward must hold a finite value"),
    ],
)
def test_bad_bar_calls(forward, message):
    with pytest.raises(ValueError, match=message):
        est.bar(forward, [0.0])
