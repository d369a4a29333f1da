"""What a user sees while training runs: the progress bar, TensorBoard, Keras callbacks."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from rich.console import Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from boltzmann_tf._checks import choice, instance

if TYPE_CHECKING:
    from boltzmann_tf.loop import Loop
    from boltzmann_tf.stages import History

__all__ = ["Monitor"]

SHOWN = {"ml": "J_ML", "kl": "J_KL", "rc": "J_RC", "ess": "ESS", "acceptance": "acceptance"}


class Monitor:
    """Shows and logs the course of training; a context manager around the loop."""

    def __init__(
        self,
        loop: Loop,
        total: int,
        callbacks: Sequence[keras.callbacks.Callback],
        *,
        verbose: int,
        tensorboard: str | os.PathLike[str] | None,
    ) -> None:
        choice("verbose", verbose, (0, 1))
        for i, callback in enumerate(callbacks):
            instance(f"callbacks[{i}]", callback, keras.callbacks.Callback)
            callback.set_model(loop)
            callback.set_params({"steps": total})
        self._callbacks = list(callbacks)
        self._total = total
        self._stack = contextlib.ExitStack()
        self._writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None
        self._progress = Progress(
            TextColumn("[bold]stage {task.fields[stage]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f} steps/s"),
            TimeRemainingColumn(),
        )
        # A line of their own for the terms: beside the bar, 80 columns do not hold them.
        self._terms = Progress(TextColumn("{task.fields[terms]}"))
        self._verbose = verbose

    def __enter__(self) -> Monitor:
        self._task = self._progress.add_task("train", total=self._total, stage=1, rate=0.0)
        self._terms_task = self._terms.add_task("terms", terms="compiling")
        if self._verbose:
            self._stack.enter_context(Live(Group(self._progress, self._terms)))
        self._last = time.perf_counter()
        self._each("on_train_begin")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._each("on_train_end")
        if self._writer is not None:
            self._writer.flush()
        self._stack.close()

    def begin_stage(self, number: int, done: int) -> None:
        """A stage starts after `done` steps."""
        self._progress.update(self._task, stage=number + 1, completed=done)
        self._each("on_epoch_begin", number)
        self._logs: dict[str, float] = {}

    def update(self, history: History, count: int) -> None:
        """`count` more steps are in the history."""
        logs = {}
        for name, values in history.values.items():
            block = values[-count:]
            if not np.all(np.isnan(block)):
                total = name in ("non_finite", "skipped")
                logs[name] = float(np.nansum(block) if total else np.nanmean(block))
        now = time.perf_counter()
        rate, self._last = count / (now - self._last), now
        terms = " ".join(f"{SHOWN[n]} {logs[n]:.3f}" for n in SHOWN if n in logs)
        bad = history.non_finite
        terms += f" non-finite {bad}" + (f" skipped {history.skipped}" if history.skipped else "")
        self._progress.update(self._task, completed=len(history), rate=rate)
        self._terms.update(self._terms_task, terms=terms)
        if self._writer is not None:
            with self._writer.as_default():
                for name, value in logs.items():
                    _write_scalar(name, value, len(history))
        self._logs = logs
        self._each("on_train_batch_end", len(history), logs)

    def end_stage(self, number: int) -> None:
        """A stage is over; callbacks get the mean metrics of its last call as epoch logs."""
        self._each("on_epoch_end", number, self._logs)

    def _each(self, event: str, *arguments: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, event)(*arguments)


def _write_scalar(name: str, value: float, step: int) -> None:
    """As `tf.summary.scalar`, which asks for the `tensorboard` package even to write."""
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class="DATA_CLASS_SCALAR",
    )
    tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=metadata)
