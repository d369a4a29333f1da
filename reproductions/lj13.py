"""LJ13: thirteen Lennard-Jones particles tethered to their centre, a droplet.

A benchmark of flows with symmetries, here with epsilon = 2, which is what the published data are
of (codes that count each pair twice call it 1). Monte Carlo from a gas and from the icosahedron
agree with each other and with another program; annealing from a Gaussian gives log Z. A plain
coupling flow stands beside them.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import systems
from boltzmann_tf.reproduction import Context, by_preset, main_for, reproduction
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.study import reproduce


class LJ13(Plan):
    """The cluster, and how much a preset does: quick, paper."""

    system = systems.LennardJonesCluster(13, epsilon=2.0)
    energies = np.linspace(-68, -14, 55)
    distances = np.linspace(0.8, 4.4, 73)
    isomers = ("gyration", np.linspace(1.0, 1.4, 9))
    starts = ("gas", "icosahedron")
    steps = (0.3,)
    stride = 50
    draws = by_preset(200, 1000)
    trap = 1.0
    walks = by_preset(1024, 4096)
    densities = by_preset(1000, 8000)
    hidden = (100, 100)
    iterations = by_preset(300, 4000)
    by_energy = 0.005


@reproduction("lj13", "LJ13: a droplet of thirteen Lennard-Jones particles")
def run(context: Context) -> None:
    """Monte Carlo, annealing and a generator of LJ13."""
    reproduce(context, LJ13(context.preset))


if __name__ == "__main__":
    main_for("lj13")
