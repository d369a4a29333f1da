"""Places that follow a coordinate, for tethers that leave it free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, positive_int

__all__ = ["CentresAlong"]


class CentresAlong:
    """Centres of `Tethered` that are polynomials of a coordinate: a packing that gives way to it.

        centres = CentresAlong.fit(dimer_distance, frames)
        held = Tethered(system, centres, 40.0, coordinates=slice(4, None))

    Args:
      coordinate: from configurations `[n, size]` to `[n]`, of arrays and of tensors, in ops that
        TensorFlow can differentiate.
      coefficients: of 1, c, c^2, ..., `[degree + 1, size]`.
    """

    def __init__(self, coordinate: Callable[[Any], Any], coefficients: Any) -> None:
        if not callable(coordinate):
            raise TypeError(f"coordinate must be a function, got {coordinate!r}")
        self.coordinate = coordinate
        self.coefficients = finite_array("coefficients", coefficients, ndim=2)

    @classmethod
    def fit(cls, coordinate: Callable[[Any], Any], x: Any, *, degree: int = 2) -> CentresAlong:
        """The means of configurations `[n, size]` along a coordinate, by least squares."""
        given = finite_array("x", x, ndim=2)
        powers = positive_int("degree", degree, minimum=0) + 1
        c = cls(coordinate, np.zeros((powers, given.shape[1])))._powers(given)
        return cls(coordinate, np.linalg.lstsq(c, given, rcond=None)[0])

    def _powers(self, x: Any) -> Any:
        c = self.coordinate(x)
        each = [0 * c + 1]
        for _ in self.coefficients[1:]:
            each.append(each[-1] * c)
        return tf.stack(each, axis=-1) if tf.is_tensor(x) else np.stack(each, axis=-1)

    def __call__(self, x: Any) -> Any:
        """Of configurations `[n, size]`, an array or a tensor, as many centres of its kind."""
        if tf.is_tensor(x):
            return self._powers(x) @ tf.constant(self.coefficients, x.dtype)
        return self._powers(x) @ self.coefficients
