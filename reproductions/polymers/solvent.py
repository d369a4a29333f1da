"""A chain in a solvent: a periodic square of particles, by Monte Carlo and by annealing."""

from __future__ import annotations

import itertools
import time
from typing import NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, potentials, priors, sampling, systems
from boltzmann_tf.bijectors import ChainFlow, SolvatedChainFlow
from boltzmann_tf.estimators import Profile
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.polymers import chains, walks
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.plan import Plan
from boltzmann_tf.reproductions.polymers.walks import Walked
from boltzmann_tf.systems import Polymer

BEADS, SOLVENT, SIDE = 8, 32, 8.944
MOVES = (0.8, 0.1, 0.05, 0.05)  # of particles, pivots, crankshafts, reptation
ALONE = (1, 0, 0, 0)  # of particles alone: as good where walks are many, at a third of the time
PARTS = 20  # of a walk, with steps of their own
EDGES = np.linspace(0.6, 6.4, 40)  # of R_ee, to the nearest image: up to half the diagonal
CENTRES = np.linspace(0.9, 6.1, 27)
STIFFNESS = 20.0


class Solvated(NamedTuple):
    """All ways to the same distribution."""

    run: Simulated
    known: Profile  # F(R_ee) by umbrella sampling
    energies: int  # that it took
    generator: Grown  # of the soft fluid
    begun: list[Walked]  # annealed from the generator
    plain: list[Walked]  # annealed from an ideal chain in an ideal gas

    def profile(self, walk: Walked) -> Profile:
        """F(R_ee) by annealed samples."""
        ends = self.run.system.reaction_coordinates["end_to_end"]
        r = np.asarray(ends(walk.x))
        return estimators.free_energy_profile(r, walk.log_weight, edges=EDGES)

    def compared(self) -> np.ndarray:
        """Bins that an RMSE looks at: F below 6 kT."""
        return np.asarray(self.known.free_energy < 6)

    def rmse(self, walk: Walked) -> float:
        """Of F(R_ee) in kT."""
        found = self.profile(walk)
        return estimators.profile_rmse(found, self.known.free_energy, mask=self.compared())

    def energies_of(self, walk: Walked) -> int:
        """Those of each step, and a sweep, which costs about one."""
        return (walk.looks + 1) * walk.sweeps * len(walk.x)


def system(strength: float = 1.0) -> Polymer:
    """With pairs of a part of their strength."""
    return _made(potentials.LennardJones(epsilon=strength))


def _made(pairs: potentials.Pairs) -> Polymer:
    return systems.Polymer(
        BEADS,
        dimension=2,
        pairs=pairs,
        solvent=SOLVENT,
        box=potentials.Periodic(SIDE, images="nearest"),
    )


def generator(context: Context, strength: float) -> BoltzmannGenerator:
    """A chain that is grown and a solvent that is put in around it, both not yet trained."""
    soft = system(strength)
    seed = context.seed_of("solvent, network")
    pairs = potentials.LennardJones(epsilon=strength)
    flow = SolvatedChainFlow(ChainFlow(**soft.growth, seed=seed), SOLVENT, SIDE, pairs, seed=seed)
    size = soft.event_size
    prior = priors.UniformBox(np.zeros(size), np.ones(size))
    return BoltzmannGenerator(soft, flow, prior, jit_compile=False)


def run(context: Context, plan: Plan) -> Solvated:
    """Monte Carlo and umbrella sampling; annealing with and without a generator."""
    full, soft = system(), system(plan.soft)
    name = f"{BEADS} beads in {SOLVENT} of solvent"
    simulated = chains.simulate(
        context, name, full, plan.solvent_rounds, replicas=plan.replicas, weights=MOVES
    )
    known, energies = _umbrella(context, simulated, plan)
    warm = chains.simulate(
        context, f"{name}, soft", soft, 200, replicas=plan.replicas, weights=MOVES
    )
    x = chains.frames(warm, plan.solvent_training.frames, weights=MOVES)
    begin = generator(context, plan.soft)
    # Particles of the solvent are alike: in every order of them.
    x = _reordered(x.reshape(-1, x.shape[-1]), context.seed_of("solvent, order"))
    chains.train(context, f"{name}, soft", begin, x, plan.solvent_training)
    grown = chains.grow(context, f"{name}, soft", begin, plan.solvent_walks)

    step = simulated.state.step.mean(axis=0)
    begun = [
        walks.walk(
            context,
            f"{name}, from the generator",
            full,
            step,
            grown.samples.x.astype(np.float64),
            grown.samples.log_weight,
            {"pairs": np.linspace(plan.soft, 1, sweeps + 1)},
            weights=ALONE,
            n_moves=full.n,
        )
        for sweeps in plan.solvent_begun
    ]
    plain = [
        _from_ideal(context, f"{name}, from the ideal gas", step, plan.solvent_walks, sweeps)
        for sweeps in plan.solvent_ideal
    ]
    return Solvated(simulated, known, energies, grown, begun, plain)


def _from_ideal(context: Context, name: str, step: np.ndarray, n: int, sweeps: int) -> Walked:
    """Without a generator: pairs come up softly, and moves are long while particles are free."""
    context.log(f"{name}: {sweeps} sweeps")
    path = [_made(potentials.SoftCoreLennardJones(c)) for c in np.linspace(0, 1, sweeps + 1) ** 2]
    x, log_z = _ideal(path[-1], n, context.seed_of("solvent, ideal", sweeps))
    state = sampling.polymer_state(x, seed=context.seed_of(f"{name}, walks", sweeps))
    work, begun = np.zeros(n), time.process_time()
    edges = np.unique(np.linspace(0, sweeps, PARTS + 1).round().astype(int))
    for k, (first, last) in enumerate(itertools.pairwise(edges)):
        own = step.copy()
        own[0] += (SIDE / 2 - own[0]) * (1 - k / (len(edges) - 2)) ** 4
        state, info = sampling.switch_polymers(
            state._replace(step=np.tile(own, (n, 1))), system=path[first : last + 1], weights=ALONE
        )
        work += info.work
    seconds = time.process_time() - begun
    return Walked(name, sweeps, state.x, log_z - work, seconds, looks=2)


def _umbrella(context: Context, run: Simulated, plan: Plan) -> tuple[Profile, int]:
    """F(R_ee), the distance of the ends to the nearest image."""
    context.log("solvent: umbrella sampling")
    full = run.system
    found = sampling.umbrella_sampling(
        full,
        CENTRES,
        coordinate="end_to_end",
        start=run.state.x[0],
        n_rounds=plan.windows,
        burn_in=max(300, plan.windows // 10),
        stiffness=STIFFNESS,
        seed=context.seed_of("solvent, umbrella"),
    )[1.0]
    return found.joined(EDGES).profile(), found.energy_evaluations


def _ideal(full: Polymer, n: int, seed: int) -> tuple[np.ndarray, float]:
    """Ideal chains anywhere in an ideal gas, and log Z of these."""
    free = chains.ideal_of(full)
    rng = np.random.default_rng(seed)
    beads = free.sample(n, seed=seed)
    # A bond of half the side has a weight below 1e-9.
    beads = beads + rng.uniform(0, SIDE, size=(n, 1, 2))
    solvent = rng.uniform(0, SIDE, size=(n, SOLVENT, 2))
    log_z = free.log_z_periodic(SIDE) + 2 * SOLVENT * np.log(SIDE)
    return full.configuration(np.concatenate([beads, solvent], axis=1)), log_z


def _reordered(x: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    r = x.reshape(len(x), -1, 2).copy()
    order = np.argsort(rng.uniform(size=(len(x), SOLVENT)), axis=1)
    r[:, BEADS:] = np.take_along_axis(r[:, BEADS:], order[:, :, None], axis=1)
    return r.reshape(x.shape)
