"""The figures that the systems of figure 2 share."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import estimators, plotting, sampling, systems
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.ensembles import Trainers
from boltzmann_tf.reproductions.evaluation import PRIORS, SAMPLES
from boltzmann_tf.reproductions.figure2.case import Case, Results

__all__ = ["convergence", "energies", "modes", "paths", "potential", "profiles", "samples"]


def _surface(case: Case, points: int = 161) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = (np.linspace(*limits, points, dtype=np.float32) for limits in case.window)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, case.system.energy(tf.constant(grid)).numpy().reshape(points, points)


def potential(context: Context, case: Case, data: np.ndarray) -> None:
    """The potential with the training data, and the exact profile."""
    context.section("Potential and training data")
    half = len(data) // 2
    centers = 0.5 * (case.target.edges[1:] + case.target.edges[:-1])
    context.figure(
        plotting.potential(
            *_surface(case),
            {"left": data[:half], "right": data[half:]},
            labels=("x1", "x2"),
            profile=(centers, case.target.profile, case.label),
        ),
        "potential.png",
        "Potential with the training data of the first network (two short Metropolis runs that "
        "never cross the barrier), and the exact free energy along the reaction coordinate.",
    )


def convergence(context: Context, case: Case, results: Results) -> None:
    """Losses against iterations with their exact bounds."""
    bound = case.target.exact.optimal_kl_loss(1.0)
    losses = [x for v in case.variants if (x := getattr(v.recipe[-1], "rc_loss", None))]
    context.figure(
        plotting.convergence(
            {name: e.members[0].history.values for name, e in results.ensembles.items()},
            {
                "ml": ("J_ML", case.j_ml, "best for half in each state (exact)"),
                "kl": ("J_KL (kT)", bound, "lower bound (exact)"),
                "rc": ("J_RC", losses[0].minimum, "even coverage (exact)"),
            },
            windows={"kl": case.j_kl_window},
        ),
        "convergence.png",
        "Losses of the first network of each variant (thin: each step; thick: running mean) with "
        "their exact bounds. J_ML lacks the constant (D/2) ln 2 pi, as published; in `ours` it "
        "falls where the data are replaced by others in equilibrium.",
    )


def samples(context: Context, case: Case, results: Results, data: np.ndarray) -> None:
    """Data in latent space and generated configurations."""
    half = len(data) // 2
    step = max(1, half // 500)
    rows = []
    for name, ensemble in results.ensembles.items():
        generator = ensemble.use(ensemble.members[0])
        z = generator.to_latent(data)[0].numpy()
        x = generator.sample(1000, seed=context.seed).x
        rows.append(
            [
                {
                    "clouds": {"left": z[:half:step], "right": z[half::step]},
                    "labels": ("z1", "z2"),
                    "limits": ((-4, 4), (-4, 4)),
                    "circles": True,
                    "title": f"{name}: data in z",
                },
                {
                    "clouds": {"generated": x},
                    "labels": ("x1", "x2"),
                    "limits": case.window,
                    "landscape": (*_surface(case), 20.0),
                    "title": f"{name}: generated x",
                },
            ]
        )
    merged = [sum(rows[i : i + 2], []) for i in range(0, len(rows), 2)]
    if len(merged) > 1 and len(merged[-1]) < len(merged[0]):
        merged[-1] += [{"clouds": {}, "labels": ("", ""), "title": ""}] * 2
    context.figure(
        plotting.scatter_grid(merged),
        "samples.png",
        "Training data mapped to latent space (circles: one, two and three standard deviations of "
        "the prior) and 1000 generated configurations on the potential, T = 1, unweighted.",
        thumbnail=True,
    )


def modes(
    context: Context, case: Case, trainers: Trainers, results: Results, data: np.ndarray
) -> None:
    """Figure S2: the data in latent space after each training mode."""
    half = len(data) // 2
    step = max(1, half // 500)
    ensembles = [trainers.train(v, case.data, seeds=1) for v in case.modes]
    ensembles += [results.ensembles[v.name] for v in case.variants[:2]]
    row = []
    for ensemble in ensembles:
        z = ensemble.use(ensemble.members[0]).to_latent(data)[0].numpy()
        row.append(
            {
                "clouds": {"left": z[:half:step], "right": z[half::step]},
                "labels": ("z1", "z2"),
                "limits": ((-4, 4), (-4, 4)),
                "circles": True,
                "title": ensemble.name,
            }
        )
    context.figure(
        plotting.scatter_grid([row]),
        "training_modes.png",
        "Figure S2: where the training data lie in latent space after each of the four modes. "
        "The energy loss alone sends a state that it lost far out; the likelihood holds it.",
    )


def energies(context: Context, case: Case, results: Results) -> None:
    """Energies beside conventional Monte Carlo and the exact density."""
    exact = case.target.exact
    monte_carlo = in_each_state(context, case)
    low = float(exact.energy(np.array([m.position for m in exact.minima()])).min())
    edges = np.linspace(low, low + 14, 71)
    generated, weights = {}, {}
    for name, ensemble in results.ensembles.items():
        drawn = ensemble.use(ensemble.members[0]).sample(100_000, seed=context.seed + 1)
        generated[name] = drawn.energy
        weights[name] = estimators.normalized_weights(drawn.log_weight)
    context.figure(
        plotting.energy_histograms(
            generated,
            (edges, exact.energy_histogram(edges, 1.0)),
            np.concatenate(monte_carlo),
            weights=weights,
        ),
        "energies.png",
        "Energies of generated configurations, as generated and reweighted, beside conventional "
        "Monte Carlo (its states at their exact weights) and the exact density.",
    )


def in_each_state(context: Context, case: Case) -> list[np.ndarray]:
    """Energies by Metropolis of the density within each state, as many as its exact share."""
    rng = np.random.default_rng(context.seed)
    states = {"left": case.target.left, "right": case.target.right}
    shares = np.array([case.target.exact.probability(1.0, *state) for state in states.values()])
    drawn, rows = [], []
    for (name, state), share in zip(states.items(), shares / shares.sum(), strict=True):
        chains = sampling.metropolis(
            systems.Within(case.system, case.coordinate, state),
            np.tile(case.system.initial_state(name), (128, 1)),
            n_steps=8000,
            stride=20,
            burn_in=1000,
            target_acceptance=0.4,
            step_size=0.2,
            seed=context.seed,
        )
        context.count_energy_evaluations(chains.steps)
        row: dict[str, Any] = {
            "state": name,
            "acceptance": f"{chains.acceptance.mean():.2f}",
            "step": f"{chains.step_size:.3g}",
        }
        coordinate = case.target.coordinate(chains.configurations).reshape(chains.log_prob.shape)
        for of, values in ((case.label, coordinate), ("u", chains.log_prob)):
            found = chains.diagnostics(values)
            row[f"R-hat of {of}"] = diagnose("R-hat", found["r_hat"])
            row[f"effective samples of {of}"] = diagnose("effective samples", found["ess"])
        rows.append(row)
        drawn.append(rng.choice(-chains.log_prob.ravel(), int(50_000 * share)))
    context.table(
        "Metropolis reference: 128 walkers that stay in their state, step tuned in burn-in only",
        rows,
    )
    return drawn


def profiles(context: Context, case: Case, results: Results) -> None:
    """Reweighted free-energy profiles against the exact one."""
    target = case.target
    panels = {}
    for name, evaluations in results.evaluations.items():
        one = evaluations[0]
        # Aligned where every variant has samples, near the minimum.
        aligned = estimators.align_profile(
            one.profile.free_energy, target.profile, target.profile < 3
        )
        proposal = estimators.align_profile(
            one.proposal_profile.free_energy, target.profile, target.profile < 3
        )
        panels[name] = {
            "reweighted": (one.profile.centers, aligned, one.profile.standard_error),
            "as generated": (one.profile.centers, proposal, None),
        }
    centers = 0.5 * (target.edges[1:] + target.edges[:-1])
    context.figure(
        plotting.profiles(
            panels, (centers, target.profile), label=case.label, window=case.profile_window
        ),
        "free_energy.png",
        f"Free energy along the reaction coordinate at T = 1 from {SAMPLES:,} samples of the first "
        "network of each variant, with one-sigma errors, against the exact profile. Reweighted: "
        f"from the mixture of priors at T = {', '.join(f'{t:g}' for t in PRIORS)}, whose weights "
        "are exact; as generated: from the prior at T = 1.",
    )


def paths(context: Context, case: Case, results: Results, data: np.ndarray) -> None:
    """Latent interpolation between the states."""
    rng = np.random.default_rng(context.seed)
    half = len(data) // 2
    start = data[rng.integers(half, size=10)]
    end = data[half + rng.integers(half, size=10)]
    found = {
        name: sampling.interpolate(e.use(e.members[0]), start, end, n_points=1000)
        for name, e in results.ensembles.items()
    }
    context.figure(
        plotting.paths(
            *_surface(case),
            {name: p.x for name, p in found.items()},
            {name: p.energy for name, p in found.items()},
            labels=("x1", "x2"),
            barrier=case.barrier,
        ),
        "paths.png",
        "Ten random pairs of training configurations joined by straight lines in latent space, "
        "and the energy at 1000 points along them. Every path crosses the barrier, but a generator "
        "that was not trained on it crosses within so short a piece that few points lie there.",
    )
