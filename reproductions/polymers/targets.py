"""What `polymer` is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from boltzmann_tf import estimators, exact
from boltzmann_tf.estimators import SizeExponent
from boltzmann_tf.reproduction import Context, Series, Targets
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.compared import Compared
from boltzmann_tf.reproductions.polymers.plan import PERIODIC, Effort
from boltzmann_tf.reproductions.polymers.solvent import Solvated
from boltzmann_tf.reproductions.polymers.walks import Walked
from boltzmann_tf.reproductions.published import published

EXACT = "closed forms and quadrature, boltzmann_tf.exact"
COLLAPSED, SELF_AVOIDING = "collapsed", "self-avoiding"
SIZES = {"end_to_end_squared": "<R_ee^2>", "gyration_squared": "<R_g^2>"}


def ideal(context: Context, run: Simulated, grown: Grown) -> None:
    """Sizes of an ideal chain by Monte Carlo and by the generator; log Z; weights."""
    known, n = run.ideal, len(run.system.chain)
    targets = Targets(context, f"ideal chain, N = {n}", EXACT)
    for attribute, quantity in SIZES.items():
        value = getattr(known, attribute)()
        found = {"Monte Carlo": run.mean(attribute), "generator": grown.mean(attribute)}
        for source, own in found.items():
            targets.within_errors(f"{quantity}, {source}", own, value)
            error = own.standard_error / own.value
            targets.at_most(f"{quantity}, {source}, stated relative error", error, 0.005, source="")
    targets.at_least("ESS fraction", grown.ess, 0.99, source="", headline=n == 10)
    targets.close("log Z", grown.log_z, known.log_z(), 0.002, headline=n == 10)


def wrapped(context: Context, run: Simulated) -> None:
    """Bonds of an ideal chain that is folded into a small periodic box."""
    chain = run.ideal  # the same bonds, in open space
    targets = Targets(context, f"ideal chain in a periodic box of {PERIODIC:g}", EXACT)
    own = run.mean("bond_squared")
    targets.within_errors("<b^2>", own, chain.periodic_bond_squared(PERIODIC), headline=True)
    targets.at_most(
        "<b^2>, stated relative error", own.standard_error / own.value, 0.002, source=""
    )


def trimer(context: Context, grown: Grown) -> None:
    """Three beads with Lennard-Jones pairs, by quadrature."""
    known = cast(exact.Trimer, grown.system.exact)
    targets = Targets(context, "trimer", EXACT)
    size = grown.mean("end_to_end_squared")
    targets.within_errors("log Z", grown.log_z, known.log_z())
    targets.within_errors("<R_ee^2>", size, known.end_to_end_squared())
    errors = (grown.log_z.standard_error, size.standard_error / size.value)
    targets.at_most("largest stated error", max(errors), 0.005, source="")
    targets.at_least("ESS fraction", grown.ess, 0.9, source="")


def compared(context: Context, name: str, found: Compared, effort: Effort) -> None:
    """A chain with pairs: a generator beside Monte Carlo, and annealing from it."""
    run, own = found.run, found.grown
    targets = Targets(context, name, "Monte Carlo, this run", "simulation")
    targets.at_least(
        "ESS fraction, the flow alone", own.ess, effort.alone, source="", headline=True
    )
    targets.within_errors("log Z", own.log_z, found.log_z)
    for attribute, quantity in SIZES.items():
        mean = run.mean(attribute)
        targets.within_errors(quantity, own.mean(attribute), mean)
        error = mean.standard_error / mean.value
        targets.at_most(f"{quantity}, Monte Carlo, stated relative error", error, 0.01, source="")
    if effort.annealed and found.begun:
        annealed(context, name, found.begun, found.ideal_chain, effort.annealed)


def solvated(context: Context, found: Solvated | None) -> None:
    """A chain in a solvent: weights, sweeps and F(R_ee)."""
    if found is None:
        return
    name = "chain in a solvent"
    annealed(context, name, found.begun, found.plain, 0.3)
    best = max(found.begun, key=lambda walk: walk.ess)
    targets = Targets(context, name, "umbrella sampling, this run", "simulation")
    targets.at_most("RMSE of F(R_ee) below 6 kT (kT)", found.rmse(best), 0.3, headline=True)
    # By weights alone, of two ways that share nothing.
    log_z = [estimators.log_z(walk.log_weight) for walk in (best, found.plain[-1])]
    targets.within_errors("log Z, from the generator and from the ideal gas", *log_z)


def annealed(
    context: Context,
    label: str,
    begun: Sequence[Walked],
    ideal_chain: Sequence[Walked],
    least: float,
) -> None:
    """Sweeps that it takes from the generator, over those from the ideal chain."""
    targets = Targets(context, label, "annealing from the ideal chain, this run")
    best = max(begun, key=lambda walk: walk.ess)
    targets.at_least("ESS fraction, annealed from the flow", best.ess, least, source="")
    if ideal_chain:
        ratio = best.sweeps / sweeps_for(ideal_chain, best.ess)
        name = "sweeps at the same ESS, from the flow over from the ideal chain"
        targets.at_most(name, ratio, 1 / 3, headline=True)


def sweeps_for(walks: Sequence[Walked], ess: float) -> float:
    """Sweeps at which annealing has an effective fraction, by -log ESS ~ 1 / sweeps."""
    each = [-np.log(walk.ess) * walk.sweeps for walk in walks]
    return float(each[-1] / -np.log(min(ess, 0.999)))


def tempered(
    context: Context, found: Mapping[float, Grown], runs: Mapping[float, Simulated]
) -> None:
    """One generator for many temperatures: weights and heat capacity."""
    if not found:
        return
    targets = Targets(context, "one generator, T = 0.5 to 4", "Monte Carlo, this run", "simulation")
    least = min(own.ess for own in found.values())
    targets.at_least("smallest ESS fraction of six T", least, 0.2, source="", headline=True)
    own, other = heat_capacities(found, runs)
    targets.agree("C(T), largest |deviation| in combined errors", own, other)


def heat_capacities(
    found: Mapping[float, Grown], runs: Mapping[float, Simulated]
) -> tuple[Series, Series]:
    """Var(u) / T^2 of the generator and of Monte Carlo."""
    by_flow, by_runs = {}, {}
    for t, own in found.items():

        def capacity(m: np.ndarray, t: float = t) -> np.ndarray:
            return (m[1] - m[0] ** 2) / t**2

        u, energy = own.samples.energy.astype(np.float64), runs[t].info.energy
        both = np.stack([u, u * u], axis=1)
        by_flow[t] = estimators.weighted_average(both, own.samples.log_weight, function=capacity)
        both = np.stack([energy, energy**2], axis=-1)
        by_runs[t] = estimators.function_of_means(both, capacity)
    return Series.over("generator", by_flow), Series.over("Monte Carlo", by_runs)


def exponent(context: Context, fits: Mapping[str, SizeExponent]) -> None:
    """Flory's exponent of self-avoiding chains, which a collapsed one has not."""
    known = published("polymer", "exponent")
    for name, fit in fits.items():
        targets = Targets(context, f"growth, {name}", known["source"], "published")
        if name == COLLAPSED:
            off = abs(fit.nu.value - known["value"]) / fit.nu.standard_error
            quantity = "nu off that of self-avoiding ones, in errors"
            targets.at_least(quantity, off, 3.0, widened=False)
        elif not context.quick:  # which has too few of them for nu
            targets.close("nu", fit.nu, known["value"], 0.005, headline="N" not in name)
            targets.at_most("nu, stated error", fit.nu.standard_error, 0.003, source="")
