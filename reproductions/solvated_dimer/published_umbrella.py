"""The published umbrella curves: what they agree with, and what they were at T other than 1.

The windows of the authors' data have the bias 200 (d - d_k)^2, and their free energies come from a
chain of Metropolis ratios between neighbours ("BAR" in their code). At T = 1 they are a reference.
At other temperatures they look as if the sampler had divided energy and bias by T, and the ratios
had used the bias undivided, and the result had been divided by T; that is worked out here from our
profiles by quadrature, to be laid beside the published numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf.estimators import Umbrella
from boltzmann_tf.reproductions.published import published

__all__ = ["CENTRES", "PUBLISHED", "STIFFNESS", "Reading", "read_as_published", "repeats"]

PUBLISHED: dict[str, Any] = published("noe2019_dimer")
STIFFNESS = 200.0
CENTRES = np.array(PUBLISHED["umbrella"]["centres"])


def repeats(temperature: float) -> np.ndarray | None:
    """F(open) - F(closed) of the three published repeats, kT; None where there are none."""
    found = PUBLISHED["umbrella_differences"]["values"].get(f"{temperature:g}")
    return None if found is None else np.array(found)


class Reading(NamedTuple):
    """F(open) - F(closed) in kT from window free energies, as published: two sums of exp(-F).

    Attributes:
      right: with the bias divided by T throughout.
      as_published: with the bias undivided in the ratios, and the result divided by T.
    """

    right: float
    as_published: float


def read_as_published(umbrella: Umbrella, temperature: float) -> Reading:
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

    return Reading(difference(chain(temperature)), difference(chain(1.0) / temperature))
