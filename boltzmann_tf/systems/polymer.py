"""A chain of beads, ideal or not, alone or in a solvent: a sum of bonds, pairs and angles."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact, potentials
from boltzmann_tf._support.checks import choice, instance, non_negative, positive, positive_int
from boltzmann_tf.potentials import (
    FENE,
    Bonds,
    CosineAngle,
    Distance,
    HarmonicBond,
    Open,
    Pairs,
    Potential,
    SoftWalls,
)
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.systems.particles import ParticleSystem

__all__ = ["Polymer"]

BONDS = {"harmonic": (5.0, 1.5), "fene": (30.0, 1.5)}  # stiffness, and length or extension


class Polymer(ParticleSystem):
    """Beads 0 .. n - 1 joined by bonds, and solvent particles after them.

        ideal = Polymer(10)
        globule = Polymer(16, pairs=potentials.LennardJones())
        self_avoiding = Polymer(64, pairs=potentials.WeeksChandlerAndersen(), special=(0, 1, 1))
        kremer_grest = Polymer(64, bond="fene", pairs=potentials.WeeksChandlerAndersen())

    In open space nothing holds the chain in place: x holds coordinates without the mean, see
    `ParticleSystem`, and log Z is less by d / 2 log n than with one bead held. In a periodic box
    bonds are to the nearest image; `positions_unwrapped`, `end_to_end` and `gyration` follow the
    chain along them, however often it goes through the box.

    Args:
      n: beads, at least 2.
      dimension: 1, 2 or 3.
      bond: "harmonic", stiffness / 2 (r - length)^2, or "fene", with `length` its extension.
      stiffness: of bonds; None for 5 (harmonic), 30 (FENE), in kT per length squared.
      length: of bonds; None for 1.5.
      pairs: between all particles, of one set of parameters; None for none, an ideal chain.
      special: whether beads one, two and three bonds apart have that energy, each 1 or 0, as
        LAMMPS' `special_bonds lj` (whose default is 0 0 0).
      bending: stiffness of a term bending (1 - cos) between one bond and the next.
      solvent: further particles.
      box: as of `ParticleSystem`; None for open space.

    Attributes:
      chain: numbers of the beads, in order.
      spring: the term of the bonds.
    """

    def __init__(
        self,
        n: int,
        *,
        dimension: int = 3,
        bond: str = "harmonic",
        stiffness: float | None = None,
        length: float | None = None,
        pairs: Pairs | None = None,
        special: Sequence[int] = (1, 1, 1),
        bending: float = 0.0,
        solvent: int = 0,
        box: Any = None,
    ) -> None:
        self.chain = np.arange(positive_int("n", n, minimum=2))
        k, r0 = BONDS[choice("bond", bond, tuple(BONDS))]
        self.bond, self.solvent = bond, positive_int("solvent", solvent, minimum=0)
        self.stiffness = positive("stiffness", k if stiffness is None else stiffness)
        self.length = non_negative("length", r0 if length is None else length)
        self.bending = non_negative("bending", bending)
        given = potentials.from_document(pairs)
        self.pairs: Pairs | None = None if given is None else instance("pairs", given, Pairs)
        self.special = tuple(int(v) for v in special)
        if len(self.special) != 3 or not set(special) <= {0, 1}:
            raise ValueError(f"special must be three of 0 or 1, got {special!r}")
        make = {"harmonic": HarmonicBond, "fene": FENE}[bond]
        self.spring: Bonds = make(_apart(n, 1), self.stiffness, self.length, name="bond")
        terms: list[Potential] = [self.spring]
        if self.bending:
            if n < 3:
                raise ValueError(f"n must be at least 3 for a chain that bends, got {n}")
            triples = np.stack([self.chain[:-2], self.chain[1:-1], self.chain[2:]], axis=1)
            terms.append(CosineAngle(triples, self.bending, name="bending"))
        if self.pairs is not None:
            terms.append(_between(self.pairs, n, self.special))
        super().__init__(
            n=n + self.solvent,
            dimension=dimension,
            terms=terms,
            box=box or Open(),
            coordinates={"end_to_end": Distance(0, n - 1)},
        )
        if self.solvent and not self.anchored:
            raise ValueError(f"box must hold the solvent, got {self._box!r}")
        self.initial_states = {"stretched": self.configuration(self._start())}
        self.observables = {"end_to_end": self.end_to_end, "gyration": self.gyration}

    def _start(self) -> np.ndarray:
        """A slightly bent zigzag; in a box a folded rod, and the solvent around it."""
        n, d = len(self.chain), self.dimension
        step = self._bond_at_rest()
        if self.lengths is None and not self.solvent:
            r = np.zeros((n, d))
            r[:, 0] = step * np.arange(n) * (0.9 if d > 1 else 1.0)
            if d > 1:
                r[:, 1] = 0.4 * step * (np.arange(n) % 2)
            return r
        # A path to and fro through the places of a lattice; the solvent is spread over the rest.
        side = self.lengths
        if side is None:
            side = np.full(d, 2 * instance("box", self._box, SoftWalls).half_width)
        each = max(int(np.ceil(self.n ** (1 / d) - 1e-9)), int(side.min() / step))
        grid = np.indices([each] * d).reshape(d, -1).T.copy()
        for k in range(1, d):  # every second row backwards
            back = grid[:, :k].sum(axis=1) % 2 == 1
            grid[back, k] = each - 1 - grid[back, k]
        rest = np.linspace(n, len(grid) - 1, self.solvent).round().astype(int)
        return (grid[np.append(self.chain, rest)] + 0.5) * side / each - side / 2

    def _bond_at_rest(self) -> float:
        r = np.linspace(0.2, 1.0, 161) * (self.length if self.bond == "fene" else 2 * self.length)
        with np.errstate(over="ignore", divide="ignore"):
            u = self.bond_energy(np.maximum(r, 1e-3))
        return float(r[np.argmin(u)])

    def bond_energy(self, r: Any) -> np.ndarray:
        """Energy of a bond of lengths r in kT, that of its beads as a pair included."""
        r2 = np.asarray(r, np.float64) ** 2
        u = np.asarray(self.spring.function(r2, self.stiffness, self.length), np.float64)
        if self.pairs is not None and self.special[0]:
            u = u + np.asarray(self.pairs.of_pair(r2), np.float64)
        return u

    # The chain in space.

    def bond_vectors(self, x: Any) -> tf.Tensor:
        """From each bead to the next, `[..., event_size]` to `[..., n - 1, dimension]`."""
        rows = [row[..., : len(self.chain)] for row in self._rows(tf.convert_to_tensor(x))]
        a, b = tuple(r[..., 1:] for r in rows), tuple(r[..., :-1] for r in rows)
        sides = None
        if self.lengths is not None:
            sides = [tf.constant(v, rows[0].dtype) for v in self.lengths]
        space = SPACES[self.dimension, self.lengths is not None]
        return tf.stack(space.difference(a, b, sides), axis=-1)

    def positions_unwrapped(self, x: Any) -> tf.Tensor:
        """The beads from the first one on, along the bonds, `[..., n, dimension]`."""
        steps = tf.cumsum(self.bond_vectors(x), axis=-2)
        return tf.concat([tf.zeros_like(steps[..., :1, :]), steps], axis=-2)

    def end_to_end(self, x: Any) -> tf.Tensor:
        """R_ee, along the chain, `[..., event_size]` to `[...]`."""
        return tf.norm(tf.reduce_sum(self.bond_vectors(x), axis=-2), axis=-1)

    def gyration(self, x: Any) -> tf.Tensor:
        """R_g of the chain, `[..., event_size]` to `[...]`."""
        r = self.positions_unwrapped(x)
        r -= tf.reduce_mean(r, axis=-2, keepdims=True)
        return tf.sqrt(tf.reduce_mean(tf.reduce_sum(r * r, axis=-1), axis=-1))

    @property
    def growth(self) -> dict[str, Any]:
        """Arguments of `bijectors.ChainFlow`, which grows this chain bond by bond."""
        names = ("pairs", "special", "bending", "dimension")
        return {"n": len(self.chain), "bond": self.spring, **{k: getattr(self, k) for k in names}}

    @functools.cached_property
    def exact(self) -> exact.IdealChain | exact.Trimer | None:
        """Of a chain without pairs; of three beads in open space with pairs; else None."""
        if self.solvent or not isinstance(self._box, Open):
            return None
        d, n = self.dimension, len(self.chain)
        own = self.spring

        def bond(r: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore"):
                return np.asarray(own.function(r * r, self.stiffness, self.length))

        def bend(c: np.ndarray) -> np.ndarray:
            return self.bending * (1 - c)

        if self.pairs is None:
            return exact.IdealChain(n, bond, bending=bend if self.bending else None, dimension=d)
        if n == 3 and d > 1 and not self.bending and self.special[1]:
            pairs = self.pairs
            return exact.Trimer(
                bond,
                lambda r: np.asarray(pairs.of_pair(np.asarray(r) ** 2)),
                bonded=bool(self.special[0]),
                dimension=d,
            )
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("dimension", "bond", "stiffness", "length", "bending", "solvent")
        return {
            "n": len(self.chain),
            **{k: getattr(self, k) for k in names},
            "pairs": None if self.pairs is None else potentials.to_document(self.pairs),
            "special": list(self.special),
            "box": potentials.to_document(self._box),
        }


def _apart(n: int, k: int) -> np.ndarray:
    """Beads k bonds apart, `[n - k, 2]`."""
    return np.stack([np.arange(n - k), np.arange(k, n)], axis=1)


def _between(pairs: Pairs, n: int, special: Sequence[int]) -> Pairs:
    """The potential without the pairs that are left out."""
    out = [_apart(n, k + 1) for k, there in enumerate(special) if not there and n > k + 1]
    if pairs.exclude is not None:
        raise ValueError(f"pairs must exclude none: special does, got {pairs.exclude!r}")
    document = potentials.to_document(pairs)
    if out:
        document["config"]["exclude"] = np.concatenate(out).tolist()
    document["config"]["name"] = "pairs"
    return instance("pairs", potentials.from_document(document), Pairs)
