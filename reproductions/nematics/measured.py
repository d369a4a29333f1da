"""What is known of one lattice: Monte Carlo, and a generator, at the same temperatures."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.generators import Trained, walk
from boltzmann_tf.reproductions.nematics.plan import Plan, Walk
from boltzmann_tf.sampling import VectorAverages, VectorLadders
from boltzmann_tf.systems import Nematic


class Measured(NamedTuple):
    """Configurations of a generator at one temperature, with their weights."""

    vectors: np.ndarray  # [n, N, 3]
    energy: np.ndarray  # H, [n]
    log_weight: np.ndarray
    log_z: Estimate  # of all directions
    upper: Estimate | None  # bound of log Z, from configurations of Monte Carlo
    ess: float  # effective fraction of the weights
    averages: VectorAverages
    evaluations: int  # of the energy: training up to here, and these samples


class Lattice(NamedTuple):
    """What is known of one lattice."""

    name: str  # in tables
    kind: str  # in figures, where there are several of its kind
    system: Nematic
    simulated: VectorLadders  # by Monte Carlo
    averages: dict[float, VectorAverages]  # of these
    measured: dict[float, Measured]  # of the generator, temperatures increasing
    trained: Trained  # the generator, at the lowest temperature


def run_lattice(
    context: Context, name: str, kind: str, system: Nematic, steps: Walk, plan: Plan
) -> Lattice:
    """Simulates at the temperatures of the walk, walks, and measures at each of them."""
    context.log(f"{name}: Monte Carlo")
    seed = context.seed_of(f"{name}, Monte Carlo")
    simulated = sampling.nematic_tempering(
        system, steps.temperatures, n_rounds=plan.rounds, seed=seed
    )
    context.log("training and sampling")
    seed, noise = context.seed_of(f"{name}, training"), context.seed_of(f"{name}, samples")
    measured = {}
    for t, trained in walk(system, steps, seed=seed):
        measured[t] = measure(trained, plan.samples, noise, simulated.vectors[t])
    measured = dict(sorted(measured.items()))
    return Lattice(name, kind, system, simulated, simulated.averages(), measured, trained)


def measure(trained: Trained, n: int, seed: int, reference: np.ndarray | None = None) -> Measured:
    """Draws `n` configurations and weighs them; `reference`: of Monte Carlo, `[m, N, 3]`."""
    angles, t = trained.angles, trained.temperature
    samples = trained.generator.sample(n, seed=seed)
    vectors, log_weight = angles.vectors(samples.x).numpy(), samples.log_weight
    energy, upper = samples.energy.astype(np.float64) * t, None
    if reference is not None:
        x = angles.coordinates(reference).astype(np.float32)
        upper = estimators.log_z_bounds(log_weight, trained.generator.log_weight(x)).upper
    return Measured(
        vectors,
        energy,
        log_weight,
        estimators.log_z(log_weight),
        upper,
        estimators.ess_fraction(log_weight),
        sampling.vector_averages(
            sampling.vector_order(vectors),
            energy,
            log_weight,
            temperature=t,
            sites=angles.nematic.sites,
        ),
        trained.evaluations + n,
    )


def pair_order(system: Nematic, measured: Measured) -> Estimate:
    """The root of <P2(u_i . u_j)> on a complete graph: an S without the bias of few spins."""
    p2 = -measured.energy / (system.bond_strength * system.bonds)
    found = estimators.weighted_average(
        p2, measured.log_weight, function=lambda m: np.sqrt(np.maximum(m, 0.0))
    )
    return cast(Estimate, found)
