"""Fluids on a line, in two boxes: exact, by Monte Carlo, and by a generator of one box."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import (
    BoltzmannGenerator,
    Cosine,
    Stage,
    Trainer,
    estimators,
    exact,
    priors,
    sampling,
)
from boltzmann_tf.bijectors import GapFlow
from boltzmann_tf.estimators import Estimates
from boltzmann_tf.exact import GibbsJoint
from boltzmann_tf.potentials import HardCore, LennardJones, SquareWell
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.gibbs_ensemble.plan import KAC, Plan, Training
from boltzmann_tf.sampling import GibbsInfo, GibbsSamples, StateSurfaces
from boltzmann_tf.systems import GibbsBoxes, NeighbourLine
from boltzmann_tf.training.conditions import BoxStates

MIXED = (0.3, 1.0, 1.0)  # of displacements, volume moves and transfers
BURN_IN = 300
ROUNDS, EACH = 2, 16  # of examples and training; samples of which one is kept
RODS: dict[str, Any] = {"dimension": 1, "pairs": HardCore(), "boundary": "walls", "margin": 0.5}
CORE = 0.8  # of Lennard-Jones neighbours at T = 1: nearer than this nothing is ever seen


class Line(NamedTuple):
    """One fluid at one temperature, in two boxes."""

    name: str
    known: GibbsJoint
    surfaces: StateSurfaces
    both: GibbsSamples  # of the generator
    simulated: GibbsInfo | None = None

    @property
    def summed(self) -> GibbsJoint:
        """P(N1, V1) by the generator's Q(n, v), summed."""
        return self.surfaces.joint(self.known.n, self.known.volume)

    @property
    def ess(self) -> float:
        """Effective fraction of the joint states."""
        return float(estimators.ess_fraction(self.both.log_weight))

    def generated(self) -> Estimates:
        """P(N1) of weighted joint states."""
        each = self.both.n[:, None] == np.arange(self.known.n + 1)
        return Estimates(*estimators.weighted_average(each, self.both.log_weight))

    def generated_volumes(self) -> Estimates:
        """Means of V1 given N1, likewise."""
        n = self.known.n + 1
        seen = self.both.n[:, None] == np.arange(n)
        sums = np.concatenate([seen * self.both.volume[:, None], seen], axis=1)
        return Estimates(
            *estimators.weighted_average(
                sums, self.both.log_weight, function=lambda mean: mean[:n] / mean[n:]
            )
        )

    def known_volumes(self) -> np.ndarray:
        """Exact means of V1 given N1, `[N + 1]`."""
        p = self.known.number_probabilities()

        def where(n1: Any, v: np.ndarray, k: int) -> np.ndarray:
            return (n1 == k) * v

        sums = [self.known.expectation(functools.partial(where, k=k)) for k in range(len(p))]
        return np.array(sums) / p


def simulate(
    context: Context, name: str, boxes: GibbsBoxes, temperature: float, plan: Plan
) -> GibbsInfo:
    """Replicas of both boxes, after a burn-in in which steps are tuned."""
    context.log(f"{name}: Monte Carlo")
    seed = context.seed_of(f"{name}: Monte Carlo")
    state = sampling.gibbs_state(boxes, plan.replicas, seed=seed)
    options: dict[str, Any] = {"system": boxes, "temperature": temperature, "weights": MIXED}
    options["n_moves"] = 10 * boxes.n  # fluids on a line relax slowly: their particles cannot pass
    state, _ = sampling.gibbs_rounds(state, BURN_IN, tune=True, **options)
    _, info = sampling.gibbs_rounds(state, plan.rounds, **options)
    return info


def generator_of(
    system: NeighbourLine, *, jit_compile: bool | str = "auto", **options: Any
) -> BoltzmannGenerator:
    """A flow of gaps, which begins with the Boltzmann factors of neighbours."""
    flow = GapFlow(
        system.most,
        system.pairs,
        boundary=system.boundary,
        core=system.core,
        margin=system.margin,
        tempered=system.tempered,
        **options,
    )
    prior = priors.UniformBox(np.zeros(system.most), np.ones(system.most))
    return BoltzmannGenerator(system, flow, prior, jit_compile=jit_compile)


def trained(
    context: Context,
    name: str,
    system: NeighbourLine,
    volume: float,
    training: Training,
    temperatures: tuple[float, float] | None = None,
) -> tuple[BoltzmannGenerator, int]:
    """A generator trained by its own examples over all n and v, and the energies that took.

    By energy it would be drawn to what it covers already, with steep cores as its noise. Examples
    are drawn from it instead, many for each (n, v), of which one is kept in proportion to the
    weights; it learns them, and draws better ones.
    """
    seed = context.seed_of(f"{name}: training")
    generator = generator_of(system, bins=training.bins, hidden=training.hidden, seed=seed)
    states = BoxStates.of(system, volume=volume, temperatures=temperatures)
    for k in range(ROUNDS):
        context.log(f"{name}: examples, then training, {k + 1} of {ROUNDS}")
        own = context.seed_of(f"{name}: examples", k)
        condition = states(training.examples, tf.constant([own, 0]), tf.float32).numpy()
        x = _chosen(generator, condition, own)
        stage = Stage(training.steps, 512, Cosine(4e-3, warmup=0.05), ml=1.0)
        trainer = Trainer(generator, seed=context.seed_of(f"{name}: steps", k))
        trainer.fit(x, stage, data_condition=condition, verbose=0)
    return generator, ROUNDS * EACH * training.examples


def _chosen(generator: BoltzmannGenerator, condition: np.ndarray, seed: int) -> np.ndarray:
    """One of `EACH` samples at each condition, drawn by its weight."""
    every = np.repeat(condition, EACH, axis=0)
    found = generator.sample(len(every), seed=seed, condition=every)
    log_weight = found.log_weight.reshape(-1, EACH)
    noise = np.random.default_rng(seed).gumbel(size=log_weight.shape)
    best = np.argmax(log_weight + noise, axis=1)
    return found.x.reshape(*log_weight.shape, -1)[np.arange(len(condition)), best]


def generate(
    context: Context,
    name: str,
    known: GibbsJoint,
    generator: BoltzmannGenerator,
    plan: Plan,
    simulated: GibbsInfo | None = None,
    **options: Any,
) -> Line:
    """Q(n, v) by the generator, and joint states drawn from its sum."""
    context.log(f"{name}: the generator's boxes")
    t = known.temperature if generator.bijector.condition_size == 3 else None
    surfaces = sampling.state_surfaces(
        generator,
        known.n,
        known.volume,
        temperature=t,
        seed=context.seed_of(f"{name}: surfaces"),
        **options,
    )
    both = sampling.gibbs_samples(
        generator,
        surfaces.joint(known.n, known.volume),
        plan.drawn,
        temperature=t,
        seed=context.seed_of(f"{name}: joint states"),
    )
    return Line(name, known, surfaces, both, simulated)


IDENTITY = {"n_samples": 1, "n_surfaces": 2}  # of a generator all of whose weights are the same


def free(context: Context, plan: Plan) -> list[Line]:
    """The ideal gas, and rods between walls: P(N1) = 1 / (N + 1)."""
    n, length = 10, 25.0
    cases = (
        ("ideal gas", exact.IdealGas(), None, 0.0),
        ("rods", exact.HardRods(), RODS, 1.0),
    )
    found = []
    for name, fluid, options, core in cases:
        boxes = GibbsBoxes(n, length, **(options or {"dimension": 1}))
        info = simulate(context, name, boxes, 1.0, plan)
        system = NeighbourLine(n, core=core, margin=core / 2)
        known = GibbsJoint(fluid, n, length)
        found.append(generate(context, name, known, _exact(system), plan, info, **IDENTITY))
    return found


def kac(context: Context, ratio: float, n: int, plan: Plan) -> Line:
    """Rods with Kac's attraction at T / T_c, in boxes that hold as much of each phase."""
    t = ratio * KAC.critical_temperature
    length = 2 * n / sum(KAC.coexistence(t))
    known = GibbsJoint(exact.HardRods(attraction=KAC.a), n, length, t)
    name = f"Kac rods, N = {n}, T / T_c = {ratio:g}"
    info = None
    if n == 20:
        boxes = GibbsBoxes(n, length, attraction=KAC.a, **RODS)
        info = simulate(context, name, boxes, t, plan)
    system = NeighbourLine(n, core=1.0, margin=0.5, attraction=KAC.a, tempered=True)
    return generate(context, name, known, _exact(system), plan, info, **IDENTITY)


def wells(context: Context, plan: Plan) -> Line:
    """Square-well rods on two rings."""
    n, length, t, name = 8, 24.0, 0.5, "square wells"
    known = GibbsJoint(exact.SquareWellRods(), n, length, t)
    boxes = GibbsBoxes(n, length, dimension=1, pairs=SquareWell(), images="nearest")
    info = simulate(context, name, boxes, t, plan)
    system = NeighbourLine(n, SquareWell(1.0 / t), boundary="ring", core=1.0)  # in kT
    generator, _ = trained(context, name, system, length, plan.wells)
    return generate(context, name, known, generator, plan, info)


def neighbours(n: int, *, tempered: bool = False) -> NeighbourLine:
    """Lennard-Jones without a cut between neighbours, and an attraction, which gives two phases."""
    pairs = LennardJones()
    return NeighbourLine(n, pairs, core=CORE, attraction=3.0, itself=False, tempered=tempered)


def neighbour_joint(n: int, volume: float, temperature: float = 1.0) -> GibbsJoint:
    """What is exact of these."""
    fluid = exact.NeighbourPoints(_lennard_jones, volume, attraction=3.0)
    return GibbsJoint(fluid, n, volume, temperature)


def _lennard_jones(r: np.ndarray) -> np.ndarray:
    return 4 * (r**-12.0 - r**-6.0)


def _exact(system: NeighbourLine) -> BoltzmannGenerator:
    """The identity, in double precision."""
    return generator_of(system, hidden=(8,), bins=2, dtype="float64", jit_compile=False)


def learned(context: Context, n: int, plan: Plan) -> dict[str, Line]:
    """N Lennard-Jones neighbours at T = 1, by proposal; the last one is the trained generator."""
    name, volume = f"Lennard-Jones neighbours, N = {n}", 33.0 * n / 12
    known, system = neighbour_joint(n, volume), neighbours(n)
    prior = priors.UniformBox(np.zeros(n), np.ones(n))
    ideal = BoltzmannGenerator(system, GapFlow(n, core=CORE, hidden=(8,), bins=2), prior)
    factors = generator_of(system, hidden=(8,), bins=2)
    generator, energies = trained(context, name, system, volume, plan.neighbours[n])
    few: dict[str, Any] = {"n_samples": 100}
    return {
        "ideal gas of the free length": generate(context, name, known, ideal, plan, **few),
        "Boltzmann factors of neighbours": generate(context, name, known, factors, plan, **few),
        f"trained, {energies:.2g} energies": generate(context, name, known, generator, plan),
    }


def tempered(context: Context, temperatures: tuple[float, ...], plan: Plan) -> dict[float, Line]:
    """Twelve of them, by one generator for all temperatures."""
    if plan.tempered is None:
        return {}
    n, volume = 12, 33.0
    name, system = "Lennard-Jones neighbours, any T", neighbours(n, tempered=True)
    ends = (min(temperatures), max(temperatures))
    generator, _ = trained(context, name, system, volume, plan.tempered, temperatures=ends)
    return {
        t: generate(context, f"{name}: {t:g}", neighbour_joint(n, volume, t), generator, plan)
        for t in temperatures
    }
