#!/usr/bin/env bash
# TFP's von Mises draws of narrow angles lie on a few hundred places.
#
# Guess: at concentration 1e6 the angles are normal with a standard deviation of 1e-3, where float32
# has numbers 1e-10 apart: nearly all of 200,000 draws are different, and none is exactly 0.
#
# Seen: the sampler (Best and Fisher's) draws the cosine of the angle, near 1, where float32 has steps
# of 6e-8, and returns its arc cosine. Of 200,000 draws 5.5 % are different at concentration 1e4, and
# 0.12 % at 1e6, where one in five is exactly 0; at 1e8 all but one in 10,000 are, and some are NaN.
# In float64 nearly all are different.
#
# Why it matters: stiff angles (bonds, directors in a strong field, circular flows' priors) are sampled
# from a comb. Densities at the samples are finite, means and variances look right to a per cent up to
# 1e6, and distances between samples, histograms with fine bins and entropies are wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0 tf_keras==2.21.0 \
  tensorflow-probability==0.25.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

print("TFP", version("tensorflow-probability"), "TensorFlow", tf.__version__)
n = 200_000
found = {}
print("concentration  dtype    different   exactly 0   NaN   concentration x mean square")
for kappa in (1e4, 1e6, 1e8):
    for dtype in ("float32", "float64"):
        law = tfp.distributions.VonMises(tf.constant(0.0, dtype), tf.constant(kappa, dtype))
        x = law.sample(n, seed=(1, 2)).numpy()
        different, zero, bad = len(np.unique(x)) / n, np.mean(x == 0), int(np.isnan(x).sum())
        found[kappa, dtype] = different
        square = kappa * np.nanmean(x.astype(np.float64) ** 2)
        print(f"{kappa:13.0e}  {dtype}  {different:9.2%}  {zero:9.2%}  {bad:5d}   {square:.3f}")
if found[1e4, "float32"] > 0.2 or found[1e6, "float32"] > 0.02 or found[1e6, "float64"] < 0.99:
    raise SystemExit("CHANGED: float32 draws are no longer on a few places")
PYTHON
