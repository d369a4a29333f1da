"""From one sum of potentials to another: terms that come and go, and the work that this takes.

Walks start in equilibrium. At each step the factors of the terms change, which costs work, and a
sweep of single-particle moves follows in the new density. The work gives the ratio of the two
partition functions exactly, whatever the number of steps (Jarzynski, Phys. Rev. Lett. 78, 2690,
1997; Neal 2001), and with that of walks back it does so better (Crooks 2000; `estimators.bar`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling.particles._kernels import AT_ONCE, shared, switch_kernel
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleState,
    configurations_of,
    rows_of,
    sides_of,
    terms_of,
)
from boltzmann_tf.systems import ParticleSystem

__all__ = ["SwitchInfo", "factor_table", "switch_particles"]


class SwitchInfo(NamedTuple):
    """How walks fared.

    Attributes:
      work: of each in units of T, float64 [replicas]; the mean of exp(-work) is the ratio of the
        last density's Z to the first one's.
      acceptance: accepted moves of the attempted ones, [replicas].
      not_finite: moves rejected because their energy difference was NaN.
    """

    work: np.ndarray
    acceptance: np.ndarray
    not_finite: int


def switch_particles(
    state: ParticleState,
    *,
    system: ParticleSystem,
    factors: Mapping[str, Any],
    step_size: Any,
    temperature: float = 1.0,
) -> tuple[ParticleState, SwitchInfo]:
    """Walks through the densities exp(-sum over terms of factor_k u_term / T), k = 0, 1, ...

    From a trap, whose Z is known, to a cluster:

        trap = CentreTether(13, name="trap")
        both = ParticleSystem(n=13, dimension=3, terms=[lennard_jones, trap])
        share = np.linspace(0, 1, 1001) ** 4
        state, info = switch_particles(
            particle_state(trapped),
            system=both,
            factors={lennard_jones.name: share, trap.name: 1 - share},
            step_size=0.3,
        )
        log_z = log_z_of_trap + estimators.log_z(-info.work).value

    Walks back, for `estimators.bar`, start from configurations of the last density, with one sweep
    in it, and take factors and steps in reverse. A sweep moves the particles in their order, where
    the reversed walk would begin with the last one: of particles that are alike, that is the same.

    Args:
      state: configurations of density 0, in equilibrium; it is not changed.
      system: of all terms.
      factors: of terms by their names, [steps + 1] each; of others 1. From overlaps and other huge
        energies they had better come up slowly, as a high power of k.
      step_size: half the side of the square or cube of a move in each density, a number or
        [steps + 1], of which the first is not used.
      temperature: T > 0.

    Returns:
      the state after a sweep in the last density, and `SwitchInfo`. An energy and a sweep are
      computed at each step.
    """
    instance("state", state, ParticleState)
    instance("system", system, ParticleSystem)
    T = positive("temperature", temperature)
    table = factor_table(system, factors)
    sizes = finite_array("step_size", step_size, dtype=np.float64)
    if sizes.shape not in ((), (len(table),)) or np.any(sizes <= 0):
        raise ValueError(f"step_size must be > 0, a number or [{len(table)}], got {sizes.tolist()}")
    sizes = np.broadcast_to(sizes, len(table)).copy()
    if state.x.shape[1:] != system.event_shape:
        raise ValueError(f"x must have shape [replicas, {system.event_size}], got {state.x.shape}")
    x, rng, replicas = rows_of(system, state.x), state.rng.copy("C"), len(state.x)
    work, counts = np.zeros(replicas), np.zeros((replicas, 2), np.int64)
    bias = (np.zeros((1, 0), np.int64), np.zeros(system.n, bool), sides_of(system))
    kernel, sweep = switch_kernel(system.compiled, system.dimension), x.shape[2] * x.size
    # Not all at once, so that it can be interrupted.
    each = max(1, AT_ONCE // sweep)
    for k in range(0, len(table) - 1, each):
        part = slice(k, k + each + 1)
        shared(
            kernel,
            (x, rng, work, counts),
            (T, table[part], sizes[part], terms_of(system), bias),
            2 * sweep * (len(table[part]) - 1),
        )
    steps = len(table) - 1
    count_energies(2 * steps * replicas)
    acceptance = counts[:, 0] / (steps * system.n)
    state = ParticleState(configurations_of(system, x), rng)
    return state, SwitchInfo(work, acceptance, int(counts[:, 1].sum()))


def factor_table(system: ParticleSystem, factors: Mapping[str, Any]) -> np.ndarray:
    """Factors of all terms in each density, [steps + 1, terms], or raises."""
    names = system.moving_terms
    given = {}
    for name, values in instance("factors", factors, Mapping).items():
        choice("names of factors", name, names)
        given[name] = finite_array(f"factors[{name!r}]", values, ndim=1, dtype=np.float64)
    lengths = {len(values) for values in given.values()}
    if len(lengths) != 1 or min(lengths) < 2:
        raise ValueError(
            "factors must be of one length, two or more numbers a term, got lengths "
            f"{[len(values) for values in given.values()]}"
        )
    table = np.ones((lengths.pop(), len(names)))
    for name, values in given.items():
        table[:, names.index(name)] = values
    return table
