"""What a run of training is told: stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import (
    choice,
    instance,
    non_negative,
    positive,
    positive_int,
    sequence,
)
from boltzmann_tf.losses import (
    KullbackLeibler,
    Likelihood,
    Loss,
    ReactionCoordinate,
    WeightedLikelihood,
)
from boltzmann_tf.training import schedules
from boltzmann_tf.training.conditions import Uniform
from boltzmann_tf.training.history import HeldOut, History
from boltzmann_tf.training.loss_identity import unweighted
from boltzmann_tf.training.step_shape import CONTROLS, METRICS, MOVES, StepShape

__all__ = ["HeldOut", "History", "Stage"]

WEIGHTS = ("ml", "kl", "rc")
SHORT = {"ml": 1.0, "kl": 0.0, "rc": 0.0, "rc_loss": None, "weighted_ml": False}  # and its defaults
STANDARD = {"ml": Likelihood, "kl": KullbackLeibler, "rc": ReactionCoordinate}
# Names that are not for losses; the last three stand in the logs of callbacks.
TAKEN = {*METRICS, *CONTROLS, *MOVES, "epoch", "val_loss", "val_ml"}


@dataclass(frozen=True)
class Stage:
    """A number of steps under one recipe. The optimiser starts afresh at each stage, as published.

    Weights, learning rate and energy cut are numbers or schedules (see `training.schedules`).

    The losses are told by `losses`, or in short by `ml`, `kl`, `rc`, `rc_loss` and `weighted_ml`:
    `Stage(n, ml=0.1, kl=1.0)` is
    `Stage(n, losses=[Likelihood(weight=0.1), KullbackLeibler(weight=1.0)])`. One whose weight is 0
    throughout is not in the objective.

    Attributes:
      iterations: number of optimiser steps.
      batch_size: configurations a step, of the data and of generated ones each.
      learning_rate: of the optimiser.
      ml: weight of J_ML; 1 by default, unless there are `losses`.
      kl: weight of J_KL; 0 by default.
      rc: weight of J_RC; needs `rc_loss`. 0 by default.
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
      losses: the terms of the objective, each with its weight: those of `boltzmann_tf.losses` and
        your own. J_KL is measured in each step that generates, be it among them or not.
    """

    iterations: int
    batch_size: int = 1000
    learning_rate: Any = 1e-3
    ml: Any = None
    kl: Any = None
    rc: Any = None
    rc_loss: ReactionCoordinate | None = None
    temperatures: Sequence[float] = (1.0,)
    energy_high: Any = 100.0
    energy_max: float = 1e10
    weighted_ml: bool | None = None
    condition: Uniform | None = None
    path_cost: float = 0.0
    clip_norm: float | None = None
    max_bad_steps: int | None = 200
    losses: Sequence[Loss] | None = None

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
        sequence("temperatures", self.temperatures)
        if not self.temperatures or len(self.temperatures) > self.batch_size:
            raise ValueError(
                f"temperatures must hold 1 to batch_size={self.batch_size} values, got "
                f"{len(self.temperatures)}"
            )
        for i, tau in enumerate(self.temperatures):
            positive(f"temperatures[{i}]", tau)
        short = [name for name in SHORT if getattr(self, name) is not None]
        if self.losses is None:
            for name in SHORT.keys() - set(short):
                object.__setattr__(self, name, SHORT[name])
            self._check_short()
            return
        if short:
            raise ValueError(
                "losses must be given without what is short for some of them, got losses and "
                f"{', '.join(short)}"
            )
        object.__setattr__(self, "losses", _checked(self.losses))
        controls = self.controls()
        if not any(np.any(controls[loss.name]) for loss in self.losses):
            raise ValueError("one of losses must have a positive weight, got 0 for all of them")

    def _check_short(self) -> None:
        instance("weighted_ml", self.weighted_ml, bool)
        controls = self.controls()
        if not any(np.any(controls[name]) for name in WEIGHTS):
            raise ValueError("one of ml, kl and rc must be positive, got 0 for all three")
        if np.any(controls["rc"]) and self.rc_loss is None:
            raise ValueError(
                f"rc_loss must be given where rc is not 0, got None with rc={self.rc!r}"
            )
        if self.rc_loss is not None:
            weight = instance("rc_loss", self.rc_loss, ReactionCoordinate).weight
            if callable(weight) or weight != 1.0:
                raise ValueError(
                    f"rc_loss must have no weight of its own beside rc={self.rc!r}, got {weight!r}"
                )

    def controls(self) -> dict[str, np.ndarray]:
        """The scheduled values at every step by name, float64 `[iterations]` each.

        Learning rate, energy cut, and the weight of each loss by the name of the loss.
        """
        scheduled = {name: (name, getattr(self, name)) for name in CONTROLS}
        if self.losses is None:
            scheduled |= {name: (name, getattr(self, name)) for name in WEIGHTS}
        else:
            scheduled |= {
                loss.name: (f"losses[{i}].weight", loss.weight)
                for i, loss in enumerate(self.losses)
            }
        return {
            name: schedules.values(where, value, self.iterations)
            for name, (where, value) in scheduled.items()
        }

    def shape(self) -> StepShape:
        """What of the recipe is compiled in; stages that agree in it share one compilation."""
        active = {name for name, values in self.controls().items() if np.any(values)}
        losses = self.losses
        if losses is None:
            losses = [WeightedLikelihood() if self.weighted_ml else Likelihood(), KullbackLeibler()]
            if self.rc_loss is not None:
                losses.append(self.rc_loss)
            if "rc" in active:
                active.add("kl")  # at a weight of 0, if it has no other
        return StepShape(
            batch_size=self.batch_size,
            losses=tuple(unweighted(loss) for loss in losses if loss.name in active),
            temperatures=tuple(float(t) for t in self.temperatures),
            energy_max=float(self.energy_max),
            condition=self.condition,
            path_cost=float(self.path_cost),
            clip_norm=self.clip_norm,
        )


def _checked(losses: Any) -> tuple[Loss, ...]:
    """The losses, or raises where one cannot be a term of an objective."""
    found = tuple(sequence("losses", losses))
    names: list[str] = []
    for i, loss in enumerate(found):
        instance(f"losses[{i}]", loss, Loss)
        where, kind = f"losses[{i}]", type(loss).__name__
        name = getattr(loss, "name", None)
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{where} must have an identifier as its name, got {name!r} of {kind}")
        if name in TAKEN and not isinstance(loss, STANDARD.get(name, ())):
            raise ValueError(
                f"{where} must have a name that stands for nothing else in training, got {name!r} "
                f"of {kind}"
            )
        if name in names:
            raise ValueError(
                f"losses must have a name each, got {name!r} for losses[{names.index(name)}] and "
                f"{where}"
            )
        names.append(name)
        choice(f"{where}.sees", getattr(loss, "sees", None), ("data", "generated"))
    return found
