"""The double-well run of the paper's network, here and in eager PyTorch, in alternation.

Four RealNVP blocks of two hidden layers of 100 (166 416 parameters), batch 1000, ML + KL, Adam.
Machines differ and are shared, so ratios from one run are what counts, never lone times.
"""

from __future__ import annotations

import contextlib
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

with contextlib.suppress(ImportError):
    import triton  # noqa: F401  PyTorch's, which crashes when loaded after TensorFlow

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp, systems

__all__ = ["run"]

BATCH = 1000
STEPS = 50


def _ours(data: np.ndarray) -> tuple[Callable[[], None], dict[str, Any]]:
    """A function that takes `STEPS` steps, and the time from the call of `fit` to the first."""
    system = systems.DoubleWell()
    generator = BoltzmannGenerator(
        system, realnvp(2, blocks=4, hidden=(100, 100), scale_bound=None, seed=0)
    )
    trainer = Trainer(generator, steps_per_call=STEPS)
    stage = Stage(STEPS, BATCH, 1e-3, ml=1.0, kl=1.0)
    start = time.perf_counter()
    trainer.fit(data, Stage(1, BATCH, 1e-3, ml=1.0, kl=1.0), verbose=0)
    first = time.perf_counter() - start
    parameters = sum(int(np.prod(v.shape)) for v in generator.bijector.trainable_variables)
    facts = {"first_step_s": first, "parameters": parameters, "generator": generator}
    return lambda: trainer.fit(data, stage, verbose=0), facts


def _torch(data: np.ndarray) -> tuple[Callable[[], None], int]:
    """The same network, losses and optimiser in eager PyTorch."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def mlp(activation: type[nn.Module]) -> nn.Module:
        return nn.Sequential(
            nn.Linear(1, 100), activation(), nn.Linear(100, 100), activation(), nn.Linear(100, 1)
        )

    couplings = nn.ModuleList(
        nn.ModuleDict({"shift": mlp(nn.ReLU), "scale": mlp(nn.Tanh)}) for _ in range(8)
    )
    for coupling in couplings:
        nn.init.zeros_(coupling["scale"][-1].weight)
    optimizer = torch.optim.Adam(couplings.parameters(), lr=1e-3)
    examples = torch.as_tensor(data)

    def forward(z: Any) -> tuple[Any, Any]:
        parts, log_det = [z[:, :1], z[:, 1:]], 0.0
        for i, coupling in enumerate(couplings):
            fixed, moving = parts[(i + 1) % 2], parts[i % 2]
            scale = coupling["scale"](fixed)
            parts[i % 2] = (moving - coupling["shift"](fixed)) * torch.exp(-scale)
            log_det = log_det - scale[:, 0]
        return torch.cat(parts, 1), log_det

    def inverse(x: Any) -> tuple[Any, Any]:
        parts, log_det = [x[:, :1], x[:, 1:]], 0.0
        for i, coupling in reversed(list(enumerate(couplings))):
            fixed = parts[(i + 1) % 2]
            scale = coupling["scale"](fixed)
            parts[i % 2] = parts[i % 2] * torch.exp(scale) + coupling["shift"](fixed)
            log_det = log_det + scale[:, 0]
        return torch.cat(parts, 1), log_det

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            z, log_det = inverse(examples[torch.randint(len(examples), (BATCH,))])
            loss = (0.5 * (z**2).sum(1) - log_det).mean()
            x, log_det = forward(torch.randn(BATCH, 2))
            x1 = x[:, 0]
            energy = x1**4 - 6 * x1**2 + x1 + 0.5 * x[:, 1] ** 2
            cut = torch.where(energy < 100, energy, 100 + torch.log1p((energy - 100).clamp(min=0)))
            (loss + (cut - log_det).mean()).backward()
            optimizer.step()

    return steps, sum(p.numel() for p in couplings.parameters())


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(repeats: int = 7) -> dict[str, Any]:
    """Times both in alternation.

    Args:
      repeats: alternating pairs of `STEPS` steps each.

    Returns:
      steps/s of each, their ratio with its spread, time to the first step, time and memory of
      1,000,000 weighted samples.
    """
    rng = np.random.default_rng(0)
    wells = rng.choice([-1.77, 1.69], size=(2002, 1)) + 0.2 * rng.standard_normal((2002, 1))
    data = np.hstack([wells, rng.standard_normal((2002, 1))]).astype(np.float32)
    ours, facts = _ours(data)
    peer, parameters = _torch(data)
    if parameters != facts["parameters"]:
        raise RuntimeError(f"networks differ: {facts['parameters']} and {parameters} parameters")
    ours(), peer()  # warm
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(repeats)]
    ratios = [b / a for a, b in pairs]

    generator = facts["generator"]
    generator.sample(100_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    count = sum(len(s.x) for s in generator.sample_batches(1_000_000, seed=1))
    return {
        "parameters": parameters,
        "steps_per_s": STEPS / statistics.median(a for a, _ in pairs),
        "torch_eager_steps_per_s": STEPS / statistics.median(b for _, b in pairs),
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "first_step_s": facts["first_step_s"],
        "samples": count,
        "sampling_s": time.perf_counter() - start,
        "sampling_extra_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }
