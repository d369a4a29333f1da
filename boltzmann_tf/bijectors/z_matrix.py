"""Z-matrices: in which order atoms are placed, and by which others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import positive_int, sequence
from boltzmann_tf.potentials.base import index_of

__all__ = ["ZMatrix", "levels_of", "z_matrix"]

NONE = -1  # in the place of a reference that the first three atoms do not have


class ZMatrix:
    """Rows of (atom, bond, angle, torsion): who an atom is bonded to, and what its angles are with.

    Rows are in an order in which each atom comes after its references. The first has none (-1),
    the second only a bond, the third no torsion.

    Args:
      rows: `[n, 4]`.

    Attributes:
      rows: int64 `[n, 4]`.
    """

    def __init__(self, rows: Any) -> None:
        array = np.asarray(rows)
        if array.ndim != 2 or array.shape[1:] != (4,) or len(array) < 3:
            raise ValueError(f"rows must have shape [n, 4] with n >= 3, got {array.shape}")
        if array.dtype.kind not in "iu":
            raise TypeError(f"rows must be whole numbers, got {array.dtype}")
        n = len(array)
        if sorted(array[:, 0]) != list(range(n)):
            raise ValueError(f"rows must place each of the atoms 0 .. {n - 1} once")
        placed: set[int] = set()
        for k, (atom, *references) in enumerate(array.tolist()):
            given = references[: min(k, 3)]
            if references[len(given) :] != [NONE] * (3 - len(given)):
                raise ValueError(
                    f"row {k} must have {len(given)} references, then -1, got {references}"
                )
            if len(set(given)) != len(given) or not set(given) <= placed:
                raise ValueError(
                    f"row {k} must refer to different atoms of the rows before, got {given}"
                )
            placed.add(atom)
        self.rows = array.astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)


def z_matrix(n: int, bonds: Any, elements: Sequence[str] | None = None) -> ZMatrix:
    """The z-matrix of a molecule from its bonds.

    It starts in the middle: with an atom and two of its neighbours, heavy ones if there are, so
    that few atoms are placed one after another; then neighbours of neighbours. The torsion of an
    atom is that about the bond next to it; of a second or third atom at the same end it is the
    angle from the first one, which is stiff.

    Args:
      n: number of atoms, at least 3.
      bonds: pairs, `[m, 2]`; one molecule, rings are allowed.
      elements: chemical symbols; hydrogens are then never at the start unless they must be.

    Raises:
      ValueError: for a molecule in two pieces.
    """
    positive_int("n", n, minimum=3)
    pairs = index_of("bonds", bonds, 2, n=n)
    if elements is not None and len(sequence("elements", elements)) != n:
        raise ValueError(f"elements must have {n} symbols, got {len(elements)}")
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for i, j in pairs.tolist():
        neighbours[i].append(j)
        neighbours[j].append(i)
    light = [False] * n if elements is None else [e == "H" for e in elements]
    apart = sorted(set(range(n)) - set(_reach(0, neighbours)))
    if apart:
        raise ValueError(f"bonds must join all atoms to one molecule, got none to {apart[:10]}")

    def after(p: int, atom: int) -> tuple[bool, int, int]:
        """Heavy atoms before hydrogens, long branches from p before short ones."""
        return light[atom], -len(_reach(atom, neighbours, without=p)), atom

    def middle(atom: int) -> tuple[bool, int, int]:
        return light[atom], max(_reach(atom, neighbours).values()), atom

    centre = min((k for k in range(n) if len(neighbours[k]) > 1), key=middle)
    ordered = sorted(neighbours[centre], key=lambda k: after(centre, k))
    first, last = sorted(ordered[:2])
    rows = [
        (first, NONE, NONE, NONE),
        (centre, first, NONE, NONE),
        (last, centre, first, NONE),
    ]
    parent = {first: centre, centre: first, last: centre}
    children: dict[int, list[int]] = {centre: [last]}
    queue = [first, centre, last]
    for p in queue:
        g = parent[p]
        fresh = [k for k in neighbours[p] if k not in parent]
        for child in sorted(fresh, key=lambda k, p=p: after(p, k)):  # type: ignore[misc]
            siblings = children.setdefault(p, [])
            if siblings:
                beyond = siblings[0]
            elif parent[g] != p:
                beyond = parent[g]
            else:
                beyond = next(k for k in queue if k in neighbours[g] and k != p)
            rows.append((child, p, g, beyond))
            parent[child] = p
            siblings.append(child)
            queue.append(child)
    return ZMatrix(rows)


def _reach(
    start: int, neighbours: Sequence[Sequence[int]], without: int | None = None
) -> dict[int, int]:
    """Numbers of bonds to all atoms that can be reached, not by way of one of them."""
    found, queue = {start: 0}, [start]
    for atom in queue:
        for other in neighbours[atom]:
            if other not in found and other != without:
                found[other] = found[atom] + 1
                queue.append(other)
    return found


def levels_of(z: ZMatrix) -> list[np.ndarray]:
    """Rows from the fourth on, those together that can be placed at once."""
    level = dict.fromkeys(z.rows[:3, 0].tolist(), 0)
    for atom, *references in z.rows[3:].tolist():
        level[atom] = 1 + max(level[r] for r in references)
    of_rows = np.array([level[a] for a in z.rows[:, 0].tolist()])
    return [np.flatnonzero(of_rows == k) for k in range(1, of_rows.max() + 1)]
