"""Averages from the samples of several temperatures: exact values, honest errors, fewer samples."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import _histograms
from boltzmann_tf.exact import IsingTorus

# A system with levels 0, 1, .., 9, of degeneracy 3^level at first and fewer later.
LEVELS = np.arange(10.0)
STATES = np.array([1, 8, 30, 60, 80, 60, 30, 8, 4, 1.0])
TEMPERATURES = np.array([0.35, 0.6, 1.0])


def probabilities(t):
    p = STATES * np.exp(-LEVELS / t)
    return p / p.sum()


def heat(m, t):
    return (m[1] - m[0] ** 2) / t**2


def exact_heat(t):
    p = probabilities(t)
    return (p @ LEVELS**2 - (p @ LEVELS) ** 2) / t**2


def drawn(rng, t, n, tilt=0.0):
    """Energies drawn from p exp(tilt E), and the log-weights that undo the tilt."""
    p = probabilities(t) * np.exp(tilt * LEVELS)
    energy = rng.choice(LEVELS, n, p=p / p.sum())
    return energy, -tilt * energy + 3.0


def estimate(seed, tilt=0.0, n=2000, temperatures=TEMPERATURES):
    rng = np.random.default_rng(seed)
    pairs = [drawn(rng, t, n, tilt) for t in temperatures]
    return est.multi_histogram(
        [e for e, _ in pairs],
        [np.stack([e, e**2], axis=-1) for e, _ in pairs],
        temperatures,
        log_weights=[w for _, w in pairs],
        function=heat,
        n_blocks=50,
    )


@pytest.mark.parametrize("tilt", [0.0, -0.7])
def test_is_exact_with_honest_errors(tilt):
    """z-scores of 60 runs at three temperatures: their SD within 0.55 .. 1.5, means below 0.65.

    The bounds are about five standard errors of an SD and of a mean of 60 scores.
    """
    reference = np.array([exact_heat(t) for t in TEMPERATURES])
    found = [estimate(seed, tilt) for seed in range(60)]
    scores = np.array([(f.value - reference) / f.standard_error for f in found])
    assert np.all(np.abs(scores.mean(axis=0)) < 0.65)
    assert np.all((scores.std(axis=0) > 0.55) & (scores.std(axis=0) < 1.5))


def test_without_the_weights_it_is_wrong():
    rng = np.random.default_rng(0)
    energies = [drawn(rng, t, 20_000, -0.7)[0] for t in TEMPERATURES]
    values = [np.stack([e, e**2], axis=-1) for e in energies]
    found = est.multi_histogram(energies, values, TEMPERATURES, function=heat)
    reference = np.array([exact_heat(t) for t in TEMPERATURES])
    assert np.all(np.abs(found.value - reference) > 5 * found.standard_error)


def test_neighbours_help():
    alone = estimate(1, -0.7, temperatures=TEMPERATURES[:1])
    together = estimate(1, -0.7)
    assert together.standard_error[0] < 0.7 * alone.standard_error[0]


def test_one_temperature_is_the_weighted_average():
    energy, log_weight = drawn(np.random.default_rng(2), 0.6, 3000, -0.3)
    found = est.multi_histogram(
        [energy], [energy[:, None]], [0.6], log_weights=[log_weight], n_blocks=50
    )
    plain = est.weighted_average(energy, log_weight, n_blocks=50)
    assert found.value[0, 0] == pytest.approx(plain.value, rel=1e-9)
    assert found.standard_error[0, 0] == pytest.approx(plain.standard_error, rel=1e-6)


def test_between_the_sampled_temperatures():
    """The same at the sampled ones, exact within five errors between, and not what is beside."""
    rng = np.random.default_rng(5)
    energies = [drawn(rng, t, 20_000)[0] for t in TEMPERATURES]
    values = [np.stack([e, e**2], axis=-1) for e in energies]
    at = np.array([0.35, 0.45, 0.8, 1.0])
    found = est.multi_histogram(energies, values, TEMPERATURES, at=at, function=heat)
    same = est.multi_histogram(energies, values, TEMPERATURES, function=heat)
    np.testing.assert_allclose(found.value[[0, 3]], same.value[[0, 2]], rtol=1e-12)
    np.testing.assert_allclose(found.standard_error[[0, 3]], same.standard_error[[0, 2]])
    reference = np.array([exact_heat(t) for t in at])
    assert np.all(np.abs(found.value - reference) < 5 * found.standard_error)
    assert np.all(np.abs(found.value - np.roll(reference, 1)) > 5 * found.standard_error)
    for wrong in ([0.3], [1.1], [np.nan], []):
        with pytest.raises(ValueError, match="at must"):
            est.multi_histogram(energies, values, TEMPERATURES, at=wrong)


def test_draws_share_a_weight():
    rng = np.random.default_rng(3)
    energy = rng.choice(LEVELS, (500, 4), p=probabilities(0.6))
    log_weight = rng.normal(size=500)
    found = est.multi_histogram([energy], [energy[..., None]], [0.6], log_weights=[log_weight])
    plain = est.weighted_average(energy.mean(axis=1), log_weight)
    assert found.value[0, 0] == pytest.approx(plain.value, rel=1e-9)


def pair(temperatures, n=2000):
    rng = np.random.default_rng(6)
    energies = [drawn(rng, t, n)[0] for t in temperatures]
    return est.multi_histogram(energies, [e[:, None] for e in energies], temperatures)


def test_temperatures_that_share_no_energies_are_refused(monkeypatch):
    """All cold samples are in the ground state, where a warm one is with probability 1 / 270.

    The planted error, no limit, gives a number between ensembles that have no level in common.
    """
    refused = r"temperatures must share 10 samples .* at most between \[0.1\] and \[100\]"
    with pytest.raises(RuntimeError, match=refused):
        pair((0.1, 100.0), n=500)
    with pytest.warns(est.CalibrationWarning, match="must share 50 samples with others, got"):
        pair((0.1, 100.0), n=8000)
    far = [np.zeros(300), np.full(300, 100.0) + np.arange(300) % 3]
    values = [e[:, None] for e in far]
    with pytest.raises(RuntimeError, match="got 0 at most between"):
        est.multi_histogram(far, values, [1.0, 2.0])
    monkeypatch.setattr(_histograms, "FEWEST_SHARED", 0.0)
    with pytest.warns(est.CalibrationWarning):
        planted = est.multi_histogram(far, values, [1.0, 2.0])
    assert np.all(np.isfinite(planted.value))
    assert np.all(planted.standard_error < 0.2)


def test_spins_in_the_cold_and_in_the_heat_say_nothing_of_between():
    """8 x 8 spins at T = 1 and 8 share 1e-5 samples; at 2.2 an earlier version said -48.1(43)."""
    torus = IsingTorus(8)
    rng = np.random.default_rng(0)
    levels, states = torus.density_of_states()
    log_g = np.log(states.astype(np.float64))
    energies = []
    for t in (1.0, 8.0):
        p = np.exp(log_g - levels / t - (log_g - levels / t).max())
        energies.append(rng.choice(levels, 4000, p=p / p.sum()))
    with pytest.raises(RuntimeError, match="temperatures must share 10 samples"):
        est.multi_histogram(energies, [e[:, None] for e in energies], [1.0, 8.0], at=[2.2])


E = np.zeros(200)
V = np.zeros((200, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: est.multi_histogram([E], [V], [0.0]), r"temperatures must be numbers > 0"),
        (lambda: est.multi_histogram([E], [V], [1.0, 2.0]), r"energies must hold 2 arrays, got 1"),
        (lambda: est.multi_histogram([E], [V, V], [1.0]), r"values must hold 1 arrays, got 2"),
        (lambda: est.multi_histogram([E], [E], [1.0]), r"values\[0\] must be finite, \[200, 'm'\]"),
        (lambda: est.multi_histogram([E + np.nan], [V], [1.0]), r"energies\[0\] must be finite"),
        (lambda: est.multi_histogram([E[:9]], [V[:9]], [1.0]), r"n_blocks must be at most .* 9"),
        (
            lambda: est.multi_histogram([E], [V], [1.0], log_weights=[E[:3]]),
            r"log_weights\[0\] must have 200 values",
        ),
        (
            lambda: est.multi_histogram(
                [np.arange(20_000.0)], [np.zeros((20_000, 1))], [1.0], n_blocks=2
            ),
            r"energies must have 10000 levels at most, got 20000",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
