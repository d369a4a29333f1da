"""Figure 2 of Noé et al. (2019) and its supplement, for any system with two coordinates.

`double_well` and `mueller_brown` say what differs: system, data, networks, schedules, published
values and tolerances. What they share is here: the order of work, the figures and the checks that
both must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from boltzmann_tf import System, estimators, plotting, sampling
from boltzmann_tf.reproduction import Context, Metric
from reproductions.ensembles import Ensemble, Trainers, Variant
from reproductions.evaluation import (
    TEMPERATURES,
    Evaluation,
    Target,
    calibration,
    evaluate,
    median,
)

__all__ = ["Case", "Results", "reproduce"]


@dataclass(frozen=True)
class Case:
    """What differs between the systems of figure 2.

    Attributes:
      system: what is sampled.
      target: reaction coordinate, states and exact answers.
      label: of the reaction coordinate.
      compared: bins of the profile that its RMSE compares.
      variants: in the order of the report; the first two are the published RealNVP runs.
      modes: further training modes for figure S2, one network each; preset paper only.
      data: seed -> training configurations, the first half from the left state.
      window: plotted range of the two coordinates.
      j_ml: best possible J_ML for the training data, or None.
      j_kl_window: plotted range of J_KL.
      profile_window: plotted range of the free energy, in kT.
      barrier: energy of the highest saddle between the end states, in kT.
    """

    system: System
    target: Target
    label: str
    compared: np.ndarray
    variants: Sequence[Variant]
    modes: Sequence[Variant]
    data: Callable[[int], np.ndarray]
    window: tuple[tuple[float, float], tuple[float, float]]
    j_ml: float | None
    j_kl_window: tuple[float, float]
    profile_window: tuple[float, float]
    barrier: float


@dataclass(frozen=True)
class Results:
    """Networks and evaluations by the name of their variant."""

    ensembles: Mapping[str, Ensemble]
    evaluations: Mapping[str, Sequence[Evaluation]]

    def end(self, name: str, term: str) -> float:
        """Median over networks of a loss at the end of training."""
        return median([run.end(term) for run in self.ensembles[name].runs])

    def ess(self, name: str) -> float:
        """Median effective fraction of the weights at T = 1."""
        return median([e.ess[1.0] for e in self.evaluations[name]])

    def gap(self, name: str) -> float:
        """Median of J_KL minus its bound at T = 1."""
        return median([e.gap.value for e in self.evaluations[name]])

    def rmse(self, name: str) -> float:
        """Median RMSE of the profile, in kT."""
        return median([e.rmse for e in self.evaluations[name]])


def reproduce(context: Context, case: Case) -> Results:
    """Trains, evaluates and draws everything that the systems of figure 2 share."""
    data = case.data(context.seed)
    _potential(context, case, data)
    trainers = Trainers(context, case.system)
    chosen = [v for v in case.variants if v.quick or not context.quick]
    ensembles = {v.name: trainers.train(v, case.data) for v in chosen}
    evaluations = {
        name: evaluate(context, e, case.target, case.compared) for name, e in ensembles.items()
    }
    results = Results(ensembles, evaluations)
    context.section("Convergence")
    _convergence(context, case, results)
    context.section("Samples in x and z")
    _samples(context, case, results, data)
    if not context.quick:
        _modes(context, case, trainers, results, data)
    context.section("Energies")
    _energies(context, case, results)
    context.section("Free energies")
    _profiles(context, case, results)
    _differences(context, results, case)
    context.section("Transition paths")
    _paths(context, case, results, data)
    return results


def _surface(case: Case, points: int = 161) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = (np.linspace(*limits, points, dtype=np.float32) for limits in case.window)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, case.system.energy(tf.constant(grid)).numpy().reshape(points, points)


def _potential(context: Context, case: Case, data: np.ndarray) -> None:
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


def _convergence(context: Context, case: Case, results: Results) -> None:
    bound = case.target.exact.optimal_kl_loss(1.0)
    losses = [v.recipe[-1].rc_loss for v in case.variants if getattr(v.recipe[-1], "rc_loss", None)]
    context.figure(
        plotting.convergence(
            {name: e.runs[0].history.values for name, e in results.ensembles.items()},
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


def _samples(context: Context, case: Case, results: Results, data: np.ndarray) -> None:
    half = len(data) // 2
    step = max(1, half // 500)
    rows = []
    for name, ensemble in results.ensembles.items():
        generator = ensemble.use(ensemble.runs[0])
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


def _modes(
    context: Context, case: Case, trainers: Trainers, results: Results, data: np.ndarray
) -> None:
    half = len(data) // 2
    step = max(1, half // 500)
    ensembles = [trainers.train(v, case.data, seeds=1) for v in case.modes]
    ensembles += [results.ensembles[v.name] for v in case.variants[:2]]
    row = []
    for ensemble in ensembles:
        z = ensemble.use(ensemble.runs[0]).to_latent(data)[0].numpy()
        row.append(
            {
                "clouds": {"left": z[:half:step], "right": z[half::step]},
                "labels": ("z1", "z2"),
                "limits": ((-4, 4), (-4, 4)),
                "circles": True,
                "title": ensemble.variant.name,
            }
        )
    context.figure(
        plotting.scatter_grid([row]),
        "training_modes.png",
        "Figure S2: where the training data lie in latent space after each of the four modes. "
        "The energy loss alone sends a state that it lost far out; the likelihood holds it.",
    )


def _energies(context: Context, case: Case, results: Results) -> None:
    exact = case.target.exact
    starts = [np.tile(case.system.initial_state(s), (128, 1)) for s in ("left", "right")]
    chains = sampling.metropolis(
        case.system,
        np.concatenate(starts),
        n_steps=4000,
        stride=20,
        burn_in=1000,
        target_acceptance=0.4,
        step_size=0.2,
        seed=context.seed,
    )
    context.count_energy_evaluations(chains.steps)
    # Each walker stays where it started, so the two halves get the exact weights of the states.
    energy = -chains.log_prob.reshape(2, -1)
    states = [exact.probability(1.0, *s) for s in (case.target.left, case.target.right)]
    rng = np.random.default_rng(context.seed)
    picks = rng.choice(2, 50_000, p=np.array(states) / sum(states))
    monte_carlo = energy[picks, rng.integers(energy.shape[1], size=picks.size)]
    coordinate = case.target.coordinate(chains.configurations).reshape(2, 128, -1)
    context.table(
        "Metropolis reference: many walkers from each state, step tuned in burn-in only",
        [
            {"state": s, **{k: f"{v:.4g}" for k, v in chains.diagnostics(c).items()}}
            for s, c in zip(("left", "right"), coordinate, strict=True)
        ],
    )
    low = float(exact.energy(np.array([m.position for m in exact.minima()])).min())
    edges = np.linspace(low, low + 14, 71)
    generated, weights = {}, {}
    for name, ensemble in results.ensembles.items():
        samples = ensemble.use(ensemble.runs[0]).sample(100_000, seed=context.seed + 1)
        generated[name] = samples.energy
        weights[name] = estimators.normalized_weights(samples.log_weight)
    context.figure(
        plotting.energy_histograms(
            generated, (edges, exact.energy_histogram(edges, 1.0)), monte_carlo, weights=weights
        ),
        "energies.png",
        "Energies of generated configurations, as generated and reweighted, beside conventional "
        "Monte Carlo (its states at their exact weights) and the exact density.",
    )


def _profiles(context: Context, case: Case, results: Results) -> None:
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
        "Free energy along the reaction coordinate at T = 1 from 200 000 samples of the first "
        "network of each variant, with one-sigma errors, against the exact profile.",
    )


def _differences(context: Context, results: Results, case: Case) -> None:
    rows = []
    for name, evaluations in results.evaluations.items():
        for t in TEMPERATURES:
            exact = case.target.exact.free_energy_difference(t)
            values = [e.difference[t] for e in evaluations]
            scores = [abs(v.value - exact) / v.standard_error for v in values]
            rows.append(
                {
                    "variant": name,
                    "T": t,
                    "exact": f"{exact:.4f}",
                    "median": f"{median([v.value for v in values]):.4f}",
                    "median stated error": f"{median([v.standard_error for v in values]):.4f}",
                    "largest |z|": f"{max(scores):.1f}",
                    "median ESS": f"{median([e.ess[t] for e in evaluations]):.1%}",
                }
            )
    context.table("Free-energy difference right - left (kT), reweighted", rows)
    context.table(
        "Weights at T = 1 (the effective size cannot see a lost state: read it with the coverage)",
        [
            {
                "variant": name,
                "networks": len(results.ensembles[name].runs),
                "ended in NaN": results.ensembles[name].nan_count,
                "steps skipped": sum(r.history.skipped for r in results.ensembles[name].runs),
                "ESS fraction": f"{results.ess(name):.3f}",
                "Pareto k-hat": f"{median([v.pareto_k for v in e]):.2f}",
                "J_KL above bound": f"{results.gap(name):.4f}",
                "basin coverage": f"{median([v.coverage.fraction for v in e]):.4f}",
                "worst basin ratio": f"{median([v.coverage.worst_ratio for v in e]):.2f}",
                "profile RMSE (kT)": f"{results.rmse(name):.3f}",
                "estimator error as published": _published_error(e),
                "training energies": results.ensembles[name].runs[0].history.energy_evaluations,
            }
            for name, e in results.evaluations.items()
        ],
    )


def _published_error(evaluations: Sequence[Evaluation]) -> str:
    values = [estimators.published_standard_error(e.profile) for e in evaluations]
    return f"{median(values):.3f}"


def _paths(context: Context, case: Case, results: Results, data: np.ndarray) -> None:
    rng = np.random.default_rng(context.seed)
    half = len(data) // 2
    start = data[rng.integers(half, size=10)]
    end = data[half + rng.integers(half, size=10)]
    found = {
        name: sampling.interpolate(e.use(e.runs[0]), start, end, n_points=1000)
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


def add_common_metrics(
    context: Context,
    case: Case,
    results: Results,
    *,
    difference_tolerance: Mapping[str, float],
    temperatures: Sequence[float],
    rmse_tolerance: Mapping[str, float],
    in_errors: Sequence[str],
    calibrated: Sequence[str],
) -> None:
    """Metrics that every system of figure 2 has.

    Args:
      context: to add them to.
      case: the system.
      results: of `reproduce`.
      difference_tolerance: variant -> accepted error of the free-energy difference, in kT.
      temperatures: at which the difference is checked.
      rmse_tolerance: variant -> accepted RMSE of the profile, in kT.
      in_errors: variants whose difference must lie within three stated errors.
      calibrated: variants whose stated errors must be honest over many evaluations.
    """
    exact = case.target.exact
    for name, tolerance in difference_tolerance.items():
        if name not in results.evaluations:
            continue
        for t in temperatures:
            values = [e.difference[t] for e in results.evaluations[name]]
            value = median([v.value for v in values])
            error = median([v.standard_error for v in values])
            reference = exact.free_energy_difference(t)
            context.add(
                Metric.close(
                    f"{name}: ΔF at T = {t:g} (kT)",
                    value,
                    reference,
                    tolerance,
                    standard_error=error,
                    source="quadrature, boltzmann_tf.exact",
                    justification="the issue's target; quick: twice as wide",
                )
            )
            if name in in_errors:
                context.add(
                    Metric.within_errors(
                        f"{name}: ΔF at T = {t:g} within three stated errors (kT)",
                        value,
                        error,
                        reference,
                        source="quadrature, boltzmann_tf.exact",
                        justification="three standard errors of one network's estimate",
                    )
                )
    for name, tolerance in rmse_tolerance.items():
        if name in results.evaluations:
            context.add(
                Metric.at_most(
                    f"{name}: RMSE of the profile (kT)",
                    results.rmse(name),
                    tolerance,
                    source="quadrature, boltzmann_tf.exact",
                    justification="the issue's target; quick: twice as wide",
                )
            )
    scores = []
    for name in calibrated:
        ensemble = results.ensembles[name]
        z = calibration(ensemble.use(ensemble.runs[0]), case.target)
        context.count_energy_evaluations(16_384 * len(z))
        scores.append(z)
        context.add(
            Metric.within(
                f"{name}: standard deviation of 60 z-scores of ΔF",
                float(np.sqrt(np.mean(z**2))),
                0.7,
                1.4,
                reference_kind="exact",
                source="20 evaluation seeds at T = 0.5, 1, 2",
                justification="the issue's range; false alarm below 0.1 % for 60 normal scores",
            )
        )
    for name, ensemble in results.ensembles.items():
        context.add(
            Metric.at_most(
                f"{name}: networks that ended in NaN, of {len(ensemble.runs)}",
                ensemble.nan_count,
                0,
                source="the published code loses about 1 Müller-Brown run in 6",
                justification="none may",
            )
        )
