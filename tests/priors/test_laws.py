"""The laws of priors; a new one is one line in `cases`. Each law is seen to fail with an error.

Chi-squared tests of 20 000 draws are passed at p > 1e-8, their false-alarm probability.
"""

from __future__ import annotations

import functools
import json
import warnings

import numpy as np
import pytest
import tensorflow as tf
from priors.cases import CASES, CENTRES, SCALES, Exponential
from scipy import stats

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, estimators, priors
from boltzmann_tf._support.random import uniform
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.losses import Likelihood, Mapped, WeightedLikelihood

N = 20_000
LEVEL = 1e-8  # the level of a chi-squared test
SEED = tf.constant([3, 5])
EVERY = pytest.mark.parametrize("name", CASES)


class Grid:
    """Midpoints of equal cells between the ends of a density."""

    def __init__(self, case, tau):
        low, high = (np.atleast_1d(np.asarray(v, float)) for v in case.ends(tau))
        self.low, self.high = low, high
        self.points = {1: 20_000, 2: 400}[len(low)]
        axes = [
            a + (b - a) * (np.arange(self.points) + 0.5) / self.points
            for a, b in zip(low, high, strict=True)
        ]
        self.z = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(low))
        self.volume = np.prod((high - low) / self.points)

    def masses(self, log_prob):
        return np.exp(np.asarray(log_prob)) * self.volume

    def cells(self, mass):
        """Masses of 20 cells an axis, and one beyond for what is outside."""
        coarse = mass.reshape([20, self.points // 20] * len(self.low))
        coarse = coarse.sum(axis=tuple(range(1, coarse.ndim, 2))).ravel()
        return np.append(coarse, max(1 - coarse.sum(), 0))

    def counts(self, z):
        place = np.floor(20 * (z - self.low) / (self.high - self.low)).astype(int)
        inside = np.all((place >= 0) & (place < 20), axis=1)
        number = np.ravel_multi_index(tuple(place[inside].T), [20] * len(self.low))
        counts = np.bincount(number, minlength=20 ** len(self.low))
        return np.append(counts, np.sum(~inside))


@functools.cache
def grid(name, tau):
    return Grid(CASES[name], tau)


def density(prior, tau, z):
    return prior.log_prob(tf.constant(z, tf.float64), tau).numpy()


def on_grid(name, tau, prior=None):
    """Of distributions, which have one dtype, in theirs."""
    prior = prior or CASES[name].prior
    z = grid(name, tau).z
    if name == "distribution":
        return prior.log_prob(tf.constant(z, tf.float32), tau).numpy().astype(float)
    return density(prior, tau, z)


def assert_normalised(name, tau, log_prob):
    """The midpoint rule is exact to 1e-9 for the smooth ones, 1e-6 at an end; float32 to 1e-5."""
    total = grid(name, tau).masses(log_prob).sum()
    assert abs(total - 1) < (2e-5 if name == "distribution" else 2e-6), total


@EVERY
def test_density_integrates_to_one(name):
    for tau in CASES[name].temperatures:
        log_prob = on_grid(name, tau)
        assert_normalised(name, tau, log_prob)
        with pytest.raises(AssertionError):  # planted
            assert_normalised(name, tau, log_prob + 1e-4)


def test_a_missing_constant_of_mean_free_normals_is_seen():
    """The neighbour's log-density, which is larger by 0.5 (n - 1) D ln(2 pi)."""
    planted = on_grid("mean-free", 1.0) + np.log(2 * np.pi)
    with pytest.raises(AssertionError):
        assert_normalised("mean-free", 1.0, planted)


def assert_drawn_from(name, tau, z, log_prob):
    cells = grid(name, tau)
    wanted, found = N * cells.cells(cells.masses(log_prob)), cells.counts(z)
    few = wanted < 10
    wanted, found = (
        np.append(wanted[~few], wanted[few].sum()),
        np.append(found[~few], found[few].sum()),
    )
    if wanted[-1] < 1e-3:  # nothing there
        assert found[-1] == 0
        wanted, found = wanted[:-1], found[:-1]
    statistic = np.sum((found - wanted) ** 2 / wanted)
    p = stats.chi2.sf(statistic, len(wanted) - 1)
    assert p > LEVEL, f"chi2 {statistic:.0f} of {len(wanted) - 1} cells"


@EVERY
def test_draws_follow_the_density(name):
    """At tau = 1 and with two temperatures in turn; planted: draws that are narrower by a tenth."""
    case = CASES[name]
    draws = [(1.0, case.prior.sample(N, 1.0, SEED).numpy())]
    if len(case.temperatures) > 1:
        tau = tf.tile([0.5, 2.0], [N])
        both = case.prior.sample(2 * N, tau, SEED, None, tf.float64).numpy()
        draws += [(0.5, both[::2]), (2.0, both[1::2])]
    for tau, z in draws:
        log_prob = on_grid(name, tau)
        assert_drawn_from(name, tau, z, log_prob)
        with pytest.raises(AssertionError):
            assert_drawn_from(name, tau, 0.9 * z, log_prob)
        assert np.all(np.isfinite(case.prior.log_prob(tf.constant(z[:500]), 1.0)))


@EVERY
def test_temperature_is_what_each_defines(name):
    """A power of the density unless it says another; one temperature a sample gives the same."""
    case = CASES[name]
    if len(case.temperatures) == 1:
        with pytest.raises(ValueError, match="temperature must be 1 with a prior of one's own"):
            case.prior.check_temperatures("temperature", [1.0, 2.0])
        return
    z = case.prior.sample(50, 1.0, SEED, None, tf.float64)
    one = case.prior.log_prob(z, 1.0).numpy()

    def assert_tempered(found, tau):
        if case.at is None:
            np.testing.assert_allclose(np.ptp(found - one / tau), 0, atol=1e-11)
        else:
            np.testing.assert_allclose(found, case.at(tau).log_prob(z, 1.0), atol=1e-11)

    for tau in (0.5, 2.0):
        assert_tempered(case.prior.log_prob(z, tau).numpy(), tau)
        if name not in ("box", "uniform circles"):
            with pytest.raises(AssertionError):  # planted: nothing but the constant changes
                assert_tempered(one, tau)
    taus = tf.tile(tf.constant([0.5, 2.0], tf.float64), [25])
    each = case.prior.log_prob(z, taus).numpy()
    for k, tau in enumerate((0.5, 2.0)):
        np.testing.assert_allclose(each[k::2], case.prior.log_prob(z, tau)[k::2], rtol=1e-13)


@EVERY
def test_energy_and_score_are_those_of_the_density(name):
    """Where something is drawn: -log p less one constant, and its gradient."""
    prior = CASES[name].prior
    z = prior.sample(20, 1.0, SEED)
    constant = prior.energy(z, 1.0) + prior.log_prob(z, 1.0)
    assert np.ptp(constant) < 1e-5
    with tf.GradientTape() as tape:
        tape.watch(z)
        energy = prior.energy(z, 1.0)
    slope = tape.gradient(energy, z, unconnected_gradients="zero")
    np.testing.assert_allclose(prior.score(z, 1.0), -slope, atol=1e-5)


def test_xla_and_float32_compute_the_same():
    @functools.partial(tf.function, jit_compile=True, autograph=False)
    def all_of_them():
        found = {}
        for name, case in CASES.items():
            tau = tf.ones([64]) if name == "distribution" else tf.tile([0.5, 2.0], [32])
            z = case.prior.sample(64, tau, SEED)
            found[name] = z, tau, case.prior.log_prob(z, tau)
        return found

    for name, (z, tau, log_prob) in all_of_them().items():
        prior = CASES[name].prior
        np.testing.assert_allclose(prior.log_prob(z, tau), log_prob, rtol=1e-5, atol=1e-5)
        assert np.all(np.isfinite(log_prob)), name
        if name != "distribution":
            fine = prior.log_prob(tf.cast(z, tf.float64), tau)
            np.testing.assert_allclose(log_prob, fine, rtol=1e-5, atol=1e-5)


# In a generator.


def identity(name):
    case = CASES[name]
    bijector = Scaling(case.prior.event_size)
    return BoltzmannGenerator(case.system, bijector, case.prior, jit_compile=False)


@EVERY
def test_log_z_is_exact_by_reweighting_from_each_prior(name):
    """Five standard errors, 6e-7; planted: all at tau = 1 where the prior has a temperature."""
    case = CASES[name]
    taus = [t for t in (1.0, 2.0) if t in case.temperatures]
    tau = np.tile(taus, N // len(taus))
    samples = identity(name).sample(N, tau, seed=2)
    for k, t in enumerate(taus):
        found = estimators.log_z(samples.log_weight[k :: len(taus)])
        assert found.standard_error < 0.05
        assert abs(found.value - case.system.log_z(t)) < 5 * found.standard_error, t
    if len(taus) > 1:
        at_one = case.prior.log_prob(tf.constant(samples.z[1::2]), 1.0).numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of poor weights
            wrong = estimators.log_z(-samples.energy[1::2] / 2 - at_one)
        same = name in ("box", "uniform circles")
        off = abs(wrong.value - case.system.log_z(2.0)) > 5 * wrong.standard_error
        assert off != same


@EVERY
def test_round_trip_bit_for_bit(name, tmp_path):
    before, prior = identity(name), CASES[name].prior
    document = priors.to_document(prior)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    before.save(tmp_path / "g")
    given = {"prior": Exponential} if name == "own" else {}
    after = BoltzmannGenerator.load(tmp_path / "g", before.system, **given)
    assert type(after.prior) is type(prior)
    assert priors.to_document(after.prior) == document
    for tau in CASES[name].temperatures:
        z = before.prior_sample(100, tau, SEED)
        assert np.array_equal(after.prior_sample(100, tau, SEED), z)
        log_prob = before.prior_log_prob(z, tau)
        assert np.array_equal(after.prior_log_prob(z, tau), log_prob)
    saved = json.loads((tmp_path / "g" / "generator.json").read_text())
    assert saved["format"] == (2 if name == "normal" else 3)
    assert ("prior" in saved) == (name != "normal")


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.bijector])
def test_training_asks_the_prior_and_lowers_the_loss(name):
    """The first J_ML is that of the density, with all data at one place."""
    case = CASES[name]
    generator = BoltzmannGenerator(
        case.system, case.bijector(case.prior.event_size), case.prior, jit_compile=False
    )
    x = np.tile(np.float32(case.data), (8, 1))
    z, log_det = generator.to_latent(x)
    if name == "box":  # x is the image of a point outside: the wall of training
        wanted = float(np.mean(case.prior.energy(z) - log_det))
    else:
        wanted = -float(np.mean(case.prior.log_prob(z, 1.0) + log_det))
    if name in ("normal", "mean-free"):
        wanted -= np.log(2 * np.pi)  # left out, as published
    temperatures = (1.0, 2.0) if len(case.temperatures) > 1 else (1.0,)
    stage = Stage(40, 256, 0.03, ml=0.3, kl=1.0, temperatures=temperatures)
    history = Trainer(generator, seed=1, steps_per_call=40, jit_compile=False).fit(
        x, stage, verbose=0
    )
    assert history["ml"][0] == pytest.approx(wanted, abs=1e-5)
    standard = float(np.mean(Likelihood.terms(Mapped(x, z, log_det))))
    if name not in ("normal", "mean-free"):
        assert abs(history["ml"][0] - standard) > 1e-3  # planted: the normal one's
    assert np.mean(history["loss"][-5:]) < np.mean(history["loss"][:2]) - 0.01
    assert np.all(history["ess"] > 0)


@pytest.mark.parametrize("name", ["mixture", "von Mises"])
def test_weights_of_weighted_likelihood_are_those_of_the_prior(name):
    prior = CASES[name].prior
    z = prior.sample(9, 1.0, SEED, None, tf.float64)
    rng = np.random.default_rng(0)
    energy, log_det, tau = rng.normal(size=9), rng.normal(size=9), np.tile([1.0, 2.0, 3.0], 3)
    batch = Mapped(z, z, tf.constant(log_det), prior)
    found = float(WeightedLikelihood()(batch, tf.constant(energy), tf.constant(tau)))
    log_w = -energy - density(prior, tau, z) - log_det
    weight = np.exp(log_w) / np.exp(log_w).sum()
    assert found == pytest.approx(weight @ (-density(prior, 1.0, z) - log_det), rel=1e-10)


def test_float64_keeps_its_digits():
    """A number such as 0.3 or pi must not pass through float32, whose rounding is 3e-8 of it."""
    z, tau = np.random.default_rng(1).uniform(-1, 1, (50, 2)), 0.3
    mixture = CASES["mixture"]
    each = [
        np.log(w) + stats.norm(c, s * np.sqrt(tau)).logpdf(z).sum(axis=1)
        for w, c, s in zip([0.25, 0.75], CENTRES, SCALES, strict=True)
    ]
    wanted = {
        "normal": stats.norm(0, np.sqrt(tau)).logpdf(z).sum(axis=1),
        "mixture": np.logaddexp(*each),
        "von Mises": stats.vonmises([1, 2 / tau], loc=[0, 1]).logpdf(z).sum(axis=1)
        - stats.vonmises(1).logpdf(z[:, 0])
        - np.log(2 * np.pi),
    }
    for name, values in wanted.items():
        np.testing.assert_allclose(density(CASES[name].prior, tau, z), values, rtol=1e-12)
        as_distribution = CASES[name].prior.distribution(tau, tf.float64)
        np.testing.assert_allclose(as_distribution.log_prob(z), values, rtol=1e-12)
    # The planted error.
    rounded = density(mixture.prior, float(np.float32(tau)), z)
    assert not np.allclose(rounded, wanted["mixture"], rtol=1e-12)
    angles = CASES["uniform circles"].prior.sample(100, 1.0, SEED, None, tf.float64)
    turns = 2 * uniform([100, 2], SEED, tf.float64) - 1
    np.testing.assert_allclose(angles, np.pi * turns, rtol=1e-12)
