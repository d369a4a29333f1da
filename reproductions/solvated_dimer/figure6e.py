"""Figure 6e: free-energy differences from two generators over temperature."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import plotting
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED

__all__ = ["show"]


def show(
    context: Context,
    known: dict[float, Estimate],
    results: dict[str, dict[float, Estimate]],
    pairs: int,
) -> None:
    """Figure 6e: differences over temperature, and their errors.

    Args:
      context: of the report.
      known: temperature -> umbrella sampling.
      results: method -> temperature -> its difference.
      pairs: of published networks, over which theirs is a mean.
    """

    def line(values: dict[float, Estimate], offset: dict[float, Estimate] | None = None) -> dict:
        ts = [t for t in values if offset is None or t in offset]
        shift = [0.0 if offset is None else offset[t].value for t in ts]
        return {
            "x": ts,
            "y": [values[t].value - s for t, s in zip(ts, shift, strict=True)],
            "error": [values[t].standard_error for t in ts],
            "style": "s-",
        }

    published = PUBLISHED["differences"]
    read = {float(t): v for t, v in published.items() if t != "source"}
    dots = PUBLISHED["umbrella_differences"]["values"]
    absolute = {name: line(r) for name, r in results.items()}
    absolute |= {
        "published figure, two generators (read)": {
            "x": list(read), "y": list(read.values()), "style": "v--", "color": "grey"},
        "published points, umbrella (valid at T = 1)": {
            "x": [float(t) for t in dots],
            "y": [np.mean(v) for v in dots.values()],
            "style": "x", "color": "grey"},
        "umbrella sampling": {**line(known), "style": "o", "color": "black"},
    }  # fmt: skip
    errors = {name: line(r, known) for name, r in results.items()}
    errors["umbrella sampling"] = {**line(known, known), "style": "o", "color": "black"}
    labels = ("T", "F(open) - F(closed) (kT)")
    context.figure(
        plotting.curves(
            [
                {"labels": labels, "title": "figure 6e", "series": absolute,
                 "yscale": "log", "ylim": (1.0, 90.0)},
                {"labels": ("T", "difference to umbrella sampling (kT)"),
                 "title": "minus the reference", "series": errors},
            ],
            columns=2,
            panel=(5.6, 4.0),
        ),
        "free_energy_differences.png",
        "F(open) - F(closed) from two generators, each trained on one state, over temperature. "
        + (f"Published networks: mean of {pairs} pairs with its standard error. "
           if pairs > 1 else "")
        + "Statistical errors of differences of bounds do not contain the difference of the two "
        "Kullback-Leibler divergences, and as published leave out energies more than 50 kT above "
        "the median, so that strictly they are no bounds.",
        thumbnail=True,
    )  # fmt: skip
