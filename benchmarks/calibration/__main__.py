"""Puts the table of a finished run into docs/evaluation.md."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from benchmarks.calibration import markdown

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--input", default="benchmarks.json", help="that the run has written")
    path = Path(parser.parse_args().input)
    table = markdown(json.loads(path.read_text(encoding="utf-8"))["calibration"])
    page = PAGE.read_text(encoding="utf-8")
    between = r"(<!-- calibration -->\n).*?(<!-- /calibration -->)"
    new, found = re.subn(between, lambda m: f"{m[1]}\n{table}\n\n{m[2]}", page, flags=re.DOTALL)
    if found != 1:
        raise SystemExit(f"{PAGE} must have one pair of marks <!-- calibration -->, got {found}")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
