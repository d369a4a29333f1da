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
    iterations: list[int]  # at which the buffer was looked at
    energies: list[int]  # spent until then
    shares: dict[str, list[float]]  # state -> share of the buffer then
    snapshots: dict[int, np.ndarray]  # iteration -> coordinate of the buffer
    profile: Profile
    needed: float  # steps of plain Metropolis until the last state, on average

    @property
    def first(self) -> dict[str, int]:
        """State -> first of the iterations with a configuration in it."""
        seen = {state: np.flatnonzero(share) for state, share in self.shares.items()}
        return {state: self.iterations[i[0]] if len(i) else NEVER for state, i in seen.items()}

    @property
    def energies_until(self) -> dict[str, float]:
        """State -> energies until it was found; infinite if it was not."""
        spent = dict(zip(self.iterations, self.energies, strict=True)) | {NEVER: np.inf}
        return {state: float(spent[i]) for state, i in self.first.items()}


def explore(context: Context, case: Case) -> Explored:
    """Explores one system, looking at the buffer every few iterations."""
    context.log(f"{case.name}: exploration")

    def seed(of: str) -> int:
        return context.seed_of(f"{case.name}: {of}")

    frame, noise = case.frame(seed("known state")), np.random.default_rng(seed("noise about it"))
    start = frame + case.noise * noise.standard_normal((1000, frame.size))
    jit = case.jit_compile
    flow = realnvp(frame.size, scale_bound=None, seed=seed("network"), **case.network)
    generator = BoltzmannGenerator(case.system, flow, jit_compile=jit)
    trainer = Trainer(generator, seed=seed("training by example"), jit_compile=False)
    trainer.fit(start, case.before, verbose=0)
    options = {"seed": seed("exploration"), "jit_compile": jit} | case.buffer
    explorer = Explorer(generator, start, **options)
    iterations = list(range(0, case.iterations + 1, EVERY))
    shown = {0, *(round(case.iterations * f / EVERY) * EVERY for f in (0.2, 0.5, 1.0))}
    energies, snapshots = [], {}
    shares: dict[str, list[float]] = {state: [] for state in case.states}
    coordinate = case.system.reaction_coordinate()
    for done in iterations:
        if done:
            explorer.run(case.stage, verbose=0)
        energies.append(explorer.history.energy_evaluations)
        r = np.asarray(coordinate(explorer.buffer))
        for state, (low, high) in case.states.items():
            shares[state].append(float(np.mean((r > low) & (r < high))))
        if done in shown:
            snapshots[done] = r
    profile = case.profile(context)
    needed = plain_metropolis(case, start[:16], profile, seed("plain Metropolis"))
    found = iterations, energies, shares, snapshots
    return Explored(case, explorer.history, *found, profile, needed)


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
