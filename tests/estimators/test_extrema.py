"""Barriers and minima at bins of a profile that is known."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf.estimators import Profile, profile_extrema

EDGES = np.linspace(-1.5, 1.5, 31)
CENTERS = 0.5 * (EDGES[1:] + EDGES[:-1])
F = 5 * (CENTERS**2 - 1) ** 2 + CENTERS
BETWEEN = (-0.5, 0.5)


def profile(free_energy, error=0.0):
    error = np.full(CENTERS.size, error)
    return Profile(CENTERS, EDGES, free_energy, error, np.ones(CENTERS.size), error)


def test_bins_of_two_wells():
    at = profile_extrema(profile(F), BETWEEN)
    assert at.left == np.argmin(F)
    assert CENTERS[at.top] == pytest.approx(0.05)
    assert CENTERS[at.right] == pytest.approx(0.95)
    found = at.barrier(profile(F, 0.3))
    assert found.value == pytest.approx(F[at.top] - F.min())
    assert found.standard_error == pytest.approx(0.3 * np.sqrt(2))
    assert at.difference(profile(F)).value == pytest.approx(F[at.right] - F.min())


def test_noise_does_not_raise_the_barrier():
    """At the extrema of what is known, unlike at its own; and an empty bin there is no barrier."""
    known = profile_extrema(profile(F), BETWEEN)
    rng = np.random.default_rng(0)
    noisy = [profile(F + 0.5 * rng.standard_normal(F.size), 0.5) for _ in range(400)]
    exact = known.barrier(profile(F)).value
    own = np.array([profile_extrema(p, BETWEEN).barrier(p).value for p in noisy]) - exact
    at = np.array([known.barrier(p).value for p in noisy]) - exact
    assert np.mean(own) > 0.3
    assert abs(np.mean(at)) < 4 * np.sqrt(0.5) / 20  # a false alarm in 1 of 16,000
    empty = np.where(np.arange(F.size) == known.top, np.nan, F)
    assert np.isnan(known.barrier(profile(empty)).value)
    assert profile_extrema(profile(empty), BETWEEN).top != known.top


def test_where_there_is_nothing_to_find():
    with pytest.raises(ValueError, match="between must leave a bin with samples below it"):
        profile_extrema(profile(np.where(CENTERS < 0, np.nan, F)), BETWEEN)
    with pytest.raises(ValueError, match="profile must have the bins 4 and 15, got 3 bins"):
        profile_extrema(profile(F), BETWEEN).barrier(
            profile(F)._replace(free_energy=np.zeros(3), standard_error=np.zeros(3))
        )
