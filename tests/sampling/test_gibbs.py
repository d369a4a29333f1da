"""Gibbs-ensemble Monte Carlo against exact joint distributions, energies and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import exact, potentials, sampling, systems
from boltzmann_tf.sampling.particles.gibbs import rounds
from boltzmann_tf.systems import GibbsBoxes

MIXED = (1.0, 0.3, 1.0)
RODS = {"dimension": 1, "pairs": potentials.HardCore(), "boundary": "walls", "margin": 0.5}


def run(system, n_rounds, *, replicas=32, temperature=1.0, weights=MIXED, seed=0, **options):
    """Replicas in equilibrium, with steps tuned before."""
    state = sampling.gibbs_state(system, replicas, seed=seed)
    given = {"system": system, "temperature": temperature, "weights": weights} | options
    state, _ = sampling.gibbs_rounds(state, 300, tune=True, **given)
    return sampling.gibbs_rounds(state, n_rounds, **given)


def scores(seen, wanted):
    """Deviations of means over replicas `[replicas, k]` in errors from their spread."""
    error = seen.std(axis=0, ddof=1) / np.sqrt(len(seen))
    return np.abs(seen.mean(axis=0) - wanted) / error


def shares(info, n):
    """Of each N1, replica by replica."""
    return np.stack([np.mean(info.n[..., 0] == k, axis=1) for k in range(n + 1)], axis=1)


# The joint distribution. With 32 replicas deviations follow Student's t, 31 degrees of freedom:
# above 7 with a probability of 1e-7.


def test_the_ideal_gas_and_a_wrong_power_of_the_volume(monkeypatch):
    """Planted: a step that is uniform in ln(V1 / V2), accepted as one that is uniform in V1."""
    gas = GibbsBoxes(10, 3.0)
    _, info = run(gas, 4000)
    assert np.max(scores(shares(info, 10), 1 / 11)) < 7
    assert np.max(scores(np.mean(info.volume[..., :1] / 3, axis=1), 0.5)) < 7
    assert np.mean((info.volume[..., 0] / 3 - 0.5) ** 2) == pytest.approx(1 / 12, rel=0.02)
    monkeypatch.setattr(rounds, "MORE", 0.0)
    _, wrong = run(gas, 4000)
    assert scores(shares(wrong, 10), 1 / 11)[0] > 10
    assert np.mean(wrong.n[..., 0] == 0) > 0.15


def test_rods_between_walls():
    _, info = run(GibbsBoxes(6, 15.0, **RODS), 6000)
    assert np.max(scores(shares(info, 6), 1 / 7)) < 7
    assert np.all(info.not_finite == 0)


def test_rods_with_an_attraction_part_in_two():
    """P(N1, V1) in bins of V1, a quarter of the box wide, against the exact one."""
    fluid = exact.VanDerWaals()
    T, n = 0.8 * fluid.critical_temperature, 8
    length = 2 * n / sum(fluid.coexistence(T))
    joint = exact.GibbsJoint(exact.HardRods(attraction=1.0), n, length, T)
    _, info = run(GibbsBoxes(n, length, attraction=1.0, **RODS), 6000, temperature=T)
    edges = np.linspace(0, length, 5)
    place = np.digitize(info.volume[..., 0], edges) - 1
    seen = np.stack([np.mean(place == k, axis=1) * 4 for k in range(4)], axis=1)
    known = joint.bin_probabilities(edges)
    assert np.max(scores(seen, 4 * known.sum(axis=0))) < 7
    assert np.max(scores(shares(info, n), known.sum(axis=1))) < 7
    # Without the attraction it would be another distribution.
    assert np.max(scores(shares(info, n), 1 / (n + 1))) > 20
    dense = info.density.max(axis=-1).mean(axis=1)
    assert scores(dense[:, None], joint.mean_densities[0]) < 7


def test_square_wells_on_two_rings():
    joint = exact.GibbsJoint(exact.SquareWellRods(), 5, 15.0, 0.5)
    pairs = potentials.SquareWell()
    rings = GibbsBoxes(5, 15.0, dimension=1, pairs=pairs, images="nearest")
    _, info = run(rings, 6000, temperature=0.5)
    assert np.max(scores(shares(info, 5), joint.number_probabilities())) < 7


def test_insertions_say_how_q_grows():
    """At fixed volumes <V / (N + 1) exp(-dU / T)> is the mean of Q(N1 + 1) / Q(N1)."""
    system = GibbsBoxes(4, 10.0, **RODS)
    _, info = run(system, 3000, weights=(1, 0, 1))
    q = np.exp([exact.HardRods().log_q(k, 5.0) for k in range(6)])
    p = q[:5] * q[:5][::-1]
    wanted = np.sum(p * q[1:] / q[:5]) / p.sum()
    seen = info.insertion[..., 0].sum(axis=1) / info.insertions[..., 0].sum(axis=1)
    assert scores(seen[:, None], wanted) < 7
    assert np.all(info.volume == 5.0)


# Energies and pressures.

FLUIDS = {
    "cut": {"pairs": potentials.LennardJones(cut=1.6)},
    "shifted": {"pairs": potentials.LennardJones(cut=1.6, shifted=True)},
    "tail": {"pairs": potentials.LennardJones(cut=1.6), "tail": True},
}


def box_energy(system, x, side):
    """U of positions `[n, dimension]` by the energy of a `ParticleSystem`."""
    terms = [system.pairs]
    if system.tail:
        terms.append(potentials.TailCorrection(system.pairs))
    box = potentials.Periodic(side, images=system.images)
    fluid = systems.ParticleSystem(n=len(x), dimension=system.dimension, terms=terms, box=box)
    return float(fluid.energy(tf.constant(fluid.configuration(x)[None]))[0])


@pytest.mark.parametrize("name", FLUIDS)
@pytest.mark.parametrize("dimension", [2, 3])
def test_energies_are_those_of_each_box(name, dimension):
    pairs = FLUIDS[name]
    system = GibbsBoxes(24, 2 * 5.0**dimension, dimension=dimension, **pairs)
    state, info = run(system, 40, replicas=2, temperature=1.2, weights=(1, 0.05, 1))
    for r in range(2):
        for k in range(2):
            n, side = int(state.n[r, k]), float(state.volume[r, k] ** (1 / dimension))
            x = state.positions(r, k)
            assert x.shape == (n, dimension)
            assert np.all((x >= 0) & (x <= side))
            if n > 1:
                assert info.energy[r, -1, k] == pytest.approx(box_energy(system, x, side), abs=1e-9)
    assert np.all(info.acceptance[:, 2:] > 0)


@pytest.mark.parametrize("name", FLUIDS)
def test_the_pressure_is_how_the_free_energy_falls(name):
    """By a change of the box of 1 %: T ln <(V'/V)^n exp(-dU / T)> / (V' - V), both ways.

    Planted: without the impulse at the cut.
    """
    T, h, n, side = 1.5, 0.002, 30, 4.0
    system = GibbsBoxes(n, 2 * side**3, **FLUIDS[name])
    state = sampling.gibbs_state(system, 8, shares=(1.0, 0.5))
    given = {"system": system, "temperature": T, "weights": (1, 0, 0)}
    state, _ = sampling.gibbs_rounds(state, 200, tune=True, **given)
    work, pressures, bare = [], [], []
    for _ in range(150):
        state, info = sampling.gibbs_rounds(state, 2, n_moves=60, **given)
        p = sampling.gibbs_pressure(info, system, temperature=T)[:, -1, 0]
        pressures.append(p)
        v = side**3
        rest = info.n[:, -1, 0] * T / v + info.virial[:, -1, 0] / (3 * v)
        bare.append(rest + system.uniform * n**2 / v**2)
        both = []
        for sign in (1, -1):
            new = v * (1 + sign * h)
            u = [_scaled(system, state.positions(r, 0), side, new ** (1 / 3)) for r in range(8)]
            now = [_scaled(system, state.positions(r, 0), side, side) for r in range(8)]
            both.append(np.exp(n * np.log(new / v) - (np.array(u) - now) / T))
        work.append(both)
    factor = np.mean(work, axis=0)  # [2, replicas]
    found = T * np.log(factor) / np.array([[h], [-h]]) / side**3
    difference = found.mean(axis=0) - np.mean(pressures, axis=0)
    error = difference.std(ddof=1) / np.sqrt(8)
    assert abs(difference.mean()) < 6 * error
    assert error < 0.05
    if name != "shifted":
        off = found.mean(axis=0) - np.mean(bare, axis=0)
        assert abs(off.mean()) > 6 * off.std(ddof=1) / np.sqrt(8)


def _scaled(system, x, side, new):
    """U with all positions scaled into a box of another side, by NumPy."""
    d = x[:, None] - x
    d -= side * np.round(d / side)
    r2 = np.sum(d**2, axis=-1)[np.triu_indices(len(x), 1)] * (new / side) ** 2
    cut2 = float(system.pairs.cut) ** 2
    u = system.pairs.value(r2) - (system.pairs.value(cut2) if system.pairs.shifted else 0.0)
    return np.sum(u[r2 < cut2]) + system.uniform * len(x) ** 2 / new**3


# States.


def test_going_on_is_one_run():
    system = GibbsBoxes(20, 2 * 4.0**3, pairs=potentials.LennardJones(cut=1.9))
    options = {"system": system, "temperature": 1.3}
    start = sampling.gibbs_state(system, 3, seed=4)
    whole, info = sampling.gibbs_rounds(start, 6, **options)
    half, first = sampling.gibbs_rounds(start, 2, **options)
    rest, second = sampling.gibbs_rounds(half, 4, **options)
    for one, other in zip(whole, rest, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(info.energy, np.concatenate([first.energy, second.energy], 1))
    # A replica does not depend on how many there are.
    alone, _ = sampling.gibbs_rounds(sampling.gibbs_state(system, 1, seed=4), 6, **options)
    np.testing.assert_array_equal(alone.x[0], whole.x[0])


def test_a_box_that_empties_is_no_error():
    _, info = run(GibbsBoxes(2, 2 * 4.0**3, pairs=potentials.LennardJones(cut=1.9)), 500)
    assert {0, 1, 2} == set(info.n.ravel().tolist())
    assert np.all(np.isfinite(info.energy))
    assert np.all(info.n.sum(axis=-1) == 2)
    np.testing.assert_allclose(info.volume.sum(axis=-1), 128)


def test_volumes_too_small_for_the_cut_are_refused_and_counted():
    system = GibbsBoxes(6, 2.2 * 3.8**3, pairs=potentials.LennardJones(cut=1.9))
    _, info = run(system, 300)
    assert info.volume.min() >= 3.8**3
    assert np.all(info.refused > 0)
    dense = GibbsBoxes(6, 10.0, dimension=2, densest=0.7)
    _, info = run(dense, 300)
    assert np.max(info.density) <= 0.7


def test_starts_have_the_densities_asked_for():
    system = GibbsBoxes(512, 1850.0, pairs=potentials.LennardJones(cut=3.0), tail=True)
    state = sampling.gibbs_state(system, 2, densities=(0.03, 0.7))
    rho = state.n / state.volume
    np.testing.assert_allclose(rho, np.tile([0.03, 0.7], (2, 1)), rtol=0.02)
    for k in range(2):
        x = state.positions(0, k)
        d = x[:, None] - x
        side = state.volume[0, k] ** (1 / 3)
        d -= side * np.round(d / side)
        r = np.sqrt(np.sum(d**2, axis=-1)) + 9 * np.eye(len(x))
        assert r.min() > 0.9


# Phases.


def test_phases_of_the_lennard_jones_fluid():
    """A short run at T = 1: NIST's densities within 5 errors, both boxes in equilibrium."""
    system = GibbsBoxes(216, 780.0, pairs=potentials.LennardJones(cut=3.0), tail=True)
    state = sampling.gibbs_state(system, 2, densities=(0.03, 0.7), seed=1)
    given = {"system": system, "temperature": 1.0}
    state, _ = sampling.gibbs_rounds(state, 60, weights=(1, 0, 0), tune=True, **given)
    state, _ = sampling.gibbs_rounds(state, 1500, tune=True, **given)
    _, info = sampling.gibbs_rounds(state, 5000, **given)
    found = sampling.gibbs_phases(info, system, temperature=1.0)
    assert abs(found.liquid.density.value - 0.70094) < 5 * found.liquid.density.standard_error
    assert abs(found.vapour.density.value - 0.029556) < 5 * found.vapour.density.standard_error
    assert found.liquid.density.standard_error < 0.01
    for of in ("pressure", "chemical_potential"):
        one, other = getattr(found.vapour, of), getattr(found.liquid, of)
        assert abs(one.value - other.value) < 5 * np.hypot(one.standard_error, other.standard_error)
    assert found.swaps == 0
    assert found.autocorrelation_time > 5


def test_one_density_is_no_coexistence():
    system = GibbsBoxes(20, 100.0)
    _, info = run(system, 10, weights=(1, 0, 0), replicas=2)
    with pytest.raises(ValueError, match="info must hold both phases"):
        sampling.gibbs_phases(info, system, temperature=1.0)
