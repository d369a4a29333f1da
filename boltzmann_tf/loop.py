"""The loop over stages that `Trainer` and `Explorer` share: what it shows, checkpoints, resume."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from boltzmann_tf._checks import instance, positive_int, seed_int, sequence
from boltzmann_tf._graph import with_xla
from boltzmann_tf._interrupt import interrupts_held
from boltzmann_tf.checkpoints import Checkpoint, fingerprint
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.monitoring import Monitor
from boltzmann_tf.stages import History, Stage
from boltzmann_tf.step_shape import Data
from boltzmann_tf.steps import TrainingStep

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
        self._jit = with_xla(generator.bijector, jit_compile=jit_compile)
        # XLA's random numbers are others.
        self.settings: tuple[Any, ...] = (("xla", self._jit),)
        self.stop_training = False

    def _run(
        self,
        stages: Sequence[Stage],
        data: Data,
        history: History,
        start: tuple[int, int] = (0, 0),
        *,
        callbacks: Sequence[keras.callbacks.Callback],
        verbose: int,
        tensorboard: str | os.PathLike[str] | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_every: int,
    ) -> None:
        """Runs the stages from `start` (stage, steps done in it), or from where the file is."""
        positive_int("checkpoint_every", checkpoint_every)
        callbacks = sequence("callbacks", callbacks)
        saved = None
        if checkpoint is not None:
            instance("checkpoint", checkpoint, (str, os.PathLike))
            saved = Checkpoint(Path(checkpoint), fingerprint(self, stages, data))
        self._step.load_parameters()
        if saved and saved.exists():
            start = saved.restore(self._step, history)
            self._restored()

        self.stop_training = False
        self._position, self._whole = start, True
        total = len(history) + sum(s.iterations for s in stages[start[0] :]) - start[1]
        monitor = Monitor(self, total, callbacks, verbose=verbose, tensorboard=tensorboard)
        with monitor:
            try:
                self._stages_from(start, stages, data, history, monitor, saved, checkpoint_every)
            except KeyboardInterrupt:
                if saved and self._whole:
                    saved.save(self._step, history, self._position)
                raise
        if saved:
            saved.save(self._step, history, self._position)

    def _stages_from(
        self,
        start: tuple[int, int],
        stages: Sequence[Stage],
        data: Data,
        history: History,
        monitor: Monitor,
        saved: Checkpoint | None,
        checkpoint_every: int,
    ) -> None:
        unsaved = 0
        for number, stage in enumerate(stages):
            if number < start[0]:
                continue
            done = start[1] if number == start[0] else 0
            if done == 0 and self._fresh_optimizer:
                self._step.reset_optimizer()
            controls = np.stack(list(stage.controls().values()), axis=1)
            shape = stage.shape()
            monitor.begin_stage(number, len(history))
            while done < stage.iterations and not self.stop_training:
                count = min(self.steps_per_call, stage.iterations - done)
                with interrupts_held():
                    self._whole = False
                    block = self._step(
                        shape, data, controls[done : done + count], self.seed, len(history)
                    )
                    self._called()
                    history.append(block)
                    history.energy_evaluations += count * self._step.energies_per_step(shape)
                    done += count
                    self._position, self._whole = (number, done), True
                monitor.update(history, count)
                unsaved += count
                if saved and unsaved >= checkpoint_every:
                    saved.save(self._step, history, self._position)
                    unsaved = 0
            history.stage_ends = [*history.stage_ends[:number], len(history)]
            monitor.end_stage(number)
            if self.stop_training:
                break

    def _called(self) -> None:
        """What follows each call of the compiled steps."""

    def _restored(self) -> None:
        """What follows when a checkpoint has been read."""

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
