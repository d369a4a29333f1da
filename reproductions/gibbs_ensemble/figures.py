"""Figures of `gibbs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.estimators import CriticalPoint
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.gibbs_ensemble.lines import Line
from boltzmann_tf.reproductions.gibbs_ensemble.plan import KAC, PLANE
from boltzmann_tf.reproductions.gibbs_ensemble.plane import Plane, one_box
from boltzmann_tf.reproductions.gibbs_ensemble.replicas import shares
from boltzmann_tf.reproductions.gibbs_ensemble.space import Space
from boltzmann_tf.reproductions.gibbs_ensemble.targets import series
from boltzmann_tf.reproductions.published import published

SHOWN = 0.8  # T / T_c at which P(N1, V1) is drawn


def numbers(context: Context, lines: Sequence[Line]) -> None:
    """P(N1) of each fluid on a line."""
    panels = []
    for line in lines:
        n = line.known.n
        drawn = [
            Series("exact", np.arange(n + 1), line.known.number_probabilities()),
            series("generator", line.generated()),
        ]
        if line.simulated is not None:
            drawn.append(series("Monte Carlo", shares(line.simulated, n)))
        top = 1.35 * max(float(np.max(s.value)) for s in drawn)
        panels.append(Panel("N1", "P(N1)", drawn, line.name, ylim=(0, top)))
    context.figure(
        plotting.curves(panels, legend="above"),
        "numbers.png",
        "How many particles are in the first of two boxes on a line: exact, by Gibbs-ensemble "
        "Monte Carlo, and by weighted joint states from a generator of one box.",
    )


def volumes(context: Context, lines: Sequence[Line]) -> None:
    """P(V1 | N1) of each fluid on a line, for a few N1."""
    panels = []
    for line in lines:
        n, volume = line.known.n, line.known.volume
        edges, fine = np.linspace(0, volume, 26), np.linspace(0, volume, 251)
        p = line.known.bin_probabilities(fine)
        drawn = []
        for n1 in (1, n // 2, n - 1):
            kind, own = f"N1 = {n1}", line.both.n == n1
            density = p[n1] / p[n1].sum() / np.diff(fine)
            weight = estimators.normalized_weights(line.both.log_weight[own])
            found: list[tuple[str, np.ndarray, np.ndarray | None]] = [
                ("generator", line.both.volume[own], weight)
            ]
            if line.simulated is not None:
                there = line.simulated.n[..., 0] == n1
                found.append(("Monte Carlo", line.simulated.volume[..., 0][there], None))
            drawn.append(Series.binned("exact", fine, density, kind=kind))
            for name, v, w in found:
                drawn.append(Series.density(name, v, edges, weights=w, kind=kind))
        panels.append(Panel("V1", "P(V1 | N1)", drawn, line.name))
    context.figure(
        plotting.curves(panels, legend="above"),
        "volumes.png",
        "The length of the first of two boxes on a line when it holds one, half and all but one "
        "of the particles: exact, by Monte Carlo, and by weighted joint states.",
    )


def kac(context: Context, lines: Mapping[tuple[int, float], Line]) -> None:
    """Two peaks, and densities over T."""
    sizes = sorted({n for n, _ in lines})
    ratios = sorted({ratio for _, ratio in lines})
    peaks = []
    for n in sizes:
        line = lines[n, SHOWN]
        edges, rho = np.linspace(0, 1, 41), line.both.n / line.both.volume
        weight = estimators.normalized_weights(line.both.log_weight)
        drawn = [
            _density_of_box("exact", line.known, edges, kind=f"N = {n}"),
            Series.density("generator", rho, edges, weights=weight, kind=f"N = {n}"),
        ]
        if line.simulated is not None:
            rho = line.simulated.density[..., 0].ravel()
            drawn.append(Series.density("Monte Carlo", rho, edges, kind=f"N = {n}"))
        peaks += drawn
    low = np.linspace(0.65, 0.999, 60)
    ends = np.array([KAC.coexistence(r * KAC.critical_temperature) for r in low])
    turns = np.array([KAC.spinodal(r * KAC.critical_temperature) for r in low])
    both = np.concatenate([low, low[::-1]])
    curves = [
        Series("N infinite", _closed(ends), both, color="black"),
        Series("spinodal", _closed(turns), both, style=":", color="grey"),
    ]
    for n in sizes:
        exactly = np.array([lines[n, r].known.mean_densities for r in ratios])
        found = np.array([lines[n, r].summed.mean_densities for r in ratios])
        t = np.array(ratios * 2)
        curves.append(Series("exact", exactly.T.ravel(), t, kind=f"N = {n}", style="+", size=10))
        curves.append(Series("generator", found.T.ravel(), t, kind=f"N = {n}", style="o", size=4))
    panels = [
        Panel("density of box 1", "probability density", peaks, f"T / T_c = {SHOWN:g}"),
        Panel("mean density of the denser and the thinner box", "T / T_c", curves, "coexistence"),
    ]
    context.figure(
        plotting.curves(panels, panel=(5.0, 4.2)),
        "kac.png",
        "Hard rods with Kac's attraction, van der Waals' fluid when N is large. Left: the density "
        "of one of two boxes has two peaks. Right: mean densities of the denser and the thinner "
        "box, by the exact joint distribution of N particles, by the generator, and in the limit.",
        thumbnail=True,
    )


def _closed(pairs: np.ndarray) -> np.ndarray:
    """Low densities upwards in T, then high ones downwards: one line."""
    return np.concatenate([pairs[:, 0], pairs[::-1, 1]])


def _density_of_box(source: str, joint: Any, edges: np.ndarray, **look: Any) -> Series:
    """The density of N1 / V1, from P(N1, V1) on fine bins."""
    volumes = np.linspace(0, joint.volume, 4001)
    p = joint.bin_probabilities(volumes)
    rho = np.arange(joint.n + 1)[:, None] / (0.5 * (volumes[1:] + volumes[:-1]))
    return Series.density(source, rho.ravel(), edges, weights=p.ravel(), **look)


def plane(context: Context, found: Plane) -> None:
    """P(N1), densities, and what an error takes."""
    n, volume = PLANE.n, PLANE.volume
    best = min(found.begun, key=lambda way: way.cost)
    counted = series("Monte Carlo", shares(found.simulated, n))
    drawn = [counted, series("annealed from the ideal gas", found.ideal[-1].numbers)]
    drawn.append(series("annealed from a generator", best.numbers))
    edges = np.linspace(0, PLANE.densest, 39)
    rho = found.simulated.density.ravel()
    densities = [
        _density_of_box(
            "annealed from the ideal gas", found.reference.joint(n, volume), edges, style="-"
        ),
        Series.density("Monte Carlo", rho, edges),
    ]
    takes = [
        Series(
            name,
            np.array([way.steps for way in ways]),
            np.array([way.cost for way in ways]),
            style=style,
        )
        for name, ways, style in (
            ("annealed from the ideal gas", found.ideal, "o-"),
            ("annealed from a generator", found.begun, "s-"),
        )
    ]
    panels = [
        Panel("N1", "P(N1)", drawn, "two boxes of eight particles"),
        Panel("density of box 1", "probability density", densities, "densities", yscale="log"),
        Panel("sweeps a sample", "sweeps x mean square error", takes, "cost", yscale="log"),
    ]
    context.figure(
        plotting.curves(panels, panel=(4.6, 3.8)),
        "plane.png",
        "The Lennard-Jones fluid in the plane, cut and shifted at 2.5, eight particles in two "
        "boxes. Left: particles in the first box. Middle: densities of the boxes. Right: sweeps "
        "that an error of P(N1) takes, when annealing begins with the ideal gas and with a "
        "generator at three times the temperature.",
    )


def space(
    context: Context,
    runs: Sequence[Space],
    shifted: Sequence[Space],
    critical: CriticalPoint | None,
) -> None:
    """The coexistence curves, and the pressure."""
    known = published("gibbs")
    state = known["equation_of_state"]["states"]
    t = np.array([float(key) for key in state])
    thin, dense, p = (
        np.array([each[k] for each in state.values()]) for k in ("vapour", "liquid", "pressure")
    )
    nist = known["lennard_jones"]["states"]
    pets = known["shifted"]["states"]
    curve = [
        Series("equation of state", *_two(thin, dense, t), color="black"),
        _points("NIST", nist, style="D", color="grey"),
        _found("Monte Carlo", runs, style="o", color="blue"),
    ]  # fmt: skip
    if shifted:
        curve.append(_points("PeTS, cut and shifted", pets, style="s", color="orange"))
        curve.append(_found("Monte Carlo, cut and shifted", shifted, style="x", color="red"))
    if critical is not None:
        rho, error = critical.density.value, critical.temperature
        label = "critical point, from these"
        curve.append(Series(label, [rho], [error.value], [error.standard_error], style="*",
                            color="purple", size=10))  # fmt: skip
    each = {run.temperature: run.phases.vapour.pressure for run in runs}
    liquid = {run.temperature: run.phases.liquid.pressure for run in runs}
    pressures = [
        Series("equation of state", t, p, color="black"),
        Series.over("Monte Carlo, vapour", each, style="o", color="blue"),
        Series.over("Monte Carlo, liquid", liquid, style="x", color="red"),
    ]
    panels = [
        Panel("density (1 / sigma^3)", "T (epsilon)", curve, "coexistence"),
        Panel("T (epsilon)", "pressure (epsilon / sigma^3)", pressures, "vapour pressure"),
    ]
    context.figure(
        plotting.curves(panels, panel=(5.6, 4.6)),
        "space.png",
        "The Lennard-Jones fluid in space, 512 particles in two boxes by Gibbs-ensemble Monte "
        "Carlo (errors are smaller than most symbols), beside NIST's densities and equations of "
        "state. The fluid that is cut and shifted at 2.5 is another one.",
    )


def _two(thin: np.ndarray, dense: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both branches as one line with a gap between them."""
    return np.concatenate([thin, [np.nan], dense]), np.concatenate([t, [np.nan], t])


def _points(name: str, states: Mapping[str, Mapping[str, float]], **look: Any) -> Series:
    t = np.array([float(key) for key in states] * 2)
    rho = [each[k] for k in ("vapour", "liquid") for each in states.values()]
    return Series(name, np.array(rho), t, **look)


def _found(name: str, runs: Sequence[Space], **look: Any) -> Series:
    t = np.array([run.temperature for run in runs] * 2)
    rho = [getattr(run.phases, k).density.value for k in ("vapour", "liquid") for run in runs]
    return Series(name, np.array(rho), t, **look)


def boxes(context: Context, found: Plane, runs: Sequence[Space]) -> None:
    """Pictures of the two boxes."""
    n = PLANE.n
    weight = found.both.log_weight
    best = np.argsort(-weight)[: len(weight) // 2]
    chosen = np.random.default_rng(context.seed_of("pictures")).choice(best, 4, replace=False)
    system = one_box(PLANE.temperature)
    generated = []
    for k in chosen:
        own = (found.both.n[k], n - found.both.n[k])
        volumes = (found.both.volume[k], PLANE.volume - found.both.volume[k])
        condition = np.array(list(zip(own, volumes, strict=True)), np.float64)
        r = system.positions(found.both.x[k], condition)
        generated.append([(r[i, : own[i]], float(volumes[i] ** 0.5)) for i in range(2)])
    simulated = [
        [(found.state.positions(r, k), float(found.state.volume[r, k] ** 0.5)) for k in range(2)]
        for r in range(4)
    ]
    rows = {"generator of one box, drawn by the sum": generated, "Monte Carlo": simulated}
    context.figure(
        plotting.box_pictures(rows),
        "plane_boxes.png",
        f"Two boxes in the plane that share {n} particles and a volume of {PLANE.volume:g}: "
        "drawn from the generator (of the upper half of the weights), and by Monte Carlo.",
    )
    if runs:
        middle = runs[len(runs) // 2]
        picture = [
            (middle.state.positions(0, k), float(middle.state.volume[0, k] ** (1 / 3)))
            for k in range(2)
        ]
        context.figure(
            plotting.box_pictures({f"T = {middle.temperature:g}": [picture]}),
            "space_boxes.png",
            "Vapour and liquid of the Lennard-Jones fluid in their two boxes, which are drawn to "
            "one scale; particles that are further away are lighter.",
        )
