"""Some coordinates by a map of their own, the rest by a map that sees them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import instance
from boltzmann_tf.bijectors.base import Bijector, deserialize, register, serialize

__all__ = ["Triangular"]


@register
class Triangular(Bijector):
    """Block-triangular map: `x_a = A(z_a)` and `x_b = B(z_b; z_a)`.

    The density of x_a is that of A alone, whatever B learns. With a reaction coordinate as x_a, the
    generator spreads its samples along it as A says: no loss can lose a state or a barrier, and B
    learns the rest given the coordinate.

    B sees z_a, of unit scale, and not x_a, which it determines.

    Args:
      first: A, of the coordinates that come first.
      rest: B, of the others; its `condition_size` is the `event_size` of `first`.
      name: of the bijector.
    """

    def __init__(self, first: Bijector, rest: Bijector, *, name: str | None = None) -> None:
        instance("first", first, Bijector)
        instance("rest", rest, Bijector)
        if first.condition_size:
            raise ValueError(
                f"first must take no condition, got condition_size={first.condition_size}"
            )
        if rest.condition_size != first.event_size:
            raise ValueError(
                "rest must have the event_size of first as its condition_size, "
                f"{first.event_size}, got {rest.condition_size}"
            )
        if first.dtype != rest.dtype:
            raise ValueError(
                f"first and rest must agree in their dtype, got {first.dtype.name} and "
                f"{rest.dtype.name}"
            )
        super().__init__(
            first.event_size + rest.event_size,
            dtype=first.dtype.name,
            is_constant_jacobian=first.is_constant_jacobian and rest.is_constant_jacobian,
            name=name,
        )
        self._first, self._rest = first, rest

    @property
    def first(self) -> Bijector:
        """A."""
        return self._first

    @property
    def rest(self) -> Bijector:
        """B."""
        return self._rest

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps z_a, then z_b given it."""
        z_a, z_b = self._split(z)
        x_a, log_det_a = self._first.forward_and_log_det(z_a)
        x_b, log_det_b = self._rest.forward_and_log_det(z_b, condition=z_a)
        return tf.concat([x_a, x_b], axis=-1), log_det_a + log_det_b

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps x_a, then x_b given what came of it."""
        x_a, x_b = self._split(x)
        z_a, log_det_a = self._first.inverse_and_log_det(x_a)
        z_b, log_det_b = self._rest.inverse_and_log_det(x_b, condition=z_a)
        return tf.concat([z_a, z_b], axis=-1), log_det_a + log_det_b

    def _split(self, value: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(value, [self._first.event_size, self._rest.event_size], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The parts' documents."""
        return {
            "first": serialize(self._first),
            "rest": serialize(self._rest),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Triangular:
        """Builds the map and its parts."""
        parts = {key: deserialize(config[key]) for key in ("first", "rest")}
        return cls(**parts, name=config.get("name"))
