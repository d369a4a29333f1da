"""What two coupled boxes say of coexisting phases: densities, pressures, chemical potentials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import instance, positive
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.potentials.hard import HardCore, SquareWell
from boltzmann_tf.sampling.particles.gibbs.states import GibbsInfo
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["GibbsPhases", "Phase", "gibbs_phases", "gibbs_pressure"]


class Phase(NamedTuple):
    """One of the coexisting phases.

    Attributes:
      density: mean of N / V.
      pressure: in kT at T = 1 per volume; NaN for hard cores, which have no force.
      chemical_potential: mu without the thermal wavelength, T ln rho for the ideal gas, by Widom's
        insertions.
      energy: mean of U / N.
    """

    density: Estimate
    pressure: Estimate
    chemical_potential: Estimate
    energy: Estimate


class GibbsPhases(NamedTuple):
    """Both phases, and whether the run could tell them apart.

    Attributes:
      vapour: of the boxes below the mean density of both.
      liquid: of those above.
      swaps: how often the boxes changed roles, all replicas together. Where they do, boxes are no
        phases, and densities near each other are those of no peak: look at the histogram.
      autocorrelation_time: of the density of the liquid, in rounds.
    """

    vapour: Phase
    liquid: Phase
    swaps: int
    autocorrelation_time: float


def gibbs_pressure(info: GibbsInfo, system: GibbsBoxes, *, temperature: float) -> np.ndarray:
    """The pressure of each box after each round, whose average is that of the box.

    N T / V + <sum of -r du/dr> / (d V), less dU/dV of tail and attraction, and, where the potential
    is cut and not shifted, the impulse of pairs that pass the cut, T (1 - exp(-u(cut) / T)) for
    each pair there. The usual tail of the pressure has that impulse in it, for g = 1: so 2/3 of
    (sigma / cut)^9 where -dU/dV alone has 1/3.

    Args:
      info: of a run.
      system: its boxes.
      temperature: T of the run.

    Returns:
      float64 [replicas, rounds, 2]; NaN for hard cores.
    """
    instance("info", info, GibbsInfo)
    instance("system", system, GibbsBoxes)
    t, d, pairs = positive("temperature", temperature), system.dimension, system.pairs
    if isinstance(pairs, HardCore | SquareWell) or system.boundary == "walls":
        return np.full(info.volume.shape, np.nan)
    p = info.n * t / info.volume + info.virial / (d * info.volume)
    p += system.uniform * info.n**2 / info.volume**2
    if pairs is not None and pairs.cut is not None and not pairs.shifted:
        height = float(pairs.value(float(pairs.cut) ** 2))
        p += t * (1 - np.exp(-height / t)) * info.shell / (d * info.volume)
    return p


def gibbs_phases(info: GibbsInfo, system: GibbsBoxes, *, temperature: float) -> GibbsPhases:
    """Averages over the boxes of each phase, with errors by blocks of the replicas' series.

    A box belongs to the liquid as long as it is denser than both boxes together. That is right as
    long as boxes in between are rare, well below the critical temperature.

    Args:
      info: of a run in equilibrium; blocks must be long against the autocorrelation time.
      system: its boxes.
      temperature: T of the run.

    Raises:
      ValueError: where a phase was never seen.
    """
    t = positive("temperature", temperature)
    p = gibbs_pressure(info, system, temperature=t)
    rho, with_pressure = info.density, bool(np.all(np.isfinite(p)))
    dense = rho > system.n / system.volume
    each = np.maximum(info.n, 1)
    columns = []
    for phase in (~dense, dense):
        if not phase.any():
            raise ValueError(
                "info must hold both phases, got boxes of one density throughout: there is no "
                "coexistence, or the run is too short"
            )
        parts = (1.0, rho, np.where(with_pressure, p, 0.0), info.energy / each)
        columns += [np.sum(phase * part, axis=-1) for part in parts]
        columns += [np.sum(phase * part, axis=-1) for part in (info.insertions, info.insertion)]

    def quantities(m: np.ndarray) -> np.ndarray:
        found = []
        for count, density, pressure, energy, tried, gained in m.reshape(2, 6):
            mu = -t * np.log(gained / tried) if gained > 0 else np.nan
            found += [density / count, pressure / count if with_pressure else np.nan, mu]
            found.append(energy / count)
        return np.array(found)

    found = estimators.function_of_means(np.stack(columns, axis=-1), quantities)
    pairs = np.array([found.value, found.standard_error]).T
    every = [Estimate(float(value), float(error)) for value, error in pairs]
    longest = float(estimators.autocorrelation_time(rho.max(axis=-1)))
    swaps = int(np.sum(dense[:, 1:, 0] != dense[:, :-1, 0]))
    return GibbsPhases(Phase(*every[:4]), Phase(*every[4:]), swaps, longest)
