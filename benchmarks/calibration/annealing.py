"""Annealing with and without resampling, of a quartic well whose log Z is a quadrature."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import tensorflow as tf
from scipy.integrate import quad

import boltzmann_tf as bg
from benchmarks.calibration.case import Case, Measured
from boltzmann_tf import estimators, sampling

__all__ = ["CASES"]

BATCH = 64


class _Quartic(bg.System):
    """u = x^4 / 4 - x^2: two wells that a standard normal covers poorly."""

    event_shape = (1,)

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        return 0.25 * x[..., 0] ** 4 - x[..., 0] ** 2


def _annealed(batches: int, resample_below: float, seeds: range) -> Iterator[sampling.Annealed]:
    """Runs of so many independent batches; all runs are one call."""
    generator = bg.BoltzmannGenerator(_Quartic(), bg.bijectors.Scaling(1))
    n = len(seeds) * batches * BATCH
    found = sampling.anneal(
        generator, n, n_steps=6, resample_below=resample_below, batch_size=BATCH
    )
    size = batches * BATCH
    for i in range(len(seeds)):
        own = slice(i * size, (i + 1) * size)
        parts = {
            name: getattr(found, name)[own]
            for name in ("z", "x", "energy", "log_weight", "bias", "ancestor")
        }
        yield found._replace(**parts, batch=found.batch[own] - i * batches)


@functools.cache
def _log_z() -> float:
    return math.log(quad(lambda x: math.exp(x**2 - 0.25 * x**4), -10, 10)[0])


def _independent(batches: int, seeds: range) -> Iterator[Measured]:
    for one in _annealed(batches, 0.0, seeds):
        yield Measured(*estimators.log_z(one.log_weight), _log_z())


def _resampled(batches: int, seeds: range) -> Iterator[Measured]:
    for one in _annealed(batches, 0.9, seeds):
        yield Measured(*one.log_z(), _log_z(), batches - 1)


CASES = (
    Case.of("anneal and log_z", "without resampling, 512 samples", _independent, 8),
    Case.of(
        "anneal and Annealed.log_z", f"resampled below 0.9, 16 batches of {BATCH}", _resampled, 16
    ),
)
