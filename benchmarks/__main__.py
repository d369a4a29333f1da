"""Runs the benchmarks, prints tables, and writes `benchmarks.json` and figures."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import boltzmann_tf  # noqa: F401  it keeps TensorFlow quiet if it is there first

# name -> title, and targets by quantity
BENCHMARKS: dict[str, tuple[str, dict[str, str]]] = {
    "double_well": (
        "double well, published network, ML + KL",
        {
            "steps_per_s": "about 50 on two idle cores",
            "ratio": "at least 2.5",
            "first_step_s": "at most 8",
            "sampling_s": "at most 5",
        },
    ),
    "flows": ("RealNVP here and in other libraries", {}),
    "first_samples": (
        "CPU seconds to the first 1000 samples of a saved generator, beside TensorFlow's imports",
        {"samples_over_imports": "at most 1.5"},
    ),
    "kept_programs": ("a short training with XLA's programs of an earlier one", {}),
    "disk": (
        "10 million weighted samples, D = 76, to disk",
        {"peak_mib": "at most 1536"},
    ),
    "memory": (
        "resident memory of many trainings and of a long stream, in one process",
        {"trainings: growth": "at most 0.05", "stream: growth": "at most 0.05"},
    ),
    "streams": (
        "training steps on windows of a file or a stream beside data in memory, ratio of times",
        {f"D = {d}: {kind}": "at most 1.1" for d in (2, 76) for kind in ("memmap", "stream")},
    ),
    "precision": ("networks in bfloat16 against float32", {}),
    "profile": ("where the time of the reproductions goes", {}),
    "sizes": ("cost against size", {}),
    "calibration": ("stated errors beside the truth, a thousand seeds each", {}),
    "clusters": (
        "1000 Lennard-Jones clusters of 13, energies with gradients, here and in other libraries",
        {"jax-md: time_over_ours": "at least 1.5", "JAX, pairs by index: time_over_ours": ""},
    ),
    "directions": ("both directions of each kind of flow, ratios of times", {}),
    "dimer": (
        "solvated dimer, 1000 energies with gradients; a sweep of single-particle moves",
        {"energies_and_gradients_ms": "at most 15 on two idle cores"},
    ),
    "gibbs": (
        "Monte Carlo moves of 512 Lennard-Jones particles, here and in LAMMPS",
        {"LAMMPS: time_over_ours": "at least 10"},
    ),
    "gibbs_joint": ("two ways to a generator of two coupled boxes", {}),
    "polymers": (
        "a self-avoiding chain of 64 beads: CPU seconds for one independent R_ee^2, and LAMMPS'",
        {"LAMMPS: time_over_ours": "at least 5"},
    ),
    "molecules": (
        "1000 alanine dipeptides, energies with gradients, here and by OpenMM's platforms",
        {"Reference: time_over_ours": "at least 60", "CPU: time_over_ours": "at least 3"},
    ),
    "ising_sweeps": (
        "Ising, 64 x 64, million attempted flips",
        {
            "metropolis: million_per_s": "at least 300 on two idle cores",
            "multispin, 64 replicas: million_per_s": "stretch: 1000",
        },
    ),
}
# Minutes each.
ON_REQUEST = (
    "calibration",
    "directions",
    "disk",
    "gibbs_joint",
    "kept_programs",
    "memory",
    "precision",
    "profile",
    "sizes",
    "streams",
)


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """One level of names: "kernel: quantity"."""
    flat: dict[str, Any] = {}
    for name, value in result.items():
        nested = value if isinstance(value, dict) else {}
        flat |= {f"{name}: {key}": v for key, v in nested.items()} or {name: value}
    return flat


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = f"of {', '.join(BENCHMARKS)}; default: all but {', '.join(ON_REQUEST)}"
    parser.add_argument("names", nargs="*", help=known)
    parser.add_argument("--output", default="benchmarks.json", help="file for the numbers")
    parser.add_argument("--repeats", type=int, default=7, help="alternating rounds")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"names must be of {', '.join(BENCHMARKS)}, got {name!r}")
    console = Console()
    if not console.is_terminal:
        console = Console(width=180)  # a log has no width; do not fold tables at 80
    results = {}
    for name in arguments.names or [n for n in BENCHMARKS if n not in ON_REQUEST]:
        title, targets = BENCHMARKS[name]
        module = importlib.import_module(f"benchmarks.{name}")
        results[name] = module.run(arguments.repeats)
        if hasattr(module, "tables"):
            for table in module.tables(results[name]):
                console.print(table)
            output = Path(arguments.output)
            module.figure(results[name]).savefig(output.with_name(f"{output.stem}_{name}.png"))
            continue
        table = Table("quantity", "value", "target", title=title)
        for quantity, value in _flat(results[name]).items():
            shown = f"{value:.3g}" if isinstance(value, float) else str(value)
            table.add_row(quantity, shown, targets.get(quantity, ""))
        console.print(table)
    Path(arguments.output).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
