"""What is measured of the spins that a generator draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate, Estimates
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ising_model.generators import Accuracy, Trained
from boltzmann_tf.sampling import spins as lattice
from boltzmann_tf.systems import IsingField

__all__ = ["Measured", "measure", "measure_each", "measure_symmetrised", "pooled"]

DRAWS = 8  # of spins from each field: they cost next to nothing


@dataclass(frozen=True)
class Measured:
    """Spins of a generator at one temperature, with their weights.

    Attributes:
      temperature: T.
      spins: one configuration of each field, `[n, L, L]`.
      log_weight: of each field, `[n]`.
      magnetization: sum of spins of each configuration, `[n, DRAWS]`.
      energy: H of each configuration, `[n, DRAWS]`.
      log_z: of the spins.
      ess: effective fraction of the weights.
      pareto_k: of the weights.
      averages: <|m|>, energy a site, heat capacity a site.
      accuracy: of the integration, where there is one.
    """

    temperature: float
    spins: np.ndarray
    log_weight: np.ndarray
    magnetization: np.ndarray
    energy: np.ndarray
    log_z: Estimate
    ess: float
    pareto_k: float
    averages: Estimates
    accuracy: Accuracy | None = None

    def distribution(self) -> tuple[np.ndarray, Estimates]:
        """M = -N .. N in steps of 2, and P(M)."""
        sites = self.spins[0].size
        levels = np.arange(-sites, sites + 1, 2)
        share = np.zeros([len(self.spins), sites + 1], np.float32)
        for drawn in self.magnetization.T:
            share[np.arange(len(share)), (drawn + sites) // 2] += 1 / DRAWS
        found = estimators.weighted_average(share, self.log_weight)
        return levels, Estimates(*found)


def measure(context: Context, trained: Trained, temperature: float, n: int, seed: int) -> Measured:
    """Draws fields, then spins from each, and weighs them by the field's weights."""
    system = trained.system
    accuracy = trained.accuracy(temperature)
    samples = trained.sample(temperature, n, seed, accuracy.factor)
    spins = draw(system, samples.x, temperature, seed)
    context.count_energy_evaluations(n)
    return replace(weigh(system, temperature, spins, samples.log_weight), accuracy=accuracy)


def measure_each(
    context: Context, generators: Mapping[float, Trained], n: int, seed: int
) -> dict[float, Measured]:
    """`measure` at each temperature by its generator."""
    return {t: measure(context, trained, t, n, seed) for t, trained in generators.items()}


def measure_symmetrised(
    context: Context, trained: Trained, temperature: float, n: int, seed: int
) -> Measured:
    """As `measure`, for the density q(x) / 2 + q(-x) / 2: the flip changes no energy."""
    system = trained.system
    samples = trained.sample(temperature, n, seed)
    mirrored = trained.generator.log_prob(-samples.x)
    log_q = np.logaddexp(samples.log_q.astype(np.float64), mirrored) - np.log(2)
    context.count_energy_evaluations(n)
    # The sign is drawn too, as the density says.
    sign = np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), (n, 1, 1))
    spins = draw(system, sign * samples.x, temperature, seed)
    return weigh(system, temperature, spins, -samples.energy.astype(np.float64) - log_q)


def draw(system: IsingField, x: np.ndarray, temperature: float, seed: int) -> np.ndarray:
    """`DRAWS` configurations of each field, `[n, DRAWS, L, L]`."""
    known = temperature if system.condition_size else None
    each = [system.draw_spins(x, temperature=known, seed=DRAWS * seed + i) for i in range(DRAWS)]
    return np.stack(each, axis=1)


def weigh(
    system: IsingField, temperature: float, spins: np.ndarray, log_weight: np.ndarray
) -> Measured:
    """Averages over spins with the weights of the fields that they were drawn from.

    Spins of one field are not independent of each other: errors come from means over its draws.
    """
    sites = system.length**2
    flat = spins.reshape(-1, *system.event_shape)
    energy = lattice.lattice_energies(flat, coupling=system.coupling).reshape(-1, DRAWS)
    magnetization = spins.sum(axis=(2, 3), dtype=np.int64)
    known = temperature if system.condition_size else None
    log_z = estimators.log_z(log_weight)
    moments = _moments(magnetization, energy, sites).mean(axis=1)
    return Measured(
        temperature=temperature,
        spins=spins[:, 0].copy(),
        log_weight=log_weight,
        magnetization=magnetization,
        energy=energy,
        log_z=Estimate(log_z.value - system.log_z_offset(known), log_z.standard_error),
        ess=estimators.ess_fraction(log_weight),
        pareto_k=estimators.pareto_k(log_weight),
        averages=cast(
            Estimates,
            estimators.weighted_average(
                moments, log_weight, function=lambda m: _observables(m, temperature, sites)
            ),
        ),
    )


def pooled(found: Mapping[float, Measured]) -> dict[float, Measured]:
    """The same with averages at each temperature from the spins of all: multiple histograms.

    Flips are rare in the cold, and so are the fields that hold them; they are common in samples of
    the next temperatures, which is what makes the heat capacity at the lowest ones precise. Where
    temperatures share too few samples to be joined, each keeps its own averages.
    """
    each = list(found.values())
    sites = each[0].spins[0].size
    try:
        together = estimators.multi_histogram(
            [m.energy for m in each],
            [_moments(m.magnetization, m.energy, sites) for m in each],
            list(found),
            log_weights=[m.log_weight for m in each],
            function=lambda m, t: _observables(m, t, sites),
        )
    except RuntimeError:
        return dict(found)
    averages = map(Estimates, together.value, together.standard_error)
    return {
        t: replace(m, averages=own) for (t, m), own in zip(found.items(), averages, strict=True)
    }


def _moments(magnetization: np.ndarray, energy: np.ndarray, sites: int) -> np.ndarray:
    """|m|, E and E^2, a site, `[n, DRAWS, 3]`."""
    return np.stack([np.abs(magnetization) / sites, energy / sites, energy**2 / sites], axis=-1)


def _observables(moments: np.ndarray, temperature: float, sites: int) -> np.ndarray:
    """<|m|>, energy and heat capacity a site from averages of `_moments`."""
    heat = estimators.heat_capacity(moments[1], moments[2], temperature, sites)
    return np.array([moments[0], moments[1], heat])
