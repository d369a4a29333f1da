#!/usr/bin/env bash
# TensorFlow's cache of XLA programs serves code made with fast math to runs that ask for exact
# arithmetic, and a program that was cut short ends every run from then on.
#
# Guess: `--tf_xla_persistent_cache_directory` finds a program again by all that made it, compiler flags
# too; what it cannot read it compiles again and replaces, as caches of compilers do.
#
# Seen: `XLA_FLAGS` are no part of the key. The error term of a two-sum, which fast math simplifies to
# zero, is zero in a run without any flag if a run with fast math has filled the folder, and right in a run
# with fast math if one without has. A file of half its length raises OutOfRangeError wherever the
# function is called, is not replaced, and raises it in the next process again.
#
# Why it matters: compiling a deep flow takes longer than many trainings, so that the cache is tempting
# where the same script runs again and again. Sums that are compensated, and weights that rest on
# log-determinants computed by such sums, then depend on who ran first; and a job that was killed, or a
# full disk, can leave a folder with which nothing runs until somebody thinks of emptying it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow==2.21.0 numpy==2.4.6
cd "$folder"
cat > two_sum.py <<'PYTHON'
import numpy as np
import tensorflow as tf


@tf.function(jit_compile=True)
def error_of_sum(a, b):
    s = a + b
    part = s - a
    return (a - (s - part)) + (b - part)


try:
    a, b = tf.constant([1.0, 3.0]), tf.constant([1e-8, 1e-7])
    print(*(f"{e:.3g}" for e in error_of_sum(a, b).numpy()))
except tf.errors.OpError as error:
    print(type(error).__name__)
PYTHON
run() { # FOLDER [FLAGS]
  TF_CPP_MIN_LOG_LEVEL=3 TF_XLA_FLAGS="--tf_xla_persistent_cache_directory=$1" XLA_FLAGS="${2:-}" \
    "$folder/venv/bin/python" two_sum.py 2>/dev/null
}
fast=--xla_cpu_enable_fast_math=true
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v; print("tensorflow", v("tensorflow"))'
exact=$(run exact_first)
exact_then_fast=$(run exact_first $fast)
plain_fast=$(run fast_first $fast)
fast_then_exact=$(run fast_first)
files=$(find exact_first fast_first -name '*.pb' | wc -l)
for file in exact_first/*.pb; do truncate --size=$(($(stat --format=%s "$file") / 2)) "$file"; done
short=$(stat --format=%s exact_first/*.pb)
cut=$(run exact_first)
again=$(run exact_first)
echo "error of the sum, no flags: $exact"
echo "the same folder, fast math: $exact_then_fast"
echo "another folder, fast math: $plain_fast"
echo "the same folder, no flags: $fast_then_exact"
echo "a file of half its length: $cut, and in the next process: $again"
[ "$files" = 2 ] && [ "$exact" != "0 0" ] && [ "$plain_fast" = "0 0" ] &&
  [ "$exact_then_fast" = "$exact" ] && [ "$fast_then_exact" = "0 0" ] &&
  [ "$cut" = OutOfRangeError ] && [ "$again" = OutOfRangeError ] &&
  [ "$short" = "$(stat --format=%s exact_first/*.pb)" ] ||
  { echo "CHANGED: flags are part of the key, or what is damaged is compiled again"; exit 1; }
