"""Flows of boxes: they invert, and their determinants are those of their Jacobians."""

from __future__ import annotations

import json

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import bijectors as bj
from boltzmann_tf import potentials
from boltzmann_tf.bijectors._insertion_field import FINE, UNSEEN, WITHIN

FLOWS = {
    "walls": (lambda t: bj.GapFlow(4, core=0.5, margin=0.2, hidden=(8,), bins=4, dtype=t), 4),
    "ring": (lambda t: bj.GapFlow(4, boundary="ring", hidden=(8,), bins=4, dtype=t), 4),
    "tempered": (lambda t: bj.GapFlow(4, tempered=True, hidden=(8,), bins=4, dtype=t), 4),
    "pairs": (
        lambda t: bj.GapFlow(
            4, potentials.LennardJones(), core=0.8, hidden=(8,), bins=4, tempered=True, dtype=t
        ),
        4,
    ),
    "pairs on a ring": (
        lambda t: bj.GapFlow(
            4, potentials.SquareWell(), boundary="ring", core=1.0, hidden=(8,), bins=4, dtype=t
        ),
        4,
    ),
    "insertion": (
        lambda t: bj.InsertionFlow(
            3, potentials.LennardJones(cut=1.5), grid=8, hidden=(8,), dtype=t
        ),
        6,
    ),
}


def conditions(flow, n):
    """Of 0 to 3 particles in boxes with room."""
    count = np.arange(n) % 4
    columns = [count, 4.0 + 3 * np.linspace(0, 1, n)]
    if flow.condition_size == 3:
        columns.append(np.linspace(0.7, 1.3, n))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", FLOWS)
def test_flows_invert_and_know_their_volume(name):
    make, size = FLOWS[name]
    flow = make("float64")
    laws.perturb(flow, 0.3)
    z = np.random.default_rng(0).uniform(0.02, 0.98, (24, size))
    c = conditions(flow, 24)
    x, log_det = flow.forward_and_log_det(z, condition=c)
    assert np.all((x.numpy() > 0) & (x.numpy() < 1))
    back, minus = flow.inverse_and_log_det(x, condition=c)
    np.testing.assert_allclose(back, z, atol=1e-9)
    np.testing.assert_allclose(minus, -log_det, atol=1e-8)
    some, own = tf.constant(z[1:4]), c[1:4]  # of one, two and three particles
    with tf.GradientTape() as tape:
        tape.watch(some)
        out = flow.forward_and_log_det(some, condition=own)[0]
    jacobians = tape.batch_jacobian(out, some).numpy()
    np.testing.assert_allclose(np.linalg.slogdet(jacobians)[1], log_det[1:4], atol=1e-7)
    assert np.all(np.abs(log_det.numpy()[c[:, 0] >= 2]) > 1e-6)


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_no_particle_stays(name):
    make, size = FLOWS[name]
    flow = make("float32")
    laws.perturb(flow, 0.3)
    z = np.random.default_rng(1).uniform(size=(8, size)).astype(np.float32)
    x = flow.forward_and_log_det(z, condition=conditions(flow, 8))[0].numpy()
    each = size // (4 if size == 4 else 3)
    for row, n in enumerate(np.arange(8) % 4):
        there = n - 1 if "ring" in name else n
        np.testing.assert_array_equal(
            x[row, max(there, 0) * each :], z[row, max(there, 0) * each :]
        )


@pytest.mark.parametrize("name", FLOWS)
def test_documents_and_gradients(name):
    make, size = FLOWS[name]
    flow = make("float32")
    z, c = tf.fill([4, size], 0.4), conditions(flow, 4)
    twin = bj.deserialize(json.loads(json.dumps(bj.serialize(flow), allow_nan=False)))
    assert bj.serialize(twin) == bj.serialize(flow)
    laws.perturb(twin, 0.1)
    twin.assign_from(flow)
    for mine, other in zip(
        *(f.forward_and_log_det(z, condition=c) for f in (flow, twin)), strict=True
    ):
        np.testing.assert_array_equal(mine, other)
    with tf.GradientTape() as tape:
        x, log_det = flow.forward_and_log_det(z, condition=c)
        loss = tf.reduce_sum(x**2) - tf.reduce_sum(log_det)
    slopes = tape.gradient(loss, flow.trainable_variables)
    assert flow.trainable_variables
    assert all(s is not None and np.all(np.isfinite(s)) for s in slopes)
    if name in ("walls", "ring", "tempered"):  # the identity; others start with a potential
        np.testing.assert_allclose(x, z, atol=1e-6)


def test_insertion_starts_as_rosenbluths():
    """Of two particles: the second is drawn from exp(-u / T) in cells, then in their parts."""
    pairs, T, side = potentials.LennardJones(cut=1.5), 0.8, 3.2
    flow = bj.InsertionFlow(2, pairs, temperature=T, grid=16, dtype="float64")
    first = np.array([5.5, 8.5]) / 16

    def share(x, y, size):
        """exp(-u / T) at middles of cells of a size, seen twice in each; a part of it is even."""
        d = np.stack(np.meshgrid(x - first[0], y - first[1], indexing="ij"))
        r = np.sqrt(np.sum(((d - np.round(d)) * side) ** 2, axis=0))
        p = np.zeros_like(r)
        for off in WITHIN:
            r2 = (r + off * size * side) ** 2
            u = np.where(r2 < 1.5**2, np.minimum(pairs.value(np.maximum(r2, 0.3)) / T, 12), 0.0)
            p += np.exp(-u)
        # No place is beyond the generator.
        return (1 - UNSEEN) * p / p.sum() * p.size + UNSEEN

    middles, parts = (np.arange(16) + 0.5) / 16, (np.arange(FINE) + 0.5) / FINE
    coarse, wanted, places = share(middles, middles, 1 / 16), [], []
    for i, j in ((3, 4), (6, 8), (12, 1)):
        fine = share((i + parts) / 16, (j + parts) / 16, 1 / 16 / FINE)
        wanted.append(coarse[i, j] * fine[2, 1])
        places.append([*first, (i + parts[2]) / 16, (j + parts[1]) / 16])
    condition = np.tile([2.0, side**2], (3, 1))
    _, log_det = flow.inverse_and_log_det(np.array(places), condition=condition)
    np.testing.assert_allclose(np.exp(log_det), wanted, rtol=1e-3)
