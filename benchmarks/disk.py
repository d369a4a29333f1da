"""Memory of sampling to disk: 10 million weighted configurations with the dimer's 76 coordinates.

It writes 12 GB for a while and takes some minutes, so it runs only when asked for by name.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ["run"]

SAMPLES = 10_000_000

# In a process of its own, whose peak is that of this work alone.
SCRIPT = """
import json, resource, sys, time
from pathlib import Path
import boltzmann_tf  # keeps TensorFlow quiet if it is there first
from benchmarks.peers.ours import Well
from boltzmann_tf import BoltzmannGenerator, commands, realnvp
folder, n = sys.argv[1], int(sys.argv[2])
generator = BoltzmannGenerator(Well(76), realnvp(76, blocks=8, hidden=(200, 200, 200)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
path = Path(folder) / "samples.npz"
commands.write_samples(generator.sample_batches(n), n, path)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({
    "samples": n, "seconds": time.perf_counter() - start, "peak_mib": peak,
    "peak_before_mib": before / 1024, "file_mib": path.stat().st_size / 2**20,
}))
"""


def run(repeats: int = 1, samples: int = SAMPLES) -> dict[str, Any]:
    """Samples to a file in a temporary folder.

    Args:
      repeats: not used; once says it.
      samples: how many.

    Returns:
      seconds, the peak resident memory of the process, and that before it sampled, in MiB.
    """
    del repeats
    with tempfile.TemporaryDirectory(prefix="boltzmann-disk-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, folder, str(samples)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])
