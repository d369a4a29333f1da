"""k-hat where ties, rounding and walls end a fit; the same from ArviZ below and above 1.0."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators import _arviz, _tails

N = 10_000


def rng():
    return np.random.default_rng(0)


def float32_noise():
    """An exact generator in float32: log Z and the last bit of it."""
    return np.float64(np.float32(1.8378771)) + np.round(rng().normal(size=N)) * 2.0**-23


BOUNDED = {
    "exact generator, float32": float32_noise,
    "exact generator, offset 1e6": lambda: 1e6 + 0.0625 * np.round(rng().normal(size=N)),
    "two values": lambda: np.where(rng().random(N) < 0.5, 0.0, -1.0),
    "clipped": lambda: np.minimum(0.8 * rng().exponential(size=N), 0.8 * math.log(20)),
    "hard wall": lambda: np.where(rng().random(N) < 0.5, -np.inf, 0.0),
    "hard wall, few inside": lambda: np.where(rng().random(N) < 0.99, -np.inf, 0.0),
    # 16 spins in 13 levels of 4 J, weighted from T = 1.6 to 1.5: the ground state weighs most
    "discrete energies": lambda: (
        (1 / 1.6 - 1 / 1.5) * (-32.0 + 4 * np.minimum(rng().poisson(0.4, N), 12))
    ),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_weights_that_have_a_largest_value_are_good(name):
    weights = BOUNDED[name]()
    report = est.weight_report(weights)
    assert report.pareto_k < 0.2
    assert "(good" in report.summary()


def test_equal_to_rounding_is_a_named_value():
    assert est.pareto_k(np.full(N, 1e6)) == -math.inf
    assert est.pareto_k(float32_noise(), resolution=4e-7) == -math.inf
    assert est.pareto_k(float32_noise().astype(np.float32)) < 0.2
    assert "-inf (good: no tail)" in est.weight_report(np.zeros(N)).summary()


def test_a_few_above_many_equal_ones():
    """Hill's estimate, the mean of log(w / cutoff): closed form."""
    many = np.zeros(N)
    many[:4] = math.log(1000)
    assert est.pareto_k(many) == pytest.approx(math.log(1000))
    many[:4] = 1e-7  # the last bit
    assert est.pareto_k(many) == pytest.approx(1e-7)


def test_a_handful_of_positive_weights_is_unknown():
    few = np.full(N, -np.inf)
    few[:4] = [0.0, 1.0, 2.0, 3.0]
    assert math.isnan(est.pareto_k(few))


def test_rounding_does_not_hide_a_heavy_tail():
    """The planted error: a tolerance as wide as the weights."""
    heavy = 0.8 * rng().exponential(size=N)
    assert est.pareto_k(heavy, resolution=1e-3) > 0.5
    assert est.pareto_k(np.round(heavy / 0.0625) * 0.0625 + 1e6) > 0.5
    assert est.pareto_k(heavy, resolution=heavy.max()) == -math.inf


def test_nearly_equal_weights_do_not_alarm_an_average():
    """A generator exact to 1e-5, whose rounding has the heaviest of tails."""
    noise = rng().pareto(0.8, N)
    nearly = np.log1p(1e-3 * noise / noise.max())
    assert est.pareto_k(nearly) > 0.7
    x = rng().normal(size=N)
    counted = np.stack([x > 1.0, x < 0.0], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        est.weighted_average(counted, nearly)
        est.free_energy_profile(x, nearly, edges=np.linspace(-1, 1, 5))
        est.free_energy_difference(x, nearly, cut=0.0)
        est.populations(x, nearly, regions={"right": (0.0, 9.0)})
    # The planted error: the same tail, not of rounding.
    with pytest.warns(est.CalibrationWarning, match="k-hat"):
        est.weighted_average(counted, np.log1p(noise))


def gpd(values):
    """Zhang and Stephens (2009) with the prior of PSIS, as both ArviZ have it."""
    n = values.size
    m = 30 + int(n**0.5)
    b = (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * values[int(n / 4 + 0.5) - 1])
    b += 1 / values[-1]
    k = np.log1p(-b[:, None] * values).mean(axis=1)
    log_like = n * (np.log(-b / k) - k - 1)
    weight = 1 / np.exp(log_like - log_like[:, None]).sum(axis=1)
    kept = weight >= 10 * np.finfo(float).eps
    mean = np.sum(b[kept] * weight[kept]) / weight[kept].sum()
    return (n * np.log1p(-mean * values).mean() + 5) / (n + 10)


def cut(weights, size):
    """(tail, cutoff) in log weights, shifted to a peak of zero."""
    ordered = np.sort(weights - weights.max())
    return ordered[-size:], ordered[-size - 1]


def legacy(weights, r_eff):
    """The rules of arviz 0.23: log-weights; the tail is cut at a rank, rounded up."""
    size = math.ceil(min(len(weights) / 5, 3 * (len(weights) / r_eff) ** 0.5))
    tail, cutoff = cut(weights, size)
    tail = tail[tail > max(cutoff, math.log(np.finfo(float).tiny))]
    return gpd(np.exp(tail) - np.exp(cutoff)) if tail.size > 4 else np.inf


def modern(weights, r_eff):
    """The rules of arviz-stats 0.8: log-likelihoods; rounded down; ties stay; may raise."""
    n = len(weights)
    size = int(3 * (n / r_eff) ** 0.5 if n * r_eff > 225 else n / 5)
    tail, cutoff = cut(-weights, size)
    if tail[-1] - tail[0] < np.finfo(float).tiny:
        raise ValueError("All tail values are the same")
    return gpd(np.exp(tail) - np.exp(cutoff))


@pytest.mark.parametrize(
    "weights",
    [
        *BOUNDED.values(),
        lambda: 0.8 * rng().exponential(size=N),
        lambda: rng().normal(size=237),
        lambda: np.round(rng().normal(size=333)),
    ],
)
def test_every_arviz_gives_the_same(weights, monkeypatch):
    found = [est.pareto_k(weights())]
    for rules in (legacy, modern):
        functions = _arviz._Functions(rules, lambda *a: math.nan, lambda *a: math.nan)
        monkeypatch.setattr(_tails, "backend", lambda f=functions: _arviz._adapted(f))
        found.append(est.pareto_k(weights()))
    assert found[1] == pytest.approx(found[0], rel=1e-9, abs=1e-9)
    assert found[2] == pytest.approx(found[0], rel=1e-9, abs=1e-9)


def test_left_to_themselves_they_differ():
    """The planted error: whole weights, ties included."""
    weights = BOUNDED["clipped"]()
    assert legacy(weights, 1.0) == np.inf
    with pytest.raises(ValueError, match="All tail values are the same"):
        modern(-weights, 1.0)
