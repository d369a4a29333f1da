"""Umbrella sampling joined: exact answers on a line and on a circle, whatever the windows."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import _histograms, umbrella

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
SIZES = 1200 + 20 * np.arange(36)
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

    |t| > 8 with the 39 degrees of freedom of 40 blocks has a probability of 1e-9: 7e-8 for 72
    bins. At the bottom errors are small beside 0.02 kT, what a parabola leaves there.
    """
    found = joined(0)
    profile = found.profile()
    error = profile.free_energy - exact_profile()
    assert np.all(np.abs(error) < 8 * profile.standard_error + 0.02)
    assert np.all(profile.standard_error < 0.3)
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


def test_windows_of_other_biases():
    """By quadrature with the density that was found, on the circle; the planted error has none."""
    found = joined(0)
    centres = np.array([-np.pi, -1.0, 0.5, 3.0])
    _, middle = circle()
    away = middle - centres[:, None]
    away -= TURN * np.round(away / TURN)
    exact = -np.log(np.exp(-torsion(middle) - 5 * away**2).sum(axis=1))
    f = found.biased_free_energies(centres, 5.0)
    assert f.min() == 0
    np.testing.assert_allclose(f, exact - exact.min(), atol=0.25)
    line = found._replace(period=None).biased_free_energies(centres, [5.0] * 4)
    assert np.max(np.abs(line - (exact - exact.min()))) > 0.25
    assert found.middles.shape == found.log_p.shape
    assert found.middles[0] - EDGES[0] == pytest.approx(EDGES[-1] - found.middles[-1])


def test_without_the_period_it_is_wrong():
    """The planted error, 7 kT in the tests of a user: the window at pi has samples at -pi."""
    found = est.umbrella_histogram(
        windows(0, STIFFNESS, CENTRES, SIZES), CENTRES, STIFFNESS, edges=EDGES
    )
    profile = found.profile()
    error = profile.free_energy - exact_profile()
    assert np.sqrt(np.mean((error - error.mean()) ** 2)) > 0.5


# A bias that varies within a bin.


def wells(seed, stiffness, n=8000):
    """Windows of a double well with a barrier of 6 kT, and F(right) - F(left) by quadrature."""
    grid = np.linspace(-3, 3, 60_001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    centres = np.linspace(-2.2, 2.2, 23)
    u = 1.5 * middle**4 - 6 * middle**2 + middle
    rng = np.random.default_rng(seed)
    r = [drawn(np.exp(-u - stiffness * (middle - c) ** 2), grid, n, rng) for c in centres]
    p = np.exp(-u)
    return np.stack(r), centres, np.log(p[middle < 0].sum() / p[middle > 0].sum())


@pytest.mark.parametrize("resolution", [1, 10])
def test_the_bias_of_a_stiff_window_is_not_that_of_the_middle_of_a_wide_bin(
    resolution, monkeypatch
):
    """Bins five times as wide as a window: the difference of the wells within five errors.

    A normal error of a sum over 23 windows: 6e-7. The planted error takes the bias in the bins of
    the result, as an earlier version did.
    """
    r, centres, exact = wells(0, 50.0)
    edges = np.linspace(-3, 3, 13)
    found = est.umbrella_histogram(r, centres, 50.0, edges=edges, resolution=resolution)
    delta = found.free_energy_difference(0.0)
    assert abs(delta.value - exact) < 5 * delta.standard_error
    assert delta.standard_error < 0.1
    assert found.log_p.size == 12 * resolution
    if resolution == 1:
        monkeypatch.setattr(umbrella, "_NARROW", 1e9)
        planted = est.umbrella_histogram(r, centres, 50.0, edges=edges, resolution=1)
        wrong = planted.free_energy_difference(0.0)
        assert abs(wrong.value - exact) > 5 * wrong.standard_error


# Windows that hardly meet.


def pair(apart, n=4000, seed=0):
    """Two windows of a flat line, so many of their standard deviations apart."""
    centres = np.array([1.0, 1.0 + 0.1 * apart])
    return centres[:, None] + 0.1 * np.random.default_rng(seed).normal(size=(2, n)), centres


def test_windows_that_hardly_meet_are_flagged_and_refused(monkeypatch):
    """They share about 900 samples at 2 deviations, 40 at 5, and 4 at 6.5."""
    options = {"edges": np.linspace(0, 3, 16), "resolution": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est.umbrella_histogram(*pair(2), 50.0, **options)
    with pytest.warns(est.CalibrationWarning, match="windows must share 50 samples"):
        est.umbrella_histogram(*pair(5), 50.0, **options)
    with pytest.raises(RuntimeError, match=r"got .* at most between \[1\] and \[1\.65\]"):
        est.umbrella_histogram(*pair(6.5), 50.0, **options)
    # the planted error: no limit, and a number comes out
    monkeypatch.setattr(_histograms, "FEWEST_SHARED", 0.0)
    with pytest.warns(est.CalibrationWarning, match="got"):
        est.umbrella_histogram(*pair(6.5), 50.0, **options)


R = np.zeros((2, 50)) + np.linspace(0, 1, 50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"stiffness": [1.0, 2.0, 3.0]}, r"stiffness must be > 0, a number or \[2\], got"),
        ({"stiffness": 0.0}, "stiffness must be a positive finite number, got 0.0"),
        ({"stiffness": [1.0, -1.0]}, r"stiffness must be > 0, .* got \[1\.0, -1\.0\]"),
        ({"period": 0.5}, "period must be at least the range of edges, 1, got 0.5"),
        ({"period": 2.0}, "edges must span the period 2, got 0 to 1"),
        ({"coordinate": [R[0], []]}, "coordinate"),
        ({"coordinate": [R[0]]}, "centres must be 1 numbers, one a window, got 2"),
        ({"stiffness": 1e12}, "stiffness must be at most"),
    ],
)
def test_bad_windows(call, message):
    call = {"coordinate": R, "centres": [0.4, 0.6], "stiffness": 1.0, "edges": [0, 1]} | call
    with pytest.raises(ValueError, match=message):
        est.umbrella_histogram(
            call.pop("coordinate"), call.pop("centres"), call.pop("stiffness"), **call
        )


def test_bad_states():
    many = np.tile(R, 5)
    found = est.umbrella_histogram(many, [0.4, 0.6], 1.0, edges=[0, 0.5, 1.0], period=1.0)
    with pytest.raises(ValueError, match="left and right must be given with a period"):
        found.free_energy_difference(0.5)
    with pytest.raises(ValueError, match="left must hold the middle of a fine bin"):
        found.free_energy_difference(left=(0.0, 1e-6), right=(0.5, 0.7))
