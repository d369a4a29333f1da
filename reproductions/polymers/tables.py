"""Tables of `polymer`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import SizeExponent
from boltzmann_tf.reproduction import Context, diagnose, weight_columns
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.compared import Compared
from boltzmann_tf.reproductions.polymers.solvent import Solvated
from boltzmann_tf.reproductions.polymers.walks import Walked


def weights(context: Context, title: str, every: Iterable[Grown]) -> None:
    """Weights of generators, and what they cost."""
    rows = [
        {"chain": own.name}
        | weight_columns(own.samples.log_weight)
        | {"ms a sample": f"{1e3 * own.seconds / len(own.samples.x):.2g}"}
        for own in every
    ]
    context.table(title, rows)


def sizes(context: Context, pairs: Mapping[str, Compared]) -> None:
    """R_ee^2, R_g^2 and log Z of chains with pairs, by Monte Carlo and by the generator."""
    rows: list[dict[str, Any]] = []
    for name, one in pairs.items():
        own = one.grown
        each = {"Monte Carlo": (one.run.mean, one.log_z), "generator": (own.mean, own.log_z)}
        for source, (mean, of) in each.items():
            rows.append(
                {
                    "chain": name,
                    "by": source,
                    "<R_ee^2>": f"{mean('end_to_end_squared'):.3f}",
                    "<R_g^2>": f"{mean('gyration_squared'):.4f}",
                    "log Z": f"{of:.3f}",
                }
            )
    context.table("Chains whose beads attract or repel each other", rows)


def chains(context: Context, runs: Mapping[str, Simulated]) -> None:
    """How Monte Carlo fared."""
    rows = []
    for name, run in runs.items():
        series = run.info.end_to_end_squared
        ess = float(estimators.chain_ess(series))
        accepted = np.nanmean(run.info.acceptance, axis=0)
        rows.append(
            {
                "chain": name,
                "rounds": f"{series.size:,}",
                "R-hat": diagnose("R-hat", float(estimators.r_hat(series))),
                "effective samples of R_ee^2": f"{ess:.3g}",
                "autocorrelation time (rounds)": f"{series.size / ess:.1f}",
                "CPU seconds for one": f"{run.seconds / ess:.2g}",
                "accepted: beads, pivots, crankshafts, reptation": ", ".join(
                    f"{a:.2f}" for a in accepted
                ),
            }
        )
    context.table("Monte Carlo of chains", rows)


def walks(context: Context, title: str, every: Sequence[Walked]) -> None:
    """What annealing takes."""
    rows = [
        {
            "from": walk.name,
            "sweeps": f"{walk.sweeps}",
            "ESS fraction": diagnose("ESS fraction", walk.ess, n=len(walk.x)),
            "k-hat": diagnose("k-hat", estimators.pareto_k(walk.log_weight)),
            "log Z": f"{estimators.log_z(walk.log_weight):.3f}",
            "CPU ms a sample": f"{1e3 * walk.seconds / len(walk.x):.2g}",
            "CPU ms an effective one": f"{1e3 * walk.seconds / len(walk.x) / walk.ess:.2g}",
        }
        for walk in every
    ]
    context.table(title, rows)


def solvent(context: Context, found: Solvated) -> None:
    """What F(R_ee) takes."""
    use = found.compared()
    error = found.known.standard_error[use]
    rows = [
        {
            "by": "umbrella sampling",
            "energies": f"{found.energies:.3g}",
            "RMS stated error of F(R_ee) (kT)": f"{np.sqrt(np.mean(error**2)):.3f}",
            "RMSE (kT)": "",
        }
    ]
    for walk in (*found.begun, *found.plain):
        profile = found.profile(walk)
        stated = np.sqrt(np.nanmean(profile.standard_error[use] ** 2))
        rmse = found.rmse(walk)
        rows.append(
            {
                "by": f"{walk.name}, {walk.sweeps} sweeps",
                "energies": f"{found.energies_of(walk):.3g}",
                "RMS stated error of F(R_ee) (kT)": f"{stated:.3f}",
                "RMSE (kT)": f"{rmse:.3f}" if np.isfinite(rmse) else "some bins are empty",
            }
        )
    context.table("F(R_ee) of a chain in a solvent, where it is below 6 kT", rows)


def exponents(context: Context, fits: Mapping[str, SizeExponent]) -> None:
    """Fits of the growth of chains."""
    rows = [
        {
            "chain": name,
            "nu": f"{fit.nu:.4f}",
            "A": f"{fit.amplitude:.3f}",
            "B": ", ".join(f"{b:.3f}" for b in fit.corrections),
            "chi^2 a degree": f"{fit.chi_square:.2f}",
        }
        for name, fit in fits.items()
    ]
    title = "<R_ee^2> = A (N - 1)^(2 nu) (1 + B_1 (N - 1)^-0.528 + B_2 (N - 1)^-1)"
    context.table(title, rows)


def what_limits(context: Context, grown: Mapping[str, Grown]) -> None:
    """The spread of log-weights as chains grow."""
    rows = []
    for name, own in grown.items():
        n = len(own.system.chain)
        log_w = own.samples.log_weight
        low, high = np.quantile(log_w, [0.159, 0.841])
        rows.append(
            {
                "chain": name,
                "N": f"{n}",
                "half of the 68 % interval of log w": f"{(high - low) / 2:.2f}",
                "the same over sqrt(N)": f"{(high - low) / 2 / n**0.5:.3f}",
                "ESS fraction": f"{own.ess:.3f}",
            }
        )
    context.table("What limits the effective sample size", rows)
