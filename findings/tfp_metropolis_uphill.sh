#!/usr/bin/env bash
# TFP's random-walk Metropolis takes a move 60 kT uphill about once in ten million.
#
# Guess: the chance of such a move is e^-60 = 1e-26, so that no run ever sees one; NumPy, Numba and
# TFP compare the logarithm of a uniform number with the logarithm of the ratio alike.
#
# Seen: with a float32 log-density the uniform number is float32 too, and exactly 0 once in 2^23
# draws. Its logarithm is minus infinity, and any finite ratio is accepted. In 8192 chains of 8192
# steps, 6.7e7 moves all of which would lead 60 kT up, a few are taken. In float64 none is.
#
# Why it matters: rare states get populations that have nothing to do with their energy (1e-7 of the
# moves, however high they lie), in chains that otherwise pass every test.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0 tf_keras==2.21.0 \
  tensorflow-probability==0.25.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import tensorflow as tf
import tensorflow_probability as tfp

print("TFP", version("tensorflow-probability"), "TensorFlow", tf.__version__)


def uphill_moves(dtype, chains=8192, steps=8192):
    """Moves out of x = 0, where u = 0, to anywhere else, where u = 60."""

    def log_prob(x):
        return tf.where(x == 0, tf.zeros_like(x), tf.fill(tf.shape(x), tf.constant(-60.0, dtype)))

    kernel = tfp.mcmc.RandomWalkMetropolis(log_prob)

    start = tf.zeros([chains], dtype)
    results = kernel.bootstrap_results(start)

    def step(i, count):
        seed = tf.random.experimental.stateless_fold_in([1, 2], i)
        _, new = kernel.one_step(start, results, seed=seed)  # always from x = 0
        return i + 1, count + tf.reduce_sum(tf.cast(new.is_accepted, tf.int32))

    def run():
        return tf.while_loop(lambda i, _: i < steps, step, (0, 0))[1]

    run = tf.function(run, jit_compile=True, autograph=False)
    return int(run()), chains * steps


single, moves = uphill_moves(tf.float32)
double, _ = uphill_moves(tf.float64)
print(f"of {moves:.2g} moves 60 kT up: {single} taken in float32, {double} in float64")
if single == 0 or double != 0:
    raise SystemExit("CHANGED: float32 chains no longer take impossible moves, or float64 ones do")
PYTHON
