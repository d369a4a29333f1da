"""Random numbers: their moments, and that all of the package draws them the fast way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf
from boltzmann_tf._support.random import log_uniform, normal, uniform
from boltzmann_tf.systems import IsingField

N = 100_000
SEED = [7, 1]


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("compiled", [True, False])
def test_moments(dtype, compiled):
    draw = tf.function(lambda f: f([N], SEED, dtype), jit_compile=compiled)
    z, u = draw(normal).numpy(), draw(uniform).numpy()
    assert z.dtype == u.dtype == dtype.as_numpy_dtype
    # Six standard errors each: false alarms below 1e-8, and the seed is fixed.
    sums = {0: z, 1: z**2 - 1, 2: z**3, 3: z**4 - 3, 4: u - 0.5, 5: u**2 - 1 / 3}
    for value in sums.values():
        assert abs(value.mean()) < 6 * value.std() / np.sqrt(N)


@pytest.mark.parametrize("seed", [[1, 2], [-5, 7], [2**31 - 1, -(2**31)]])
def test_they_are_those_of_tensorflow(seed):
    """Speed does not change a result: bit by bit the numbers that XLA's default gives."""

    @tf.function(jit_compile=True)
    def both(seed):
        ours = normal([50, 3], seed), uniform([99], seed), uniform([9], seed, tf.int32, maxval=50)
        wanted = (
            tf.random.stateless_normal([50, 3], seed),
            tf.random.stateless_uniform([99], seed),
            tf.random.stateless_uniform([9], seed, maxval=50, dtype=tf.int32),
        )
        return ours, wanted

    for ours, wanted in zip(*both(tf.constant(seed)), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_integers_fill_their_range():
    values = uniform([N], SEED, tf.int32, maxval=7).numpy()
    counts = np.bincount(values, minlength=7)
    assert len(counts) == 7
    assert np.all(np.abs(counts - N / 7) < 6 * np.sqrt(N / 7))


@pytest.mark.parametrize("compiled", [True, False])
def test_the_logarithm_of_a_uniform_number_is_an_exponential(compiled):
    draw = tf.function(lambda: log_uniform([N], SEED), jit_compile=compiled)
    x = -draw().numpy()
    assert x.dtype == np.float64
    for power, moment in ((1, 1), (2, 2), (3, 6)):
        value = x**power - moment
        assert abs(value.mean()) < 6 * value.std() / np.sqrt(N)
    assert 0 < x.min() < x.max() < 36.8


def below(limit, draw):
    """How many of 2^26 logarithms are below the limit, and whether all are finite."""
    rows = 2**20

    @tf.function(jit_compile=True, autograph=False)
    def count():
        def body(i, n, finite):
            x = draw([rows], tf.stack([3, i]))
            n += tf.reduce_sum(tf.cast(x < limit, tf.int32))
            return i + 1, n, finite & tf.reduce_all(tf.math.is_finite(x))

        start = (tf.constant(0), tf.constant(0), tf.constant(0) == 0)
        return tf.while_loop(lambda i, *_: i < 2**26 // rows, body, start)[1:]

    n, finite = count()
    return int(n), bool(finite)


def test_its_tail_has_no_floor():
    """Expected are 2^26 e^-20 = 0.14; 5 or more have a probability of 4e-7.

    The planted error, a uniform number of float32, is 0 in 2^-23 of the draws: expected are 8.
    """
    n, finite = below(-20.0, log_uniform)
    assert n < 5
    assert finite
    n, finite = below(-20.0, lambda shape, seed: tf.math.log(uniform(shape, seed)))
    assert n >= 5
    assert not finite


@pytest.mark.slow
def test_spins_do_not_turn_against_an_overwhelming_field():
    """2^27 spins, each up with e^-40; a uniform number of float32 turns 2^-24 of them, 8."""
    system, planted = IsingField(2, 1.0, field=-20.0), 0
    x = np.zeros((2**22, 2, 2), np.float32)
    assert np.allclose(system.local_field(tf.constant(x[:1])), -20)
    for seed in range(8):
        assert np.all(system.draw_spins(x, seed=seed) == -1)
        planted += np.count_nonzero(np.random.default_rng(seed).random(x.shape, np.float32) == 0)
    assert planted > 0


def test_spins_of_a_field_in_float64():
    system = IsingField(2, 2.0)
    x = np.random.default_rng(0).normal(size=(20_000, 2, 2))
    fine, coarse = (system.draw_spins(v, seed=1) for v in (x, x.astype(np.float32)))
    assert np.mean(fine != coarse) < 1e-3  # the same numbers, but for rounding
    # Six errors of the mean of products of independent spins and their expectations.
    excess = (fine - system.mean_spins(tf.constant(x)).numpy()).ravel()
    assert abs(excess.mean()) < 6 * excess.std() / np.sqrt(excess.size)


def test_the_package_accepts_in_one_way():
    """No logarithm of a uniform number but that one; TFP's kernels draw one of their own."""
    folder = Path(boltzmann_tf.__file__).parent
    text = {path.name: path.read_text() for path in folder.rglob("*.py")}
    for spelling in ("log(uniform(", "log(u)", "tfp.mcmc.Metropolis", "tfp.mcmc.RandomWalk"):
        assert [name for name, code in text.items() if spelling in code] == [], spelling


def test_the_package_draws_in_one_place():
    """TensorFlow's default algorithm is thirty times slower under XLA."""
    folder = Path(boltzmann_tf.__file__).parent
    users = {
        path.name
        for path in folder.rglob("*.py")
        if any(f"stateless_{kind}(" in path.read_text() for kind in ("normal", "uniform"))
    }
    assert users == {"_random.py"}
