"""Ising updates against the enumeration of all states of small tori.

Tests of distributions take one configuration from each of many independent replicas, so that
samples are independent and a chi-square test is one: it fails here below p = 1e-9, and there are
some 60 of them. Means of time series are compared in standard errors from the spread of 1000 or
more independent replicas, for which |z| > 6 has a probability of 2e-9.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numba
import numpy as np
import pytest
from scipy import stats

from boltzmann_tf.sampling import _random, _threads, saving
from boltzmann_tf.sampling import spins as ising
from boltzmann_tf.sampling.spins import (
    LatticeState,
    _state,
    lattice_energies,
    lattice_observables,
    lattice_state,
    multispin,
    sweeps,
)

LIMIT = 6.0
RARE = 1e-9
REPLICAS = 12_800
SINGLE = {
    "metropolis": ising.metropolis_sweeps,
    "heat_bath": ising.heat_bath_sweeps,
    "multispin": ising.multispin_sweeps,
}
CLUSTERS = {"wolff": ising.wolff_updates, "swendsen_wang": ising.swendsen_wang_updates}
UPDATES = SINGLE | CLUSTERS
updates = pytest.mark.parametrize("update", UPDATES.values(), ids=list(UPDATES))


@pytest.fixture(autouse=True)
def one_thread():
    """Two workers with two threads each would wait for one another at every small call."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@functools.cache
def states(length):
    """All spin configurations, int8 [2^(L^2), L, L]."""
    bits = np.arange(2**length**2)[:, None] >> np.arange(length**2) & 1
    return (1 - 2 * bits).astype(np.int8).reshape(-1, length, length)


def neighbour_sum(spins):
    spins = spins.astype(np.int64)
    return sum(np.roll(spins, step, axis) for step in (1, -1) for axis in (1, 2))


def bond_and_spin_sums(spins):
    # every bond has two ends, so the sum over sites counts it twice
    return (spins * neighbour_sum(spins)).sum(axis=(1, 2)) // 2, spins.sum((1, 2), dtype=np.int64)


@functools.cache
def boltzmann(length, temperature, coupling=1.0, field=0.0):
    """Probabilities of all states."""
    bonds, total = bond_and_spin_sums(states(length))
    energy = -coupling * bonds - field * total
    weights = np.exp((energy.min() - energy) / temperature)
    return weights / weights.sum()


@functools.cache
def start(length, n=REPLICAS):
    return lattice_state(n, length, start="random", seed=length)


def p_value(spins, temperature, coupling=1.0, field=0.0):
    """Of a chi-square test of the distribution of (E, M); one independent sample a replica."""
    length = spins.shape[1]
    exact = boltzmann(length, temperature, coupling, field)
    key = [1000 * b + m for b, m in map(bond_and_spin_sums, (states(length), spins))]
    cells, cell = np.unique(key[0], return_inverse=True)
    assert np.all(np.isin(key[1], cells))
    expected = np.bincount(cell, exact) * len(spins)
    found = np.bincount(np.searchsorted(cells, key[1]), minlength=len(cells))
    order = np.argsort(expected)
    # rare cells are pooled until they are expected to hold ten
    pool = np.maximum(0, np.searchsorted(np.cumsum(expected[order]), 10.0))
    few, many = order[: pool + 1], order[pool + 1 :]
    expected, found = (np.append(x[many], x[few].sum()) for x in (expected, found))
    statistic = np.sum((found - expected) ** 2 / expected)
    return stats.chi2.sf(statistic, len(expected) - 1)


# The distribution of energy and magnetization.


MODELS = [
    (name, *model)
    for name in SINGLE
    for model in [(1.0, 0.0), (-1.0, 0.0), (1.0, 0.35), (-0.7, 1.4)]
    if name != "multispin" or model[1] == 0
]


@pytest.mark.parametrize(("name", "coupling", "field"), MODELS)
@pytest.mark.parametrize("temperature", [2.2, 3.3])
@pytest.mark.parametrize("length", [2, 4])
def test_sweeps_have_the_exact_distribution(name, length, temperature, coupling, field):
    model = {"temperature": temperature, "coupling": coupling, "field": field}
    state, _ = SINGLE[name](start(length), 200, **model)
    assert p_value(state.spins, **model) > RARE


@pytest.mark.parametrize("coupling", [1.0, -0.9])
@pytest.mark.parametrize("temperature", [1.9, 3.3])
@pytest.mark.parametrize("length", [2, 3, 4])
@pytest.mark.parametrize(("name", "n"), [("wolff", 60), ("swendsen_wang", 20)])
def test_clusters_have_the_exact_distribution(name, n, length, temperature, coupling):
    model = {"temperature": temperature, "coupling": coupling}
    state, _ = CLUSTERS[name](start(length), n, **model)
    assert p_value(state.spins, **model) > RARE


def test_an_error_of_a_twentieth_in_temperature_or_a_fifth_in_field_is_seen():
    state, _ = ising.metropolis_sweeps(start(4), 200, temperature=2.2 * 1.05)
    assert p_value(state.spins, 2.2) < RARE
    state, _ = ising.metropolis_sweeps(start(4), 200, temperature=3.3, field=0.35 * 1.2)
    assert p_value(state.spins, 3.3, 1.0, 0.35) < RARE


def reference_metropolis(factor, temperature, n_sweeps=60):
    """Site after site in NumPy, with dE = factor * 2 s (sum of neighbours)."""
    rng = np.random.default_rng(5)
    spins = start(4).spins.copy()
    for _ in range(n_sweeps):
        for i in range(4):
            for j in range(4):
                around = sum(
                    spins[:, (i + x) % 4, (j + y) % 4].astype(int)
                    for x, y in ((0, 1), (0, -1), (1, 0), (-1, 0))
                )
                cost = factor * 2 * spins[:, i, j] * around
                flip = rng.random(len(spins)) < np.exp(-np.maximum(cost, 0) / temperature)
                spins[flip, i, j] *= -1
    return spins


def test_half_of_the_energy_of_a_site_is_seen():
    """The old error: a site's energy with the factor 1/2 of a sum over sites samples J/2."""
    assert p_value(reference_metropolis(1.0, 3.3), 3.3) > RARE
    halved = reference_metropolis(0.5, 3.3)
    assert p_value(halved, 3.3) < RARE
    assert p_value(halved, 3.3, coupling=0.5) > RARE
    state, _ = ising.metropolis_sweeps(start(4), 200, temperature=3.3, coupling=0.5)
    assert p_value(state.spins, 3.3) < RARE


def test_flips_cost_what_the_energies_say():
    spins = lattice_state(40, 6, start="random", seed=2).spins
    model = {"coupling": -0.7, "field": 0.3}
    costs = sweeps.flip_costs(_state.Model(np.ones(1), *model.values()))
    index = neighbour_sum(spins) + 4 + (spins > 0)
    for i, j in [(0, 0), (0, 5), (3, 2), (5, 5)]:
        flipped = spins.copy()
        flipped[:, i, j] *= -1
        np.testing.assert_allclose(
            costs[index[:, i, j]],
            lattice_energies(flipped, **model) - lattice_energies(spins, **model),
            atol=1e-9,
        )


@pytest.mark.parametrize("name", ["metropolis", "multispin"])
def test_flips_that_are_never_refused_would_not_be_ergodic(name, monkeypatch):
    """With TIE = 1 stripes stay stripes: on 2 x 2 a quarter of the random starts."""
    monkeypatch.setattr(multispin if name == "multispin" else sweeps, "TIE", 1.0)
    state, _ = SINGLE[name](start(2), 200, temperature=1.9)
    assert p_value(state.spins, 1.9) < RARE
    stripes = np.tile(np.array([1, -1], np.int8), (4, 2))[None].repeat(3, 0)
    state, _ = SINGLE[name](LatticeState(stripes, start(4, 3).rng), 99, temperature=1.9)
    assert np.all(lattice_observables(state.spins)[0] == 0)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize(("coupling", "temperature"), [(1.0, 2.5), (-1.0, 4.0)])
def test_acceptance_is_the_expected_one(name, coupling, temperature):
    spins = states(4)
    cost = 2 * coupling * spins * neighbour_sum(spins)
    if name == "heat_bath":
        accept = 1 / (1 + np.exp(cost / temperature))
    else:
        accept = np.where(cost == 0, sweeps.TIE, np.exp(-np.maximum(cost, 0) / temperature))
    exact = boltzmann(4, temperature, coupling) @ accept.mean(axis=(1, 2))
    model = {"temperature": temperature, "coupling": coupling}
    state, _ = SINGLE[name](start(4), 100, **model)
    _, info = SINGLE[name](state, 100, **model)
    error = info.acceptance.std() / np.sqrt(REPLICAS)
    assert abs(info.acceptance.mean() - exact) < LIMIT * error
    assert error < 0.001  # the sister: TIE = 1 would shift it by more than the limit
    assert info.acceptance.shape == (REPLICAS,)
    assert info.attempted == 100 * 16 * REPLICAS


@pytest.mark.parametrize(("name", "n"), [("wolff", 60), ("swendsen_wang", 20)])
@pytest.mark.parametrize("length", [2, 3, 4])
def test_clusters_have_the_size_of_the_squared_magnetization(name, n, length):
    total = states(length).sum((1, 2))
    exact = boltzmann(length, 2.5) @ total**2 / length**2
    state, _ = CLUSTERS[name](start(length), n, temperature=2.5)
    state, info = CLUSTERS[name](state, n, temperature=2.5)
    error = info.mean_size.std() / np.sqrt(REPLICAS)
    assert abs(info.mean_size.mean() - exact) < LIMIT * error
    assert np.all(info.n_clusters == n if name == "wolff" else info.n_clusters >= n)


# The heat, where nearly every flip would be accepted.


def hot_memory(update):
    """Correlation of the magnetization from sweep to sweep at T = 1000, and |m| over ten sweeps."""
    state, m = lattice_state(400, 16, start="up", seed=8), []
    for _ in range(10):
        state, _ = update(state, 1, temperature=1000.0)
        m.append(lattice_observables(state.spins)[1] / 256)
    m = np.array(m)
    return np.sum(m[1:] * m[:-1]) / np.sum(m[1:] ** 2), np.abs(m).mean()


@pytest.mark.parametrize("name", SINGLE)
def test_hot_spins_forget_in_a_sweep(name, monkeypatch):
    """Independent spins: correlation 0, |m| = 0.0499, each known to 0.017 and 0.0006 here.

    The first sweep starts from all spins up; six of these errors have a probability of 2e-9.
    """
    correlation, size = hot_memory(SINGLE[name])
    assert abs(correlation) < 0.1
    assert abs(size - np.sqrt(2 / np.pi) / 16) < 0.004
    if name == "heat_bath":
        return
    # the planted error: flips always attempted, as in an earlier version, alternate
    module = multispin if name == "multispin" else sweeps
    monkeypatch.setattr(module, "attempts", lambda model: np.ones(len(model.temperature)))
    correlation, size = hot_memory(SINGLE[name])
    assert correlation < -0.9
    assert size > 0.5


@pytest.mark.parametrize("name", ["metropolis", "multispin"])
@pytest.mark.parametrize(("temperature", "share"), [(9.0, 0.75), (60.0, 0.5)])
def test_hot_sweeps_attempt_a_part_of_the_flips(name, temperature, share):
    spins = states(4)
    cost = 2 * spins * neighbour_sum(spins)
    accept = np.where(cost == 0, sweeps.TIE, np.exp(-np.maximum(cost, 0) / temperature))
    exact = share * boltzmann(4, temperature) @ accept.mean(axis=(1, 2))
    state, _ = SINGLE[name](start(4), 20, temperature=temperature)
    state, info = SINGLE[name](state, 40, temperature=temperature)
    error = info.acceptance.std() / np.sqrt(REPLICAS)
    assert abs(info.acceptance.mean() - exact) < LIMIT * error
    assert error < 0.001
    assert p_value(state.spins, temperature) > RARE


def test_the_part_is_all_where_it_is_not_hot():
    def part(T, J=1.0, h=0.0):
        return float(sweeps.attempts(_state.Model(np.array([T]), J, h))[0])

    assert [part(t) for t in (1e-300, 2.27, 4.0, 6.9, 7.1, 25.0, 30.0, 1e300)] == [
        *[1.0] * 4, 0.75, 0.75, 0.5, 0.5,
    ]  # fmt: skip
    assert part(1.0, J=0.0) == 0.5
    assert part(1.0, J=0.0, h=1.0) == 1.0
    assert part(4.0, J=-1.0) == 1.0


# Independence: of replicas, temperatures, seeds, threads.


def correlation_score(state, update):
    """Sum of squared correlations between the energies of 64 replicas, in its own deviations."""
    n, model = 150, {"temperature": 5.0}
    state, _ = update(state, 30, **model)
    series = np.empty((64, n))
    for t in range(n):
        state, _ = update(state, 12, **model)  # some eight correlation times
        series[:, t] = lattice_energies(state.spins)
    rho = np.corrcoef(series)[np.triu_indices(64, 1)]
    return (n * np.sum(rho**2) - rho.size) / np.sqrt(2 * rho.size)


@pytest.mark.parametrize("name", SINGLE)
def test_replicas_are_independent(name):
    # nearly normal, with 2016 pairs
    assert abs(correlation_score(lattice_state(64, 8, start="random", seed=9), SINGLE[name])) < 7


def test_replicas_that_share_their_random_numbers_are_seen():
    state = lattice_state(64, 8, start="random", seed=9)
    shared = LatticeState(state.spins, np.repeat(state.rng[:1], 64, axis=0))
    score = correlation_score(shared, ising.heat_bath_sweeps)
    assert score > 100


@updates
def test_each_replica_has_its_own_temperature(update):
    # 1290 replicas: the last group of 64 in multi-spin coding is not full
    temperature = np.tile([1.5, 2.4, 3.5], 430)
    state = lattice_state(len(temperature), 4, start="random", seed=3)
    total = np.zeros(len(temperature))
    for t in range(12):
        state, _ = update(state, 100 if t == 0 else 20, temperature=temperature)
        total += lattice_energies(state.spins) / 12
    bonds, _ = bond_and_spin_sums(states(4))
    for k, T in enumerate(temperature[:3]):
        mean, error = total[k::3].mean(), total[k::3].std() / np.sqrt(430)
        assert abs(mean + boltzmann(4, T) @ bonds) < LIMIT * error
        assert abs(mean + boltzmann(4, T + 0.15) @ bonds) > LIMIT * error  # the sister


@updates
def test_runs_depend_on_seeds_and_not_on_threads(update):
    def run(seed):
        state = lattice_state(130, 6, start="random", seed=seed)
        kept = [x.copy() for x in state]
        new, info = update(state, 5, temperature=2.4)
        np.testing.assert_array_equal(state.spins, kept[0])  # the argument is left alone
        np.testing.assert_array_equal(state.rng, kept[1])
        return new, info

    one, info = run(1)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    same, same_info = run(1)
    other, _ = run(2)
    for found, wanted in zip([*same, *same_info], [*one, *info], strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert np.any(one.spins != other.spins)
    assert len(np.unique(one.spins.reshape(130, -1), axis=0)) > 100
    assert one.spins.dtype == np.int8
    assert np.all(np.abs(one.spins) == 1)


@updates
def test_going_on_is_not_starting_again(update):
    first, _ = update(lattice_state(64, 6, seed=1), 5, temperature=2.4)
    again, _ = update(LatticeState(first.spins, first.rng), 5, temperature=2.4)
    assert np.any(first.rng != again.rng)
    if update is not ising.multispin_sweeps:
        assert np.all(np.any(first.rng != lattice_state(64, 6, seed=1).rng, axis=1))
    both, _ = update(lattice_state(64, 6, seed=1), 10, temperature=2.4)
    np.testing.assert_array_equal(both.spins, again.spins)


@updates
def test_at_the_lowest_temperatures_all_is_order(update):
    cold, _ = update(lattice_state(3, 4, seed=1), 50, temperature=1e-300)
    assert np.all(np.abs(lattice_observables(cold.spins)[1]) == 16)


@pytest.mark.parametrize("name", ["heat_bath", "swendsen_wang"])
@pytest.mark.parametrize("model", [{"temperature": 1e300}, {"temperature": 1.0, "coupling": 0.0}])
def test_at_the_highest_temperatures_all_states_are_as_likely(name, model):
    hot, _ = UPDATES[name](start(2), 3, **model)
    assert p_value(hot.spins, **model) > RARE


def test_small_work_is_for_one_thread(monkeypatch):
    """Threads are set within, and set back also after an error."""
    now = [4]
    monkeypatch.setattr(_threads.numba, "get_num_threads", lambda: now[-1])
    monkeypatch.setattr(_threads.numba, "set_num_threads", now.append)
    for tasks, steps, wanted in ((100, 4096, 1), (100, 110_000, 2), (3, 10**9, 3), (9, 10**9, 4)):
        with _threads.threads(tasks, steps):
            assert now[-1] == wanted
        assert now[-1] == 4
    with pytest.raises(KeyError), _threads.threads(1, 1):
        raise KeyError
    assert now[-1] == 4


# States, what is measured on them, random words.


@pytest.mark.parametrize("length", [2, 3, 4, 7])
def test_observables_and_energies(length):
    spins = lattice_state(50, length, start="random", seed=4).spins
    bonds, total = bond_and_spin_sums(spins)
    for found, wanted in zip(lattice_observables(spins), (bonds, total), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == np.int64
    np.testing.assert_allclose(
        lattice_energies(spins, coupling=-0.5, field=2.0), 0.5 * bonds - 2.0 * total, rtol=1e-14
    )
    read_only = np.asfortranarray(spins)
    read_only.flags.writeable = False
    np.testing.assert_array_equal(lattice_observables(read_only)[0], bonds)
    up = np.ones((1, length, length), np.int8)
    assert lattice_energies(up) == -2 * length**2


def test_starts():
    up = lattice_state(3, 4)
    assert np.all(up.spins == 1)
    given = lattice_state(3, 4, start=up.spins[0] * -1)
    assert np.all(given.spins == -1)
    assert given.spins.flags.writeable
    each = lattice_state(3, 4, start=start(4, 3).spins)
    np.testing.assert_array_equal(each.spins, start(4, 3).spins)
    children = np.random.SeedSequence(7).spawn(3)
    wanted = [child.generate_state(4, np.uint64) for child in children]
    np.testing.assert_array_equal(lattice_state(3, 4, seed=7).rng, wanted)


def test_the_generator_is_xoshiro256_plus_plus():
    @numba.njit
    def draw(n):
        a, b, c, d = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
        words = np.empty(n, np.uint64)
        for i in range(n):
            words[i], a, b, c, d = _random.next_word(a, b, c, d)
        return words

    # the test vector of the Rust crate rand_xoshiro, from the reference implementation in C
    assert draw(6).tolist() == [
        41943041,
        58720359,
        3588806011781223,
        3591011842654386,
        9228616714210784205,
        9973669472204895162,
    ]


def test_probabilities_become_words():
    words = _random.probability_words(np.array([0.0, 2.0**-64, 0.25, 1.0]))
    assert words.tolist() == [0, 1, 2**62, 2**64 - 1]


def test_a_kernel_is_compiled_where_no_cache_can_be_written(monkeypatch):
    original = numba.njit

    def refuses(error):
        def njit(*, cache=False, **options):
            if cache:
                raise RuntimeError(error)
            return original(**options)

        return njit

    monkeypatch.setattr(numba, "njit", refuses("cannot cache function: no locator available"))
    assert _random.kernel(parallel=False)(lambda x: x + 1)(2) == 3
    monkeypatch.setattr(numba, "njit", refuses("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        _random.kernel()(lambda x: x + 1)


def test_importing_compiles_nothing(monkeypatch):
    monkeypatch.setattr(saving, "STATES", {})  # the states are registered once more
    compiled = {}
    for path in Path(ising.__file__).parent.glob("*.py"):
        spec = importlib.util.spec_from_file_location(f"fresh_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if hasattr(value, "signatures") and value.__module__ == spec.name:
                compiled[name] = value.signatures
    assert {"_sweep", "_sweep_groups", "_wolff", "_swendsen_wang", "walk"} < set(compiled)
    assert not any(compiled.values())


# Bad arguments.


GOOD = lattice_state(2, 4, seed=0)


def spins_of(shape, value=1, dtype=np.int8):
    n = shape[0] if shape else 1
    return LatticeState(np.full(shape, value, dtype), lattice_state(max(n, 1), 2).rng)


@updates
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"state": GOOD.spins}, TypeError, "state must be a LatticeState"),
        ({"state": spins_of((2, 4, 6))}, ValueError, r"spins must have shape \[replicas, L, L\]"),
        ({"state": spins_of((4, 4))}, ValueError, r"spins must have shape .* got \(4, 4\)"),
        ({"state": spins_of((0, 4, 4))}, ValueError, r"spins must have shape"),
        ({"state": spins_of((2, 1, 1))}, ValueError, "spins must have a side of at least 2"),
        ({"state": spins_of((2, 4, 4), 0)}, ValueError, r"spins must be \+1 or -1, got 32 other"),
        ({"state": spins_of((2, 4, 4), -128)}, ValueError, r"spins must be \+1 or -1"),
        ({"state": spins_of((2, 4, 4), 1, int)}, TypeError, "spins must have dtype int8, got"),
        ({"state": GOOD._replace(spins=[1])}, TypeError, "spins must be a ndarray"),
        ({"state": GOOD._replace(rng=GOOD.rng[:1])}, ValueError, r"rng must be uint64 of shape"),
        ({"state": GOOD._replace(rng=0 * GOOD.rng)}, ValueError, "rng must have a word"),
        ({"n": 0}, ValueError, r"n_(sweeps|updates) must be an integer >= 1, got 0"),
        ({"n": 1.0}, TypeError, r"n_(sweeps|updates) must be an integer >= 1, got 1.0"),
        ({"temperature": 0.0}, ValueError, "temperature must be > 0, got 0.0"),
        ({"temperature": [1.0, -2.0]}, ValueError, "temperature must be > 0, got -2.0"),
        ({"temperature": [1.0] * 3}, ValueError, r"temperature must be a number or have shape"),
        ({"temperature": np.nan}, ValueError, "temperature must be finite"),
        ({"temperature": "2"}, TypeError, "temperature must be an array of numbers"),
        ({"coupling": np.inf}, ValueError, "coupling must be a finite number"),
        ({"field": "1"}, TypeError, "field must be a finite number"),
    ],
)
def test_bad_arguments(update, change, error, message):
    arguments = {"state": GOOD, "n": 1, "temperature": 2.0} | change
    with pytest.raises(error, match=message):
        update(arguments.pop("state"), arguments.pop("n"), **arguments)


def test_what_only_some_updates_allow():
    odd = lattice_state(2, 3)
    for update in SINGLE.values():
        with pytest.raises(ValueError, match="spins must have an even side"):
            update(odd, 1, temperature=2.0)
    for name in ("multispin", *CLUSTERS):
        with pytest.raises(ValueError, match="field must be 0 for .*, got 0.1"):
            UPDATES[name](GOOD, 1, temperature=2.0, field=0.1)
    for name in ("multispin", "wolff"):
        with pytest.raises(ValueError, match="coupling must not be 0"):
            UPDATES[name](GOOD, 1, temperature=2.0, coupling=0.0)


def test_metropolis_without_a_coupling_is_lazy_and_not_periodic():
    state, _ = ising.metropolis_sweeps(start(2), 400, temperature=1.0, coupling=0.0)
    assert p_value(state.spins, 1.0, 0.0) > RARE


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"n_replicas": 0}, ValueError, "n_replicas must be an integer >= 1, got 0"),
        ({"length": 1}, ValueError, "length must be an integer >= 2, got 1"),
        ({"seed": -1}, ValueError, "seed must be an integer >= 0, got -1"),
        ({"start": "down"}, ValueError, "start must be 'up', 'random' or an array"),
        ({"start": np.ones((4, 3))}, ValueError, r"start must have shape \(4, 4\) or \(2, 4, 4\)"),
        ({"start": np.full((4, 4), 257)}, ValueError, r"start must be \+1 or -1, got 16 other"),
    ],
)
def test_bad_starts(call, error, message):
    with pytest.raises(error, match=message):
        lattice_state(**({"n_replicas": 2, "length": 4} | call))
