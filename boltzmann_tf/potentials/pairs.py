"""Potentials of all pairs of particles, each pair once: formulas of the squared distance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import (
    choice,
    finite_array,
    instance,
    non_negative,
    positive,
    positive_int,
)
from boltzmann_tf.potentials.base import (
    Bound,
    Particles,
    Potential,
    chosen_parameters,
    index_of,
    named,
    slope,
)
from boltzmann_tf.potentials.ops import formula, power, where

__all__ = [
    "InversePower",
    "LennardJones",
    "Pairs",
    "SoftCoreLennardJones",
    "WeeksChandlerAndersen",
]

CORE = 0.3  # of a diameter: closer than this, particles repel by the tangent in training


class Pairs(Potential):
    """A formula of the squared distance, summed over all pairs of particles, each once.

    Args:
      function: of r^2 and of the parameters, by name.
      cut: distance from which there is no energy; None for none.
      shifted: whether the formula's value at the cut is subtracted below it.
      core: distance below which `training_energy` continues by the tangent in r^2, finite where
        particles coincide and with a force until they do; None for not.
      exclude: pairs without this energy, `[m, 2]`, or "bonded" for those that bonds join.
      name: of the term; None for the formula's.
      **parameters: of the formula, numbers, or symmetric [n, n] for each pair; as are `cut` and
        `core`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        cut: Any = None,
        shifted: bool = False,
        core: Any = None,
        exclude: Any = (),
        name: str | None = None,
        **parameters: Any,
    ) -> None:
        self.function = function
        self._names = chosen_parameters(function, parameters)
        self.name = named(name, function)
        self.shifted = instance("shifted", shifted, bool)
        self.parameters = {key: _of_pairs(key, parameters[key]) for key in self._names}
        self.cut = None if cut is None else positive_of_pairs("cut", cut)
        self.core = None if core is None else positive_of_pairs("core", core)
        if self.shifted and self.cut is None:
            raise ValueError("cut must be given where shifted is True, got None")
        if isinstance(exclude, str):
            choice("exclude", exclude, ("bonded",))
            self.exclude: Any = exclude
        else:
            self.exclude = index_of("exclude", exclude, 2) if np.size(exclude) else None

    def value(self, r2: Any) -> Any:
        """The formula without cut and shift, at squared distances."""
        return self.function(r2, *self.parameters.values())

    def of_pair(self, r2: Any) -> Any:
        """The energy with cut and shift at squared distances, where all parameters are numbers."""
        numbers = [float(v) for v in self.parameters.values()]
        u = self.function(r2, *numbers)
        if self.cut is None:
            return u
        cut2 = float(self.cut) ** 2
        shift = float(self.function(np.float64(cut2), *numbers)) if self.shifted else 0.0
        return where(r2 < cut2, u - shift, r2 * 0.0)

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""
        n = instance("particles", particles, Particles).n
        for key, value in {**self.parameters, "cut": self.cut, "core": self.core}.items():
            if value is not None and np.shape(value) not in ((), (n, n)):
                raise ValueError(
                    f"{key} must be a number or have shape [{n}, {n}], got {np.shape(value)}"
                )
        mask = ~np.eye(n, dtype=bool)
        excluded = particles.bonded if isinstance(self.exclude, str) else self.exclude
        if excluded is not None and len(excluded):
            if excluded is self.exclude:
                index_of("exclude", excluded, 2, n=n)
            mask[tuple(excluded.T)] = mask[tuple(excluded[:, ::-1].T)] = False
        self._check_reach(particles)
        values = tuple(as_number(v) for v in self.parameters.values())
        cut = None if self.cut is None else self.cut**2
        core = None if self.core is None else self.core**2
        return Bound(
            self.name,
            self.function,
            values,
            "pairs",
            mask=mask,
            cut=None if cut is None else as_number(cut),
            shift=as_number(np.asarray(self.value(cut))) if self.shifted else 0.0,
            low=None if core is None else as_number(core),
            slopes=(0.0 if core is None else slope(self.function, core, values), 0.0),
        )

    def _check_reach(self, particles: Particles) -> None:
        """Raises where a particle would meet more than one image of another."""
        lengths = particles.box.lengths(particles.dimension)
        if lengths is None or getattr(particles.box, "images", None) == "nearest":
            return
        half = lengths.min() / 2
        if self.cut is None or np.any(self.cut > half):
            reach = "none" if self.cut is None else f"{np.max(self.cut):.6g}"
            raise ValueError(
                f"cut of {self.name} must be at most half the periodic box, {half:.6g}, got "
                f'{reach}; Periodic(..., images="nearest") counts the nearest image only'
            )


def as_number(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else np.ascontiguousarray(value)


def _of_pairs(name: str, value: Any) -> np.ndarray:
    array = finite_array(name, value)
    if array.ndim not in (0, 2) or array.shape[:1] * 2 != array.shape:
        raise ValueError(f"{name} must be a number or have shape [n, n], got {array.shape}")
    if array.ndim and not np.array_equal(array, array.T):
        raise ValueError(f"{name} must be symmetric, got {array.tolist()}"[:300])
    return array


def positive_of_pairs(name: str, value: Any) -> np.ndarray:
    array = _of_pairs(name, value)
    if np.any(array <= 0):
        raise ValueError(f"{name} must be > 0, got {float(array.min())!r}")
    return array


@formula
def lennard_jones(r2: Any, epsilon: Any, sigma: Any) -> Any:
    """4 epsilon [(sigma / r)^12 - (sigma / r)^6], +infinity where particles coincide."""
    sixth = power(sigma * sigma / r2, 3)
    return 4 * epsilon * sixth * (sixth - 1)


class LennardJones(Pairs):
    """4 epsilon [(sigma / r)^12 - (sigma / r)^6].

    Args:
      epsilon: depth, a number or [n, n].
      sigma: where it crosses zero, a number or [n, n].
      **options: `cut`, `shifted`, `core`, `exclude`, `name`, see `Pairs`; `core` is 0.3 sigma
        where it is not given.
    """

    def __init__(self, epsilon: Any = 1.0, sigma: Any = 1.0, **options: Any) -> None:
        sigma = positive_of_pairs("sigma", sigma)
        options.setdefault("core", CORE * sigma)
        super().__init__(lennard_jones, epsilon=epsilon, sigma=sigma, **options)


class WeeksChandlerAndersen(LennardJones):
    """The repulsion of Lennard-Jones particles: cut at its minimum, 2^(1/6) sigma, and shifted.

    Source: Weeks, Chandler and Andersen, J. Chem. Phys. 54, 5237 (1971).

    Args:
      epsilon: its value at sigma, a number or [n, n].
      sigma: a number or [n, n].
      **options: `core`, `exclude`, `name`, see `Pairs`.
    """

    def __init__(self, epsilon: Any = 1.0, sigma: Any = 1.0, **options: Any) -> None:
        for name in ("cut", "shifted"):
            if name in options:
                raise TypeError(f"{name} must not be given: this potential has its own")
        cut = 2 ** (1 / 6) * positive_of_pairs("sigma", sigma)
        super().__init__(epsilon, sigma, cut=cut, shifted=True, **options)


@formula
def soft_core_lennard_jones(r2: Any, epsilon: Any, sigma: Any, soft: Any) -> Any:
    """4 epsilon [1 / (soft + (r / sigma)^6)^2 - 1 / (soft + (r / sigma)^6)]."""
    sixth = 1 / (soft + power(r2 / (sigma * sigma), 3))
    return 4 * epsilon * sixth * (sixth - 1)


class SoftCoreLennardJones(Pairs):
    """Lennard-Jones pairs that come up from nothing, and may lie on each other until they are all.

    coupling 4 epsilon [1 / s^2 - 1 / s] with s = alpha (1 - coupling)^2 + (r / sigma)^6: LAMMPS'
    `lj/cut/soft` with n = 1. At a coupling of 1 it is `LennardJones`.

    Source: Beutler et al., Chem. Phys. Lett. 222, 529 (1994).

    Args:
      coupling: from 0, none, to 1, all.
      epsilon: depth at a coupling of 1, a number or [n, n].
      sigma: a number or [n, n].
      alpha: > 0, how soft.
      **options: `cut`, `shifted`, `exclude`, `name`, see `Pairs`.
    """

    def __init__(
        self,
        coupling: float,
        epsilon: Any = 1.0,
        sigma: Any = 1.0,
        *,
        alpha: float = 0.5,
        **options: Any,
    ) -> None:
        self.coupling = non_negative("coupling", coupling)
        if self.coupling > 1:
            raise ValueError(f"coupling must be from 0 to 1, got {coupling!r}")
        sigma = positive_of_pairs("sigma", sigma)
        if self.coupling == 1:
            options.setdefault("core", CORE * sigma)
        super().__init__(
            soft_core_lennard_jones,
            epsilon=self.coupling * _of_pairs("epsilon", epsilon),
            sigma=sigma,
            soft=positive("alpha", alpha) * (1 - self.coupling) ** 2,
            **options,
        )


@formula
def inverse_power_12(r2: Any, epsilon: Any, diameter: Any) -> Any:
    """epsilon (diameter / r)^12."""
    return epsilon * power(diameter * diameter / r2, 6)


@functools.cache  # one function for each exponent: what is compiled is known by it
def _inverse_power(exponent: int) -> Callable[..., Any]:
    half = exponent // 2

    @formula
    def inverse_power(r2: Any, epsilon: Any, diameter: Any) -> Any:
        return epsilon * power(diameter * diameter / r2, half)

    return inverse_power


class InversePower(Pairs):
    """epsilon (diameter / r)^exponent.

    Args:
      diameter: a number or [n, n].
      epsilon: the energy at this distance, a number or [n, n].
      exponent: an even whole number.
      **options: `cut`, `shifted`, `core`, `exclude`, `name`, see `Pairs`; `core` is 0.3 diameter
        where it is not given.
    """

    def __init__(
        self, diameter: Any = 1.0, epsilon: Any = 1.0, *, exponent: int = 12, **options: Any
    ) -> None:
        if positive_int("exponent", exponent) % 2:
            raise ValueError(f"exponent must be even, got {exponent}")
        diameter = positive_of_pairs("diameter", diameter)
        options.setdefault("core", CORE * diameter)
        options.setdefault("name", "inverse_power")
        function = inverse_power_12 if exponent == 12 else _inverse_power(exponent)
        super().__init__(function, epsilon=epsilon, diameter=diameter, **options)
