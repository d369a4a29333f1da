"""Training: stages of a custom loop whose steps, optimiser included, run inside compiled code.

A step's noise is a function of (seed, step), so a resumed run is the same run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._checks import (
    finite_array,
    instance,
    positive_int,
    seed_int,
    sequence,
)
from boltzmann_tf._graph import with_xla
from boltzmann_tf.checkpoints import Checkpoint, fingerprint
from boltzmann_tf.distributed import DistributedStep
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.monitoring import Monitor
from boltzmann_tf.stages import History, Stage
from boltzmann_tf.step_shape import Data
from boltzmann_tf.steps import TrainingStep

__all__ = ["History", "Stage", "Trainer"]


class Trainer:
    """Trains a generator in stages.

    Args:
      generator: trained in place.
      optimizer: a Keras optimiser; Adam with Keras' defaults for None. Its learning rate is set by
        the stages.
      strategy: of `tf.distribute`, to train on several devices or machines: the batch is shared
        among the replicas. Build the generator inside `strategy.scope()`. J_RC and the weighted
        J_ML, functions of the whole batch, are those of each replica's share, averaged. On
        several machines, give each its own checkpoint.
      seed: of mini-batches and latent noise.
      steps_per_call: steps that one call of the compiled function takes.
      jit_compile: whether XLA compiles the step, as in `keras.Model.compile`. Without it the first
        step comes some seconds earlier, each step takes longer (see the page on performance), and
        the random numbers are others. "auto" takes XLA unless it is the slower one
        (`Bijector.compiles_with_xla`).
    """

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer | None = None,
        strategy: tf.distribute.Strategy | None = None,
        *,
        seed: int = 0,
        steps_per_call: int = 50,
        jit_compile: bool | str = "auto",
    ) -> None:
        self.generator = instance("generator", generator, BoltzmannGenerator)
        if optimizer is None:
            optimizer = keras.optimizers.Adam()
        self.optimizer = instance("optimizer", optimizer, keras.optimizers.Optimizer)
        if not isinstance(optimizer.get_config()["learning_rate"], float):
            raise ValueError(
                "optimizer must have a number as its learning rate, got a schedule: give that to "
                "Stage(learning_rate=...)"
            )
        if optimizer.built:
            raise ValueError("optimizer must be new, got one that belongs to other variables")
        if not generator.bijector.trainable_variables:
            raise ValueError("generator must have trainable variables, got a bijector without any")
        self.seed = seed_int("seed", seed)
        self.steps_per_call = positive_int("steps_per_call", steps_per_call)
        jit = with_xla(generator.bijector, jit_compile=jit_compile)
        self.stop_training = False  # Keras callbacks set it
        common = (generator, optimizer, steps_per_call)
        if strategy is None:
            self._step = TrainingStep(*common, jit_compile=jit)
        else:
            instance("strategy", strategy, tf.distribute.Strategy)
            self._step = DistributedStep(*common, strategy, jit_compile=jit)

    def fit(
        self,
        data: Any = None,
        stages: Sequence[Stage] | Stage = (),
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        data_condition: Any = None,
        verbose: int = 1,
        tensorboard: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1000,
    ) -> History:
        """Runs the stages.

        Args:
          data: configurations `[n, *event_shape]` for J_ML; None where no stage uses it.
          stages: one stage or several.
          data_condition: of each configuration of `data`, `[n, condition_size]`, for a conditional
            generator.
          callbacks: Keras callbacks; a stage counts as an epoch, a call of `steps_per_call` steps
            as a batch.
          verbose: 0 for silence, 1 for a progress bar.
          tensorboard: folder for TensorBoard logs.
          checkpoint: file (.npz) from which an interrupted run with the same stages resumes, to
            the same numbers; written every `checkpoint_every` steps, on an interrupt, and at the
            end.
          checkpoint_every: steps between checkpoints.

        Returns:
          The history of all steps, those before a resume included.
        """
        stages = [stages] if isinstance(stages, Stage) else sequence("stages", stages)
        if not stages:
            raise ValueError("stages must hold at least one Stage, got none")
        for i, stage in enumerate(stages):
            instance(f"stages[{i}]", stage, Stage)
            self._check(i, stage)
        tensor = self._data(data, data_condition, stages)
        positive_int("checkpoint_every", checkpoint_every)
        callbacks = sequence("callbacks", callbacks)

        history, start = History(), (0, 0)
        saved = None
        if checkpoint is not None:
            instance("checkpoint", checkpoint, (str, os.PathLike))
            saved = Checkpoint(Path(checkpoint), fingerprint(self, stages, tensor))
        self._step.load_parameters()
        if saved and saved.exists():
            start = saved.restore(self._step, history)
        else:
            self._step.reset_optimizer()

        self.stop_training = False
        total = sum(stage.iterations for stage in stages)
        monitor = Monitor(self, total, callbacks, verbose=verbose, tensorboard=tensorboard)
        with monitor:
            try:
                self._run(stages, tensor, history, start, monitor, saved, checkpoint_every)
            except KeyboardInterrupt:
                # The step in flight is lost; what the variables hold is the last whole call.
                if saved:
                    saved.save(self._step, history, self._position)
                raise
        if saved:
            saved.save(self._step, history, self._position)
        return history

    def _run(
        self,
        stages: Sequence[Stage],
        data: Data,
        history: History,
        start: tuple[int, int],
        monitor: Monitor,
        saved: Checkpoint | None,
        checkpoint_every: int,
    ) -> None:
        self._position = start
        unsaved = 0
        for number, stage in enumerate(stages):
            if number < start[0]:
                continue
            done = start[1] if number == start[0] else 0
            if done == 0 and number > 0:
                self._step.reset_optimizer()
            controls = np.stack(list(stage.controls().values()), axis=1)
            shape = stage.shape()
            monitor.begin_stage(number, len(history))
            while done < stage.iterations and not self.stop_training:
                count = min(self.steps_per_call, stage.iterations - done)
                block = self._step(
                    shape, data, controls[done : done + count], self.seed, len(history)
                )
                history.append(block)
                history.energy_evaluations += count * self._step.energies_per_step(shape)
                done += count
                self._position = (number, done)
                monitor.update(history, count)
                unsaved += count
                if saved and unsaved >= checkpoint_every:
                    saved.save(self._step, history, self._position)
                    unsaved = 0
            history.stage_ends = [*history.stage_ends[:number], len(history)]
            monitor.end_stage(number)
            if self.stop_training:
                break

    @property
    def replicas(self) -> int:
        """Number of replicas that share a batch; 1 without a strategy."""
        return self._step.replicas

    # What Keras callbacks ask of a model.

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the trainable variables."""
        return [v.numpy() for v in self.generator.bijector.trainable_variables]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Assigns what `get_weights` returned."""
        for variable, value in zip(
            self.generator.bijector.trainable_variables, weights, strict=True
        ):
            variable.assign(value)
        self._step.load_parameters()

    def _check(self, number: int, stage: Stage) -> None:
        """Raises unless the stage fits the generator and the replicas."""
        self._step.energies_per_step(stage.shape())  # raises where a batch cannot be shared
        size = self.generator.bijector.condition_size
        shape = stage.shape()
        given = 0 if stage.condition is None else stage.condition.size
        if given != size and (given or shape.kl or shape.rc):
            raise ValueError(
                f"stages[{number}].condition must have {size} component(s) for this generator, got "
                f"{stage.condition!r}"
            )

    def _data(self, data: Any, condition: Any, stages: Sequence[Stage]) -> Data:
        shape, dtype = self.generator.system.event_shape, self.generator.dtype
        size = self.generator.bijector.condition_size
        if data is None:
            if any(stage.shape().ml for stage in stages):
                raise ValueError("data must be given where a stage has ml > 0, got None")
            return Data(tf.zeros([1, *shape], dtype), tf.zeros([1, size], dtype))
        array = finite_array("data", data, ndim=1 + len(shape), dtype=dtype.as_numpy_dtype)
        if array.shape[1:] != shape:
            raise ValueError(
                f"data must have shape [n, {', '.join(map(str, shape))}], got {array.shape}"
            )
        if not size and condition is None:
            return Data(tf.constant(array), tf.zeros([len(array), 0], dtype))
        wanted = f"data_condition must have shape [{len(array)}, {size}] for this generator"
        if condition is None or not size:
            raise ValueError(f"{wanted}, got {'none' if size else 'one for an unconditional one'}")
        rows = finite_array("data_condition", condition, ndim=2, dtype=dtype.as_numpy_dtype)
        if rows.shape != (len(array), size):
            raise ValueError(f"{wanted}, got {rows.shape}")
        return Data(tf.constant(array), tf.constant(rows))
