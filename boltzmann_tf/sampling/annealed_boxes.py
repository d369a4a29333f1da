"""Q(n, v) of a fluid by annealing: from the ideal gas, or from a generator of the fluid when hot.

A density exp(-share U / T) is that of the fluid at T / share. Its share grows from step to step, a
sweep of moves follows each (`particles.switch_particles`), and the work gives Q exactly. Without a
generator it begins with none, the ideal gas; with one, at the generator's temperature, with the
generator's weights: what the generator knows need not be annealed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import instance, positive, positive_int, seed_int
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.potentials import Periodic
from boltzmann_tf.sampling.particles import particle_state, switch_particles
from boltzmann_tf.sampling.state_surfaces import Nodes, StateSurfaces
from boltzmann_tf.systems import FluidBox, ParticleSystem

__all__ = ["annealed_surfaces"]

STEP = 0.4  # half the side of a move over the distance of particles


def annealed_surfaces(
    system: FluidBox,
    volume: float,
    *,
    n_steps: int = 200,
    generator: BoltzmannGenerator | None = None,
    power: float = 4.0,
    n_nodes: int = 24,
    n_samples: int = 100,
    n_surfaces: int = 4,
    seed: int = 0,
) -> StateSurfaces:
    """ln Q(n, v) for all n of the system and v up to `volume`.

    Args:
      system: the fluid, with its temperature.
      volume: largest v.
      n_steps: densities that follow the first, a sweep in each.
      generator: of the same fluid at its temperature or a higher one, where annealing begins; None
        for the ideal gas.
      power: the share of U at step k is (k / n_steps) ** power, from where it begins to 1. From
        the ideal gas, whose particles may lie on each other, it had better come up slowly.
      n_nodes: volumes at which it is sampled; between them ln Q is a monotone cubic.
      n_samples: at each n, v and surface, on average over n: in proportion to n, as the weights
        spread with it.
      n_surfaces: independent ones, at least 2, from whose spread errors come.
      seed: of all draws.
    """
    instance("system", system, FluidBox)
    steps, times = positive_int("n_steps", n_steps), positive("power", power)
    count = positive_int("n_surfaces", n_surfaces, minimum=2)
    nodes = Nodes.of(system, system.most, volume, n_nodes)
    samples = nodes.samples(positive_int("n_samples", n_samples))
    every, seed = nodes.repeated(count * samples, None), seed_int("seed", seed)
    if generator is None:
        begin = 0.0
        x = np.random.default_rng(seed).uniform(size=(len(every), *system.event_shape))
        log_weight = np.zeros(len(every))
    else:
        begin = _share(generator, system)
        found = generator.sample(len(every), seed=seed, condition=every)
        x, log_weight = np.asarray(found.x, np.float64), found.log_weight.copy()
    n, v = every[:, 0].astype(int), every[:, 1]
    # What all particles feel alike is no matter of annealing.
    log_weight += (1 - begin) * system.attraction * n**2 / (v * system.temperature)
    shares = begin + (1 - begin) * np.linspace(0, 1, steps + 1) ** times
    sweeps = k = 0
    while k < len(every):
        rows = slice(k, k + count * int(samples[n[k] - 1]))  # of one node
        if n[k] > 1 and begin < 1:
            own = (int(n[k]), float(v[k]))
            log_weight[rows] -= _work(system, own, x[rows], shares, (seed, k))
            sweeps += (rows.stop - k) * steps
        k = rows.stop
    return nodes.surfaces(log_weight, samples, count, sweeps)


def _work(
    system: FluidBox,
    state: tuple[int, float],
    x: np.ndarray,
    shares: np.ndarray,
    stream: tuple[int, int],
) -> np.ndarray:
    """Of walks through the densities in one box, in units of T."""
    n, v = state
    seed = int(np.random.SeedSequence(stream).generate_state(1)[0] >> 1)
    side = v ** (1 / system.dimension)
    fluid = ParticleSystem(
        n=n,
        dimension=system.dimension,
        terms=[system.pairs],
        box=Periodic(side, images="nearest"),
    )
    _, info = switch_particles(
        particle_state(side * x[:, : n * system.dimension], seed=seed),
        system=fluid,
        factors={system.pairs.name: shares},
        step_size=min(STEP * side / n ** (1 / system.dimension), side / 2),
        temperature=system.temperature,
    )
    return info.work


def _share(generator: Any, system: FluidBox) -> float:
    """The share of U that the generator's temperature makes, or raises."""
    own = instance("generator", generator, BoltzmannGenerator).system
    same = system.get_config() | {"temperature": getattr(own, "temperature", None)}
    if not isinstance(own, FluidBox) or own.get_config() != same:
        raise ValueError(
            f"generator must be of the same fluid, {system.get_config()}, got one of {own!r}"
        )
    if own.temperature < system.temperature:
        raise ValueError(
            f"generator must be at the fluid's temperature, {system.temperature:g}, or above, got "
            f"{own.temperature:g}"
        )
    return float(system.temperature / own.temperature)
