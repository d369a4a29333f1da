"""How much each preset of `dimer` and of `free_energies` does."""

from __future__ import annotations

from boltzmann_tf import reproduction
from boltzmann_tf.reproduction import by_preset


class Plan(reproduction.Plan):
    """What both studies have: quick, paper."""

    hidden = by_preset((128, 128), (200, 200))  # widths of the networks' hidden layers, of ours
    samples = by_preset(50_000, 100_000)  # of a generator at each temperature
    tethered_steps = by_preset(0, 1000)  # energy training on hot, tethered particles
    annealed = by_preset(0, 4096)  # samples annealed from there; 0 for none
    annealing_sweeps = by_preset(0, 9000)  # for each fall of the temperature by e


class DimerPlan(Plan):
    """Of `dimer`."""

    annealed = by_preset(0, 8192)
    reference = by_preset((1.0,), (0.5, 1.0, 2.0, 4.0))  # temperatures of umbrella sampling
    rounds = by_preset(4000, 14_000)  # of each of its ladders, 5 sweeps each
    exchange_rounds = by_preset(1500, 6000)  # of the Hamiltonian replica exchange
    frames = by_preset(20_032, 49_920)  # of each state, as training data and for energies
    # of the published network, whose profiles are averaged; 0 for no published variants at all
    snapshots = by_preset(0, 20)
    multi_shorter = by_preset(0, 10)  # the network of nine temperatures has stages so much shorter
    multi_batch = by_preset(0, 1000)  # of its energy training; published: 8000
    steps = by_preset(300, 2000)  # energy training of ours
    equilibrium_steps = by_preset(0, 3000)  # of ours with the lengths of the closed state
    blocks = by_preset(5, 4)  # of ours
    coupling = by_preset("affine", "spline")
    temperatures = by_preset((1.0,), (0.5, 1.0, 2.0))  # of the generators' profiles
    # where ours is evaluated for F(open) - F(closed) alone
    scanned = by_preset((), (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0))


class PairPlan(Plan):
    """Of `free_energies`."""

    reference = by_preset((1.0, 2.0), (0.25, 0.5, 1.0, 2.0))  # temperatures of umbrella sampling
    rounds = by_preset(1000, 6000)  # of each of its ladders, 5 sweeps each
    # temperatures of the figure
    scanned = by_preset((0.7, 1.0, 1.4, 2.0), (0.2, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8))
    frames = 10_048  # of each state
    published = by_preset(0, 3)  # pairs of the published variant
    steps = by_preset(200, 600)  # energy training of each of ours
    samples = 20_000
    tethered_steps = by_preset(0, 600)
    annealing_sweeps = by_preset(0, 6000)
    temperatures = (2.0, 1.0, 0.5)  # that are annealed to
