#!/usr/bin/env bash
# tf.searchsorted compiled by XLA compares everything with everything.
#
# Guess: a binary search, n log n comparisons and memory of the size of its arguments, as without
# XLA; `jit_compile=True` changes speed and rounding and nothing else.
#
# Seen: n values looked up in n edges take n x n comparisons, kept in memory: for n = 32768 the
# process grows by four gigabytes, without XLA by a few megabytes.
#
# Why it matters: systematic resampling (particle filters, sequential Monte Carlo), inverse
# transform sampling and histograms are one searchsorted each; compiled, they fail at sizes at which
# nothing else does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import resource

import numpy as np
import tensorflow as tf

print("TensorFlow", tf.__version__)
N = 32768
edges = tf.constant(np.linspace(0, 1, N, dtype=np.float32))
values = tf.constant(np.random.default_rng(0).random(N, dtype=np.float32))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def search(edges, values):
    return tf.searchsorted(edges, values, side="right")


expected = np.searchsorted(edges.numpy(), values.numpy(), side="right")
grown = {}
for jit in (False, True):
    small = tf.function(search, jit_compile=jit, autograph=False)
    small(edges[:8], values[:8])  # the compiler's own memory
    before = peak()
    compiled = tf.function(search, jit_compile=jit, autograph=False)
    assert np.array_equal(compiled(edges, values), expected)
    grown[jit] = peak() - before
print(f"n = {N}: grown by {grown[False]:.0f} MiB without XLA, {grown[True]:.0f} MiB with it")
if not (grown[False] < 100 and grown[True] > 900):
    raise SystemExit("CHANGED: XLA's searchsorted no longer takes n x n memory")
PYTHON
