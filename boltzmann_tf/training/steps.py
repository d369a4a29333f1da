"""The training step: gradient of the objective, optimiser, and what is recorded."""

from __future__ import annotations

from collections.abc import Hashable

import keras
import tensorflow as tf

from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training import shared_steps as _compiled
from boltzmann_tf.training.compiled_steps import CompiledSteps
from boltzmann_tf.training.flat_parameters import FlatParameters
from boltzmann_tf.training.objective import Objective
from boltzmann_tf.training.step_shape import COUNTED, METRICS, Data, StepShape

__all__ = ["TrainingStep"]


class TrainingStep(CompiledSteps):
    """Steps of an optimiser along the gradient of the objective.

    Args:
      generator: whose bijector is trained.
      optimizer: a Keras optimiser that acts on each parameter by itself (Adam, SGD, ...).
      steps_per_call: the most steps of one call.
      jit_compile: whether XLA compiles them.
    """

    replicas = 1
    metrics: tuple[str, ...] = METRICS  # that every history has, be they recorded or not

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        *,
        jit_compile: bool = True,
    ) -> None:
        super().__init__(generator, optimizer, steps_per_call, jit_compile=jit_compile)
        self._objective = Objective(generator)
        # By which callbacks have scaled the stages' learning rates; the loop multiplies with it.
        self.rate_factor = tf.Variable(1.0, dtype=tf.float64, trainable=False, name="rate_factor")

    @property
    def parameters(self) -> tf.Variable:
        """All of them, as one vector."""
        return self._flat.vector

    @property
    def optimizer_variables(self) -> list[tf.Variable]:
        """The optimiser's state."""
        return self._flat.optimizer_variables

    @property
    def state(self) -> dict[str, tf.Variable]:
        """All that a run goes on from, by name."""
        optimizer = {f"optimizer_{i}": v for i, v in enumerate(self.optimizer_variables)}
        return {"parameters": self.parameters, "rate_factor": self.rate_factor} | optimizer

    def load_parameters(self) -> None:
        """Takes the layers' variables over."""
        self._flat.load()

    def store_parameters(self) -> None:
        """Writes the layers' variables."""
        self._flat.store()

    def reset_optimizer(self) -> None:
        """Puts the optimiser's moments and step count back to where they started."""
        self._flat.reset_optimizer()

    def finish_stage(self) -> None:
        """Lets the optimiser have its last word: averaged parameters, where it keeps an average."""
        self._flat.finish_stage()

    def recorded(self, shape: StepShape) -> tuple[str, ...]:
        """Names of what a step records, in order."""
        return shape.metrics

    def loss_energies(self, shape: StepShape) -> int:
        """Energies that a step's losses ask for."""
        return shape.energies_per_step

    def energies_per_step(self, shape: StepShape) -> int:
        """Energies that a step asks for."""
        return self.loss_energies(shape)

    def _step(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        gradient, values = self._gradient(shape, data, control, seed)
        norm, skipped = self._flat.update(
            gradient, values["loss"], control["learning_rate"], shape.clip_norm
        )
        return values | {"gradient_norm": norm, "skipped": skipped}

    def _gradient(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The gradient of the objective as one vector, and the metrics known before the update."""
        values = dict.fromkeys(("loss", *COUNTED), tf.constant(0, self._generator.dtype))
        gradient = tf.zeros_like(self.parameters)
        for part in self._objective.parts(shape, data, control, seed):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self._flat.variables)
                found = part()
            values["loss"] += found.loss
            gradient += self._flat.gradient(tape, found.loss)
            counts = {name: values[name] + found.values.get(name, 0) for name in COUNTED}
            values |= found.values | counts
        return gradient, values

    def _kind(self) -> tuple[Hashable, ...] | None:
        if type(self) is not TrainingStep:
            return None
        return self._steps_per_call, self._jit_compile, *self._methods()

    def _methods(self) -> list[Hashable]:
        """Of all that a step is made of: somebody may have replaced one."""
        parts = (type(self), TrainingStep, CompiledSteps, Objective, FlatParameters)
        return [method for part in parts for method in _compiled.methods_of(part)]

    def _twin(self) -> TrainingStep:
        return TrainingStep(*self._twin_parts(), jit_compile=self._jit_compile)

    def _twin_parts(self) -> tuple[BoltzmannGenerator, keras.optimizers.Optimizer, int]:
        optimizer = self._flat.optimizer
        twin = type(optimizer).from_config(optimizer.get_config())
        return _compiled.template_of(self._generator), twin, self._steps_per_call
