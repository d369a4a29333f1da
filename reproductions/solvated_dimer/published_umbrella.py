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

__all__ = ["PUBLISHED", "Reading", "read_as_published", "window_free_energies"]

PUBLISHED: dict[str, Any] = published("noe2019_dimer")
STIFFNESS = 200.0


def _density(umbrella: Umbrella) -> tuple[np.ndarray, np.ndarray]:
    """Fine grid of d, and log probabilities there at the run's temperature."""
    bins, fine = umbrella.edges.size - 1, umbrella.log_p.size
    grid = np.interp(np.arange(fine + 1), np.arange(bins + 1) * (fine // bins), umbrella.edges)
    return 0.5 * (grid[1:] + grid[:-1]), umbrella.log_p


def window_free_energies(umbrella: Umbrella, centres: np.ndarray) -> np.ndarray:
    """-log of the partition function with the published bias at T = 1, lowest at 0, `[windows]`."""
    d, log_p = _density(umbrella)
    f = -logsumexp(log_p - STIFFNESS * (d - centres[:, None]) ** 2, axis=1)
    return f - f.min()


class Reading(NamedTuple):
    """F(open) - F(closed) in kT from window free energies, as published: two sums of exp(-F).

    Attributes:
      right: with the bias divided by T throughout.
      as_published: with the bias undivided in the ratios, and the result divided by T.
    """

    right: float
    as_published: float


def read_as_published(umbrella: Umbrella, temperature: float, centres: np.ndarray) -> Reading:
    """Works both readings out from a profile at this temperature, without sampling noise.

    Args:
      umbrella: joined windows at `temperature`.
      temperature: T.
      centres: of the published windows.
    """
    d, log_p = _density(umbrella)
    bias = STIFFNESS * (d - centres[:, None]) ** 2
    log_sampled = log_p - bias / temperature
    sampled = np.exp(log_sampled - logsumexp(log_sampled, axis=1, keepdims=True))

    def chain(unit: float) -> np.ndarray:
        work = np.diff(bias, axis=0) / unit  # of window k + 1 over window k
        forward = np.sum(sampled[:-1] * np.minimum(1, np.exp(-work)), axis=1)
        backward = np.sum(sampled[1:] * np.minimum(1, np.exp(work)), axis=1)
        return np.concatenate([[0.0], np.cumsum(-np.log(forward / backward))])

    def difference(f: np.ndarray) -> float:
        is_open = centres >= 1.5
        return float(logsumexp(-f[~is_open]) - logsumexp(-f[is_open]))

    return Reading(difference(chain(temperature)), difference(chain(1.0) / temperature))
