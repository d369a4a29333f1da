"""Whether a Monte Carlo kernel leaves its target invariant: exact samples before, the same after.

Independent replicas start from exact samples, move a little, and each statistic is compared with
itself in the same replica: under the target the mean of the differences is zero. What replicas
remember makes these differences small, and the test sharp after a few steps already.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

LIMIT = 6.5
"""Of |z|: 8e-11 for each of some 400 statistics of 30 kernels, 3e-8 together, if normal; they are
means over 1e4 and more independent replicas, whose tails are wider by less than a factor of ten."""

POWER = 9.0
"""What a planted error must reach: another seed would miss the limit once in 160, at 9."""


class Kernel(NamedTuple):
    """A kernel, its target and an error to plant.

    Attributes:
      start: from a seed to exact samples of the target, of any form that `move` takes.
      move: from samples and a seed to samples.
      statistics: from samples to what is compared, `[replicas, k]`.
      plant: puts an error into the package through a `MonkeyPatch`, or returns another `move`.
    """

    start: Callable[[int], Any]
    move: Callable[[Any, int], Any]
    statistics: Callable[[Any], np.ndarray]
    plant: Callable[[pytest.MonkeyPatch], Any]


@functools.lru_cache(maxsize=2)
def _started(kernel: Kernel, seed: int) -> tuple[Any, np.ndarray]:
    """Exact samples and their statistics, which moves do not change."""
    before = kernel.start(seed)
    return before, kernel.statistics(before)


def scores(kernel: Kernel, seed: int, move: Callable | None = None) -> np.ndarray:
    """Mean differences of the statistics in their standard errors, `[k]`; 0 of what cannot move."""
    before, first = _started(kernel, seed)
    difference = kernel.statistics((move or kernel.move)(before, seed)) - first
    assert np.any(difference != 0), "nothing moved"
    spread = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    return np.divide(difference.mean(axis=0), spread, out=np.zeros(len(spread)), where=spread > 0)


def both(kernels: dict[str, Kernel]) -> list[Any]:
    """Parameters of a test: each kernel as it is, then with its error."""
    return [
        pytest.param(kernels[name], planted, id=f"{name}{' planted' * planted}")
        for name in kernels
        for planted in (False, True)
    ]


def leaves_its_target(kernel: Kernel, seed: int = 1) -> None:
    """Raises AssertionError unless all statistics stay."""
    found = scores(kernel, seed)
    assert np.all(np.abs(found) < LIMIT), f"target not invariant: z = {found}"


def planted_error_is_seen(kernel: Kernel, patch: pytest.MonkeyPatch, seed: int = 1) -> None:
    """Raises AssertionError unless the same statistics show the planted error."""
    found = scores(kernel, seed, kernel.plant(patch))
    assert np.max(np.abs(found)) > POWER, f"planted error not seen: z = {found}"
