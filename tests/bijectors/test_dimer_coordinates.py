"""Coordinates of a dimer, and maps that hold the distribution of its length."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from boltzmann_tf import bijectors as bj
from boltzmann_tf.systems.solvated_dimer import dimer_distance


def polar(n, size, seed):
    """Lengths, directions within (-pi, pi), and the rest."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, size))
    z[:, 0], z[:, 1] = rng.uniform(0.3, 3, n), rng.uniform(-3.1, 3.1, n)
    return z


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(size=st.integers(4, 9), seed=st.integers(0, 2**32 - 1))
def test_laws(dtype, size, seed):
    laws.pointwise(laws.evaluate(bj.DimerCoordinates(size, dtype=dtype), polar(24, size, seed)))


def test_config_and_batches():
    laws.config_round_trips(bj.DimerCoordinates(7, dtype="float64"))
    z = polar(6, 5, 0)
    b = bj.DimerCoordinates(5, dtype="float64")
    x, log_det = b.forward_and_log_det(z)
    y, same = b.forward_and_log_det(z.reshape(2, 3, 5))
    assert np.array_equal(np.reshape(y, (6, 5)), x)
    assert np.array_equal(np.ravel(same), log_det)


def test_first_is_the_length_and_the_gradient_is_finite_where_it_vanishes():
    z = polar(10, 8, 1)
    b = bj.DimerCoordinates(8, dtype="float64")
    x, log_det = b.forward_and_log_det(z)
    np.testing.assert_allclose(dimer_distance(x), z[:, 0], rtol=1e-12)
    np.testing.assert_allclose(log_det, np.log(z[:, 0]), rtol=1e-12)
    zero = tf.zeros([1, 8], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(zero)
        out, log_det = b.inverse_and_log_det(zero)
        total = tf.reduce_sum(out) + tf.reduce_sum(log_det)
    assert np.all(np.isfinite(tape.gradient(total, zero)))


def test_too_few_coordinates():
    with pytest.raises(ValueError, match="event_size must be at least 4"):
        bj.DimerCoordinates(3)


def test_marginals_have_the_distribution_of_the_data():
    """Kolmogorov-Smirnov with 20,000 draws: false alarms 1e-6."""
    rng = np.random.default_rng(0)
    n = 100_000
    data = np.concatenate([rng.normal(0.93, 0.06, n), rng.uniform(0.7, 2.4, n)])
    b = bj.Marginals.from_data(data[:, None], dtype="float64")
    x = b.forward(rng.standard_normal((20_000, 1)))
    threshold = 2.7 / np.sqrt(20_000)

    def distance(x):
        return kstest(np.ravel(x), np.sort(data)[::10]).statistic

    assert distance(x) < threshold + 0.004  # knots, and the quantiles' own noise
    assert distance(x + 0.02) > threshold + 0.004  # the planted error: a fiftieth off
    log_prob = -0.5 * b.inverse(x) ** 2 - 0.5 * np.log(2 * np.pi)
    density = np.exp(np.ravel(log_prob) + np.ravel(b.inverse_log_det_jacobian(x, event_ndims=1)))
    exact = 0.5 * np.exp(-0.5 * ((np.ravel(x) - 0.93) / 0.06) ** 2) / (0.06 * np.sqrt(2 * np.pi))
    exact += 0.5 / 1.7 * ((np.ravel(x) > 0.7) & (np.ravel(x) < 2.4))
    middle = (np.ravel(x) > 0.75) & (np.ravel(x) < 2.3)
    assert np.mean(np.abs(density / exact - 1)[middle]) < 0.1


def test_marginals_end_at_their_bound_in_float64():
    """A width of 0.6 that has been rounded to float32 would end 1e-7 from it, with a step there."""
    data = np.random.default_rng(2).standard_normal((1000, 1))
    b = bj.Marginals.from_data(data, bins=10, dtype="float64")
    below, above = b.forward(np.array([[3 - 1e-9], [3 + 1e-9]])).numpy().ravel()
    assert abs(above - below) < 1e-8
    assert b.inverse(b.forward([[3 - 1e-9]])).numpy() == pytest.approx(3 - 1e-9, abs=1e-12)


def test_marginals_refuse_what_has_none():
    with pytest.raises(ValueError, match="at least 480"):
        bj.Marginals.from_data(np.zeros((20, 1)))
    with pytest.raises(ValueError, match="distinct quantiles"):
        bj.Marginals.from_data(np.repeat([0.0, 1.0], 500)[:, None])


def test_the_rest_does_not_move_the_first():
    first = bj.Marginals.from_data(np.random.default_rng(1).uniform(0.7, 2.4, (1000, 1)))
    rest = bj.realnvp(6, blocks=2, hidden=(8,), condition_size=1)
    b = bj.Triangular(first, rest)
    z = np.random.default_rng(2).standard_normal((50, 7)).astype(np.float32)
    before = b.forward(z)
    laws.perturb(b)
    after = b.forward(z)
    assert np.array_equal(before[:, 0], after[:, 0])
    assert np.array_equal(after[:, :1], first.forward(z[:, :1]))
    assert np.max(np.abs(after - before)) > 0.1


@pytest.mark.parametrize(
    ("first", "rest", "said"),
    [
        (bj.Scaling(1), bj.Scaling(2), "condition_size, 1, got 0"),
        (
            bj.AffineCoupling(2, hidden=(4,), condition_size=1),
            bj.AffineCoupling(2, hidden=(4,), condition_size=2),
            "first must take no condition",
        ),
        (
            bj.Scaling(1, dtype="float64"),
            bj.AffineCoupling(2, hidden=(4,), condition_size=1),
            "agree in their dtype",
        ),
    ],
)
def test_parts_that_do_not_fit(first, rest, said):
    with pytest.raises(ValueError, match=said):
        bj.Triangular(first, rest)
