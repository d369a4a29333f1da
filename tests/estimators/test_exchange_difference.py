"""Free-energy differences from replica exchange: exact draws at each rung."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators

GRID = np.linspace(-1.5, 1.7, 4001)
BARRIER = 16 * (GRID**2 - 1) ** 2 + 2 * GRID  # kT
FACTORS = np.linspace(1.0, 0.15, 8) ** 2


def drawn(rounds=500, ladders=16, seed=1):
    rng = np.random.default_rng(seed)
    c = np.empty((ladders, len(FACTORS), rounds))
    for k, factor in enumerate(FACTORS):
        p = np.exp(-factor * (BARRIER - BARRIER.min()))
        c[:, k] = rng.choice(GRID, (ladders, rounds), p=p / p.sum())
    return c, np.interp(c, GRID, BARRIER)


def exact(left, right):
    p = np.exp(-BARRIER)
    return np.log(p[left].sum() / p[right].sum())


def test_difference_by_mbar():
    """Within seven jackknife errors over 16 ladders of quadrature: false alarm 5e-6, by Student."""
    c, v = drawn()
    found = estimators.exchange_difference(c, v, FACTORS, cut=0.0)
    wanted = exact(GRID < 0, GRID > 0)
    assert found.standard_error < 0.15
    assert abs(found.value - wanted) < 7 * found.standard_error
    # Planted: factors taken for one another.
    wrong = estimators.exchange_difference(c, v, FACTORS**0.7, cut=0.0)
    assert abs(wrong.value - wanted) > 7 * found.standard_error
    wells = {"left": (-1.3, -0.7), "right": (0.7, 1.3)}
    inner = estimators.exchange_difference(c, v, FACTORS, **wells)
    wanted = exact(*((GRID > low) & (GRID < high) for low, high in wells.values()))
    assert abs(inner.value - wanted) < 7 * inner.standard_error


def test_errors_are_of_ladders():
    """Rounds that say the same thing again make them no smaller, unlike ladders that do."""
    c, v = drawn(50, 6)
    given = {"cut": 0.0, "n_samples": 10**6}
    once = estimators.exchange_difference(c, v, FACTORS, **given)
    rounds = [np.repeat(part, 3, axis=2) for part in (c, v)]
    assert estimators.exchange_difference(*rounds, FACTORS, **given) == pytest.approx(once, 1e-6)
    ladders = [np.repeat(part, 2, axis=0) for part in (c, v)]
    twice = estimators.exchange_difference(*ladders, FACTORS, **given)
    assert twice.value == pytest.approx(once.value, 1e-6)
    assert twice.standard_error < 0.8 * once.standard_error


def test_thinned_rounds_are_as_many_as_asked_for(monkeypatch):
    seen = []

    def counted(reduced, counts):
        seen.append(counts.tolist())
        return estimators.Estimates(np.zeros(len(counts)), np.zeros(len(counts)))

    monkeypatch.setattr("boltzmann_tf.estimators.exchange.mbar", counted)
    c, v = drawn(100, 4)
    estimators.exchange_difference(c, v, FACTORS, cut=0.0, n_samples=100)
    assert seen[-1] == [0, 0] + [4 * 25] * 8
    assert seen[0] == [0, 0] + [3 * 25] * 8


def test_two_ladders_at_least():
    c, v = drawn(10, 1)
    with pytest.raises(ValueError, match="coordinate must be of two ladders or more, got 1"):
        estimators.exchange_difference(c, v, FACTORS, cut=0.0)
