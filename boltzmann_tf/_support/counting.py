"""How many energies are computed, by everything in the package that computes some."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar

__all__ = ["EnergyCount", "count_energies", "energies_counted", "leave", "listen"]


class EnergyCount:
    """A number that grows while it listens, whichever of the package's threads it grows in."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(number={self.number})"

    @property
    def number(self) -> int:
        """Energies counted so far."""
        return self._number

    def _add(self, number: int) -> None:
        with self._lock:
            self._number += number


# Those of the running thread. Work that the package gives to other threads takes the context along
# (`ahead`); a thread of the user's own has one of its own, and what it computes is its own.
_LISTENING: ContextVar[tuple[EnergyCount, ...]] = ContextVar("energy_counts", default=())


def count_energies(number: int, *also: EnergyCount) -> None:
    """Adds energies that have been computed to all counts that listen here, and to `also`, once."""
    for count in {*_LISTENING.get(), *also}:
        count._add(int(number))


def listen(count: EnergyCount) -> None:
    """Lets a count take part from here on."""
    _LISTENING.set((*_LISTENING.get(), count))


def leave(count: EnergyCount) -> None:
    """Ends what `listen` began, in whatever order counts come and go."""
    _LISTENING.set(tuple(other for other in _LISTENING.get() if other is not count))


@contextlib.contextmanager
def energies_counted() -> Iterator[EnergyCount]:
    """Counts the energies that are computed inside: the cost that methods are compared at.

        with bg.energies_counted() as count:
            samples = generator.sample(100_000)
        print(count.number)  # 100000

    The unit is one energy of one configuration, with its gradient or without. What moves parts of
    it is counted in this unit by what it looks at:

    - a sweep of single moves, one of each particle, spin or vector, is one;
    - an update of all clusters of a lattice is one;
    - updates of single clusters are one for as many spins as the lattice has, rounded up.

    `BoltzmannGenerator` (`sample`, `sample_batches`, `log_weight`), `Trainer.fit`, `Explorer.run`,
    `boltzmann_tf.sampling`, `baseline.gaussian_baseline`, and `pressure` and `virial` of
    `boltzmann_tf.analysis` count what they compute, start and burn-in included; where a result has
    a number of its own (`History.energy_evaluations`), that is what it has added. The log-density
    of `run_chains` counts as an energy. Not counted are energies that one asks a system for oneself
    (`system.energy(x)`), and the few that arguments are checked by.

    Whatever ends a computation early, an error or a reader who stops, the count is of what was
    computed. Counters may stand in one another, and each counts all of it. One counts for the
    thread that it stands in, whatever threads the package works in, and nothing of other threads.

    Yields:
      the count, whose `number` can be read at any time, also afterwards.
    """
    count = EnergyCount()
    listen(count)
    try:
        yield count
    finally:
        leave(count)
