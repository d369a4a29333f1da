"""How much each preset of `gibbs` does, and the fluids it looks at."""

from __future__ import annotations

from typing import NamedTuple

from boltzmann_tf import reproduction
from boltzmann_tf.exact import VanDerWaals
from boltzmann_tf.reproduction import by_preset

KAC = VanDerWaals()
NEIGHBOUR_TEMPERATURES = (0.7, 0.85, 1.0, 1.15, 1.3)  # of one generator for all of them


class Flat(NamedTuple):
    """Two boxes in the plane."""

    n: int = 8
    volume: float = 32.0
    temperature: float = 0.5
    densest: float = 0.95  # n / v of a box


PLANE = Flat()
HOT = 3.0  # times the temperature: where the plane's annealing begins with a generator


class Training(NamedTuple):
    """Of a flow of gaps, by examples of its own."""

    examples: int  # of each of two rounds
    steps: int
    bins: int
    hidden: tuple[int, ...]


class Run(NamedTuple):
    """A simulation of the Lennard-Jones fluid in space."""

    temperature: float
    vapour: float  # where its boxes begin
    liquid: float
    volume: float
    rounds: int  # of each of its replicas, all together


def _runs(rounds: int, temperatures: tuple[float, ...]) -> tuple[Run, ...]:
    """Boxes of about 60 particles of vapour and 450 of liquid."""
    begin = {0.75: (0.0036, 0.82), 0.85: (0.0096, 0.777), 1.0: (0.0296, 0.701)}
    begin |= {1.1: (0.055, 0.64), 1.15: (0.074, 0.605), 1.2: (0.1, 0.565)}
    found = []
    for t in temperatures:
        thin, dense = begin[t]
        found.append(Run(t, thin, dense, round(60 / thin + 452 / dense, 1), rounds))
    return tuple(found)


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    replicas = 32
    rounds = by_preset(7000, 30_000)  # of ten moves a particle, of each replica on a line
    kac = by_preset((20,), (20, 60))  # particles
    ratios = by_preset((0.8,), (0.7, 0.8, 0.9, 0.95))  # T / T_c
    drawn = by_preset(40_000, 200_000)  # joint states of a generator
    # N -> training; half the length of both boxes is 33 N / 24
    neighbours = by_preset(
        {12: Training(4000, 150, 16, (64, 64))},
        {n: Training(40_000, 1500, 24, (96, 96)) for n in (12, 24)},
    )
    wells = by_preset(Training(4000, 150, 16, (64, 64)), Training(20_000, 700, 16, (64, 64)))
    tempered = by_preset(None, Training(60_000, 2000, 24, (96, 96)))
    plane_rounds = by_preset(3000, 40_000)
    plane_frames = by_preset(40, 200)  # of each replica, to learn from
    plane_steps = by_preset(60, 800)  # of the optimiser
    plane_samples = by_preset(20, 150)  # of a generator, at each n, v and surface
    ideal_samples = by_preset(110, 120)  # from the ideal gas, likewise
    annealed = by_preset((200,), (50, 100, 200, 400))  # steps from the ideal gas
    begun = by_preset((100,), (50, 100, 200))  # steps that begin with the generator
    untrained = by_preset((), (50,))  # steps that begin with insertion without training
    surfaces = by_preset(16, 24)
    space = by_preset(_runs(320, (1.0,)), _runs(10_000, (0.85, 1.0, 1.15)))
    drawn_only = by_preset((), _runs(10_000, (0.75, 1.1, 1.2)))
    shifted = by_preset(
        (),
        (Run(0.8, 0.0198, 0.73, 3650.0, 5000), Run(0.9, 0.045, 0.66, 2010.0, 5000)),
    )
