"""The continuous flow on lattices: the laws of every bijector, its symmetries, its integrator."""

from __future__ import annotations

import functools

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf.bijectors import LatticeFlow, Scaling, Sequence
from boltzmann_tf.bijectors.lattice import _orbits

# Steps at which Runge-Kutta is exact to the laws' tolerances for the perturbed fields below. The
# laws ask for exactness; the order of the error is a law of its own.
STEPS = {"float32": 24, "float64": 200}
KINDS = {
    "plain": {},
    "conditional": {"condition_size": 1, "condition_range": (-2.0, 3.0), "degree": 2},
}
kinds = pytest.mark.parametrize("kind", KINDS)


@functools.cache
def built(kind="plain", length=2, dtype="float32", steps=None, scale=0.03):
    steps = steps or STEPS[dtype]
    flow = LatticeFlow(length, features=2, steps=steps, seed=1, dtype=dtype, **KINDS[kind])
    return laws.perturb(flow, scale)


def points(length, n=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, length**2))


def both(flow, z):
    options = laws.condition_for(flow, (len(z),))
    return [part.numpy() for part in flow.forward_and_log_det(z, **options)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [2, 3])
@kinds
def test_pointwise(kind, length, dtype):
    laws.pointwise(laws.evaluate(built(kind, length, dtype), points(length)))


def test_the_laws_see_a_trace_without_multiplicities(monkeypatch):
    """Planted: a divergence that counts every orbit of the kernels once."""
    flow = LatticeFlow(3, features=2, steps=100, dtype="float64")
    flow._multiplicity = np.ones_like(flow._multiplicity)
    laws.perturb(flow, 0.05)
    with pytest.raises(AssertionError, match="log_det against autodiff"):
        laws.log_det_is_autodiff(laws.evaluate(flow, points(3)))


@kinds
def test_other_laws(kind, tmp_path):
    flow = built(kind)
    laws.tfp_methods_agree(flow, points(2))
    laws.batch_shapes(flow)
    laws.far_gradients_are_finite(flow)
    laws.xla_agrees(flow)
    twin = LatticeFlow(
        2, features=2, steps=STEPS["float32"], seed=1, dtype="float64", **KINDS[kind]
    )
    laws.dtypes_agree(flow, twin)
    laws.config_round_trips(flow)
    fresh = laws.perturb(LatticeFlow(2, features=2, **KINDS[kind]), 0.03)
    laws.is_trainable(fresh, tmp_path)


def moved(x, length, move):
    return move(x.reshape(-1, length, length)).reshape(len(x), -1)


SYMMETRIES = {
    "translation": lambda x: np.roll(x, (1, 2), axis=(1, 2)),
    "rotation": lambda x: np.rot90(x, axes=(1, 2)),
    "reflection": lambda x: x[:, ::-1],
    "exchange of axes": lambda x: x.transpose(0, 2, 1),
    "flip": lambda x: -x,
}


@pytest.mark.parametrize("move", SYMMETRIES)
@pytest.mark.parametrize("length", [3, 4])
def test_commutes_with_the_symmetries_of_the_lattice(length, move):
    flow, z = built("plain", length, "float64", 4, 0.3), points(length)
    x, log_det = both(flow, z)
    other, other_log_det = both(flow, moved(z, length, SYMMETRIES[move]))
    np.testing.assert_allclose(other, moved(x, length, SYMMETRIES[move]), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(other_log_det, log_det, rtol=1e-10, atol=1e-10)


def test_no_symmetry_that_the_lattice_lacks():
    """Planted: an exchange of two sites is none."""
    flow, z = built("plain", 3, "float64", 4, 0.3), points(3)
    order = [1, 0, *range(2, 9)]
    assert np.abs(both(flow, z[:, order])[0] - both(flow, z)[0][:, order]).max() > 1e-3


def test_error_falls_with_the_fourth_power_of_the_step():
    flow, z = built("plain", 3, "float64", 48, 0.1), points(3)
    fine = both(flow.refined(16), z)
    errors = [
        [np.abs(a - b).max() for a, b in zip(both(flow.refined(k), z), fine, strict=True)]
        for k in (1, 2)
    ]
    ratio = np.divide(*errors)
    assert np.all((ratio > 10) & (ratio < 25)), ratio


def test_refined_keeps_the_weights_and_says_its_steps():
    flow = built("conditional", 2, "float64", 8)
    finer = flow.refined(3)
    assert finer.get_config() == {**flow.get_config(), "steps": 24}
    for a, b in zip(flow.variables, finer.variables, strict=True):
        assert np.array_equal(a, b)


def test_starts_as_a_scaling_of_modes_that_matches_data():
    """Fields with a known spectrum, symmetric in the axes; 5000 of them: 6 sigma of a variance."""
    length, n = 4, 5000
    rng = np.random.default_rng(0)
    orbits, _ = _orbits(length)
    std = np.array([3.0, 2.0, 0.5, 1.5, 0.7, 0.2])[orbits]
    noise = np.fft.fft2(rng.standard_normal((n, length, length)))
    x = np.real(np.fft.ifft2(noise * std)).reshape(n, -1)
    flow = LatticeFlow(length, dtype="float64")
    flow.match_modes(x)
    z = rng.standard_normal((n, length**2))
    made, log_det = both(flow, z)
    power = np.mean(np.abs(np.fft.fft2(made.reshape(n, length, length))) ** 2, axis=0) / length**2
    # Each spectrum is an average over n modes or more: relative error sqrt(2 / n) each.
    np.testing.assert_allclose(power, std**2, rtol=6 * np.sqrt(4 / n))
    np.testing.assert_allclose(log_det, np.sum(np.log(std)), atol=0.2)


def test_matches_modes_at_every_condition():
    length, n = 2, 20_000
    rng = np.random.default_rng(1)
    temperature = np.repeat([1.0, 2.0, 3.0], n)[:, None]
    x = temperature * rng.standard_normal((3 * n, 4))
    flow = LatticeFlow(
        length, condition_size=1, condition_range=(1.0, 3.0), degree=2, dtype="float64"
    )
    flow.match_modes(x, temperature)
    _, log_det = flow.forward_and_log_det(np.zeros((3, 4)), condition=[[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(log_det, 4 * np.log([1, 2, 3]), atol=0.06)


def test_cost_is_that_of_a_crooked_path_and_passes_through_a_sequence():
    flow = built("plain", 2, "float64", 50, 0.3)
    z = points(2)
    x, log_det, cost = flow.forward_with_cost(z)
    np.testing.assert_array_equal(x, flow.forward_and_log_det(z)[0])
    assert np.all(cost.numpy() > 0)
    together = Sequence([Scaling(4, dtype="float64"), flow, flow])
    total = together.forward_with_cost(z)[2]
    np.testing.assert_allclose(total, cost + flow.forward_with_cost(x)[2], rtol=1e-10)
    assert not np.any(Scaling(4).forward_with_cost(points(2).astype(np.float32))[2])
    # It is an integral over time: another number of steps gives the same.
    np.testing.assert_allclose(flow.refined(2).forward_with_cost(z)[2], cost, rtol=0.1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"length": 1}, ValueError, "length must be an integer >= 2, got 1"),
        ({"features": 0}, ValueError, "features must be an integer >= 1, got 0"),
        ({"steps": 0}, ValueError, "steps must be an integer >= 1, got 0"),
        ({"condition_size": 2}, ValueError, "condition_size must be 0 or 1, got 2"),
        ({"condition_range": (2, 1)}, ValueError, "condition_range must be .low, high."),
        ({"condition_size": 1, "degree": -1}, ValueError, "degree must be an integer >= 0"),
    ],
)
def test_bad_calls(options, error, message):
    with pytest.raises(error, match=message):
        LatticeFlow(**{"length": 2, **options})


def test_wrong_size():
    with pytest.raises(ValueError, match=r"z must have shape \[..., 4\]"):
        built().forward_with_cost(tf.zeros([3, 5]))
