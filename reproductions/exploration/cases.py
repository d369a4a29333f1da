"""The systems of `explore`, as published, and what is known of their profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import Stage, System, reproduction, sampling, systems
from boltzmann_tf.reproduction import Context, by_preset
from boltzmann_tf.reproductions.solvated_dimer import generators, reference

EVERY = 10  # iterations between looks at the buffer
ENERGY: dict[str, Any] = {"ml": 1.0, "kl": 1.0, "energy_high": 1e4}
Profile = tuple[np.ndarray, np.ndarray]  # r, `[n]`, and F(r) at T = 1 in kT
WELL, BROWN = systems.DoubleWell(), systems.MuellerBrown()


class Case(NamedTuple):
    """One system as published."""

    name: str  # in figures
    system: System
    label: str  # of its first reaction coordinate
    states: dict[str, tuple[float, float]]  # intervals of that coordinate; the first is known
    profile: Callable[[Context], Profile]
    frame: Callable[[int], np.ndarray]  # seed -> a configuration of the known state
    noise: float  # about it, of the configurations to start from
    network: dict[str, Any]  # blocks and widths of RealNVP
    before: Stage  # by example
    stage: Stage  # of the exploration, repeated
    buffer: dict[str, Any]  # its capacity, and how what is in it is relabelled
    iterations: int  # of the exploration
    step: float = 0.1  # of plain Metropolis, standard deviation in every coordinate
    moving: int = 1  # particles whose steps move the coordinate
    jit_compile: Any = "auto"


def last_frame(system: System, step_size: float, seed: int) -> np.ndarray:
    """The end of a short run in the left state."""
    steps: dict[str, Any] = {"n_steps": 10_000, "stride": 10, "step_size": step_size}
    chain = sampling.metropolis(system, system.initial_state("left"), seed=seed, **steps)
    return chain.configurations[-1]


def exact_profile(system: System, low: float, high: float) -> Profile:
    """By quadrature."""
    edges = np.linspace(low, high, 401)
    p = system.exact.bin_probabilities(edges, 1.0)
    return 0.5 * (edges[1:] + edges[:-1]), -np.log(np.maximum(p, 1e-300))


def dimer_profile(context: Context) -> Profile:
    """By umbrella sampling."""
    known = reference.umbrella(context, (1.0,), 1200).profile(1.0)
    use = np.flatnonzero(np.isfinite(known.free_energy))
    centers = known.centers[use[0] : use[-1] + 1]
    # A bin in the tails that no sample fell into lies between its neighbours.
    return centers, np.interp(centers, known.centers[use], known.free_energy[use])


DOUBLE_WELL = Case(
    name="double well",
    system=WELL,
    label="x1",
    states={"left": (-np.inf, 0.0), "right": (0.0, np.inf)},
    profile=lambda _: exact_profile(WELL, -2.6, 2.6),
    frame=lambda seed: last_frame(WELL, 0.1, seed),
    noise=0.01,
    network={"blocks": 4, "hidden": (100, 100)},
    before=Stage(20, 128, 1e-3),
    stage=Stage(EVERY, 1024, 2.5e-4, weighted_ml=True, **ENERGY),
    buffer={"capacity": 10_000},
    iterations=500,
    jit_compile=False,  # it is over before XLA would have compiled its steps
)
MUELLER_BROWN = Case(
    name="Müller-Brown",
    system=BROWN,
    label="0.7 (x - y)",
    states={"left": (-np.inf, -1.0), "middle": (-1.0, 0.0), "right": (0.0, np.inf)},
    profile=lambda _: exact_profile(BROWN, -1.8, 1.0),
    frame=lambda seed: last_frame(BROWN, 0.02, seed),
    noise=0.0,
    network={"blocks": 5, "hidden": (100, 100)},
    before=Stage(3, 128, 1e-3),
    stage=Stage(EVERY, 2048, 1e-4, weighted_ml=True, **ENERGY),
    buffer={"capacity": 100_000},
    iterations=1500,
)
DIMER = Case(
    name="dimer",
    system=generators.PUBLISHED_WALLS,
    label="d",
    states={"closed": (0.0, 1.3), "open": (1.8, np.inf)},
    profile=dimer_profile,
    frame=lambda seed: reference.frames("closed", 64, seed=seed)[-1],
    noise=0.05,
    network={"blocks": 8, "hidden": (200, 200, 200)},
    before=Stage(200, 128, 2.5e-4),
    stage=Stage(EVERY, 1000, 1e-4, rc=1.0, rc_loss=generators.RC, **ENERGY),
    buffer={"capacity": 100_000, "relabel": reference.in_order},
    iterations=2000,
    step=0.02,
    moving=2,  # a length is moved by both
)


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    cases = by_preset((DOUBLE_WELL,), (DOUBLE_WELL, MUELLER_BROWN, DIMER))
