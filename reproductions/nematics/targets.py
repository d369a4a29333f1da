"""What `nematic` is judged by."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import exact
from boltzmann_tf.estimators import Extrapolation, orientation_density, orientational_correlation
from boltzmann_tf.reproduction import Context, Series, Targets
from boltzmann_tf.reproductions.nematics.measured import Lattice, pair_order
from boltzmann_tf.reproductions.nematics.plan import CHAIN_TARGETS, ORIENTATION_TARGETS
from boltzmann_tf.reproductions.published import published
from boltzmann_tf.sampling import VectorAverages

CHOSEN = "chosen before the first run"
LARGEST = "largest |deviation| in errors"
# Of S, u and C in the small lattices; the larger one has a tenth of the effective sample.
RELATIVE_ERRORS = {True: (0.01, 0.01, 0.05), False: (0.03, 0.03, 0.15)}
LEAST = {2: 0.2, 4: 0.02}  # effective fraction, by L
COUNTED = 20  # vectors in a bin; the mean of fewer is far from normal


def chain(context: Context, found: Lattice) -> None:
    """log Z, energy and correlations at K = 1, 2, 4."""
    known, sites = found.system.exact, found.system.sites
    every = Targets(
        context, source="product of one-bond integrals, boltzmann_tf.exact.NematicChain"
    )
    for t in CHAIN_TARGETS:
        own, targets = found.measured[t], every.of(f"chain of {sites}, K = {1 / t:g}")
        energy = own.averages.energy
        targets.within_errors("log Z", own.log_z, known.log_z(t), headline=t == CHAIN_TARGETS[-1])
        targets.at_most("stated error of log Z", own.log_z.standard_error, 0.01, source="")
        targets.at_least("ESS fraction", own.ess, 0.5, source="")
        targets.within_errors("energy a spin (eps)", energy, known.energy(t) / sites)
        targets.of(why=CHOSEN, source="").at_most(
            "stated relative error of the energy",
            energy.standard_error / abs(known.energy(t) / sites),
            0.01,
        )
        r = np.arange(1, sites)
        targets.agree(
            f"<P2> at r = 1 .. {len(r)}, largest |deviation| in stated errors",
            Series("generator", r, *orientational_correlation(own.vectors, own.log_weight)),
            [known.correlation(int(k), t) for k in r],
        )


def complete(context: Context, found: Lattice) -> None:
    """log Z and both order parameters of N spins all bound to all."""
    known, measured = found.system.exact, found.measured
    targets = Targets(
        context,
        f"all with all, {found.kind}, {len(measured)} T / U from {min(measured):g} to "
        f"{max(measured):g}",
        "quadrature over tensors, boltzmann_tf.exact.FullyConnectedNematic",
    )
    log_z = Series.over("generator", measured, "log_z")
    targets.agree(f"log Z, {LARGEST}", log_z, known.log_z)
    targets.stated("stated error of log Z", log_z, 0.01, source="")
    order = Series.over("generator", measured, lambda m: pair_order(found.system, m))
    targets.agree(
        f"S = sqrt(<P2> of a pair), {LARGEST}", order, lambda t: np.sqrt(known.pair_order(t))
    )
    targets.stated("stated relative error of S", order, 0.01, relative=True, source="")
    biased = Series.over("generator", measured, "averages.order")
    simulated = Series.over("Monte Carlo", found.averages, "order")
    by_simulation = _simulation(targets)
    by_simulation.agree(f"largest eigenvalue of Q, {LARGEST}", biased, simulated)
    by_simulation.of(why=CHOSEN).stated(
        "relative error of the largest eigenvalue, either",
        [biased, simulated],
        0.01,
        relative=True,
    )
    _orientations(by_simulation.of(f"all with all, {found.kind}"), found)
    least = min(m.ess for m in measured.values())
    targets.at_least("smallest ESS fraction", least, 0.3, headline=True, source="")


def cubic(context: Context, found: Lattice) -> None:
    """S, u and C of a cubic lattice, generator against Monte Carlo; the effective size."""
    measured, length = found.measured, found.system.length
    small = length < 4
    targets = _simulation(
        Targets(
            context, f"{found.kind}, {len(measured)} T from {min(measured):g} to {max(measured):g}"
        )
    )
    for name, of, limit in zip("SuC", VectorAverages._fields, RELATIVE_ERRORS[small], strict=True):
        own = Series.over("generator", measured, f"averages.{of}")
        other = Series.over("Monte Carlo", found.averages, of)
        targets.agree(f"{name}, {LARGEST}", own, other)
        # Limits of S and u in small lattices are targets of the reproduction.
        why = targets.why if small and name != "C" else CHOSEN
        targets.of(why=why).stated(
            f"relative error of {name}, either",
            [own, other],
            limit,
            relative=True,
        )
    if length in LEAST:
        at = [1.0, 1.3] if length == 4 else list(measured)
        Targets(context, found.kind).at_least(
            "ESS fraction, the smallest at T = " + ", ".join(f"{t:g}" for t in at),
            min(measured[t].ess for t in at),
            LEAST[length],
            headline=True,
        )


def transition(context: Context, found: Extrapolation) -> None:
    """T_NI of the infinite lattice."""
    known = published("nematic", "transition")
    Targets(context, source=known["source"], reference_kind="published").close(
        "T_NI from heat-capacity peaks (eps)",
        found.transition,
        known["value"],
        0.01,
        headline=True,
    )


def maier_saupe(context: Context) -> None:
    """The mean field's own transition."""
    theory = exact.MaierSaupe()
    targets = Targets(
        context,
        "Maier-Saupe",
        "independent quadrature and root search, to ten digits",
        why="eight digits, a target set before any run",
    )
    targets.close("T_NI / U", theory.transition, 0.220193554924, 5e-9, widened=False)
    targets.close("S_NI", theory.transition_order, 0.4290290257, 5e-9, widened=False)


def _simulation(targets: Targets) -> Targets:
    return targets.of(reference_kind="simulation", source="replica exchange, this run")


def _orientations(targets: Targets, found: Lattice) -> None:
    """Density of the angle to the director, generator against Monte Carlo, in all bins."""
    edges = np.linspace(0, 1, 21)
    middle = 0.5 * (edges[1:] + edges[:-1])
    pairs = []
    for t in ORIENTATION_TARGETS:
        measured, vectors = found.measured[t], found.simulated.vectors[t]
        other = orientation_density(vectors, edges=edges)
        enough = other.value * np.diff(edges) * vectors[..., 0].size >= COUNTED
        generated = orientation_density(measured.vectors, measured.log_weight, edges=edges)
        both = {"generator": generated, "Monte Carlo": other}
        own, simulated = (
            Series(source, middle[enough], value[enough], error[enough])
            for source, (value, error) in both.items()
        )
        pairs.append((own, simulated))
    bins = sum(len(own) for own, _ in pairs)
    targets.agree(f"orientation density in {bins} bins, {LARGEST}", pairs)
