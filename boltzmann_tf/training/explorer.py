"""Adaptive exploration: training on a buffer that Metropolis steps in latent space carry along.

Noé et al. 2019, "adaptive sampling" (figure 4 of the notebooks). From configurations of one state,
each iteration trains on a batch of the buffer by example and on generated ones by energy, then
moves that batch by a Metropolis step in the latent space of the network as it is now. What the
steps find is what the network learns next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf._support.graph import in_graph
from boltzmann_tf._support.random import log_uniform, normal
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.faults import check_rows
from boltzmann_tf.training.history import History
from boltzmann_tf.training.loop import Loop
from boltzmann_tf.training.objective import batch_index
from boltzmann_tf.training.run_identity import function_name
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.step_shape import METRICS, MOVES, Data, StepShape
from boltzmann_tf.training.steps import TrainingStep

__all__ = ["Explorer"]

WINDOW = 50  # iterations whose acceptance the step size follows; fixed before that
RAISE, LOWER = 0.2, 0.02  # acceptance above which steps grow, below which they shrink
LARGEST, SMALLEST = 1.0, 0.001


class Explorer(Loop):
    """A generator, a buffer of configurations, and the loop that extends both.

    Call `run` as often as you like and look at `buffer` in between.

    Args:
      generator: unconditional; trained in place.
      initial: configurations of the known state, `[n, *event_shape]`.
      capacity: of the buffer, which starts with draws from `initial`.
      optimizer: a new Keras optimiser; Adam for None.
      step_size: of the latent moves at the start, in units of sqrt(tau). After 50 iterations it
        grows by 2 % an iteration where the acceptance of the last 50 is above 0.2, to at most 1,
        and shrinks where it is below 0.02, as published.
      temperature: tau of the moves.
      relabel: applied to what has moved between calls of the compiled loop, and to `initial`; from
        and to `[n, *event_shape]`, say `sampling.relabel` of identical particles; None for nothing.
      seed: of everything.
      steps_per_call: iterations between two of them.
      jit_compile: as in `Trainer`.
    """

    _step: _ExplorationStep
    _fresh_optimizer = False
    keeps_history = True

    def __init__(
        self,
        generator: BoltzmannGenerator,
        initial: Any,
        *,
        capacity: int = 10_000,
        optimizer: keras.optimizers.Optimizer | None = None,
        step_size: float = 0.1,
        temperature: float = 1.0,
        relabel: Callable[[np.ndarray], np.ndarray] | None = None,
        seed: int = 0,
        steps_per_call: int = 10,
        jit_compile: bool | str = "auto",
    ) -> None:
        super().__init__(
            generator,
            optimizer,
            seed=seed,
            steps_per_call=steps_per_call,
            jit_compile=jit_compile,
        )
        if generator.bijector.condition_size:
            raise ValueError(
                "generator must be unconditional, got "
                f"condition_size={generator.bijector.condition_size}"
            )
        shape = generator.system.event_shape
        dtype = generator.dtype
        x = finite_array("initial", initial, ndim=1 + len(shape), dtype=dtype.as_numpy_dtype)
        if x.shape[1:] != shape:
            raise ValueError(
                f"initial must have shape [n, {', '.join(map(str, shape))}], got {x.shape}"
            )
        check_rows("initial", x)
        x = x if relabel is None else relabel(x)
        chosen = np.random.default_rng(seed).integers(
            len(x), size=positive_int("capacity", capacity)
        )
        step_size = positive("step_size", step_size)
        temperature = positive("temperature", temperature)
        generator.prior.check_temperatures("temperature", [temperature])
        # Of the steps between two relabellings, which decide what the next ones see.
        between = None if relabel is None else self.steps_per_call
        self.settings |= {
            "capacity": len(chosen),
            "step_size": step_size,
            "temperature": temperature,
            "relabel": None if relabel is None else function_name(relabel),
            "steps between relabellings": between,
        }
        self._relabel = relabel
        self._initial = Data(tf.constant(x), tf.zeros([len(x), 0], dtype))
        self._step = _ExplorationStep(
            self.generator,
            self.optimizer,
            self.steps_per_call,
            x[chosen],
            step_size,
            temperature,
            jit_compile=self._jit,
        )
        self._ordered = self.buffer
        self._stages: list[Stage] = []
        self.history = History({n: np.empty(0, np.float32) for n in self._step.metrics})

    @property
    def buffer(self) -> np.ndarray:
        """The configurations as they are now, `[capacity, *event_shape]`."""
        return np.array(self._step.buffer.numpy())  # a copy: TensorFlow may share its memory

    @property
    def acceptance(self) -> np.ndarray:
        """Of the latent moves at each iteration so far."""
        return self.history["acceptance"]

    @property
    def step_size(self) -> np.ndarray:
        """Of the latent moves at each iteration so far."""
        return self.history["step_size"]

    def run(
        self,
        stage: Stage,
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: int = 1,
        tensorboard: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1000,
    ) -> History:
        """Trains and moves for the iterations of a stage; the optimiser goes on where it was.

        Args:
          stage: losses, batch size, learning rate; its data are the buffer.
          callbacks: Keras callbacks; a stage counts as an epoch, a call of `steps_per_call`
            iterations as a batch.
          verbose: 0 for silence, 1 for a progress bar.
          tensorboard: folder for TensorBoard logs.
          checkpoint: file (.npz) from which an interrupted run resumes, to the same numbers;
            written as by `Trainer.fit`, every `checkpoint_every` iterations. It holds the buffer
            and all that came before this stage too. Each stage needs its own.
          checkpoint_every: iterations between checkpoints.

        Returns:
          The history of all iterations so far, `energy_evaluations` of losses and moves included.
        """
        instance("stage", stage, Stage)
        shape = stage.shape()
        self.generator.prior.check_temperatures("stage.temperatures", stage.temperatures)
        if shape.condition is not None or not shape.of_data:
            raise ValueError(
                "stage must train on the buffer, ml > 0, without a condition, got losses of "
                f"{[loss.name for loss in shape.losses]} and condition={shape.condition!r}"
            )
        self._run(
            [*self._stages, stage],
            self._initial,
            self.history,
            (len(self._stages), 0),
            callbacks=callbacks,
            verbose=verbose,
            tensorboard=tensorboard,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
        )
        self._stages.append(stage)
        return self.history

    def _called(self) -> None:
        if self._relabel is not None:
            self._put_in_order()

    def _restored(self) -> None:
        self._ordered = self.buffer

    def _rolled_back(self, history: History) -> None:
        self.history = history
        self._ordered = self.buffer

    def _put_in_order(self) -> None:
        """Relabels what has moved since the last time."""
        buffer = self.buffer
        axes = tuple(range(1, buffer.ndim))
        moved = np.any(buffer != self._ordered, axis=axes)
        if np.any(moved):
            buffer[moved] = self._relabel(buffer[moved])  # type: ignore[misc]
            self._step.buffer.assign(buffer)
        self._ordered = buffer


class _ExplorationStep(TrainingStep):
    """A training step on the buffer, followed by a Metropolis step of its batch."""

    metrics = (*METRICS, *MOVES)

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        buffer: np.ndarray,
        step_size: float,
        temperature: float,
        *,
        jit_compile: bool,
    ) -> None:
        super().__init__(generator, optimizer, steps_per_call, jit_compile=jit_compile)
        dtype = generator.dtype
        self.buffer = tf.Variable(buffer, dtype=dtype)
        self._true_energy = in_graph(generator.system.energy)
        self._temperature = temperature
        self._size = tf.Variable(step_size, dtype=dtype)
        self._accepted = tf.Variable(tf.zeros([WINDOW], dtype))
        self._iteration = tf.Variable(0)

    @property
    def state(self) -> dict[str, tf.Variable]:
        """All that a run goes on from, by name."""
        return super().state | {
            "buffer": self.buffer,
            "move_size": self._size,
            "accepted": self._accepted,
            "iteration": self._iteration,
        }

    def _kind(self) -> tuple[Hashable, ...] | None:
        if type(self) is not _ExplorationStep:
            return None
        settings = (self._steps_per_call, self._jit_compile, *self.buffer.shape, self._temperature)
        return (*settings, *self._methods())

    def _twin(self) -> _ExplorationStep:
        return _ExplorationStep(
            *self._twin_parts(),
            np.zeros(self.buffer.shape, self.buffer.dtype.as_numpy_dtype),
            LARGEST,
            self._temperature,
            jit_compile=self._jit_compile,
        )

    def recorded(self, shape: StepShape) -> tuple[str, ...]:
        """Names of what a step records, in order."""
        return (*super().recorded(shape), *MOVES)

    def energies_per_step(self, shape: StepShape) -> int:
        """Of the losses, and of each moved configuration before and after."""
        return super().energies_per_step(shape) + 2 * shape.examples

    def _step(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        buffer = tf.convert_to_tensor(self.buffer)
        values = super()._step(shape, data._replace(x=buffer), control, seed)
        # The seed from which the loss took its batch.
        data_seed, noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        index = batch_index(shape, data_seed, tf.shape(buffer)[0])
        x, accepted = self._move(tf.gather(buffer, index), noise_seed)
        self.buffer.scatter_update(tf.IndexedSlices(x, index))
        moves = dict(zip(MOVES, (accepted, tf.convert_to_tensor(self._size)), strict=True))
        self._adapt(accepted)
        return values | moves

    def _move(self, x: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A Metropolis step in z of exp(-u / tau) |dx/dz|, with the network as it is now."""
        generator = self._generator
        noise, choice = tf.unstack(
            tf.random.experimental.stateless_split(
                tf.random.experimental.stateless_fold_in(seed, 7), 2
            )
        )
        tau = tf.constant(self._temperature, x.dtype)
        z, inverse_log_det = generator.to_latent(x)
        proposed = z + self._size * tf.sqrt(tau) * normal(tf.shape(z), noise, x.dtype)
        y, log_det = generator.to_configuration(proposed)
        before, after = (tf.cast(self._true_energy(v), tf.float64) for v in (x, y))
        log_ratio = tf.cast(log_det, tf.float64) + tf.cast(inverse_log_det, tf.float64)
        log_ratio += (before - after) / self._temperature
        # A NaN is a rejection; so is a configuration that left the numbers.
        finite = tf.reduce_all(tf.math.is_finite(tf.reshape(y, [tf.shape(y)[0], -1])), axis=-1)
        accepted = (log_uniform(tf.shape(log_ratio), choice) < log_ratio) & finite
        mask = tf.reshape(accepted, [-1] + [1] * (x.shape.rank - 1))
        return tf.where(mask, y, x), tf.reduce_mean(tf.cast(accepted, x.dtype))

    def _adapt(self, accepted: tf.Tensor) -> None:
        """Lets the step size follow the acceptance."""
        slot = self._iteration % WINDOW
        self._accepted.scatter_update(tf.IndexedSlices(accepted[None], slot[None]))
        self._iteration.assign_add(1)
        mean = tf.reduce_mean(self._accepted)
        factor = tf.where(mean > RAISE, 1.02, tf.where(mean < LOWER, 0.98, 1.0))
        factor = tf.where(self._iteration < WINDOW, 1.0, factor)
        size = tf.clip_by_value(self._size * tf.cast(factor, mean.dtype), SMALLEST, LARGEST)
        self._size.assign(size)
