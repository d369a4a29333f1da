"""LJ13: thirteen Lennard-Jones particles tethered to their centre, a droplet.

A benchmark of flows with symmetries, here with epsilon = 2, which is what the published data are
of (codes that count each pair twice call it 1). Monte Carlo from a gas and from the icosahedron
agree with each other and with another program; annealing from a Gaussian gives log Z. A plain
coupling flow stands beside them.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import systems
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.clusters import Case, Sizes, reproduce

CASE = Case(
    name="lj13",
    system=systems.LennardJonesCluster(13, epsilon=2.0),
    starts=("gas", "icosahedron"),
    steps=(0.3,),
    stride=50,
    trap=1.0,
    energies=np.linspace(-68, -14, 55),
    distances=np.linspace(0.8, 4.4, 73),
    isomers=("gyration", np.linspace(1.0, 1.4, 9)),
    network={"blocks": 4, "hidden": (100, 100)},
    by_energy=0.005,
    sizes={
        "quick": Sizes(
            chains=256, draws=200, iterations=300, samples=20_000, annealed=(1024, 1000)
        ),
        "paper": Sizes(
            chains=1024, draws=1000, iterations=4000, samples=200_000, annealed=(4096, 8000)
        ),
    },
)


@reproduction("lj13", "LJ13: a droplet of thirteen Lennard-Jones particles")
def run(context: Context) -> None:
    """Monte Carlo, annealing and a generator of LJ13."""
    reproduce(context, CASE)


if __name__ == "__main__":
    main_for("lj13")
