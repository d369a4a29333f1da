"""The energy of the pairs beyond a cut-off, of a fluid that is uniform there."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate, special

from boltzmann_tf._support.checks import instance, positive_int
from boltzmann_tf.potentials.base import Bound, Particles, Potential
from boltzmann_tf.potentials.pairs import Pairs

__all__ = ["TailCorrection"]


class TailCorrection(Potential):
    """What the pairs beyond a cut-off add in a periodic box, as if the fluid were uniform there.

    n^2 / (2 V) times the integral of the potential from the cut to infinity; with n^2 as LAMMPS has
    it, and not n (n - 1). It does not depend on where the particles are.

    Args:
      pairs: the potential, cut and not shifted, with one set of parameters for all pairs.
      name: of the term.
    """

    def __init__(self, pairs: Pairs, *, name: str = "tail_correction") -> None:
        self.pairs = instance("pairs", pairs, Pairs)
        self.name = instance("name", name, str)
        cut = np.inf if pairs.cut is None else pairs.cut
        single = all(np.ndim(v) == 0 for v in (*pairs.parameters.values(), cut))
        if pairs.cut is None or pairs.shifted or not single:
            raise ValueError(
                "pairs must be cut, not shifted and the same for all pairs, got "
                f"cut={pairs.cut!r}, shifted={pairs.shifted}"
            )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        from boltzmann_tf.potentials import to_document

        return {"pairs": to_document(self.pairs), "name": self.name}

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where they are in no periodic box."""
        instance("particles", particles, Particles)
        d = particles.dimension
        lengths = particles.box.lengths(d)
        if lengths is None:
            raise ValueError(f"box must be Periodic for a tail correction, got {particles.box!r}")
        constant = particles.n**2 / (2 * lengths.prod()) * self.integral(d)
        return Bound(self.name, constant=float(constant))

    def integral(self, dimension: int) -> float:
        """Of the potential over all of space beyond the cut."""
        d = positive_int("dimension", dimension)
        surface = 2 * np.pi ** (d / 2) / special.gamma(d / 2)
        # r = cut / t: from infinity to the cut.
        cut = float(self.pairs.cut)
        found, _ = integrate.quad(
            lambda t: (
                surface
                * (cut / t) ** (d - 1)
                * float(self.pairs.value((cut / t) ** 2))
                * cut
                / t**2
            ),
            0,
            1,
            epsabs=0,
            epsrel=1e-12,
        )
        return float(found)
