"""Runs the benchmarks, prints a table and writes `benchmarks.json`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import double_well

TARGETS = {
    "steps_per_s": "about 50 on two idle cores",
    "ratio": "at least 2.5",
    "first_step_s": "at most 8",
    "sampling_s": "at most 5",
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", default="benchmarks.json", help="file for the numbers")
    parser.add_argument("--repeats", type=int, default=7, help="alternating pairs")
    arguments = parser.parse_args()
    result = double_well.run(arguments.repeats)
    table = Table("quantity", "value", "target", title="double well, published network, ML + KL")
    for name, value in result.items():
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        table.add_row(name, shown, TARGETS.get(name, ""))
    Console().print(table)
    Path(arguments.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
