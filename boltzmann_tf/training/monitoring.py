"""What a user sees while training runs: the progress bar, TensorBoard, Keras callbacks."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from boltzmann_tf._support.checks import choice
from boltzmann_tf.training.callbacks import Callbacks, Rate
from boltzmann_tf.training.faults import summary
from boltzmann_tf.training.step_shape import COUNTED, METRICS, MOVES, label

if TYPE_CHECKING:
    from boltzmann_tf.training.contracts import Run
    from boltzmann_tf.training.history import History
    from boltzmann_tf.training.stages import Stage
    from boltzmann_tf.training.validation import Validation

__all__ = ["Monitor"]

HIDDEN = {*METRICS, *MOVES} - {"ml", "kl", "rc", "ess", "acceptance"}  # in the line of the bar


class Monitor:
    """Shows and logs the course of training; a context manager around the loop."""

    def __init__(
        self,
        loop: Run,
        stages: Sequence[Stage],
        history: History,
        total: int,
        callbacks: Sequence[keras.callbacks.Callback],
        rate: Rate,
        *,
        verbose: int,
        tensorboard: str | os.PathLike[str] | None,
        validation: Validation | None = None,
    ) -> None:
        choice("verbose", verbose, (0, 1))
        self._callbacks = Callbacks(
            loop, callbacks, stages, rate, total=total, verbose=verbose, validation=validation
        )
        self._held_out = ""
        self._history = history
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
        history = self._history
        # Running sums: over a whole long history at each call they would take as long as the call.
        self._bad = history.non_finite + history.non_finite_gradient
        self._skipped = history.skipped
        self._task = self._progress.add_task("train", total=self._total, stage=1, rate=0.0)
        self._terms_task = self._terms.add_task("terms", terms="compiling")
        if self._verbose:
            self._stack.callback(self._say_what_was_skipped)
            live = Live(Group(self._progress, self._terms))
            self._stack.callback(_end_line, live.console)
            self._stack.enter_context(live)
        self._last = time.perf_counter()
        try:
            self._callbacks("on_train_begin")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._callbacks("on_train_end", logs=getattr(self, "_logs", None))
        finally:
            if self._writer is not None:
                self._writer.flush()
            self._stack.close()

    def _say_what_was_skipped(self) -> None:
        line = summary(self._history)
        if line:
            Console(stderr=True, highlight=False, markup=False).print(line, soft_wrap=True)

    def begin_stage(
        self, number: int, done: int, names: Sequence[str], last: int, epoch: int
    ) -> None:
        """A stage that records these metrics starts after `done` steps.

        Of those, the `last` were a call of this stage. To the callbacks, its epoch `epoch` starts.
        """
        self._progress.update(self._task, stage=number + 1, completed=done)
        self._names = names
        self._logs = self._mean(last) if last else {}
        self.begin_epoch(epoch)

    def begin_epoch(self, epoch: int) -> None:
        """An epoch of the callbacks starts."""
        self._callbacks("on_epoch_begin", epoch)

    def before(self, done: int) -> None:
        """A call of the compiled steps starts after `done` steps."""
        self._callbacks("on_train_batch_begin", done)

    def update(self, count: int) -> None:
        """`count` more steps are in the history."""
        history, logs = self._history, self._mean(count)
        self._bad += int(logs["non_finite"] + logs["non_finite_gradient"])
        self._skipped += int(logs["skipped"])
        now = time.perf_counter()
        rate, self._last = count / (now - self._last), now
        self._progress.update(self._task, completed=len(history), rate=rate)
        self._write(logs)
        self._logs = logs
        self._show_terms()
        self._callbacks("on_train_batch_end", len(history), logs=logs)

    def _mean(self, count: int) -> dict[str, float]:
        """Of the last steps, NaN where one was: what is not in the objective is left out."""
        logs = {}
        for name in self._names:
            block = self._history[name][-count:].astype(np.float64)
            logs[name] = float(np.sum(block) if name in COUNTED else np.mean(block))
        return logs

    def _show_terms(self) -> None:
        """In the line below the bar."""
        logs = self._logs
        shown = [name for name in logs if name not in HIDDEN]
        terms = " ".join(f"{label(name)} {logs[name]:.3f}" for name in shown)
        terms += self._held_out + f" non-finite {self._bad}"
        terms += f" skipped {self._skipped}" if self._skipped else ""
        self._terms.update(self._terms_task, terms=terms)

    def _write(self, logs: dict[str, float]) -> None:
        """Into TensorBoard's logs."""
        if self._writer is not None:
            with self._writer.as_default():
                for name, value in logs.items():
                    _write_scalar(name, value, len(self._history))

    def end_epoch(self, epoch: int, held_out: float | None) -> None:
        """A stage is over, or a held-out loss was evaluated within it.

        Callbacks get the mean metrics of the last call, and that loss, as epoch logs.
        """
        if held_out is not None:
            self._held_out = f" val J_ML {held_out:.3f}"
            self._show_terms()
            self._write({"val_ml": held_out})
            # By the name that Keras' callbacks look at unless told another.
            self._logs = {**self._logs, "val_ml": held_out, "val_loss": held_out}
        self._callbacks("on_epoch_end", epoch, logs=self._logs)


def _end_line(console: Console) -> None:
    """On a terminal, the bar ends its last line itself; into a file it does not."""
    if not (console.is_terminal or console.is_jupyter):
        console.line()


def _write_scalar(name: str, value: float, step: int) -> None:
    """As `tf.summary.scalar`, which asks for the `tensorboard` package even to write."""
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class="DATA_CLASS_SCALAR",
    )
    tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=metadata)
