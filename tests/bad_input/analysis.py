"""Bad calls of analysis."""

from __future__ import annotations

import numpy as np

from bad_input.parts import LINE, WELL
from boltzmann_tf import analysis, potentials, sampling
from boltzmann_tf.systems import ParticleSystem, SolvatedDimer

WCA = potentials.WeeksChandlerAndersen()
BOX = ParticleSystem(n=3, dimension=2, terms=[WCA], box=potentials.Periodic([4.0, 5.0]))
OPEN = ParticleSystem(n=3, dimension=2, terms=[WCA, potentials.CentreTether(3)])
X, Y = np.zeros((7, 6)), np.zeros((7, OPEN.event_size))
NAN_X = np.where(np.arange(42).reshape(7, 6) == 5, np.nan, X)
SNAKES = sampling.UmbrellaState(*[np.zeros(1)] * len(sampling.UmbrellaState._fields))

ROWS = [
    (
        lambda: analysis.pair_distribution(X, WELL),
        TypeError,
        r"system must be a ParticleSystem, got",
    ),
    (
        lambda: analysis.pair_distribution(Y, OPEN),
        ValueError,
        r"edges must be given where the system has no periodic box, got None",
    ),
    (
        lambda: analysis.pair_distribution(LINE, BOX),
        ValueError,
        r"samples must be weighted samples .*event_size 6, got shape \(10,\)",
    ),
    (
        lambda: analysis.pair_distribution(SNAKES, BOX),
        TypeError,
        r"samples must be weighted samples .*got UmbrellaState",
    ),
    (
        lambda: analysis.pair_distribution(iter([X[None]]), BOX),
        ValueError,
        r"samples must yield batches \[samples, event_size\], got \(1, 7, 6\)",
    ),
    (
        lambda: analysis.pair_distribution(iter([X]), BOX, log_weights=np.zeros(7)),
        ValueError,
        r"log_weights must be None where samples are an iterator",
    ),
    (
        lambda: analysis.pair_distribution(X[None], BOX, log_weights=np.zeros(7)),
        ValueError,
        r"log_weights must be None for chains",
    ),
    (
        lambda: analysis.pair_distribution(X, BOX, log_weights=np.zeros(6)),
        ValueError,
        r"log_weights must have 7 values, one a sample, got 6",
    ),
    (
        lambda: analysis.structure_factor(X, BOX, q=[1.0]),
        ValueError,
        r"q_max must be given, and not q, where the box is periodic, got q=\[1\.0\], q_max=None",
    ),
    (
        lambda: analysis.structure_factor(Y, OPEN, q=[1.0], width=0.1),
        ValueError,
        r"q must be given, and not q_max nor width, where the box is not periodic",
    ),
    (
        lambda: analysis.pressure(Y, OPEN),
        ValueError,
        r"system must be in a Periodic box, got Open\(\)",
    ),
    (
        lambda: analysis.pressure(X, BOX, temperature=0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (lambda: analysis.pressure(iter([]), BOX), ValueError, r"samples must hold a batch, got none"),
    (
        lambda: analysis.virial(X, BOX),
        ValueError,
        r"system must have real coordinates .*got domain 'torus'",
    ),
    (
        lambda: analysis.virial(np.zeros((3, 5)), SolvatedDimer(solvent=1)),
        ValueError,
        r"samples must be .*event_size 6, got shape \(3, 5\)",
    ),
]
