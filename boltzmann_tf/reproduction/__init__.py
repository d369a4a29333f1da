"""The harness of the reproductions: numbers with a verdict, figures, and a report of both.

A reproduction is a file `reproductions/NAME.py`:

    from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction

    @reproduction("NAME", "What it reproduces")
    def run(context: Context) -> None:
        ...
        context.figure(fig, "figure.png", "What the figure shows.")
        context.add(Metric.close("log Z", value, exact, 0.01, justification="..."))

    if __name__ == "__main__":
        main_for("NAME")

Nothing here imports TensorFlow.
"""

from __future__ import annotations

from boltzmann_tf._support.series import Series
from boltzmann_tf.reproduction.context import PRESETS, Context
from boltzmann_tf.reproduction.diagnostics import (
    Diagnostic,
    chain_columns,
    diagnose,
    weight_columns,
)
from boltzmann_tf.reproduction.index import write_index
from boltzmann_tf.reproduction.metrics import Metric
from boltzmann_tf.reproduction.numbers import Numbers
from boltzmann_tf.reproduction.presets import Plan, by_preset
from boltzmann_tf.reproduction.registry import Reproduction, discover, load, names, reproduction
from boltzmann_tf.reproduction.runner import main_for, reproduce_all, run_reproduction
from boltzmann_tf.reproduction.targets import Targets, family_limit

__all__ = [
    "PRESETS",
    "Context",
    "Diagnostic",
    "Metric",
    "Numbers",
    "Plan",
    "Reproduction",
    "Series",
    "Targets",
    "by_preset",
    "chain_columns",
    "diagnose",
    "discover",
    "family_limit",
    "load",
    "main_for",
    "names",
    "reproduce_all",
    "reproduction",
    "run_reproduction",
    "weight_columns",
    "write_index",
]
