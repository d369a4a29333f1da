"""A sum of potentials as TensorFlow's code: energies of a batch, differentiable, for XLA.

Particles come first here and configurations last: slices of particles are then in one piece, and
vector units work on the configurations, however few the particles are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf.potentials._layouts import Layout, layout_of
from boltzmann_tf.potentials._space import INVARIANTS, SPACES, Space
from boltzmann_tf.potentials.base import Bound
from boltzmann_tf.potentials.born import BornFormulas

__all__ = ["Rows", "total_energy"]

Rows = list[tf.Tensor]  # x, y (and z) of all particles, `[n, batch]` each


@tf.autograph.experimental.do_not_convert  # formulas are arithmetic, and this is the package's own
def total_energy(
    rows: Rows, terms: Sequence[Bound], lengths: Any, *, training: bool, fine: Rows | None = None
) -> tf.Tensor:
    """The sum of all terms, `[batch]`; with `training` their forms that stay finite.

    `lengths` are the sides of a periodic box, numbers or tensors `[1, batch]`, or None. `fine` are
    the rows in double precision, of an open box, for what takes differences of close points.
    """
    space = SPACES[len(rows), lengths is not None]
    sides = None if lengths is None else [tf.convert_to_tensor(v, rows[0].dtype) for v in lengths]
    pairs = [t for t in terms if t.invariant in ("pairs", "born")]
    total = tf.fill(
        tf.shape(rows[0])[1:], tf.constant(sum(t.constant for t in terms), rows[0].dtype)
    )
    if pairs:
        total += _of_pairs(rows, pairs, space, sides, training=training)
    for term in terms:
        if term.invariant in ("pairs", "born", "constant"):
            continue
        if fine is not None and term.invariant == "squared distance":
            own = _of_few(fine, term, space, None, training=training)
            total += tf.cast(own, total.dtype)
        else:
            total += _of_few(rows, term, space, sides, training=training)
    return total


def _of_pairs(
    rows: Rows, terms: Sequence[Bound], space: Space, sides: Any, *, training: bool
) -> tf.Tensor:
    """The terms of all pairs: their block is computed once."""
    layout = layout_of(rows[0].shape[0], rows[0].dtype)
    r2 = layout.squared_distances(rows, space, sides)
    values, total = [], tf.zeros_like(rows[0][0])
    one, zero = layout.constant(1.0), layout.constant(0.0)
    for term in terms:
        if term.invariant == "born":
            total += _born(r2, term, layout, training=training)
            continue
        mask = layout.of_mask(term.mask)
        if not mask.any():
            continue
        own = r2 if mask.all() else tf.where(mask, r2, one)
        value = _value(own, term, layout.of_pairs, training=training)
        values.append(value if mask.all() else tf.where(mask, value, zero))
    # One sum for all terms: each would go through memory by itself.
    return total + layout.total(tf.add_n(values)) if values else total


def _born(r2: tf.Tensor, term: Bound, layout: Layout, *, training: bool) -> tf.Tensor:
    """Generalized Born: effective radii from all pairs, then the energy of each."""
    spheres, scaled, radii, own, surfaces, strengths, model = term.parameters
    formulas: BornFormulas = term.function
    if training and term.low is not None:
        r2 = tf.maximum(r2, layout.constant(term.low))
    near = None if term.cut is None else r2 < layout.constant(term.cut)

    def kept(values: tf.Tensor) -> tf.Tensor:
        return values if near is None else tf.where(near, values, layout.constant(0.0))

    one, other = layout.of_first, layout.of_second

    def column(values: np.ndarray) -> tf.Tensor:
        return layout.constant(values[:, None])

    model = tuple(layout.constant(v) for v in model)
    integrals = layout.onto(
        lambda: kept(formulas.descreening(r2, one(spheres), other(scaled))),
        lambda: kept(formulas.descreening(r2, other(spheres), one(scaled))),
    )
    effective = formulas.radius(integrals, column(spheres), column(radii), model)
    shift = layout.constant(0.0 if term.cut is None else term.cut**-0.5)
    strength = layout.of_pairs(strengths)
    pairs = formulas.pair(r2, one(effective), other(effective), strength, shift)
    alone = formulas.self(effective, column(own), column(radii), column(surfaces))
    return layout.total(kept(pairs)) + tf.reduce_sum(alone, axis=0)


def _of_few(rows: Rows, term: Bound, space: Space, sides: Any, *, training: bool) -> tf.Tensor:
    if term.index is None:
        points = [tuple(rows)]
    else:
        points = [tuple(tf.gather(r, k) for r in rows) for k in term.index.T]
    invariant: Any
    if term.invariant in INVARIANTS:
        invariant = INVARIANTS[term.invariant].of(space)(*points, sides)
    else:
        inside = tuple(space.wrapped(p, sides) for p in points)
        invariant = inside[0] if len(inside) == 1 else inside

    def of_each(parameter: Any) -> tf.Tensor:
        column = parameter if np.ndim(parameter) == 0 else parameter[:, None]
        return tf.constant(column, rows[0].dtype)

    return tf.reduce_sum(_value(invariant, term, of_each, training=training), axis=0)


def _value(
    v: Any, term: Bound, of_these: Callable[[Any], tf.Tensor], *, training: bool
) -> tf.Tensor:
    """The formula with the parameters of these pairs or terms, with its cut and its tangents."""
    dtype = v.dtype if tf.is_tensor(v) else tf.nest.flatten(v)[0].dtype
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
