"""Whether a chain's numbers are fine enough for it: its energies, and the steps it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.systems import System

__all__ = ["RESOLUTION", "check_resolution", "check_step", "energies_of", "resolution"]

RESOLUTION = 0.01  # kT, by which rounding may change a weight exp(-u / tau): 1 %


def energies_of(system: System, x: np.ndarray) -> np.ndarray:
    """Energies `[n]` of configurations to start from, or raises unless they are finite."""
    try:
        energy = system.energy(tf.constant(x)).numpy()
    except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
        if x.dtype == np.float32:
            raise
        raise ValueError(
            f"dtype must be one that {system.name}.energy computes in, got float64: {error}"
        ) from error
    count_energies(len(x))
    if energy.shape != x.shape[:1]:
        raise ValueError(
            f"{system.name}.energy(x) must return one energy a configuration, shape [batch], got "
            f"{energy.shape} for x of shape {x.shape}"
        )
    if not np.all(np.isfinite(energy)):
        raise ValueError(f"initial must have finite energies, got {energy}")
    return energy


def resolution(reduced: Any, dtype: Any) -> np.ndarray:
    """The rounding error, in kT, of energies u / tau that were computed in `dtype`."""
    return np.finfo(dtype).eps * np.abs(np.asarray(reduced, np.float64))


def check_resolution(reduced: np.ndarray, dtype: Any, where: str, remedy: str) -> None:
    """Raises where energies u / tau are too large for the precision that they are computed in."""
    size = np.abs(np.asarray(reduced, np.float64))
    error = resolution(size, dtype)
    coarse = np.isfinite(size) & (error > RESOLUTION)
    if np.any(coarse):
        raise ValueError(
            f"energies must be small enough for {np.dtype(dtype).name} to tell {RESOLUTION} kT "
            f"apart, got {coarse.sum()} of {coarse.size} {where} that are not, up to "
            f"{size[coarse].max():.3g} kT (u / tau) and rounded to {error[coarse].max():.2g} kT: "
            f"take {remedy}, or a constant out of the energy; after a start far from equilibrium, "
            "a burn_in"
        )


def check_step(size: float, start: np.ndarray) -> None:
    """Raises where steps are lost in the rounding of the coordinates that they are added to."""
    largest = np.abs(start).max()
    spacing = float(np.spacing(largest))
    if size < spacing:
        raise ValueError(
            f"step_size must be at least {spacing:.3g}, the distance of {start.dtype.name} numbers "
            f"at coordinates of {largest:.3g}, got {size}"
        )
