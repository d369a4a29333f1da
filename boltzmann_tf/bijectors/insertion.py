"""Particles put into a box one after another, where those that are there leave room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf.bijectors._insertion_field import PARTS, InsertionField
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Pairs, from_document, to_document

__all__ = ["InsertionFlow"]


@register
class InsertionFlow(Bijector):
    """A box in the plane, filled particle by particle by a density on a grid.

    Where the k-th particle goes is drawn from exp(-field) on a grid of cells, the field being a sum
    over the particles that are there: of their potential, and of a few bumps around them, with
    weights that a network makes of (k, n, v). So it knows what particles to come will make of the
    place. Within a cell the density is even: as a map of two uniform numbers it is that of
    piecewise linear distribution functions, of y given x. Configurations are those of
    `systems.FluidBox`; the condition is (n, v). Lengths are in units of a particle's diameter.

    Rosenbluth's insertion is the same with the potential alone, which it starts as.

    Args:
      most: largest number of particles.
      pairs: the potential that a field begins with.
      temperature: T.
      grid: cells along each side.
      hidden: widths of the hidden layers of the network.
      activation: of these.
      seed: of the initial weights.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        most: int,
        pairs: Pairs,
        *,
        temperature: float = 1.0,
        grid: int = 48,
        hidden: Sequence[int] = (32, 32),
        activation: str = "silu",
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._most = positive_int("most", most)
        self._pairs: Pairs = instance("pairs", from_document(pairs), Pairs)
        self._temperature = positive("temperature", temperature)
        self._grid = positive_int("grid", grid, minimum=2)
        net = MLP(
            5,
            PARTS,
            hidden,
            activation=check_activation("activation", activation),
            zero_output=True,
            seed=seed,
            dtype=dtype,
        )
        super().__init__(2 * most, layers=[net], condition_size=2, dtype=dtype, name=name)
        self._net = self._no_dependency(net)
        self._field = self._no_dependency(
            InsertionField(self._pairs, self._temperature, self._grid)
        )
        self._given = self._no_dependency(
            {
                "most": most,
                "pairs": to_document(self._pairs),
                "temperature": self._temperature,
                "grid": grid,
                "hidden": list(hidden),
                "activation": activation,
                "seed": seed,
            }
        )

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One particle after another."""
        return self._all(z, condition, inverse=False)

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The numbers that the particles came from."""
        return self._all(x, condition, inverse=True)

    def _all(
        self, value: tf.Tensor, condition: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shape = tf.shape(value)
        pairs = tf.reshape(value, [-1, self._most, 2])
        c = tf.reshape(condition, [-1, 2])
        n, v = c[:, 0], c[:, 1]
        moved, log_det = self._field.filled(
            pairs, v, lambda k: self._weights(k, n, v), count=n, inverse=inverse
        )
        found = tf.reshape(moved, shape)
        found.set_shape(value.shape)
        return found, tf.reshape(log_det, shape[:-1])

    def _weights(self, k: tf.Tensor, n: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
        """Of the potential, 1 at first, and of the bumps, `[batch, 1 + bumps]`."""
        k = tf.cast(k, n.dtype) + tf.zeros_like(n)
        count = tf.maximum(n, 1)
        seen = tf.stack([k / count, 1 / count, n / 8, tf.math.log(v / count), n / v], axis=-1)
        first = tf.one_hot(tf.zeros_like(n, tf.int32), PARTS, dtype=n.dtype)
        return first + self._net(seen)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given}
        del config["event_size"], config["condition_size"]
        return config
