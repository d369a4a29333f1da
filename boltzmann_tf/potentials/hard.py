"""Hard cores, alone and with a square well around them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from boltzmann_tf.potentials.base import Bound, Particles
from boltzmann_tf.potentials.ops import formula, where
from boltzmann_tf.potentials.pairs import Pairs, as_number, positive_of_pairs

__all__ = ["HardCore", "SquareWell"]

RAMP = 200.0  # kT that hard particles have in training where they coincide


@formula
def hard_core(r2: Any, diameter: Any) -> Any:
    """+infinity below the diameter, 0 from there on."""
    return where(r2 < diameter * diameter, r2 * 0.0 + np.inf, r2 * 0.0)


class _Hard(Pairs):
    """Cores that no force tells of: in training a ramp of `RAMP` in r^2 takes their place."""

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""
        # A bit more than the diameter, whose square in float32 may be a bit less.
        square = self.parameters["diameter"] ** 2 * (1 + 1e-6)
        ramp = (as_number(-RAMP / square), 0.0)
        return dataclasses.replace(super().bind(particles), low=as_number(square), slopes=ramp)


class HardCore(_Hard):
    """Hard rods, disks and spheres: +infinity below the diameter.

    Args:
      diameter: a number or [n, n].
      **options: `exclude`, `name`, see `Pairs`.
    """

    def __init__(self, diameter: Any = 1.0, **options: Any) -> None:
        diameter = positive_of_pairs("diameter", diameter)
        options.setdefault("cut", diameter)
        super().__init__(hard_core, diameter=diameter, **options)


@formula
def square_well(r2: Any, depth: Any, diameter: Any, reach: Any) -> Any:
    """+infinity below the diameter, -depth up to the reach, 0 from there on."""
    inside = where(r2 < reach * reach, r2 * 0.0 - depth, r2 * 0.0)
    return where(r2 < diameter * diameter, r2 * 0.0 + np.inf, inside)


class SquareWell(_Hard):
    """Hard cores with a well of constant depth around.

    Args:
      depth: a number or [n, n].
      diameter: of the cores, a number or [n, n].
      reach: distance where the well ends, a number or [n, n].
      **options: `exclude`, `name`, see `Pairs`.
    """

    def __init__(
        self, depth: Any = 1.0, diameter: Any = 1.0, reach: Any = 1.5, **options: Any
    ) -> None:
        diameter, reach = (
            positive_of_pairs(name, value)
            for name, value in (("diameter", diameter), ("reach", reach))
        )
        if np.any(reach <= diameter):
            raise ValueError(f"reach must be above the diameter, got {reach!r} and {diameter!r}")
        options.setdefault("cut", reach)
        super().__init__(square_well, depth=depth, diameter=diameter, reach=reach, **options)
