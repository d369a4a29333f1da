"""What differs between the clusters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import Bijector, bijectors, realnvp
from boltzmann_tf.estimators import CalibrationWarning
from boltzmann_tf.reproductions.published import published
from boltzmann_tf.systems import ParticleSystem

__all__ = ["Case", "Known", "Sizes", "known", "quietly"]


@dataclass(frozen=True)
class Sizes:
    """How much of everything one preset computes.

    Attributes:
      chains: of Monte Carlo, all starts together.
      draws: measurements of each.
      iterations: of the training by example; that by energy has half of them.
      samples: of the generator.
      annealed: walks from the trap to the cluster, and the densities on their way.
    """

    chains: int
    draws: int
    iterations: int
    samples: int
    annealed: tuple[int, int]


@dataclass(frozen=True)
class Case:
    """One cluster.

    Attributes:
      name: of its section in the published numbers.
      system: what is sampled.
      starts: initial states of Monte Carlo, of equal shares of the chains.
      steps: half sides of the moves, one after the other.
      stride: sweeps with each of them between two measurements.
      trap: stiffness of the trap that annealing starts from, kT per length squared.
      energies: edges of the histogram of energies, kT.
      distances: edges of the histogram of distances of pairs.
      isomers: name of the observable that tells the isomers apart, and its bins.
      network: arguments of `realnvp`.
      by_energy: weight of J_KL in the end. Where particles clash, more of it spreads them out: a
        vapour has lower energies than what a poor flow makes of a droplet.
      sizes: by preset.
    """

    name: str
    system: ParticleSystem
    starts: Sequence[str]
    steps: Sequence[float]
    stride: int
    trap: float
    energies: np.ndarray
    distances: np.ndarray
    isomers: tuple[str, np.ndarray]
    network: dict[str, Any]
    by_energy: float
    sizes: dict[str, Sizes]

    def build(self, seed: int, data: np.ndarray) -> Bijector:
        """Couplings over numbered particles, in units of the data."""
        whitening = bijectors.Whitening.from_data(data)
        return realnvp(self.system.event_size, last=[whitening], seed=seed, **self.network)


class Known(NamedTuple):
    """What a quantity should be, with its error (0 for quadrature)."""

    value: float
    error: float
    kind: str
    source: str


def known(case: Case, quantity: str) -> dict[str, Known]:
    """Where a quantity is known from, by the name of the source: quadrature, another program."""
    found = {}
    exact = case.system.exact
    answers = {"mean energy (kT)": "mean_energy", "log Z": "log_z"}
    if exact is not None and quantity in answers:
        value = float(getattr(exact, answers[quantity])(1.0))
        found["quadrature"] = Known(value, 0.0, "exact", "quadrature, boltzmann_tf.exact")
    for row in published("clusters", case.name):
        if row["quantity"] == quantity:
            found["another program"] = Known(
                row["value"], row["error"], "simulation", row["source"]
            )
    return found


def quietly(estimate: Callable[..., Any], *arguments: Any) -> Any:
    """An estimate without the warning that its error means nothing: the table marks that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        return estimate(*arguments)
