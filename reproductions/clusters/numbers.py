"""The numbers of a cluster: Monte Carlo against what is known, and starts against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Metric
from boltzmann_tf.reproductions.clusters.annealing import Walks
from boltzmann_tf.reproductions.clusters.case import Case, known
from boltzmann_tf.reproductions.clusters.reference import Reference, virial

__all__ = ["add_agreement", "add_known"]

ERRORS = 4.5  # of a difference: a false alarm in 1.5e5
SOME = 1e-3  # probability of a bin from which its share is compared


def add_known(context: Context, case: Case, reference: Reference, walked: Walks) -> None:
    """Means and log Z against quadrature and another program, within both errors."""
    found = {
        "mean energy (kT)": _mean(reference.energy),
        "sum of squared distances from the centre": _mean(reference.square),
        "log Z": walked.both,
    }
    for quantity, value in found.items():
        for source, k in known(case, quantity).items():
            context.add(
                Metric.within_errors(
                    f"{quantity}, against {source}",
                    value.value,
                    float(np.hypot(value.standard_error, k.error)),
                    k.value,
                    errors=ERRORS,
                    reference_kind=k.kind,
                    source=k.source,
                    justification=f"both errors together; {ERRORS} of them, a false alarm in 1.5e5",
                ),
                headline=True,
            )
    x = reference.x
    v = _mean(virial(case.system, x[:, :: max(1, x.shape[1] // 100)]))
    context.add(
        Metric.within_errors(
            "mean of x . grad u (kT)",
            v.value,
            v.standard_error,
            case.system.event_size,
            errors=ERRORS,
            source="the virial theorem: the number of coordinates",
            justification=f"{ERRORS} errors, a false alarm in 1.5e5",
        )
    )


def _mean(values: np.ndarray) -> Estimate:
    """Of `[chains, draws]`."""
    value, error = estimators.mean_with_error(values)
    return Estimate(float(value), float(error))


def add_agreement(context: Context, case: Case, reference: Reference) -> None:
    """Chains of different starts agree, and distances with quadrature where there is one."""
    halves = [
        np.array_split(h, len(case.starts)) for h in (reference.energies, reference.distances)
    ]
    names = " and ".join(case.starts)
    for what, parts in zip(("energies", "distances of pairs"), halves, strict=True):
        context.add(
            Metric.at_most(
                f"histogram of {what}, starts {names}: largest deviation in errors",
                _largest(parts[0], np.mean(parts[-1], axis=0), _error(parts[-1])),
                ERRORS + 0.5,
                source="each other",
                justification=f"bins of probability above {SOME:g}; 5 errors are a false alarm in "
                "1.7e6 a bin",
            )
        )
    if case.system.exact is not None:
        exact = case.system.exact.pair_probabilities(case.distances)
        context.add(
            Metric.at_most(
                "histogram of distances of pairs: largest deviation from quadrature in errors",
                _largest(reference.distances, exact, 0.0),
                ERRORS + 0.5,
                source="quadrature, boltzmann_tf.exact",
                justification=f"bins of probability above {SOME:g}; 5 errors are a false alarm in "
                "1.7e6 a bin",
            )
        )


def _error(shares: np.ndarray) -> np.ndarray:
    """Of the mean over chains, [bins]."""
    return np.std(shares, axis=0, ddof=1) / len(shares) ** 0.5


def _largest(shares: np.ndarray, other: np.ndarray, error: Any) -> float:
    """Largest deviation of the mean over chains from other shares, in both errors."""
    mean = shares.mean(axis=0)
    use = 0.5 * (mean + other) > SOME
    return float(np.max(np.abs(mean - other)[use] / np.hypot(_error(shares), error)[use]))
