"""Many steps in one call of compiled code, and whom that code belongs to."""

from __future__ import annotations

import abc
import functools
import threading
from collections.abc import Callable, Hashable
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.graph import numbers_of
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training import shared_steps as _compiled
from boltzmann_tf.training.flat_parameters import FlatParameters
from boltzmann_tf.training.step_shape import Data, StepShape

__all__ = ["CompiledSteps"]


class CompiledSteps(abc.ABC):
    """Runs blocks of steps; a subclass says what a step does, and what it is a function of.

    What is compiled is shared with the steps of other generators of the same architecture, system
    and optimiser, where that can be told (`_compiled.key_of`): it belongs to a step of its own,
    the engine, which takes the state over for a call.

    Args:
      generator: whose bijector is trained.
      optimizer: of its parameters.
      steps_per_call: the most steps of one call.
      jit_compile: whether XLA compiles them.
    """

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        *,
        jit_compile: bool,
    ) -> None:
        self._generator = generator
        variables = generator.bijector.trainable_variables
        self._flat = FlatParameters(variables, optimizer, generator.dtype)
        self._steps_per_call = steps_per_call
        self._jit_compile = jit_compile
        self._compiled = _compiled.Recent()  # by shape
        self._engines: dict[StepShape, CompiledSteps] = {}
        self._numbers: Hashable = None
        # Found once: to look through a deep network takes as long as half a training step.
        self._fixed = [v for v in generator.bijector.variables if not v.trainable]
        self._lock = threading.RLock()

    @property
    @abc.abstractmethod
    def state(self) -> dict[str, tf.Variable]:
        """All that a run goes on from, by name."""

    @abc.abstractmethod
    def recorded(self, shape: StepShape) -> tuple[str, ...]:
        """Names of what a step records, in order."""

    @abc.abstractmethod
    def _step(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Takes one step; returns what is recorded of it, by name."""

    @abc.abstractmethod
    def _kind(self) -> tuple[Hashable, ...] | None:
        """What distinguishes steps of one key; None for a class that does not share."""

    @abc.abstractmethod
    def _twin(self) -> Self:
        """Steps like these, on variables of their own."""

    def __call__(
        self, shape: StepShape, data: Data, controls: np.ndarray, seed: int, start: int
    ) -> np.ndarray:
        """Takes steps; returns what they recorded, float32 `[steps, len(self.recorded(shape))]`.

        Args:
          shape: what is compiled in.
          data: configurations for the losses that see data, and their conditions
            `[n, condition_size]`.
          controls: `[steps, len(shape.controls)]`, the values of these at each step.
          seed: of the run.
          start: number of the first step in the run.
        """
        count = len(controls)
        padded = np.zeros(
            (self._steps_per_call, len(shape.controls)), self._generator.dtype.as_numpy_dtype
        )
        padded[:count] = controls
        engine = self._engine(shape)
        function = engine._function(shape)
        self._compiled[shape] = function
        with engine._lock:
            if engine is not self:
                engine._take(self)
            out = function(
                data,
                tf.constant(padded),
                tf.constant([seed, 0], tf.int32),
                tf.constant(start, tf.int32),
                tf.constant(count, tf.int32),
            ).numpy()
            if engine is not self:
                self._take(engine)
                _compiled.copy_variables(engine._flat.variables, self._flat.variables)
        return out[:count]

    def note(self) -> None:
        """Keeps the numbers of the system as they are now: tracing itself may have changed some."""
        self._numbers = self._told()

    def refresh(self) -> None:
        """Lets what is compiled go where numbers of system or prior have changed since then."""
        if self._told() != self._numbers:
            self._engines.clear()
            self._compiled.clear()
            self.note()

    def _told(self) -> Hashable:
        return numbers_of(self._generator.system), numbers_of(self._generator.prior)

    def _function(self, shape: StepShape) -> Callable:
        """The compiled steps of a shape, on the variables of this object."""
        # Without AutoGraph, whose source conversion would take a second or two; a user's energy
        # and losses still get it (`in_graph`). A partial, because TensorFlow counts traces by code
        # object and would warn of retracing with the second trainer.
        return self._compiled.found(
            shape,
            lambda: tf.function(
                functools.partial(self._steps, shape),
                jit_compile=self._jit_compile,
                autograph=False,
            ),
        )

    def _steps(
        self,
        shape: StepShape,
        data: Data,
        controls: tf.Tensor,
        seed: tf.Tensor,
        start: tf.Tensor,
        count: tf.Tensor,
    ) -> tf.Tensor:
        # The state is in the flat vector: the layers of an engine hold another trainer's.
        self._flat.store()
        names = self.recorded(shape)
        rows = tf.TensorArray(tf.float32, self._steps_per_call, element_shape=[len(names)])

        def body(i: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            step_seed = tf.random.experimental.stateless_fold_in(seed, start + i)
            control = dict(zip(shape.controls, tf.unstack(controls[i]), strict=True))
            values = self._step(shape, data, control, step_seed)
            row = tf.stack([tf.cast(values[name], tf.float32) for name in names])
            return i + 1, rows.write(i, row)

        # Not a loop over `tf.range(count)`: XLA takes a range's length for a constant of the
        # program, and would compile again for every count.
        loop = tf.while_loop(lambda i, _: i < count, body, (tf.constant(0), rows))
        return loop[1].stack()

    def _engine(self, shape: StepShape) -> CompiledSteps:
        """The steps that compiled code belongs to: one for all of a key, or these."""
        if shape not in self._engines:
            self._engines[shape] = self._shared_engine(shape) or self
        return self._engines[shape]

    def _shared_engine(self, shape: StepShape) -> CompiledSteps | None:
        kind = self._kind()
        replaced = any(callable(v) and hasattr(type(self), n) for n, v in vars(self).items())
        if kind is None or replaced:
            return None
        place = _compiled.place_of(self._generator.system, shape)
        key = _compiled.key_of(self._generator, self._flat.optimizer, shape)
        if place is None or key is None:
            return None
        engine = place.found((*kind, *key), self._twin)
        with engine._lock:
            same = _compiled.trusted(self._generator, engine._generator)
        return engine if same else None

    def _take(self, other: CompiledSteps) -> None:
        """Takes over the state of other steps of the same kind."""
        _compiled.copy_variables(other._everything(), self._everything())

    def _everything(self) -> list[tf.Variable]:
        """The state, and what the bijector holds besides its parameters."""
        return [*self.state.values(), *self._fixed]
