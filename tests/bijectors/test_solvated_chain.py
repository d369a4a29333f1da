"""A chain and its solvent in a periodic square: a map with a known volume, weights of a known Z."""

from __future__ import annotations

import laws
import numpy as np
import pytest

from boltzmann_tf import BoltzmannGenerator, bijectors, estimators, potentials, priors
from boltzmann_tf.systems import Polymer

SIDE = 4.5
FLUID = potentials.LennardJones(epsilon=0.5)


def made(dtype="float32", solvent=2, **options):
    box = potentials.Periodic(SIDE, images="nearest")
    system = Polymer(
        3, dimension=2, pairs=FLUID, solvent=solvent, stiffness=40.0, length=1.2, box=box
    )
    chain = bijectors.ChainFlow(**system.growth, hidden=(8,), dtype=dtype)
    flow = bijectors.SolvatedChainFlow(
        chain, solvent, SIDE, FLUID, grid=12, hidden=(8,), dtype=dtype, **options
    )
    return system, flow


def test_it_inverts_and_knows_its_volume():
    _, flow = made("float64")
    laws.perturb(flow, 0.2)
    z = np.random.default_rng(1).uniform(0.02, 0.98, (12, flow.event_size))
    x, log_det = flow.forward_and_log_det(z)
    assert np.all(np.abs(x) <= SIDE / 2)
    back, minus = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(back, z, atol=1e-9)
    np.testing.assert_allclose(minus, -log_det, atol=1e-8)
    h, row = 1e-6, z[:1]
    shifted = np.concatenate([row + h * np.eye(z.shape[1]), row - h * np.eye(z.shape[1])])
    moved = flow.forward_and_log_det(shifted)[0].numpy()
    jacobian = (moved[: z.shape[1]] - moved[z.shape[1] :]) / (2 * h)
    assert np.linalg.slogdet(jacobian)[1] == pytest.approx(float(log_det[0]), abs=1e-5)


def test_weights_have_the_z_of_a_sum_over_places():
    """Three beads and one particle: log Z by uniform places; planted: a volume that is left out."""
    system, flow = made(solvent=1)
    prior = priors.UniformBox(np.zeros(flow.event_size), np.ones(flow.event_size))
    generator = BoltzmannGenerator(system, flow, prior, jit_compile=False)
    found = estimators.log_z(generator.sample(4000, seed=2).log_weight)
    rng = np.random.default_rng(0)
    places = rng.uniform(-SIDE / 2, SIDE / 2, (400_000, system.event_size)).astype(np.float32)
    log_w = -system.energy(places).numpy().astype(np.float64)
    known = estimators.log_z(log_w)
    value = known.value + system.event_size * np.log(SIDE)
    error = np.hypot(found.standard_error, known.standard_error)
    assert error < 0.05
    assert abs(found.value - value) < 5 * error
    assert abs(found.value - value - np.log(3)) > 10 * error


def test_it_is_rebuilt_from_its_document():
    _, flow = made()
    laws.perturb(flow, 0.2)
    other = bijectors.deserialize(bijectors.serialize(flow))
    other.assign_from(flow)
    z = np.random.default_rng(1).uniform(size=(4, flow.event_size)).astype(np.float32)
    for one, two in zip(flow.forward_and_log_det(z), other.forward_and_log_det(z), strict=True):
        np.testing.assert_array_equal(one, two)
