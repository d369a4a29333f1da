"""Conditional generators: families of systems, and how they are trained."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer, estimators, sampling
from boltzmann_tf.bijectors import AffineCoupling, LatticeFlow, Scaling, Sequence
from boltzmann_tf.training.conditions import LogUniform, Uniform

EDGES = (0.5, 2.0)


class Widths(System):
    """Gaussians of the width that the condition says: log Z = log(2 pi c^2)."""

    event_shape = (2,)
    condition_size = 1

    def energy(self, x, condition):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) / condition[:, 0] ** 2


def generator(seed=0):
    halves = [
        AffineCoupling(2, transformed=half, hidden=(16,), condition_size=1, seed=seed)
        for half in ("even", "odd")
    ]
    return BoltzmannGenerator(Widths(), Sequence(halves))


CONDITION = Uniform((EDGES[0],), (EDGES[1],))


def draw(uniform, n, seed=(1, 2)):
    return uniform(n, tf.constant(seed), tf.float32).numpy()


def test_log_uniform_conditions_are_even_in_the_logarithm():
    c = draw(LogUniform((1.5,), (3.5,)), 64)[:, 0]
    pieces = np.floor(np.log(c / 1.5) / np.log(3.5 / 1.5) * 64 + 1e-4).astype(int)
    assert sorted(pieces) == list(range(64))  # one in each piece
    assert np.mean(c < 2.5) > 0.55  # where even in T would have half


def test_uniform_conditions_are_stratified():
    c = draw(Uniform((0.0, -1.0), (1.0, 3.0)), 64)
    assert c.shape == (64, 2)
    for column, low, high in zip(c.T, (0, -1), (1, 3), strict=True):
        pieces = np.floor((column - low) / (high - low) * 64).astype(int)
        assert sorted(pieces) == list(range(64))  # one in each piece
    assert np.array_equal(c, draw(Uniform((0.0, -1.0), (1.0, 3.0)), 64))
    assert not np.array_equal(c, draw(Uniform((0.0, -1.0), (1.0, 3.0)), 64, seed=(1, 3)))
    # The orders of the columns are independent: 6 / sqrt(64) bounds a correlation, 2e-9.
    ranks = np.corrcoef(np.argsort(c[:, 0]), np.argsort(c[:, 1]))[0, 1]
    assert abs(ranks) < 6 / 8


def test_kl_is_that_of_each_condition():
    """Identity map on the widths: J_KL is the mean over c of <z^2> / c^2, two coordinates.

    The step's conditions are stratified, so the mean of 1 / c^2 is the integral, 1 / (a b); the
    noise of 16 384 chi-square terms is 0.012; 6 of them. Planted: the energy at one width.
    """
    trainer = Trainer(generator(), seed=1, steps_per_call=1)
    start = trainer.get_weights()
    trainer.set_weights([0 * w for w in start])  # all shifts and scales are zero
    history = trainer.fit(
        None, Stage(1, 16_384, 0.0, ml=0.0, kl=1.0, condition=CONDITION), verbose=0
    )
    wanted = 1 / (EDGES[0] * EDGES[1])
    assert history["kl"][0] == pytest.approx(wanted, abs=0.08)
    assert abs(1 / np.mean(EDGES) ** 2 - wanted) > 0.08


def test_one_network_learns_the_family_by_energy_and_by_example():
    rng = np.random.default_rng(0)
    widths = rng.uniform(*EDGES, (4000, 1))
    data = widths * rng.standard_normal((4000, 2))
    model = generator()
    stage = Stage(600, 256, 5e-3, ml=0.5, kl=0.5, condition=CONDITION)
    Trainer(model, seed=2).fit(data, stage, data_condition=widths, verbose=0)
    for width in (0.6, 1.0, 1.9):
        samples = model.sample(20_000, condition=[width], seed=3)
        assert estimators.ess_fraction(samples.log_weight) > 0.9
        value, error = estimators.log_z(samples.log_weight)
        assert abs(value - np.log(2 * np.pi * width**2)) < 6 * error + 1e-4
        again = model.log_weight(samples.x, condition=[width])
        np.testing.assert_allclose(again, samples.log_weight, atol=1e-3)
        chain = sampling.independence_chain(model, 2000, condition=[width], seed=4)
        assert chain.acceptance > 0.8
    # At another condition the weights know that the target is another one.
    other = model.sample(20_000, condition=[0.6], seed=3).x.std()
    assert other < 0.7


def test_conditions_of_the_data_matter():
    """Planted: widths given to the wrong rows leave the example loss higher."""
    rng = np.random.default_rng(1)
    widths = rng.uniform(*EDGES, (4000, 1))
    data = widths * rng.standard_normal((4000, 2))
    ends = []
    for rows in (widths, widths[::-1].copy()):
        history = Trainer(generator(), seed=2).fit(
            data, Stage(300, 256, 5e-3), data_condition=rows, verbose=0
        )
        ends.append(np.mean(history["ml"][-50:]))
    assert ends[0] < ends[1] - 0.05


class Flat(System):
    event_shape = (4,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)


def test_path_cost_enters_the_objective():
    flow = LatticeFlow(2, features=2, steps=2, seed=0)
    rng = np.random.default_rng(0)
    for variable in flow.trainable_variables:
        variable.assign_add(0.1 * rng.standard_normal(variable.shape).astype(np.float32))
    trainer = Trainer(BoltzmannGenerator(Flat(), flow), seed=1, steps_per_call=1)
    options = {"ml": 0.0, "kl": 1.0}
    plain = trainer.fit(None, Stage(1, 64, 0.0, **options), verbose=0)
    costly = trainer.fit(None, Stage(1, 64, 0.0, path_cost=2.0, **options), verbose=0)
    assert costly["kl"][0] == pytest.approx(plain["kl"][0], rel=1e-6)

    @tf.function  # the step's own noise
    def cost():
        seed = tf.random.experimental.stateless_fold_in(tf.constant([1, 0]), 0)
        noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))[1]
        z = tf.random.stateless_normal([64, 4], noise_seed)
        return tf.reduce_mean(flow.forward_with_cost(z)[2])

    assert costly["loss"][0] - plain["loss"][0] == pytest.approx(2 * float(cost()), rel=1e-4)
    assert float(cost()) > 1e-4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Uniform((0.0,), (1.0, 2.0)), ValueError, "low and high must have as many"),
        (lambda: Uniform((1.0,), (1.0,)), ValueError, "low below high in each"),
        (lambda: LogUniform((0.0,), (1.0,)), ValueError, "low must be positive in each"),
        (lambda: LogUniform((2.0,), (1.0,)), ValueError, "low below high in each"),
        (lambda: Uniform(1.0, 2.0), TypeError, "low must be a sequence"),
        (
            lambda: BoltzmannGenerator(Widths(), Scaling(2)),
            ValueError,
            "bijector must have the condition_size of Widths, 1, got 0",
        ),
        (lambda: generator().sample(10), ValueError, r"condition must have shape \[1\].*got none"),
        (
            lambda: generator().sample(10, condition=[1.0, 2.0]),
            ValueError,
            r"condition must have shape \[1\].*got \(2,\)",
        ),
        (
            lambda: BoltzmannGenerator(Flat(), Scaling(4)).sample(10, condition=[1.0]),
            ValueError,
            "condition was given to a generator whose bijector takes none",
        ),
        (
            lambda: Trainer(generator()).fit(None, Stage(1, 8, ml=0.0, kl=1.0)),
            ValueError,
            r"stages\[0\].condition must have 1 component",
        ),
        (
            lambda: Trainer(generator()).fit(np.zeros((5, 2)), Stage(1, 8)),
            ValueError,
            r"data_condition must have shape \[5, 1\] for this generator, got none",
        ),
        (
            lambda: Trainer(generator()).fit(
                np.zeros((5, 2)), Stage(1, 8), data_condition=np.zeros((4, 1))
            ),
            ValueError,
            r"data_condition must have shape \[5, 1\].*got \(4, 1\)",
        ),
        (lambda: Stage(1, condition=1.0), TypeError, "condition must be a Uniform"),
        (lambda: Stage(1, path_cost=-1.0), ValueError, "path_cost must be a finite number >= 0"),
    ],
)
def test_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()
