"""Systems from functions, and sums of multiples of systems, against what they are made of."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg

X = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
A, B = bg.systems.DoubleWell(), bg.systems.MuellerBrown()


def spring(x):
    return 0.5 * tf.reduce_sum(x**2, axis=-1)


def test_a_function_is_a_system():
    system = bg.System.from_energy(spring, (2,))
    np.testing.assert_allclose(system.energy(X), 0.5 * np.sum(X**2, axis=1), rtol=1e-6)
    assert (system.name, system.event_shape) == ("spring", (2,))
    generator = bg.BoltzmannGenerator(system, bg.bijectors.Scaling(2))
    # The standard normal is its Boltzmann density: all weights are Z = 2 pi.
    np.testing.assert_allclose(generator.sample(64).log_weight, np.log(2 * np.pi), rtol=1e-6)


def test_a_function_for_training_is_kept_apart():
    system = bg.System.from_energy(spring, 2, training_energy=lambda x: 2 * spring(x), name="s")
    np.testing.assert_allclose(system.training_energy(X), 2 * system.energy(X), rtol=1e-6)
    assert system.name == "s"


def test_a_sum_of_multiples_adds_energies_and_training_energies():
    both = 0.7 * A + B * 0.3
    np.testing.assert_allclose(both.energy(X), 0.7 * A.energy(X) + 0.3 * B.energy(X), rtol=1e-6)
    np.testing.assert_allclose(
        both.training_energy(X),
        0.7 * A.training_energy(X) + 0.3 * B.training_energy(X),
        rtol=1e-6,
    )
    # The planted error: factors left out.
    assert not np.allclose(both.energy(X), A.energy(X) + B.energy(X), rtol=1e-2)
    assert both.name == "0.7 DoubleWell + 0.3 MuellerBrown"


def test_sums_of_sums_are_flat_and_states_are_those_of_all():
    three = 2 * (A + 0.5 * B) + A
    assert [f for f, _ in three.terms] == [2.0, 1.0, 1.0]
    assert set(three.initial_states) == {*A.initial_states, *B.initial_states}
    first = next(iter(A.reaction_coordinates))
    np.testing.assert_array_equal(
        three.reaction_coordinate(first)(X), A.reaction_coordinate(first)(X)
    )


def test_half_a_system_has_the_free_energy_of_twice_the_temperature():
    # u / 2 at T = 1 is u at T = 2, whose log Z is known by quadrature.
    generator = bg.BoltzmannGenerator(0.5 * A, bg.bijectors.Scaling(2))
    samples = generator.sample(200_000, 1.0, seed=1)
    found = bg.estimators.log_z(samples.log_weight)
    # false alarm 1e-6 by the normal quantile
    assert abs(found.value - A.exact.log_z(2.0)) < 4.9 * found.standard_error
    assert abs(found.value - A.exact.log_z(1.0)) > 4.9 * found.standard_error


@pytest.mark.parametrize("other", [3, "a", None])
def test_other_things_do_not_add(other):
    with pytest.raises(TypeError, match="unsupported operand"):
        A + other


def test_an_energy_without_its_training_energy_is_flagged():
    with pytest.warns(UserWarning, match=r"Half gives an energy and must give its training_energy"):

        class Half(bg.systems.MuellerBrown):
            def energy(self, x):
                return 0.5 * super().energy(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Double(bg.systems.DoubleWell):  # which trains on its energy
            def energy(self, x):
                return 2 * super().energy(x)
