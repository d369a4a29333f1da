"""How much each preset of `nematic` does, and the temperatures it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHAIN", "CHAIN_TARGETS", "ORIENTATION_TARGETS", "PLANS", "Plan", "Walk"]

CHAIN = 10  # spins
CHAIN_TARGETS = (1.0, 0.5, 0.25)  # eps / K for K = 1, 2, 4
COMPLETE = (0.15, 0.18, 0.2, 0.22, 0.25, 0.3)  # T / U; the transition is at 0.22

ORIENTATION_TARGETS = (0.15, 0.2, 0.3)  # of these, where orientations are looked at


@dataclass(frozen=True)
class Walk:
    """The training of one flow.

    Attributes:
      temperatures: T.
      first: steps at the hottest.
      then: steps at each of the others.
    """

    temperatures: tuple[float, ...]
    first: int
    then: int


@dataclass(frozen=True)
class Plan:
    """How much a preset does.

    Attributes:
      chain: walk of the chain.
      complete: N -> walk.
      cubic: L -> walk; the targets are those of L = 2 and 3, and of L = 4 at T = 1.0 and 1.3.
      samples: of a generator at each temperature.
      rounds: of replica exchange on these lattices, of each of 64 ladders.
      peaks: L -> rounds of each of four ladders about T_NI.
    """

    chain: Walk
    complete: Mapping[int, Walk]
    cubic: Mapping[int, Walk]
    samples: int
    rounds: int
    peaks: Mapping[int, int]


PLANS = {
    "quick": Plan(
        chain=Walk((1.0, 0.7, 0.5, 0.35, 0.25), 300, 200),
        complete={8: Walk(COMPLETE, 300, 150)},
        cubic={2: Walk((0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5), 400, 150)},
        samples=20_000,
        rounds=200,
        peaks={6: 1000, 8: 1000, 10: 750},
    ),
    "paper": Plan(
        chain=Walk((1.0, 0.7, 0.5, 0.35, 0.25), 1000, 600),
        complete={n: Walk(COMPLETE, 1000, 400) for n in (8, 16)},
        cubic={
            2: Walk((0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5), 1000, 400),
            3: Walk((0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5), 1000, 400),
            4: Walk((1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5), 800, 300),
        },
        samples=60_000,
        rounds=1000,
        peaks={6: 5000, 8: 5000, 10: 5000, 12: 5000, 16: 4000},
    ),
}
