"""From a generator of tethered, hot particles to weighted samples of the fluid.

A flow of a dense fluid settles in one packing, and annealing from there through latent space finds
no other. With its particles tethered, and hot, it comes close; a few densities in latent space
close what is left, and single-particle moves walk the rest: tethers are let go, and the temperature
falls.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    non_negative,
    positive,
    positive_int,
    seed_int,
)
from boltzmann_tf.bijectors import split_seed
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.sampling.annealing import anneal
from boltzmann_tf.sampling.particles.annealing import anneal_particles
from boltzmann_tf.systems import AtTemperature, ParticleSystem, Tethered

__all__ = ["WeightedParticles", "anneal_tethered", "tether_path"]

BEND = 0.3  # stiffness falls linearly in this power of it
FREER = 0.6  # by how much longer steps are without tethers
WIDTH = 5.0  # stiffness, in kT per length squared, at which tethers begin to hold particles


class WeightedParticles(NamedTuple):
    """Weighted samples at one temperature.

    Attributes:
      x: configurations, float64 [n, event_size].
      log_weight: for exp(-u / T), [n]; with a reference, Z is that of one order of the particles.
      energy_evaluations: cost from the generator on, in units of one energy.
    """

    x: np.ndarray
    log_weight: np.ndarray
    energy_evaluations: int


def tether_path(
    n_steps: int,
    *,
    stiffness: tuple[float, float],
    temperature: tuple[float, float],
    step_size: float = 0.15,
) -> dict[str, Any]:
    """A path of densities for `anneal_particles`, from one stiffness and temperature to another.

    T changes in proportion. So does the stiffness nearly; it reaches 0, and changes of it where it
    is small, by which particles become free, are the smaller.

        path = tether_path(400, stiffness=(3.0, 40.0), temperature=(4.0, 4.0))
        held = anneal_particles(x, system=system, centres=centres, **path)

    Args:
      n_steps: steps.
      stiffness: kappa >= 0 of the first and the last density.
      temperature: T > 0 of both.
      step_size: half the side of the square or cube of a move at T = 1 with stiff tethers; steps
        are longer where it is hot and where particles are free.

    Returns:
      `stiffness`, `temperature` and `step_size`, [n_steps + 1] each.
    """
    s = np.linspace(0, 1, positive_int("n_steps", n_steps) + 1)
    first, last = np.power([non_negative("stiffness", k) for k in stiffness], BEND)
    hot, cold = (positive("temperature", t) for t in temperature)
    kappa = (first + (last - first) * s) ** (1 / BEND)
    T = hot * (cold / hot) ** s
    step = positive("step_size", step_size) * T**0.25 * (1 + FREER * np.exp(-kappa / WIDTH))
    return {"stiffness": kappa, "temperature": T, "step_size": step}


def anneal_tethered(
    generator: BoltzmannGenerator,
    n: int,
    temperatures: Any,
    *,
    loose: float,
    n_sweeps: int,
    mobile: float = 1.0,
    latent_steps: int = 30,
    moving: Any = None,
    reference: Any = None,
    step_size: float = 0.15,
    seed: int = 0,
) -> dict[float, WeightedParticles]:
    """Weighted samples of the fluid at several temperatures, all of the same ancestors.

        hot = Tethered(AtTemperature(system, 4.0), centres, 40.0)
        generator = BoltzmannGenerator(hot, flow)  # and trained
        found = anneal_tethered(generator, 4096, (2.0, 1.0), loose=3.0, n_sweeps=9000)

    Args:
      generator: of a `Tethered` system at a temperature, which must be hotter than all that follow:
        the system, T, stiffness and centres are its own.
      n: samples, rounded up to whole batches of 1024 at most.
      temperatures: falling.
      loose: stiffness down to which tethers are let go while it is hot.
      n_sweeps: for each fall of the temperature by e; as many to loosen the tethers.
      mobile: temperatures from this one up are each reached from the hot, loose particles, letting
        go of the tethers on the way; lower ones from the last, without tethers.
      latent_steps: densities in latent space, before.
      moving: which latent coordinates move there, as in `anneal`: a rigid group that has a
        coordinate of its own keeps what it was generated with.
      reference: as in `anneal_particles`.
      step_size: of `tether_path`.
      seed: of everything.

    Returns:
      temperature -> `WeightedParticles`.
    """
    instance("generator", generator, BoltzmannGenerator)
    tethered = instance("generator.system", generator.system, Tethered)
    warm = instance("generator.system.inner", tethered.inner, AtTemperature)
    system, hot = instance("the system at T", warm.inner, ParticleSystem), float(warm.temperature)
    T = finite_array("temperatures", temperatures, ndim=1, dtype=np.float64)
    if np.any(T <= 0) or np.any(np.diff([hot, *T]) >= 0):
        raise ValueError(
            f"temperatures must fall, from below {hot:g} of the generator, got {T.tolist()}"
        )
    sweeps, loose = positive_int("n_sweeps", n_sweeps), non_negative("loose", loose)
    seeds = iter(split_seed(seed_int("seed", seed), len(T) + 2))

    def leg(
        start: WeightedParticles, stiffness: tuple[float, float], ends: tuple[float, float]
    ) -> WeightedParticles:
        """Moves on, from one stiffness and temperature to another."""
        same = ends[0] == ends[1]
        steps = sweeps if same else max(1, round(sweeps * np.log(ends[0] / ends[1])))
        centres = tethered.centres
        found = anneal_particles(
            start.x,
            system=system,
            reference=reference,
            centres=np.asarray(centres(start.x)) if callable(centres) else centres,
            seed=next(seeds),
            **tether_path(steps, stiffness=stiffness, temperature=ends, step_size=step_size),
        )
        return WeightedParticles(
            found.x,
            start.log_weight + found.log_weight,
            start.energy_evaluations + found.energy_evaluations,
        )

    latent = anneal(
        generator,
        n,
        n_steps=latent_steps,
        moving=moving,
        seed=next(seeds),
        batch_size=min(positive_int("n", n), 1024),
    )
    x = latent.x.astype(np.float64)
    stiff = WeightedParticles(x, latent.log_weight, latent.energy_evaluations)
    start = leg(stiff, (tethered.stiffness, loose), (hot, hot))
    found: dict[float, WeightedParticles] = {}
    for above, t in zip([hot, *T.tolist()], T.tolist(), strict=False):
        if t >= mobile or not found:
            found[t] = leg(start, (loose, 0.0), (hot, t))
        else:
            found[t] = leg(found[above], (0.0, 0.0), (above, t))
    return found
