"""Configurations as frames: positions in space, a box, names, bonds and weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance
from boltzmann_tf.analysis._samples import particle_positions, read
from boltzmann_tf.systems import ParticleSystem

__all__ = ["Frames", "frames"]

VARYING = "path must have the same particles in every frame, got {path!r} with {found} of them"


class Frames(NamedTuple):
    """What any format is written from, in the system's unit of length.

    Attributes:
      positions: float64 [frames, n, 3], zero beyond the dimension; inside a periodic box.
      images: how many sides to add so that molecules are whole, int [frames, n, 3].
      lengths: sides of a periodic box [3], those beyond the dimension zero; None for open space.
      dimension: 1, 2 or 3.
      names: of the particles, n of them.
      bonds: pairs that the terms of the system join, int [m, 2].
      log_weights: [frames], or None.
    """

    positions: np.ndarray
    images: np.ndarray
    lengths: np.ndarray | None
    dimension: int
    names: list[str]
    bonds: np.ndarray
    log_weights: np.ndarray | None

    @property
    def whole(self) -> np.ndarray:
        """Positions with each molecule in one piece, [frames, n, 3]."""
        if self.lengths is None:
            return self.positions
        return self.positions + self.images * self.lengths

    @property
    def open_side(self) -> float:
        """Side of a cube in which no particle has an image nearer than itself."""
        extent = np.ptp(self.positions, axis=1).max()
        # float32 rounds positions; a cube of any size holds particles that coincide.
        return float(2.001 * max(extent, np.abs(self.positions).max())) or 1.0

    @property
    def types(self) -> tuple[list[str], np.ndarray]:
        """Different names in the order in which they come, and the number of each particle's."""
        different = list(dict.fromkeys(self.names))
        return different, np.array([different.index(name) for name in self.names])


class Part(NamedTuple):
    """Frames of a file that follow one another, in nanometres where the format has units.

    Attributes:
      positions: [frames, atoms, 3]; molecules are whole where the format has images.
      sides: of a box, [frames, 3], NaN for one that is not rectangular; None without boxes.
    """

    positions: np.ndarray
    sides: np.ndarray | None


def frames(
    samples: Any,
    system: ParticleSystem,
    *,
    names: str | Sequence[str] = "Ar",
    log_weights: Any = None,
) -> Frames:
    """Returns frames of configurations, those of chains one chain after the other.

    Args:
      samples: weighted samples, `Chains`, a `ParticleState`, or configurations
        `[samples, event_size]` or `[chains, draws, event_size]`; all finite.
      system: of the particles.
      names: one for all particles or one for each; symbols of elements, from which readers take
        masses: an unknown name is a particle without mass to some of them.
      log_weights: [samples], for configurations without their own.
    """
    instance("system", system, ParticleSystem)
    x, logs = read(samples, log_weights, system)
    x = finite_array("samples", x).reshape(-1, x.shape[-1])
    if logs is not None:
        logs = np.asarray(logs, np.float64)
        if logs.shape != (len(x),) or np.any(np.isnan(logs)):
            raise ValueError(
                f"log_weights must be {len(x)} numbers, one a sample, got shape {logs.shape}"
            )
    each = [names] * system.n if isinstance(names, str) else list(names)
    if len(each) != system.n or not all(isinstance(v, str) and v.split() == [v] for v in each):
        raise ValueError(
            f"names must be a word, or one for each of {system.n} particles, got {names!r}"
        )
    r = particle_positions(x, system)
    positions = np.zeros((len(x), system.n, 3))
    positions[..., : system.dimension] = r
    lengths = None
    if system.lengths is not None:
        lengths = np.zeros(3)
        lengths[: system.dimension] = system.lengths
    joined = [term.bonds for term in system.terms if len(term.bonds)]
    bonds = np.unique(np.sort(np.concatenate(joined), axis=1), axis=0) if joined else None
    bonds = np.empty((0, 2), np.int64) if bonds is None else bonds
    images = _images(positions, lengths, bonds)
    return Frames(positions, images, lengths, system.dimension, each, bonds, logs)


def neighbours(bonds: np.ndarray, n: int) -> list[list[int]]:
    """Of each particle those that bonds join to it."""
    found: list[list[int]] = [[] for _ in range(n)]
    for i, j in bonds.tolist():
        found[i].append(j)
        found[j].append(i)
    return found


def molecules(bonds: np.ndarray, n: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The molecule of each particle [n], and the steps of a walk along bonds through each."""
    nearby, number, steps = neighbours(bonds, n), np.full(n, -1), []
    for start in range(n):
        if number[start] >= 0:
            continue
        number[start] = number.max() + 1
        waiting = deque([start])
        while waiting:
            i = waiting.popleft()
            for j in nearby[i]:
                if number[j] < 0:
                    number[j] = number[i]
                    steps.append((i, j))
                    waiting.append(j)
    return number, steps


def _images(positions: np.ndarray, lengths: np.ndarray | None, bonds: np.ndarray) -> np.ndarray:
    """Images in which each bond is to the nearest, from the first particle of each molecule."""
    images = np.zeros(positions.shape, np.int64)
    if lengths is None:
        return images
    sides = np.where(lengths > 0, lengths, np.inf)
    for i, j in molecules(bonds, positions.shape[1])[1]:
        d = positions[:, j] - positions[:, i]
        images[:, j] = images[:, i] - np.floor(d / sides + 0.5).astype(np.int64)
    return images
