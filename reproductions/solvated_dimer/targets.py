"""What `dimer` and `free_energies` are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Targets
from boltzmann_tf.reproductions.solvated_dimer import measured
from boltzmann_tf.reproductions.solvated_dimer.generators import CLOSED, Trained
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import (
    CENTRES,
    PUBLISHED,
    STIFFNESS,
)
from boltzmann_tf.reproductions.solvated_dimer.reference import STATES, Exchange, Windows
from boltzmann_tf.samples import Samples

DIFFERENCE = "F(open) - F(closed)"
STATED = f"stated error of {DIFFERENCE} (kT)"
UMBRELLA = "umbrella sampling, this run"
LOW = 80.0  # kT: what lies below has no overlaps


def _simulation(context: Context, label: str, source: str = UMBRELLA) -> Targets:
    return Targets(context, label, source, "simulation")


def _published(context: Context, label: str, said: Mapping[str, str]) -> Targets:
    return Targets(context, label, said["source"], "published", said["justification"])


def reference(
    context: Context, windows: Windows, other: Exchange, energies: Mapping[str, np.ndarray]
) -> None:
    """The reference itself: its errors, a second method, the published windows, mean energies."""
    for t in windows.joined:
        p, label = windows.profile(t), f"umbrella sampling, T = {t:g}"
        worst = float(np.max(p.standard_error[measured.compared(p)]))
        name = "largest error of F(d), 0.8 < d < 2.2 (kT)"
        Targets(context, label).at_most(name, worst, 0.05)
    one, second = windows.difference(1.0), other.difference
    targets = Targets(context, "umbrella sampling, T = 1")
    targets.within_errors(
        f"{DIFFERENCE} (kT)",
        one,
        second,
        headline=True,
        reference_kind="simulation",
        source=f"Hamiltonian replica exchange with MBAR, this run (± {second.standard_error:.3f})",
        justification="two independent methods within three combined errors",
    )
    targets.at_most(STATED, one.standard_error, 0.05)
    able = "a second method must be able to disagree"
    targets.of("replica exchange, T = 1", why=able).at_most(STATED, second.standard_error, 0.2)

    said = PUBLISHED["umbrella"]
    gap = said["free_energy"] - windows.joined[1.0].biased_free_energies(CENTRES, STIFFNESS)
    gap -= gap.mean()
    targets = Targets(context, source=said["source"])
    targets.of(why="the mean of six half-loops is off by less than one of them").at_most(
        "published windows at T = 1, RMS of (published - ours) / published deviation",
        float(np.sqrt(np.mean((gap / said["deviation"]) ** 2))),
        1.0,
        widened=False,
    )
    targets.of(why="the published data scatter by 0.13 to 0.55 from window to window").at_most(
        "published windows at T = 1, largest |published - ours| of a window (kT)",
        float(np.max(np.abs(gap))),
        0.3,
    )
    said = PUBLISHED["mean_energies"]
    targets = _published(context, "Monte Carlo, T = 1", said)
    for state in STATES:
        # Walker after walker, as `reference.frames` has them.
        mean = estimators.mean_with_error(energies[state].reshape(64, -1))
        name = f"mean energy {state} (kT)"
        targets.close(name, mean, said[state], said["tolerance"], widened=False)


def coverage(context: Context, samples: Samples, energies: Mapping[str, np.ndarray]) -> None:
    """Ours, spread along d: share and median energy of each region."""
    source = "Monte Carlo, this run; in the transition region at lengths spread evenly"
    targets = _simulation(context, "ours", source)
    for region, inside in measured.regions(samples.x).items():
        Targets(context, "ours").at_least(
            f"share of samples, {region}", float(np.mean(inside)), 0.1
        )
        u = samples.energy[inside].astype(np.float64)
        median = float(np.median(u)) if len(u) else np.nan
        known = float(np.median(energies[region]))
        targets.close(f"median energy, {region} (kT)", median, known, 4.0)


def alone(
    context: Context,
    windows: Windows,
    found: Mapping[float, Mapping[str, measured.Reweighted]],
    scatter: Mapping[float, Sequence[measured.Reweighted]],
) -> None:
    """Profiles of generators without annealing, held to the scatter of the published ones.

    Args:
      context: of the report.
      windows: the reference.
      found: temperature -> name -> what is held.
      scatter: temperature -> what the one that is not ours is an average of; the metric's error.
    """
    for t, series in found.items():
        known = windows.profile(t)
        at = estimators.profile_extrema(known, measured.TOP)
        for name, r in series.items():
            each = [] if name.startswith("ours") else [part.profile for part in scatter[t]]
            for what, of in (
                ("barrier from closed", at.barrier),
                ("open minus closed", at.difference),
            ):
                error = float(np.std([of(profile).value for profile in each])) if each else None
                _simulation(context, name).close(
                    f"{what}, at the extrema of the reference, T = {t:g} (kT)",
                    of(r.profile).value,
                    of(known),
                    1.5 if t == 1 else 2.5,
                    widened=False,
                    standard_error=error,
                    justification="the scatter of the published profiles of figure 3e",
                )


def annealed(
    context: Context, windows: Windows, found: Mapping[float, measured.Reweighted], cost: float
) -> None:
    """Ours with annealing: weights, difference, barrier, profiles; `cost` in that of umbrella."""
    plain, targets = Targets(context, "ours, annealed"), _simulation(context, "ours, annealed")
    one, known, difference = found[1.0], windows.profile(1.0), windows.difference(1.0)
    name = "ESS fraction at T = 1, of the target spread along d"
    plain.at_least(name, one.spread_ess, 0.2, headline=True)
    targets.close(f"{DIFFERENCE} at T = 1 (kT)", one.difference, difference, 0.15, headline=True)
    off = one.difference - difference
    targets.scores("the same, |deviation| in stated errors", [off.value / off.standard_error])
    at = estimators.profile_extrema(known, measured.TOP)
    name = "barrier from closed at T = 1, at the reference's extrema (kT)"
    targets.close(name, at.barrier(one.profile), at.barrier(known), 0.3)
    for t, result in found.items():
        p = windows.profile(t)
        rmse = estimators.profile_rmse(result.profile, p.free_energy, mask=measured.compared(p))
        targets.at_most(f"RMSE of F(d) at T = {t:g}, 0.8 < d < 2.2 (kT)", rmse, 0.3)
    name = "energies over those of umbrella sampling at the same error, T = 1"
    plain.of(source=f"{UMBRELLA}; training not counted").at_most(name, cost, 0.1)


def path(context: Context, highest: float) -> None:
    """The best straight line in latent space."""
    Targets(
        context,
        "ours",
        "Noé et al. 2019, figure 3: no point above about 150 kT",
        why="read off the figure",
    ).at_most(
        "highest energy on the best path from closed to open, 9 points (kT)",
        highest,
        150.0,
        widened=False,
    )


def published(context: Context, trained: Trained, samples: Samples) -> None:
    """The published variant: losses at the end of its schedule, energies, inversion."""
    for term in PUBLISHED["training"]:
        name = {"J_KL": "kl", "J_RC": "rc"}[term["quantity"]]
        _published(context, "published", term).close(
            f"{term['quantity']}, last 100 iterations",
            float(np.nanmean(trained.history[name][-100:])),
            term["value"],
            term["tolerance"],
        )
    targets = Targets(context, "published")
    low, z = float(np.mean(samples.energy < LOW)), samples.z[:10_000]
    targets.at_least(f"share of u < {LOW:g} kT", low, 0.7, widened=False)
    back, _ = trained.generator.to_latent(trained.generator.to_configuration(z)[0])
    error = float(np.max(np.abs(back.numpy() - z)))
    targets.at_most("largest inversion error", error, 1e-4, widened=False)


def equilibrium(context: Context, samples: Samples, closed: np.ndarray) -> None:
    """Ours with the length trained by energy, too; `closed`: energies of Monte Carlo."""
    targets, u = Targets(context, CLOSED), samples.energy
    targets.at_most(
        "J_KL at T = 1, walls once (kT)",
        measured.bound(samples),
        PUBLISHED["bound"]["walls once"],
        slack=5.0,
        source="bound for one order of the solvent, by thermodynamic integration",
        headline=True,
    )
    targets.at_least(f"share of u < {LOW:g} kT", float(np.mean(u < LOW)), 1.0, slack=0.01)
    targets = _simulation(context, CLOSED, "Monte Carlo of the closed state, this run")
    targets.close("median energy (kT)", float(np.median(u)), float(np.median(closed)), 3.0)


def differences(
    context: Context,
    known: Mapping[float, Estimate],
    results: Mapping[str, Mapping[float, Estimate]],
) -> None:
    """Differences of bounds to the published scatter, annealed ones to a target set before."""
    for name, found in results.items():
        targets, tolerance, at = _simulation(context, name), 0.2, tuple(found)
        if name.endswith("bounds"):
            targets = targets.of(why="the published curve's scatter, ±1.5")
            tolerance, at = 1.5, (1.0,)
        for t in at:
            quantity, headline = f"{DIFFERENCE} at T = {t:g} (kT)", t == 1
            targets.close(quantity, found[t], known[t], tolerance, headline=headline)
    half = Targets(context, why="half of what the generators are held to")
    held = {t for found in results.values() for t in found} & {0.5, 1.0, 2.0}
    for t in sorted(held & set(known)):
        error = known[t].standard_error
        half.of(f"umbrella sampling, T = {t:g}").at_most(STATED, error, 0.1)


def pairs(
    context: Context,
    published: Sequence[Mapping[str, Trained]],
    every: Mapping[str, Mapping[str, Trained]],
) -> None:
    """J_KL of the published pairs at the end against those printed; steps skipped of all."""
    said = PUBLISHED["pairs"]
    for state in STATES if published else ():
        ends = [float(np.nanmean(pair[state].history["kl"][-100:])) for pair in published]
        _published(context, f"published, {state}", said).close(
            "J_KL over T = 1, 2, 3, last 100 iterations",
            float(np.mean(ends)),
            said[state]["kl"],
            said["tolerance"],
            widened=False,
        )
    for name, pair in every.items():
        for state, trained in pair.items():
            targets = Targets(context, f"{name}, {state}", why="no gradient may be NaN")
            targets.at_most("steps skipped", trained.history.skipped, 0, widened=False)
