"""A sum of potentials as TensorFlow's code: energies of a batch, differentiable, for XLA.

Particles come first here and configurations last: slices of particles are then in one piece, and
vector units work on the configurations, however few the particles are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf.potentials._space import SPACES, Space, cosine_of, squared_distance_of
from boltzmann_tf.potentials.base import Bound

__all__ = ["Rows", "total_energy"]

Rows = list[tf.Tensor]  # x, y (and z) of all particles, `[n, batch]` each


@tf.autograph.experimental.do_not_convert  # formulas are arithmetic, and this is the package's own
def total_energy(rows: Rows, terms: Sequence[Bound], lengths: Any, *, training: bool) -> tf.Tensor:
    """The sum of all terms, `[batch]`; with `training` their forms that stay finite.

    `lengths` are the sides of a periodic box, numbers or tensors `[1, batch]`, or None.
    """
    space = SPACES[len(rows), lengths is not None]
    sides = None if lengths is None else [tf.convert_to_tensor(v, rows[0].dtype) for v in lengths]
    pairs = [t for t in terms if t.invariant == "pairs"]
    total = tf.fill(
        tf.shape(rows[0])[1:], tf.constant(sum(t.constant for t in terms), rows[0].dtype)
    )
    if pairs:
        total += _of_pairs(rows, pairs, space, sides, training=training)
    for term in terms:
        if term.invariant not in ("pairs", "constant"):
            total += _of_few(rows, term, space, sides, training=training)
    return total


def _of_pairs(
    rows: Rows, terms: Sequence[Bound], space: Space, sides: Any, *, training: bool
) -> tf.Tensor:
    """Each particle with those 1, 2, ... places further round the ring: all pairs, once."""
    n, dtype = rows[0].shape[0], rows[0].dtype
    squared_distance = squared_distance_of(space)
    doubled = [tf.concat([row, row], axis=0) for row in rows]
    total = tf.zeros_like(rows[0][0])
    for shift in range(1, n // 2 + 1):
        # Half-way round, a pair would be met from both ends.
        count = n // 2 if 2 * shift == n else n
        i = np.arange(count)
        j = (i + shift) % n
        here = tuple(row[:count] for row in doubled)
        there = tuple(row[shift : shift + count] for row in doubled)
        r2 = squared_distance(there, here, sides)
        values = []
        for term in terms:
            mask = term.mask[i, j, None]
            if not mask.any():
                continue
            own = r2 if mask.all() else tf.where(mask, r2, tf.ones([], dtype))
            value = _value(own, term, (i, j, None), training=training)
            values.append(value if mask.all() else tf.where(mask, value, tf.zeros([], dtype)))
        if values:
            # One sum for all terms: each would go through memory by itself.
            total += tf.reduce_sum(tf.add_n(values), axis=0)
    return total


def _of_few(rows: Rows, term: Bound, space: Space, sides: Any, *, training: bool) -> tf.Tensor:
    if term.index is None:
        points = [tuple(rows)]
        every: tuple[Any, ...] = (np.arange(rows[0].shape[0]), None)
    else:
        points = [tuple(tf.gather(r, k) for r in rows) for k in term.index.T]
        every = (np.arange(len(term.index)), None)
    invariant: Any
    between: Any
    if term.invariant == "squared distance":
        between = squared_distance_of(space)
        invariant = between(*points, sides)
    elif term.invariant == "cosine":
        between = cosine_of(space)
        invariant = between(*points, sides)
    else:
        inside = tuple(space.wrapped(p, sides) for p in points)
        invariant = inside[0] if len(inside) == 1 else inside
    return tf.reduce_sum(_value(invariant, term, every, training=training), axis=0)


def _value(v: Any, term: Bound, at: tuple[np.ndarray | None, ...], *, training: bool) -> tf.Tensor:
    """The formula with the parameters of these pairs or terms, with its cut and its tangents."""
    dtype = v.dtype if tf.is_tensor(v) else tf.nest.flatten(v)[0].dtype

    def of_these(parameter: Any) -> tf.Tensor:
        return tf.constant(parameter if np.ndim(parameter) == 0 else parameter[at], dtype)

    inside = v
    low, high = (term.low, term.high) if training else (None, None)
    # The argument is kept in its range before the formula, not after: inf * 0 is NaN in a gradient.
    if low is not None:
        inside = tf.maximum(inside, of_these(low))
    if high is not None:
        inside = tf.minimum(inside, of_these(high))
    value = term.function(inside, *(of_these(p) for p in term.parameters))
    if low is not None:
        value += of_these(term.slopes[0]) * tf.minimum(v - of_these(low), 0)
    if high is not None:
        value += of_these(term.slopes[1]) * tf.maximum(v - of_these(high), 0)
    if term.cut is not None:
        zero = tf.zeros([], dtype)
        value = tf.where(v < of_these(term.cut), value - of_these(term.shift), zero)
    return value
