"""Replica exchange of anything, against exact answers."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import sampling
from boltzmann_tf.potentials import HarmonicBond
from boltzmann_tf.sampling import exchange
from boltzmann_tf.systems import ParticleSystem

T = np.array([0.5, 0.8, 1.3])
MEANS = np.array([0.0, 0.7, 1.5])


def independent(rng):
    """A sweep that draws each walker anew from the normal density of its rung."""
    return lambda walkers, rung: MEANS[rung] + np.sqrt(T[rung]) * rng.standard_normal(rung.size)


def normal(x):
    """f_k of each, [walkers, rungs]."""
    return 0.5 * (x[:, None] - MEANS) ** 2 / T


def run(rounds, *, ladders=500, energy=normal, start=None, **options):
    state = start or sampling.exchange_state(np.zeros(3 * ladders), 3, n_ladders=ladders, seed=2)
    rng = np.random.default_rng([5, state.rounds])
    return sampling.exchange_rounds(
        state, rounds, sweep=independent(rng), reduced_energy=energy, **options
    )


def test_as_many_exchanges_as_the_densities_say():
    """Between normal densities of other means and widths, by quadrature; 50,000 independent ones.

    Within 5.5 standard errors, false alarm 8e-8. A ladder of temperatures alone, the planted error,
    would exchange much more.
    """
    _, info = run(200)
    x = np.linspace(-8, 9, 801)
    p = np.exp(-normal(x)) / np.sqrt(2 * np.pi * T) * (x[1] - x[0])
    wanted = []
    for i in range(2):
        f, g = normal(x)[:, i], normal(x)[:, i + 1]
        ratio = np.minimum(1, np.exp(f[:, None] + g - g[:, None] - f))
        wanted.append(np.einsum("a,b,ab", p[:, i], p[:, i + 1], ratio))
    error = np.sqrt(np.multiply(wanted, np.subtract(1, wanted)) / 50_000)
    assert np.all(info.attempted == 50_000)
    assert np.all(np.abs(info.acceptance - wanted) < 5.5 * error)
    _, wrong = run(200, energy=lambda x: 0.5 * x[:, None] ** 2 / T)
    assert np.max(np.abs(wrong.acceptance - wanted) / error) > 20


def test_what_is_not_a_number_is_rejected_and_counted():
    """Of the first ladder at the first rung of each round; of the others nothing changes."""

    def energy(x):
        f = normal(x)
        f[0] = np.nan
        return f

    state, info = run(7, ladders=2, energy=energy)
    assert state.rung[0, 0] == 0
    assert info.not_finite == 4  # the pair (0, 1) in the even rounds
    pair = np.array([[0, 1]]), np.array([0])
    assert np.isnan(exchange.log_ratios(np.full((1, 2, 2), np.inf), *pair)).all()
    to_infinity = np.array([[[0.0, np.inf], [0.0, 0.0]]])
    assert exchange.log_ratios(to_infinity, *pair).item() == -np.inf


def test_rounds_go_on_where_they_ended_and_are_seen_at_the_rungs():
    """Walkers that do not move but know their number: who is where, in one call and in two."""
    x = np.arange(12.0)

    def go(state, n):
        return sampling.exchange_rounds(
            state, n, sweep=lambda walkers, rung: walkers, observe=lambda walkers: walkers,
            reduced_energy=lambda walkers: np.zeros((12, 3)),
        )  # fmt: skip

    start = sampling.exchange_state(x, 3, n_ladders=4, seed=1)
    end, whole = go(start, 40)
    middle, one = go(start, 15)
    again, two = go(middle, 25)
    for a, b in zip(end[1:], again[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    both = np.concatenate([one.walker, two.walker], axis=2)
    np.testing.assert_array_equal(whole.walker, both)
    np.testing.assert_array_equal(whole.observed, both + 3 * np.arange(4)[:, None, None])
    assert whole.acceptance.tolist() == [1, 1]
    assert one.round_trips + two.round_trips == whole.round_trips == end.round_trips.sum() > 20
    assert np.array_equal(start.rung, np.tile(np.arange(3), (4, 1)))
    assert one.observed.shape == (4, 3, 15)
    assert sampling.exchange_rounds(
        start, 1, sweep=lambda w, rung: w, reduced_energy=lambda w: np.zeros((12, 3))
    )[1].observed.shape == (4, 3, 1, 0)  # fmt: skip


@pytest.fixture(scope="module")
def pair():
    """Two particles of a spring without length, in space: exactly Gaussian, u of 3 T / 2."""
    terms = [HarmonicBond([(0, 1)], stiffness=2.0, length=1e-9)]
    return ParticleSystem(n=2, dimension=3, terms=terms)


def check_energies(info, size):
    """3 T / 2 within six errors of means over ladders, false alarm 2e-9 each, if normal."""
    u = (info.reduced_energy * T[:, None]).mean(axis=2)
    error = u.std(axis=0, ddof=1) / np.sqrt(len(u))
    assert np.all(error < size)
    assert np.all(np.abs(u.mean(axis=0) - 1.5 * T) < 6 * error)


def test_particles_over_temperatures_in_five_lines(pair):
    walkers = sampling.particle_state(np.full((600, 3), 0.1), seed=1)
    state = sampling.exchange_state(walkers, 3, n_ladders=200)
    options = {
        "sweep": lambda w, k: sampling.particle_sweeps(
            w, 2, system=pair, step_size=0.6, temperature=T[k]
        )[0],
        "reduced_energy": lambda w: sampling.particle_energies(w.x, pair)[:, None] / T,
    }
    state, _ = sampling.exchange_rounds(state, 40, **options)
    check_energies(sampling.exchange_rounds(state, 60, **options)[1], 0.05)


def test_hamiltonian_walkers_over_temperatures(pair):
    """`Chains` as walkers, each at the temperature of its rung."""

    def sweep(chains, rung):
        return sampling.hamiltonian(
            pair, chains.x[:, -1], n_steps=2, stride=2, n_leapfrog=5, step_size=0.2,
            temperature=T[rung], seed=chains.seed + 1, dtype="float64",
        )  # fmt: skip

    first = sweep(sampling.Chains(np.full((600, 1, 3), 0.1), *[0] * 5), np.tile(np.arange(3), 200))
    state = sampling.exchange_state(first, 3, n_ladders=200)
    options = {
        "sweep": sweep,
        "reduced_energy": lambda w: sampling.particle_energies(w.x[:, -1], pair)[:, None] / T,
    }
    state, _ = sampling.exchange_rounds(state, 15, **options)
    check_energies(sampling.exchange_rounds(state, 40, **options)[1], 0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reduced_energy": lambda x: np.zeros(6)}, r"shape \[6, 3\], got \(6,\)"),
        ({"observe": lambda x: np.zeros(3)}, r"observe must return .* shape \[6, \.\.\.\], got"),
        ({"sweep": None}, "sweep must be a function, got None"),
        ({"reduced_energy": 1.0}, "reduced_energy must be a function, got 1.0"),
    ],
)
def test_bad_functions_are_named(change, message):
    state = sampling.exchange_state(np.zeros(6), 3, n_ladders=2)
    given = {"sweep": lambda x, rung: x, "reduced_energy": normal} | change
    with pytest.raises((TypeError, ValueError), match=message):
        sampling.exchange_rounds(state, 1, **given)
