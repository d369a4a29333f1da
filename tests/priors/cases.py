"""The priors under the laws, one line each, with what a law needs to know of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import special

from boltzmann_tf.bijectors import Bijector, Parameters, Scaling
from boltzmann_tf.priors import (
    Circles,
    DistributionPrior,
    MeanFreeNormal,
    Mixture,
    Normal,
    Prior,
    UniformBox,
)
from boltzmann_tf.systems import System

tfd = tfp.distributions


class Exponential(Prior):
    """A user's own prior: two methods."""

    def __init__(self, event_size, scale=1.0):
        super().__init__(event_size)
        self.scale = scale

    def sample(self, n, temperature, seed, condition=None, dtype=tf.float32):
        u = tf.random.stateless_uniform([n, self.event_size], seed, dtype=dtype)
        return -self.scale * tf.cast(temperature, dtype)[..., None] * tf.math.log1p(-u)

    def log_prob(self, z, temperature, condition=None):
        width = self.scale * tf.cast(temperature, z.dtype)
        log_p = -tf.reduce_sum(z, axis=-1) / width - self.event_size * tf.math.log(width)
        return tf.where(tf.reduce_all(z >= 0, axis=-1), log_p, tf.cast(-np.inf, z.dtype))


class Gaussian(System):
    """log Z = (D / 2) ln(2 pi tau sd^2)."""

    def __init__(self, size, sd=0.7):
        self.event_shape, self.sd = (size,), sd

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) / self.sd**2

    def log_z(self, tau):
        return 0.5 * self.event_size * np.log(2 * np.pi * tau * self.sd**2)


class Pairs(Gaussian):
    """Springs between all of three particles on a line, in Helmert's coordinates: 3 |z|^2 / 2."""

    def __init__(self):
        super().__init__(2, 3**-0.5)

    def energy(self, x):
        r = MeanFreeNormal(3, 1).positions(x)[..., 0]
        return 0.25 * tf.reduce_sum((r[..., :, None] - r[..., None, :]) ** 2, axis=[-2, -1])


class Slope(System):
    """The sum of coordinates in a box."""

    event_shape = (2,)
    domain = "box"
    bounds = ([-1.0, 0.5], [2.0, 1.5])

    def energy(self, x):
        return self.confined(x, tf.reduce_sum(x, axis=-1))

    def training_energy(self, x):
        return self.walled(x, tf.reduce_sum(x, axis=-1))

    def log_z(self, tau):
        low, high = map(np.array, self.bounds)
        return np.sum(np.log(tau * (np.exp(-low / tau) - np.exp(-high / tau))))


class Rotors(System):
    """Two angles in a field: Z = (2 pi I_0(1 / tau))^2."""

    event_shape = (2,)
    domain = "torus"
    bounds = (-np.pi, np.pi)

    def energy(self, x):
        return self.confined(x, -tf.reduce_sum(tf.cos(x), axis=-1))

    def training_energy(self, x):
        return -tf.reduce_sum(tf.cos(x), axis=-1)

    def log_z(self, tau):
        return 2 * np.log(2 * np.pi * special.i0(1 / tau))


class Half(System):
    """Half of a Gaussian."""

    event_shape = (1,)
    domain = "box"
    bounds = ([0.0], [np.inf])

    def energy(self, x):
        return self.confined(x, 0.5 * x[..., 0] ** 2)

    def training_energy(self, x):
        return self.walled(x, 0.5 * x[..., 0] ** 2)

    def log_z(self, tau):
        return 0.5 * np.log(np.pi * tau / 2)


def wide(low, high):
    """Ends that grow with the width of a tempered density."""
    return lambda tau: (np.sqrt(tau) * np.array(low), np.sqrt(tau) * np.array(high))


def fixed(low, high):
    return lambda tau: (np.array(low), np.array(high))


def scaled(size=2):
    """x = 2 z at the start."""
    bijector = Scaling(size)
    bijector.trainable_variables[0].assign([-0.7] * size)
    return bijector


class Turn(Bijector):
    """Angles turned by learned angles."""

    def __init__(self, event_size):
        self._by = Parameters(event_size)
        super().__init__(event_size, layers=[self._by])

    def forward_and_log_det(self, z):
        return z + self._by(), tf.zeros(tf.shape(z)[:-1])

    def inverse_and_log_det(self, x):
        return x - self._by(), tf.zeros(tf.shape(x)[:-1])


class Case(NamedTuple):
    """A prior, where its density is, a system for it, a bijector to train, a configuration."""

    prior: Prior
    ends: Callable[[float], Any]
    system: System
    bijector: Callable[[int], Any] | None  # None where there is nothing to learn
    data: list[float]
    at: Callable[[float], Prior] | None = None  # the same at tau = 1; None for a power of p
    temperatures: tuple[float, ...] = (0.5, 1.0, 2.0)


CIRCLE = fixed([-np.pi] * 2, [np.pi] * 2)
CENTRES, SCALES = np.array([[-1.0, 0.0], [1.2, 0.5]]), np.array([[0.5, 0.8], [1.0, 0.6]])
LOGISTIC = tfd.Independent(tfd.Logistic([0.2, 0.0], [0.4, 0.5]), 1)
CASES = {
    "normal": Case(Normal(2), wide([-8] * 2, [8] * 2), Gaussian(2), scaled, [0.3, -0.2]),
    "mean-free": Case(MeanFreeNormal(3, 1), wide([-8] * 2, [8] * 2), Pairs(), scaled, [0.3, -0.2]),
    "box": Case(
        UniformBox([-1.0, 0.5], [2.0, 1.5]), fixed([-1, 0.5], [2, 1.5]), Slope(), scaled,
        [0.1, 0.7], at=lambda tau: UniformBox([-1.0, 0.5], [2.0, 1.5]),
    ),
    "uniform circles": Case(Circles(2), CIRCLE, Rotors(), None, [1.0, -2.0]),
    "von Mises": Case(Circles(2, [0.0, 2.0], [0.0, 1.0]), CIRCLE, Rotors(), Turn, [1.0, -2.0]),
    "mixture": Case(
        Mixture(CENTRES, SCALES, [1.0, 3.0]), wide([-9] * 2, [9] * 2), Gaussian(2), scaled,
        [0.3, -0.2], at=lambda tau: Mixture(CENTRES, SCALES * tau**0.5, [1.0, 3.0]),
    ),
    "distribution": Case(
        DistributionPrior(LOGISTIC), wide([-16] * 2, [16] * 2), Gaussian(2), scaled, [0.3, -0.2],
        temperatures=(1.0,),
    ),
    "own": Case(
        Exponential(1, scale=0.8), lambda tau: ([0.0], [20.0 * tau]), Half(), scaled, [0.4]
    ),
}  # fmt: skip
