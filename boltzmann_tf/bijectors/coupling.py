"""Coupling layers: one part of the coordinates moves, with parameters computed from the rest.

`AffineCoupling` is RealNVP's (Dinh, Sohl-Dickstein, Bengio, 2017), `AdditiveCoupling` is NICE's
(Dinh, Krueger, Bengio, 2014), `SplineCoupling` is that of neural spline flows (Durkan et al.,
2019). Adding another kind means writing `_transform` for it and nothing else.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from boltzmann_tf._support.checks import positive, positive_int
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation, split_seed, variable_dtype
from boltzmann_tf.bijectors.halves import Halves, Transformed, moving_mask

__all__ = [
    "AdditiveCoupling",
    "AffineCoupling",
    "Coupling",
    "Transformed",
    "bounded",
    "conditioner_sizes",
    "network",
]


def bounded(raw: tf.Tensor, bound: float | None) -> tf.Tensor:
    """Bounds a log-scale smoothly: `bound * tanh(raw / bound)`, the identity near 0.

    With None it returns `raw`: unbounded, as in the published code, whose exp can overflow.
    """
    return raw if bound is None else bound * tf.tanh(raw / bound)


class Coupling(Bijector, abc.ABC):
    """What all couplings share: the split, the conditioner's input, and the merge.

    Args:
      event_size: number of coordinates, at least 2; odd sizes work.
      transformed: which coordinates move: "even", "odd" (positions 0, 2, .. or 1, 3, ..) or one
        boolean a coordinate.
      networks: the conditioners by name; a subclass finds them in `self._networks`.
      options: the subclass's own constructor arguments, for `get_config`.
      condition_size: size of the keyword `condition`, which the networks see too.
      dtype: "float32", "float64", or "mixed_bfloat16": float32 with networks in bfloat16.
      name: of the bijector.
      is_constant_jacobian: whether the log-determinant is the same for every input.
    """

    def __init__(
        self,
        event_size: int,
        *,
        transformed: Transformed,
        networks: dict[str, keras.layers.Layer],
        options: dict[str, Any],
        condition_size: int = 0,
        dtype: str = "float32",
        name: str | None = None,
        is_constant_jacobian: bool = False,
    ) -> None:
        super().__init__(
            event_size,
            layers=list(networks.values()),
            condition_size=condition_size,
            dtype=variable_dtype(dtype),
            is_constant_jacobian=is_constant_jacobian,
            name=name,
        )
        mask = moving_mask(transformed, event_size)
        if not isinstance(transformed, str):
            transformed = mask.tolist()
        self._networks = self._no_dependency(networks)
        self._options = self._no_dependency({"transformed": transformed, "dtype": dtype, **options})
        self._halves = Halves(mask)

    @abc.abstractmethod
    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Moves `[..., m]` given the conditioner's input; returns it and the log-slopes."""

    def _apply(
        self, value: tf.Tensor, condition: tf.Tensor | None, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        fixed, moving = self._halves.split(value)
        seen = fixed if condition is None else tf.concat([fixed, condition], axis=-1)
        moved, log_slope = self._transform(moving, seen, inverse=inverse)
        merged = self._halves.merge(fixed, moved)
        merged.set_shape(value.shape)
        return merged, tf.reduce_sum(log_slope, axis=-1)

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps z to x; the fixed coordinates are copied."""
        return self._apply(z, condition, inverse=False)

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps x to z; the fixed coordinates are copied."""
        return self._apply(x, condition, inverse=True)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **self._options}


def conditioner_sizes(
    transformed: Transformed, event_size: int, condition_size: int
) -> tuple[int, int]:
    """Numbers of conditioner inputs and of moving coordinates."""
    mask = moving_mask(transformed, positive_int("event_size", event_size))
    positive_int("condition_size", condition_size, minimum=0)
    return int((~mask).sum()) + condition_size, int(mask.sum())


def network(
    sizes: tuple[int, int],
    hidden: Sequence[int],
    argument: str,
    activation: str,
    seed: int,
    dtype: str,
    *,
    zero_output: bool,
) -> MLP:
    """A conditioner; `argument` names the activation in an error message."""
    check_activation(argument, activation)
    return MLP(
        *sizes, hidden, activation=activation, zero_output=zero_output, seed=seed, dtype=dtype
    )


@register
class AffineCoupling(Coupling):
    """RealNVP's coupling, with separate scale and shift networks as in the paper.

    From x to z: `z_m = x_m * exp(S(x_f)) + T(x_f)` for the moving coordinates m given the fixed
    ones f, hence `log|dz/dx| = sum S`; from z to x the analytic inverse (Noé et al. 2019, eq. 2 to
    5 of the methods).

    Args:
      event_size: number of coordinates, at least 2.
      transformed: "even", "odd" or one boolean a coordinate.
      hidden: widths of the hidden layers of both networks.
      shift_activation: of the hidden layers of T; the published networks use "relu".
      scale_activation: of the hidden layers of S; the published networks use "tanh".
      scale_bound: S is `b tanh(S' / b)`, so a coupling scales by at most exp(b); None leaves it
        unbounded, as in the published code, where it can diverge.
      zero_shift: start with T = 0 (S = 0 always), so that the coupling starts as the identity.
        The published code does not.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.
    """

    small_batch = 1024

    def __init__(
        self,
        event_size: int,
        *,
        transformed: Transformed = "odd",
        hidden: Sequence[int] = (100, 100),
        shift_activation: str = "relu",
        scale_activation: str = "tanh",
        scale_bound: float | None = 2.0,
        zero_shift: bool = False,
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        sizes = conditioner_sizes(transformed, event_size, condition_size)
        bound = None if scale_bound is None else positive("scale_bound", scale_bound)
        shift_seed, scale_seed = split_seed(seed, 2)
        networks = {
            "shift": network(
                sizes,
                hidden,
                "shift_activation",
                shift_activation,
                shift_seed,
                dtype,
                zero_output=zero_shift,
            ),
            "scale": network(
                sizes,
                hidden,
                "scale_activation",
                scale_activation,
                scale_seed,
                dtype,
                zero_output=True,
            ),
        }
        options = {
            "hidden": list(hidden),
            "shift_activation": shift_activation,
            "scale_activation": scale_activation,
            "scale_bound": bound,
            "zero_shift": zero_shift,
            "seed": seed,
        }
        super().__init__(
            event_size,
            transformed=transformed,
            networks=networks,
            options=options,
            condition_size=condition_size,
            dtype=dtype,
            name=name,
        )
        self._scale_bound = bound

    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shift = self._networks["shift"](seen)
        scale = bounded(self._networks["scale"](seen), self._scale_bound)
        if inverse:
            return moving * tf.exp(scale) + shift, scale
        return (moving - shift) * tf.exp(-scale), -scale


@register
class AdditiveCoupling(Coupling):
    """NICE's coupling: a shift only, so the volume is kept.

    From x to z: `z_m = x_m - M(x_f)`, log-determinant 0 (Noé et al. 2019, supplement, "N" block).

    Args:
      event_size: number of coordinates, at least 2.
      transformed: "even", "odd" or one boolean a coordinate.
      hidden: widths of the hidden layers.
      shift_activation: of the hidden layers.
      zero_shift: start as the identity.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.
    """

    small_batch = 1024

    def __init__(
        self,
        event_size: int,
        *,
        transformed: Transformed = "odd",
        hidden: Sequence[int] = (100, 100),
        shift_activation: str = "relu",
        zero_shift: bool = False,
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        sizes = conditioner_sizes(transformed, event_size, condition_size)
        shift = network(
            sizes, hidden, "shift_activation", shift_activation, seed, dtype, zero_output=zero_shift
        )
        options = {
            "hidden": list(hidden),
            "shift_activation": shift_activation,
            "zero_shift": zero_shift,
            "seed": seed,
        }
        super().__init__(
            event_size,
            transformed=transformed,
            networks={"shift": shift},
            options=options,
            condition_size=condition_size,
            dtype=dtype,
            name=name,
            is_constant_jacobian=True,
        )

    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shift = self._networks["shift"](seen)
        return (moving - shift if inverse else moving + shift), tf.zeros_like(moving)
