"""Directors, densities about them, and correlations of unit vectors."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators, sampling
from boltzmann_tf.systems import Nematic

T = 0.5


def test_correlations_of_a_chain_are_exact():
    """Planted: correlations of the next distance."""
    run = sampling.nematic_tempering(Nematic("chain", 5), [T, 0.7], n_rounds=160, seed=1)
    value, error = estimators.orientational_correlation(run.vectors[T])
    wanted = [run.system.exact.correlation(r, T) for r in range(1, 5)]
    assert np.all(np.abs(value - wanted) < 5 * error)
    assert np.all(np.abs(value - np.roll(wanted, 1))[:2] > 5 * error[:2])


def test_weights_move_correlations():
    """Of two configurations with weights 3 and 1, by hand."""
    x, y, z = np.eye(3)
    value, _ = estimators.orientational_correlation([[z, z, z], [z, x, y]], np.log([3.0, 1.0]))
    np.testing.assert_allclose(value, [0.75 - 0.5 / 4] * 2)


def test_frames_leave_products_and_turn_the_director_up():
    u = sampling.vector_state(Nematic("chain", 9), 20, seed=3).vectors
    turned = estimators.director_frame(u)
    np.testing.assert_allclose(turned @ turned.swapaxes(1, 2), u @ u.swapaxes(1, 2), atol=1e-12)
    order = np.mean(1.5 * turned[..., 2] ** 2 - 0.5, axis=1)
    np.testing.assert_allclose(order, sampling.vector_order(u), atol=1e-12)


def test_orientations_are_a_density_of_all_vectors():
    u = np.random.default_rng(4).standard_normal((50, 7, 3))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    edges = np.linspace(0, 1, 6)
    value, _ = estimators.orientation_density(u, edges=edges)
    assert value.mean() == pytest.approx(1.0)
    aligned = np.tile([0.0, 0.6, 0.8], (4, 5, 1))
    value, _ = estimators.orientation_density(aligned, edges=edges)
    np.testing.assert_allclose(value, [0, 0, 0, 0, 5], atol=1e-9)
