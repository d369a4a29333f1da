"""The study of a cluster: Monte Carlo against what is known, then a generator beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.clusters.annealing import Walks, anneal
from boltzmann_tf.reproductions.clusters.case import Case, known, quietly
from boltzmann_tf.reproductions.clusters.figures import show_distances, show_energies, show_training
from boltzmann_tf.reproductions.clusters.generated import Generated, bridge, generate
from boltzmann_tf.reproductions.clusters.numbers import add_agreement, add_known
from boltzmann_tf.reproductions.clusters.reference import Reference, simulate, symmetrised

__all__ = ["reproduce"]

ABOUT = """
The generator is a coupling flow over the orthonormal coordinates of the positions without their
mean. It numbers the particles and knows no rotation: it has to learn every order and every
direction of one cluster as if they were different ones. Its effective sample size, k-hat and
coverage are **reported and not judged**: flows that know these symmetries do far better. Where
particles are dense, what it generates is full of clashes; more training by energy would rather make
them fly apart than mend those.

For samples alone a generator does not pay here, whatever its architecture: Monte Carlo by single
particles, or Hamiltonian, makes more effective samples a second (the table is of one run, on a
machine that may do other work). What a generator adds are independent samples of a density that is
known, and so log Z.
"""


def reproduce(context: Context, case: Case) -> None:
    """Runs the study of one cluster."""
    sizes = case.sizes[context.preset]
    context.log("Monte Carlo")
    reference = simulate(context, case, sizes)
    context.log("log Z by annealing, without a network")
    walked = anneal(context, case, sizes, reference)
    generated = generate(context, case, sizes, reference)

    context.section("Monte Carlo")
    context.table("Monte Carlo, all starts together", [chains(case, reference)])
    show_energies(context, case, reference, generated)
    show_distances(context, case, reference, generated)
    context.section("The generator")
    context.text(ABOUT)
    show_training(context, case, generated)
    show_generator(context, case, reference, generated)
    show_log_z(context, case, walked, generated)
    context.section("Numbers")
    add_known(context, case, reference, walked)
    add_agreement(context, case, reference)
    generated.generator.save(context.directory / "generator")
    context.artifact("generator", "the trained generator")


def chains(case: Case, reference: Reference) -> dict[str, Any]:
    """How Monte Carlo fared."""
    u = reference.energy
    return {
        "chains": len(u),
        "measurements of each": u.shape[1],
        "R-hat of u": diagnose("R-hat", float(estimators.r_hat(u))),
        "effective samples": diagnose("effective samples", float(estimators.chain_ess(u))),
        "autocorrelation time (sweeps)": f"{_sweeps(case) * _time(u):.0f}",
        "acceptance": ", ".join(
            f"{a:.2f} (step {s:g})" for a, s in zip(reference.acceptance, case.steps, strict=True)
        ),
    }


def _sweeps(case: Case) -> int:
    return case.stride * len(case.steps)


def _time(u: np.ndarray) -> float:
    return u.size / float(estimators.chain_ess(u))


def show_generator(
    context: Context, case: Case, reference: Reference, generated: Generated
) -> None:
    """Weights beside those of a Gaussian, coverage, and the price of an effective sample."""
    samples = generated.samples
    x = symmetrised(
        case.system, reference.x.reshape(-1, case.system.event_size), 50_000, context.seed + 3
    )
    buys_table(
        context,
        "a Gaussian of the same data",
        [
            (
                {"proposal": "a Gaussian"},
                gaussian(context, case.system, x, len(samples.log_weight)),
            ),
            ({"proposal": "the generator"}, samples.log_weight),
        ],
    )
    name, edges = case.isomers
    c = generated.coverage
    context.table(
        f"Coverage of the {edges.size - 1} bins of {name}, by Monte Carlo's probabilities",
        [
            {
                "covered": f"{c.fraction:.3f}",
                "attainable": f"{c.attainable:.3f}",
                "smallest share over what it should be": f"{c.worst_ratio:.3f}",
                "median u of samples (kT)": f"{np.median(samples.energy):.1f}",
                "of Monte Carlo": f"{np.median(reference.energy):.1f}",
            }
        ],
    )
    found = {
        "Monte Carlo": (float(estimators.chain_ess(reference.energy)), reference.seconds),
        "the generator, its training not counted": (
            len(samples.log_weight) * estimators.ess_fraction(samples.log_weight),
            generated.seconds,
        ),
    }
    context.table(
        "What samples cost, in this run",
        [
            {
                "samples of": name,
                "effective samples": f"{ess:.0f}",
                "seconds": f"{seconds:.1f}",
                "a second": f"{ess / seconds:.3g}",
            }
            for name, (ess, seconds) in found.items()
        ],
    )


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.2e}"


def show_log_z(context: Context, case: Case, walked: Walks, generated: Generated) -> None:
    """log Z by every way there is, beside what it should be."""
    across, shared = bridge(generated)
    weights = quietly(estimators.log_z_bounds, generated.samples.log_weight, generated.reference)
    rows = [
        {"log Z from": f"{name} (known)", "value": f"{k.value:.4f}", "error": f"{k.error:.4f}"}
        for name, k in known(case, "log Z").items()
    ]
    found: dict[str, Estimate | None] = {
        "annealing from a trap": quietly(estimators.log_z, walked.log_weight),
        "annealing from a trap and back": walked.both,
        "weights of the generator": quietly(estimators.log_z, generated.samples.log_weight),
        "lower bound, from its samples": weights.lower,
        "upper bound, from Monte Carlo": weights.upper,
        "BAR between both": across,
    }
    k_hat = estimators.pareto_k(generated.samples.log_weight)
    said: dict[str, Any] = {
        "annealing from a trap": {
            "k-hat": diagnose("k-hat", estimators.pareto_k(walked.log_weight))
        },
        "weights of the generator": {"k-hat": diagnose("k-hat", k_hat)},
        "BAR between both": {"shared samples": f"{shared:.3g}"},
    }
    for name, value in found.items():
        row = {"log Z from": name, "value": "too little overlap", "error": ""}
        if value is not None:
            row |= {"value": _number(value.value), "error": _number(value.standard_error)}
        rows.append(row | said.get(name, {}))
    context.table(
        "log Z with respect to orthonormal coordinates without the mean; the generator's are not "
        "judged",
        rows,
    )
