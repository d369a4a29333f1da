"""Samples of a generator while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from boltzmann_tf._support.checks import instance, positive, positive_int, seed_int, sequence
from boltzmann_tf.generator import BoltzmannGenerator, Samples

__all__ = ["Draws"]


class Draws(keras.callbacks.Callback):
    """Draws weighted samples after each call of the training step, and keeps something of them.

        draws = Draws(generator, 10_000, keep=lambda s: estimators.ess_fraction(s.log_weight))
        Trainer(generator, steps_per_call=10).fit(data, stage, callbacks=[draws])
        draws.kept[1.0]  # one a call

    Args:
      generator: that is trained.
      n: samples of each draw.
      temperatures: of the draws, relative ones.
      keep: from `Samples` to what is kept of them.
      seed: of the draws; each call has random numbers of its own, the same at all temperatures.

    Attributes:
      kept: temperature -> what was kept, call after call.
    """

    def __init__(
        self,
        generator: BoltzmannGenerator,
        n: int,
        *,
        temperatures: Sequence[float] = (1.0,),
        keep: Callable[[Samples], Any],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._generator = instance("generator", generator, BoltzmannGenerator)
        self._n, self._seed = positive_int("n", n), seed_int("seed", seed)
        if not callable(keep):
            raise TypeError(f"keep must be a function of Samples, got {keep!r}")
        self._keep = keep
        taus = sequence("temperatures", temperatures)
        self.kept: dict[float, list[Any]] = {positive("temperatures", t): [] for t in taus}
        self._calls = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draws at each temperature."""
        del batch, logs
        sequence = np.random.SeedSequence([self._seed, self._calls])
        seed = int(sequence.generate_state(1)[0] >> 1)
        self._calls += 1
        for t, kept in self.kept.items():
            kept.append(self._keep(self._generator.sample(self._n, t, seed=seed)))
