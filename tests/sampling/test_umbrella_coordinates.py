"""Umbrella sampling along coordinates of any particles, against densities by quadrature."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import potentials, sampling
from boltzmann_tf.potentials import Angle, Distance, HarmonicBond, Position, Tether, ops
from boltzmann_tf.systems import ParticleSystem, SolvatedDimer

LIMIT = 6.0
"""Of |z| over 60 ladders that exchange only within themselves; 2e-9 each, if normal."""

STIFFNESS = 20.0


def held():
    """Two free of each other in space, each on a spring: any coordinate of one is Gaussian."""
    return ParticleSystem(
        n=2, dimension=3, terms=[Tether([0.0, 0.0, 0.0], 4.0)],
        coordinates={"height": Position(1, 1)},
    )  # fmt: skip


def chain():
    """Three in a chain of springs, alone in space: angle and length are independent."""
    terms = [HarmonicBond([(0, 1), (1, 2)], stiffness=9.0, length=1.0)]
    coordinates = {"angle": Angle(0, 1, 2), "length": Distance(0, 1)}
    return ParticleSystem(n=3, dimension=3, terms=terms, coordinates=coordinates)


@ops.formula
def _across(points):
    a, b = points
    return a[1] - b[1]


CASES = {  # system, coordinate, centres, log-density of the coordinate at T = 1
    "a place": (held, None, [-0.7, -0.4, -0.1], lambda c: -2.0 * c**2),
    "a function": (
        held, potentials.Coordinate(_across, [0, 1]), [-0.3, 0.0, 0.3], lambda c: -(c**2),
    ),
    "an angle": (chain, "angle", [1.2, 1.5, 1.8], lambda c: np.log(np.sin(c))),
    "a length": (chain, Distance(0, 1), [0.7, 1.0, 1.3],
                 lambda c: 2 * np.log(c) - 4.5 * (c - 1) ** 2),
}  # fmt: skip


def sampled(name, rounds=60, **options):
    make, coordinate, centres, _ = CASES[name]
    system = make()
    start = system.configuration(np.random.default_rng(1).uniform(-0.7, 0.7, (system.n, 3)))
    state = sampling.umbrella_state(
        system, centres, coordinate=coordinate, start=start, n_ladders=60, seed=2
    )
    given = {"system": system, "centres": centres, "coordinate": coordinate,
             "stiffness": STIFFNESS, "n_sweeps": 4} | options  # fmt: skip
    state, _ = sampling.umbrella_rounds(state, 60, tune=True, **given)
    return sampling.umbrella_rounds(state, rounds, **given)[1]


def deviations(name, info, stiffness=STIFFNESS):
    """Of the means of c - centre and of its square in each window, in errors over ladders."""
    _, _, centres, log_p = CASES[name]
    low, high = (1e-9, np.pi - 1e-9) if name == "an angle" else (-4.0, 4.0)
    c = np.linspace(max(low, 1e-9) if name == "a length" else low, high, 20_001)
    found = []
    for k, centre in enumerate(centres):
        log = log_p(c) - stiffness * (c - centre) ** 2
        p = np.exp(log - log.max())
        for power in (1, 2):
            values = ((info.coordinate[:, k] - centre) ** power).mean(axis=1)
            wanted = np.sum(p * (c - centre) ** power) / p.sum()
            found.append((values.mean() - wanted) / values.std(ddof=1) * np.sqrt(len(values)))
    return np.array(found)


@pytest.mark.parametrize("name", CASES)
def test_windows_have_their_densities(name):
    """From one start for all windows, pulled in the burn-in; a spring with one half is seen."""
    info = sampled(name)
    assert info.coordinate is info.distance
    assert np.min(info.exchange.mean(axis=0)) > 0.1
    assert np.all(info.not_finite == 0)
    assert np.max(np.abs(deviations(name, info))) < LIMIT
    assert np.max(np.abs(deviations(name, info, STIFFNESS / 2))) > 2 * LIMIT


def test_starts_can_be_given_for_each_window():
    system = held()
    starts = np.arange(18.0).reshape(3, 6)
    state = sampling.umbrella_state(system, [-1.0, 0.0, 2.0], start=starts, n_ladders=2)
    assert np.array_equal(state.particles.x, np.tile(starts, (2, 1)))
    dimer = SolvatedDimer(solvent=1)
    by_name = sampling.umbrella_state(dimer, [1.0, 1.5], coordinate="distance")
    assert np.array_equal(
        by_name.particles.x, sampling.umbrella_state(dimer, [1.0, 1.5]).particles.x
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"start must be given, \[windows, event_size\] or \[event_size\], but along"),
        ({"start": np.zeros((2, 6))}, r"start must have shape \[6\] or \[3, 6\], got \(2, 6\)"),
        ({"start": np.zeros(5)}, "start must have a last dimension of 6"),
        ({"coordinate": "angle"}, "reaction coordinate must be one of .* got 'angle'"),
        ({"coordinate": Position(2)}, "particles must be particles' numbers in 0 .. 1, got 2"),
        ({"coordinate": Distance(0, 1)}, "centres must be two or more positive, strictly"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        sampling.umbrella_state(held(), [-1.0, 0.0, 1.0], **options)
