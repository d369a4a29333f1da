"""What several tables use."""

from __future__ import annotations

import functools

import numpy as np

import boltzmann_tf as bg
from boltzmann_tf import bijectors, systems

NAN, INF = float("nan"), float("inf")
ONES = np.ones((3, 2))
LINE = np.linspace(-1, 1, 10)
WELL = systems.DoubleWell()


def first(x):
    return x[..., 0]


@functools.cache
def generator():
    return bg.BoltzmannGenerator(WELL, bijectors.Scaling(2))
