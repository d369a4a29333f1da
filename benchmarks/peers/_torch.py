"""What the PyTorch libraries share: networks, losses and loops."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks.work import CHUNK, Flow, Layers, Work, in_chunks

__all__ = ["Networks", "TorchFlow", "energy"]


def energy(x: torch.Tensor) -> torch.Tensor:
    """A double well in one coordinate, harmonic in the others; cut as in the paper."""
    x1 = x[:, 0]
    u = x1**4 - 6 * x1**2 + x1 + 0.5 * (x[:, 1:] ** 2).sum(1)
    return torch.where(u < 100, u, 100 + torch.log1p((u - 100).clamp(min=0)))


def _network(layers: Layers, activation: type[nn.Module]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for kernel, bias in layers:
        linear = nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, activation()]
    return nn.Sequential(*modules[:-1])


class Networks(nn.Module):
    """The shift and scale networks of a coupling."""

    def __init__(self, coupling: dict[str, Layers]) -> None:
        super().__init__()
        self.shift = _network(coupling["shift"], nn.ReLU)
        self.scale = _network(coupling["scale"], nn.Tanh)


class TorchFlow(Flow):
    """Training and sampling with a module and its two maps.

    Args:
      module: holds the parameters.
      to_x: z to x and log|dx/dz|.
      to_z: x to z and log|dz/dx|.
      work: to do.
      compiled: whether by `torch.compile`.
    """

    def __init__(
        self, module: nn.Module, to_x: Callable, to_z: Callable, work: Work, *, compiled: bool
    ) -> None:
        self._work = work
        self._data = torch.from_numpy(work.data())
        self.parameters = sum(p.numel() for p in module.parameters())
        self._optimizer = torch.optim.Adam(module.parameters(), lr=1e-4, fused=True)

        def loss(x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
            z, log_det = to_z(x)
            ml = (0.5 * (z**2).sum(1) - log_det).mean()
            generated, log_det = to_x(noise)
            return ml + (energy(generated) - log_det).mean()

        def weigh(noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            x, log_det = to_x(noise)
            return x, 0.5 * (noise**2).sum(1) + log_det - energy(x)

        def density(x: torch.Tensor) -> torch.Tensor:
            z, log_det = to_z(x)
            return log_det - 0.5 * (z**2).sum(1) - 0.5 * work.size * math.log(2 * math.pi)

        self._loss = torch.compile(loss) if compiled else loss
        self._weigh = torch.compile(weigh) if compiled else weigh
        self._density = torch.compile(density) if compiled else density

    def steps(self, n: int) -> None:
        batch, size = self._work.batch, self._work.size
        for _ in range(n):
            self._optimizer.zero_grad()
            x = self._data[torch.randint(len(self._data), (batch,))]
            self._loss(x, torch.randn(batch, size)).backward()
            self._optimizer.step()

    @torch.no_grad()
    def sample(self, n: int) -> np.ndarray:
        parts = [self._weigh(torch.randn(CHUNK, self._work.size)) for _ in range(n // CHUNK)]
        return np.concatenate([log_weight.numpy() for _, log_weight in parts])

    @torch.no_grad()
    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return in_chunks(lambda c: self._density(torch.from_numpy(c)).numpy(), x)
