"""Single-particle moves of the dimer and umbrella sampling, against exact answers.

With particles too small to meet, the dimer's length has a closed-form distribution: the springs
leave d exp(-u(d) / T - k d^2 / 4T) I_0(k d^2 / 4T), where I_0 comes from the angle.
"""

from __future__ import annotations

import dataclasses
import warnings

import numba
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import ive

from boltzmann_tf import estimators, potentials, sampling
from boltzmann_tf.potentials import ops
from boltzmann_tf.sampling import _uniform
from boltzmann_tf.systems import ParticleSystem, SolvatedDimer

CENTRES = np.arange(0.7, 2.35, 0.1)
EDGES = np.linspace(0.3, 2.8, 51)


def lone(**options):
    """A dimer whose particles and solvent do not meet, nor its walls."""
    return SolvatedDimer(diameter=1e-3, solvent=1, quadratic=5.0, quartic=2.0, **options)


def exact_profile(system, temperature, fine=200):
    """F at the bins of EDGES, the lowest at zero, and F(d > 1.5) - F(d < 1.5)."""
    grid = np.linspace(EDGES[0], EDGES[-1], (EDGES.size - 1) * fine + 1)
    d = 0.5 * (grid[1:] + grid[:-1])
    q = 2 * (d - system.distance)
    u = system.slope * q - system.quadratic * q**2 + system.quartic * q**4
    p = d * np.exp(-(u - u.min()) / temperature) * ive(0, system.dimer_k * d**2 / 4 / temperature)
    density = p.reshape(-1, fine).mean(axis=1)
    difference = np.log(p[d < 1.5].sum() / p[d > 1.5].sum())
    return -np.log(density / density.max()), difference


def umbrella(system, temperature, rounds=2000, seed=0, **options):
    state = sampling.umbrella_state(system, CENTRES, seed=seed)
    run = {"system": system, "centres": CENTRES, "stiffness": 100.0, "temperature": temperature}
    state, _ = sampling.umbrella_rounds(state, 200, tune=True, **run | options)
    return sampling.umbrella_rounds(state, rounds, **run | options)[1]


@pytest.mark.parametrize("factor", [1.0, 0.3])
@pytest.mark.parametrize("solvent", [1, 9])
def test_a_move_costs_what_the_energy_says(solvent, factor):
    """Each particle of each kind, near and far, in float64: to 1e-9."""
    plain = SolvatedDimer(solvent=solvent)
    factors = np.array([1.0, factor, 1.0, 1.0])
    along = plain.coordinate("distance").kernel(2, periodic=False)
    index, move = np.array([[0, 1]]), numba.njit(plain.compiled.change)
    length = {"slope": 2.0 * factor, "quadratic": 25.0 * factor, "quartic": 10.0 * factor}
    system = SolvatedDimer(solvent=solvent, **length)
    rng = np.random.default_rng(0)
    for i in range(solvent + 2):
        x = system.initial_state("open") + 0.1 * rng.standard_normal(system.event_size)
        rows = x.reshape(-1, 2).T.copy()
        q = rows[:, i] + rng.uniform(-0.3, 0.3, 2)
        du = move(rows, i, tuple(q), plain.packed, factors)
        dbias = 50 * (along.moved(rows, index, (), i, tuple(q)) - 1.4) ** 2
        dbias -= 50 * (along.now(rows, index, ()) - 1.4) ** 2
        assert np.array_equal(rows, x.reshape(-1, 2).T), "the move must leave x as it was"
        moved = x.copy()
        moved[2 * i : 2 * i + 2] = q
        before, after = system.energy(tf.constant([x, moved])).numpy()
        d = [np.hypot(*(v[:2] - v[2:4])) for v in (x, moved)]
        assert du == pytest.approx(after - before, rel=1e-9, abs=1e-9)
        assert dbias == pytest.approx(50 * ((d[1] - 1.4) ** 2 - (d[0] - 1.4) ** 2), abs=1e-9)


def test_published_mean_energies():
    """Closed 53.1 and open 58.9 at T = 1, 0.4 each (reference, section 2.3)."""
    system = SolvatedDimer()
    for name, mean in (("closed", 53.1), ("open", 58.9)):
        state = sampling.particle_state(np.tile(system.initial_state(name), (16, 1)), seed=1)
        energies = []
        for t in range(60):
            state, info = sampling.particle_sweeps(state, 50, system=system, step_size=0.15)
            if t >= 20:
                energies.append(system.energy(tf.constant(state.x)).numpy())
        assert np.mean(energies) == pytest.approx(mean, abs=0.4)
        assert 0.3 < info.acceptance.mean() < 0.6
        assert info.not_finite == 0


def test_a_run_is_the_same_in_one_call_and_in_two():
    system = lone()
    state = sampling.umbrella_state(system, CENTRES, n_ladders=2, seed=3)
    run = {"system": system, "centres": CENTRES, "n_sweeps": 2}
    whole, info = sampling.umbrella_rounds(state, 7, **run)
    first, one = sampling.umbrella_rounds(state, 4, **run)
    both, two = sampling.umbrella_rounds(first, 3, **run)
    assert np.array_equal(whole.particles.x, both.particles.x)
    assert np.array_equal(info.distance, np.concatenate([one.distance, two.distance], axis=2))
    assert np.array_equal(whole.window, both.window)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_umbrella_gives_the_exact_profile(temperature):
    """Within five stated errors in each bin where windows are, errors below 0.3 there."""
    system = lone()
    info = umbrella(system, temperature)
    found = estimators.umbrella_histogram(info.distance[0], CENTRES, 100.0, edges=EDGES)
    reference, difference = exact_profile(system, temperature)
    profile = found.profile()
    used = (profile.centers > CENTRES[0]) & (profile.centers < CENTRES[-1])
    lowest = np.nanargmin(profile.free_energy)
    error = profile.free_energy - (reference - reference[lowest])
    assert np.all(np.abs(error[used]) <= 5 * profile.standard_error[used] + 1e-12)
    assert np.all(profile.standard_error[used] < 0.3)
    delta = found.free_energy_difference(1.5)
    assert abs(delta.value - difference) < 5 * delta.standard_error
    assert np.nanmin(info.exchange) > 0.1


def test_a_bias_taken_for_a_spring_with_one_half_is_noticed():
    """The planted error: stiffness / 2 in the analysis."""
    system = lone()
    info = umbrella(system, 1.0)
    found = estimators.umbrella_histogram(info.distance[0], CENTRES, 50.0, edges=EDGES)
    delta = found.free_energy_difference(1.5)
    assert abs(delta.value - exact_profile(system, 1.0)[1]) > 10 * delta.standard_error


def two_windows(centres=(1.0, 1.2)):
    """Windows of a flat profile, with stiffness 50."""
    noise = np.random.default_rng(0).standard_normal((len(centres), 400)) / 10
    return np.array(centres)[:, None] + noise


@pytest.mark.filterwarnings("error")
def test_bins_of_an_umbrella_without_samples_are_absent():
    """Edges that reach far beyond the data: NaN there and nowhere else, never 0."""
    r = two_windows()
    found = estimators.umbrella_histogram(r, [1.0, 1.2], 50.0, edges=np.linspace(-1, 4, 51))
    profile = found.profile()
    empty = np.histogram(r, profile.edges)[0] == 0
    assert empty[:10].all()
    assert empty[30:].all()
    assert np.array_equal(np.isnan(profile.free_energy), empty)
    assert np.array_equal(profile.counts == 0, empty)
    assert np.all(np.isnan(profile.standard_error[empty]))
    assert np.all(np.isfinite(profile.standard_error[profile.counts > 50]))
    with pytest.raises(ValueError, match="reference must be finite in every bin compared"):
        estimators.profile_rmse(profile, profile.free_energy)
    assert estimators.profile_rmse(profile, profile.free_energy, mask=~empty) == 0
    for cut, value in ((3.0, np.inf), (-0.5, -np.inf)):
        delta = found.free_energy_difference(cut)
        assert delta.value == value
        assert np.isnan(delta.standard_error)


def test_overlapping_particles_come_apart():
    system = SolvatedDimer(solvent=4)
    x = np.tile(system.initial_state("open"), (3, 1))
    x[:, 4:6] = x[:, 6:8]
    assert np.all(np.isposinf(system.energy(tf.constant(x))))
    state, info = sampling.particle_sweeps(
        sampling.particle_state(x, seed=0), 20, system=system, step_size=0.2
    )
    assert np.all(system.energy(tf.constant(state.x)).numpy() < 100)
    assert info.not_finite == 0


@ops.formula
def _broken(r2, length):
    """Not a number beyond a length."""
    return ops.sqrt(length * length - r2)


def with_a_bond():
    return ParticleSystem(
        n=3,
        dimension=2,
        terms=[potentials.Bonds(_broken, [(0, 1)], length=2.0), potentials.Tether([0.0, 0.0], 1.0)],
    )


def test_replicas_that_stay_where_the_density_is_zero_are_named():
    """The bond of the second of three is broken by more than a move can mend."""
    x = [[-0.5, 0.0, 0.5, 0.0, 0.0, 0.1], [-5.0, 0.0, 5.0, 0.0, 0.0, 0.1]]
    state = sampling.particle_state([x[0], x[1], x[0]], seed=0)
    run = {"system": with_a_bond(), "step_size": 0.1}
    with pytest.warns(UserWarning, match="got 1 of 3 replicas .* after 2 sweeps, the first 1: "):
        sampling.particle_sweeps(state, 2, **run)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampling.particle_sweeps(sampling.particle_state([x[0]]), 2, **run)


def test_moves_whose_energy_is_not_a_number_are_rejected_and_counted():
    """A pair that lies at a distance of 1 and would be taken much further by each move."""
    system = with_a_bond()
    state = sampling.particle_state([[-0.5, 0.0, 0.5, 0.0, 0.0, 0.1]] * 2, seed=0)
    moved, info = sampling.particle_sweeps(state, 20, system=system, step_size=1e5)
    assert np.array_equal(moved.x, state.x)
    assert np.all(info.acceptance == 0)
    assert info.not_finite == 2 * 20 * 2  # each move of the pair; the third particle's costs 1e9


def test_umbrella_rounds_count_what_is_not_a_number():
    """In one window of four the dimer's particles are taken where the energy is not a number."""
    system = SolvatedDimer(solvent=1)
    state = sampling.umbrella_state(system, [1.0, 1.5], n_ladders=2)
    system._bound[1] = dataclasses.replace(system._bound[1], function=_broken, parameters=(9.0,))
    state = state._replace(step_size=np.array([[0.1, 0.1], [1e5, 0.1]]))
    run = {"system": system, "centres": [1.0, 1.5], "n_sweeps": 5}
    info = sampling.umbrella_rounds(state, 3, **run)[1]
    assert info.not_finite.tolist() == [0, 2 * 5 * 3]  # both of the dimer's particles


def test_numbers_from_words_are_open_and_symmetric():
    """The extreme words: never 0, 1 or -1, and the least is minus the greatest."""
    least, most = np.uint64(0), np.uint64(2**64 - 1)
    ends = [_uniform.uniform_open(w) for w in (least, most)]
    assert ends == [2.0**-53, 1 - 2.0**-53]
    assert [_uniform.symmetric(w) for w in (least, most)] == [-1 + 2.0**-53, 1 - 2.0**-53]
    for low, high in zip(*map(_uniform.symmetric_pair, (least, most)), strict=True):
        assert low == -high == -1 + 2.0**-32


SYSTEM = SolvatedDimer(solvent=1)
STATE = sampling.umbrella_state(SYSTEM, [1.0, 1.5])
RUN = {"system": SYSTEM, "centres": [1.0, 1.5]}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampling.umbrella_state(SYSTEM, [1.0]), "centres must be two or more"),
        (lambda: sampling.umbrella_state(SYSTEM, [1.5, 1.0]), "strictly increasing"),
        (
            lambda: sampling.umbrella_rounds(STATE, 1, system=SYSTEM, centres=[1.0, 1.2, 1.4]),
            "centres must be 2 numbers for this state, got 3",
        ),
        (lambda: sampling.umbrella_rounds(STATE, 1, temperature=0.0, **RUN), "temperature must be"),
        (lambda: sampling.umbrella_rounds(STATE, 1, stiffness=-1.0, **RUN), "stiffness must be"),
        (lambda: sampling.umbrella_rounds(STATE, 0, **RUN), "n_rounds must be"),
        (
            lambda: sampling.particle_sweeps(
                STATE.particles, 1, system=SolvatedDimer(), step_size=0.1
            ),
            r"x must have shape \[replicas, 76\], got \(2, 6\)",
        ),
        (
            lambda: sampling.particle_sweeps(STATE.particles, 1, system=SYSTEM, step_size=0.0),
            "step_size must be > 0",
        ),
        (
            lambda: sampling.particle_sweeps(
                STATE.particles, 1, system=SYSTEM, step_size=0.1, centre=[1.0, 2.0, 3.0]
            ),
            r"centre must be a number or have shape \(2,\), got \(3,\)",
        ),
        (
            lambda: estimators.umbrella_histogram(np.ones((2, 50)), [1.0], 1.0, edges=[0, 2]),
            "centres must be 2 numbers, one a window, got 1",
        ),
        (
            lambda: estimators.umbrella_histogram(np.ones((1, 50)), [1.0], 1.0, edges=[2, 3]),
            "edges must hold all of coordinate, 1 to 1, got 2 to 3",
        ),
        (
            lambda: estimators.umbrella_histogram(
                two_windows((1.0, 3.0, 1.2)), [1.0, 3.0, 1.2], 50.0, edges=np.linspace(0, 4, 41)
            ),
            r"coordinate must overlap .*no bin in common between \[1\.0, 1\.2\] and \[3\.0\]",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
