"""What a run of training tells: the metrics of every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from boltzmann_tf.training.step_shape import METRICS

__all__ = ["HeldOut", "History"]


class HeldOut(NamedTuple):
    """J_ML of held-out configurations.

    Attributes:
      steps: of the run that had been taken at each evaluation, int64 `[evaluations]`.
      ml: the values, float64 `[evaluations]`.
    """

    steps: np.ndarray = np.empty(0, np.int64)
    ml: np.ndarray = np.empty(0, np.float64)

    def and_then(self, step: int, value: float) -> HeldOut:
        """With one more evaluation."""
        return HeldOut(np.append(self.steps, step), np.append(self.ml, value))

    def until(self, step: int) -> HeldOut:
        """The evaluations after at most so many steps."""
        return HeldOut(*(array[self.steps <= step] for array in self))


@dataclass
class History:
    """What training recorded at every step; NaN where a term was not in the objective.

    Attributes:
      values: metric name -> float32 `[steps]`, for the metrics of all stages of the run.
      stage_ends: number of steps done at the end of each stage.
      energy_evaluations: number of energies that the losses asked for.
      validation: J_ML of held-out configurations, `validation.ml` after `validation.steps`.
    """

    values: dict[str, np.ndarray] = field(
        default_factory=lambda: {name: np.empty(0, np.float32) for name in METRICS}
    )
    stage_ends: list[int] = field(default_factory=list)
    energy_evaluations: int = 0
    validation: HeldOut = HeldOut()
    _room: dict[str, np.ndarray] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    def __len__(self) -> int:
        return len(self.values["loss"])

    def include(self, names: Sequence[str]) -> None:
        """Makes room for metrics that the steps so far did not have."""
        for name in names:
            if name not in self.values:
                self.values[name] = np.full(len(self), np.nan, np.float32)

    def append(self, block: np.ndarray, names: Sequence[str] | None = None) -> None:
        """Adds a block of steps.

        Args:
          block: `[steps, number of names]`.
          names: of its columns; None for all that the history has.
        """
        done = len(self)
        total = done + len(block)
        columns = dict(zip(self.values if names is None else names, block.T, strict=True))
        self.include(list(columns))
        for name, values in self.values.items():
            column = columns.get(name, np.nan)
            room = self._room.get(name)
            # Arrays of twice the size now and then: to copy all at each call takes longer than
            # the call in a run of a million steps.
            if room is None or values.base is not room or len(room) < total:
                room = self._room[name] = np.empty(2 * total, values.dtype)
                room[:done] = values
            room[done:total] = column
            self.values[name] = room[:total]

    def cut(self, steps: int) -> None:
        """Forgets what was recorded after `steps` steps."""
        # Copies: a view of the whole, kept elsewhere, must not see what comes in its place.
        self.values = {name: values[:steps].copy() for name, values in self.values.items()}
        self.validation = self.validation.until(steps)

    @property
    def validated(self) -> bool:
        """Whether there is an evaluation after the last step."""
        return len(self) in self.validation.steps[-1:]

    @property
    def non_finite(self) -> int:
        """Energies that the losses asked for and that were NaN or infinite, over all steps."""
        return self._sum("non_finite")

    @property
    def non_finite_gradient(self) -> int:
        """Those that were finite, but had a gradient that was not, over all steps."""
        return self._sum("non_finite_gradient")

    @property
    def skipped(self) -> int:
        """Steps that were not taken because the loss or its gradient was not finite."""
        return self._sum("skipped")

    def _sum(self, name: str) -> int:
        return int(np.nansum(self.values[name], dtype=np.float64))
