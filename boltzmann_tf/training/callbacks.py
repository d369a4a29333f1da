"""Keras' callbacks and optimisers: what acts in `fit`, and what is refused with a reason."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance

if TYPE_CHECKING:
    from boltzmann_tf.training.contracts import Run
    from boltzmann_tf.training.stages import Stage
    from boltzmann_tf.training.validation import Validation

__all__ = ["Callbacks", "Rate", "check_optimizer"]

# Callbacks that would do nothing, or something else than they say.
NOT_CALLBACKS = {
    "BackupAndRestore": "fit(checkpoint=file) resumes a run to the same numbers",
    "OrbaxCheckpoint": "fit(checkpoint=file) resumes a run to the same numbers",
    "ProgbarLogger": "fit(verbose=1) shows a bar",
    "SwapEMAWeights": "with use_ema=True the averages are in the generator at the end of a stage",
    "TensorBoard": "fit(tensorboard=folder) writes the logs",
}
# Optimisers that see more than one parameter at a time; here all are one vector.
NOT_OPTIMIZERS = {
    "Adafactor": "its step depends on the shape of each variable",
    "Lamb": "its step depends on the norm of each variable",
    "LossScaleOptimizer": "the loss is not scaled",
    "MultiOptimizer": "it tells variables apart",
    "Muon": "its step depends on the shape of each variable",
    "ScheduleFreeAdamW": "it keeps the parameters to evaluate at to itself",
}


def check_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    """Returns the optimiser, or raises where it would not act as it says.

    All parameters are one vector to it.
    """
    instance("optimizer", optimizer, keras.optimizers.Optimizer)
    for kind in type(optimizer).__mro__:
        if kind.__module__.startswith("keras.") and kind.__name__ in NOT_OPTIMIZERS:
            raise ValueError(
                "optimizer must act on each parameter by itself, got "
                f"{kind.__name__}: {NOT_OPTIMIZERS[kind.__name__]}"
            )
    if not isinstance(optimizer.get_config()["learning_rate"], float):
        raise ValueError(
            "optimizer must have a number as its learning rate, got a schedule: give that to "
            "Stage(learning_rate=...)"
        )
    if optimizer.clipnorm is not None:
        raise ValueError(
            "optimizer must have clipnorm=None, since it would not be of each variable, got "
            f"{optimizer.clipnorm!r}: take global_clipnorm, or Stage(clip_norm=...)"
        )
    if optimizer.loss_scale_factor is not None:
        raise ValueError(
            "optimizer must have loss_scale_factor=None, since the loss is not scaled, got "
            f"{optimizer.loss_scale_factor!r}"
        )
    excluded = getattr(optimizer, "_exclude_from_weight_decay", None)
    if excluded or getattr(optimizer, "_exclude_from_weight_decay_pattern", None):
        raise ValueError(
            "optimizer must not exclude variables from weight decay, since it sees one vector, got "
            "one on which exclude_from_weight_decay was called"
        )
    if optimizer.built:
        raise ValueError("optimizer must be new, got one that belongs to other variables")
    return optimizer


class Rate:
    """The learning rate as callbacks see and set it.

    They see the largest of the stage's schedule, times a factor. One that sets another value
    changes the factor, which scales the schedule from then on, in later stages too. Not the value
    at the present step: a schedule may start and end at 0, where nothing can be scaled.

    Args:
      optimizer: whose `learning_rate` callbacks read and set.
      factor: variable that holds the factor; it belongs to the state of the run.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, factor: tf.Variable) -> None:
        self._optimizer = optimizer
        self._factor = factor
        self._largest = 0.0

    @property
    def factor(self) -> float:
        """By which the schedules are multiplied."""
        return float(self._factor.numpy())

    def begin_stage(self, rates: np.ndarray) -> None:
        """A stage with these rates `[iterations]` starts."""
        self._largest = float(np.max(rates))

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Puts the value where callbacks look, in the place of the last step's for a while."""
        last = self._read()
        self._show()
        try:
            yield
        finally:
            self._optimizer.learning_rate = last

    def _show(self) -> None:
        self._optimizer.learning_rate = self._largest * self.factor
        self._value = self._read()

    def take(self) -> None:
        """Sees whether a callback set it."""
        value = self._read()
        if value == self._value:
            return
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"a callback must set a finite learning rate >= 0, got {value!r}")
        if self._largest == 0:
            raise ValueError(
                f"a callback set the learning rate to {value!r} in a stage whose own is 0 "
                "throughout: it can only scale that"
            )
        self._factor.assign(value / self._largest)
        self._show()

    def _read(self) -> float:
        value = self._optimizer.learning_rate
        if not isinstance(value, keras.Variable):
            raise TypeError(f"a callback must set the learning rate to a number, got {value!r}")
        return float(value.numpy())


class Callbacks:
    """The callbacks of a run, checked before anything is computed, and called in order.

    Args:
      loop: their model.
      callbacks: Keras callbacks; a `CallbackList` counts as what it holds.
      stages: of the run.
      rate: which they may set.
      total: number of steps.
      verbose: of the run.
      validation: of the run, which ends epochs; None where each stage is one.
    """

    def __init__(
        self,
        loop: Run,
        callbacks: Sequence[keras.callbacks.Callback],
        stages: Sequence[Stage],
        rate: Rate,
        *,
        total: int,
        verbose: int,
        validation: Validation | None = None,
    ) -> None:
        self._callbacks: list[keras.callbacks.Callback] = []
        for i, callback in enumerate(callbacks):
            name = f"callbacks[{i}]"
            instance(name, callback, keras.callbacks.Callback)
            held = isinstance(callback, keras.callbacks.CallbackList)
            for each in callback.callbacks if held else [callback]:
                _check_callback(name, each, loop, stages, held_out=validation is not None)
                self._callbacks.append(each)
        epochs = len(stages)
        if validation is not None:
            epochs = sum(validation.epochs(stage) for stage in stages)
        for callback in self._callbacks:
            callback.set_params({"epochs": epochs, "steps": total, "verbose": verbose})
            callback.set_model(loop)
        self._rate = rate

    def __call__(self, event: str, *arguments: Any, logs: dict[str, float] | None = None) -> None:
        """Calls the method `event` of each; what they set the learning rate to is taken over."""
        if not self._callbacks:
            return
        with self._rate.shown():
            for callback in self._callbacks:
                getattr(callback, event)(*arguments, {} if logs is None else logs)
                self._rate.take()


def _check_callback(
    name: str, callback: Any, loop: Run, stages: Sequence[Stage], *, held_out: bool
) -> None:
    """Raises where a callback could not act."""
    for kind in type(callback).__mro__:
        if kind.__module__.startswith("keras.") and kind.__name__ in NOT_CALLBACKS:
            raise TypeError(
                f"{name} must be one that can act here, got {kind.__name__}: "
                f"{NOT_CALLBACKS[kind.__name__]}"
            )
    if isinstance(callback, keras.callbacks.History) and loop.keeps_history:
        raise TypeError(f"{name} must not be keras.callbacks.History: run() returns the history")
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        if callback.save_weights_only:
            raise ValueError(
                f"{name}: ModelCheckpoint must have save_weights_only=False, got True; it writes "
                "the generator's folder"
            )
        if not callback.save_best_only and callback.monitor in ("loss", "val_loss"):
            return  # it looks at no metric
    monitor = getattr(callback, "monitor", None)
    if not isinstance(monitor, str) or not type(callback).__module__.startswith("keras."):
        return
    shown = {name for stage in stages for name in loop.steps.recorded(stage.shape())}
    if held_out:
        shown |= {"val_ml", "val_loss"}
    if monitor not in shown:
        raise ValueError(
            f"{name}: {type(callback).__name__} must have one of {sorted(shown)} as its monitor, "
            f"got {monitor!r}"
        )
    if callback.mode == "auto" and monitor == "val_ml":
        callback.mode = "min"  # Keras itself knows of no other name than loss that it falls
    if callback.mode == "auto" and monitor not in ("loss", "val_loss"):
        raise ValueError(
            f"{name}: {type(callback).__name__} must have mode='min' or 'max' with "
            f"monitor={monitor!r}, got 'auto'"
        )
