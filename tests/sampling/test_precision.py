"""Chains whose numbers are too coarse: refused, and right in the precision that is fine enough.

The well's free-energy difference is that of `exact`; errors are those of the spread over 200 chains
that start in equilibrium, |t| > 6 has a probability below 8e-9.
"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, System, estimators
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.estimators import CalibrationWarning
from boltzmann_tf.sampling import _precision, anneal, interpolate, latent_metropolis, metropolis
from boltzmann_tf.systems import DoubleWell, SpringInBox

CHAINS = 200
CONSTANT = -1e7


class Lifted(DoubleWell):
    """With a constant in its energy, as total energies of electrons have."""

    constant = CONSTANT

    def energy(self, x):
        return super().energy(x) + tf.constant(self.constant, x.dtype)


class Higher(Lifted):
    """Here float32 knows the energy to 8 kT."""

    constant = 10 * CONSTANT


WELL = Lifted(a2=4.0, a1=0.5)  # free-energy difference 1.318
RUN = {"n_steps": 1500, "stride": 5, "step_size": 1.0}


def right():
    return 1 / (1 + np.exp(WELL.exact.free_energy_difference()))


def start():
    """Equilibrium draws: x1 by the density on a grid, x2 normal."""
    rng = np.random.default_rng(0)
    x = np.linspace(-4, 4, 20_001)
    u = WELL.exact.energy(np.stack([x, 0 * x], axis=-1))
    p = np.exp(u.min() - u)
    return np.stack([rng.choice(x, CHAINS, p=p / p.sum()), rng.normal(size=CHAINS)], axis=-1)


def deviation(chains):
    """Of the share in the right well, in errors."""
    mean, error = estimators.mean_with_error((chains.x[..., 0] > 0).astype(float))
    return abs(mean - right()) / error


def test_a_large_constant_is_refused_in_float32_and_right_in_float64():
    with pytest.raises(ValueError, match=r"float32 to tell 0.01 kT apart, got 200 of 200 at the"):
        metropolis(WELL, start(), **RUN)
    chains = metropolis(WELL, start(), dtype="float64", **RUN)
    assert chains.x.dtype == chains.log_prob.dtype == np.float64
    assert deviation(chains) < 6


def test_without_the_check_the_number_is_wrong(monkeypatch):
    monkeypatch.setattr(_precision, "RESOLUTION", np.inf)
    assert deviation(metropolis(Higher(a2=4.0, a1=0.5), start(), **RUN)) > 6


@pytest.mark.parametrize(
    ("constant", "temperature", "refused"),
    [(8e4, 1.0, False), (9e4, 1.0, True), (9e4, 2.0, False), (-9e4, 1.0, True)],
)
def test_the_limit_is_that_of_u_over_tau(constant, temperature, refused):
    """float32 has 1.2e-7: 0.01 kT at 8.4e4 kT."""
    energies = np.array([constant]) / temperature
    if refused:
        with pytest.raises(ValueError, match="take float64, or a constant out of the energy"):
            _precision.check_resolution(energies, np.float32, "at the start", "float64")
    else:
        _precision.check_resolution(energies, np.float32, "at the start", "float64")
    _precision.check_resolution(energies, np.float64, "at the start", "float64")
    _precision.check_resolution(np.array([-np.inf]), np.float32, "at the start", "float64")


class Steep(System):
    """A parabola, high up the wall of which is too large an energy."""

    event_shape = (1,)

    def energy(self, x):
        return 0.5 * x[:, 0] ** 2


def test_a_start_high_up_wants_a_burn_in():
    options = {"n_steps": 20, "step_size": 20.0}
    with pytest.raises(ValueError, match="got 3 of 3 at the start that are not, up to 1.25e.05 kT"):
        metropolis(Steep(), np.full((3, 1), 500.0), **options)
    chains = metropolis(Steep(), np.full((3, 1), 500.0), burn_in=2000, **options)
    assert np.abs(chains.x).max() < 10
    with pytest.raises(ValueError, match="got 3 of 3 after the burn-in"):
        metropolis(Steep(), np.full((3, 1), 5e4), burn_in=1, **options)


class Flat(System):
    event_shape = (1,)

    def energy(self, x):
        return 0 * x[:, 0]


def test_steps_that_rounding_would_lose_are_refused():
    far = np.full((2, 1), 1e6)
    with pytest.raises(ValueError, match="step_size must be at least 0.0625, the distance of"):
        metropolis(Flat(), far, n_steps=10, step_size=0.01)
    assert np.ptp(metropolis(Flat(), far, n_steps=10, step_size=0.01, dtype="float64").x) > 0


class Single(Flat):
    def energy(self, x):
        return x[:, 0] * tf.constant(1.0, tf.float32)


class Scalar(Flat):
    def energy(self, x):
        return tf.reduce_sum(x)


def test_an_energy_of_one_precision_only():
    with pytest.raises(ValueError, match="dtype must be one that Single.energy computes in"):
        metropolis(Single(), [[0.0]], n_steps=10, dtype="float64")
    with pytest.raises(ValueError, match=r"Single.energy\(x\) must compute in float64"):
        BoltzmannGenerator(Single(), Scaling(1, dtype="float64"))
    BoltzmannGenerator(Single(), Scaling(1))


class Cast(Flat):
    def energy(self, x):
        return tf.cast(x[:, 0], tf.float32)


def test_an_energy_that_drops_digits_is_refused():
    with pytest.raises(ValueError, match="must return float64 for x of float64, got float32"):
        BoltzmannGenerator(Cast(), Scaling(1, dtype="float64"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float16"}, "dtype must be one of .'float32', 'float64'., got 'float16'"),
        ({"n_steps": 2**31}, "n_steps must be below 2"),
        (
            {"system": Scalar()},
            r"must return one energy a configuration, shape \[batch\], got \(\)",
        ),
        ({"system": SpringInBox(), "initial": [[5.0, 0.0]]}, "initial must have finite energies"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        metropolis(**{"system": Flat(), "initial": [[0.0]], "n_steps": 10} | options)


# Latent space.


def widened(system, dtype):
    return BoltzmannGenerator(system, Scaling(2, dtype=dtype))


def test_latent_moves_in_the_precision_of_the_generator():
    with pytest.raises(ValueError, match="take a generator of dtype float64"):
        latent_metropolis(widened(WELL, "float32"), start(), **RUN)
    fine = widened(WELL, "float64")
    chains = latent_metropolis(fine, start(), **RUN)
    assert chains.x.dtype == np.float64
    assert deviation(chains) < 6
    ends = np.array([[0.1, 0.2]]), np.array([[0.3, 0.4]])
    path = interpolate(fine, *ends, n_points=3)
    assert path.x.dtype == path.energy.dtype == np.float64
    np.testing.assert_allclose(path.x[:, 0], ends[0], rtol=1e-14)  # float32 would be off by 1e-8


def test_annealing_says_that_its_weights_are_rounded():
    options = {"n_steps": 1, "n_leapfrog": 1, "batch_size": 16, "jit_compile": False}
    with pytest.warns(CalibrationWarning, match=r"float32 to tell 0.01 kT apart, got 1.2 kT"):
        anneal(widened(WELL, "float32"), 16, **options)
    fine = anneal(widened(WELL, "float64"), 16, **options)
    assert fine.energy.dtype == np.float64
