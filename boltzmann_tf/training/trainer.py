"""Training: stages of a custom loop whose steps, optimiser included, run inside compiled code.

A step's noise is a function of (seed, step), so a resumed run is the same run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from boltzmann_tf._support.checks import finite, instance, positive_int, sequence
from boltzmann_tf._support.rows import Form, Rows
from boltzmann_tf._support.streams import Stream, source, with_conditions
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.distributed import DistributedStep
from boltzmann_tf.training.faults import TrainingDiverged, check_rows
from boltzmann_tf.training.history import History
from boltzmann_tf.training.loop import Loop
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.step_shape import Data
from boltzmann_tf.training.steps import TrainingStep
from boltzmann_tf.training.validation import Validation, held_out_terms, split
from boltzmann_tf.training.windows import Windows, training_data

__all__ = ["History", "Stage", "Trainer", "TrainingDiverged"]


class Trainer(Loop):
    """Trains a generator in stages.

    Args:
      generator: trained in place.
      optimizer: a Keras optimiser; Adam with Keras' defaults for None. Its learning rate is set by
        the stages.
      strategy: of `tf.distribute`, to train on several devices or machines: the batch is shared
        among the replicas. Build the generator inside `strategy.scope()`. J_RC, the weighted
        J_ML and other functions of the whole batch are those of each replica's share, averaged. On
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
        self._terms: Callable | None = None  # of J_ML, compiled with the first held-out data
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
        window: int | None = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        validation_every: int | None = None,
        verbose: int = 1,
        tensorboard: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1000,
    ) -> History:
        """Runs the stages.

        Args:
          data: configurations `[n, *event_shape]` for J_ML and other losses that see data; None
            where no stage has one. What need not be in memory: rows that are read by number
            (`np.memmap`, HDF5 or Zarr datasets, anything with `shape`, `dtype` and slices), a
            `tf.data.Dataset` of configurations or of chunks `[k, *event_shape]`, a function without
            arguments that returns a new iterator of chunks at each call, or what can be walked
            again and again. A stream's elements are pairs (x, condition) for a conditional
            generator.
          stages: one stage or several.
          data_condition: of each configuration of `data`, `[n, condition_size]`, for a conditional
            generator.
          window: rows that a call of `steps_per_call` steps sees of data that are not in memory,
            and from which it draws its batches; None for as many as its steps take, within 128
            MiB. Given, it holds for an array in memory too. Data of at most so many rows are taken
            into memory.
          validation_data: held-out configurations, as `data`; a pair (x, condition) of these for a
            conditional generator.
          validation_split: fraction of `data` at its end that is held out instead, as in
            `keras.Model.fit`.
          validation_every: steps between evaluations of J_ML on what is held out, rounded up to
            whole calls; each then ends an epoch of the callbacks. None for the end of each stage
            only. There is an evaluation at the end of each stage in any case.
          callbacks: Keras callbacks; a stage counts as an epoch, a call of `steps_per_call` steps
            as a batch. One that sets `stop_training` ends the run.
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
        found = None if data is None else self._source(data, data_condition)
        held_out = validation_data
        if not 0 <= finite("validation_split", validation_split) < 1:
            raise ValueError(f"validation_split must be in [0, 1), got {validation_split!r}")
        if validation_split:
            if validation_data is not None or found is None:
                got = "None" if found is None else "validation_data too"
                raise ValueError(f"validation_split must be 0 or be of data alone, got {got}")
            found, held_out = split(found, validation_split)
        history = History()
        self._run(
            stages,
            self._data(found, None, stages, window),
            history,
            validation=self._held_out(held_out, validation_every),
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
        if given != size and (given or shape.of_generated):
            raise ValueError(
                f"stages[{number}].condition must have {size} component(s) for this generator, got "
                f"{stage.condition!r}"
            )

    def _form(self, name: str) -> Form:
        generator = self.generator
        size = generator.bijector.condition_size
        shape = generator.system.event_shape
        return Form(name, shape, generator.dtype.as_numpy_dtype, size)

    def _source(self, data: Any, condition: Any) -> Rows | Stream:
        """The data as a source, looked at if they are in memory."""
        form = self._form("data")
        found = source(form, data)
        if isinstance(found, Stream):
            if condition is not None:
                raise ValueError(
                    "data_condition must be None where data is a stream, got one: let its elements "
                    "be pairs (x, condition)"
                )
            return found
        if found.in_memory:
            check_rows("data", found.x)
        return with_conditions(found, form.size, condition, "data_condition")

    def _held_out(self, given: Any, every: int | None) -> Validation | None:
        """Of held-out data, as a source or as the user gave them; None without."""
        if given is None:
            if every is not None:
                raise ValueError(
                    "validation_every must be None without validation_data and validation_split, "
                    f"got {every!r}"
                )
            return None
        if not isinstance(given, Rows):
            form, condition = self._form("validation_data"), None
            if form.size and isinstance(given, tuple) and len(given) == 2:
                given, condition = given
            given = source(form, given)
            if isinstance(given, Rows):
                name = "the condition of validation_data"
                given = with_conditions(given, form.size, condition, name)
        if self._terms is None:
            self._terms = held_out_terms(self.generator, jit_compile=self._jit)
        return Validation(self._terms, given, every, self.steps_per_call)

    def _data(
        self, data: Any, condition: Any, stages: Sequence[Stage], window: int | None = None
    ) -> Data | Windows:
        """What the steps see of the data, or of a source."""
        if window is not None:
            positive_int("window", window)
        if data is None:
            shape, dtype = self.generator.system.event_shape, self.generator.dtype
            size = self.generator.bijector.condition_size
            if any(stage.shape().of_data for stage in stages):
                raise ValueError(
                    "data must be given where a stage has ml > 0, or another loss that sees data, "
                    "got None"
                )
            return Data(tf.zeros([1, *shape], dtype), tf.zeros([1, size], dtype))
        found = data if isinstance(data, Rows | Stream) else self._source(data, condition)
        return training_data(found, stages, self.steps_per_call, window, self.seed)
