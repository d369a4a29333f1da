"""Bad calls of samplers."""

from __future__ import annotations

import functools

import numpy as np

import boltzmann_tf as bg
from bad_input.parts import NAN, ONES, WELL, first, generator
from boltzmann_tf import bijectors, exact, potentials, priors, sampling, systems
from boltzmann_tf.potentials import Distance

DIMER = systems.SolvatedDimer(solvent=4, box=1.5)
DIMER_X = np.stack([DIMER.initial_state("closed")])
LATTICE, ODD = sampling.lattice_state(2, 4), sampling.lattice_state(1, 3)
LADDER = sampling.tempering_state(4, 2)
WINDOWS = sampling.umbrella_state(DIMER, [1.0, 2.0])
RING = systems.Nematic("ring", 3)
VECTORS = sampling.vector_state(RING, 1)
UP = VECTORS.vectors
BOXES = systems.GibbsBoxes(3, 10.0)
FLUID = potentials.LennardJones(cut=1.5)
BOX = systems.FluidBox(2, FLUID)
RODS = exact.GibbsJoint(exact.HardRods(), 2, 5.0)
OTHERS = [systems.GibbsBoxes(4, 10.0), systems.GibbsBoxes(3, 11.0)]
VECTOR_LADDER = sampling.vector_tempering_state(RING, 2)
STEEP = bg.System.from_energy(lambda x: 1e9 + first(x), (2,))
CHAIN = functools.partial(sampling.metropolis, WELL, n_steps=10)
HMC = functools.partial(sampling.hamiltonian, WELL, n_steps=10)
RUNGS = sampling.exchange_state(ONES, 3)
POLYMER = systems.Polymer(4)
POLYMER_STATE = sampling.polymer_state(POLYMER.initial_state("stretched")[None])
FENE_CHAIN = systems.Polymer(3, bond="fene")
TORN_STATE = sampling.polymer_state(2.0 * FENE_CHAIN.configuration(np.eye(3))[None])
CLUSTER = systems.LennardJonesCluster(4)
CLUSTER_X = CLUSTER.initial_states["gas"][None]
FAMILY = systems.IsingField(2, (2.0, 3.0))


@functools.cache
def line():
    """A generator of two rods on a line."""
    rods = systems.NeighbourLine(2, core=1.0, margin=0.5)
    flow = bijectors.GapFlow(2, core=1.0, margin=0.5, hidden=(4,), bins=2)
    return bg.BoltzmannGenerator(rods, flow, priors.UniformBox(np.zeros(2), np.ones(2)))


@functools.cache
def insertion():
    """A generator of two particles in the plane."""
    flow = bijectors.InsertionFlow(2, FLUID, grid=4, hidden=(4,))
    return bg.BoltzmannGenerator(BOX, flow, priors.UniformBox(np.zeros(4), np.ones(4)))


def switch(state=None, **options):
    given = {"system": DIMER, "factors": {"length": [0.0, 1.0]}, "step_size": 0.1} | options
    return sampling.switch_particles(state or sampling.particle_state(DIMER_X), **given)


@functools.cache
def halving():
    field = systems.IsingField(2, 2.5)
    return sampling.StepHalving(bg.BoltzmannGenerator(field, bg.bijectors.LatticeFlow(2)))


def RUN(**options):  # noqa: N802
    given = {"n_rounds": 1, "burn_in": 1} | options
    return sampling.umbrella_sampling(DIMER, [1.0, 2.0], **given)


def HAMILTONIANS(**options):  # noqa: N802
    given = {"start": DIMER_X, "term": "length", "factors": [1.0, 0.5], "n_rounds": 1}
    return sampling.hamiltonian_exchange(DIMER, **given | {"step_size": 0.1} | options)


ROWS = [
    (
        lambda: sampling.latent_metropolis(generator(), ONES[:, :1], n_steps=5),
        ValueError,
        r"initial must have shape \[chains, 2\], got \(3, 1\)",
    ),
    (lambda: sampling.vector_energies(UP, WELL), TypeError, r"system must be a Nematic, got"),
    (lambda: CHAIN([0.0, 0.0], dtype="float16"), ValueError, r"dtype must be one of .*'float16'"),
    (lambda: CHAIN([0.0, 0.0], jit_compile="xla"), ValueError, r"jit_compile must be .*'xla'"),
    (lambda: CHAIN([0.0, 0.0], n_steps=2**31), ValueError, r"n_steps must be below 2\*\*31"),
    (
        lambda: sampling.metropolis(STEEP, [0.0, 0.0], n_steps=1),
        ValueError,
        r"energies must be small enough for float32 to tell 0\.01 kT apart",
    ),
    (
        lambda: sampling.metropolis("well", [0.0, 0.0], n_steps=10),
        TypeError,
        r"system must be a System, got 'well'",
    ),
    (lambda: CHAIN([0.0, 0.0, 0.0]), ValueError, r"initial must have shape \[chains, 2\], got"),
    (lambda: CHAIN([NAN, 0.0]), ValueError, r"initial must be finite, got 1 NaN"),
    (
        lambda: sampling.metropolis(systems.SpringInBox(), [-1.0, 0.0], n_steps=10),
        ValueError,
        r"initial must have finite energies, got",
    ),
    (lambda: CHAIN([0.0, 0.0], n_steps=0), ValueError, r"n_steps must be .*got 0"),
    (lambda: CHAIN([0.0, 0.0], stride=0), ValueError, r"stride must be .*got 0"),
    (lambda: CHAIN([0.0, 0.0], stride=20), ValueError, r"stride must be at most .*got 20"),
    (lambda: CHAIN([0.0, 0.0], step_size=-0.1), ValueError, r"step_size must be .*got -0\.1"),
    (lambda: CHAIN([0.0, 0.0], temperature=0), ValueError, r"temperature must be .*got 0"),
    (lambda: CHAIN([0.0, 0.0], burn_in=-1), ValueError, r"burn_in must be .*got -1"),
    (lambda: CHAIN([0.0, 0.0], seed=-1), ValueError, r"seed must be .*got -1"),
    (
        lambda: CHAIN([0.0, 0.0], target_acceptance=2.0),
        ValueError,
        r"target_acceptance must be in \(0, 1\), got 2\.0",
    ),
    (
        lambda: CHAIN([0.0, 0.0], target_acceptance=0.4),
        ValueError,
        r"burn_in must be at least 20 .*got 0",
    ),
    (
        lambda: sampling.interpolate(generator(), ONES, ONES[:2]),
        ValueError,
        r"start and end must hold as many configurations, got 3 and 2",
    ),
    (lambda: sampling.interpolate(WELL, ONES, ONES), TypeError, r"generator must be a Boltz"),
    (
        lambda: sampling.independence_chain(generator(), 5, condition=[[1.0]]),
        ValueError,
        r"condition must have one dimension, for a chain samples one density, got shape \(1, 1\)",
    ),
    (
        lambda: sampling.independence_chain(generator(), 5, temperature=[1.0]),
        TypeError,
        r"temperature must be a positive number, got \[1\.0\] of type list",
    ),
    (
        lambda: sampling.independence_chain(generator(), 0),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.anneal_moves(
            POLYMER_STATE, log_weight=lambda x: x[:, 0], moves=lambda s: s, n_steps=0
        ),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.anneal_moves(
            POLYMER_STATE, log_weight=lambda x: x, moves=lambda s: s, n_steps=2
        ),
        ValueError,
        r"log_weight must return shape \[1\], got \(1, 9\)",
    ),
    (
        lambda: sampling.save_state("run", "state"),
        TypeError,
        r"state must be one of .*, got str",
    ),
    (
        lambda: sampling.load_state(3),
        TypeError,
        r"path must be a str or PathLike, got 3 of type int",
    ),
    (
        lambda: sampling.anneal("generator", 8),
        TypeError,
        r"generator must be a BoltzmannGenerator, got 'generator' of type str",
    ),
    (lambda: sampling.anneal(generator(), 0), ValueError, r"n must be an integer >= 1, got 0"),
    (
        lambda: sampling.anneal(generator(), 8, temperature=0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, n_steps=0),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, n_leapfrog=0),
        ValueError,
        r"n_leapfrog must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, power=-1.0),
        ValueError,
        r"power must be a positive finite number, got -1\.0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, resample_below=2.0),
        ValueError,
        r"resample_below must be between 0 and 1, got 2\.0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, step_size=[0.1, 0.2]),
        ValueError,
        r"step_size must be > 0, a number or \[10\], got \[0\.1, 0\.2\]",
    ),
    (
        lambda: sampling.anneal(generator(), 8, moving=[True]),
        ValueError,
        r"moving must be 2 booleans, one of them true at least, got \[True\]",
    ),
    (
        lambda: sampling.anneal(generator(), 8, batch_size=0),
        ValueError,
        r"batch_size must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.anneal(generator(), 8, seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.anneal_particles(
            ONES,
            system=WELL,
            reference=ONES,
            centres=[1.0],
            stiffness=[1.0],
            temperature=[1.0],
            step_size=0.1,
        ),
        TypeError,
        r"system must be a ParticleSystem, got <boltzmann_tf\.syst",
    ),
    (
        lambda: sampling.anneal_particles(
            ONES,
            system=DIMER,
            reference=ONES,
            centres=[1.0],
            stiffness=[1.0],
            temperature=[1.0],
            step_size=0.1,
        ),
        ValueError,
        r"x must have a last dimension of 12, got shape \(3, 2\)",
    ),
    (
        lambda: sampling.anneal_particles(
            DIMER_X,
            system=DIMER,
            reference=DIMER_X[0],
            centres=[1.0],
            stiffness=[-1.0],
            temperature=[1.0],
            step_size=0.1,
        ),
        ValueError,
        r"centres must have a last dimension of 12, got shape \(1,\)",
    ),
    (
        lambda: sampling.anneal_particles(
            DIMER_X,
            system=DIMER,
            centres=DIMER_X,
            stiffness=[1.0, 0.5],
            temperature=[1.0, 1.0],
            step_size=0.1,
            rigid=[3],
        ),
        ValueError,
        r"rigid must be two or more particles or none, got \[3\]",
    ),
    (lambda: HMC([0.0, 0.0, 0.0]), ValueError, r"initial must have shape \[chains, 2\], got"),
    (lambda: HMC([NAN, 0.0]), ValueError, r"initial must be finite, got 1 NaN"),
    (lambda: HMC([0.0, 0.0], n_steps=0), ValueError, r"n_steps must be .*got 0"),
    (lambda: HMC([0.0, 0.0], stride=20), ValueError, r"stride must be at most .*got 20"),
    (lambda: HMC([0.0, 0.0], n_leapfrog=0), ValueError, r"n_leapfrog must be .*got 0"),
    (lambda: HMC([0.0, 0.0], step_size=-1.0), ValueError, r"step_size must be .*got -1\.0"),
    (lambda: HMC([1.0, 0.0], step_size=1e-12), ValueError, r"step_size must be at least"),
    (
        lambda: HMC([0.0, 0.0], temperature=[1.0, 2.0]),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got \[1\.0, 2\.0\]",
    ),
    (lambda: HMC([0.0, 0.0], temperature=0.0), ValueError, r"temperature must be > 0, .*got 0\.0"),
    (lambda: HMC([0.0, 0.0], dtype="float16"), ValueError, r"dtype must be one of .*'float16'"),
    (lambda: HMC([0.0, 0.0], jit_compile="xla"), ValueError, r"jit_compile must be .*'xla'"),
    (lambda: HMC([0.0, 0.0], seed=-1), ValueError, r"seed must be .*got -1"),
    (
        lambda: HMC([0.0, 0.0], target_acceptance=0.7),
        ValueError,
        r"burn_in must be at least 20 .*got 0",
    ),
    (
        lambda: sampling.hamiltonian(systems.Ising(4), np.ones(16), n_steps=1),
        ValueError,
        r"system must have a density over real vectors, got the spins of Ising",
    ),
    (
        lambda: sampling.exchange_state(ONES, 1),
        ValueError,
        r"n_rungs must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.exchange_state(ONES, 3, n_ladders=0),
        ValueError,
        r"n_ladders must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.exchange_state(ONES, 3, seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.exchange_rounds(3, 1, sweep=np.add, reduced_energy=np.exp),
        TypeError,
        r"state must be a ExchangeState, got 3 of type int",
    ),
    (
        lambda: sampling.exchange_rounds(RUNGS, 0, sweep=np.add, reduced_energy=np.exp),
        ValueError,
        r"n_rounds must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.exchange_rounds(RUNGS, 1, sweep="sweep", reduced_energy=np.exp),
        TypeError,
        r"sweep must be a function, got 'sweep'",
    ),
    (
        lambda: sampling.exchange_rounds(
            RUNGS, 1, sweep=lambda x, rung: x, reduced_energy=lambda x: x[:, 0]
        ),
        ValueError,
        r"reduced_energy must return .*shape \[3, 3\], got \(3,\)",
    ),
    (
        lambda: sampling.particle_energies(ONES, DIMER),
        ValueError,
        r"x must have a last dimension of 12, got shape \(3, 2\)",
    ),
    (
        lambda: sampling.umbrella_state(DIMER, [1.0, 2.0], start=ONES),
        ValueError,
        r"start must have a last dimension of 12, got shape \(3, 2\)",
    ),
    (
        lambda: sampling.umbrella_state(DIMER, [1.0, 2.0], coordinate="length"),
        ValueError,
        r"reaction coordinate must be one of \['distance'\], got 'length'",
    ),
    (
        lambda: sampling.umbrella_rounds(
            WINDOWS, 1, system=DIMER, centres=[1.0, 2.0], coordinate=Distance(0, 9)
        ),
        ValueError,
        r"particles must be particles' numbers in 0 \.\. 5, got 9",
    ),
    (
        lambda: sampling.latent_metropolis(WELL, ONES, n_steps=5),
        TypeError,
        r"generator must be a.*got <boltzmann_tf\.systems\.doub",
    ),
    (
        lambda: sampling.latent_metropolis(generator(), ONES * NAN, n_steps=5),
        ValueError,
        r"initial must be finite, got 6 NaN or infinite of 6 values",
    ),
    (
        lambda: sampling.latent_metropolis(generator(), ONES, n_steps=0),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.latent_metropolis(generator(), ONES, n_steps=5, temperature=NAN),
        ValueError,
        r"temperature must be a positive finite number, got nan",
    ),
    (
        lambda: sampling.run_chains(first, ONES, n_steps=0, step_size=0.1),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.run_chains(first, ONES, n_steps=5, step_size=NAN),
        ValueError,
        r"step_size must be a positive finite number, got nan",
    ),
    (
        lambda: sampling.run_chains(first, ONES, n_steps=5, step_size=0.1, stride=9),
        ValueError,
        r"stride must be at most n_steps=5, got 9",
    ),
    (
        lambda: sampling.interpolate(generator(), ONES, ONES, n_points=1),
        ValueError,
        r"n_points must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.independence_chain(WELL, 5),
        TypeError,
        r"generator must be a.*got <boltzmann_tf\.systems\.doub",
    ),
    (
        lambda: sampling.heat_bath_sweeps(3, 1, temperature=1.0),
        TypeError,
        r"state must be a LatticeState, got 3 of type int",
    ),
    (
        lambda: sampling.heat_bath_sweeps(LATTICE, 0, temperature=1.0),
        ValueError,
        r"n_sweeps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.heat_bath_sweeps(LATTICE, 1, temperature=0.0),
        ValueError,
        r"temperature must be > 0, got 0\.0",
    ),
    (
        lambda: sampling.heat_bath_sweeps(ODD, 1, temperature=1.0),
        ValueError,
        r"spins must have an even side for.*got shape \(1, 3, 3\)",
    ),
    (
        lambda: sampling.metropolis_sweeps(3, 1, temperature=1.0),
        TypeError,
        r"state must be a LatticeState, got 3 of type int",
    ),
    (
        lambda: sampling.metropolis_sweeps(LATTICE, 1, temperature=NAN),
        ValueError,
        r"temperature must be finite, got 1 NaN or infinite of 1 values",
    ),
    (
        lambda: sampling.metropolis_sweeps(ODD, 1, temperature=1.0),
        ValueError,
        r"spins must have an even side for.*got shape \(1, 3, 3\)",
    ),
    (
        lambda: sampling.metropolis_sweeps(LATTICE, 1, temperature=[1.0, 2.0, 3.0]),
        ValueError,
        r"temperature must be a number or have shape \(2,\), got \(3,\)",
    ),
    (
        lambda: sampling.multispin_sweeps(3, 1, temperature=1.0),
        TypeError,
        r"state must be a LatticeState, got 3 of type int",
    ),
    (
        lambda: sampling.multispin_sweeps(LATTICE, 1, temperature=1.0, field=0.5),
        ValueError,
        r"field must be 0 for multi-spin coding, got 0\.5",
    ),
    (
        lambda: sampling.multispin_sweeps(LATTICE, 1.0, temperature=1.0),
        TypeError,
        r"n_sweeps must be an integer >= 1, got 1\.0 of type float",
    ),
    (
        lambda: sampling.swendsen_wang_updates(3, 1, temperature=1.0),
        TypeError,
        r"state must be a LatticeState, got 3 of type int",
    ),
    (
        lambda: sampling.swendsen_wang_updates(LATTICE, 1, temperature=-1.0),
        ValueError,
        r"temperature must be > 0, got -1\.0",
    ),
    (
        lambda: sampling.swendsen_wang_updates(LATTICE, 1, temperature=1.0, field=0.5),
        ValueError,
        r"field must be 0 for cluster updates, got 0\.5",
    ),
    (
        lambda: sampling.wolff_updates(3, 1, temperature=1.0),
        TypeError,
        r"state must be a LatticeState, got 3 of type int",
    ),
    (
        lambda: sampling.wolff_updates(LATTICE, 1, temperature=1.0, field=0.5),
        ValueError,
        r"field must be 0 for cluster updates, got 0\.5",
    ),
    (
        lambda: sampling.wolff_updates(LATTICE, 0, temperature=1.0),
        ValueError,
        r"n_updates must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, method="exact"),
        ValueError,
        r"method must be one of \['wolff',.*got 'exact'",
    ),
    (
        lambda: sampling.ising_chain(4, 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: sampling.ising_chain(3, 2.0, method="metropolis"),
        ValueError,
        r"spins must have an even side for.*got shape \(32, 3, 3\)",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, n_replicas=0),
        ValueError,
        r"n_replicas must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, n_measurements=0),
        ValueError,
        r"n_measurements must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, stride=0),
        ValueError,
        r"stride must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, burn_in=-1),
        ValueError,
        r"burn_in must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.ising_chain(4, 2.0, start="sideways"),
        ValueError,
        r"start must be 'up', 'random' or an array of spins, got 'sideways'",
    ),
    (
        lambda: sampling.lattice_energies(np.zeros((1, 4, 4))),
        TypeError,
        r"spins must have dtype int8, got float64",
    ),
    (
        lambda: sampling.lattice_energies(np.ones((4, 3))),
        TypeError,
        r"spins must have dtype int8, got float64",
    ),
    (
        lambda: sampling.lattice_observables(np.full((1, 4, 4), 2)),
        TypeError,
        r"spins must have dtype int8, got int64",
    ),
    (
        lambda: sampling.lattice_observables(np.ones(4)),
        TypeError,
        r"spins must have dtype int8, got float64",
    ),
    (
        lambda: sampling.lattice_state(0, 4),
        ValueError,
        r"n_replicas must be an integer >= 1, got 0",
    ),
    (lambda: sampling.lattice_state(1, 1), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: sampling.lattice_state(1, 4, start="sideways"),
        ValueError,
        r"start must be 'up', 'random' or an array of spins, got 'sideways'",
    ),
    (
        lambda: sampling.lattice_state(1, 4, seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.particle_state(ONES[0]),
        ValueError,
        r"x must have 2 dimension\(s\), got shape \(2,\)",
    ),
    (
        lambda: sampling.particle_state(ONES * NAN),
        ValueError,
        r"x must be finite, got 6 NaN or infinite of 6 values",
    ),
    (
        lambda: sampling.particle_state(ONES, seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.particle_energies(DIMER_X[:, :4], DIMER),
        ValueError,
        r"x must have a last dimension of 12, got shape",
    ),
    (
        lambda: sampling.particle_sweeps(3, 1, system=DIMER, step_size=0.1),
        TypeError,
        r"state must be a ParticleState, got 3 of type int",
    ),
    (
        lambda: sampling.particle_sweeps(
            sampling.particle_state(DIMER_X), 1, system=WELL, step_size=0.1
        ),
        TypeError,
        r"system must be a ParticleSystem, got <boltzmann_tf\.syst",
    ),
    (
        lambda: sampling.particle_sweeps(
            sampling.particle_state(DIMER_X), 0, system=DIMER, step_size=0.1
        ),
        ValueError,
        r"n_sweeps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.particle_sweeps(
            sampling.particle_state(DIMER_X), 1, system=DIMER, step_size=-0.1
        ),
        ValueError,
        r"step_size must be > 0, got np\.float64\(-0\.1\)",
    ),
    (
        lambda: sampling.particle_sweeps(
            sampling.particle_state(DIMER_X), 1, system=DIMER, step_size=0.1, temperature=0.0
        ),
        ValueError,
        r"temperature must be > 0, got np\.float64\(0\.0\)",
    ),
    (
        lambda: sampling.particle_sweeps(
            sampling.particle_state(ONES), 1, system=DIMER, step_size=0.1
        ),
        ValueError,
        r"x must have shape \[replicas, 12\], got \(3, 2\)",
    ),
    (lambda: switch(state=3), TypeError, r"state must be a ParticleState, got 3 of type int"),
    (lambda: switch(system=WELL), TypeError, r"system must be a ParticleSystem, got <boltz"),
    (lambda: switch(factors=[1.0]), TypeError, r"factors must be a Mapping, got \[1\.0\]"),
    (
        lambda: switch(factors={"tether": [0.0, 1.0]}),
        ValueError,
        r"names of factors must be one of .*got 'tether'",
    ),
    (
        lambda: switch(factors={"length": [0.0, NAN]}),
        ValueError,
        r"factors\['length'\] must be finite, got 1 NaN",
    ),
    (
        lambda: switch(factors={"length": [0.0]}),
        ValueError,
        r"factors must be of one length, two or more numbers a term, got lengths \[1\]",
    ),
    (lambda: switch(factors={}), ValueError, r"factors must be of one length.*got lengths \[\]"),
    (
        lambda: switch(step_size=[0.1, 0.0]),
        ValueError,
        r"step_size must be > 0, a number or \[2\], got \[0\.1, 0\.0\]",
    ),
    (lambda: switch(step_size=[0.1] * 3), ValueError, r"step_size must be .*or \[2\], got"),
    (lambda: switch(temperature=0.0), ValueError, r"temperature must be .*got 0\.0"),
    (
        lambda: sampling.symmetrised(ONES, WELL, 3),
        TypeError,
        r"system must be a ParticleSystem, got <boltz",
    ),
    (
        lambda: sampling.symmetrised(DIMER_X, DIMER, 3),
        ValueError,
        r"system must hold no particle in place, in open space without a wall, got",
    ),
    (
        lambda: sampling.symmetrised(ONES, CLUSTER, 3),
        ValueError,
        r"x must have a last dimension of 9, got shape",
    ),
    (
        lambda: sampling.symmetrised(CLUSTER_X, CLUSTER, 0),
        ValueError,
        r"n must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.symmetrised(CLUSTER_X, CLUSTER, 3, seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: sampling.relabel(ONES, np.ones((2, 2))),
        ValueError,
        r"reference must have 1 dimension\(s\), got shape \(2, 2\)",
    ),
    (
        lambda: sampling.relabel(ONES * NAN, ONES[0]),
        ValueError,
        r"x must be finite, got 6 NaN or infinite of 6 values",
    ),
    (
        lambda: sampling.relabel(ONES, ONES[0], fixed=9),
        ValueError,
        r"reference must hold more than.*got 2 numbers",
    ),
    (
        lambda: sampling.relabel(ONES, ONES[0], dimension=0),
        ValueError,
        r"dimension must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.tempering_state(4, 1),
        ValueError,
        r"n_temperatures must be an integer >= 2, got 1",
    ),
    (lambda: sampling.tempering_state(1, 4), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: sampling.tempering_state(4, 4, n_ladders=0),
        ValueError,
        r"n_ladders must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.tempering_rounds(3, 1, temperatures=[1.0, 2.0]),
        TypeError,
        r"state must be a TemperingState, got 3 of type int",
    ),
    (
        lambda: sampling.tempering_rounds(LADDER, 0, temperatures=[1.0, 2.0]),
        ValueError,
        r"n_rounds must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.tempering_rounds(LADDER, 1, temperatures=[2.0, 1.0]),
        ValueError,
        r"temperatures must be 2 positive,.*got \[2\.0, 1\.0\]",
    ),
    (
        lambda: sampling.tempering_rounds(LADDER, 1, temperatures=[1.0, 2.0, 3.0]),
        ValueError,
        r"temperatures must be 2 positive,.*got \[1\.0, 2\.0, 3\.0\]",
    ),
    (
        lambda: sampling.tempering_rounds(LADDER, 1, temperatures=[0.0, 1.0]),
        ValueError,
        r"temperatures must be 2 positive,.*got \[0\.0, 1\.0\]",
    ),
    (
        lambda: sampling.umbrella_state(WELL, [1.0, 2.0]),
        TypeError,
        r"system must be a ParticleSystem, got <boltzmann_tf\.syst",
    ),
    (
        lambda: sampling.umbrella_state(DIMER, [2.0, 1.0]),
        ValueError,
        r"centres must be two or more.*got \[2\.0, 1\.0\]",
    ),
    (
        lambda: sampling.umbrella_state(DIMER, [1.0]),
        ValueError,
        r"centres must be two or more.*got \[1\.0\]",
    ),
    (
        lambda: sampling.umbrella_state(DIMER, [1.0, 2.0], n_ladders=0),
        ValueError,
        r"n_ladders must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.umbrella_rounds(3, 1, system=DIMER, centres=[1.0, 2.0]),
        TypeError,
        r"state must be a UmbrellaState, got 3 of type int",
    ),
    (
        lambda: sampling.umbrella_rounds(WINDOWS, 0, system=DIMER, centres=[1.0, 2.0]),
        ValueError,
        r"n_rounds must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.umbrella_rounds(WINDOWS, 1, system=DIMER, centres=[1.0, 1.5, 2.0]),
        ValueError,
        r"centres must be 2 numbers for this state, got 3",
    ),
    (
        lambda: sampling.umbrella_rounds(
            WINDOWS, 1, system=DIMER, centres=[1.0, 2.0], stiffness=-1.0
        ),
        ValueError,
        r"stiffness must be a positive finite number, got -1\.0",
    ),
    (
        lambda: sampling.umbrella_rounds(
            WINDOWS, 1, system=DIMER, centres=[1.0, 2.0], temperature=[1.0, 2.0]
        ),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got \[1\.0, 2\.0\]",
    ),
    (
        lambda: sampling.umbrella_rounds(WINDOWS, 1, system=DIMER, centres=[1.0, 2.0], levels=2),
        ValueError,
        r"levels must divide the 1 ladders of this state, got 2",
    ),
    (
        lambda: sampling.umbrella_sampling(WELL, [1.0, 2.0], n_rounds=1, burn_in=1),
        TypeError,
        r"system must be a ParticleSystem, got <boltzmann_tf\.syst",
    ),
    (
        lambda: RUN(temperatures=[1.0, 1.0]),
        ValueError,
        r"temperatures must be different numbers > 0, got \[1\.0, 1\.0\]",
    ),
    (lambda: RUN(burn_in=0), ValueError, r"burn_in must be an integer >= 1, got 0"),
    (lambda: RUN(n_rounds=0), ValueError, r"n_rounds must be an integer >= 1, got 0"),
    (lambda: RUN(mobile=0.0), ValueError, r"mobile must be a positive finite number, got 0\.0"),
    (lambda: RUN(temperatures=[0.5], mobile=1.0, ratio=1.0), ValueError, r"ratio must be above 1"),
    (lambda: RUN(stiffness=-1.0), ValueError, r"stiffness must be a positive finite number"),
    (lambda: RUN(n_ladders=0), ValueError, r"n_ladders must be an integer >= 1, got 0"),
    (
        lambda: sampling.temperature_ladder([0.0, 1.0]),
        ValueError,
        r"temperatures must be > 0, got ",
    ),
    (
        lambda: sampling.temperature_ladder([1.0], ratio=1.0),
        ValueError,
        r"ratio must be above 1, got 1\.0",
    ),
    (
        lambda: sampling.particle_chain(DIMER_X, 0, system=DIMER, step_size=0.1),
        ValueError,
        r"n_draws must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.particle_chain(DIMER_X, 1, system=DIMER, step_size=0.1, stride=0),
        ValueError,
        r"stride must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.particle_chain(DIMER_X, 1, system=DIMER, step_size=-0.1),
        ValueError,
        r"step_size must be > 0, got",
    ),
    (
        lambda: HAMILTONIANS(term="bond"),
        ValueError,
        r"term must be one of \['springs', 'length',.*got 'bond'",
    ),
    (lambda: HAMILTONIANS(factors=[1.0]), ValueError, r"n_rungs must be an integer >= 2, got 1"),
    (
        lambda: HAMILTONIANS(temperature=0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (lambda: HAMILTONIANS(burn_in=-1), ValueError, r"burn_in must be an integer >= 0, got -1"),
    (
        lambda: HAMILTONIANS(start=ONES),
        ValueError,
        r"start must have a last dimension of 12, got shape \(3, 2\)",
    ),
    (
        lambda: sampling.tether_path(0, stiffness=(1.0, 0.0), temperature=(1.0, 1.0)),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.tether_path(5, stiffness=(-1.0, 0.0), temperature=(1.0, 1.0)),
        ValueError,
        r"stiffness must be a finite number >= 0, got -1\.0",
    ),
    (
        lambda: sampling.tether_path(5, stiffness=(1.0, 0.0), temperature=(1.0, 0.0)),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: sampling.anneal_tethered(generator(), 8, [1.0], loose=1.0, n_sweeps=1),
        TypeError,
        r"generator\.system must be a Tethered, got",
    ),
    (
        lambda: sampling.vector_energies(np.ones((1, 3, 3)), RING),
        ValueError,
        r"vectors must be unit vectors, got one of length 1\.73205",
    ),
    (
        lambda: sampling.vector_order(np.ones((3, 3))),
        ValueError,
        r"vectors must be unit vectors, got one of length 1\.73205",
    ),
    (
        lambda: sampling.vector_order(np.ones(3)),
        ValueError,
        r"vectors must have shape \[\.\.\., N, 3\], got \(3,\)",
    ),
    (
        lambda: sampling.vector_state(WELL, 1),
        TypeError,
        r"system must be a Nematic, got <boltzmann_tf\.syst",
    ),
    (
        lambda: sampling.vector_state(RING, 0),
        ValueError,
        r"n_replicas must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.vector_state(RING, 1, start="sideways"),
        ValueError,
        r"start must be one of \['aligned', 'disordered'\], got 'sideways'",
    ),
    (
        lambda: sampling.vector_sweeps(3, 1, system=RING, temperature=1.0),
        TypeError,
        r"state must be a VectorState, got 3 of type int",
    ),
    (
        lambda: sampling.vector_sweeps(VECTORS, 0, system=RING, temperature=1.0),
        ValueError,
        r"n_sweeps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.vector_sweeps(VECTORS, 1, system=RING, temperature=0.0),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got 0\.0",
    ),
    (
        lambda: sampling.vector_sweeps(VECTORS, 1, system=RING, temperature=1.0, angle=-1.0),
        ValueError,
        r"angle must be > 0, a number or \[1\], got -1\.0",
    ),
    (
        lambda: sampling.vector_sweeps(
            VECTORS, 1, system=systems.Nematic("ring", 4), temperature=1.0
        ),
        ValueError,
        r"state\.vectors must have shape \[\.\.\., 4, 3\], got \(1, 3, 3\)",
    ),
    (
        lambda: sampling.vector_wolff_updates(3, 1, system=RING, temperature=1.0),
        TypeError,
        r"state must be a VectorState, got 3 of type int",
    ),
    (
        lambda: sampling.vector_wolff_updates(VECTORS, 1, system=RING, temperature=-1.0),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got -1\.0",
    ),
    (
        lambda: sampling.vector_wolff_updates(
            VECTORS, 1, system=systems.Nematic("ring", 3, field=1.0), temperature=1.0
        ),
        ValueError,
        r"field must be 0 for cluster updates, got 1\.0",
    ),
    (
        lambda: sampling.gibbs_state(
            systems.GibbsBoxes(10, 5.0, dimension=1, pairs=potentials.HardCore())
        ),
        ValueError,
        r"box 1 must have room for its 5 particles at the beginning, got hard cores that overlap",
    ),
    (
        lambda: sampling.polymer_rounds(sampling.polymer_state(ONES), 1, system=POLYMER),
        ValueError,
        r"x must have shape \[replicas, 9\], got",
    ),
    (
        lambda: sampling.polymer_rounds(POLYMER_STATE, 1, system=POLYMER, weights=(1, 1)),
        ValueError,
        r"weights must be four numbers >= 0, of particles, pivots, crankshafts, reptation, got",
    ),
    (
        lambda: sampling.polymer_rounds(POLYMER_STATE, 1, system=POLYMER, temperature=0.0),
        ValueError,
        r"temperature must be > 0, got 0\.0",
    ),
    (
        lambda: sampling.polymer_rounds(POLYMER_STATE, 1, system=POLYMER, chain=[0, 1, 1]),
        ValueError,
        r"chain must be two or more different particles of 0 \.\. 3, got \[0, 1, 1\]",
    ),
    (
        lambda: sampling.polymer_rounds(POLYMER_STATE, 1, system=systems.Polymer(10, dimension=1)),
        ValueError,
        r"system must be in the plane or in space, got one on a line",
    ),
    (lambda: sampling.polymer_state([[NAN]]), ValueError, r"x must be finite, got 1 NaN"),
    (
        lambda: sampling.polymer_rounds(TORN_STATE, 1, system=FENE_CHAIN),
        ValueError,
        r"x must begin with bonds of finite energy, got 'bond' of infinite energy in 1 of 1",
    ),
    (
        lambda: sampling.switch_polymers(TORN_STATE, system=FENE_CHAIN, factors={"bond": [0, 1]}),
        ValueError,
        r"x must begin with bonds of finite energy",
    ),
    (
        lambda: sampling.switch_polymers(POLYMER_STATE, system=POLYMER, factors={"glue": [0, 1]}),
        ValueError,
        r"names of factors must be one of .*got 'glue'",
    ),
    (
        lambda: sampling.switch_polymers(POLYMER_STATE, system=POLYMER),
        ValueError,
        r"factors must be given for one system, got None",
    ),
    (
        lambda: sampling.switch_polymers(POLYMER_STATE, system=[POLYMER]),
        ValueError,
        r"system must be one, or two or more for a path, got 1",
    ),
    (
        lambda: sampling.switch_polymers(POLYMER_STATE, system=[POLYMER, FENE_CHAIN]),
        ValueError,
        r"system must be of the same terms, particles and box in each density, got .* density 1",
    ),
    (lambda: sampling.gibbs_state(WELL), TypeError, r"system must be a GibbsBoxes, got"),
    (
        lambda: sampling.gibbs_state(BOXES, densities=(0.5, 0.7)),
        ValueError,
        r"densities must be two, one below and one above .* 0\.3, got \[0\.5, 0\.7\]",
    ),
    (
        lambda: sampling.gibbs_state(BOXES, shares=(0.5, 1.0)),
        ValueError,
        r"box 2 must hold its 1 particles and twice the cut-off .* got a volume of 0",
    ),
    (
        lambda: sampling.gibbs_rounds(sampling.gibbs_state(BOXES), 1, system=OTHERS[0]),
        ValueError,
        r"state must be of 4 particles in 3 dimension\(s\), got x of shape \(1, 2, 3, 3\)",
    ),
    (
        lambda: sampling.gibbs_rounds(sampling.gibbs_state(BOXES), 1, system=OTHERS[1]),
        ValueError,
        r"state must have the volume 11 in both boxes, got \[10\.0\]",
    ),
    (
        lambda: sampling.gibbs_rounds(
            sampling.gibbs_state(BOXES), 1, system=BOXES, temperature=0.0
        ),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got 0\.0",
    ),
    (
        lambda: sampling.gibbs_rounds(
            sampling.gibbs_state(BOXES), 1, system=BOXES, weights=(1, -1, 1)
        ),
        ValueError,
        r"weights must be three numbers >= 0, of displacement, volume, transfer, got",
    ),
    (
        lambda: sampling.gibbs_phases(3, BOXES, temperature=1.0),
        TypeError,
        r"info must be a GibbsInfo, got 3",
    ),
    (
        lambda: sampling.gibbs_pressure(3, BOXES, temperature=1.0),
        TypeError,
        r"info must be a GibbsInfo, got 3",
    ),
    (
        lambda: sampling.nematic_tempering(WELL, [1.0, 2.0], n_rounds=8),
        TypeError,
        r"system must be a Nematic, got",
    ),
    (
        lambda: sampling.nematic_tempering(RING, [1.0, 2.0], n_rounds=7),
        ValueError,
        r"n_rounds must be an integer >= 8, got 7",
    ),
    (
        lambda: sampling.nematic_tempering(RING, [1.0, 1.0], n_rounds=8),
        ValueError,
        r"temperatures must .*increas",
    ),
    (
        lambda: sampling.vector_averages([0.5], [np.nan], temperature=1.0, sites=3),
        ValueError,
        r"energy must be finite",
    ),
    (
        lambda: sampling.vector_tempering_state(RING, 1),
        ValueError,
        r"n_temperatures must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.vector_tempering_state(WELL, 2),
        TypeError,
        r"system must be a Nematic, got <boltzmann_tf\.syst",
    ),
    (
        lambda: sampling.vector_tempering_rounds(3, 1, system=RING, temperatures=[1.0, 2.0]),
        TypeError,
        r"state must be a VectorTemperingState, got 3 of type int",
    ),
    (
        lambda: sampling.vector_tempering_rounds(
            VECTOR_LADDER, 1, system=RING, temperatures=[2.0, 1.0]
        ),
        ValueError,
        r"temperatures must be 2 positive,.*got \[2\.0, 1\.0\]",
    ),
    (
        lambda: sampling.vector_tempering_rounds(
            VECTOR_LADDER, 1, system=RING, temperatures=[1.0, 2.0], angle=0.0
        ),
        ValueError,
        r"angle must be > 0, a number or \[2\], got 0\.0",
    ),
    (
        lambda: sampling.wang_landau_state("entropy", 4),
        ValueError,
        r"variable must be one of \['energy', 'magnetization'\], got 'entropy'",
    ),
    (
        lambda: sampling.wang_landau_state("energy", 1),
        ValueError,
        r"length must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.wang_landau_state("energy", 4, n_walkers=0),
        ValueError,
        r"n_walkers must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.wang_landau_state("magnetization", 4),
        ValueError,
        r"temperature must be given over magnetizations, got None",
    ),
    (
        lambda: sampling.wang_landau_sweeps(3, 1),
        TypeError,
        r"state must be a WangLandauState, got 3 of type int",
    ),
    (
        lambda: sampling.wang_landau_sweeps(sampling.wang_landau_state("energy", 4), 0),
        ValueError,
        r"n_sweeps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.wang_landau_sweeps(
            sampling.wang_landau_state("energy", 4), 1, flatness=1.5
        ),
        ValueError,
        r"flatness must be in \(0, 1\), got 1\.5",
    ),
    (
        lambda: sampling.tempered(WELL, [1.0], 10),
        TypeError,
        r"generator must be a BoltzmannGenerator, got",
    ),
    (
        lambda: sampling.tempered(generator(), 2.0, 10),
        ValueError,
        r"temperatures must have 1 dimension\(s\), got shape \(\)",
    ),
    (
        lambda: sampling.tempered(generator(), [1.0, 0.0], 10),
        ValueError,
        r"temperatures\[1\] must be a positive finite number, got 0\.0",
    ),
    (
        lambda: sampling.tempered(generator(), [1.0, 2.0], 1),
        ValueError,
        r"n must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.tempered(generator(), [1.0], 10, temperature=-1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (lambda: sampling.tempered(generator(), [1.0], 10, seed=-1), ValueError, r"seed must be .*-1"),
    (
        lambda: sampling.StepHalving(WELL),
        TypeError,
        r"generator must be a BoltzmannGenerator, got",
    ),
    (
        lambda: sampling.StepHalving(generator()),
        ValueError,
        r"generator must have a bijector that is integrated in steps.* got Scaling",
    ),
    (lambda: halving().refined(log_z=0.0), ValueError, r"log_z must be a positive .*got 0\.0"),
    (lambda: halving().refined(spread=-1.0), ValueError, r"spread must be a positive .*-1\.0"),
    (lambda: halving().refined(most=0), ValueError, r"most must be an integer >= 1, got 0"),
    (lambda: halving().refined(n=1), ValueError, r"n must be an integer >= 2, got 1"),
    (lambda: halving().refined([1.0, 2.0]), TypeError, r"temperature must be a positive number"),
    (lambda: sampling.equilibrium_fields(WELL, 3), TypeError, r"system must be a IsingField, got"),
    (
        lambda: sampling.equilibrium_fields(FAMILY, 3),
        ValueError,
        r"temperature must be given for a family, got None",
    ),
    (
        lambda: sampling.equilibrium_fields(FAMILY, 3, temperature=[2.0, 3.0]),
        ValueError,
        r"temperature must be > 0, a number or \[3\], got \[2\.0, 3\.0\]",
    ),
    (
        lambda: sampling.spins_of_fields(WELL, generator().sample(1)),
        TypeError,
        r"system must be a IsingField, got",
    ),
    (lambda: sampling.spins_of_fields(FAMILY, ONES), TypeError, r"samples must be a Samples, got"),
    (
        lambda: sampling.spins_of_fields(FAMILY, generator().sample(1), draws=0),
        ValueError,
        r"draws must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.spins_of_fields(FAMILY, generator().sample(1), temperature=0.0),
        ValueError,
        r"temperature must be > 0, a number or \[1\], got 0\.0",
    ),
    (
        lambda: sampling.pooled_averages([]),
        ValueError,
        r"found must be spins of one lattice, got \[\]",
    ),
    (
        lambda: sampling.pooled_averages([ONES]),
        TypeError,
        r"found\[0\] must be a FieldSpins, got",
    ),
    (lambda: sampling.resample([0.0, NAN]), ValueError, r"log_weights must .*NaN"),
    (lambda: sampling.resample([0.0], 0), ValueError, r"n must be an integer >= 1, got 0"),
    (
        lambda: sampling.resample([0.0], truncated=2.0),
        TypeError,
        r"truncated must be a bool, got 2\.0",
    ),
    (lambda: sampling.resample([0.0], seed=-1), ValueError, r"seed must be .*-1"),
    (
        lambda: sampling.GibbsInfo.joined([]),
        ValueError,
        r"parts must hold at least one, got none",
    ),
    (lambda: sampling.GibbsInfo.joined([3]), TypeError, r"parts\[0\] must be a GibbsInfo, got 3"),
    (
        lambda: sampling.gibbs_configurations([]),
        ValueError,
        r"states must hold at least one, got none",
    ),
    (
        lambda: sampling.gibbs_configurations([3]),
        TypeError,
        r"states\[0\] must be a GibbsState, got 3",
    ),
    (
        lambda: sampling.state_surfaces(WELL, 2, 3.0),
        TypeError,
        r"generator must be a BoltzmannGenerator, got",
    ),
    (
        lambda: sampling.state_surfaces(line(), 0, 3.0),
        ValueError,
        r"most must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.state_surfaces(line(), 2, 1.0),
        ValueError,
        r"volume must be above 2, got 1\.0",
    ),
    (
        lambda: sampling.state_surfaces(line(), 2, 3.0, n_nodes=3),
        ValueError,
        r"n_nodes must be an integer >= 4, got 3",
    ),
    (
        lambda: sampling.state_surfaces(line(), 2, 3.0, n_surfaces=1),
        ValueError,
        r"n_surfaces must be an integer >= 2, got 1",
    ),
    (
        lambda: sampling.gibbs_samples(line(), 3, 5),
        TypeError,
        r"joint must be a GibbsJoint, got 3",
    ),
    (
        lambda: sampling.gibbs_samples(line(), RODS, 0),
        ValueError,
        r"n must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.annealed_surfaces(WELL, 3.0),
        TypeError,
        r"system must be a FluidBox, got",
    ),
    (
        lambda: sampling.annealed_surfaces(BOX, 3.0, n_steps=0),
        ValueError,
        r"n_steps must be an integer >= 1, got 0",
    ),
    (
        lambda: sampling.annealed_surfaces(BOX, 3.0, generator=line()),
        ValueError,
        r"generator must be of the same fluid",
    ),
    (
        lambda: sampling.annealed_surfaces(
            systems.FluidBox(2, FLUID, temperature=2.0), 3.0, generator=insertion()
        ),
        ValueError,
        r"generator must be at the fluid's temperature, 2, or above, got 1",
    ),
]
