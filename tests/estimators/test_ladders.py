"""Errors of several ladders: blocks of one know nothing of what it never left."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from boltzmann_tf import estimators
from boltzmann_tf.estimators import CalibrationWarning, ladder_error

PARTS = 10


def without(values):
    """Means without one value each."""
    return (values.sum(axis=0) - values) / (len(values) - 1)


def replicas(means, amplitude=1.0):
    """Of ladders with these means, and blocks that lie `amplitude` above and below them in turn."""
    means = np.asarray(means)
    blocks = np.repeat(means, PARTS, axis=0)
    sign = np.resize([1.0, -1.0], len(blocks)).reshape(-1, *[1] * (means.ndim - 1))
    return without(blocks + amplitude * sign), without(means)


def test_the_larger_of_both_errors_is_stated():
    """Closed forms: blocks alone sqrt(var / 40), ladders alone sqrt(var of their means / 4)."""
    blocks, ladders = replicas([-0.3, 0.3, -0.3, 0.3])
    of_blocks = np.sqrt(40 / 39 * (1 + 0.09) / 40)
    of_ladders = np.sqrt(4 / 3 * 0.09 / 4)
    assert of_blocks < of_ladders
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ladder_error(blocks, ladders, quantity="x") == pytest.approx(of_ladders)
        assert ladder_error(blocks, None, quantity="x") == pytest.approx(of_blocks)
        blocks, ladders = replicas(np.zeros(4))
        assert ladder_error(blocks, ladders, quantity="x") == pytest.approx(np.sqrt(1 / 39))


def test_ladders_that_disagree_are_flagged():
    """Ladder means at +-a: the ratio of errors is a sqrt(12) to rounding, and the limit 2.25."""
    ratio = np.sqrt(4 / 3 / 4) / np.sqrt(40 / 36 / 40)
    for a, flagged in ((2.1 / ratio, False), (2.4 / ratio, True)):
        blocks, ladders = replicas(np.array([-a, a, -a, a]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            error = ladder_error(blocks, ladders, quantity="F")
        assert error == pytest.approx(a * np.sqrt(1 / 3))
        assert bool(caught) == flagged
    assert caught[0].category is CalibrationWarning
    limit = np.sqrt(stats.f.isf(0.005, 3, 36))
    said = f"F: the spread between 4 ladders must be at most {limit:.1f} times"
    assert said in str(caught[0].message)
    assert "got 2.4" in str(caught[0].message)
    # Of a hundred quantities the largest ratio may be larger: 2.4 is no alarm.
    many = np.zeros((4, 100))
    many[:, 7] = [-a, a, -a, a]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ladder_error(*replicas(many), quantity="F")


def test_blocks_must_belong_to_ladders():
    with pytest.raises(ValueError, match="two or more of each of the 3 ladders, got 40"):
        ladder_error(np.zeros(40), np.zeros(3), quantity="x")


CENTRES = np.arange(0.0, 2.01, 0.25)
STIFFNESS, ROUNDS, LADDERS = 20.0, 2000, 4
EDGES = np.linspace(-1.5, 3.5, 51)


def windows(tilts, seed=0):
    """Ladders of windows of a free energy 2 (r - 1)^2 + tilt r, [ladders, windows, rounds]."""
    noise = np.random.default_rng(seed).standard_normal((len(tilts), len(CENTRES), ROUNDS))
    force = 2 * STIFFNESS * CENTRES + 4 - np.asarray(tilts)[:, None]
    return force[..., None] / (2 * STIFFNESS + 4) + noise / np.sqrt(2 * STIFFNESS + 4)


def exact(tilt):
    """F(r > 1) - F(r < 1) of a normal law of mean 1 - tilt / 4 and width 1/2."""
    return stats.norm.logcdf(tilt / 2) - stats.norm.logsf(tilt / 2)


def histogram(coordinate):
    return estimators.umbrella_histogram(coordinate, CENTRES, STIFFNESS, edges=EDGES)


def test_ladders_of_windows_are_the_same_as_windows_joined():
    """Value and replicas are those of rounds in a row; six errors: false alarm 2e-9."""
    r = windows([1.0] * LADDERS)
    several, row = histogram(r), histogram(np.concatenate(list(r), axis=1))
    np.testing.assert_array_equal(several.log_p, row.log_p)
    np.testing.assert_array_equal(several.replicas, row.replicas)
    assert several.ladders.shape == (LADDERS, 500)
    assert row.ladders is None
    np.testing.assert_allclose(several.ladders[0], histogram(r[1:]).log_p, atol=1e-6)
    found, blind = (h.free_energy_difference(1.0) for h in (several, row))
    assert found.value == blind.value
    assert found.standard_error >= blind.standard_error
    assert found.standard_error < 0.05
    assert abs(found.value - exact(1.0)) < 6 * found.standard_error


def test_frozen_ladders_have_the_error_of_their_spread():
    """Each stays in a tilt of its own, -1 to 3.

    The sister joins the ladders along rounds, as was done, and states a third of that.
    """
    tilts = np.array([-1.0, 0.0, 2.0, 3.0])
    r = windows(tilts)
    several = histogram(r)
    with pytest.warns(CalibrationWarning, match="the free-energy difference: the spread between 4"):
        found = several.free_energy_difference(1.0)
    spread = np.std([exact(t) for t in tilts], ddof=1) / 2
    assert found.standard_error == pytest.approx(spread, rel=0.3)
    assert abs(found.value - exact(1.0)) < 3 * spread
    with pytest.warns(CalibrationWarning, match="a bin of the profile: the spread between 4"):
        profile = several.profile()
    row = histogram(np.concatenate(list(r), axis=1))
    assert row.free_energy_difference(1.0).standard_error < 0.4 * found.standard_error
    populated = profile.counts > 500
    assert np.all(profile.standard_error[populated] >= row.profile().standard_error[populated])


def test_shapes_of_ladders():
    with pytest.raises(ValueError, match=r"\[ladders, windows, rounds\], got \(3,\)"):
        estimators.umbrella_histogram(np.zeros(3), CENTRES, STIFFNESS, edges=EDGES)
