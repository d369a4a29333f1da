"""How much each preset of `nematic` does, and the temperatures it looks at."""

from __future__ import annotations

from typing import NamedTuple

from boltzmann_tf import reproduction
from boltzmann_tf.reproduction import by_preset

CHAIN = 10  # spins
CHAIN_TARGETS = (1.0, 0.5, 0.25)  # eps / K for K = 1, 2, 4
CHAIN_WALK = (1.0, 0.7, 0.5, 0.35, 0.25)
COMPLETE = (0.15, 0.18, 0.2, 0.22, 0.25, 0.3)  # T / U; the transition is at 0.22
CUBIC = (0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5)  # T / eps; the transition is at 1.12
ORIENTATION_TARGETS = (0.15, 0.2, 0.3)  # of those T / U, where orientations are looked at


class Walk(NamedTuple):
    """The training of one flow."""

    temperatures: tuple[float, ...]
    first: int  # steps at the hottest
    then: int  # at each of the others


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    chain = by_preset(Walk(CHAIN_WALK, 200, 120), Walk(CHAIN_WALK, 1000, 600))
    # N -> walk
    complete = by_preset(
        {8: Walk(COMPLETE, 200, 80)}, {n: Walk(COMPLETE, 1000, 400) for n in (8, 16)}
    )
    # L -> walk
    cubic = by_preset(
        {2: Walk((0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5), 300, 100)},
        {2: Walk(CUBIC, 1000, 400), 3: Walk(CUBIC, 1000, 400), 4: Walk(CUBIC[2:], 800, 300)},
    )
    samples = by_preset(20_000, 60_000)  # of a generator at each temperature
    rounds = by_preset(200, 1000)  # of replica exchange on these lattices, of each of 64 ladders
    # L -> rounds of each of four ladders about T_NI
    peaks = by_preset({6: 500, 8: 500, 10: 500}, {6: 5000, 8: 5000, 10: 5000, 12: 5000, 16: 4000})
