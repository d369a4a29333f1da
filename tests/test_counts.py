"""What everything public counts, against numbers by hand and an energy that counts itself.

A new function of `sampling` or `analysis`, or method of a generator or trainer, fails here until it
has a row. The rows are small, so that each number is worked out in its line.
"""

from __future__ import annotations

import functools
import inspect
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg
from boltzmann_tf import analysis, baseline, exact, potentials, priors, sampling
from boltzmann_tf.bijectors import GapFlow, realnvp
from boltzmann_tf.systems import (
    AtTemperature,
    DoubleWell,
    FluidBox,
    GibbsBoxes,
    IsingField,
    LennardJonesCluster,
    NeighbourLine,
    Nematic,
    ParticleSystem,
    Polymer,
    Tethered,
)
from boltzmann_tf.training.explorer import Explorer

WELL = DoubleWell()
RNG = np.random.default_rng(0)
SOME = (0.3 * RNG.standard_normal((5, 2)) + WELL.initial_state("left")).astype(np.float32)
# Three particles on springs in a periodic box of the plane, and on a line without one.
BOX = ParticleSystem(
    n=3, dimension=2, terms=[potentials.LennardJones(cut=1.5)], box=potentials.Periodic(6.0)
)
CHAIN = ParticleSystem(
    n=3, dimension=1,
    terms=[potentials.HarmonicBond([(0, 1), (1, 2)], 9.0, 1.0), potentials.Tether([0.0], 1.0)],
    coordinates={"length": potentials.Distance(0, 1)},
)  # fmt: skip
LINE = np.array([[-1.0, 0.0, 1.0], [-1.1, 0.0, 1.0], [-0.9, 0.1, 1.0], [-1.0, 0.1, 0.9]])
PLACES = np.array([0.0, 0.0, 2.0, 0.1, 0.0, 2.0]) + 0.1 * RNG.standard_normal((4, 6))
CLUSTER = LennardJonesCluster(4)
SPINS = np.ones((3, 4, 4), np.int8)  # 3 replicas of 16
RODS = Nematic("ring", 5)
FIELD = IsingField(4, 2.5)
GAS = GibbsBoxes(3, 10.0)
_, COEXISTING = sampling.gibbs_rounds(sampling.gibbs_state(GAS, 20), 200, system=GAS)
POLYMER = Polymer(4)
POLYMER_STATE = sampling.polymer_state(np.tile(POLYMER.initial_state("stretched"), (2, 1)))
FLUID = FluidBox(2, potentials.LennardJones(cut=1.5))
BOTH = exact.GibbsJoint(exact.HardRods(), 2, 5.0)
COLD, HOT = 1e-9, 1e9  # where a cluster is the whole lattice, and where it is one spin
MOVES = {"system": CHAIN, "step_size": 0.3}


@functools.cache
def generator():
    return bg.BoltzmannGenerator(WELL, realnvp(2, blocks=1, hidden=(4,), seed=0), jit_compile=False)


@functools.cache
def box_of_rods():
    """Of one of two boxes of rods."""
    flow = GapFlow(2, core=1.0, margin=0.5, hidden=(4,), bins=2)
    prior = priors.UniformBox(np.zeros(2), np.ones(2))
    line = NeighbourLine(2, core=1.0, margin=0.5)
    return bg.BoltzmannGenerator(line, flow, prior, jit_compile=False)


@functools.cache
def saved_state():
    """The file of one."""
    path = Path(tempfile.mkdtemp()) / "walkers.npz"
    sampling.save_state(path, POLYMER_STATE)
    return path


@functools.cache
def trainer(system=WELL):
    made = bg.BoltzmannGenerator(system, realnvp(2, blocks=1, hidden=(4,)), jit_compile=False)
    return bg.Trainer(made, steps_per_call=3, jit_compile=False)


@functools.cache
def explorer(system=WELL):
    made = bg.BoltzmannGenerator(system, realnvp(2, blocks=1, hidden=(4,)), jit_compile=False)
    return Explorer(made, SOME, capacity=20, jit_compile=False)


def lattice(**options):
    return sampling.lattice_state(3, 4, **options)


def rods(**options):
    return sampling.vector_state(RODS, 3, **options)


def umbrella(levels):
    """Two ladders of three windows."""
    centres = [0.8, 1.0, 1.2]
    state = sampling.umbrella_state(CHAIN, centres, start=LINE[0], n_ladders=2)
    return sampling.umbrella_rounds(
        state, 4, system=CHAIN, centres=centres, temperature=[1.0, 1.5], n_sweeps=5, levels=levels
    )


def ladders(temperatures):
    """Two ladders of three windows at each temperature, one round to tune and three."""
    return sampling.umbrella_sampling(
        CHAIN, [0.8, 1.0, 1.2], temperatures=temperatures, n_rounds=3, burn_in=1, n_ladders=2,
        n_sweeps=5, mobile=1.0, ratio=1.5, start=LINE[0],
    )  # fmt: skip


@functools.cache
def tethered():
    warm = Tethered(AtTemperature(CHAIN, 4.0), LINE[0], 40.0)
    return bg.BoltzmannGenerator(warm, realnvp(3, blocks=1, hidden=(4,)), jit_compile=False)


def fields(n):
    x = np.random.default_rng(0).normal(size=(n, 4, 4)).astype(np.float32)
    none = np.zeros(n)
    return bg.Samples(x.reshape(n, 16), x, none, none, none)


SPINS_OF_TWO = [sampling.spins_of_fields(IsingField(4, t), fields(200)) for t in (2.5, 2.6)]


def exchange():
    """Four walkers in a ladder."""
    T = np.geomspace(1.0, 2.0, 4)
    return sampling.exchange_rounds(
        sampling.exchange_state(sampling.particle_state(LINE), 4),
        3,
        sweep=lambda w, k: sampling.particle_sweeps(w, 2, temperature=T[k], **MOVES)[0],
        reduced_energy=lambda w: sampling.particle_energies(w.x, CHAIN)[:, None] / T,
    )


def anneal_particles():
    """Five densities."""
    return sampling.anneal_particles(
        LINE, system=CHAIN, centres=LINE[0], stiffness=np.linspace(1, 0, 5),
        temperature=np.ones(5), step_size=0.3,
    )  # fmt: skip


def tempering(n_updates):
    """Two ladders of three temperatures."""
    return sampling.tempering_rounds(
        sampling.tempering_state(4, 3, n_ladders=2), 4, temperatures=[2, 2.5, 3],
        n_updates=n_updates,
    )  # fmt: skip


def vector_tempering(n_clusters, temperatures):
    """Two ladders of two temperatures."""
    return sampling.vector_tempering_rounds(
        sampling.vector_tempering_state(RODS, 2, n_ladders=2, start="aligned"), 4, system=RODS,
        temperatures=temperatures, n_sweeps=3, n_clusters=n_clusters,
    )  # fmt: skip


def anneal(made, **options):
    """Two batches."""
    return sampling.anneal(made, 5, n_steps=3, n_leapfrog=2, batch_size=4, **options)


def walk(sampler, first, **options):
    return sampler(first, SOME[:3], n_steps=6, stride=2, seed=1, jit_compile=False, **options)


def ising_chain(method):
    return sampling.ising_chain(
        4, 2.0, n_replicas=3, n_measurements=5, method=method, stride=2, burn_in=7
    )


def fit(made, **weights):
    """Seven steps of eight configurations, in three calls of the compiled function."""
    return made.fit(SOME, bg.Stage(7, 8, 1e-3, **weights), verbose=0)


def run(made):
    return made.run(bg.Stage(3, 8, 1e-3, ml=1.0, kl=1.0), verbose=0)


def stopped():
    """A reader who stops at the second of four batches, with the third computed meanwhile."""
    batches = generator().sample_batches(16, batch_size=4)
    next(batches)
    next(batches)
    batches.close()


TUNED = {"burn_in": 45, "target_acceptance": 0.4}
# (what is about, call, energies by hand); several rows of one name are variants of it.
ROWS = [
    ("sampling.metropolis", lambda: walk(sampling.metropolis, WELL), 3 * (1 + 1 + 6)),
    # The start; twenty rounds of two steps, and the run, each from its beginning.
    ("sampling.metropolis", lambda: walk(sampling.metropolis, WELL, **TUNED),
     3 * (1 + 20 * (1 + 2) + 1 + 6)),
    ("sampling.run_chains",
     lambda: sampling.run_chains(lambda x: -tf.reduce_sum(x**2, axis=1), SOME[:3], n_steps=5,
                                 stride=2, burn_in=7, step_size=0.1, jit_compile=False),
     3 * (1 + 1 + 7 + 1 + 4)),
    # The start, without a gradient and with one; 45 steps of 4 and a look; 3 times 2 and a look.
    ("sampling.hamiltonian",
     lambda: walk(sampling.hamiltonian, WELL, n_leapfrog=4, **TUNED),
     3 * (2 + 1 + 45 * 4 + 1 + 1 + 3 * (2 * 4 + 1))),
    ("sampling.latent_metropolis", lambda: walk(sampling.latent_metropolis, generator(), **TUNED),
     3 * (1 + 20 * (1 + 2) + 1 + 6)),
    ("sampling.independence_chain", lambda: sampling.independence_chain(generator(), 10), 11),
    ("sampling.interpolate",
     lambda: sampling.interpolate(generator(), SOME[:2], SOME[2:4], n_points=6), 2 * 6),
    ("sampling.anneal", lambda: anneal(generator(), step_size=0.1), 2 * 4 * (2 + 3 * 2)),
    ("sampling.anneal", lambda: anneal(generator()), (2 + 3) * 4 * (2 + 3 * 2)),
    ("sampling.anneal_particles", anneal_particles, 4 * 5),
    ("sampling.particle_state", lambda: sampling.particle_state(LINE), 0),
    ("sampling.save_state", saved_state, 0),
    ("sampling.load_state", lambda: sampling.load_state(saved_state()), 0),
    ("sampling.particle_energies", lambda: sampling.particle_energies(LINE, CHAIN), 4),
    ("sampling.particle_sweeps",
     lambda: sampling.particle_sweeps(sampling.particle_state(LINE), 5, **MOVES), 4 * 5),
    ("sampling.particle_chain",
     lambda: sampling.particle_chain(LINE, 3, stride=2, burn_in=5, **MOVES), 4 * (5 + 3 * 2)),
    ("sampling.polymer_state", lambda: sampling.polymer_state(LINE), 0),
    # 12 moves of one of four particles are three energies; four looks.
    ("sampling.polymer_rounds",
     lambda: sampling.polymer_rounds(
         POLYMER_STATE, 2, system=POLYMER, n_moves=3, weights=(1, 0, 0, 0)
     ), 3 + 4),
    # In each of two densities three moves, two replicas: three energies; four of whole chains.
    ("sampling.switch_polymers",
     lambda: sampling.switch_polymers(
         POLYMER_STATE, system=POLYMER, factors={"bond": [1, 1, 1]}, n_moves=3,
         weights=(1, 0, 0, 0)
     ), 3 + 4),
    ("sampling.switch_polymers",
     lambda: sampling.switch_polymers(
         POLYMER_STATE, system=[POLYMER] * 3, n_moves=3, weights=(1, 0, 0, 0)
     ), 3 + 2 * 4),
    # Rounds as above between three densities; looks are counted by the generator that takes them.
    ("sampling.anneal_moves",
     lambda: sampling.anneal_moves(
         POLYMER_STATE, log_weight=lambda x: -POLYMER.energy(x), n_steps=3,
         moves=lambda state: sampling.polymer_rounds(
             state, 2, system=POLYMER, n_moves=3, weights=(1, 0, 0, 0)
         )[0],
     ), 2 * (3 + 4)),
    # Two replicas: where they start; seven rounds of a look and of five moves of three particles.
    ("sampling.gibbs_rounds",
     lambda: sampling.gibbs_rounds(sampling.gibbs_state(GAS, 2), 7, system=GAS, n_moves=5),
     2 * (1 + 7 * (1 + 2))),
    ("sampling.gibbs_configurations",
     lambda: sampling.gibbs_configurations([sampling.gibbs_state(GAS)]), 0),
    # n = 1, 2, four volumes, two surfaces of three samples; both boxes of five states.
    ("sampling.state_surfaces",
     lambda: sampling.state_surfaces(box_of_rods(), 2, 5.0, n_nodes=4, n_samples=3,
                                     n_surfaces=2), 48),
    ("sampling.gibbs_samples", lambda: sampling.gibbs_samples(box_of_rods(), BOTH, 5), 10),
    # Two particles, four volumes, eight walks (four at one particle) of five steps, two a step.
    ("sampling.annealed_surfaces",
     lambda: sampling.annealed_surfaces(FLUID, 9.0, n_steps=5, n_nodes=4, n_samples=3,
                                        n_surfaces=2), 4 * 8 * 5 * 2),
    ("sampling.gibbs_state", lambda: sampling.gibbs_state(GAS), 0),
    ("sampling.gibbs_pressure",
     lambda: sampling.gibbs_pressure(COEXISTING, GAS, temperature=1.0), 0),
    ("sampling.gibbs_phases",
     lambda: sampling.gibbs_phases(COEXISTING, GAS, temperature=1.0), 0),
    ("sampling.relabel", lambda: sampling.relabel(LINE, LINE[0], dimension=1), 0),
    ("sampling.switch_particles",  # an energy and a sweep a step
     lambda: sampling.switch_particles(
         sampling.particle_state(LINE), factors={CHAIN.moving_terms[0]: [1.0, 0.7, 0.5]}, **MOVES
     ), 4 * 2 * (1 + 1)),
    ("sampling.symmetrised",
     lambda: sampling.symmetrised(CLUSTER.initial_states["gas"][None], CLUSTER, 7), 0),
    ("sampling.umbrella_state",
     lambda: sampling.umbrella_state(CHAIN, [0.8, 1.0], start=LINE[0]), 0),
    ("sampling.umbrella_rounds", lambda: umbrella(1), 6 * 4 * 5),
    ("sampling.umbrella_rounds", lambda: umbrella(2), 6 * 4 * (5 + 1)),
    # Four rounds in all: two ladders of three windows at T = 2, which is mobile.
    ("sampling.umbrella_sampling", lambda: ladders((2.0,)), 2 * 3 * 4 * 5),
    # And below it four windows at T = 0.5, 0.71 and 1, which exchange configurations.
    ("sampling.umbrella_sampling", lambda: ladders((0.5, 2.0)),
     2 * 3 * 4 * 5 + 2 * 3 * 4 * 4 * (5 + 1)),
    # Two ladders of three walkers; the energy of one term is none.
    ("sampling.hamiltonian_exchange",
     lambda: sampling.hamiltonian_exchange(
         CHAIN, LINE[:2], term=CHAIN.moving_terms[0], factors=[1.0, 0.5, 0.1], n_rounds=4,
         burn_in=1, n_sweeps=5, step_size=0.3,
     ), 6 * (1 + 4) * 5),
    ("sampling.temperature_ladder", lambda: sampling.temperature_ladder([1.0, 2.0]), 0),
    ("sampling.tether_path",
     lambda: sampling.tether_path(10, stiffness=(3.0, 9.0), temperature=(4.0, 4.0)), 0),
    # Three batches that tune and one, of three moves of five steps. Ten steps let the tethers go;
    # seven lead to T = 2, and fourteen to T = 1; each path begins with an energy.
    ("sampling.anneal_tethered",
     lambda: sampling.anneal_tethered(
         tethered(), 4, (2.0, 1.0), loose=3.0, n_sweeps=10, latent_steps=3
     ), 4 * 4 * (2 + 3 * 5) + 4 * (11 + 8 + 15)),
    ("sampling.resample", lambda: sampling.resample(np.zeros(5)), 0),
    ("sampling.tempered", lambda: sampling.tempered(generator(), (1.0, 2.0), 11), 11),
    ("sampling.equilibrium_fields",
     lambda: sampling.equilibrium_fields(FIELD, 3, updates=5), 3 * 5),
    ("sampling.spins_of_fields",
     lambda: sampling.spins_of_fields(FIELD, fields(5), draws=2), 5 * 2),
    ("sampling.pooled_averages", lambda: sampling.pooled_averages(SPINS_OF_TWO), 0),
    ("sampling.exchange_state", lambda: sampling.exchange_state(np.zeros(2), 2), 0),
    ("sampling.exchange_rounds", exchange, 4 * 3 * (2 + 1)),
    ("sampling.lattice_state", lattice, 0),
    ("sampling.lattice_energies", lambda: sampling.lattice_energies(SPINS), 3),
    ("sampling.lattice_observables", lambda: sampling.lattice_observables(SPINS), 3),
    ("sampling.metropolis_sweeps",
     lambda: sampling.metropolis_sweeps(lattice(), 5, temperature=2.0), 3 * 5),
    ("sampling.heat_bath_sweeps",
     lambda: sampling.heat_bath_sweeps(lattice(), 5, temperature=2.0), 3 * 5),
    ("sampling.multispin_sweeps",  # not the 61 replicas by which the word is filled up
     lambda: sampling.multispin_sweeps(lattice(), 5, temperature=2.0), 3 * 5),
    ("sampling.swendsen_wang_updates",
     lambda: sampling.swendsen_wang_updates(lattice(), 5, temperature=HOT), 3 * 5),
    ("sampling.wolff_updates",
     lambda: sampling.wolff_updates(lattice(), 5, temperature=COLD), 3 * 5),
    ("sampling.wolff_updates",  # 33 of 16 spins, rounded up
     lambda: sampling.wolff_updates(lattice(), 11, temperature=HOT), 3),
    ("sampling.ising_chain", lambda: ising_chain("metropolis"), 3 * (7 + 5 * (2 + 1))),
    ("sampling.ising_chain", lambda: ising_chain("swendsen_wang"), 3 * (7 + 5 * (2 + 1))),
    ("sampling.tempering_state", lambda: sampling.tempering_state(4, 3), 0),
    ("sampling.tempering_rounds", lambda: tempering(2), 6 * 4 * (2 + 1)),
    ("sampling.wang_landau_state",  # which walkers are above E = 0
     lambda: sampling.wang_landau_state("energy", 4, n_walkers=3), 3),
    ("sampling.wang_landau_state",
     lambda: sampling.wang_landau_state("magnetization", 4, n_walkers=3, temperature=2.0), 0),
    ("sampling.wang_landau_sweeps",
     lambda: sampling.wang_landau_sweeps(
         sampling.wang_landau_state("magnetization", 4, n_walkers=3, temperature=2.0), 5
     ), 3 * (1 + 5)),
    ("sampling.vector_state", rods, 0),
    ("sampling.vector_energies",
     lambda: sampling.vector_energies(rods().vectors[None], RODS), 3),
    ("sampling.vector_order", lambda: sampling.vector_order(rods().vectors), 0),
    ("sampling.vector_sweeps",
     lambda: sampling.vector_sweeps(rods(), 5, system=RODS, temperature=1.0), 3 * 5),
    ("sampling.vector_wolff_updates",
     lambda: sampling.vector_wolff_updates(rods(start="aligned"), 5, system=RODS,
                                           temperature=COLD), 3 * 5),
    ("sampling.vector_wolff_updates",  # 33 of 5 vectors, rounded up
     lambda: sampling.vector_wolff_updates(rods(), 11, system=RODS, temperature=HOT), 7),
    # Twenty rounds to tune and eight, of two ladders of two walkers.
    ("sampling.nematic_tempering",
     lambda: sampling.nematic_tempering(RODS, [1, 2], n_rounds=9, n_ladders=2, n_sweeps=3),
     4 * (20 + 8) * (3 + 1)),
    ("sampling.vector_averages",
     lambda: sampling.vector_averages(np.ones(40), np.ones(40), temperature=1.0, sites=5), 0),
    ("sampling.vector_tempering_state", lambda: sampling.vector_tempering_state(RODS, 2), 0),
    ("sampling.vector_tempering_rounds", lambda: vector_tempering(0, [1, 2]), 4 * 4 * (3 + 1)),
    ("sampling.vector_tempering_rounds", lambda: vector_tempering(2, [COLD, 2 * COLD]),
     4 * 4 * (3 + 2 + 1)),
    ("analysis.pressure", lambda: analysis.pressure(PLACES, BOX), 4),
    ("analysis.virial", lambda: analysis.virial(LINE, CHAIN), 4),
    ("analysis.virial", lambda: analysis.virial(SOME, WELL), 5),
    ("analysis.virial", lambda: analysis.virial(generator().sample_batches(5), WELL), 5 + 5),
    ("analysis.pair_distribution",
     lambda: analysis.pair_distribution(PLACES, BOX, edges=[0.0, 1.0, 2.0]), 0),
    ("analysis.structure_factor", lambda: analysis.structure_factor(PLACES, BOX, q_max=3.0), 0),
    ("baseline.gaussian_baseline", lambda: baseline.gaussian_baseline(WELL, SOME, 7), 7),
    ("generator.sample", lambda: generator().sample(11), 11),  # not the 5 that fill the batch up
    ("generator.sample", lambda: generator().sample(11, batch_size=4), 11),
    ("generator.sample_batches", lambda: generator().sample_batches(11), 0),  # nobody has read
    ("generator.sample_batches", lambda: list(generator().sample_batches(11, batch_size=4)), 11),
    ("generator.sample_batches", stopped, 3 * 4),
    ("generator.log_weight", lambda: generator().log_weight(SOME), 5),
    ("generator.log_weight", lambda: generator().log_weight(iter([SOME, SOME[:2]])), 7),
    ("generator.log_prob", lambda: generator().log_prob(SOME), 0),
    ("generator.prior_sample", lambda: generator().prior_sample(3, 1.0, tf.constant([0, 1])), 0),
    ("generator.prior_log_prob", lambda: generator().prior_log_prob(tf.constant(SOME), 1.0), 0),
    ("generator.to_configuration", lambda: generator().to_configuration(tf.constant(SOME)), 0),
    ("generator.to_configuration_with_cost",
     lambda: generator().to_configuration_with_cost(tf.constant(SOME)), 0),
    ("generator.to_latent", lambda: generator().to_latent(SOME), 0),
    ("generator.as_distribution", lambda: generator().as_distribution().log_prob(SOME), 0),
    ("generator.save", lambda: generator().save(tempfile.mkdtemp()), 0),
    ("generator.load", lambda: bg.BoltzmannGenerator.load(saved()), 0),
    ("trainer.fit", lambda: fit(trainer()), 0),
    ("trainer.fit", lambda: fit(trainer(), kl=1.0), 7 * 8),
    ("trainer.fit", lambda: fit(trainer(), kl=1.0, temperatures=(1.0, 2.0, 3.0)), 7 * 6),
    ("trainer.fit", lambda: fit(trainer(), kl=1.0, weighted_ml=True), 7 * (8 + 8)),
    ("trainer.save", lambda: trainer().save(tempfile.mkdtemp()), 0),
    ("trainer.get_weights", lambda: trainer().get_weights(), 0),
    ("trainer.set_weights", lambda: trainer().set_weights(trainer().get_weights()), 0),
    # A step generates 8, and knows 8 before and after their move.
    ("explorer.run", lambda: run(explorer()), 3 * (8 + 2 * 8)),
    ("explorer.run", lambda: run(explorer()), 3 * (8 + 2 * 8)),  # and not those of the first again
    ("explorer.save", lambda: explorer().save(tempfile.mkdtemp()), 0),
    ("explorer.get_weights", lambda: explorer().get_weights(), 0),
    ("explorer.set_weights", lambda: explorer().set_weights(explorer().get_weights()), 0),
]  # fmt: skip
IDS = [f"{i}-{name}" for i, (name, *_) in enumerate(ROWS)]


def saved():
    folder = tempfile.mkdtemp()
    generator().save(folder)
    return folder


@pytest.mark.parametrize(("name", "call", "expected"), ROWS, ids=IDS)
def test_the_count_is_that_by_hand(name, call, expected):
    with bg.energies_counted() as count:
        call()
    assert count.number == expected


@pytest.mark.parametrize(
    "call", [lambda: anneal(generator()), anneal_particles, lambda: fit(trainer(), kl=1.0)]
)
def test_a_result_with_a_number_of_its_own_says_the_same(call):
    with bg.energies_counted() as count:
        result = call()
    assert count.number == result.energy_evaluations > 0


def public():
    """Names of what a user calls to have something computed."""
    functions = {
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in (sampling, analysis, baseline)
        for name in module.__all__
        if inspect.isroutine(getattr(module, name))
    }
    kinds = {"generator": bg.BoltzmannGenerator, "trainer": bg.Trainer, "explorer": Explorer}
    methods = {
        f"{label}.{name}"
        for label, kind in kinds.items()
        for name in dir(kind)
        if not name.startswith("_") and inspect.isroutine(getattr(kind, name))
    }
    return functions | methods


def test_everything_public_has_a_row():
    rows = {name for name, *_ in ROWS}
    assert sorted(public() - rows) == [], "without a row"
    assert sorted(rows - public()) == [], "rows of nothing"


@pytest.mark.parametrize("owner", [sampling, bg.Trainer])
def test_what_is_new_without_a_row_is_found(monkeypatch, owner):
    def unheard_of():
        """Planted."""

    monkeypatch.setattr(owner, "unheard_of", unheard_of, raising=False)
    if owner is sampling:
        monkeypatch.setattr(owner, "__all__", [*owner.__all__, "unheard_of"])
    with pytest.raises(AssertionError, match=r"unheard_of"):
        test_everything_public_has_a_row()


# An energy that counts itself.


class Meter:
    """How many energies were computed, whatever the package says."""

    def __init__(self):
        self.number = 0

    def __call__(self, x):
        self.number += len(x)
        return x


class Metered(DoubleWell):
    """The double well, in graphs without XLA."""

    compiles_with_xla = False
    meter = Meter()

    def energy(self, x):
        return super().energy(self.passed(x))

    def passed(self, x):
        @tf.custom_gradient
        def through(x):
            y = tf.numpy_function(self.meter, [x], x.dtype)
            y.set_shape(x.shape)
            return y, lambda slope: slope

        return through(x)


@functools.cache
def metered():
    system = Metered()
    return system, bg.BoltzmannGenerator(system, realnvp(2, blocks=1, hidden=(4,), seed=0))


METERED = {  # powers of two, of which no batch is filled up
    "metropolis": lambda s, g: walk(sampling.metropolis, s, **TUNED),
    "untuned": lambda s, g: walk(sampling.metropolis, s, burn_in=9),
    "hamiltonian": lambda s, g: walk(sampling.hamiltonian, s, n_leapfrog=3, **TUNED),
    "latent_metropolis": lambda s, g: walk(sampling.latent_metropolis, g, **TUNED),
    "independence_chain": lambda s, g: sampling.independence_chain(g, 15),
    "interpolate": lambda s, g: sampling.interpolate(g, SOME[:2], SOME[2:4], n_points=6),
    "anneal": lambda s, g: anneal(g),
    "gaussian_baseline": lambda s, g: baseline.gaussian_baseline(s, SOME, 7),
    "virial": lambda s, g: analysis.virial(SOME, s),
    "sample": lambda s, g: g.sample(16, batch_size=4),
    "log_weight": lambda s, g: g.log_weight(SOME[:4]),
    "log_prob": lambda s, g: g.log_prob(SOME[:4]),
    "fit": lambda s, g: fit(trainer(s), kl=1.0, weighted_ml=True),
    "run": lambda s, g: run(explorer(s)),
}


@pytest.mark.parametrize("name", METERED)
def test_the_count_is_of_what_is_computed(name):
    system, made = metered()
    if name in ("fit", "run"):  # what of a first call is checks: whether compiled code is shared
        METERED[name](system, made)
    before = system.meter.number
    with bg.energies_counted() as count:
        METERED[name](system, made)
    computed = system.meter.number - before
    assert count.number == computed
    assert (computed > 0) == (name != "log_prob")
