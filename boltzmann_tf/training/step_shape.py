"""What a training step is compiled for, and the names of what goes in and comes out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

import tensorflow as tf

from boltzmann_tf.losses import Loss
from boltzmann_tf.training.conditions import Uniform
from boltzmann_tf.training.loss_identity import compiled_in

__all__ = ["CONTROLS", "COUNTED", "METRICS", "MOVES", "Data", "StepShape", "label"]

CONTROLS = ("learning_rate", "energy_high")  # what is scheduled besides the weights of losses
METRICS = (
    *("loss", "ml", "kl", "rc", "ess"),
    *("non_finite", "non_finite_gradient", "skipped", "gradient_norm"),
)
COUNTED = ("non_finite", "non_finite_gradient", "skipped")  # the others are values
MOVES = ("acceptance", "step_size")  # of an explorer
LABELS = {"ml": "J_ML", "kl": "J_KL", "rc": "J_RC", "ess": "ESS"}


def label(name: str) -> str:
    """What a user reads for the name of a metric."""
    return LABELS.get(name, name)


class Data(NamedTuple):
    """What losses that see data are trained on.

    Attributes:
      x: configurations, `[n, *event_shape]`.
      condition: of each, `[n, condition_size]`.
    """

    x: tf.Tensor
    condition: tf.Tensor


@dataclass(frozen=True)
class StepShape:
    """The part of a stage that is compiled in; the rest enters as numbers at run time.

    Attributes:
      batch_size: configurations a step, of the data and of generated ones each.
      losses: of the step, in the order in which they are added.
      temperatures: of generated samples, and of the energies of data.
      energy_max: where the training energy becomes constant, in kT.
      condition: where the conditions of generated samples come from.
      path_cost: weight of the bijector's path cost.
      clip_norm: global norm to which the gradient is clipped.
      compiled: what of the losses is compiled in, by which shapes are equal or not.
    """

    batch_size: int
    losses: tuple[Loss, ...] = field(compare=False)
    temperatures: tuple[float, ...]
    energy_max: float
    condition: Uniform | None
    path_cost: float
    clip_norm: float | None
    compiled: tuple[Hashable, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", tuple(map(compiled_in, self.losses)))

    @property
    def controls(self) -> tuple[str, ...]:
        """The names of what is scheduled: the columns of the table that a step reads, in order."""
        return (*CONTROLS, *(loss.name for loss in self.losses))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what a step measures, in the order in which it writes them."""
        measured = {"loss", "gradient_norm", *COUNTED, *(loss.name for loss in self.losses)}
        if self.of_generated:
            measured |= {"kl", "ess"}
        return (
            *(name for name in METRICS if name in measured),
            *(loss.name for loss in self.losses if loss.name not in METRICS),
        )

    @property
    def of_data(self) -> tuple[Loss, ...]:
        """The losses that see data."""
        return tuple(loss for loss in self.losses if loss.sees == "data")

    @property
    def of_generated(self) -> tuple[Loss, ...]:
        """The losses that see generated configurations."""
        return tuple(loss for loss in self.losses if loss.sees == "generated")

    @property
    def generated(self) -> int:
        """Generated configurations a step: the batch floored to a multiple of the temperatures."""
        n = len(self.temperatures)
        return self.batch_size // n * n

    @property
    def weighs_data(self) -> bool:
        """Whether the energies of data are asked for."""
        return any(loss.needs_energy for loss in self.of_data)

    @property
    def examples(self) -> int:
        """Data a step; with energies, shared among the temperatures and so floored."""
        return self.generated if self.weighs_data else self.batch_size

    @property
    def energies_per_step(self) -> int:
        """Energies a step asks for."""
        return (self.examples if self.weighs_data else 0) + (
            self.generated if self.of_generated else 0
        )
