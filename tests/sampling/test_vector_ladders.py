"""Whole replica exchanges of unit vectors, against exact averages."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import sampling
from boltzmann_tf.systems import Nematic

T = 0.5


@pytest.fixture(scope="module")
def chain():
    """Replica exchange of a chain."""
    return sampling.nematic_tempering(
        Nematic("chain", 5), [0.7, 0.35, T], n_rounds=160, n_ladders=32, seed=1
    )


def test_simulated_averages_are_exact(chain):
    known = chain.system.exact
    for t, found in chain.averages().items():
        wanted = np.array([known.energy(t) / 5, known.heat_capacity(t) / 5])
        value, error = np.array([found.energy, found.heat_capacity]).T
        assert np.all(np.abs(value - wanted) < 5 * error), t
    assert list(chain.vectors) == list(chain.averages()) == [0.35, T, 0.7]
    assert chain.vectors[T].shape == (32 * 8, 5, 3)


def test_moves_are_tuned_in_the_burn_in(chain):
    """Half are accepted, within 0.1; the largest angle grows with temperature and ends at pi.

    There, as the hottest is, more than half are.
    """
    assert np.all((chain.angle > 0) & (chain.angle <= np.pi))
    assert np.all(np.diff(chain.angle) >= 0)
    inside = chain.angle < np.pi
    assert inside[0]
    np.testing.assert_allclose(chain.moves[inside], 0.5, atol=0.1)
    assert np.all(chain.moves > 0.4)
    assert chain.exchanges.shape == (2,)
    assert np.all((chain.exchanges > 0.1) & (chain.exchanges < 1))


def test_snapshots_are_those_of_their_temperatures(chain):
    """Planted: the order of temperatures reversed."""
    energy = np.stack([sampling.vector_energies(u, chain.system) for u in chain.vectors.values()])
    mean = energy.mean(axis=1)
    error = energy.std(axis=1) / 16
    wanted = np.array([chain.system.exact.energy(t) for t in chain.temperatures])
    assert np.all(np.abs(mean - wanted) < 5 * error)
    assert np.abs(mean - wanted[::-1]).max() > 5 * error.max()


def test_errors_of_few_ladders_come_from_parts_of_them(chain):
    few = chain._replace(energy=chain.energy[:4], order=chain.order[:4])
    found, whole = few.averages()[T], chain.averages()[T]
    assert 1.5 < found.energy.standard_error / whole.energy.standard_error < 6  # about sqrt(8)
