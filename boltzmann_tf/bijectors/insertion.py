"""Particles put into a box one after another, where those that are there leave room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Pairs, from_document, to_document

__all__ = ["InsertionFlow"]

CENTRES = (1.0, 1.25, 1.6, 2.1, 2.8)  # of what a field is made of beside the potential, in sigma
WIDTHS = (0.12, 0.2, 0.3, 0.4, 0.6)
HIGHEST = 12.0  # of the potential, kT: what lies above is as good as never drawn
NEAREST2 = 0.3  # squared distance below which the potential is as there, in the same unit
WITHIN = (-0.29, 0.29)  # of a cell: from its middle, where the potential is looked at in it
UNSEEN = 1e-4  # share of a cell's density that no field can take away


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
            1 + len(CENTRES),
            hidden,
            activation=check_activation("activation", activation),
            zero_output=True,
            seed=seed,
            dtype=dtype,
        )
        super().__init__(2 * most, layers=[net], condition_size=2, dtype=dtype, name=name)
        self._net = self._no_dependency(net)
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
        rows = tf.shape(pairs)[0]
        given = tf.transpose(pairs, [1, 0, 2])

        def step(k: tf.Tensor, fields: tf.Tensor, log_det: tf.Tensor, out: Any) -> Any:
            here = given[k]
            log_p = self._log_density(fields, self._weights(k, n, v))
            moved, log_slope = _mapped(here, log_p, inverse=inverse)
            there = tf.cast(k, n.dtype) < n
            moved = tf.where(there[:, None], moved, here)
            log_det += tf.where(there, log_slope, tf.zeros_like(log_slope))
            # In both directions fields are those of configurations.
            place = here if inverse else moved
            fields += self._fields(place, v)
            return k + 1, fields, log_det, out.write(k, moved)

        parts = 1 + len(CENTRES)
        fields = tf.zeros([rows, self._grid, self._grid, parts], pairs.dtype)
        out = tf.TensorArray(pairs.dtype, self._most, element_shape=[None, 2])
        *_, log_det, out = tf.while_loop(
            lambda k, *_: k < self._most,
            step,
            (tf.constant(0), fields, tf.zeros_like(n), out),
            maximum_iterations=self._most,
            parallel_iterations=1,
        )
        found = tf.reshape(tf.transpose(out.stack(), [1, 0, 2]), shape)
        found.set_shape(value.shape)
        return found, tf.reshape(log_det, shape[:-1])

    def _weights(self, k: tf.Tensor, n: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
        """Of the potential, 1 at first, and of the bumps, `[batch, 1 + bumps]`."""
        k = tf.cast(k, n.dtype) + tf.zeros_like(n)
        count = tf.maximum(n, 1)
        seen = tf.stack([k / count, 1 / count, n / 8, tf.math.log(v / count), n / v], axis=-1)
        first = tf.concat([tf.ones_like(n[:, None]), tf.zeros([1, len(CENTRES)], n.dtype)
                           + tf.zeros_like(n[:, None])], axis=1)  # fmt: skip
        return first + self._net(seen)

    def _fields(self, place: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
        """What a particle adds to each part of the field, `[batch, grid, grid, 1 + bumps]`."""
        middle = (tf.range(self._grid, dtype=place.dtype) + 0.5) / self._grid
        side2 = v[:, None]  # the square of the side
        cell, t = tf.sqrt(v)[:, None, None] / self._grid, self._temperature
        squares = []
        for axis in range(2):
            d = middle - place[:, axis : axis + 1]
            d -= tf.round(d)
            squares.append(d * d * side2)
        r2 = squares[0][:, :, None] + squares[1][:, None, :]
        r = tf.sqrt(r2 + 1e-12)
        room = [
            tf.exp(-tf.minimum(self._pairs.of_pair(tf.maximum(s * s, NEAREST2)) / t, HIGHEST))
            for s in (r + share * cell for share in WITHIN)
        ]
        # A cell whose middle is inside of a core has room at its edge.
        field = -tf.math.log(tf.reduce_mean(tf.stack(room), axis=0))
        bumps = [
            tf.exp(-0.5 * ((r - centre) / width) ** 2)
            for centre, width in zip(CENTRES, WIDTHS, strict=True)
        ]
        return tf.stack([field, *bumps], axis=-1)

    def _log_density(self, fields: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """log of each cell's probability, `[batch, grid, grid]`."""
        cells = self._grid**2
        logits = -tf.einsum("bxyp,bp->bxy", fields, weights)
        flat = tf.nn.log_softmax(tf.reshape(logits, [-1, cells]), axis=-1)
        p = (1 - UNSEEN) * tf.exp(flat) + UNSEEN / cells
        return tf.reshape(tf.math.log(p), [-1, self._grid, self._grid])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given}
        del config["event_size"], config["condition_size"]
        return config


def _mapped(value: tf.Tensor, log_p: tf.Tensor, *, inverse: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """Two uniform numbers to a point by x's distribution and y's given x, or the way back.

    Args:
      value: in [0, 1], `[batch, 2]`.
      log_p: of the cells, `[batch, grid, grid]`.
      inverse: from the point to the numbers.

    Returns:
      what they become and the log of the change of area.
    """
    p = tf.exp(log_p)
    columns = tf.reduce_sum(p, axis=2)
    first, column, slope_x = _piecewise(value[:, 0], columns, inverse=inverse)
    mask = tf.one_hot(column, p.shape[1], dtype=p.dtype)
    row = tf.einsum("bxy,bx->by", p, mask)
    row /= tf.reduce_sum(row, axis=1, keepdims=True)
    second, _, slope_y = _piecewise(value[:, 1], row, inverse=inverse)
    return tf.stack([first, second], axis=-1), slope_x + slope_y


def _piecewise(
    value: tf.Tensor, p: tf.Tensor, *, inverse: bool
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A number in [0, 1] by a piecewise linear distribution function, from it or back.

    Args:
      value: `[batch]`.
      p: probabilities of equal cells, `[batch, cells]`.
      inverse: from the point to the value of its distribution function.

    Returns:
      what it becomes, the cell of the point, and the log of the slope.
    """
    cells = p.shape[1]
    ends = tf.cumsum(p, axis=1)
    begins = ends - p
    if inverse:
        cell = tf.clip_by_value(tf.cast(tf.floor(value * cells), tf.int32), 0, cells - 1)
    else:
        cell = tf.reduce_sum(tf.cast(value[:, None] >= ends, tf.int32), axis=1)
        cell = tf.minimum(cell, cells - 1)
    low = tf.gather(begins, cell, axis=1, batch_dims=1)
    own = tf.gather(p, cell, axis=1, batch_dims=1)
    place = tf.cast(cell, value.dtype)
    if inverse:
        return low + (value * cells - place) * own, cell, tf.math.log(own * cells)
    share = tf.clip_by_value((value - low) / own, 0.0, 1.0)
    return (place + share) / cells, cell, -tf.math.log(own * cells)
