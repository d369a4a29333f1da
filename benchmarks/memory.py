"""Memory of a process that trains many small networks, of one architecture and of many.

Also of one long stream of samples. It takes some minutes, so it runs only when asked for by name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

__all__ = ["run"]

TRAININGS, ARCHITECTURES, SAMPLES = 1000, 30, 100_000_000

# Each case in a process of its own.
SCRIPT = """
import gc, json, sys
import boltzmann_tf as bg
import numpy as np
case, n = sys.argv[1], int(sys.argv[2])
data = np.random.default_rng(0).standard_normal((100, 2))

def now():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20, len(gc.get_objects())

def generator(seed, width=8, jit=True):
    network = bg.realnvp(2, blocks=1, hidden=(width,), seed=seed)
    return bg.BoltzmannGenerator(bg.systems.DoubleWell(), network, jit_compile=jit)

def train(seed, width=8, jit=True):
    trainer = bg.Trainer(generator(seed, width, jit), jit_compile=jit, steps_per_call=10)
    trainer.fit(data, bg.Stage(50, batch_size=16, kl=1.0), verbose=0)

first, seen = {"trainings": 50, "stream": n // 100}.get(case, 0), 0
if case == "stream":
    for batch in generator(0).sample_batches(n):
        before, seen = seen, seen + len(batch.x)
        if before < first <= seen:
            start = now()
else:
    train(0, jit=case != "architectures_without_xla")
    start = now()
    for i in range(1, n):
        if case == "trainings":
            train(i)
        else:
            train(i, width=8 + i, jit=case == "architectures")
        if i + 1 == first:
            start = now()
end = now()
print(json.dumps({
    "mib_start": start[0], "mib_end": end[0], "growth": end[0] / start[0] - 1,
    "objects_gained": end[1] - start[1], "mib_each": (end[0] - start[0]) / max(n - first, 1),
}))
"""


def run(
    repeats: int = 1,
    trainings: int = TRAININGS,
    architectures: int = ARCHITECTURES,
    samples: int = SAMPLES,
) -> dict[str, Any]:
    """Resident memory before and after, in MiB.

    Args:
      repeats: not used; once says it.
      trainings: of one architecture, from the 50th on.
      architectures: trained once each, with XLA and without: the difference is XLA's.
      samples: in one stream, from a hundredth of them on.

    Returns:
      by case, memory and Python objects.
    """
    del repeats
    cases = {
        "trainings": trainings,
        "architectures": architectures,
        "architectures_without_xla": architectures,
        "stream": samples,
    }
    return {case: _in_process(case, count) for case, count in cases.items()}


def _in_process(case: str, count: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, case, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
