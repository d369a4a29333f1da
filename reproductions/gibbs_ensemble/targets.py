"""What `gibbs` is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import CriticalPoint, Estimates
from boltzmann_tf.reproduction import Context, Series, Targets
from boltzmann_tf.reproductions.gibbs_ensemble.lines import Line
from boltzmann_tf.reproductions.gibbs_ensemble.plan import PLANE
from boltzmann_tf.reproductions.gibbs_ensemble.plane import Plane
from boltzmann_tf.reproductions.gibbs_ensemble.replicas import shares, volumes
from boltzmann_tf.reproductions.gibbs_ensemble.space import Space
from boltzmann_tf.reproductions.published import published

BINS = 128  # of V1
EXACT = "exact sum, boltzmann_tf.exact.GibbsJoint"


def series(source: str, found: Estimates) -> Series:
    """P(N1), or means given N1, over N1."""
    return Series(source, np.arange(len(found.value)), *found)


def free(context: Context, lines: Sequence[Line]) -> None:
    """The ideal gas and rods: 1 / (N + 1)."""
    for line in lines:
        targets = Targets(context, line.name, EXACT)
        each = 1 / (line.known.n + 1)
        found = [series("generator", line.generated())]
        means = [series("generator", line.generated_volumes())]
        if line.simulated is not None:
            found.insert(0, series("Monte Carlo", shares(line.simulated, line.known.n)))
            means.insert(0, series("Monte Carlo", volumes(line.simulated, line.known.n)))
        for own in found:
            name = f"P(N1), {own.source}"
            targets.agree(f"{name}, largest |deviation| from 1/11 in errors", own, each)
            targets.stated(f"{name}, stated relative error", own, 0.01, relative=True)
        for own in means:
            name = f"mean V1 given N1, {own.source}, largest |deviation| in errors"
            targets.agree(name, own, line.known_volumes())
        summed(targets, line)
        targets.at_least("joint ESS fraction", line.ess, 0.98, source="")
        log_z = line.summed.log_z
        targets.close("log Z, summed", log_z, line.known.log_z, 0.002, headline=line.name == "rods")


def summed(targets: Targets, line: Line) -> None:
    """P(N1) by the sum over the generator's Q."""
    error = np.abs(line.summed.number_probabilities() - line.known.number_probabilities())
    targets.at_most("summed P(N1), largest error", float(error.max()), 5e-4)


def kac(context: Context, lines: Mapping[tuple[int, float], Line]) -> None:
    """P(N1, V1), densities and log Z of rods with an attraction."""
    for (n, ratio), line in lines.items():
        targets = Targets(context, line.name, EXACT)
        edges = np.linspace(0, line.known.volume, BINS + 1)
        p, q = line.summed.bin_probabilities(edges), line.known.bin_probabilities(edges)
        distance = 0.5 * float(np.abs(p - q).sum())
        targets.at_most("P(N1, V1) summed, total variation on 128 bins of V1", distance, 0.002)
        targets.at_least("joint ESS fraction", line.ess, 0.95, source="")
        names = ("denser", "thinner")
        for name, found, known in zip(
            names, line.summed.mean_densities, line.known.mean_densities, strict=True
        ):
            targets.close(f"mean density, {name} box", found, known, 0.005 * known)
        shown = (n, ratio) == (20, 0.8)
        targets.close("log Z, summed", line.summed.log_z, line.known.log_z, 0.002, headline=shown)
        if line.simulated is not None:
            rho = line.simulated.density
            each = (rho.max(axis=-1), rho.min(axis=-1))
            means = [estimators.mean_with_error(one) for one in each]
            own = Series("Monte Carlo", [0, 1], *np.array(means).T)
            targets.agree(
                "mean densities, Monte Carlo, largest |deviation| in errors",
                own,
                line.known.mean_densities,
            )
            counted = series("Monte Carlo", shares(line.simulated, n))
            targets.agree(
                "P(N1), Monte Carlo, largest |deviation| in errors",
                counted,
                line.known.number_probabilities(),
            )


def wells(context: Context, line: Line) -> None:
    """Square wells on two rings."""
    targets = Targets(context, line.name, EXACT)
    log_z = estimators.log_z(line.both.log_weight)
    targets.within_errors("log Z", log_z, line.known.log_z, headline=True)
    targets.at_most("stated error of log Z", log_z.standard_error, 0.01, source="")
    if line.simulated is not None:
        targets.agree(
            "P(N1), Monte Carlo, largest |deviation| in errors",
            series("Monte Carlo", shares(line.simulated, line.known.n)),
            line.known.number_probabilities(),
        )


def neighbours(context: Context, lines: Mapping[int, Line]) -> None:
    """Lennard-Jones neighbours with an attraction, T = 1."""
    least = {12: 0.95, 24: 0.7}
    for n, line in lines.items():
        targets = Targets(context, line.name, EXACT)
        targets.at_least("joint ESS fraction", line.ess, least[n], source="", headline=n == 12)
        log_z = estimators.log_z(line.both.log_weight)
        targets.within_errors("log Z", log_z, line.known.log_z)
        if n == 12:
            summed(targets, line)


def tempered(context: Context, lines: Mapping[float, Line]) -> None:
    """One generator for several temperatures."""
    if not lines:
        return
    targets = Targets(context, "one generator for T = 0.7 to 1.3", EXACT)
    least = min(line.ess for line in lines.values())
    targets.at_least("smallest joint ESS fraction of five T", least, 0.6, source="")
    found = {t: estimators.log_z(line.both.log_weight) for t, line in lines.items()}
    targets.agree(
        "log Z at five T, largest |deviation| in errors",
        Series.over("generator", found),
        [line.known.log_z for line in lines.values()],
    )


def plane(context: Context, found: Plane) -> None:
    """The fluid in the plane: annealing against Monte Carlo, and what a generator saves."""
    name = f"plane, N = {PLANE.n}, T = {PLANE.temperature:g}"
    targets = Targets(context, name, "Monte Carlo, this run", "simulation")
    counted = series("Monte Carlo", shares(found.simulated, PLANE.n))
    best = min(found.begun, key=lambda way: way.cost)
    for label, way in (("annealed from the ideal gas", found.ideal[-1]), (best.name, best)):
        own = series(label, way.numbers)
        targets.agree(f"P(N1), {label}, largest |deviation| in combined errors", own, counted)
        targets.stated(f"P(N1), {label}, largest stated error", own, 0.002)
    targets.at_least("joint ESS fraction, the generator alone", found.ess, 0.004, source="a trial")
    share = best.cost / min(way.cost for way in found.ideal)
    targets.at_most(
        "sweeps at the same error, from the generator over from the ideal gas",
        share,
        0.5,
        headline=True,
        source="",
    )


def space(context: Context, runs: Sequence[Space]) -> None:
    """Densities against NIST, and equal pressures and chemical potentials."""
    known = published("gibbs", "lennard_jones")
    for run in runs:
        label = f"space, N = 512, T = {run.temperature:g}"
        targets = Targets(context, label, known["source"], "published")
        state, phases = known["states"][str(run.temperature)], run.phases
        for name, limit in (("vapour", 0.015), ("liquid", 0.003)):
            density = getattr(phases, name).density
            shown = run.temperature == 1.0
            targets.within_errors(f"density, {name}", density, state[name], headline=shown)
            error = density.standard_error / density.value
            targets.at_most(f"stated relative error, {name}", error, limit, source="")
        one, other = phases.vapour, phases.liquid
        own = targets.of(source="the other box", reference_kind="simulation")
        own.within_errors("pressure, liquid and vapour", other.pressure, one.pressure)
        own.within_errors(
            "chemical potential, liquid and vapour",
            other.chemical_potential,
            one.chemical_potential,
        )


def shifted(context: Context, runs: Sequence[Space]) -> None:
    """The fluid cut and shifted at 2.5 against an equation of state."""
    known = published("gibbs", "shifted")
    for run in runs:
        label = f"space, cut and shifted, T = {run.temperature:g}"
        targets = Targets(context, label, known["source"], "published")
        state, phases = known["states"][f"{run.temperature:g}"], run.phases
        liquid, vapour = phases.liquid.density, phases.vapour.density
        targets.close("density, liquid", liquid, state["liquid"], 0.01 * state["liquid"])
        targets.within_errors("density, vapour", vapour, state["vapour"])
        targets.close(
            "density, vapour, within 2 %", vapour, state["vapour"], 0.02 * state["vapour"]
        )


def critical(context: Context, found: CriticalPoint | None) -> None:
    """T_c by rectilinear diameters."""
    if found is not None:
        known = published("gibbs", "lennard_jones")
        targets = Targets(context, "space, critical point", known["source"], "published")
        targets.close("T_c", found.temperature, known["critical_temperature"], 0.03)
