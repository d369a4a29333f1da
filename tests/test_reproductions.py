"""What the reproductions share: data, networks trained in turn, and answers to hold them to."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    System,
    estimators,
    realnvp,
    sampling,
    systems,
)
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import baseline, ensembles, recipes
from boltzmann_tf.reproductions.ensembles import Trainers, Variant, resampled
from boltzmann_tf.reproductions.evaluation import Target
from boltzmann_tf.reproductions.figure2.figures import Within
from boltzmann_tf.reproductions.tempered import tempered


class Harmonic(System):
    """Variances 1 and 1; counts how often its training energy is traced."""

    event_shape = (2,)

    def __init__(self):
        self.traces = 0

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)

    def training_energy(self, x):
        self.traces += 1
        return self.energy(x)


# Resampling.


def test_resampled_configurations_have_the_weighted_averages():
    """The generator is too wide; the weights make averages right, and so does resampling.

    Given the samples, the mean of n resampled values has a standard error of s / sqrt(n), with s
    the weighted standard deviation: beyond 6 of them a false alarm has a probability of 2e-9.
    """
    bijector = Scaling(2)
    bijector.trainable_variables[0].assign(-np.log([1.5, 1.2]))
    generator = BoltzmannGenerator(Harmonic(), bijector)
    n = 20_000
    samples = tempered(generator, ensembles.RESAMPLED, n, seed=3)
    weight = estimators.normalized_weights(samples.log_weight)
    assert weight.max() < n**-0.5  # nothing to truncate here
    value = samples.x.astype(np.float64) ** 2
    mean = weight @ value
    error = np.sqrt(weight @ (value - mean) ** 2 / n)
    drawn = resampled(generator, n, 3).astype(np.float64) ** 2
    assert drawn.shape == (n, 2)
    assert np.all(np.abs(drawn.mean(0) - mean) < 6 * error)
    assert np.all(np.abs(value.mean(0) - mean) > 6 * error)  # the sister: without weights
    again = resampled(generator, n, 3).astype(np.float64)
    np.testing.assert_array_equal(drawn, again**2)


def test_an_outlier_with_half_of_the_weight_does_not_make_up_the_data(monkeypatch):
    n = 10_000
    log_weight = np.zeros(n)
    log_weight[7] = np.log(n - 1)
    none = np.zeros(n)
    samples = Samples(none, np.arange(n)[:, None], none, none, log_weight)
    monkeypatch.setattr(ensembles, "tempered", lambda *arguments, seed: samples)
    drawn = resampled(None, n, 0)
    # Its share is cut to n^-1/2 / (1/2 + n^-1/2) = 2 %; 3 % are seven standard deviations away.
    assert 0.01 < np.mean(drawn == 7) < 0.03


# Networks of one architecture.

BATCH = 16
BOTH = {"ml": 0.5, "kl": 0.5}
DATA = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


def build(seed, data):
    return realnvp(2, blocks=1, hidden=(4,), seed=seed)


def weights_of(bijector):
    return [v.numpy() for v in bijector.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@functools.cache
def trained(folder="unused"):
    system = Harmonic()
    context = Context("shared", "paper", folder, seed=3)
    trainers = Trainers(context, system)

    def train(name, rate, **options):
        recipe = [Stage(3, BATCH, rate, **BOTH), 64, Stage(2, BATCH, rate, **BOTH)]
        return trainers.train(Variant(name, build, recipe, seeds=2, **options), lambda seed: DATA)

    first = train("first", 1e-2)
    traces = system.traces
    kept = train("kept", 0.0, follows="first")
    fresh = train("fresh", 0.0)
    assert system.traces == traces > 0  # all recipes and seeds share one compilation
    return SimpleNamespace(first=first, kept=kept, fresh=fresh, context=context)


def test_networks_share_the_generator_and_keep_their_own_weights():
    runs = trained()
    assert runs.first.generator is runs.kept.generator is runs.fresh.generator
    one, two = runs.first.runs
    assert (one.seed, two.seed) == (3, 4)
    assert not equal(one.weights, two.weights)
    for run in (one, two, one):
        assert equal(weights_of(runs.first.use(run).bijector), run.weights)


def test_a_variant_starts_afresh_or_from_the_one_it_follows():
    """With a learning rate of 0 the weights at the end are those at the start."""
    runs = trained()
    for before, kept, fresh in zip(runs.first.runs, runs.kept.runs, runs.fresh.runs, strict=True):
        assert equal(kept.weights, before.weights)
        assert equal(fresh.weights, weights_of(build(fresh.seed, DATA)))
        assert not equal(fresh.weights, kept.weights)


def test_histories_span_the_recipe_and_energies_are_counted():
    runs = trained()
    history = runs.first.runs[0].history
    assert len(history) == 5
    assert history.stage_ends == [3, 5]
    assert np.all(np.isfinite(history["loss"]))
    assert history.energy_evaluations == 5 * BATCH + 64
    assert runs.context.energy_evaluations == 6 * history.energy_evaluations
    assert runs.first.runs[0].end("kl", 2) == pytest.approx(np.median(history["kl"][-2:]))


def test_a_run_that_ends_in_nan_is_counted():
    runs = trained().first
    assert runs.nan_count == 0
    good = runs.runs[0]
    bad = ensembles.Run(0, good.history, [np.array([np.nan]), *good.weights])
    assert bad.ended_in_nan
    assert ensembles.Ensemble(runs.variant, runs.generator, [good, bad]).nan_count == 1


def test_data_of_the_middle_of_a_recipe_come_from_the_generator(monkeypatch):
    """The stage after an integer sees resampled configurations, as many in every stage."""
    seen = []

    class Recorder:
        generator, seed = "the generator", None

        def fit(self, data, stage, callbacks, verbose):
            seen.append((data, self.seed))
            return SimpleNamespace(values={}, energy_evaluations=0)

    new = np.full((80, 2), 7.0)
    monkeypatch.setattr(ensembles, "resampled", lambda generator, n, seed: new[:n])
    recipe = [Stage(1), 80, Stage(1), Stage(1)]
    history = ensembles._follow(Recorder(), recipe, DATA, 5, [])
    first, second, third = (data for data, _ in seen)
    np.testing.assert_array_equal(first, np.concatenate([DATA, DATA[:30]]))
    np.testing.assert_array_equal(second, new)
    np.testing.assert_array_equal(third, new)
    assert len({seed for _, seed in seen}) == 3  # no stage sees the noise of another
    assert history.energy_evaluations == 80


# Data and answers.


def test_end_states_begin_with_the_initial_frames():
    system = systems.DoubleWell()
    data = recipes.end_state_data(system, 1, n_steps=10_000, stride=10, step_size=0.1)
    assert data.shape == (2 * 1001, 2)
    left, right = data[:1001], data[1001:]
    np.testing.assert_allclose(left[0], system.initial_state("left"), rtol=1e-6)
    np.testing.assert_allclose(right[0], system.initial_state("right"), rtol=1e-6)
    assert left[:, 0].max() < 0 < right[:, 0].min()
    assert np.all(np.abs(left[1] - left[0]) < 3)  # the second frame is ten steps on, not a start
    assert np.any(left[1] != left[0])


EDGES = np.concatenate([np.linspace(-2.2, 0.0, 12), np.linspace(0.1, 2.2, 22)])  # of two widths


def target():
    return Target(
        lambda x: x[:, 0].astype(np.float64), (-np.inf, 0.0), (0.0, np.inf), EDGES,
        systems.DoubleWell().exact,
    )  # fmt: skip


def test_the_profile_of_a_target_is_the_exact_one():
    """Minus log density of each bin, from a fine quadrature of exp(-u)."""
    x = np.linspace(-6.0, 6.0, 1_200_001)
    u = systems.DoubleWell().exact.energy(np.stack([x, 0 * x], axis=-1))
    mass, _ = np.histogram(x, EDGES, weights=np.exp(u.min() - u))
    wanted = -np.log(mass / np.diff(EDGES))
    np.testing.assert_allclose(target().profile, wanted - wanted.min(), atol=2e-3)
    # The sister: without the widths of the bins it is off by the logarithm of their ratio.
    assert np.abs(np.log(mass.max() / mass) - target().profile).max() > 0.5


def test_differences_and_coverage_of_exact_samples():
    """Exact samples: within 6 stated errors, false alarm 2e-9; both basins are visited."""
    exact = systems.DoubleWell().exact
    x = exact.sample(200_000, 2.0, seed=0)
    none = np.zeros(len(x))
    samples = Samples(x, x, none, none, none)
    value, error = target().difference(samples, seed=0)
    assert abs(value - exact.free_energy_difference(2.0)) < 6 * error
    assert abs(value - exact.free_energy_difference(1.0)) > 6 * error
    coverage = target().coverage(samples)
    assert coverage.fraction == pytest.approx(1.0)
    lost = target().coverage(Samples(*(part[x[:, 0] < 0] for part in samples)))
    assert lost.worst_ratio == 0


def test_a_mixture_of_priors_is_weighted_by_its_density():
    """log Z of a Gaussian from priors at 1 and 3; with the hot density alone it is wrong.

    Identity flow on its own target; 6 standard errors: false-alarm probability 2e-9.
    """
    generator = BoltzmannGenerator(Harmonic(), Scaling(2))
    samples = tempered(generator, (1.0, 3.0), 20_000, seed=1)
    exact = np.log(2 * np.pi)
    value, error = estimators.log_z(samples.log_weight)
    assert abs(value - exact) < 6 * error
    square = np.sum(samples.z.astype(np.float64) ** 2, axis=1)
    planted = -samples.energy + square / 6 + np.log(2 * np.pi * 3)
    value, error = estimators.log_z(planted)
    assert abs(value - exact) > 6 * error


# What the figures compare with.


def test_metropolis_within_a_state_stays_there_and_is_right():
    """Energies of the right well: their mean within six errors of quadrature, false alarm 2e-9.

    The sister is the whole double well, hot enough that walkers leave.
    """
    system = systems.DoubleWell()
    within = Within(system, system.reaction_coordinate("x1"), (0.0, np.inf))
    start = np.tile(system.initial_state("right"), (64, 1))
    options = {"n_steps": 2000, "stride": 20, "burn_in": 200, "step_size": 0.5, "temperature": 4.0}
    chains = sampling.metropolis(within, start, seed=1, **options)
    assert chains.configurations[:, 0].min() > 0
    found = estimators.mean_with_error(-4.0 * chains.log_prob)
    x = np.linspace(0.0, 6.0, 60_001)
    u = system.exact.energy(np.stack([x, 0 * x], axis=-1))
    p = np.exp(-(u - u.min()) / 4.0)
    exact = np.sum(p * u) / np.sum(p) + 2.0  # and half of T for x2
    assert abs(found.value - exact) < 6 * found.standard_error
    assert found.standard_error < 0.2
    whole = sampling.metropolis(system, start, seed=1, **options)
    assert whole.configurations[:, 0].min() < 0
    assert np.isposinf(within.energy(tf.constant([[-1.0, 0.0]])).numpy()[0])


def test_what_the_network_buys_has_a_row_a_proposal(tmp_path):
    context = Context("buys", output=tmp_path)
    context.begin()
    good, bad = np.zeros(1000), np.zeros(1000)
    bad[0] = 30.0
    baseline.buys_table(context, "none", [({"proposal": "a"}, bad), ({"proposal": "b"}, good)])
    context.finish()
    text = (context.directory / "report.html").read_text()
    assert "What the network buys" in text
    assert text.count('<span class="beyond">') == 2  # k-hat and effective samples of the first
