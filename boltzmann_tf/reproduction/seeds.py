"""Seeds of streams of random numbers, by their names."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from boltzmann_tf._support.checks import positive_int

__all__ = ["Seeds"]


class Seeds(NamedTuple):
    """What one seed gives to each stream of random numbers; it can be sent to other processes.

    Attributes:
      seed: of all of them.
    """

    seed: int

    def of(self, name: str, *numbers: int) -> int:
        """The seed of one stream of random numbers: a function of `seed` and its name.

        Streams of different names, or numbers, have nothing to do with each other, whatever the
        run's seed, which sums of seeds do not give: 0 + 1 is 1 + 0.

        Args:
          name: of what is random, "data" say.
          *numbers: which of several, >= 0: the network, the temperature.

        Returns:
          an integer in [0, 2^31).
        """
        if not isinstance(name, str) or not name:
            raise ValueError(f"name must be a non-empty text, got {name!r}")
        counted = [positive_int("numbers", number, minimum=0) for number in numbers]
        digest = hashlib.sha256(repr((self.seed, name, *counted)).encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1
