"""Where configurations may be: a box, a torus, unit vectors, spins; or anywhere.

A flow's samples may lie outside a domain. An energy that is finite there is a density there, and
log Z that of a larger space than the system's. So it is +inf, and what is trained on a wall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from boltzmann_tf.systems.base import System

__all__ = [
    "BOUNDED",
    "DOMAINS",
    "UNIT",
    "bounds",
    "check_domain",
    "inside",
    "outside_points",
    "squared_distance",
]

DOMAINS = ("real", "box", "spins", "unit vectors", "torus")
BOUNDED = ("box", "torus")
LOOKED_AT = 512  # bounds that are tried: all of thousands would take gigabytes
UNIT = 1e-4  # by which the square of a length may differ from one: float32 with room


def bounds(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest coordinates, float64 of shape `event_shape`, as float32 rounds them.

    Their rounding may be outside: float32(pi) is above pi, and it is what an angle at the seam is.
    """
    if system.bounds is None:
        raise ValueError(
            f"{system.name}.bounds must be (low, high) for the domain {system.domain!r}, got None"
        )
    try:
        low, high = (np.broadcast_to(np.float64(b), system.event_shape) for b in system.bounds)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{system.name}.bounds must be (low, high), numbers or arrays that broadcast to "
            f"{system.event_shape}, got {system.bounds!r}"
        ) from error
    if not np.all(low < high):
        raise ValueError(f"{system.name}.bounds must have low < high, got {system.bounds!r}")
    return np.minimum(low, np.float32(low)), np.maximum(high, np.float32(high))


def inside(system: System, x: Any) -> tf.Tensor:
    """Whether configurations are in the domain, edges included: `[..., *event_shape]` to bool."""
    x = tf.convert_to_tensor(x)
    if system.domain == "spins":
        each = tf.abs(x) == 1
    elif system.domain == "unit vectors":
        each = tf.abs(tf.reduce_sum(x * x, axis=-1, keepdims=True) - 1) <= UNIT
    elif system.domain in BOUNDED:
        low, high = (tf.constant(b, x.dtype) for b in bounds(system))
        each = (x >= low) & (x <= high)
    else:
        each = tf.ones_like(x, tf.bool)
    return tf.reduce_all(each, axis=_axes(system))


def squared_distance(system: System, x: Any) -> tf.Tensor:
    """Squared distance from a box or torus, 0 inside: `[..., *event_shape]` to `[...]`."""
    x = tf.convert_to_tensor(x)
    low, high = (tf.constant(b, x.dtype) for b in bounds(system))
    outside = tf.nn.relu(low - x) + tf.nn.relu(x - high)
    return tf.reduce_sum(outside * outside, axis=_axes(system))


def _axes(system: System) -> list[int]:
    return list(range(-len(system.event_shape), 0))


def outside_points(system: System) -> np.ndarray:
    """Configurations that leave the domain by one coordinate each, `[n, *event_shape]`; n may be 0.

    Beyond each bound, or beyond `LOOKED_AT` of them, evenly chosen, where there are more. Spins of
    0, and vectors of length 0 and 2, for domains of those.
    """
    shape = system.event_shape
    if system.domain == "spins":
        return np.zeros((1, *shape))
    if system.domain == "unit vectors":
        along = np.zeros((2, *shape))
        along[1, ..., 0] = 2.0
        return along
    if system.domain not in BOUNDED:
        return np.zeros((0, *shape))
    low, high = (b.ravel() for b in bounds(system))
    middle = np.clip(0.0, low, high)
    both = np.isfinite(low) & np.isfinite(high)
    middle[both] = 0.5 * (low[both] + high[both])
    edge, sign = np.concatenate([low, high]), np.repeat([-1, 1], low.size)
    found = np.flatnonzero(np.isfinite(edge))
    if found.size > LOOKED_AT:
        found = found[np.linspace(0, found.size - 1, LOOKED_AT).astype(int)]
    rows = np.tile(middle, (found.size, 1))
    beyond = edge[found] + sign[found] * (1e-3 + 1e-3 * np.abs(edge[found]))
    rows[np.arange(found.size), found % low.size] = beyond
    return rows.reshape(-1, *shape)


def check_domain(system: System, dtype: tf.DType = tf.float32) -> None:
    """Raises unless the energy is +inf outside the domain, at points beyond its bounds."""
    x = outside_points(system)
    if not len(x):
        return
    k = system.condition_size
    conditions = [tf.ones([len(x), k], dtype)] if k else []
    energy = np.asarray(system.energy(tf.constant(x, dtype), *conditions))
    wrong = np.flatnonzero(~np.isposinf(energy))
    if len(wrong):
        said = str(x[wrong[0]].tolist())
        raise ValueError(
            f"{system.name}.energy must be +inf outside the domain {system.domain!r} (return "
            f"self.confined(x, energy)), got {energy[wrong[0]]:g} at "
            f"{said if len(said) < 300 else said[:300] + ' ...'}"
        )
