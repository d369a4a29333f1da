"""Schedules: their ends, their shapes, and what they accept."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from boltzmann_tf.training.schedules import Cosine, Exponential, Linear, Schedule, values


@pytest.mark.parametrize("kind", [Linear, Exponential, Cosine])
def test_ends_are_reached_exactly(kind):
    v = values("w", kind(3.0, 0.5), 11)
    assert v[0] == pytest.approx(3.0, rel=1e-14)
    assert v[-1] == pytest.approx(0.5, rel=1e-14)
    assert np.all(np.diff(v) < 0)


def test_middles():
    assert values("w", Linear(1.0, 3.0), 3)[1] == pytest.approx(2.0)
    assert values("w", Exponential(1.0, 100.0), 3)[1] == pytest.approx(10.0)
    assert values("w", Cosine(2.0), 3)[1] == pytest.approx(1.0)
    assert values("w", Cosine(2.0), 5)[1] == pytest.approx(1 + np.cos(np.pi / 4))


def test_cosine_warms_up_from_zero():
    v = values("w", Cosine(1.0, warmup=0.2), 11)
    np.testing.assert_allclose(v[:3], [0.0, 0.5, 1.0], atol=1e-12)
    assert v[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_number_is_constant_and_float64():
    v = values("w", 2, 4)
    assert v.dtype == np.float64
    np.testing.assert_array_equal(v, [2, 2, 2, 2])


def test_one_iteration_takes_the_start():
    assert values("w", Linear(3.0, 1.0), 1).tolist() == [3.0]


def test_a_function_of_the_fraction():
    np.testing.assert_allclose(values("w", lambda f: f**2, 3), [0, 0.25, 1])
    np.testing.assert_allclose(values("w", lambda f: 0.5, 3), [0.5, 0.5, 0.5])


def test_a_keras_schedule_is_a_function_of_the_step():
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, decay_steps=1, decay_rate=0.5)
    np.testing.assert_allclose(values("w", schedule, 4), [1, 0.5, 0.25, 0.125], rtol=1e-6)


def test_own_schedule_by_subclassing():
    class Step(Schedule):
        def __call__(self, fraction):
            return np.where(fraction < 0.5, self.start, self.end)

    np.testing.assert_array_equal(values("w", Step(1.0, 2.0), 4), [1, 1, 2, 2])


def test_schedules_compare_by_value():
    assert Cosine(1.0, 0.1) == Cosine(1.0, 0.1)
    assert Linear(1.0, 2.0) != Linear(2.0, 1.0)
