"""Between Ising spins and their Hubbard-Stratonovich field: data, and averages of weighted ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import instance, positive_int, sequence
from boltzmann_tf.estimators import Estimate, Estimates
from boltzmann_tf.samples import Samples
from boltzmann_tf.sampling.spins._state import lattice_energies, lattice_state
from boltzmann_tf.sampling.spins.clusters import swendsen_wang_updates
from boltzmann_tf.systems import IsingField

__all__ = [
    "FieldAverages",
    "FieldSpins",
    "equilibrium_fields",
    "pooled_averages",
    "spins_of_fields",
]


class FieldAverages(NamedTuple):
    """Thermal averages per site, with m = M / N and N = L^2; names as of `IsingSummary`.

    Attributes:
      energy: <H> / N.
      abs_magnetization: <|m|>.
      heat_capacity: (<H^2> - <H>^2) / (N T^2).
      free_energy: -T log Z / N, which Monte Carlo does not know.
    """

    energy: Estimate
    abs_magnetization: Estimate
    heat_capacity: Estimate
    free_energy: Estimate


class FieldSpins(NamedTuple):
    """Configurations of spins, several of each field, with the weights of the fields.

    Attributes:
      spins: the first of each field, int8 `[n, L, L]`.
      energy: H of each, `[n, draws]`.
      magnetization: sum of spins of each, int64 `[n, draws]`.
      log_weight: of each field, float64 `[n]`; its log-mean-exp estimates log Z of the spins.
      temperature: T.
    """

    spins: np.ndarray
    energy: np.ndarray
    magnetization: np.ndarray
    log_weight: np.ndarray
    temperature: float

    @property
    def log_z(self) -> Estimate:
        """log Z of the spins."""
        return estimators.log_z(self.log_weight)

    @property
    def ess(self) -> float:
        """Effective fraction of the weights."""
        return estimators.ess_fraction(self.log_weight)

    def averages(self) -> FieldAverages:
        """Returns averages with errors, which are those of as many fields and not of all draws."""
        found = estimators.weighted_average(
            self._moments().mean(axis=1), self.log_weight, function=self._observables
        )
        energy, m, heat = map(Estimate, *found)
        return FieldAverages(energy, m, heat, self._free_energy())

    def distribution(self) -> tuple[np.ndarray, Estimates]:
        """Returns M = -N, -N + 2 .. N, and P(M)."""
        sites = self.spins[0].size
        levels = np.arange(-sites, sites + 1, 2)
        share = np.stack([np.mean(self.magnetization == m, axis=1) for m in levels], axis=-1)
        return levels, cast(Estimates, estimators.weighted_average(share, self.log_weight))

    def _free_energy(self) -> Estimate:
        (value, error), scale = self.log_z, self.temperature / self.spins[0].size
        return Estimate(-scale * value, scale * error)

    def _moments(self) -> np.ndarray:
        """E, |M| and E^2, a site, `[n, draws, 3]`."""
        sites, e = self.spins[0].size, self.energy
        return np.stack([e / sites, np.abs(self.magnetization) / sites, e**2 / sites], axis=-1)

    def _observables(self, moments: np.ndarray, temperature: float | None = None) -> np.ndarray:
        """Energy, |m| and heat capacity from averages of the moments."""
        e, m, square = moments
        t = self.temperature if temperature is None else temperature
        return np.array([e, m, estimators.heat_capacity(e, square, t, self.spins[0].size)])


def equilibrium_fields(
    system: IsingField,
    n: int,
    *,
    temperature: Any = None,
    updates: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Independent fields in equilibrium, `[n, L, L]` float32: what a generator is to learn.

    Each from spins of its own, which Swendsen and Wang's updates bring to equilibrium from a random
    start.

    Args:
      system: the field, with h = 0.
      n: how many.
      temperature: T; needed where the system is a family: one, or one for each field, `[n]`.
      updates: of the spins; a hundred forget the start by far for L <= 16, at T_c too.
      seed: of the spins and of the noise.
    """
    instance("system", system, IsingField)
    state = lattice_state(n, system.length, start="random", seed=seed)
    state, _ = swendsen_wang_updates(
        state,
        updates,
        temperature=system.temperatures(n, temperature),
        coupling=system.coupling,
        field=system.field,
    )
    return system.draw_field(state.spins, temperature=temperature, seed=seed)


def spins_of_fields(
    system: IsingField,
    samples: Samples,
    *,
    temperature: float | None = None,
    draws: int = 8,
    seed: int = 0,
) -> FieldSpins:
    """Draws spins given each field, which carry its weight: the discrete model without a bias.

    The spins given the field are independent of each other, and drawn exactly.

        field = systems.IsingField(8, 2.5)
        generator = bg.BoltzmannGenerator(field, bijectors.LatticeFlow(8))
        found = sampling.spins_of_fields(field, generator.sample(10_000))
        found.averages().energy

    Args:
      system: the field.
      samples: of a generator of the field, or others of it with weights at tau = 1.
      temperature: T; needed where the system is a family.
      draws: configurations of each field. They cost little beside the field, and take what the
        spins add out of the errors; what the field adds stays.
      seed: of the draws.
    """
    instance("system", system, IsingField)
    instance("samples", samples, Samples)
    positive_int("draws", draws)
    offset = system.log_z_offset(temperature)
    spins = system.draw_spins(samples.x, temperature=temperature, draws=draws, seed=seed)
    energy = lattice_energies(
        spins.reshape(-1, *system.event_shape), coupling=system.coupling, field=system.field
    )
    return FieldSpins(
        spins[:, 0].copy(),
        energy.reshape(-1, draws),
        spins.sum(axis=(2, 3), dtype=np.int64),
        samples.log_weight - offset,
        float(system.temperatures(1, temperature)[0]),
    )


def pooled_averages(found: Sequence[FieldSpins]) -> list[FieldAverages]:
    """Averages at each temperature from the spins of all: multiple histograms.

    Flips are rare in the cold, and so are the fields that hold them; they are common in samples of
    the next temperatures, which is what makes the heat capacity at the lowest ones precise. Free
    energies are those of each temperature's own weights.

    Args:
      found: spins at each temperature, of one lattice and one coupling, independent of each other.

    Raises:
      RuntimeError: where temperatures share too few samples to be joined, as in
        `estimators.multi_histogram`.
    """
    parts = sequence("found", found)
    for i, part in enumerate(parts):
        instance(f"found[{i}]", part, FieldSpins)
    shapes = {part.spins.shape[1:] for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"found must be spins of one lattice, got {sorted(shapes)}")
    together = estimators.multi_histogram(
        [part.energy for part in parts],
        [part._moments() for part in parts],
        [part.temperature for part in parts],
        log_weights=[part.log_weight for part in parts],
        function=parts[0]._observables,
    )
    averages = []
    for part, *own in zip(parts, *together, strict=True):
        energy, m, heat = map(Estimate, *own)
        averages.append(FieldAverages(energy, m, heat, part._free_energy()))
    return averages
