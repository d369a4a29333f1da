"""A sum of potentials as Numba's code: the energy, and what a move of one particle adds to it.

The formulas of all terms become one function, by closures: nothing is looked up while particles
move. Positions are rows of x, of y (and of z), `[dimension, n]`: neighbours in memory are what a
vector unit wants.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf.potentials._born_kernels import of_born
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials._term_kernels import of_each, of_few, of_pairs
from boltzmann_tf.potentials.base import Bound
from boltzmann_tf.potentials.ops import formula

__all__ = ["Compiled", "compiled", "packed"]


class Compiled(NamedTuple):
    """Functions of rows `[dimension, n]` and what `packed` returns, for Numba's code.

    Attributes:
      total: energy, from (x, terms, factors).
      change: what a move of particle i to the point q adds, from (x, i, q, terms, factors); x is as
        before the move.
      group_change: what a move of several particles adds, from (x, members, slot, to, terms,
        factors): particle members[g] goes to to[:, g], and slot[members[g]] is g, elsewhere -1.
      version: of the formulas, for caches on disk; None where some are not the package's own, and
        may change without a trace.
    """

    total: Callable[..., float]
    change: Callable[..., float]
    group_change: Callable[..., float]
    version: str | None


@functools.cache
def _own_sources() -> str:
    """Digest of what kernels call: Numba's cache sees only the file that a kernel is in."""
    package = Path(__file__).parents[1]
    rooms = ("potentials", "sampling", "systems")
    files = [file for room in rooms for file in sorted((package / room).rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compiled(terms: Sequence[Bound], dimension: int, *, periodic: bool) -> Compiled:
    """The functions of a sum of terms; systems of the same formulas share them."""
    shapes = tuple(
        (
            t.function,
            len(t.parameters),
            t.invariant,
            0 if t.index is None else t.index.shape[1],
            t.cut is not None,
        )
        for t in terms
        if t.invariant != "constant"
    )
    return _compiled(shapes, dimension, periodic)


def packed(terms: Sequence[Bound], n: int, lengths: np.ndarray | None) -> tuple[Any, ...]:
    """Parameters and particles of the terms, as the functions of `compiled` take them."""
    sides = () if lengths is None else tuple(float(v) for v in lengths)
    out: list[Any] = []
    for t in terms:
        if t.invariant == "constant":
            continue
        if t.invariant == "born":
            cut, shift = (np.inf, 0.0) if t.cut is None else (t.cut, t.cut**-0.5)
            out.append((*t.parameters, cut, shift, sides))
        elif t.invariant == "pairs":
            cut = 0.0 if t.cut is None else t.cut
            out.append((t.mask, t.parameters, cut, t.shift, sides))
        elif t.index is None:
            out.append((t.parameters, sides))
        else:
            # Which terms particle i is in: items[start[i] : start[i + 1]].
            members = np.argsort(t.index.ravel(), kind="stable")
            start = np.searchsorted(t.index.ravel()[members], np.arange(n + 1))
            items = (members // t.index.shape[1]).astype(np.int64)
            out.append((t.index, start.astype(np.int64), items, t.parameters, sides))
    return tuple(out)


@functools.lru_cache(maxsize=64)
def _compiled(shapes: tuple, dimension: int, periodic: bool) -> Compiled:  # noqa: FBT001
    space = SPACES[dimension, periodic]
    functions = [_nothing_total, _nothing_change, _nothing_of_group]
    for place, (function, count, invariant, k, cut) in reversed(list(enumerate(shapes))):
        if invariant == "born":
            own = of_born(function, space)
        elif invariant == "pairs":
            own = of_pairs(function, count, space, cut)
        elif k == 0:
            own = of_each(function, count, space)
        else:
            own = of_few(function, count, invariant, k, space)
        functions = [
            add(one, rest, place)
            for add, one, rest in zip(
                (_with_total, _with_change, _with_group), own, functions, strict=True
            )
        ]
    own_code = all(
        f.__module__.startswith("boltzmann_tf.")
        for function, *_ in shapes
        for f in (function if isinstance(function, tuple) else (function,))
    )
    total, change, group_change = functions
    return Compiled(total, change, group_change, _own_sources() if own_code else None)


@formula
def _nothing_total(x: Any, terms: Any, factors: Any) -> float:
    return 0.0


@formula
def _nothing_change(x: Any, i: Any, q: Any, terms: Any, factors: Any) -> float:
    return 0.0


@formula
def _nothing_of_group(x: Any, members: Any, slot: Any, to: Any, terms: Any, factors: Any) -> float:
    return 0.0


# By place in the tuple, and not by what is left of it: a tuple that is cut is copied, with all its
# arrays.


def _with_total(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def total(x: Any, terms: Any, factors: Any) -> float:
        return factors[place] * own(x, terms[place]) + rest(x, terms, factors)

    return total


def _with_change(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def change(x: Any, i: Any, q: Any, terms: Any, factors: Any) -> float:
        return factors[place] * own(x, i, q, terms[place]) + rest(x, i, q, terms, factors)

    return change


def _with_group(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, terms: Any, factors: Any) -> float:
        here = factors[place] * own(x, members, slot, to, terms[place])
        return here + rest(x, members, slot, to, terms, factors)

    return group_change
