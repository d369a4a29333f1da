"""Running an exploration, and what plain Metropolis would need."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Trainer, realnvp, sampling
from boltzmann_tf.estimators import mean_first_passage_time
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.exploration.cases import EVERY, Case, Profile
from boltzmann_tf.training import Explorer, History

NEVER = 10**9  # iteration of a state that was not found


class Explored(NamedTuple):
    """What an exploration found."""

    case: Case
    history: History  # of losses and moves
    energies: dict[int, int]  # iteration at which the buffer was looked at -> spent until then
    buffers: dict[int, np.ndarray]  # likewise -> the coordinate of the buffer, `[capacity]`
    profile: Profile
    needed: float  # steps of plain Metropolis until the last state, on average

    def share(self, state: str) -> np.ndarray:
        """Share of the buffer in a state, at each look."""
        low, high = self.case.states[state]
        return np.array([np.mean((r > low) & (r < high)) for r in self.buffers.values()])

    @property
    def first(self) -> dict[str, int]:
        """State -> iteration at which it was first seen in the buffer."""
        found = {}
        for state in self.case.states:
            looks = zip(self.buffers, self.share(state), strict=True)
            found[state] = next((i for i, share in looks if share), NEVER)
        return found

    @property
    def energies_until(self) -> dict[str, float]:
        """State -> energies until it was found; infinite if it was not."""
        return {state: float(self.energies.get(i, np.inf)) for state, i in self.first.items()}


def explore(context: Context, case: Case) -> Explored:
    """Explores one system, looking at the buffer every few iterations."""
    context.log(f"{case.name}: exploration")

    def seed(of: str) -> int:
        return context.seed_of(f"{case.name}: {of}")

    frame, noise = case.frame(seed("known state")), np.random.default_rng(seed("noise about it"))
    start = frame + case.noise * noise.standard_normal((1000, frame.size))
    flow = realnvp(frame.size, scale_bound=None, seed=seed("network"), **case.network)
    generator = BoltzmannGenerator(case.system, flow, jit_compile=case.jit_compile)
    trainer = Trainer(generator, seed=seed("training by example"), jit_compile=False)
    trainer.fit(start, case.before, verbose=0)
    options = {"seed": seed("exploration"), "jit_compile": case.jit_compile} | case.buffer
    explorer = Explorer(generator, start, **options)
    coordinate, energies, buffers = case.system.reaction_coordinate(), {}, {}
    for done in range(0, case.iterations + 1, EVERY):
        if done:
            explorer.run(case.stage, verbose=0)
        energies[done] = explorer.history.energy_evaluations
        buffers[done] = np.asarray(coordinate(explorer.buffer))
    profile = case.profile(context)
    needed = plain_metropolis(case, start[:16], profile, seed("plain Metropolis"))
    return Explored(case, explorer.history, energies, buffers, profile, needed)


def plain_metropolis(case: Case, start: np.ndarray, profile: Profile, seed: int) -> float:
    """Mean steps until the last state, of a diffusion in the profile."""
    coordinate, free_energy = profile
    chains = sampling.metropolis(
        case.system, start, n_steps=1000, burn_in=1000, step_size=case.step, seed=seed
    )
    low, _ = list(case.states.values())[-1]
    target = max(low, coordinate[np.argmin(np.abs(coordinate - low))])
    moved = float(chains.acceptance.mean()) * (case.moving * case.step**2)
    # Half the mean square displacement of a step.
    return mean_first_passage_time(coordinate, free_energy, target, diffusion=0.5 * moved)
