"""How much each preset of `dimer` does."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANS", "Plan"]


@dataclass(frozen=True)
class Plan:
    """How much a preset does.

    Attributes:
      reference: temperatures of umbrella sampling.
      rounds: of each of its ladders, 5 sweeps each.
      exchange_rounds: of the Hamiltonian replica exchange.
      frames: of each state, as training data and for energies.
      published: whether the published variants are trained.
      snapshots: of the published network, whose profiles are averaged.
      multi_shorter: factor by which the stages of the published network of nine temperatures are
        shorter than published.
      multi_batch: of its energy training; published: 8000.
      steps: energy training of ours.
      equilibrium_steps: of ours with the lengths of the closed state; 0 for none.
      blocks: of ours.
      hidden: widths of its networks' hidden layers.
      coupling: "affine" or "spline".
      samples: of a generator.
      tethered_steps: energy training of the generator of hot, tethered particles.
      annealed: samples annealed from there; 0 for none.
      annealing_sweeps: for each fall of the temperature by e.
      temperatures: of the generators' profiles.
      scanned: temperatures at which ours is evaluated for F(open) - F(closed) alone.
    """

    reference: tuple[float, ...]
    rounds: int
    exchange_rounds: int
    frames: int
    published: bool
    snapshots: int
    multi_shorter: int
    multi_batch: int
    steps: int
    equilibrium_steps: int
    blocks: int
    hidden: tuple[int, ...]
    coupling: str
    samples: int
    tethered_steps: int
    annealed: int
    annealing_sweeps: int
    temperatures: tuple[float, ...]
    scanned: tuple[float, ...]


PLANS = {
    "quick": Plan(
        reference=(1.0,),
        rounds=4000,
        exchange_rounds=1500,
        frames=20_032,
        published=False,
        snapshots=0,
        multi_shorter=0,
        multi_batch=0,
        steps=500,
        equilibrium_steps=0,
        blocks=8,
        hidden=(128, 128),
        coupling="affine",
        samples=50_000,
        tethered_steps=0,
        annealed=0,
        annealing_sweeps=0,
        temperatures=(1.0,),
        scanned=(),
    ),
    "paper": Plan(
        reference=(0.5, 1.0, 2.0, 4.0),
        rounds=10_000,
        exchange_rounds=6000,
        frames=49_920,
        published=True,
        snapshots=20,
        multi_shorter=10,
        multi_batch=1000,
        steps=2000,
        equilibrium_steps=3000,
        blocks=4,
        hidden=(200, 200),
        coupling="spline",
        samples=100_000,
        tethered_steps=1000,
        annealed=4096,
        annealing_sweeps=9000,
        temperatures=(0.5, 1.0, 2.0),
        scanned=(0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0),
    ),
}
