"""Umbrella sampling joined: exact answers on a line and on a circle, whatever the windows."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import umbrella

TURN = 2 * np.pi


def drawn(density, grid, n, rng):
    """Independent samples of a density on a fine grid, by its quantiles."""
    below = np.concatenate([[0.0], np.cumsum(density)])
    return np.interp(rng.random(n), below / below[-1], grid)


def torsion(phi):
    """A dihedral with three wells and barriers of 12 kT, one of them at +-pi."""
    return 6 * (1 - np.cos(3 * phi)) + 1.0 * np.cos(phi) + 0.7 * np.sin(phi)


@functools.cache
def circle():
    grid = np.linspace(-np.pi, np.pi, 100_001)
    return grid, 0.5 * (grid[1:] + grid[:-1])


def windows(seed, stiffness, centres, sizes):
    grid, middle = circle()
    rng = np.random.default_rng(seed)
    found = []
    for k, c, n in zip(stiffness, centres, sizes, strict=True):
        away = middle - c
        away -= TURN * np.round(away / TURN)
        found.append(drawn(np.exp(-torsion(middle) - k * away**2), grid, n, rng))
    return found


CENTRES = np.linspace(-np.pi, np.pi, 37)[:-1]
STIFFNESS = np.where(np.arange(36) % 2, 15.0, 60.0)
SIZES = 600 + 20 * np.arange(36)
EDGES = np.linspace(-np.pi, np.pi, 73)


def exact_profile():
    _, middle = circle()
    weight, _ = np.histogram(middle, EDGES, weights=np.exp(-torsion(middle)))
    return -np.log(weight / weight.max())


def joined(seed, **options):
    given = {"edges": EDGES, "period": TURN} | options
    images = [
        r + TURN * (k % 3 - 1) for k, r in enumerate(windows(seed, STIFFNESS, CENTRES, SIZES))
    ]
    return est.umbrella_histogram(images, CENTRES, STIFFNESS, **given)


def test_a_dihedral_with_windows_of_all_kinds_is_exact():
    """36 windows of two stiffnesses and of 36 lengths, in images of the period.

    72 bins: |z| > 6 has a probability of 1e-6 for all, as a jackknife of 40 blocks has tails of t
    with 39 degrees of freedom (5e-7 each, and half of them are shared).
    """
    found = joined(0)
    profile = found.profile()
    error = profile.free_energy - exact_profile()
    assert np.all(np.abs(error) < 7 * np.maximum(profile.standard_error, 1e-3))
    assert np.all(profile.standard_error < 0.2)
    assert np.sqrt(np.mean(error**2)) < 0.1
    # the well that lies across the end of the period, from 2 pi / 3 on, against the one at zero
    delta = found.free_energy_difference(left=(-1.0, 1.0), right=(1.1, 3.1))
    _, middle = circle()
    p = np.exp(-torsion(middle))
    right = (middle >= 1.1) & (middle < 3.1)
    assert delta.value == pytest.approx(
        np.log(p[np.abs(middle) < 1].sum() / p[right].sum()), abs=6 * delta.standard_error + 0.02
    )


def test_images_change_nothing():
    found = joined(0, resolution=2)
    plain = est.umbrella_histogram(
        windows(0, STIFFNESS, CENTRES, SIZES),
        CENTRES + TURN,
        STIFFNESS,
        edges=EDGES,
        resolution=2,
        period=TURN,
    )
    np.testing.assert_allclose(found.log_p, plain.log_p, atol=1e-6)
    across = found.free_energy_difference(left=(2.0, -2.0), right=(-2.0, 2.0))
    same = found.free_energy_difference(left=(2.0, TURN - 2.0), right=(-2.0 - TURN, 2.0 - TURN))
    assert across == pytest.approx(same)


def test_without_the_period_it_is_wrong():
    """The planted error, 7 kT in the tests of a user: the window at pi has samples at -pi."""
    found = est.umbrella_histogram(
        windows(0, STIFFNESS, CENTRES, SIZES), CENTRES, STIFFNESS, edges=EDGES
    )
    profile = found.profile()
    error = profile.free_energy - exact_profile()
    assert np.sqrt(np.mean((error - error.mean()) ** 2)) > 0.5


# A bias that varies within a bin.


def double_well(x):
    return 0.25 * 6 * x**2 * x**2 - 3 * x**2 + x


def wells(seed, stiffness, n=2000):
    grid = np.linspace(-3, 3, 60_001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    centres = np.linspace(-2.2, 2.2, 45)
    rng = np.random.default_rng(seed)
    r = [
        drawn(np.exp(-double_well(middle) - stiffness * (middle - c) ** 2), grid, n, rng)
        for c in centres
    ]
    p = np.exp(-double_well(middle))
    return np.stack(r), centres, np.log(p[middle < 0].sum() / p[middle > 0].sum())


@pytest.mark.parametrize("resolution", [1, 10])
def test_the_bias_of_a_stiff_window_is_not_that_of_the_middle_of_a_wide_bin(
    resolution, monkeypatch
):
    """Stiffness 200 and bins of 0.12: the difference of the wells within five errors.

    A normal error of a sum over 45 windows: 6e-7. The planted error takes the bias in the bins of
    the profile, as an earlier version did.
    """
    r, centres, exact = wells(0, 200.0)
    edges = np.linspace(-3, 3, 51)
    found = est.umbrella_histogram(r, centres, 200.0, edges=edges, resolution=resolution)
    delta = found.free_energy_difference(0.0)
    assert abs(delta.value - exact) < 5 * delta.standard_error
    assert delta.standard_error < 0.1
    assert found.log_p.size == 50 * resolution
    if resolution == 1:
        monkeypatch.setattr(umbrella, "_NARROW", 1e9)
        planted = est.umbrella_histogram(r, centres, 200.0, edges=edges, resolution=1)
        wrong = planted.free_energy_difference(0.0)
        assert abs(wrong.value - exact) > 5 * wrong.standard_error
