"""Where particles are relative to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._checks import instance
from boltzmann_tf.analysis._samples import positions_of
from boltzmann_tf.estimators import PairDistribution, StructureFactor
from boltzmann_tf.estimators._streams import DEFAULT_BLOCKS
from boltzmann_tf.systems import ParticleSystem

__all__ = ["pair_distribution", "structure_factor"]

BINS = 100


def pair_distribution(
    samples: Any,
    system: ParticleSystem,
    *,
    edges: Any = None,
    between: tuple[Any, Any] | None = None,
    log_weights: Any = None,
    n_blocks: int = DEFAULT_BLOCKS,
) -> PairDistribution:
    """Returns g(r) in a periodic box, or the density of pair distances elsewhere.

    An ideal gas of one kind has g = (N - 1) / N, which is `ideal` of the result; see
    `boltzmann_tf.estimators.pair_distribution` for both normalisations and for the errors.

    Args:
      samples: weighted samples, `Chains`, a `ParticleState`, configurations
        `[samples, event_size]` or `[chains, draws, event_size]`, or an iterator over batches.
      system: of the particles.
      edges: bin edges [bins + 1]; None, in a periodic box only, for 100 bins up to half its
        shortest side.
      between: numbers of the particles of two kinds, equal or without a common one; None for all.
      log_weights: [samples], for configurations without their own.
      n_blocks: blocks of samples, for the error.
    """
    instance("system", system, ParticleSystem)
    if edges is None:
        if system.lengths is None:
            raise ValueError("edges must be given where the system has no periodic box, got None")
        edges = np.linspace(0, system.lengths.min() / 2, BINS + 1)
    positions, logs = positions_of(samples, log_weights, system)
    return estimators.pair_distribution(
        positions,
        logs,
        edges=edges,
        lengths=system.lengths,
        between=between,
        n_blocks=n_blocks,
    )


def structure_factor(
    samples: Any,
    system: ParticleSystem,
    *,
    q_max: Any = None,
    width: float | None = None,
    q: Any = None,
    log_weights: Any = None,
    n_blocks: int = DEFAULT_BLOCKS,
) -> StructureFactor:
    """Returns S(q): of the wave vectors of a periodic box, or by Debye's formula elsewhere.

    Args:
      samples: as in `pair_distribution`.
      system: of the particles.
      q_max: in a periodic box, the longest wave vectors.
      width: in a periodic box, of the shells that are averaged; None for one for each length.
      q: elsewhere, lengths of wave vectors [k]; all directions are averaged.
      log_weights: [samples], for configurations without their own.
      n_blocks: blocks of samples, for the error.
    """
    instance("system", system, ParticleSystem)
    periodic = system.lengths is not None
    wanted, other = ("q_max", "q") if periodic else ("q", "q_max")
    given = {"q": q, "q_max": q_max}
    if given[wanted] is None or given[other] is not None or (width is not None and not periodic):
        raise ValueError(
            f"{wanted} must be given, and not {other}{'' if periodic else ' nor width'}, where the "
            f"box is {'periodic' if periodic else 'not periodic'}, got q={q!r}, q_max={q_max!r}"
        )
    positions, logs = positions_of(samples, log_weights, system)
    if periodic:
        return estimators.structure_factor(
            positions, logs, q_max=q_max, lengths=system.lengths, width=width, n_blocks=n_blocks
        )
    return estimators.debye_structure_factor(positions, logs, q=q, n_blocks=n_blocks)
