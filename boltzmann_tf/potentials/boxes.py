"""Where particles are: in open space, between soft walls, or in a periodic box."""

from __future__ import annotations

import abc
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, positive

__all__ = ["Box", "Open", "Periodic", "SoftWalls"]


class Box(abc.ABC):
    """A box that knows its sides."""

    anchors: bool = False  # whether the density of a fluid in it has a finite integral

    def lengths(self, dimension: int) -> np.ndarray | None:
        """Sides of a periodic box, `[dimension]`; None for one that is not."""
        del dimension
        return None

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({given})"


class Open(Box):
    """All of space."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}


class SoftWalls(Box):
    """Walls that give way: stiffness * max(|c| - half_width, 0)^2 for each coordinate c.

    Args:
      half_width: from the origin to the walls, in every direction.
      stiffness: in kT per length squared, without a factor 1/2.
    """

    anchors = True

    def __init__(self, half_width: float, stiffness: float = 200.0) -> None:
        self.half_width = positive("half_width", half_width)
        self.stiffness = positive("stiffness", stiffness)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"half_width": self.half_width, "stiffness": self.stiffness}


class Periodic(Box):
    """A rectangular box that goes on at the other side; distances are to the nearest image.

    Args:
      length: of its sides, a number or one for each dimension.
      images: None to refuse potentials that reach beyond half a side, where a particle meets more
        than one image of another; "nearest" to count the nearest image only.

    Examples:
      >>> fluid = bg.potentials.LennardJones(cut=2.0)
      >>> gas = bg.systems.ParticleSystem(
      ...     n=2, dimension=1, terms=[fluid], box=bg.potentials.Periodic(5.0)
      ... )
      >>> gas.pair_distances(tf.constant([[-2.4, 2.4]])).numpy().round(1)  # the nearest image
      array([[0.2]], dtype=float32)
    """

    anchors = True

    def __init__(self, length: Any, *, images: str | None = None) -> None:
        array = finite_array("length", length)
        if array.ndim > 1 or np.any(array <= 0):
            raise ValueError(f"length must be positive, a number or [dimension], got {length!r}")
        self.length: Any = float(array) if array.ndim == 0 else array.tolist()
        self.images = choice("images", images, (None, "nearest"))

    def lengths(self, dimension: int) -> np.ndarray:
        """Sides, `[dimension]`."""
        if np.ndim(self.length) and len(self.length) != dimension:
            raise ValueError(f"length must be a number or {dimension} numbers, got {self.length!r}")
        return np.broadcast_to(np.asarray(self.length, np.float64), (dimension,)).copy()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"length": self.length, "images": self.images}
