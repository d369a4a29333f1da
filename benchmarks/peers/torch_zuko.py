"""zuko (PyTorch): composed `CouplingTransform`s."""

from __future__ import annotations

import torch
from torch import nn
from zuko.transforms import (
    ComposedTransform,
    CouplingTransform,
    DependentTransform,
    MonotonicAffineTransform,
)

from benchmarks.peers._torch import Networks, TorchFlow
from benchmarks.work import Flow, Work

__all__ = ["build"]


class _Parameters(Networks):
    """The transform of the moving half. The tiny slope lifts zuko's soft bound on the scale."""

    def forward(self, x: torch.Tensor) -> DependentTransform:
        affine = MonotonicAffineTransform(self.shift(x), self.scale(x), slope=1e-300)
        return DependentTransform(affine, 1)


def build(work: Work, *, compiled: bool) -> Flow:
    """The work's network in zuko."""
    networks = nn.ModuleList(_Parameters(coupling) for coupling in work.weights())
    first = torch.arange(work.size) < work.size // 2  # True where zuko keeps a coordinate
    couplings = [CouplingTransform(n, first if k % 2 else ~first) for k, n in enumerate(networks)]
    to_z = ComposedTransform(*reversed(couplings))
    return TorchFlow(networks, to_z.inv.call_and_ladj, to_z.call_and_ladj, work, compiled=compiled)
