"""The work that all libraries do: networks, their first weights, data, and the energy.

Coordinates come as (even positions, odd positions), so that a library may split in the middle.
Coupling k, from z to x, moves the first half where k is even and the second where it is odd:
`x_m = (z_m - T(z_f)) exp(-S(z_f))`. Shift and scale networks are separate, with ReLU and tanh.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["CHUNK", "WORKS", "Flow", "Layers", "Work", "in_chunks"]

Layers = list[tuple[np.ndarray, np.ndarray]]  # (kernel [n_in, n_out], bias [n_out]) of each layer


@dataclass(frozen=True)
class Work:
    """One network and batch.

    Attributes:
      size: D, even.
      blocks: RealNVP blocks of two couplings.
      hidden: widths of the hidden layers of each network; the output layer is one more.
      batch: configurations a step, of J_ML and of J_KL each.
      steps: between two readings of the clock.
      samples: or densities, between two readings of the clock.
    """

    size: int
    blocks: int
    hidden: tuple[int, ...]
    batch: int
    steps: int
    samples: int

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        widths = (self.size // 2, *self.hidden, self.size // 2)
        layers = sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))
        return 4 * self.blocks * layers

    @property
    def products(self) -> int:
        """Floating-point operations of the matrix products of a training step.

        J_ML and J_KL; forward, and twice that backward.
        """
        widths = (self.size // 2, *self.hidden, self.size // 2)
        one = sum(2 * a * b for a, b in zip(widths[:-1], widths[1:], strict=True))
        return 2 * 3 * 4 * self.blocks * self.batch * one

    def weights(self, seed: int = 0) -> list[dict[str, Layers]]:
        """Glorot-uniform "shift" and "scale" networks of each coupling, with small outputs."""
        rng = np.random.default_rng(seed)
        widths = (self.size // 2, *self.hidden, self.size // 2)

        def network() -> Layers:
            layers = []
            for i, (a, b) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
                limit = np.sqrt(6 / (a + b)) * (0.01 if i == len(self.hidden) else 1)
                kernel = rng.uniform(-limit, limit, (a, b)).astype(np.float32)
                layers.append((kernel, np.zeros(b, np.float32)))
            return layers

        return [{"shift": network(), "scale": network()} for _ in range(2 * self.blocks)]

    def data(self, seed: int = 0, n: int = 2000) -> np.ndarray:
        """Configurations near the two wells, `[n, D]`."""
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((n, self.size)).astype(np.float32)
        x[:, 0] = rng.choice([-1.77, 1.69], n) + 0.2 * x[:, 0]
        return x


class Flow(abc.ABC):
    """What a library brings: one trained network. Subclasses are in `benchmarks.peers`.

    Attributes:
      parameters: number of trained parameters.
    """

    parameters: int

    @abc.abstractmethod
    def steps(self, n: int) -> None:
        """n steps of J_ML + J_KL with Adam, fresh batches each."""

    @abc.abstractmethod
    def sample(self, n: int) -> np.ndarray:
        """n configurations with their weights; returns the log-weights `[n]`."""

    @abc.abstractmethod
    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """The normalised log-density of `[n, D]`."""


CHUNK = 4096  # configurations that a peer maps at a time


def in_chunks(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """f of `[n, D]`, a chunk at a time."""
    return np.concatenate([f(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)])


WORKS = {
    "D = 76": Work(76, 8, (200, 200, 200), 1024, steps=3, samples=4 * CHUNK),
    "D = 2": Work(2, 4, (100, 100, 100), 256, steps=50, samples=20 * CHUNK),
}
