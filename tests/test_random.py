"""Random numbers: their moments, and that all of the package draws them the fast way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf
from boltzmann_tf._random import normal, uniform

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


def test_the_package_draws_in_one_place():
    """TensorFlow's default algorithm is thirty times slower under XLA."""
    folder = Path(boltzmann_tf.__file__).parent
    users = {
        path.name
        for path in folder.rglob("*.py")
        if any(f"stateless_{kind}(" in path.read_text() for kind in ("normal", "uniform"))
    }
    assert users == {"_random.py"}
