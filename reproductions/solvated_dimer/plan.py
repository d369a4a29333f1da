"""How much each preset of `dimer` does."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANS", "Plan"]


@dataclass(frozen=True)
class Plan:
    """How much a preset does.

    Attributes:
      reference: temperatures of umbrella sampling.
      rounds: of it, 20 sweeps each.
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
      annealed: samples annealed at each temperature; 0 for none.
      annealing_steps: between the generator and the target.
      annealing_batch: samples that are resampled together.
      temperatures: of the generators' profiles.
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
    annealed: int
    annealing_steps: int
    annealing_batch: int
    temperatures: tuple[float, ...]


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
        annealed=0,
        annealing_steps=0,
        annealing_batch=0,
        temperatures=(1.0,),
    ),
    "paper": Plan(
        reference=(0.5, 1.0, 2.0, 4.0),
        rounds=16_000,
        exchange_rounds=6000,
        frames=49_920,
        published=True,
        snapshots=20,
        multi_shorter=5,
        multi_batch=1000,
        steps=3000,
        equilibrium_steps=1500,
        blocks=4,
        hidden=(200, 200),
        coupling="spline",
        samples=100_000,
        annealed=2048,
        annealing_steps=60,
        annealing_batch=256,
        temperatures=(0.5, 1.0, 2.0),
    ),
}
