"""Annealing by moves that know nothing of the generator, against a trimer by quadrature."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators, exact, potentials, sampling, systems
from boltzmann_tf.sampling import delayed_acceptance

TRIMER = systems.Polymer(3, pairs=potentials.LennardJones())
IDEAL = systems.Polymer(3)
REPLICAS = 4000


def log_weight(x):
    """Of the Boltzmann density over that of ideal chains, which stand for a generator."""
    return IDEAL.energy(x).numpy() - TRIMER.energy(x).numpy() + IDEAL.exact.log_z()


def walk(n_steps, seed=1, weigh=log_weight):
    x = IDEAL.configuration(IDEAL.exact.sample(REPLICAS, seed=seed))
    return sampling.anneal_moves(
        sampling.polymer_state(x, seed=seed),
        log_weight=weigh,
        moves=lambda state: sampling.polymer_rounds(state, 2, system=TRIMER)[0],
        n_steps=n_steps,
        seed=seed,
    )


def assert_exact(state, info):
    known: exact.Trimer = TRIMER.exact
    log_z = estimators.log_z(info.log_weight)
    assert abs(log_z.value - known.log_z()) < 4 * log_z.standard_error
    size = estimators.weighted_average(TRIMER.end_to_end(state.x).numpy() ** 2, info.log_weight)
    assert abs(size.value - known.end_to_end_squared()) < 4 * size.standard_error


def test_weights_are_exact_and_rise_with_the_steps():
    few, many = walk(1), walk(12)
    assert_exact(*few)
    assert_exact(*many)
    lost = [-np.log(estimators.ess_fraction(info.log_weight)) for _, info in (few, many)]
    assert lost[1] < 0.7 * lost[0]
    assert many[1].acceptance.shape == (11,)
    assert np.all(np.diff(many[1].acceptance[[0, 5, 10]]) > 0)


def test_planted_moves_that_are_all_accepted_are_seen(monkeypatch):
    class Generous(np.random.Generator):
        def exponential(self, *, size):
            return np.full(size, np.inf)

    def generous(seed):
        return Generous(np.random.PCG64(seed))

    monkeypatch.setattr(delayed_acceptance.np.random, "default_rng", generous)
    state, info = walk(12)
    assert np.all(info.acceptance == 1)
    with pytest.raises(AssertionError):
        assert_exact(state, info)


def test_the_same_numbers_from_the_same_seed():
    (one, a), (other, b) = walk(3), walk(3)
    np.testing.assert_array_equal(a.log_weight, b.log_weight)
    np.testing.assert_array_equal(one.x, other.x)


def test_what_has_no_weight_keeps_none():
    def weigh(x):
        found = log_weight(x)
        found[:5] = -np.inf
        return found

    _, info = walk(3, weigh=weigh)
    assert np.all(info.log_weight[:5] == -np.inf)
    assert np.all(np.isfinite(info.log_weight[5:]))


def test_log_weights_of_another_shape_and_nan_are_refused():
    with pytest.raises(ValueError, match=r"log_weight must return shape \[4000\], got \(3,\)"):
        walk(2, weigh=lambda x: np.zeros(3))
    with pytest.raises(ValueError, match="log_weight must not be NaN, got 4000 of 4000"):
        walk(2, weigh=lambda x: np.full(len(x), np.nan))
