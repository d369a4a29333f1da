"""DW4: four particles in the plane, each pair with two lengths.

A benchmark of flows with symmetries. Its log Z, mean energy and distances are known by quadrature
(`boltzmann_tf.exact.DoubleWell4`): Monte Carlo and annealing are held to them, and to another
program's. A plain coupling flow stands beside them.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import systems
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.clusters import Case, Sizes, reproduce

CASE = Case(
    name="dw4",
    system=systems.DoubleWell4(),
    starts=("rhombus", "rectangle"),
    steps=(0.8, 3.0),  # within a well; from well to well
    stride=10,
    trap=0.22,
    energies=np.linspace(-26, 4, 91),
    distances=np.linspace(1, 7, 61),
    isomers=("long pairs", np.arange(-0.5, 7)),
    network={"blocks": 4, "hidden": (64, 64)},
    by_energy=0.1,
    sizes={
        "quick": Sizes(
            chains=256, draws=300, iterations=1000, samples=20_000, annealed=(1024, 500)
        ),
        "paper": Sizes(
            chains=1024, draws=1000, iterations=8000, samples=200_000, annealed=(8192, 2000)
        ),
    },
)


@reproduction("dw4", "DW4: four particles, two lengths a pair")
def run(context: Context) -> None:
    """Monte Carlo, annealing and a generator of DW4."""
    reproduce(context, CASE)


if __name__ == "__main__":
    main_for("dw4")
