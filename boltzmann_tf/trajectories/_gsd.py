"""GSD, the format of HOOMD-blue."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf.trajectories.frames import VARYING, Frames, Part

__all__ = ["log_weights", "parts", "write"]

KEY = "log_weight"


def _hoomd() -> Any:
    try:
        import gsd.hoomd
    except ImportError as error:
        raise ImportError("GSD files need gsd: pip install 'boltzmann_tf[files]'") from error
    return gsd.hoomd


def write(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes all frames; `unit` and `whole` are of other formats."""
    del unit, whole
    hoomd = _hoomd()
    n, dimension = found.positions.shape[1], max(found.dimension, 2)
    types, typeid = found.types
    sides = np.full(3, found.open_side) if found.lengths is None else found.lengths.copy()
    if found.dimension == 1 and found.lengths is not None:
        sides[1] = sides[0]  # a line in the plane
    if dimension == 2:
        sides[2] = 0.0
    with hoomd.open(str(path), "w") as file:
        for k, positions in enumerate(found.positions):
            frame = hoomd.Frame()
            frame.configuration.step = k
            # Never left out: without it readers take a unit cube.
            frame.configuration.box = [*sides, 0, 0, 0]
            frame.configuration.dimensions = dimension
            frame.particles.N = n
            frame.particles.position = positions
            frame.particles.image = found.images[k]
            frame.particles.types = types
            frame.particles.typeid = typeid
            frame.particles.mass = np.ones(n)
            if len(found.bonds):
                frame.bonds.N = len(found.bonds)
                frame.bonds.types = ["bond"]
                frame.bonds.typeid = np.zeros(len(found.bonds), np.uint32)
                frame.bonds.group = found.bonds
            if found.log_weights is not None:
                frame.log[KEY] = found.log_weights[k : k + 1]
            file.append(frame)


def parts(path: Path, chunk: int) -> Generator[Part, None, None]:
    """Yields the frames of a file, `chunk` at a time.

    Raises:
      ValueError: for a file that is no GSD, or whose frames have not the same particles.
    """
    try:
        file = _hoomd().open(str(path), "r")
    except RuntimeError as error:  # gsd's own
        raise ValueError(f"path must be a GSD file, got {str(path)!r}: {error}") from error
    with file:
        for first in range(0, len(file), chunk):
            frames = list(file[first : first + chunk])
            counts = {int(frame.particles.N) for frame in frames}
            if len(counts) > 1:
                raise ValueError(VARYING.format(path=str(path), found=sorted(counts)))
            boxes = np.array([frame.configuration.box for frame in frames])
            sides = np.where(np.any(boxes[:, 3:] != 0, axis=1)[:, None], np.nan, boxes[:, :3])
            images = np.array([frame.particles.image for frame in frames])
            positions = np.array([frame.particles.position for frame in frames])
            yield Part(positions + images * np.nan_to_num(sides[:, None]), sides)


def log_weights(path: Path) -> np.ndarray:
    """Those in the frames' logs."""
    if not path.exists():
        raise FileNotFoundError(f"path must be a file, got {str(path)!r}")
    with _hoomd().open(str(path), "r") as file:
        logs = [frame.log for frame in file]
    if not all(KEY in log for log in logs):
        raise FileNotFoundError(f"path must hold log-weights, got {str(path)!r} without")
    return np.array([log[KEY][0] for log in logs])
