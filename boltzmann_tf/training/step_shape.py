"""What a training step is compiled for, and the names of what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.training.conditions import Uniform

__all__ = ["CONTROLS", "COUNTED", "METRICS", "Data", "StepShape"]

CONTROLS = ("learning_rate", "ml", "kl", "rc", "energy_high")
METRICS = (
    *("loss", "ml", "kl", "rc", "ess"),
    *("non_finite", "non_finite_gradient", "skipped", "gradient_norm"),
)
COUNTED = ("non_finite", "non_finite_gradient", "skipped")  # the others are values


class Data(NamedTuple):
    """What J_ML is trained on.

    Attributes:
      x: configurations, `[n, *event_shape]`.
      condition: of each, `[n, condition_size]`.
    """

    x: tf.Tensor
    condition: tf.Tensor


@dataclass(frozen=True)
class StepShape:
    """The part of a stage that is compiled in; the rest enters as numbers at run time."""

    batch_size: int
    ml: bool
    kl: bool
    rc: bool
    rc_loss: ReactionCoordinate | None
    temperatures: tuple[float, ...]
    energy_max: float
    weighted_ml: bool
    condition: Uniform | None
    path_cost: float
    clip_norm: float | None

    def recipe(self) -> tuple:
        """Its values without functions, whose text differs from process to process."""
        loss = self.rc_loss
        values = [v for v in vars(self).values() if v is not loss]
        if loss is not None:
            values += [loss.bins, loss.form, loss.lower.tolist(), loss.upper.tolist()]
        return tuple(values)

    @property
    def generated(self) -> int:
        """Generated configurations a step: the batch floored to a multiple of the temperatures."""
        n = len(self.temperatures)
        return self.batch_size // n * n

    @property
    def examples(self) -> int:
        """Data a step; where they are weighted, shared among the temperatures and so floored."""
        return self.generated if self.weighted_ml else self.batch_size

    @property
    def absent(self) -> set[str]:
        """The metrics that are NaN because what they measure is no part of the step."""
        generates = self.kl or self.rc
        there = {"ml": self.ml, "kl": generates, "ess": generates, "rc": self.rc_loss is not None}
        return {name for name, is_there in there.items() if not is_there}

    @property
    def energies_per_step(self) -> int:
        """Energies a step asks for."""
        weighted = self.examples if self.ml and self.weighted_ml else 0
        return weighted + (self.generated if self.kl or self.rc else 0)
