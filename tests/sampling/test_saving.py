"""States of samplers on disk: what goes on is what would have gone on, and nothing else is read."""

from __future__ import annotations

import forging
import numpy as np
import pytest

from boltzmann_tf import potentials, sampling, systems
from boltzmann_tf.sampling import saving

CHAIN = systems.Polymer(4)
START = np.tile(CHAIN.initial_state("stretched"), (3, 1))
NEMATIC = systems.Nematic("ring", 3)
BOXES = systems.GibbsBoxes(8, 60.0, pairs=potentials.LennardJones(cut=1.2))
TEMPERATURES = np.array([1.0, 1.5, 2.0])


def exchange_rounds(state, n):
    def sweep(walkers, rung):
        temperature = TEMPERATURES[rung.ravel()]
        return sampling.particle_sweeps(
            walkers, 1, system=CHAIN, step_size=0.3, temperature=temperature
        )[0]

    def energies(walkers):
        return sampling.particle_energies(walkers.x, CHAIN)[:, None] / TEMPERATURES

    return sampling.exchange_rounds(state, n, sweep=sweep, reduced_energy=energies)


# A state at the beginning, and n rounds from one.
CASES = {
    "particles": (
        lambda: sampling.particle_state(START, seed=1),
        lambda s, n: sampling.particle_sweeps(s, n, system=CHAIN, step_size=0.3),
    ),
    "polymer": (
        lambda: sampling.polymer_state(START, seed=1),
        lambda s, n: sampling.polymer_rounds(s, n, system=CHAIN, tune=True),
    ),
    "gibbs": (
        lambda: sampling.gibbs_state(BOXES, 2, seed=1),
        lambda s, n: sampling.gibbs_rounds(s, n, system=BOXES),
    ),
    "umbrella": (
        lambda: sampling.umbrella_state(
            CHAIN, [1.0, 1.5, 2.0], coordinate="end_to_end", start=START[0], seed=1
        ),
        lambda s, n: sampling.umbrella_rounds(
            s, n, system=CHAIN, centres=[1.0, 1.5, 2.0], coordinate="end_to_end", tune=True
        ),
    ),
    "exchange": (
        lambda: sampling.exchange_state(sampling.particle_state(START, seed=1), 3, seed=2),
        exchange_rounds,
    ),
    "lattice": (
        lambda: sampling.lattice_state(2, 4, seed=1),
        lambda s, n: sampling.metropolis_sweeps(s, n, temperature=2.0),
    ),
    "tempering": (
        lambda: sampling.tempering_state(4, 3, n_ladders=2, seed=1),
        lambda s, n: sampling.tempering_rounds(s, n, temperatures=TEMPERATURES),
    ),
    "wang_landau": (
        lambda: sampling.wang_landau_state("magnetization", 4, temperature=2.0, seed=1),
        lambda s, n: sampling.wang_landau_sweeps(s, n),
    ),
    "wang_landau of energies": (
        lambda: sampling.wang_landau_state("energy", 4, n_walkers=2, seed=1),
        lambda s, n: sampling.wang_landau_sweeps(s, n),
    ),
    "vectors": (
        lambda: sampling.vector_state(NEMATIC, 2, seed=1),
        lambda s, n: sampling.vector_sweeps(s, n, system=NEMATIC, temperature=1.0),
    ),
    "vector_tempering": (
        lambda: sampling.vector_tempering_state(NEMATIC, 3, seed=1),
        lambda s, n: sampling.vector_tempering_rounds(
            s, n, system=NEMATIC, temperatures=TEMPERATURES, tune=True
        ),
    ),
}


def assert_same(one, other):
    assert type(one) is type(other)
    for a, b in zip(one, other, strict=True):
        if isinstance(a, tuple):
            assert_same(a, b)
        else:
            assert type(a) is type(b)
            np.testing.assert_array_equal(a, b)


def test_every_state_is_here():
    kinds = {type(make()) for make, _ in CASES.values()}
    assert kinds == set(saving.STATES.values())


@pytest.mark.parametrize("name", CASES)
def test_a_run_goes_on_to_the_same_numbers(name, tmp_path):
    make, rounds = CASES[name]
    middle, _ = rounds(make(), 4)
    sampling.save_state(tmp_path / "run", middle)
    state, records = sampling.load_state(tmp_path / "run.npz")
    assert records == {}
    assert_same(state, middle)
    assert_same(rounds(state, 3)[0], rounds(middle, 3)[0])


def test_walkers_that_are_an_array(tmp_path):
    state = sampling.exchange_state(np.ones((4, 2)), 2)
    sampling.save_state(tmp_path / "run", state)
    assert_same(sampling.load_state(tmp_path / "run")[0], state)


def test_records_go_along(tmp_path):
    state = sampling.polymer_state(START)
    found = {"R_ee^2": np.arange(6.0).reshape(2, 3), "rounds": 7}
    sampling.save_state(tmp_path / "run", state, found)
    _, records = sampling.load_state(tmp_path / "run")
    assert list(records) == ["R_ee^2", "rounds"]
    np.testing.assert_array_equal(records["R_ee^2"], found["R_ee^2"])
    assert records["rounds"] == 7


# What is no state.


def test_two_states_of_one_name_are_refused_and_a_module_may_be_loaded_anew(monkeypatch):
    monkeypatch.setattr(saving, "STATES", dict(saving.STATES))
    known = sampling.LatticeState
    with pytest.raises(ValueError, match="name of its own, got LatticeState, as in boltz"):
        saving.register(type("LatticeState", (), {}))
    anew = saving.register(type("LatticeState", (), {"__module__": known.__module__}))
    assert saving.STATES["LatticeState"] is anew


def test_only_states_of_samplers_are_written(tmp_path):
    with pytest.raises(TypeError, match=r"state must be one of \['Ex.*State'\], got dict"):
        sampling.save_state(tmp_path / "run", {"x": 1})
    state = sampling.polymer_state(START)
    with pytest.raises(TypeError, match=r"records\['a'\] must be an array of numbers, got dtype"):
        sampling.save_state(tmp_path / "run", state, {"a": ["text"]})
    with pytest.raises(TypeError, match="records must have texts as names, got 'a/b'"):
        sampling.save_state(tmp_path / "run", state, {"a/b": 1})
    with pytest.raises(ValueError, match=r"state: rng must be uint64\[replicas, 4\] with repl"):
        sampling.save_state(tmp_path / "run", state._replace(rng=state.rng[:2]))
    with pytest.raises(ValueError, match=r"state: x must hold numbers finite, got others"):
        sampling.save_state(tmp_path / "run", state._replace(x=state.x * np.nan))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        sampling.load_state(tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "arrays", "message"),
    [
        ({"kind": "x"}, {}, "must be a sampler's state, got 'x'"),
        ({"format": 9}, {}, "must be of format 1, got 9"),
        ({"state": None}, {}, "must hold one of .*, got None"),
        ({"state": {"name": "dict", "fields": {}}}, {}, "must hold one of .*, got 'dict'"),
        ({"state": {"name": ["a"], "fields": {}}}, {}, "must hold one of .*, got "),
        ({"state": {"name": "TemperingState"}}, {}, "must hold one of .*, got 'TemperingState'"),
        ({"state": "TemperingState"}, {}, "must hold one of .*, got 'TemperingState'"),
        ({}, {"rung": np.full((2, 3), 9)}, "rung must hold numbers permutations"),
        ({}, {"rung": np.zeros((2, 3))}, r"rung must be int64\[ladders, temperatures\] with"),
        ({}, {"leg": np.zeros((2, 4), np.int8)}, r"leg must be .* with ladders = 2, temper"),
        ({}, {"lattice.rng": np.zeros((6, 4), np.uint64)}, "lattice.rng must hold numbers not"),
        ({}, {"lattice.spins": np.zeros((6, 4, 4), np.int8)}, "lattice.spins must hold numbers"),
        ({}, {"lattice.spins": None}, "must have the array lattice.spins, got none"),
        ({}, {"more": np.zeros(2)}, r"no further arrays, got \['more'\]"),
    ],
)  # fmt: skip
def test_what_no_state_can_be_is_refused(tmp_path, change, arrays, message):
    path = tmp_path / "run.npz"
    sampling.save_state(path, sampling.tempering_state(4, 3, n_ladders=2))
    forging.documented(path, lambda document: document.update(change), arrays)
    with pytest.raises(ValueError, match=rf"path .*run\.npz:? .*{message}"):
        sampling.load_state(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rounds": -1}, "rounds must be int, got -1"),
        ({"rounds": 1.0}, "rounds must be int, got 1.0"),
        ({"seed": None}, "seed must be int, got None"),
        ({"more": 1}, r"no further fields, got \['more'\]"),
        (
            {"lattice": {"name": "VectorState", "fields": {}}},
            r"one of \['LatticeState'\], got",
        ),
    ],
)
def test_fields_that_no_state_has_are_refused(tmp_path, fields, message):
    path = tmp_path / "run.npz"
    sampling.save_state(path, sampling.tempering_state(4, 3, n_ladders=2))
    forging.documented(path, lambda document: document["state"]["fields"].update(fields))
    with pytest.raises(ValueError, match=message):
        sampling.load_state(path)


def test_another_array_file_is_refused(tmp_path):
    np.savez(tmp_path / "run.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"format 1, got a file that is no sampler's state"):
        sampling.load_state(tmp_path / "run")


# What is damaged.


def flip(path, at=0.5):
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 4
    path.write_bytes(content)


def test_the_one_before_a_damaged_one_is_taken_with_a_warning(tmp_path):
    path = tmp_path / "run.npz"
    first = sampling.polymer_state(START, seed=1)
    second, _ = sampling.polymer_rounds(first, 2, system=CHAIN)
    sampling.save_state(path, first)
    sampling.save_state(path, second)
    flip(path)
    with pytest.warns(UserWarning, match=r"run\.npz is truncated .*: this is run\.previous\.npz"):
        assert_same(sampling.load_state(path)[0], first)
    flip(tmp_path / "run.previous.npz")
    with pytest.raises(ValueError, match=r"run\.previous\.npz is truncated or was altered"):
        sampling.load_state(path)


def test_what_is_damaged_does_not_take_the_place_of_what_is_whole(tmp_path):
    path, before = tmp_path / "run.npz", tmp_path / "run.previous.npz"
    states = [sampling.polymer_state(START, seed=seed) for seed in range(3)]
    for state in states[:2]:
        sampling.save_state(path, state)
    flip(path)
    sampling.save_state(path, states[2])
    assert_same(sampling.load_state(path)[0], states[2])
    assert_same(sampling.load_state(before)[0], states[0])


def test_the_one_before_stays_where_the_new_one_cannot_be_written(tmp_path, monkeypatch):
    path, before = tmp_path / "run.npz", tmp_path / "run.previous.npz"
    states = [sampling.polymer_state(START, seed=seed) for seed in range(3)]
    for state in states[:2]:
        sampling.save_state(path, state)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)  # where room that was promised is not there
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.npz'"):
        sampling.save_state(path, states[2])
    assert_same(sampling.load_state(path)[0], states[1])
    assert_same(sampling.load_state(before)[0], states[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.npz", "run.previous.npz"]


def test_no_flipped_bit_and_no_cut_gives_other_numbers(tmp_path):
    path = tmp_path / "run.npz"
    state = sampling.lattice_state(1, 2, seed=1)
    sampling.save_state(path, state, {"energy": np.arange(3.0)})
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    outcomes = set()
    for k in range(400):
        content = bytearray(whole)
        if k % 4:
            content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        else:
            del content[rng.integers(len(whole)) :]
        path.write_bytes(content)
        try:
            found, records = sampling.load_state(path)
        except ValueError:
            outcomes.add("refused")
        else:  # of a byte that says nothing: the time of a member, say
            outcomes.add("same")
            assert_same(found, state)
            np.testing.assert_array_equal(records["energy"], np.arange(3.0))
    assert "refused" in outcomes
