"""How much each preset of `polymer` does, and the chains it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import potentials, reproduction, systems
from boltzmann_tf.reproduction import by_preset

MOVES = (0.5, 0.3, 0.1, 0.1)  # of beads, pivots, crankshafts, reptation
TEMPERED = 10  # beads of the chain that is looked at at many temperatures
PERIODIC = 5.0  # side of the box that an ideal chain is folded into


def ideal(n: int, **options: Any) -> systems.Polymer:
    """Springs alone."""
    return systems.Polymer(n, **options)


def collapsed(n: int) -> systems.Polymer:
    """In a poor solvent: all beads attract each other."""
    return systems.Polymer(n, pairs=potentials.LennardJones())


def avoiding(n: int) -> systems.Polymer:
    """In a good solvent: beads that are not bonded repel each other."""
    return systems.Polymer(n, pairs=potentials.WeeksChandlerAndersen(), special=(0, 1, 1))


# Directions that densities are averaged over: beads that are cold or many have narrow places.
FINE = {"directions": 96, "turns": 48}
FINEST = {"directions": 128, "turns": 64}


class Training(NamedTuple):
    """Of a generator, on configurations of Monte Carlo."""

    frames: int  # of each of 64 replicas
    steps: int
    batch: int = 128
    grid: Mapping[str, int] | None = None  # see `ChainFlow`


class Effort(NamedTuple):
    """For a chain with pairs: how much of everything."""

    training: Training  # without steps none
    drawn: int  # samples of the generator
    walks: int  # annealed ones
    both_ways: int  # densities of walks there and back, for log Z
    alone: float = 0.0  # least ESS of the flow alone
    annealed: float = 0.0  # and annealed from it
    own_density: int = 0  # annealed ones from its own density; 0: from Boltzmann's at a higher T


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    replicas = 64
    rounds = by_preset(3000, 40_000)  # of each replica of short chains, n moves each
    drawn = by_preset(20_000, 200_000)  # of an ideal chain's generator
    # Chains with pairs, by their beads: in a poor solvent, and in a good one.
    poor = by_preset(
        {8: Effort(Training(60, 40, 64), 4000, 500, 100, alone=0.4)},
        {
            8: Effort(Training(200, 400), 40_000, 2000, 800, alone=0.4),
            16: Effort(Training(200, 500), 40_000, 2000, 800, alone=0.05, annealed=0.6),
            # Of 5000 samples 375 are effective: too few for an average and its error.
            32: Effort(
                Training(200, 350, 64, FINE), 20_000, 1000, 2500, annealed=0.3, own_density=400
            ),
        },
    )
    good = by_preset(
        {8: Effort(Training(60, 0), 4000, 500, 100, alone=0.2)},
        {16: Effort(Training(200, 0), 40_000, 2000, 800, alone=0.2)},
    )
    tempered = by_preset(None, Training(200, 400, grid=FINEST))
    temperatures = (0.5, 0.7, 1.0, 1.6, 2.5, 4.0)
    tempered_drawn = 4000  # at each of these
    hot = 1.3  # where annealing begins with a generator, which is for this T, too
    warming = 200  # rounds at this temperature
    from_generator = by_preset((), (100, 333))  # sweeps
    from_ideal = by_preset((), (333, 1000))
    # Beads of the chains whose growth is fitted, and thousands of moves of each replica. Of less
    # than this nu is not known to 0.003: preset quick does not judge it.
    lengths = by_preset(
        {8: 50, 16: 50, 32: 50, 64: 20},
        {8: 1000, 16: 1500, 32: 1000, 64: 300, 128: 100, 256: 60, 512: 30},
    )
    poor_lengths = by_preset(dict.fromkeys((8, 16, 32), 30), dict.fromkeys((8, 16, 32, 64), 600))
    look = 40  # moves after which a long chain is looked at: it soon forgets its size
    wrapped_rounds = by_preset(6000, 60_000)
    # A chain in a solvent; quick looks at neither a generator nor windows of it.
    soft = 0.25  # strength of pairs where annealing begins with a generator
    solvent_rounds = by_preset(0, 20_000)
    windows = 2000  # rounds of umbrella sampling
    solvent_training = Training(100, 120, 64)
    solvent_walks = 6000
    solvent_begun = (100, 300)  # sweeps
    solvent_ideal = (500, 2000)


LAW = (0.528, 1.0)  # exponents of the corrections to the law of growth
SHARE = 3.0  # power with which pairs come up from nothing


def coming_up(steps: int) -> np.ndarray:
    """Factors from 0 to 1: overlaps must part at the beginning."""
    return np.linspace(0, 1, steps + 1) ** SHARE
