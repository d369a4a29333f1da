"""Annealed boxes against each other, a sum over the ideal gas, and the direct average."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import BoltzmannGenerator, exact, priors, sampling
from boltzmann_tf.bijectors import GapFlow, InsertionFlow
from boltzmann_tf.potentials import LennardJones
from boltzmann_tf.systems import FluidBox, GibbsBoxes, NeighbourLine

FLUID = LennardJones(cut=2.0, shifted=True)
T = 1.5


def box(most, temperature=T, **options):
    return FluidBox(most, FLUID, temperature=temperature, **options)


def insertion(system, seed=0):
    flow = InsertionFlow(
        system.most, FLUID, temperature=system.temperature, grid=24, hidden=(8,), seed=seed
    )
    size = system.event_shape[0]
    prior = priors.UniformBox(np.zeros(size), np.ones(size))
    return BoltzmannGenerator(system, flow, prior, jit_compile=False)


def pair_integral(v, attraction=0.0):
    """log Q(2, v) by quadrature over the square of one particle about the other."""
    side = np.sqrt(v)
    half = (np.arange(2000) + 0.5) / 4000 * side
    r2 = half[:, None] ** 2 + half**2
    u = FLUID.value(r2) - FLUID.value(4.0)
    mean = np.mean(np.exp(-np.where(r2 < 4.0, u, 0.0) / T))
    return np.log(v**2 / 2 * mean) + attraction * 4 / (v * T)


@pytest.mark.parametrize("begin", ["ideal gas", "generator", "hot generator"])
def test_two_particles_are_a_quadrature(begin):
    """Planted: the energy of the next temperature."""
    system = box(2, attraction=0.5)
    generator = None
    if begin != "ideal gas":
        hot = T * (2.0 if begin == "hot generator" else 1.0)
        generator = insertion(box(2, hot, attraction=0.5))
    found = sampling.annealed_surfaces(
        system, 12.0, n_steps=30, n_nodes=12, n_samples=300, n_surfaces=8, generator=generator
    )
    assert found.mean.temperature == T
    each = np.array([s.log_q(2, np.array([6.0, 9.0, 12.0]), T) for s in found.surfaces])
    mean, error = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(8)
    wanted = np.array([pair_integral(v, 0.5) for v in (6.0, 9.0, 12.0)])
    assert np.all(np.abs(mean - wanted) < 8 * error + 2e-3)
    assert np.all(error < 0.02)
    planted = np.array([pair_integral(v) for v in (6.0, 9.0, 12.0)])
    assert np.all(np.abs(mean - planted) > 10 * error)
    many = 400  # at two particles, 200 at one: in proportion to n, 300 on average
    assert found.sweeps == (0 if begin == "generator" else 12 * 8 * many * 30)


def test_a_generator_and_the_ideal_gas_agree():
    """P(N1) of five particles by both ways, within six combined errors, and by Monte Carlo."""
    system, volume = box(5), 16.0
    options = {"n_nodes": 12, "n_surfaces": 10}
    one = sampling.annealed_surfaces(system, volume, n_steps=60, n_samples=60, **options)
    other = sampling.annealed_surfaces(
        system, volume, n_steps=10, n_samples=40, generator=insertion(box(5, 2 * T)), **options
    )
    p, q = (s.number_probabilities(5, volume) for s in (one, other))
    combined = np.hypot(p.standard_error, q.standard_error)
    assert np.all(np.abs(p.value - q.value) < 6 * combined)
    assert combined.max() < 0.02
    boxes = GibbsBoxes(5, volume, dimension=2, pairs=FLUID, images="nearest")
    given = {"system": boxes, "temperature": T, "weights": (1, 0.3, 1)}
    state = sampling.gibbs_state(boxes, 24)
    state, _ = sampling.gibbs_rounds(state, 200, tune=True, **given)
    _, info = sampling.gibbs_rounds(state, 2000, **given)
    each = np.stack([np.mean(info.n[..., 0] == k, axis=1) for k in range(6)], axis=1)
    error = each.std(axis=0, ddof=1) / np.sqrt(24)
    combined = np.hypot(error, p.standard_error)
    assert np.all(np.abs(each.mean(axis=0) - p.value) < 6 * combined)


def test_configurations_of_a_run_are_those_of_its_boxes():
    """Energies by the family are those of the run; planted: the side of the other box."""
    boxes = GibbsBoxes(5, 20.0, dimension=2, pairs=FLUID, images="nearest")
    state = sampling.gibbs_state(boxes, 6)
    state, info = sampling.gibbs_rounds(state, 50, system=boxes, temperature=T)
    x, condition = sampling.gibbs_configurations([state], seed=3)
    there = state.n.reshape(-1) > 0
    assert len(x) == there.sum()
    energy = box(5).energy(x, condition).numpy()
    known = info.energy[:, -1].reshape(-1)[there] / T
    np.testing.assert_allclose(energy, known, atol=1e-9)
    moved = np.stack([condition[:, 0], 20.0 - condition[:, 1]], axis=1)
    assert np.max(np.abs(box(5).energy(x, moved).numpy() - known)) > 1e-3
    # Order and place are of chance: each particle is as often the first.
    again = sampling.gibbs_configurations([state], seed=4)[0]
    assert not np.allclose(x, again)
    assert np.all((x >= 0) & (x < 1))


def test_surfaces_stand_nodes_where_nothing_fits():
    """A dense corner where not one sample has a weight: Q is 0 there, and no curve overshoots."""
    system = FluidBox(3, LennardJones(cut=2.0), temperature=0.02, densest=2.0)
    found = sampling.annealed_surfaces(
        system, 14.0, n_steps=3, n_nodes=16, n_samples=3, n_surfaces=3, generator=None
    )
    q = found.mean.log_q(3, np.linspace(1.51, 14.0, 200), 0.02)
    assert not np.any(np.isnan(q))
    assert np.isfinite(found.joint(3, 14.0).log_z)


def test_hard_rods_know_their_attraction_exactly():
    """Kac's term is uniform: two volumes are enough for all of it."""
    rods = NeighbourLine(8, core=1.0, margin=0.5, attraction=1.0, tempered=True)
    flow = GapFlow(8, core=1.0, margin=0.5, tempered=True, hidden=(4,), bins=2, dtype="float64")
    prior = priors.UniformBox(np.zeros(8), np.ones(8))
    generator = BoltzmannGenerator(rods, flow, prior, jit_compile=False)
    found = sampling.state_surfaces(
        generator, 8, 22.0, temperature=0.25, n_nodes=4, n_samples=1, n_surfaces=2
    )
    known = exact.GibbsJoint(exact.HardRods(attraction=1.0), 8, 22.0, 0.25)
    assert found.joint(8, 22.0).log_z == pytest.approx(known.log_z, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["ideal gas", "hot generator"])
def test_stated_errors_are_the_spread_over_seeds(begin):
    """P(N1) of four particles, 24 seeds: from a jackknife over surfaces, and from the seeds."""
    system, volume = box(4), 14.0
    generator = insertion(box(4, 2 * T)) if begin == "hot generator" else None
    found = [
        sampling.annealed_surfaces(
            system, volume, n_steps=40, n_nodes=10, n_samples=30, n_surfaces=8,
            generator=generator, seed=seed,
        ).number_probabilities(4, volume)
        for seed in range(24)
    ]  # fmt: skip
    spread = np.std([p.value for p in found], axis=0, ddof=1)
    stated = np.sqrt(np.mean([p.standard_error**2 for p in found], axis=0))
    ratio = np.sqrt(np.mean(spread**2) / np.mean(stated**2))
    assert 0.75 < ratio < 1.35, ratio
