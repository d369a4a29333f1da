"""What becomes of a generator as it trains: a callback that looks at it every few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from boltzmann_tf._support.checks import positive_int
from boltzmann_tf.generator import BoltzmannGenerator

__all__ = ["Observer"]


class Observer(keras.callbacks.Callback):
    """Looks at the generator every few steps of its training, and keeps what is seen.

        def spread(generator, step):
            return generator.sample(4096, seed=step).x.var()

        observer = Observer(spread, every=100)
        trainer.fit(data, stage, callbacks=[observer])
        plt.plot(observer.steps, observer.seen)

    It looks at the end of each call of `steps_per_call` steps that does a multiple of `every`. What
    it draws takes nothing from the noise of the training, which is the same without it.

    Args:
      look: from the generator and the number of steps done to what is kept.
      every: steps.
      after: so many steps nothing is looked at.

    Attributes:
      steps: that were done at each look, in the run that it was of: another begins at 0.
      seen: what `look` returned.
    """

    def __init__(
        self,
        look: Callable[[BoltzmannGenerator, int], Any],
        *,
        every: int,
        after: int = 0,
    ) -> None:
        super().__init__()
        if not callable(look):
            raise TypeError(f"look must be a function of generator and step, got {look!r}")
        self._look = look
        self._every = positive_int("every", every)
        self._after = positive_int("after", after, minimum=0)
        self._done = 0
        self.steps: list[int] = []
        self.seen: list[Any] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Takes note of the steps done so far."""
        del logs
        self._done = batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Looks, where it is time."""
        del logs
        if batch > self._after and batch // self._every > self._done // self._every:
            self.steps.append(batch)
            self.seen.append(self._look(self.model.generator, batch))
