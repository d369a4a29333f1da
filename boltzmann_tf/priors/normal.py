"""The standard normal, and that of particles without their common mean."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import finite_array, positive_int
from boltzmann_tf._support.helmert import helmert
from boltzmann_tf._support.products import accurate
from boltzmann_tf._support.random import normal
from boltzmann_tf.priors.base import Prior, as_tensor

tfd = tfp.distributions

__all__ = ["MeanFreeNormal", "Normal", "standard_energy"]


def standard_energy(z: tf.Tensor, temperature: Any = 1.0) -> tf.Tensor:
    """|z|^2 / (2 tau), `[..., D]` to `[...]`."""
    half_square = 0.5 * tf.reduce_sum(z**2, axis=-1)
    if isinstance(temperature, int | float) and temperature == 1:
        return half_square
    return half_square / temperature


class Normal(Prior):
    """N(0, tau I): the temperature scales the variance, as in the paper.

    The density at tau is the one at 1 to the power 1 / tau, normalised.

    Args:
      event_size: number D of latent coordinates.

    Examples:
      >>> prior = bg.priors.Normal(2)
      >>> prior.log_prob(tf.zeros([1, 2]), 1.0).numpy().round(4)  # -log 2 pi
      array([-1.8379], dtype=float32)
    """

    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws, `[n, event_size]`."""
        noise = normal([n, self.event_size], seed, dtype)
        return noise * tf.sqrt(as_tensor(temperature, dtype))[..., None]

    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """log N(z; 0, tau I), `[n]`."""
        tau = as_tensor(temperature, z.dtype)
        norm = 0.5 * self.event_size * (tf.math.log(tau) + tf.cast(np.log(2 * np.pi), z.dtype))
        return -tf.reduce_sum(z**2, axis=-1) / (2 * tau) - norm

    def energy(
        self, z: tf.Tensor, temperature: Any = 1.0, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """|z|^2 / (2 tau), `[n]`: without the constant (D / 2) ln(2 pi tau), as published."""
        return standard_energy(z, temperature)

    def score(self, z: tf.Tensor, temperature: Any) -> tf.Tensor:
        """-z / tau."""
        return -z / temperature

    def distribution(
        self, temperature: float = 1.0, dtype: tf.DType = tf.float32
    ) -> tfd.Distribution:
        """The prior at one temperature as a TFP distribution over `[event_size]`."""
        scale = tf.cast(np.sqrt(temperature), dtype)
        return tfd.MultivariateNormalDiag(
            tf.zeros(self.event_size, dtype), tf.fill([self.event_size], scale)
        )


class MeanFreeNormal(Normal):
    """Normal positions of particles less their mean: N(0, tau I) on the subspace of mean zero.

    Latent vectors are the (n - 1) * dimension coordinates of the positions in Helmert's orthonormal
    basis of that subspace, those in which a `ParticleSystem` that nothing holds in place has its
    configurations. In them it is the normal density of as many numbers, with its normalisation
    (2 pi tau)^(-(n - 1) dimension / 2); `positions` and `coordinates` go to and fro.

    Over the n * dimension numbers of the positions themselves it has no density, and the
    log-determinants of this package's bijectors, which are of all coordinates, would not be those
    of the subspace. Libraries that keep such positions (bgflow's `MeanFreeNormalDistribution`)
    leave the constant 0.5 (n - 1) dimension ln(2 pi) out of their log-density: take it off theirs
    to have this one, and log Z that is with respect to the volume of the subspace.

    Args:
      particles: number n of particles, at least 2.
      dimension: of space.
    """

    def __init__(self, particles: int, dimension: int) -> None:
        self._particles = positive_int("particles", particles, minimum=2)
        self._dimension = positive_int("dimension", dimension)
        super().__init__((self._particles - 1) * self._dimension)

    @functools.cached_property
    def _basis(self) -> np.ndarray:
        return helmert(self._particles)

    def positions(self, z: Any) -> tf.Tensor:
        """Positions with mean zero, `[..., particles, dimension]`, of `[..., event_size]`."""
        z = tf.convert_to_tensor(z)
        if z.shape.rank == 0 or not z.shape[-1:].is_compatible_with([self.event_size]):
            raise ValueError(f"z must have shape [..., {self.event_size}], got {z.shape}")
        shape = [*z.shape[:-1], self._particles - 1, self._dimension]
        if z.shape.rank == 2 and z.shape[0] is None:
            shape[0] = -1
        basis = tf.constant(self._basis.T, z.dtype)
        return accurate(tf.matmul, basis, tf.reshape(z, shape))

    def coordinates(self, positions: Any) -> np.ndarray:
        """Latent vectors `[..., event_size]` of positions `[..., particles, dimension]`.

        Where their mean is not zero it is taken out.
        """
        r = finite_array("positions", positions)
        if r.shape[-2:] != (self._particles, self._dimension):
            raise ValueError(
                f"positions must have shape [..., {self._particles}, {self._dimension}], got "
                f"{r.shape}"
            )
        return (self._basis @ r).reshape(*r.shape[:-2], self.event_size)
