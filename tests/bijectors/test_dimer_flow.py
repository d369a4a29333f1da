"""A flow that holds the lengths it was given."""

from __future__ import annotations

import laws
import numpy as np
import pytest

from boltzmann_tf import bijectors
from boltzmann_tf.systems import SolvatedDimer
from boltzmann_tf.systems.solvated_dimer import dimer_distance

SYSTEM = SolvatedDimer()
DATA = SYSTEM.lattice(1.5) + 0.1 * np.random.default_rng(0).standard_normal((3000, 76))


@pytest.mark.parametrize("coupling", ["affine", "spline"])
def test_flow_is_invertible_and_holds_the_lengths(coupling):
    lengths = np.random.default_rng(2).uniform(0.7, 2.35, 5000)
    flow = bijectors.dimer_flow(DATA, lengths, blocks=4, hidden=(8,), coupling=coupling)
    laws.perturb(flow, 0.02)
    z = np.random.default_rng(3).standard_normal((200, 76)).astype(np.float32)
    x, log_det = flow.forward_and_log_det(z)
    back, inverse_log_det = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(back, z, atol=2e-3)
    np.testing.assert_allclose(log_det, -inverse_log_det, atol=2e-3)
    d = dimer_distance(x.numpy())
    assert d.min() > 0.6
    assert np.mean(d < 1.3) == pytest.approx(0.6 / 1.65, abs=0.15)
    # Every coordinate but the length is moved by some coupling, and stays by another.
    moving = np.array(
        [b.get_config()["transformed"] for b in flow.bijectors[0].rest.bijectors[1:-1]]
    )
    assert np.all(moving.any(axis=0))
    assert not np.any(moving.all(axis=0))
    other = bijectors.with_lengths(flow, lengths[lengths < 1.0])
    d = dimer_distance(other.forward(z).numpy())
    assert np.mean(d < 1.01) > 0.98
    assert len(other.trainable_variables) == len(flow.trainable_variables)
    rest, known = other.bijectors[0].rest, flow.bijectors[0].rest
    for one, two in zip(rest.variables, known.variables, strict=True):
        np.testing.assert_array_equal(one, two)
    laws.config_round_trips(flow)


def test_couplings_part_the_solvent_by_colour_axis_and_row():
    flow = bijectors.dimer_flow(DATA, np.linspace(0.7, 2.35, 500), blocks=4, hidden=(8,))
    moving = [b.get_config()["transformed"] for b in flow.bijectors[0].rest.bijectors[1:-1]]
    solvent = np.reshape([m[3:] for m in moving[::2]], (4, 6, 6, 2))
    by_colour, by_axis, by_row, again = solvent
    assert by_colour[0, 0].all() and not by_colour[0, 1].any() and by_colour[1, 1].all()  # noqa: PT018
    assert by_axis[..., 0].all() and not by_axis[..., 1].any()  # noqa: PT018
    assert by_row[0].all() and not by_row[1].any()  # noqa: PT018
    np.testing.assert_array_equal(by_axis, again)
    for one, other in zip(moving[::2], moving[1::2], strict=True):
        assert np.all(np.logical_xor(one, other))
