"""The tables of a cluster: chains, weights, coverage, costs, and log Z by every way there is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.estimators import CalibrationWarning, Estimate, effective_sample_size
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.clusters.generators import Generated
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.simulations import Reference
from boltzmann_tf.reproductions.clusters.targets import known

SHARED = 5.0  # samples, from which BAR has an error that can be believed


def chains(context: Context, plan: Plan, reference: Reference) -> None:
    """How Monte Carlo fared."""
    u, ess = reference.energy, float(estimators.chain_ess(reference.energy))
    accepted = zip(reference.acceptance, plan.steps, strict=True)
    row = {
        "chains": len(u),
        "measurements of each": u.shape[1],
        "R-hat of u": diagnose("R-hat", float(estimators.r_hat(u))),
        "effective samples": diagnose("effective samples", ess),
        "autocorrelation time (sweeps)": f"{plan.stride * len(plan.steps) * u.size / ess:.0f}",
        "acceptance": ", ".join(f"{a:.2f} (step {step:g})" for a, step in accepted),
    }
    context.table("Monte Carlo, all starts together", [row])


def weights(context: Context, plan: Plan, reference: Reference, generated: Generated) -> None:
    """Weights beside those of a Gaussian, coverage, and the price of an effective sample."""
    system, own = plan.system, generated.samples.log_weight
    x, seed = reference.x.reshape(-1, system.event_size), context.seed_of("Gaussian, data")
    data = sampling.symmetrised(x, system, 50_000, seed=seed)
    other = gaussian_baseline(system, data, own.size, seed=context.seed_of("Gaussian")).log_weight
    rows = [({"proposal": "a Gaussian"}, other), ({"proposal": "the generator"}, own)]
    context.buys_table("a Gaussian of the same data", rows)
    (name, edges), covered = plan.isomers, generated.coverage
    row = {
        "covered": f"{covered.fraction:.3f}",
        "attainable": f"{covered.attainable:.3f}",
        "smallest share over what it should be": f"{covered.worst_ratio:.3f}",
        "median u of samples (kT)": f"{np.median(generated.samples.energy):.1f}",
        "of Monte Carlo": f"{np.median(reference.energy):.1f}",
    }
    bins = f"the {edges.size - 1} bins of {name}"
    context.table(f"Coverage of {bins}, by Monte Carlo's probabilities", [row])
    by_chains, by_weights = estimators.chain_ess(reference.energy), effective_sample_size(own)
    costs = [
        _cost("Monte Carlo", float(by_chains), reference.seconds),
        _cost("the generator, its training not counted", by_weights, generated.seconds),
    ]
    context.table("What samples cost, in this run", costs)


def _cost(name: str, ess: float, seconds: float) -> dict[str, Any]:
    return {
        "samples of": name,
        "effective samples": diagnose("effective samples", ess),
        "seconds": f"{seconds:.1f}",
        "a second": f"{ess / seconds:.3g}",
    }


def log_z(
    context: Context, plan: Plan, walks: np.ndarray, both: Estimate, generated: Generated
) -> None:
    """By walks from the trap, and back; by the generator; beside what is known."""
    own, held_out = generated.samples.log_weight, generated.held_out
    shared = estimators.bar_overlap(-own, held_out)
    with warnings.catch_warnings():
        # An error that means nothing has a mark beside it.
        warnings.simplefilter("ignore", CalibrationWarning)
        one_way, by_weights = estimators.log_z(walks), estimators.log_z(own)
        lower, upper = estimators.log_z_bounds(own, held_out)
    across = estimators.log_z_bar(own, held_out) if shared >= SHARED else None
    elsewhere = known(context, plan, "log Z").items()
    rows = [
        *(_row(f"{source} (known)", value) for source, (value, _) in elsewhere),
        _row("annealing from a trap", one_way) | _k_hat(walks),
        _row("annealing from a trap and back", both),
        _row("weights of the generator", by_weights) | _k_hat(own),
        _row("lower bound, from its samples", lower),
        _row("upper bound, from Monte Carlo", upper),
        _row("BAR between both", across) | {"shared samples": f"{shared:.3g}"},
    ]
    title = "log Z with respect to orthonormal coordinates without the mean"
    context.table(f"{title}; the generator's are not judged", rows)


def _row(name: str, found: Estimate | None) -> dict[str, Any]:
    if found is None:
        return {"log Z from": name, "value": "too little overlap", "error": ""}
    value, error = (f"{v:.4f}" if abs(v) < 1e4 else f"{v:.2e}" for v in found)
    return {"log Z from": name, "value": value, "error": error}


def _k_hat(log_weight: np.ndarray) -> dict[str, Any]:
    return {"k-hat": diagnose("k-hat", estimators.pareto_k(log_weight))}
