"""Generators of the dimer: the published networks and schedules, and this package's.

Data `[n, 76]` are both states in equal parts, but for the generators of one state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, bijectors, losses, realnvp, systems
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.published import published as read
from boltzmann_tf.reproductions.solvated_dimer.plan import DimerPlan, PairPlan
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, SYSTEM
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training import History
from boltzmann_tf.training.schedules import Cosine, Exponential

# The published training energy counts the wall twice.
PUBLISHED_WALLS = systems.SolvatedDimer(wall_factor=2.0)
RC = losses.ReactionCoordinate(SYSTEM.reaction_coordinate(), 0.5, 2.5)
MULTI = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
SIZE = SYSTEM.event_size
SPREAD = (0.7, 2.35)  # lengths of ours
# The cut is drawn back in the end: behind a low one, overlaps are rare but cost nothing more.
CLOSING, OPENING = Exponential(1e4, 500.0), Exponential(500.0, 1e6)
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


@dataclasses.dataclass
class Trained:
    """A generator and how it was trained."""

    name: str
    generator: BoltzmannGenerator
    history: History


def train(
    context: Context,
    name: str,
    generator: BoltzmannGenerator,
    data: np.ndarray,
    stages: Sequence[Stage],
    seed: int,
) -> Trained:
    """Trains a generator, in silence."""
    context.log(f"{name}: training")
    trainer = Trainer(generator, seed=seed, jit_compile=generator.jit_compile)
    return Trained(name, generator, trainer.fit(data, stages, verbose=0))


def compiled(
    context: Context, flow: bijectors.Bijector, system: systems.System = SYSTEM
) -> BoltzmannGenerator:
    """A generator of ours; preset quick is over before XLA would pay."""
    return BoltzmannGenerator(system, flow, jit_compile=False if context.quick else "auto")


# As published.


def schedule(name: str, shorter: int = 1) -> list[dict[str, Any]]:
    """What differs between the stages by energy of a published network."""
    found = read("noe2019_dimer", "schedules", name)
    rows = (dict(zip(found["columns"], row, strict=True)) for row in found["rows"])
    return [row | {"iterations": row["iterations"] // shorter} for row in rows]


def published_stage(**options: Any) -> Stage:
    """A stage of figure 3's network: likelihood, energy at T = 1, and the reaction coordinate."""
    return Stage(batch_size=1000, kl=1.0, rc=10.0, rc_loss=RC, **options)


def _whitened(data: np.ndarray, width: int, seed: int) -> BoltzmannGenerator:
    """Eight blocks with three hidden layers, whitened."""
    last, hidden = [bijectors.Whitening.from_data(data)], (width,) * 3
    flow = realnvp(SIZE, blocks=8, hidden=hidden, scale_bound=None, last=last, seed=seed)
    return BoltzmannGenerator(PUBLISHED_WALLS, flow)


def published(context: Context, data: np.ndarray) -> Trained:
    """ML, then ML + KL + RC (figure 3)."""
    seed = context.seed_of("published")
    stages = [Stage(200, 500, 1e-3), *(published_stage(**row) for row in schedule("figure 3"))]
    return train(context, "published", _whitened(data, 200, seed), data, stages, seed)


def published_multi(context: Context, data: np.ndarray, plan: DimerPlan) -> Trained:
    """The network behind the curves of figure 3e: nine temperatures at once, without whitening.

    Its whole schedule, 20 epochs by example and 3800 iterations of 8000, takes hours on two cores.
    Here each stage is `plan.multi_shorter` times shorter and batches of the energy are smaller.
    The published loss has one term more, which is left out: the spread of the log-weights, with a
    weight of 0.1 to 1 in all stages but the last.
    """
    name, shorter = "published, nine temperatures", plan.multi_shorter
    seed = context.seed_of(name)
    flow = realnvp(
        SIZE, blocks=8, hidden=(200, 200), shift_activation="tanh", scale_bound=None, seed=seed
    )
    common: dict[str, Any] = {"batch_size": plan.multi_batch, "learning_rate": 1e-4, "kl": 1.0}
    common |= {"rc_loss": RC, "temperatures": MULTI}
    stages = [Stage(20 * len(data) // 1024 // shorter, 1024, 1e-3)]
    stages += [Stage(**row, **common) for row in schedule("nine temperatures", shorter)]
    generator = BoltzmannGenerator(PUBLISHED_WALLS, flow)
    return train(context, name, generator, data, stages, seed)


def published_state(context: Context, state: str, data: np.ndarray, seed: int) -> Trained:
    """One state alone (figure 6e): three temperatures, weighted likelihood, data with noise."""
    noisy = data + 0.05 * np.random.default_rng(seed).standard_normal(data.shape)
    common: dict[str, Any] = {"batch_size": 1000, "learning_rate": 1e-4, "kl": 1.0}
    common |= {"temperatures": (1, 2, 3), "weighted_ml": True}
    stages = [Stage(100, 128, 1e-3), *(Stage(**row, **common) for row in schedule("one state"))]
    generator = _whitened(noisy, 100, seed)
    return train(context, f"published, {state}", generator, noisy, stages, seed)


# Ours: the length by a fixed map, all else given it.


def spread_lengths(data: np.ndarray, seed: int) -> np.ndarray:
    """Lengths to generate: most uniform, the rest as in data, three to one closed and open."""
    parts = {(0.0, CUT): 15_000, (CUT, np.inf): 5000}
    return _lengths(data, SPREAD, 30_000, parts, seed)


def lengths_within(data: np.ndarray, within: tuple[float, float], seed: int) -> np.ndarray:
    """Lengths of one state to generate: half of them uniform in it, the rest as in its data."""
    return _lengths(data, within, 25_000, {within: 25_000}, seed)


def _lengths(
    data: np.ndarray,
    within: tuple[float, float],
    even: int,
    parts: Mapping[tuple[float, float], int],
    seed: int,
) -> np.ndarray:
    rng, d = np.random.default_rng(seed), dimer_distance(data)
    found = [rng.uniform(*within, even)]
    found += [rng.choice(d[(d >= low) & (d < high)], n) for (low, high), n in parts.items()]
    return np.concatenate(found)


def by_example(iterations: int) -> Stage:
    """The beginning: a tenth as long as the energy training."""
    return Stage(max(100, iterations // 10), 512, Cosine(2e-3, 5e-4, warmup=0.1))


def by_energy(iterations: int, rate: Cosine, cut: Any, **options: Any) -> Stage:
    """Energy alone, gradients clipped."""
    given = {"batch_size": 1024, "ml": 0.0, "kl": 1.0, "clip_norm": 100.0} | options
    return Stage(iterations, learning_rate=rate, energy_high=cut, **given)


def ours(context: Context, data: np.ndarray, plan: DimerPlan) -> Trained:
    """Spread along the length by construction; ML, then energy alone."""
    seed, early = context.seed_of("ours"), plan.steps * 3 // 5
    lengths = spread_lengths(data, context.seed_of("ours, lengths"))
    flow = bijectors.dimer_flow(
        data, lengths, blocks=plan.blocks, hidden=plan.hidden, coupling=plan.coupling, seed=seed
    )
    stages = [
        by_example(plan.steps),
        by_energy(early, Cosine(2e-3, 5e-4, warmup=0.1), CLOSING),
        by_energy(plan.steps - early, Cosine(5e-4, 1e-5, warmup=0.1), OPENING),
    ]
    return train(context, "ours", compiled(context, flow), data, stages, seed)


def equilibrium(context: Context, spread: Trained, closed: np.ndarray, iterations: int) -> Trained:
    """Ours with the lengths of closed data, 99.9 % of equilibrium; its history is of T = `WARM`."""
    flow = bijectors.with_lengths(spread.generator.bijector, dimer_distance(closed))
    stage = by_energy(iterations, Cosine(1e-3, 1e-5, warmup=0.1), OPENING)
    warm = compiled(context, flow, systems.AtTemperature(SYSTEM, WARM))
    trained = train(context, CLOSED, warm, closed, [stage], context.seed_of(CLOSED))
    return dataclasses.replace(trained, generator=compiled(context, flow))


def ours_state(context: Context, state: str, data: np.ndarray, plan: PairPlan) -> Trained:
    """Ours for one state: its lengths by a fixed map, the rest by energy at T = 0.5, 1 and 2."""
    seed, rate = context.seed_of("ours, a pair"), Cosine(2e-3, 1e-5, warmup=0.1)
    flow = bijectors.dimer_flow(data, dimer_distance(data), hidden=plan.hidden, seed=seed)
    energy = by_energy(plan.steps, rate, CLOSING, temperatures=(0.5, 1.0, 2.0))
    stages = [by_example(plan.steps), energy]
    return train(context, f"ours, {state}", compiled(context, flow), data, stages, seed)
