"""Runs, replica exchange and Wang-Landau sampling of small Ising tori against all their states.

Means are compared in standard errors from the spread of independent replicas, ladders or walkers.
|z| > 6 has a probability of 2e-9 for a hundred or more of them; for 24 walkers |t| > 9 has one of
5e-9. Some 200 quantities are compared.
"""

from __future__ import annotations

import functools
import math

import numba
import numpy as np
import pytest
from scipy import special, stats

from boltzmann_tf import estimators
from boltzmann_tf.exact import IsingTorus
from boltzmann_tf.sampling import spins as ising
from boltzmann_tf.sampling.spins import (
    ising_chain,
    tempering_rounds,
    tempering_state,
    wang_landau_state,
    wang_landau_sweeps,
)

LIMIT = 6.0
WALKERS, WALKER_LIMIT = 24, 9.0
T_C = 2 / math.log(1 + math.sqrt(2))


@pytest.fixture(autouse=True)
def one_thread():
    """Two workers with two threads each would wait for one another at every small call."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@functools.cache
def sums(length):
    """Sum over bonds of s_i s_j and sum of spins of all states."""
    bits = np.arange(2**length**2)[:, None] >> np.arange(length**2) & 1
    spins = (1 - 2 * bits).reshape(-1, length, length)
    bonds = spins * (np.roll(spins, 1, 1) + np.roll(spins, 1, 2))
    return bonds.sum((1, 2)), spins.sum((1, 2))


def exact(length, temperature, coupling=1.0, field=0.0):
    """The averages of `IsingSummary`, by enumeration."""
    bonds, total = sums(length)
    energy = -coupling * bonds - field * total
    p = np.exp((energy.min() - energy) / temperature)
    p /= p.sum()
    n = length**2
    m, absolute = total / n, p @ np.abs(total) / n
    return {
        "energy": p @ energy / n,
        "abs_magnetization": absolute,
        "heat_capacity": (p @ energy**2 - (p @ energy) ** 2) / (n * temperature**2),
        "susceptibility": n * (p @ m**2 - (p @ m) ** 2) / temperature,
        "abs_susceptibility": n * (p @ m**2 - absolute**2) / temperature,
        "binder_cumulant": 1 - p @ m**4 / (3 * (p @ m**2) ** 2),
    }


def deviations(summary, wanted):
    return {
        name: (getattr(summary, name).value - value) / getattr(summary, name).standard_error
        for name, value in wanted.items()
    }


# Runs.


@pytest.mark.parametrize(
    ("method", "stride", "model"),
    [
        ("wolff", 4, {}),
        ("swendsen_wang", 1, {}),
        ("metropolis", 3, {"field": 0.3}),
        ("heat_bath", 4, {"coupling": -0.8, "field": 0.5}),
        ("multispin", 3, {}),
    ],
)
def test_a_run_has_the_exact_averages(method, stride, model):
    options = {"n_replicas": 256, "n_measurements": 60, "stride": stride, "burn_in": 100}
    chain = ising_chain(4, 2.6, method=method, start="random", seed=3, **options, **model)
    summary = chain.summary()
    found = deviations(summary, exact(4, 2.6, **model))
    assert max(map(abs, found.values())) < LIMIT, found
    off = deviations(summary, exact(4, 2.75, **model))  # the sister: 6 % in temperature
    assert max(map(abs, off.values())) > LIMIT, off
    assert summary.r_hat < 1.1
    flips = method not in ("wolff", "swendsen_wang")
    rates = chain.acceptance if flips else chain.cluster_size
    assert np.all(rates > 0)
    assert np.all(np.isnan(chain.cluster_size if flips else chain.acceptance))
    np.testing.assert_allclose(
        chain.energy[:, -1], ising.lattice_energies(chain.state.spins, **model)
    )
    assert chain.energy.shape == chain.magnetization.shape == (256, 60)


def test_the_energy_of_32_x_32_at_the_critical_temperature_is_kaufmans():
    chain = ising_chain(32, T_C, n_replicas=64, n_measurements=40, stride=10, burn_in=100, seed=1)
    summary = chain.summary()
    torus = IsingTorus(32)
    wanted = {
        "energy": torus.energy(T_C) / 1024,
        "heat_capacity": torus.heat_capacity(T_C) / 1024,
    }
    found = deviations(summary, wanted)
    assert max(map(abs, found.values())) < LIMIT, found
    assert summary.energy.standard_error < 0.004
    onsager = -math.sqrt(2)  # of the infinite lattice, 0.02 above
    assert abs(summary.energy.value - onsager) > 4 * summary.energy.standard_error


def test_errors_are_honest():
    wanted = exact(4, 2.5)
    runs = [
        ising_chain(4, 2.5, n_replicas=24, n_measurements=16, burn_in=30, seed=seed).summary()
        for seed in range(60)
    ]
    scores = np.array([list(deviations(run, wanted).values()) for run in runs])
    # The spread of 60 scores is known to 9 %, and t(23) has 1.05: five such errors.
    assert np.all(scores.std(axis=0) > 0.55), scores.std(axis=0)
    assert np.all(scores.std(axis=0) < 1.6), scores.std(axis=0)


@pytest.mark.parametrize("n_replicas", [2, 4])
def test_errors_from_few_replicas_are_honest(n_replicas):
    """Blocks of the replicas too: with two replicas alone z-scores spread by 7 and more.

    The SD of 40 scores, mapped from Student's t to normal ones, is 1 +- 0.11: 0.45 .. 1.6.
    """
    wanted = exact(4, 2.5)
    scores = []
    for seed in range(40):
        run = ising_chain(
            4, 2.5, n_replicas=n_replicas, n_measurements=600 // n_replicas,
            method="metropolis", burn_in=30,
            stride=4, seed=seed,
        ).summary()  # fmt: skip
        assert run.degrees_of_freedom >= 9  # what is not flagged
        below = stats.t.cdf(list(deviations(run, wanted).values()), run.degrees_of_freedom)
        scores.append(stats.norm.ppf(below))
    spread = np.std(scores, axis=0)
    assert np.all(spread > 0.45), spread
    assert np.all(spread < 1.6), spread


def test_autocorrelation_times_tell_strides_apart():
    slow, fast = (
        ising_chain(
            8, 2.4, method="heat_bath", n_replicas=64, n_measurements=200, stride=stride, seed=2
        ).summary()
        for stride in (1, 10)
    )
    assert slow.magnetization_time > 3 * fast.magnetization_time > 3
    assert slow.energy_time > 2 * fast.energy_time


def test_a_single_replica_has_no_jackknife():
    chain = ising_chain(4, 2.5, n_replicas=1, n_measurements=50)
    with pytest.warns(estimators.CalibrationWarning, match="a jackknife must have 10 blocks"):
        summary = chain.summary()
    assert math.isnan(summary.r_hat)
    for name in ("heat_capacity", "susceptibility", "abs_susceptibility", "binder_cumulant"):
        value, error = getattr(summary, name)
        assert math.isfinite(value)
        assert math.isnan(error)
    assert summary.energy.standard_error > 0


def test_a_run_is_its_seed_and_its_burn_in():
    one, same, other, later = (
        ising_chain(4, 2.5, n_replicas=8, n_measurements=9, seed=seed, burn_in=burn_in)
        for seed, burn_in in ((1, 10), (1, 10), (2, 10), (1, 13))
    )
    np.testing.assert_array_equal(one.energy, same.energy)
    assert np.any(one.energy != other.energy)
    np.testing.assert_array_equal(later.energy[:, :-3], one.energy[:, 3:])
    none = ising_chain(4, 2.5, n_replicas=8, n_measurements=19, seed=1, burn_in=0)
    np.testing.assert_array_equal(none.energy[:, 10:], one.energy)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"method": "glauber"}, ValueError, "method must be one of"),
        ({"temperature": -1.0}, ValueError, "temperature must be a positive finite number"),
        ({"temperature": [1.0, 2.0]}, TypeError, "temperature must be a positive number"),
        ({"n_measurements": 0}, ValueError, "n_measurements must be an integer >= 1, got 0"),
        ({"n_replicas": 0}, ValueError, "n_replicas must be an integer >= 1, got 0"),
        ({"stride": 0}, ValueError, "stride must be an integer >= 1, got 0"),
        ({"burn_in": -1}, ValueError, "burn_in must be an integer >= 0, got -1"),
        ({"length": 5, "method": "metropolis"}, ValueError, "spins must have an even side"),
        ({"length": 1}, ValueError, "length must be an integer >= 2, got 1"),
        ({"field": 0.1}, ValueError, "field must be 0 for cluster updates"),
    ],
)
def test_bad_runs(call, error, message):
    with pytest.raises(error, match=message):
        ising_chain(**({"length": 4, "temperature": 2.0} | call))


# Replica exchange.


TEMPERATURES = np.array([1.6, 2.1, 2.8, 4.0])


def tempering_scores(update, n_updates, temperatures, wanted_temperatures, **model):
    """Deviations of mean energies and magnetizations at each temperature, 200 ladders."""
    state = tempering_state(4, 4, n_ladders=200, seed=4)
    options = {"update": update, "n_updates": n_updates, "temperatures": temperatures, **model}
    state, _ = tempering_rounds(state, 60, **options)
    _, info = tempering_rounds(state, 30, **options)
    means = np.stack([info.energy, np.abs(info.magnetization)]).mean(axis=-1)
    wanted = np.array(
        [
            [exact(4, T, **model)[name] * 16 for T in wanted_temperatures]
            for name in ("energy", "abs_magnetization")
        ]
    )
    error = means.std(axis=1, ddof=1) / math.sqrt(200)
    return (means.mean(axis=1) - wanted) / error


@pytest.mark.parametrize(
    ("update", "n_updates", "model"),
    [
        (ising.metropolis_sweeps, 1, {}),
        (ising.heat_bath_sweeps, 1, {"field": 0.3}),
        (ising.multispin_sweeps, 1, {}),
        (ising.wolff_updates, 1, {"coupling": 0.9}),
    ],
)
def test_exchanges_leave_each_temperature_its_distribution(update, n_updates, model):
    scores = tempering_scores(update, n_updates, TEMPERATURES, TEMPERATURES, **model)
    assert np.all(np.abs(scores) < LIMIT), scores


def test_exchanges_of_the_wrong_sign_are_seen():
    """Updates at the temperatures in reverse, which exchanges know nothing of."""

    def reverse(state, n, *, temperature, **model):
        T = TEMPERATURES[::-1][np.searchsorted(TEMPERATURES, temperature)]
        return ising.metropolis_sweeps(state, n, temperature=T, **model)

    scores = tempering_scores(reverse, 1, TEMPERATURES, TEMPERATURES[::-1])
    assert np.any(np.abs(scores) > LIMIT), scores


def test_exchanges_are_accepted_as_often_as_expected():
    energies, counts = np.unique(-sums(4)[0], return_counts=True)
    log_p = np.log(counts) - energies / TEMPERATURES[:, None]
    p = np.exp(log_p - special.logsumexp(log_p, axis=1, keepdims=True))
    gaps = energies[:, None] - energies
    ratio = np.exp(np.diff(-1 / TEMPERATURES)[:, None, None] * -gaps.T)
    wanted = np.einsum("ki,kj,kij->k", p[:-1], p[1:], np.minimum(1, ratio))
    state = tempering_state(4, 4, n_ladders=100, seed=5)
    options = {"temperatures": TEMPERATURES, "update": ising.swendsen_wang_updates}
    state, _ = tempering_rounds(state, 20, n_updates=4, **options)
    _, info = tempering_rounds(state, 80, n_updates=4, **options)
    # 4000 attempts of each pair, nearly independent: 1.3 covers the rest of their correlation
    error = 1.3 * np.sqrt(wanted * (1 - wanted) / 4000)
    assert np.all(np.abs(info.acceptance - wanted) < LIMIT * error)
    assert np.all(wanted < 0.95)


def test_walkers_and_round_trips_are_counted():
    options = {"temperatures": TEMPERATURES, "update": ising.heat_bath_sweeps}
    start = state = tempering_state(4, 4, n_ladders=5, seed=6)
    history = [state.rung]
    energy = []
    for _ in range(120):
        state, info = tempering_rounds(state, 1, **options)
        history.append(state.rung)
        energy.append(info.energy)
    history = np.array(history)
    assert np.all(np.sort(history, axis=2) == np.arange(4))
    assert np.all(np.abs(np.diff(history, axis=0)) <= 1)
    for ladder in range(5):
        for walker in range(4):
            ends = [r for r in history[:, ladder, walker] if r in (0, 3)]
            ends = [r for r, before in zip(ends, [None, *ends], strict=False) if r != before]
            trips = max(0, ends.count(0) - 1)
            assert state.round_trips[ladder, walker] == trips
    assert state.round_trips.sum() > 20
    # in one call: the same, and the argument is left alone
    once, info = tempering_rounds(start, 120, **options)
    assert info.round_trips == state.round_trips.sum()
    np.testing.assert_array_equal(info.energy, np.concatenate(energy, axis=-1))
    for found, wanted in zip(once[1:], state[1:], strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(once.lattice.spins, state.lattice.spins)
    assert np.all(start.rung == np.arange(4))
    assert start.round_trips.sum() == 0


def test_the_pairs_alternate():
    state = tempering_state(4, 4, seed=1)
    options = {"temperatures": TEMPERATURES}
    state, even = tempering_rounds(state, 1, **options)
    _, odd = tempering_rounds(state, 1, **options)
    np.testing.assert_array_equal(np.isnan(even.acceptance), [False, True, False])
    np.testing.assert_array_equal(np.isnan(odd.acceptance), [True, False, True])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"state": None}, TypeError, "state must be a TemperingState"),
        ({"n_rounds": 0}, ValueError, "n_rounds must be an integer >= 1, got 0"),
        ({"temperatures": [1.0, 2.0, 3.0]}, ValueError, "temperatures must be 2 positive, strict"),
        ({"temperatures": [2.0, 1.0]}, ValueError, "temperatures must be 2 positive, strictly"),
        ({"temperatures": [0.0, 1.0]}, ValueError, "temperatures must be 2 positive, strictly"),
        ({"n_updates": 0}, ValueError, "n_sweeps must be an integer >= 1, got 0"),
        ({"update": ising.wolff_updates, "field": 1.0}, ValueError, "field must be 0 for cluster"),
    ],
)
def test_bad_tempering(call, error, message):
    arguments = {"state": tempering_state(4, 2), "n_rounds": 1, "temperatures": [1.0, 2.0]} | call
    with pytest.raises(error, match=message):
        tempering_rounds(arguments.pop("state"), arguments.pop("n_rounds"), **arguments)


def test_bad_ladders():
    with pytest.raises(ValueError, match="n_temperatures must be an integer >= 2, got 1"):
        tempering_state(4, 1)
    with pytest.raises(ValueError, match="n_ladders must be an integer >= 1, got 0"):
        tempering_state(4, 2, n_ladders=0)


# Wang-Landau sampling.


@functools.cache
def walked(variable, length, n_sweeps, **model):
    state = wang_landau_state(variable, length, n_walkers=WALKERS, seed=8, **model)
    return wang_landau_sweeps(state, n_sweeps)


@pytest.mark.parametrize("length", [2, 4])
def test_the_density_of_states_is_the_exact_one(length):
    state, info = walked("energy", length, 60_000)
    levels, counts = np.unique(-sums(length)[0], return_counts=True)
    np.testing.assert_array_equal(state.levels, levels)
    wanted = np.log(counts)
    total, ground = state.log_density("total"), state.log_density()
    assert np.all(np.abs(total.value - wanted) < WALKER_LIMIT * total.standard_error)
    # the lowest level is given, and the highest is its mirror image
    inner = (ground.value - wanted)[1:-1] / ground.standard_error[1:-1]
    assert np.all(np.abs(inner) < WALKER_LIMIT)
    np.testing.assert_allclose(ground.value[[0, -1]], math.log(2), rtol=1e-12)
    assert special.logsumexp(total.value) == pytest.approx(length**2 * math.log(2), abs=1e-3)
    # four times what seeds 0 .. 9 give at most; errors fall as 1 / sqrt(sweeps)
    assert np.sqrt(np.mean((total.value / wanted - 1) ** 2)) < 0.03
    assert np.all(state.refining)
    assert np.all(info.acceptance > 0.1)
    assert np.all(info.flatness > 0.8)


@pytest.mark.parametrize(
    ("length", "temperature", "coupling"), [(4, 2.3, 1.0), (3, 3.0, 1.0), (4, 2.5, -1.0)]
)
def test_the_free_energy_of_the_magnetization_is_the_exact_one(length, temperature, coupling):
    state, _ = walked("magnetization", length, 40_000, temperature=temperature, coupling=coupling)
    bonds, total = sums(length)

    def log_density(T):
        log_weights = coupling * bonds / T
        cells = [special.logsumexp(log_weights[total == m]) for m in state.levels]
        return np.array(cells) - special.logsumexp(cells)

    value, error = state.log_density()
    assert np.all(np.abs(value - log_density(temperature)) < WALKER_LIMIT * error)
    off = np.abs(value - log_density(1.05 * temperature))
    assert np.any(off > WALKER_LIMIT * error)  # the sister


def test_the_scheme_is_flat_histograms_and_then_one_over_t():
    state = wang_landau_state("energy", 4, n_walkers=2, seed=1)
    visited = len(state.columns)
    before, halvings = state.log_f, 0
    while not np.all(state.refining):
        was = state.refining
        state, info = wang_landau_sweeps(state, 1000)
        one_over_t = visited / (16 * state.sweeps)
        halved = (state.log_f == before / 2) & ~was
        assert np.all((state.log_f == before) | halved | was)
        assert np.all(state.histogram[halved] == 0)
        assert np.all(info.flatness[halved] == 0)
        np.testing.assert_array_equal(state.refining & ~was, halved & (state.log_f <= one_over_t))
        assert np.all(info.flatness[~was & ~halved] < 0.8)
        before, halvings = state.log_f, halvings + halved
    assert np.all(halvings > 5)
    state, _ = wang_landau_sweeps(state, 1000)
    np.testing.assert_allclose(state.log_f, visited / (16 * (state.sweeps - 1)), rtol=1e-12)
    never, info = wang_landau_sweeps(wang_landau_state("energy", 4), 20_000, flatness=0.999999)
    assert never.log_f == 1.0
    assert never.histogram.sum() == 20_000 * 16


@pytest.mark.parametrize("variable", ["energy", "magnetization"])
def test_a_walk_goes_on_as_if_never_stopped(variable):
    model = {"temperature": 2.0} if variable == "magnetization" else {}
    start = wang_landau_state(variable, 4, n_walkers=3, seed=2, **model)
    kept = [np.copy(x) for x in start[3:]]
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    once, _ = wang_landau_sweeps(start, 23_456)
    for x, y in zip(start[3:], kept, strict=True):
        np.testing.assert_array_equal(x, y)
    numba.set_num_threads(1)
    state = start
    for n in (999, 2, 12_000, 10_455):
        state, _ = wang_landau_sweeps(state, n)
    for x, y in zip(once, state, strict=True):
        np.testing.assert_array_equal(x, y)
    other, _ = wang_landau_sweeps(
        wang_landau_state(variable, 4, n_walkers=3, seed=3, **model), 23_456
    )
    assert np.all(other.log_g[:, 0] != once.log_g[:, 0])


def test_one_walker_states_no_error():
    state, _ = walked("energy", 2, 60_000)
    one = state._replace(log_g=state.log_g[:1], refining=state.refining[:1])
    assert isinstance(one.log_density(), estimators.Estimates)
    assert np.all(np.isnan(one.log_density().standard_error))
    assert np.all(state.log_density().standard_error[1:-1] > 0)


def test_a_walk_that_is_not_refining_yet_states_no_error():
    """What ln f still adds is common to the walkers: errors were 1 to 3.6 times too small."""
    state, _ = wang_landau_sweeps(wang_landau_state("energy", 4, n_walkers=4), 2000)
    with pytest.warns(estimators.CalibrationWarning, match="must be refining .*, got 0 of 4 after"):
        found = state.log_density()
    assert np.all(np.isfinite(found.value))
    assert np.all(np.isnan(found.standard_error))


STATE = wang_landau_state("energy", 4)
CHECKERBOARD = (1 - 2 * (np.indices((1, 4, 4)).sum(axis=0) % 2)).astype(np.int8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: wang_landau_state("spin", 4), ValueError, "variable must be one of"),
        (lambda: wang_landau_state("energy", 5), ValueError, "spins must have an even side"),
        (lambda: wang_landau_state("energy", 1), ValueError, "length must be an integer >= 2"),
        (lambda: wang_landau_state("energy", 4, n_walkers=0), ValueError, "n_walkers must be an"),
        (
            lambda: wang_landau_state("energy", 4, temperature=1.0),
            ValueError,
            "temperature must be None over energies, got 1.0",
        ),
        (
            lambda: wang_landau_state("energy", 4, coupling=2.0),
            ValueError,
            "coupling must be 1 over energies, got 2.0",
        ),
        (
            lambda: wang_landau_state("magnetization", 4),
            ValueError,
            "temperature must be given over magnetizations",
        ),
        (
            lambda: wang_landau_state("magnetization", 4, temperature=-1.0),
            ValueError,
            "temperature must be a positive finite number, got -1.0",
        ),
        (lambda: wang_landau_sweeps(None, 1), TypeError, "state must be a WangLandauState"),
        (lambda: wang_landau_sweeps(STATE, 0), ValueError, "n_sweeps must be an integer >= 1"),
        (
            lambda: wang_landau_sweeps(STATE, 1, flatness=1.0),
            ValueError,
            r"flatness must be in \(0, 1\), got 1.0",
        ),
        (
            lambda: wang_landau_sweeps(STATE._replace(log_g=STATE.log_g[:, 1:]), 1),
            ValueError,
            r"state.log_g must have shape \(1, 17\), got \(1, 16\)",
        ),
        (
            lambda: wang_landau_sweeps(STATE._replace(spins=CHECKERBOARD), 1),
            ValueError,
            "state.spins must have energies <= 0, got 32",
        ),
        (lambda: STATE.log_density("sum"), ValueError, "normalise must be one of"),
        (
            lambda: wang_landau_state("magnetization", 4, temperature=1.0).log_density("ground"),
            ValueError,
            "normalise must be 'total' over magnetizations, got 'ground'",
        ),
    ],
)
def test_bad_wang_landau(call, error, message):
    with pytest.raises(error, match=message):
        call()
