"""The loop over stages that `Trainer` and `Explorer` share: what it shows, checkpoints, resume."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from boltzmann_tf._support.checks import instance, positive_int, seed_int, sequence
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import with_xla
from boltzmann_tf._support.interrupt import interrupts_held, terminations_raised
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.callbacks import Rate, check_optimizer
from boltzmann_tf.training.checkpoints import Checkpoint
from boltzmann_tf.training.faults import TrainingDiverged, check_weights
from boltzmann_tf.training.history import History
from boltzmann_tf.training.monitoring import Monitor
from boltzmann_tf.training.run_identity import run_document
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.step_shape import Data, StepShape
from boltzmann_tf.training.steps import TrainingStep
from boltzmann_tf.training.validation import Validation
from boltzmann_tf.training.watch import Watch
from boltzmann_tf.training.windows import Windows, of_stage

__all__ = ["Loop"]


class Loop:
    """A generator, an optimiser, and blocks of compiled steps; to Keras callbacks it is a model.

    A subclass makes `_step`, and calls `_run` with what its own interface was given.

    Attributes:
      generator: trained in place.
      optimizer: of its parameters.
      seed: of the steps' randomness, a function of (seed, step).
      steps_per_call: steps that one call of the compiled function takes.
      settings: what else makes a run another one, for checkpoints.
      stop_training: Keras callbacks set it.
    """

    _step: TrainingStep
    _fresh_optimizer = True  # at each stage
    keeps_history = False  # under the name by which Keras' own history would come

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer | None,
        *,
        seed: int,
        steps_per_call: int,
        jit_compile: bool | str,
    ) -> None:
        self.generator = instance("generator", generator, BoltzmannGenerator)
        if optimizer is None:
            optimizer = keras.optimizers.Adam(name="adam")  # not counted: see `named`
        self.optimizer = check_optimizer(optimizer)
        if not generator.bijector.trainable_variables:
            raise ValueError("generator must have trainable variables, got a bijector without any")
        self.seed = seed_int("seed", seed)
        self.steps_per_call = positive_int("steps_per_call", steps_per_call)
        self._jit = with_xla(generator.bijector, generator.system, jit_compile=jit_compile)
        # XLA's random numbers are others.
        self.settings: dict[str, Any] = {"xla": self._jit}
        self.stop_training = False

    def _run(
        self,
        stages: Sequence[Stage],
        data: Data | Windows,
        history: History,
        start: tuple[int, int] = (0, 0),
        *,
        validation: Validation | None = None,
        callbacks: Sequence[keras.callbacks.Callback],
        verbose: int,
        tensorboard: str | os.PathLike[str] | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_every: int,
    ) -> None:
        """Runs the stages from `start` (stage, steps done in it), or from where the file is."""
        positive_int("checkpoint_every", checkpoint_every)
        callbacks = sequence("callbacks", callbacks)
        for stage in stages:
            history.include(self._step.recorded(stage.shape()))
        saved = None
        if checkpoint is not None:
            instance("checkpoint", checkpoint, (str, os.PathLike))
            run = run_document(self, stages, data, validation)
            saved = Checkpoint(Path(checkpoint), run, self, history)
        self._step.refresh()
        self._step.load_parameters()
        self._step.rate_factor.assign(1.0)
        if saved:
            start = saved.start(start)
            self._restored()
        check_weights(self._step.parameters.numpy())

        self.stop_training = False
        self._position, self._whole = start, True
        total = len(history) + sum(s.iterations for s in stages[start[0] :]) - start[1]
        self._rate = Rate(self.optimizer, self._step.rate_factor)
        monitor = Monitor(
            self,
            stages,
            history,
            total,
            callbacks,
            self._rate,
            verbose=verbose,
            tensorboard=tensorboard,
            validation=validation,
        )
        self._validation = validation
        with monitor, terminations_raised() if saved else contextlib.nullcontext():
            try:
                self._stages_from(start, stages, data, history, monitor, saved, checkpoint_every)
                self._step.note()
            except (KeyboardInterrupt, SystemExit):
                if saved and self._whole:
                    saved.save(self._position)
                raise
            if saved:
                with interrupts_held():
                    saved.save(self._position)

    def _stages_from(
        self,
        start: tuple[int, int],
        stages: Sequence[Stage],
        data: Data | Windows,
        history: History,
        monitor: Monitor,
        saved: Checkpoint | None,
        checkpoint_every: int,
    ) -> None:
        unsaved, validation = 0, self._validation
        for number, stage in enumerate(stages):
            if number < start[0]:
                continue
            done = start[1] if number == start[0] else 0
            if done == 0 and self._fresh_optimizer:
                self._step.reset_optimizer()
            shape = stage.shape()
            controls, names = _table(stage, shape), self._step.recorded(shape)
            learning_rate = shape.controls.index("learning_rate")
            self._rate.begin_stage(controls[:, learning_rate])
            factor = self._rate.factor
            epoch = number
            if validation is not None:
                epoch = validation.epoch(stages, number, done, history)
            last = min(done, self.steps_per_call)
            monitor.begin_stage(number, len(history), names, last, epoch)
            ended = False
            if done:  # the callbacks have begun this stage before: it is in the factor
                self._step.rate_factor.assign(factor)
            watch = Watch(self._step, history, number, stage, controls, done)
            with of_stage(data, number, done, history.stage_ends) as windows:
                while done < stage.iterations and not self.stop_training:
                    if validation is not None and validation.due(done, stage, history):
                        monitor.end_epoch(epoch, validation.record(history))
                        ended = self.stop_training
                        if ended:
                            break
                        epoch += 1
                        monitor.begin_epoch(epoch)
                    window = next(windows)
                    count = min(self.steps_per_call, stage.iterations - done)
                    monitor.before(len(history))
                    rows = controls[done : done + count].copy()
                    rows[:, learning_rate] *= self._rate.factor
                    watch.before((number, done))
                    with interrupts_held():
                        self._whole = False
                        block = self._step(shape, window, rows, self.seed, len(history))
                        self._called()
                        history.append(block, names)
                        energies = count * self._step.energies_per_step(shape)
                        history.energy_evaluations += energies
                        count_energies(energies)
                        done += count
                        self._position, self._whole = (number, done), True
                    monitor.update(count)
                    if watch.gone(count):
                        raise self._diverged(watch, window, saved)
                    unsaved += count
                    if saved and unsaved >= checkpoint_every:
                        with interrupts_held():
                            saved.save(self._position)
                        unsaved = 0
            history.stage_ends = [*history.stage_ends[:number], len(history)]
            self._step.finish_stage()
            if not ended:
                monitor.end_epoch(epoch, None if validation is None else validation.record(history))
            watch.end()
            if self.stop_training:
                break

    def _diverged(self, watch: Watch, data: Data, saved: Checkpoint | None) -> TrainingDiverged:
        """Puts everything back to before the bad steps, and into the checkpoint."""
        error = watch.error(self.generator, data)
        position, history = watch.restore()
        self._position = position
        self._rolled_back(history)
        if saved:
            saved.save(position)
        return error

    def _called(self) -> None:
        """What follows each call of the compiled steps."""

    def _restored(self) -> None:
        """What follows when a checkpoint has been read."""

    def _rolled_back(self, history: History) -> None:
        """What follows when the state is that at the end of an earlier history again."""

    @property
    def steps(self) -> TrainingStep:
        """The compiled steps."""
        return self._step

    @property
    def replicas(self) -> int:
        """Number of replicas that share a batch; 1 without a strategy."""
        return self._step.replicas

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names that every history has; those of the losses of a stage come with it."""
        return self._step.metrics

    # What Keras callbacks ask of a model.

    def save(self, filepath: str | os.PathLike[str], *, overwrite: bool = True) -> None:
        """Writes the generator to a folder, as `BoltzmannGenerator.save`.

        Args:
          filepath: of the folder, whatever its ending (`ModelCheckpoint` asks for ".keras").
          overwrite: whether a generator that is there may be replaced.
        """
        if not overwrite and Path(filepath).exists():
            raise ValueError(f"filepath must be new where overwrite is False, got {filepath!r}")
        self.generator.save(filepath)

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


def _table(stage: Stage, shape: StepShape) -> np.ndarray:
    """The scheduled values, float64 `[iterations, len(shape.controls)]`."""
    controls = stage.controls()
    return np.stack([controls[name] for name in shape.controls], axis=1)
