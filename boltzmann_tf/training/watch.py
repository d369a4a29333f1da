"""Looks on while a stage runs: how many bad steps in a row, and what it was like before them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from boltzmann_tf.training.faults import TrainingDiverged, bad_steps, diagnose, warn_of_stage
from boltzmann_tf.training.history import History
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.step_shape import Data

if TYPE_CHECKING:
    from boltzmann_tf.generator import BoltzmannGenerator
    from boltzmann_tf.training.steps import TrainingStep

__all__ = ["Watch"]


class Watch:
    """Counts the bad steps of a stage, and keeps the state from before they began.

    Args:
      step: the compiled steps.
      history: of the run, which grows.
      number: of the stage, from 0.
      stage: its recipe.
      controls: the scheduled values, `[iterations, len(stage.shape().controls)]`.
      done: steps of the stage that the history holds already.
    """

    def __init__(
        self,
        step: TrainingStep,
        history: History,
        number: int,
        stage: Stage,
        controls: np.ndarray,
        done: int,
    ) -> None:
        self._step, self._history = step, history
        self._number, self._stage, self._controls = number, stage, controls
        self._shape = stage.shape()
        self._energies = step.loss_energies(self._shape)
        self._bad = np.zeros(stage.iterations, bool)
        self._bad[:done] = self._of_last(0, done)
        self._done = done
        # From the history, so that a resumed run stops where the uninterrupted one does.
        self._row = _run_at_end(self._bad[:done])

    def before(self, position: tuple[int, int]) -> None:
        """A call starts at this position; the state is kept unless the last step was bad."""
        if self._row and hasattr(self, "_kept"):
            return
        history = self._history
        self._position = position
        self._kept = {name: tf.identity(v) for name, v in self._step.state.items()}
        self._kept_steps = len(history)
        self._kept_energies = history.energy_evaluations

    def gone(self, count: int) -> bool:
        """Takes note of `count` more steps; whether as many bad ones came in a row as may."""
        self._bad[self._done : self._done + count] = self._of_last(self._done, count)
        limit = self._stage.max_bad_steps
        longest = 0
        for bad in self._bad[self._done : self._done + count]:
            self._row = self._row + 1 if bad else 0
            longest = max(longest, self._row)
        self._done += count
        return limit is not None and longest >= limit

    def _of_last(self, done: int, count: int) -> np.ndarray:
        if not count:
            return np.zeros(0, bool)
        values = {name: v[-count:] for name, v in self._history.values.items()}
        return bad_steps(values, self._controls[done : done + count], self._shape, self._energies)

    def error(self, generator: BoltzmannGenerator, data: Data) -> TrainingDiverged:
        """What to raise; to be asked for while the weights are those of the bad steps."""
        limit = self._stage.max_bad_steps or 1
        bad = self._bad[: self._done]
        # The first row of them that was long enough.
        ends = np.flatnonzero(np.convolve(bad, np.ones(limit), "valid") >= limit)
        begun = len(self._history) - self._done + int(ends[0])
        row = self._controls[self._done - 1].tolist()
        control = dict(zip(self._shape.controls, row, strict=True))
        last = {name: float(v[-1]) for name, v in self._history.values.items()}
        why = diagnose(generator, self._shape, data, control, last)
        return TrainingDiverged(
            f"stage {self._number + 1} has diverged: from step {begun} of the run on, {limit} "
            f"steps in a row (max_bad_steps) had nothing to learn from: {why}. The generator has "
            f"the weights from after {self._kept_steps} steps",
            copy.copy(self._history),  # all of it: what is rolled back is the run's own
            self._number + 1,
            begun,
        )

    def restore(self) -> tuple[tuple[int, int], History]:
        """Puts the kept state back; returns its position, and the history up to there."""
        for name, variable in self._step.state.items():
            variable.assign(self._kept[name])
        self._step.store_parameters()
        history = self._history  # in place: the checkpoint holds on to it
        history.cut(self._kept_steps)
        history.energy_evaluations = self._kept_energies
        return self._position, history

    def end(self) -> None:
        """The stage is over: says so if most of it taught nothing."""
        warn_of_stage(self._number, self._bad[: self._done])


def _run_at_end(bad: np.ndarray) -> int:
    """Length of the row of true values with which an array ends."""
    good = np.flatnonzero(~bad)
    return len(bad) - 1 - int(good[-1]) if len(good) else len(bad)
