"""The numbers of `nematic`, each beside its target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import exact
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Metric
from reproductions.nematics.finite_size import Extrapolation
from reproductions.nematics.measured import Measured, correlations, pair_order
from reproductions.nematics.plan import CHAIN_TARGETS
from reproductions.nematics.simulations import Simulated

__all__ = [
    "PUBLISHED_TRANSITION",
    "add_chain",
    "add_complete",
    "add_cubic",
    "add_maier_saupe",
    "add_transition",
]

PUBLISHED_TRANSITION = 1.1232  # eps; Fabbri and Zannoni, Mol. Phys. 58, 763 (1986), L = 30
TARGET = "the issue's target; quick: twice as wide"
ERRORS = {"justification": "three standard errors, the issue's target"}


def add_chain(context: Context, measured: Mapping[float, Measured], wide: float) -> None:
    """log Z, energy and correlations at K = 1, 2, 4."""
    source = {"source": "product of one-bond integrals, boltzmann_tf.exact.NematicChain"}
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
        known = [chain.correlation(r, t) for r in range(1, found.system.sites)]
        value, error = correlations(found.vectors, found.log_weight)
        context.add(
            Metric.at_most(
                f"{label}: <P2> at r = 1 .. {len(known)}, largest |deviation| in stated errors",
                float(np.max(np.abs(value - known) / error)),
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
    source = {"source": "quadrature over tensors, boltzmann_tf.exact.FullyConnectedNematic"}
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
        reference_kind="simulation",
        source="replica exchange, this run",
    )
    context.add(
        Metric.at_least(
            f"{label}: smallest ESS fraction",
            min(m.ess for m in measured.values()),
            0.3 / wide,
            justification=TARGET,
        ),
        headline=True,
    )


def add_cubic(
    context: Context, measured: Mapping[float, Measured], simulated: Simulated, wide: float
) -> None:
    """S and u of a cubic lattice, generator against Monte Carlo; the weights' effective size."""
    length = simulated.system.length
    label = f"L = {length}, {len(measured)} T from {min(measured):g} to {max(measured):g}"
    if length < 4:
        for k, name in enumerate(("S", "u")):
            pairs = [(_average(m, k), _average(simulated, k, t)) for t, m in measured.items()]
            _largest(
                context,
                f"{label}: {name}",
                pairs,
                reference_kind="simulation",
                source="replica exchange, this run",
            )
            worst = max(_worst([p[i] for p in pairs], relative=True) for i in (0, 1))
            _at_most(context, f"{label}: relative error of {name}, either", worst, 0.01 * wide)
    least = {2: (0.2, list(measured)), 4: (0.02, [1.0, 1.3])}.get(length)
    if least:
        context.add(
            Metric.at_least(
                f"L = {length}: ESS fraction, the smallest at T = "
                + ", ".join(f"{t:g}" for t in least[1]),
                min(measured[t].ess for t in least[1]),
                least[0] / wide,
                justification=TARGET,
            ),
            headline=True,
        )


def add_transition(context: Context, found: Extrapolation, wide: float) -> None:
    """T_NI of the infinite lattice."""
    context.add(
        Metric.close(
            "T_NI from heat-capacity peaks (eps)",
            found.transition.value,
            PUBLISHED_TRANSITION,
            0.01 * wide,
            standard_error=found.transition.standard_error,
            reference_kind="published",
            source="Fabbri and Zannoni, Mol. Phys. 58, 763 (1986): 1.1232(6)",
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
                source="independent quadrature and root search, shared/reference/exact.md",
                justification="eight digits, the issue's target",
            )
        )


def _average(source: Measured | Simulated, k: int, t: float | None = None) -> Estimate:
    found = source.averages if isinstance(source, Measured) else source.averages[t or 0.0]
    return Estimate(float(found.value[k]), float(found.standard_error[k]))


def _largest(
    context: Context, name: str, pairs: list[tuple[Estimate, Any]], **details: Any
) -> None:
    """The largest deviation from an exact number or another estimate, in (combined) errors."""
    scores = []
    for own, other in pairs:
        value, error = other if isinstance(other, Estimate) else (other, 0.0)
        scores.append(abs(own.value - value) / np.hypot(own.standard_error, error))
    context.add(
        Metric.at_most(
            f"{name}, largest |deviation| in errors", float(max(scores)), 3.0, **details, **ERRORS
        )
    )


def _worst(pairs: list[Any], *, relative: bool = False) -> float:
    """The largest stated error of estimates, or of the first of pairs."""
    each = [p if isinstance(p, Estimate) else p[0] for p in pairs]
    return max(e.standard_error / (abs(e.value) if relative else 1.0) for e in each)


def _at_most(context: Context, name: str, value: float, limit: float) -> None:
    context.add(Metric.at_most(name, value, limit, justification=TARGET))
