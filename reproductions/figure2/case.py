"""What differs between the systems of figure 2, and how much each preset does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import System, estimators, reproduction
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.estimators import Coverage, Estimate, Profile
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.reproduction import by_preset
from boltzmann_tf.samples import Samples
from boltzmann_tf.training.recipes import Recipe

STATES = ("left", "right")  # that are told apart


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    networks = by_preset(1, 20)  # of each variant
    # Iterations whose median is a loss at the end. At the published, constant rate the loss of a
    # network is some tenths too high for a hundred iterations now and then, which moves no median
    # of twenty networks, but one alone.
    last = by_preset(300, 100)
    additive = by_preset(0, 5)  # of each variant of NICE
    modes = by_preset(0, 1)  # of each further mode of training
    # Variants whose stated errors are held against many evaluations.
    calibrated = by_preset(["ours KL+RC"], ["ours KL+RC", "ours", "published KL+RC"])
    # One short training is over before XLA would have compiled its steps.
    jit_compile: Any = by_preset(quick=False, paper="auto")


class Variant(NamedTuple):
    """One kind of generator."""

    name: str
    build: Callable[[int, np.ndarray], Bijector]  # from seed and data
    recipe: Recipe
    networks: int  # 0 where a preset leaves it out
    follows: str = ""  # an earlier variant, from whose weights each network starts


@dataclass(frozen=True, eq=False)
class Case:
    """A system of figure 2, with the exact answers along its reaction coordinate."""

    system: System
    coordinate: str  # name of the reaction coordinate
    label: str  # of it in figures
    edges: np.ndarray  # of the profile's bins
    # From centres of bins and the exact profile to the bins that an RMSE compares.
    compared: Callable[[np.ndarray, np.ndarray], np.ndarray]
    variants: Sequence[Variant]  # the first two are the published RealNVP runs
    rc_loss: ReactionCoordinate  # of these
    data: Callable[[int], np.ndarray]  # from a seed; the first half is of the left state
    window: tuple[tuple[float, float], tuple[float, float]]  # shown of the two coordinates
    j_kl_window: tuple[float, float]  # shown
    j_ml: float | None = None  # the best possible for these data, if known

    @property
    def exact(self) -> Any:
        """The quadrature reference."""
        return self.system.exact

    @property
    def centers(self) -> np.ndarray:
        """Centres of the profile's bins."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @functools.cached_property
    def profile(self) -> np.ndarray:
        """Exact free energy of each bin at T = 1, minus log density, lowest bin at zero."""
        f = self.exact.free_energy_profile(self.edges, 1.0) + np.log(np.diff(self.edges))
        return f - np.min(f)

    @functools.cached_property
    def surface(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The energy over the window: x `[161]`, y `[161]`, u `[161, 161]`."""
        x, y = (np.linspace(*limits, 161, dtype=np.float32) for limits in self.window)
        grid = np.stack(np.meshgrid(x, y), axis=-1)
        return x, y, self.system.energy(tf.constant(grid)).numpy()

    def along(self, x: np.ndarray) -> np.ndarray:
        """The reaction coordinate of configurations `[n, 2]`, in float64."""
        return np.asarray(self.system.reaction_coordinate(self.coordinate)(x.astype(np.float64)))

    def difference(self, samples: Samples, seed: int) -> Estimate:
        """Reweighted free-energy difference, right minus left, in kT."""
        left, right = (self.exact.states[name] for name in STATES)
        return estimators.free_energy_difference(
            self.along(samples.x), samples.log_weight, left=left, right=right, seed=seed
        )

    def coverage(self, samples: Samples) -> Coverage:
        """Coverage of the basins at T = 1."""
        ends = np.unique(list(self.exact.states.values()))
        edges = np.clip(ends, self.edges[0] - 10, self.edges[-1] + 10)
        known = self.exact.bin_probabilities(edges, 1.0)
        return estimators.coverage(self.along(samples.x), edges=edges, reference_probability=known)

    def rmse(self, profile: Profile) -> float:
        """RMSE of a profile against the exact one, in kT."""
        compared = self.compared(self.centers, self.profile)
        return estimators.profile_rmse(profile, self.profile, mask=compared)
