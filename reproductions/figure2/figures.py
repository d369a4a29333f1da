"""The figures that the systems of figure 2 share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting, sampling
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.figure2.case import STATES, Case
from boltzmann_tf.reproductions.figure2.measured import PRIORS, SAMPLES, Found
from boltzmann_tf.training import Ensemble

X = ("x1", "x2")


def potential(context: Context, case: Case, data: np.ndarray) -> None:
    """The potential with the training data, and the exact profile."""
    exact = (case.centers, case.profile, case.label)
    context.figure(
        plotting.potential(*case.surface, by_state(data), labels=X, profile=exact),
        "potential.png",
        "Potential with the training data of the first network (two short Metropolis runs that "
        "never cross the barrier), and the exact free energy along the reaction coordinate.",
    )


def by_state(data: np.ndarray) -> dict[str, np.ndarray]:
    """The two halves of training data."""
    return dict(zip(STATES, np.split(data, 2), strict=True))


def convergence(context: Context, case: Case, found: Found) -> None:
    """Losses against iterations with their exact bounds."""
    bound = case.exact.optimal_kl_loss(1.0)
    context.figure(
        plotting.convergence(
            {name: t.ensemble.members[0].history.values for name, t in found.items()},
            {
                "ml": ("J_ML", case.j_ml, "best for half in each state (exact)"),
                "kl": ("J_KL (kT)", bound, "lower bound (exact)"),
                "rc": ("J_RC", case.rc_loss.minimum, "even coverage (exact)"),
            },
            windows={"kl": case.j_kl_window},
        ),
        "convergence.png",
        "Losses of the first network of each variant (thin: each step; thick: running mean) with "
        "their exact bounds. J_ML lacks the constant (D/2) ln 2 pi, as published; in `ours` it "
        "falls where the data are replaced by others in equilibrium.",
    )


def samples(context: Context, case: Case, found: Found, data: np.ndarray) -> None:
    """Data in latent space and generated configurations, two variants a row."""
    panels = []
    for name, trained in found.items():
        generated = {
            "clouds": {"generated": trained.shown.x[:1000]},
            "labels": X,
            "limits": case.window,
            "landscape": (*case.surface, 20.0),
            "title": f"{name}: generated x",
        }
        panels += [_latent(trained.ensemble, data, f"{name}: data in z"), generated]
    context.figure(
        plotting.scatter_grid([panels[i : i + 4] for i in range(0, len(panels), 4)]),
        "samples.png",
        "Training data mapped to latent space (circles: one, two and three standard deviations of "
        "the prior) and 1000 generated configurations on the potential, T = 1, unweighted.",
        thumbnail=True,
    )


def modes(context: Context, ensembles: Sequence[Ensemble], data: np.ndarray) -> None:
    """Figure S2: the data in latent space after each training mode."""
    context.figure(
        plotting.scatter_grid([[_latent(each, data, each.name) for each in ensembles]]),
        "training_modes.png",
        "Figure S2: where the training data lie in latent space after each of the four modes. "
        "The energy loss alone sends a state that it lost far out; the likelihood holds it.",
    )


def _latent(ensemble: Ensemble, data: np.ndarray, title: str) -> dict[str, Any]:
    """A panel of about a thousand training configurations in the latent space of one network."""
    z = ensemble.use().to_latent(data)[0].numpy()
    step = max(1, len(z) // 1000)
    return {
        "clouds": {state: part[::step] for state, part in by_state(z).items()},
        "labels": ("z1", "z2"),
        "limits": ((-4, 4), (-4, 4)),
        "circles": True,
        "title": title,
    }


def energies(context: Context, case: Case, found: Found, monte_carlo: np.ndarray) -> None:
    """Energies beside conventional Monte Carlo and the exact density."""
    low = min(point.energy for point in case.exact.minima())
    edges = np.linspace(low, low + 14, 71)
    shown = {name: trained.shown for name, trained in found.items()}
    context.figure(
        plotting.energy_histograms(
            {name: s.energy for name, s in shown.items()},
            (edges, case.exact.energy_histogram(edges, 1.0)),
            monte_carlo,
            weights={n: estimators.normalized_weights(s.log_weight) for n, s in shown.items()},
        ),
        "energies.png",
        "Energies of generated configurations, as generated and reweighted, beside conventional "
        "Monte Carlo (its states at their exact weights) and the exact density.",
    )


def profiles(context: Context, case: Case, found: Found) -> None:
    """Reweighted free-energy profiles against the exact one."""
    r, exact, panels = case.centers, case.profile, []
    for name, trained in found.items():
        own = trained.evaluations[0]
        # Aligned where every variant has samples, near the minimum.
        reweighted, generated = (
            estimators.align_profile(profile.free_energy, exact, exact < 3)
            for profile in (own.profile, own.generated)
        )
        error = own.profile.standard_error
        series = [
            Series("exact", r, exact, width=1.2),
            Series("reweighted", r, reweighted, error, "", ".", "blue", width=0.8, size=3),
            Series("as generated", r, generated, style="--", color="red", width=1.0),
        ]
        panels.append(Panel(case.label, "F (kT)", series, name, ylim=(-1.0, 16.0)))
    context.figure(
        plotting.curves(panels, panel=(4.0, 3.3)),
        "free_energy.png",
        f"Free energy along the reaction coordinate at T = 1 from {SAMPLES:,} samples of the first "
        "network of each variant, with one-sigma errors, against the exact profile. Reweighted: "
        f"from the mixture of priors at T = {', '.join(f'{t:g}' for t in PRIORS)}, whose weights "
        "are exact; as generated: from the prior at T = 1.",
    )


def paths(context: Context, case: Case, found: Found, data: np.ndarray) -> None:
    """Latent interpolation between the states."""
    rng = np.random.default_rng(context.seed_of("ends of paths"))
    start, end = (part[rng.integers(len(part), size=10)] for part in by_state(data).values())
    routes, energy = {}, {}
    for name, trained in found.items():
        path = sampling.interpolate(trained.ensemble.use(), start, end, n_points=1000)
        routes[name], energy[name] = path.x, path.energy
    barrier = max(point.energy for point in case.exact.saddles())
    context.figure(
        plotting.paths(*case.surface, routes, energy, labels=X, barrier=barrier),
        "paths.png",
        "Ten random pairs of training configurations joined by straight lines in latent space, "
        "and the energy at 1000 points along them. Every path crosses the barrier, but a generator "
        "that was not trained on it crosses within so short a piece that few points lie there.",
    )
