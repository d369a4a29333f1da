"""DW4: four particles in the plane, each pair with two lengths.

A benchmark of flows with symmetries. Its log Z, mean energy and distances are known by quadrature
(`boltzmann_tf.exact.DoubleWell4`): Monte Carlo and annealing are held to them, and to another
program's. A plain coupling flow stands beside them.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import systems
from boltzmann_tf.reproduction import Context, by_preset, main_for, reproduction
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.study import reproduce


class DW4(Plan):
    """The cluster, and how much a preset does: quick, paper."""

    system = systems.DoubleWell4()
    energies = np.linspace(-26, 4, 91)
    distances = np.linspace(1, 7, 61)
    isomers = ("long pairs", np.arange(-0.5, 7))
    starts = ("rhombus", "rectangle")
    steps = (0.8, 3.0)  # within a well; from well to well
    stride = 10
    draws = by_preset(300, 1000)
    trap = 0.22
    walks = by_preset(1024, 8192)
    densities = by_preset(500, 2000)
    hidden = (64, 64)
    iterations = by_preset(1000, 8000)
    by_energy = 0.1


@reproduction("dw4", "DW4: four particles, two lengths a pair")
def run(context: Context) -> None:
    """Monte Carlo, annealing and a generator of DW4."""
    reproduce(context, DW4(context.preset))


if __name__ == "__main__":
    main_for("dw4")
