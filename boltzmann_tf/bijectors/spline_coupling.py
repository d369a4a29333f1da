"""Couplings by monotone splines (Durkan, Bekasov, Murray, Papamakarios, 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from boltzmann_tf._support.checks import positive
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import register
from boltzmann_tf.bijectors.coupling import (
    Coupling,
    Transformed,
    conditioner_sizes,
    network,
)

__all__ = ["SplineCoupling"]


@register
class SplineCoupling(Coupling):
    """A coupling by monotone rational-quadratic splines with linear tails.

    Each moving coordinate passes through its own spline on [-bound, bound], the identity outside;
    its 3 * bins - 1 parameters come from one network. It starts as the identity.

    Args:
      event_size: number of coordinates, at least 2.
      transformed: "even", "odd" or one boolean a coordinate.
      bins: number of bins of each spline.
      bound: half width of the spline's interval, in the units of the coordinate.
      hidden: widths of the hidden layers.
      activation: of the hidden layers.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.

    Raises:
      ValueError: for fewer than 2 bins, or more than the minimum bin width of 0.001 allows.
    """

    def __init__(
        self,
        event_size: int,
        *,
        transformed: Transformed = "odd",
        bins: int = 8,
        bound: float = 5.0,
        hidden: Sequence[int] = (100, 100),
        activation: str = "relu",
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        n_in, n_moving = conditioner_sizes(transformed, event_size, condition_size)
        bins = splines.check_bins(bins)
        sizes = (n_in, n_moving * splines.parameter_count(bins))
        spline = network(sizes, hidden, "activation", activation, seed, dtype, zero_output=True)
        options = {
            "bins": bins,
            "bound": positive("bound", bound),
            "hidden": list(hidden),
            "activation": activation,
            "seed": seed,
        }
        super().__init__(
            event_size,
            transformed=transformed,
            networks={"spline": spline},
            options=options,
            condition_size=condition_size,
            dtype=dtype,
            name=name,
        )

    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        bins, bound = self._options["bins"], self._options["bound"]
        raw = self._networks["spline"](seen)
        shape = tf.concat([tf.shape(moving), [splines.parameter_count(bins)]], axis=0)
        k = splines.knots(tf.reshape(raw, shape), bins, bound)
        return (splines.spline_inverse if inverse else splines.spline_forward)(moving, k, bound)
