"""The published umbrella curves: what they agree with, and what they were at T other than 1.

The windows of the authors' data have the bias 200 (d - d_k)^2, and their free energies come from a
chain of Metropolis ratios between neighbours ("BAR" in their code). At T = 1 they are a reference.
At other temperatures they look as if the sampler had divided energy and bias by T, and the ratios
had used the bias undivided, and the result had been divided by T; that is worked out here from our
profiles by quadrature, to be laid beside the published numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf.estimators import Estimate, Umbrella
from boltzmann_tf.reproductions.published import published

PUBLISHED: dict[str, Any] = published("noe2019_dimer")
STIFFNESS = 200.0
CENTRES = np.array(PUBLISHED["umbrella"]["centres"])


class Reading(NamedTuple):
    """F(open) - F(closed) in kT from window free energies, as published: two sums of exp(-F)."""

    published: Estimate  # three repeats
    right: float  # ours, with the bias divided by T throughout
    as_published: float  # ours, with the bias undivided in the ratios, and the result divided by T


def readings(joined: Mapping[float, Umbrella]) -> dict[float, Reading]:
    """Of joined windows, at those of their temperatures that are published."""
    repeats = PUBLISHED["umbrella_differences"]["values"]
    found = {}
    for t, umbrella in joined.items():
        if f"{t:g}" in repeats:
            values = np.array(repeats[f"{t:g}"])
            said = Estimate(float(values.mean()), float(values.std(ddof=1)))
            found[t] = Reading(said, *read_as_published(umbrella, t))
    return found


def read_as_published(umbrella: Umbrella, temperature: float) -> tuple[float, float]:
    """Works both readings out from joined windows at T, without sampling noise."""
    bias = STIFFNESS * (umbrella.middles - CENTRES[:, None]) ** 2
    log_sampled = umbrella.log_p - bias / temperature
    sampled = np.exp(log_sampled - logsumexp(log_sampled, axis=1, keepdims=True))

    def chain(unit: float) -> np.ndarray:
        work = np.diff(bias, axis=0) / unit  # of window k + 1 over window k
        forward = np.sum(sampled[:-1] * np.minimum(1, np.exp(-work)), axis=1)
        backward = np.sum(sampled[1:] * np.minimum(1, np.exp(work)), axis=1)
        return np.concatenate([[0.0], np.cumsum(-np.log(forward / backward))])

    def difference(f: np.ndarray) -> float:
        is_open = CENTRES >= 1.5
        return float(logsumexp(-f[~is_open]) - logsumexp(-f[is_open]))

    return difference(chain(temperature)), difference(chain(1.0) / temperature)
