"""Fails when this package has become slower beside plain TFP than it was: a step of `.ci/run`.

`python -m benchmarks.guard` measures the small network (D = 2) in both, in alternation, and holds
the ratios against `recorded.json`; `--record` writes it. Ratios of one run, for machines differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.flows import COMMANDS, measure
from benchmarks.peers import OURS

__all__ = ["main"]

RECORDED = Path(__file__).with_name("recorded.json")
PEER, WORK, ROUNDS = "TFP, XLA", "D = 2", 7
LEAST = 0.8  # of the recorded ratio


def main() -> int:
    """Command line; returns 1 if a ratio is below `LEAST` of the recorded one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the ratios instead")
    arguments = parser.parse_args()
    row = measure(WORK, ROUNDS, (OURS, PEER))[PEER]
    ratios = {title: round(row[f"{name}_ratio"], 2) for name, title in COMMANDS.items()}
    if arguments.record:
        RECORDED.write_text(json.dumps(ratios, indent=1) + "\n", encoding="utf-8")
        return 0
    slower = False
    for title, recorded in json.loads(RECORDED.read_text(encoding="utf-8")).items():
        below = ratios[title] < LEAST * recorded
        slower |= below
        verdict = f"below {LEAST} of it" if below else "ok"
        print(f"{title}: {PEER} takes {ratios[title]} of our time, recorded {recorded}: {verdict}")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
