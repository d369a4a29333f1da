"""Generators with priors: conditions and temperatures one a sample, files, chains, shared steps."""

from __future__ import annotations

import resource

import forging
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from priors.cases import CASES, Exponential, Gaussian, Half

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, _compiled, estimators, sampling
from boltzmann_tf.bijectors import AffineCoupling, Scaling, Sequence
from boltzmann_tf.conditions import Uniform
from boltzmann_tf.exploration import Explorer
from boltzmann_tf.priors import (
    Circles,
    DistributionPrior,
    MeanFreeNormal,
    Mixture,
    Normal,
    Prior,
    UniformBox,
)
from boltzmann_tf.run_identity import run_document
from boltzmann_tf.step_shape import Data
from boltzmann_tf.systems import DoubleWell, ParticleSystem, System

tfd = tfp.distributions
SEED = tf.constant([3, 5])
CENTRES = [[-1.5, 0.0], [1.5, 0.0]]


class Widths(System):
    """Gaussians of the width that the condition says: log Z = log(2 pi tau c^2)."""

    event_shape = (2,)
    condition_size = 1

    def energy(self, x, condition):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) / condition[:, 0] ** 2


class Wide(Prior):
    """A user's own prior under a condition: normal, of that width."""

    condition_size = 1

    def sample(self, n, temperature, seed, condition=None, dtype=tf.float32):
        noise = tf.random.stateless_normal([n, self.event_size], seed, dtype=dtype)
        return condition * noise * tf.sqrt(tf.cast(temperature, dtype))[..., None]

    def log_prob(self, z, temperature, condition=None):
        scale = condition[:, 0] * tf.sqrt(tf.cast(temperature, z.dtype))
        norm = self.event_size * tf.math.log(scale * np.sqrt(2 * np.pi))
        return -0.5 * tf.reduce_sum(z**2, axis=-1) / scale**2 - norm


def conditional(prior=None):
    halves = [
        AffineCoupling(2, transformed=h, hidden=(4,), condition_size=1) for h in ("even", "odd")
    ]
    generator = BoltzmannGenerator(Widths(), Sequence(halves), prior, jit_compile=False)
    rng = np.random.default_rng(0)
    for v in generator.bijector.trainable_variables:
        v.assign(v + 0.1 * rng.normal(size=v.shape).astype(np.float32))
    return generator


@pytest.mark.parametrize("prior", [None, Wide(2)], ids=["normal", "own"])
def test_one_condition_and_one_temperature_a_sample(prior):
    """Each row is what it would be by itself."""
    generator = conditional(prior)
    n = 6000
    condition = np.tile([[1], [2], [3]], (n // 3, 1))  # whole numbers
    tau = np.repeat([1.0, 2.0], n // 2)
    both = generator.sample(n, tau, condition=condition, seed=1, batch_size=1024)
    for t in (1.0, 2.0):
        for c in (1, 2, 3):
            rows = (tau == t) & (condition[:, 0] == c)
            alone = generator.sample(n, t, condition=[float(c)], seed=1, batch_size=1024)
            np.testing.assert_allclose(both.z[rows], alone.z[rows], rtol=1e-6)
            np.testing.assert_allclose(both.x[rows], alone.x[rows], rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(
                both.log_weight[rows], alone.log_weight[rows], rtol=1e-5, atol=1e-5
            )
    again = generator.log_weight(both.x, tau, condition=condition)
    np.testing.assert_allclose(again, both.log_weight, atol=1e-4)
    np.testing.assert_allclose(
        generator.log_prob(both.x, tau, condition=condition), both.log_q, atol=1e-4
    )
    # planted: conditions that have moved by a row
    moved = generator.log_weight(both.x, tau, condition=np.roll(condition, 1, axis=0))
    assert np.max(np.abs(moved - both.log_weight)) > 1.0
    if prior is not None:  # as wide as the target: with the identity all weights are exact
        for v in generator.bijector.trainable_variables:
            v.assign(tf.zeros_like(v))
        weights = generator.sample(n, tau, condition=condition, batch_size=1024).log_weight
        exact = np.log(2 * np.pi * tau * condition[:, 0] ** 2)
        np.testing.assert_allclose(weights, exact, atol=1e-4)


def test_conditions_are_whole_numbers_that_float32_holds():
    generator = conditional()
    at = generator.sample(4, condition=[2**24])
    np.testing.assert_array_equal(at.x, generator.sample(4, condition=[float(2**24)]).x)
    with pytest.raises(ValueError, match="data_condition must hold whole numbers of at most"):
        Trainer(generator).fit(np.ones((1, 2)), Stage(1), data_condition=[[2**24 + 1]], verbose=0)
    chunks = [(np.ones((1, 2)), np.array([[2**24 + 1]]))]
    with pytest.raises(ValueError, match="condition of data must hold whole numbers of at most"):
        Trainer(generator).fit(lambda: iter(chunks), Stage(1, 8), verbose=0)
    with pytest.raises(
        ValueError, match=r"condition must have shape \[1\] for this generator, got"
    ):
        generator.log_weight(iter([np.ones((2, 2))]), condition=[[1.0], [2.0]])
    for wrong in ([2**24 + 1], np.array([[1], [2], [-(2**24) - 1], [3]]), [2**70]):
        with pytest.raises(ValueError, match=r"condition must hold whole numbers of at most 1677"):
            generator.sample(4, condition=wrong)


def test_training_under_conditions_asks_the_prior():
    generator = conditional(Wide(2))
    stage = Stage(30, 128, 0.03, ml=0.0, kl=1.0, condition=Uniform((0.5,), (2.0,)))
    history = Trainer(generator, seed=1, steps_per_call=30, jit_compile=False).fit(
        None, stage, verbose=0
    )
    assert np.mean(history["kl"][-5:]) < np.mean(history["kl"][:2])
    # Of weights that vary as Z ~ c^2 alone: the gauge has one group for all conditions.
    c = np.linspace(0.5, 2.0, 10_001)
    exact = np.mean(c**2) ** 2 / np.mean(c**4)
    assert np.mean(history["ess"][-5:]) == pytest.approx(exact, abs=0.03)


# Files.


def test_a_users_prior_is_given_to_load(tmp_path):
    before = BoltzmannGenerator(Half(), Scaling(1), Exponential(1, scale=0.5), jit_compile=False)
    before.save(tmp_path / "g")
    with pytest.raises(ValueError, match="prior must be given: this generator's, 'Exponential'"):
        BoltzmannGenerator.load(tmp_path / "g", Half())
    for given in (Exponential, Exponential(1, scale=0.5)):
        after = BoltzmannGenerator.load(tmp_path / "g", Half(), prior=given)
        assert after.prior.scale == 0.5
    z = before.prior_sample(50, 2.0, SEED)
    assert np.array_equal(after.prior_sample(50, 2.0, SEED), z)
    assert np.array_equal(after.prior_log_prob(z, 2.0), before.prior_log_prob(z, 2.0))
    after.sample(20, 2.0)
    for other in (Exponential(1), Normal(1), Mixture([[0.0]])):
        with pytest.raises(ValueError, match=r"prior must be the one that was saved, got another"):
            BoltzmannGenerator.load(tmp_path / "g", Half(), prior=other)


def test_a_generator_without_a_prior_is_as_before(tmp_path):
    BoltzmannGenerator(DoubleWell(), Scaling(2)).save(tmp_path / "g")
    document = forging.document_of(tmp_path / "g")
    assert document["format"] == 2
    assert "prior" not in document
    assert type(BoltzmannGenerator.load(tmp_path / "g").prior) is Normal
    with pytest.raises(ValueError, match="prior must be the one that was saved"):
        BoltzmannGenerator.load(tmp_path / "g", prior=Mixture(CENTRES))


def test_a_prior_comes_back_in_another_precision(tmp_path):
    for prior in (Mixture(CENTRES), DistributionPrior(CASES["distribution"].prior.wrapped)):
        BoltzmannGenerator(Gaussian(2), Scaling(2), prior).save(tmp_path / "g")
        after = BoltzmannGenerator.load(tmp_path / "g", Gaussian(2), dtype="float64")
        z = after.prior_sample(20, 1.0, SEED)
        assert z.dtype == tf.float64
        rough = prior.log_prob(tf.cast(z, tf.float32), 1.0)
        np.testing.assert_allclose(after.prior_log_prob(z, 1.0), rough, atol=1e-5)


LAPLACE = {"class": "Laplace", "parameters": {"loc": [0.0, 0.0], "scale": [1.0, 1.0]}}
INDEPENDENT = {"distribution": LAPLACE, "reinterpreted_batch_ndims": 1}


def nested(depth):
    inner = LAPLACE
    for _ in range(depth):
        inner = {
            "class": "Independent",
            "parameters": {"distribution": inner, "reinterpreted_batch_ndims": 0},
        }
    return inner


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(
    "prior",
    [
        None,
        "normal",
        {"name": "os.system", "config": {}},
        {"name": ["normal"], "config": {}},
        {"name": "normal", "config": [2]},
        {"name": "normal", "config": {"event_size": 2, "run": "rm"}},
        {"name": "normal", "config": {"event_size": 10**12}},
        {"name": "mean_free_normal", "config": {"particles": 10**9, "dimension": 3}},
        {"name": "circles", "config": {"event_size": 2, "concentration": 1e300}},
        {"name": "circles", "config": {"event_size": 10**12, "concentration": 1.0}},
        {"name": "uniform_box", "config": {"low": [0.0, 0.0], "high": [1e300, 1e300]}},
        {"name": "mixture", "config": {"centres": [[1e300, 0.0]]}},
        {"name": "mixture", "config": {"centres": [["a", 0.0]]}},
        {"name": None, "class": "os.system", "config": {}},
        {"name": "distribution", "config": {}},
        {"name": "distribution", "config": {"dtype": "float32", "distribution": "Normal"}},
        {
            "name": "distribution",
            "config": {"dtype": "float32", "distribution": {"class": "os", "parameters": {}}},
        },
        {"name": "distribution", "config": {"dtype": "float32", "distribution": LAPLACE}},
        {"name": "distribution", "config": {"dtype": "float32", "distribution": nested(50)}},
        {
            "name": "distribution",
            "config": {
                "dtype": "float32",
                "distribution": {"class": "Independent", "parameters": INDEPENDENT | {"x": 1}},
            },
        },
    ],
    ids=lambda value: str(value)[:70],
)
def test_malformed_priors_are_refused(tmp_path, prior):
    BoltzmannGenerator(DoubleWell(), Scaling(2)).save(tmp_path / "g")
    forging.generator(tmp_path / "g", lambda d: d.update(format=3, prior=prior))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="prior|document must be an object|sample must be finite"):
        BoltzmannGenerator.load(tmp_path / "g")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_the_format_says_whether_there_is_a_prior(tmp_path):
    """Planted: a prior under format 2, which earlier versions would not see."""
    BoltzmannGenerator(DoubleWell(), Scaling(2), Mixture(CENTRES)).save(tmp_path / "g")
    for number in (2, 99):
        forging.generator(tmp_path / "g", lambda d, number=number: d.update(format=number))
        with pytest.raises(ValueError, match="must be of format 3"):
            BoltzmannGenerator.load(tmp_path / "g")


# What is compiled, and which run it is.


def key(prior, system=None):
    generator = BoltzmannGenerator(system or DoubleWell(), Scaling(2), prior)
    trainer = Trainer(generator)
    return _compiled.key_of(generator, trainer.optimizer, Stage(1).shape())


def test_steps_are_shared_by_generators_of_equal_priors():
    assert key(None) == key(Normal(2))
    assert key(Mixture(CENTRES)) == key(Mixture(np.array(CENTRES)))
    others = [key(p) for p in (None, Mixture(CENTRES), Mixture(CENTRES, 2.0), Circles(2))]
    assert len(set(others)) == len(others)
    assert key(DistributionPrior(CASES["distribution"].prior.wrapped)) is None
    assert key(Exponential(2)) is None


def test_a_prior_that_somebody_changed_is_not_the_shared_one():
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2), Mixture(CENTRES))
    template = _compiled.template_of(generator)
    assert template.prior is not generator.prior
    assert _compiled.trusted(generator, template)
    generator.prior._scales = 2 * generator.prior._scales
    assert not _compiled.trusted(generator, template)


def test_a_number_changed_on_a_prior_is_seen_by_what_was_compiled():
    prior = Exponential(1)
    generator = BoltzmannGenerator(Half(), Scaling(1), prior, jit_compile=False)
    before = generator.sample(8)
    prior.scale = 2.0
    after = generator.sample(8)
    np.testing.assert_allclose(after.z, 2 * before.z, rtol=1e-6)
    np.testing.assert_allclose(after.log_q, before.log_q - np.log(2), rtol=1e-5)


def test_held_out_data_are_judged_under_the_prior():
    generator = BoltzmannGenerator(Gaussian(2), Scaling(2), Mixture(CENTRES), jit_compile=False)
    x = np.tile([[0.3, -0.2]], (8, 1)).astype(np.float32)
    trainer = Trainer(generator, seed=1, steps_per_call=1, jit_compile=False)
    history = trainer.fit(x, Stage(1, 8, 0.01), validation_data=x, verbose=0)
    wanted = -float(generator.log_prob(x)[0])
    assert history.validation.ml[-1] == pytest.approx(wanted, abs=1e-5)


def test_checkpoints_name_the_prior():
    """None for the standard normal, as in checkpoints from before; others by their numbers."""
    data = Data(tf.ones([4, 2]), tf.zeros([4, 0]))

    def told(prior):
        trainer = Trainer(BoltzmannGenerator(Gaussian(2), Scaling(2), prior))
        return run_document(trainer, [Stage(1)], data)["prior"]

    assert told(None) is None
    assert told(Normal(2)) is None
    found = [told(p) for p in (Mixture(CENTRES), Mixture(CENTRES, 2.0), Circles(2), Exponential(2))]
    assert all(a != b for i, a in enumerate(found) for b in found[:i])
    assert found[0]["class"] == "Mixture"
    assert found[0]["config"]["centres"] == CENTRES
    assert told(CASES["distribution"].prior.wrapped)["class"] == "Independent"


# TFP, chains, annealing.


@pytest.mark.parametrize("name", ["mixture", "box", "own"])
def test_the_generated_density_is_a_distribution(name):
    case = CASES[name]
    bijector = case.bijector(case.prior.event_size)
    generator = BoltzmannGenerator(case.system, bijector, case.prior, jit_compile=False)
    x = generator.to_configuration(generator.prior_sample(30, 2.0, SEED))[0].numpy()
    distribution = generator.as_distribution(2.0)
    assert distribution.sample(3, seed=[1, 2]).shape == (3, case.prior.event_size)
    np.testing.assert_allclose(distribution.log_prob(x), generator.log_prob(x, 2.0), rtol=1e-5)
    with pytest.raises(ValueError, match="prior must be unconditional to be a distribution"):
        Wide(2).distribution()


def test_annealing_starts_from_the_prior():
    """Double well from a prior with one well less than half: log Z within 5 errors, 6e-7."""
    generator = BoltzmannGenerator(
        DoubleWell(), Scaling(2), Mixture(CENTRES, 0.7, [1.0, 3.0]), jit_compile=False
    )
    found = sampling.anneal(
        generator, 2048, 1.5, n_steps=4, n_leapfrog=2, step_size=0.2, seed=1, batch_size=1024
    )
    estimate = estimators.log_z(found.log_weight)
    exact = generator.system.exact.log_z(1.5)
    assert estimate.standard_error < 0.1
    assert abs(estimate.value - exact) < 5 * estimate.standard_error
    with pytest.raises(ValueError, match="temperature must be 1 with a prior of one's own"):
        sampling.anneal(
            BoltzmannGenerator(Gaussian(2), Scaling(2), CASES["distribution"].prior), 10, 2.0
        )


def test_a_distribution_is_not_trained_at_other_temperatures():
    generator = BoltzmannGenerator(Gaussian(2), Scaling(2), CASES["distribution"].prior)
    stage = Stage(1, 8, ml=0.0, kl=1.0, temperatures=(1.0, 2.0))
    with pytest.raises(ValueError, match=r"stages\[0\]\.temperatures must be 1 with .*got 2\.0"):
        Trainer(generator).fit(None, stage, verbose=0)
    with pytest.raises(ValueError, match=r"temperature must be 1 with .*got 2\.0"):
        Explorer(generator, [[0.0, 0.0]], temperature=2.0)


def test_exploration_trains_under_the_prior():
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2), Mixture(CENTRES), jit_compile=False)
    x = np.tile([[-1.5, 0.2]], (8, 1)).astype(np.float32)
    explorer = Explorer(generator, x, capacity=8, seed=1, steps_per_call=1, jit_compile=False)
    wanted = -float(generator.log_prob(x)[0])
    history = explorer.run(Stage(1, 8, 1e-3), verbose=0)
    assert history["ml"][0] == pytest.approx(wanted, abs=1e-5)


# Each prior's own.


def test_mean_free_normals_are_particles_without_their_mean():
    prior = MeanFreeNormal(4, 3)
    z = prior.sample(20_000, 2.0, SEED, None, tf.float64)
    r = prior.positions(z).numpy()
    np.testing.assert_allclose(r.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.sum(r**2, axis=(1, 2)), np.sum(z**2, axis=1))  # orthonormal
    np.testing.assert_allclose(prior.coordinates(r + 7.0), z, atol=1e-12)
    # tau (1 - 1 / n) and -tau / n of numbers less their mean; 6 standard errors of 20 000 draws
    wanted = 2.0 * (np.eye(4) - 0.25)
    covariance = np.einsum("sik,sjk->ij", r, r) / (3 * len(r))
    assert np.max(np.abs(covariance - wanted)) < 6 * 2.0 * np.sqrt(2 / (3 * len(r)))
    system = ParticleSystem.__new__(ParticleSystem)  # its basis alone
    system.n = 4
    np.testing.assert_array_equal(system.basis, prior._basis)


def test_narrow_angles_are_drawn_with_all_their_digits():
    """Planted: drawn in float32, as TFP would, angles of this width come in steps."""
    kappa, n = 1e6, 20_000
    z = Circles(1, kappa).sample(n, 1.0, SEED).numpy()[:, 0]
    assert abs(z.std() * np.sqrt(kappa) - 1) < 6 / np.sqrt(2 * n)
    planted = tfd.VonMises(0.0, np.float32(kappa)).sample(n, seed=SEED).numpy()
    assert len(np.unique(z)) > 0.9 * n
    assert len(np.unique(planted)) < 0.1 * n


def test_rounding_at_an_edge_is_inside_the_box():
    box = UniformBox([0.1, 0.1], [0.7, 0.7])
    edges = tf.constant(np.nextafter(np.float32([[0.1, 0.7]]), np.float32([[0.0, 1.0]])))
    assert np.isfinite(box.log_prob(edges, 1.0)[0])
    assert box.log_prob(edges + [[0.0, 1e-4]], 1.0)[0] == -np.inf
    wall = float(box.energy(edges + [[0.0, 0.6]], 1.0)[0])
    assert wall == pytest.approx(200 + 2 * np.log(0.6), rel=1e-4)
