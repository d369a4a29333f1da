"""Linked cells of the Gibbs ensemble: the same walk as with all pairs, in boxes that are wide."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import potentials, sampling
from boltzmann_tf.sampling.particles.gibbs import _cells, _pairs, rounds
from boltzmann_tf.systems import GibbsBoxes

PAIRS = potentials.LennardJones(cut=1.6)
WIDE = {
    2: GibbsBoxes(700, 2000.0, dimension=2, pairs=PAIRS, tail=True),
    3: GibbsBoxes(1200, 2800.0, pairs=PAIRS),
}
DENSITIES = {2: (0.1, 0.7), 3: (0.1, 0.6)}


def walk(dimension, n_rounds=2, **options):
    system = WIDE[dimension]
    start = sampling.gibbs_state(system, 1, densities=DENSITIES[dimension], seed=2)
    start = start._replace(step=start.step * np.array([20, 6, 1]))  # far, from cell to cell
    options = {"weights": (1, 0.01, 1), "n_moves": 1500, "temperature": 1.5} | options
    return sampling.gibbs_rounds(start, n_rounds, system=system, **options)


def without_cells(monkeypatch):
    for module in (_pairs, rounds):
        monkeypatch.setattr(module, "most_cells", lambda system: 0)


@pytest.mark.parametrize("dimension", [2, 3])
def test_the_walk_is_that_of_all_pairs(dimension, monkeypatch):
    state, info = walk(dimension)
    # The liquid is in cells, not only the kernel able to.
    n, side = state.n[0].max(), state.volume[0, state.n[0].argmax()] ** (1 / dimension)
    assert _cells._pays(n, int(side / (_cells.ROOM * PAIRS.cut)), dimension)
    without_cells(monkeypatch)
    other, known = walk(dimension)
    assert info.n[0, 0, 0] != info.n[0, -1, 0]
    assert np.all(info.acceptance > 0)
    np.testing.assert_array_equal(state.n, other.n)
    np.testing.assert_allclose(state.x, other.x, atol=1e-9)
    for name in ("energy", "virial", "shell", "insertion"):
        np.testing.assert_allclose(getattr(info, name), getattr(known, name), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", [("moved",), ("added", "dropped")])
def test_what_is_not_told_to_the_cells_shows(forgotten, monkeypatch):
    """Planted errors."""
    state, _ = walk(2, n_rounds=1, weights=(1, 0, 1), n_moves=20_000)
    nothing = {name: getattr(_cells.NO_CELLS, name) for name in forgotten}
    wrong = _cells.cells_of(2)._replace(**nothing)
    monkeypatch.setattr(_pairs, "cells_of", lambda dimension: wrong)
    other, _ = walk(2, n_rounds=1, weights=(1, 0, 1), n_moves=20_000)
    assert not np.array_equal(state.x, other.x)


def test_going_on_is_one_run():
    whole, info = walk(2, 4)
    half, first = walk(2, 1)
    rest, second = sampling.gibbs_rounds(
        half, 3, system=WIDE[2], weights=(1, 0.01, 1), n_moves=1500, temperature=1.5
    )
    for one, other in zip(whole, rest, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(info.energy, np.concatenate([first.energy, second.energy], 1))


def test_small_boxes_have_none():
    """512 particles in space, with a cut-off of three: a liquid is less than three of it wide."""
    pairs = potentials.LennardJones(cut=3.0)
    assert _cells.most_cells(GibbsBoxes(512, 2700.0, pairs=pairs, tail=True)) == 0
    assert _cells.most_cells(GibbsBoxes(8, 32.0, dimension=2, pairs=pairs, images="nearest")) == 0
    assert _cells.most_cells(GibbsBoxes(512, 2700.0)) == 0
    rods = GibbsBoxes(100, 250.0, dimension=1, pairs=potentials.HardCore(), images="nearest")
    assert _cells.most_cells(rods) == 0
