"""Replica exchange of unit vectors against the exact chain."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators, sampling, systems
from boltzmann_tf.systems import Nematic
from boltzmann_tf.systems.nematic import check_unit_vectors

CHAIN = Nematic("chain", 6)
T = np.array([0.2, 0.35, 0.6, 1.0])
OPTIONS = {"system": CHAIN, "temperatures": T, "angle": [0.8, 1.0, 1.3, 1.6]}


def tempered(n, ladders=32, **options):
    state = sampling.vector_tempering_state(CHAIN, len(T), n_ladders=ladders, seed=3)
    state, _ = sampling.vector_tempering_rounds(state, 100, **(OPTIONS | options))
    return sampling.vector_tempering_rounds(state, n, **(OPTIONS | options))


@pytest.mark.parametrize("n_clusters", [0, 2])
def test_energies_at_each_temperature_are_exact(n_clusters):
    """Five standard errors at four temperatures: a false alarm in 2e-6 of all runs."""
    state, info = tempered(400, n_clusters=n_clusters)
    assert info.energy.shape == info.order.shape == (32, 4, 400)
    assert np.all(info.acceptance > 0.1)
    assert set(map(tuple, np.sort(state.rung, axis=1))) == {(0, 1, 2, 3)}
    assert np.any(state.rung != np.arange(4))
    check_unit_vectors("vectors", state.walkers.vectors, 6)
    for k, t in enumerate(T):
        mean = estimators.mean_with_error(info.energy[:, k])
        assert abs(mean.value - CHAIN.exact.energy(t)) < 5 * mean.standard_error
        assert mean.standard_error < 0.05


def test_exchanges_without_the_energy_are_noticed(monkeypatch):
    """The planted error: walkers exchange whatever their energies are."""
    monkeypatch.setattr(
        "boltzmann_tf.sampling.vectors.tempering.vector_energies",
        lambda vectors, system: np.zeros(len(vectors)),
    )
    wrong, _ = tempered(400)
    real = sampling.vector_energies(wrong.walkers.vectors, CHAIN)
    cold = real[wrong.rung.ravel() == 0]
    error = cold.std() / np.sqrt(len(cold))
    assert abs(cold.mean() - CHAIN.exact.energy(T[0])) > 5 * error


def test_rounds_go_on_where_they_ended():
    start = sampling.vector_tempering_state(CHAIN, len(T), seed=1)
    end, whole = sampling.vector_tempering_rounds(start, 7, **OPTIONS)
    middle, first = sampling.vector_tempering_rounds(start, 3, **OPTIONS)
    again, second = sampling.vector_tempering_rounds(middle, 4, **OPTIONS)
    both = np.concatenate([first.energy, second.energy], axis=-1)
    np.testing.assert_allclose(both, whole.energy, atol=1e-12)
    np.testing.assert_allclose(again.walkers.vectors, end.walkers.vectors, atol=1e-12)
    np.testing.assert_array_equal(again.rung, end.rung)
    assert start.rounds == 0
    assert again.rounds == end.rounds == 7


def test_angles_are_tuned_towards_one_half_and_then_kept():
    """Acceptances within 0.05 of one half where pi is not reached; energies stay exact.

    What is not tuned, the planted error, accepts far from one half somewhere.
    """
    options = {"system": CHAIN, "temperatures": T}
    state = sampling.vector_tempering_state(CHAIN, len(T), n_ladders=32, seed=4)
    plain, untuned = sampling.vector_tempering_rounds(state, 60, **options)
    np.testing.assert_array_equal(plain.angle, np.ones(4))
    assert np.abs(untuned.move_acceptance - 0.5).max() > 0.15
    state, _ = sampling.vector_tempering_rounds(state, 60, tune=True, **options)
    tuned = state.angle
    assert np.all((tuned > 0) & (tuned <= np.pi))
    assert np.all(np.diff(tuned) >= 0)
    state, info = sampling.vector_tempering_rounds(state, 400, **options)
    np.testing.assert_array_equal(state.angle, tuned)
    inside = tuned < np.pi
    assert inside.sum() >= 2
    np.testing.assert_allclose(info.move_acceptance[inside], 0.5, atol=0.05)
    assert np.all(info.move_acceptance >= 0.45)
    for k, t in enumerate(T):
        mean = estimators.mean_with_error(info.energy[:, k])
        assert abs(mean.value - CHAIN.exact.energy(t)) < 5 * mean.standard_error


def test_acceptance_is_that_of_the_sweeps():
    """Walkers that never trade (far apart): each temperature's is that of plain sweeps."""
    far = [0.01, 5.0]
    state = sampling.vector_tempering_state(CHAIN, 2, n_ladders=64, start="aligned", seed=5)
    options = {"system": CHAIN, "temperatures": far, "angle": [0.1, 1.0]}
    _, info = sampling.vector_tempering_rounds(state, 1, **options)
    walkers = {"system": CHAIN, "temperature": np.tile(far, 64), "angle": np.tile([0.1, 1.0], 64)}
    _, plain = sampling.vector_sweeps(state.walkers, 1, **walkers)
    wanted = plain.acceptance.reshape(64, 2).mean(axis=0)
    np.testing.assert_allclose(info.move_acceptance, wanted, atol=1e-12)
    assert wanted[1] > wanted[0] + 0.1


def test_the_order_is_that_of_the_systems():
    u = np.random.default_rng(0).standard_normal((5, 20, 3))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    np.testing.assert_allclose(
        sampling.vector_order(u), systems.nematic.nematic_order(u), atol=1e-10
    )
    aligned = CHAIN.initial_states["aligned"]
    assert sampling.vector_order(aligned) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"temperatures": [0.2, 0.1, 0.3, 0.4]}, "temperatures"),
        ({"temperatures": [0.0, 0.1, 0.3, 0.4]}, "temperatures"),
        ({"temperatures": [0.1, 0.3]}, "temperatures"),
        ({"angle": 0.0}, "angle"),
        ({"angle": [1.0, 1.0]}, "angle"),
        ({"n_sweeps": 0}, "n_sweeps"),
        ({"n_clusters": -1}, "n_clusters"),
        ({"system": Nematic("chain", 4)}, "vectors"),
    ],
)
def test_bad_input(options, named):
    state = sampling.vector_tempering_state(CHAIN, len(T))
    with pytest.raises((ValueError, TypeError), match=named):
        sampling.vector_tempering_rounds(state, 2, **(OPTIONS | options))


def test_one_temperature_is_no_ladder():
    with pytest.raises(ValueError, match="n_temperatures"):
        sampling.vector_tempering_state(CHAIN, 1)
    with pytest.raises(ValueError, match="vectors"):
        sampling.vector_order(np.zeros(3))


def test_the_order_of_other_vectors_is_refused():
    with pytest.raises(ValueError, match="vectors must be unit vectors, got one of length 2"):
        sampling.vector_order(2 * CHAIN.initial_states["aligned"])
