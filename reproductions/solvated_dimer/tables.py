"""The tables of `dimer` and of `free_energies`, and what is to be said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf.estimators import Estimate, Umbrella
from boltzmann_tf.reproduction import Context, diagnose, weight_columns
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted, spread_ess
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import readings
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, EDGES, Exchange, Windows
from boltzmann_tf.sampling import WeightedParticles

DIFFERENCE = "F(open) - F(closed) (kT)"


def umbrella(context: Context, windows: Windows) -> None:
    """How the sampling fared: ladders, two halves, acceptance, exchanges, autocorrelation."""

    def said(parts: list[Umbrella], digits: int) -> str:
        values = [part.free_energy_difference(CUT).value for part in parts]
        return ", ".join(f"{value:.{digits}f}" for value in values)

    rows = []
    for t, own in windows.ladders.items():
        traded = own.info.temperature_exchange
        longest, draws = own.autocorrelation_time, own.info.coordinate[:, 0].size
        row = {
            "T": f"{t:g}",
            DIFFERENCE: f"{windows.difference(t):.3f}",
            "each ladder alone": said(own.each(EDGES, n_blocks=10), 2),
            "first half, second half": said(own.halves(EDGES), 3),
            "windows": str(own.centres.size),
            "energies": f"{own.energy_evaluations:.3g}",
            "acceptance of moves": f"{own.info.acceptance.mean():.2f}",
            "least of exchanges": f"{np.nanmin(own.info.exchange):.2f}",
            "with the next temperature": "–",
            "longest autocorrelation of d (rounds)": diagnose(
                "autocorrelation time", longest, n=draws
            ),
        }
        if np.isfinite(traded).any():
            row["with the next temperature"] = f"{np.nanmean(traded):.2f}"
        rows.append(row)
    context.table(f"Umbrella sampling, {windows.seconds:.0f} s in all", rows)


def published(context: Context, windows: Windows) -> None:
    """The published differences at each temperature beside both readings of our profiles."""
    rows = [
        {
            "T": f"{t:g}",
            "published, three repeats": f"{read.published:.3f}",
            "ours, bias divided by T": f"{read.right:.3f}",
            "ours, bias undivided in the ratios": f"{read.as_published:.3f}",
        }
        for t, read in readings(windows.joined).items()
    ]
    context.table("F(open) - F(closed) from window free energies, kT", rows)


def explain(context: Context, windows: Windows, other: Exchange) -> None:
    """The second method, and what the published points at T other than 1 are."""
    rates = other.acceptance
    context.text(
        "Without a bias, by Hamiltonian replica exchange and MBAR, F(open) - F(closed) at T = 1 is "
        f"{other.difference:.3f} kT: {other.from_closed:.3f} from the ladders that started "
        f"closed, {other.from_open:.3f} from those that started open. Exchanges between "
        f"neighbours are accepted at rates from {rates.min():.2f} to {rates.max():.2f}."
    )
    said = "; ".join(
        f"at T = {t:g} they say {read.published.value:.2f} kT, where {read.right:.2f} is "
        f"right, and {read.as_published:.2f} what comes of a bias that is not divided by T in the "
        "ratios between windows"
        for t, read in readings(windows.joined).items()
        if t != 1
    )
    if said:
        context.text(
            f"**The published umbrella points at T other than 1 are no reference:** {said}."
        )


def _spread(fraction: float, n: int) -> dict[str, Any]:
    """The column of annealed samples, which are spread along d on purpose."""
    if np.isnan(fraction):
        return {}
    return {"of the spread target": diagnose("ESS fraction", fraction, n=n)}


def weights(context: Context, found: Mapping[float, Mapping[str, Reweighted]]) -> None:
    """Weights and free-energy differences of generators, alone and annealed."""
    rows = [
        {"T": f"{t:g}", "generator": name, DIFFERENCE: f"{r.difference:.3f}"}
        | {"ESS fraction": diagnose("ESS fraction", r.ess, n=r.samples)}
        | _spread(r.spread_ess, r.samples)
        | {"k-hat": diagnose("k-hat", r.pareto_k), "energies": f"{r.energies:,}"}
        for t, series in found.items()
        for name, r in series.items()
    ]
    context.table("Weights", rows)


def cost(context: Context, found: Mapping[float, Mapping[str, float]]) -> None:
    """Energies of annealing and of umbrella sampling at the same error."""

    def said(name: str, value: float) -> str:
        return f"{value:,.0f}" if "energies" in name else f"{value:.3g}"

    rows = [{"T": f"{t:g}"} | {k: said(k, v) for k, v in own.items()} for t, own in found.items()]
    context.table("Annealing and umbrella sampling, training not counted", rows)


def annealed(context: Context, found: Mapping[str, Mapping[float, WeightedParticles]]) -> None:
    """State -> temperature -> annealed samples: the weights that differences come from."""
    rows = [
        {"state": state, "T": f"{t:g}"}
        | weight_columns(own.log_weight)
        | _spread(spread_ess(own), len(own.log_weight))
        | {"energies": f"{own.energy_evaluations:,}"}
        for state, temperatures in found.items()
        for t, own in temperatures.items()
    ]
    context.table("Annealed weights of each state; log Z up to a constant", rows)


def differences(
    context: Context,
    known: Mapping[float, Estimate],
    results: Mapping[str, Mapping[float, Estimate]],
) -> None:
    """What each method says at the temperatures of umbrella sampling."""
    rows = [
        {"T": f"{t:g}"}
        | {name: f"{r[t]:.2f}" if t in r else "–" for name, r in results.items()}
        | {"umbrella sampling": f"{own:.3f}"}
        for t, own in known.items()
    ]
    context.table("F(open) - F(closed) in kT", rows)
