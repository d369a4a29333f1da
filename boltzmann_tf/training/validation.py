"""A held-out loss: J_ML of configurations that training never sees."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.ahead import mapped_ahead
from boltzmann_tf._support.checks import positive_int
from boltzmann_tf._support.rows import Chunk, Rows
from boltzmann_tf._support.streams import Stream
from boltzmann_tf.losses import Likelihood, Mapped
from boltzmann_tf.training.windows import sha256

if TYPE_CHECKING:
    from boltzmann_tf.generator import BoltzmannGenerator
    from boltzmann_tf.training.history import History
    from boltzmann_tf.training.stages import Stage

__all__ = ["Validation", "held_out_terms", "split"]

BATCH_SIZE = 4096


class Validation:
    """Evaluates J_ML on held-out configurations, at the end of each stage and in between.

    The mean goes over all of them, unweighted, as `history["ml"]` of a batch without weights.

    Args:
      terms: of `held_out_terms`.
      source: the configurations, walked through at each evaluation.
      every: steps of a stage between evaluations, None for its end only; rounded up to whole calls.
      steps_per_call: of the compiled steps.
    """

    def __init__(
        self, terms: Callable, source: Rows | Stream, every: int | None, steps_per_call: int
    ) -> None:
        self._terms, self._source = terms, source
        if not source.can_repeat:
            raise ValueError(
                f"{source.form.name} must be such that each evaluation can walk through it, got an "
                "iterator: give a function that returns a new one at each call"
            )
        self.every = None if every is None else _calls(every, steps_per_call) * steps_per_call
        first = next(source.batches(BATCH_SIZE))
        self._batch = min(BATCH_SIZE, 1 << (len(first.x) - 1).bit_length())
        self._hashes = [sha256(array) for array in first[:2]]

    def document(self) -> dict[str, Any]:
        """What of it is seen in the identity of a run: the first batch."""
        return {
            "shape": [self._source.rows, *self._source.form.shape],
            "every": self.every,
            "sha256 of the first": self._hashes[0],
            "condition_sha256 of the first": self._hashes[1],
        }

    def due(self, done: int, stage: Stage, history: History) -> bool:
        """Whether an evaluation comes after `done` steps of the stage, before its end."""
        between = self.every is not None and 0 < done < stage.iterations and not done % self.every
        return between and not history.validated

    def epochs(self, stage: Stage) -> int:
        """Evaluations of a stage, each of which ends an epoch of the callbacks."""
        return 1 if self.every is None else _calls(stage.iterations, self.every)

    def epoch(self, stages: Sequence[Stage], number: int, done: int, history: History) -> int:
        """Number of the epoch, over the run, in which a stage is after `done` steps."""
        before = sum(self.epochs(stage) for stage in stages[:number])
        if self.every is None or not done:
            return before
        # The steps up to an evaluation belong to the epoch that it ends.
        over = done < stages[number].iterations and not self.due(done, stages[number], history)
        return before + (done if over else done - 1) // self.every

    def record(self, history: History) -> float:
        """J_ML at the present weights; the history keeps it, and has it where it was known."""
        if not history.validated:
            history.validation = history.validation.and_then(len(history), self._loss())
        return float(history.validation.ml[-1])

    def _loss(self) -> float:
        total, count = 0.0, 0
        for part, rows in mapped_ahead(self._part, self._source.batches(self._batch)):
            total, count = total + part, count + rows
        return total / count

    def _part(self, chunk: Chunk) -> tuple[float, int]:
        # Filled up with copies, so that every call has one shape.
        x, condition = (np.resize(a, (self._batch, *a.shape[1:])) for a in chunk[:2])
        terms = self._terms(tf.constant(x), tf.constant(condition)).numpy()[: len(chunk.x)]
        return float(np.sum(terms, dtype=np.float64)), len(chunk.x)


def held_out_terms(generator: BoltzmannGenerator, *, jit_compile: bool) -> Callable:
    """A compiled function that gives J_ML's term of each configuration, `[n]`."""

    def terms(x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        given = condition if condition.shape[-1] else None
        z, log_det = generator.to_latent(x, condition=given)
        return Likelihood.terms(Mapped(x, z, log_det, generator.prior, given))

    return tf.function(functools.partial(terms), jit_compile=jit_compile, autograph=False)


def split(source: Rows | Stream, fraction: float) -> tuple[Rows, Rows]:
    """The data to train on, and those at the end, of which there are `fraction` of all, rounded up.

    As `keras.Model.fit` splits, before anything is drawn.
    """
    if isinstance(source, Stream):
        raise ValueError(
            f"validation_split must be 0 where data is a stream, got {fraction}: give "
            "validation_data"
        )
    kept = math.floor(source.rows * (1.0 - fraction))
    if not 0 < kept < source.rows:
        raise ValueError(
            f"validation_split must leave rows on both sides, got {fraction} of {source.rows}"
        )
    return source.between(0, kept), source.between(kept, source.rows)


def _calls(steps: int, steps_per_call: int) -> int:
    return -(-positive_int("validation_every", steps) // steps_per_call)
