"""Annealing from a generator to the Boltzmann density, against exact answers."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, System, bijectors, estimators, systems
from boltzmann_tf.estimators import CalibrationWarning
from boltzmann_tf.sampling import Annealed, anneal
from boltzmann_tf.sampling._resampling import systematic

D = 6
WIDTH = np.array([0.4, 0.6, 0.8, 1.2, 1.6, 2.4])


class Gaussian(System):
    """log Z = (D / 2) ln(2 pi tau) + sum ln WIDTH."""

    event_shape = (D,)

    def energy(self, x):
        """Harmonic, about 0.5."""
        return 0.5 * tf.reduce_sum(((x - 0.5) / WIDTH.astype(np.float32)) ** 2, axis=-1)


class Quartic(Gaussian):
    """The same with the energy of something else: the planted error."""

    def energy(self, x):
        """A little stiffer."""
        return super().energy(x) + 0.01 * tf.reduce_sum(x**4, axis=-1)


def log_z(tau):
    return 0.5 * D * np.log(2 * np.pi * tau) + np.sum(np.log(WIDTH))


def generator(system=None):
    """The identity: off by half, and up to 2.5 times too wide or narrow."""
    return BoltzmannGenerator(system or Gaussian(), bijectors.Scaling(D))


@pytest.mark.parametrize("resample_below", [0.0, 0.5])
@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_log_z_and_averages(tau, resample_below):
    """Within five stated errors (false alarm 6e-7), which a stiffer system misses."""
    options = {"n_steps": 16, "resample_below": resample_below, "batch_size": 128, "seed": 3}

    def found(system):
        out = anneal(generator(system), 8192, tau, **options)
        # Batches are independent: errors from their scatter.
        log_w = out.log_weight.reshape(-1, 128)
        peak = log_w.max()
        z = np.exp(log_w - peak).mean(axis=1)
        value = np.log(z.mean()) + peak
        return out, value, z.std(ddof=1) / z.mean() / np.sqrt(len(z))

    out, value, error = found(Gaussian())
    assert error < 0.05
    assert abs(value - log_z(tau)) < 5 * error
    weights = estimators.normalized_weights(out.log_weight)
    mean = weights @ out.x
    assert np.all(np.abs(mean - 0.5) < 0.15 * WIDTH * np.sqrt(tau))
    spread = np.sqrt(weights @ (out.x - 0.5) ** 2)
    np.testing.assert_allclose(spread, WIDTH * np.sqrt(tau), rtol=0.12)
    _, wrong, error = found(Quartic())
    assert abs(wrong - log_z(tau)) > 5 * error


@pytest.mark.xla
def test_better_weights_than_the_generators_and_honest_counts():
    g = generator()
    plain = estimators.ess_fraction(g.sample(4096, seed=1).log_weight)
    out = anneal(g, 4000, n_steps=20, seed=1, batch_size=1024)
    assert len(out.x) == 4096
    assert plain < 0.05
    assert estimators.ess_fraction(out.log_weight) > 5 * plain
    assert out.energy_evaluations == (4 + 3) * 1024 * (2 + 20 * 5)
    assert np.array_equal(np.bincount(out.batch), [1024] * 4)
    assert np.all((out.acceptance > 0.5) & (out.acceptance < 0.99))
    np.testing.assert_allclose(out.energy, g.system.energy(out.x), rtol=1e-5)
    x, _ = g.to_configuration(out.z)
    np.testing.assert_allclose(out.x, x, rtol=1e-5)
    assert np.array_equal(out.ancestor[:1024], np.arange(1024))
    assert out.ess_fraction() == pytest.approx(estimators.ess_fraction(out.log_weight))


def test_resampling_leaves_equal_weights_of_fewer_ancestors():
    out = anneal(generator(), 512, n_steps=4, resample_below=1.0, seed=1, batch_size=512)
    assert 1 < len(np.unique(out.ancestor)) < 400
    assert np.all(np.diff(out.ancestor) >= 0)
    assert out.log_weight.std() < 1e-6
    assert out.ess_fraction() < len(np.unique(out.ancestor)) / 512


# Errors of resampled runs.

RESAMPLED = {"n_steps": 6, "resample_below": 0.9, "batch_size": 64, "step_size": 0.3}


@pytest.fixture(scope="module")
def runs():
    """Forty independent runs of twenty batches."""
    g = generator()
    return [anneal(g, 20 * 64, seed=s, **RESAMPLED) for s in range(40)]


def calibrated(estimates):
    """Spread over the mean stated variance is that of 39 degrees of freedom: false alarm 1e-6."""
    values, errors = (np.array(v) for v in zip(*estimates, strict=True))
    ratio = values.var(ddof=1) / np.mean(errors**2)
    low, high = scipy.stats.chi2(39).ppf([5e-7, 1 - 5e-7]) / 39
    return low < ratio < high


def test_errors_of_resampled_runs_are_those_of_batches(runs):
    """The planted error is to take samples for independent."""
    assert calibrated([r.log_z() for r in runs])
    assert calibrated([r.average(r.x[:, 0]) for r in runs])
    log_weights = [np.asarray(r.log_weight) for r in runs]
    assert not calibrated([estimators.log_z(w) for w in log_weights])
    assert abs(np.mean([r.log_z().value for r in runs]) - log_z(1.0)) < 0.1
    assert {r.independent for r in runs} == {20}


def test_a_function_of_averages(runs):
    out = runs[0]
    both = out.average(np.stack([out.x[:, 0], out.x[:, 0] ** 2], axis=1))
    variance = out.average(
        np.stack([out.x[:, 0], out.x[:, 0] ** 2], axis=1), function=lambda m: m[1] - m[0] ** 2
    )
    assert both.value.shape == both.standard_error.shape == (2,)
    assert variance.value == pytest.approx(both.value[1] - both.value[0] ** 2)
    assert abs(variance.value - WIDTH[0] ** 2) < 6 * variance.standard_error


def test_one_batch_states_no_error_and_few_a_doubtful_one(runs):
    out = runs[0]
    one = Annealed(*(v[:64] if np.ndim(v) and len(v) == 1280 else v for v in out))
    assert one.independent == 1
    assert np.isnan(one.log_z().standard_error)
    assert np.isnan(one.average(one.x[:, 0]).standard_error)
    assert np.all(np.isnan(one.average(one.x).standard_error))
    five = Annealed(*(v[:320] if np.ndim(v) and len(v) == 1280 else v for v in out))
    for method in (five.log_z, lambda: five.average(five.x)):
        with pytest.warns(CalibrationWarning, match="at least 10 to know it to a quarter, got 5"):
            method()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out.log_z()


def test_resampled_weights_do_not_pass_for_independent_ones(runs):
    weights = runs[0].log_weight
    x = runs[0].x[:, 0]
    for name, call in {
        "log_z": lambda: estimators.log_z(weights),
        "of a part": lambda: estimators.log_z(weights[100:] + 1.0),
        "average": lambda: estimators.weighted_average(x, weights),
        "free energy": lambda: estimators.free_energy_difference(
            x, weights, left=(-9, 0.5), right=(0.5, 9)
        ),
    }.items():
        with pytest.warns(CalibrationWarning, match="must be of independent samples"):
            assert call() is not None, name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimators.log_z(np.asarray(weights))
        estimators.normalized_weights(weights)
        independent = anneal(generator(), 64, n_steps=1, batch_size=64, step_size=0.3).log_weight
        estimators.log_z(independent)
    assert type(weights.max()) is np.float64
    assert type(independent) is np.ndarray


def test_without_resampling_samples_are_independent():
    out = anneal(generator(), 256, n_steps=4, batch_size=64, seed=2, step_size=0.3)
    assert out.independent == 256
    np.testing.assert_allclose(out.log_z(), estimators.log_z(out.log_weight), rtol=1e-10)
    expected = estimators.weighted_average(out.x, out.log_weight)
    np.testing.assert_allclose(out.average(out.x), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 5, 1000])
def test_systematic_resampling_is_what_it_says(n):
    rng = np.random.default_rng(n)
    weight = rng.exponential(size=n) * (rng.random(n) < 0.7)
    weight[-1] = 0
    weight[0] = 1
    for offset in (0.0, 0.3, 1 - 1e-12):
        edges = np.cumsum(weight) / weight.sum() * n
        expected = np.searchsorted(edges, np.arange(n) + offset, side="right")
        found = systematic(tf.constant(weight), tf.constant(offset, tf.float64)).numpy()
        np.testing.assert_array_equal(found, expected)
        assert np.all(weight[found] > 0)


def test_resampling_a_million_takes_no_square_of_them():
    """XLA's searchsorted asks for 10^12 comparisons in one array: no machine has them."""
    n = 2**20
    draw = tf.function(systematic, jit_compile=True)
    found = draw(tf.fill([n], tf.constant(2.0, tf.float64)), tf.constant(0.5, tf.float64))
    np.testing.assert_array_equal(found, np.arange(n))


MEMORY = """
import resource
import numpy as np
from boltzmann_tf import BoltzmannGenerator, bijectors, systems
from boltzmann_tf.sampling import anneal
g = BoltzmannGenerator(systems.DoubleWell(), bijectors.realnvp(2, blocks=2, hidden=(16,)))
out = anneal(g, 262144, n_steps=4, resample_below=0.9, step_size=0.2, batch_size=262144)
assert len(np.unique(out.ancestor)) < 262144
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
def test_a_quarter_of_a_million_samples_in_two_gibibytes():
    """TensorFlow included; it was 264 GiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.split()[-1]) < 2


def test_bias_spreads_the_samples_and_the_weights_undo_it():
    """Double well, a bias that lifts the left: ΔF within 5 errors of exact."""
    system = systems.DoubleWell()
    flow = bijectors.realnvp(2, blocks=1, hidden=(8,))
    g = BoltzmannGenerator(system, bijectors.Sequence([bijectors.Scaling(2), flow]))
    g.bijector.bijectors[0].variables[0].assign([-0.5, 0.0])

    def bias(x):
        return -3.4 * tf.sigmoid(4 * x[:, 0])  # the right well is 3.4 kT higher

    out = anneal(g, 16_384, n_steps=20, bias=bias, seed=5, batch_size=4096)
    right = out.x[:, 0] > 0
    biased = estimators.normalized_weights(out.log_weight - out.bias)
    assert 0.35 < biased[right].sum() < 0.65
    found = estimators.free_energy_difference(
        out.x[:, 0], out.log_weight, left=(-np.inf, 0), right=(0, np.inf), seed=0
    )
    exact = system.exact.free_energy_difference(1.0)
    assert found.standard_error < 0.15
    assert abs(found.value - exact) < 5 * found.standard_error


def test_what_does_not_move_keeps_its_spread_and_the_weights_know():
    """Double well: x as drawn from the prior, whatever the steps; ΔF within 5 errors of exact."""
    system = systems.DoubleWell()
    g = BoltzmannGenerator(system, bijectors.Scaling(2))
    g.bijector.variables[0].assign([-0.5, 0.3])
    out, other = (
        anneal(g, 8192, n_steps=k, moving=[False, True], seed=5, batch_size=4096) for k in (4, 9)
    )
    assert np.array_equal(out.z[:, 0], other.z[:, 0])
    assert out.z[:, 0].std() == pytest.approx(1, abs=0.05)
    assert not np.array_equal(out.z[:, 1], other.z[:, 1])
    found = estimators.free_energy_difference(
        out.x[:, 0], out.log_weight, left=(-np.inf, 0), right=(0, np.inf), seed=0
    )
    exact = system.exact.free_energy_difference(1.0)
    assert found.standard_error < 0.2
    assert abs(found.value - exact) < 5 * found.standard_error


def test_the_same_numbers_from_the_same_seed():
    one, two, three = (
        anneal(generator(), 256, n_steps=3, step_size=0.2, seed=s, batch_size=128)
        for s in (1, 1, 2)
    )
    assert np.array_equal(one.log_weight, two.log_weight)
    assert not np.array_equal(one.log_weight, three.log_weight)
    assert not np.array_equal(one.x[:128], one.x[128:])


def test_overlaps_are_rejected_not_followed():
    """The solvated dimer from noise: most energies are huge or infinite, none ends as NaN."""
    g = BoltzmannGenerator(systems.SolvatedDimer(), bijectors.Scaling(76))
    out = anneal(g, 64, n_steps=3, step_size=0.1, seed=1, batch_size=64)
    assert np.all(np.isfinite(out.x))
    assert not np.any(np.isnan(out.log_weight))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_steps": 0}, "n_steps must be"),
        ({"resample_below": 2.0}, "resample_below must be between 0 and 1"),
        ({"step_size": [0.1, 0.2]}, r"a number or \[10\]"),
        ({"power": -1.0}, "power must be"),
        ({"temperature": 0.0}, "temperature must be"),
        ({"moving": [True] * 9}, "moving must be"),
        ({"moving": "all"}, "moving must be"),
    ],
)
def test_bad_input(options, said):
    with pytest.raises(ValueError, match=said):
        anneal(generator(), 10, **options)


def test_conditional_generators_are_refused():
    flow = bijectors.realnvp(2, blocks=1, hidden=(4,), condition_size=1)
    with pytest.raises(ValueError, match="unconditional"):
        anneal(BoltzmannGenerator(systems.DoubleWell(), flow), 10)
