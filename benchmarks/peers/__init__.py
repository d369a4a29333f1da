"""The libraries compared: one file each, one line here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.work import Flow, Work

__all__ = ["OURS", "PEERS", "build"]

OURS = "boltzmann_tf"
PEERS: dict[str, tuple[str, dict[str, bool]]] = {
    OURS: ("ours", {}),
    "the same, repeated=True": ("ours", {"repeated": True}),
    "the same, jit_compile=False": ("ours", {"jit_compile": False}),
    "TFP": ("plain_tfp", {"xla": False}),
    "TFP, XLA": ("plain_tfp", {"xla": True}),
    "normflows": ("torch_normflows", {"compiled": False}),
    "normflows, torch.compile": ("torch_normflows", {"compiled": True}),
    "zuko": ("torch_zuko", {"compiled": False}),
    "zuko, torch.compile": ("torch_zuko", {"compiled": True}),
    "distrax": ("jax_distrax", {}),
    "flowjax": ("jax_flowjax", {}),
}


def build(label: str, work: Work, **more: Any) -> Flow:
    """Imports the library and builds its network; `more` are further arguments of its `build`."""
    module, options = PEERS[label]
    make: Callable[..., Flow] = importlib.import_module(f"benchmarks.peers.{module}").build
    return make(work, **options, **more)
