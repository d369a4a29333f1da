"""Generators of the dimer: the published network and schedule, and this package's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, bijectors, losses, realnvp, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import flows
from boltzmann_tf.reproductions.solvated_dimer.reference import SYSTEM
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training import History
from boltzmann_tf.training.schedules import Cosine, Exponential

__all__ = [
    "ABOUT_CLOSED",
    "CLOSED",
    "PUBLISHED_WALLS",
    "RC",
    "Trained",
    "equilibrium",
    "ours",
    "ours_state",
    "published",
    "published_multi",
    "published_stage",
    "published_state",
]

# The published training energy counts the wall twice.
PUBLISHED_WALLS = systems.SolvatedDimer(wall_factor=2.0)
RC = losses.ReactionCoordinate(SYSTEM.reaction_coordinate(), 0.5, 2.5)
MULTI = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
SIZE = SYSTEM.event_size
# The cut is drawn back in the end: behind a low one, overlaps are rare but cost nothing more.
OPENING = Exponential(500.0, 1e6)
# Energy alone narrows what is generated, to energies several kT too low. Trained a little warmer,
# these rise in proportion to the warming, J_KL at T = 1 by its square only.
WARM = 1.03
CLOSED = "ours, lengths of the closed state"
ABOUT_CLOSED = (
    f"**{CLOSED}** is a generator of its own, held to the bound of J_KL: it starts from `ours`, "
    "has the lengths that Monte Carlo finds in the closed state (99.9 % of equilibrium) in the "
    f"place of the spread ones, and is trained by energy alone at T = {WARM:g}, since energy alone "
    "narrows what is generated. Its losses are of that temperature; its numbers are of T = 1."
)


def by_energy(iterations: int, rate: Cosine, cut: Exponential, **options: Any) -> Stage:
    """Energy alone, gradients clipped."""
    return Stage(
        iterations, 1024, rate, ml=0.0, kl=1.0, energy_high=cut, clip_norm=100.0, **options
    )


@dataclass
class Trained:
    """A generator and how it was trained."""

    name: str
    generator: BoltzmannGenerator
    history: History


def _fit(
    context: Context,
    name: str,
    generator: BoltzmannGenerator,
    data: np.ndarray,
    stages: list[Stage],
    seed: int,
) -> Trained:
    context.log(f"{name}: training")
    trainer = Trainer(generator, seed=seed, jit_compile=generator.jit_compile)
    history = trainer.fit(data, stages, verbose=0)
    context.count_energy_evaluations(history.energy_evaluations)
    return Trained(name, generator, history)


def _generator(
    context: Context, bijector: Bijector, system: systems.System = SYSTEM
) -> BoltzmannGenerator:
    """Ours; preset quick is over before XLA would pay."""
    return BoltzmannGenerator(system, bijector, jit_compile=False if context.quick else "auto")


def published_stage(iterations: int, rate: float, high: float, ml: float, **options: Any) -> Stage:
    """A stage of figure 3's network: likelihood, energy at T = 1, and the reaction coordinate."""
    return Stage(
        iterations, 1000, rate, ml=ml, kl=1.0, rc=10.0, rc_loss=RC, energy_high=high, **options
    )


def published(context: Context, data: np.ndarray, *, seed: int) -> Trained:
    """Whitening and eight blocks with three hidden layers; ML, then ML + KL + RC (figure 3).

    Args:
      context: of the report.
      data: both states in equal parts, `[n, 76]`.
      seed: of the weights and of training.
    """
    whitening = bijectors.Whitening.from_data(data)
    flow = realnvp(
        SIZE, blocks=8, hidden=(200, 200, 200), scale_bound=None, last=[whitening], seed=seed
    )
    stages = [Stage(200, 500, 1e-3)]
    schedule = [
        (200, 1e-5, 1e6, 1000.0),
        (100, 1e-4, 1e6, 300.0),
        (100, 1e-4, 1e5, 100.0),
        (100, 1e-4, 5e4, 50.0),
        (100, 1e-4, 5e4, 20.0),
        (200, 1e-4, 5e4, 5.0),
    ]
    stages += [published_stage(*row) for row in schedule]
    return _fit(context, "published", BoltzmannGenerator(PUBLISHED_WALLS, flow), data, stages, seed)


def ours(
    context: Context,
    data: np.ndarray,
    *,
    iterations: int,
    blocks: int,
    hidden: tuple[int, ...],
    coupling: str,
    seed: int,
) -> Trained:
    """Spread along the length by construction; ML, then energy alone.

    Args:
      context: of the report.
      data: both states in equal parts, `[n, 76]`.
      iterations: of the energy training.
      blocks: of the flow.
      hidden: widths of the networks' hidden layers.
      coupling: "affine" or "spline".
      seed: of the weights and of training.
    """
    lengths = flows.spread_lengths(data, seed)
    bijector = flows.flow(data, lengths, blocks=blocks, hidden=hidden, coupling=coupling, seed=seed)
    early = iterations * 3 // 5
    stages = [
        Stage(max(100, iterations // 10), 512, Cosine(2e-3, 5e-4, warmup=0.1)),
        by_energy(early, Cosine(2e-3, 5e-4, warmup=0.1), Exponential(1e4, 500.0)),
        by_energy(iterations - early, Cosine(5e-4, 1e-5, warmup=0.1), OPENING),
    ]
    return _fit(context, "ours", _generator(context, bijector), data, stages, seed)


def equilibrium(
    context: Context, spread: Trained, closed: np.ndarray, *, iterations: int, seed: int
) -> Trained:
    """The same flow with the lengths of the closed state, 99.9 % of equilibrium; energy alone.

    Its history is of T = `WARM`, the generator of T = 1.

    Args:
      context: of the report.
      spread: ours.
      closed: configurations of the closed state, `[n, 76]`, for their lengths.
      iterations: of training.
      seed: of training.
    """
    lengths = dimer_distance(closed)
    bijector = flows.with_lengths(spread.generator.bijector, lengths)
    stage = by_energy(iterations, Cosine(1e-3, 1e-5, warmup=0.1), OPENING)
    warm = _generator(context, bijector, systems.AtTemperature(SYSTEM, WARM))
    trained = _fit(context, CLOSED, warm, closed, [stage], seed)
    return replace(trained, generator=_generator(context, bijector))


def published_multi(
    context: Context, data: np.ndarray, *, shorter: int, batch_size: int, seed: int
) -> Trained:
    """The network behind the curves of figure 3e: nine temperatures at once, without whitening.

    Its whole schedule, 20 epochs by example and 3800 iterations of 8000, takes hours on two cores.
    Here each stage is `shorter` times shorter and batches of the energy are of `batch_size`.
    The published loss has one term more, which is left out: the spread of the log-weights, with a
    weight of 0.1 to 1 in all stages but the last.

    Args:
      context: of the report.
      data: both states in equal parts, `[n, 76]`.
      shorter: factor by which every stage has fewer iterations; 1 for the published schedule.
      batch_size: of the energy; 8000 as published.
      seed: of the weights and of training.
    """
    flow = realnvp(
        SIZE, blocks=8, hidden=(200, 200), shift_activation="tanh", scale_bound=None, seed=seed
    )
    stages = [Stage(20 * len(data) // 1024 // shorter, 1024, 1e-3)]
    schedule = [
        (100, 1e4, 100.0, 1.0),
        (100, 1e4, 100.0, 1.0),
        (300, 1e4, 100.0, 5.0),
        (300, 1e4, 100.0, 10.0),
        (1000, 2000.0, 20.0, 10.0),
        (2000, 1000.0, 0.1, 10.0),
    ]
    stages += [
        Stage(
            n // shorter, batch_size, 1e-4, ml=ml, kl=1.0, rc=rc, rc_loss=RC, energy_high=high,
            temperatures=MULTI,
        )
        for n, high, ml, rc in schedule
    ]  # fmt: skip
    generator = BoltzmannGenerator(PUBLISHED_WALLS, flow)
    return _fit(context, "published, nine temperatures", generator, data, stages, seed)


def published_state(context: Context, state: str, data: np.ndarray, *, seed: int) -> Trained:
    """The published generator of one state (figure 6e): three temperatures, weighted likelihood.

    Args:
      context: of the report.
      state: its name.
      data: its configurations, `[n, 76]`, to which noise of 0.05 is added as published.
      seed: of noise, weights and training.
    """
    noisy = data + 0.05 * np.random.default_rng(seed).standard_normal(data.shape)
    whitening = bijectors.Whitening.from_data(noisy)
    flow = realnvp(
        SIZE, blocks=8, hidden=(100, 100, 100), scale_bound=None, last=[whitening], seed=seed
    )
    stages = [Stage(100, 128, 1e-3)]
    schedule = [
        (39, 1e6, 1000.0),
        (39, 1e6, 300.0),
        (39, 1e5, 100.0),
        (39, 5e4, 50.0),
        (39, 5e4, 20.0),
        (99, 5e4, 5.0),
        (198, 5e4, 1.0),
    ]
    stages += [
        Stage(
            n, 1000, 1e-4, ml=ml, kl=1.0, temperatures=(1, 2, 3), energy_high=high, weighted_ml=True
        )
        for n, high, ml in schedule
    ]
    generator = BoltzmannGenerator(PUBLISHED_WALLS, flow)
    return _fit(context, f"published, {state}", generator, noisy, stages, seed)


def ours_state(
    context: Context,
    state: str,
    data: np.ndarray,
    *,
    iterations: int,
    hidden: tuple[int, ...],
    seed: int,
) -> Trained:
    """Ours for one state: its lengths by a fixed map, the rest by energy at T = 0.5, 1 and 2.

    Args:
      context: of the report.
      state: its name.
      data: its configurations, `[n, 76]`.
      iterations: of the energy training.
      hidden: widths of the hidden layers.
      seed: of the weights and of training.
    """
    lengths = dimer_distance(data)
    bijector = flows.flow(data, lengths, blocks=4, hidden=hidden, coupling="affine", seed=seed)
    stages = [
        Stage(max(100, iterations // 10), 512, Cosine(2e-3, 5e-4, warmup=0.1)),
        by_energy(
            iterations,
            Cosine(2e-3, 1e-5, warmup=0.1),
            Exponential(1e4, 500.0),
            temperatures=(0.5, 1.0, 2.0),
        ),
    ]
    return _fit(context, f"ours, {state}", _generator(context, bijector), data, stages, seed)
