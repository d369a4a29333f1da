"""Values that change during a stage: learning rates, loss weights, energy cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import non_negative, positive

__all__ = ["Cosine", "Exponential", "Linear", "Schedule", "values"]


@dataclass(frozen=True)
class Schedule:
    """A value between `start` and `end` as a function of the fraction of the stage done.

    Attributes:
      start: value at the beginning, >= 0.
      end: value at the end, >= 0.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            non_negative(name, getattr(self, name))

    def __call__(self, fraction: np.ndarray) -> np.ndarray:
        """Values at fractions in [0, 1]."""
        raise TypeError(f"{type(self).__name__} must define __call__(fraction)")


@dataclass(frozen=True)
class Linear(Schedule):
    """A straight line.

    Examples:
      >>> bg.Linear(1.0, 0.0)(np.array([0.0, 0.5, 1.0]))
      array([1. , 0.5, 0. ])
    """

    def __call__(self, fraction: np.ndarray) -> np.ndarray:
        """Values at fractions in [0, 1]."""
        return self.start + (self.end - self.start) * fraction


@dataclass(frozen=True)
class Exponential(Schedule):
    """A straight line in the logarithm; both ends must be positive.

    Examples:
      >>> from boltzmann_tf.training.schedules import Exponential
      >>> Exponential(1e-2, 1e-4)(np.array([0.0, 0.5, 1.0]))
      array([0.01  , 0.001 , 0.0001])
    """

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            positive(name, getattr(self, name))

    def __call__(self, fraction: np.ndarray) -> np.ndarray:
        """Values at fractions in [0, 1]."""
        return self.start * (self.end / self.start) ** fraction


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from `start` to `end`, after a linear rise from 0.

    Attributes:
      end: value at the end; 0 by default.
      warmup: fraction of the stage spent rising to `start`.

    Examples:
      >>> bg.Cosine(1e-3, warmup=0.1)(np.array([0.0, 0.05, 0.1, 1.0])).round(7)
      array([0.    , 0.0005, 0.001 , 0.    ])
    """

    end: float = 0.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= non_negative("warmup", self.warmup) < 1:
            raise ValueError(f"warmup must be in [0, 1), got {self.warmup!r}")

    def __call__(self, fraction: np.ndarray) -> np.ndarray:
        """Values at fractions in [0, 1]."""
        progress = np.clip((fraction - self.warmup) / (1 - self.warmup), 0, 1)
        falling = self.end + (self.start - self.end) * 0.5 * (1 + np.cos(np.pi * progress))
        return np.where(
            fraction < self.warmup, self.start * fraction / max(self.warmup, 1e-12), falling
        )


def values(name: str, schedule: Any, iterations: int) -> np.ndarray:
    """The value at each of `iterations` steps.

    Args:
      name: the argument's name in error messages.
      schedule: a number, a `Schedule`, a function of the fraction done, or a Keras
        `LearningRateSchedule` (a function of the step).
      iterations: number of steps.

    Returns:
      float64 `[iterations]`, finite and >= 0.
    """
    import keras

    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        result = np.array([float(schedule(step)) for step in range(iterations)])
    elif callable(schedule):
        fractions = np.arange(iterations) / max(iterations - 1, 1)
        result = np.asarray(schedule(fractions))
        if result.dtype.kind not in "biuf" or result.shape not in ((), (iterations,)):
            raise ValueError(
                f"{name} must map fractions of shape [{iterations}] to numbers of that shape, got "
                f"shape {list(result.shape)} and dtype {result.dtype} from {schedule!r}"
            )
        result = np.broadcast_to(result.astype(np.float64), (iterations,))
    else:
        result = np.full(iterations, non_negative(name, schedule))
    if not np.all(np.isfinite(result) & (result >= 0)):
        raise ValueError(f"{name} must give finite values >= 0 at every step, got {schedule!r}")
    return result
