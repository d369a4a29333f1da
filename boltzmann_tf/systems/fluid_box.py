"""A periodic box of a fluid with any number of particles, as a family of systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import potentials
from boltzmann_tf._support.checks import choice, finite, instance, positive, positive_int
from boltzmann_tf.potentials import Pairs
from boltzmann_tf.systems.base import System

__all__ = ["FluidBox"]


class FluidBox(System):
    """n particles in a periodic square or cube of volume v: the condition is (n, v).

    Configurations are positions over the side, `[most * dimension]` numbers in [0, 1], (x, y, ...)
    of one particle after the other; those beyond n are noise. The energy is U / T, and the nearest
    image counts whatever the side, so that

        Q(n, v) = 1 / n! integral of exp(-U / T) = v^n / n! <exp(-energy)> over uniform positions.

    Args:
      most: largest n.
      pairs: the potential, the same for all pairs.
      dimension: 2 or 3.
      temperature: T.
      attraction: a, of a term -a n^2 / v.
      densest: largest n / v, beyond which the energy is infinite; None for no limit.
    """

    domain = "box"
    condition_size = 2

    def __init__(
        self,
        most: int,
        pairs: Pairs,
        *,
        dimension: int = 2,
        temperature: float = 1.0,
        attraction: float = 0.0,
        densest: float | None = None,
    ) -> None:
        self.most = positive_int("most", most)
        self.pairs: Pairs = instance("pairs", potentials.from_document(pairs), Pairs)
        self.dimension = int(choice("dimension", dimension, (2, 3)))
        self.temperature = positive("temperature", temperature)
        self.attraction = finite("attraction", attraction)
        self.densest = None if densest is None else positive("densest", densest)
        if any(np.ndim(v) for v in self.pairs.parameters.values()):
            raise ValueError(
                "pairs must have the same parameters for all pairs, got some that are [n, n]"
            )
        self.event_shape = (self.most * self.dimension,)
        self.bounds = (np.zeros(self.event_shape), np.ones(self.event_shape))

    def least_volume(self, n: int) -> float:
        """The volume that n particles need at least."""
        positive_int("n", n, minimum=0)
        return 0.0 if self.densest is None else n / self.densest

    def uniform(self, n: int) -> float:
        """c of the energy -c / v of n particles as a whole, in kT at T = 1."""
        return self.attraction * n * n

    def positions(self, x: Any, condition: Any) -> np.ndarray:
        """Positions from 0 to the side, float64 `[batch, most, dimension]`; NaN beyond n."""
        c = np.asarray(condition, np.float64)
        r = np.asarray(x, np.float64).reshape(len(c), self.most, self.dimension)
        r = r * (c[:, 1] ** (1 / self.dimension))[:, None, None]
        return np.where((np.arange(self.most) < c[:, :1])[..., None], r, np.nan)

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """U / T, `[batch]`; +inf where particles coincide or the box is too dense."""
        return self.confined(x, self._energy(x, condition[0], None))

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The same with the potential's tangent below its core."""
        core = None if self.pairs.core is None else float(self.pairs.core)
        return self._energy(tf.clip_by_value(x, 0.0, 1.0), condition[0], core)

    def _energy(self, x: tf.Tensor, condition: tf.Tensor, core: float | None) -> tf.Tensor:
        n, v = condition[:, 0], condition[:, 1]
        r = tf.reshape(x, [-1, self.most, self.dimension])
        i, j = np.triu_indices(self.most, 1)
        d = tf.gather(r, i, axis=1) - tf.gather(r, j, axis=1)
        d -= tf.round(d)
        r2 = tf.reduce_sum(d * d, axis=-1) * (v ** (2 / self.dimension))[:, None]
        counted = tf.cast(np.maximum(i, j), n.dtype) < n[:, None]
        r2 = tf.where(counted, r2, tf.ones_like(r2))
        p = self.pairs
        if core is None:
            u = p.of_pair(r2)
        else:  # below the core the tangent
            held = tf.maximum(r2, core**2)
            u = p.of_pair(held)
            u += potentials.base.slope(p.function, core**2, list(p.parameters.values())) * (
                r2 - held
            )
        total = tf.reduce_sum(tf.where(counted, u, tf.zeros_like(u)), axis=-1)
        total = (total - self.attraction * n * n / v) / self.temperature
        if self.densest is None:
            return total
        fits = n <= self.densest * v * (1 + 1e-6)
        return tf.where(fits, total, tf.cast(np.inf, total.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("most", "dimension", "temperature", "attraction", "densest")
        found = {name: getattr(self, name) for name in names}
        return found | {"pairs": potentials.to_document(self.pairs)}
