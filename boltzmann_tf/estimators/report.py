"""Mode coverage, and the report that shows it beside the effective sample size."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from boltzmann_tf._support.checks import finite_array, instance, positive_int
from boltzmann_tf.estimators._common import (
    Estimate,
    bin_index,
    check_coordinate,
    check_edges,
    check_log_weights,
    resolution_of,
)
from boltzmann_tf.estimators._tails import tail_message
from boltzmann_tf.estimators.weights import (
    LogZBounds,
    bounds_crossed,
    effective_sample_size,
    ess_fraction,
    log_z,
    log_z_bounds,
    pareto_k,
)

__all__ = ["Coverage", "WeightReport", "coverage", "weight_report"]


class Coverage(NamedTuple):
    """How much of the target the generator visits.

    Attributes:
      fraction: reference probability of the bins visited at least `minimum` times, in [0, 1].
      attainable: what an exact sampler with as many samples would show on average. A `fraction`
        well below it is a missed region and not a lack of samples.
      worst_ratio: smallest sample fraction / reference probability over the bins in which an
        exact sampler would expect at least `minimum` samples; 0 is a missed bin, 1 is exact; NaN
        if there is no such bin.
      worst_bin: index of that bin, or -1.
      counts: samples in each bin [bins].
    """

    fraction: float
    attainable: float
    worst_ratio: float
    worst_bin: int
    counts: np.ndarray


def coverage(
    coordinate: ArrayLike,
    *,
    edges: ArrayLike,
    reference_probability: ArrayLike,
    log_weights: ArrayLike | None = None,
    minimum: int = 10,
) -> Coverage:
    """Measures which part of the target's probability the generator visits.

    The samples are counted without their weights: a region is covered when there are samples in
    it to be reweighted. The bins may be fine (a profile) or basins (two or three bins); the worst
    ratio is meant for basins. Two generators with the same effective sample size, one of which
    lost a mode, differ here.

    Args:
      coordinate: reaction coordinate of the generated samples [n].
      edges: bin edges [bins + 1], increasing.
      reference_probability: probability of each bin under the target [bins], >= 0; normalised
        here, so the measure is relative to the range of the edges.
      log_weights: [n] or None; only used to leave out samples of zero weight, which lie outside
        the target's support.
      minimum: samples that make a bin visited.

    Returns:
      the measures, see `Coverage`.

    Examples:
      >>> x = np.random.default_rng(0).uniform(0, 1, 1000)  # the target is even on [0, 2]
      >>> found = bg.estimators.coverage(x, edges=[0, 1, 2], reference_probability=[0.5, 0.5])
      >>> found.fraction, found.worst_ratio
      (0.5, 0.0)
    """
    values, weights = check_coordinate("coordinate", coordinate, log_weights)
    edges = check_edges("edges", edges)
    probability = finite_array("reference_probability", reference_probability, ndim=1)
    minimum = positive_int("minimum", minimum)
    bins = edges.size - 1
    if probability.size != bins:
        raise ValueError(
            f"reference_probability must have {bins} values, one a bin, got {probability.size}"
        )
    if probability.min() < 0 or probability.sum() <= 0:
        raise ValueError(
            "reference_probability must be >= 0 with a positive sum, got a minimum of "
            f"{probability.min()!r} and a sum of {probability.sum()!r}"
        )
    probability = probability / probability.sum()
    index = bin_index(values[weights > -np.inf], edges)
    counts = np.bincount(index, minlength=bins + 1)[:bins]
    attainable = probability * stats.binom.sf(minimum - 1, values.size, probability)
    expected = probability * values.size >= minimum
    if expected.any():
        ratio = np.full(bins, np.inf)
        ratio[expected] = counts[expected] / (probability[expected] * values.size)
        worst_bin = int(ratio.argmin())
        worst = float(ratio[worst_bin])
    else:
        worst_bin, worst = -1, math.nan
    return Coverage(
        fraction=float(probability[counts >= minimum].sum()),
        attainable=float(attainable.sum()),
        worst_ratio=worst,
        worst_bin=worst_bin,
        counts=counts,
    )


@dataclasses.dataclass(frozen=True)
class WeightReport:
    """Everything a set of log-weights says about its generator, in one place.

    Attributes:
      n: samples.
      ess: Kish's effective sample size.
      ess_fraction: `ess` / `n`.
      pareto_k: k-hat of the largest weights.
      log_z: log of the normalisation constant, nats.
      lower: lower bound of log Z (ELBO).
      upper: upper bound of log Z (EUBO), or None without samples of the target.
      coverage: mode coverage, or None where none was measured.
      energy_evaluations: energies computed to get here, training included, or None if not counted.
      zero_weights: samples without weight: their energy is infinite (an overlap, outside a hard
        wall) or NaN.
    """

    n: int
    ess: float
    ess_fraction: float
    pareto_k: float
    log_z: Estimate
    lower: Estimate
    upper: Estimate | None = None
    coverage: Coverage | None = None
    energy_evaluations: int | None = None
    zero_weights: int = 0

    def summary(self) -> str:
        """Returns the report as text; what was not measured is named and not left out."""
        k, none = self.pareto_k, self.zero_weights
        verdict = "unknown" if math.isnan(k) else "good" if k < 0.5 else "ok" if k < 0.7 else "bad"
        if k == -math.inf:
            verdict = "good: no tail"
        log_z_text = _text(self.log_z)
        if tail_message("log_z", k, self.ess, self.n) is not None:
            log_z_text += " (error not to be believed: heavy tail or too few effective samples)"
        upper = _text(self.upper)
        if bounds_crossed(LogZBounds(self.lower, self.upper)) is not None:
            upper += " (below the lower one: no bound, are the references training data?)"
        lines = [
            ("samples", f"{self.n}" + (f", {none} of zero weight" if none else "")),
            ("effective samples", f"{self.ess:.1f} ({self.ess_fraction:.2%})"),
            ("Pareto k-hat", f"{k:.2f} ({verdict})"),
            ("log Z", log_z_text),
            ("lower bound", _text(self.lower)),
            ("upper bound", upper),
        ]
        if self.coverage is None:
            lines.append(("coverage", "not measured: the effective size cannot see a lost mode"))
        else:
            cover = self.coverage
            lines.append(
                (
                    "coverage",
                    f"{cover.fraction:.2%} of the target (attainable {cover.attainable:.2%}), "
                    f"worst bin at {cover.worst_ratio:.3g} of its share",
                )
            )
        spent = self.energy_evaluations
        lines.append(("energy evaluations", "not counted" if spent is None else f"{spent}"))
        return "\n".join(f"{name:<20}{text}" for name, text in lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as numbers, strings and lists; non-finite numbers stay floats."""
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name in ("log_z", "lower", "upper", "coverage"):
            content[name] = None if content[name] is None else content[name]._asdict()
        if content["coverage"] is not None:
            content["coverage"]["counts"] = content["coverage"]["counts"].tolist()
        return content


def _text(estimate: Estimate | None) -> str:
    if estimate is None:
        return "not measured"
    return f"{estimate.value:.4f} +- {estimate.standard_error:.4f}"


def weight_report(
    log_weights: ArrayLike,
    *,
    reference_log_weights: ArrayLike | None = None,
    coverage: Coverage | None = None,
    energy_evaluations: int | None = None,
    resolution: float | None = None,
) -> WeightReport:
    """Collects the diagnostics of a set of log-weights.

    A `CalibrationWarning` says where the error of log Z or the bounds are not to be believed, as
    `log_z` and `log_z_bounds` do; the summary says so too.

    Args:
      log_weights: [n] of samples of the generator.
      reference_log_weights: [m] at independent samples of the target, unseen in training, for the
        upper bound.
      coverage: result of `coverage`.
      energy_evaluations: energies spent, training and these samples together.
      resolution: rounding of a log-weight in kT, such as `Samples.resolution`; None for that of
        the array's dtype.

    Returns:
      a `WeightReport`.
    """
    values = check_log_weights("log_weights", log_weights)
    if coverage is not None:
        instance("coverage", coverage, Coverage)
    if energy_evaluations is not None:
        energy_evaluations = positive_int("energy_evaluations", energy_evaluations, minimum=0)
    rounding = resolution_of(log_weights, values, resolution)
    bounds = log_z_bounds(values, reference_log_weights, resolution=rounding)
    ess = effective_sample_size(values)
    return WeightReport(
        n=values.size,
        ess=ess,
        ess_fraction=ess_fraction(values),
        pareto_k=pareto_k(values, resolution=rounding),
        log_z=log_z(values, resolution=rounding),
        lower=bounds.lower,
        upper=bounds.upper,
        coverage=coverage,
        energy_evaluations=energy_evaluations,
        zero_weights=int(np.count_nonzero(np.isneginf(values))),
    )
