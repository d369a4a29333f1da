"""Exploration from one known state: the adaptive sampling of Noé et al. 2019.

A buffer starts with configurations of one state only. Each iteration trains on it by example and on
generated configurations by energy, then moves a batch of it by Metropolis steps in latent space.
The other states appear in the buffer without anybody having said where they are. Networks and
schedules are those of the authors' notebooks. Beside it stands what plain Metropolis would need,
from the mean first-passage time of diffusion over the known free-energy profile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    System,
    Trainer,
    realnvp,
    sampling,
    systems,
)
from boltzmann_tf.estimators import mean_first_passage_time
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.reproductions.exploration.explored import Explored, explore, show, single_state
from boltzmann_tf.reproductions.published import published
from boltzmann_tf.reproductions.solvated_dimer import generators, reference
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training.explorer import Explorer

SOURCE = "Noé et al. 2019, the authors' exploration notebooks"


@dataclass(frozen=True)
class Case:
    """One system as published.

    Attributes:
      name: in figures.
      system: what is explored.
      coordinate: configurations `[n, D]` -> `[n]`.
      label: of the coordinate.
      states: name -> interval of the coordinate; the first is the known one.
      blocks: RealNVP blocks.
      hidden: widths of the hidden layers.
      start: configurations of the known state, from a seed.
      likelihood: iterations by example before, and their learning rate.
      stage: of the exploration, for a number of iterations.
      capacity: of the buffer.
      iterations: as published.
      step: of plain Metropolis, standard deviation in every coordinate.
      found_by: iteration by which all states must be in the buffer.
      kl_limit: that J_KL must be below at the end.
      relabel: of the buffer, or None.
    """

    name: str
    system: System
    coordinate: Callable[[np.ndarray], np.ndarray]
    label: str
    states: dict[str, tuple[float, float]]
    blocks: int
    hidden: tuple[int, ...]
    start: Callable[[int], np.ndarray]
    likelihood: tuple[int, float]
    stage: Callable[[int], Stage]
    capacity: int
    iterations: int
    step: float
    found_by: int
    kl_limit: float
    relabel: Callable[[np.ndarray], np.ndarray] | None = None


WELL, BROWN = systems.DoubleWell(), systems.MuellerBrown()


def closed(seed: int) -> np.ndarray:
    """One closed frame with noise of 0.05, a thousand times."""
    frame = reference.frames("closed", 64, seed=seed)[-1]
    return frame + 0.05 * np.random.default_rng(seed).standard_normal((1000, frame.size))


DOUBLE_WELL = Case(
    name="double well",
    system=WELL,
    coordinate=lambda x: x[:, 0],
    label="x1",
    states={"left": (-np.inf, 0.0), "right": (0.0, np.inf)},
    blocks=4,
    hidden=(100, 100),
    start=lambda seed: single_state(WELL, seed, step_size=0.1, noise=0.01),
    likelihood=(20, 1e-3),
    stage=lambda n: Stage(n, 1024, 2.5e-4, ml=1.0, kl=1.0, energy_high=1e4, weighted_ml=True),
    capacity=10_000,
    iterations=500,
    step=0.1,
    found_by=300,
    kl_limit=-6.8,
)
MUELLER_BROWN = Case(
    name="Müller-Brown",
    system=BROWN,
    coordinate=lambda x: 0.7 * (x[:, 0] - x[:, 1]),
    label="0.7 (x - y)",
    states={"left": (-np.inf, -1.0), "middle": (-1.0, 0.0), "right": (0.0, np.inf)},
    blocks=5,
    hidden=(100, 100),
    start=lambda seed: single_state(BROWN, seed, step_size=0.02, noise=0.0),
    likelihood=(3, 1e-3),
    stage=lambda n: Stage(n, 2048, 1e-4, ml=1.0, kl=1.0, energy_high=1e4, weighted_ml=True),
    capacity=100_000,
    iterations=1500,
    step=0.1,
    found_by=1500,
    kl_limit=-7.2,
)
DIMER = Case(
    name="dimer",
    system=generators.PUBLISHED_WALLS,
    coordinate=dimer_distance,
    label="d",
    states={"closed": (0.0, 1.3), "open": (1.8, np.inf)},
    blocks=8,
    hidden=(200, 200, 200),
    start=closed,
    likelihood=(200, 2.5e-4),
    stage=lambda n: Stage(
        n, 1000, 1e-4, ml=1.0, kl=1.0, rc=1.0, rc_loss=generators.RC, energy_high=1e4
    ),
    capacity=100_000,
    iterations=2000,
    step=0.02,
    found_by=2000,
    kl_limit=275.0,
    relabel=reference.in_order,
)
CASES = {"quick": (DOUBLE_WELL,), "paper": (DOUBLE_WELL, MUELLER_BROWN, DIMER)}


def run_case(context: Context, case: Case) -> Explored:
    """Explores one system, looking at the buffer every tenth iteration."""
    context.log(f"{case.name}: exploration")
    start = case.start(context.seed)
    jit = False if case.system is WELL else "auto"
    flow = realnvp(
        case.system.event_size,
        blocks=case.blocks,
        hidden=case.hidden,
        scale_bound=None,
        seed=context.seed,
    )
    generator = BoltzmannGenerator(case.system, flow, jit_compile=jit)
    iterations, rate = case.likelihood
    Trainer(generator, seed=context.seed, jit_compile=False).fit(
        start, Stage(iterations, 128, rate), verbose=0
    )
    explorer = Explorer(
        generator,
        start,
        capacity=case.capacity,
        relabel=case.relabel,
        seed=context.seed,
        jit_compile=jit,
    )
    found = explore(explorer, case.stage, case.iterations, case.coordinate, case.states)
    context.count_energy_evaluations(found.energies[-1])
    return found


def profile_of(context: Context, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Coordinate and free energy at T = 1 in kT: exact, or umbrella sampling for the dimer."""
    if case is DIMER:
        known = reference.umbrella(context, (1.0,), 1200).profile(1.0)
        use = np.flatnonzero(np.isfinite(known.free_energy))
        centers = known.centers[use[0] : use[-1] + 1]
        # A bin in the tails that no sample fell into lies between its neighbours.
        return centers, np.interp(centers, known.centers[use], known.free_energy[use])
    low, high = (-2.6, 2.6) if case is DOUBLE_WELL else (-1.8, 1.0)
    edges = np.linspace(low, high, 401)
    p = case.system.exact.bin_probabilities(edges, 1.0)
    return 0.5 * (edges[1:] + edges[:-1]), -np.log(np.maximum(p, 1e-300))


@reproduction("explore", "Exploration from one known state (Noé et al. 2019)")
def run(context: Context) -> None:
    """Explores each system, and estimates what plain Metropolis would need."""
    results: list[tuple[Case, Explored, float]] = []
    for case in CASES[context.preset]:
        found = run_case(context, case)
        coordinate, free_energy = profile_of(context, case)
        context.section(case.name)
        show(context, case.name, case.label, found, (coordinate, free_energy))
        # A step moves the coordinate by the step itself; a length by that of two particles.
        moved = 2 * case.step**2 if case is DIMER else case.step**2
        last = list(case.states.values())[-1]
        target = max(last[0], coordinate[np.argmin(np.abs(coordinate - last[0]))])
        plain = sampling.metropolis(
            case.system,
            case.start(context.seed)[:16],
            n_steps=1000,
            burn_in=1000,
            step_size=case.step,
            seed=context.seed,
        )
        accepted = float(plain.acceptance.mean())
        # Of a diffusion in the profile: half the mean square displacement of a step.
        needed = mean_first_passage_time(
            coordinate, free_energy, target, diffusion=0.5 * (accepted * moved)
        )
        results.append((case, found, needed))
    context.section("Numbers")
    context.table(
        "What the network buys: energies until a state is found, and plain Metropolis",
        [_row(*r) for r in results],
    )
    for case, found, needed in results:
        add_numbers(context, case, found, needed)


def _row(case: Case, found: Explored, needed: float) -> dict[str, Any]:
    return {
        "system": case.name,
        "found at iteration": ", ".join(f"{s} {i}" for s, i in found.first.items()),
        "energies until then": ", ".join(f"{s} {found.energies_until(s):.3g}" for s in found.first),
        "energies until all were": f"{found.energies_until_all:.3g}",
        "plain Metropolis, mean first passage": f"{needed:.3g}",
    }


def add_numbers(context: Context, case: Case, found: Explored, needed: float) -> None:
    """When the states are found, at what cost, and where the losses end."""
    said = {"source": SOURCE, "justification": "as in section 3.4 of the reference"}
    latest = max(found.first.values())
    context.add(
        Metric.at_most(
            f"{case.name}: iteration by which every state is in the buffer",
            latest,
            case.found_by,
            **said,
        ),
        headline=True,
    )
    end = slice(-100, None)
    context.add(
        Metric.at_most(
            f"{case.name}: J_KL, median of the last 100 iterations (kT)",
            float(np.nanmedian(found.history["kl"][end])),
            case.kl_limit,
            **said,
        )
    )
    if case is DOUBLE_WELL:
        printed = published("noe2019_exploration", "double_well")
        context.add(
            Metric.close(
                f"{case.name}: acceptance of latent moves at full step",
                float(np.mean(found.acceptance[end])),
                printed["value"],
                printed["tolerance"],
                reference_kind="published",
                source=printed["source"],
                justification=printed["justification"],
            )
        )
    if case is DIMER:
        context.add(
            Metric.at_most(
                f"{case.name}: energies until open is found, over plain Metropolis",
                found.energies_until_all / needed,
                0.01,
                source=f"diffusion over the measured profile; {PUBLISHED['umbrella']['source']}",
                justification="a target set before any run",
            ),
            headline=True,
        )


if __name__ == "__main__":
    main_for("explore")
