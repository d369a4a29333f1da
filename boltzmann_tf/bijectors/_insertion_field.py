"""Where a particle may go: a density on a grid, by a field of those that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from boltzmann_tf.potentials import Pairs

__all__ = ["PARTS", "UNSEEN", "WITHIN", "InsertionField"]

CENTRES = (1.0, 1.25, 1.6, 2.1, 2.8)  # of what a field is made of beside the potential, in sigma
WIDTHS = (0.12, 0.2, 0.3, 0.4, 0.6)
PARTS = 1 + len(CENTRES)  # of a field: the potential and the bumps
HIGHEST = 12.0  # of the potential, kT: what lies above is as good as never drawn
NEAREST2 = 0.3  # squared distance below which the potential is as there, in the same unit
WITHIN = (-0.29, 0.29)  # of a cell: from its middle, where the potential is looked at in it
FINE = 4  # parts of a side of a cell that was drawn, of which one is drawn in it
UNSEEN = 1e-4  # share of a cell's density that no field can take away


class InsertionField:
    """The field in a periodic square, on a grid of cells, and on a finer one in the cell drawn.

    Args:
      pairs: the potential that it begins with.
      temperature: T.
      grid: cells along each side.
      levels: how often the cell that was drawn is divided into finer ones, of which one is drawn.
    """

    def __init__(self, pairs: Pairs, temperature: float, grid: int, levels: int = 1) -> None:
        self.pairs, self.temperature, self.grid = pairs, temperature, grid
        self.levels = levels

    def filled(
        self,
        value: tf.Tensor,
        side2: tf.Tensor,
        weights: Callable[[tf.Tensor], tf.Tensor],
        *,
        count: tf.Tensor,
        inverse: bool,
        others: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Particles put in one after another, or the numbers that they came from.

        Args:
          value: of [0, 1], `[batch, most, 2]`: uniform numbers, or places over the side.
          side2: squared sides, `[batch]`.
          weights: of the parts of the field when particle k is put in, `[batch, PARTS]`; with
            `others` those of their field follow, `[batch, 2 PARTS]`.
          count: how many there are, `[batch]`; the others are left as they are.
          inverse: from places to numbers.
          others: places of what is there from the beginning, `[batch, others, 2]`.

        Returns:
          what they become and the log of the change of volume, `[batch]`.
        """
        most, g, dtype = value.shape[1], self.grid, value.dtype
        given = tf.transpose(value, [1, 0, 2])
        beside = None
        if others is not None:
            each = [self._on_grid(others[:, i], side2) for i in range(others.shape[1])]
            beside = tf.reduce_sum(tf.stack(each), axis=0)

        def step(
            k: tf.Tensor, fields: tf.Tensor, places: tf.Tensor, log_det: tf.Tensor, out: Any
        ) -> Any:
            here, w = given[k], weights(k)
            field = tf.einsum("bxyp,bp->bxy", fields, w[:, :PARTS])
            before = tf.cast(tf.range(most) < k, dtype)[None, :, None]
            seen, own = places, w[:, None, :PARTS] * before
            if others is not None:
                field += tf.einsum("bxyp,bp->bxy", beside, w[:, PARTS:])
                theirs = w[:, None, PARTS:] + tf.zeros_like(others[..., :1])
                seen, own = tf.concat([seen, others], axis=1), tf.concat([own, theirs], axis=1)

            def within(corner: tf.Tensor, width: float) -> tf.Tensor:
                return _log_density(-self._in_cell(corner, width, seen, own, side2))

            moved, log_slope = _refined(
                here, _log_density(-field), within, self.levels, inverse=inverse
            )
            there = tf.cast(k, dtype) < count
            moved = tf.where(there[:, None], moved, here)
            log_det += tf.where(there, log_slope, tf.zeros_like(log_slope))
            # In both directions fields are those of places.
            fields += self._on_grid(here if inverse else moved, side2)
            if not inverse:
                places += tf.one_hot(k, most, dtype=dtype)[None, :, None] * moved[:, None]
            return k + 1, fields, places, log_det, out.write(k, moved)

        fields = tf.zeros([tf.shape(value)[0], g, g, PARTS], dtype)
        places = value if inverse else tf.zeros_like(value)
        out = tf.TensorArray(dtype, most, element_shape=[None, 2])
        *_, log_det, out = tf.while_loop(
            lambda k, *_: k < most,
            step,
            (tf.constant(0), fields, places, tf.zeros_like(value[:, 0, 0]), out),
            maximum_iterations=most,
            parallel_iterations=1,
        )
        return tf.transpose(out.stack(), [1, 0, 2]), log_det

    def _on_grid(self, place: tf.Tensor, side2: tf.Tensor) -> tf.Tensor:
        """What a particle adds to each part of the field, `[batch, grid, grid, PARTS]`."""
        middle = (tf.range(self.grid, dtype=place.dtype) + 0.5) / self.grid
        squares = []
        for axis in range(2):
            d = middle - place[:, axis : axis + 1]
            d -= tf.round(d)
            squares.append(d * d * side2[:, None])
        r2 = squares[0][:, :, None] + squares[1][:, None, :]
        return self._parts(r2, tf.sqrt(side2)[:, None, None] / self.grid)

    def _in_cell(
        self,
        corner: tf.Tensor,
        width: float,
        places: tf.Tensor,
        weights: tf.Tensor,
        side2: tf.Tensor,
    ) -> tf.Tensor:
        """The field in the parts of a cell at `[batch, 2]`, by all places, `[batch, FINE, FINE]`.

        Corners and widths are over the side.
        """
        middle = (tf.range(FINE, dtype=places.dtype) + 0.5) * (width / FINE)
        at = corner[:, None] + middle[None, :, None]
        d = at[:, :, None] - places[:, None]  # [batch, FINE, places, 2]
        d -= tf.round(d)
        d = d * d * side2[:, None, None, None]
        r2 = d[:, :, None, :, 0] + d[:, None, :, :, 1]  # [batch, FINE, FINE, places]
        parts = self._parts(r2, tf.sqrt(side2)[:, None, None, None] * (width / FINE))
        return tf.einsum("bxykp,bkp->bxy", parts, weights)

    def _parts(self, r2: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
        """The potential and the bumps at squared distances `[...]`, `[..., PARTS]`."""
        r, t = tf.sqrt(r2 + 1e-12), self.temperature
        room = [
            tf.exp(-tf.minimum(self.pairs.of_pair(tf.maximum(s * s, NEAREST2)) / t, HIGHEST))
            for s in (r + share * cell for share in WITHIN)
        ]
        # A cell whose middle is inside of a core has room at its edge.
        field = -tf.math.log(tf.reduce_mean(tf.stack(room), axis=0))
        bumps = [
            tf.exp(-0.5 * ((r - centre) / width) ** 2)
            for centre, width in zip(CENTRES, WIDTHS, strict=True)
        ]
        return tf.stack([field, *bumps], axis=-1)


def _log_density(logits: tf.Tensor) -> tf.Tensor:
    """log of the probability of each cell of a square, `[batch, cells, cells]`."""
    side = logits.shape[1]
    flat = tf.nn.log_softmax(tf.reshape(logits, [-1, side**2]), axis=-1)
    p = (1 - UNSEEN) * tf.exp(flat) + UNSEEN / side**2
    return tf.reshape(tf.math.log(p), [-1, side, side])


def _refined(
    value: tf.Tensor,
    log_p: tf.Tensor,
    within: Callable[[Any, float], tf.Tensor],
    levels: int,
    *,
    inverse: bool,
    corner: Any = 0.0,
    width: float = 1.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Two uniform numbers to a point of a square by its cells, then by those of the cell, or back.

    Args:
      value: in [0, 1], `[batch, 2]`.
      log_p: of the cells, `[batch, cells, cells]`.
      within: from the corner `[batch, 2]` and the width of a cell to the log of the probability of
        its own cells.
      levels: how often cells are divided.
      inverse: from the point to the numbers.
      corner: of the square, `[batch, 2]`.
      width: of the square.

    Returns:
      what it becomes and the log of the change of area.
    """
    cells = log_p.shape[1]
    at, log_slope = (value, 0.0) if inverse else _mapped(value, log_p, inverse=False)
    cell = tf.clip_by_value(tf.floor(at * cells), 0, cells - 1)
    share = tf.clip_by_value(at * cells - cell, 0.0, 1.0)
    if levels:
        own = {"corner": corner + cell * (width / cells), "width": width / cells}
        log_p_within = within(*own.values())
        share, log_fine = _refined(share, log_p_within, within, levels - 1, inverse=inverse, **own)
        log_slope += log_fine
    found = (cell + share) / cells
    if inverse:
        found, log_own = _mapped(found, log_p, inverse=True)
        log_slope += log_own
    return found, log_slope


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
