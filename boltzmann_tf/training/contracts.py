"""What the parts of the loop ask of the loop: they are told of it, and do not know it."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import tensorflow as tf

from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.step_shape import StepShape

__all__ = ["Run", "Steps"]


class Steps(Protocol):
    """Compiled steps with a state that can be kept and put back."""

    @property
    def state(self) -> dict[str, tf.Variable]:
        """All that a run goes on from, by name."""
        ...

    def store_parameters(self) -> None:
        """Writes the layers' variables."""
        ...

    def recorded(self, shape: StepShape) -> tuple[str, ...]:
        """Names of what a step records, in order."""
        ...


class Run(Protocol):
    """A run of training, to callbacks, checkpoints and what a user sees of it."""

    generator: BoltzmannGenerator
    optimizer: keras.optimizers.Optimizer
    seed: int
    settings: dict[str, Any]
    keeps_history: bool
    stop_training: bool

    @property
    def steps(self) -> Steps:
        """The compiled steps."""
        ...

    @property
    def replicas(self) -> int:
        """Number of replicas that share a batch."""
        ...
