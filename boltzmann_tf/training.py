"""Training: stages of a custom loop whose steps, optimiser included, run inside compiled code.

A step's noise is a function of (seed, step), so a resumed run is the same run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from boltzmann_tf._checks import finite_array, instance, sequence
from boltzmann_tf.distributed import DistributedStep
from boltzmann_tf.faults import TrainingDiverged, check_rows
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.loop import Loop
from boltzmann_tf.stages import History, Stage
from boltzmann_tf.step_shape import Data
from boltzmann_tf.steps import TrainingStep

__all__ = ["History", "Stage", "Trainer", "TrainingDiverged"]


class Trainer(Loop):
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
        the random numbers are others. "auto" takes XLA unless it is the slower one for the
        bijector, or cannot compile the system (`compiles_with_xla` of each).
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
        super().__init__(
            generator,
            optimizer,
            seed=seed,
            steps_per_call=steps_per_call,
            jit_compile=jit_compile,
        )
        common = (self.generator, self.optimizer, self.steps_per_call)
        if strategy is None:
            self._step = TrainingStep(*common, jit_compile=self._jit)
        else:
            instance("strategy", strategy, tf.distribute.Strategy)
            self._step = DistributedStep(*common, strategy, jit_compile=self._jit)

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
            the same numbers; written before the first step, every `checkpoint_every` steps, on
            Ctrl-C, SIGTERM and SIGHUP (a batch system's notice; the process then ends with 128 plus
            the signal's number), and at the end. A file of another run is a `ValueError` that
            names what differs, see `run_identity.run_document`; a place that cannot be written to,
            or has no room for two of them, is an `OSError` before the first step.
          checkpoint_every: steps between checkpoints.

        Returns:
          The history of all steps, those before a resume included.

        Raises:
          TrainingDiverged: after `Stage.max_bad_steps` steps in a row without anything to learn
            from; generator and checkpoint are then as they were before these.
        """
        stages = [stages] if isinstance(stages, Stage) else sequence("stages", stages)
        if not stages:
            raise ValueError("stages must hold at least one Stage, got none")
        for i, stage in enumerate(stages):
            instance(f"stages[{i}]", stage, Stage)
            self._check(i, stage)
        tensor = self._data(data, data_condition, stages)
        history = History()
        self._run(
            stages,
            tensor,
            history,
            callbacks=callbacks,
            verbose=verbose,
            tensorboard=tensorboard,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
        )
        return history

    def _check(self, number: int, stage: Stage) -> None:
        """Raises unless the stage fits the generator and the replicas."""
        self._step.energies_per_step(stage.shape())  # raises where a batch cannot be shared
        size = self.generator.bijector.condition_size
        shape = stage.shape()
        where = f"stages[{number}].temperatures"
        self.generator.prior.check_temperatures(where, stage.temperatures)
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
        check_rows("data", array)
        if not size and condition is None:
            return Data(tf.constant(array), tf.zeros([len(array), 0], dtype))
        wanted = f"data_condition must have shape [{len(array)}, {size}] for this generator"
        if condition is None or not size:
            raise ValueError(f"{wanted}, got {'none' if size else 'one for an unconditional one'}")
        rows = finite_array("data_condition", condition, ndim=2, dtype=dtype.as_numpy_dtype)
        if rows.shape != (len(array), size):
            raise ValueError(f"{wanted}, got {rows.shape}")
        return Data(tf.constant(array), tf.constant(rows))
