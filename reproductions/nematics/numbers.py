"""The numbers of `nematic`, each beside its target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import norm

from boltzmann_tf import exact
from boltzmann_tf.estimators import Estimate, Extrapolation
from boltzmann_tf.reproduction import Context, Metric
from boltzmann_tf.reproductions.nematics.measured import (
    Measured,
    correlations,
    orientation_density,
    pair_order,
)
from boltzmann_tf.reproductions.nematics.plan import CHAIN_TARGETS, ORIENTATION_TARGETS
from boltzmann_tf.reproductions.nematics.simulations import Simulated
from boltzmann_tf.reproductions.published import published

__all__ = [
    "add_chain",
    "add_complete",
    "add_cubic",
    "add_maier_saupe",
    "add_transition",
    "family_limit",
]

TARGET = "a target set before any run; quick: twice as wide"
CHOSEN = "chosen before the first run; quick: twice as wide"
ERRORS: dict[str, Any] = {"justification": "three standard errors, a target set before any run"}
FALSE_ALARM = 0.003  # of a family of scores, the largest of which is held to a limit
SIMULATION: dict[str, Any] = {
    "reference_kind": "simulation",
    "source": "replica exchange, this run",
}
# Of S, u and C; the larger lattice has a tenth of the effective sample.
RELATIVE_ERRORS = {True: (0.01, 0.01, 0.05), False: (0.03, 0.03, 0.15)}
COUNTED = 20  # vectors in a bin; the mean of fewer is far from normal


def add_chain(context: Context, measured: Mapping[float, Measured], wide: float) -> None:
    """log Z, energy and correlations at K = 1, 2, 4."""
    source: dict[str, Any] = {
        "source": "product of one-bond integrals, boltzmann_tf.exact.NematicChain"
    }
    for t in CHAIN_TARGETS:
        found = measured[t]
        chain = found.system.exact
        label = f"chain of {found.system.sites}, K = {1 / t:g}"
        value, error = found.log_z
        context.add(
            Metric.within_errors(
                f"{label}: log Z", value, error, chain.log_z(t), **source, **ERRORS
            ),
            headline=t == CHAIN_TARGETS[-1],
        )
        _at_most(context, f"{label}: stated error of log Z", error, 0.01 * wide)
        context.add(
            Metric.at_least(f"{label}: ESS fraction", found.ess, 0.5 / wide, justification=TARGET)
        )
        energy = chain.energy(t) / found.system.sites
        value, error = found.averages.value[1], found.averages.standard_error[1]
        context.add(
            Metric.within_errors(
                f"{label}: energy a spin (eps)", value, error, energy, **source, **ERRORS
            )
        )
        name = f"{label}: stated relative error of the energy"
        _at_most(context, name, error / abs(energy), 0.01 * wide, CHOSEN)
        known = [chain.correlation(r, t) for r in range(1, found.system.sites)]
        values, errors = correlations(found.vectors, found.log_weight)
        context.add(
            Metric.at_most(
                f"{label}: <P2> at r = 1 .. {len(known)}, largest |deviation| in stated errors",
                float(np.max(np.abs(values - known) / errors)),
                4.0,
                **source,
                justification="27 correlated numbers in all: a false alarm in 0.2 % of runs",
            )
        )


def add_complete(
    context: Context,
    measured: Mapping[float, Measured],
    simulated: Simulated,
    wide: float,
) -> None:
    """log Z and both order parameters of N spins all bound to all."""
    source: dict[str, Any] = {
        "source": "quadrature over tensors, boltzmann_tf.exact.FullyConnectedNematic"
    }
    spins = simulated.system.sites
    label = f"all with all, N = {spins}, {len(measured)} T / U from {min(measured):g} to "
    label += f"{max(measured):g}"
    log_z, order, biased = [], [], []
    for t, found in measured.items():
        graph = found.system.exact
        log_z.append((found.log_z, graph.log_z(t)))
        order.append((pair_order(found), np.sqrt(graph.pair_order(t))))
        biased.append((_average(found, 0), _average(simulated, 0, t)))
    _largest(context, f"{label}: log Z", log_z, **source)
    _at_most(context, f"{label}: stated error of log Z", _worst(log_z), 0.01 * wide)
    _largest(context, f"{label}: S = sqrt(<P2> of a pair)", order, **source)
    _at_most(
        context, f"{label}: stated relative error of S", _worst(order, relative=True), 0.01 * wide
    )
    _largest(
        context,
        f"{label}: largest eigenvalue of Q",
        biased,
        **SIMULATION,
    )
    worst = _worst([e for p in biased for e in p], relative=True)
    name = f"{label}: relative error of the largest eigenvalue, either"
    _at_most(context, name, worst, 0.01 * wide, CHOSEN)
    _add_orientations(context, f"all with all, N = {spins}", measured, simulated)
    context.add(
        Metric.at_least(
            f"{label}: smallest ESS fraction",
            float(np.min([m.ess for m in measured.values()])),
            0.3 / wide,
            justification=TARGET,
        ),
        headline=True,
    )


def add_cubic(
    context: Context, measured: Mapping[float, Measured], simulated: Simulated, wide: float
) -> None:
    """S, u and C of a cubic lattice, generator against Monte Carlo; the effective size."""
    length = simulated.system.length
    label = f"L = {length}, {len(measured)} T from {min(measured):g} to {max(measured):g}"
    small = length < 4
    for k, name in enumerate(("S", "u", "C")):
        pairs = [(_average(m, k), _average(simulated, k, t)) for t, m in measured.items()]
        named = small and name != "C"  # with a limit of its own, set before any run
        _largest(context, f"{label}: {name}", pairs, family=not named, **SIMULATION)
        worst = _worst([e for p in pairs for e in p], relative=True)
        limit = RELATIVE_ERRORS[small][k] * wide
        name = f"{label}: relative error of {name}, either"
        _at_most(context, name, worst, limit, TARGET if named else CHOSEN)
    least = {2: (0.2, list(measured)), 4: (0.02, [1.0, 1.3])}.get(length)
    if least:
        context.add(
            Metric.at_least(
                f"L = {length}: ESS fraction, the smallest at T = "
                + ", ".join(f"{t:g}" for t in least[1]),
                float(np.min([measured[t].ess for t in least[1]])),
                least[0] / wide,
                justification=TARGET,
            ),
            headline=True,
        )


def add_transition(context: Context, found: Extrapolation, wide: float) -> None:
    """T_NI of the infinite lattice."""
    known = published("nematic", "transition")
    context.add(
        Metric.close(
            "T_NI from heat-capacity peaks (eps)",
            found.transition.value,
            known["value"],
            0.01 * wide,
            standard_error=found.transition.standard_error,
            reference_kind="published",
            source=known["source"],
            justification=TARGET,
        ),
        headline=True,
    )


def add_maier_saupe(context: Context) -> None:
    """The mean field's own transition."""
    theory = exact.MaierSaupe()
    for name, value, reference in (
        ("T_NI / U", theory.transition, 0.220193554924),
        ("S_NI", theory.transition_order, 0.4290290257),
    ):
        context.add(
            Metric.close(
                f"Maier-Saupe: {name}",
                value,
                reference,
                5e-9,
                source="independent quadrature and root search, to ten digits",
                justification="eight digits, a target set before any run",
            )
        )


def _average(source: Measured | Simulated, k: int, t: float | None = None) -> Estimate:
    found = source.averages if isinstance(source, Measured) else source.averages[t or 0.0]
    return Estimate(float(found.value[k]), float(found.standard_error[k]))


def _largest(
    context: Context,
    name: str,
    pairs: list[tuple[Estimate, Any]],
    *,
    family: bool = False,
    **details: Any,
) -> None:
    """The largest deviation from an exact number or another estimate, in (combined) errors.

    Args:
      context: of the report.
      name: of the metric.
      pairs: estimates and what they should be.
      family: hold it to `family_limit`; otherwise to three errors.
      **details: of the metric.
    """
    scores = []
    for own, other in pairs:
        value, error = other if isinstance(other, Estimate) else (other, 0.0)
        scores.append(abs(own.value - value) / np.hypot(own.standard_error, error))
    k = len(scores)
    if family and k > 1:
        limit = family_limit(k)
        why = f"largest of {k}: a false alarm in {FALSE_ALARM:.1%} of runs if independent"
    else:
        limit = 3.0
        chance = 1 - (1 - 2 * norm.sf(limit)) ** k
        why = f"{ERRORS['justification']}; the largest of {k}: a false alarm in {chance:.1%} of "
        why += "runs if independent"
    # NaN, an error that is none, must come through.
    worst = float(np.max(scores))
    name = f"{name}, largest |deviation| in errors"
    context.add(Metric.at_most(name, worst, limit, **details, justification=why))


def family_limit(k: int) -> float:
    """Errors that the largest of k independent scores exceeds in `FALSE_ALARM` of all runs."""
    return float(norm.isf(0.5 * (1 - (1 - FALSE_ALARM) ** (1 / k))))


def _add_orientations(
    context: Context, label: str, measured: Mapping[float, Measured], simulated: Simulated
) -> None:
    """Density of the angle to the director, generator against Monte Carlo, in all bins."""
    edges = np.linspace(0, 1, 21)
    scores = []
    for t in ORIENTATION_TARGETS:
        own = measured[t]
        vectors = simulated.vectors[int(abs(simulated.temperatures - t).argmin())]
        value, error = orientation_density(own.vectors, own.log_weight, edges)
        other, spread = orientation_density(vectors, None, edges)
        enough = other * np.diff(edges) * vectors[..., 0].size >= COUNTED
        scores.append(np.abs(value - other)[enough] / np.hypot(error, spread)[enough])
    flat = np.concatenate(scores)
    context.add(
        Metric.at_most(
            f"{label}: orientation density in {flat.size} bins, largest |deviation| in errors",
            float(np.max(flat)),
            4.0,
            **SIMULATION,
            justification=f"largest of 60 at most: a false alarm in {120 * norm.sf(4):.1%} of runs",
        )
    )


def _worst(pairs: list[Any], *, relative: bool = False) -> float:
    """The largest stated error of estimates, or of the first of pairs."""
    each = [p if isinstance(p, Estimate) else p[0] for p in pairs]
    # NaN comes through, which the built-in maximum may lose.
    return float(np.max([e.standard_error / (abs(e.value) if relative else 1.0) for e in each]))


def _at_most(context: Context, name: str, value: float, limit: float, why: str = TARGET) -> None:
    context.add(Metric.at_most(name, value, limit, justification=why))
