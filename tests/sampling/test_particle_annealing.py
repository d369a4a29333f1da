"""Annealing of particles, against exact answers: few particles that never meet, in one order.

Of n particles in a box, tethered ones have the partition function (pi / kappa)^n, and free ones
that of one particle to the power n, over n! for one order. What is in between is the work.
"""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.special import ive

from boltzmann_tf import sampling
from boltzmann_tf.sampling.particles import _label_cell
from boltzmann_tf.sampling.particles import annealing as particle_annealing
from boltzmann_tf.systems import SolvatedDimer

SOLVENT = 9
# A reference without symmetry, so that no two orders are equally good.
SITES = np.random.default_rng(5).uniform(-2.5, 2.5, (SOLVENT + 2, 2)).ravel()
SITES[:4] = [-0.5, 0.0, 0.5, 0.0]


def points(n, seed=0):
    return np.random.default_rng(seed).uniform(-3, 3, (n, 2 * SOLVENT + 4))


def optimal(x):
    """Whether each solvent particle is at its own site in the best assignment, by SciPy."""
    rows, sites = x.reshape(-1, 2)[2:], SITES.reshape(-1, 2)[2:]
    cost = ((rows[:, None] - sites) ** 2).sum(axis=-1)
    return np.array_equal(linear_sum_assignment(cost)[1], np.arange(len(rows)))


def split(x):
    return x.reshape(-1, 2).T.copy()[:, 2:]


def test_potentials_know_the_cell():
    """In every order of a few hundred configurations; most random ones are outside."""
    sites, v = split(SITES), np.empty(SOLVENT)
    for x in points(200):
        own = sampling.relabel(x[None], SITES, fixed=2).x[0]
        assert _label_cell.find_potentials(split(own), sites, v)
        cost = ((split(own)[:, :, None] - sites[:, None]) ** 2).sum(axis=0)
        assert np.all(cost - v >= np.diag(cost)[:, None] - v[:, None] - 1e-9)
        assert _label_cell.find_potentials(split(x), sites, v) == optimal(x)


@pytest.mark.parametrize("width", [0.2, 1.0, 4.0])
def test_moves_stay_in_the_cell(width):
    """A thousand moves in a row, small and large: allowed if and only if SciPy says so."""
    rng = np.random.default_rng(1)
    x = sampling.relabel(points(1, seed=3), SITES, fixed=2).x[0]
    sites = split(SITES)
    v, reach, done = np.empty(SOLVENT), np.empty(SOLVENT), np.empty(SOLVENT, bool)
    assert _label_cell.find_potentials(split(x), sites, v)
    left = 0
    for _ in range(1000):
        i = int(rng.integers(SOLVENT))
        moved = x.copy().reshape(-1, 2)
        moved[2 + i] += width * rng.uniform(-1, 1, 2)
        gone = _label_cell.leaves(i, *moved[2 + i], split(x), sites, v, reach, done)
        assert gone != optimal(moved.ravel())
        left += gone
        x = x if gone else moved.ravel()
        cost = ((split(x)[:, :, None] - sites[:, None]) ** 2).sum(axis=0)
        assert np.all(cost - v >= np.diag(cost)[:, None] - v[:, None] - 1e-9)
    assert 10 < left < 990


def test_a_move_costs_what_the_energy_says():
    """Of one solvent particle, and of the dimer turned and shifted: to 1e-9."""
    system = SolvatedDimer(solvent=SOLVENT)
    p = particle_annealing.parameters(system)
    rng = np.random.default_rng(0)
    x = system.initial_state("open") + 0.1 * rng.standard_normal(system.event_size)
    rows, to = x.reshape(-1, 2).T.copy(), np.empty((2, 2))

    def energy(rows):
        return system.energy(rows.T.reshape(1, -1)).numpy()[0]

    for i in range(2, SOLVENT + 2):
        q = rows[:, i] + rng.uniform(-0.5, 0.5, 2)
        moved = rows.copy()
        moved[:, i] = q
        change = particle_annealing._solvent_change(rows, i, *q, p)
        assert change == pytest.approx(energy(moved) - energy(rows), rel=1e-9)
    for i in range(2):
        particle_annealing._place(rows, i, 0.3, -0.2, to)
        moved = rows.copy()
        moved[:, :2] = to
        before, after = (np.hypot(*(r[:, 0] - r[:, 1])) for r in (rows, moved))
        assert after == pytest.approx(before, rel=1e-12)
        change = particle_annealing._dimer_change(rows, to, p)
        assert change == pytest.approx(energy(moved) - energy(rows), rel=1e-9)
    assert np.array_equal(rows, x.reshape(-1, 2).T), "moves must leave x as it was"


LENGTH = 1.0


def tethered(n, kappa, temperature, seed):
    """A dimer of fixed length and tethered solvent that never meet: exact samples."""
    system = SolvatedDimer(solvent=SOLVENT, diameter=1e-4)
    rng = np.random.default_rng(seed)
    x = SITES + rng.standard_normal((n, SITES.size)) / np.sqrt(2 * kappa)
    # The springs are k (4 X^2 + 2 Y^2 + d^2 sin^2(angle) / 2), with (X, Y) the dimer's middle.
    scale = np.sqrt(temperature / system.dimer_k / np.array([8.0, 4.0]))
    middle = scale * rng.standard_normal((n, 2))
    angle = 0.5 * rng.vonmises(0.0, system.dimer_k * LENGTH**2 / 4 / temperature, n)
    half = 0.5 * LENGTH * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[:, :2], x[:, 2:4] = middle - half, middle + half
    return system, x


def run(kappa, temperature, end, seed=0, n=1500, steps=1500):
    """From kappa and `temperature` to no tether and the temperature `end`."""
    system, x = tethered(n, kappa, temperature, seed)
    s = np.linspace(0, 1, steps + 1)
    stiffness = (kappa**0.3 * (1 - s)) ** (1 / 0.3)
    found = sampling.anneal_particles(
        x,
        system=system,
        reference=SITES,
        centres=SITES,
        stiffness=stiffness,
        temperature=temperature * (end / temperature) ** s,
        step_size=np.minimum(1 / np.sqrt(stiffness + 0.3), 1.5),
        seed=seed,
    )
    w = np.exp(found.log_weight - found.log_weight.max())
    error = w.std(ddof=1) / w.mean() / np.sqrt(len(w))
    return found, np.log(w.mean()) + found.log_weight.max(), error


def exact(kappa, temperature, end):
    """log Z at the end in one order minus log Z at the start."""
    system = SolvatedDimer(solvent=SOLVENT)
    line = 2 * system.box + np.sqrt(np.pi * end / system.box_k)
    solvent = SOLVENT * np.log(line**2 * kappa / np.pi) - np.log(factorial(SOLVENT))
    q = 2 * (LENGTH - system.distance)
    u = system.slope * q - system.quadratic * q**2 + system.quartic * q**4

    def dimer(T):
        """Of its middle, T; of its angle, exp(-b) I_0(b)."""
        return np.log(T * ive(0, system.dimer_k * LENGTH**2 / 4 / T)) - u / T

    return solvent + dimer(end) - dimer(temperature)


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.0), (4.0, 1.0)])
def test_the_work_is_the_exact_free_energy(start, end):
    """Within five errors, a false alarm in two million.

    The error leaves no room for log 9! = 12.8, of the orders. At T = 4 the dimer would turn round,
    were it not kept in its direction.
    """
    found, value, error = run(20.0, start, end)
    assert error < 0.12
    assert abs(value - exact(20.0, start, end)) < 5 * error
    alive = np.isfinite(found.log_weight)
    assert all(optimal(x) for x in found.x[alive][:200])
    length = np.hypot(*(found.x[:, :2] - found.x[:, 2:4]).T)
    assert np.allclose(length, LENGTH, rtol=1e-9)
    assert found.not_finite == 0
    assert np.all(found.x[alive, 0] < found.x[alive, 2])
    energy = SolvatedDimer(solvent=SOLVENT, diameter=1e-4).energy(found.x).numpy()
    assert np.allclose(found.energy[alive], energy[alive], atol=1e-7)


def test_the_same_seed_gives_the_same_run():
    first, second = (run(20.0, 1.0, 1.0, n=50, steps=20)[0] for _ in range(2))
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(first.log_weight, second.log_weight)
    assert not np.array_equal(first.x, run(20.0, 1.0, 1.0, seed=1, n=50, steps=20)[0].x)


def test_starts_in_another_order_or_direction_weigh_nothing():
    system, x = tethered(3, 20.0, 1.0, 0)
    x = sampling.relabel(x, SITES, fixed=2).x
    x[1, 4:8] = x[1, [6, 7, 4, 5]]
    x[2, :4] = x[2, [2, 3, 0, 1]]
    found = sampling.anneal_particles(
        x, system=system, reference=SITES, centres=SITES, stiffness=[20.0, 19.0],
        temperature=[1.0, 1.0], step_size=0.1,
    )  # fmt: skip
    assert np.isfinite(found.log_weight[0])
    assert np.all(found.log_weight[1:] == -np.inf)


@pytest.mark.parametrize("end", [1.0, 0.8])
def test_starts_that_overlap_weigh_nothing(end):
    """A particle upon another has an infinite energy: neither a weight nor NaN comes of it."""
    system, x = tethered(3, 20.0, 1.0, 0)
    x = sampling.relabel(x, SITES, fixed=2).x
    x[1, 4:6] = x[1, :2]
    found = sampling.anneal_particles(
        x, system=system, reference=SITES, centres=SITES, stiffness=[20.0, 19.0, 18.0],
        temperature=[1.0, 1.0, end], step_size=0.1,
    )  # fmt: skip
    assert np.isfinite(found.log_weight[[0, 2]]).all()
    assert found.log_weight[1] == -np.inf
    assert found.not_finite == 0


def test_energies_after_an_overlap_are_those_of_the_system():
    """From 1e16 kT, of which a unit is rounded off: energy and work to 1e-7, of kT.

    Carried along by differences alone, both are off by up to 9 kT. The work of the last step of the
    longer path is half the energy where the shorter one ends, of the same moves.
    """
    system = SolvatedDimer(solvent=SOLVENT)
    site = system.initial_state("open")
    x = np.tile(site, (16, 1))
    x[:, 6:8] = x[:, 4:6] + 0.03
    start = system.energy(x).numpy()
    assert np.all(start > 1e16)
    options = {"system": system, "reference": site, "centres": site, "step_size": 0.3}
    one, two = (
        sampling.anneal_particles(x, stiffness=np.zeros(n), temperature=T, **options)
        for n, T in ((200, np.ones(200)), (201, [1.0] * 200 + [2.0]))
    )
    energy = system.energy(one.x).numpy()
    assert energy.max() < 200
    assert np.array_equal(one.energy, energy)
    assert np.array_equal(two.energy, system.energy(two.x))
    assert np.all(one.log_weight == 0)
    assert np.allclose(two.log_weight, 0.5 * energy, rtol=0, atol=1e-7)


@pytest.mark.parametrize("open_", [True, False])
def test_the_sum_over_pairs_is_the_energy(open_):
    system = SolvatedDimer(solvent=SOLVENT)
    rng = np.random.default_rng(3)
    x = system.initial_state("open" if open_ else "closed") * 1.2
    x = x + 0.1 * rng.standard_normal((20, system.event_size))
    p = particle_annealing.parameters(system)
    found = [particle_annealing._total(row.reshape(-1, 2).T.copy(), p) for row in x]
    np.testing.assert_allclose(found, system.energy(x), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stiffness": [1.0]}, "stiffness must be two or more numbers"),
        ({"stiffness": [1.0, -1.0]}, "stiffness must be"),
        ({"temperature": [1.0]}, "temperature must be 2 numbers"),
        ({"temperature": [1.0, 0.0]}, "temperature must be 2 numbers > 0"),
        ({"step_size": [0.1, 0.1, 0.1]}, "step_size must be"),
        ({"step_size": 0.0}, "step_size must be > 0"),
        ({"reference": SITES[:-2]}, "reference"),
        ({"centres": np.tile(SITES, (3, 1))}, "centres must have shape"),
        ({"x": points(2)[:, :-1]}, "x"),
        ({"x": np.full((2, SITES.size), np.nan)}, "x must be"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {
        "x": points(2),
        "system": SolvatedDimer(solvent=SOLVENT),
        "reference": SITES,
        "centres": SITES,
        "stiffness": [1.0, 0.5],
        "temperature": [1.0, 1.0],
        "step_size": 0.1,
    } | change
    with pytest.raises((ValueError, TypeError), match=message):
        sampling.anneal_particles(arguments.pop("x"), **arguments)
