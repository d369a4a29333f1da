"""Every kernel of spins, vectors and particles leaves its target invariant; a line each.

Spins are drawn by enumeration of the 65,536 states of a 4 x 4 torus, vectors and particles by
rejection. Each kernel has a sister with an error in its own parts, or, where these are compiled, in
the constants it is given.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from invariance import Kernel, both, leaves_its_target, planted_error_is_seen
from scipy.special import ive

from boltzmann_tf import sampling
from boltzmann_tf.potentials import CentreTether, InversePower, Periodic
from boltzmann_tf.sampling import exchange, hamiltonian_walk
from boltzmann_tf.sampling.particles import annealing as particle_annealing
from boltzmann_tf.sampling.particles import sweeps as particles
from boltzmann_tf.sampling.particles import umbrella
from boltzmann_tf.sampling.spins import clusters, multispin
from boltzmann_tf.sampling.vectors import sweeps as nematic
from boltzmann_tf.systems import Nematic, ParticleSystem, SolvatedDimer

KERNELS: dict[str, Kernel] = {}


# Spins.

L = 4
SPIN_REPLICAS = 60_000


@functools.cache
def all_states():
    """Spins [2^16, 4, 4], their sums over bonds and over sites."""
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    spins = (1 - 2 * bits).astype(np.int8).reshape(-1, L, L)
    return spins, *sampling.lattice_observables(spins)


def drawn_spins(log_p, n, seed):
    """A `LatticeState` of independent states of log-probability log_p, [2^16]."""
    p = np.exp(log_p - np.max(log_p))
    index = np.random.default_rng([seed, 9]).choice(p.size, n, p=p / p.sum())
    return sampling.lattice_state(n, L, start=all_states()[0][index], seed=seed)


def boltzmann(T, J=1.0, h=0.0):
    _, bonds, total = all_states()
    return (J * bonds + h * total) / T


def of_spins(state):
    """Energies, magnetizations, and what tells sites, colours and directions apart."""
    s = state.spins
    bonds, total = sampling.lattice_observables(s)
    checker = np.sum(s * (-1) ** np.indices((L, L)).sum(axis=0), axis=(1, 2), dtype=np.int64)
    pairs = [s[:, 0, 0] * s[:, i, j] for i, j in ((0, 1), (1, 0), (1, 1), (2, 2))]
    columns = [bonds, bonds**2, total, total**2, total**4, checker**2, s[:, 0, 0], s[:, 3, 2]]
    return np.stack([*columns, *pairs], axis=1).astype(float)


def spins(update, plant, *, T=2.6, J=1.0, h=0.0, n=3):
    """`plant`: options that are wrong, or a function that patches."""

    def move(state, seed, **wrong):
        options = {"temperature": T, "coupling": J, "field": h} | wrong
        return update(state, n, **options)[0]

    planted = plant if callable(plant) else lambda patch: functools.partial(move, **plant)
    return Kernel(
        lambda seed: drawn_spins(boltzmann(T, J, h), SPIN_REPLICAS, seed), move, of_spins, planted
    )


def patched(module, name, change):
    """Plants a function of the old one's result in a module."""

    def plant(patch):
        old = getattr(module, name)
        patch.setattr(module, name, lambda *args, **kwargs: change(old, *args, **kwargs))

    return plant


def off_by_a_twentieth(old, p):
    return old(0.95 * np.asarray(p))


KERNELS |= {
    "metropolis sweeps": spins(sampling.metropolis_sweeps, {"coupling": 0.97, "field": 0.1}, h=0.1),
    "metropolis sweeps, J < 0": spins(
        sampling.metropolis_sweeps, {"coupling": -0.97, "field": 0.2}, J=-1.0, h=0.2
    ),
    "heat-bath sweeps": spins(sampling.heat_bath_sweeps, {"field": 0.13}, h=0.1),
    "multispin sweeps": spins(
        sampling.multispin_sweeps, patched(multispin, "probability_words", off_by_a_twentieth)
    ),
    "Wolff": spins(
        sampling.wolff_updates, patched(clusters, "probability_words", off_by_a_twentieth)
    ),
    "Wolff, J < 0": spins(
        sampling.wolff_updates, patched(clusters, "probability_words", off_by_a_twentieth), J=-1.0
    ),
    "Swendsen-Wang": spins(
        sampling.swendsen_wang_updates, patched(clusters, "probability_words", off_by_a_twentieth)
    ),
}


def wang_landau(variable, T):
    """The walk once ln g no longer changes: all levels alike, states within one by weight."""
    _, bonds, total = all_states()
    over_energy = variable == "energy"
    level = (32 - bonds) // 4 if over_energy else (16 + total) // 2
    weight = np.zeros(len(level)) if over_energy else boltzmann(T)
    size = 17
    log_g = np.full(size, -np.inf)
    for k in np.unique(level[level < size]):
        log_g[k] = np.logaddexp.reduce(weight[level == k])
    if over_energy:
        log_g[9:] = np.inf  # above zero walkers must not go
    with np.errstate(invalid="ignore"):
        log_p = np.where(level < size, weight - log_g[np.minimum(level, size - 1)], -np.inf)
    log_p[np.isnan(log_p)] = -np.inf
    n = 40_000

    def start(seed):
        state = sampling.wang_landau_state(variable, L, n_walkers=n, temperature=T, seed=seed)
        table = np.tile(np.where(np.isneginf(log_g), 0.0, log_g), (n, 1))
        drawn = drawn_spins(log_p, n, seed).spins
        return state._replace(spins=drawn, log_g=table, log_f=np.zeros(n))

    def move(state, seed, factor=1.0, temperature=T or np.inf):
        changed = state._replace(log_g=factor * state.log_g, temperature=temperature)
        return sampling.wang_landau_sweeps(changed, 2)[0]

    wrong = {"factor": 0.97} if over_energy else {"temperature": 1.1 * T}
    return Kernel(start, move, of_spins, lambda patch: functools.partial(move, **wrong))


KERNELS |= {
    "Wang-Landau, energy": wang_landau("energy", None),
    "Wang-Landau, magnetization": wang_landau("magnetization", 3.0),
}

LADDER = np.array([2.2, 2.5, 2.9])


def lattice_tempering():
    def start(seed):
        state = sampling.tempering_state(L, 3, n_ladders=20_000, seed=seed)
        drawn = [drawn_spins(boltzmann(T), 20_000, seed + i).spins for i, T in enumerate(LADDER)]
        lattice = state.lattice._replace(spins=np.stack(drawn, axis=1).reshape(-1, L, L))
        return state._replace(lattice=lattice)

    def move(state, seed):
        return sampling.tempering_rounds(state, 2, temperatures=LADDER)[0]

    def statistics(state):
        at = np.argsort(state.rung, axis=1)
        values = of_spins(state.lattice)[:, :5].reshape(*state.rung.shape, -1)
        return np.take_along_axis(values, at[..., None], axis=1).reshape(len(at), -1)

    return Kernel(start, move, statistics, patched(exchange, "log_ratios", halved))


def halved(old, *args):
    """Exchange as if energies were half of what they are, each bond counted once."""
    return 0.5 * old(*args)


KERNELS["lattice tempering"] = lattice_tempering()


# Unit vectors.


def drawn_vectors(system, T, n, seed):
    """By rejection from uniform directions, [n, N, 3]."""
    rng = np.random.default_rng([seed, 5])
    most = 3 * abs(system.coupling) * system.bonds + abs(system.field) * system.sites
    aligned = np.tile([0.0, 0.0, 1.0], (1, system.sites, 1))
    lowest = min(float(sampling.vector_energies(aligned, system)[0]), most)
    found, have = [], 0
    while have < n:
        u = rng.standard_normal((1 << 16, system.sites, 3))
        u /= np.linalg.norm(u, axis=-1, keepdims=True)
        ratio = (lowest - sampling.vector_energies(u, system)) / T
        assert np.all(ratio <= 1e-9)
        u = u[rng.random(len(u)) < np.exp(ratio)]
        found.append(u)
        have += len(u)
    return np.concatenate(found)[:n]


def of_vectors(u, system):
    energy = sampling.vector_energies(u, system)
    first = (u[:, 0] * u[:, 1]).sum(-1) ** 2
    last = (u[:, -2] * u[:, -1]).sum(-1) ** 2
    axes = [u[:, i, k] ** 2 for i in (0, 1) for k in range(3)]
    q = sampling.vector_order(u)
    columns = [energy, energy**2, first, last, q, u[:, 0, 0] * u[:, 0, 2], u[:, 1, 2], *axes]
    return np.stack(columns, axis=1)


def one_ended(old, system):
    """A bond that only its lower end knows."""
    table = old(system)
    return np.where(table < np.arange(len(table))[:, None], -1, table)


def vectors(update, plant, *, field=0.0, coupling=1.0):
    system, T, n = Nematic("chain", 3, coupling, field), 0.8, 40_000

    def start(seed):
        given = drawn_vectors(system, T, n, seed)
        return sampling.vector_state(system, n, start=given, seed=seed)

    def move(state, seed, temperature=T):
        return update(state, 3, system=system, temperature=temperature)[0]

    return Kernel(start, move, lambda state: of_vectors(state.vectors, system), plant(move))


def at_another_temperature(move):
    return lambda patch: functools.partial(move, temperature=0.92)


def with_one_ended_bonds(move):
    return patched(nematic, "neighbour_table", one_ended)


KERNELS |= {
    "vector sweeps": vectors(sampling.vector_sweeps, with_one_ended_bonds, field=0.3),
    "vector sweeps, temperature": vectors(
        sampling.vector_sweeps, at_another_temperature, field=0.3
    ),
    "vector Wolff": vectors(sampling.vector_wolff_updates, with_one_ended_bonds),
    "vector Wolff, temperature": vectors(sampling.vector_wolff_updates, at_another_temperature),
}


def tempered_vectors():
    system, T, ladders = Nematic("chain", 2), np.array([0.5, 0.7, 1.0]), 30_000

    def start(seed):
        drawn = [drawn_vectors(system, t, ladders, seed + i) for i, t in enumerate(T)]
        u = np.stack(drawn, axis=1).reshape(-1, 2, 3)
        return sampling.vector_tempering_state(system, 3, n_ladders=ladders, start=u, seed=seed)

    def move(state, seed):
        options = {"temperatures": T, "n_clusters": 1}
        return sampling.vector_tempering_rounds(state, 2, system=system, **options)[0]

    def statistics(state):
        at = np.argsort(state.rung, axis=1)
        values = of_vectors(state.walkers.vectors, system)[:, [0, 1, 4, 6]]
        values = values.reshape(*at.shape, -1)
        return np.take_along_axis(values, at[..., None], axis=1).reshape(len(at), -1)

    return Kernel(start, move, statistics, patched(exchange, "log_ratios", halved))


KERNELS["vector tempering"] = tempered_vectors()


# Particles: a dimer and four others that meet each other and the walls.

DIMER = SolvatedDimer(
    solvent=4, slope=0.5, quadratic=2.0, quartic=1.0, distance=1.0, box=1.3, box_k=10.0,
    dimer_k=6.0, diameter=0.8,
)  # fmt: skip
SITES = np.array([-0.5, 0, 0.5, 0, -0.9, -0.8, 0.9, -1.0, -1.0, 0.9, 0.8, 1.1])
D_GRID = np.linspace(1e-4, 3.5, 20_001)


def free_length(T, centre, stiffness, scale):
    """Density on D_GRID of the length by springs, its own potential and bias."""
    q = 2 * (D_GRID - DIMER.distance)
    u = DIMER.slope * q - DIMER.quadratic * q**2 + DIMER.quartic * q**4
    log_p = np.log(D_GRID * ive(0, DIMER.dimer_k * D_GRID**2 / 4 / T)) - scale * u / T
    return np.exp(log_p - stiffness * (D_GRID - centre) ** 2)


def drawn_particles(n, seed, *, T=1.0, centre=0.0, stiffness=0.0, scale=1.0):
    """Of exp(-u / T - stiffness (d - centre)^2): by rejection of what overlaps, [n, 12].

    `scale` is a factor of the length's own energy.

    Lengths are drawn from a grid of 2e-4, whose error is far below what is resolved here.
    """
    rng = np.random.default_rng([seed, 7])
    cumulative = np.cumsum(free_length(T, centre, stiffness, scale))
    cumulative /= cumulative[-1]
    found, have = [], 0
    while have < n:
        m = 1 << 17
        d = np.interp(rng.random(m), cumulative, D_GRID)
        # The springs are k (4 X^2 + 2 Y^2 + d^2 sin^2(angle) / 2), with (X, Y) the dimer's middle.
        middle = np.sqrt(T / DIMER.dimer_k / np.array([8.0, 4.0])) * rng.standard_normal((m, 2))
        angle = 0.5 * rng.vonmises(0.0, DIMER.dimer_k * d**2 / 4 / T)
        angle += np.pi * rng.integers(0, 2, m)
        half = 0.5 * d[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        # Uniform between the walls, half a Gaussian in each.
        tail = np.sqrt(T / DIMER.box_k)
        share = np.sqrt(np.pi) * tail / (np.sqrt(np.pi) * tail + 2 * DIMER.box)
        beyond = DIMER.box + tail / np.sqrt(2) * np.abs(rng.standard_normal((m, 8)))
        solvent = np.where(
            rng.random((m, 8)) < share,
            beyond * rng.choice([-1, 1], (m, 8)),
            rng.uniform(-DIMER.box, DIMER.box, (m, 8)),
        )
        x = np.concatenate([middle - half, middle + half, solvent], axis=1)
        p = x.reshape(m, 6, 2)
        log_ratio = -DIMER.box_k * np.sum(np.maximum(np.abs(x[:, :4]) - DIMER.box, 0) ** 2, axis=1)
        for i in range(6):
            for j in range(max(i + 1, 2), 6):
                r2 = np.sum((p[:, i] - p[:, j]) ** 2, axis=1)
                log_ratio -= (DIMER.diameter**2 / r2) ** 6
        x = x[np.log(rng.random(m)) < log_ratio / T]
        found.append(x)
        have += len(x)
    return np.concatenate(found)[:n]


def of_particles(x):
    d = np.hypot(x[:, 0] - x[:, 2], x[:, 1] - x[:, 3])
    wall = np.maximum(np.abs(x[:, 4:]) - DIMER.box, 0)
    p = x.reshape(-1, 6, 2)
    near = [
        1 / (0.3 + np.sum((p[:, i] - p[:, j]) ** 2, axis=1)) for i, j in ((0, 2), (1, 3), (4, 5))
    ]
    columns = [d, d**2, x[:, 0], x[:, 1] ** 2, (x[:, 0] + x[:, 2]) ** 2, x[:, 5], x[:, 4] ** 2]
    columns += [(wall > 0).sum(axis=1), (wall**2).sum(axis=1), (x[:, 4:] ** 2).sum(axis=1), *near]
    return np.stack(columns, axis=1)


def misread(name, factor):
    """The last parameter of one of the system's terms in the kernel."""

    def scaled(old, system):
        terms = list(old(system))
        place = system.moving_terms.index(name)
        term = list(terms[place])
        # In a term of pairs, which begins with their mask, of every particle, of a few.
        at = 1 if np.asarray(term[0]).dtype == bool else 0 if len(term) == 2 else 3
        term[at] = (*term[at][:-1], term[at][-1] * factor)
        terms[place] = tuple(term)
        return tuple(terms)

    return scaled


PARTICLES = 30_000


def moved_particles(plant, **biased):
    T = biased.get("T", 1.0)
    options = {k: v for k, v in biased.items() if k != "T"}

    def move(state, seed, **wrong):
        given = {"system": DIMER, "step_size": 0.35, "temperature": T} | options | wrong
        return sampling.particle_sweeps(state, 5, **given)[0]

    planted = plant if callable(plant) else lambda patch: functools.partial(move, **plant)
    return Kernel(
        lambda seed: sampling.particle_state(drawn_particles(PARTICLES, seed, **biased), seed=seed),
        move,
        lambda state: of_particles(state.x),
        planted,
    )


KERNELS |= {
    "particle sweeps": moved_particles(
        patched(particles, "terms_of", misread("box", 2.0))
    ),  # walls twice
    "particle sweeps, repulsion": moved_particles(
        patched(particles, "terms_of", misread("repulsion", 1.1**0.5))
    ),
    "particle sweeps, bias": moved_particles(
        {"stiffness": 2.0},
        T=0.8,
        centre=1.2,
        stiffness=4.0,  # a spring with one half
    ),
}


WINDOWS = np.array([0.8, 1.1, 1.4])


def umbrella_kernel(step, plant):
    """With tiny steps only exchanges do anything."""
    stiffness, ladders = 8.0, 12_000

    def start(seed):
        state = sampling.umbrella_state(DIMER, WINDOWS, n_ladders=ladders, seed=seed)
        drawn = [
            drawn_particles(ladders, seed + i, centre=c, stiffness=stiffness)
            for i, c in enumerate(WINDOWS)
        ]
        x = np.stack(drawn, axis=1).reshape(-1, 12)
        sizes = np.full(state.step_size.shape, step)
        return state._replace(particles=state.particles._replace(x=x), step_size=sizes)

    def move(state, seed, k=stiffness):
        options = {"system": DIMER, "centres": WINDOWS, "stiffness": k, "n_sweeps": 2}
        return sampling.umbrella_rounds(state, 2, **options)[0]

    def statistics(state):
        at = np.argsort(state.window, axis=1)
        values = of_particles(state.particles.x)[:, [0, 1, 3, 7]].reshape(*at.shape, -1)
        return np.take_along_axis(values, at[..., None], axis=1).reshape(len(at), -1)

    return Kernel(start, move, statistics, plant(move))


KERNELS |= {
    "umbrella": umbrella_kernel(
        0.35, lambda move: lambda patch: functools.partial(move, k=4.0)
    ),  # a spring with one half
    "umbrella exchange": umbrella_kernel(
        1e-9,
        lambda move: patched(umbrella, "coordinate_values", lambda old, *args: 0.8 * old(*args)),
    ),
}


def annealed(plant, kappa=0.3, T=1.0, n=PARTICLES):
    """Moves at one density of the path: one order, one direction, one length each."""

    def start(seed):
        x = drawn_particles(n, seed, T=T)
        turned = x[:, 0] > x[:, 2]
        x[turned, :4] = x[turned][:, [2, 3, 0, 1]]
        x = sampling.relabel(x, SITES, fixed=2).x
        stretch = np.sum((x[:, 4:] - SITES[4:]) ** 2, axis=1)
        return x[np.random.default_rng([seed, 8]).random(len(x)) < np.exp(-kappa * stretch)]

    def move(x, seed, **wrong):
        options = {
            "reference": SITES, "centres": SITES, "stiffness": np.full(17, kappa),
            "temperature": np.full(17, T), "step_size": 0.35,
        }  # fmt: skip
        found = sampling.anneal_particles(x, system=DIMER, seed=seed, **options | wrong)
        assert np.all((found.log_weight == 0) | ~np.isfinite(found.log_weight))
        return found.x

    planted = plant if callable(plant) else lambda patch: functools.partial(move, **plant)
    return Kernel(start, move, of_annealed, planted)


def of_annealed(x):
    """With the angle of the dimer and the place of each solvent particle."""
    turn = np.arctan2(x[:, 3] - x[:, 1], x[:, 2] - x[:, 0])
    return np.concatenate([of_particles(x)[:, 2:], turn[:, None] ** 2, x[:, 4:]], axis=1)


SHIFTED = SITES + 1.6 * (np.arange(12) == 4)  # the walls of the cell are elsewhere

KERNELS |= {
    "annealed particles": annealed(patched(particle_annealing, "terms_of", misread("box", 2.0))),
    "annealed particles, dimer": annealed(
        patched(particle_annealing, "terms_of", misread("springs", 1.4))
    ),
    "annealed particles, cell": annealed({"reference": SHIFTED}, kappa=0.0, n=4 * PARTICLES),
    "annealed particles, tethers": annealed({"stiffness": np.full(17, 0.1)}, kappa=0.5, T=1.5),
}


SCALES = np.array([1.0, 0.4, 0.1])


def exchanged_hamiltonians():
    """The dimer's own potential on a ladder of factors."""
    ladders = 12_000

    def start(seed):
        drawn = [drawn_particles(ladders, seed + i, scale=s) for i, s in enumerate(SCALES)]
        x = np.stack(drawn, axis=1).reshape(-1, 12)
        walkers = sampling.particle_state(x, seed=seed)
        return sampling.exchange_state(walkers, 3, n_ladders=ladders, seed=seed)

    def length_energy(walkers):
        return np.asarray(DIMER.term_energies(walkers.x)["length"])[:, None] * SCALES

    def sweep(walkers, rung):
        factors = {"length": SCALES[rung]}
        return sampling.particle_sweeps(walkers, 2, system=DIMER, step_size=0.35, factors=factors)[
            0
        ]

    def move(state, seed):
        return sampling.exchange_rounds(state, 2, sweep=sweep, reduced_energy=length_energy)[0]

    def statistics(state):
        at = np.argsort(state.rung, axis=1)
        values = of_particles(state.walkers.x)[:, [0, 1, 3, 7]].reshape(*at.shape, -1)
        return np.take_along_axis(values, at[..., None], axis=1).reshape(len(at), -1)

    return Kernel(start, move, statistics, patched(exchange, "log_ratios", halved))


# Three that repel in space: in a periodic cube, and alone, where only their common centre is held.


def gas():
    return ParticleSystem(
        n=3, dimension=3, terms=[InversePower(0.8, name="repulsion")],
        box=Periodic(2.0, images="nearest"),
    )  # fmt: skip


def cluster():
    terms = [InversePower(0.8, name="repulsion"), CentreTether(3, 2.0, name="centre")]
    return ParticleSystem(n=3, dimension=3, terms=terms)


def drawn_three(system, n, seed, T):
    """By rejection of what overlaps, from even or Gaussian ones."""
    rng = np.random.default_rng([seed, 11])
    found, have = [], 0
    while have < n:
        shape = (1 << 16, system.event_size)
        if system.lengths is None:
            x = np.sqrt(T / 2.0) * rng.standard_normal(shape)
        else:
            x = rng.uniform(-1, 1, shape)
        u = np.asarray(system.term_energies(x)["repulsion"])
        x = x[np.log(rng.random(len(x))) < -u / T]
        found.append(x)
        have += len(x)
    return np.concatenate(found)[:n]


def of_three(system):
    def statistics(x):
        r = system.positions(x).numpy()
        d = r[:, [0, 1, 2]] - r[:, [1, 2, 0]]
        if system.lengths is not None:
            d -= 2 * np.round(d / 2)
        r2 = (d**2).sum(axis=-1)
        turned = np.cos(np.pi * r[:, 0]), np.sin(np.pi * r[:, 1]) * np.cos(np.pi * r[:, 2])
        dot = (d[:, 0] * d[:, 1]).sum(axis=-1)[:, None]
        near = 1 / (0.3 + r2)
        together = near.sum(axis=1, keepdims=True)
        return np.concatenate([r2, near, together, dot, *turned], axis=1)

    return statistics


def swept_three(system, plant, T=0.8):
    def start(seed):
        return sampling.particle_state(drawn_three(system, PARTICLES, seed, T), seed=seed)

    def move(state, seed):
        return sampling.particle_sweeps(state, 4, system=system, step_size=0.4, temperature=T)[0]

    statistics = of_three(system)
    return Kernel(start, move, lambda state: statistics(state.x), plant)


def hamiltonian_three(make, T=0.8, n=PARTICLES // 2):
    """The planted error: energies of 0.6 of what they are, in the forces, too."""

    def moved(system):
        def move(x, seed):
            options = {"n_steps": 4, "stride": 4, "step_size": 0.1, "n_leapfrog": 4}
            return sampling.hamiltonian(
                system, x, temperature=T, seed=seed, dtype="float64", **options
            ).x[:, -1]

        return move

    def plant(patch):
        def smaller(old, *args):
            of = old(*args)
            return lambda x, tau: of(x, tau / 0.6)

        patched(hamiltonian_walk, "log_density", smaller)(patch)
        return moved(make())  # what was compiled for the first one has no error

    system = make()
    return Kernel(
        lambda seed: drawn_three(system, n, seed, T), moved(system), of_three(system), plant
    )


KERNELS |= {
    "exchange of Hamiltonians": exchanged_hamiltonians(),
    "particle sweeps, periodic": swept_three(
        gas(), patched(particles, "terms_of", misread("repulsion", 1.1**0.5))
    ),
    "particle sweeps, cluster": swept_three(
        cluster(), patched(particles, "terms_of", misread("centre", 1.2))
    ),
    "Hamiltonian, periodic": hamiltonian_three(gas),
    "Hamiltonian, cluster": hamiltonian_three(cluster),
}


@pytest.mark.parametrize(("kernel", "planted"), both(KERNELS))
def test_the_target_is_invariant(kernel, planted, monkeypatch):
    if planted:
        planted_error_is_seen(kernel, monkeypatch)
    else:
        leaves_its_target(kernel)
