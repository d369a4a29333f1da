"""Annealing of particles, against exact answers: few particles that never meet, in one order.

Of n particles in a box, tethered ones have the partition function (pi / kappa)^n, and free ones
that of one particle to the power n, over n! for one order. What is in between is the work.
"""

from __future__ import annotations

from math import factorial

import numba
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import linear_sum_assignment
from scipy.special import ive

from boltzmann_tf import sampling
from boltzmann_tf.potentials import (
    CentreTether,
    HarmonicAngle,
    HarmonicBond,
    InversePower,
    Periodic,
    Tether,
)
from boltzmann_tf.sampling._annealing_kernels import rigid_moves
from boltzmann_tf.sampling._label_cell import label_cell
from boltzmann_tf.systems import ParticleSystem, SolvatedDimer

SOLVENT = 9
CELL = label_cell(2, periodic=False)
FIND, LEAVES = numba.njit(CELL.find), numba.njit(CELL.leaves)
ALL = np.arange(SOLVENT)
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
        assert FIND(split(own), ALL, sites, (), v)
        cost = ((split(own)[:, :, None] - sites[:, None]) ** 2).sum(axis=0)
        assert np.all(cost - v >= np.diag(cost)[:, None] - v[:, None] - 1e-9)
        assert FIND(split(x), ALL, sites, (), v) == optimal(x)


@pytest.mark.parametrize("width", [0.2, 1.0, 4.0])
def test_moves_stay_in_the_cell(width):
    """A thousand moves in a row, small and large: allowed if and only if SciPy says so."""
    rng = np.random.default_rng(1)
    x = sampling.relabel(points(1, seed=3), SITES, fixed=2).x[0]
    sites = split(SITES)
    v, reach, done = np.empty(SOLVENT), np.empty(SOLVENT), np.empty(SOLVENT, bool)
    assert FIND(split(x), ALL, sites, (), v)
    left = 0
    for _ in range(1000):
        i = int(rng.integers(SOLVENT))
        moved = x.copy().reshape(-1, 2)
        moved[2 + i] += width * rng.uniform(-1, 1, 2)
        gone = LEAVES(i, tuple(moved[2 + i]), split(x), ALL, sites, (), v, reach, done)
        assert gone != optimal(moved.ravel())
        left += gone
        x = x if gone else moved.ravel()
        cost = ((split(x)[:, :, None] - sites[:, None]) ** 2).sum(axis=0)
        assert np.all(cost - v >= np.diag(cost)[:, None] - v[:, None] - 1e-9)
    assert 10 < left < 990


def molecule(dimension, box=None):
    """Two bonds and an angle among six that repel, in a box or held by springs."""
    held = [] if box else [Tether([0.1] * dimension, 2.0)]
    bonds = [(1, 4), (4, 2)]
    terms = [
        InversePower(0.4, exclude=bonds, name="repulsion"),
        HarmonicBond(bonds, stiffness=3.0, length=0.5),
        *([HarmonicAngle([(1, 4, 2)], stiffness=2.0, angle=2.0)] if dimension > 1 else []),
        *held,
    ]
    return ParticleSystem(n=6, dimension=dimension, terms=terms, box=box)


@pytest.mark.parametrize(
    "system",
    [
        SolvatedDimer(solvent=4, box=1.5),
        molecule(1),
        molecule(3, Periodic(2.0, images="nearest")),
    ],
    ids=["dimer", "1", "3 periodic"],
)
def test_a_turn_and_a_shift_keep_the_shape_and_cost_what_the_energy_says(system):
    """Of the dimer, and of a molecule across the edges of the box: to 1e-9. A turn undoes one."""
    rng = np.random.default_rng(0)
    d, n, members = system.dimension, system.n, np.array(system.rigid or (4, 1, 2))
    rows = rng.uniform(-1, 1, (d, n))
    rows[0] = rng.permutation(np.linspace(-0.9, 0.9, n))  # none upon another
    before = rows.copy()
    slot = np.full(n, -1)
    slot[members] = np.arange(members.size)
    sides = () if system.lengths is None else tuple(system.lengths)
    cost, factors = numba.njit(system.compiled.group_change), np.ones(len(system.moving_terms))

    def energy(rows):
        return system.energy(tf.constant(system.configuration(rows.T).reshape(1, -1))).numpy()[0]

    def distances(r):
        difference = r[:, :, None] - r[:, None]
        if system.lengths is not None:
            difference -= 2.0 * np.round(difference / 2.0)
        return np.sqrt((difference**2).sum(axis=0))

    for move in map(numba.njit, rigid_moves(d, periodic=system.lengths is not None)):
        w = tuple(rng.uniform(-0.9, 0.9, d))
        to, back = np.empty((d, members.size)), np.empty((d, members.size))
        move(rows, members, sides, w, to)
        np.testing.assert_allclose(distances(to), distances(rows[:, members]), rtol=1e-12)
        moved = rows.copy()
        moved[:, members] = to
        change = cost(rows, members, slot, to, system.packed, factors)
        assert change == pytest.approx(energy(moved) - energy(rows), rel=1e-9, abs=1e-9)
        assert np.array_equal(rows, before), "moves must leave x as it was"
        move(moved, members, sides, tuple(-v for v in w), back)
        off = back - rows[:, members]
        off -= 0.0 if system.lengths is None else 2.0 * np.round(off / 2.0)
        np.testing.assert_allclose(off, 0, atol=1e-12)


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


# Particles of other systems, against closed forms: each independent of the others.

FREE = [CentreTether(4, 2.0)]


def gaussian_path(system, start, end, kappa, T, size, seed=2, **options):
    """log Z(0, T) - log Z(kappa, 1) with its error, from exact samples `start`."""
    s = np.linspace(0, 1, 300)
    found = sampling.anneal_particles(
        start, system=system, stiffness=kappa * (1 - s), temperature=T**s, step_size=size,
        seed=seed, **options,
    )  # fmt: skip
    w = np.exp(found.log_weight)
    assert found.not_finite == 0
    return np.log(w.mean()) - end, w.std(ddof=1) / w.mean() / np.sqrt(len(w)), found


@pytest.mark.parametrize("ordered", [False, True])
def test_tethers_of_a_free_cluster_float(ordered):
    """Four particles on springs to their common centre, in space: Z = (pi / (k / 2 T + kappa))^4.5.

    Within six errors, a false alarm of 2e-9; in one order it is less by log 4!, and the error
    leaves no room for that.
    """
    system = ParticleSystem(n=4, dimension=3, terms=FREE)
    rng = np.random.default_rng(3)
    sites = 0.5 * system.configuration(rng.standard_normal((4, 3)))
    kappa, T, n = 2.0, 0.85, 2000
    x = (kappa * sites / (1 + kappa)) + rng.standard_normal((n, 9)) / np.sqrt(2 * (1 + kappa))
    end = 4.5 * np.log(T * (1 + kappa)) + kappa / (1 + kappa) * np.sum(sites**2)
    reference = sites if ordered else None
    end -= np.log(factorial(4)) if ordered else 0.0
    if ordered:  # the share of the start that is in this order
        inside = [in_order(row, sites, system) for row in x]
        assert np.mean(inside) > 0.2
    value, error, found = gaussian_path(
        system, x, end, kappa, T, 0.6, centres=sites, reference=reference
    )
    assert error < 0.06
    assert abs(value) < 6 * error
    assert np.isfinite(found.log_weight).mean() == (np.mean(inside) if ordered else 1.0)


def in_order(x, sites, system):
    """Whether the best assignment of positions to sites is the given one."""
    p, s = (system.positions(v).numpy() for v in (x, sites))
    cost = ((p[:, None] - s) ** 2).sum(axis=-1)
    return np.array_equal(linear_sum_assignment(cost)[1], np.arange(system.n))


def test_the_cell_of_a_periodic_box_is_one_of_n_factorial():
    """An ideal gas of three in a periodic cube: 1 / 3! of it, by the nearest images of the sites.

    Walks that begin all over the cell leave each particle's mean squared distance from its own
    site, and the same from the others', as exact samples have it: within six errors.
    """
    system = ParticleSystem(
        n=3, dimension=3, terms=[InversePower(1e-3)], box=Periodic(2.0, images="nearest"),
    )  # fmt: skip
    rng = np.random.default_rng(4)
    sites = rng.uniform(-1, 1, 9)
    x = rng.uniform(-1, 1, (3000, 9))
    options = {"reference": sites, "centres": sites, "stiffness": np.zeros(40),
               "temperature": np.ones(40), "step_size": 0.5}  # fmt: skip
    found = sampling.anneal_particles(x, system=system, **options)
    alive = np.isfinite(found.log_weight)
    assert abs(alive.mean() - 1 / 6) < 6 * np.sqrt(5 / 36 / len(x))
    own, after = (squares(v, sites) for v in (x, found.x))
    inside = np.array([np.array_equal(linear_sum_assignment(c)[1], [0, 1, 2]) for c in own])
    assert np.array_equal(alive, inside)
    assert all(np.array_equal(linear_sum_assignment(c)[1], [0, 1, 2]) for c in after[alive])
    assert np.all(np.abs(found.x) <= 1)
    change = (after - own)[alive].reshape(-1, 9)
    assert np.std(change) > 0.3
    z = change.mean(axis=0) / change.std(axis=0) * np.sqrt(len(change))
    assert np.all(np.abs(z) < 6)


def squares(x, sites):
    """Squared distances to the nearest images of the sites, [n, 3, 3]."""
    d = x.reshape(-1, 3, 1, 3) - sites.reshape(3, 3)
    return ((d - 2 * np.round(d / 2)) ** 2).sum(axis=-1)


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
        ({"rigid": [0]}, "rigid must be two or more particles or none, got"),
        ({"rigid": [0, 99]}, "rigid must be particles' numbers in 0 .. 10, got 99"),
        ({"rigid": [1, 1]}, "rigid must have different particles"),
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
