"""Composition of bijectors, fused."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import positive_int, sequence
from boltzmann_tf.bijectors.base import Bijector, deserialize, register, serialize

tfb = tfp.bijectors

__all__ = ["Sequence"]


@register
class Sequence(Bijector):
    """Applies bijectors one after the other, in the order in which they are listed.

    `forward` (z to x) applies the first of the list first, as `keras.Sequential` does:
    `Sequence([f, g]).forward(z) == g.forward(f.forward(z))`. Note that `tfb.Chain` lists them the
    other way round.

    A plain TFP bijector (a `tfb.Scale`, say) may stand anywhere in it; it is then evaluated
    through TFP's split interface. A `condition` is passed on to those that take one.

    Args:
      bijectors: what to compose; at least one of them must be a `boltzmann_tf` bijector, from
        which the event size and dtype are taken.
      name: of the bijector.

    Examples:
      >>> parts = [bg.bijectors.Scaling(2), bg.bijectors.Box([0.0, 0.0], [1.0, 4.0])]
      >>> flow = bg.bijectors.Sequence(parts)
      >>> flow.forward(tf.zeros([1, 2])).numpy()
      array([[0.5, 2. ]], dtype=float32)
    """

    def __init__(self, bijectors: SequenceOf[tfb.Bijector], *, name: str | None = None) -> None:
        bijectors = sequence("bijectors", bijectors)
        for i, bijector in enumerate(bijectors):
            if not isinstance(bijector, tfb.Bijector):
                raise TypeError(f"bijectors[{i}] must be a bijector, got {type(bijector).__name__}")
        own = [b for b in bijectors if isinstance(b, Bijector)]
        if not own:
            raise ValueError(
                "bijectors must hold at least one boltzmann_tf bijector (it sets the event size), "
                f"got {len(bijectors)} others"
            )
        for attribute in ("event_size", "dtype"):
            values = [getattr(b, attribute) for b in own]
            if len(set(values)) != 1:
                raise ValueError(f"bijectors must agree in their {attribute}, got {values}")
        conditions = {b.condition_size for b in own} - {0}
        if len(conditions) > 1:
            raise ValueError(f"bijectors must agree in their condition_size, got {conditions}")
        super().__init__(
            own[0].event_size,
            condition_size=max(conditions, default=0),
            dtype=own[0].dtype.name,
            is_constant_jacobian=all(b.is_constant_jacobian for b in bijectors),
            name=name,
        )
        self._bijectors = bijectors
        self.small_batch = min(getattr(b, "small_batch", 0) for b in bijectors)

    @property
    def bijectors(self) -> list[tfb.Bijector]:
        """The parts, in the order in which `forward` applies them."""
        return list(self._bijectors)

    def forward_and_log_det(
        self, z: tf.Tensor, **condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies the parts from the first to the last."""
        total = tf.zeros(tf.shape(z)[:-1], self.dtype)
        for bijector in self._bijectors:
            z, log_det = _apply(bijector, "forward", z, condition)
            total += log_det
        return z, total

    def forward_with_cost(
        self, z: tf.Tensor, **condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """As `forward_and_log_det`, with the costs of the parts added up."""
        total = tf.zeros(tf.shape(z)[:-1], self.dtype)
        cost = tf.zeros_like(total)
        for bijector in self._bijectors:
            if isinstance(bijector, Bijector):
                wanted = condition if bijector.condition_size else {}
                z, log_det, own = bijector.forward_with_cost(z, **wanted)
                cost += own
            else:
                z, log_det = _apply(bijector, "forward", z, condition)
            total += log_det
        return z, total, cost

    def inverse_and_log_det(
        self, x: tf.Tensor, **condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Undoes the parts from the last to the first."""
        total = tf.zeros(tf.shape(x)[:-1], self.dtype)
        for bijector in reversed(self._bijectors):
            x, log_det = _apply(bijector, "inverse", x, condition)
            total += log_det
        return x, total

    def refined(self, factor: int) -> Sequence:
        """With every part refined; those without numerical errors are shared with this one."""
        positive_int("factor", factor)
        parts = [b.refined(factor) if isinstance(b, Bijector) else b for b in self._bijectors]
        if all(new is old for new, old in zip(parts, self._bijectors, strict=True)):
            return self
        return Sequence(parts, name=self.name)

    def get_config(self) -> dict[str, Any]:
        """The parts' documents. A plain TFP bijector in the list cannot be saved: `TypeError`."""
        return {"bijectors": [serialize(b) for b in self._bijectors], "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequence:
        """Builds the sequence and its parts."""
        return cls([deserialize(d) for d in config["bijectors"]], name=config.get("name"))


def _apply(
    bijector: tfb.Bijector, direction: str, value: tf.Tensor, condition: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    if isinstance(bijector, Bijector):
        wanted = condition if bijector.condition_size else {}
        return getattr(bijector, f"{direction}_and_log_det")(value, **wanted)
    log_det = getattr(bijector, f"{direction}_log_det_jacobian")(value, event_ndims=1)
    return getattr(bijector, direction)(value), log_det
