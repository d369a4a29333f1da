"""Moves of chains against exact averages, each with the error planted that it looks for."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from boltzmann_tf import estimators, potentials, sampling, systems
from boltzmann_tf.potentials import Periodic
from boltzmann_tf.sampling.particles.polymers import (
    _mixed,
    crankshafts,
    pivots,
    reptation,
    rounds,
)

MIXES = {
    "particles": (1, 0, 0, 0),
    "pivots": (1, 1, 0, 0),
    "crankshafts": (1, 0, 1, 0),
    "reptation": (1, 0, 0, 1),
}
TRIMER = systems.Polymer(3, pairs=potentials.LennardJones())
FOLDED = systems.Polymer(5, box=Periodic(4.0))  # 12 % of the bonds are longer than half the box
BENT = systems.Polymer(6, dimension=2, bending=2.0)
LIMIT = 6.5  # of means over 32 replicas: one false alarm in 1e6


def run(system, mix, n_rounds=3000, replicas=32, **options):
    state = sampling.polymer_state(
        np.tile(system.initial_state("stretched"), (replicas, 1)), seed=3
    )
    options = {"system": system, "weights": MIXES[mix], "n_moves": 4 * system.n} | options
    state, _ = sampling.polymer_rounds(state, 300, tune=True, **options)
    return sampling.polymer_rounds(state, n_rounds, **options)


def score(each, known):
    """|deviation| of the mean over replicas in standard errors."""
    means = each.mean(axis=1)
    return abs(means.mean() - known) / (means.std(ddof=1) / np.sqrt(len(means)))


@pytest.mark.parametrize("mix", MIXES)
def test_averages_are_exact(mix):
    _, info = run(TRIMER, mix)
    assert score(info.end_to_end_squared, TRIMER.exact.end_to_end_squared()) < LIMIT
    ideal = systems.Polymer(3).exact.end_to_end_squared()
    assert score(info.end_to_end_squared, ideal) > 3 * LIMIT
    _, info = run(FOLDED, mix)
    known = systems.Polymer(5).exact.periodic_bond_squared(4.0)
    assert score(info.bond_squared, known) < LIMIT
    assert score(info.bond_squared, systems.Polymer(5).exact.bond_moment(2)) > 3 * LIMIT
    if mix != "particles":  # alone they are slow
        _, info = run(BENT, mix)
        assert score(info.end_to_end_squared, BENT.exact.end_to_end_squared()) < LIMIT
        assert score(info.gyration_squared, BENT.exact.gyration_squared()) < LIMIT
        assert score(info.energy, BENT.exact.mean_energy()) < LIMIT
    tried = np.isfinite(info.acceptance[0])
    assert tried.tolist() == [w > 0 for w in MIXES[mix]]


def test_series_are_those_of_the_configurations():
    state, info = run(FOLDED, "pivots", 20, replicas=3)
    np.testing.assert_allclose(
        info.end_to_end_squared[:, -1], FOLDED.end_to_end(state.x).numpy() ** 2, rtol=1e-9
    )
    np.testing.assert_allclose(
        info.gyration_squared[:, -1], FOLDED.gyration(state.x).numpy() ** 2, rtol=1e-9
    )
    np.testing.assert_allclose(info.energy[:, -1], FOLDED.energy(state.x).numpy(), rtol=1e-9)
    b = FOLDED.bond_vectors(state.x).numpy()
    np.testing.assert_allclose(info.bond_squared[:, -1], np.sum(b**2, axis=(1, 2)) / 4, rtol=1e-9)


def test_going_on_is_one_run():
    start = sampling.polymer_state(np.tile(TRIMER.initial_state("stretched"), (3, 1)), seed=1)
    whole, info = sampling.polymer_rounds(start, 6, system=TRIMER)
    half, first = sampling.polymer_rounds(start, 2, system=TRIMER)
    rest, second = sampling.polymer_rounds(half, 4, system=TRIMER)
    np.testing.assert_allclose(whole.x, rest.x, atol=1e-12)
    both = np.concatenate([first.energy, second.energy], axis=1)
    np.testing.assert_allclose(info.energy, both, atol=1e-11)


def test_a_path_of_systems_is_that_of_its_factors():
    share = np.linspace(0, 1, 5)
    x = np.tile(TRIMER.initial_state("stretched"), (3, 1))
    start = sampling.polymer_state(x, seed=1)
    after, info = sampling.switch_polymers(start, system=TRIMER, factors={"pairs": share})
    path = [systems.Polymer(3, pairs=potentials.LennardJones(epsilon=s)) for s in share]
    other, same = sampling.switch_polymers(start, system=path)
    np.testing.assert_allclose(other.x, after.x, atol=1e-12)
    np.testing.assert_allclose(same.work, info.work, atol=1e-10)


def test_pairs_that_come_up_softly_have_the_z_of_the_trimer():
    """Planted: work of all steps but the last."""
    path = [
        systems.Polymer(3, pairs=potentials.SoftCoreLennardJones(c))
        for c in np.linspace(0, 1, 41) ** 2
    ]
    free = systems.Polymer(3).exact
    start = sampling.polymer_state(TRIMER.configuration(free.sample(4000, seed=1)), seed=2)
    _, info = sampling.switch_polymers(start, system=path)
    found = estimators.log_z(free.log_z() - info.work)
    assert found.standard_error < 0.02
    assert abs(found.value - TRIMER.exact.log_z()) < 5 * found.standard_error
    _, short = sampling.switch_polymers(start, system=path[:-1])
    wrong = estimators.log_z(free.log_z() - short.work)
    assert abs(wrong.value - TRIMER.exact.log_z()) > 5 * wrong.standard_error


def test_a_chain_among_others():
    """The solvent moves, too; the chain may be any particles, in any order."""
    box = Periodic(6.0, images="nearest")
    pairs = potentials.WeeksChandlerAndersen()
    system = systems.Polymer(4, dimension=2, pairs=pairs, solvent=6, box=box)
    state, info = run(system, "reptation", 200, replicas=2)
    start = sampling.polymer_state(np.tile(system.initial_state("stretched"), (2, 1)))
    assert np.all(np.abs(state.x - start.x)[:, 8:] > 0)
    assert np.all(np.isfinite(info.energy))
    _, backwards = run(system, "reptation", 200, replicas=2, chain=[3, 2, 1, 0])
    assert np.all(np.isfinite(backwards.energy))


PLANTED = {
    "pivots": (pivots, "pivot", "turned"),
    "crankshafts": (crankshafts, "crankshaft", "turned"),
    "reptation": (reptation, "reptation", "times"),
}


@contextlib.contextmanager
def planted(monkeypatch, module, name):
    """Kernels with a move made anew, and afterwards none of them."""
    caches = (rounds._kernel, _mixed.mixed_round)
    monkeypatch.setattr(_mixed, name, getattr(module, name).__wrapped__)
    for cached in caches:
        cached.cache_clear()
    try:
        yield
    finally:
        for cached in caches:
            cached.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("mix", PLANTED)
def test_a_bond_that_grows_by_a_move_shows(mix, monkeypatch):
    """Planted: lengths are not kept, and the volume that this takes is not counted."""
    module, name, part = PLANTED[mix]
    table = dict(module.VECTORS)
    right = getattr(table[3, True], part)

    @potentials.ops.formula
    def wrong(m, a):
        x, y, z = right(m, a)
        return 1.02 * x, 1.02 * y, 1.02 * z

    table[3, True] = table[3, True]._replace(**{part: wrong})
    monkeypatch.setattr(module, "VECTORS", table)
    with planted(monkeypatch, module, name):
        _, info = run(FOLDED, mix)
    known = systems.Polymer(5).exact.periodic_bond_squared(4.0)
    found = score(info.bond_squared, known)
    assert found > 2 * LIMIT, found


@pytest.mark.slow
def test_a_turn_that_is_not_undone_shows(monkeypatch):
    """Planted: bonds may leave their nearest image by a turn."""
    table = dict(pivots.VECTORS)
    table[3, True] = table[3, True]._replace(inside=table[3, False].inside)
    monkeypatch.setattr(pivots, "VECTORS", table)
    with planted(monkeypatch, pivots, "pivot"):
        _, info = run(FOLDED, "pivots", 20_000)
    known = systems.Polymer(5).exact.periodic_bond_squared(4.0)
    assert score(info.bond_squared, known) > LIMIT
