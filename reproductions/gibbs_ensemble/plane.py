"""The Lennard-Jones fluid in the plane, in two small boxes."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import (
    BoltzmannGenerator,
    Cosine,
    Stage,
    Trainer,
    estimators,
    priors,
    sampling,
)
from boltzmann_tf.bijectors import InsertionFlow
from boltzmann_tf.estimators import Estimates
from boltzmann_tf.potentials import LennardJones
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.gibbs_ensemble.lines import BURN_IN
from boltzmann_tf.reproductions.gibbs_ensemble.plan import HOT, PLANE, Plan
from boltzmann_tf.sampling import GibbsInfo, GibbsSamples, GibbsState, StateSurfaces
from boltzmann_tf.systems import FluidBox, GibbsBoxes

FLUID = LennardJones(cut=2.5, shifted=True)
MIXED = (1.0, 0.3, 1.0)  # of displacements, volume moves and transfers
GRID = 24
NODES = 16


class Way(NamedTuple):
    """One way to Q(n, v): where it begins, and what it takes."""

    name: str
    steps: int
    surfaces: StateSurfaces
    seconds: float  # of processor time

    @property
    def numbers(self) -> Estimates:
        """P(N1), `[N + 1]`."""
        return self.surfaces.number_probabilities(PLANE.n, PLANE.volume)

    @property
    def variance(self) -> float:
        """Of P(N1), the mean over N1."""
        return float(np.mean(self.numbers.standard_error**2))

    @property
    def cost(self) -> float:
        """Sweeps times variance: sweeps that an error of 1 takes."""
        return self.variance * self.surfaces.sweeps


class Plane(NamedTuple):
    """All ways to the same distribution."""

    simulated: GibbsInfo
    state: GibbsState  # where Monte Carlo ended
    generator: BoltzmannGenerator
    alone: Way
    both: GibbsSamples  # joint states of the generator alone
    ideal: list[Way]  # annealed from the ideal gas
    begun: list[Way]  # annealed from a generator at a higher temperature
    untrained: list[Way]  # the same without training
    reference: StateSurfaces  # of the longest annealing

    @property
    def ess(self) -> float:
        """Effective fraction of the generator's joint states."""
        return float(estimators.ess_fraction(self.both.log_weight))


def boxes() -> GibbsBoxes:
    """Two boxes of the plane."""
    return GibbsBoxes(
        PLANE.n,
        PLANE.volume,
        dimension=2,
        pairs=FLUID,
        images="nearest",
        densest=PLANE.densest,
    )


def one_box(temperature: float) -> FluidBox:
    """One of them, as a family."""
    return FluidBox(PLANE.n, FLUID, temperature=temperature, densest=PLANE.densest)


def simulate(
    context: Context, temperature: float, plan: Plan
) -> tuple[GibbsInfo, GibbsState, list[GibbsState]]:
    """Monte Carlo, and frames of it."""
    context.log(f"plane, T = {temperature:g}: Monte Carlo")
    name, system = f"plane, T = {temperature:g}", boxes()
    state = sampling.gibbs_state(system, plan.replicas, seed=context.seed_of(name))
    options: dict[str, Any] = {"system": system, "temperature": temperature, "weights": MIXED}
    state, _ = sampling.gibbs_rounds(state, BURN_IN, tune=True, **options)
    frames = []
    for _ in range(plan.plane_frames):
        state, _ = sampling.gibbs_rounds(state, 20, **options)
        frames.append(state)
    state, info = sampling.gibbs_rounds(state, plan.plane_rounds, **options)
    return info, state, frames


def insertion(
    context: Context, temperature: float, frames: list[GibbsState], plan: Plan
) -> BoltzmannGenerator:
    """A generator that fills a box particle by particle, trained by example."""
    name = f"plane, T = {temperature:g}: generator"
    system = one_box(temperature)
    seed = context.seed_of(name)
    flow = InsertionFlow(system.most, FLUID, temperature=temperature, grid=GRID, seed=seed)
    size = system.event_shape[0]
    prior = priors.UniformBox(np.zeros(size), np.ones(size))
    generator = BoltzmannGenerator(system, flow, prior, jit_compile=False)
    if frames:
        context.log(f"{name}: training")
        x, condition = sampling.gibbs_configurations(frames, seed=seed)
        stage = Stage(plan.plane_steps, 128, Cosine(1e-2, warmup=0.1), ml=1.0, clip_norm=10.0)
        trainer = Trainer(generator, seed=seed, jit_compile=False)
        trainer.fit(x, stage, data_condition=condition, verbose=0)
    return generator


def run(context: Context, plan: Plan) -> Plane:
    """Monte Carlo; generators; annealing from the ideal gas and from a generator."""
    t = PLANE.temperature
    info, state, frames = simulate(context, t, plan)
    generator = insertion(context, t, frames, plan)
    context.log("plane: the generator alone")
    options: dict[str, Any] = {"n_nodes": NODES, "n_surfaces": plan.surfaces}
    start = time.process_time()
    surfaces = sampling.state_surfaces(
        generator,
        PLANE.n,
        PLANE.volume,
        n_samples=plan.plane_samples // 4 + 2,
        seed=context.seed_of("plane: alone"),
        **options,
    )
    alone = Way("the generator alone", 0, surfaces, time.process_time() - start)

    hot = HOT * t
    _, _, warm = simulate(context, hot, plan)
    begin = insertion(context, hot, warm, plan)
    plain = insertion(context, hot, [], plan)

    def anneal(name: str, steps: int, generator: BoltzmannGenerator | None) -> Way:
        context.log(f"plane: {name}, {steps} steps")
        start = time.process_time()
        found = sampling.annealed_surfaces(
            one_box(t),
            PLANE.volume,
            n_steps=steps,
            generator=generator,
            power=4.0 if generator is None else 1.0,
            n_samples=plan.plane_samples if generator else plan.ideal_samples,
            seed=context.seed_of(f"plane: {name}", steps),
            **options,
        )
        return Way(name, steps, found, time.process_time() - start)

    ideal = [anneal("from the ideal gas", steps, None) for steps in plan.annealed]
    begun = [anneal("from a generator", steps, begin) for steps in plan.begun]
    without = "from insertion without training"
    untrained = [anneal(without, steps, plain) for steps in plan.untrained]
    reference = ideal[-1].surfaces
    both = sampling.gibbs_samples(
        generator,
        reference.joint(PLANE.n, PLANE.volume),
        plan.drawn // 20,
        seed=context.seed_of("plane: joint states"),
    )
    return Plane(info, state, generator, alone, both, ideal, begun, untrained, reference)
