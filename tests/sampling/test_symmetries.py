"""Configurations turned, mirrored and relabelled at random."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import sampling, systems
from boltzmann_tf.potentials import HarmonicBond
from boltzmann_tf.systems import LennardJonesCluster, ParticleSystem


@pytest.mark.parametrize("system", [systems.DoubleWell4(), LennardJonesCluster(4)])
def test_symmetrised_configurations_are_the_same_but_for_names_and_directions(system):
    rng = np.random.default_rng(0)
    state = system.initial_state(next(iter(system.initial_states)))
    x = np.stack([scale * state + 0.2 * rng.standard_normal(state.size) for scale in (1, 1.2)])
    found = sampling.symmetrised(x, system, 4000, seed=1)
    u = system.energy(tf.constant(found)).numpy()
    each = system.energy(tf.constant(x)).numpy()
    distance = np.abs(u[:, None] - each)
    assert np.max(np.min(distance, axis=1)) < 1e-9 * np.abs(each).max()
    assert abs(np.mean(np.argmin(distance, axis=1)) - 0.5) < 6 * 0.5 / 4000**0.5
    # Labels: each particle is everywhere as often. Directions: moments of the shape, whatever its
    # labels, have none. Within six errors of means, 2e-9 each.
    r = system.positions(found).numpy()
    second = np.einsum("sni,snj->sij", r, r).reshape(4000, -1)
    second -= (
        np.eye(system.dimension).ravel() * np.sum(r**2, axis=(1, 2))[:, None] / system.dimension
    )
    for moment in (
        np.sum(r**2, axis=2) - np.mean(r**2) * system.dimension,
        second,
        np.sum(r**3, axis=1),
    ):
        mean, error = moment.mean(axis=0), moment.std(axis=0) / 4000**0.5
        assert np.all(np.abs(mean) < 6 * error + 1e-12)


def test_particles_that_are_not_alike_are_refused():
    """Only the first two are bonded."""
    system = ParticleSystem(n=4, dimension=3, terms=[HarmonicBond([(0, 1)], 5.0, 1.0)])
    x = np.random.default_rng(0).standard_normal((3, system.event_size))
    with pytest.raises(ValueError, match="no turn, mirror image or exchange of particles"):
        sampling.symmetrised(x, system, 10)
