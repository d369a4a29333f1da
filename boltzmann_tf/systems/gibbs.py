"""Two boxes of a fluid that share their particles and their volume: the Gibbs ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import (
    choice,
    finite,
    instance,
    non_negative,
    positive,
    positive_int,
)
from boltzmann_tf.potentials import Pairs, TailCorrection

__all__ = ["GibbsBoxes"]


class GibbsBoxes:
    """Identical particles in two cubic boxes at fixed N = N1 + N2 and V = V1 + V2.

    The joint density of N1, V1 and positions s in units of the sides is

        p(N1, V1, s1, s2) ~ V1^N1 V2^N2 / (N1! N2!) exp(-(U1 + U2) / T),

    so that boxes of coexisting phases have the same pressure and chemical potential, without an
    interface (Panagiotopoulos, Mol. Phys. 61, 813 (1987)). A cut-off is a length: it does not scale
    with a box.

        fluid = GibbsBoxes(512, 1500.0, pairs=potentials.LennardJones(cut=3.0), tail=True)

    Args:
      n: N, particles in both boxes.
      volume: V of both; a length for `dimension=1`, an area for 2.
      dimension: 1, 2 or 3.
      pairs: the potential, with one set of parameters for all pairs; None for the ideal gas.
      tail: whether what lies beyond the cut counts as if the fluid were uniform there, by the
        density of each box (`potentials.TailCorrection`).
      attraction: a of a term -a n^2 / V in each box, Kac's; in kT at T = 1 times a volume.
      boundary: "periodic", or "walls".
      margin: distance that particles keep from walls: half a diameter for rods that are inside as a
        whole.
      images: None to refuse volumes in which a particle would meet more than one image of another;
        "nearest" to count the nearest image whatever the side.
      densest: largest n / v of a box, as part of the ensemble; None for no limit.
    """

    def __init__(
        self,
        n: int,
        volume: float,
        *,
        dimension: int = 3,
        pairs: Pairs | None = None,
        tail: bool = False,
        attraction: float = 0.0,
        boundary: str = "periodic",
        margin: float = 0.0,
        images: str | None = None,
        densest: float | None = None,
    ) -> None:
        self.n = positive_int("n", n)
        self.volume = positive("volume", volume)
        if positive_int("dimension", dimension) > 3:
            raise ValueError(f"dimension must be 1, 2 or 3, got {dimension}")
        self.dimension = int(dimension)
        self.pairs = None if pairs is None else instance("pairs", pairs, Pairs)
        self.attraction = finite("attraction", attraction)
        self.boundary = choice("boundary", boundary, ("periodic", "walls"))
        self.margin = non_negative("margin", margin)
        if self.margin and boundary == "periodic":
            raise ValueError(f"margin must be 0 in periodic boxes, got {margin!r}")
        self.images = choice("images", images, (None, "nearest"))
        self.densest = None if densest is None else positive("densest", densest)
        if self.pairs is not None:
            self._check_pairs(self.pairs)
        self.tail = instance("tail", tail, bool)
        self._tail = 0.0
        if tail:
            if self.pairs is None or boundary == "walls":
                raise ValueError("tail must be False for the ideal gas and between walls, got True")
            self._tail = TailCorrection(self.pairs).integral(self.dimension) / 2
        # Rounding must not refuse what is exactly as small as it may be.
        if 2 * self.least_volume > self.volume * (1 + 1e-12):
            raise ValueError(
                f"volume must be at least {2 * self.least_volume:g}, two boxes that hold the "
                f"cut-off, got {volume!r}"
            )
        if self.densest is not None and self.n > self.densest * self.volume:
            raise ValueError(
                f"n must be at most {int(self.densest * self.volume)}, as many as fit, got {n}"
            )

    def _check_pairs(self, pairs: Pairs) -> None:
        cut = () if pairs.cut is None else (pairs.cut,)
        if any(np.ndim(v) for v in (*pairs.parameters.values(), *cut)):
            raise ValueError(
                "pairs must have the same parameters for all pairs, got some that are [n, n]"
            )
        if pairs.exclude is not None:
            raise ValueError(f"pairs must exclude none, got exclude={pairs.exclude!r}")
        endless = pairs.cut is None and self.boundary == "periodic" and self.images is None
        if endless:
            raise ValueError(
                'pairs must have a cut in periodic boxes, got none; images="nearest" counts the '
                "nearest image only"
            )

    @property
    def least_volume(self) -> float:
        """Of a box, be it empty: what holds the cut-off twice, where that is asked for."""
        if self.pairs is None or self.boundary == "walls" or self.images is not None:
            return 0.0
        return float((2 * float(self.pairs.cut)) ** self.dimension)

    @property
    def uniform(self) -> float:
        """w of the energy w n^2 / v of a box of n particles as a whole: tail less attraction."""
        return self._tail - self.attraction

    @property
    def tail_coefficient(self) -> float:
        """Half the integral of the potential beyond the cut; 0 without a tail."""
        return self._tail

    def __repr__(self) -> str:
        names = ("n", "volume", "dimension", "pairs", "tail", "attraction", "boundary", "margin")
        given = ", ".join(f"{k}={getattr(self, k)!r}" for k in (*names, "images", "densest"))
        return f"GibbsBoxes({given})"

    def told_by(self) -> tuple[Any, ...]:
        """The numbers that moves take: of the uniform energy, the margin, the limits, V."""
        densest = np.inf if self.densest is None else self.densest
        return (self.uniform, self.margin, self.least_volume, densest, self.volume)
