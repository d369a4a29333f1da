"""What a run of training is told and what it tells: stages and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import instance, non_negative, positive, positive_int, sequence
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.training import schedules
from boltzmann_tf.training.conditions import Uniform
from boltzmann_tf.training.step_shape import METRICS, StepShape

__all__ = ["HeldOut", "History", "Stage"]


@dataclass(frozen=True)
class Stage:
    """A number of steps under one recipe. The optimiser starts afresh at each stage, as published.

    Weights, learning rate and energy cut are numbers or schedules (see `training.schedules`).

    Attributes:
      iterations: number of optimiser steps.
      batch_size: configurations a step, of the data and of generated ones each.
      learning_rate: of the optimiser.
      ml: weight of J_ML.
      kl: weight of J_KL.
      rc: weight of J_RC; needs `rc_loss`.
      rc_loss: the reaction-coordinate loss.
      temperatures: relative temperatures tau of the generated samples; the batch is floored to a
        multiple of their number and shared among them.
      energy_high: where the training energy turns logarithmic, in kT.
      energy_max: where it becomes constant, in kT.
      weighted_ml: weight J_ML's data by Boltzmann over generated density (off as it should be; the
        published code had it on in places). With several `temperatures` they are shared among the
        data as among generated samples, the batch floored likewise; J_ML itself stays that of
        tau = 1.
      condition: where the conditions of generated samples come from, for a conditional generator:
        a `boltzmann_tf.training.conditions.Uniform` or `LogUniform`.
      path_cost: weight of the bijector's `path_cost`, which holds the numerical error of
        continuous flows down.
      clip_norm: clip the gradient to this global norm; None for no clipping, as published.
      max_bad_steps: steps in a row without anything to learn from after which training stops with
        `TrainingDiverged`: the loss or its gradient is not finite, or of the energies asked for
        not one is finite with a finite gradient. None for never.
    """

    iterations: int
    batch_size: int = 1000
    learning_rate: Any = 1e-3
    ml: Any = 1.0
    kl: Any = 0.0
    rc: Any = 0.0
    rc_loss: ReactionCoordinate | None = None
    temperatures: Sequence[float] = (1.0,)
    energy_high: Any = 100.0
    energy_max: float = 1e10
    weighted_ml: bool = False
    condition: Uniform | None = None
    path_cost: float = 0.0
    clip_norm: float | None = None
    max_bad_steps: int | None = 200

    def __post_init__(self) -> None:
        positive_int("iterations", self.iterations)
        positive_int("batch_size", self.batch_size)
        positive("energy_max", self.energy_max)
        if self.condition is not None:
            instance("condition", self.condition, Uniform)
        non_negative("path_cost", self.path_cost)
        if self.clip_norm is not None:
            positive("clip_norm", self.clip_norm)
        if self.max_bad_steps is not None:
            positive_int("max_bad_steps", self.max_bad_steps)
        instance("weighted_ml", self.weighted_ml, bool)
        sequence("temperatures", self.temperatures)
        if not self.temperatures or len(self.temperatures) > self.batch_size:
            raise ValueError(
                f"temperatures must hold 1 to batch_size={self.batch_size} values, got "
                f"{len(self.temperatures)}"
            )
        for i, tau in enumerate(self.temperatures):
            positive(f"temperatures[{i}]", tau)
        controls = self.controls()
        if not any(np.any(controls[name]) for name in ("ml", "kl", "rc")):
            raise ValueError("one of ml, kl and rc must be positive, got 0 for all three")
        if np.any(controls["rc"]) and self.rc_loss is None:
            raise ValueError(
                f"rc_loss must be given where rc is not 0, got None with rc={self.rc!r}"
            )
        if self.rc_loss is not None:
            instance("rc_loss", self.rc_loss, ReactionCoordinate)

    def controls(self) -> dict[str, np.ndarray]:
        """The scheduled values at every step, float64 `[iterations]` each."""
        return {
            name: schedules.values(name, getattr(self, name), self.iterations)
            for name in ("learning_rate", "ml", "kl", "rc", "energy_high")
        }

    def shape(self) -> StepShape:
        """What of the recipe is compiled in; stages that agree in it share one compilation."""
        controls = self.controls()
        return StepShape(
            batch_size=self.batch_size,
            ml=bool(np.any(controls["ml"])),
            kl=bool(np.any(controls["kl"])),
            rc=bool(np.any(controls["rc"])),
            rc_loss=self.rc_loss if np.any(controls["rc"]) else None,
            temperatures=tuple(float(t) for t in self.temperatures),
            energy_max=float(self.energy_max),
            weighted_ml=self.weighted_ml,
            condition=self.condition,
            path_cost=float(self.path_cost),
            clip_norm=self.clip_norm,
        )


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
      values: metric name -> float32 `[steps]`; the names are those of the step's `metrics`.
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

    def append(self, block: np.ndarray) -> None:
        """Adds a block of steps, `[steps, number of metrics]`."""
        done = len(self)
        total = done + len(block)
        for name, column in zip(list(self.values), block.T, strict=True):
            values = self.values[name]
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
