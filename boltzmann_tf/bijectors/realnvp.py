"""RealNVP: the block of the paper, and the builder of whole networks."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import choice, positive_int, sequence
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import split_seed, variable_dtype
from boltzmann_tf.bijectors.coupling import AdditiveCoupling, AffineCoupling
from boltzmann_tf.bijectors.elementwise import Scaling
from boltzmann_tf.bijectors.repeated import Repeated
from boltzmann_tf.bijectors.sequence import Sequence
from boltzmann_tf.bijectors.spline_coupling import SplineCoupling

tfb = tfp.bijectors

__all__ = ["RealNVPBlock", "realnvp"]

_COUPLINGS = {
    "affine": AffineCoupling,
    "additive": AdditiveCoupling,
    "spline": SplineCoupling,
}


@register
class RealNVPBlock(Bijector):
    """Two couplings, so that each half of the coordinates moves once.

    From x to z the odd positions move first, given the even ones; then the even ones, given the
    new odd ones (Noé et al. 2019, methods, eq. 2 to 5).

    Args:
      event_size: number of coordinates, at least 2; odd sizes work.
      coupling: "affine" (RealNVP), "additive" (NICE) or "spline" (rational-quadratic).
      hidden: widths of the hidden layers of each network.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.
      **options: further arguments of the coupling's class, such as `scale_bound` or `bins`.
    """

    def __init__(
        self,
        event_size: int,
        *,
        coupling: str = "affine",
        hidden: SequenceOf[int] = (100, 100),
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
        **options: Any,
    ) -> None:
        make = _COUPLINGS[choice("coupling", coupling, _COUPLINGS)]
        halves = [
            make(
                event_size,
                transformed=half,
                hidden=hidden,
                condition_size=condition_size,
                seed=half_seed,
                dtype=dtype,
                **options,
            )
            for half, half_seed in zip(("even", "odd"), split_seed(seed, 2), strict=True)
        ]
        super().__init__(
            event_size,
            condition_size=condition_size,
            dtype=variable_dtype(dtype),
            is_constant_jacobian=halves[0].is_constant_jacobian,
            name=name,
        )
        self._couplings = Sequence(halves)
        self.small_batch = self._couplings.small_batch
        self._options = self._no_dependency(
            {
                "coupling": coupling,
                "hidden": list(hidden),
                "seed": seed,
                "dtype": dtype,
                **options,
            }
        )

    def forward_and_log_det(
        self, z: tf.Tensor, **condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Moves the even positions, then the odd ones."""
        return self._couplings.forward_and_log_det(z, **condition)

    def inverse_and_log_det(
        self, x: tf.Tensor, **condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Moves the odd positions, then the even ones."""
        return self._couplings.inverse_and_log_det(x, **condition)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **self._options}


def realnvp(
    event_size: int,
    *,
    blocks: int = 4,
    hidden: SequenceOf[int] = (100, 100),
    coupling: str = "affine",
    scaling: bool = False,
    repeated: bool = False,
    first: SequenceOf[tfb.Bijector] = (),
    last: SequenceOf[tfb.Bijector] = (),
    condition_size: int = 0,
    seed: int = 0,
    dtype: str = "float32",
    **options: Any,
) -> Sequence:
    """Builds a whole network from RealNVP blocks.

    `realnvp(2, blocks=4, hidden=(100, 100), scale_bound=None)` is the double-well network of the
    paper ("R4" with `nl_layers = 3`, which counts the output layer), and
    `realnvp(2, blocks=4, coupling="additive", scaling=True)` its NICE counterpart ("N4S").

    Args:
      event_size: number of coordinates, at least 2.
      blocks: number of blocks, each of two couplings.
      hidden: widths of the hidden layers of each network.
      coupling: "affine", "additive" or "spline".
      scaling: whether a learned diagonal scaling follows the blocks on the latent side.
      repeated: one compiled body for all blocks (`Repeated`), for deep networks: the time to the
        first step and the memory of training stop growing with `blocks`, for a third more
        arithmetic a step.
      first: bijectors on the latent side, before the blocks.
      last: bijectors on the configuration side, after the blocks (a whitening, a box).
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64", or "mixed_bfloat16": coordinates, variables and weights in
        float32, the networks' products in bfloat16 (Keras's policy of that name).
      **options: further arguments of the coupling's class, such as `scale_bound` or `bins`.

    Returns:
      A `Sequence` from z to x.

    Examples:
      >>> flow = bg.realnvp(4, blocks=2, hidden=(8,))
      >>> x, log_det = flow.forward_and_log_det(tf.zeros([3, 4]))
      >>> x.shape.as_list(), log_det.shape.as_list()
      ([3, 4], [3])
    """
    blocks = positive_int("blocks", blocks)
    parts: list[tfb.Bijector] = sequence("first", first)
    last = sequence("last", last)
    if scaling:
        parts.append(Scaling(event_size, dtype=variable_dtype(dtype)))
    body: list[Bijector] = [
        RealNVPBlock(
            event_size,
            coupling=coupling,
            hidden=hidden,
            condition_size=condition_size,
            seed=block_seed,
            dtype=dtype,
            **options,
        )
        for block_seed in split_seed(seed, blocks)
    ]
    parts += [Repeated(body)] if repeated else body
    return Sequence([*parts, *last], name="realnvp")
