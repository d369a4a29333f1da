"""Tables of `gibbs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from boltzmann_tf import estimators
from boltzmann_tf.reproduction import Context, weight_columns
from boltzmann_tf.reproductions.gibbs_ensemble.lines import Line
from boltzmann_tf.reproductions.gibbs_ensemble.plane import Plane
from boltzmann_tf.reproductions.gibbs_ensemble.space import Space


def exact(context: Context, lines: Iterable[Line]) -> None:
    """Generators whose weights are constant: what is left is the sum over N1 and V1."""
    rows = [
        {
            "fluid": line.name,
            "joint ESS": f"{line.ess:.6f}",
            "log Z, summed": f"{line.summed.log_z:.5f}",
            "log Z, exact": f"{line.known.log_z:.5f}",
        }
        for line in lines
    ]
    context.table("Fluids on a line whose generator is known", rows)


def weights(context: Context, lines: Iterable[Line]) -> None:
    """Joint weights of each generator, and log Z by them and by the sum."""
    rows = []
    for line in lines:
        row = {"fluid": line.name} | weight_columns(line.both.log_weight)
        row["log Z, weights"] = f"{estimators.log_z(line.both.log_weight):.4f}"
        row["log Z, summed"] = f"{line.surfaces.log_z(line.known.n, line.known.volume):.4f}"
        row["log Z, exact"] = f"{line.known.log_z:.4f}"
        rows.append(row)
    context.table("Joint states of two boxes on a line, from the generator of one box", rows)


def learned(context: Context, every: Iterable[Mapping[str, Line]]) -> None:
    """What each proposal for a box of neighbours is worth."""
    rows = [
        ({"fluid": line.name, "proposal": proposal}, line.both.log_weight)
        for found in every
        for proposal, line in found.items()
    ]
    context.buys_table("the ideal gas", rows)


def plane(context: Context, found: Plane) -> None:
    """Sweeps and time of each way, and the error they leave."""
    rows: list[dict[str, Any]] = []
    for way in (*found.ideal, *found.begun, *found.untrained, found.alone):
        p = way.numbers
        rows.append(
            {
                "from": way.name,
                "steps": f"{way.steps}",
                "samples": f"{way.surfaces.samples:,}",
                "sweeps": f"{way.surfaces.sweeps:.3g}",
                "CPU seconds": f"{way.seconds:.1f}",
                "P(0)": f"{p.at(0):.4f}",
                "sweeps x mean square error of P(N1)": f"{way.cost:.3g}",
                "CPU seconds x the same": f"{way.seconds * way.variance:.2g}",
            }
        )
    context.table("The plane: what an error of P(N1) takes", rows)


def space(context: Context, runs: Sequence[Space]) -> None:
    """Densities, pressures and chemical potentials of both boxes."""
    rows: list[dict[str, Any]] = []
    for run in runs:
        for name, phase in (("vapour", run.phases.vapour), ("liquid", run.phases.liquid)):
            rows.append(
                {
                    "T": f"{run.temperature:g}",
                    "fluid": "full" if run.system.tail else "shifted",
                    "phase": name,
                    "density": f"{phase.density:.5f}",
                    "pressure": f"{phase.pressure:.5f}",
                    "mu": f"{phase.chemical_potential:.3f}",
                    "U / N": f"{phase.energy:.4f}",
                    "autocorrelation (rounds)": f"{run.phases.autocorrelation_time:.0f}",
                    "transfers accepted": f"{run.info.acceptance[:, 3].mean():.2%}",
                    "boxes swapped": f"{run.phases.swaps}",
                }
            )
    context.table("Coexisting phases in space, 512 particles", rows)
