"""normflows (PyTorch): `AffineCouplingBlock`s."""

from __future__ import annotations

import normflows as nf
import torch

from benchmarks.peers._torch import Networks, TorchFlow
from benchmarks.work import Flow, Work

__all__ = ["build"]


class _Parameters(Networks):
    """As normflows asks for them: shift and scale interleaved."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([self.shift(x), self.scale(x)], -1).flatten(1)


def build(work: Work, *, compiled: bool) -> Flow:
    """The work's network in normflows."""
    flows = [
        nf.flows.Reverse(
            nf.flows.AffineCouplingBlock(
                _Parameters(coupling), split_mode="channel" if k % 2 else "channel_inv"
            )
        )
        for k, coupling in enumerate(work.weights())
    ]
    base = nf.distributions.DiagGaussian(work.size, trainable=False)
    model = nf.NormalizingFlow(base, flows)
    return TorchFlow(
        model, model.forward_and_log_det, model.inverse_and_log_det, work, compiled=compiled
    )
