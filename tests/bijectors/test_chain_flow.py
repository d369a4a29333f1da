"""Chains grown bond by bond: they invert, know their volume, and are exact where they can be."""

from __future__ import annotations

import json

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators, potentials, priors, systems
from boltzmann_tf import bijectors as bj

FEW = {"lengths": 4, "directions": 6, "cosines": 5, "turns": 4, "angles": 6}
CHAINS = {
    "ideal": systems.Polymer(4),
    "bent": systems.Polymer(4, bending=1.5),
    "bent in the plane": systems.Polymer(4, dimension=2, bending=1.5),
    "globule": systems.Polymer(5, pairs=potentials.LennardJones()),
    "fene": systems.Polymer(
        4, dimension=2, bond="fene", pairs=potentials.WeeksChandlerAndersen(), bending=0.5
    ),
    "neighbours left out": systems.Polymer(5, pairs=potentials.LennardJones(), special=(0, 0, 1)),
}


def flow_of(name, dtype="float64", **options):
    return bj.ChainFlow(**CHAINS[name].growth, grid=FEW, hidden=(8,), dtype=dtype, **options)


def generator(system, **options):
    flow = bj.ChainFlow(**system.growth, **options)
    prior = priors.UniformBox(np.zeros(flow.event_size), np.ones(flow.event_size))
    return BoltzmannGenerator(system, flow, prior, jit_compile=False)


@pytest.mark.parametrize("name", CHAINS)
def test_flows_invert_and_know_their_volume(name):
    flow = flow_of(name)
    if flow.trainable_variables:
        laws.perturb(flow, 0.3)
    z = np.random.default_rng(0).uniform(0.02, 0.98, (12, flow.event_size))
    x, log_det = flow.forward_and_log_det(z)
    back, minus = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(back, z, atol=1e-8)
    np.testing.assert_allclose(minus, -log_det, atol=1e-7)
    h, size = 1e-6, flow.event_size
    for row in range(3):  # by differences: the gradients of a loop over beads take minutes
        moved = z[row] + h * np.concatenate([np.eye(size), -np.eye(size)])
        out = flow.forward_and_log_det(moved)[0].numpy()
        jacobian = (out[:size] - out[size:]) / (2 * h)
        assert np.linalg.slogdet(jacobian)[1] == pytest.approx(float(log_det[row]), abs=1e-4)


@pytest.mark.parametrize("name", ["globule", "fene"])
def test_documents_and_gradients(name):
    flow = flow_of(name, "float32", temperature=None)
    z = tf.constant(np.random.default_rng(1).uniform(0.1, 0.9, (4, flow.event_size)), tf.float32)
    t = tf.constant([[0.6], [1.0], [2.0], [4.0]])
    twin = bj.deserialize(json.loads(json.dumps(bj.serialize(flow), allow_nan=False)))
    assert bj.serialize(twin) == bj.serialize(flow)
    with tf.GradientTape() as tape:
        x, log_det = flow.forward_and_log_det(z, condition=t)
        loss = tf.reduce_sum(x**2) - tf.reduce_sum(log_det)
    np.testing.assert_array_equal(x, twin.forward_and_log_det(z, condition=t)[0])
    slopes = tape.gradient(loss, flow.trainable_variables)
    assert flow.trainable_variables
    assert all(s is not None and np.all(np.isfinite(s)) for s in slopes)
    colder = flow.forward_and_log_det(z, condition=t / 2)[0]
    assert np.abs(x - colder).max() > 1e-3


@pytest.mark.parametrize("name", ["ideal", "bent", "bent in the plane"])
def test_chains_without_pairs_are_exact(name):
    """The weights are equal but for the tables' resolution, and log Z is the exact one."""
    system = CHAINS[name]
    made = generator(system)
    found = made.sample(4000, seed=2)
    assert estimators.ess_fraction(found.log_weight) > 0.999
    log_z = estimators.log_z(found.log_weight)
    assert log_z.value == pytest.approx(system.exact.log_z(), abs=2e-3)
    r2 = estimators.weighted_average(
        system.end_to_end(found.x).numpy().astype(float) ** 2, found.log_weight
    )
    assert abs(r2.value - system.exact.end_to_end_squared()) < 5 * r2.standard_error
    # Planted: bond vectors in the place of coordinates without the mean.
    assert abs(log_z.value - system.exact.log_z() - system.exact.log_jacobian) > 1


def test_the_trimer_without_training():
    system = systems.Polymer(3, pairs=potentials.LennardJones())
    found = generator(system).sample(20_000, seed=3)
    assert estimators.ess_fraction(found.log_weight) > 0.9
    log_z = estimators.log_z(found.log_weight)
    assert abs(log_z.value - system.exact.log_z()) < 5 * log_z.standard_error
    assert log_z.standard_error < 0.005
    hot = generator(system, temperature=None)
    found = hot.sample(20_000, 2.0, seed=3, condition=np.full((20_000, 1), 2.0))
    log_z = estimators.log_z(found.log_weight)
    assert abs(log_z.value - system.exact.log_z(2.0)) < 5 * log_z.standard_error


def test_generators_of_chains_are_saved(tmp_path):
    made = generator(CHAINS["globule"], grid=FEW, hidden=(8,))
    made.save(tmp_path / "globule")
    again = BoltzmannGenerator.load(tmp_path / "globule")
    x = made.sample(8, seed=1).x
    np.testing.assert_allclose(made.log_weight(x), again.log_weight(x), rtol=1e-5, atol=1e-4)
