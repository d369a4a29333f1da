"""What a cluster is judged by: Monte Carlo against what is known, and starts against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import analysis
from boltzmann_tf.estimators import Estimate, mean_with_error
from boltzmann_tf.reproduction import Context, Series, Targets
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.simulations import Reference, histogram
from boltzmann_tf.reproductions.published import published

SOME = 1e-3  # probability of a bin from which its share is compared
QUADRATURE = "quadrature, boltzmann_tf.exact"
EXACT = {"mean energy (kT)": "mean_energy", "log Z": "log_z"}  # methods of a system's exact answers


def known(context: Context, plan: Plan, quantity: str) -> dict[str, tuple[Any, dict[str, str]]]:
    """What a quantity is elsewhere: source -> its value and error, and what a metric says of it."""
    found, exact = {}, plan.system.exact
    if exact is not None and quantity in EXACT:
        value = float(getattr(exact, EXACT[quantity])(1.0))
        found["quadrature"] = (Estimate(value, 0.0), {"source": QUADRATURE})
    for row in published("clusters", context.name):
        if row["quantity"] == quantity:
            said = {"source": row["source"], "reference_kind": "simulation"}
            found["another program"] = (Estimate(row["value"], row["error"]), said)
    return found


def quantities(context: Context, plan: Plan, reference: Reference, log_z: Estimate) -> None:
    """Means and log Z against quadrature and another program; the virial theorem."""
    x, targets = reference.x, Targets(context)
    # The basis of the coordinates is orthonormal.
    found = {
        "mean energy (kT)": mean_with_error(reference.energy),
        "sum of squared distances from the centre": mean_with_error(np.sum(x**2, axis=-1)),
        "log Z": log_z,
    }
    for quantity, value in found.items():
        for source, (other, said) in known(context, plan, quantity).items():
            name = f"{quantity}, against {source}"
            targets.within_errors(name, value, other, headline=True, **said)
    *virial, expected = analysis.virial(x[:, :: max(1, x.shape[1] // 100)], plan.system)
    theorem = targets.of(source="the virial theorem: the number of coordinates")
    theorem.within_errors("mean of x . grad u (kT)", virial, expected)


def agreement(context: Context, plan: Plan, reference: Reference) -> None:
    """Chains of different starts agree, and distances with quadrature where there is one."""
    names, exact = " and ".join(plan.starts), plan.system.exact
    energies = (plan.energies, reference.energies)
    distances = (plan.distances, reference.distances)
    for what, (edges, shares) in {"energies": energies, "distances of pairs": distances}.items():
        one, other = (histogram(edges, half) for half in np.split(shares, 2))
        name = f"histogram of {what}, starts {names}: largest deviation in errors"
        Targets(context, source="each other").scores(name, _scores(one, other))
    if exact is not None:
        found = histogram(*distances)
        quadrature = Series("exact", found.x, exact.pair_probabilities(plan.distances))
        name = "histogram of distances of pairs: largest deviation from quadrature in errors"
        Targets(context, source=QUADRATURE).scores(name, _scores(found, quadrature))


def _scores(found: Series, other: Series) -> np.ndarray:
    """Deviations in errors, of the bins that are not rare."""
    return found.scores(other)[0.5 * (found.value + other.value) > SOME]
