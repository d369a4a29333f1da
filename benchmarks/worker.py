"""One library in a process of its own: takes commands from standard input, answers with times.

Processes of their own, because the libraries do not bear each other (PyTorch's Triton crashes when
it is loaded after TensorFlow), and because a cold start is part of what is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from typing import IO

from benchmarks.work import CHUNK, WORKS

__all__ = ["main"]


def _serve(commands: IO[str], answers: IO[str], label: str, name: str) -> None:
    def answer(**values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    from benchmarks.peers import build

    work = WORKS[name]
    flow = build(label, work)
    flow.steps(1)
    answer(ready=time.time())  # the parent knows when the process started
    for line in commands:
        command, n = json.loads(line)
        if command == "agree":
            # A fresh network, since the first one has been trained.
            log_prob = build(label, work).log_prob(work.data(1, CHUNK))[:8]
            answer(log_prob=log_prob.tolist(), parameters=flow.parameters)
            continue
        x = work.data(1, n) if command == "density" else None
        start = time.perf_counter()
        if x is not None:
            flow.log_prob(x)
        else:
            {"steps": flow.steps, "sample": flow.sample}[command](n)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer(seconds=seconds, peak_mib=peak)


def main() -> None:
    """`python -m benchmarks.worker LABEL WORK`."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        _serve(sys.stdin, answers, *sys.argv[1:3])


if __name__ == "__main__":
    main()
